"""The columns of a subject's scores: all five measures, each with its band and coverage."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from dashboards.exports.table import ExportColumn, change, rate, score, text
from dashboards.presentation.bands import style_of
from dashboards.selectors.scores import LABELS, MEASURES, OVERALL, Mark, SubjectScores
from metrics.choices import Band


def band_word(band: Band | int | None) -> str:
    return style_of(band).word


def mark_columns(measure: str, label: str = "") -> tuple[ExportColumn, ...]:
    """A score, its band and how much of it is known."""
    name = label or str(LABELS[measure])
    category = "" if measure == OVERALL else measure
    told = {"score": name}
    return (
        score(name, category),
        text(_("%(score)s band") % told),
        rate(_("%(score)s coverage") % told),
    )


def mark_cells(mark: Mark) -> tuple[Any, ...]:
    return mark.score, band_word(mark.band), mark.coverage


def score_columns() -> tuple[ExportColumn, ...]:
    """What `score_cells` fills: the financial score never without the other three."""
    return (
        *(column for measure in MEASURES for column in mark_columns(measure)),
        score(_("Overall possible from")),
        score(_("Overall possible to")),
        change(_("Change of overall")),
    )


def score_cells(scores: SubjectScores) -> tuple[Any, ...]:
    overall = scores.overall
    possible = (overall.low, overall.high) if scores.is_measured else (None, None)
    return (
        *(cell for mark in scores.marks for cell in mark_cells(mark)),
        *possible,
        scores.change,
    )


def history_columns(labels: Iterable[str]) -> tuple[ExportColumn, ...]:
    """The overall score of months gone by, one column each."""
    return tuple(score(_("Overall %(month)s") % {"month": label}) for label in labels)
