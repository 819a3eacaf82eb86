"""The refused rows of a batch as a table like the file they are from, and how it is known again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from django.contrib.auth.models import User

from metrics.batches.rows import JudgedRow, kept_rows
from metrics.choices import BatchState, Verdict
from metrics.importing.files import FileKind, kind_of
from metrics.importing.plans import Mapping, Reading, Shape
from metrics.importing.problems import FileProblem
from metrics.importing.tables import HeadedRows, open_table
from metrics.models import ImportBatch

WHY, CELL = "Why refused", "Cell"
"""By these heads our two columns are known again, so they are in one language."""
SHEET = "Refused rows"
BATCHES_LOOKED_AT = 10
"""Among how many of a person's latest imports the one is looked for that mended rows are from."""


@dataclass(frozen=True, slots=True)
class RefusedTable:
    """Header and rows, the last two columns saying what is wrong and where it stood."""

    header: list[str]
    rows: list[list[str]]
    decimal_sign: str
    """That of texts; numbers of a workbook have a point."""


def refused_table(batch: ImportBatch) -> RefusedTable:
    """The rows that were not stored; in a wide table only the cells that were not."""
    content = bytes(batch.file.content)
    reading, mapping = Reading.of_plain(batch.reading), Mapping.of_plain(batch.mapping)
    # Mended rows that are refused in their turn get our two columns once.
    judged = {row.cell: row for row in rows_to_mend(batch)}
    table = open_table(content, reading)
    headed = HeadedRows(table, reading.header_row)
    heads, header = headed.header, _without_ours(list(headed.header))
    columns = _value_columns(mapping)
    rows = []
    for row in headed:
        cells = _padded(row.cells, len(header))
        cell_of = {
            column: table.place(row.line, column, _head(heads, column))[1] for column in columns
        }
        found = {column: judged[cell] for column, cell in cell_of.items() if cell in judged}
        if found:
            rows.append([*_without_others(cells, columns, found, mapping), *_told(found)])
    return RefusedTable([*header, WHY, CELL], rows, reading.decimal_sign)


def rows_to_mend(batch: ImportBatch) -> Iterator[JudgedRow]:
    """What was refused, and what was questioned and not confirmed."""
    yield from kept_rows(batch, Verdict.REFUSED)
    if not batch.is_confirmed:
        yield from kept_rows(batch, Verdict.QUESTIONED)


def batch_mended_by(content: bytes, by: User) -> ImportBatch | None:
    """The import whose refused rows these are, as it was mapped; None for any other file."""
    header = _header_of_refused(content)
    if header is None:
        return None
    candidates = (
        ImportBatch.objects.filter(created_by=by)
        .exclude(mapping={})
        .exclude(state__in=[BatchState.NEW, BatchState.CHECK_DUE])
        .select_related("file")
        .order_by("-pk")
    )
    for batch in candidates[:BATCHES_LOOKED_AT]:
        reading = Reading.of_plain(batch.reading)
        own = HeadedRows(open_table(bytes(batch.file.content), reading), reading.header_row).header
        if header == _without_ours(list(own)):
            return batch
    return None


def reading_of_refused(content: bytes, mended: ImportBatch) -> Reading:
    """How such a file is read: as we wrote it, its values as its people write them."""
    theirs = Reading.of_plain(mended.reading)
    return replace(
        _OURS[kind_of(content)], decimal_sign=theirs.decimal_sign, date_order=theirs.date_order
    )


_OURS = {FileKind.CSV: Reading(), FileKind.XLSX: Reading(sheet=SHEET)}


def _header_of_refused(content: bytes) -> list[str] | None:
    try:
        header = HeadedRows(open_table(content, _OURS[kind_of(content)]), 1).header
    except FileProblem:
        return None
    return None if header[-2:] != [WHY, CELL] else _without_ours(header)


def _without_ours(header: list[str]) -> list[str]:
    while header[-2:] == [WHY, CELL]:
        header = header[:-2]
    return header


def _value_columns(mapping: Mapping) -> list[int]:
    if mapping.shape != Shape.LONG:
        return sorted(mapping.across)
    return [] if mapping.value_column is None else [mapping.value_column]


def _head(header: Sequence[str], column: int) -> str:
    return header[column] if column < len(header) else ""


def _padded(cells: Sequence[str], width: int) -> list[str]:
    """Numbers and dates of a workbook stay known as such."""
    return [*cells[:width], *[""] * (width - len(cells))]


def _without_others(
    cells: list[str], columns: list[int], found: dict[int, JudgedRow], mapping: Mapping
) -> list[str]:
    """In a wide table what was accepted is left blank: it would come twice."""
    if mapping.shape == Shape.LONG:
        return cells
    accepted = set(columns) - set(found)
    return ["" if column in accepted else text for column, text in enumerate(cells)]


def _told(found: dict[int, JudgedRow]) -> list[str]:
    rows = [row for _, row in sorted(found.items())]
    if len(rows) == 1:
        return [rows[0].sentence, rows[0].cell]
    return [
        " ".join(f"{row.cell}: {row.sentence}" for row in rows),
        ", ".join(row.cell for row in rows),
    ]
