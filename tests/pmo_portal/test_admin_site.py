"""The first page of the admin site says what to create first, until it is there."""

import re
from collections.abc import Callable

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from pmo_portal.admin_site import FIRST_STEPS, PortalAdminSite
from projects.models import Portfolio

pytestmark = pytest.mark.django_db


def steps_on(page: str) -> list[str]:
    _, _, after = page.partition('<div id="first-steps">')
    return re.findall(r'<li><a href="([^"]+)">', after.partition("</div>")[0])


def test_the_portal_has_its_own_admin_site() -> None:
    assert isinstance(admin.site, PortalAdminSite)


def test_an_empty_portal_says_what_to_create_first(
    client_of: Callable[[User], Client], administrator: User
) -> None:
    page = client_of(administrator).get(reverse("admin:index")).content.decode()
    assert steps_on(page) == [
        f"/admin/{model._meta.app_label}/{model._meta.model_name}/add/" for model, _ in FIRST_STEPS
    ]


def test_what_is_there_is_no_longer_asked_for(
    client_of: Callable[[User], Client], administrator: User
) -> None:
    Portfolio.objects.create(code="GROWTH", name="Growth")
    page = client_of(administrator).get(reverse("admin:index")).content.decode()
    assert "/admin/projects/portfolio/add/" not in steps_on(page)
    assert "/admin/projects/project/add/" in steps_on(page)


def test_each_step_can_be_taken_by_a_pmo_lead(
    client_of: Callable[[User], Client], pmo_lead: User
) -> None:
    client = client_of(pmo_lead)
    page = client.get(reverse("admin:index")).content.decode()
    answers = {step: client.get(step).status_code for step in steps_on(page)}
    assert answers
    assert set(answers.values()) == {200}
