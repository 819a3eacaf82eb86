"""Two people at one value: what somebody saw, against what stands there now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from metrics.models import DraftMeasurement, Measurement
from metrics.validation.numbers import number_text


@dataclass(frozen=True, slots=True)
class Seen:
    """What a person saw where they now put a value: the latest there was, or that there was none.

    Where a value waits for approval, that one is the latest.
    """

    value: float | None
    changed_at: datetime | None = None
    """Not known: only the value is compared."""

    @classmethod
    def of(cls, row: Measurement | DraftMeasurement | None) -> Self:
        return cls(None) if row is None else cls(row.value, said_at(row))


class NotLooked(StrEnum):
    """For doors at which nobody looks first: what is stored is corrected, on record."""

    NOT_LOOKED = "not looked"


NOT_LOOKED = NotLooked.NOT_LOOKED


class OvertakenError(ValidationError):
    """Somebody else was faster; `now` is what stands there, None if it was deleted."""

    def __init__(self, now: Measurement | DraftMeasurement | None) -> None:
        self.told = _overtaken(now)
        super().__init__(f"{self.told} {_('Look again before you save.')}", code="overtaken")
        self.now = now


def said_at(row: Measurement | DraftMeasurement) -> datetime:
    """When a value was given as it stands."""
    return row.entered_at if isinstance(row, DraftMeasurement) else row.changed_at


def refuse_if_overtaken(seen: Seen | NotLooked, now: Measurement | DraftMeasurement | None) -> None:
    """OvertakenError if what stands there is not what the person saw."""
    if isinstance(seen, NotLooked):
        return
    is_other_value = seen.value != (None if now is None else now.value)
    is_later = now is not None and seen.changed_at not in (None, said_at(now))
    if is_other_value or is_later:
        raise OvertakenError(now)


def _overtaken(now: Measurement | DraftMeasurement | None) -> str:
    if now is None:
        return _("The value that stood here was deleted meanwhile.")
    who = name_of(now.entered_by)
    at = timezone.localtime(said_at(now)).strftime("%Y-%m-%d %H:%M")
    if isinstance(now, DraftMeasurement):
        sentence = _("Meanwhile %(person)s gave %(value)s, which waits for approval (%(time)s).")
    else:
        sentence = _("Meanwhile %(person)s gave %(value)s (%(time)s).")
    return sentence % {"person": who, "value": number_text(now.value), "time": at}


def name_of(person: User | None) -> str:
    return _("somebody") if person is None else person.get_full_name() or person.get_username()
