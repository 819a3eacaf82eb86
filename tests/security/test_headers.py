"""What every answer tells the browser: of pages, refusals, errors, files and the API alike."""

from __future__ import annotations

import os
import subprocess
import sys
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests.conftest import PASSWORD
from tests.dashboards.reading import ClientOf

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]
POLICY = {
    "base-uri": "'self'",
    "connect-src": "'self'",
    "default-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "img-src": "'self' data: blob:",
    "object-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "style-src-attr": "'unsafe-inline'",
}
ON_EVERY_ANSWER = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.fixture
def answers(administrator: User, outsider: User, client_of: ClientOf) -> dict[str, Any]:
    """One of each sort."""
    inside, refused, nobody = client_of(administrator), client_of(outsider), Client()
    careful = Client(enforce_csrf_checks=True)
    return {
        "sign-in": nobody.get("/sign-in/"),
        "sent to sign-in": nobody.get("/summary/"),
        "page": inside.get("/account/"),
        "the log": inside.get("/audit/"),
        "file": inside.get("/audit/?export=audit-log.csv"),
        "admin": inside.get("/admin/"),
        "refused": refused.get("/summary/"),
        "no token": careful.post("/sign-in/"),
        "not there": inside.get("/no/such/page/"),
        "API": inside.get("/api/v1/me/"),
        "API, nobody": nobody.get("/api/v1/me/"),
        "API, docs": inside.get(reverse("api:docs")),
    }


def test_every_answer_has_them(answers: dict[str, Any]) -> None:
    lacking = [
        f"{name}: {header} is {answer.get(header)!r}"
        for name, answer in answers.items()
        for header, value in ON_EVERY_ANSWER.items()
        if answer.get(header) != value
    ]
    assert lacking == []


def test_every_answer_has_the_strict_policy(answers: dict[str, Any]) -> None:
    for name, answer in answers.items():
        parts = (part.split(" ", 1) for part in answer["Content-Security-Policy"].split("; "))
        assert {part[0]: part[1] for part in parts} == POLICY, name


def test_no_page_asks_for_camera_place_or_payment(answers: dict[str, Any]) -> None:
    for answer in answers.values():
        allowed = answer["Permissions-Policy"].split(", ")
        assert {"camera=()", "microphone=()", "geolocation=()", "payment=()"} <= set(allowed)
        assert all(part.endswith("=()") for part in allowed)


def test_no_cache_on_the_way_keeps_a_persons_pages(answers: dict[str, Any]) -> None:
    for name, answer in answers.items():
        kept = answer["Cache-Control"]
        assert "private" in kept or "no-store" in kept, f"{name}: {kept}"
        assert "public" not in kept


def test_no_answer_tells_versions(answers: dict[str, Any]) -> None:
    for name, answer in answers.items():
        assert not {"Server", "X-Powered-By", "Via", "X-Generator"} & set(answer.headers), name


def test_cookies_are_for_this_site_and_the_session_not_for_scripts(
    client: Client, executive: User
) -> None:
    client.get("/sign-in/")
    answer = client.post("/sign-in/", {"username": "executive", "password": PASSWORD})
    cookies: SimpleCookie = answer.cookies
    assert cookies["sessionid"]["httponly"]
    assert {cookie["samesite"] for cookie in cookies.values()} == {"Lax"}


def test_in_production_everything_travels_by_https() -> None:
    """Asked of the settings that production has, in a process of its own."""
    names = [
        "SECURE_SSL_REDIRECT",
        "SECURE_HSTS_INCLUDE_SUBDOMAINS",
        "SECURE_HSTS_PRELOAD",
        "SESSION_COOKIE_SECURE",
        "SESSION_COOKIE_HTTPONLY",
        "CSRF_COOKIE_SECURE",
    ]
    asked = (
        "from django.conf import settings as s;"
        f"print([n for n in {names!r} if getattr(s, n) is not True], s.DEBUG,"
        "s.SECURE_HSTS_SECONDS >= 31536000)"
    )
    variables = {
        "PATH": os.environ["PATH"],
        "DEBUG": "false",
        "SECRET_KEY": "Jx7-Qm2+" * 10,
        "ALLOWED_HOSTS": "pmo.example.com",
        "DATABASE_URL": "postgres://portal:s3cret@db:5432/portal",
        "CELERY_BROKER_URL": "redis://redis:6379/0",
        "DJANGO_SETTINGS_MODULE": "pmo_portal.settings",
    }
    told = subprocess.run(
        [sys.executable, "-c", asked],
        cwd=ROOT,
        env=variables,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert told == "[] False True\n"


def test_a_browser_is_told_to_come_by_https_from_now_on(settings: Settings, client: Client) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    answer = Client().get("/sign-in/")
    assert (answer.status_code, answer["Location"]) == (301, "https://testserver/sign-in/")
    answer = Client().get("/sign-in/", secure=True)
    assert answer["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"


@pytest.mark.parametrize("path", sorted((ROOT / "templates").rglob("*.html")), ids=lambda p: p.name)
def test_no_template_opens_a_window_that_could_reach_back(path: Path) -> None:
    """`target=` without noopener; and no script or style of its own in any page."""
    text = path.read_text()
    assert ' target="' not in text or "noopener" in text
    for forbidden in ("<script>", "javascript:", " onclick=", " onload=", " onchange="):
        assert forbidden not in text
