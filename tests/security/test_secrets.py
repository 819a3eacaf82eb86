"""No password, token or key reaches the repository, an error page, a log or the audit log."""

from __future__ import annotations

import ast
import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AuditEvent
from api.models import PersonalToken
from api.operation import Operation
from api.operations.tokens import make_token
from dashboards.views import summary
from tests.conftest import PASSWORD
from tests.dashboards.reading import ClientOf
from tests.test_architecture import ROOMS, ROOT, parse, sources

SECRET_WORDS = "Zq9-a-secret-that-nobody-else-says"
LOOKED_THROUGH = (*ROOMS, "templates", "static/js", "docs", "tools", "examples", ".ci")
FILES = (
    "Dockerfile",
    "docker-compose.yml",
    "Makefile",
    "pyproject.toml",
    ".env.example",
    "README.md",
)
SECRETS = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a personal token": re.compile(r"pmo_[A-Za-z0-9_-]{43}"),
    "a key of a cloud": re.compile(r"AKIA[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{35}"),
    "a token of a code host": re.compile(r"gh[pousr]_[A-Za-z0-9]{36}|glpat-[A-Za-z0-9_-]{20}"),
    "Django's own secret": re.compile(r"django-insecure-[A-Za-z0-9]{10}"),
    "an address with a password": re.compile(
        r"://[a-z]+:(?!PASSWORD|portal|\$|s3cret|\*)[^@\s/'\"{}]{6,}@"
    ),
}
TEXT = {
    ".py",
    ".html",
    ".js",
    ".md",
    ".toml",
    ".yml",
    ".txt",
    ".csv",
    ".sh",
    ".example",
    ".css",
    "",
}


def texts() -> Iterator[Path]:
    for place in LOOKED_THROUGH:
        for path in (ROOT / place).rglob("*"):
            if path.is_file() and path.suffix in TEXT and "__pycache__" not in path.parts:
                yield path
    yield from (ROOT / name for name in FILES)


def test_no_secret_is_in_the_repository() -> None:
    found, count = [], 0
    for path in texts():
        content = path.read_text(encoding="utf-8", errors="replace")
        count += 1
        found += [
            f"{path.relative_to(ROOT)}: {what}"
            for what, looks_like in SECRETS.items()
            if looks_like.search(content)
        ]
    assert count > 500
    assert found == []


def test_what_holds_secrets_is_kept_out_of_repository_and_image() -> None:
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text().split()}
    assert {".env", "var"} <= ignored
    image = (ROOT / ".dockerignore").read_text().split()
    taken = {line[1:] for line in image if line.startswith("!")}
    assert "*" in image  # nothing but what is named
    assert taken >= set(ROOMS), "the image lacks a room"
    assert not {name for name in taken if name.startswith((".", "var", "tests"))}


def test_no_line_of_a_log_is_given_a_secret() -> None:
    """Names, that is: `logger.info("…", password)` would be one."""
    secret = re.compile(r"\b(password|secret|digest|authorization|cookies?)\b", re.IGNORECASE)
    wrong = []
    for room in ROOMS:
        for path in sources(room):
            for node in ast.walk(parse(path)):
                if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("logger."):
                    given = " ".join(ast.unparse(argument) for argument in node.args[1:])
                    if secret.search(given):
                        wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}: {given}")
    assert wrong == []


@pytest.mark.django_db
def test_nothing_that_is_typed_or_sent_as_a_secret_is_logged(
    client: Client, analyst: User, client_of: ClientOf, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    new = SECRET_WORDS + "-new"
    client.post("/sign-in/", {"username": "analyst", "password": SECRET_WORDS})
    client.post("/sign-in/", {"username": SECRET_WORDS, "password": PASSWORD})
    client.post("/sign-in/?next=/account/", {"username": "analyst", "password": PASSWORD})
    client.post(
        "/account/password/",
        {"oldpassword": PASSWORD, "password1": new, "password2": new},
    )
    day = timezone.localdate() + timedelta(days=1)
    _token, words = make_token(analyst, name="x", scopes=["read"], last_day=day)
    for header in (f"Bearer {words}", f"Bearer {words}x", f"Basic {words}", words):
        headers = {"Authorization": header}
        Client().get("/api/v1/me/", headers=headers)
        Client().post("/api/v1/metrics/", {}, content_type="application/json", headers=headers)
    Client().get(f"/summary/?token={SECRET_WORDS}&password={SECRET_WORDS}")
    client.get(f"/audit/?q={SECRET_WORDS}")
    told = caplog.text + str(list(AuditEvent.objects.values()))
    assert "Refused" in told
    for secret in (SECRET_WORDS, new, words, PASSWORD):
        assert secret not in told


@pytest.mark.django_db
def test_a_token_is_stored_as_its_digest_alone(analyst: User) -> None:
    day = timezone.localdate() + timedelta(days=1)
    _token, words = make_token(analyst, name="x", scopes=["read"], last_day=day)
    assert words not in str(list(PersonalToken.objects.values()))


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/summary/", "/api/v1/me/"])
def test_an_error_page_tells_nothing_of_what_went_wrong(
    client_of: ClientOf,
    executive: User,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
) -> None:
    settings.DEBUG = False

    def fail(*args: Any, **kwargs: Any) -> HttpResponse:
        inside = SECRET_WORDS
        raise RuntimeError(inside)

    monkeypatch.setattr(summary, "month_of", fail)
    monkeypatch.setattr(Operation, "initial", fail)
    client = client_of(executive)
    client.raise_request_exception = False
    answer = client.get(path)
    page = answer.content.decode()
    assert answer.status_code == 500
    for word in (SECRET_WORDS, "RuntimeError", "Traceback", "SECRET_KEY", "settings", str(ROOT)):
        assert word not in page


@pytest.mark.django_db
def test_errors_are_mailed_to_nobody() -> None:
    """Such mails would hold what people sent."""
    assert not django_settings.ADMINS
    assert not django_settings.MANAGERS
    assert "mail_admins" not in str(django_settings.LOGGING)


def test_a_refused_setting_tells_no_secret() -> None:
    """tests/pmo_portal/test_settings.py tries passwords in addresses."""
    from_settings = (ROOT / "pmo_portal" / "settings.py").read_text()
    told = re.findall(r"refuse\(\s*f?\"[^\"]*\{(\w+)[^\"]*\"", from_settings)
    assert "secret" not in told
