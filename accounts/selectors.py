"""Reads of the audit log: the latest first, page by page without ever counting the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Q
from django.utils import timezone

from accounts.models import AuditEvent, AuditQuerySet

PER_PAGE = 50
SEARCHED = ("detail", "path", "browser", "person", "about", "request_id")


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What the address of the page asks for; blank = any."""

    happening: str = ""
    person: str = ""
    """Who did it, or whom it is about: the whole name."""
    address: str = ""
    text: str = ""
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class LogPage:
    rows: Sequence[AuditEvent]
    next_key: int | None
    """After which event the next page begins; None = that was all."""


def log_page(wanted: LogFilter, *, after: str = "", per_page: int = PER_PAGE) -> LogPage:
    """By key, so that the thousandth page costs what the first one does."""
    found = _found(wanted)
    last = AuditEvent.objects.filter(pk=after).first() if _is_key(after) else None
    if last is not None:
        found = found.filter(Q(at__lt=last.at) | Q(at=last.at, pk__lt=last.pk))
    rows = list(found[: per_page + 1])
    has_more = len(rows) > per_page
    rows = rows[:per_page]
    return LogPage(rows, rows[-1].pk if has_more else None)


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


def _found(wanted: LogFilter) -> AuditQuerySet:
    found = AuditEvent.objects.order_by("-at", "-pk")
    if wanted.happening:
        found = found.filter(happening=wanted.happening)
    if wanted.person:
        found = found.filter(Q(person=wanted.person) | Q(about=wanted.person))
    if wanted.address:
        found = found.filter(address=wanted.address)
    if wanted.first_day:
        found = found.filter(at__gte=_midnight(wanted.first_day))
    if wanted.last_day and wanted.last_day < date.max:
        found = found.filter(at__lt=_midnight(wanted.last_day + timedelta(days=1)))
    if wanted.text:
        anywhere = Q()
        for name in SEARCHED:
            anywhere |= Q(**{f"{name}__icontains": wanted.text})
        found = found.filter(anywhere)
    return found


def _midnight(day: date) -> datetime:
    """Where the portal is: days are everybody's."""
    return timezone.make_aware(datetime.combine(day, time.min))
