"""Whether a metric can be trusted: how complete and how late its values are, and who owes some.

Expected is what today's scorecards, spans and exemptions ask of twelve months.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from statistics import median

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from dashboards.figures.chart import Chart
from dashboards.figures.completeness import (
    Arrivals,
    MonthArrivals,
    arrivals_chart,
    days_text,
)
from dashboards.presentation.numbers import grouped
from dashboards.selectors.metrics.completeness import Wanted
from dashboards.selectors.metrics.listing import name_of
from dashboards.selectors.months import current_month, default_month
from metrics.choices import Cadence, Door
from metrics.due import entered_inputs
from metrics.due.answers import TO_DO, Answers
from metrics.entry_rights import Claims
from metrics.ledger import Ledger, read_ledger
from metrics.models import Measurement, MeasurementChange, MetricDefinition
from metrics.periods import Period, next_period, period_holding
from projects.models import Subject
from projects.months import Month

MONTHS = 12

SHOWN = 10
"""So many subjects that lack most are named."""

SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Debtors:
    """Who was to give values that are missing and overdue, and how many."""

    people: tuple[str, ...]
    """Nobody: any analyst may enter them."""
    missing: int
    subjects: int
    oldest: str
    """The first of the periods."""


@dataclass(frozen=True, slots=True)
class Lacking:
    """A subject of which values are missing."""

    code: str
    name: str
    missing: int
    expected: int


@dataclass(frozen=True, slots=True)
class SourceQuality:
    """One metric that people enter."""

    metric: MetricDefinition
    arrivals: Arrivals
    chart: Chart

    @property
    def expected(self) -> int:
        return self.arrivals.total("expected")

    @property
    def given(self) -> int:
        return self.arrivals.total("given")

    @property
    def missing(self) -> int:
        return self.arrivals.total("missing")

    @property
    def late(self) -> int:
        return self.arrivals.total("late")

    @property
    def rate(self) -> float | None:
        return self.given / self.expected if self.expected else None

    @property
    def median_text(self) -> str:
        return days_text(self.arrivals.median_days)

    @property
    def worst_text(self) -> str:
        return days_text(self.arrivals.worst_days)

    @property
    def given_note(self) -> str:
        return _("%(given)s of %(expected)s") % {
            "given": grouped(self.given),
            "expected": grouped(self.expected),
        }

    @property
    def missing_note(self) -> str:
        not_due = self.arrivals.total("not_due")
        return _("%(number)s more not due yet") % {"number": grouped(not_due)} if not_due else ""

    @property
    def undated_note(self) -> str:
        """Why the two days leave values out."""
        number = self.arrivals.total("undated")
        if not number:
            return ""
        return _("%(number)s loaded from files not counted") % {"number": grouped(number)}


@dataclass(frozen=True, slots=True)
class QualityPage:
    """A metric's own quality, or that of everything its formula takes in at last."""

    metric: MetricDefinition
    first: Month
    last: Month
    sources: tuple[SourceQuality, ...]
    debtors: tuple[Debtors, ...]
    all_lacking: tuple[Lacking, ...]
    """Of whom most is missing first."""

    @property
    def lacking(self) -> tuple[Lacking, ...]:
        """Those that a page names."""
        return self.all_lacking[:SHOWN]

    @property
    def more_lacking(self) -> int:
        return len(self.all_lacking) - len(self.lacking)

    @property
    def has_any(self) -> bool:
        return any(source.expected for source in self.sources)


@dataclass(slots=True)
class _Tally:
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    days: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Debt:
    missing: int = 0
    subjects: set[int] = field(default_factory=set)
    oldest: Period | None = None

    def add(self, subject: int, period: Period) -> None:
        self.missing += 1
        self.subjects.add(subject)
        if self.oldest is None or period.start < self.oldest.start:
            self.oldest = period


def quality_of(code: str, *, month: Month | None = None) -> QualityPage | None:
    """Of the twelve months up to one; None where there is no such metric.

    By itself up to the last that has ended, or to the latest with values where those are old. A
    month that still runs is not looked at.
    """
    ledger = read_ledger()
    metric = next((row for row in ledger.metric_rows.values() if row.code == code), None)
    if metric is None:
        return None
    inputs = entered_inputs(list(ledger.metric_rows.values()))
    sources = sorted(
        (ledger.metric_rows[key] for key in inputs[metric.pk]), key=lambda row: row.name
    )
    ended = current_month().plus(-1)
    last = min(month or _latest(ended), ended)
    return _Survey.of(ledger, inputs, sources, last.plus(1 - MONTHS), last).page(metric)


def _latest(ended: Month) -> Month:
    measured = default_month(ended.plus(1))
    return ended if measured is None or measured.plus(MONTHS) > ended else measured


