"""One metric, subject and period: what is there already, and how a value would score."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dashboards.presentation.bands import BandLimits
from dashboards.selectors.entry.desk import Desk
from dashboards.selectors.explain import shown_decimals
from metrics.choices import (
    FOLDED_CADENCES,
    Band,
    Cadence,
    DraftState,
    ProposalState,
    TimeAggregation,
)
from metrics.closed_months import ClosedMonths
from metrics.due import SubjectChoice, ended_periods
from metrics.judging import Judge, Limits
from metrics.models import (
    DraftMeasurement,
    Exemption,
    ExemptionProposal,
    Measurement,
    MetricDefinition,
    NoValue,
)
from metrics.operations.overtaking import said_at
from metrics.periods import Period, PeriodError, parse_period, period_holding
from projects.months import Month

PERIODS_OFFERED = 6
"""Ended periods that the form offers; any other can be typed."""

LATEST_VALUES = 40

VALUES_BEFORE = 6
"""Previous values that stand beside the form."""

OPEN_OR_REFUSED = (ProposalState.WAITING, ProposalState.REFUSED)


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
    note: str = ""


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
    before: tuple[Judged, ...]
    """The values of earlier periods, the last one first."""
    is_closed: bool
    has_own_curve: bool
    judge: Judge

    @property
    def previous(self) -> Judged | None:
        return self.before[0] if self.before else None

    @property
    def is_folded(self) -> bool:
        return self.metric.cadence in FOLDED_CADENCES

    @property
    def fold(self) -> str:
        return str(TimeAggregation(self.metric.time_aggregation).label).lower()


@dataclass(frozen=True, slots=True)
class ValueState:
    """What was said of a period besides a recorded value."""

    waiting: DraftMeasurement | None = None
    rejected: DraftMeasurement | None = None
    """Sent back, and nothing came after it."""
    no_value: NoValue | None = None
    exemption: Exemption | None = None
    proposal: ExemptionProposal | None = None
    """Waiting, or refused lately."""

    @property
    def is_expected(self) -> bool:
        """Whether "no value" and "does not apply" are answers that still make sense."""
        return self.exemption is None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a typed value would score on its curve, all by itself."""

    value: float
    score: float | None
    band: Band
    change: float | None
    """Against the value that is there already, else against the previous one."""
    against: Judged | None
    asks_why: bool
    """It is red, and its metric wants to know why."""


def about_value(
    desk: Desk, metric: MetricDefinition, subject: SubjectChoice | None, period_text: str
) -> AboutValue:
    """What is known of a metric, and of a subject and period as far as they are chosen."""
    starts_in = desk.fiscal_year_starts_in
    period = _read(period_text, metric.cadence, starts_in)
    recorded = [] if subject is None else _latest_values(metric, subject, period)
    subject_id = 0 if subject is None else subject.pk
    limits = None if subject is None else desk.limits(subject)
    judge = Judge.of_one(
        metric,
        None if subject is None else subject.pk,
        None if limits is None else Limits(limits.amber_from, limits.green_from),
    )
    month = Month(0) if period is None else period.month
    curve = judge.curve(metric.pk, subject_id, month)
    by_start = {row.period_start: row for row in recorded}
    existing = by_start.get(period.start) if period else None
    before = [row for row in recorded if period is None or row.period_start < period.start]

    def judged(row: Measurement) -> Judged:
        there = Period(Cadence(metric.cadence), row.period_start)
        score, band = judge.judged(metric.pk, subject_id, there.month, row.value)
        return Judged(there.label(starts_in), row.value, score, band, row.note)

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
        curve=[] if curve is None else curve.points(),
        limits=limits,
        decimals=shown_decimals(
            metric.decimals,
            *(row.value for row in recorded),
            *([] if curve is None else curve.values.tolist()),
        ),
        existing=existing,
        existing_judged=None if existing is None else judged(existing),
        before=tuple(judged(row) for row in before[:VALUES_BEFORE]),
        is_closed=period is not None and period.month in ClosedMonths.read(),
        has_own_curve=judge.own_curve(metric.pk, subject_id, month) is not None,
        judge=judge,
    )


def preview(about: AboutValue, value: float) -> Preview:
    subject_id = about.subject.pk if about.subject else 0
    month = about.period.month if about.period else Month(0)
    metric = about.metric
    score, band = about.judge.judged(metric.pk, subject_id, month, value)
    against = about.existing_judged or about.previous
    change = None
    if against is not None and against.score is not None and score is not None:
        change = score - against.score
    asks_why = metric.asks_why_red and band == Band.RED
    return Preview(value, score, band, change, against, asks_why)


def state_of(desk: Desk, about: AboutValue | None) -> ValueState:
    """What was said of the period at hand: drafts, "no value", "does not apply"."""
    if about is None or about.subject is None or about.period is None:
        return ValueState()
    pair = {"metric": about.metric, "subject": about.subject.pk}
    here = {**pair, "period_start": about.period.start}
    said_last = None if about.existing is None else said_at(about.existing)
    drafts = DraftMeasurement.objects.filter(**here).select_related("entered_by", "decided_by")
    latest = drafts.order_by("-entered_at", "-pk").first()
    month = about.period.month
    is_exempt = desk.is_exempt(about.metric, about.subject, month)
    proposals = ExemptionProposal.objects.filter(**pair, from_month__lte=month)
    return ValueState(
        waiting=latest if latest and latest.state == DraftState.WAITING else None,
        rejected=latest if latest and _is_sent_back(latest, said_last) else None,
        no_value=NoValue.objects.filter(**here).select_related("said_by").first(),
        exemption=_exemption(about.metric, about.subject, month) if is_exempt else None,
        proposal=next(
            (
                row
                for row in proposals.filter(state__in=OPEN_OR_REFUSED)
                .select_related("proposed_by", "decided_by")
                .order_by("-proposed_at", "-pk")[:1]
                if _holds(row, month)
            ),
            None,
        ),
    )


def _exemption(metric: MetricDefinition, subject: SubjectChoice, month: Month) -> Exemption | None:
    rows = Exemption.objects.filter(metric=metric, subject=subject.pk, from_month__lte=month)
    return next((row for row in rows if _holds(row, month)), None)


def _is_sent_back(draft: DraftMeasurement, said_last: datetime | None) -> bool:
    if draft.state != DraftState.REJECTED:
        return False
    return said_last is None or draft.entered_at > said_last


def _holds(row: Exemption | ExemptionProposal, month: Month) -> bool:
    return row.until_month is None or month <= row.until_month


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
