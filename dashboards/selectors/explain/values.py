"""The measurements behind a metric's value: who entered them, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.auth.models import User

from dashboards.selectors.explain.parts import shown_decimals
from metrics.choices import FOLDED_CADENCES, Cadence, Door, TimeAggregation
from metrics.closed_months import ClosedMonths
from metrics.models import Measurement, MeasurementChange, MetricDefinition
from metrics.periods import Period, period_holding
from metrics.validation.dependence import fiscal_year_starts_in
from projects.models import Subject
from projects.months import Month


@dataclass(frozen=True, slots=True)
class Correction:
    """One change of a value that was recorded before; `after` None: it was deleted."""

    period: str
    before: float
    after: float | None
    note_before: str
    note_after: str
    by: User | None
    at: datetime
    door: Door

    @property
    def is_of_note_only(self) -> bool:
        return self.before == self.after


@dataclass(frozen=True, slots=True)
class RecordedValue:
    """One measurement as it stands."""

    period: str
    value: float
    note: str
    by: User | None
    created_at: datetime
    changed_at: datetime
    door: Door
    is_late: bool

    @property
    def was_changed(self) -> bool:
        return self.changed_at != self.created_at


@dataclass(frozen=True, slots=True)
class ValuesPage:
    """What was recorded of a metric and subject for the periods of one month."""

    metric: MetricDefinition
    subject: Subject
    month: Month
    values: tuple[RecordedValue, ...]
    corrections: tuple[Correction, ...]
    decimals: int
    is_folded: bool
    is_closed: bool

    @property
    def fold(self) -> str:
        """How several values of one month become one: `mean`."""
        return str(TimeAggregation(self.metric.time_aggregation).label).lower()


def values_behind(metric: MetricDefinition, subject: Subject, month: Month) -> ValuesPage:
    """The values whose period's month this is, and every correction of one."""
    starts_in = fiscal_year_starts_in()
    first, last = _first_starts(metric.cadence, month, starts_in)
    rows = (
        Measurement.objects.filter(metric=metric, subject=subject.pk, month=month)
        .select_related("entered_by")
        .order_by("period_start")
    )
    changes = (
        MeasurementChange.objects.filter(
            metric=metric, subject=subject.pk, period_start__range=(first, last)
        )
        .select_related("changed_by")
        .order_by("-changed_at", "-pk")
    )

    def label(start: date) -> str:
        return Period(Cadence(metric.cadence), start).label(starts_in)

    values = tuple(
        RecordedValue(
            label(row.period_start),
            row.value,
            row.note,
            row.entered_by,
            row.created_at,
            row.changed_at,
            Door(row.door),
            row.is_late,
        )
        for row in rows
    )
    corrections = tuple(
        Correction(
            label(row.period_start),
            row.value_before,
            row.value_after,
            row.note_before,
            row.note_after,
            row.changed_by,
            row.changed_at,
            Door(row.door),
        )
        for row in changes
    )
    return ValuesPage(
        metric=metric,
        subject=subject,
        month=month,
        values=values,
        corrections=corrections,
        decimals=shown_decimals(metric.decimals, *(value.value for value in values)),
        is_folded=metric.cadence in FOLDED_CADENCES,
        is_closed=month in ClosedMonths.read(),
    )


def _first_starts(cadence: str, month: Month, starts_in: int) -> tuple[date, date]:
    """Between which days the periods begin whose month this is."""
    if cadence in FOLDED_CADENCES:
        return month.first_day, month.last_day
    start = period_holding(month.first_day, cadence, starts_in).start
    return start, start
