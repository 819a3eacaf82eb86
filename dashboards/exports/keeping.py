"""What PMO leads keep: subjects with what is missing about them, and who enters what."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from dashboards.exports.subjects import named
from dashboards.exports.table import ExportTable, month, number, text
from dashboards.selectors.keeping.assignments import MetricRow, PersonRow
from dashboards.selectors.keeping.subjects import SubjectRow
from metrics.models import MetricDefinition


def kept_subjects_table(name: str, rows: Iterable[SubjectRow]) -> ExportTable:
    """Subjects of one kind; columns that the kind does not have stay blank."""
    return ExportTable(
        name,
        (
            *named(_("Subject")),
            *named(_("Lies in")),
            text(_("Stage")),
            number(_("Weight"), None),
            month(_("Measured from")),
            month(_("Measured until")),
            text(_("Own scorecard")),
            text(_("Missing")),
        ),
        [
            (
                row.code,
                row.name,
                row.place_code,
                row.place,
                row.stage_label,
                row.weight,
                row.active_from,
                row.active_until,
                row.scorecard,
                "; ".join(str(lack.word) for lack in row.lacks),
            )
            for row in rows
        ],
    )


def assignments_table(rows: Iterable[MetricRow | PersonRow]) -> ExportTable:
    """A row for each metric, person and scope; nobody's metrics and idle people have one too."""
    return ExportTable(
        "assignments",
        (
            *named(_("Metric")),
            text(_("Category")),
            text(_("Cadence")),
            text(_("Person")),
            text(_("May enter values")),
            *named(_("For")),
            number(_("Subjects")),
        ),
        [line for row in rows for line in _lines(row)],
    )


def _lines(row: MetricRow | PersonRow) -> Iterable[tuple[object, ...]]:
    if isinstance(row, PersonRow):
        assigned = [each for scope in row.scopes for each in scope.assigned]
        if not assigned:
            return [(*("",) * 4, row.name, _("yes") if row.may_enter else _("no"), "", "", None)]
    else:
        assigned = list(row.assigned)
        if not assigned:
            return [(*_metric_cells(row.metric), *("",) * 4, row.total)]
    return [
        (
            *_metric_cells(each.metric),
            each.person,
            _("yes") if each.may_enter else _("no"),
            each.scope.code,
            each.scope.name,
            each.reach,
        )
        for each in assigned
    ]


def _metric_cells(metric: MetricDefinition) -> tuple[object, ...]:
    return (
        metric.code,
        metric.name,
        metric.get_category_display(),
        metric.get_cadence_display(),
    )
