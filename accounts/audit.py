"""Writing the audit log: `record` is the one way in, `forget_old_events` the only way out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import Error as DatabaseProblem
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.asking import asking_of, in_one_line
from accounts.choices import AT_WILL, Happening
from accounts.current import current_request
from accounts.models import DETAIL_LENGTH, NAME_LENGTH, AuditEvent
from accounts.sealing import delete_rows_before, unsealed

logger = logging.getLogger(__name__)

Person = User | AnonymousUser | None

MINUTE = timedelta(minutes=1)
MOST_A_MINUTE = 60
"""Of what can be caused at will: from each person who is signed in, and from each address."""
MOST_OF_STRANGERS_A_MINUTE = 300
"""From all addresses together: 300 bytes each make 130 MB a day, for as long as it goes on."""
WAITING = "_waiting_audit_events"


def record(
    happening: Happening,
    *,
    person: Person = None,
    about: Person = None,
    detail: str = "",
    request: HttpRequest | None = None,
) -> AuditEvent:
    """Add one event, in the transaction of whatever is recorded.

    Without `person` it is whoever is signed in; `about` is told only if it is somebody else.
    """
    event = _event(happening, person, about, detail, request)
    event.save()
    return event


def record_if_possible(
    happening: Happening,
    *,
    person: Person = None,
    about: Person = None,
    detail: str = "",
    request: HttpRequest | None = None,
) -> None:
    """The same for what has happened already: an answer never fails because it can't be kept."""
    try:
        with transaction.atomic():
            event = _event(happening, person, about, detail, request)
            if happening not in AT_WILL or _is_within_limits(event):
                event.save()
    except DatabaseProblem:
        logger.exception("The audit log could not be written: %s", happening.value)


def record_after_answer(
    request: HttpRequest | None,
    happening: Happening,
    *,
    person: Person = None,
    about: Person = None,
    detail: str = "",
) -> None:
    """The same, once no transaction of the request can take it back any more."""
    waiting: list[Callable[[], None]] | None = getattr(request, WAITING, None)

    def keep() -> None:
        record_if_possible(happening, person=person, about=about, detail=detail, request=request)

    if waiting is None:
        keep()
    else:
        waiting.append(keep)


def begin_waiting(request: HttpRequest) -> None:
    setattr(request, WAITING, [])


def keep_what_waits(request: HttpRequest) -> None:
    for keep in getattr(request, WAITING, []):
        keep()


@transaction.atomic
def forget_old_events() -> int:
    """Delete what is older than AUDIT_KEEP_DAYS, and say so in the log; how many events went."""
    last_moment = timezone.now() - timedelta(days=settings.AUDIT_KEEP_DAYS)
    with unsealed():
        count = delete_rows_before(last_moment)
    if count:
        record(Happening.LOG_SHORTENED, detail=f"{count} < {last_moment:%Y-%m-%d %H:%M} UTC")
    return count


def _event(
    happening: Happening,
    person: Person,
    about: Person,
    detail: str,
    request: HttpRequest | None,
) -> AuditEvent:
    request = request or current_request()
    if person is None and request is not None:
        person = getattr(request, "user", None)
    key, name = _key_and_name(person)
    about_key, about_name = _key_and_name(about)
    if about_key == key:
        about_key, about_name = None, ""
    return AuditEvent(
        happening=happening,
        person_key=key,
        person=name,
        about_key=about_key,
        about=about_name,
        detail=in_one_line(detail, DETAIL_LENGTH),
        **asdict(asking_of(request)),
    )


def _key_and_name(person: Any) -> tuple[int | None, str]:
    if person is None or not person.is_authenticated:
        return None, ""
    return person.pk, in_one_line(person.get_username(), NAME_LENGTH)


def _is_within_limits(event: AuditEvent) -> bool:
    """Whether there is room for it this minute; the first one for which there is none is told.

    Counted in the table, by all web processes together. Several at the same moment may pass each
    other: the limit holds to within as many events as there are processes.
    """
    lately = AuditEvent.objects.filter(at__gt=timezone.now() - MINUTE)
    if event.person_key is not None:
        same = lately.filter(person_key=event.person_key)
        limits = [(same, MOST_A_MINUTE)]
    else:
        strangers = lately.filter(person_key=None)
        limits = [
            (strangers.filter(address=event.address), MOST_A_MINUTE),
            (strangers, MOST_OF_STRANGERS_A_MINUTE),
        ]
    for of_whom, most in limits:
        if of_whom.filter(happening__in=AT_WILL)[:most].count() >= most:
            if not of_whom.filter(happening=Happening.NOT_KEPT).exists():
                _event_of_the_same(event).save()
            return False
    return True


def _event_of_the_same(event: AuditEvent) -> AuditEvent:
    return AuditEvent(
        happening=Happening.NOT_KEPT,
        person_key=event.person_key,
        person=event.person,
        address=event.address,
        detail=str(event.happening),
    )
