"""Excerpts of real files (tests/data/README.md): what can be mapped imports, the rest says why."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from dashboards.reports.refused_rows import refused_csv
from metrics.batches.refused import refused_table
from metrics.batches.rows import kept_rows
from metrics.choices import BatchMode, BatchState, Cadence, Verdict
from metrics.importing.columns import guess_mapping, sample_columns
from metrics.importing.files import receive
from metrics.importing.guessing import guess_reading
from metrics.importing.names import MetricName, Names, SubjectName
from metrics.importing.plans import DateOrder, Mapping, Reading, Shape
from metrics.importing.rows import given_rows
from metrics.importing.tables import HeadedRows, open_table
from metrics.models import Measurement
from metrics.operations.imports import (
    carry_out_batch,
    import_batch,
    map_batch,
    receive_file,
    take_next_batch,
)
from pmo_portal.roles import Role
from tests.conftest import make_person
from tests.factories import MetricFactory, ProjectFactory

DATA = Path(__file__).resolve().parents[2] / "data"

METRICS = ("budget", "forecast", "cost", "benefits")
NAMES = Names(
    tuple(MetricName(code, code, "year", "project", "GBP million") for code in METRICS),
    (
        SubjectName("G1", "Green Investment Bank", "project"),
        SubjectName("G2", "HE Reform Programme", "project"),
        SubjectName("CO_0024_2021-Q2", "Civil Service Pensions 2015 Remedy", "project"),
        SubjectName("CO_0020_1718-Q4", "Falcon", "project"),
        SubjectName("CO_0176_2223-Q3", "Matrix", "project"),
    ),
)
TURNED = Reading(encoding="cp1252", is_turned=True)


def read(name: str) -> tuple[bytes, Reading]:
    content = (DATA / name).read_bytes()
    return content, guess_reading(content, receive(content, name)).reading


def table_of(name: str, across: dict[int, str], **changes: object) -> list[tuple[str, ...]]:
    content, reading = read(name)
    mapping = replace(
        Mapping(Shape.WIDE_METRICS, subject_column=0, across=across),
        **changes,  # type: ignore[arg-type]
    )
    return [
        (row.cell, row.metric, row.subject, row.period, row.value)
        for row in given_rows(content, name, reading, mapping, NAMES)
    ]


@pytest.mark.parametrize(
    ("name", "reading"),
    [
        ("gmpp_2014_turned.csv", TURNED),
        ("gmpp_2015_pounds.csv", TURNED),
        ("gmpp_2023_semicolons.csv", replace(TURNED, delimiter=";")),
        ("gmpp_2021_tidied.csv", Reading(encoding="cp1252", delimiter=";")),
        ("churn_head.csv", Reading()),
        ("helpdesk_head.csv", Reading()),
    ],
)
def test_every_file_is_read_right_by_itself(name: str, reading: Reading) -> None:
    assert read(name)[1] == replace(reading, date_order=DateOrder.DAY_FIRST)


def test_a_table_on_its_side_gives_its_values() -> None:
    assert table_of(
        "gmpp_2014_turned.csv", {8: "budget", 12: "cost"}, fixed_period="30/09/2013"
    ) == [
        ("line 20, column 2", "budget", "FE Capital Investment Programme", "2013", "450.37"),
        ("line 24, column 2", "cost", "FE Capital Investment Programme", "2013", "5609.46"),
        *_of(3, "The Francis Crick Institute (formerly UKCMRI)", "112", "753"),
        *_of(4, "G1", "0", "278"),
        *_of(5, "G2", "970", "4600"),
        *_of(6, "Royal Mail Sale of Shares", "380", "31.2"),
        *_of(7, "BIS Shared Services", "3.785", "19.27"),
        *_of(8, "SLC Transformation Programme", "19.86", "139.13"),
        *_of(9, "ICR Monetisation", "5.5", "28.61"),
    ]


def _of(column: int, subject: str, budget: str, cost: str) -> Iterator[tuple[str, ...]]:
    yield f"line 20, column {column}", "budget", subject, "2013", budget
    yield f"line 24, column {column}", "cost", subject, "2013", cost


def test_amounts_with_their_sign_and_abbreviation_are_numbers() -> None:
    rows = table_of("gmpp_2015_pounds.csv", {8: "budget", 12: "cost"}, fixed_period="2014")
    assert [(metric, value) for _, metric, _, _, value in rows] == [
        ("budget", "1.9"),
        ("cost", "26.19"),
        ("budget", "312"),
        ("cost", "495.7"),
        ("budget", "242.66"),
        ("cost", "303"),
        ("budget", "6.96"),
        ("cost", "29.48"),
        ("budget", "5.3"),
        ("cost", "23.73"),
    ]


def test_amounts_of_which_nobody_says_whether_they_are_millions_are_asked_about() -> None:
    content, reading = read("gmpp_2021_tidied.csv")
    mapping = Mapping(
        Shape.WIDE_METRICS, subject_column=1, period_column=0, across={11: "budget", 14: "cost"}
    )
    rows = list(given_rows(content, "", reading, mapping, NAMES))
    assert len(rows) == 12
    assert all("is this in GBP million, or in single GBP?" in row.problem for row in rows)
    assert rows[0].cell == "line 2, column total_baseline"
    said = given_rows(content, "", reading, replace(mapping, money_in_unit=True), NAMES)
    assert [(row.subject, row.period, row.value, row.problem) for row in said][:3] == [
        ("MOD_0106_1617-Q1", "2021", "654.46", ""),
        ("MOD_0106_1617-Q1", "2021", "2013.02", ""),
        ("BIS_0014_1415-Q3", "2021", "43", ""),
    ]


@pytest.mark.parametrize(
    ("name", "subject", "period"),
    [("churn_head.csv", None, None), ("helpdesk_head.csv", 0, 3), ("gmpp_2021_tidied.csv", 1, 0)],
)
def test_columns_are_proposed_where_there_are_any_to_propose(
    name: str, subject: int | None, period: int | None
) -> None:
    """Of the customers of one file nobody says who they are; that is for a person to answer."""
    content, reading = read(name)
    rows = HeadedRows(open_table(content, reading), reading.header_row)
    mapping = guess_mapping(sample_columns(rows), reading, NAMES).mapping
    assert (mapping.subject_column, mapping.period_column) == (subject, period)


def test_two_columns_of_one_name_and_heads_with_two_spaces_are_no_trouble() -> None:
    content, reading = read("helpdesk_head.csv")
    header = HeadedRows(open_table(content, reading), 1).header
    assert [place for place, head in enumerate(header) if head == "Variant"] == [4, 6]
    content, reading = read("churn_head.csv")
    assert HeadedRows(open_table(content, reading), 1).header[0] == "Call Failure"


@pytest.mark.django_db
def test_what_can_be_read_is_imported_and_what_cannot_is_refused_with_its_reason() -> None:
    for code in METRICS:
        MetricFactory(code=code, cadence=Cadence.YEAR, unit="GBP million")
    for subject in NAMES.subjects[2:]:
        ProjectFactory(code=subject.code, name=subject.name)
    by = make_person("somebody", Role.ANALYST)
    content, reading = read("gmpp_2023_semicolons.csv")
    upload: Any = SimpleUploadedFile("uk_2023.csv", content)
    batch = receive_file(upload, by=by)
    mapping = Mapping(
        Shape.WIDE_METRICS,
        subject_column=0,
        fixed_period="31/03/2023",
        across={11: "budget", 15: "cost", 17: "benefits"},
        subject_names=dict.fromkeys(("DEFRA_0015_2122-Q1", "BEIS_0018_2122-Q1"), "CO_0176_2223-Q3")
        | dict.fromkeys(("DEFRA_0040_2122-Q3", "DEFRA_0016_2122-Q1"), ""),
    )
    map_batch(batch, reading=reading, mapping=mapping, by=by)
    _work()
    batch.refresh_from_db()
    assert batch.state == BatchState.CHECKED
    refused = [(row.cell, row.sentence.split(";")[0]) for row in kept_rows(batch, Verdict.REFUSED)]
    exempt = '"Exempt under Section 43 of the Freedom of Information Act 2…" is not a number'
    assert refused == [
        *((f"line {line}, column 5", exempt) for line in (21, 27, 35)),
        *((f"line {line}, column 6", exempt) for line in (21, 27)),
    ]
    import_batch(batch, mode=BatchMode.ACCEPTED_ONLY, is_confirmed=True, by=by)
    _work()
    assert sorted(Measurement.objects.values_list("metric__code", "subject__code", "value")) == [
        ("benefits", "CO_0176_2223-Q3", 60),
        ("budget", "CO_0020_1718-Q4", 3.7),
        ("budget", "CO_0024_2021-Q2", 7.9),
        ("cost", "CO_0020_1718-Q4", 26),
        ("cost", "CO_0024_2021-Q2", 34),
        ("cost", "CO_0176_2223-Q3", 52),
    ]

    # The two refused projects stand for one here: one of them comes back mended.
    header, row, _ = csv.reader(io.StringIO(refused_csv(refused_table(batch)).decode("utf-8-sig")))
    places = [place for place in (11, 15, 17) if row[place]]
    mended = [header, ["7.5" if place in places else cell for place, cell in enumerate(row)]]
    text = io.StringIO()
    csv.writer(text).writerows(mended)
    upload = SimpleUploadedFile("mended.csv", text.getvalue().encode())
    again = receive_file(upload, by=by)
    _work()
    again.refresh_from_db()
    assert (again.mends, again.state) == (batch, BatchState.CHECKED), again.error
    assert again.counts["refused"] == 0
    assert sum(again.counts.values()) == len(places) == 3


def _work() -> None:
    batch = take_next_batch()
    assert batch is not None
    carry_out_batch(batch)
