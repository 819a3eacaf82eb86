"""A file as a table of texts, each of which knows where it stands."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, zip_longest
from typing import NamedTuple, Protocol

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics.importing.cells import column_letters
from metrics.importing.files import FileKind, kind_of
from metrics.importing.plans import Reading
from metrics.importing.problems import FileProblem
from metrics.importing.workbooks import MOST_CELLS, open_workbook

LONGEST_CELL = 1_048_576
"""Beyond this a quote was most likely never closed and would swallow the rest of the file."""

ENCODINGS = {
    "utf-8": gettext_lazy("Unicode (UTF-8)"),
    "utf-16": gettext_lazy("Unicode (UTF-16)"),
    "cp1252": gettext_lazy("Western European (Windows-1252)"),
    "cp1250": gettext_lazy("Central European (Windows-1250)"),
    "mac_roman": gettext_lazy("Western European (Mac)"),
}
DELIMITERS = {
    ",": gettext_lazy("comma"),
    ";": gettext_lazy("semicolon"),
    "\t": gettext_lazy("tab"),
    "|": gettext_lazy("vertical bar"),
}

_CODECS = {
    "utf-8": ("utf-8-sig", "strict"),
    "utf-16": ("utf-16", "strict"),
    # A few bytes mean nothing there; what stands for them is a sign that shows it.
    "cp1252": ("cp1252", "replace"),
    "cp1250": ("cp1250", "replace"),
    "mac_roman": ("mac_roman", "replace"),
}


class Row(NamedTuple):
    """A row, with its number in the table: the line on which it begins."""

    line: int
    cells: Sequence[str]

    @property
    def is_blank(self) -> bool:
        return not any(self.cells)


class Table(Protocol):
    """Rows of a file, read anew each time; nothing is kept that grows with their number."""

    formulas: int
    """Cells whose formula's result was taken."""

    @property
    def height(self) -> int:
        """About how many lines there are, known before they are read."""
        ...

    def lines(self) -> Iterator[Row]: ...

    def place(self, line: int, column: int, head: str) -> tuple[int, str]:
        """The row in the file, and the cell's name, of a column counted from 0."""
        ...


class CsvTable:
    """Text, line by line."""

    formulas = 0

    def __init__(self, content: bytes, reading: Reading) -> None:
        self.content = content
        self.reading = reading

    @property
    def height(self) -> int:
        return self.content.count(b"\n") or self.content.count(b"\r")

    def lines(self) -> Iterator[Row]:
        csv.field_size_limit(LONGEST_CELL)
        codec, errors = _CODECS[self.reading.encoding]
        if codec == "utf-16" and self.content[:2] not in (b"\xff\xfe", b"\xfe\xff"):
            codec = "utf-16-be" if self.content[:1] == b"\x00" else "utf-16-le"
        text = io.TextIOWrapper(io.BytesIO(self.content), encoding=codec, errors=errors, newline="")
        reader = csv.reader(text, delimiter=self.reading.delimiter, strict=True)
        before = 0
        try:
            for cells in reader:
                yield Row(before + 1, cells)
                before = reader.line_num
        except UnicodeDecodeError:
            raise FileProblem(
                _(
                    "Line %(line)s or one soon after it is not %(encoding)s; choose another"
                    " encoding."
                )
                % {"line": before + 1, "encoding": ENCODINGS[self.reading.encoding]}
            ) from None
        except csv.Error as error:
            raise FileProblem(
                _("Line %(line)s: %(reason)s") % {"line": before + 1, "reason": _form_of(error)}
            ) from None

    def place(self, line: int, column: int, head: str) -> tuple[int, str]:
        return line, f"line {line}, column {head or column + 1}"


class SheetTable:
    """One sheet of a workbook."""

    def __init__(self, content: bytes, reading: Reading) -> None:
        self._workbook = open_workbook(content)
        self._sheet = self._workbook.sheet(reading.sheet)
        self.formulas = self._workbook.facts(self._sheet).formulas

    @property
    def height(self) -> int:
        return self._workbook.facts(self._sheet).rows

    def lines(self) -> Iterator[Row]:
        for line, cells in enumerate(self._workbook.rows(self._sheet), start=1):
            yield Row(line, cells)

    def place(self, line: int, column: int, head: str) -> tuple[int, str]:
        return line, f"{column_letters(column)}{line}"


class TurnedTable:
    """A table on its side: its rows are the file's columns. It is read whole."""

    def __init__(self, table: Table, is_sheet: bool) -> None:
        self._is_sheet = is_sheet
        self.formulas = table.formulas
        rows: list[Row] = []
        cells = 0
        for row in table.lines():
            cells += len(row.cells)
            if cells > MOST_CELLS:
                raise FileProblem(
                    _(
                        "The table has more than %(most_cells)s cells and can't be turned;"
                        " send it with one row for each subject or value."
                    )
                    % {"most_cells": f"{MOST_CELLS:,}"}
                )
            rows.append(row)
        self._file_lines = [row.line for row in rows]
        self._rows = [row.cells for row in rows]

    @property
    def height(self) -> int:
        return max(map(len, self._rows), default=0)

    def lines(self) -> Iterator[Row]:
        for line, cells in enumerate(zip_longest(*self._rows, fillvalue=""), start=1):
            yield Row(line, cells)

    def place(self, line: int, column: int, head: str) -> tuple[int, str]:
        file_line = self._file_lines[column]
        if self._is_sheet:
            return file_line, f"{column_letters(line - 1)}{file_line}"
        return file_line, f"line {file_line}, column {line}"


def open_table(content: bytes, reading: Reading) -> Table:
    """The table that a reading makes of a file; FileProblem where it does not fit."""
    is_sheet = kind_of(content) == FileKind.XLSX
    make: Callable[[bytes, Reading], Table] = SheetTable if is_sheet else CsvTable
    table = make(content, reading)
    return TurnedTable(table, is_sheet) if reading.is_turned else table


class HeadedRows:
    """The header of a table, and what stands below it, blank rows left out."""

    def __init__(self, table: Table, header_row: int) -> None:
        self.table = table
        self._lines = table.lines()
        self.header: list[str] = []
        for row in self._lines:
            if row.line >= header_row:
                self.header = [_on_one_line(text) for text in row.cells]
                break
        while self.header and not self.header[-1]:
            self.header.pop()

    def __iter__(self) -> Iterator[Row]:
        return (row for row in self._lines if any(row.cells))


def first_rows(table: Table, most: int) -> list[Row]:
    return list(islice(table.lines(), most))


def _on_one_line(text: str) -> str:
    return text if text.isalnum() else " ".join(text.split())


def _form_of(error: csv.Error) -> str:
    if "field larger" in str(error):
        return _("a cell has more than %(most)s characters; is a closing quote missing?") % {
            "most": f"{LONGEST_CELL:,}"
        }
    if "unexpected end" in str(error):
        return _("a quote is opened and never closed.")
    return _(
        "the quotes can't be read: a cell in quotes ends with its quote, and a quote within it is"
        " doubled."
    )
