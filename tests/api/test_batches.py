"""Files that programs send: checked, stored and undone by the worker as those of people."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile

from metrics.models import ImportBatch, Measurement
from metrics.operations.imports import carry_out_batch, take_next_batch
from tests import factories
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db

GOOD = "metric,subject,period,value,note\nspeed,P1,2026-03,60,By hand.\nspeed,P2,2026-03,61,\n"
MIXED = "metric,subject,period,value\nspeed,P1,2026-03,60\nspeed,P7,2026-03,61\n"


@pytest.fixture
def program(analyst: User) -> Program:
    factories.OrganisationFactory()
    factories.MetricFactory(code="speed")
    for code in ("P1", "P2"):
        factories.ProjectFactory(code=code)
    return Program(analyst)


def send(program: Program, text: str | bytes, name: str = "values.csv", **headers: str) -> Any:
    content = text.encode() if isinstance(text, str) else text
    file = SimpleUploadedFile(name, content, content_type="text/csv")
    return program.client.post("/api/v1/batches/", {"file": file}, headers=headers)


def work() -> None:
    batch = take_next_batch()
    assert batch is not None
    carry_out_batch(batch)


def test_a_file_is_checked_stored_and_undone(program: Program) -> None:
    sent = send(program, GOOD)
    assert (sent.status_code, sent.json()["state"]) == (201, "check_due")
    at = f"batches/{sent.json()['id']}/"
    work()
    assert program.get(at).json()["counts"]["new"] == 2
    rows = program.get(f"{at}rows/", verdict="new", limit=1).json()
    assert (rows["results"][0]["subject"], rows["results"][0]["note"]) == ("P1", "By hand.")
    rest = program.client.get(rows["next"]).json()
    assert [row["subject"] for row in rest["results"]] == ["P2"]
    assert rest["next"] is None
    assert not Measurement.objects.exists()
    assert program.post(f"{at}store/", {"mode": "all"}).status_code == 202
    work()
    assert program.get(at).json()["state"] == "done"
    assert Measurement.objects.count() == 2
    assert program.post(f"{at}store/", {"mode": "all"}).status_code == 409
    assert program.post(f"{at}undo/").status_code == 202
    work()
    assert program.get(at).json()["state"] == "undone"
    assert not Measurement.objects.exists()
    assert program.post(f"{at}undo/").status_code == 409


def test_a_refused_row_stops_all_or_nothing(program: Program) -> None:
    at = f"batches/{send(program, MIXED).json()['id']}/"
    work()
    refused = program.post(f"{at}store/", {"mode": "all"})
    assert refused.status_code == 422
    assert "1 row is refused" in refused.json()["message"]
    assert program.post(f"{at}store/", {"mode": "accepted"}).status_code == 202
    work()
    assert Measurement.objects.count() == 1
    (row,) = program.get(f"{at}rows/", verdict="refused").json()["results"]
    assert (row["line"], row["field"]) == (3, "subject")


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        ("", 400, "invalid"),
        ("name,number\na,1\n", 422, "header"),
        (b"PK\x03\x04 no workbook", 422, "file"),
        (b"\xff\xfe\x00\xd8metric", 422, None),
    ],
)
def test_what_is_no_such_file_is_told_and_not_kept(
    program: Program, content: str | bytes, status: int, code: str | None
) -> None:
    answer = send(program, content)
    assert answer.status_code == status
    assert code in (None, answer.json()["code"])
    assert not ImportBatch.objects.exists()


def test_a_file_that_is_too_large_is_told(program: Program, settings: Any) -> None:
    settings.IMPORT_MAX_BYTES = 100
    answer = send(program, GOOD * 50)
    assert answer.status_code in (400, 413, 422)
    assert not ImportBatch.objects.exists()


def test_a_file_sent_as_json_is_told(program: Program) -> None:
    assert program.post("batches/", {"file": "x"}).status_code == 400


def test_the_same_key_sends_a_file_once(program: Program) -> None:
    header = {"Idempotency-Key": "file-1"}
    first, second = send(program, GOOD, **header), send(program, GOOD, **header)
    assert first.json() == second.json()
    assert ImportBatch.objects.count() == 1
    assert send(program, MIXED, **header).status_code == 422


def test_somebody_elses_import_is_not_there(program: Program, executive: User) -> None:
    other = factories.ImportBatchFactory(created_by=executive)
    assert program.get(f"batches/{other.pk}/").status_code == 404
    assert program.get("batches/").json()["results"] == []
