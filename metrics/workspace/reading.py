"""CSV files row by row: encoding, header and shape, before anything is understood."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from metrics.workspace.problems import Place, Problems
from projects.validation import listed, listed_with_or, near_matches

# Beyond this a quote was most likely never closed and would swallow the rest of the file.
LONGEST_CELL = 1_048_576
csv.field_size_limit(LONGEST_CELL)

ROWS_BETWEEN_SIGNS = 5_000
CELLS_OF_LINE = tuple[int, list[str]]

Progress = Callable[[int], None]
"""Told how many bytes of the file have been read."""


class Lines(Protocol):
    """What csv.reader gives."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...
    def __next__(self) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Header:
    """Which column stands where; columns that the file lacks are not in it."""

    positions: dict[str, int]
    width: int


class CsvFile:
    """One file of a workspace; what is wrong with its form goes to the problems."""

    def __init__(
        self,
        path: Path,
        order: int,
        *,
        columns: Sequence[str],
        required: Sequence[str],
        problems: Problems,
    ) -> None:
        self.path = path
        self.order = order
        self.columns = columns
        self.required = required
        self.problems = problems
        self.header: Header | None = None
        self.is_whole = True
        """False once rows are missing, so that nobody is told that what they hold is unknown."""

    def rows(self, progress: Progress = lambda done: None) -> Iterator[CELLS_OF_LINE]:
        """The rows below the header with the line on which each begins, blank lines left out."""
        try:
            text = self.path.open(encoding="utf-8-sig", newline="")
        except OSError as error:
            self._break_off(0, f"The file can't be read: {error.strerror}.")
            return
        with text:
            lines = csv.reader(text, strict=True)
            try:
                yield from self._rows(
                    lines, lambda: progress(os.lseek(text.fileno(), 0, os.SEEK_CUR))
                )
            except UnicodeDecodeError:
                self._break_off(
                    self._line_that_is_not_utf8(),
                    "This is not UTF-8; save the file again with the encoding UTF-8.",
                )
            except csv.Error as error:
                self._break_off(max(lines.line_num, 1), _form_of(error))

    def _rows(self, lines: Lines, sign: Callable[[], None]) -> Iterator[CELLS_OF_LINE]:
        cells = next(lines, None)
        if cells is None:
            self._break_off(
                1, f"The file is empty; its first line names the columns: {','.join(self.columns)}."
            )
            return
        self.header = self._read_header(cells)
        width, before, until_sign = len(cells), lines.line_num, ROWS_BETWEEN_SIGNS
        for cells in lines:
            line, before = before + 1, lines.line_num
            until_sign -= 1
            if not until_sign:
                until_sign = ROWS_BETWEEN_SIGNS
                sign()
            if len(cells) == width:
                yield line, cells
            elif cells:
                self.is_whole = False
                self.problems.add(self.place(line), _wrong_width(len(cells), width))
        sign()

    def _read_header(self, cells: list[str]) -> Header:
        positions: dict[str, int] = {}
        for position, name in enumerate(cells):
            if name in positions:
                self._blame_header(name, "The column is there twice; it is needed once.")
            elif name not in self.columns:
                self._blame_header(name, self._unknown_column(name, cells))
            positions[name] = position
        for name in self.required:
            if name not in positions:
                self.is_whole = False
                self._blame_header(
                    name, f"The column is missing; {self.path.name} needs {listed(self.required)}."
                )
        known = {name: at for name, at in positions.items() if name in self.columns}
        return Header(known, len(cells))

    def _unknown_column(self, name: str, cells: list[str]) -> str:
        if len(cells) == 1 and ";" in name:
            return "Cells are separated by commas, not by semicolons."
        if near := near_matches(name, self.columns):
            return f"There is no such column; did you mean {listed_with_or(near)}?"
        return f"There is no such column; {self.path.name} has {listed(self.columns)}."

    def _blame_header(self, name: str, sentence: str) -> None:
        self.problems.add(self.place(1, name or '""'), sentence)

    def place(self, line: int, column: str = "") -> Place:
        position = self.columns.index(column) + 1 if column in self.columns else 0
        return Place(self.order, line, position, self.path.name, column)

    def _break_off(self, line: int, sentence: str) -> None:
        self.is_whole = False
        self.problems.add(self.place(line), sentence)

    def _line_that_is_not_utf8(self) -> int:
        with self.path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    line.decode()
                except UnicodeDecodeError:
                    return number
        return 0


def _wrong_width(found: int, expected: int) -> str:
    cells = "1 cell" if found == 1 else f"{found} cells"
    return f"The row has {cells} and the header {expected}; every row has as many as the header."


def _form_of(error: csv.Error) -> str:
    if "field larger" in str(error):
        return f"A cell has more than {LONGEST_CELL:,} characters; is a closing quote missing?"
    if "unexpected end" in str(error):
        return "A quote is opened and never closed."
    return (
        "The quotes can't be read: a cell in quotes ends with its quote, and a quote within it is"
        " doubled."
    )
