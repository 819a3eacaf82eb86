"""The values in force of one metric, and what a curve makes of them.

The engine itself finds the values, with formulas computed, so that what is drawn is what counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dashboards.presentation.bands import BandLimits
from dashboards.selectors.months import current_month, default_month
from dashboards.selectors.policies import limits_of
from metrics.choices import Band
from metrics.judging import USUAL_LIMITS
from metrics.ledger import Ledger, read_ledger, read_measurements
from metrics.models import MetricDefinition, Scorecard
from metrics.scoring.columns import Curve, Integers, Metric
from metrics.scoring.computed import all_series
from metrics.scoring.curves import curves_used, score_on
from metrics.scoring.formulas import inputs_of
from metrics.scoring.overall import band_of
from metrics.scoring.series import EMPTY_SERIES, in_force
from projects.models import Subject
from projects.months import Month

Points = Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class ValueNow:
    """A value in force, of one subject."""

    pk: int
    """The subject's."""
    code: str
    name: str
    kind: str
    value: float
    freshness: float
    own_curve: Curve | None
    """The curve that this subject has of its own by now."""
    limits: BandLimits

    def judged(self, points: Points | None) -> tuple[float | None, Band]:
        """Its score on a curve for everybody, or on its own where it has one."""
        curve = self.own_curve or (Curve.of(points) if points else None)
        if curve is None:
            return None, Band.INSUFFICIENT
        score = float(score_on(curve, np.array([self.value]))[0])
        return score, Band(band_of(score, self.limits.amber_from, self.limits.green_from))


@dataclass(frozen=True, slots=True)
class ValuesNow:
    """All values of a metric that are in force in a month."""

    month: Month
    values: tuple[ValueNow, ...]

    @property
    def own_curves(self) -> int:
        return sum(value.own_curve is not None for value in self.values)

    def counts(self, points: Points | None) -> Mapping[Band, int]:
        """How many come out in which band."""
        return Counter(value.judged(points)[1] for value in self.values)

    def without_own_curves(self) -> ValuesNow:
        """As if the curve in question judged everybody."""
        return replace(self, values=tuple(replace(row, own_curve=None) for row in self.values))

    def of(self, subject_code: str) -> ValuesNow:
        return replace(
            self, values=tuple(value for value in self.values if value.code == subject_code)
        )


def values_now(
    metric: MetricDefinition, ledger: Ledger | None = None, *, month: Month | None = None
) -> ValuesNow | None:
    """In force in a month, else in the one that pages open with; None while nothing is measured.

    Of subjects that are measured then and not exempt, as far as the reader sees them; a value in
    its grace is in force.
    """
    month = month or default_month(current_month())
    if month is None or metric.pk is None:
        return None
    ledger = only_needed_by([metric.code], ledger or read_ledger())
    number = next(
        place for place, other in enumerate(ledger.definitions.metrics) if other.code == metric.code
    )
    definition = ledger.definitions.metrics[number]
    series = all_series(ledger.definitions, read_measurements(ledger, month, month))
    rows = in_force(
        series.get(number, EMPTY_SERIES),
        current_months=definition.current_months,
        grace=definition.grace,
        first=month,
        last=month,
    )
    measured = ledger.definitions.active(np.array([int(month)]))[:, 0]
    for exempt in definition.exempt:
        if exempt.span.first <= month <= exempt.span.last:
            measured[exempt.subject] = False
    rows = rows.only(measured[rows.subject])
    names = _names(ledger, rows.subject)
    rows = rows.only(np.isin(ledger.subject_ids[rows.subject], list(names)))
    used = curves_used(definition, rows)
    return ValuesNow(
        month,
        tuple(
            ValueNow(
                *names[int(ledger.subject_ids[subject])],
                value=float(value),
                freshness=float(freshness),
                own_curve=None if own < 0 else definition.overrides[own].curve,
                limits=_limits(ledger, int(subject)),
            )
            for subject, value, freshness, own in zip(
                rows.subject, rows.value, rows.freshness, used, strict=True
            )
        ),
    )


def only_needed_by(codes: Sequence[str], ledger: Ledger) -> Ledger:
    """The same definitions with these metrics and what their formulas take in, and no others."""
    by_code = {metric.code: metric for metric in ledger.definitions.metrics}
    needed: set[str] = set()
    wanted = [code for code in codes if code in by_code]
    while wanted:
        code = wanted.pop()
        if code not in needed:
            needed.add(code)
            wanted += _inputs(by_code[code]) & by_code.keys()
    places = [
        place for place, metric in enumerate(ledger.definitions.metrics) if metric.code in needed
    ]
    return replace(
        ledger,
        metric_ids=ledger.metric_ids[places],
        definitions=replace(
            ledger.definitions,
            metrics=tuple(ledger.definitions.metrics[place] for place in places),
        ),
    )


def limits_for(kind: str) -> tuple[BandLimits, Scorecard | None]:
    """The limits of a kind's default scorecard, for drawing; the usual ones without one."""
    card = Scorecard.objects.filter(subject_kind=kind, is_default=True).first()
    return limits_of(card) or BandLimits(*USUAL_LIMITS), card


def usual_limits(kind: str, ledger: Ledger) -> BandLimits:
    """The limits that most subjects of a kind are judged by."""
    cards = ledger.definitions.card_of[ledger.definitions.kind == kind]
    cards = cards[cards >= 0]
    if not len(cards):
        return BandLimits(*USUAL_LIMITS)
    card = ledger.definitions.cards[int(np.bincount(cards).argmax())]
    return BandLimits(card.amber_from, card.green_from)


def _inputs(metric: Metric) -> frozenset[str]:
    return frozenset() if metric.formula is None else inputs_of(metric.formula)


def _names(ledger: Ledger, subjects: Integers) -> dict[int, tuple[int, str, str, str]]:
    keys = [int(ledger.subject_ids[number]) for number in subjects]
    rows = Subject.objects.filter(pk__in=keys).values_list("pk", "code", "name", "kind")
    return {row[0]: row for row in rows}


def _limits(ledger: Ledger, subject: int) -> BandLimits:
    number = int(ledger.definitions.card_of[subject])
    if number < 0:
        return BandLimits(*USUAL_LIMITS)
    card = ledger.definitions.cards[number]
    return BandLimits(card.amber_from, card.green_from)
