"""The change of a stored overall score, told by its categories (SCORING section 8).

The engine takes the change apart; it is given what is stored, so that the parts lead exactly from
the one score on the page to the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import fsum

from dashboards.selectors.scores import category_mark
from metrics.choices import Category
from metrics.models import Score
from metrics.scoring.changes import Change, change_between
from metrics.scoring.explanation import Node


def overall_change(
    before: Score | None,
    now: Score | None,
    weights: Mapping[str, float],
    weights_before: Mapping[str, float] | None = None,
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


def _used(score: Score, weights: Mapping[str, float]) -> float:
    return fsum(
        weights[category]
        for category in Category.values
        if (measure := score.category(category)) and measure.score is not None
    )


def _overall_node(score: Score, weights: Mapping[str, float]) -> Node:
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
