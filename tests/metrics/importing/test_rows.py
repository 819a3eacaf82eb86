"""From a file to single values: the whole table each time."""

from __future__ import annotations

import time
import tracemalloc
from datetime import date
from typing import Any

import pytest

from metrics.importing.matching import Near
from metrics.importing.names import MetricName, Names, SubjectName
from metrics.importing.plans import GivenRow, Mapping, Reading, Shape
from metrics.importing.rows import given_rows
from metrics.importing.surveys import survey
from metrics.importing.tables import open_table
from metrics.importing.workbooks import UNCACHED
from tests.metrics.importing.books import with_cells, workbook

NAMES = Names(
    (
        MetricName("adoption", "Adoption", "month", "project", "%"),
        MetricName("cost", "Cost", "quarter", "project", "GBP million"),
        MetricName("churn", "Churn", "month", "segment", "rate"),
    ),
    (
        SubjectName("P1", "Café Finder", "project"),
        SubjectName("P2", "Twins", "project"),
        SubjectName("P3", "Twins", "project"),
        SubjectName("P4", "Enterprise", "project"),
        SubjectName("S1", "Enterprise", "segment"),
    ),
)
LONG = Mapping(metric_column=0, subject_column=1, period_column=2, value_column=3)


def given(content: bytes, mapping: Mapping = LONG, **reading: object) -> list[tuple[str, ...]]:
    """Cell, metric, subject, period, value, note and problem of every value."""
    rows = given_rows(content, "values", Reading(**reading), mapping, NAMES)  # type: ignore[arg-type]
    return [(row.cell, row.metric, row.subject, row.period, row.value, row.problem) for row in rows]


def test_values_come_in_the_portals_own_writing() -> None:
    content = (
        "KPI;Wer;Wann;Wert\n"
        "Adoption;Café Finder;März 2026;1.234,5\n"
        "cost;P1;31/03/2026;£1,90m\n"
        "\n"
        "churn;Enterprise;2026-03;12 %\n"
    ).encode("cp1252")
    assert given(content, encoding="cp1252", delimiter=";", decimal_sign=",") == [
        ("line 2, column Wert", "adoption", "P1", "2026-03", "1234.5", ""),
        ("line 3, column Wert", "cost", "P1", "2026-Q1", "1.9", ""),
        ("line 5, column Wert", "churn", "S1", "2026-03", "0.12", ""),
    ]


def test_what_is_not_understood_stays_as_it_is() -> None:
    content = b"m,s,p,v\nAdoptions,Twins,soon,many\nadoption,P9,2026-13,\n"
    assert given(content) == [
        ("line 2, column v", "Adoptions", "Twins", "soon", "many", ""),
        ("line 3, column v", "adoption", "P9", "2026-13", "", ""),
    ]


def test_a_name_means_what_a_person_chose_and_blank_leaves_its_rows_out() -> None:
    content = b"m,s,p,v\nUse,Twins,2026-03,1\nUse,Gone,2026-03,2\nOld,P1,2026-03,3\n"
    mapping = Mapping(
        metric_column=0,
        subject_column=1,
        period_column=2,
        value_column=3,
        metric_names={"Use": "adoption", "Old": ""},
        subject_names={"Twins": "P3", "Gone": ""},
    )
    assert given(content, mapping) == [("line 2, column v", "adoption", "P3", "2026-03", "1", "")]


def test_what_no_column_tells_is_the_same_for_the_whole_file() -> None:
    mapping = Mapping(
        value_column=0, fixed_metric="adoption", fixed_subject="P1", fixed_period="Mar 2026"
    )
    assert given(b"v\n5\n", mapping) == [("line 2, column v", "adoption", "P1", "2026-03", "5", "")]


