"""A small company behind the API, and programs that ask for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from api.models import PersonalToken
from api.operations.tokens import make_token
from api.scopes import Scope
from metrics.choices import RunTrigger
from metrics.operations.runs import score_now
from metrics.workspace import load_workspace

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(autouse=True)
def unhurried(settings: Settings) -> None:
    """No limit of requests, but where a test is about them."""
    settings.API_READS_PER_MINUTE = 0
    settings.API_WRITES_PER_MINUTE = 0


@pytest.fixture
def company(db: None) -> None:
    """The worked example, scored."""
    load_workspace(ROOT / "examples" / "worked")
    score_now(trigger=RunTrigger.COMMAND)


class Program:
    """Something that uses a token."""

    def __init__(self, person: User, *scopes: Scope) -> None:
        self.person = person
        self.token, self.words = token_for(person, *scopes)
        self.client = Client(headers={"Authorization": f"Bearer {self.words}"})

    def get(self, path: str, **asked: Any) -> Any:
        return self.client.get(f"/api/v1/{path}", asked)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return self.client.generic(
            method,
            f"/api/v1/{path}",
            b"" if body is None else json.dumps(body),
            content_type="application/json",
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, body, **headers)

    def put(self, path: str, body: Any) -> Any:
        return self.send("PUT", path, body)

    def patch(self, path: str, body: Any) -> Any:
        return self.send("PATCH", path, body)

    def delete(self, path: str) -> Any:
        return self.send("DELETE", path)


def token_for(person: User, *scopes: Scope) -> tuple[PersonalToken, str]:
    chosen = scopes or tuple(Scope)
    return make_token(person, name="test", scopes=chosen, last_day=timezone.localdate())


@pytest.fixture
def program_of() -> Callable[..., Program]:
    """A program of a person, with these scopes or all of them."""
    return Program
