"""Months and runs: what is closed, what was reported, what was scored when."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from dashboards.exports.scores import band_word
from dashboards.exports.table import (
    ExportTable,
    category_name,
    moment,
    month,
    number,
    points,
    rate,
    score,
    text,
)
from dashboards.selectors.months_page import Difference, MonthRow, Restated
from dashboards.selectors.runs import RunRow


def months_table(rows: Iterable[MonthRow]) -> ExportTable:
    return ExportTable(
        "months",
        (
            month(_("Month")),
            score(_("Overall of the organisation")),
            text(_("Band")),
            rate(_("Coverage")),
            text(_("State")),
            moment(_("Closed at")),
            moment(_("Reopened at")),
            text(_("Reason for reopening")),
            number(_("Subjects scored")),
            number(_("Insufficient")),
        ),
        [
            (
                row.month,
                row.overall.score,
                band_word(row.overall.band),
                row.overall.coverage,
                _state(row),
                row.closing.closed_at if row.closing else None,
                row.closing.reopened_at if row.closing else None,
                row.closing.reopen_reason if row.closing else None,
                row.scored,
                row.insufficient,
            )
            for row in rows
        ],
    )


def _state(row: MonthRow) -> str:
    if row.is_closed:
        return _("closed")
    if row.was_reopened:
        return _("reopened")
    return _("unfinished") if row.is_running else _("open")


def restated_table(name: str, rows: Iterable[Restated]) -> ExportTable:
    """The organisation's five scores, a row each, as reported and as they stand now."""
    return ExportTable(
        name,
        (
            category_name(_("Score")),
            score(_("Reported")),
            text(_("Reported band")),
            rate(_("Reported coverage")),
            score(_("Now")),
            text(_("Band now")),
            rate(_("Coverage now")),
            points(_("Difference")),
        ),
        [
            (
                row.label,
                row.reported.score,
                band_word(row.reported.band),
                row.reported.coverage,
                row.now.score,
                band_word(row.now.band),
                row.now.coverage,
                row.change,
            )
            for row in rows
        ],
    )


def differences_table(name: str, rows: Iterable[Difference]) -> ExportTable:
    return ExportTable(
        name,
        (
            text(_("Kind")),
            text(_("Subject code")),
            text(_("Subject")),
            score(_("Overall as reported")),
            text(_("Band as reported")),
            score(_("Overall now")),
            text(_("Band now")),
            points(_("Difference")),
        ),
        [
            (
                row.kind,
                row.code,
                row.name,
                row.reported,
                band_word(row.reported_band),
                row.now,
                band_word(row.band),
                row.change,
            )
            for row in rows
        ],
    )


def runs_table(rows: Iterable[RunRow]) -> ExportTable:
    return ExportTable(
        "runs",
        (
            number(_("Run")),
            text(_("Why")),
            text(_("Asked for by")),
            text(_("State")),
            text(_("What")),
            text(_("Months")),
            number(_("Subjects")),
            moment(_("Started")),
            number(_("Took"), 1, _("seconds")),
            number(_("Rows written")),
            number(_("Rows removed")),
            text(_("Error")),
        ),
        [
            (
                row.run.pk,
                row.run.get_trigger_display(),
                _person(row),
                row.run.get_state_display(),
                row.run.get_scope_display(),
                row.months,
                row.run.subjects,
                row.run.started_at,
                None if row.took is None else row.took.total_seconds(),
                row.run.rows_written,
                row.run.rows_removed,
                row.run.error,
            )
            for row in rows
        ],
    )


def _person(row: RunRow) -> str:
    by = row.run.requested_by
    return "" if by is None else by.get_full_name() or by.get_username()
