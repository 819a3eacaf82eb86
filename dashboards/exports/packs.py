"""The packs that are kept, with the hashes by which somebody can tell that a file is unchanged."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from dashboards.exports.histories import person_name
from dashboards.exports.subjects import named
from dashboards.exports.table import ExportTable, moment, month, text
from dashboards.selectors.packs import KeptPacks


def kept_packs_table(name: str, rows: Iterable[KeptPacks]) -> ExportTable:
    """A row for each file; a closing of which none was made yet has one without."""
    return ExportTable(
        name,
        (
            month(_("Month")),
            *named(_("Pack of")),
            moment(_("Closed at")),
            text(_("Closed by")),
            moment(_("Reopened at")),
            text(_("File")),
            moment(_("Made at")),
            text(_("SHA-256 of the file")),
            text(_("SHA-256 of the data")),
        ),
        [
            (
                row.closing.month,
                row.code,
                row.name,
                row.closing.closed_at,
                person_name(row.closing.closed_by),
                row.closing.reopened_at,
                *(
                    ("", None, "", "")
                    if file is None
                    else (file.file_name, file.made_at, file.sha256, file.data_sha256)
                ),
            )
            for row in rows
            for file in row.files or (None,)
        ],
    )
