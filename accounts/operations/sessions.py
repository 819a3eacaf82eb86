"""Ending where somebody is signed in: from that moment their browser there is a stranger's."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet


def end_session(person: User, pk: int) -> bool:
    """False if there is none such of theirs."""
    return _end(UserSession.objects.filter(user=person, pk=pk)) > 0


def end_sessions(person: User, *, but: str | None = None) -> int:
    """All of a person's, but the one with this key; how many."""
    return _end(UserSession.objects.filter(user=person).exclude(session_key=but or ""))


@transaction.atomic
def _end(rows: QuerySet[UserSession]) -> int:
    keys = list(rows.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    rows.delete()
    return len(keys)
