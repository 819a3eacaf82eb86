"""Who entered the values that an explanation shows: asked together, in one query."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import reduce
from operator import or_

from django.contrib.auth.models import User
from django.db.models import Q

from metrics.choices import Cadence, Door
from metrics.models import Measurement, MetricDefinition
from metrics.periods import Period
from projects.models import Subject
from projects.months import Month

Place = tuple[int, int, Month]
"""A metric's key, a subject's, and the month of the period."""


@dataclass(frozen=True, slots=True)
class _Row:
    start: date
    value: float
    by: str
    at: datetime
    door: Door


@dataclass(slots=True)
class Records:
    """Collects places while a tree is built; `read` looks all of them up."""

    starts_in: int
    as_of: datetime | None = None
    """The tree tells what stood at this moment; None = what stands now."""
    _wanted: set[Place] = field(default_factory=set)
    _found: dict[Place, list[_Row]] = field(default_factory=lambda: defaultdict(list))

    def of(self, metric: MetricDefinition, subject: Subject, month: Month) -> Record:
        place = metric.pk, subject.pk, month
        self._wanted.add(place)
        return Record(self, metric, subject, place)

    def read(self) -> None:
        if not self._wanted:
            return
        by_month: dict[Month, tuple[set[int], set[int]]] = {}
        for metric, subject, month in self._wanted:
            metrics, subjects = by_month.setdefault(month, (set(), set()))
            metrics.add(metric)
            subjects.add(subject)
        wanted = reduce(
            or_,
            (
                Q(month=month, metric__in=metrics, subject__in=subjects)
                for month, (metrics, subjects) in by_month.items()
            ),
        )
        rows = Measurement.objects.filter(wanted).select_related("entered_by")
        for row in rows.order_by("period_start"):
            place = row.metric_id, row.subject_id, Month(row.month)
            if place in self._wanted:
                self._found[place].append(
                    _Row(
                        row.period_start,
                        row.value,
                        _name(row.entered_by),
                        row.changed_at,
                        Door(row.door),
                    )
                )

    def rows(self, place: Place) -> list[_Row]:
        return self._found.get(place, [])


def _name(user: User | None) -> str:
    return "" if user is None else user.get_full_name() or user.get_username()


@dataclass(frozen=True, slots=True)
class Record:
    """Who gave the value behind a metric's score, and when; asked of the collected records."""

    records: Records
    metric: MetricDefinition
    subject: Subject
    place: Place

    @property
    def _rows(self) -> list[_Row]:
        return self.records.rows(self.place)

    @property
    def _last(self) -> _Row:
        return max(self._rows, key=lambda row: (row.at, row.start))

    @property
    def is_there(self) -> bool:
        return bool(self._rows)

    @property
    def count(self) -> int:
        """Of days and weeks several values make the month's."""
        return len(self._rows)

    @property
    def by(self) -> str:
        """Blank: no person, a file or a program."""
        return self._last.by

    @property
    def at(self) -> datetime:
        return self._last.at

    @property
    def door(self) -> str:
        return str(self._last.door.label)

    @property
    def period(self) -> str:
        """Of the value that was given last, as its history is addressed."""
        return Period(Cadence(self.metric.cadence), self._last.start).label(self.records.starts_in)

    @property
    def is_newer(self) -> bool:
        """It was given after the moment that the tree tells of."""
        return self.records.as_of is not None and self.at > self.records.as_of
