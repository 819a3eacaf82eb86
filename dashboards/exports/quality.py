"""Whether a metric can be trusted: how complete and how late its values are, and who owes some."""

from __future__ import annotations

from django.utils.translation import gettext as _

from dashboards.exports.subjects import named
from dashboards.exports.table import ExportTable, number, rate, text
from dashboards.selectors.metrics.quality import QualityPage


def sources_table(page: QualityPage) -> ExportTable:
    """The metric itself, or each that its formula takes in."""
    return ExportTable(
        "completeness",
        (
            *named(_("Metric")),
            text(_("Cadence")),
            text(_("From")),
            text(_("To")),
            number(_("Expected")),
            number(_("Have come")),
            rate(_("Complete")),
            number(_("In time")),
            number(_("Late")),
            number(_("Loaded, day unknown")),
            number(_("Answered without a value")),
            number(_("Not due yet")),
            number(_("Missing")),
            number(_("Median days after the due day"), None),
            number(_("Most days after the due day"), None),
        ),
        [
            (
                source.metric.code,
                source.metric.name,
                source.metric.get_cadence_display(),
                str(page.first),
                str(page.last),
                source.expected,
                source.given,
                source.rate,
                *(
                    source.arrivals.total(part)
                    for part in ("in_time", "late", "undated", "answered", "not_due", "missing")
                ),
                source.arrivals.median_days,
                source.arrivals.worst_days,
            )
            for source in page.sources
        ],
    )


def debtors_table(page: QualityPage) -> ExportTable:
    """Who owes what is missing; blank: any analyst may enter it."""
    return ExportTable(
        "owed",
        (
            text(_("Assigned to")),
            number(_("Missing values")),
            number(_("Subjects")),
            text(_("Since")),
        ),
        [(", ".join(row.people), row.missing, row.subjects, row.oldest) for row in page.debtors],
    )


def lacking_table(page: QualityPage) -> ExportTable:
    return ExportTable(
        "lacking",
        (*named(_("Subject")), number(_("Missing")), number(_("Expected"))),
        [(row.code, row.name, row.missing, row.expected) for row in page.all_lacking],
    )
