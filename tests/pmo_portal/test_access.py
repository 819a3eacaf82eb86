"""Nobody sees more than they may, and every refusal leaves a line in the log."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from pmo_portal.access import RefusalLogMiddleware
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db

OPEN_TO_EVERYBODY = {
    "sign_in",
    "account_login",
    "sign_out",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "subscription_stop",
}
"""The last two to whoever has a mail's signed link; without one there is nothing."""
OPEN_WITHOUT_A_ROLE = {
    "home",
    "account",
    "password_change",
    "mfa_authenticate",
    "account_reauthenticate",
    "mfa_reauthenticate",
    "mfa_index",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "session_list",
    "session_end",
    "session_end_others",
}
"""What one's own account is."""


def sign_in(client: Client, name: str, password: str = PASSWORD) -> HttpResponseBase:
    return client.post(reverse("sign_in"), {"username": name, "password": password})


def test_signing_in_leads_home(client: Client, executive: User) -> None:
    answer = sign_in(client, executive.username)
    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_signing_in_leads_to_the_page_that_was_asked_for(client: Client, executive: User) -> None:
    answer = client.get(reverse("account"))
    assert answer["Location"] == "/sign-in/?next=/account/"
    answer = client.post(answer["Location"], {"username": "executive", "password": PASSWORD})
    assert answer["Location"] == "/account/"


def test_signing_in_never_leads_to_another_server(client: Client, executive: User) -> None:
    wanted = {"username": "executive", "password": PASSWORD, "next": "https://evil.example/"}
    assert client.post(reverse("sign_in"), wanted)["Location"] == "/"


def test_a_wrong_password_is_told_and_signs_nobody_in(client: Client, executive: User) -> None:
    answer = sign_in(client, executive.username, "wrong")
    assert answer.status_code == 200
    assert "_auth_user_id" not in client.session


def test_somebody_signed_in_is_not_asked_again(
    client_of: Callable[[User], Client], executive: User
) -> None:
    assert client_of(executive).get(reverse("sign_in"))["Location"] == "/"


def test_signing_out_takes_a_form_and_leads_to_sign_in(
    client_of: Callable[[User], Client], executive: User
) -> None:
    client = client_of(executive)
    assert client.get(reverse("sign_out")).status_code == 405
    assert client.post(reverse("sign_out"))["Location"] == "/sign-in/"
    assert "_auth_user_id" not in client.session


def test_the_account_names_the_roles(client_of: Callable[[User], Client], executive: User) -> None:
    page = client_of(executive).get(reverse("account"))
    assert page.status_code == 200
    assert "Executive" in page.content.decode()


def test_a_password_is_changed_by_its_owner(
    client_of: Callable[[User], Client], executive: User
) -> None:
    new = "an entirely different staple"
    wanted = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    answer = client_of(executive).post(reverse("password_change"), wanted)
    assert answer["Location"] == "/account/"
    executive.refresh_from_db()
    assert executive.check_password(new)


def pages(patterns: list[URLPattern | URLResolver], prefix: str = "") -> dict[str, str]:
    """Every named page of the portal, with an address that fits its pattern.

    But the admin's, and the API's operations (tests/api/test_doors.py).
    """
    found: dict[str, str] = {}
    for pattern in patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if pattern.namespace not in ("admin", "api"):
                found |= pages(pattern.url_patterns, address)
        elif pattern.name:
            numbered = re.sub(r"<int:[^>]+>", "1", address)
            found[pattern.name] = "/" + re.sub(r"<[^>]+>", "2026-01", numbered)
    return found


def test_nobody_sees_a_page_without_signing_in(client: Client) -> None:
    named = pages(get_resolver().url_patterns)
    assert named.keys() >= OPEN_TO_EVERYBODY | OPEN_WITHOUT_A_ROLE
    closed = {name: path for name, path in named.items() if name not in OPEN_TO_EVERYBODY}
    answers = {name: client.get(path) for name, path in closed.items()}
    let_in = {
        name: answer.status_code
        for name, answer in answers.items()
        if answer.status_code not in (302, 403, 405)
        or (answer.status_code == 302 and not answer["Location"].startswith("/sign-in/"))
    }
    assert let_in == {}


def test_somebody_without_a_role_sees_their_account_alone(
    client_of: Callable[[User], Client], outsider: User
) -> None:
    client = client_of(outsider)
    named = pages(get_resolver().url_patterns)
    closed = named.keys() - OPEN_TO_EVERYBODY - OPEN_WITHOUT_A_ROLE
    answers = {name: client.get(named[name]).status_code for name in closed}
    assert {name: code for name, code in answers.items() if code not in (403, 405)} == {}
    assert client.get(named["account"]).status_code == 200


def test_a_refusal_is_logged_with_the_person(
    client_of: Callable[[User], Client], executive: User, caplog: pytest.LogCaptureFixture
) -> None:
    assert client_of(executive).get(reverse("admin:login")).status_code == 403
    assert "Refused: GET /admin/login/ to executive" in caplog.messages


def test_a_refusal_of_a_stranger_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=403)

    RefusalLogMiddleware(refuse)(RequestFactory().get("/summary/"))
    assert caplog.messages == ["Refused: GET /summary/ to nobody signed in"]


def test_a_form_without_its_token_is_refused_and_logged(
    executive: User, caplog: pytest.LogCaptureFixture
) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(executive)
    assert careful.post(reverse("sign_out")).status_code == 403
    assert "Refused: POST /sign-out/ to executive" in caplog.messages


def test_the_admin_site_lets_in_who_keeps_definitions(
    client_of: Callable[[User], Client], pmo_lead: User
) -> None:
    assert client_of(pmo_lead).get(reverse("admin:index")).status_code == 200
    assert client_of(pmo_lead).get(reverse("admin:auth_user_changelist")).status_code == 403


def test_the_admin_site_lets_in_administrators(
    client_of: Callable[[User], Client], administrator: User
) -> None:
    client = client_of(administrator)
    assert client.get(reverse("admin:auth_user_changelist")).status_code == 200
    assert (
        client.get(reverse("admin:django_celery_beat_periodictask_changelist")).status_code == 200
    )


@pytest.mark.parametrize("person", ["executive", "analyst", "outsider"])
def test_the_admin_site_is_closed_to_everybody_else(
    client_of: Callable[[User], Client], request: pytest.FixtureRequest, person: str
) -> None:
    answer = client_of(request.getfixturevalue(person)).get(reverse("admin:index"), follow=True)
    assert answer.status_code == 403


def test_the_admin_site_asks_strangers_to_sign_in(client: Client) -> None:
    answer = client.get(reverse("admin:index"), follow=True)
    assert answer.redirect_chain[-1] == ("/sign-in/?next=/admin/", 302)


def test_pages_come_with_the_strict_policy(client: Client) -> None:
    policy = client.get(reverse("sign_in"))["Content-Security-Policy"]
    assert sorted(policy.split("; ")) == [
        "base-uri 'self'",
        "connect-src 'self'",
        "default-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "style-src-attr 'unsafe-inline'",
    ]
