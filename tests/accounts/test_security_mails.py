"""Who an account belongs to learns what was changed about its safety."""

from __future__ import annotations

from typing import Any

import pytest
from celery import current_app
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.operations.second_factor import remove_second_factor
from accounts.operations.security_mails import CHANGES
from accounts.tasks import tell_of_change_task
from tests.accounts.signing_in import NEW_PASSWORD, type_password, with_app
from tests.accounts.test_second_factor import set_up
from tests.accounts.test_signing_in import with_address
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def told_of(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Changes that a worker was asked to write about."""
    changes: list[str] = []
    monkeypatch.setattr(
        current_app, "send_task", lambda name, args=(), **_: changes.append(args[1])
    )
    return changes


def signed_in(person: User) -> Client:
    client = Client()
    type_password(client, person.username)
    return client


def test_each_change_is_told(executive: User, told_of: list[str]) -> None:
    with_address(executive, "ada@example.com")
    client = signed_in(executive)
    set_up(client)
    client.post(reverse("mfa_generate_recovery_codes"))
    client.post(reverse("mfa_deactivate_totp"))
    sent = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    client.post(reverse("password_change"), sent)
    with_app(executive)
    remove_second_factor(executive, request=RequestFactory().get("/"))
    assert told_of == [
        "totp_activated",
        "recovery_codes_generated",
        "totp_deactivated",
        "password_changed",
        "removed_by_administrator",
    ]


def test_who_has_no_address_is_not_written_to(executive: User, told_of: list[str]) -> None:
    set_up(signed_in(executive))
    assert told_of == []


def test_without_a_worker_to_write_it_the_change_stands(
    executive: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise OSError("no broker")

    monkeypatch.setattr(current_app, "send_task", away)
    with_address(executive, "ada@example.com")
    _secret, answer = set_up(signed_in(executive))
    assert answer.status_code == 302
    assert "executive is not told that totp_activated: no broker" in caplog.messages


@pytest.mark.parametrize("change", CHANGES)
def test_the_mail_says_what_it_was(executive: User, change: str) -> None:
    with_address(executive, "ada@example.com")
    tell_of_change_task(executive.pk, change)
    [message] = mail.outbox
    assert (message.to, message.subject) == (["ada@example.com"], "Your account in the PMO portal")
    assert str(CHANGES[change]) in message.body
    assert message.body.rstrip().endswith("http://localhost:8000")


def test_who_has_left_is_not_written_to(executive: User) -> None:
    with_address(executive, "ada@example.com")
    User.objects.update(is_active=False)
    tell_of_change_task(executive.pk, "password_changed")
    assert mail.outbox == []
