"""The values that are expected and have not come, those overdue first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import reduce
from operator import or_

from django.db.models import Q

from metrics.choices import Cadence
from metrics.closed_months import ClosedMonths
from metrics.due.answers import TO_DO, Answer, Answers, DueState
from metrics.due.expectations import Expectations, SubjectChoice
from metrics.entry_rights import EntryRights
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


class Whose(StrEnum):
    """Whose a value is to enter, as the person sees it who looks."""

    MINE = "mine"
    NOBODYS = "nobody"
    OTHERS = "others"


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
    days_left: int
    is_closed: bool
    """Its month is closed, so that the value counts in open months only."""
    is_older: bool
    """A gap: a later period has ended since."""

    @property
    def is_overdue(self) -> bool:
        return self.days_late > 0


@dataclass(frozen=True, slots=True)
class DueValue:
    """One value that is expected of a subject for a period and has not come."""

    metric: MetricDefinition
    subject: SubjectChoice
    asked: AskedPeriod
    owners: frozenset[int]
    """The keys of those it is assigned to."""
    answer: Answer | None = None

    @property
    def label(self) -> str:
        return self.asked.label

    @property
    def month(self) -> Month:
        return self.asked.month

    @property
    def due_on(self) -> date:
        return self.asked.due_on

    @property
    def days_late(self) -> int:
        return self.asked.days_late

    @property
    def is_closed(self) -> bool:
        return self.asked.is_closed

    @property
    def is_older(self) -> bool:
        return self.asked.is_older

    @property
    def is_overdue(self) -> bool:
        return self.asked.is_overdue

    @property
    def state(self) -> DueState:
        return DueState.OPEN if self.answer is None else self.answer.state

    @property
    def is_answered(self) -> bool:
        return self.state == DueState.ANSWERED

    @property
    def is_proposed(self) -> bool:
        return self.state == DueState.PROPOSED

    @property
    def is_to_do(self) -> bool:
        return self.state in TO_DO


@dataclass(frozen=True, slots=True)
class DueGroup:
    """How much of one metric is due."""

    metric: MetricDefinition
    total: int
    overdue: int


@dataclass(frozen=True, slots=True)
class DuePeriod:
    """One period of a metric: how much of it has come, and what has not."""

    metric: MetricDefinition
    asked: AskedPeriod
    whose: Whose
    expected: int
    given: int
    missing: tuple[DueValue, ...]

    @property
    def to_do(self) -> tuple[DueValue, ...]:
        return tuple(value for value in self.missing if value.is_to_do)


@dataclass(frozen=True, slots=True)
class DueList:
    """Everything that has not come, period by period: the longest overdue first, gaps last."""

    periods: tuple[DuePeriod, ...]

    @property
    def missing(self) -> tuple[DueValue, ...]:
        """All that has no value, whatever was said about it."""
        return tuple(value for period in self.periods for value in period.missing)

    @property
    def values(self) -> tuple[DueValue, ...]:
        """What somebody who enters values still has to give or to answer."""
        return tuple(value for value in self.missing if value.is_to_do)

    @property
    def groups(self) -> tuple[DueGroup, ...]:
        """Metric by metric."""
        found: dict[int, DueGroup] = {}
        for value in self.values:
            so_far = found.get(value.metric.pk, DueGroup(value.metric, 0, 0))
            found[value.metric.pk] = DueGroup(
                value.metric, so_far.total + 1, so_far.overdue + value.is_overdue
            )
        return tuple(found.values())

    @property
    def total(self) -> int:
        return len(self.values)

    @property
    def overdue(self) -> int:
        return sum(value.is_overdue for value in self.values)

    @property
    def older(self) -> int:
        return sum(value.is_older for value in self.values)

    def of_metric(self, code: str) -> tuple[DueValue, ...]:
        return tuple(value for value in self.values if value.metric.code == code)

    def of_subject(self, subject: SubjectChoice) -> tuple[DueValue, ...]:
        return tuple(value for value in self.values if value.subject.pk == subject.pk)


def due_list(
    expected: Expectations,
    rights: EntryRights,
    *,
    within: Collection[int] | None = None,
    closed: ClosedMonths | None = None,
) -> DueList:
    """What those with the rights have not given yet; `within` limits it to some subjects.

    Closed months that were read a moment ago can be given, so that they aren't read again.
    """
    periods = {
        cadence: ended_periods(cadence, expected.today, expected.fiscal_year_starts_in)
        for cadence in {metric.cadence for metric in expected.metrics.values()}
    }
    if not periods:
        return DueList(())
    wanted = _condition(expected.metrics.values(), periods)
    there: dict[tuple[int, date], set[int]] = defaultdict(set)
    rows = Measurement.objects.filter(wanted).order_by()
    for metric_id, start, subject_id in rows.values_list("metric_id", "period_start", "subject_id"):
        there[metric_id, start].add(subject_id)
    search = _Search(expected, rights, within, there, Answers.read(wanted))
    closed = ClosedMonths.read() if closed is None else closed
    found = [
        period
        for metric in expected.metrics.values()
        for period in search.of_metric(
            metric,
            [
                _asked(expected, metric, period, closed, is_older=place > 0)
                for place, period in enumerate(periods[metric.cadence])
            ],
        )
    ]
    return DueList(tuple(sorted(found, key=_urgency)))


def _urgency(period: DuePeriod) -> tuple[bool, bool, date, str, str]:
    """What is to do comes before what is answered, older gaps come last."""
    return (
        not any(value.is_to_do for value in period.missing),
        period.asked.is_older,
        period.asked.due_on,
        period.metric.name,
        period.metric.code,
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


def _condition(metrics: Iterable[MetricDefinition], periods: Mapping[str, Collection[Period]]) -> Q:
    """Of these metrics, in the periods that are asked of each."""
    of_cadence: dict[str, list[int]] = {cadence: [] for cadence in periods}
    for metric in metrics:
        of_cadence[metric.cadence].append(metric.pk)
    return reduce(
        or_,
        (
            Q(
                metric__in=of_cadence[cadence],
                period_start__in=[period.start for period in ended],
            )
            for cadence, ended in periods.items()
        ),
    )


def _asked(
    expected: Expectations,
    metric: MetricDefinition,
    period: Period,
    closed: ClosedMonths,
    *,
    is_older: bool,
) -> AskedPeriod:
    due_on = period.due_on(metric.due_days)
    return AskedPeriod(
        period.start,
        period.label(expected.fiscal_year_starts_in),
        period.month,
        period.first_month,
        period.last_month_touched,
        due_on,
        max((expected.today - due_on).days, 0),
        max((due_on - expected.today).days, 0),
        period.month in closed,
        is_older,
    )


@dataclass(slots=True)
class _Tally:
    """What is found of one period of a metric."""

    expected: int = 0
    missing: list[DueValue] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Search:
    expected: Expectations
    rights: EntryRights
    within: Collection[int] | None
    there: Mapping[tuple[int, date], Collection[int]]
    """Of which subjects the values of a metric's period have come."""
    answers: Answers

    def of_metric(
        self, metric: MetricDefinition, asked: Collection[AskedPeriod]
    ) -> Iterator[DuePeriod]:
        """The periods of a metric from which anything is missing, each by whose it is."""
        first, last = metric.active_from or BEGINNING, metric.active_until or LAST_MONTH
        active = [period for period in asked if first <= period.month <= last]
        given = [self.there.get((metric.pk, period.start), ()) for period in active]
        tallies: dict[Whose, list[_Tally]] = {}
        for subject, owners, whose in self._subjects(metric) if active else ():
            of_whose = tallies.setdefault(whose, [_Tally() for _ in active])
            exempt = self.expected.exempt_spans(metric, subject)
            begins, ends = subject.facts.first, subject.facts.last
            for period, there, tally in zip(active, given, of_whose, strict=True):
                if period.last_month < begins or period.first_month > ends:
                    continue
                if exempt and any(since <= period.month <= until for since, until in exempt):
                    continue
                tally.expected += 1
                if subject.pk not in there:
                    answer = self.answers.about(metric.pk, subject.pk, period.start, period.month)
                    tally.missing.append(DueValue(metric, subject, period, owners, answer))
        for whose, of_whose in tallies.items():
            for period, tally in zip(active, of_whose, strict=True):
                if tally.missing:
                    come = tally.expected - len(tally.missing)
                    yield DuePeriod(
                        metric, period, whose, tally.expected, come, tuple(tally.missing)
                    )

    def _subjects(
        self, metric: MetricDefinition
    ) -> Iterator[tuple[SubjectChoice, frozenset[int], Whose]]:
        """The subjects of which the metric is expected from these people, with the owners."""
        key, claims = metric.pk, self.rights.claims
        for subject in self.expected.subjects[metric.subject_kind]:
            if self.within is not None and subject.pk not in self.within:
                continue
            owners = claims.owners(key, subject.pk)
            if self.rights.may_enter_of(owners) and self.expected.is_expected(metric, subject):
                yield subject, owners, self._whose(owners)

    def _whose(self, owners: frozenset[int]) -> Whose:
        if not owners:
            return Whose.NOBODYS
        return Whose.MINE if self.rights.user_id in owners else Whose.OTHERS
