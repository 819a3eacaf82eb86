"""Who comes in by which words, and what is told to whom does not."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse

from tests.accounts.signing_in import is_signed_in, type_password
from tests.conftest import PASSWORD, make_person

pytestmark = pytest.mark.django_db

WRONG = "This name and password don't belong together. Both are case-sensitive."


def told(answer: Any) -> str:
    """The notice in the form, without what differs in every page."""
    found = re.search(r'<div class="notice__body">(.*?)</div>', answer.content.decode(), re.DOTALL)
    return unescape(found[1]).strip() if found else ""


def with_address(person: User, address: str) -> User:
    person.email = address
    person.save()
    return person


@pytest.mark.parametrize("typed", ["ada@example.com", "ADA@Example.com", " ada@example.com "])
def test_a_mail_address_signs_in_the_one_who_has_it(
    client: Client, executive: User, typed: str
) -> None:
    with_address(executive, "Ada@example.com")
    assert type_password(client, typed).status_code == 302
    assert is_signed_in(client)


def test_of_two_with_one_address_neither_is_meant(client: Client, executive: User) -> None:
    with_address(executive, "office@example.com")
    with_address(make_person("other"), "office@example.com")
    assert told(type_password(client, "office@example.com")) == WRONG
    assert type_password(client, "executive").status_code == 302


def test_a_user_name_like_an_address_is_the_user_name(client: Client, executive: User) -> None:
    with_address(executive, "ada@example.com")
    named = make_person("ada@example.com")
    type_password(client, "ada@example.com")
    assert client.session["_auth_user_id"] == str(named.pk)


@pytest.mark.parametrize("name", ["executive", "nobody-here", "nobody@example.com", "left"])
def test_who_does_not_come_in_is_told_the_same_whoever_they_are(
    client: Client, executive: User, name: str
) -> None:
    left = make_person("left")
    left.is_active = False
    left.save()
    password = PASSWORD if name == "left" else "wrong"
    answer = type_password(client, name, password)
    assert (answer.status_code, told(answer)) == (200, WRONG)
    assert 'role="alert"' in answer.content.decode()


def test_an_unknown_name_costs_as_many_hashes_as_a_known_one(
    client: Client, executive: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    real = User.check_password

    def check(self: User, raw: str) -> bool:
        hashed.append("checked")
        return real(self, raw)

    monkeypatch.setattr(User, "check_password", check)
    monkeypatch.setattr(User, "set_password", lambda self, raw: hashed.append("made"))
    type_password(client, "executive", "wrong")
    type_password(client, "nobody-here", "wrong")
    assert hashed == ["checked", "made"]


def test_signing_in_changes_the_key_of_the_session(client: Client, executive: User) -> None:
    client.get(reverse("sign_in"))
    session = client.session
    session["put here by"] = "somebody else"
    session.save()
    before = str(session.session_key)
    client.cookies["sessionid"] = before
    type_password(client, "executive")
    assert client.session.session_key != before
    assert not type(session)().exists(before)


def test_the_cookie_goes_with_the_browser_unless_one_stays(client: Client, executive: User) -> None:
    type_password(client, "executive")
    cookie = client.cookies["sessionid"]
    assert (cookie["max-age"], cookie["httponly"], cookie["samesite"]) == ("", True, "Lax")
    assert client.session.get_expiry_age() == 12 * 3600
    staying = Client()
    type_password(staying, "executive", remember="on")
    assert staying.cookies["sessionid"]["max-age"] == 14 * 24 * 3600


def test_a_json_request_is_answered_by_a_page_as_well(client: Client, executive: User) -> None:
    sent = {"username": "executive", "password": "wrong"}
    answer = client.post(reverse("sign_in"), sent, headers={"Accept": "application/json"})
    assert answer["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    "place", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_sign_in_leads_to_no_other_site(client: Client, executive: User, place: str) -> None:
    assert type_password(client, "executive", next=place)["Location"] == "/"


@pytest.mark.parametrize(
    "name",
    [
        "account_signup",
        "account_logout",
        "account_email",
        "account_confirm_email",
        "account_set_password",
        "account_request_login_code",
        "mfa_trust",
        "mfa_download_recovery_codes",
        "usersessions_list",
    ],
)
def test_pages_that_the_portal_does_not_need_are_not_there(name: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(name)


def test_nobody_makes_an_account_for_themselves(client: Client) -> None:
    addresses = [str(pattern.pattern) for pattern in get_resolver().url_patterns]
    assert not [address for address in addresses if "signup" in address or "sign-up" in address]
    assert client.get("/signup/").status_code == 404
    assert client.get("/accounts/signup/").status_code == 404
