"""The analyst's desk and what stands beside it: what is missing, what waits, what was imported."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from dashboards.exports.histories import person_name
from dashboards.exports.scores import band_word
from dashboards.exports.subjects import named
from dashboards.exports.table import (
    ExportColumn,
    ExportTable,
    day,
    moment,
    month,
    number,
    points,
    score,
    text,
)
from dashboards.selectors.entry.approvals import OpenProposal, WaitingValue
from dashboards.selectors.import_batches import BatchRow, ShownRow
from dashboards.selectors.missing import MissingMetric, MissingValue
from metrics.due import DueValue
from metrics.models import ExemptionProposal
from projects.months import BEGINNING


def missing_table(values: Iterable[MissingValue]) -> ExportTable:
    """What has not come, value by value; assigned to nobody: any analyst may give it."""
    return ExportTable(
        "missing",
        (
            *named(_("Subject")),
            *named(_("Metric")),
            text(_("Period")),
            month(_("Counts in")),
            day(_("Due")),
            number(_("Days late")),
            text(_("From whom")),
            text(_("State")),
            text(_("Reason")),
        ),
        [
            (
                row.due.subject.code,
                row.due.subject.name,
                row.due.metric.code,
                row.due.metric.name,
                row.due.label,
                row.due.month,
                row.due.due_on,
                row.due.days_late if row.due.is_overdue else None,
                ", ".join(who.name for who in row.people),
                str(row.due.state.label),
                "" if row.due.answer is None else row.due.answer.reason,
            )
            for row in values
        ],
    )


def due_table(values: Iterable[DueValue], *, name: str) -> ExportTable:
    """What is due of whoever looks at the list, value by value, answered or not."""
    return ExportTable(
        name,
        (
            *_pair(),
            text(_("Period")),
            month(_("Counts in")),
            day(_("Due")),
            number(_("Days late")),
            text(_("State")),
            text(_("Reason")),
        ),
        [
            (
                value.metric.code,
                value.metric.name,
                value.subject.code,
                value.subject.name,
                value.label,
                value.month,
                value.due_on,
                value.days_late if value.is_overdue else None,
                str(value.state.label),
                "" if value.answer is None else value.answer.reason,
            )
            for value in values
        ],
    )


def missing_metrics_table(rows: Iterable[MissingMetric]) -> ExportTable:
    return ExportTable(
        "missing-by-metric",
        (
            *named(_("Metric")),
            number(_("Missing")),
            number(_("Answered without a value")),
            number(_("Waiting for approval")),
            text(_("From whom")),
        ),
        [
            (
                row.metric.code,
                row.metric.name,
                row.total,
                row.answered,
                row.waiting,
                ", ".join(who.name for who in row.people),
            )
            for row in rows
        ],
    )


def waiting_values_table(rows: Iterable[WaitingValue]) -> ExportTable:
    """What waits for approval, the oldest first."""
    return ExportTable(
        "approvals",
        (
            *_pair(),
            text(_("Period")),
            number(_("Value"), None),
            text(_("Unit")),
            score(_("Score")),
            text(_("Band")),
            number(_("Recorded now"), None),
            text(_("Period before")),
            number(_("Value before"), None),
            points(_("Change of the score")),
            text(_("Given by")),
            moment(_("Given at")),
            text(_("Came through")),
            text(_("File")),
            text(_("Note")),
        ),
        [
            (
                row.draft.metric.code,
                row.draft.metric.name,
                row.draft.subject.code,
                row.draft.subject.name,
                row.period,
                row.draft.value,
                row.draft.metric.unit,
                row.judged.score,
                "" if row.judged.score is None else band_word(row.judged.band),
                None if row.existing is None else row.existing.value,
                row.previous_period,
                None if row.previous is None else row.previous.value,
                row.change,
                person_name(row.draft.entered_by),
                row.draft.entered_at,
                row.draft.get_door_display(),
                "" if row.draft.batch is None else row.draft.batch.file.name,
                row.draft.note,
            )
            for row in rows
        ],
    )


def _pair() -> tuple[ExportColumn, ...]:
    return (*named(_("Metric")), *named(_("Subject")))


def _proposed() -> tuple[ExportColumn, ...]:
    """What every proposal says."""
    return (
        *_pair(),
        month(_("From month")),
        month(_("Until month")),
        text(_("Reason")),
        text(_("Proposed by")),
        moment(_("Proposed at")),
    )


def _proposal_cells(row: ExemptionProposal) -> tuple[object, ...]:
    """Blank where it would hold from the beginning."""
    return (
        row.metric.code,
        row.metric.name,
        row.subject.code,
        row.subject.name,
        None if row.from_month == BEGINNING else row.from_month,
        row.until_month,
        row.reason,
        person_name(row.proposed_by),
        row.proposed_at,
    )


def open_proposals_table(rows: Iterable[OpenProposal]) -> ExportTable:
    return ExportTable(
        "proposals",
        (*_proposed(), text(_("Latest period")), number(_("Latest value"), None)),
        [
            (
                *_proposal_cells(row.proposal),
                row.latest_period,
                None if row.latest is None else row.latest.value,
            )
            for row in rows
        ],
    )


def decided_proposals_table(rows: Iterable[ExemptionProposal]) -> ExportTable:
    return ExportTable(
        "decided",
        (
            *_proposed(),
            text(_("Decision")),
            text(_("Decided by")),
            moment(_("Decided at")),
            text(_("Answer")),
        ),
        [
            (
                *_proposal_cells(row),
                row.get_state_display(),
                person_name(row.decided_by),
                row.decided_at,
                row.answer,
            )
            for row in rows
        ],
    )


def imports_table(rows: Iterable[BatchRow]) -> ExportTable:
    """The latest first; what is not counted yet is blank."""
    return ExportTable(
        "imports",
        (
            number(_("Import")),
            text(_("File")),
            number(_("Size"), 0, _("bytes")),
            number(_("Mends import")),
            text(_("State")),
            text(_("Sent by")),
            moment(_("Sent")),
            number(_("New")),
            number(_("Changed")),
            number(_("Same")),
            number(_("Unusual")),
            number(_("Refused")),
        ),
        [
            (
                row.batch.pk,
                row.batch.file.name,
                row.batch.file.size,
                row.batch.mends_id,
                row.batch.get_state_display(),
                person_name(row.batch.created_by),
                row.batch.created_at,
                *(row.counts if row.is_counted else (None,) * 5),
            )
            for row in rows
        ],
    )


def import_rows_table(rows: Iterable[ShownRow], *, label_of_before: str) -> ExportTable:
    """The rows of one verdict, as they were read."""
    return ExportTable(
        "rows",
        (
            text(_("Where")),
            *named(_("Metric")),
            *named(_("Subject")),
            text(_("Period")),
            text(_("Value as it stands in the file")),
            number(_("Value"), None),
            number(label_of_before, None),
            text(_("What there is to say")),
            text(_("Note")),
        ),
        [
            (
                shown.row.cell,
                shown.row.metric,
                "" if shown.metric is None else shown.metric.name,
                shown.row.subject,
                shown.subject,
                shown.row.period,
                shown.row.given,
                shown.row.value,
                shown.row.before,
                shown.row.sentence,
                shown.row.note,
            )
            for shown in rows
        ],
    )
