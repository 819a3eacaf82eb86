"""A new password by mail: for who has the address, and nothing is learnt by asking."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from celery import current_app
from django.contrib.auth.models import User
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from accounts.operations.forgotten_passwords import send_password_mails
from accounts.tasks import send_password_mails_task
from tests.accounts.signing_in import (
    NEW_PASSWORD,
    is_signed_in,
    type_code,
    type_password,
    with_app,
)
from tests.accounts.test_signing_in import WRONG, told, with_address
from tests.conftest import make_person

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 8, 12, tzinfo=UTC)


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What workers are told to do."""
    sent: list[Any] = []
    monkeypatch.setattr(
        current_app,
        "send_task",
        lambda name, args=(), **_: sent.append((name, *args)),
    )
    return sent


@pytest.fixture
def ada(executive: User) -> User:
    return with_address(executive, "Ada@example.com")


def ask(client: Client, address: str) -> Any:
    return client.post(reverse("account_reset_password"), {"email": address})


def link_in(message: Any) -> str:
    found = re.search(r"http://localhost:8000(\S+)", message.body)
    assert found
    return found[1]


def follow(client: Client, link: str, password: str = NEW_PASSWORD) -> Any:
    """Open the link and set the password on the page that it leads to."""
    page = client.get(link, follow=True)
    if not page.redirect_chain:
        return page
    sent = {"password1": password, "password2": password}
    return client.post(page.redirect_chain[-1][0], sent)


