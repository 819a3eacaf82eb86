"""Metric scores rolled up to categories and overall scores (SCORING.md, sections 4 to 6)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .periods import month_label, month_number
from .subjects import GROUPS_OF_KIND, Span, Subjects, span_of
from .values import Curve, InForce, Values, score_on
from .workspace import Row, Workspace, cell, number, rows

CATEGORIES = ["tactical", "value_creation", "longevity", "financial"]
MEASURES = [*CATEGORIES, "overall", "balance"]
TOLERANCE = 1e-9


class ScoreRow(NamedTuple):
    """A row of `export_scores` without its key."""

    score: float | None
    coverage: float | None
    band: str | None


@dataclass(frozen=True)
class MetricScore:
    """A line of a scorecard in one month: what is in force, if anything, and its score."""

    metric: str
    in_force: InForce | None
    curve: Curve
    score: float | None
    coverage: float


@dataclass(frozen=True)
class Member:
    """Somebody's part in a mean: a metric, a child subject or a whole group."""

    name: str
    weight: float
    score: float | None
    coverage: float
    behind: "MetricScore | Mean | Category"

    @property
    def evidence(self) -> float:
        return 0.0 if self.score is None else self.weight * self.coverage


@dataclass(frozen=True)
class Mean:
    """The one rule of every level: the mean of members by importance x evidence."""

    members: list[Member]
    score: float | None
    coverage: float


@dataclass(frozen=True)
class Category:
    """A category of a subject in a month; the mean of its groups stays when it is insufficient."""

    score: float | None
    coverage: float
    mean: Mean


@dataclass(frozen=True)
class Overall:
    score: float | None
    coverage: float
    balance: float | None
    weights: dict[str, float]
    categories: dict[str, Category]

    @property
    def used(self) -> list[tuple[str, float, float]]:
        """The used categories: name, weight above 0, score."""
        return [
            (name, self.weights[name], category.score)
            for name, category in self.categories.items()
            if self.weights[name] > 0 and category.score is not None
        ]


def mean_of(members: list[Member]) -> Mean:
    importance = sum(member.weight for member in members)
    evidence = sum(member.evidence for member in members)
    coverage = evidence / importance
    if evidence == 0:
        return Mean(members, None, coverage)
    points = sum(m.evidence * m.score for m in members if m.score is not None)
    return Mean(members, points / evidence, coverage)


