"""What is listened to for the audit log: signs-in, passwords, second factors, roles, tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from allauth.account.signals import password_reset
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
)
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models import Q
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_save
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import salted_hmac

from accounts.audit import record, record_after_answer, record_if_possible
from accounts.choices import Happening
from accounts.lockout import LOCK_OUT
from api.models import PersonalToken
from api.signals import token_ended, token_made
from projects.models import PortfolioLimit

OWN_FACTS = ("username", "email", "is_staff", "is_superuser", "is_active", "password")
TOLD_FACTS = ("username", "email", "is_staff", "is_superuser")
BEFORE = "_facts_before"
LOGIN_NAMES = ("username", "email", "login")
HASH_LENGTH = 12

FORMS_THAT_TELL: Mapping[str, Happening] = {
    "account_reset_password": Happening.RESET_ASKED,
    "session_end": Happening.SESSION_ENDED,
    "session_end_others": Happening.SESSION_ENDED,
}
"""Pages whose form was taken when they lead on: no signal tells of what they do."""


def listen() -> None:
    """Once, when all apps are there."""
    user_logged_in.connect(_signed_in)
    user_logged_out.connect(_signed_out)
    user_login_failed.connect(_sign_in_failed)
    pre_save.connect(_remember_facts, sender=User)
    post_save.connect(_person_saved, sender=User)
    post_delete.connect(_person_deleted, sender=User)
    m2m_changed.connect(_roles_changed, sender=User.groups.through)
    m2m_changed.connect(_roles_changed, sender=User.user_permissions.through)
    token_made.connect(_token_made)
    token_ended.connect(_token_ended)
    post_save.connect(_limit_saved, sender=PortfolioLimit)
    post_delete.connect(_limit_deleted, sender=PortfolioLimit)
    password_reset.connect(_reset_done)
    authenticator_added.connect(_factor_added)
    authenticator_reset.connect(_factor_added)
    authenticator_removed.connect(_factor_removed)
    authentication_failed.connect(_factor_failed)


def note_answer(request: HttpRequest, response: HttpResponseBase) -> None:
    """What an answer tells that no signal does."""
    match = request.resolver_match
    if match is None or request.method != "POST":
        return
    if response.status_code == 302 and match.view_name in FORMS_THAT_TELL:
        # Nobody is looked up: how long an answer takes must not tell who has an account.
        tried = request.POST.get("email", "").strip().casefold()
        detail = _in_other_words(tried) if tried else ""
        record_if_possible(FORMS_THAT_TELL[match.view_name], detail=detail, request=request)
    elif response.status_code == 429 and "api" not in match.namespaces:
        record_if_possible(Happening.LOCKED_OUT, request=request)


def _signed_in(sender: Any, *, request: HttpRequest, user: User, **_: Any) -> None:
    record_if_possible(Happening.SIGNED_IN, person=user, request=request)


def _signed_out(sender: Any, *, request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None:
        record_if_possible(Happening.SIGNED_OUT, person=user, request=request)


def _sign_in_failed(
    sender: Any,
    *,
    credentials: Mapping[str, Any],
    request: HttpRequest | None = None,
    **_: Any,
) -> None:
    """Also sent, once, when a door takes no more attempts for a while."""
    known, tried = _whom(credentials)
    is_shut = sender == LOCK_OUT
    happening = Happening.LOCKED_OUT if is_shut else Happening.SIGN_IN_FAILED
    record_after_answer(request, happening, about=known, detail=tried)


def _whom(credentials: Mapping[str, Any]) -> tuple[User | None, str]:
    """The person who is meant; of a name that nobody has, a word that tells it from others.

    People type their password where their name belongs: what was typed is kept nowhere.
    """
    tried = next((str(credentials[name]) for name in LOGIN_NAMES if credentials.get(name)), "")
    clean = tried.replace("\0", "").encode(errors="replace").decode()
    known = User.objects.filter(Q(username__iexact=clean) | Q(email__iexact=clean)).first()
    if not clean or known is not None:
        return known, ""
    return None, _in_other_words(clean)


def _in_other_words(text: str) -> str:
    """By which the same text is known again, and which says nothing of it."""
    clean = text.encode(errors="replace").decode()
    digest = salted_hmac(__name__, clean, algorithm="sha256").hexdigest()
    return f"? {digest[:HASH_LENGTH]}"


def _remember_facts(sender: Any, *, instance: User, raw: bool, **options: Any) -> None:
    """What stood there before, unless this is only the time of the last sign-in."""
    fields = options.get("update_fields")
    before = None
    if not raw and instance.pk and (fields is None or set(fields) & set(OWN_FACTS)):
        before = User.objects.filter(pk=instance.pk).values(*OWN_FACTS).first()
    setattr(instance, BEFORE, before)


def _person_saved(sender: Any, *, instance: User, created: bool, raw: bool, **options: Any) -> None:
    if raw:
        return
    if created:
        record(Happening.PERSON_MADE, about=instance, detail=_held_flags(instance))
        return
    before: dict[str, Any] | None = getattr(instance, BEFORE, None)
    if before is None:
        return
    if before["is_active"] != instance.is_active:
        was_left = Happening.PERSON_DEACTIVATED
        record(Happening.PERSON_ACTIVATED if instance.is_active else was_left, about=instance)
    if changed := [name for name in TOLD_FACTS if before[name] != getattr(instance, name)]:
        told = (f"{name}: {before[name]} → {getattr(instance, name)}" for name in changed)
        record(Happening.PERSON_CHANGED, about=instance, detail="; ".join(told))
    if before["password"] != instance.password and _is_meant(instance):
        record(Happening.PASSWORD_CHANGED, about=instance)


def _is_meant(person: User) -> bool:
    """A sign-in may store the same password in a newer way; the person changed nothing then."""
    is_told: bool = getattr(person, "_password", None) is not None
    return is_told or not person.has_usable_password()


def _held_flags(person: User) -> str:
    return ", ".join(name for name in ("is_staff", "is_superuser") if getattr(person, name))


def _person_deleted(sender: Any, *, instance: User, **_: Any) -> None:
    record(Happening.PERSON_DELETED, about=instance)


SIGNS = {"post_add": "+", "post_remove": "\N{MINUS SIGN}", "pre_clear": "\N{MINUS SIGN}"}


def _roles_changed(
    sender: Any,
    *,
    instance: User | Group | Permission,
    action: str,
    model: Any,
    pk_set: Iterable[int] | None,
    **_: Any,
) -> None:
    """Whoever takes part may be named from both sides: a person's roles, or a role's people."""
    if action not in SIGNS or (pk_set is not None and not pk_set):
        return
    if isinstance(instance, User):
        if pk_set is None:
            kept = instance.groups if model is Group else instance.user_permissions
            given = list(kept.all())
        else:
            given = list(model.objects.filter(pk__in=pk_set))
        changes = [(instance, given)] if given else []
    else:
        people = instance.user_set.all() if pk_set is None else model.objects.filter(pk__in=pk_set)
        changes = [(person, [instance]) for person in people]
    for person, rows in changes:
        names = ", ".join(sorted(str(row) for row in rows))
        record(Happening.ROLES_CHANGED, about=person, detail=f"{SIGNS[action]} {names}")


def _limit_saved(sender: Any, *, instance: PortfolioLimit, raw: bool, **_: Any) -> None:
    if not raw:
        _limits_changed("+", instance)


def _limit_deleted(sender: Any, *, instance: PortfolioLimit, **_: Any) -> None:
    _limits_changed("\N{MINUS SIGN}", instance)


def _limits_changed(sign: str, limit: PortfolioLimit) -> None:
    """Also when it goes with the person: who that was is told once more than needed."""
    person = User.objects.filter(pk=limit.user_id).first()
    record(Happening.LIMITS_CHANGED, about=person, detail=f"{sign} {limit.portfolio.code}")


def _token_made(sender: Any, *, token: PersonalToken, **_: Any) -> None:
    record(
        Happening.TOKEN_MADE,
        person=token.user,
        detail=f"{token}: {', '.join(token.scopes)}; → {token.last_day.isoformat()}",
    )


def _token_ended(sender: Any, *, token: PersonalToken, by: User, **_: Any) -> None:
    record(Happening.TOKEN_ENDED, person=by, about=token.user, detail=str(token))


def _reset_done(sender: Any, *, request: HttpRequest, user: User, **_: Any) -> None:
    record_if_possible(Happening.RESET_DONE, about=user, request=request)


def _factor_added(sender: Any, **told: Any) -> None:
    _factor(Happening.FACTOR_ADDED, **told)


def _factor_removed(sender: Any, **told: Any) -> None:
    _factor(Happening.FACTOR_REMOVED, **told)


def _factor(
    happening: Happening, *, request: HttpRequest, user: User, authenticator: Any, **_: Any
) -> None:
    record_if_possible(happening, about=user, detail=str(authenticator.type), request=request)


def _factor_failed(
    sender: Any, *, request: HttpRequest, user: User | AnonymousUser, **_: Any
) -> None:
    record_after_answer(request, Happening.FACTOR_FAILED, about=user)
