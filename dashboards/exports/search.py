"""What fits a search."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from dashboards.exports.table import ExportTable, text
from dashboards.selectors.search import Found


def found_table(rows: Iterable[Found]) -> ExportTable:
    return ExportTable(
        "found",
        (text(_("Code")), text(_("Name")), text(_("Kind"))),
        [(row.code, row.name, row.label) for row in rows],
    )
