"""The tables of the summary that are nowhere else: moves, cases, and what decides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from dashboards.exports.scores import band_word
from dashboards.exports.table import ExportTable, change, number, rate, score, text
from dashboards.selectors.moves import Moves
from dashboards.selectors.summary import Cases
from metrics.choices import Category, Perspective
from metrics.operations.weighing import MetricWeight
from projects.choices import SubjectKind


def moves_table(moves: Moves) -> ExportTable:
    return ExportTable(
        "moves",
        (
            text(_("Group")),
            text(_("Kind")),
            text(_("Subject code")),
            text(_("Subject")),
            score(_("Overall")),
            text(_("Overall band")),
            change(pgettext("of a score", "Change")),
        ),
        [
            (
                label,
                move.kind_label,
                move.code,
                move.name,
                move.score,
                band_word(move.band),
                move.change,
            )
            for label, rows in moves.groups
            for move in rows
        ],
    )


def cases_table(cases: Iterable[Cases]) -> ExportTable:
    """Everybody who needs a decision, kind by kind, in the order of the page."""
    return ExportTable(
        "decisions",
        (
            text(_("Kind")),
            text(_("Subject code")),
            text(_("Subject")),
            text(_("Overall band")),
            text(_("Band before")),
            score(_("Overall")),
            rate(_("Overall coverage")),
            change(pgettext("of a score", "Change")),
            score(_("Below green")),
            number(_("Costs in points"), 2),
        ),
        [
            (
                str(SubjectKind(case.kind).label),
                case.code,
                case.name,
                band_word(case.band),
                None if case.band_before is None else band_word(case.band_before),
                case.score,
                case.coverage,
                case.change,
                case.below_green,
                case.cost,
            )
            for group in cases
            for case in group.first
        ],
    )


def weights_table(weights: Sequence[MetricWeight]) -> ExportTable:
    """Every metric's share of what decides the overall score; the shares add up to 1."""
    return ExportTable(
        "weights",
        (
            text(_("Metric code")),
            text(_("Metric")),
            text(_("Category")),
            text(_("Perspective")),
            rate(_("Share of effective weight"), 1),
        ),
        [
            (
                row["metric"],
                row["name"],
                str(Category(row["category"]).label),
                str(Perspective(row["perspective"]).label) if row["perspective"] else None,
                row["weight"],
            )
            for row in weights
        ],
    )
