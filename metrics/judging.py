"""Judging single values: the score that a curve gives a value all by itself, and its band.

Not to be mixed up with the score of a month, which the engine makes of the values in force.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from django.db.models import QuerySet
from numpy.typing import ArrayLike

from metrics.choices import Band
from metrics.models import CurveOverride, MetricDefinition, Scorecard
from metrics.scoring.columns import TOLERANCE, Booleans, Curve, Floats, Integers
from metrics.scoring.curves import score_on
from metrics.scoring.overall import band_of
from projects.models import Subject
from projects.months import Month


class Limits(NamedTuple):
    """Where amber and green begin on a scorecard."""

    amber_from: float
    green_from: float


USUAL_LIMITS = Limits(50.0, 75.0)
"""For subjects that no scorecard judges: their values are still to be told good from bad."""


class Judged(NamedTuple):
    """What a value scores; nothing, if its metric has no curve."""

    score: float | None
    band: Band

    @property
    def is_red(self) -> bool:
        return self.band == Band.RED


NOT_JUDGED = Judged(None, Band.INSUFFICIENT)


@dataclass(frozen=True, slots=True)
class OwnCurve:
    """A subject's own curve of a metric, from a month on."""

    from_month: int
    curve: Curve


@dataclass(frozen=True, slots=True)
class Judge:
    """All curves and limits that concern some metrics and subjects, read in four queries."""

    curves: Mapping[int, Curve]
    own_curves: Mapping[tuple[int, int], Sequence[OwnCurve]]
    """By metric and subject, in the order of their months."""
    limits_of: Mapping[int, Limits]
    asks_why_red: frozenset[int]

    @classmethod
    def read(
        cls,
        metric_ids: Collection[int] | None = None,
        subject_ids: Collection[int] | None = None,
    ) -> Judge:
        """Of all metrics or subjects, or of those asked about."""
        metrics = MetricDefinition.objects.order_by()
        overrides = CurveOverride.objects.order_by("from_month")
        subjects = Subject.objects.order_by()
        if metric_ids is not None:
            metrics = metrics.filter(pk__in=metric_ids)
            overrides = overrides.filter(metric__in=metric_ids)
        if subject_ids is not None:
            overrides = overrides.filter(subject__in=subject_ids)
            subjects = subjects.filter(pk__in=subject_ids)
        defined = list(metrics.values_list("pk", "curve", "asks_why_red"))
        return cls(
            curves={key: Curve.of(curve) for key, curve, _ in defined if curve},
            own_curves=_own_curves(overrides),
            limits_of=_limits_of(
                subjects.values_list("pk", "kind", "scorecard_assignment__scorecard_id")
            ),
            asks_why_red=frozenset(key for key, _, asks in defined if asks),
        )

    @classmethod
    def of_one(
        cls, metric: MetricDefinition, subject_id: int | None, limits: Limits | None
    ) -> Judge:
        """Of a metric in hand and one subject whose limits are known: one query, or none."""
        own_curves = {}
        if subject_id is not None:
            overrides = CurveOverride.objects.filter(metric=metric, subject=subject_id)
            own_curves = _own_curves(overrides.order_by("from_month"))
        return cls(
            curves={metric.pk: Curve.of(metric.curve)} if metric.curve else {},
            own_curves=own_curves,
            limits_of={} if limits is None or subject_id is None else {subject_id: limits},
            asks_why_red=frozenset([metric.pk] if metric.asks_why_red else []),
        )

    def curve(self, metric_id: int, subject_id: int, month: Month | int) -> Curve | None:
        """The curve that judges the subject in a month: its own if it has one by then."""
        own = self.own_curve(metric_id, subject_id, month)
        return self.curves.get(metric_id) if own is None else own

    def own_curve(self, metric_id: int, subject_id: int, month: Month | int) -> Curve | None:
        own = self.own_curves.get((metric_id, subject_id), ())
        place = bisect_right(own, int(month), key=lambda curve: curve.from_month)
        return own[place - 1].curve if place else None

    def limits(self, subject_id: int) -> Limits | None:
        """Of the scorecard that judges the subject; None without one."""
        return self.limits_of.get(subject_id)

    def judged(
        self, metric_id: int, subject_id: int, month: Month | int, value: float | None
    ) -> Judged:
        curve = self.curve(metric_id, subject_id, month)
        if curve is None or value is None:
            return NOT_JUDGED
        score = float(score_on(curve, np.array([value]))[0])
        limits = self.limits(subject_id) or USUAL_LIMITS
        return Judged(score, Band(band_of(score, *limits)))

    def scores(
        self,
        metric_ids: ArrayLike,
        subject_ids: ArrayLike,
        months: ArrayLike,
        values: ArrayLike,
    ) -> Floats:
        """The score of each value, NaN where its metric has no curve; columns of one length."""
        metrics, subjects, in_months = _keys(metric_ids), _keys(subject_ids), _keys(months)
        given = np.asarray(values, dtype=np.float64)
        scores = np.full(len(given), np.nan)
        of_metric: dict[int, list[tuple[int, Sequence[OwnCurve]]]] = defaultdict(list)
        for (metric, subject), own in self.own_curves.items():
            of_metric[metric].append((subject, own))
        for metric in np.unique(metrics):
            rows = np.flatnonzero(metrics == metric)
            if int(metric) in self.curves:
                scores[rows] = score_on(self.curves[int(metric)], given[rows])
            for subject, own in of_metric[int(metric)]:
                for override in own:  # in the order of their months: a later one holds
                    of_subject = subjects[rows] == subject
                    concerned = rows[of_subject & (in_months[rows] >= override.from_month)]
                    scores[concerned] = score_on(override.curve, given[concerned])
        return scores

    def are_red(self, subject_ids: ArrayLike, scores: Floats) -> Booleans:
        """Which scores are red by the limits of their subjects."""
        subjects, place = np.unique(_keys(subject_ids), return_inverse=True)
        amber_from = np.array(
            [(self.limits(int(subject)) or USUAL_LIMITS).amber_from for subject in subjects]
        )
        # A NaN is below nothing.
        return scores < (amber_from[place] if len(place) else amber_from) - TOLERANCE

    def ask_why(
        self,
        metric_ids: ArrayLike,
        subject_ids: ArrayLike,
        months: ArrayLike,
        values: ArrayLike,
    ) -> Booleans:
        """Which values need a sentence of explanation: red ones of metrics that ask for it."""
        asking = np.isin(_keys(metric_ids), list(self.asks_why_red))
        scores = self.scores(metric_ids, subject_ids, months, values)
        return asking & self.are_red(subject_ids, scores)

    def asks_why(
        self, metric_id: int, subject_id: int, month: Month | int, value: float
    ) -> Judged | None:
        """The red score that asks for an explanation, or None if nothing is asked."""
        if metric_id not in self.asks_why_red:
            return None
        judged = self.judged(metric_id, subject_id, month, value)
        return judged if judged.is_red else None


def _keys(column: ArrayLike) -> Integers:
    return np.asarray(column, dtype=np.int64)


def _own_curves(
    overrides: QuerySet[CurveOverride],
) -> dict[tuple[int, int], list[OwnCurve]]:
    found: dict[tuple[int, int], list[OwnCurve]] = defaultdict(list)
    for metric, subject, month, curve in overrides.values_list(
        "metric_id", "subject_id", "from_month", "curve"
    ):
        found[metric, subject].append(OwnCurve(int(month), Curve.of(curve)))
    return dict(found)


def _limits_of(subjects: Collection[tuple[int, str, int | None]]) -> dict[int, Limits]:
    cards: dict[int, Limits] = {}
    default: dict[str, Limits] = {}
    for card, kind, is_default, amber_from, green_from in Scorecard.objects.order_by().values_list(
        "pk", "subject_kind", "is_default", "amber_from", "green_from"
    ):
        cards[card] = Limits(amber_from, green_from)
        if is_default:
            default[kind] = cards[card]
    limits = (
        (subject, default.get(kind) if card is None else cards[card])
        for subject, kind, card in subjects
    )
    return {subject: found for subject, found in limits if found is not None}