class Scores:
    """Scores of a workspace, computed when they are asked for and then remembered."""

    def __init__(self, workspace: Workspace) -> None:
        self.subjects = Subjects(workspace)
        self.values = Values(workspace)
        self.scorecards = {row["code"]: row for row in rows(workspace, "scorecards")}
        self._default_of_kind = {
            row["subject_kind"]: row["code"]
            for row in rows(workspace, "scorecards")
            if row["default"] == "true"
        }
        self._lines: dict[tuple[str, str], list[tuple[str, float]]] = {}
        for row in rows(workspace, "scorecard_lines"):
            category = self.values.metrics[row["metric"]]["category"]
            of_category = self._lines.setdefault((row["scorecard"], category), [])
            of_category.append((row["metric"], number(row, "weight")))
        self._metric_spans = {code: span_of(row) for code, row in self.values.metrics.items()}
        self._exemptions: dict[tuple[str, str], list[Span]] = {}
        for row in rows(workspace, "exemptions"):
            of_pair = self._exemptions.setdefault((row["metric"], row["subject"]), [])
            of_pair.append(span_of(row, "from_month", "until_month"))
        self._categories: dict[tuple[str, str, int], Category | None] = {}

    def scorecard(self, subject: str) -> Row | None:
        named = self.subjects.by_code[subject].scorecard
        default = self._default_of_kind.get(self.subjects.by_code[subject].kind)
        code = named or default
        return self.scorecards[code] if code else None

    def category(self, subject: str, category: str, month: int) -> Category | None:
        """None where the subject is not measured in this category."""
        key = (subject, category, month)
        if key not in self._categories:
            self._categories[key] = self._category(subject, category, month)
        return self._categories[key]

    def _category(self, subject: str, category: str, month: int) -> Category | None:
        scorecard = self.scorecard(subject)
        if scorecard is None or not lies_within(month, self.subjects.span(subject)):
            return None
        groups = []
        for name in GROUPS_OF_KIND[self.subjects.by_code[subject].kind]:
            share = number(scorecard, f"share_{name}")
            members = self._members(subject, name, category, month) if share > 0 else []
            if members:
                mean = mean_of(members)
                groups.append(Member(name, share, mean.score, mean.coverage, mean))
        if not groups:
            return None
        mean = mean_of(groups)
        enough = reaches(mean.coverage, number(scorecard, "min_coverage"))
        return Category(mean.score if enough else None, mean.coverage, mean)

    def _members(self, subject: str, group: str, category: str, month: int) -> list[Member]:
        if group == "own":
            return self._own_members(subject, category, month)
        members = []
        for child in self.subjects.children(subject, group):
            measured = self.category(child.code, category, month)
            if measured is not None:
                members.append(
                    Member(child.code, child.weight, measured.score, measured.coverage, measured)
                )
        return members

    def _own_members(self, subject: str, category: str, month: int) -> list[Member]:
        scorecard = self.scorecard(subject)
        assert scorecard is not None
        members = []
        for metric, weight in self._lines.get((scorecard["code"], category), []):
            if weight > 0 and self._is_expected(metric, subject, month):
                scored = self.metric_score(metric, subject, month)
                members.append(Member(metric, weight, scored.score, scored.coverage, scored))
        return members

    def _is_expected(self, metric: str, subject: str, month: int) -> bool:
        exemptions = self._exemptions.get((metric, subject), [])
        return lies_within(month, self._metric_spans[metric]) and not any(
            lies_within(month, exemption) for exemption in exemptions
        )

    def metric_score(self, metric: str, subject: str, month: int) -> MetricScore:
        in_force = self.values.in_force(metric, subject, month)
        curve = self.values.curve(metric, subject, month)
        assert curve is not None, "a metric without a curve can't stand on a scorecard"
        if in_force is None:
            return MetricScore(metric, None, curve, None, 0.0)
        score = score_on(curve, in_force.value)
        return MetricScore(metric, in_force, curve, score, in_force.freshness)

    def overall(self, subject: str, month: int) -> Overall | None:
        """None where no category of the subject is measured."""
        scorecard = self.scorecard(subject)
        categories = {
            name: found
            for name in CATEGORIES
            if (found := self.category(subject, name, month)) is not None
        }
        if scorecard is None or not categories:
            return None
        weights = {name: number(scorecard, f"weight_{name}") for name in CATEGORIES}
        coverage = sum(
            weights[name] * category.coverage for name, category in categories.items()
        ) / sum(weights.values())
        told = Overall(None, coverage, None, weights, categories)
        if not is_sufficient(told, scorecard):
            return told
        used_weights = [weight for _, weight, _ in told.used]
        used_scores = [score for _, _, score in told.used]
        score = overall_mean(scorecard["overall"], used_weights, used_scores)
        return Overall(score, coverage, balance(used_weights, used_scores), weights, categories)

    def band(self, subject: str, score: float | None) -> str:
        scorecard = self.scorecard(subject)
        assert scorecard is not None
        if score is None:
            return "insufficient"
        if reaches(score, number(scorecard, "green_from")):
            return "green"
        return "amber" if reaches(score, number(scorecard, "amber_from")) else "red"

    def overall_band(self, subject: str, overall: Overall) -> str:
        """Nothing is green by silence: a weighted category without a score forbids green."""
        silent = len(overall.used) < sum(weight > 0 for weight in overall.weights.values())
        band = self.band(subject, overall.score)
        return "amber" if band == "green" and silent else band


