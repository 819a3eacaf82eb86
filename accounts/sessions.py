"""Where somebody is signed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.browsers import browser_words


@dataclass(frozen=True, slots=True)
class Place:
    """A browser in which somebody is signed in."""

    pk: int
    browser: str
    address: str
    since: datetime
    last_seen: datetime
    is_this_one: bool


def places_of(person: User, *, this_key: str | None) -> list[Place]:
    """Where the person is signed in, this browser first, then by when it was last seen."""
    rows = list(UserSession.objects.filter(user=person))
    living = _living([row.session_key for row in rows], person)
    places = [
        Place(
            pk=row.pk,
            browser=browser_words(row.user_agent),
            address=row.ip,
            since=row.created_at,
            last_seen=row.last_seen_at,
            is_this_one=row.session_key == this_key,
        )
        for row in rows
        if row.session_key in living
    ]
    return sorted(places, key=lambda place: (place.is_this_one, place.last_seen), reverse=True)


def _living(keys: list[str], person: User) -> set[str]:
    """Those that have not run out, and were begun with the password of today."""
    told = [person.get_session_auth_hash(), *person.get_session_auth_fallback_hash()]
    living = set()
    for session in Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now()):
        data = session.get_decoded()
        is_theirs = data.get(SESSION_KEY) == str(person.pk)
        begun_by = data.get(HASH_SESSION_KEY, "")
        if is_theirs and any(constant_time_compare(begun_by, one) for one in told):
            living.add(session.session_key)
    return living
