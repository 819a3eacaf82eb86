"""The refused rows of an import, to be mended and sent again: in the shape of the file itself."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from metrics.batches.neutral import in_a_sheet, neutralised
from metrics.batches.refused import SHEET, RefusedTable
from metrics.importing.cells import NumberCell

TOLD = PatternFill("solid", start_color="FBE9E7")
HEADING = Font(bold=True)
WIDTH, WIDTH_OF_REASON = 16, 80
OURS = 2
"""The last columns are ours: why a row was refused, and where it stood."""

_is_number = re.compile(r"-?[0-9]+(?:\.[0-9]+)?").fullmatch


def refused_csv(table: RefusedTable) -> bytes:
    """With the byte order mark by which spreadsheet programs know UTF-8."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([neutralised(head) for head in table.header])
    for row in table.rows:
        writer.writerow([_as_text(cell, table.decimal_sign) for cell in row])
    return stream.getvalue().encode("utf-8-sig")


def _as_text(cell: str, decimal_sign: str) -> str:
    if isinstance(cell, NumberCell):
        return cell.replace(".", decimal_sign)
    return neutralised(cell)


def refused_workbook(table: RefusedTable) -> bytes:
    """Numbers that were numbers in a workbook are numbers again; everything else is text."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(SHEET)
    sheet.freeze_panes = "A2"
    width = len(table.header)
    for place in range(1, width + 1):
        letter = get_column_letter(place)
        sheet.column_dimensions[letter].width = WIDTH if place != width - 1 else WIDTH_OF_REASON
    sheet.append([_heading(sheet, head, place, width) for place, head in enumerate(table.header)])
    for row in table.rows:
        sheet.append(
            [_cell(sheet, cell, is_ours=place >= width - OURS) for place, cell in enumerate(row)]
        )
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _heading(sheet: Any, text: str, place: int, width: int) -> Any:
    cell = _text(sheet, text)
    cell.font = HEADING
    if place >= width - OURS:
        cell.fill = TOLD
    return cell


def _cell(sheet: Any, text: str, *, is_ours: bool) -> Any:
    if isinstance(text, NumberCell) and _is_number(text):
        return WriteOnlyCell(sheet, float(text))
    cell = _text(sheet, text)
    if is_ours:
        cell.fill = TOLD
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    return cell


def _text(sheet: Any, text: str) -> Any:
    cell = WriteOnlyCell(sheet, in_a_sheet(text))
    # A text that begins with = would be taken for a formula by the writer itself.
    cell.data_type = "s"
    return cell