@dataclass(slots=True)
class _Survey:
    """Everything that is known of the values of some metrics in some months."""

    ledger: Ledger
    wanted: Wanted
    sources: Sequence[MetricDefinition]
    first: Month
    last: Month
    today: date
    given: Mapping[tuple[int, date], Mapping[int, tuple[date, bool]]]
    """By metric and period: of whom, on which day, and whether a loaded value may be older."""
    answers: Answers
    claims: Claims
    debts: dict[frozenset[int], _Debt] = field(default_factory=lambda: defaultdict(_Debt))
    lacks: dict[int, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))

    @classmethod
    def of(
        cls,
        ledger: Ledger,
        inputs: Mapping[int, Collection[int]],
        sources: Sequence[MetricDefinition],
        first: Month,
        last: Month,
    ) -> _Survey:
        keys = [source.pk for source in sources]
        # A year that ends in the first of the months began eleven months before it.
        starts = (first.plus(1 - MONTHS).first_day, last.last_day)
        return cls(
            ledger,
            Wanted(ledger, inputs),
            sources,
            first,
            last,
            timezone.localdate(),
            _given(keys, first, last, starts),
            Answers.read(Q(metric__in=keys, period_start__range=starts)),
            Claims.read(keys),
        )

    def page(self, metric: MetricDefinition) -> QualityPage:
        sources = []
        for source in self.sources:
            arrivals = self._arrivals(source)
            sources.append(
                SourceQuality(
                    source, arrivals, arrivals_chart(arrivals, slug=f"arrivals-{source.code}")
                )
            )
        worst = sorted(
            ((key, counts) for key, counts in self.lacks.items() if counts[0]),
            key=lambda row: (-row[1][0], row[0]),
        )
        return QualityPage(
            metric,
            self.first,
            self.last,
            tuple(sources),
            self._debtors(),
            _lacking(worst),
        )

    def _arrivals(self, metric: MetricDefinition) -> Arrivals:
        tallies = {self.first.plus(place): _Tally() for place in range(MONTHS)}
        expected_of: dict[tuple[Month, Month], set[int]] = {}
        for period in self._periods(metric):
            span = period.month, period.last_month_touched
            if span not in expected_of:
                expected_of[span] = self.wanted.of(metric, period)
            self._count(metric, period, expected_of[span], tallies[period.month])
        days = [day for tally in tallies.values() for day in tally.days]
        return Arrivals(
            metric.name,
            [
                MonthArrivals(
                    month,
                    **tally.counts,
                    median_days=median(tally.days) if tally.days else None,
                    worst_days=max(tally.days, default=None),
                )
                for month, tally in tallies.items()
            ],
            median(days) if days else None,
            max(days, default=None),
        )

    def _periods(self, metric: MetricDefinition) -> Iterator[Period]:
        """The ended periods whose month is one of these; of days those of a working week."""
        starts_in = self.ledger.fiscal_year_starts_in
        period = period_holding(self.first.first_day, metric.cadence, starts_in)
        while period.month <= self.last and period.end < self.today:
            is_asked = metric.cadence != Cadence.DAY or period.start.weekday() < SATURDAY
            if period.month >= self.first and is_asked:
                yield period
            period = next_period(period)

    def _count(
        self, metric: MetricDefinition, period: Period, expected: set[int], tally: _Tally
    ) -> None:
        due_on = period.due_on(metric.due_days)
        given = self.given.get((metric.pk, period.start), {})
        for subject in expected:
            self.lacks[subject][1] += 1
            if subject in given:
                entered_on, is_loaded = given[subject]
                days = (entered_on - due_on).days
                if is_loaded and days > 0:
                    tally.counts["undated"] += 1
                else:
                    tally.counts["late" if days > 0 else "in_time"] += 1
                    tally.days.append(days)
                continue
            answer = self.answers.about(metric.pk, subject, period.start, period.month)
            if answer is not None and answer.state not in TO_DO:
                tally.counts["answered"] += 1
            elif due_on >= self.today:
                tally.counts["not_due"] += 1
            else:
                tally.counts["missing"] += 1
                self.lacks[subject][0] += 1
                self.debts[self.claims.owners(metric.pk, subject)].add(subject, period)

    def _debtors(self) -> tuple[Debtors, ...]:
        keys = {key for owners in self.debts for key in owners}
        names = {user.pk: name_of(user) for user in User.objects.filter(pk__in=keys)}
        starts_in = self.ledger.fiscal_year_starts_in
        found = [
            Debtors(
                tuple(sorted(names[key] for key in owners if key in names)),
                debt.missing,
                len(debt.subjects),
                "" if debt.oldest is None else debt.oldest.label(starts_in),
            )
            for owners, debt in self.debts.items()
        ]
        return tuple(sorted(found, key=lambda row: (-row.missing, row.people)))


def _given(
    metrics: Collection[int], first: Month, last: Month, starts: tuple[date, date]
) -> Mapping[tuple[int, date], Mapping[int, tuple[date, bool]]]:
    """When each value was first entered; what was loaded and corrected since is still loaded."""
    loaded = set(
        MeasurementChange.objects.filter(
            metric__in=metrics, period_start__range=starts, door_before=Door.WORKSPACE
        ).values_list("metric_id", "subject_id", "period_start")
    )
    found: dict[tuple[int, date], dict[int, tuple[date, bool]]] = defaultdict(dict)
    rows = Measurement.objects.filter(metric__in=metrics, month__range=(first, last)).order_by()
    for metric, subject, start, created_at, door in rows.values_list(
        "metric_id", "subject_id", "period_start", "created_at", "door"
    ):
        is_loaded = door == Door.WORKSPACE or (metric, subject, start) in loaded
        found[metric, start][subject] = timezone.localdate(created_at), is_loaded
    return found


def _lacking(worst: Sequence[tuple[int, Sequence[int]]]) -> tuple[Lacking, ...]:
    rows = Subject.objects.filter(pk__in=[key for key, _counts in worst]).values_list(
        "pk", "code", "name"
    )
    names = {key: (code, name) for key, code, name in rows}
    return tuple(
        Lacking(*names[key], missing, expected)
        for key, (missing, expected) in worst
        if key in names
    )
