"""One metric, subject and period: what is there already, and how a value would score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dashboards.presentation.bands import BandLimits
from dashboards.selectors.entry.desk import Desk, SubjectChoice
from dashboards.selectors.entry.due import ended_periods
from dashboards.selectors.explain import shown_decimals
from metrics.choices import FOLDED_CADENCES, Band, Cadence, TimeAggregation
from metrics.closed_months import ClosedMonths
from metrics.models import CurveOverride, Measurement, MetricDefinition
from metrics.periods import Period, PeriodError, parse_period, period_holding
from metrics.scoring.columns import Curve
from metrics.scoring.curves import score_on
from metrics.scoring.overall import band_of

PERIODS_OFFERED = 6
"""Ended periods that the form offers; any other can be typed."""

LATEST_VALUES = 40


@dataclass(frozen=True, slots=True)
class OfferedPeriod:
    """A period to choose from, and what is recorded for it."""

    label: str
    value: float | None
    has_ended: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """A value with the score that its curve gives it."""

    label: str
    value: float
    score: float | None
    band: Band


@dataclass(frozen=True, slots=True)
class AboutValue:
    """What a person should know before a value is typed."""

    metric: MetricDefinition
    subject: SubjectChoice | None
    periods: tuple[OfferedPeriod, ...]
    period: Period | None
    label: str
    curve: list[list[float]]
    limits: BandLimits | None
    decimals: int
    existing: Measurement | None
    existing_judged: Judged | None
    previous: Judged | None
    is_closed: bool
    has_own_curve: bool

    @property
    def is_folded(self) -> bool:
        return self.metric.cadence in FOLDED_CADENCES

    @property
    def fold(self) -> str:
        return str(TimeAggregation(self.metric.time_aggregation).label).lower()


@dataclass(frozen=True, slots=True)
class Preview:
    """What a typed value would score on its curve, all by itself."""

    value: float
    score: float | None
    band: Band
    change: float | None
    """Against the value that is there already, else against the previous one."""
    against: Judged | None


def about_value(
    desk: Desk, metric: MetricDefinition, subject: SubjectChoice | None, period_text: str
) -> AboutValue:
    """What is known of a metric, and of a subject and period as far as they are chosen."""
    starts_in = desk.fiscal_year_starts_in
    period = _read(period_text, metric.cadence, starts_in)
    recorded = [] if subject is None else _latest_values(metric, subject, period)
    curve, is_own = _curve(metric, subject, period)
    limits = None if subject is None else desk.limits(subject)
    by_start = {row.period_start: row for row in recorded}
    existing = by_start.get(period.start) if period else None
    before = [row for row in recorded if period is None or row.period_start < period.start]

    def judged(row: Measurement | None) -> Judged | None:
        if row is None:
            return None
        there = Period(Cadence(metric.cadence), row.period_start)
        score, band = _score(curve, row.value, limits)
        return Judged(there.label(starts_in), row.value, score, band)

    offered = _offered(metric, desk)
    return AboutValue(
        metric=metric,
        subject=subject,
        periods=tuple(
            OfferedPeriod(
                each.label(starts_in),
                by_start[each.start].value if each.start in by_start else None,
                each.end < desk.today,
            )
            for each in offered
        ),
        period=period,
        label=period.label(starts_in) if period else "",
        curve=curve,
        limits=limits,
        decimals=shown_decimals(
            metric.decimals, *(row.value for row in recorded), *(point[0] for point in curve)
        ),
        existing=existing,
        existing_judged=judged(existing),
        previous=judged(before[0] if before else None),
        is_closed=period is not None and period.month in ClosedMonths.read(),
        has_own_curve=is_own,
    )


def preview(about: AboutValue, value: float) -> Preview:
    score, band = _score(about.curve, value, about.limits)
    against = about.existing_judged or about.previous
    change = None
    if against is not None and against.score is not None and score is not None:
        change = score - against.score
    return Preview(value, score, band, change, against)


def latest_ended(metric: MetricDefinition, desk: Desk) -> str:
    """The period that a value most probably is for."""
    ended = ended_periods(metric.cadence, desk.today, desk.fiscal_year_starts_in, count=1)
    return ended[0].label(desk.fiscal_year_starts_in)


def _read(text: str, cadence: str, starts_in: int) -> Period | None:
    try:
        return parse_period(text, cadence, starts_in)
    except PeriodError:
        return None


def _offered(metric: MetricDefinition, desk: Desk) -> list[Period]:
    """The running period, which values can be given for already, and the latest that ended."""
    starts_in = desk.fiscal_year_starts_in
    running = period_holding(desk.today, metric.cadence, starts_in)
    return [running, *ended_periods(metric.cadence, desk.today, starts_in, PERIODS_OFFERED)]


def _latest_values(
    metric: MetricDefinition, subject: SubjectChoice, period: Period | None
) -> list[Measurement]:
    """The latest values, the last one first; further back if an older period is at hand."""
    rows = (
        Measurement.objects.filter(metric=metric, subject=subject.pk)
        .select_related("entered_by")
        .order_by("-period_start")
    )
    latest = list(rows[:LATEST_VALUES])
    if period and len(latest) == LATEST_VALUES and period.start <= latest[-1].period_start:
        return [*latest, *rows.filter(period_start__lte=period.start)[:2]]
    return latest


def _curve(
    metric: MetricDefinition, subject: SubjectChoice | None, period: Period | None
) -> tuple[list[list[float]], bool]:
    """The curve that judges the subject in the period's month, and whether it is its own."""
    if subject is not None and period is not None:
        own = CurveOverride.objects.filter(
            metric=metric, subject=subject.pk, from_month__lte=period.month
        )
        if override := own.order_by("-from_month").first():
            return override.curve, True
    return metric.curve or [], False


def _score(
    curve: Sequence[Sequence[float]], value: float, limits: BandLimits | None
) -> tuple[float | None, Band]:
    if not curve:
        return None, Band.INSUFFICIENT
    score = float(score_on(Curve.of(curve), np.array([value]))[0])
    told = limits or BandLimits()
    return score, Band(band_of(score, told.amber_from, told.green_from))
