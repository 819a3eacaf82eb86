"""A code from the phone after the password: set up, asked for, lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_removed
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.encryption import Unreadable, decrypt, encrypt
from api.operations.tokens import make_token
from tests.accounts.signing_in import (
    code_of,
    is_signed_in,
    recovery_codes_of,
    type_code,
    type_password,
    with_app,
)
from tests.accounts.test_signing_in import told
from tests.conftest import PASSWORD, make_person

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 8, 12, tzinfo=UTC)
OTHER_SECRET = "Kz9!wQ4_" * 10


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def secret(executive: User) -> str:
    return with_app(executive)


def past_the_password(name: str = "executive") -> Client:
    client = Client()
    assert type_password(client, name)["Location"] == "/sign-in/code/"
    return client


def errors_of(answer: Any) -> str:
    found = re.search(r'<ul class="errorlist"[^>]*>(.*?)</ul>', answer.content.decode(), re.DOTALL)
    return re.sub(r"<[^>]+>", "", found[1]).strip() if found else ""


def test_the_password_alone_opens_nothing(executive: User, secret: str) -> None:
    client = past_the_password()
    assert not is_signed_in(client)
    assert client.get(reverse("summary")).status_code == 302
    assert client.get("/api/v1/subjects/").status_code == 401
    assert client.get(reverse("sign_in"))["Location"] == "/sign-in/code/"


def test_the_code_of_the_app_signs_in_and_leads_to_where_one_wanted(
    executive: User, secret: str
) -> None:
    client = Client()
    type_password(client, "executive", next="/account/tokens/", time_zone="Asia/Tokyo")
    assert type_code(client, code_of(secret))["Location"] == "/account/tokens/"
    assert is_signed_in(client)
    assert client.session["time_zone"] == "Asia/Tokyo"


@pytest.mark.parametrize(("periods", "is_right"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_a_clock_may_be_half_a_minute_off(
    executive: User, secret: str, periods: int, is_right: bool
) -> None:
    client = past_the_password()
    type_code(client, code_of(secret, periods=periods))
    assert is_signed_in(client) is is_right


def test_a_code_is_taken_once_as_long_as_it_is_right(
    clock: time_machine.Traveller, executive: User, secret: str
) -> None:
    code = code_of(secret, periods=1)
    type_code(past_the_password(), code)
    for _ in range(3):
        clock.shift(29)
        other = past_the_password()
        assert errors_of(type_code(other, code)) == "This code is wrong, or was used already."
        assert not is_signed_in(other)


def test_after_five_wrong_codes_none_is_tried_for_a_while(
    clock: time_machine.Traveller, executive: User, secret: str
) -> None:
    for _ in range(5):
        type_code(past_the_password(), "000000")
    client = past_the_password()
    locked = "Too many wrong codes. Wait 15 minutes, then try again."
    assert errors_of(type_code(client, code_of(secret))) == locked
    clock.shift(15 * 60 + 1)
    client = past_the_password()
    type_code(client, code_of(secret))
    assert is_signed_in(client)


def test_a_form_without_a_code_is_answered(executive: User, secret: str) -> None:
    assert past_the_password().post(reverse("mfa_authenticate"), {}).status_code == 200


def test_the_second_step_has_to_come_within_a_quarter_of_an_hour(
    clock: time_machine.Traveller, executive: User, secret: str
) -> None:
    client = past_the_password()
    clock.shift(15 * 60 + 1)
    assert type_code(client, code_of(secret))["Location"] == "/sign-in/"
    assert not is_signed_in(client)


def test_one_may_begin_again_as_somebody_else(executive: User, secret: str) -> None:
    make_person("other")
    client = past_the_password()
    client.post(reverse("sign_out"))
    assert type_password(client, "other").status_code == 302
    assert is_signed_in(client)


def test_a_recovery_code_stands_for_the_app_once(executive: User, secret: str) -> None:
    [first, *_rest] = recovery_codes_of(executive)
    client = past_the_password()
    type_code(client, first)
    assert is_signed_in(client)
    other = past_the_password()
    type_code(other, first)
    assert not is_signed_in(other)


def set_up(client: Client) -> tuple[str, Any]:
    """As somebody does on the page; the app's secret and the answer."""
    page = client.get(reverse("mfa_activate_totp"))
    found = re.search(r'<code class="key">([A-Z2-7 ]+)</code>', page.content.decode())
    assert found, page.get("Location")
    secret = found[1].replace(" ", "")
    answer = client.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})
    return secret, answer


def just_signed_in(person: User) -> Client:
    client = Client()
    type_password(client, person.username)
    return client


