"""A score taken apart: points, possible range and effective weights (SCORING.md, section 8)."""

from collections.abc import Callable
from typing import Any

from .periods import month_number
from .scores import (
    CATEGORIES,
    Category,
    Mean,
    Member,
    MetricScore,
    Overall,
    Scores,
    arithmetic_mean,
    overall_mean,
    scores_of,
)
from .workspace import Workspace

Node = dict[str, Any]
Range = tuple[float, float]
UNKNOWN: Range = (0.0, 100.0)


def explain(workspace: Workspace | Scores, subject: str, month: str) -> Node | None:
    """The tree behind an overall score, opened down to the measurements.

    None where the subject has no scores. `points` is None for what adds nothing to the score
    above it: it has no score itself, or the score above it is not given.
    """
    scores = scores_of(workspace)
    overall = scores.overall(subject, month_number(month))
    if overall is None:
        return None
    low, high = _overall_range(scores, subject, overall)
    return {
        "kind": "overall",
        "name": subject,
        "weight": None,
        "coverage": overall.coverage,
        "score": overall.score,
        "low": low,
        "high": high,
        "points": None,
        "parts": _categories_and_balance(overall),
    }


def possible_range(
    workspace: Workspace | Scores, subject: str, month: str, measure: str
) -> Range | None:
    """Lowest and highest value of a category or overall score if the missing evidence came in."""
    scores = scores_of(workspace)
    overall = scores.overall(subject, month_number(month))
    if overall is None:
        return None
    if measure == "overall":
        return _overall_range(scores, subject, overall)
    category = overall.categories.get(measure)
    return None if category is None else _range(category.score, category.coverage)


def effective_weights(
    workspace: Workspace | Scores, subject: str, month: str
) -> dict[tuple[str, str], float]:
    """How much each (subject, metric) decides about the overall score; empty without one."""
    scores = scores_of(workspace)
    overall = scores.overall(subject, month_number(month))
    found: dict[tuple[str, str], float] = {}
    if overall is None or overall.score is None:
        return found
    total = sum(weight for _, weight, _ in overall.used)
    for name, weight, _ in overall.used:
        _spread(overall.categories[name].mean, subject, weight / total, found)
    return found


def _spread(mean: Mean, subject: str, share: float, found: dict[tuple[str, str], float]) -> None:
    evidence = sum(member.evidence for member in mean.members)
    for member in mean.members:
        if member.score is None:
            continue
        part = share * member.evidence / evidence
        if isinstance(member.behind, MetricScore):
            key = (subject, member.name)
            found[key] = found.get(key, 0.0) + part
        elif isinstance(member.behind, Category):
            _spread(member.behind.mean, member.name, part, found)
        else:
            _spread(member.behind, subject, part, found)


def _range(score: float | None, coverage: float) -> Range:
    if score is None:
        return UNKNOWN
    return coverage * score, coverage * score + 100.0 * (1.0 - coverage)


def _overall_range(scores: Scores, subject: str, overall: Overall) -> Range:
    """The scorecard's own mean over all weighted categories, the unmeasured ones unknown."""
    scorecard = scores.scorecard(subject)
    assert scorecard is not None
    weights, ranges = [], []
    for name in CATEGORIES:
        if overall.weights[name] > 0:
            weights.append(overall.weights[name])
            category = overall.categories.get(name)
            ranges.append(_range(category.score, category.coverage) if category else UNKNOWN)
    lowest = overall_mean(scorecard["overall"], weights, [low for low, _ in ranges])
    highest = overall_mean(scorecard["overall"], weights, [high for _, high in ranges])
    return lowest, highest


def _categories_and_balance(overall: Overall) -> list[Node]:
    """The categories that are measured or weighted, then what the rule takes from their mean."""
    used = {name: (weight, score) for name, weight, score in overall.used}
    total = sum(weight for weight, _ in used.values())
    parts = []
    for name in CATEGORIES:
        category = overall.categories.get(name)
        if category is None and overall.weights[name] == 0:
            continue
        points = None
        if overall.score is not None and name in used:
            weight, score = used[name]
            points = weight * score / total
        parts.append(_category_node(name, overall.weights[name], category, points))
    if overall.score is not None:
        weights = [weight for weight, _ in used.values()]
        mean = arithmetic_mean(weights, [score for _, score in used.values()])
        parts.append(_balance_node(overall.score - mean))
    return parts


def _balance_node(points: float) -> Node:
    return {
        "kind": "balance",
        "name": "balance",
        "weight": None,
        "coverage": None,
        "score": None,
        "low": None,
        "high": None,
        "points": points,
        "parts": [],
    }


def _category_node(
    name: str, weight: float, category: Category | None, points: float | None
) -> Node:
    """A category of the overall score; one that is not measured has no coverage and no parts."""
    score = category.score if category else None
    coverage = category.coverage if category else 0.0
    return _node("category", name, weight, score, coverage, points) | {
        "parts": _groups(category) if category else []
    }


def _groups(category: Category) -> list[Node]:
    parts = _parts(category.mean, lambda member: "group")
    if category.score is None:
        # An insufficient category has no score for its groups to add up to.
        parts = [part | {"points": None} for part in parts]
    return parts


def _parts(mean: Mean, kind_of: Callable[[Member], str]) -> list[Node]:
    evidence = sum(member.evidence for member in mean.members)
    parts = []
    for member in mean.members:
        points = None if member.score is None else member.evidence * member.score / evidence
        node = _node(
            kind_of(member), member.name, member.weight, member.score, member.coverage, points
        )
        parts.append(node | _behind(member.behind))
    return parts


def _behind(behind: MetricScore | Mean | Category) -> Node:
    if isinstance(behind, MetricScore):
        in_force = behind.in_force
        return {
            "parts": [],
            "value": in_force.value if in_force else None,
            "period": in_force.period if in_force else None,
            "age": in_force.age if in_force else None,
            "freshness": in_force.freshness if in_force else None,
            "curve": [list(point) for point in behind.curve],
            "inputs": in_force.inputs if in_force else [],
        }
    if isinstance(behind, Category):
        return {"parts": _groups(behind)}
    return {"parts": _parts(behind, _kind_of_member)}


def _kind_of_member(member: Member) -> str:
    return "metric" if isinstance(member.behind, MetricScore) else "subject"


def _node(
    kind: str,
    name: str,
    weight: float,
    score: float | None,
    coverage: float,
    points: float | None,
) -> Node:
    low, high = _range(score, coverage)
    return {
        "kind": kind,
        "name": name,
        "weight": weight,
        "coverage": coverage,
        "score": score,
        "low": low,
        "high": high,
        "points": points,
    }
