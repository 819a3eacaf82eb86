"""What stands in cells, how it scores, what is due, and why some can't be changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import FloatField, Value
from django.utils.translation import gettext as _

from dashboards.presentation.bands import BandLimits
from dashboards.presentation.months import month_label
from dashboards.presentation.numbers import listed
from dashboards.selectors.entry import Desk, SubjectChoice
from metrics.choices import Cadence, DraftState
from metrics.closed_months import ClosedMonths
from metrics.judging import NOT_JUDGED, Judge, Judged, Limits, OwnCurve
from metrics.models import (
    CurveOverride,
    DraftMeasurement,
    Measurement,
    MetricDefinition,
    NoValue,
)
from metrics.operations.overtaking import Seen
from metrics.periods import Period
from metrics.scoring.columns import Curve
from metrics.validation.measurements import outside_span, overlaps
from projects.months import BEGINNING, LAST_MONTH

LOOKED_BACK = {
    Cadence.DAY: timedelta(days=31),
    Cadence.WEEK: timedelta(days=92),
    Cadence.MONTH: timedelta(days=400),
    Cadence.QUARTER: timedelta(days=800),
    Cadence.YEAR: timedelta(days=1500),
}
"""How far back a value still is the previous one of a cell."""

Key = tuple[int, int, date]
"""Metric, subject, first day of the period."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which value a cell holds."""

    metric: MetricDefinition
    subject: SubjectChoice
    period: Period

    @property
    def key(self) -> Key:
        return self.metric.pk, self.subject.pk, self.period.start


@dataclass(frozen=True, slots=True)
class Standing:
    """The latest value of a cell: recorded, or waiting for approval."""

    value: float
    note: str
    said_at: datetime
    said_by: str
    waits: bool

    @property
    def seen(self) -> Seen:
        return Seen(self.value, self.said_at)


@dataclass(frozen=True, slots=True)
class GridCell:
    """One cell as a person sees it."""

    standing: Standing | None
    judged: Judged
    lock: str
    """Why it can't be changed, as a code; empty where it can."""
    reason: str
    """The same as a sentence."""
    due: str
    """`due`, `overdue`, or empty."""
    no_value: str
    """Why there is none, where somebody said so."""


@dataclass(slots=True)
class CellReader:
    """Everything that many cells ask, read in a fixed number of queries."""

    desk: Desk
    closed: ClosedMonths
    judge: Judge
    recorded: Mapping[Key, Standing]
    waiting: Mapping[Key, Standing]
    without: Mapping[Key, str]
    names: Mapping[int, str]
    _before: dict[tuple[int, int], list[tuple[date, float]]] = field(default_factory=dict)

    @classmethod
    def read(
        cls,
        desk: Desk,
        metrics: Collection[MetricDefinition],
        subjects: Collection[SubjectChoice],
        periods: Collection[Period],
        *,
        closed: ClosedMonths,
    ) -> CellReader:
        """For all cells that these metrics, subjects and periods make."""
        found = _read(metrics, subjects, periods)
        before: dict[tuple[int, int], list[tuple[date, float]]] = defaultdict(list)
        for (metric, subject, start), standing in found.recorded.items():
            before[metric, subject].append((start, standing.value))
        return cls(
            desk=desk,
            closed=closed,
            judge=_judge(desk, metrics, subjects),
            recorded=found.recorded,
            waiting=found.waiting,
            without=found.without,
            names=_names_of_owners(desk, metrics),
            _before=before,
        )

    def cell(self, place: Place) -> GridCell:
        standing = self.waiting.get(place.key) or self.recorded.get(place.key)
        lock, reason = self._lock(place, place.key in self.recorded)
        no_value = self.without.get(place.key, "")
        is_missing = standing is None and not lock and not no_value
        return GridCell(
            standing=standing,
            judged=self.judged(place, standing.value if standing else None),
            lock=lock,
            reason=reason,
            due=self._due(place) if is_missing else "",
            no_value="" if standing else no_value,
        )

    def judged(self, place: Place, value: float | None) -> Judged:
        if value is None:
            return NOT_JUDGED
        month = place.period.month
        return self.judge.judged(place.metric.pk, place.subject.pk, month, value)

    def previous(self, place: Place) -> tuple[Period, float, Judged] | None:
        """The value before the period, and how it scored."""
        values = self._before.get((place.metric.pk, place.subject.pk), [])
        earlier = [row for row in values if row[0] < place.period.start]
        if not earlier:
            return None
        start, value = earlier[-1]
        then = Period(place.period.cadence, start)
        return then, value, self.judged(Place(place.metric, place.subject, then), value)

    def rights_lock(self, metric: MetricDefinition, subject: SubjectChoice) -> str:
        """Why a person may not enter any value of a row, or nothing."""
        if metric.is_computed:
            return _(
                "%(metric)s is computed by its formula; enter the values that it is made of."
            ) % {"metric": metric.name}
        if self.desk.may_enter(metric, subject):
            return ""
        owners = self.desk.rights.claims.owners(metric.pk, subject.pk)
        names = sorted(self.names[owner] for owner in owners if owner in self.names)
        return (
            _("Entered by %(names)s.") % {"names": listed(names)}
            if names
            else _("Assigned to somebody else.")
        )

    def _lock(self, place: Place, is_recorded: bool) -> tuple[str, str]:
        metric, subject, period = place.metric, place.subject, place.period
        if sentence := self.rights_lock(metric, subject):
            return ("computed" if metric.is_computed else "rights"), sentence
        label = period.label(self.desk.fiscal_year_starts_in)
        if not overlaps(subject.facts, period):
            return "span", outside_span(subject.facts, label)
        if period.month in self.closed:
            sentence = _("%(month)s is closed") % {"month": month_label(period.month)}
            if is_recorded:
                return "closed", _("%(sentence)s; a PMO lead can reopen it.") % {
                    "sentence": sentence
                }
            return "closed", _("%(sentence)s. A late first value can be given in the form.") % {
                "sentence": sentence
            }
        if self.desk.is_exempt(metric, subject, period.month):
            return "exempt", (
                _("%(metric)s does not apply to %(subject)s in %(month)s.")
                % {
                    "metric": metric.name,
                    "subject": subject.name,
                    "month": month_label(period.month),
                }
            )
        return "", ""

    def _due(self, place: Place) -> str:
        metric, subject, period = place.metric, place.subject, place.period
        first, last = metric.active_from or BEGINNING, metric.active_until or LAST_MONTH
        is_asked = first <= period.month <= last and period.end < self.desk.today
        if not is_asked or not self.desk.is_expected(metric, subject):
            return ""
        return "overdue" if period.due_on(metric.due_days) < self.desk.today else "due"


