"""Pages travel compressed."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

pytestmark = pytest.mark.django_db


def test_a_page_travels_compressed_to_whoever_takes_it(
    executive: User, client_of: Callable[[User], Client]
) -> None:
    client = client_of(executive)
    plain = client.get("/account/")
    packed = client.get("/account/", headers={"Accept-Encoding": "gzip"})
    assert packed["Content-Encoding"] == "gzip"
    assert len(packed.content) < len(plain.content) / 2
    assert "Accept-Encoding" in packed["Vary"]


def test_the_length_of_a_page_does_not_tell_what_is_in_it(
    executive: User, client_of: Callable[[User], Client]
) -> None:
    client = client_of(executive)
    sizes = {
        len(client.get("/account/", headers={"Accept-Encoding": "gzip"}).content) for _ in range(12)
    }
    assert len(sizes) > 1  # random bytes are added, and tokens are masked anew
