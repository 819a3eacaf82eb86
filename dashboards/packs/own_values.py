"""The values in force behind a pack: how many are known, fading or missing, and which are red."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from dashboards.packs.content import RedValue, RedValues
from dashboards.packs.standing import Scope, Standing
from metrics.ledger import Ledger
from metrics.models import Measurement
from metrics.scoring.columns import TOLERANCE, Integers
from metrics.scoring.computed import all_series
from metrics.scoring.own import LineRows, line_rows
from metrics.scoring.series import Series
from projects.models import Subject
from projects.months import Month

RED_VALUES_TOLD = 10


@dataclass(frozen=True, slots=True)
class Known:
    """Of how many subjects a metric's value is expected, and how it stands with it."""

    expected: int = 0
    current: int = 0
    fading: int = 0

    @property
    def missing(self) -> int:
        return self.expected - self.current - self.fading


@dataclass(frozen=True, slots=True)
class _Red:
    metric: int
    subject: int
    month: Month
    value: float
    score: float


@dataclass(frozen=True, slots=True)
class OwnValues:
    """Of the lines of all subjects of a pack; metrics and subjects by their keys."""

    known: Mapping[tuple[int, int], Known]
    """By scorecard and metric."""
    red: tuple[_Red, ...]


def own_values(standing: Standing, scope: Scope) -> OwnValues:
    """Worked out by the engine from what stood at the moment; few queries for any number."""
    ledger = standing.ledger
    there = set(ledger.subject_ids.tolist())
    subjects = np.sort(ledger.subject_numbers(sorted(scope.judged & there)))
    if not len(subjects):
        return OwnValues({}, ())
    definitions = ledger.definitions
    series = all_series(definitions, standing.measurements(subjects))
    months = np.array([int(standing.month)], dtype=np.int64)
    card_ids = sorted(standing.cards)
    known: dict[tuple[int, int], Known] = {}
    red: list[_Red] = []
    for line in line_rows(definitions, series, months, subjects):
        metric = int(ledger.metric_ids[line.number])
        cards = definitions.card_of[subjects]
        for card, counts in _known_by_card(line, cards):
            known[card_ids[card], metric] = counts
        red += _red_of(ledger, line, cards, series[line.number]) if len(line.score) else []
    return OwnValues(known, tuple(red))


def _known_by_card(line: LineRows, cards: Integers) -> Iterator[tuple[int, Known]]:
    """How a metric stands among the subjects of each scorecard that expects it."""
    fresh = np.full(len(cards), np.nan)
    fresh[line.place] = line.rows.freshness
    expected = line.expected[:, 0]
    for card in np.unique(cards[expected]):
        mine = expected & (cards == card)
        current = int((fresh[mine] >= 1 - TOLERANCE).sum())
        in_force = int((~np.isnan(fresh[mine])).sum())
        yield int(card), Known(int(mine.sum()), current, in_force - current)


def _red_of(ledger: Ledger, line: LineRows, cards: Integers, series: Series) -> Iterator[_Red]:
    limits = np.array([card.amber_from for card in ledger.definitions.cards])
    is_red = line.score < limits[cards[line.place]] - TOLERANCE
    for row in np.flatnonzero(is_red):
        yield _Red(
            int(ledger.metric_ids[line.number]),
            int(ledger.subject_ids[line.rows.subject[row]]),
            Month(int(series.month[line.rows.source[row]])),
            float(line.rows.value[row]),
            float(line.score[row]),
        )


def red_values(standing: Standing, scope: Scope, red: Iterable[_Red]) -> RedValues:
    """Those with an explanation first, then the lowest scores."""
    found = list(red)
    notes = _notes(found)
    told = sorted(_told(standing, found, notes), key=_order)
    return RedValues(
        tuple(told[:RED_VALUES_TOLD]), len(told), sum(bool(value.explanation) for value in told)
    )


def _order(value: RedValue) -> tuple[bool, float, str, str]:
    return not value.explanation, value.score, value.code, value.metric


def _told(
    standing: Standing, red: Iterable[_Red], notes: Mapping[tuple[int, int, Month], str]
) -> Iterator[RedValue]:
    work = {link.pk: link for link in standing.engagements}
    for one in red:
        subject: Subject | None = standing.subjects.get(one.subject) or work.get(one.subject)
        if subject is None:
            continue
        metric = standing.metrics[one.metric]
        yield RedValue(
            kind=subject.kind,
            code=subject.code,
            name=subject.name,
            metric=metric.name,
            category=metric.category,
            value=one.value,
            unit=metric.unit,
            decimals=metric.decimals,
            month=str(one.month),
            score=one.score,
            explanation=notes.get((one.metric, one.subject, one.month), ""),
        )


def _notes(red: Iterable[_Red]) -> dict[tuple[int, int, Month], str]:
    """What was noted beside the values, the last note of a month; in one query."""
    wanted = {(one.metric, one.subject, one.month) for one in red}
    metrics: dict[Month, set[int]] = defaultdict(set)
    for metric, _, month in wanted:
        metrics[month].add(metric)
    rows = (
        Measurement.objects.filter(
            metric__in={metric for metric, _, _ in wanted}, month__in=list(metrics)
        )
        .exclude(note="")
        .order_by("period_start")
        .values_list("metric_id", "subject_id", "month", "note")
    )
    return {
        (metric, subject, month): note
        for metric, subject, month, note in rows
        if (metric, subject, month) in wanted
    }
