"""How a file wants to be read, and what its columns mean."""

from __future__ import annotations

import openpyxl
import pytest

from metrics.importing.columns import MappingGuess, guess_for_shape, guess_mapping, sample_columns
from metrics.importing.files import receive
from metrics.importing.guessing import (
    guess_date_order,
    guess_decimal_sign,
    guess_delimiter,
    guess_encoding,
    guess_reading,
)
from metrics.importing.headers import period_columns, recognised, refitted, signature
from metrics.importing.names import MetricName, Names, SubjectName
from metrics.importing.plans import DateOrder, Mapping, Reading, Shape
from metrics.importing.tables import HeadedRows, open_table
from tests.metrics.importing.books import saved, workbook

NAMES = Names(
    (
        MetricName("adoption", "Adoption", "month", "project", "%"),
        MetricName("fix_days", "Days to fix", "month", "project", "days"),
    ),
    tuple(SubjectName(f"P{number}", f"Project {number}", "project") for number in range(1, 41)),
)


def reading_of(content: bytes, name: str = "values.csv") -> Reading:
    return guess_reading(content, receive(content, name)).reading


def mapping_of(content: bytes, reading: Reading | None = None) -> MappingGuess:
    reading = reading or reading_of(content)
    rows = HeadedRows(open_table(content, reading), reading.header_row)
    return guess_mapping(sample_columns(rows), reading, NAMES)


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"plain", "utf-8"),
        ("äöü".encode(), "utf-8"),
        ("äöü".encode("utf-8-sig"), "utf-8"),
        ("a,b".encode("utf-16"), "utf-16"),
        ("a,b,c,d".encode("utf-16-le"), "utf-16"),
        ("äöü £".encode("cp1252"), "cp1252"),
    ],
)
def test_the_encoding_is_told_by_the_bytes(content: bytes, encoding: str) -> None:
    guess = guess_encoding(content)
    assert guess.value == encoding
    assert guess.reason.endswith(".")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_what_cuts_all_rows_alike(delimiter: str) -> None:
    rows = [["name", "value"], ["a, b; c", "1,5"], ["x", "2"], ["y|z", "3"]]
    text = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    assert guess_delimiter(text.encode(), "utf-8").value == delimiter


def test_one_column_has_no_delimiter_to_find() -> None:
    assert guess_delimiter(b"a\nb\n", "utf-8").reason == "There is one column only."


@pytest.mark.parametrize(
    ("texts", "sign", "is_sure"),
    [
        (["1,234.5"], ".", True),
        (["1.234,5"], ",", True),
        (["3,5"], ",", True),
        (["3.25"], ".", True),
        (["1,234,567"], ".", True),
        (["0,123"], ",", True),
        (["12 345,678"], None, None),
        (["1,234"], ".", False),
        (["1.234"], ".", False),
        (["3,5", "3.5"], ".", False),
        (["12", "words, with a comma."], ".", True),
        (["31.03.2026", "03.2026"], ".", True),
        (["£1.90m"], ".", True),
    ],
)
def test_the_decimal_sign_is_sure_or_asked(
    texts: list[str], sign: str | None, is_sure: bool | None
) -> None:
    guess = guess_decimal_sign(texts)
    if sign is not None:
        assert (guess.value, guess.is_sure) == (sign, is_sure)


@pytest.mark.parametrize(
    ("texts", "order", "is_sure"),
    [
        (["03/04/2026", "31/03/2026"], "day", True),
        (["03/04/2026", "03/31/2026"], "month", True),
        (["03/04/2026"], "day", False),
        (["31/03/2026", "03/31/2026"], "day", False),
        (["99/12/31"], "year", True),
        (["2026-03-31", "words"], "day", True),
    ],
)
def test_the_order_of_dates_is_sure_or_asked(texts: list[str], order: str, is_sure: bool) -> None:
    guess = guess_date_order(texts)
    assert (guess.value, guess.is_sure) == (order, is_sure)


def test_the_header_stands_below_titles() -> None:
    content = b"Values of March,,,\n,,,\nmetric,subject,period,value\nadoption,P1,2026-03,5\n"
    guess = guess_reading(content, receive(content, "values.csv"))
    assert guess.reading.header_row == 3
    assert guess.reasons["header_row"] == (
        "1 row stands above it that is not as full as the table."
    )


def test_a_table_on_its_side_is_seen_by_what_is_alike() -> None:
    turned = (
        b"Project,P1,P2,P3,P4\nRating,Green,Amber,Red,Amber\nStart,01/02/2020,13/04/2021,05/06/2020,"
        b"01/01/2019\nBudget,12.5,13.1,8.25,99.1\nComment,fine,better,worse,late\n"
    )
    upright = b"metric,subject,period,value\n" + b"".join(
        b"adoption,P%d,2026-03,%d.5\n" % (number, number) for number in range(1, 9)
    )
    wide = b"subject,Jan 2026,Feb 2026,Mar 2026\n" + b"".join(
        b"P%d,1.5,2.5,3.5\n" % number for number in range(1, 9)
    )
    assert reading_of(turned).is_turned
    assert not reading_of(upright).is_turned
    assert not reading_of(wide).is_turned


def test_the_first_sheet_with_a_table_is_proposed() -> None:
    book = openpyxl.Workbook()
    book.active.append(["Read me"])
    book.create_sheet("Values").append(["subject", "value"])
    book["Values"].append(["P1", 5])
    assert reading_of(saved(book), "values.xlsx").sheet == "Values"


def test_the_sheet_of_the_due_list_comes_first() -> None:
    content = workbook(["subject", "value"], ["P1", 5], **{"Due values": [["metric"]]})
    assert reading_of(content, "due.xlsx").sheet == "Due values"


