"""Rows of texts with the places they stand at, from every kind of file."""

from __future__ import annotations

from datetime import date, datetime, time

import openpyxl
import pytest

from metrics.importing.cells import (
    DateCell,
    NumberCell,
    WrongCell,
    column_letters,
    column_number,
)
from metrics.importing.plans import Reading
from metrics.importing.problems import FileProblem
from metrics.importing.tables import HeadedRows, open_table
from metrics.importing.workbooks import UNCACHED
from tests.metrics.importing.books import saved, with_cells, workbook

Lines = list[tuple[int, list[str]]]


def lines(content: bytes, **reading: object) -> Lines:
    table = open_table(content, Reading(**reading))  # type: ignore[arg-type]
    return [(row.line, list(row.cells)) for row in table.lines()]


TEXT = "name;größe\nÄpfel;1\n"


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("utf-8", TEXT.encode()),
        ("utf-8", TEXT.encode("utf-8-sig")),
        ("utf-16", TEXT.encode("utf-16")),
        ("utf-16", TEXT.encode("utf-16-le")),
        ("utf-16", TEXT.encode("utf-16-be")),
        ("cp1252", TEXT.encode("cp1252")),
        ("cp1250", TEXT.encode("cp1250")),
        ("mac_roman", TEXT.encode("mac_roman")),
    ],
)
def test_every_encoding_gives_the_same_letters(encoding: str, content: bytes) -> None:
    assert lines(content, encoding=encoding, delimiter=";") == [
        (1, ["name", "größe"]),
        (2, ["Äpfel", "1"]),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_delimiter_separates(delimiter: str) -> None:
    content = f"a{delimiter}b\n1{delimiter}2\n".encode()
    assert lines(content, delimiter=delimiter) == [(1, ["a", "b"]), (2, ["1", "2"])]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_line_is_where_its_row_begins(end: str) -> None:
    """Breaks within quotes belong to the cell, and count as lines."""
    content = f'a,b{end}"x{end}y",1{end}{end}z,2{end}'.encode()
    assert lines(content) == [(1, ["a", "b"]), (2, [f"x{end}y", "1"]), (4, []), (5, ["z", "2"])]


def test_rows_of_any_length_and_nul_are_read_as_they_are() -> None:
    assert lines(b"a,b\n1\n1,2,3\nx\x00y,1\n") == [
        (1, ["a", "b"]),
        (2, ["1"]),
        (3, ["1", "2", "3"]),
        (4, ["x\x00y", "1"]),
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'a,b\n"x,1\n2,3\n', "Line 2: a quote is opened and never closed."),
        (
            b'a,b\n"x"y,1\n',
            "Line 2: the quotes can't be read: a cell in quotes ends with its quote, and a quote"
            " within it is doubled.",
        ),
        (
            b'a,b\n"' + b"x" * 1_100_000,
            "Line 2: a cell has more than 1,048,576 characters; is a closing quote missing?",
        ),
        (
            b"a,b\n\xe4,1\n",
            "Line 1 or one soon after it is not Unicode (UTF-8); choose another encoding.",
        ),
    ],
)
def test_a_file_that_ends_badly_says_where(content: bytes, told: str) -> None:
    with pytest.raises(FileProblem) as problem:
        lines(content)
    assert str(problem.value) == told


def test_bytes_that_mean_nothing_are_shown_as_such() -> None:
    assert lines(b"a\nQuantum\x9d\n", encoding="cp1252") == [(1, ["a"]), (2, ["Quantum\ufffd"])]


def test_cells_of_a_sheet_know_what_they_were() -> None:
    content = workbook(
        ["text", 12, 2.50, True, date(2026, 3, 1), datetime(2026, 3, 1, 8, 30), time(1, 30)]  # noqa: DTZ001  # cells have no zone
    )
    ((_, cells),) = lines(content)
    assert [(type(cell), str(cell)) for cell in cells] == [
        (str, "text"),
        (NumberCell, "12"),
        (NumberCell, "2.5"),
        (str, "TRUE"),
        (DateCell, "2026-03-01"),
        (DateCell, "2026-03-01 08:30:00"),
        (DateCell, "01:30:00"),
    ]


@pytest.mark.parametrize(
    ("shown_as", "text"),
    [
        ("0%", "12%"),
        ("0.00%", "12%"),
        ("0.0 %", "12%"),
        ("[Red]-0%;0%", "12%"),
        ("0.00", "0.12"),
        ('0.00" of 100%"', "0.12"),
        ("General", "0.12"),
    ],
)
def test_a_cell_that_shows_percents_is_read_as_it_is_shown(shown_as: str, text: str) -> None:
    book = openpyxl.Workbook()
    book.active.append(["share", 0.12])
    book.active["B1"].number_format = shown_as
    assert lines(saved(book)) == [(1, ["share", text])]