def shown(answer: Any) -> str:
    """The page without what is random in each."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"|"X-CSRFToken": "\w+"', "", answer)


def test_asking_is_answered_and_queued_the_same_whoever_has_the_address(
    client: Client, ada: User, queued: list[Any]
) -> None:
    known, unknown = ask(client, "ada@example.com"), ask(Client(), "nobody@example.com")
    assert known.status_code == unknown.status_code == 302
    assert known["Location"] == unknown["Location"] == "/account/password/forgotten/sent/"
    task = "accounts.tasks.send_password_mails_task"
    assert queued == [(task, "ada@example.com"), (task, "nobody@example.com")]
    pages = [Client().get(known["Location"]).content.decode() for _ in range(2)]
    assert shown(pages[0]) == shown(pages[1])


def test_asking_looks_nobody_up(client: Client, ada: User, queued: list[Any]) -> None:
    """The audit log is written to; of people nothing is read."""
    counts = []
    for address in ("ada@example.com", "nobody@example.com"):
        with CaptureQueriesContext(connection) as queries:
            ask(client, address)
        assert not [query for query in queries if "auth_user" in query["sql"]]
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_without_anybody_to_send_it_everybody_is_told_so(
    client: Client, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise OSError("no broker")

    monkeypatch.setattr(current_app, "send_task", away)
    answers = [told(ask(client, name)) for name in ("ada@example.com", "nobody@example.com")]
    assert answers == ["No mail can be sent just now. Try again in a few minutes."] * 2


def test_asking_again_and_again_is_refused(client: Client, queued: list[Any]) -> None:
    answers = [ask(client, "ada@example.com").status_code for _ in range(4)]
    assert answers == [302, 302, 302, 429]
    assert len(queued) == 3


@pytest.mark.parametrize("typed", ["ada@example.com", "ADA@EXAMPLE.COM"])
def test_the_mail_goes_to_the_address_of_the_account(ada: User, typed: str) -> None:
    send_password_mails_task(typed)
    [message] = mail.outbox
    assert message.to == ["Ada@example.com"]
    assert message.subject == "Set a new password for the PMO portal"
    assert "your account “executive”" in message.body
    assert "for 60 minutes" in message.body
    assert message.extra_headers["Message-ID"].endswith("@localhost>")


def test_nobody_is_written_to_who_has_no_account(ada: User) -> None:
    for address in ("nobody@example.com", "", "ada@example.com.evil.example"):
        assert send_password_mails(address) == 0
    assert mail.outbox == []


def test_who_may_not_sign_in_by_a_password_gets_no_mail(ada: User) -> None:
    with_address(make_person("left"), "left@example.com")
    User.objects.filter(username="left").update(is_active=False)
    without = with_address(make_person("without"), "without@example.com")
    without.set_unusable_password()
    without.save()
    assert send_password_mails("left@example.com") == send_password_mails(without.email) == 0


def test_several_with_one_address_get_a_mail_each(ada: User) -> None:
    with_address(make_person("other"), "ada@example.com")
    assert send_password_mails("ada@example.com") == 2
    assert len({link_in(message) for message in mail.outbox}) == 2


def test_an_address_of_before_is_nobodys(ada: User) -> None:
    send_password_mails("ada@example.com")
    follow(Client(), link_in(mail.outbox[0]))
    ada.refresh_from_db()
    with_address(ada, "countess@example.com")
    assert send_password_mails("ada@example.com") == 0
    assert send_password_mails("countess@example.com") == 1


def test_the_link_leads_to_the_portal_whatever_host_was_asked(
    client: Client, ada: User, settings: Settings
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    settings.PORTAL_URL = "https://pmo.example.com"
    client.post(
        reverse("account_reset_password"),
        {"email": "ada@example.com"},
        headers={"Host": "evil.example"},
    )
    send_password_mails("ada@example.com")
    assert "https://pmo.example.com/account/password/new/" in mail.outbox[0].body
    assert "evil.example" not in mail.outbox[0].body


def test_the_link_sets_a_password_and_signs_nobody_in(client: Client, ada: User) -> None:
    send_password_mails("ada@example.com")
    assert follow(client, link_in(mail.outbox[0]))["Location"] == "/sign-in/"
    assert not is_signed_in(client)
    assert "Your password was changed." in client.get("/sign-in/").content.decode()
    assert type_password(client, "executive", NEW_PASSWORD).status_code == 302


def test_the_link_works_once(client: Client, ada: User) -> None:
    send_password_mails("ada@example.com")
    link = link_in(mail.outbox[0])
    follow(client, link)
    answer = follow(Client(), link, "another staple of a kind")
    assert "This link has been used, or is too old." in answer.content.decode()
    ada.refresh_from_db()
    assert ada.check_password(NEW_PASSWORD)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


def test_the_link_works_for_an_hour(clock: time_machine.Traveller, ada: User) -> None:
    send_password_mails("ada@example.com")
    link = link_in(mail.outbox[0])
    clock.shift(timedelta(minutes=59))
    assert Client().get(link).status_code == 302
    clock.shift(timedelta(minutes=2))
    assert "too old" in Client().get(link).content.decode()


@pytest.mark.usefixtures("clock")
def test_a_link_of_somebody_else_is_none_of_ours(ada: User) -> None:
    send_password_mails("ada@example.com")
    link = link_in(mail.outbox[0])
    other = make_person("other")
    uid, _, key = link.removeprefix("/account/password/new/").rstrip("/").partition("-")
    assert uid != str(other.pk)
    answer = Client().get(f"/account/password/new/{other.pk}-{key}/")
    assert "This link has been used, or is too old." in answer.content.decode()


def test_the_key_is_not_in_the_address_of_the_form(client: Client, ada: User) -> None:
    send_password_mails("ada@example.com")
    link = link_in(mail.outbox[0])
    page = client.get(link, follow=True)
    assert page.redirect_chain[-1][0].endswith("-set-password/")
    assert link.rpartition("-")[2].rstrip("/") not in page.content.decode()
    assert "no-store" in page["Cache-Control"]


def test_a_new_password_follows_the_rules_and_they_are_told_before(
    client: Client, ada: User
) -> None:
    send_password_mails("ada@example.com")
    page = client.get(link_in(mail.outbox[0]), follow=True)
    assert "at least 10 characters" in page.content.decode()
    sent = {"password1": "executive1", "password2": "executive1"}
    answer = client.post(page.redirect_chain[-1][0], sent)
    assert "too similar" in answer.content.decode()
    ada.refresh_from_db()
    assert not ada.check_password("executive1")


def test_a_new_password_ends_what_was_signed_in_by_the_old_one(client: Client, ada: User) -> None:
    type_password(client, "executive")
    send_password_mails("ada@example.com")
    follow(Client(), link_in(mail.outbox[0]))
    assert not is_signed_in(client)


def test_a_new_password_asks_for_the_second_factor_all_the_same(client: Client, ada: User) -> None:
    with_app(ada)
    send_password_mails("ada@example.com")
    follow(client, link_in(mail.outbox[0]))
    assert type_password(client, "executive", NEW_PASSWORD)["Location"] == "/sign-in/code/"
    assert not is_signed_in(client)
    assert type_code(client, "000000").status_code == 200


@pytest.mark.usefixtures("clock")
def test_who_proved_to_be_it_by_mail_waits_no_longer(ada: User) -> None:
    for _ in range(5):
        assert told(type_password(Client(), "executive", "wrong", address="127.0.0.1")) == WRONG
    send_password_mails("ada@example.com")
    follow(Client(), link_in(mail.outbox[0]))
    answer = type_password(Client(), "executive", NEW_PASSWORD, address="127.0.0.1")
    assert answer.status_code == 302