@dataclass(frozen=True, slots=True)
class Read:
    """What is stored of cells, in the order of their periods."""

    recorded: dict[Key, Standing] = field(default_factory=dict)
    waiting: dict[Key, Standing] = field(default_factory=dict)
    without: dict[Key, str] = field(default_factory=dict)


RECORDED, WAITING, WITHOUT = "recorded", "waiting", "without"


def _read(
    metrics: Collection[MetricDefinition],
    subjects: Collection[SubjectChoice],
    periods: Collection[Period],
) -> Read:
    """Values, values that wait for approval, and reasons for there being none; in one query.

    Recorded values also of the periods before those asked about.
    """
    found = Read()
    if not metrics or not subjects or not periods:
        return found
    starts = [period.start for period in periods]
    back = max(LOOKED_BACK[Cadence(period.cadence)] for period in periods)
    since = min(starts) - back if min(starts).toordinal() > back.days else date.min
    of_whom: dict[str, Any] = {
        "metric__in": [metric.pk for metric in metrics],
        "subject__in": [subject.pk for subject in subjects],
    }
    values = Measurement.objects.order_by().filter(
        **of_whom, period_start__gte=since, period_start__lte=max(starts)
    )
    drafts = DraftMeasurement.objects.order_by().filter(
        **of_whom, period_start__in=starts, state=DraftState.WAITING
    )
    reasons = NoValue.objects.order_by().filter(**of_whom, period_start__in=starts)
    nothing = Value(None, output_field=FloatField())
    rows = values.values_list(
        Value(RECORDED), *_PLACE, "value", "note", "changed_at", *name_of("entered_by")
    ).union(
        drafts.values_list(
            Value(WAITING), *_PLACE, "value", "note", "entered_at", *name_of("entered_by")
        ),
        reasons.values_list(
            Value(WITHOUT), *_PLACE, nothing, "reason", "said_at", *name_of("said_by")
        ),
        all=True,
    )
    for kind, metric, subject, start, value, note, at, *name in sorted(rows, key=_in_order):
        cell = (metric, subject, start)
        if kind == RECORDED:
            found.recorded[cell] = Standing(value, note, at, name_read(*name), waits=False)
        elif kind == WAITING:
            found.waiting[cell] = Standing(value, note, at, name_read(*name), waits=True)
        else:
            found.without[cell] = note
    return found


_PLACE = ("metric_id", "subject_id", "period_start")


def name_of(person: str) -> tuple[str, str, str]:
    return f"{person}__first_name", f"{person}__last_name", f"{person}__username"


def _in_order(row: Any) -> Any:
    return row[1:4]


def name_read(first: str | None, last: str | None, username: str | None) -> str:
    return f"{first or ''} {last or ''}".strip() or username or "somebody"


def _names_of_owners(desk: Desk, metrics: Iterable[MetricDefinition]) -> dict[int, str]:
    owners = {
        claim.user_id
        for metric in metrics
        for claim in desk.rights.claims.by_metric.get(metric.pk, ())
    }
    if not owners:
        return {}
    rows = User.objects.filter(pk__in=owners).values_list(
        "pk", "first_name", "last_name", "username"
    )
    return {key: name_read(*names) for key, *names in rows}


def _judge(
    desk: Desk, metrics: Collection[MetricDefinition], subjects: Collection[SubjectChoice]
) -> Judge:
    """As `Judge.read`, of what the desk knows already."""
    own: dict[tuple[int, int], list[OwnCurve]] = defaultdict(list)
    for metric, subject, month, curve in (
        CurveOverride.objects.filter(
            metric__in=[row.pk for row in metrics], subject__in=[row.pk for row in subjects]
        )
        .order_by("from_month")
        .values_list("metric_id", "subject_id", "from_month", "curve")
    ):
        own[metric, subject].append(OwnCurve(int(month), Curve.of(curve)))
    limits = ((subject.pk, desk.limits(subject)) for subject in subjects)
    return Judge(
        curves={metric.pk: Curve.of(metric.curve) for metric in metrics if metric.curve},
        own_curves=own,
        limits_of={key: _limits(found) for key, found in limits if found is not None},
        asks_why_red=frozenset(metric.pk for metric in metrics if metric.asks_why_red),
    )


def _limits(limits: BandLimits) -> Limits:
    return Limits(limits.amber_from, limits.green_from)