def test_setting_it_up_shows_a_picture_and_then_codes_once(executive: User) -> None:
    client = just_signed_in(executive)
    page = client.get(reverse("mfa_activate_totp"))
    assert 'src="data:image/svg+xml;base64,' in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    _secret, answer = set_up(client)
    assert answer["Location"] == reverse("mfa_view_recovery_codes")
    first = client.get(answer["Location"]).content.decode()
    codes = re.findall(r"<code>(\d{8})</code>", first)
    assert len(set(codes)) == 10
    assert all(code in first.partition('href="data:text/plain')[2] for code in codes)
    again = client.get(answer["Location"]).content.decode()
    assert not any(code in again for code in codes)
    assert "10 are left" in again


def test_setting_it_up_takes_the_right_code(executive: User) -> None:
    client = just_signed_in(executive)
    client.get(reverse("mfa_activate_totp"))
    answer = client.post(reverse("mfa_activate_totp"), {"code": "000000"})
    assert errors_of(answer) == "This code is wrong, or was used already."
    assert not Authenticator.objects.exists()


def test_the_code_that_set_it_up_signs_nobody_in(executive: User) -> None:
    secret, _answer = set_up(just_signed_in(executive))
    client = past_the_password()
    type_code(client, code_of(secret))
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    "name", ["mfa_activate_totp", "mfa_deactivate_totp", "mfa_generate_recovery_codes"]
)
def test_a_browser_left_open_is_asked_for_the_password_first(
    clock: time_machine.Traveller, executive: User, name: str
) -> None:
    client = just_signed_in(executive)
    if name != "mfa_activate_totp":
        set_up(client)
    clock.shift(301)
    for answer in (client.get(reverse(name)), client.post(reverse(name))):
        assert answer["Location"].startswith(reverse("account_reauthenticate"))
    client.post(reverse("account_reauthenticate"), {"password": "wrong"})
    assert client.get(reverse(name)).status_code == 302
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert client.get(reverse(name)).status_code == 200


def test_codes_that_were_not_looked_at_are_not_shown_to_a_borrowed_browser(
    clock: time_machine.Traveller, executive: User
) -> None:
    client = just_signed_in(executive)
    set_up(client)
    clock.shift(301)
    answer = client.get(reverse("mfa_view_recovery_codes"))
    assert answer["Location"].startswith(reverse("account_reauthenticate"))


def test_a_code_confirms_as_well_as_the_password(
    clock: time_machine.Traveller, executive: User
) -> None:
    client = just_signed_in(executive)
    secret, _answer = set_up(client)
    clock.shift(301)
    client.post(reverse("mfa_reauthenticate"), {"code": code_of(secret)})
    assert client.get(reverse("mfa_deactivate_totp")).status_code == 200


def test_removing_it_takes_the_recovery_codes_along(executive: User) -> None:
    client = just_signed_in(executive)
    set_up(client)
    assert client.post(reverse("mfa_deactivate_totp"))["Location"] == reverse("mfa_index")
    assert not Authenticator.objects.exists()
    assert type_password(Client(), "executive")["Location"] == "/"


def test_new_recovery_codes_make_the_old_ones_worthless(executive: User) -> None:
    client = just_signed_in(executive)
    set_up(client)
    old = recovery_codes_of(executive)
    client.post(reverse("mfa_generate_recovery_codes"))
    page = client.get(reverse("mfa_view_recovery_codes")).content.decode()
    assert len(re.findall(r"<code>\d{8}</code>", page)) == 10
    other = past_the_password()
    type_code(other, old[0])
    assert not is_signed_in(other)


def test_secrets_are_stored_encrypted(executive: User) -> None:
    secret, _answer = set_up(just_signed_in(executive))
    stored = {row.type: row.data for row in Authenticator.objects.all()}
    assert secret not in stored["totp"]["secret"]
    assert decrypt(stored["totp"]["secret"]) == secret
    assert re.fullmatch(r"[0-9a-f]{80}", decrypt(stored["recovery_codes"]["seed"]))


def test_a_new_secret_key_reads_by_its_fallbacks_until_all_is_written_anew(
    executive: User, settings: Settings, secret: str
) -> None:
    recovery_codes_of(executive)
    old, settings.SECRET_KEY = settings.SECRET_KEY, OTHER_SECRET
    settings.SECRET_KEY_FALLBACKS = [old]
    client = past_the_password()
    type_code(client, code_of(secret))
    assert is_signed_in(client)
    out = StringIO()
    call_command("reencrypt_second_factors", stdout=out)
    assert out.getvalue() == "2 encrypted by the SECRET_KEY of today.\n"
    settings.SECRET_KEY_FALLBACKS = []
    assert decrypt(Authenticator.objects.get(type="totp").data["secret"]) == secret


