"""Where somebody is signed in: listed, ended, and how long it lasts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.browsers import browser_words
from tests.accounts.signing_in import NEW_PASSWORD, is_signed_in, type_password
from tests.conftest import PASSWORD, make_person

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 8, 12, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


def browser(person: User, user_agent: str = FIREFOX, address: str = "192.0.2.1") -> Client:
    client = Client(headers={"User-Agent": user_agent}, REMOTE_ADDR=address)
    type_password(client, person.username, address=address)
    return client


def listed(client: Client) -> list[list[str]]:
    """The table of the page, row by row."""
    page = client.get(reverse("session_list")).content.decode()
    rows = re.findall(r"<tr>(.*?)</tr>", page.partition("<tbody>")[2], re.DOTALL)
    cells = (re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows)
    return [[" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in row] for row in cells]


def test_each_browser_is_listed_this_one_first(
    clock: time_machine.Traveller, executive: User
) -> None:
    this = browser(executive)
    clock.shift(timedelta(hours=1))
    browser(executive, PHONE, "198.51.100.7")
    browser(make_person("other"))
    assert listed(this) == [
        ["Firefox on Linux", "this one", "192.0.2.1", "8 Apr 2026, 12:00", "8 Apr 2026, 13:00"],
        [
            "Safari on iPhone",
            "End it : Safari on iPhone, 198.51.100.7",
            "198.51.100.7",
            "8 Apr 2026, 13:00",
            "8 Apr 2026, 13:00",
        ],
    ]


def test_listing_takes_as_many_queries_for_many_browsers_as_for_one(
    executive: User, django_assert_num_queries: Any
) -> None:
    this = browser(executive)
    address = reverse("session_list")
    this.get(address)
    with django_assert_num_queries(7):
        this.get(address)
    for number in range(10):
        browser(executive, PHONE, f"198.51.100.{number}")
    with django_assert_num_queries(7):
        this.get(address)


def pk_of(client: Client) -> int:
    return int(UserSession.objects.get(session_key=client.session.session_key).pk)


def test_ending_one_signs_it_out_at_once(executive: User) -> None:
    this, other, third = browser(executive), browser(executive, PHONE), browser(executive)
    answer = this.post(reverse("session_end", args=[pk_of(other)]))
    assert answer["Location"] == reverse("session_list")
    assert [is_signed_in(client) for client in (this, other, third)] == [True, False, True]


def test_ending_all_others_leaves_this_one(executive: User) -> None:
    this, others = browser(executive), [browser(executive) for _ in range(3)]
    somebody = browser(make_person("other"))
    page = this.post(reverse("session_end_others"), follow=True)
    assert "You are signed out in 3 other browsers." in page.content.decode()
    assert [is_signed_in(client) for client in (this, *others)] == [True, False, False, False]
    assert is_signed_in(somebody)


def test_nobody_ends_what_is_somebody_elses(executive: User) -> None:
    other = browser(make_person("other"))
    assert browser(executive).post(reverse("session_end", args=[pk_of(other)])).status_code == 404
    assert is_signed_in(other)


def change(client: Client, new: str = NEW_PASSWORD, now: str = PASSWORD) -> Any:
    sent = {"oldpassword": now, "password1": new, "password2": new}
    return client.post(reverse("password_change"), sent)


def test_a_new_password_ends_all_others(executive: User) -> None:
    this, other = browser(executive), browser(executive, PHONE)
    assert change(this)["Location"] == "/account/"
    assert [is_signed_in(client) for client in (this, other)] == [True, False]
    assert UserSession.objects.count() == Session.objects.filter(
        session_key__in=UserSession.objects.values("session_key")
    ).count() == 1  # fmt: skip


def test_a_new_password_takes_the_one_of_now_and_obeys_the_rules(executive: User) -> None:
    this, other = browser(executive), browser(executive, PHONE)
    assert "at least 10 characters" in this.get(reverse("password_change")).content.decode()
    assert "This is not your password." in change(this, now="wrong").content.decode().replace(
        "&#x27;", "'"
    )
    assert "too common" in change(this, "qwertyuiop").content.decode()
    assert "too short" in change(this, "short").content.decode()
    assert "entirely numeric" in change(this, "7391846205").content.decode()
    executive.refresh_from_db()
    assert executive.check_password(PASSWORD)
    assert is_signed_in(other)


def test_the_password_of_now_is_not_guessed_here_either(executive: User) -> None:
    this = browser(executive)
    answers = [change(this, now="wrong").status_code for _ in range(6)]
    assert answers == [200] * 5 + [429]


def test_a_password_set_by_an_administrator_ends_all(administrator: User, executive: User) -> None:
    theirs = browser(executive)
    address = reverse("admin:auth_user_password_change", args=[executive.pk])
    sent = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD, "usable_password": "true"}
    assert browser(administrator).post(address, sent).status_code == 302
    assert not is_signed_in(theirs)
    again = Client(headers={"User-Agent": PHONE})
    type_password(again, "executive", NEW_PASSWORD)
    assert [row[0] for row in listed(again)] == ["Safari on iPhone"]


def test_switching_an_account_off_signs_it_out(executive: User) -> None:
    theirs = browser(executive)
    User.objects.filter(pk=executive.pk).update(is_active=False)
    assert not is_signed_in(theirs)


def test_an_administrator_signs_somebody_out(administrator: User, executive: User) -> None:
    theirs = [browser(executive), browser(executive, PHONE)]
    sent = {"action": "sign_out_everywhere", "_selected_action": [str(executive.pk)]}
    page = browser(administrator).post(reverse("admin:auth_user_changelist"), sent, follow=True)
    assert "1 person is signed out." in page.content.decode()
    assert [is_signed_in(client) for client in theirs] == [False, False]
    assert LogEntry.objects.get().change_message == "Signed out everywhere."


def test_signing_out_takes_it_off_the_list(executive: User) -> None:
    this, other = browser(executive), browser(executive, PHONE)
    other.post(reverse("sign_out"))
    assert [row[0] for row in listed(this)] == ["Firefox on Linux"]
    assert UserSession.objects.count() == 1


def test_who_does_nothing_for_twelve_hours_is_signed_out(
    clock: time_machine.Traveller, executive: User
) -> None:
    client = browser(executive)
    for _ in range(5):
        clock.shift(timedelta(hours=11))
        assert is_signed_in(client)
    clock.shift(timedelta(hours=12, seconds=1))
    assert not is_signed_in(client)


def test_who_stays_signed_in_does_so_for_two_weeks(
    clock: time_machine.Traveller, executive: User
) -> None:
    client = Client()
    type_password(client, "executive", remember="on")
    clock.shift(timedelta(days=13))
    assert is_signed_in(client)
    clock.shift(timedelta(days=13))
    assert is_signed_in(client)
    clock.shift(timedelta(days=14, seconds=1))
    assert not is_signed_in(client)


def test_what_has_run_out_is_not_listed(clock: time_machine.Traveller, executive: User) -> None:
    browser(executive, PHONE)
    clock.shift(timedelta(hours=13))
    assert [row[0] for row in listed(browser(executive))] == ["Firefox on Linux"]


def test_that_somebody_is_here_is_written_every_five_minutes(
    clock: time_machine.Traveller, executive: User, django_assert_num_queries: Any
) -> None:
    client = browser(executive)
    row = UserSession.objects.get()
    client.get(reverse("account"))
    seen = {}
    for minutes in (1, 4, 6):
        clock.shift(timedelta(minutes=minutes))
        client.get(reverse("account"))
        row.refresh_from_db()
        seen[minutes] = row.last_seen_at
    assert seen == {1: NOON, 4: NOON + timedelta(minutes=5), 6: NOON + timedelta(minutes=11)}


def test_a_session_of_before_is_listed_once_it_is_seen(settings: Settings, executive: User) -> None:
    client = Client()
    client.force_login(executive)
    assert not UserSession.objects.exists()
    assert [row[1] for row in listed(client)] == ["this one"]


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (PHONE, "Safari on iPhone"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
            " Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko)"
            " Chrome/138.0.0.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15"
            " (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
            "Safari on macOS",
        ),
        ("curl/8.9.1", "curl/8.9.1"),
        ("", "unknown"),
    ],
)
def test_a_browser_is_named_in_a_few_words(user_agent: str, words: str) -> None:
    assert browser_words(user_agent) == words


def test_a_new_secret_key_signs_nobody_out_while_the_old_one_is_known(
    settings: Settings, executive: User
) -> None:
    this, other = browser(executive), browser(executive, PHONE)
    old, settings.SECRET_KEY = settings.SECRET_KEY, "Kz9!wQ4_" * 10
    settings.SECRET_KEY_FALLBACKS = [old]
    assert [row[0] for row in listed(this)] == ["Firefox on Linux", "Safari on iPhone"]
    assert is_signed_in(other)
