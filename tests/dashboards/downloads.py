"""What tests of exports share: a file asked for, and opened again by a library that is not ours."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from html import unescape
from typing import Any

from django.test import Client
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook


@dataclass(frozen=True)
class Table:
    """A downloaded table, as its heading and rows."""

    heading: list[str]
    rows: list[list[Any]]

    def column(self, heading: str) -> list[Any]:
        place = self.heading.index(heading)
        return [row[place] for row in self.rows]

    def row(self, name: str) -> dict[str, Any]:
        """The row that has this in one of its cells, by heading."""
        found = next(row for row in self.rows if name in row)
        return dict(zip(self.heading, found, strict=True))


def links_of(html: str) -> list[str]:
    """The addresses of the exports that a page offers."""
    found = [unescape(link) for link in re.findall(r'href="([^"]*[?&;]export=[^"]+)"', html)]
    return sorted(set(found))


def fetched(client: Client, address: str) -> bytes:
    response = client.get(address)
    assert response.status_code == 200, (address, response.status_code)
    assert response["Content-Disposition"].startswith("attachment; ")
    return bytes(response.content)


def read_csv(content: bytes) -> Table:
    lines = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))
    return Table(lines[0], lines[1:])


def read_workbook(content: bytes) -> tuple[Table, dict[str, str]]:
    """The first sheet with its values, and the sheet About by its words."""
    book = load_workbook(io.BytesIO(content))
    table, about = book.worksheets
    lines = [[cell.value for cell in row] for row in table.iter_rows()]
    told = {str(row[0].value): str(row[1].value) for row in about.iter_rows(min_row=2)}
    return Table([str(head) for head in lines[0]], lines[1:]), told


def read_by_another_library(content: bytes) -> list[list[Any]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
