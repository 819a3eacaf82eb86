"""Refused rows as a table to mend and send again."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest
import time_machine
from django.contrib.auth.models import User

from metrics.batches.neutral import neutralised, restored
from metrics.batches.refused import RefusedTable, refused_table
from metrics.choices import BatchMode, BatchState, Verdict
from metrics.importing.plans import Mapping, Reading, Shape
from tests.factories import (
    MetricFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    UserFactory,
)
from tests.importing import checked, report, sent, stored, table_of, told_of, worked_off

pytestmark = pytest.mark.django_db

WIDE = Mapping(
    Shape.WIDE_PERIODS,
    subject_column=0,
    fixed_metric="speed",
    across={2: "2026-01", 3: "2026-02", 4: "2026-03"},
)
WIDE_FILE = "Subject;Lead;2026-01;2026-02;2026-03\nP1;Ann;1,5;x;3\nP2;Bob;4;5;6\nP3;-Eve;7;;y\n"
SEMICOLONS = Reading(delimiter=";", decimal_sign=",")


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel("2026-07-15 12:00Z", tick=False):
        yield


@pytest.fixture(autouse=True)
def stage() -> None:
    OrganisationFactory()
    portfolio = PortfolioFactory(code="PF")
    for code in ("P1", "P2"):
        ProjectFactory(code=code, portfolio=portfolio)
    MetricFactory(code="speed")


def as_csv(table: RefusedTable) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([table.header, *table.rows])
    return stream.getvalue()


def test_a_long_file_gives_its_refused_rows_whole(analyst: User) -> None:
    batch = checked(table_of("speed,P1,2026-01,1", "speed,P1,2026-02,x"), analyst)
    table = refused_table(batch)
    assert table.header == ["Metric", "Subject", "Period", "Value", "Why refused", "Cell"]
    assert table.rows == [
        [
            "speed",
            "P1",
            "2026-02",
            "x",
            '"x" is not a number; write it like 1234.5 or 1e-05.',
            "line 3, column Value",
        ]
    ]


def test_a_wide_file_gives_its_refused_cells_alone(analyst: User) -> None:
    batch = checked(WIDE_FILE, analyst, WIDE, reading=SEMICOLONS)
    table = refused_table(batch)
    assert table.header[:5] == ["Subject", "Lead", "2026-01", "2026-02", "2026-03"]
    assert [row[:5] for row in table.rows] == [
        ["P1", "Ann", "", "x", ""],
        ["P3", "-Eve", "7", "", "y"],
    ]
    assert table.rows[0][6] == "line 2, column 2026-02"
    assert table.rows[1][6] == "line 4, column 2026-01, line 4, column 2026-03"


def test_mended_rows_come_back_without_mapping(analyst: User) -> None:
    batch = checked(WIDE_FILE, analyst, WIDE, reading=SEMICOLONS)
    batch = stored(batch, mode=BatchMode.ACCEPTED_ONLY)
    mended = as_csv(refused_table(batch)).replace("x,", '"2,5",').replace("P3,", "P2,")
    again = sent(mended, analyst)
    assert again.mends == batch
    assert again.state == BatchState.CHECK_DUE
    again = worked_off(again)
    # P2's first value is there by now and the file says another one; y is still no number.
    assert {verdict: len(rows) for verdict, rows in told_of(again).items()} == {
        Verdict.NEW: 1,
        Verdict.CHANGED: 1,
        Verdict.REFUSED: 1,
    }
    assert [row.value for row in report(again)[Verdict.NEW]] == [2.5]
    assert refused_table(again).header.count("Why refused") == 1
    third = sent(as_csv(refused_table(again)), analyst)
    assert third.mends == again


def test_somebody_elses_refused_rows_are_a_file_like_any_other(analyst: User) -> None:
    batch = checked(table_of("speed,P1,2026-02,x"), analyst)
    mended = as_csv(refused_table(batch))
    assert sent(mended, UserFactory()).mends is None


def test_unusual_values_that_were_not_confirmed_are_among_the_refused(analyst: User) -> None:
    rows = [f"speed,P1,2026-0{month},{10 + month}" for month in range(1, 6)]
    batch = checked(table_of(*rows, "speed,P1,2026-06,1300"), analyst)
    assert [row[3] for row in refused_table(batch).rows] == ["1300"]
    confirmed = stored(batch, is_confirmed=True)
    assert refused_table(confirmed).rows == []


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+44 20", "'+44 20"),
        ("-Eve", "'-Eve"),
        ("@now", "'@now"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("\nx", "'\nx"),
        ("\uff1d1", "'\uff1d1"),
        ("'=x", "''=x"),
        ("-5", "-5"),
        ("+1.5e3", "+1.5e3"),
        ("-1,5", "-1,5"),
        ("it's", "it's"),
        ("'quoted'", "'quoted'"),
        ("", ""),
    ],
)
def test_what_a_spreadsheet_would_compute_is_neutralised(text: str, written: str) -> None:
    assert neutralised(text) == written
    assert restored(written) == text
