"""XLSX: which sheets there are, and their cells, once the archive was found to be safe."""

from __future__ import annotations

import hashlib
import posixpath
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from weakref import WeakValueDictionary
from xml.parsers import expat

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    SheetTypeEnum,
    load_workbook,
)

from metrics.importing.archives import (
    DAMAGED,
    ENCODING,
    WorkbookParts,
    refuse_document_types,
    workbook_parts,
)
from metrics.importing.cells import WrongCell, cell_text, column_number, percent_text
from metrics.importing.problems import FileProblem

MOST_CELLS = 3_000_000
MOST_COLUMNS = 16_384
MOST_ROWS = 1_048_576

PERCENT_FORMATS = frozenset({"9", "10"})
_QUOTED = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")

UNCACHED = gettext_lazy(
    "The cell has a formula without its result; open the file in a spreadsheet program"
    " and save it there, or put the value in its place."
)
_ERROR = gettext_lazy(
    "The cell shows %(error)s instead of a value; mend its formula or leave the cell blank."
)


@dataclass(frozen=True, slots=True)
class SheetPart:
    """A sheet, and where in the archive it lies."""

    name: str
    path: str
    is_hidden: bool


@dataclass(slots=True)
class SheetFacts:
    """What the reader of cells does not tell. Cells by `row * MOST_COLUMNS + column`, from 0."""

    rows: int = 0
    columns: int = 0
    formulas: int = 0
    """Formulas that carry their result."""
    percents: set[int] = field(default_factory=set)
    wrong: dict[int, WrongCell] = field(default_factory=dict)


class Workbook:
    """An XLSX file whose archive is safe."""

    def __init__(self, parts: WorkbookParts) -> None:
        self._parts = parts
        self.has_links = parts.has_links
        self._reader = _opened(parts)
        self._facts: dict[str, SheetFacts] = {}
        self._read: dict[str, CalamineSheet] = {}
        self.sheets = self._read_sheets()
        if not self.sheets:
            raise FileProblem(_("The workbook has no sheet with cells."))

    def _read_sheets(self) -> tuple[SheetPart, ...]:
        parts = self._parts.parts
        paths = _paths_by_relation(parts)
        readable = {
            sheet.name
            for sheet in self._reader.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet
        }
        found = []
        for attributes in _elements(parts["xl/workbook.xml"], "sheet"):
            relation = next((text for key, text in attributes.items() if key.endswith(":id")), "")
            name, path = attributes.get("name", ""), paths.get(relation, "")
            if name in readable and path in parts:
                is_hidden = attributes.get("state", "visible") != "visible"
                found.append(SheetPart(name, path, is_hidden))
        return tuple(found)

    def sheet(self, name: str) -> SheetPart:
        """The sheet of this name; without one the first that is not hidden."""
        for sheet in self.sheets:
            if sheet.name == name:
                return sheet
        if name:
            raise FileProblem(_('There is no sheet "%(name)s" in the workbook.') % {"name": name})
        return next((sheet for sheet in self.sheets if not sheet.is_hidden), self.sheets[0])

    def facts(self, sheet: SheetPart) -> SheetFacts:
        if sheet.path not in self._facts:
            part = self._parts.parts[sheet.path]
            self._facts[sheet.path] = _Scan(self._percent_styles).of(part)
        return self._facts[sheet.path]

    @cached_property
    def _percent_styles(self) -> frozenset[str]:
        """The styles, by number, whose cells show percents."""
        styles = self._parts.parts.get("xl/styles.xml")
        return frozenset() if styles is None else _percent_styles(styles)

    def rows(self, sheet: SheetPart) -> Iterator[list[str]]:
        """All rows from the first one on, each with all its cells from column A on."""
        facts = self.facts(sheet)
        if facts.rows * facts.columns > MOST_CELLS:
            raise FileProblem(
                _(
                    "The sheet spans %(rows)s rows and %(columns)s columns, more than"
                    " %(most_cells)s cells; delete what lies far off the table, or save it as"
                    " CSV."
                )
                % {
                    "rows": f"{facts.rows:,}",
                    "columns": f"{facts.columns:,}",
                    "most_cells": f"{MOST_CELLS:,}",
                }
            )
        try:
            if sheet.name not in self._read:
                self._read[sheet.name] = self._reader.get_sheet_by_name(sheet.name)
            read = self._read[sheet.name]
            if read.start is None:
                return
            before = [""] * read.start[1]
            special = facts.percents or facts.wrong
            for number, values in enumerate(read.iter_rows()):
                cells = before + [
                    value if type(value) is str else cell_text(value) for value in values
                ]
                if special:
                    _mark(cells, number * MOST_COLUMNS, before, values, facts)
                yield cells
        except CalamineError:
            raise FileProblem(DAMAGED) from None


def _mark(
    cells: list[str], first: int, before: list[str], values: list[Any], facts: SheetFacts
) -> None:
    """Percents as they are shown, and cells without a value."""
    for column in range(len(cells)):
        key = first + column
        if key in facts.percents:
            value = values[column - len(before)]
            if type(value) in (float, int):
                cells[column] = percent_text(value)
        elif key in facts.wrong:
            cells[column] = facts.wrong[key]


# Looking at a workbook takes a second or two, and one request asks for it several times. Each
# thread has its own, for as long as somebody holds it.
_opened_already: WeakValueDictionary[tuple[int, bytes], Workbook] = WeakValueDictionary()


