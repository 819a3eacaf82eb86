"""Whatever people call things, no file that the portal gives away has a spreadsheet compute it."""

from __future__ import annotations

import ast
import csv
import io
import re
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from accounts.audit_page import log_table
from accounts.choices import Happening
from accounts.models import AuditEvent
from dashboards.exports.csv_file import as_csv
from dashboards.exports.table import About, ExportTable, number, text
from dashboards.exports.workbook import as_workbook
from dashboards.reports.due_workbook import due_workbook
from dashboards.reports.refused_rows import refused_csv, refused_workbook
from metrics.batches.neutral import in_a_sheet, neutralised, restored
from metrics.batches.refused import RefusedTable
from metrics.operations.many_values import _on_one_line
from tests.dashboards.reading import ClientOf
from tests.test_architecture import ROOMS, ROOT, parse, sources
from tests.test_doors import build_house

WRITERS = {
    "dashboards/exports/csv_file.py": "tried below",
    "dashboards/exports/workbook.py": "tried below",
    "dashboards/reports/refused_rows.py": "tried below",
    "dashboards/reports/due_workbook.py": "tried below",
    "metrics/operations/many_values.py": "tried below: what the API was given, kept as a file",
    "metrics/score_export.py": "codes, months and numbers alone, by a command, for programs",
    "metrics/importing/workbooks.py": "reads",
    "dashboards/packs/writing.py": "chooses between PDF and slides",
}
"""Files that make CSV or workbooks. The folder of a workspace is a copy, which is read back."""

OPENS_A_FORMULA = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
A_NUMBER = re.compile(r"[+-][0-9.,]+(?:[eE][+-]?[0-9]+)?")
PAYLOADS = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "'=1+1",
    "''=1+1",
    '=HYPERLINK("https://evil.example","x")',
    "=cmd|' /C calc'!A0",
    "\uff1d1+1",
    "-2+3+cmd|' /C calc'!A0",
)
TEXTS = st.one_of(
    st.sampled_from(PAYLOADS),
    st.builds("".join, st.tuples(st.sampled_from(list(OPENS_A_FORMULA)), st.text(max_size=20))),
    st.text(max_size=20),
)


def is_computed(cell: str) -> bool:
    """Whether a spreadsheet would take the cell of a CSV file for a formula."""
    return cell[:1] in OPENS_A_FORMULA and cell != "" and not A_NUMBER.fullmatch(cell)


def test_every_writer_is_known() -> None:
    found = {
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in sources(room)
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).rpartition(".")[2] in ("writer", "DictWriter", "Workbook")
    }
    assert found == WRITERS.keys()


@given(TEXTS)
def test_no_text_is_computed_and_each_is_itself_again_when_it_is_read(said: str) -> None:
    assert not is_computed(neutralised(said))
    assert restored(neutralised(said)) == said


@given(st.lists(TEXTS, min_size=1, max_size=3), TEXTS)
def test_an_export_computes_nothing(cells: list[str], heading: str) -> None:
    columns = (text(heading or "x"), number("n"))
    table = ExportTable("table", columns, [(cell, 1) for cell in cells])
    rows = list(csv.reader(io.StringIO(as_csv(table).decode(), newline=""), strict=True))
    assert not [cell for row in rows for cell in row if is_computed(cell)]
    assert (
        formulas_of(as_workbook(table, About(heading, [(heading, cell) for cell in cells]))) == []
    )


def formulas_of(content: bytes) -> list[str]:
    book = load_workbook(io.BytesIO(content))
    return [
        f"{cell.coordinate}: {cell.value}"
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f" or (isinstance(cell.value, str) and is_computed(cell.value))
    ]


@given(st.lists(TEXTS, min_size=3, max_size=3))
def test_refused_rows_compute_nothing(cells: list[str]) -> None:
    table = RefusedTable([*cells], [cells, cells[::-1]], ".")
    rows = list(csv.reader(io.StringIO(refused_csv(table).decode("utf-8-sig"), newline="")))
    assert not [cell for row in rows for cell in row if is_computed(cell)]
    assert formulas_of(refused_workbook(table)) == []


def test_what_no_workbook_can_hold_is_left_out_of_it(
    client_of: ClientOf, executive: User, db: None
) -> None:
    """What is looked for stands on the sheet that tells of the file."""
    assert in_a_sheet("a\x0cb\ud800c\uffff=") == "abc="
    build_house()
    answer = client_of(executive).get("/services/", {"q": "\x0c", "export": "services.xlsx"})
    assert answer.status_code == 200
    assert formulas_of(answer.content) == []


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_is_due_computes_nothing(payload: str) -> None:
    named: Any = SimpleNamespace(code="x", name=payload)
    value: Any = SimpleNamespace(
        metric=named, subject=named, label="2026-01", due_on=date(2026, 1, 31)
    )
    assert formulas_of(due_workbook([value])) == []


@given(TEXTS)
def test_what_a_program_gave_computes_nothing_in_the_file_that_is_kept_of_it(said: str) -> None:
    assert not is_computed(_on_one_line(said))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_strangers_write_into_the_audit_log_computes_nothing(payload: str) -> None:
    event = AuditEvent(
        pk=1,
        happening=Happening.REFUSED,
        **dict.fromkeys(
            ("person", "about", "detail", "browser", "method", "path", "request_id"), payload
        ),
    )
    content = as_csv(log_table([event])).decode()
    rows = list(csv.reader(io.StringIO(content, newline=""), strict=True))
    assert not [cell for row in rows for cell in row if is_computed(cell)]
