"""Which months are closed: asked once, answered for any month."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

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

    @classmethod
    def read(cls) -> ClosedMonths:
        rows = list(MonthClosing.objects.values_list("month", "reopened_at"))
        return cls(
            frozenset(month for month, reopened_at in rows if reopened_at is None),
            min((month for month, _ in rows), default=None),
        )

    def __contains__(self, month: int) -> bool:
        if self.first_named is not None and month < self.first_named:
            return True
        return month in self.closed

    def open_among(self, months: Iterable[Month]) -> list[Month]:
        return [month for month in months if month not in self]

    def __bool__(self) -> bool:
        return self.first_named is not None