def test_a_formula_counts_with_its_result_and_is_wrong_without_one() -> None:
    content = with_cells(
        workbook(["x"]),
        b'<row r="1"><c r="A1"><f>1+1</f><v>2</v></c><c r="B1"><f>1+1</f></c>'
        b'<c r="C1"><f>1+1</f><v/></c><c r="D1" t="str"><f>""</f><v></v></c>'
        b'<c r="E1" t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="F1" t="e"><v>#N/A</v></c>'
        b'<c r="G1"><f t="shared" si="0"/><v>3</v></c></row>',
    )
    table = open_table(content, Reading())
    (row,) = table.lines()
    assert list(row.cells) == ["2", "", "", "", "#DIV/0!", "#N/A", "3"]
    problems = [cell.problem if isinstance(cell, WrongCell) else "" for cell in row.cells]
    assert problems == [
        "",
        UNCACHED,
        UNCACHED,
        "",
        "The cell shows #DIV/0! instead of a value; mend its formula or leave the cell blank.",
        "The cell shows #N/A instead of a value; mend its formula or leave the cell blank.",
        "",
    ]
    assert table.formulas == 3


def test_rows_and_columns_count_from_the_first_even_when_the_table_begins_further_on() -> None:
    book = openpyxl.Workbook()
    book.active["C5"], book.active["D5"], book.active["C7"] = "a", "b", 1
    content = saved(book)
    assert lines(content)[4:] == [
        (5, ["", "", "a", "b"]),
        (6, ["", "", "", ""]),
        (7, ["", "", "1", ""]),
    ]
    assert open_table(content, Reading()).place(7, 2, "a") == (7, "C7")


def test_merged_titles_above_the_header_are_passed_by() -> None:
    book = openpyxl.Workbook()
    book.active.append(["Values of March"])
    book.active.merge_cells("A1:C1")
    book.active.append([])
    book.active.append(["metric", "subject", "value"])
    book.active.append(["adoption", "P1", 1])
    rows = HeadedRows(open_table(saved(book), Reading()), 3)
    assert rows.header == ["metric", "subject", "value"]
    assert [(row.line, list(row.cells)) for row in rows] == [(4, ["adoption", "P1", "1"])]


def test_a_sheet_is_chosen_by_its_name() -> None:
    content = workbook(["first"], Second=[["second"]])
    assert lines(content, sheet="Second") == [(1, ["second"])]
    assert lines(content) == [(1, ["first"])]
    with pytest.raises(FileProblem, match=r'^There is no sheet "Third" in the workbook\.$'):
        lines(content, sheet="Third")


def test_without_a_name_the_first_sheet_that_shows_is_read() -> None:
    book = openpyxl.Workbook()
    book.active.append(["hidden"])
    book.active.sheet_state = "hidden"
    book.create_sheet("Shown").append(["shown"])
    assert lines(saved(book)) == [(1, ["shown"])]


def test_a_turned_table_knows_where_its_cells_stand_in_the_file() -> None:
    content = b'Name,P1,P2\n"Budget\nin full",1,2\nEnd,3\n'
    table = open_table(content, Reading(is_turned=True))
    assert [(row.line, list(row.cells)) for row in table.lines()] == [
        (1, ["Name", "Budget\nin full", "End"]),
        (2, ["P1", "1", "3"]),
        (3, ["P2", "2", ""]),
    ]
    assert table.place(2, 2, "End") == (4, "line 4, column 2")
    sheet = open_table(workbook(["Name", "P1"], ["Budget", 1]), Reading(is_turned=True))
    assert sheet.place(2, 1, "Budget") == (2, "B2")


def test_heads_are_on_one_line_and_those_without_a_word_at_the_end_are_none() -> None:
    rows = HeadedRows(open_table(b'"Call  Failure","Cost\n(\xc2\xa3m)",,\n1,2,,\n', Reading()), 1)
    assert rows.header == ["Call Failure", "Cost (£m)"]


def test_columns_are_called_as_in_a_spreadsheet() -> None:
    names = [column_letters(number) for number in range(16_384)]
    assert [names[0], names[25], names[26], names[701], names[702], names[-1]] == [
        *("A", "Z", "AA", "ZZ", "AAA", "XFD")
    ]
    assert [column_number(name) for name in names] == list(range(16_384))
