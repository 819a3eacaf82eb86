"""What comes into the audit log: signs-in, refusals, and who changed what others may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import structlog
import time_machine
from django.contrib.auth import authenticate
from django.contrib.auth.models import Group, Permission, User
from django.contrib.auth.signals import user_login_failed
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import ResolverMatch, reverse
from django.utils import timezone
from pytest_django import Settings

from accounts import audit
from accounts.asking import client_address
from accounts.audit import MOST_A_MINUTE, MOST_OF_STRANGERS_A_MINUTE
from accounts.choices import Happening
from accounts.models import AuditEvent
from accounts.operations.forgotten_passwords import send_password_mails
from api.operations.tokens import end_token, make_token
from pmo_portal.access import RefusalLogMiddleware
from pmo_portal.roles import Role
from projects.operations.limits import limit_person
from tests.conftest import PASSWORD
from tests.factories import PortfolioFactory

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]


@pytest.fixture(autouse=True)
def from_here_on(db: None) -> None:
    """The cast was made by events of its own; `events` tells what comes after them."""


@pytest.fixture
def events() -> Callable[[], list[tuple[str, str, str, str]]]:
    """Call it once to begin and again to read: what, who, about whom, more."""
    seen: set[int] = set()

    def new() -> list[tuple[str, str, str, str]]:
        rows = [row for row in AuditEvent.objects.order_by("pk") if row.pk not in seen]
        seen.update(row.pk for row in rows)
        return [(row.happening, row.person, row.about, row.detail) for row in rows]

    return new


Events = Callable[[], list[tuple[str, str, str, str]]]


def sign_in(client: Client, name: str, password: str = PASSWORD, **headers: Any) -> HttpResponse:
    return client.post(  # type: ignore[return-value]
        reverse("sign_in"), {"username": name, "password": password}, **headers
    )


def test_signing_in_and_out(client: Client, executive: User, events: Events) -> None:
    events()
    sign_in(client, "executive", REMOTE_ADDR="2001:db8::7", HTTP_USER_AGENT="Firefox " + "x" * 500)
    client.post(reverse("sign_out"))
    assert events() == [("signed_in", "executive", "", ""), ("signed_out", "executive", "", "")]
    row = AuditEvent.objects.get(happening=Happening.SIGNED_IN)
    assert (row.person_key, row.address, row.method) == (executive.pk, "2001:db8::7", "POST")
    assert row.path == reverse("sign_in")
    assert (row.browser[:8], len(row.browser)) == ("Firefox ", 200)


def test_a_wrong_password_is_told_of_the_person_who_was_meant(
    client: Client, executive: User, events: Events
) -> None:
    events()
    sign_in(client, "Executive", "wrong")
    assert events() == [("sign_in_failed", "", "executive", "")]


def test_what_was_typed_as_a_name_that_nobody_has_is_kept_nowhere(
    client: Client, executive: User, events: Events, caplog: pytest.LogCaptureFixture
) -> None:
    """It may be a password; that it was the same one again can be seen."""
    events()
    for name in ("my secret password", "my secret password", "another one"):
        authenticate(RequestFactory().post("/sign-in/"), username=name, password="x")
    told = {"username": "\0 \ud800"}
    user_login_failed.send("accounts.lockout", credentials=told, request=None)
    found = events()
    assert [event[0] for event in found] == ["sign_in_failed"] * 3 + ["locked_out"]
    assert {event[1:3] for event in found} == {("", "")}
    first, again, other, odd = (event[3] for event in found)
    assert first == again
    assert len({first, other, odd}) == 3
    sign_in(client, "my secret password")
    assert "my secret" not in caplog.text
    assert "secret" not in str(list(AuditEvent.objects.values()))


def test_a_door_that_is_shut_for_a_while_is_told(executive: User, events: Events) -> None:
    events()
    told = {"username": "executive"}
    user_login_failed.send(
        "accounts.lockout", credentials=told, request=RequestFactory().post("/sign-in/")
    )
    assert events() == [("locked_out", "", "executive", "")]


def answered(
    status: int, view_name: str, method: str = "POST", namespaces: Any = (), **sent: str
) -> None:
    request = RequestFactory().post("/somewhere/", sent)
    request.method = method

    def answer(asked: HttpRequest) -> HttpResponse:
        space = list(namespaces)
        asked.resolver_match = ResolverMatch(answer, (), {}, url_name=view_name, namespaces=space)
        return HttpResponse(status=status)

    RefusalLogMiddleware(answer)(request)


def test_what_a_form_did_is_told_by_its_answer(events: Events) -> None:
    events()
    answered(302, "account_reset_password")
    answered(200, "account_reset_password")
    answered(302, "account_reset_password", "GET")
    answered(302, "session_end")
    answered(302, "session_end_others")
    answered(302, "some_other_page")
    answered(429, "account_login")
    answered(429, "values", namespaces=["api"])
    assert [event[0] for event in events()] == [
        "reset_asked",
        "session_ended",
        "session_ended",
        "locked_out",
    ]


def test_asking_for_a_new_password_is_told_alike_of_everybody_and_by_name_once_it_is_mailed(
    executive: User, events: Events
) -> None:
    executive.email = "e@example.com"
    executive.save()
    events()
    for address in ("E@example.com", "nobody@example.com", "e@example.com "):
        answered(302, "account_reset_password", email=address)
    known, unknown, again = events()
    assert known[:3] == unknown[:3] == ("reset_asked", "", "")
    assert known[3] == again[3] != unknown[3]
    assert "example" not in known[3]
    send_password_mails("e@example.com")
    assert events() == [("reset_asked", "", "executive", "")]


def test_passwords(client_of: ClientOf, executive: User, events: Events) -> None:
    client = client_of(executive)
    events()
    new = "an entirely different staple"
    client.post(
        reverse("password_change"),
        {"oldpassword": PASSWORD, "password1": new, "password2": new},
    )
    assert ("password_changed", "executive", "", "") in events()


def test_a_password_that_is_only_stored_in_a_newer_way_is_none_that_changed(
    client: Client, executive: User, settings: Settings, events: Events
) -> None:
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    events()
    sign_in(client, "executive")
    executive.refresh_from_db()
    assert executive.password.startswith("pbkdf2")
    assert events() == [("signed_in", "executive", "", "")]


def test_roles_and_permissions_of_a_person_from_both_sides(
    executive: User, administrator: User, events: Events
) -> None:
    analyst = Group.objects.get(name=Role.ANALYST.value)
    events()
    executive.groups.set([analyst])
    analyst.user_set.remove(executive)
    executive.groups.add(analyst)
    executive.groups.clear()
    executive.groups.clear()
    executive.user_permissions.add(Permission.objects.get(codename="view_auditevent"))
    administrator.groups.first().user_set.add(executive)  # type: ignore[union-attr]
    assert [(event[0], event[2], event[3]) for event in events()] == [
        ("roles_changed", "executive", "\N{MINUS SIGN} Executive"),
        ("roles_changed", "executive", "+ Analyst"),
        ("roles_changed", "executive", "\N{MINUS SIGN} Analyst"),
        ("roles_changed", "executive", "+ Analyst"),
        ("roles_changed", "executive", "\N{MINUS SIGN} Analyst"),
        (
            "roles_changed",
            "executive",
            "+ Accounts and audit log | event of the audit log | Can view event of the audit log",
        ),
        ("roles_changed", "executive", "+ Administrator"),
    ]


def test_who_made_changed_and_deactivated_whom_in_the_admin_site(
    client_of: ClientOf, administrator: User, events: Events
) -> None:
    client = client_of(administrator)
    events()
    passwords = {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    client.post(reverse("admin:auth_user_add"), {"username": "newcomer", **passwords})
    newcomer = User.objects.get(username="newcomer")
    page = reverse("admin:auth_user_change", args=[newcomer.pk])
    dates = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    role = Group.objects.get(name=Role.EXECUTIVE.value).pk
    client.post(page, {"username": "newcomer", "email": "n@x.example", "groups": role, **dates})
    client.post(reverse("admin:auth_user_delete", args=[newcomer.pk]), {"post": "yes"})
    assert events() == [
        ("person_made", "administrator", "newcomer", ""),
        ("person_deactivated", "administrator", "newcomer", ""),
        ("person_changed", "administrator", "newcomer", "email:  → n@x.example"),
        ("roles_changed", "administrator", "newcomer", "+ Executive"),
        ("person_deleted", "administrator", "newcomer", ""),
    ]


def test_what_is_said_of_people_outlasts_them(
    client: Client, executive: User, events: Events
) -> None:
    sign_in(client, "executive")
    key = executive.pk
    executive.delete()
    assert AuditEvent.objects.filter(person_key=key, person="executive").exists()


def test_who_is_limited_to_what(executive: User, events: Events) -> None:
    digital = PortfolioFactory(code="DIGITAL")
    events()
    limit_person(executive, portfolios=[digital], by=None)
    limit_person(executive, portfolios=[], by=None)
    assert events() == [
        ("limits_changed", "", "executive", "+ DIGITAL"),
        ("limits_changed", "", "executive", "\N{MINUS SIGN} DIGITAL"),
    ]


def test_at_a_console_nobody_did_it(events: Events) -> None:
    events()
    call_command("createsuperuser", username="boss", email="", interactive=False)
    boss = User.objects.get(username="boss")
    boss.is_active = False
    boss.save()
    boss.is_active = True
    boss.save()
    assert events() == [
        ("person_made", "", "boss", "is_staff, is_superuser"),
        ("person_deactivated", "", "boss", ""),
        ("person_activated", "", "boss", ""),
    ]


def test_tokens(executive: User, administrator: User, events: Events) -> None:
    events()
    day = timezone.localdate() + timedelta(days=3)
    token, words = make_token(executive, name="Nightly", scopes=["read"], last_day=day)
    end_token(token, by=administrator)
    end_token(token, by=administrator)
    assert events() == [
        ("token_made", "executive", "", f"Nightly ({words[:12]}…): read; → {day.isoformat()}"),
        ("token_ended", "administrator", "executive", f"Nightly ({words[:12]}…)"),
    ]
    assert words not in str(list(AuditEvent.objects.values()))


def test_refusals_of_pages_the_admin_site_and_the_api(
    client_of: ClientOf, executive: User, outsider: User, events: Events
) -> None:
    client, nobody = client_of(executive), Client()
    day = timezone.localdate()
    token, words = make_token(outsider, name="Mine", scopes=["read"], last_day=day)
    events()
    client.get("/entry/?q=what-they-looked-for")
    client.get("/admin/auth/user/?o=1", follow=True)
    client.post("/api/v1/metrics/", {}, content_type="application/json")
    nobody.get("/api/v1/metrics/", headers={"Authorization": "Bearer pmo_of_nobody"})
    nobody.get("/api/v1/metrics/", headers={"Authorization": f"Bearer {words}"})
    Client(enforce_csrf_checks=True).post("/sign-in/", {"username": "executive"})
    assert nobody.get("/entry/").status_code == 302  # to sign-in: that is no refusal
    assert events() == [
        ("refused", "executive", "", "403"),
        ("refused", "executive", "", "403"),
        ("refused", "executive", "", "403, role"),
        ("refused", "", "", "401, token"),
        ("refused", "outsider", "", f"403, role, {token}"),
        ("refused", "", "", "403"),
    ]
    refused = AuditEvent.objects.filter(happening=Happening.REFUSED).order_by("pk")
    assert [(row.method, row.path) for row in refused] == [
        ("GET", "/entry/"),
        ("GET", "/admin/auth/user/"),
        ("POST", "/api/v1/metrics/"),
        ("GET", "/api/v1/metrics/"),
        ("GET", "/api/v1/metrics/"),
        ("POST", "/sign-in/"),
    ]


def test_no_key_in_an_address_is_kept_or_logged(
    client_of: ClientOf, outsider: User, caplog: pytest.LogCaptureFixture
) -> None:
    key = "s3cr3t-of-somebody"
    assert client_of(outsider).get(reverse("entry_saved", args=[key])).status_code == 403
    row = AuditEvent.objects.get(happening=Happening.REFUSED)
    assert row.path == "/entry/saved/***/"
    assert key not in caplog.text


def refusing(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=403)


def test_a_refusal_is_kept_though_its_transaction_is_taken_back(events: Events) -> None:
    def refuse_and_take_back(request: HttpRequest) -> HttpResponse:
        try:
            with transaction.atomic():
                authenticate(request, username="nobody", password="x")
                raise ZeroDivisionError
        except ZeroDivisionError:
            return HttpResponse(status=403)

    events()
    RefusalLogMiddleware(refuse_and_take_back)(RequestFactory().post("/summary/"))
    assert [event[0] for event in events()] == ["sign_in_failed", "refused"]


def test_the_answer_goes_out_though_nothing_can_be_kept(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, events: Events
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise DatabaseError("away")

    events()
    monkeypatch.setattr(AuditEvent, "save", fail)
    answer = RefusalLogMiddleware(refusing)(RequestFactory().get("/summary/"))
    assert answer.status_code == 403
    assert "The audit log could not be written: refused" in caplog.messages
    assert events() == []


def test_what_no_database_can_keep_is_kept_otherwise() -> None:
    request = RequestFactory().get("/a\0b\x1b[31m\x7f/", HTTP_USER_AGENT="x\0y\r\nz")
    RefusalLogMiddleware(refusing)(request)
    row = AuditEvent.objects.get()
    assert (row.path, row.browser) == ("/a�b�[31m�/", "x�y��z")


def test_a_flood_of_refusals_does_not_fill_the_disk(executive: User, events: Events) -> None:
    ask = RefusalLogMiddleware(refusing)

    def refuse(address: str, person: User | None = None) -> None:
        request = RequestFactory().get("/x/", REMOTE_ADDR=address)
        if person is not None:
            request.user = person
        ask(request)

    with time_machine.travel("2026-03-01T12:00:00Z", tick=False):
        events()
        for _ in range(MOST_A_MINUTE + 5):
            refuse("192.0.2.1")
        rows = events()
        assert [row[0] for row in rows] == ["refused"] * MOST_A_MINUTE + ["not_kept"]
        for number in range(MOST_OF_STRANGERS_A_MINUTE):
            refuse(f"198.51.100.{number % 250}")
        rows = events()
        assert len(rows) == MOST_OF_STRANGERS_A_MINUTE - MOST_A_MINUTE
        # Strangers take no room from those who are signed in.
        for _ in range(MOST_A_MINUTE + 5):
            refuse("192.0.2.1", executive)
        rows = events()
        assert [row[:2] for row in rows] == [("refused", "executive")] * MOST_A_MINUTE + [
            ("not_kept", "executive")
        ]
    with time_machine.travel("2026-03-01T12:01:01Z", tick=False):
        refuse("192.0.2.1")
        assert [row[0] for row in events()] == ["refused"]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "", "192.0.2.9"),
        (0, "203.0.113.5", "192.0.2.9"),
        (1, "203.0.113.5", "203.0.113.5"),
        (1, "10.9.9.9, 203.0.113.5", "203.0.113.5"),
        (2, "10.9.9.9, 203.0.113.5, 10.0.0.1", "203.0.113.5"),
        (2, "203.0.113.5", "192.0.2.9"),
        (1, "2001:db8::1", "2001:db8::1"),
        (1, "fe80::1%eth0", "fe80::1"),
        (1, "", "192.0.2.9"),
        (1, "203.0.113.5:4711", "203.0.113.5"),
        (1, "[2001:db8::1]:4711", "2001:db8::1"),
        (1, "[2001:db8::1]", "2001:db8::1"),
        (1, "<script>", None),
    ],
)
def test_the_address_is_that_of_the_last_one_who_can_be_trusted(
    settings: Settings, proxies: int, forwarded: str, address: str | None
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.9", HTTP_X_FORWARDED_FOR=forwarded)
    assert client_address(request) == address


def test_the_request_can_be_found_again_in_the_other_logs() -> None:
    with structlog.contextvars.bound_contextvars(request_id="0c1d-22"):
        RefusalLogMiddleware(refusing)(RequestFactory().get("/x/"))
    RefusalLogMiddleware(refusing)(RequestFactory().get("/x/", HTTP_X_REQUEST_ID="from-outside"))
    with structlog.contextvars.bound_contextvars(request_id="<b>"):
        RefusalLogMiddleware(refusing)(RequestFactory().get("/x/"))
    found = AuditEvent.objects.order_by("pk").values_list("request_id", flat=True)
    assert list(found) == ["0c1d-22", "", ""]


def test_the_limits_are_low_enough_to_name_a_size() -> None:
    assert audit.MOST_A_MINUTE <= audit.MOST_OF_STRANGERS_A_MINUTE <= 300
