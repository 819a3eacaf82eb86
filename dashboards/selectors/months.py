"""The months that pages offer, and the one they open with."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db.models import Subquery
from django.utils import timezone

from metrics.closed_months import ClosedMonths
from metrics.models import Measurement, Score
from projects.months import FIRST_MONTH, MONTHS_PER_YEAR, Month

LAST_YEAR = "last-year"
"""What an address compares with, where that is the same month last year."""


def current_month() -> Month:
    """The running month, whose values are still coming in."""
    return Month.of(timezone.localdate())


def default_month(current: Month) -> Month | None:
    """The latest month before the current one that has a measurement; the same on every page."""
    return (
        Measurement.objects.filter(month__lt=current)
        .order_by("-month")
        .values_list("month", flat=True)
        .first()
    )


def scored_months() -> list[Month]:
    """The months that have scores, oldest first."""
    return list(Score.objects.order_by("month").values_list("month", flat=True).distinct())


def _offered_and_default(current: Month) -> tuple[list[Month], Month | None]:
    """Both of the above, as a rule in one query."""
    latest = Measurement.objects.filter(month__lt=current).order_by("-month").values("month")
    months = Score.objects.order_by("month").values_list("month").distinct()
    rows = list(months.annotate(default=Subquery(latest[:1])))
    if not rows:
        return [], default_month(current)
    default = rows[0][1]
    return [month for month, _default in rows], None if default is None else Month(default)


def read_against(text: str) -> str:
    """What an address compares with, as ViewMonth takes it; ValueError if it is no month."""
    return text if text in ("", LAST_YEAR) else str(Month.parse(text))


@dataclass(frozen=True, slots=True)
class ViewMonth:
    """The month that a page is about, and what it can be compared with."""

    month: Month
    offered: tuple[Month, ...]
    running: Month
    closed: ClosedMonths = field(repr=False, compare=False)
    against: str = ""
    """What the address compares with: LAST_YEAR, a month, or blank for the month before."""

    @property
    def is_closed(self) -> bool:
        return self.month in self.closed

    @property
    def is_unfinished(self) -> bool:
        return self.month == self.running

    @property
    def previous(self) -> Month | None:
        """The offered month before this one."""
        return max((month for month in self.offered if month < self.month), default=None)

    @property
    def year_before(self) -> Month | None:
        """The same month last year."""
        there = self.month.plus(-MONTHS_PER_YEAR)
        return there if there >= FIRST_MONTH else None

    @property
    def asked_before(self) -> Month | None:
        """The month that the address compares with, whether it can be or not; None without one."""
        if self.against == LAST_YEAR:
            return self.year_before
        return Month.parse(self.against) if self.against else None

    @property
    def before(self) -> Month | None:
        """The month that changes are counted from, scored or not: an earlier one.

        An address may be stepped back past the month it compares with; then it is the month before.
        """
        asked = self.asked_before
        return self.previous if asked is None or self.is_stepped_past else asked

    @property
    def is_stepped_past(self) -> bool:
        return self.asked_before is not None and self.asked_before >= self.month

    @property
    def query(self) -> str:
        """What other pages about the same month need in their addresses."""
        alone = f"month={self.month}"
        return f"{alone}&against={self.against}" if self.against else alone

    @property
    def explained_query(self) -> str:
        """What the explanation needs to tell the same change; with its question mark."""
        return f"?against={self.before}" if self.against and self.before else ""

    def last_months(self, count: int = 12) -> list[Month]:
        """The months of a trend that ends here, oldest first, scored or not."""
        return [self.month.plus(-back) for back in reversed(range(count))]


def view_month(wanted: Month | None, *, against: str = "") -> ViewMonth | None:
    """The wanted month, else the default one; None while nothing has been measured.

    Months that have no scores are offered too if they are asked for: a link stays what it was.
    """
    running = current_month()
    if wanted is None:
        offered, default = _offered_and_default(running)
    else:
        offered, default = scored_months(), None
    month = wanted or default or (offered[-1] if offered else None)
    if month is None:
        return None
    return ViewMonth(month, tuple(offered), running, ClosedMonths.read(), against)
