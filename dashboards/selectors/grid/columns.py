"""The periods that stand side by side in a grid, and the steps to older and newer ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext, pgettext

from dashboards.presentation.months import month_label
from metrics.choices import Cadence
from metrics.closed_months import ClosedMonths
from metrics.due import ended_periods
from metrics.periods import Period, PeriodError, next_period, parse_period, period_holding
from projects.months import Month

PERIODS_OFFERED = (1, 3, 6, 12)
USUAL_PERIODS = 3

SATURDAY = 5


@dataclass(frozen=True, slots=True)
class GridColumn:
    """One period, as its heading tells of it."""

    period: Period
    label: str
    title: str
    about: str
    is_running: bool
    is_closed: bool


@dataclass(frozen=True, slots=True)
class Columns:
    """The chosen periods, the oldest first."""

    columns: tuple[GridColumn, ...]
    count: int
    older: str
    """The last period of the step before, as it stands in the address."""
    newer: str
    """Empty at the end."""

    def __iter__(self) -> Iterator[GridColumn]:
        return iter(self.columns)

    @property
    def periods(self) -> list[Period]:
        return [column.period for column in self.columns]


def columns_of(
    cadence: str,
    *,
    count: int,
    until: str,
    today: date,
    starts_in: int,
    closed: ClosedMonths,
) -> Columns:
    """The last periods up to the given one; without one, up to the latest that has ended."""
    running = period_holding(today, cadence, starts_in)
    last = _read(until, cadence, starts_in) or ended_periods(cadence, today, starts_in, count=1)[0]
    last = min(last, running, key=lambda period: period.start)
    periods = [last]
    while len(periods) < count and periods[0].start > date(2, 1, 1):
        periods.insert(0, _before(periods[0], starts_in))
    return Columns(
        tuple(_column(period, running, starts_in, closed) for period in periods),
        count,
        older=_before(periods[0], starts_in).label(starts_in),
        newer=_newer(last, running, count, starts_in),
    )


def _read(text: str, cadence: str, starts_in: int) -> Period | None:
    try:
        return parse_period(text, cadence, starts_in)
    except PeriodError:
        return None


def _before(period: Period, starts_in: int) -> Period:
    """The period before; nobody reports of weekends, so days step over them."""
    day = period.start - timedelta(days=1)
    while period.cadence == Cadence.DAY and day.weekday() >= SATURDAY:
        day -= timedelta(days=1)
    return period_holding(day, period.cadence, starts_in)


def _newer(last: Period, running: Period, count: int, starts_in: int) -> str:
    if last.start >= running.start:
        return ""
    later = last
    for _ in range(count):
        if later.start >= running.start:
            break
        later = next_period(later)
        while later.cadence == Cadence.DAY and later.start.weekday() >= SATURDAY:
            later = next_period(later)
    return min(later, running, key=lambda period: period.start).label(starts_in)


def _column(period: Period, running: Period, starts_in: int, closed: ClosedMonths) -> GridColumn:
    is_running, is_closed = period.start == running.start, period.month in closed
    return GridColumn(
        period,
        period.label(starts_in),
        _title(period, starts_in),
        gettext("closed") if is_closed else gettext("not over yet") if is_running else "",
        is_running,
        is_closed,
    )


def _title(period: Period, starts_in: int) -> str:
    label = period.label(starts_in)
    if period.cadence == Cadence.MONTH:
        return month_label(Month.of(period.start))
    if period.cadence == Cadence.DAY:
        return date_format(period.start, pgettext("day of the week and date", "D d M Y"))
    return label