LONG = b"project;kpi;month;actual;remark\n" + b"".join(
    b"Project %d;Adoption;31/03/2026;%d,5;ok\n" % (number, number) for number in range(1, 9)
)


def test_a_long_table_is_mapped_by_its_cells_with_the_reason() -> None:
    guess = mapping_of(LONG)
    assert guess.mapping == Mapping(
        Shape.LONG,
        metric_column=1,
        subject_column=0,
        period_column=2,
        value_column=3,
        note_column=4,
    )
    assert guess.reasons == {
        "metric_column": "100% of its cells are codes or names of metrics.",
        "subject_column": "100% of its cells are codes or names of subjects.",
        "period_column": "100% of its cells are periods or dates.",
        "value_column": "100% of its cells are numbers.",
    }


@pytest.mark.parametrize(
    "heads",
    [
        "Jan 2026,Feb 2026,Mar 2026",
        "2026-01,2026-02,2026-03",
        "01/2026,02/2026,03/2026",
        "Q1 2026,Q2 2026,Q3 2026",
        "FY2025,FY2026,FY2027",
        "2024,2025,2026",
    ],
)
def test_periods_as_columns_are_seen_however_they_are_written(heads: str) -> None:
    content = f"code,{heads},total\nP1,1,2,3,6\nP2,4,5,6,15\n".encode()
    guess = mapping_of(content).mapping
    assert guess.shape == Shape.WIDE_PERIODS
    assert list(guess.across.values()) == heads.split(",")
    assert guess.subject_column == 0


def test_dates_as_heads_of_a_workbook_are_periods() -> None:
    content = b"Name,2026-01-31 00:00:00,2026-02-28 00:00:00\nProject 1,1,2\nProject 2,3,4\n"
    guess = mapping_of(content).mapping
    assert guess.shape == Shape.WIDE_PERIODS
    assert guess.across == {1: "2026-01-31 00:00:00", 2: "2026-02-28 00:00:00"}


def test_metrics_as_columns_are_found_by_name_and_code_without_their_unit() -> None:
    content = b"Project,Month,Adoption (%),fix_days\nP1,2026-03,50,3\nP2,2026-03,60,4\n"
    guess = mapping_of(content)
    assert guess.mapping == Mapping(
        Shape.WIDE_METRICS,
        subject_column=0,
        period_column=1,
        across={2: "adoption", 3: "fix_days"},
    )
    assert guess.reasons["shape"] == ("2 of 4 column heads are metrics: Adoption (%), fix_days.")


def test_subjects_as_columns_are_found() -> None:
    content = b"kpi,month,Project 1,P2\nadoption,2026-03,50,60\nDays to fix,2026-03,3,4\n"
    assert mapping_of(content).mapping == Mapping(
        Shape.WIDE_SUBJECTS, metric_column=0, period_column=1, across={2: "P1", 3: "P2"}
    )


def test_dates_that_say_when_something_ends_are_no_period_of_a_value() -> None:
    content = b"name,end date,adoption,fix_days\nP1,2027-01-01,1,2\nP2,2028-01-01,3,4\n"
    assert mapping_of(content).mapping.period_column is None


def test_a_shape_that_a_person_chose_is_kept() -> None:
    rows = HeadedRows(open_table(LONG, Reading(delimiter=";")), 1)
    guess = guess_for_shape(sample_columns(rows), Reading(), NAMES, Shape.WIDE_METRICS)
    assert guess.mapping.shape == Shape.WIDE_METRICS
    assert guess.mapping.metric_column is None
    assert guess.mapping.value_column is None


DUE = ("metric", "metric_name", "subject", "subject_name", "period", "due_on", "value", "note")


def test_what_the_portal_wrote_itself_is_recognised() -> None:
    assert recognised(DUE) == Mapping(
        Shape.LONG,
        metric_column=0,
        subject_column=2,
        period_column=4,
        value_column=6,
        note_column=7,
    )
    dump = ("metric", "subject", "period", "value", "note")
    assert recognised(dump) == Mapping(
        Shape.LONG,
        metric_column=0,
        subject_column=1,
        period_column=2,
        value_column=3,
        note_column=4,
    )
    assert recognised(dump[:-1]) is not None
    assert recognised(("subject", "metric", "period", "value", "note")) is None


def test_files_made_alike_have_one_signature_though_their_periods_differ() -> None:
    march = signature(["Project", "Jan 2026", "Feb 2026", "Mar 2026", "Note"])
    assert march == signature(["project ", "2026-04", "Note"])
    assert march != signature(["Project", "Jan 2026", "Remark"])
    assert march != signature(["Project", "Note"])


def test_a_saved_mapping_fits_itself_to_the_periods_that_are_there_now() -> None:
    before = Mapping(
        Shape.WIDE_PERIODS,
        subject_column=0,
        metric_column=3,
        note_column=4,
        across={1: "Jan 2026", 2: "Feb 2026"},
    )
    header = ["Project", "Mar 2026", "Apr 2026", "May 2026", "KPI", "Comment"]
    assert refitted(before, header) == Mapping(
        Shape.WIDE_PERIODS,
        subject_column=0,
        metric_column=4,
        note_column=5,
        across={1: "Mar 2026", 2: "Apr 2026", 3: "May 2026"},
    )
    assert period_columns(["a", "2026", "12.5", "total 2026"]) == {1: "2026"}


def test_a_reading_and_a_mapping_survive_being_stored() -> None:
    reading = Reading("S", 3, "cp1252", ";", ",", DateOrder.MONTH_FIRST, True)
    assert Reading.of_plain(reading.as_plain()) == reading
    mapping = Mapping(Shape.WIDE_METRICS, across={3: "adoption"}, money_in_unit=True)
    assert Mapping.of_plain({**mapping.as_plain(), "across": {"3": "adoption"}}) == mapping
