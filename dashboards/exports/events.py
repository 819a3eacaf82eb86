"""Events of subjects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from dashboards.exports.table import ExportColumn, ExportTable, day, number, text
from dashboards.selectors.events import EventRow


def events_table(events: Iterable[EventRow]) -> ExportTable:
    return ExportTable("events", _columns(), [_cells(row) for row in events])


def marked_events_table(events: Iterable[EventRow]) -> ExportTable:
    """Those that a page's charts show, with the numbers of their marks there."""
    return ExportTable(
        "events",
        (*_columns(), number(_("Mark on the charts"))),
        [(*_cells(row), row.mark or None) for row in events],
    )


def _columns() -> tuple[ExportColumn, ...]:
    return (
        day(_("Day")),
        text(_("Event")),
        text(_("More about it")),
        text(_("Subject code")),
        text(_("Subject")),
    )


def _cells(row: EventRow) -> tuple[Any, ...]:
    return row.day, row.title, row.text, row.code, row.name
