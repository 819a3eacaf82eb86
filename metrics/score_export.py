"""Scores as a CSV file: one row a measure (SCORING section 9)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import TextIO

from django.db.models import F

from metrics.choices import Band, Category
from metrics.models import Score
from projects.months import Month
from projects.querysets import by_code_point

HEADER = ("subject", "month", "measure", "score", "coverage", "band")
ROWS_AT_ONCE = 2000


def export_scores(out: TextIO, month: Month | None = None) -> int:
    """Write the scores of a month, or all, sorted by subject (code point), month and measure.

    Categories come in their usual order, then overall, then balance; numbers in full precision; an
    absent score is blank. Returns the number of rows.
    """
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    count = 0
    for count, row in enumerate(_rows(month), start=1):  # noqa: B007  # the count is what we want
        writer.writerow(row)
    return count


def _rows(month: Month | None) -> Iterator[tuple[object, ...]]:
    scores = Score.objects.annotate(code=F("subject__code"))
    if month is not None:
        scores = scores.filter(month=month)
    ordered = scores.order_by(by_code_point("subject__code"), "month")
    for score in ordered.iterator(ROWS_AT_ONCE):
        yield from _rows_of(score.code, score)


def _rows_of(code: str, score: Score) -> Iterator[tuple[object, ...]]:
    month = str(score.month)
    measures = [(category, score.category(category)) for category in Category.values]
    for name, measure in (*measures, ("overall", score.overall)):
        if measure is not None:
            band = Band(measure.band).name.lower()
            yield code, month, name, measure.score, measure.coverage, band
    if score.balance is not None:
        yield code, month, "balance", score.balance, None, None
