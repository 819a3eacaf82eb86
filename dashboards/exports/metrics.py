"""Metrics: the list with its completeness, and what is agreed about single subjects."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from dashboards.exports.subjects import named
from dashboards.exports.table import ExportTable, month, number, rate, text
from dashboards.selectors.metrics.listing import MetricRow
from metrics.models import CurveOverride, Exemption
from projects.months import BEGINNING, Month


def metrics_table(rows: Iterable[MetricRow]) -> ExportTable:
    return ExportTable(
        "metrics",
        (
            *named(_("Metric")),
            text(_("Question")),
            text(_("Unit")),
            text(_("Category")),
            text(_("Dimension")),
            text(_("Perspective")),
            text(_("Measured of")),
            text(_("Cadence")),
            text(_("Owner")),
            text(_("Scorecards")),
            text(_("Computed")),
            text(_("Assigned to")),
            text(_("Latest period")),
            number(_("Expected")),
            number(_("Given")),
            rate(_("Complete")),
        ),
        [
            (
                row.metric.code,
                row.metric.name,
                row.metric.question,
                row.metric.unit,
                row.metric.get_category_display(),
                row.metric.get_dimension_display(),
                row.metric.get_perspective_display(),
                row.metric.get_subject_kind_display(),
                row.metric.get_cadence_display(),
                row.metric.owner_role,
                "; ".join(card.name for card in row.scorecards),
                _("yes") if row.metric.is_computed else _("no"),
                "; ".join(row.people),
                row.complete.label,
                row.complete.expected,
                row.complete.given,
                row.complete.rate,
            )
            for row in rows
        ],
    )


def overrides_table(rows: Iterable[CurveOverride]) -> ExportTable:
    """A curve as its points, `20: 0; 80: 100`."""
    return ExportTable(
        "overrides",
        (*named(_("Subject")), month(_("From month")), text(_("Curve"))),
        [
            (
                row.subject.code,
                row.subject.name,
                _begun(row.from_month),
                "; ".join(f"{value:g}: {scored:g}" for value, scored in row.curve),
            )
            for row in rows
        ],
    )


def exemptions_table(rows: Iterable[Exemption]) -> ExportTable:
    return ExportTable(
        "exemptions",
        (
            *named(_("Subject")),
            month(_("From month")),
            month(_("Until month")),
            text(_("Reason")),
        ),
        [
            (
                row.subject.code,
                row.subject.name,
                _begun(row.from_month),
                row.until_month,
                row.reason,
            )
            for row in rows
        ],
    )


def _begun(since: Month) -> Month | None:
    """Blank where it holds from the beginning."""
    return None if since == BEGINNING else since
