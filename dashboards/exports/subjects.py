"""Tables with the scores of many subjects: projects, portfolios, segments and what serves them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.utils.translation import gettext as _

from dashboards.exports.money import money_cells, money_columns
from dashboards.exports.scores import (
    band_word,
    history_columns,
    mark_cells,
    mark_columns,
    score_cells,
    score_columns,
)
from dashboards.exports.table import (
    ExportColumn,
    ExportTable,
    change,
    currency,
    money,
    number,
    rate,
    text,
)
from dashboards.presentation.months import month_label
from dashboards.selectors.portfolios import PortfolioNode
from dashboards.selectors.project_rows import ProjectRow
from dashboards.selectors.projects import ServedSegment
from dashboards.selectors.scores import OVERALL
from dashboards.selectors.segments import (
    SegmentRow,
    ServingProject,
)
from dashboards.selectors.trends import Line
from metrics.choices import Band
from projects.months import Month

BANDS = tuple(reversed(Band))


def named(label: str) -> tuple[ExportColumn, ExportColumn]:
    """What a subject is called, and the code that it is known by."""
    return text(_("%(subject)s code") % {"subject": label}), text(label)


def weight() -> ExportColumn:
    return number(_("Weight"), None)


def projects_table(rows: Iterable[ProjectRow]) -> ExportTable:
    return ExportTable(
        "projects",
        (
            *named(_("Project")),
            *score_columns(),
            text(_("Stage")),
            *named(_("Portfolio")),
            weight(),
        ),
        [
            (
                row.scores.code,
                row.scores.name,
                *score_cells(row.scores),
                row.stage_label,
                row.portfolio_code,
                row.portfolio_name,
                row.weight,
            )
            for row in rows
        ],
    )


def portfolios_table(
    nodes: Iterable[PortfolioNode],
    *,
    name: str = "portfolios",
    months: Sequence[Month] = (),
    lines: Mapping[int, Line] | None = None,
) -> ExportTable:
    """With the overall scores of the months before, where a page shows them."""
    return ExportTable(
        name,
        (
            *named(_("Portfolio")),
            text(_("Lies in")),
            *score_columns(),
            number(_("Projects")),
            *(number(_("Projects %(band)s") % {"band": band_word(band).lower()}) for band in BANDS),
            number(_("Projects without any score")),
            *history_columns(month_label(month) for month in months),
        ),
        [
            (
                node.scores.code,
                node.scores.name,
                " / ".join(above for _code, above in node.above),
                *score_cells(node.scores),
                node.projects,
                *(node.bands.get(band, 0) for band in BANDS),
                node.without_score,
                *_line(lines, node.scores.pk, months),
            )
            for node in nodes
        ],
    )


def _line(lines: Mapping[int, Line] | None, pk: int, months: Sequence[Month]) -> Line:
    return (lines or {}).get(pk) or (None,) * len(months)


def money_table(nodes: Iterable[PortfolioNode]) -> ExportTable:
    """One row per portfolio and currency: amounts are never added across currencies."""
    return ExportTable(
        "money",
        (*named(_("Portfolio")), *money_columns()),
        [
            (node.scores.code, node.scores.name, *money_cells(line))
            for node in nodes
            for line in node.money
        ],
    )


def segments_table(
    rows: Iterable[SegmentRow],
    *,
    months: Sequence[Month] = (),
    lines: Mapping[int, Line] | None = None,
) -> ExportTable:
    return ExportTable(
        "segments",
        (
            *named(_("Segment")),
            text(_("Audience")),
            *score_columns(),
            number(_("Customers")),
            number(_("Customers known here")),
            money(_("Revenue a year")),
            currency(),
            number(_("Projects")),
            number(_("Services")),
            weight(),
            *history_columns(month_label(month) for month in months),
        ),
        [
            (
                row.scores.code,
                row.scores.name,
                row.audience_label,
                *score_cells(row.scores),
                row.customer_count,
                row.customers,
                row.annual_revenue,
                row.currency,
                row.projects,
                row.services,
                row.weight,
                *_line(lines, row.scores.pk, months),
            )
            for row in rows
        ],
    )


def segments_served_table(rows: Iterable[ServedSegment]) -> ExportTable:
    """The scores are those of the project's work for each segment."""
    return ExportTable(
        "segments",
        (
            *named(_("Segment")),
            number(_("Share"), None),
            rate(_("Share of all shares")),
            text(_("Engagement code")),
            *score_columns(),
        ),
        [
            (
                row.code,
                row.name,
                row.share,
                row.share_rate,
                row.engagement.code,
                *score_cells(row.engagement),
            )
            for row in rows
        ],
    )


def serving_projects_table(rows: Iterable[ServingProject]) -> ExportTable:
    """Each project's own scores, and the overall score of its work for the one segment."""
    return ExportTable(
        "projects",
        (
            *named(_("Project")),
            number(_("Share"), None),
            *score_columns(),
            *mark_columns(OVERALL, _("For this segment")),
            change(_("Change for this segment")),
        ),
        [
            (
                row.project.code,
                row.project.name,
                row.share,
                *score_cells(row.project),
                *mark_cells(row.engagement.overall),
                row.engagement.change,
            )
            for row in rows
        ],
    )
