"""A table as a workbook: real numbers and days, and a second sheet that says what it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from dashboards.exports.table import NUMERIC, About, Cell, ExportColumn, ExportTable, Kind
from metrics.batches.neutral import in_a_sheet
from projects.months import Month

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

HEADING, GROUND = Font(bold=True), PatternFill("solid", start_color="EEF0F3")
WRAPPED = Alignment(wrap_text=True, vertical="top")
NARROWEST, WIDEST, LOOKED_AT = 9, 60, 200
LONGEST_NAME = 31
FIRST_YEAR = 1900
_FORMATS = {
    Kind.TEXT: "@",
    Kind.CURRENCY: "@",
    Kind.SCORE: "0.0",
    Kind.POINTS: "+0.0;-0.0;0.0",
    Kind.DATE: "yyyy-mm-dd",
    Kind.MOMENT: "yyyy-mm-dd hh:mm",
    Kind.MONTH: "mmm yyyy",
}
_WIDTHS = {Kind.MOMENT: 17, Kind.DATE: 12, Kind.MONTH: 10, Kind.MONEY: 14}

Maker = Callable[[Any], Any]


def as_workbook(table: ExportTable, about: About) -> bytes:
    """The table with its heading kept in sight, and the sheet About."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_sheet_name(table.name))
    sheet.freeze_panes = "B2"
    rows = [
        [column.cell(value) for column, value in zip(table.columns, row, strict=True)]
        for row in table.rows
    ]
    for place, column in enumerate(table.columns):
        letter = get_column_letter(place + 1)
        sheet.column_dimensions[letter].width = _width(column, [row[place] for row in rows])
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(table.columns))}{len(rows) + 1}"
    makers = [
        _cells(sheet, _format(column, [row[place] for row in rows]))
        for place, column in enumerate(table.columns)
    ]
    sheet.append([_heading(sheet, column) for column in table.columns])
    for row in rows:
        # A blank cell is no cell at all: nothing a formula could count as 0.
        sheet.append(
            [None if cell is None else make(cell) for make, cell in zip(makers, row, strict=True)]
        )
    _tell(book, about)
    written = BytesIO()
    book.save(written)
    return written.getvalue()


def _sheet_name(name: str) -> str:
    return re.sub(r"[\[\]:*?/\\']", " ", name)[:LONGEST_NAME].strip() or _("Table")


def _cells(sheet: Any, number_format: str) -> Maker:
    """A maker of cells that look the same; each style is looked up once, not once a cell."""
    pattern = WriteOnlyCell(sheet)
    pattern.number_format = number_format

    def make(content: Cell) -> Any:
        if isinstance(content, str):
            made = _text(sheet, content)
        else:
            made = _plain(sheet, content.first_day if isinstance(content, Month) else content)
        made._style = pattern._style
        return made

    return make


def _plain(sheet: Any, content: Any) -> Any:
    """A number or a day; the calendar of workbooks begins in 1900, days before it are text."""
    if isinstance(content, date) and content.year < FIRST_YEAR:
        return _text(sheet, content.isoformat())
    return WriteOnlyCell(sheet, content)


def _text(sheet: Any, content: str) -> Any:
    made = WriteOnlyCell(sheet, in_a_sheet(content))
    # A text that begins with = would be taken for a formula by the writer itself.
    made.data_type = "s"
    return made


def _heading(sheet: Any, column: ExportColumn) -> Any:
    made = _text(sheet, column.heading)
    made.font, made.fill = HEADING, GROUND
    made.alignment = Alignment(
        wrap_text=True, vertical="top", horizontal="right" if column.kind in NUMERIC else "left"
    )
    return made


def _format(column: ExportColumn, cells: Sequence[Cell]) -> str:
    if column.kind == Kind.MONEY:
        amounts = [cell for cell in cells if isinstance(cell, int | float | Decimal)]
        return "#,##0" if all(amount == int(amount) for amount in amounts) else "#,##0.00"
    if column.kind == Kind.RATE:
        return f"0{_decimals(column.decimals)}%"
    if column.kind == Kind.NUMBER:
        return "General" if column.decimals is None else f"#,##0{_decimals(column.decimals)}"
    return _FORMATS[column.kind]


def _decimals(decimals: int | None) -> str:
    return f".{'0' * decimals}" if decimals else ""


def _width(column: ExportColumn, cells: Sequence[Cell]) -> int:
    """As wide as its longest word of a heading, and as most of its texts."""
    words = max(len(word) for word in column.heading.split() or [""]) + 2
    lengths = [len(cell) for cell in cells[:LOOKED_AT] if isinstance(cell, str)]
    needed = max([words, _WIDTHS.get(column.kind, NARROWEST), *(length + 2 for length in lengths)])
    return min(needed, WIDEST)


def _tell(book: Workbook, about: About) -> None:
    sheet = book.create_sheet(_("About"))
    sheet.column_dimensions["A"].width = 18
    sheet.column_dimensions["B"].width = 100
    title = _text(sheet, about.title)
    title.font = HEADING
    sheet.append([title])
    for word, sentence in about.lines:
        cells = [_text(sheet, word), _text(sheet, sentence)]
        for cell in cells:
            cell.alignment = WRAPPED
        sheet.append(cells)
