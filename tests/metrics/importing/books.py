"""Workbooks for tests: honest ones, and such as nobody should send."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import openpyxl

SHEET = "xl/worksheets/sheet1.xml"


def workbook(*rows: Sequence[Any], **sheets: Sequence[Sequence[Any]]) -> bytes:
    """Rows of the first sheet, and further sheets by name."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    for name, more in sheets.items():
        sheet = book.create_sheet(name)
        for row in more:
            sheet.append(list(row))
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def parts_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: Mapping[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return content.getvalue()


def changed(content: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one part made different."""
    parts = parts_of(content)
    assert name in parts
    return packed(parts | {name: change(parts[name])})


def with_parts(content: bytes, **parts: bytes) -> bytes:
    """The workbook with more parts; `__` in a name is a slash, the ending follows `___`."""
    named = {name.replace("___", ".").replace("__", "/"): part for name, part in parts.items()}
    return packed(parts_of(content) | named)


def with_cells(content: bytes, xml: bytes) -> bytes:
    """The first sheet's rows written by hand."""
    return changed(
        content,
        SHEET,
        lambda part: (
            part[: part.index(b"<sheetData")]
            + b"<sheetData>"
            + xml
            + b"</sheetData>"
            + part[part.index(b"</sheetData>") + len(b"</sheetData>") :]
        ),
    )
