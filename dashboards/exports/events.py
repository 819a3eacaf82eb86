"""Events of subjects."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from dashboards.exports.table import ExportTable, day, text
from dashboards.selectors.events import EventRow


def events_table(events: Iterable[EventRow]) -> ExportTable:
    return ExportTable(
        "events",
        (
            day(_("Day")),
            text(_("Event")),
            text(_("More about it")),
            text(_("Subject code")),
            text(_("Subject")),
        ),
        [(row.day, row.title, row.text, row.code, row.name) for row in events],
    )
