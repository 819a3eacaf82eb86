"""The months that pages offer, and the one they open with."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Subquery
from django.utils import timezone

from metrics.closed_months import ClosedMonths
from metrics.models import Measurement, Score
from projects.months import Month


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


@dataclass(frozen=True, slots=True)
class ViewMonth:
    """The month that a page is about, and what it can be compared with."""

    month: Month
    offered: tuple[Month, ...]
    running: Month
    is_closed: bool

    @property
    def is_unfinished(self) -> bool:
        return self.month == self.running

    @property
    def previous(self) -> Month | None:
        """The offered month before this one."""
        return max((month for month in self.offered if month < self.month), default=None)

    def last_months(self, count: int = 12) -> list[Month]:
        """The months of a trend that ends here, oldest first, scored or not."""
        return [self.month.plus(-back) for back in reversed(range(count))]


def view_month(wanted: Month | None) -> ViewMonth | None:
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
    return ViewMonth(month, tuple(offered), running, month in ClosedMonths.read())
