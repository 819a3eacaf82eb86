"""The values that are expected and have not come, those overdue first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from itertools import groupby
from operator import or_

from django.db.models import Q

from dashboards.selectors.entry.desk import Desk, SubjectChoice
from metrics.choices import Cadence
from metrics.closed_months import ClosedMonths
from metrics.models import Measurement, MetricDefinition
from metrics.periods import Period, period_holding
from projects.months import BEGINNING, LAST_MONTH, Month

PERIODS_ASKED = {
    Cadence.DAY: 3,
    Cadence.WEEK: 3,
    Cadence.MONTH: 3,
    Cadence.QUARTER: 2,
    Cadence.YEAR: 2,
}
"""How many ended periods are asked for; what is older is history, not work."""

SATURDAY = 5


@dataclass(frozen=True, slots=True)
class DueValue:
    """One value that is expected of a subject for a period."""

    metric: MetricDefinition
    subject: SubjectChoice
    label: str
    month: Month
    due_on: date
    days_late: int
    is_closed: bool
    """Its month is closed, so that the value counts in open months only."""
    is_older: bool
    """A gap: a later period has ended since."""

    @property
    def is_overdue(self) -> bool:
        return self.days_late > 0


@dataclass(frozen=True, slots=True)
class DueBlock:
    """Values of one metric that stand together in a list."""

    metric: MetricDefinition
    is_older: bool
    values: tuple[DueValue, ...]


def blocks_of(values: Iterable[DueValue]) -> list[DueBlock]:
    """The values in their order, those that belong together under one heading."""
    together = groupby(values, key=lambda value: (value.metric, value.is_older))
    return [DueBlock(metric, is_older, tuple(block)) for (metric, is_older), block in together]


@dataclass(frozen=True, slots=True)
class DueGroup:
    """How much of one metric is due."""

    metric: MetricDefinition
    total: int
    overdue: int


@dataclass(frozen=True, slots=True)
class DueList:
    """Everything that is due, metric by metric, as a person works it down; older gaps come last."""

    groups: tuple[DueGroup, ...]
    values: tuple[DueValue, ...]

    @property
    def total(self) -> int:
        return len(self.values)

    @property
    def overdue(self) -> int:
        return sum(group.overdue for group in self.groups)

    @property
    def older(self) -> int:
        return sum(value.is_older for value in self.values)

    def of_metric(self, code: str) -> tuple[DueValue, ...]:
        return tuple(value for value in self.values if value.metric.code == code)

    def of_subject(self, subject: SubjectChoice) -> tuple[DueValue, ...]:
        return tuple(value for value in self.values if value.subject.pk == subject.pk)


def due_values(desk: Desk) -> DueList:
    """What the person of the desk owes; the metric with the longest delay comes first."""
    periods = {
        cadence: ended_periods(cadence, desk.today, desk.fiscal_year_starts_in)
        for cadence in {metric.cadence for metric in desk.metrics.values()}
    }
    there = _there_already(desk.metrics.values(), periods)
    closed = ClosedMonths.read()
    by_metric = [
        sorted(
            _due_of(desk, metric, asked, there),
            key=lambda value: (
                value.is_older,
                value.due_on,
                value.subject.name,
                value.subject.code,
            ),
        )
        for metric in desk.metrics.values()
        if (
            asked := [
                _asked(desk, metric, period, closed, is_older=place > 0)
                for place, period in enumerate(periods[metric.cadence])
            ]
        )
    ]
    ordered = sorted(
        (values for values in by_metric if values),
        key=lambda values: (values[0].is_older, values[0].due_on, values[0].metric.name),
    )
    everything = [value for values in ordered for value in values]
    return DueList(
        groups=tuple(
            DueGroup(values[0].metric, len(values), sum(value.is_overdue for value in values))
            for values in ordered
        ),
        values=tuple(sorted(everything, key=lambda value: value.is_older)),
    )


@dataclass(frozen=True, slots=True)
class AskedPeriod:
    """A period of one metric, with what every subject's value of it has in common."""

    start: date
    label: str
    month: Month
    first_month: Month
    last_month: Month
    due_on: date
    days_late: int
    is_closed: bool
    is_older: bool


def _asked(
    desk: Desk, metric: MetricDefinition, period: Period, closed: ClosedMonths, *, is_older: bool
) -> AskedPeriod:
    due_on = period.due_on(metric.due_days)
    return AskedPeriod(
        period.start,
        period.label(desk.fiscal_year_starts_in),
        period.month,
        period.first_month,
        period.last_month_touched,
        due_on,
        max((desk.today - due_on).days, 0),
        period.month in closed,
        is_older,
    )


def _due_of(
    desk: Desk,
    metric: MetricDefinition,
    asked: Collection[AskedPeriod],
    there: Collection[tuple[int, int, date]],
) -> Iterator[DueValue]:
    first, last = metric.active_from or BEGINNING, metric.active_until or LAST_MONTH
    expected = [period for period in asked if first <= period.month <= last]
    if not expected:
        return
    for subject in desk.subjects_to_enter(metric):
        if not desk.is_expected(metric, subject):
            continue
        for period in expected:
            if (
                (metric.pk, subject.pk, period.start) not in there
                and period.last_month >= subject.facts.first
                and period.first_month <= subject.facts.last
                and not desk.is_exempt(metric, subject, period.month)
            ):
                yield DueValue(
                    metric,
                    subject,
                    period.label,
                    period.month,
                    period.due_on,
                    period.days_late,
                    period.is_closed,
                    period.is_older,
                )


def ended_periods(cadence: str, today: date, starts_in: int, count: int = 0) -> list[Period]:
    """The latest periods that have ended, the last one first; of days those of a working week."""
    periods: list[Period] = []
    before = period_holding(today, cadence, starts_in).start - timedelta(days=1)
    while len(periods) < (count or PERIODS_ASKED[Cadence(cadence)]):
        period = period_holding(before, cadence, starts_in)
        if cadence != Cadence.DAY or before.weekday() < SATURDAY:
            periods.append(period)
        before = period.start - timedelta(days=1)
    return periods


def _there_already(
    metrics: Collection[MetricDefinition], periods: Mapping[str, list[Period]]
) -> set[tuple[int, int, date]]:
    """(metric, subject, start) of the values that have come for these periods."""
    if not metrics:
        return set()
    wanted = [
        Q(
            metric__in=[metric.pk for metric in metrics if metric.cadence == cadence],
            period_start__in=[period.start for period in ended],
        )
        for cadence, ended in periods.items()
    ]
    rows = Measurement.objects.filter(reduce(or_, wanted)).order_by()
    return set(rows.values_list("metric_id", "subject_id", "period_start"))