def test_periods_as_columns() -> None:
    content = workbook(
        ["Values", None, None, None],
        ["Project", "KPI", "Jan 2026", "Feb 2026"],
        ["Café Finder", "Adoption", 50, None],
        [None, None, None, None],
        ["P2", "adoption", 60.5, 61],
    )
    mapping = Mapping(
        Shape.WIDE_PERIODS,
        subject_column=0,
        metric_column=1,
        across={2: "Jan 2026", 3: "Feb 2026"},
    )
    assert given(content, mapping, header_row=2) == [
        ("C3", "adoption", "P1", "2026-01", "50", ""),
        ("C5", "adoption", "P2", "2026-01", "60.5", ""),
        ("D5", "adoption", "P2", "2026-02", "61", ""),
    ]


def test_metrics_as_columns_each_with_its_own_cadence() -> None:
    content = b"s,p,Use,Cost (\xc2\xa3m)\nP1,31/03/2026,50,\xc2\xa32\nP4,31/03/2026,,3\n"
    mapping = Mapping(
        Shape.WIDE_METRICS,
        subject_column=0,
        period_column=1,
        across={2: "adoption", 3: "cost"},
    )
    assert given(content, mapping) == [
        ("line 2, column Use", "adoption", "P1", "2026-03", "50", ""),
        ("line 2, column Cost (£m)", "cost", "P1", "2026-Q1", "2", ""),
        ("line 3, column Cost (£m)", "cost", "P4", "2026-Q1", "3", ""),
    ]


def test_subjects_as_columns() -> None:
    content = b"m,p,A,B\nadoption,2026-03,1,2\nchurn,2026-03,,0.5\n"
    mapping = Mapping(
        Shape.WIDE_SUBJECTS, metric_column=0, period_column=1, across={2: "P1", 3: "Enterprise"}
    )
    assert given(content, mapping) == [
        ("line 2, column A", "adoption", "P1", "2026-03", "1", ""),
        ("line 2, column B", "adoption", "P4", "2026-03", "2", ""),
        ("line 3, column B", "churn", "S1", "2026-03", "0.5", ""),
    ]


@pytest.mark.parametrize(
    ("content", "mapping", "notes"),
    [
        (
            b"Project,Jan 2026,Feb 2026,Comment\nP1,1,2,Slow start\nP4,3,,\n",
            Mapping(
                Shape.WIDE_PERIODS,
                subject_column=0,
                fixed_metric="adoption",
                note_column=3,
                across={1: "Jan 2026", 2: "Feb 2026"},
            ),
            ["Slow start", "Slow start", None],
        ),
        (
            b"Comment,Project,Use,Cost\n'=x,P1,1,2\n  ,P4,3,4\n",
            Mapping(
                Shape.WIDE_METRICS,
                subject_column=1,
                fixed_period="2026-03",
                note_column=0,
                across={2: "adoption", 3: "cost"},
            ),
            ["=x", "=x", None, None],
        ),
        (
            b"m,A,B,Comment\nadoption,1,2,Both\n",
            Mapping(
                Shape.WIDE_SUBJECTS,
                metric_column=0,
                fixed_period="2026-03",
                note_column=3,
                across={1: "P1", 2: "P4"},
            ),
            ["Both", "Both"],
        ),
    ],
)
def test_the_note_of_a_row_stands_at_each_of_its_values_and_a_blank_one_says_nothing(
    content: bytes, mapping: Mapping, notes: list[str | None]
) -> None:
    rows = given_rows(content, "wide.csv", Reading(), mapping, NAMES)
    assert [row.note for row in rows] == notes


def test_the_progress_of_reading_is_told_in_lines_of_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("metrics.importing.rows.ROWS_PER_STEP", 1)
    mapping = Mapping(
        Shape.WIDE_PERIODS,
        subject_column=0,
        fixed_metric="adoption",
        across={1: "Jan 2026", 2: "Feb 2026"},
    )
    table: list[list[Any]] = [
        ["Project", "Jan 2026", "Feb 2026"],
        ["P1", 1, 2],
        ["P2", 3, None],
        ["P4", None, 4],
    ]
    lines = "".join(
        ",".join("" if cell is None else str(cell) for cell in row) + "\n" for row in table
    )
    for content in (lines.encode(), workbook(*table)):
        told: list[tuple[int, int]] = []

        def tell(line: int, lines: int, told: list[tuple[int, int]] = told) -> None:
            told.append((line, lines))

        list(given_rows(content, "", Reading(), mapping, NAMES, tell))
        assert told == [(2, 4), (2, 4), (3, 4), (4, 4)]