def test_what_no_secret_reads_is_said_and_signs_nobody_in(
    executive: User, settings: Settings, secret: str
) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = OTHER_SECRET, []
    client = past_the_password()
    answer = type_code(client, code_of(secret))
    assert errors_of(answer).startswith("This second factor can&#x27;t be read any more.")
    assert not is_signed_in(client)
    with pytest.raises(CommandError, match=r"No secret that is known reads those of executive\."):
        call_command("reencrypt_second_factors", stdout=StringIO())


def test_something_else_is_not_decrypted() -> None:
    assert encrypt("word") != encrypt("word")
    with pytest.raises(Unreadable):
        decrypt("word")


def act(client: Client, action: str, *people: User) -> Any:
    sent = {"action": action, "_selected_action": [str(person.pk) for person in people]}
    return client.post(reverse("admin:auth_user_changelist"), sent, follow=True)


def test_an_administrator_removes_the_second_factor_of_a_lost_phone(
    administrator: User, executive: User, secret: str
) -> None:
    recovery_codes_of(executive)
    theirs = past_the_password()
    type_code(theirs, code_of(secret))
    told_of: list[Any] = []
    authenticator_removed.connect(lambda user, **_: told_of.append(user), weak=False)
    admin = just_signed_in(administrator)
    page = act(admin, "remove_second_factors", executive, administrator)
    assert "The second factor of 1 person is removed." in page.content.decode()
    assert not Authenticator.objects.exists()
    assert not is_signed_in(theirs)
    assert type_password(Client(), "executive")["Location"] == "/"
    [entry] = LogEntry.objects.all()
    assert (entry.user, entry.object_id) == (administrator, str(executive.pk))
    assert entry.change_message == "Removed the second factor."
    assert told_of == [executive, executive]


def test_only_a_superuser_removes_that_of_a_superuser(administrator: User) -> None:
    root = User.objects.create_superuser("root", password=PASSWORD)
    with_app(root)
    act(just_signed_in(administrator), "remove_second_factors", root)
    act(just_signed_in(administrator), "sign_out_everywhere", root)
    assert Authenticator.objects.count() == 1
    assert not LogEntry.objects.exists()


def test_the_list_of_people_says_who_has_one(
    administrator: User, executive: User, secret: str
) -> None:
    page = just_signed_in(administrator).get(reverse("admin:auth_user_changelist"))
    rows = page.context["cl"].result_list
    assert {row.username: row.has_second_factor for row in rows} == {
        "administrator": False,
        "executive": True,
    }


OTHERS_PAGES = ["home", "account", "summary", "session_list", "password_change", "admin:index"]


@pytest.fixture
def required(settings: Settings) -> None:
    settings.REQUIRE_SECOND_FACTOR_FOR = ["Administrator"]


@pytest.mark.usefixtures("required")
def test_who_must_have_one_opens_nothing_before_it_is_set_up(administrator: User) -> None:
    client = just_signed_in(administrator)
    for name in OTHERS_PAGES:
        assert client.get(reverse(name))["Location"] == reverse("mfa_activate_totp"), name
    answer = client.get("/api/v1/subjects/")
    assert (answer.status_code, answer.json()["code"]) == (403, "second_factor")
    part = client.get(reverse("search"), headers={"HX-Request": "true"})
    assert part["HX-Redirect"] == reverse("mfa_activate_totp")
    page = client.get(reverse("mfa_activate_totp"))
    assert told(page).startswith("Your role asks for a second factor.")
    set_up(client)
    assert client.get(reverse("account")).status_code == 200


def test_tokens_of_before_it_became_a_duty_go_on(administrator: User, settings: Settings) -> None:
    day = timezone.localdate()
    _, words = make_token(administrator, name="Nightly", scopes=["read"], last_day=day)
    settings.REQUIRE_SECOND_FACTOR_FOR = ["Administrator"]
    answer = Client().get("/api/v1/subjects/", headers={"Authorization": f"Bearer {words}"})
    assert answer.status_code == 200


@pytest.mark.usefixtures("required")
def test_who_must_have_one_may_leave(administrator: User) -> None:
    assert just_signed_in(administrator).post(reverse("sign_out"))["Location"] == "/sign-in/"


@pytest.mark.usefixtures("required")
def test_a_superuser_is_an_administrator_here_too(db: None) -> None:
    root = User.objects.create_superuser("root", password=PASSWORD)
    assert just_signed_in(root).get(reverse("account")).status_code == 302


@pytest.mark.usefixtures("required")
def test_others_need_none(executive: User) -> None:
    assert just_signed_in(executive).get(reverse("account")).status_code == 200


@pytest.mark.usefixtures("required")
def test_recovery_codes_alone_are_no_second_factor(administrator: User) -> None:
    recovery_codes_of(administrator)
    assert just_signed_in(administrator).get(reverse("account")).status_code == 302


def test_without_the_setting_nobody_is_asked(administrator: User) -> None:
    assert just_signed_in(administrator).get(reverse("account")).status_code == 200
