"""Scores over months: one subject in full, many subjects by their overall score."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from dashboards.selectors.months import ViewMonth
from dashboards.selectors.scores import OVERALL, Mark, marks_of
from metrics.choices import Band, Category
from metrics.models import Score
from projects.months import FIRST_MONTH, Month

TREND_MONTHS = 12


def trend_months(month: ViewMonth, count: int = TREND_MONTHS) -> tuple[Month, ...]:
    """The months of a trend that ends with the page's own, oldest first."""
    return tuple(there for there in month.last_months(count) if there >= FIRST_MONTH)


@dataclass(frozen=True, slots=True)
class ScoreHistory:
    """A subject's stored scores by month; months without any are not among the rows."""

    months: tuple[Month, ...]
    rows: Mapping[Month, Score]

    def at(self, month: Month | None) -> Score | None:
        return None if month is None else self.rows.get(month)

    def marks(self, measure: str) -> list[Mark]:
        """One mark per month, oldest first."""
        place = 0 if measure == OVERALL else 1 + Category.values.index(measure)
        found = []
        for month in self.months:
            overall, categories = marks_of(self.rows.get(month))
            found.append((overall, *categories)[place])
        return found

    def scores(self, measure: str) -> list[float | None]:
        return [mark.score for mark in self.marks(measure)]


def history_of(subject_id: int, months: Sequence[Month], *others: Month | None) -> ScoreHistory:
    """One subject's scores of a trend's months, and of other months that are compared."""
    wanted = {*months, *(month for month in others if month is not None)}
    rows = Score.objects.filter(subject=subject_id, month__in=wanted)
    return ScoreHistory(tuple(months), {row.month: row for row in rows})


Line = tuple[float | None, ...]


def overall_lines(subjects: Any, months: Sequence[Month]) -> dict[int, Line]:
    """The overall scores of some subjects (keys, or a query for them), oldest first."""
    found: dict[int, dict[Month, float | None]] = defaultdict(dict)
    rows = Score.objects.filter(subject__in=subjects, month__in=list(months)).order_by()
    for pk, month, score in rows.values_list("subject_id", "month", "overall_score"):
        found[pk][month] = score
    return {pk: tuple(scores.get(month) for month in months) for pk, scores in found.items()}


@dataclass(frozen=True, slots=True)
class MonthOfBands:
    """How many subjects had which overall band in a month."""

    month: Month
    counts: Mapping[Band, int]


def bands_by_month(subjects: Any, months: Iterable[Month]) -> list[MonthOfBands]:
    """The months in which any of the subjects (keys, or a query for them) has a score."""
    counts: dict[Month, dict[Band, int]] = defaultdict(dict)
    rows = (
        Score.objects.filter(subject__in=subjects, month__in=list(months))
        .order_by("month")
        .values_list("month", "overall_band")
        .annotate(subjects=Count("pk"))
    )
    for month, band, number in rows:
        counts[month][Band(band)] = number
    return [MonthOfBands(month, bands) for month, bands in counts.items()]
