"""Scorecards: as they are filled for a subject, what was entered for it, and what they reward."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.utils.translation import gettext as _

from dashboards.exports.scores import band_word
from dashboards.exports.table import (
    ExportTable,
    category_name,
    day,
    moment,
    number,
    points,
    rate,
    score,
    text,
)
from dashboards.selectors.projects import EnteredValue
from dashboards.selectors.scorecard_pages import ScorecardPage, ScorecardRow
from dashboards.selectors.scorecards import FilledScorecard, ScorecardLine, ScorecardSection
from metrics.choices import Category


def filled_scorecard_table(scorecard: FilledScorecard) -> ExportTable:
    """Line by line with the category's own row first: all four, measured or not."""
    rows = [row for section in scorecard.sections for row in _section(section)]
    if scorecard.balance:
        rows.append((_("Overall"), _("balance"), *_blanks(11), scorecard.balance, None))
    if scorecard.overall is not None:
        rows.append((_("Overall"), _("overall"), *_blanks(7), scorecard.overall, *_blanks(5)))
    return ExportTable(
        "scorecard",
        (
            category_name(_("Category")),
            text(_("Row")),
            text(_("Metric code")),
            text(_("Metric")),
            number(_("Value"), None),
            text(_("Unit")),
            text(_("Period")),
            number(_("Months past its span")),
            rate(_("Freshness")),
            score(_("Score")),
            text(_("Band")),
            rate(_("Coverage")),
            number(_("Weight"), None),
            points(_("Points")),
            text(_("Note")),
        ),
        rows,
    )


def _blanks(count: int) -> tuple[None, ...]:
    return (None,) * count


def _section(section: ScorecardSection) -> Iterator[tuple[Any, ...]]:
    part = section.part
    label = str(part.category.label)
    yield (
        label,
        _("category"),
        *_blanks(7),
        part.score,
        band_word(part.band),
        part.coverage,
        part.weight if section.is_measured else None,
        part.points,
        None if section.is_measured else _("Nothing is expected here."),
    )
    for line in section.lines:
        yield (label, _("metric"), *_line(line))
    for group in section.groups:
        yield (
            label,
            _("group"),
            None,
            _("%(group)s: %(count)s measured") % {"group": group.title, "count": group.count},
            *_blanks(5),
            group.score,
            band_word(group.band),
            group.coverage,
            group.share,
            group.points,
            None,
        )


def _line(line: ScorecardLine) -> tuple[Any, ...]:
    part, reading = line.part, line.part.reading
    return (
        part.metric.code,
        part.metric.name,
        reading.value if reading else None,
        part.metric.unit,
        reading.period if reading else None,
        reading.age if reading else None,
        reading.freshness if reading else None,
        part.score,
        band_word(part.band),
        None,
        part.weight,
        line.points,
        line.why_red,
    )


def _yes(claim: bool) -> str:
    return _("yes") if claim else _("no")


def values_table(values: Iterable[EnteredValue]) -> ExportTable:
    return ExportTable(
        "values",
        (
            text(_("Metric code")),
            text(_("Metric")),
            text(_("Subject code")),
            text(_("For the segment")),
            number(_("Value"), None),
            text(_("Unit")),
            text(_("Period")),
            day(_("Period begins")),
            moment(_("Entered")),
            text(_("By")),
            text(_("Way in")),
            text(_("Corrected")),
            text(_("After its month was closed")),
            text(_("Note")),
        ),
        [
            (
                entry.metric.code,
                entry.metric.name,
                entry.subject_code,
                entry.segment,
                entry.value,
                entry.metric.unit,
                entry.period,
                entry.period_start,
                entry.at,
                entry.by,
                entry.door,
                _yes(entry.is_corrected),
                _yes(entry.is_late),
                entry.note,
            )
            for entry in values
        ],
    )


def scorecards_table(rows: Iterable[ScorecardRow]) -> ExportTable:
    """The shares of the categories are those of the lines' own weight."""
    return ExportTable(
        "scorecards",
        (
            text(_("Scorecard code")),
            text(_("Scorecard")),
            text(_("For")),
            text(_("Default")),
            text(_("Overall")),
            number(_("Lines")),
            number(_("Used by")),
            *(
                rate(_("Weight of its lines: %(category)s") % {"category": category.label})
                for category in Category
            ),
        ),
        [
            (
                row.card.code,
                row.card.name,
                row.card.get_subject_kind_display(),
                _yes(row.card.is_default),
                row.card.get_overall_display(),
                row.lines,
                row.used_by,
                *(
                    (share for _name, share in row.balance.categories)
                    if row.balance.own
                    else _blanks(len(Category))
                ),
            )
            for row in rows
        ],
    )


def lines_table(page: ScorecardPage) -> ExportTable:
    return ExportTable(
        "lines",
        (
            text(_("Category")),
            number(_("Weight of the category"), None),
            rate(_("Category of the overall score")),
            text(_("Metric code")),
            text(_("Metric")),
            number(_("Weight"), None),
            rate(_("Of its category")),
            rate(_("Effective share"), 1),
            text(_("Perspective")),
            text(_("Dimension")),
        ),
        [
            (str(part.category.label), part.weight, part.share, *line)
            for part in page.categories
            for line in _lines_of(part.lines)
        ],
    )


def _lines_of(lines: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    """A category without lines is told by a row of its own."""
    nothing = True
    for line in lines:
        nothing = False
        metric = line.metric
        yield (
            metric.code,
            metric.name,
            line.weight,
            line.of_category,
            line.effective,
            metric.get_perspective_display(),
            metric.get_dimension_display(),
        )
    if nothing:
        yield _blanks(7)