def test_a_table_on_its_side() -> None:
    content = b"Project,P1,P2\nCost,\xc2\xa31.5m,Exempt\nUse,5,6\n"
    mapping = Mapping(
        Shape.WIDE_METRICS,
        subject_column=0,
        fixed_period="2026-03",
        across={1: "cost", 2: "adoption"},
    )
    assert given(content, mapping, is_turned=True) == [
        ("line 2, column 2", "cost", "P1", "2026-Q1", "1.5", ""),
        ("line 3, column 2", "adoption", "P1", "2026-03", "5", ""),
        ("line 2, column 3", "cost", "P2", "2026-Q1", "Exempt", ""),
        ("line 3, column 3", "adoption", "P2", "2026-03", "6", ""),
    ]


def test_the_due_list_passes_by_what_is_not_filled_in() -> None:
    head = ["metric", "metric_name", "subject", "subject_name", "period", "due_on", "value", "note"]
    content = workbook(
        head,
        ["adoption", "Adoption", "P1", "Café Finder", "2026-03", date(2026, 4, 10), None, None],
        ["adoption", "Adoption", "P2", "Twins", "2026-03", date(2026, 4, 10), 0.5, "late"],
    )
    mapping = Mapping(
        metric_column=0, subject_column=2, period_column=4, value_column=6, note_column=7
    )
    rows = list(given_rows(content, "due.xlsx", Reading(), mapping, NAMES))
    assert rows == [GivenRow(3, "G3", "adoption", "P2", "2026-03", "0.5", "late")]


def test_what_was_neutralised_on_the_way_out_is_itself_again() -> None:
    content = b"m,s,p,v,n\nadoption,P1,2026-03,'-5 %,'=SUM(A1)\n"
    mapping = Mapping(
        metric_column=0, subject_column=1, period_column=2, value_column=3, note_column=4
    )
    (row,) = given_rows(content, "values.csv", Reading(), mapping, NAMES)
    assert (row.value, row.note) == ("-5", "=SUM(A1)")


SHIFTED = [
    (
        b"adoption,P1,2026-03,5,x",
        "row",
        "The row has 5 cells and the header 4; is there a separator in one of its cells that splits"
        " it?",
    ),
    (
        b"adoption,P1,2026-03",
        "row",
        "The row has 3 cells and the header 4; are its cells shifted?",
    ),
    (
        b"P1,adoption,2026-03,P1",
        "value",
        '"P1" is the code of a subject where a number belongs; are the cells of this row shifted?',
    ),
    (
        b"adoption,P1,2026-03,adoption",
        "value",
        '"adoption" is the code of a metric where a number belongs; are the cells of this row'
        " shifted?",
    ),
    (
        b"adoption,P1,2026-03,2026-03",
        "value",
        '"2026-03" is a period where a number belongs; are the cells of this row shifted?',
    ),
    (
        b"adoption,P1,12.5,5",
        "period",
        '"12.5" is a number where a period belongs, a month such as 2026-03; are the cells of this'
        " row shifted?",
    ),
    (
        b"adoption,P1,2026-03,Jan-90",
        "value",
        '"Jan-90" is a date or time where a number belongs: a spreadsheet may have turned what was'
        " typed (1.90, 3/4) into it. Type the number again, in a cell formatted as a number.",
    ),
]


@pytest.mark.parametrize(("line", "column", "told"), SHIFTED)
def test_shifted_cells_and_spreadsheet_dates_are_told(line: bytes, column: str, told: str) -> None:
    (row,) = given_rows(b"m,s,p,v\n" + line + b"\n", "values.csv", Reading(), LONG, NAMES)
    assert (row.problem_column, row.problem) == (column, told)


def test_blank_cells_beyond_the_header_shift_nothing() -> None:
    assert given(b"m,s,p,v\nadoption,P1,2026-03,5,,\n") == [
        ("line 2, column v", "adoption", "P1", "2026-03", "5", "")
    ]


