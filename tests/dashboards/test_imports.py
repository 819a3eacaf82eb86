"""Imports as people meet them: the list, the check, the decision, the report, and the undoing."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from openpyxl import load_workbook

from metrics.batches.progress import Progress, Step, show_progress
from metrics.choices import BatchState, Verdict
from metrics.importing.plans import Mapping, Reading, Shape
from metrics.models import ImportBatch, Measurement, MetricDefinition
from metrics.operations.imports import take_next_batch
from projects.models import Project
from tests.dashboards.reading import TODAY, ClientOf, assert_costs_no_more, read
from tests.factories import (
    ImportBatchFactory,
    MeasurementFactory,
    MetricFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    UserFactory,
)
from tests.importing import checked, report, sent, stored, table_of, worked_off

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_april() -> Iterator[None]:
    with time_machine.travel(TODAY, tick=False):
        yield


@pytest.fixture(autouse=True)
def stage() -> None:
    OrganisationFactory()
    portfolio = PortfolioFactory(code="PF")
    projects = [
        ProjectFactory(code=code, name=f"Project {code}", portfolio=portfolio)
        for code in ("P1", "P2")
    ]
    speed = MetricFactory(code="speed", name="Speed of delivery")
    for month in range(1, 4):
        MeasurementFactory(
            metric=speed, subject=projects[0], period=f"2026-0{month}", value=10.0 + month
        )


ROWS = ("speed,P1,2026-03,14", "speed,P2,2026-02,7", "speed,P1,2026-01,11", "speed,P2,2026-03,x")


@pytest.fixture
def batch(analyst: User) -> ImportBatch:
    """One row changed, one new, one same, one refused."""
    return checked(table_of(*ROWS), analyst)


@pytest.fixture
def desk(analyst: User, client_of: ClientOf) -> Client:
    return client_of(analyst)


def address_of(batch: ImportBatch, page: str = "") -> str:
    return f"/entry/imports/{batch.pk}/{page}"


def test_each_sees_their_own_and_who_may_undo_sees_everybodys(
    batch: ImportBatch,
    analyst: User,
    pmo_lead: User,
    administrator: User,
    executive: User,
    outsider: User,
    client_of: ClientOf,
) -> None:
    other = checked(table_of(*ROWS), UserFactory(first_name="Omar", last_name="Field"))
    own_page = read(client_of(analyst), "/entry/imports/")
    assert f"Import {batch.pk}," in own_page.words
    assert "Omar Field" not in own_page.words
    for person in (pmo_lead, administrator):
        page = read(client_of(person), "/entry/imports/")
        assert "Omar Field" in page.words
        assert address_of(other) in page.links()
        mine = read(client_of(person), "/entry/imports/?whose=mine")
        assert "No import yet" in mine.words
    for person in (executive, outsider):
        assert client_of(person).get("/entry/imports/").status_code == 403


@pytest.mark.parametrize("page", ["", "refused/", "file/", "undo/"])
def test_somebody_elses_import_is_closed_to_an_analyst(
    desk: Client, pmo_lead: User, client_of: ClientOf, page: str
) -> None:
    other = checked(table_of(*ROWS), UserFactory())
    ImportBatch.objects.update(state=BatchState.DONE)
    assert desk.get(address_of(other, page)).status_code == 403
    assert client_of(pmo_lead).get(address_of(other, page)).status_code == 200


def test_an_import_that_is_not_there_is_not_found(desk: Client) -> None:
    assert desk.get("/entry/imports/4711/").status_code == 404


def test_the_check_shows_how_many_rows_have_which_verdict(desk: Client, batch: ImportBatch) -> None:
    page = read(desk, address_of(batch))
    assert "Checked. Nothing is stored yet." in page.words
    for words in ("New 1", "Changed 1", "Same 1", "Unusual 0", "Refused 1"):
        assert words in page.words
    assert "Import 2 values" in page.words


def test_what_needs_a_look_comes_first_and_each_verdict_has_its_rows(
    desk: Client, batch: ImportBatch
) -> None:
    first = read(desk, address_of(batch))
    assert '"x" is not a number' in first.words
    assert "Project P2" in first.words
    changed = read(desk, address_of(batch) + "?rows=changed")
    assert "line 2, column Value speed Speed of delivery P1 Project P1 2026-03 14 13" in (
        changed.words
    )
    assert "is not a number" not in changed.words


def test_rows_come_page_by_page(desk: Client, analyst: User) -> None:
    rows = [f"speed,P{n},2026-01,1" for n in range(3, 140)]
    batch = checked(table_of(*rows), analyst)
    second = read(desk, address_of(batch) + "?page=2")
    assert "51 to 100 of 137 rows" in second.words
    assert "line 52, column Value" in second.words
    assert read(desk, address_of(batch) + "?page=99").words.count("column Value") == 37


def test_the_accepted_rows_are_imported_and_the_report_says_so(
    desk: Client, batch: ImportBatch
) -> None:
    answer = desk.post(address_of(batch), {"mode": "accepted"})
    assert answer["Location"] == address_of(batch)
    waiting = read(desk, address_of(batch))
    assert "The import waits for a worker." in waiting.words
    worked_off(batch)
    page = read(desk, address_of(batch))
    assert "2 values imported; 1 row stayed out." in page.words
    assert "/summary/?month=2026-03" in page.links()
    assert address_of(batch, "undo/") in page.links()
    assert Measurement.objects.filter(batch=batch).count() == 2


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"mode": "all"}, "1 row is refused, and all rows or none were to be imported"),
        ({"mode": "half"}, "Choose whether all rows or the accepted rows only are imported."),
        ({}, "Choose whether all rows or the accepted rows only are imported."),
    ],
)
def test_what_can_not_be_imported_is_told_on_the_page(
    desk: Client, batch: ImportBatch, form: dict[str, str], sentence: str
) -> None:
    answer = desk.post(address_of(batch), form)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    batch.refresh_from_db()
    assert batch.state == BatchState.CHECKED


def test_only_who_sent_a_file_decides_about_it(
    batch: ImportBatch, pmo_lead: User, administrator: User, client_of: ClientOf
) -> None:
    for person in (pmo_lead, administrator):
        assert client_of(person).post(address_of(batch), {"mode": "accepted"}).status_code == 403
        assert "Import the file?" not in read(client_of(person), address_of(batch)).words


def test_unusual_values_are_confirmed_before_they_are_imported(desk: Client, analyst: User) -> None:
    batch = checked(table_of("speed,P1,2026-04,1300", "speed,P2,2026-04,1"), analyst)
    page = read(desk, address_of(batch))
    assert "I have looked at the unusual value , and it is right." in page.words
    assert "About 100 times the usual 12. Is 1300 right?" in page.words
    assert "Import 2 values, the unusual too" in page.words
    assert desk.post(address_of(batch), {"mode": "all"}).status_code == 422
    desk.post(address_of(batch), {"mode": "all", "is_confirmed": "yes"})
    worked_off(batch)
    assert set(Measurement.objects.filter(batch=batch).values_list("value", flat=True)) == {
        1300.0,
        1.0,
    }


def test_while_something_goes_on_the_page_asks_for_itself(desk: Client, analyst: User) -> None:
    batch = sent(table_of(*ROWS), analyst)
    assert "waits for a worker to check it" in read(desk, address_of(batch)).words
    claimed = take_next_batch()
    assert claimed is not None
    show_progress(claimed, Progress(Step.READING, 120, 400))
    part = read(desk, address_of(batch), part="anything")
    assert "The rows are being checked." in part.words
    assert "Step 1 of 2: Reading the file 120 of 400" in part.words
    assert f'hx-get="{address_of(batch)}"' in part.html
    assert "<html" not in part.html
    ImportBatch.objects.update(state=BatchState.CHECKED)
    assert read(desk, address_of(batch), part="anything").response["HX-Refresh"] == "true"


def test_a_file_that_could_not_be_read_says_why(desk: Client, analyst: User) -> None:
    batch = checked('Metric,Subject\n"speed,P1\n', analyst)
    page = read(desk, address_of(batch))
    assert "a quote is opened and never closed" in page.words
    assert "Nothing was stored." in page.words
    assert desk.get(address_of(batch, "refused/")).status_code == 404


def test_a_file_without_values_says_so(desk: Client, analyst: User) -> None:
    page = read(desk, address_of(checked(table_of(), analyst)))
    assert "The file has no values" in page.words


def test_the_file_comes_back_as_it_came(desk: Client, batch: ImportBatch) -> None:
    answer = desk.get(address_of(batch, "file/"))
    assert answer.content == table_of(*ROWS).encode()
    assert answer["Content-Disposition"] == 'attachment; filename="values.csv"'
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_refused_rows_are_downloaded_with_their_reasons(desk: Client, batch: ImportBatch) -> None:
    expected = [
        ["Metric", "Subject", "Period", "Value", "Why refused", "Cell"],
        [
            "speed",
            "P2",
            "2026-03",
            "x",
            '"x" is not a number; write it like 1234.5 or 1e-05.',
            "line 5, column Value",
        ],
    ]
    as_csv = desk.get(address_of(batch, "refused/") + "?as=csv")
    assert as_csv["Content-Disposition"] == 'attachment; filename="values-refused.csv"'
    assert list(csv.reader(io.StringIO(as_csv.content.decode("utf-8-sig")))) == expected
    as_xlsx = desk.get(address_of(batch, "refused/"))
    sheet = load_workbook(io.BytesIO(as_xlsx.content))["Refused rows"]
    assert [list(row) for row in sheet.iter_rows(values_only=True)] == expected
    assert desk.get(address_of(batch, "refused/") + "?as=pdf").status_code == 404


def test_what_a_spreadsheet_would_compute_leaves_as_text(desk: Client, analyst: User) -> None:
    batch = checked(table_of("=cmd(),@P1,2026-03,-5"), analyst)
    line = desk.get(address_of(batch, "refused/") + "?as=csv").content.decode().splitlines()[1]
    assert line.startswith("'=cmd(),'@P1,2026-03,-5,")
    workbook = load_workbook(io.BytesIO(desk.get(address_of(batch, "refused/")).content))
    cells = next(iter(workbook["Refused rows"].iter_rows(min_row=2)))
    assert [(cell.value, cell.data_type) for cell in cells[:2]] == [("'=cmd()", "s"), ("'@P1", "s")]


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_mended_rows_are_sent_again_without_mapping(
    desk: Client, analyst: User, ending: str
) -> None:
    mapping = Mapping(
        Shape.WIDE_PERIODS,
        subject_column=0,
        fixed_metric="speed",
        across={1: "2026-02", 2: "2026-03"},
    )
    wide = "Subject;2026-02;2026-03\nP1;12,5;abc\n=P2;3,5;4,5\n"
    reading = Reading(delimiter=";", decimal_sign=",")
    batch = stored_accepted(checked(wide, analyst, mapping, reading=reading))
    content = desk.get(address_of(batch, "refused/") + f"?as={ending}").content
    mended = mend(content, ending)
    again = sent(mended, analyst, name=f"mended.{ending}")
    assert again.mends == batch
    assert "mends import" in read(desk, address_of(worked_off(again))).words
    assert {
        verdict: [(row.subject, row.period, row.value) for row in rows]
        for verdict, rows in report(again).items()
    } == {
        Verdict.NEW: [("P2", "2026-02", 3.5), ("P2", "2026-03", 4.5)],
        Verdict.CHANGED: [("P1", "2026-03", 14.5)],
    }


def stored_accepted(batch: ImportBatch) -> ImportBatch:
    return stored(batch, mode="accepted")  # type: ignore[arg-type]  # as a form says it


def mend(content: bytes, ending: str) -> bytes:
    """As a person does in a spreadsheet program."""
    if ending == "csv":
        return content.replace(b"abc", b'"14,5"', 1).replace(b"'=P2", b"P2", 1)
    book = load_workbook(io.BytesIO(content))
    sheet = book["Refused rows"]
    assert sheet["C2"].value == "abc"
    sheet["C2"] = 14.5
    sheet["A3"] = "P2"
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def test_undoing_asks_first_and_says_what_it_will_do(desk: Client, batch: ImportBatch) -> None:
    stored_accepted(batch)
    page = read(desk, address_of(batch, "undo/"))
    assert "1 value that came with the import is deleted." in page.words
    assert "1 value gets back what it was before." in page.words
    assert Measurement.objects.filter(batch=batch).count() == 2
    answer = desk.post(address_of(batch, "undo/"))
    assert answer["Location"] == address_of(batch)
    assert Measurement.objects.filter(batch=batch).count() == 2
    assert "The undoing waits for a worker." in read(desk, address_of(batch)).words
    worked_off(batch)
    assert not Measurement.objects.filter(batch=batch).exists()
    report_page = read(desk, address_of(batch))
    assert "Everything is as it was before." in report_page.words
    assert "Deleted 1 new with the import" in report_page.words
    assert "Put back 1 to what was before" in report_page.words
    assert "analyst undid this import on 10 Apr 2026" in report_page.words
    assert address_of(batch, "undo/") not in report_page.links()


def test_undoing_names_what_stays(desk: Client, batch: ImportBatch, pmo_lead: User) -> None:
    stored_accepted(batch)
    again = stored_accepted(checked(table_of("speed,P2,2026-02,8"), batch_owner(batch)))
    page = read(desk, address_of(batch, "undo/"))
    assert "1 value stays as it is, for the reasons below." in page.words
    assert "analyst changed it to 8 on 2026-04-10 09:00. It is 8 now." in page.words
    desk.post(address_of(batch, "undo/"))
    worked_off(batch)
    left = read(desk, address_of(batch))
    assert "1 value stayed, having been changed since" in left.words
    assert "analyst changed it to 8" in left.words
    assert Measurement.objects.get(batch=again).value == 8.0


def batch_owner(batch: ImportBatch) -> User:
    assert batch.created_by is not None
    return batch.created_by


def test_a_pmo_lead_undoes_anybodys_import(
    batch: ImportBatch, pmo_lead: User, client_of: ClientOf
) -> None:
    stored_accepted(batch)
    client_of(pmo_lead).post(address_of(batch, "undo/"))
    worked_off(batch)
    assert (batch.state, batch.undone_by) == (BatchState.UNDONE, pmo_lead)


def test_what_is_not_stored_can_not_be_undone(desk: Client, batch: ImportBatch) -> None:
    assert desk.post(address_of(batch, "undo/"))["Location"] == address_of(batch)
    batch.refresh_from_db()
    assert batch.state == BatchState.CHECKED


def test_the_list_asks_no_more_with_more_imports(desk: Client, analyst: User) -> None:
    def grow() -> None:
        for _ in range(4):
            other = ImportBatchFactory(created_by=analyst, counts={"new": 3})
            ImportBatchFactory(created_by=analyst, mends=other)

    assert_costs_no_more(desk, "/entry/imports/", grow)


def test_a_report_asks_no_more_with_more_rows(desk: Client, analyst: User) -> None:
    metric = MetricDefinition.objects.get(code="speed")
    batch = checked(table_of(*ROWS), analyst)

    def grow() -> None:
        for _ in range(3):
            ProjectFactory(portfolio=PortfolioFactory())
        codes = Project.objects.values_list("code", flat=True)
        rows = [f"{metric.code},{code},2026-0{n},1" for code in codes for n in (1, 2)]
        ImportBatch.objects.filter(pk=batch.pk).update(state=BatchState.NEW)
        larger = checked(table_of(*rows), analyst)
        batch.rows.all().delete()
        larger.rows.update(batch=batch)
        ImportBatch.objects.filter(pk=batch.pk).update(
            state=BatchState.CHECKED, counts=larger.counts
        )

    assert_costs_no_more(desk, address_of(batch), grow)
    batch = stored_accepted(checked(table_of("speed,P2,2026-02,7"), analyst))
    assert_costs_no_more(desk, address_of(batch, "undo/"), lambda: None)


def test_the_undoing_tells_how_far_it_is(desk: Client, batch: ImportBatch) -> None:
    stored_accepted(batch)
    desk.post(address_of(batch, "undo/"))
    claimed = take_next_batch()
    assert claimed is not None
    assert "The import is being undone" in read(desk, address_of(batch)).words
    show_progress(claimed, Progress(Step.LOOKING))
    assert "Step 1 of 2: Looking what was changed since" in read(desk, address_of(batch)).words
    show_progress(claimed, Progress(Step.RESTORING, 1, 2))
    part = read(desk, address_of(batch), part="anything")
    assert "Step 2 of 2: Putting back what was there before 1 of 2" in part.words


def test_an_undoing_that_failed_leaves_the_import_as_it_was_and_says_so(
    desk: Client, batch: ImportBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored_accepted(batch)
    desk.post(address_of(batch, "undo/"))
    with monkeypatch.context() as broken:
        broken.setattr("metrics.operations.imports.add_rows", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            worked_off(batch)
    page = read(desk, address_of(batch))
    assert "It could not be undone, and nothing of it was" in page.words
    assert address_of(batch, "undo/") in page.links()
    assert Measurement.objects.filter(batch=batch).count() == 2
    desk.post(address_of(batch, "undo/"))
    assert worked_off(batch).state == BatchState.UNDONE
    assert not Measurement.objects.filter(batch=batch).exists()


def test_a_long_text_in_place_of_a_number_does_not_push_the_table_apart(
    desk: Client, analyst: User
) -> None:
    batch = checked(
        table_of(f"speed,P1,2026-03,Exempt under Section 43 {'of an Act ' * 20}"), analyst
    )
    page = read(desk, address_of(batch))
    assert "Exempt under Section 43… " in page.words
    assert "of an Act of an Act of an Act of an Act" not in page.words
