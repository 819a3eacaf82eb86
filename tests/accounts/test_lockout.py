"""Wrong passwords are counted, and after too many none is tried for a while."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings

from accounts.adapter import PortalAccountAdapter
from accounts.lockout import network_of
from tests.accounts.signing_in import is_signed_in, type_password
from tests.accounts.test_signing_in import WRONG, told
from tests.conftest import PASSWORD, make_person

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 8, 12, tzinfo=UTC)
ELSEWHERE = "198.51.100.7"
LOCKED = "Too many wrong passwords. None is tried for another 15 minutes; wait, then try again."


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


def wrong(name: str, times: int, address: str = "192.0.2.1") -> list[str]:
    """So many wrong passwords, each from a browser of its own; what is told each time."""
    return [told(type_password(Client(), name, "wrong", address=address)) for _ in range(times)]


@pytest.mark.usefixtures("clock")
def test_after_five_wrong_passwords_the_right_one_is_not_tried_either(executive: User) -> None:
    assert wrong("executive", 6) == [WRONG] * 5 + [LOCKED]
    client = Client()
    assert told(type_password(client, "executive")) == LOCKED
    assert not is_signed_in(client)


def test_once_the_time_has_passed_the_right_one_is_taken(
    clock: time_machine.Traveller, executive: User
) -> None:
    wrong("executive", 5)
    clock.shift(14 * 60)
    left = "Too many wrong passwords. None is tried for another minute; wait, then try again."
    assert told(type_password(Client(), "executive")) == left
    clock.shift(61)
    assert type_password(Client(), "executive").status_code == 302


def test_trying_meanwhile_does_not_make_the_wait_longer(
    clock: time_machine.Traveller, executive: User
) -> None:
    wrong("executive", 5)
    for _ in range(15):
        clock.shift(59)
        wrong("executive", 3)
    clock.shift(16)
    assert type_password(Client(), "executive").status_code == 302


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("name", ["executive", "nobody-here", "nobody@example.com"])
def test_being_locked_out_says_nothing_about_the_account(executive: User, name: str) -> None:
    assert wrong(name, 7) == [WRONG] * 5 + [LOCKED] * 2


@pytest.mark.usefixtures("clock")
def test_others_and_other_addresses_are_not_locked_out(executive: User) -> None:
    make_person("other")
    wrong("executive", 6)
    assert type_password(Client(), "other").status_code == 302
    assert type_password(Client(), "executive", address=ELSEWHERE).status_code == 302


@pytest.mark.usefixtures("clock")
def test_right_passwords_are_not_counted(executive: User) -> None:
    wrong("executive", 4)
    answers = [type_password(Client(), "executive").status_code for _ in range(8)]
    assert answers == [302] * 8
    assert wrong("executive", 2) == [WRONG, LOCKED]


@pytest.mark.usefixtures("clock")
def test_one_address_does_not_walk_through_the_names(executive: User) -> None:
    for number in range(50):
        assert wrong(f"name-{number}", 1) == [WRONG]
    assert told(type_password(Client(), "executive")) == LOCKED
    assert type_password(Client(), "executive", address=ELSEWHERE).status_code == 302


@pytest.mark.usefixtures("clock")
def test_many_addresses_do_not_guess_one_account(executive: User) -> None:
    for number in range(50):
        assert wrong("executive", 1, f"203.0.113.{number}") == [WRONG]
    assert told(type_password(Client(), "executive", address=ELSEWHERE)) == LOCKED


@pytest.mark.usefixtures("clock")
def test_nobody_is_locked_out_of_a_browser_they_have_signed_in_with(executive: User) -> None:
    own = Client()
    type_password(own, "executive")
    own.post(reverse("sign_out"))
    wrong("executive", 6)
    for number in range(50):
        wrong("executive", 1, f"203.0.113.{number}")
    assert type_password(own, "executive").status_code == 302


@pytest.mark.usefixtures("clock")
def test_a_known_browser_does_not_guess_either(executive: User) -> None:
    make_person("other")
    own = Client()
    type_password(own, "executive")
    own.post(reverse("sign_out"))
    found = [told(type_password(own, "executive", "wrong")) for _ in range(6)]
    assert found == [WRONG] * 5 + [LOCKED]
    # For anybody else's account it is a browser like any other.
    assert [told(type_password(own, "other", "wrong")) for _ in range(6)] == [WRONG] * 5 + [LOCKED]


@pytest.mark.usefixtures("clock")
def test_a_made_up_cookie_is_no_known_browser(executive: User) -> None:
    wrong("executive", 6)
    client = Client()
    client.cookies["known_browser"] = "eyJhIjoxfQ:1abcde:made-up"
    assert told(type_password(client, "executive")) == LOCKED


@pytest.mark.usefixtures("clock")
def test_a_made_up_header_is_no_other_address(executive: User) -> None:
    found = []
    for number in range(6):
        sent = {"username": "executive", "password": "wrong"}
        header = {"X-Forwarded-For": f"203.0.113.{number}"}
        found.append(told(Client().post(reverse("sign_in"), sent, headers=header)))
    assert found == [WRONG] * 5 + [LOCKED]


@pytest.mark.parametrize(
    ("proxies", "header", "address"),
    [
        (0, "203.0.113.9", "10.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.66, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.66, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (1, "", "10.0.0.1"),
        (2, "203.0.113.9", "10.0.0.1"),
        (1, "no address", "10.0.0.1"),
    ],
)
def test_the_address_is_what_the_proxies_in_front_say(
    settings: Settings, proxies: int, header: str, address: str
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    headers = {"X-Forwarded-For": header} if header else {}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR="10.0.0.1")
    assert PortalAccountAdapter().get_client_ip(request) == address


def test_addresses_that_a_machine_chooses_itself_are_one() -> None:
    assert network_of("2001:db8:1:2:aaaa::1") == network_of("2001:db8:1:2:bbbb::2")
    assert network_of("2001:db8:1:2::1") != network_of("2001:db8:1:3::1")
    assert network_of("192.0.2.1") == "192.0.2.1"


@pytest.mark.usefixtures("clock")
def test_who_listens_hears_of_each_wrong_password_and_once_of_the_lock_out(executive: User) -> None:
    heard: list[tuple[Any, str]] = []

    def hear(sender: Any, credentials: dict[str, str], **_: Any) -> None:
        heard.append((sender, credentials["username"]))

    user_login_failed.connect(hear)
    wrong("executive", 9)
    user_login_failed.disconnect(hear)
    by_django = ("django.contrib.auth", "executive")
    assert heard == [by_django] * 5 + [("accounts.lockout", "executive")]


@pytest.mark.usefixtures("clock")
def test_the_admin_site_has_no_door_of_its_own(executive: User) -> None:
    wrong("executive", 6)
    client = Client()
    sent = {"username": "executive", "password": PASSWORD}
    answer = client.post(reverse("admin:login"), sent, REMOTE_ADDR="192.0.2.1")
    assert answer["Location"].startswith("/sign-in/")
    assert not is_signed_in(client)


@pytest.mark.usefixtures("clock")
def test_the_api_takes_no_password(executive: User) -> None:
    headers = {"Authorization": "Basic ZXhlY3V0aXZlOnBhc3N3b3Jk"}
    assert Client().get("/api/v1/subjects/", headers=headers).status_code == 401


@pytest.mark.usefixtures("clock")
def test_confirming_by_password_counts_as_signing_in_does(executive: User) -> None:
    client = Client()
    client.force_login(executive)
    for _ in range(5):
        client.post(reverse("account_reauthenticate"), {"password": "x"}, REMOTE_ADDR="192.0.2.1")
    assert told(type_password(Client(), "executive")) == LOCKED
