"""The change of a stored overall score, told by its categories (SCORING section 8).

The engine takes the change apart; it is given what is stored, so that the parts lead exactly from
the one score on the page to the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from math import fsum
from typing import NamedTuple

from django.db.models import F, Value

from dashboards.selectors.months import ViewMonth
from dashboards.selectors.policies import category_weights
from dashboards.selectors.scores import category_mark
from metrics.choices import Category
from metrics.models import Score, Scorecard, ScorecardAssignment
from metrics.scoring.changes import Change, change_between
from metrics.scoring.explanation import Node
from projects.models import Subject

Weights = Mapping[str, float]

WEIGHTS = tuple(f"weight_{category}" for category in Category.values)


class Record(NamedTuple):
    """What a scorecard was made to, or which one a subject was given; a deletion is "-"."""

    changed_at: datetime
    is_card: bool
    card: int
    change: str
    is_default: bool
    weights: tuple[float, ...]


def overall_change(
    before: Score | None,
    now: Score | None,
    weights: Weights,
    weights_before: Weights | None = None,
) -> Change | None:
    """Category by category and the balance; None if either month has no overall score.

    `weights_before`: those of the month before, where it was scored by others.

    None as well where the weights count no category that has a score: a kind whose scorecard is
    gone keeps its scores of closed months, and nothing tells what they were made of.
    """
    if weights_before is None:
        weights_before = weights
    if before is None or now is None or not (_used(before, weights_before) and _used(now, weights)):
        return None
    return change_between(_overall_node(before, weights_before), _overall_node(now, weights))


def weights_then(
    subject: Subject, month: ViewMonth, card: Scorecard | None
) -> tuple[Weights, Weights]:
    """How the categories are weighed in the month, and in the one that it is compared with.

    In an open month both by `card`, the subject's scorecard of today. The scores of a closed month
    were made by the scorecard of its closing, as its kept pack tells, and those of the month before
    by that of its own. One query for a closed month, none for an open one.
    """
    today = category_weights(card)
    if not month.is_closed:
        return today, today
    months = (month.month, month.month if month.before is None else month.before)
    moments = [month.closed.closed_at(there) for there in months]
    records = _records(subject, max(at for at in moments if at is not None))
    now, before = (today if at is None else _weights_at(records, at) for at in moments)
    return now, before


def _records(subject: Subject, until: datetime) -> list[Record]:
    """What became of the subject's own assignment and of its kind's scorecards, oldest first."""
    no_weights = {field: Value(0.0) for field in WEIGHTS}
    assignments = (
        ScorecardAssignment.history.filter(subject=subject.pk)
        .annotate(is_card=Value(False), card=F("scorecard_id"), is_default=Value(False))
        .annotate(**no_weights)
    )
    cards = Scorecard.history.filter(subject_kind=subject.kind).annotate(
        is_card=Value(True), card=F("id")
    )
    names = ("history_date", "history_id", "is_card", "card", "history_type", "is_default")
    rows = [
        history.filter(history_date__lte=until).order_by().values_list(*names, *WEIGHTS)
        for history in (assignments, cards)
    ]
    return [
        Record(changed_at, is_card, card, change, is_default, tuple(weights))
        for changed_at, _number, is_card, card, change, is_default, *weights in sorted(
            rows[0].union(rows[1], all=True)
        )
    ]


def _weights_at(records: Iterable[Record], at: datetime) -> Weights:
    """By the subject's own scorecard or else its kind's default, as it was at a moment."""
    own: int | None = None
    cards: dict[int, Record] = {}
    for record in records:
        if record.changed_at > at:
            break
        is_there = record.change != "-"
        if not record.is_card:
            own = record.card if is_there else None
        elif is_there:
            cards[record.card] = record
        else:
            cards.pop(record.card, None)
    default = next((card for card in cards.values() if card.is_default), None)
    card = default if own is None else cards.get(own)
    return dict(zip(Category.values, card.weights if card else (0.0,) * len(WEIGHTS), strict=True))


def _used(score: Score, weights: Weights) -> float:
    return fsum(
        weights[category]
        for category in Category.values
        if (measure := score.category(category)) and measure.score is not None
    )


def _overall_node(score: Score, weights: Weights) -> Node:
    used = _used(score, weights)
    parts = [
        _category_node(number, score, category, weights[category], used)
        for number, category in enumerate(Category.values)
    ]
    if score.overall_score is not None:
        mean = fsum(part.points for part in parts if part.points is not None)
        taken = score.overall_score - mean
        parts.append(Node("balance", 0, None, None, None, None, None, 0, taken))
    return Node(
        "overall",
        0,
        None,
        score.overall_coverage,
        score.overall_score,
        score.overall_low,
        score.overall_high,
        score.overall_band,
        None,
        tuple(parts),
    )


def _category_node(number: int, score: Score, category: str, weight: float, used: float) -> Node:
    mark = category_mark(category, score.category(category))
    counts = score.overall_score is not None and mark.score is not None and used > 0
    return Node(
        "category",
        number,
        weight,
        mark.coverage,
        mark.score,
        mark.low,
        mark.high,
        mark.band or 0,
        weight * (mark.score or 0.0) / used if counts else None,
    )
