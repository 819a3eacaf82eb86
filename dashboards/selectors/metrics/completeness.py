"""How much of a metric's latest period has come, of what scorecards, spans and exemptions ask."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_

import numpy as np
from django.db.models import Q
from django.utils import timezone
from numpy.typing import NDArray

from metrics.due import ended_periods, entered_inputs
from metrics.ledger import Ledger
from metrics.models import Measurement, MetricDefinition
from metrics.periods import Period
from projects.models import Subject
from projects.visibility import current_sight


@dataclass(frozen=True, slots=True)
class Completeness:
    """One metric's latest ended period."""

    label: str
    expected: int
    given: int

    @property
    def rate(self) -> float | None:
        """None where nothing is expected."""
        return self.given / self.expected if self.expected else None

    @property
    def missing(self) -> int:
        return self.expected - self.given


def completeness_of(
    metrics: Collection[MetricDefinition], ledger: Ledger
) -> Mapping[int, Completeness]:
    """By the metric's key, in one query; a formula is given where all that it takes in is."""
    everything = ledger.metric_rows
    today, starts_in = timezone.localdate(), ledger.fiscal_year_starts_in
    periods = {
        cadence: ended_periods(cadence, today, starts_in, count=1)[0]
        for cadence in {metric.cadence for metric in everything.values()}
    }
    inputs = entered_inputs(list(everything.values()))
    wanted = Wanted(ledger, inputs)
    given = _given(periods, {key for metric in metrics for key in inputs[metric.pk]})
    found = {}
    for metric in metrics:
        needed = inputs[metric.pk]
        expected = set.intersection(
            *(wanted.of(everything[key], periods[everything[key].cadence]) for key in needed)
        )
        there = set.intersection(*(given[key] for key in needed))
        label = periods[metric.cadence].label(starts_in)
        found[metric.pk] = Completeness(label, len(expected), len(expected & there))
    return found


def seen_in(ledger: Ledger) -> NDArray[np.bool_]:
    """Which subjects of a ledger, which holds everybody, the reader sees."""
    if not current_sight().is_limited:
        return np.ones(len(ledger.subject_ids), bool)
    keys = list(Subject.objects.order_by().values_list("pk", flat=True))
    return np.isin(ledger.subject_ids, keys)


class Wanted:
    """Of whom a metric is expected, by what the ledger holds; of those whom the reader sees."""

    def __init__(self, ledger: Ledger, inputs: Mapping[int, Collection[int]]) -> None:
        self.ledger = ledger
        self.number = {int(key): place for place, key in enumerate(ledger.metric_ids)}
        self.seen = seen_in(ledger)
        self.cards_with: dict[int, set[int]] = {}
        for place, card in enumerate(ledger.definitions.cards):
            for line in card.lines:
                if line.weight > 0:
                    for key in inputs[int(ledger.metric_ids[line.metric])]:
                        self.cards_with.setdefault(key, set()).add(place)

    def of(self, metric: MetricDefinition, period: Period) -> set[int]:
        """The keys of the subjects of which the metric is expected for the period.

        What no scorecard needs is collected for its own sake, of everybody of its kind.
        """
        definitions = self.ledger.definitions
        engine = definitions.metrics[self.number[metric.pk]]
        if not engine.span.first <= period.month <= engine.span.last:
            return set()
        asked = (
            self.seen
            & (definitions.kind == metric.subject_kind)
            & (definitions.active_from <= int(period.last_month_touched))
            & (definitions.active_until >= int(period.first_month))
        )
        if metric.pk in self.cards_with:
            asked &= np.isin(definitions.card_of, list(self.cards_with[metric.pk]))
        for exempt in engine.exempt:
            if exempt.span.first <= period.month <= exempt.span.last:
                asked[exempt.subject] = False
        return set(self.ledger.subject_ids[asked].tolist())


def _given(periods: Mapping[str, Period], metrics: Collection[int]) -> dict[int, set[int]]:
    """Per metric the subjects that have a value for the latest period."""
    given: dict[int, set[int]] = {key: set() for key in metrics}
    if not given:
        return given
    of_latest = reduce(
        or_,
        (
            Q(metric__cadence=cadence, period_start=period.start)
            for cadence, period in periods.items()
        ),
    )
    rows = Measurement.objects.filter(of_latest).order_by()
    for metric, subject in rows.values_list("metric_id", "subject_id"):
        if metric in given:
            given[metric].add(subject)
    return given
