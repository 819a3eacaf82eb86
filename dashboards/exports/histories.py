"""Histories: what became of a definition, and everything that was said of a value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from dashboards.exports.scores import band_word
from dashboards.exports.table import ExportTable, moment, number, score, text
from dashboards.selectors.definition_history import DefinitionChange
from dashboards.selectors.entry.history import Event, EventKind, MeasurementHistory
from dashboards.selectors.explain import ValuesPage
from metrics.choices import DraftState


def changes_table(changes: Iterable[DefinitionChange]) -> ExportTable:
    """A row for each field that changed; what was saved without a change has a row of its own."""
    return ExportTable(
        "changes",
        (
            moment(_("When")),
            text(_("Who")),
            text(_("What")),
            text(_("Reason")),
            text(_("Field")),
            text(_("Before")),
            text(_("After")),
        ),
        [
            (change.at, change.by, change.what, change.reason, *field)
            for change in changes
            for field in change.fields or (("", "", ""),)
        ],
    )


def measurement_history_table(history: MeasurementHistory) -> ExportTable:
    """One value's history, the latest first."""
    unit = history.metric.unit
    return ExportTable(
        "history",
        (
            text(_("Metric")),
            text(_("Subject code")),
            text(_("Period")),
            moment(_("When")),
            text(_("Who")),
            text(_("What")),
            number(_("Value"), None, unit),
            number(_("Before"), None, unit),
            score(_("Score")),
            text(_("Band")),
            text(_("Note")),
            text(_("Note before")),
            text(_("Came through")),
            text(_("File")),
            text(_("Stands there now")),
        ),
        [
            (
                history.metric.code,
                history.subject.code,
                history.label,
                event.at,
                person_name(event.by),
                event_word(event),
                event.value,
                event.before,
                event.judged.score,
                "" if event.judged.score is None else band_word(event.judged.band),
                event.note,
                event.note_before if event.has_other_note else "",
                "" if event.door is None else str(event.door.label),
                "" if event.batch is None else event.batch.file.name,
                _("yes") if event.is_now else _("no"),
            )
            for event in history.events
        ],
    )


def event_word(event: Event) -> str:
    """What happened, as the page says it."""
    if event.kind == EventKind.DECISION and event.draft is not None:
        return str(DraftState(event.draft.state).label)
    if event.kind == EventKind.RECORDED and event.is_late:
        return _("Recorded after its month was closed")
    return {
        EventKind.RECORDED: _("Recorded"),
        EventKind.CORRECTED: _("Corrected"),
        EventKind.NOTE: _("Only the note changed"),
        EventKind.DELETED: _("Deleted"),
        EventKind.DRAFT: _("Sent for approval"),
        EventKind.NO_VALUE: _("Said to have no value"),
        EventKind.TAKEN_BACK: _("“No value” taken back"),
    }[event.kind]


def values_behind_table(page: ValuesPage) -> ExportTable:
    """The values that stand for a month, then every correction of one."""
    unit = page.metric.unit
    return ExportTable(
        "values",
        (
            text(_("Metric")),
            text(_("Subject code")),
            text(_("Period")),
            text(_("What")),
            number(_("Value"), None, unit),
            number(_("Before"), None, unit),
            text(_("Who")),
            moment(_("When")),
            moment(_("First entered")),
            text(_("Came through")),
            text(_("Note")),
            text(_("Note before")),
        ),
        [(page.metric.code, page.subject.code, *row) for row in _behind(page)],
    )


def _behind(page: ValuesPage) -> Iterator[tuple[Any, ...]]:
    for row in page.values:
        yield (
            row.period,
            _("Stands there, given late") if row.is_late else _("Stands there"),
            row.value,
            None,
            person_name(row.by),
            row.changed_at,
            row.created_at,
            str(row.door.label),
            row.note,
            "",
        )
    for change in page.corrections:
        what = _("Deleted") if change.after is None else _("Corrected")
        if change.is_of_note_only:
            what = _("Only the note changed")
        yield (
            change.period,
            what,
            change.after,
            change.before,
            person_name(change.by),
            change.at,
            None,
            str(change.door.label),
            change.note_after,
            change.note_before if change.note_before != change.note_after else "",
        )


def person_name(person: User | None) -> str:
    """Blank for what nobody signed: a command, a loaded workspace."""
    return "" if person is None else person.get_full_name() or person.get_username()
