"""Definitions, scorecards, assignments, months and runs, kept by programs as by people."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from api.scopes import Scope
from metrics.choices import Category
from metrics.models import (
    Exemption,
    MetricAssignment,
    MetricDefinition,
    MonthClosing,
    RescoreNeed,
    Scorecard,
    ScorecardAssignment,
    ScoreRun,
)
from projects.models import Subject
from tests import factories
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db


@pytest.fixture
def program(pmo_lead: User) -> Program:
    return Program(pmo_lead, Scope.READ, Scope.MANAGE)


def test_a_metric_is_defined_changed_and_deleted(program: Program, pmo_lead: User) -> None:
    asked = {
        "code": "speed",
        "name": "Speed",
        "category": "tactical",
        "subject_kind": "project",
        "cadence": "month",
        "curve": [[0, 0], [10, 100]],
    }
    made = program.post("metrics/", asked)
    assert made.status_code == 201
    assert {name: made.json()[name] for name in asked} == asked
    changed = program.patch("metrics/speed/", {"unit": "days", "reason": "Asked for."}).json()
    assert (changed["unit"], changed["curve"]) == ("days", asked["curve"])
    latest = MetricDefinition.history.latest()
    assert (latest.history_user, latest.history_change_reason) == (pmo_lead, "Asked for.")
    assert program.delete("metrics/speed/?reason=Not+needed").status_code == 204
    assert program.get("metrics/speed/").status_code == 404


@pytest.mark.parametrize(
    ("changed", "status", "field"),
    [
        ({"curve": [[1, 0], [1, 100]]}, 422, "curve"),
        ({"curve": [[0, 0], [1, 101]]}, 422, "curve"),
        ({"curve": [[0, 0]]}, 400, "curve"),
        ({"formula": "nothing + 1"}, 422, "formula"),
        ({"formula": "__import__('os')"}, 422, "formula"),
        ({"code": "two words"}, 400, "code"),
        ({"code": "max"}, 422, "code"),
        ({"name": "   "}, 422, "name"),
        ({"active_from": "2026-05", "active_until": "2026-01"}, 422, "active_until"),
        ({"id": 1}, 400, "id"),
        ({"history": []}, 400, "history"),
        ({"decimals": 1.5}, 400, "decimals"),
        ({"needs_approval": "yes"}, 400, "needs_approval"),
    ],
)
def test_a_metric_is_refused_with_the_words_of_the_form(
    program: Program, changed: dict[str, Any], status: int, field: str
) -> None:
    asked = {
        "code": "speed",
        "name": "Speed",
        "category": "tactical",
        "subject_kind": "project",
        "cadence": "month",
        **changed,
    }
    answer = program.post("metrics/", asked)
    assert answer.status_code == status
    assert {error["field"] for error in answer.json()["errors"]} == {field}
    assert not MetricDefinition.objects.exists()


def test_who_edits_what_somebody_else_has_changed_is_told(program: Program) -> None:
    program.post(
        "metrics/",
        {
            "code": "speed",
            "name": "Speed",
            "category": "tactical",
            "subject_kind": "project",
            "cadence": "month",
        },
    )
    seen = program.get("metrics/speed/").json()["version"]
    assert program.patch("metrics/speed/", {"unit": "days", "version": seen}).status_code == 200
    late = program.patch("metrics/speed/", {"unit": "weeks", "version": seen})
    assert (late.status_code, late.json()["code"]) == (409, "overtaken")
    assert MetricDefinition.objects.get().unit == "days"


def test_what_is_measured_is_not_deleted(program: Program) -> None:
    metric = factories.MeasurementFactory().metric
    answer = program.delete(f"metrics/{metric.code}/")
    assert (answer.status_code, answer.json()["code"]) == (409, "used")
    assert "1 value of it is recorded" in answer.json()["message"]


def test_an_exemption_is_made_changed_and_taken_back(program: Program) -> None:
    metric, project = factories.MetricFactory(code="m"), factories.ProjectFactory(code="P1")
    made = program.post(
        "exemptions/", {"metric": "m", "subject": "P1", "until_month": "2026-03", "reason": "New."}
    ).json()
    assert (made["from_month"], made["until_month"]) == (None, "2026-03")
    assert RescoreNeed.objects.filter(subject=project).exists()
    changed = program.patch(f"exemptions/{made['id']}/", {"from_month": "2026-01"}).json()
    assert (changed["from_month"], changed["reason"]) == ("2026-01", "New.")
    again = program.post(
        "exemptions/", {"metric": "m", "subject": "P1", "from_month": "2026-01", "reason": "Two."}
    )
    assert again.status_code in (409, 422)
    assert program.delete(f"exemptions/{made['id']}/").status_code == 204
    assert not Exemption.objects.filter(metric=metric).exists()


@pytest.mark.parametrize("path", ["exemptions/", "overrides/"])
def test_what_nothing_is_called_is_told_with_near_matches(program: Program, path: str) -> None:
    factories.MetricFactory(code="speed")
    factories.ProjectFactory(code="P1")
    asked: dict[str, Any] = {"metric": "sped", "subject": "P1"}
    more = (
        {"reason": "New."}
        if path == "exemptions/"
        else {"from_month": "2026-01", "curve": [[0, 0], [1, 1]]}
    )
    answer = program.post(path, asked | more)
    assert answer.status_code == 422
    assert answer.json()["errors"][0] == {
        "code": "unknown",
        "message": '"sped" is no metric; did you mean speed?',
        "field": "metric",
        "row": None,
    }


def test_an_override_of_another_kind_is_refused(program: Program) -> None:
    factories.MetricFactory(code="speed")
    factories.SegmentFactory(code="S1")
    answer = program.post(
        "overrides/",
        {"metric": "speed", "subject": "S1", "from_month": "2026-01", "curve": [[0, 0], [1, 1]]},
    )
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "subject")


CARD = {
    "code": "SC",
    "name": "Projects",
    "subject_kind": "project",
    "overall": "geometric",
    "min_coverage": 0.5,
    "min_categories": 2,
    "amber_from": 50,
    "green_from": 75,
}


def test_a_scorecard_comes_with_its_lines(program: Program) -> None:
    for code in "ab":
        factories.MetricFactory(code=code)
    lines = [{"metric": "a", "weight": 2.0}, {"metric": "b", "weight": 0.5}]
    made = program.post("scorecards/", CARD | {"lines": lines})
    assert (made.status_code, made.json()["lines"]) == (201, lines)
    version = made.json()["version"]
    named = program.patch("scorecards/SC/", {"name": "Ours", "version": version}).json()
    assert (named["name"], named["lines"]) == ("Ours", lines)
    late = program.patch("scorecards/SC/", {"lines": lines[:1], "version": version})
    assert late.status_code == 409
    fewer = program.patch("scorecards/SC/", {"lines": lines[:1]}).json()
    assert fewer["lines"] == lines[:1]
    assert program.delete("scorecards/SC/").status_code == 204


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"amber_from": 80}, 422),
        ({"min_coverage": 2}, 400),
        ({"weight_tactical": -1}, 400),
        ({"lines": [{"metric": "a"}]}, 400),
        ({"lines": [{"metric": "nothing", "weight": 1}]}, 422),
        ({"lines": [{"metric": "a", "weight": 1}, {"metric": "a", "weight": 2}]}, 422),
        ({"lines": [{"metric": "of_segments", "weight": 1}]}, 422),
        ({f"weight_{category}": 0 for category in Category.values}, 422),
    ],
)
def test_a_scorecard_is_refused_whole(
    program: Program, changed: dict[str, Any], status: int
) -> None:
    factories.MetricFactory(code="a")
    factories.MetricFactory(code="of_segments", subject_kind="segment")
    assert program.post("scorecards/", CARD | changed).status_code == status
    assert not Scorecard.objects.exists()


def test_a_subject_gets_a_scorecard_of_its_own_and_loses_it_again(program: Program) -> None:
    factories.ProjectFactory(code="P1")
    factories.SegmentFactory(code="S1")
    program.post("scorecards/", CARD)
    assert program.put("subjects/P1/scorecard/", {"scorecard": "SC"}).json() == {
        "subject": "P1",
        "scorecard": "SC",
    }
    assert program.get("subjects/P1/").json()["scorecard"] == "SC"
    assert program.put("subjects/S1/scorecard/", {"scorecard": "SC"}).status_code == 422
    assert program.delete("scorecards/SC/").status_code == 409
    assert program.delete("subjects/P1/scorecard/").status_code == 204
    assert not ScorecardAssignment.objects.exists()


def test_metrics_are_given_to_a_person_and_taken_away(program: Program, analyst: User) -> None:
    factories.OrganisationFactory()
    factories.ProjectFactory(code="P1")
    for code in "ab":
        factories.MetricFactory(code=code)
    asked = {"metrics": ["a", "b"], "user": "analyst", "scope": "ORG"}
    made = program.post("assignments/", asked).json()["assignments"]
    assert [(row["metric"], row["user"], row["scope"]) for row in made] == [
        ("a", "analyst", "ORG"),
        ("b", "analyst", "ORG"),
    ]
    assert program.post("assignments/", asked).json()["assignments"] == []
    assert program.delete(f"assignments/{made[0]['id']}/").status_code == 204
    assert [row.metric.code for row in MetricAssignment.objects.all()] == ["b"]
    for wrong in ({"scope": "P1"}, {"user": "nobody"}, {"metrics": ["c"]}):
        assert program.post("assignments/", asked | wrong).status_code == 422


def test_a_month_is_closed_and_reopened_with_a_reason(
    program: Program, company: None, pmo_lead: User
) -> None:
    closed = program.post("months/2026-02/close/")
    assert closed.status_code == 200
    assert closed.json()["closed"][-1] == "2026-02"
    assert program.get("months/2026-02/").json()["state"] == "closed"
    assert program.post("months/2026-02/close/").status_code == 409
    assert program.post("months/2026-02/reopen/", {"reason": " "}).status_code == 422
    told = program.post("months/2026-02/reopen/", {"reason": "A value was wrong."}).json()
    assert told["state"] == "open"
    assert told["closings"][0]["reason"] == "A value was wrong."
    assert told["closings"][0]["reopened_by"] == "pmo_lead"
    assert MonthClosing.objects.latest("closed_at").closed_by == pmo_lead


def test_a_month_that_is_not_over_is_not_closed(program: Program) -> None:
    answer = program.post("months/2999-01/close/")
    assert (answer.status_code, answer.json()["code"]) == (409, "unfinished")


def test_a_run_is_asked_for_once(program: Program) -> None:
    first, second = program.post("runs/").json(), program.post("runs/").json()
    assert first["id"] == second["id"]
    assert (first["state"], first["scope"]) == ("due", "full")
    assert ScoreRun.objects.count() == 1


def test_the_same_key_makes_one_definition(program: Program) -> None:
    factories.ProjectFactory(code="P1")
    factories.MetricFactory(code="m")
    asked = {"metric": "m", "subject": "P1", "reason": "New."}
    answers = [program.post("exemptions/", asked, Idempotency_Key="one") for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert Exemption.objects.count() == 1
    assert Subject.objects.filter(code="P1").exists()
