"""What a page answers to somebody whose session has ended."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db


def test_a_stranger_is_led_to_sign_in_and_back() -> None:
    response = Client().get(reverse("summary"))
    assert response.status_code == 302
    assert response["Location"] == f"{reverse('sign_in')}?next={reverse('summary')}"


def test_a_fragment_sends_the_whole_page_to_sign_in() -> None:
    looked_at = "http://testserver/projects/?band=red"
    headers = {"HX-Request": "true", "HX-Current-URL": looked_at}
    response = Client().get(reverse("project_list"), headers=headers)
    assert response.status_code == 204
    assert response["HX-Redirect"].startswith(f"{reverse('sign_in')}?next=http%3A%2F%2Ftestserver")


def test_a_fragment_beyond_ones_role_is_refused(
    client_of: Callable[[User], Client], outsider: User
) -> None:
    response = client_of(outsider).get(reverse("summary"), headers={"HX-Request": "true"})
    assert response.status_code == 403
