"""Scores of many subjects in one month, beside those of the month before: always one query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F, FilteredRelation, Q, QuerySet
from django.db.models.expressions import Combinable
from django.utils.translation import gettext_lazy

from metrics.choices import Band, Category
from metrics.models import SCORE_COLUMNS, Measure, Score
from projects.months import BEGINNING, Month

OVERALL = "overall"
MEASURES: tuple[str, ...] = (OVERALL, *Category.values)
"""What a heat map shows of a subject: the overall never without all four categories."""

LABELS = {OVERALL: gettext_lazy("Overall")} | {
    category.value: category.label for category in Category
}


@dataclass(frozen=True, slots=True)
class Mark:
    """One score with its evidence; without a band nothing is stored: it is not measured."""

    measure: str
    score: float | None = None
    coverage: float | None = None
    band: Band | None = None
    low: float = 0.0
    high: float = 100.0

    @property
    def label(self) -> str:
        return str(LABELS[self.measure])

    @property
    def is_insufficient(self) -> bool:
        return self.band == Band.INSUFFICIENT


def category_mark(category: str, measure: Measure | None) -> Mark:
    """A stored category score; its range follows from its coverage (SCORING section 8)."""
    if measure is None:
        return Mark(category)
    low, high = 0.0, 100.0
    if measure.score is not None:
        low = measure.coverage * measure.score
        high = min(low + 100 * (1 - measure.coverage), 100.0)
    return Mark(category, measure.score, measure.coverage, measure.band, low, high)


@dataclass(frozen=True, slots=True)
class SubjectScores:
    """A subject with its five scores in a month, and its overall score in the month before."""

    pk: int
    code: str
    name: str
    kind: str
    overall: Mark
    categories: tuple[Mark, ...]
    balance: float | None = None
    before: float | None = None
    band_before: Band | None = None

    @property
    def marks(self) -> tuple[Mark, ...]:
        return (self.overall, *self.categories)

    @property
    def is_measured(self) -> bool:
        return self.overall.band is not None

    @property
    def change(self) -> float | None:
        if self.overall.score is None or self.before is None:
            return None
        return self.overall.score - self.before


def marks_of(score: Score | None) -> tuple[Mark, tuple[Mark, ...]]:
    """The overall mark of a stored row, and those of its categories in the fixed order."""
    if score is None:
        return Mark(OVERALL), tuple(Mark(category) for category in Category.values)
    overall = Mark(OVERALL, *score.overall, score.overall_low, score.overall_high)
    return overall, tuple(
        category_mark(category, score.category(category)) for category in Category.values
    )


def with_scores(subjects: QuerySet, month: Month, before: Month | None) -> QuerySet:
    """Join each subject's scores of two months, there or not, as `now` and `before`."""
    joined: QuerySet = subjects.annotate(
        now=FilteredRelation("scores", condition=Q(scores__month=month)),
        before=FilteredRelation(
            # Nothing is ever stored for the beginning.
            "scores",
            condition=Q(scores__month=BEGINNING if before is None else before),
        ),
    )
    return joined


SCORE_FIELDS: tuple[str, ...] = (
    "pk",
    "code",
    "name",
    "kind",
    *(f"now__{column}" for column in SCORE_COLUMNS),
    "before__overall_score",
    "before__overall_band",
)
"""What `scores_in` needs of a row of `with_scores`."""


def scores_in(row: Mapping[str, Any]) -> SubjectScores:
    """One row of `with_scores(...).values(*SCORE_FIELDS)`."""
    stored = None
    if row["now__overall_band"] is not None:
        stored = Score(**{column: row[f"now__{column}"] for column in SCORE_COLUMNS})
    overall, categories = marks_of(stored)
    band_before = row["before__overall_band"]
    return SubjectScores(
        pk=row["pk"],
        code=row["code"],
        name=row["name"],
        kind=row["kind"],
        overall=overall,
        categories=categories,
        balance=row["now__balance"],
        before=row["before__overall_score"],
        band_before=None if band_before is None else Band(band_before),
    )


def scores_of(
    subjects: QuerySet, month: Month, before: Month | None, *order: str | Combinable
) -> list[SubjectScores]:
    """The subjects' scores, in the order given."""
    rows = with_scores(subjects, month, before).order_by(*order, "code").values(*SCORE_FIELDS)
    return [scores_in(row) for row in rows]


def score_order(measure: str, *, falling: bool = False) -> Combinable:
    """Order a `with_scores` by one of its scores; subjects without it come last."""
    score = F(f"now__{measure}_score")
    return score.desc(nulls_last=True) if falling else score.asc(nulls_last=True)