def open_workbook(content: bytes) -> Workbook:
    """FileProblem unless the archive is safe, whole and a workbook."""
    key = (threading.get_ident(), hashlib.sha256(content).digest())
    workbook = _opened_already.get(key)
    if workbook is None:
        parts = workbook_parts(content)
        if "xl/workbook.xml" not in parts.parts:
            raise FileProblem(DAMAGED)
        workbook = _opened_already[key] = Workbook(parts)
    return workbook


def _opened(parts: WorkbookParts) -> CalamineWorkbook:
    try:
        return load_workbook(parts.packed())
    except CalamineError:
        raise FileProblem(DAMAGED) from None


def _paths_by_relation(parts: dict[str, bytes]) -> dict[str, str]:
    """Parts by the names that the workbook has for them; what lies elsewhere is left out."""
    name = next((name for name in parts if name.lower() == "xl/_rels/workbook.xml.rels"), "")
    if not name:
        return {}
    return {
        relation["Id"]: posixpath.normpath(posixpath.join("/xl", relation["Target"])).lstrip("/")
        for relation in _elements(parts[name], "Relationship")
        if relation.get("TargetMode") != "External" and {"Id", "Target"} <= set(relation)
    }


def _elements(part: bytes, wanted: str) -> list[dict[str, str]]:
    """The attributes of all elements of a name, whatever the prefix of their namespace."""
    found: list[dict[str, str]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] == wanted:
            found.append(attributes)

    _parse(part, start)
    return found


def _percent_styles(part: bytes) -> frozenset[str]:
    formats = set(PERCENT_FORMATS)
    styles: list[str] = []
    in_cell_styles = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal in_cell_styles
        match name.rpartition(":")[2]:
            case "numFmt":
                if "%" in _QUOTED.sub("", attributes.get("formatCode", "")):
                    formats.add(attributes.get("numFmtId", ""))
            case "cellXfs":
                in_cell_styles = True
            case "cellStyles" | "dxfs":
                in_cell_styles = False
            case "xf" if in_cell_styles:
                styles.append(attributes.get("numFmtId", ""))

    _parse(part, start)
    return frozenset(str(at) for at, number in enumerate(styles) if number in formats)


def _parse(part: bytes, start: Callable[[str, dict[str, str]], None]) -> None:
    parser = expat.ParserCreate(ENCODING)
    refuse_document_types(parser)
    parser.StartElementHandler = start
    try:
        parser.Parse(part, True)
    except expat.ExpatError:
        raise FileProblem(DAMAGED) from None


class _Scan:
    """One pass over a sheet's XML: how far it reaches, formulas, errors and percents."""

    def __init__(self, percent_styles: frozenset[str]) -> None:
        self.percent_styles = percent_styles
        self.facts = SheetFacts()
        self.row = self.column = -1
        self.is_error = self.has_formula = self.is_text = False
        self.value = ""
        self.parser = expat.ParserCreate(ENCODING)

    def of(self, part: bytes) -> SheetFacts:
        refuse_document_types(self.parser)
        self.parser.StartElementHandler = self.start
        self.parser.buffer_text = True
        try:
            self.parser.Parse(part, True)
        except expat.ExpatError:
            raise FileProblem(DAMAGED) from None
        self.end_cell()
        return self.facts

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "v" or name == "is" or name == "t":
            if self.is_error or self.has_formula:
                self.parser.CharacterDataHandler = self.text
            return
        if name == "c":
            if self.is_error or self.has_formula:
                self.end_cell()
            self.start_cell(attributes)
        elif name == "f":
            self.has_formula = True
        elif name == "row":
            self.end_cell()
            self.start_row(attributes)
        elif ":" in name:
            self.start(name.rpartition(":")[2], attributes)

    def start_row(self, attributes: dict[str, str]) -> None:
        self.column = -1
        number = attributes.get("r")
        if number is None:
            self.row += 1
        elif number.isascii() and number.isdecimal() and len(number) <= len(str(MOST_ROWS)):
            self.row = int(number) - 1
        else:
            raise FileProblem(DAMAGED)

    def start_cell(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("r")
        if reference is None:
            self.column += 1
        else:
            place = _REFERENCE.fullmatch(reference)
            if place is None:
                # Whoever reads it otherwise would find a cell where nobody looked.
                raise FileProblem(DAMAGED)
            self.column, self.row = column_number(place[1]), int(place[2]) - 1
        if not 0 <= self.row < MOST_ROWS or self.column >= MOST_COLUMNS:
            raise FileProblem(DAMAGED)
        facts = self.facts
        if self.row >= facts.rows:
            facts.rows = self.row + 1
        if self.column >= facts.columns:
            facts.columns = self.column + 1
        kind = attributes.get("t")
        self.is_error = kind == "e"
        # A formula may well give a text without a letter; that is a result.
        self.is_text = kind == "str"
        if attributes.get("s") in self.percent_styles:
            facts.percents.add(self.row * MOST_COLUMNS + self.column)

    def text(self, text: str) -> None:
        self.value += text

    def end_cell(self) -> None:
        """What was special about the cell that ends here."""
        key = self.row * MOST_COLUMNS + self.column
        if self.is_error:
            error = self.value.strip() or _("an error")
            self.facts.wrong[key] = WrongCell(error, str(_ERROR) % {"error": error})
        elif self.has_formula and not self.value.strip() and not self.is_text:
            self.facts.wrong[key] = WrongCell("", str(UNCACHED))
        elif self.has_formula:
            self.facts.formulas += 1
        self.is_error = self.has_formula = self.is_text = False
        self.value = ""
        self.parser.CharacterDataHandler = None
