"""Which values of a grid somebody gave, corrected or deleted lately, and who it was."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Self

from django.db.models import F, QuerySet

from dashboards.selectors.entry import Desk
from dashboards.selectors.grid.cells import Place, name_of, name_read
from metrics.choices import Cadence, DraftState
from metrics.models import DraftMeasurement, Measurement, MeasurementChange
from metrics.periods import Period

MOST_CHANGES = 10_000
"""More than a grid has cells."""

STILL_UNDER_WAY = timedelta(minutes=2)
"""A change bears the time at which it was begun, and is seen when it is done."""


@dataclass(frozen=True, slots=True)
class Watched:
    """The part of the values that a grid shows: of one metric, or of one subject."""

    metric: str
    subject: str
    cadence: str
    first: date
    last: date
    """First days of the first and the last period."""

    @property
    def filters(self) -> dict[str, Any]:
        whose = (
            {"metric__code": self.metric}
            if self.metric
            else {"subject__code": self.subject, "metric__cadence": self.cadence}
        )
        return {**whose, "period_start__gte": self.first, "period_start__lte": self.last}


@dataclass(frozen=True, slots=True)
class CellChange:
    """The latest thing that happened to a value."""

    metric: str
    subject: str
    start: date
    at: datetime
    by: str

    @classmethod
    def of(cls, metric: str, subject: str, start: date, at: datetime, *name: str | None) -> Self:
        return cls(metric, subject, start, at, name_read(*name))


def changes_since(watched: Watched, since: datetime) -> list[CellChange]:
    """The latest change of each value since then, in one query; rather too many than too few.

    A creation is on record with the measurement alone, a deletion with its change alone, and
    undoing an import puts back the time that stood there before: so all of them are asked.
    """
    begin = since - STILL_UNDER_WAY
    given = Measurement.objects.filter(changed_at__gte=begin)
    changed = MeasurementChange.objects.filter(changed_at__gte=begin)
    drafts = DraftMeasurement.objects.filter(state=DraftState.WAITING, entered_at__gte=begin)
    decided = DraftMeasurement.objects.filter(decided_at__gte=begin)
    rows = _rows(given, watched, "changed_at", "entered_by").union(
        _rows(changed, watched, "changed_at", "changed_by"),
        _rows(drafts, watched, "entered_at", "entered_by"),
        _rows(decided, watched, "decided_at", "decided_by"),
        all=True,
    )[:MOST_CHANGES]
    # Of what happened at one moment the name decides, so that the same is told every time.
    found = sorted((CellChange.of(*row) for row in rows), key=lambda change: (change.at, change.by))
    latest = {(change.metric, change.subject, change.start): change for change in found}
    return list(latest.values())


def _rows(rows: QuerySet[Any], watched: Watched, at: str, by: str) -> Any:
    return (
        rows.order_by()
        .filter(**watched.filters)
        .values_list("metric__code", "subject__code", "period_start", F(at), *name_of(by))
    )


def changed_places(desk: Desk, changes: Collection[CellChange]) -> list[tuple[CellChange, Place]]:
    """Those that lie on the person's desk, with the places that they changed."""
    metrics = {metric.code: metric for metric in desk.metrics.values()}
    subjects = {row.code: row for rows in desk.subjects.values() for row in rows}
    found = []
    for change in changes:
        metric, subject = metrics.get(change.metric), subjects.get(change.subject)
        if metric is not None and subject is not None:
            period = Period(Cadence(metric.cadence), change.start)
            found.append((change, Place(metric, subject, period)))
    return found
