"""Personal tokens: shown once, kept as a digest, ended by a person, a day or an administrator."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from api.models import PersonalToken
from api.operations.tokens import (
    LONGEST_DAYS,
    MOST_IN_FORCE,
    digest_of,
    end_token,
    make_token,
    token_of,
)
from api.scopes import Scope
from tests.admin_pages import page
from tests.api.conftest import Program, token_for

pytestmark = pytest.mark.django_db


def look(words: str) -> int:
    client = Client(headers={"Authorization": f"Bearer {words}"})
    return int(client.get("/api/v1/me/").status_code)


def test_only_the_digest_is_kept(executive: User) -> None:
    token, words = token_for(executive)
    kept = PersonalToken.objects.filter(pk=token.pk).values().get()
    assert words.startswith(kept["start"])
    assert [name for name, value in kept.items() if words in str(value)] == []
    assert kept["digest"] == digest_of(words) != words


def test_a_token_opens_what_its_person_may(executive: User) -> None:
    answer = Program(executive, Scope.READ).get("me/").json()
    assert (answer["user"], answer["roles"]) == ("executive", ["Executive"])
    assert answer["token"]["scopes"] == ["read"]


def test_an_ended_token_opens_nothing(executive: User) -> None:
    token, words = token_for(executive)
    assert look(words) == 200
    end_token(token, by=executive)
    assert look(words) == 401


def test_a_token_ends_with_its_last_day(executive: User) -> None:
    token, words = token_for(executive)
    assert token_of(words) == token
    PersonalToken.objects.update(
        created_at=timezone.now() - timedelta(days=2), expires_at=timezone.now()
    )
    assert look(words) == 401


def test_a_token_of_somebody_who_has_left_opens_nothing(executive: User) -> None:
    _, words = token_for(executive)
    executive.is_active = False
    executive.save()
    assert look(words) == 401


def test_a_role_that_is_taken_away_is_taken_from_the_token_too(analyst: User) -> None:
    program = Program(analyst)
    assert program.get("scores/").status_code == 200
    analyst.groups.clear()
    assert program.get("scores/").status_code == 403


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer pmo_wrong", "Basic YTpi", "pmo_x", "Bearer \ud83d"]
)
def test_what_is_no_token_is_told_in_one_shape(header: str, db: None) -> None:
    client = Client(headers={"Authorization": header.encode("utf-8", "replace").decode()})
    answer = client.get("/api/v1/me/")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.json()["code"] == "token"


def test_a_wrong_token_is_not_helped_by_a_session(executive: User) -> None:
    client = Client(headers={"Authorization": "Bearer pmo_wrong"})
    client.force_login(executive)
    assert client.get("/api/v1/me/").status_code == 401


def test_when_a_token_was_used_last_is_kept_to_the_minute(executive: User) -> None:
    _, words = token_for(executive)
    look(words)
    first = PersonalToken.objects.get().used_at
    look(words)
    assert first is not None
    assert PersonalToken.objects.get().used_at == first


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"days": -1}, "last_day"),
        ({"days": LONGEST_DAYS + 1}, "last_day"),
    ],
)
def test_a_token_is_refused_with_what_would_fit(
    executive: User, changed: dict[str, Any], field: str
) -> None:
    days = changed.pop("days", 0)
    asked = {"name": "n", "scopes": ["read"], **changed}
    with pytest.raises(ValidationError) as refusal:
        make_token(executive, last_day=timezone.localdate() + timedelta(days=days), **asked)
    assert list(refusal.value.message_dict) == [field]
    assert not PersonalToken.objects.exists()


def test_nobody_gathers_tokens_without_end(executive: User) -> None:
    for _ in range(MOST_IN_FORCE):
        token_for(executive)
    with pytest.raises(ValidationError, match="end one that is not needed"):
        token_for(executive)


FORM = {"name": "Nightly load", "scopes": ["read", "measurements:write"]}


def test_the_page_shows_a_new_token_once(
    analyst: User, client_of: Callable[[User], Client]
) -> None:
    client = client_of(analyst)
    form = FORM | {"last_day": timezone.localdate().isoformat()}
    answer = client.post(reverse("token_list"), form)
    words = answer.context["words"]
    assert words in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    later = client.get(reverse("token_list")).content.decode()
    assert words not in later
    assert words[:12] in later
    assert look(words) == 200


def test_the_page_says_what_is_wrong_with_a_form(
    analyst: User, client_of: Callable[[User], Client]
) -> None:
    answer = client_of(analyst).post(reverse("token_list"), FORM | {"last_day": "2000-01-01"})
    assert answer.status_code == 422
    assert "A token ends between today and" in answer.content.decode()
    assert not PersonalToken.objects.exists()


def test_a_person_ends_their_own_tokens_and_no_others(
    analyst: User, executive: User, client_of: Callable[[User], Client]
) -> None:
    own, _ = token_for(analyst)
    other, _ = token_for(executive)
    client = client_of(analyst)
    assert client.post(reverse("token_end", args=[own.pk])).status_code == 302
    assert client.post(reverse("token_end", args=[other.pk])).status_code == 404
    states = {token.pk: token.is_in_force for token in PersonalToken.objects.all()}
    assert states == {own.pk: False, other.pk: True}


def test_an_administrator_ends_anybodys(
    administrator: User, executive: User, client_of: Callable[[User], Client]
) -> None:
    token, _ = token_for(executive)
    client = client_of(administrator)
    listing = reverse("admin:api_personaltoken_changelist")
    assert "test" in client.get(listing).content.decode()
    assert client.get(page(token, "change")).status_code == 200
    client.post(listing, {"action": "end", "_selected_action": [token.pk]})
    token.refresh_from_db()
    assert (token.is_in_force, token.ended_by) == (False, administrator)


def test_the_admin_site_shows_no_digest(
    administrator: User, executive: User, client_of: Callable[[User], Client]
) -> None:
    token, words = token_for(executive)
    shown = client_of(administrator).get(page(token, "change")).content.decode()
    assert token.digest not in shown
    assert words not in shown
