"""Making, using and ending personal tokens."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from api.models import NAME_LENGTH, SHOWN_LENGTH, PersonalToken
from api.scopes import Scope
from api.signals import token_ended, token_made
from projects.validation import FieldErrors
from projects.visibility import has_limit

BEGINS_WITH = "pmo_"
RANDOM_BYTES = 32
LONGEST_DAYS = 366
MOST_IN_FORCE = 20
USED_EVERY = timedelta(minutes=1)
"""How exactly it is kept when a token was used last: not each request writes a row."""


@transaction.atomic
def make_token(
    user: User, *, name: str, scopes: Sequence[str], last_day: date
) -> tuple[PersonalToken, str]:
    """A new token, and the words by which it is used: told here, and never again."""
    name = name.strip()
    _check(user, name, scopes, last_day)
    words = BEGINS_WITH + secrets.token_urlsafe(RANDOM_BYTES)
    token = PersonalToken.objects.create(
        user=user,
        name=name,
        start=words[:SHOWN_LENGTH],
        digest=digest_of(words),
        scopes=[scope for scope in Scope.values if scope in scopes],
        expires_at=_end_of(last_day),
    )
    token_made.send(PersonalToken, token=token)
    return token, words


@transaction.atomic
def end_token(token: PersonalToken, *, by: User) -> None:
    """It opens nothing any more; harmless to repeat."""
    was_in_force = PersonalToken.objects.filter(pk=token.pk, ended_at=None).update(
        ended_at=timezone.now(), ended_by=by
    )
    if was_in_force:
        token_ended.send(PersonalToken, token=token, by=by)


def token_of(words: str) -> PersonalToken | None:
    """The token in force that is used by these words."""
    token = (
        PersonalToken.objects.select_related("user")
        .filter(digest=digest_of(words), user__is_active=True)
        .annotate(is_of_limited=has_limit("user"))
        .first()
    )
    if token is None or not token.is_in_force:
        return None
    # As projects.visibility.with_limits says it of people who are read by themselves.
    token.user.is_limited = token.is_of_limited  # type: ignore[attr-defined]
    return token


def note_use(token: PersonalToken) -> None:
    """So that a person sees which tokens nobody uses any more."""
    now = timezone.now()
    if token.used_at is None or now - token.used_at >= USED_EVERY:
        PersonalToken.objects.filter(pk=token.pk).filter(
            Q(used_at=None) | Q(used_at__lt=now)
        ).update(used_at=now)


def digest_of(words: str) -> str:
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()


def latest_last_day() -> date:
    return timezone.localdate() + timedelta(days=LONGEST_DAYS)


def _check(user: User, name: str, scopes: Sequence[str], last_day: date) -> None:
    errors = FieldErrors()
    with errors.of("name"):
        if not name:
            raise ValidationError(_("Say what the token is for."), code="required")
        if len(name) > NAME_LENGTH:
            raise ValidationError(
                _("At most %(most)s letters.") % {"most": NAME_LENGTH}, code="too_long"
            )
    with errors.of("scopes"):
        if not scopes or set(scopes) - set(Scope.values):
            raise ValidationError(_("Choose what the token may be used for."), code="scopes")
    with errors.of("last_day"):
        if not timezone.localdate() <= last_day <= latest_last_day():
            raise ValidationError(
                _("A token ends between today and %(latest)s.")
                % {"latest": latest_last_day().isoformat()},
                code="last_day",
            )
    in_force = PersonalToken.objects.filter(
        user=user, ended_at=None, expires_at__gt=timezone.now()
    ).count()
    with errors.of():
        if in_force >= MOST_IN_FORCE:
            raise ValidationError(
                _("You have %(count)s tokens in force; end one that is not needed first.")
                % {"count": in_force},
                code="too_many",
            )
    errors.raise_any()


def _end_of(day: date) -> datetime:
    """Midnight after the day, where the portal is."""
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))
