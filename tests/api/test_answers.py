"""What programs say instead of values, and what is decided about what waits."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from api.scopes import Scope
from metrics.choices import DraftState, ProposalState
from metrics.models import (
    DraftMeasurement,
    Exemption,
    ExemptionProposal,
    FormerNoValue,
    Measurement,
    MetricDefinition,
    NoValue,
)
from projects.models import Organisation, Project
from tests import factories
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db

HERE = {"metric": "speed", "subject": "P1", "period": "2026-03"}
THERE = HERE | {"subject": "P2"}


@pytest.fixture
def place() -> MetricDefinition:
    factories.OrganisationFactory()
    for code in ("P1", "P2"):
        factories.ProjectFactory(code=code)
    return factories.MetricFactory(code="speed")


@pytest.fixture
def program(analyst: User, place: MetricDefinition) -> Program:
    return Program(analyst, Scope.READ, Scope.WRITE)


@pytest.fixture
def lead(pmo_lead: User) -> Program:
    return Program(pmo_lead, Scope.READ, Scope.MANAGE)


def test_no_value_is_said_with_a_reason_and_taken_back_with_one(program: Program) -> None:
    said = program.post("no-values/", {"places": [HERE, THERE], "reason": "Not asked."})
    assert said.status_code == 200
    assert [row["subject"] for row in said.json()["done"]] == ["P1", "P2"]
    listed = program.get("no-values/", subject="P1").json()["results"]
    assert [(row["period"], row["reason"], row["said_by"]) for row in listed] == [
        ("2026-03", "Not asked.", "analyst")
    ]
    again = program.post("no-values/", {"places": [HERE], "reason": "Nobody there."}).json()
    assert again["done"][0]["reason"] == "Nobody there."
    back = {"places": [HERE, HERE | {"period": "2026-04"}], "why": "It came."}
    assert program.post("no-values/take-back/", back).json() == {"taken_back": 1}
    assert [row.subject.code for row in NoValue.objects.all()] == ["P2"]
    assert FormerNoValue.objects.filter(why="It came.").count() == 1


def test_of_a_value_that_is_there_nobody_can_say_so(program: Program) -> None:
    factories.MeasurementFactory(
        metric=MetricDefinition.objects.get(), subject=Project.objects.get(code="P1")
    )
    told = program.post("no-values/", {"places": [THERE, HERE], "reason": "None."}).json()
    assert [row["subject"] for row in told["done"]] == ["P2"]
    (refused,) = told["refused"]
    assert (refused["row"], refused["field"]) == (1, "period")
    assert refused["message"].startswith("There is a value")


@pytest.mark.parametrize(
    ("changed", "status", "field", "row"),
    [
        ({"subject": "P3"}, 422, "subject", 1),
        ({"metric": "sped"}, 422, "metric", 1),
        ({"period": "2026-13"}, 422, "period", 1),
        ({"period": 3}, 400, "places.period", 1),
    ],
)
def test_a_place_that_is_none_refuses_all_and_is_told_by_its_row(
    program: Program, changed: dict[str, Any], status: int, field: str, row: int
) -> None:
    asked = {"places": [HERE, HERE | changed], "reason": "None."}
    answer = program.post("no-values/", asked)
    assert answer.status_code == status
    (fault,) = answer.json()["errors"]
    assert (fault["field"], fault["row"]) == (field, row)
    assert not NoValue.objects.exists()


@pytest.mark.parametrize("path", ["no-values/", "no-values/take-back/"])
def test_an_answer_comes_with_its_reason(program: Program, path: str) -> None:
    name = "reason" if path == "no-values/" else "why"
    answer = program.post(path, {"places": [HERE], name: "  "})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, name)


def test_somebody_elses_values_are_refused(
    program: Program, place: MetricDefinition, executive: User
) -> None:
    factories.MetricAssignmentFactory(
        metric=place, user=executive, scope=Organisation.objects.get()
    )
    pairs = [{"metric": "speed", "subject": "P1"}]
    for path, asked in [
        ("no-values/", {"places": [HERE], "reason": "None."}),
        ("no-values/take-back/", {"places": [HERE], "why": "None."}),
        ("proposals/", {"pairs": pairs, "reason": "None."}),
    ]:
        answer = program.post(path, asked)
        assert (answer.status_code, answer.json()["code"]) == (403, "assigned")
    assert not NoValue.objects.exists()
    assert not ExemptionProposal.objects.exists()


PROPOSAL = {
    "pairs": [{"metric": "speed", "subject": "P1"}, {"metric": "speed", "subject": "P2"}],
    "from_month": "2026-03",
    "reason": "It has no customers.",
}


def test_what_is_proposed_is_granted_or_refused(program: Program, lead: Program) -> None:
    made = program.post("proposals/", PROPOSAL).json()
    assert made["refused"] == []
    first, second = (row["id"] for row in made["done"])
    assert [row["id"] for row in lead.get("proposals/", state="waiting").json()["results"]] == [
        second,
        first,
    ]
    granted = lead.post(f"proposals/{first}/grant/", {"answer": "Yes."}).json()
    exemption = Exemption.objects.get()
    assert (granted["state"], granted["exemption"]) == ("granted", exemption.pk)
    assert (exemption.subject.code, str(exemption.from_month)) == ("P1", "2026-03")
    assert lead.post(f"proposals/{second}/refuse/", {"answer": " "}).status_code == 422
    refused = lead.post(f"proposals/{second}/refuse/", {"answer": "It has some."}).json()
    assert (refused["state"], refused["answer"]) == ("refused", "It has some.")
    late = lead.post(f"proposals/{second}/grant/", {})
    assert (late.status_code, late.json()["code"]) == (409, "decided")
    again = program.post("proposals/", PROPOSAL).json()
    assert [row["subject"] for row in again["done"]] == ["P2"]
    assert (again["refused"][0]["row"], again["refused"][0]["field"]) == (0, "from_month")


def test_one_takes_back_ones_own_proposal(program: Program) -> None:
    (made, _) = program.post("proposals/", PROPOSAL).json()["done"]
    told = program.post(f"proposals/{made['id']}/take-back/").json()
    assert told["state"] == ProposalState.WITHDRAWN
    assert program.post(f"proposals/{made['id']}/take-back/").status_code == 409


def test_of_somebody_elses_proposal_only_who_decides_learns(
    program: Program, lead: Program, administrator: User
) -> None:
    other = factories.ExemptionProposalFactory(proposed_by=administrator)
    assert program.get(f"proposals/{other.pk}/").status_code == 404
    assert program.get("proposals/").json()["results"] == []
    assert program.post(f"proposals/{other.pk}/take-back/").status_code == 404
    assert lead.get(f"proposals/{other.pk}/").json()["proposed_by"] == "administrator"


@pytest.fixture
def drafts(program: Program, place: MetricDefinition) -> list[int]:
    place.needs_approval = True
    place.save()
    rows = [place_told | {"value": 60} for place_told in (HERE, THERE)]
    assert program.post("measurements/", {"measurements": rows}).json()["stored"] == 2
    return [row["id"] for row in program.get("drafts/", state="waiting").json()["results"]]


def test_values_are_approved_each_by_itself(
    lead: Program, drafts: list[int], analyst: User
) -> None:
    told = lead.post("drafts/approve/", {"drafts": [*drafts, 999_999]}).json()
    assert sorted(told["done"]) == sorted(drafts)
    assert told["refused"] == [{"draft": 999_999, "message": "There is nothing of this name."}]
    assert {row.entered_by for row in Measurement.objects.all()} == {analyst}
    again = lead.post("drafts/approve/", {"drafts": drafts}).json()
    assert again["done"] == []
    assert "approved it meanwhile" in again["refused"][0]["message"]


def test_values_are_sent_back_with_a_reason(lead: Program, drafts: list[int]) -> None:
    blank = lead.post("drafts/reject/", {"drafts": drafts, "reason": " "})
    assert (blank.status_code, blank.json()["errors"][0]["field"]) == (422, "reason")
    told = lead.post("drafts/reject/", {"drafts": drafts, "reason": "Count again."}).json()
    assert sorted(told["done"]) == sorted(drafts)
    assert not Measurement.objects.exists()
    states = {row["state"] for row in lead.get("drafts/").json()["results"]}
    assert states == {DraftState.REJECTED}


def test_nobody_approves_what_they_gave_themselves(
    administrator: User, place: MetricDefinition
) -> None:
    place.needs_approval = True
    place.save()
    both = Program(administrator)
    both.post("measurements/", {"measurements": [HERE | {"value": 60}]})
    draft = DraftMeasurement.objects.get()
    told = both.post("drafts/approve/", {"drafts": [draft.pk]}).json()
    assert told["done"] == []
    assert told["refused"][0]["message"].startswith("You gave this value yourself")
    assert not Measurement.objects.exists()


def test_one_takes_back_ones_own_value(program: Program, drafts: list[int]) -> None:
    told = program.post(f"drafts/{drafts[0]}/withdraw/").json()
    assert told["state"] == "withdrawn"
    assert program.post(f"drafts/{drafts[0]}/withdraw/").status_code == 409


def test_of_somebody_elses_draft_only_who_approves_learns(
    program: Program, lead: Program, administrator: User
) -> None:
    other = factories.DraftMeasurementFactory(entered_by=administrator)
    assert program.get(f"drafts/{other.pk}/").status_code == 404
    assert program.get("drafts/").json()["results"] == []
    assert lead.get(f"drafts/{other.pk}/").json()["entered_by"] == "administrator"


def test_a_value_tells_how_it_was_corrected_and_deleted(program: Program) -> None:
    at = "measurements/speed/P1/2026-03/"
    for value in (60, 61):
        program.put(at, {"value": value, "confirm_unusual": True})
    program.delete(at)
    told = program.get(f"{at}history/").json()["results"]
    assert [(row["value_before"], row["value"]) for row in told] == [(61.0, None), (60.0, 61.0)]
    assert {row["changed_by"] for row in told} == {"analyst"}


def test_many_places_take_as_many_queries_as_few(program: Program) -> None:
    def queries(path: str, count: int, **said: str) -> int:
        places = [
            HERE | {"period": f"{2020 + month // 12}-{month % 12 + 1:02}"} for month in range(count)
        ]
        with CaptureQueriesContext(connection) as asked:
            answer = program.post(path, {"places": places, **said})
        assert answer.status_code == 200
        return len(asked)

    for path, said in [
        ("no-values/", {"reason": "None."}),
        ("no-values/take-back/", {"why": "It came."}),
    ]:
        assert queries(path, 60, **said) <= queries(path, 2, **said) + 3


def test_many_unknown_codes_take_as_many_queries_as_one(program: Program) -> None:
    def queries(count: int) -> int:
        places = [HERE | {"subject": f"X{number}"} for number in range(count)]
        with CaptureQueriesContext(connection) as asked:
            answer = program.post("no-values/", {"places": places, "reason": "None."})
        assert answer.status_code == 422
        assert len(answer.json()["errors"]) == count
        return len(asked)

    queries(1)  # the first request of a token notes its use
    assert queries(30) == queries(1)


def test_what_is_due_is_told_until_it_has_come_or_is_answered(
    program: Program, place: MetricDefinition
) -> None:
    card = factories.ScorecardFactory(subject_kind="project", is_default=True)
    factories.ScorecardLineFactory(scorecard=card, metric=place)
    first = program.get("due/", limit=1).json()
    assert len(first["results"]) == 1
    rest = program.client.get(first["next"]).json()
    rows = [*first["results"], *rest["results"]]
    whole = program.get("due/").json()["results"]
    assert rows == whole[: len(rows)]
    assert {(row["metric"], row["subject"], row["state"]) for row in whole} == {
        ("speed", "P1", "open"),
        ("speed", "P2", "open"),
    }
    assert [row["due_on"] for row in whole] == sorted(row["due_on"] for row in whole)
    gone = {name: whole[0][name] for name in ("metric", "subject", "period")}
    program.post("no-values/", {"places": [gone], "reason": "None."})
    assert program.get("due/").json()["results"] == whole[1:]
    (other,) = {row["subject"] for row in program.get("due/", subject="P2").json()["results"]}
    assert other == "P2"
    assert program.get("due/", metric="other").json()["results"] == []


@pytest.mark.parametrize("cursor", ["x", "W10", "WzFd", "bnVsbA", "eyJhIjoxfQ", "WyJhIiwgImIiXQ"])
def test_a_cursor_of_what_is_due_is_one_or_is_told(program: Program, cursor: str) -> None:
    assert program.get("due/", cursor=cursor).status_code == 422


def test_a_cursor_of_another_list_is_none_of_what_is_due(program: Program) -> None:
    cursor = program.get("subjects/", limit=1).json()["next_cursor"]
    answer = program.get("due/", cursor=cursor)
    assert (answer.status_code, answer.json()["code"]) == (422, "cursor")
