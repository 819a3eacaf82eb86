"""Subjects, links and events, made, changed and ended by programs as by people."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from api.scopes import Scope
from metrics.effects import effects_of_change
from metrics.models import Exemption, RescoreNeed, ScorecardAssignment
from projects.models import Customer, Engagement, Event, Offer, Project, Service, Subject
from projects.months import Month
from tests import factories
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db


@pytest.fixture
def program(pmo_lead: User) -> Program:
    return Program(pmo_lead, Scope.READ, Scope.MANAGE)


PROJECT = {"kind": "project", "code": "P1", "name": "One", "portfolio": "PF"}


def place() -> None:
    factories.OrganisationFactory()
    factories.PortfolioFactory(code="PF")
    factories.SegmentFactory(code="S1")


ALL_KINDS: list[dict[str, Any]] = [
    {
        "kind": "organisation",
        "code": "ORG",
        "name": "Company",
        "active_from": None,
        "fiscal_year_starts_in": 4,
    },
    {"kind": "portfolio", "code": "SUB", "name": "Below", "parent": "PF", "description": "One."},
    {
        **PROJECT,
        "stage": "delivery",
        "description": "What.",
        "customer_experience": "Faster.",
        "relationship_effect": "Closer.",
        "revenue_effect": "More.",
        "sponsor": "A",
        "lead": "B",
        "start_on": "2026-01-02",
        "end_on": "2026-12-31",
        "baseline_end_on": None,
        "budget": "120000.5000",
        "forecast_cost": None,
        "actual_cost": "0.0000",
        "currency": "EUR",
        "weight": 2.5,
        "active_from": "2026-01",
        "active_until": "2026-12",
    },
    {
        "kind": "segment",
        "code": "S2",
        "name": "Small",
        "audience": "external",
        "description": "",
        "value_proposition": "Time.",
        "customer_count": 40,
        "annual_revenue": "1000000.0000",
        "currency": "EUR",
        "weight": 0.0,
    },
    {
        "kind": "customer",
        "code": "C1",
        "name": "Acme",
        "segment": "S1",
        "since": "2020-02-29",
        "renewal_on": "2027-01-01",
        "annual_revenue": "10.0000",
        "currency": "USD",
        "weight": 1.0,
    },
    {
        "kind": "service",
        "code": "SRV",
        "name": "Mail",
        "description": "",
        "value_proposition": "Answers.",
        "owner": "Desk",
    },
]


@pytest.mark.parametrize("asked", ALL_KINDS, ids=lambda asked: str(asked["kind"]))
def test_a_subject_of_each_kind_is_made_with_all_its_facts(
    program: Program, asked: dict[str, Any]
) -> None:
    if asked["kind"] != "organisation":
        place()
    made = program.post("subjects/", asked)
    assert made.status_code == 201, made.content
    told = made.json()["subject"]
    assert {name: told[name] for name in asked} == asked
    read = program.get(f"subjects/{asked['code']}/").json()
    assert read == told


def test_every_field_that_can_be_kept_is_told(program: Program) -> None:
    """What can be written and not read would be lost on programs."""
    place()
    for asked in ALL_KINDS[1:]:
        told = program.post("subjects/", asked).json()["subject"]
        assert set(told) >= set(asked)


def test_a_new_subject_is_measured_from_the_running_month_on(program: Program) -> None:
    place()
    told = program.post("subjects/", PROJECT).json()["subject"]
    assert told["active_from"] == str(Month.of(timezone.localdate()))


def test_it_is_measured_since_ever_on_purpose_only(program: Program) -> None:
    place()
    told = program.post("subjects/", PROJECT | {"active_from": None}).json()["subject"]
    assert told["active_from"] is None


def test_a_new_subject_tells_what_it_does_to_the_coverage_above_it(
    program: Program, company: None
) -> None:
    asked = PROJECT | {"portfolio": "CHANNELS", "active_from": "2026-05", "weight": 100}
    coverage = program.post("subjects/", asked).json()["coverage"]
    assert [row["subject"] for row in coverage] == ["CHANNELS", "DIGITAL", "ORG"]
    for row in coverage:
        assert row["after"] < row["before"]
    assert (
        program.post("subjects/", asked | {"code": "P2", "tell_coverage": False}).json()["coverage"]
        == []
    )


@pytest.mark.parametrize(
    ("changed", "status", "field"),
    [
        ({"kind": "thing"}, 400, "kind"),
        ({"kind": "engagement"}, 400, "kind"),
        ({"kind": 1}, 400, "kind"),
        ({"audience": "external"}, 400, "audience"),
        ({"id": 1}, 400, "id"),
        ({"budget": 10}, 400, "budget"),
        ({"budget": "1,5"}, 400, "budget"),
        ({"budget": "1\n"}, 400, "budget"),
        ({"budget": "1" * 18}, 422, "budget"),
        ({"start_on": "2026-02-30"}, 400, "start_on"),
        ({"start_on": "20260201"}, 400, "start_on"),
        ({"weight": -1}, 400, "weight"),
        ({"currency": "eur"}, 422, "currency"),
        ({"code": "two words"}, 400, "code"),
        ({"code": "P1\n"}, 400, "code"),
        ({"code": "P@S"}, 422, "code"),
        ({"name": " "}, 422, "name"),
        ({"portfolio": "PX"}, 422, "portfolio"),
        ({"portfolio": "PF\n"}, 400, "portfolio"),
        ({"portfolio": "S1"}, 422, "portfolio"),
        ({"scorecard": "SC"}, 422, "scorecard"),
        ({"kind": "portfolio", "parent": "PX"}, 400, "portfolio"),
        ({"active_from": "2026-05", "active_until": "2026-01"}, 422, "active_until"),
    ],
)
def test_a_subject_is_refused_with_the_words_of_the_form(
    program: Program, changed: dict[str, Any], status: int, field: str
) -> None:
    place()
    answer = program.post("subjects/", PROJECT | changed)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (status, field)
    assert not Project.objects.exists()


def test_a_code_that_is_taken_is_told(program: Program) -> None:
    place()
    program.post("subjects/", PROJECT)
    answer = program.post("subjects/", PROJECT)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (409, "code")


def test_what_is_not_told_stays_as_it_is(program: Program, pmo_lead: User) -> None:
    place()
    program.post("subjects/", PROJECT | {"budget": "5", "sponsor": "A"})
    told = program.patch("subjects/P1/", {"name": "Uno", "reason": "Asked for."}).json()["subject"]
    assert (told["name"], told["budget"], told["sponsor"]) == ("Uno", "5.0000", "A")
    latest = Project.history.latest()
    assert (latest.history_user, latest.history_change_reason) == (pmo_lead, "Asked for.")


def test_a_field_of_another_kind_is_refused(program: Program) -> None:
    factories.ServiceFactory(code="SRV")
    answer = program.patch("subjects/SRV/", {"budget": "5"})
    assert (answer.status_code, answer.json()["message"]) == (
        422,
        "budget: This is no field of a service.",
    )


def test_who_changes_what_somebody_else_has_changed_is_told(program: Program) -> None:
    place()
    seen = program.post("subjects/", PROJECT).json()["subject"]["version"]
    assert program.patch("subjects/P1/", {"lead": "A", "version": seen}).status_code == 200
    late = program.patch("subjects/P1/", {"lead": "B", "version": seen})
    assert (late.status_code, late.json()["code"]) == (409, "overtaken")
    assert Project.objects.get().lead == "A"


def test_what_somebody_changes_while_coverage_is_told_is_not_put_back(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    place()
    program.post("subjects/", PROJECT)

    def meddle(change: Any) -> Any:
        program.patch("subjects/P1/", {"lead": "A"})
        return effects_of_change(change)

    monkeypatch.setattr("api.views.subject_changes.effects_of_change", meddle)
    late = program.patch("subjects/P1/", {"active_until": "2030-01"})
    assert (late.status_code, late.json()["code"]) == (409, "overtaken")
    assert (Project.objects.get().lead, Project.objects.get().active_until) == ("A", None)


def test_a_scorecard_that_somebody_else_gave_meanwhile_is_told(program: Program) -> None:
    place()
    factories.ScorecardFactory(code="SC")
    seen = program.post("subjects/", PROJECT).json()["subject"]["version"]
    program.put("subjects/P1/scorecard/", {"scorecard": "SC"})
    late = program.patch("subjects/P1/", {"lead": "B", "version": seen})
    assert (late.status_code, late.json()["code"]) == (409, "overtaken")


def test_a_subjects_own_scorecard_stays_unless_it_is_told(program: Program) -> None:
    place()
    factories.ScorecardFactory(code="SC")
    told = program.post("subjects/", PROJECT | {"scorecard": "SC"}).json()["subject"]
    assert told["scorecard"] == "SC"
    assert program.patch("subjects/P1/", {"lead": "B"}).json()["subject"]["scorecard"] == "SC"
    told = program.patch("subjects/P1/", {"scorecard": None}).json()["subject"]
    assert told["scorecard"] is None
    assert not ScorecardAssignment.objects.exists()


def test_portfolios_in_a_circle_are_refused(program: Program) -> None:
    program.post("subjects/", {"kind": "portfolio", "code": "A", "name": "A"})
    program.post("subjects/", {"kind": "portfolio", "code": "B", "name": "B", "parent": "A"})
    answer = program.patch("subjects/A/", {"parent": "B"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "parent")
    assert program.get("subjects/B/").json()["parent"] == "A"
    unknown = program.patch("subjects/A/", {"parent": "X"})
    assert unknown.json()["message"] == 'parent: "X" is no portfolio; there are A and B.'


def test_a_project_that_ends_says_how_measuring_goes_on(program: Program) -> None:
    place()
    program.post("subjects/", PROJECT | {"active_from": "2026-01"})
    asked = program.patch("subjects/P1/", {"stage": "closed"})
    assert (asked.status_code, asked.json()["code"]) == (422, "end")
    assert Project.objects.get().stage == ""
    end = {"measuring": "stop", "last_month": "2026-05"}
    told = program.patch("subjects/P1/", {"stage": "closed", "end": end}).json()["subject"]
    assert (told["stage"], told["active_until"]) == ("closed", "2026-05")
    again = program.patch("subjects/P1/", {"stage": "cancelled", "end": end})
    assert again.status_code == 422


def test_a_project_goes_on_for_its_benefits_without_its_delivery_metrics(
    program: Program, company: None
) -> None:
    end = {"measuring": "go_on", "last_month": "2026-05"}
    wrong = {"stage": "closed", "end": end | {"exempt": ["nothing"]}}
    assert program.patch("subjects/PRJ-ONBOARD/", wrong).status_code == 422
    told = program.patch("subjects/PRJ-ONBOARD/", {"stage": "closed", "end": end}).json()
    assert told["subject"]["active_until"] is None
    made = Exemption.objects.filter(from_month=Month.parse("2026-06"))
    assert "fix_days" in made.values_list("metric__code", flat=True)
    program.patch("subjects/PRJ-ONBOARD/", {"stage": "delivery"})
    running = Month.of(timezone.localdate())
    assert set(made.values_list("until_month", flat=True)) == {running.plus(-1)}


def test_a_subject_of_which_nothing_was_measured_is_deleted(program: Program) -> None:
    place()
    program.post("subjects/", PROJECT)
    program.put("engagements/P1/S1/", {"share": 1})
    assert program.delete("subjects/P1/?reason=By+mistake").status_code == 204
    assert not Engagement.objects.exists()
    assert Project.history.latest().history_change_reason == "By mistake"


def test_what_was_measured_is_not_deleted(program: Program) -> None:
    project = factories.MeasurementFactory(subject__code="P1").subject
    answer = program.delete("subjects/P1/")
    assert answer.status_code == 422
    assert "1 value of it is recorded" in answer.json()["message"]
    assert Subject.objects.filter(pk=project.pk).exists()


def test_what_others_lie_in_is_not_deleted(program: Program) -> None:
    place()
    program.post("subjects/", PROJECT)
    answer = program.delete("subjects/PF/")
    assert (answer.status_code, answer.json()["code"]) == (409, "protected")


def test_the_same_key_makes_one_subject(program: Program) -> None:
    place()
    answers = [program.post("subjects/", PROJECT, Idempotency_Key="one") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()


def test_a_project_is_linked_to_a_segment_with_its_share(program: Program) -> None:
    place()
    program.post("subjects/", PROJECT)
    RescoreNeed.objects.all().delete()
    told = program.put("engagements/P1/S1/", {"share": 0.25}).json()
    assert (told["code"], told["share"]) == ("P1@S1", 0.25)
    assert RescoreNeed.objects.filter(subject__code="S1").exists()
    links = program.get("subjects/P1/").json()["segments"]
    assert links == [{"segment": "S1", "engagement": "P1@S1", "share": 0.25}]
    changed = program.put("engagements/P1/S1/", {"share": 1, "version": told["version"]}).json()
    late = program.put("engagements/P1/S1/", {"share": 2, "version": told["version"]})
    assert (late.status_code, late.json()["code"]) == (409, "overtaken")
    assert program.get("engagements/", project="P1").json()["results"] == [changed]
    assert program.get("engagements/", segment="S9").json()["results"] == []
    assert program.patch("subjects/P1@S1/", {"name": "Other"}).status_code == 422
    assert program.delete("engagements/P1/S1/").status_code == 204
    assert program.get("engagements/P1/S1/").status_code == 404
    gone = program.put("engagements/P1/S1/", {"share": 1, "version": changed["version"]})
    assert (gone.status_code, gone.json()["code"]) == (409, "gone")


@pytest.mark.parametrize("at", ["P1/S9/", "P9/S1/", "S1/P1/", "PF/S1/"])
def test_a_link_between_what_is_not_there_or_of_another_kind_is_none(
    program: Program, at: str
) -> None:
    place()
    program.post("subjects/", PROJECT)
    assert program.put(f"engagements/{at}", {"share": 1}).status_code == 404
    assert program.put(f"offers/{at}", {"weight": 1}).status_code == 404
    assert not Engagement.objects.exists()
    assert not Offer.objects.exists()


def test_a_service_is_offered_on_terms(program: Program) -> None:
    place()
    program.post("subjects/", {"kind": "service", "code": "SRV", "name": "Mail"})
    terms = {
        "weight": 2.0,
        "annual_cost": "90000.0000",
        "benchmark_cost": "120000.5000",
        "currency": "EUR",
    }
    told = program.put("offers/SRV/S1/", terms).json()
    version = told.pop("version")
    assert told == {"service": "SRV", "segment": "S1", **terms}
    assert program.get("subjects/SRV/").json()["segments"] == [{"segment": "S1", **terms}]
    assert program.put("offers/SRV/S1/", {"weight": 3, "version": version}).status_code == 200
    late = program.put("offers/SRV/S1/", {"weight": 4, "version": version})
    assert (late.status_code, late.json()["code"]) == (409, "overtaken")
    (only,) = program.get("offers/", service="SRV", segment="S1").json()["results"]
    assert (only["weight"], only["annual_cost"]) == (3.0, None)
    assert program.delete("offers/SRV/S1/").status_code == 204
    assert not Offer.objects.exists()
    assert Service.objects.exists()


def test_a_customer_moves_to_another_segment(program: Program) -> None:
    place()
    factories.SegmentFactory(code="S2")
    program.post("subjects/", {"kind": "customer", "code": "C1", "name": "A", "segment": "S1"})
    program.patch("subjects/C1/", {"segment": "S2"})
    assert Customer.objects.get().segment.code == "S2"
    assert program.patch("subjects/C1/", {"segment": "S3"}).json()["errors"][0] == {
        "code": "unknown",
        "message": '"S3" is no segment; there are S1 and S2.',
        "field": "segment",
        "row": None,
    }


def test_an_event_is_noted_changed_and_deleted(program: Program) -> None:
    place()
    asked = {"subject": "PF", "day": "2026-03-02", "title": "Merger", "text": "With B."}
    made = program.post("events/", asked).json()
    assert {name: made[name] for name in asked} == asked
    again = program.post("events/", asked)
    assert (again.status_code, again.json()["code"]) == (409, "event_noted")
    at = f"events/{made['id']}/"
    assert program.patch(at, {"day": "2026-03-03", "version": made["version"]}).status_code == 200
    late = program.patch(at, {"title": "Other", "version": made["version"]})
    assert (late.status_code, late.json()["code"]) == (409, "overtaken")
    assert program.patch(at, {"subject": "S1"}).status_code == 400
    assert program.patch(at, {"day": "1900-01-01"}).status_code == 422
    (told,) = program.get("events/", subject="PF", first_day="2026-03-03").json()["results"]
    assert (told["day"], told["title"]) == ("2026-03-03", "Merger")
    assert program.get("events/", last_day="2026-03-02").json()["results"] == []
    assert program.delete(at).status_code == 204
    assert not Event.objects.exists()


def test_ready_made_metrics_are_copied_with_what_their_formulas_need(program: Program) -> None:
    listed = program.get("catalogue/").json()["results"]
    formula = next(row for row in listed if row["formula"])
    told = program.post("catalogue/", {"codes": [formula["code"]]})
    assert told.status_code == 201
    assert told.json()["metrics"][-1] == formula["code"]
    assert told.json()["along"]
    second = program.post("catalogue/", {"codes": [formula["code"]]}).json()
    assert second["metrics"] == [f"{formula['code']}_2"]
    assert program.post("catalogue/", {"codes": ["nothing"]}).status_code == 422


def test_a_metric_is_retired_by_its_last_month(program: Program) -> None:
    metric = factories.MeasurementFactory().metric
    told = program.patch(f"metrics/{metric.code}/", {"active_until": "2026-12"}).json()
    assert told["active_until"] == "2026-12"