def test_a_date_in_a_value_cell_of_a_workbook_is_told() -> None:
    content = workbook(["m", "s", "p", "v"], ["adoption", "P1", "2026-03", date(1990, 1, 1)])
    ((cell, *_, value, problem),) = given(content)
    assert (cell, value) == ("D2", "1990-01-01")
    assert problem.startswith('"1990-01-01" is a date or time where a number belongs')


def test_a_formula_without_its_result_is_told_at_its_cell() -> None:
    content = with_cells(
        workbook(["x"]),
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>v</t></is></c></row>'
        b'<row r="2"><c r="A2"><f>1+1</f></c></row>'
        b'<row r="3"><c r="A3"><f>1+1</f><v>2</v></c></row>',
    )
    mapping = Mapping(
        value_column=0, fixed_metric="adoption", fixed_subject="P1", fixed_period="2026-03"
    )
    rows = given(content, mapping)
    assert [(row[0], row[4], row[5]) for row in rows] == [("A2", "", UNCACHED), ("A3", "2", "")]


def test_a_character_that_is_no_text_is_told() -> None:
    mapping = Mapping(
        metric_column=0, subject_column=1, period_column=2, value_column=3, note_column=4
    )
    content = b"m,s,p,v,n\nadoption,P1,2026-03,5,a\x00b\n"
    (row,) = given_rows(content, "values.csv", Reading(), mapping, NAMES)
    assert (row.problem_column, row.problem) == (
        "note",
        "There is a character that is no text (NUL); leave it out.",
    )


def test_a_survey_counts_what_a_mapping_finds() -> None:
    content = b"m,s,p,v\nadoption,P1,2026-03,5\nUse,Cafe Finder,2026-04,6\nUse,Gone,2026-04,1:30\n"
    found = survey(open_table(content, Reading()), Reading(), LONG, NAMES)
    assert (found.rows, found.values, found.metrics, found.subjects) == (3, 3, 2, 3)
    assert [(name.text, name.rows) for name in found.unknown_metrics] == [("Use", 2)]
    cafe, gone = found.unknown_subjects
    assert (cafe.text, cafe.rows, cafe.likeliest) == ("Cafe Finder", 1, "P1")
    assert cafe.near == (Near("P1", "Café Finder", 1.0),)
    assert (gone.text, gone.likeliest) == ("Gone", "")
    assert (found.all_problems, found.problems[0].cell) == (1, "line 4, column v")


def test_a_survey_keeps_names_that_were_chosen_for_so_that_the_choice_can_be_changed() -> None:
    content = b"m,s,p,v\nUse,P1,2026-03,5\nOld,P1,2026-03,6\n"
    mapping = Mapping(
        metric_column=0,
        subject_column=1,
        period_column=2,
        value_column=3,
        metric_names={"Use": "adoption", "Old": ""},
    )
    found = survey(open_table(content, Reading()), Reading(), mapping, NAMES)
    assert [name.text for name in found.unknown_metrics] == ["Old", "Use"]
    assert (found.values, found.left_out, found.metrics) == (1, 1, 1)


ROWS = 100_000


def test_a_hundred_thousand_rows_are_quick_and_leave_no_memory_behind() -> None:
    lines = [
        f"adoption,Café Finder,{number % 28 + 1}/{number % 12 + 1}/2026,{number / 7:.3f}"
        for number in range(ROWS)
    ]
    content = ("m,s,p,v\n" + "\n".join(lines)).encode()
    began = time.perf_counter()
    assert sum(1 for _ in given_rows(content, "v.csv", Reading(), LONG, NAMES)) == ROWS
    assert time.perf_counter() - began < 8  # 0.4 s where nothing else runs
    tracemalloc.start()
    rows = given_rows(content, "v.csv", Reading(), LONG, NAMES)
    for _ in range(1_000):
        next(rows)
    early = tracemalloc.get_traced_memory()[0]
    for number, _ in enumerate(rows):
        if number == 20_000:
            break
    late = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert late - early < 1_000_000
