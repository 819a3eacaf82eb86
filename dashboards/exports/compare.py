"""Two sides that are compared: their scores, projects, money, and the portfolios in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

from django.utils.translation import gettext as _

from dashboards.exports.money import money_cells, money_columns
from dashboards.exports.scores import band_word, score_cells, score_columns
from dashboards.exports.subjects import BANDS, named
from dashboards.exports.table import ExportTable, number, points, rate, score, text
from dashboards.selectors.compare import (
    BandMoves,
    Compared,
    ComparedBand,
    ComparedPart,
    ProjectMove,
)
from dashboards.selectors.money import Money


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


def compared_bands_table(rows: Iterable[ComparedBand], names: tuple[str, str]) -> ExportTable:
    """How many projects of each side have a band, and what part of its projects that is."""
    return ExportTable(
        "bands",
        (
            text(_("Band")),
            *chain.from_iterable(
                (
                    number(_("Projects, %(name)s") % {"name": name}),
                    rate(_("Share of projects, %(name)s") % {"name": name}),
                )
                for name in names
            ),
            points(_("Difference in percentage points")),
        ),
        [
            (band_word(row.band), row.one, row.one_rate, row.other, row.other_rate, row.points)
            for row in rows
        ],
    )


def band_moves_table(rows: Iterable[BandMoves], names: tuple[str, str]) -> ExportTable:
    """From which band in the other month to which one in this."""
    now, then = names
    return ExportTable(
        "band-moves",
        (
            text(_("Band in %(month)s") % {"month": then}),
            *(
                number(_("%(band)s in %(month)s") % {"band": band_word(band), "month": now})
                for band in BANDS
            ),
        ),
        [(band_word(row.before), *(count for _band, count in row.counts)) for row in rows],
    )


def compared_money_table(sides: Iterable[tuple[str, Iterable[Money]]]) -> ExportTable:
    """One row per side and currency: amounts are never added across currencies."""
    return ExportTable(
        "money",
        (text(_("Of")), *money_columns()),
        [(label, *money_cells(line)) for label, lines in sides for line in lines],
    )


def compared_parts_table(groups: Sequence[tuple[str, Iterable[ComparedPart]]]) -> ExportTable:
    """The portfolios right below; of one portfolio in two months with the other month's score."""
    return ExportTable(
        "portfolios",
        (
            text(_("Of")),
            *named(_("Portfolio")),
            *score_columns(),
            score(_("Overall on the other side")),
            text(_("Overall band on the other side")),
            points(_("Difference of overall")),
        ),
        [
            (
                label,
                row.scores.code,
                row.scores.name,
                *score_cells(row.scores),
                None if row.other is None else row.other.overall.score,
                "" if row.other is None else band_word(row.other.overall.band),
                row.difference,
            )
            for label, rows in groups
            for row in rows
        ],
    )
