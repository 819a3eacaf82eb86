"""Nobody chooses by a request's Host header where our links and mails lead."""

from __future__ import annotations

import ast

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.urls import NoReverseMatch, reverse
from pytest_django import Settings

from metrics.operations.reminders import send_reminders, write_reminders
from tests.dashboards.reading import ClientOf
from tests.test_architecture import ROOMS, ROOT, parse, sources

pytestmark = pytest.mark.django_db

EVIL = "evil.example"

ASKS_THE_REQUEST = {
    "dashboards/views/places.py": "compares an address with it, and leads nowhere else",
    "dashboards/views/events.py": "compares an address with it, and leads nowhere else",
    "dashboards/views/exports.py": "tells the asker alone where the file came from",
    "api/paging.py": "the next page, told to the asker alone",
    "accounts/adapter.py": "compares an address with it, and leads nowhere else",
}
"""Files that look at a request's host, which ALLOWED_HOSTS has checked, and what for."""


@pytest.mark.parametrize("path", ["/sign-in/", "/summary/", "/api/v1/me/", "/no/such/page/"])
@pytest.mark.parametrize(
    "host", [EVIL, f"testserver.{EVIL}", f"testserver@{EVIL}", "testserver:80:80", "a b", ""]
)
def test_an_unknown_host_is_refused(client: Client, path: str, host: str) -> None:
    assert client.get(path, HTTP_HOST=host or "\x00").status_code == 400


def test_nobody_speaks_for_a_proxy(executive: User, client_of: ClientOf) -> None:
    """X-Forwarded-Host is not looked at; nor is X-Forwarded-Proto unless the installation says."""
    client = client_of(executive)
    headers = {"X-Forwarded-Host": EVIL, "X-Forwarded-Server": EVIL, "Forwarded": f"host={EVIL}"}
    for path in ("/summary/", "/account/", "/api/v1/subjects/", "/no/such/page/"):
        answer = client.get(path, headers=headers)
        assert EVIL not in answer.content.decode()
        assert EVIL not in str(answer.headers)


def test_only_these_files_look_at_the_host_of_a_request() -> None:
    asking = {
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in sources(room)
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Attribute)
        and node.attr in ("get_host", "build_absolute_uri", "get_raw_uri", "_get_raw_host")
    }
    assert asking <= ASKS_THE_REQUEST.keys()


def test_the_address_in_mails_is_the_installations(settings: Settings) -> None:
    """What is mailed is made by workers, which know no request."""
    writers = [
        path
        for room in ROOMS
        for path in sources(room)
        if "EmailMessage(" in path.read_text() or "EmailMultiAlternatives(" in path.read_text()
    ]
    assert writers
    for path in writers:
        assert "get_host" not in path.read_text()
        assert "build_absolute_uri" not in path.read_text()


def test_a_mail_asked_for_with_another_host_leads_home(
    settings: Settings, executive: User, client: Client
) -> None:
    """Also where several hosts are allowed: the one in the address chooses nothing."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.PORTAL_URL = "https://pmo.example.com"
    executive.email = "e@example.com"
    executive.save()
    for name in ("account_reset_password", "password_reset"):
        try:
            address = reverse(name)
        except NoReverseMatch:
            continue
        client.post(address, {"email": executive.email}, HTTP_HOST=EVIL)
    write_reminders()
    send_reminders()
    assert EVIL not in "".join(message.message().as_string() for message in mail.outbox)
