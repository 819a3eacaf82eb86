"""Values that programs give: one, many, twice, and those that are refused."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from api.models import KeptAnswer
from api.scopes import Scope
from metrics.choices import Door, DraftState
from metrics.models import (
    DraftMeasurement,
    ImportBatch,
    Measurement,
    MeasurementChange,
    MetricDefinition,
    RescoreNeed,
)
from metrics.operations.imports import carry_out_batch, take_next_batch
from projects.months import Month
from tests import factories
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Any:
    """A monthly metric of projects, and two of them."""
    metric = factories.MetricFactory(code="speed")
    factories.OrganisationFactory()
    for code in ("P1", "P2"):
        factories.ProjectFactory(code=code)
    return metric


@pytest.fixture
def program(analyst: User, place: Any) -> Program:
    return Program(analyst, Scope.WRITE)


def row(**fields: Any) -> dict[str, Any]:
    return {"metric": "speed", "subject": "P1", "period": "2026-03", "value": 60, **fields}


def give(program: Program, *rows: dict[str, Any], **more: Any) -> Any:
    return program.post("measurements/", {"measurements": list(rows), **more})


def verdicts(answer: Any) -> list[str]:
    return [each["verdict"] for each in answer.json()["rows"]]


def stored() -> list[tuple[str, str, float]]:
    return list(
        Measurement.objects.order_by("subject__code", "period_start").values_list(
            "subject__code", "door", "value"
        )
    )


def test_each_row_is_accepted_or_refused_with_its_reason(program: Program) -> None:
    answer = give(
        program,
        row(value=60),
        row(subject="P3"),
        row(period="2026-Q1", subject="P2"),
        row(metric="sped"),
    )
    assert answer.status_code == 200
    assert verdicts(answer) == ["new", "refused", "refused", "refused"]
    fields = [each["field"] for each in answer.json()["rows"]]
    assert fields == ["", "subject", "period", "metric"]
    assert "did you mean speed?" in answer.json()["rows"][3]["message"]
    assert stored() == [("P1", Door.API, 60.0)]


def test_the_same_twice_changes_nothing(program: Program) -> None:
    give(program, row())
    before = list(Measurement.objects.values()), RescoreNeed.objects.count()
    answer = give(program, row())
    assert verdicts(answer) == ["same"]
    assert (answer.json()["stored"], answer.json()["batch"]) == (0, None)
    assert (list(Measurement.objects.values()), RescoreNeed.objects.count()) == before
    assert ImportBatch.objects.count() == 1
    assert not MeasurementChange.objects.exists()


def test_all_or_nothing_stores_nothing_when_one_row_is_refused(program: Program) -> None:
    answer = give(program, row(), row(subject="P3"), mode="all")
    assert answer.status_code == 422
    assert [(each["row"], each["field"]) for each in answer.json()["errors"]] == [(1, "subject")]
    assert stored() == []
    assert not ImportBatch.objects.exists()


def test_all_or_nothing_stores_all_when_all_are_well(program: Program) -> None:
    answer = give(program, row(), row(subject="P2"), mode="all")
    assert answer.json()["stored"] == 2
    assert [code for code, *_ in stored()] == ["P1", "P2"]


def test_one_place_twice_in_a_request_is_refused_in_both_rows(program: Program) -> None:
    answer = give(program, row(value=1), row(value=2))
    assert verdicts(answer) == ["refused", "refused"]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"measurements": []}, "measurements"),
        ({}, "measurements"),
        ({"measurements": [row(value="60")]}, "measurements.value"),
        ({"measurements": [row(value=True)]}, "measurements.value"),
        ({"measurements": [row(valeu=1)]}, "measurements.valeu"),
        ({"measurements": [row()], "mode": "some"}, "mode"),
        ({"measurements": [row()], "entered_by": "somebody"}, "entered_by"),
        ([row()], None),
    ],
)
def test_what_does_not_fit_the_schema_is_refused_as_a_whole(
    program: Program, body: Any, where: str | None
) -> None:
    answer = program.post("measurements/", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert answer.json()["errors"][0]["field"] == where
    assert stored() == []


def test_an_error_of_a_row_tells_which_one(program: Program) -> None:
    answer = give(program, row(), row(value=None))
    assert [each["row"] for each in answer.json()["errors"]] == [1]


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e999", "[[[[", "", "\x00"])
def test_what_is_no_json_or_no_number_of_it_is_told(program: Program, text: str) -> None:
    body = json.dumps({"measurements": [row(value="VALUE")]}).replace('"VALUE"', text)
    answer = program.client.post("/api/v1/measurements/", body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["code"] in ("parse_error", "invalid")


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1.5", "true", '"1"', "1" * 400])
def test_what_is_no_whole_number_within_its_bounds_is_told(
    administrator: User, number: str
) -> None:
    answer = Program(administrator).client.post(
        "/api/v1/drafts/approve/", f'{{"drafts": [{number}]}}', content_type="application/json"
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_json_nested_too_deeply_is_told(program: Program) -> None:
    answer = program.client.post(
        "/api/v1/measurements/", "[" * 100_000, content_type="application/json"
    )
    assert answer.status_code == 400


def test_a_request_beyond_the_limit_is_not_read(program: Program, settings: Any) -> None:
    settings.API_MAX_BYTES = 100
    answer = give(program, row(note="x" * 200))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_an_unusual_value_is_stored_once_it_is_confirmed(program: Program) -> None:
    metric = MetricDefinition.objects.get(code="speed")
    project = factories.ProjectFactory(code="P9")
    for month in range(1, 9):
        factories.MeasurementFactory(
            metric=metric, subject=project, period=f"2025-{month:02}", value=60 + month
        )
    odd = row(subject="P9", value=6400)
    answer = give(program, odd)
    assert verdicts(answer) == ["questioned"]
    assert "usual" in answer.json()["rows"][0]["message"]
    assert give(program, odd, mode="all").status_code == 422
    assert not Measurement.objects.filter(value=6400).exists()
    assert give(program, odd, confirm_unusual=True).json()["stored"] == 1


def test_somebody_elses_values_are_refused_row_by_row(
    program: Program, executive: User, place: Any
) -> None:
    factories.MetricAssignmentFactory(metric=place, user=executive)
    answer = give(program, row())
    assert verdicts(answer) == ["refused"]
    assert answer.json()["rows"][0]["message"] == "These values are somebody else's to enter."


def test_a_value_that_needs_approval_waits(program: Program, place: Any) -> None:
    place.needs_approval = True
    place.save()
    answer = give(program, row())
    assert answer.json()["stored"] == 1
    draft = DraftMeasurement.objects.get()
    assert (draft.state, draft.door, draft.value) == (DraftState.WAITING, Door.API, 60.0)
    assert stored() == []


def test_a_value_of_a_closed_month_stays(program: Program) -> None:
    give(program, row(value=60))
    factories.MonthClosingFactory(month=Month.parse("2026-03"))
    answer = give(program, row(value=61))
    assert verdicts(answer) == ["refused"]
    assert "2026-03 is closed" in answer.json()["rows"][0]["message"]
    assert [value for *_, value in stored()] == [60.0]


def test_a_note_that_is_not_told_stays(program: Program) -> None:
    give(program, row(note="By hand."))
    give(program, row(value=61))
    assert Measurement.objects.get().note == "By hand."


def test_what_was_given_together_can_be_undone(program: Program) -> None:
    give(program, row(value=60))
    answer = give(program, row(value=70), row(subject="P2", note="=1+1"))
    undone = program.post(f"batches/{answer.json()['batch']}/undo/")
    assert (undone.status_code, undone.json()["state"]) == (202, "undo_due")
    batch = take_next_batch()
    assert batch is not None
    carry_out_batch(batch)
    assert [(code, value) for code, _, value in stored()] == [("P1", 60.0)]


def test_ten_thousand_values_take_as_many_queries_as_ten(analyst: User, place: Any) -> None:
    projects = [factories.ProjectFactory(code=f"Q{number}") for number in range(500)]
    program = Program(analyst, Scope.WRITE)

    def queries(count: int, months: int) -> tuple[int, float]:
        rows = [
            row(subject=project.code, period=f"{2020 + month // 12}-{month % 12 + 1:02}", value=5)
            for project in projects[:count]
            for month in range(months)
        ]
        began = time.perf_counter()
        with CaptureQueriesContext(
            connection,
        ) as asked:
            answer = give(program, *rows, confirm_unusual=True)
        assert answer.json()["stored"] == len(rows)
        return len(asked), time.perf_counter() - began

    few, _ = queries(2, 5)
    Measurement.objects.all().delete()
    many, seconds = queries(500, 20)
    # A need is written for each first month in which something is new; here it is one.
    assert many <= few + 2
    assert seconds < 20  # in fact less than one; the machine may have other things to do


def test_more_than_ten_thousand_are_refused_before_anything_else(program: Program) -> None:
    answer = give(program, *[row()] * 10_001)
    assert answer.status_code == 400


def test_a_key_answers_the_same_and_does_nothing_twice(program: Program) -> None:
    body = {"measurements": [row()]}
    first = program.post("measurements/", body, Idempotency_Key="night-1")
    Measurement.objects.all().delete()
    again = program.post("measurements/", body, Idempotency_Key="night-1")
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert stored() == []


def test_a_key_keeps_a_refusal_too(program: Program) -> None:
    body = {"measurements": [row(subject="P3")], "mode": "all"}
    first = program.post("measurements/", body, Idempotency_Key="k")
    factories.ProjectFactory(code="P3")
    again = program.post("measurements/", body, Idempotency_Key="k")
    assert (again.status_code, again.json()) == (422, first.json())


def test_a_key_stands_for_one_request(program: Program) -> None:
    program.post("measurements/", {"measurements": [row()]}, Idempotency_Key="k")
    other = program.post("measurements/", {"measurements": [row(value=7)]}, Idempotency_Key="k")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key")


def test_a_key_is_each_persons_own(program: Program, administrator: User) -> None:
    body = {"measurements": [row()]}
    program.post("measurements/", body, Idempotency_Key="k")
    other = Program(administrator).post("measurements/", body, Idempotency_Key="k")
    assert verdicts(other) == ["same"]


def test_a_key_is_forgotten_after_its_time(program: Program, settings: Any) -> None:
    body = {"measurements": [row()]}
    program.post("measurements/", body, Idempotency_Key="k")
    KeptAnswer.objects.update(created_at=factories.A_MOMENT)
    again = program.post("measurements/", body, Idempotency_Key="k")
    assert verdicts(again) == ["same"]


@pytest.mark.parametrize("key", ["with blank", "ä", "x" * 201])
def test_a_key_that_is_none_is_told(program: Program, key: str) -> None:
    answer = program.post("measurements/", {"measurements": [row()]}, Idempotency_Key=key)
    assert answer.status_code == 400


AT = "measurements/speed/P1/2026-03/"


def test_one_value_is_given_corrected_and_deleted(program: Program, analyst: User) -> None:
    outcomes = [
        program.put(AT, {"value": value, "note": note}).json()["outcome"]
        for value, note in [(60, ""), (60, ""), (61, "Slip.")]
    ]
    assert outcomes == ["created", "same", "changed"]
    told = Program(analyst).get(AT).json()["measurement"]
    assert (told["value"], told["note"], told["entered_by"]) == (61.0, "Slip.", "analyst")
    assert (told["period"], told["door"]) == ("2026-03", "api")
    assert program.delete(AT).status_code == 204
    assert program.delete(AT).status_code == 404
    assert MeasurementChange.objects.count() == 2


def test_what_somebody_else_changed_is_not_overwritten_unseen(program: Program) -> None:
    program.put(AT, {"value": 60})
    answer = program.put(AT, {"value": 70, "seen": {"value": 50}})
    assert (answer.status_code, answer.json()["code"]) == (409, "overtaken")
    assert program.put(AT, {"value": 70, "seen": {"value": 60}}).status_code == 200


def test_one_unusual_value_is_questioned(program: Program, place: Any) -> None:
    project = factories.ProjectFactory(code="P9")
    for month in range(1, 9):
        factories.MeasurementFactory(
            metric=place, subject=project, period=f"2025-{month:02}", value=60 + month
        )
    at = "measurements/speed/P9/2026-03/"
    answer = program.put(at, {"value": 6400})
    assert (answer.status_code, answer.json()["code"]) == (422, "unusual")
    assert program.put(at, {"value": 6400, "confirm_unusual": True}).status_code == 200


@pytest.mark.parametrize(
    ("at", "status"),
    [
        ("measurements/speed/P7/2026-03/", 404),
        ("measurements/sped/P1/2026-03/", 404),
        ("measurements/speed/P1/2026-Q1/", 422),
        ("measurements/speed/P1/2099-01/", 422),
        ("measurements/speed/P1/March/", 404),
    ],
)
def test_a_place_that_is_none_is_told(program: Program, at: str, status: int) -> None:
    answer = program.put(at, {"value": 60})
    assert answer.status_code == status
    assert answer.json()["message"]


def test_somebody_elses_value_is_refused(program: Program, place: Any, executive: User) -> None:
    factories.MetricAssignmentFactory(metric=place, user=executive)
    assert program.put(AT, {"value": 60}).status_code == 403
    factories.MeasurementFactory(metric=place, subject__code="P5")
    assert program.delete("measurements/speed/P5/2026-03/").status_code == 403
    assert Measurement.objects.count() == 1