def lies_within(month: int, span: Span) -> bool:
    return span[0] <= month <= span[1]


def reaches(value: float, limit: float) -> bool:
    return value >= limit - TOLERANCE


def is_sufficient(overall: Overall, scorecard: Row) -> bool:
    used = {name for name, _, _ in overall.used}
    return (
        len(used) >= number(scorecard, "min_categories")
        and bool(used - {"financial"})
        and reaches(overall.coverage, number(scorecard, "min_coverage"))
    )


def arithmetic_mean(weights: Sequence[float], scores: Sequence[float]) -> float:
    return sum(w * s for w, s in zip(weights, scores, strict=True)) / sum(weights)


def geometric_mean(weights: Sequence[float], scores: Sequence[float]) -> float:
    """A score below 1 counts as 1, so that its logarithm exists."""
    return math.exp(arithmetic_mean(weights, [math.log(max(score, 1.0)) for score in scores]))


def overall_mean(rule: str, weights: Sequence[float], scores: Sequence[float]) -> float:
    if rule == "arithmetic":
        return arithmetic_mean(weights, scores)
    if rule == "geometric":
        return geometric_mean(weights, scores)
    if rule == "weakest":
        return min(scores)
    raise ValueError(f"no such rule for an overall score: {rule}")


def balance(weights: Sequence[float], scores: Sequence[float]) -> float:
    floored = [max(score, 1.0) for score in scores]
    return geometric_mean(weights, floored) / arithmetic_mean(weights, floored)


def scores_of(workspace: Workspace | Scores) -> Scores:
    """Lets a caller that asks often read its workspace once."""
    return workspace if isinstance(workspace, Scores) else Scores(workspace)


def score_workspace(
    workspace: Workspace | Scores, first: str | None = None, last: str | None = None
) -> dict[tuple[str, str, str], ScoreRow]:
    """What `export_scores` writes for the months of measurements, or for those asked for."""
    scores = scores_of(workspace)
    measured = scores.values.months_of_measurements()
    if not measured and (first is None or last is None):
        return {}
    start = month_number(first) if first else min(measured)
    end = month_number(last) if last else max(measured)
    table: dict[tuple[str, str, str], ScoreRow] = {}
    for subject in sorted(scores.subjects.by_code):
        for month in range(start, end + 1):
            for measure, row in _rows_of(scores, subject, month).items():
                table[subject, month_label(month), measure] = row
    return table


def _rows_of(scores: Scores, subject: str, month: int) -> dict[str, ScoreRow]:
    overall = scores.overall(subject, month)
    if overall is None:
        return {}
    table = {
        name: ScoreRow(category.score, category.coverage, scores.band(subject, category.score))
        for name, category in overall.categories.items()
    }
    band = scores.overall_band(subject, overall)
    table["overall"] = ScoreRow(overall.score, overall.coverage, band)
    if overall.balance is not None:
        table["balance"] = ScoreRow(overall.balance, None, None)
    return table


def scheduled_months(workspace: Workspace | Scores, current_month: str) -> tuple[str, str] | None:
    """First and last month of a scheduled run: from the first month of a measurement, on to the
    current month as long as any value is in force; None without a measurement."""
    values = scores_of(workspace).values
    measured = values.months_of_measurements()
    if not measured:
        return None
    last_in_force = values.last_month_in_force()
    assert last_in_force is not None
    last = min(month_number(current_month), last_in_force)
    return month_label(min(measured)), month_label(max(last, *measured))


def values_in_force(workspace: Workspace | Scores, month: str) -> dict[tuple[str, str], InForce]:
    """What is in force in a month, by metric and subject, on a scorecard or not."""
    scores = scores_of(workspace)
    return {
        (metric, subject.code): found
        for metric, row in scores.values.metrics.items()
        for subject in scores.subjects.by_code.values()
        if subject.kind == cell(row, "subject_kind")
        and (found := scores.values.in_force(metric, subject.code, month_number(month)))
    }
