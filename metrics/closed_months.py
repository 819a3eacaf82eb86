"""Which months are closed: asked once, answered for any month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from metrics.models import MonthClosing
from projects.months import Month


@dataclass(frozen=True, slots=True)
class ClosedMonths:
    """The months whose scores no longer move.

    Closing a month closes all before it, so that everything before the first month that was ever
    closed by name is closed as well; a reopened month is named and open.
    """

    closed: frozenset[Month]
    first_named: Month | None
    moments: Mapping[Month, datetime] = field(default_factory=dict)
    first_moment: datetime | None = None
    """When the first month that was ever closed by name was closed first."""

    @classmethod
    def read(cls) -> ClosedMonths:
        return cls.of(MonthClosing.objects.values_list("month", "reopened_at", "closed_at"))

    @classmethod
    def of(cls, closings: Iterable[tuple[Month, datetime | None, datetime]]) -> ClosedMonths:
        """By all closings there ever were: their months, when they were ended and began."""
        rows = list(closings)
        first = min((month for month, *_ in rows), default=None)
        moments = {month: closed_at for month, reopened_at, closed_at in rows if not reopened_at}
        return cls(
            frozenset(moments),
            first,
            moments,
            min((closed_at for month, _, closed_at in rows if month == first), default=None),
        )

    def closed_at(self, month: int) -> datetime | None:
        """When a month's scores were frozen; None while it is open."""
        if self.first_named is not None and month < self.first_named:
            return self.first_moment
        return self.moments.get(Month(month))

    def __contains__(self, month: int) -> bool:
        if self.first_named is not None and month < self.first_named:
            return True
        return month in self.closed

    def open_among(self, months: Iterable[Month]) -> list[Month]:
        return [month for month in months if month not in self]

    def __bool__(self) -> bool:
        return self.first_named is not None


def numbered(closings: Iterable[MonthClosing]) -> dict[int, MonthClosing]:
    """The closings of one month by their number: 1 is the first that there was."""
    in_order = sorted(closings, key=lambda closing: (closing.closed_at, closing.pk))
    return dict(enumerate(in_order, start=1))
