"""Two sides that are compared: their scores, and their projects."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from django.utils.translation import gettext as _

from dashboards.exports.scores import band_word
from dashboards.exports.subjects import named
from dashboards.exports.table import ExportTable, points, rate, score, text
from dashboards.selectors.compare import Compared, ProjectMove


def compared_scores_table(marks: Iterable[Compared], names: tuple[str, str]) -> ExportTable:
    """All five scores of both sides."""
    return ExportTable(
        "scores",
        (
            text(_("Score")),
            *chain.from_iterable(
                (
                    score(name),
                    text(_("%(score)s band") % {"score": name}),
                    rate(_("%(score)s coverage") % {"score": name}),
                )
                for name in names
            ),
            points(_("Difference")),
        ),
        [
            (
                row.label,
                *(
                    cell
                    for mark in (row.one, row.other)
                    for cell in (mark.score, band_word(mark.band), mark.coverage)
                ),
                row.difference,
            )
            for row in marks
        ],
    )


def moved_projects_table(rows: Iterable[ProjectMove], names: tuple[str, str]) -> ExportTable:
    """Every project that is measured in one of the months, by its overall score."""
    return ExportTable(
        "projects",
        (
            *named(_("Project")),
            *chain.from_iterable(
                (score(name), text(_("%(score)s band") % {"score": name})) for name in names
            ),
            points(_("Change of overall")),
        ),
        [
            (
                row.code,
                row.name,
                row.score,
                band_word(row.band),
                row.before,
                band_word(row.band_before),
                row.change,
            )
            for row in rows
        ],
    )


def scored_projects_table(sides: Iterable[tuple[str, Iterable[ProjectMove]]]) -> ExportTable:
    """Every project of both sides that has an overall score, the lowest first."""
    return ExportTable(
        "projects",
        (text(_("Of")), *named(_("Project")), score(_("Overall")), text(_("Overall band"))),
        [
            (label, row.code, row.name, row.score, band_word(row.band))
            for label, rows in sides
            for row in rows
        ],
    )
