"""Months: what is closed, closing after a look at what is missing, reopening with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from metrics.choices import Door, RunState, RunTrigger
from metrics.models import Measurement, MetricDefinition, MonthClosing, Score
from metrics.operations.measurements import record_measurement
from metrics.operations.months import close_month, reopen_month
from metrics.operations.runs import answer_all_needs, score_now
from metrics.periods import parse_period
from metrics.workspace import load_workspace
from pmo_portal.roles import Role
from projects.models import Organisation, Subject
from projects.months import Month
from tests.conftest import make_person
from tests.dashboards.reading import (
    APRIL,
    FEBRUARY,
    MARCH,
    MOST_QUERIES,
    TODAY,
    ClientOf,
    assert_costs_no_more,
    keep_score,
    measured,
    plain,
    read,
)
from tests.factories import (
    MetricAssignmentFactory,
    MetricFactory,
    MonthClosingFactory,
    NoValueFactory,
    OrganisationFactory,
    ProjectFactory,
    ReportedScoreFactory,
    RescoreNeedFactory,
    ScoreRunFactory,
)

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
JANUARY = Month.parse("2026-01")


@pytest.fixture(autouse=True)
def in_april() -> Iterator[None]:
    with time_machine.travel(TODAY, tick=False):
        yield


@pytest.fixture
def organisation(db: None) -> Organisation:
    """With scores from January to March."""
    organisation: Organisation = OrganisationFactory(code="ORG", name="Ferry Services")
    for number, month in enumerate((JANUARY, FEBRUARY, MARCH)):
        keep_score(organisation, 60.0 + number, month, coverage=0.8)
    measured(organisation, JANUARY)
    return organisation


@pytest.fixture
def reader(executive: User, client_of: ClientOf) -> Client:
    return client_of(executive)


@pytest.fixture
def lead(pmo_lead: User, client_of: ClientOf) -> Client:
    return client_of(pmo_lead)


def test_everybody_reads_and_pmo_leads_close(
    organisation: Organisation,
    executive: User,
    pmo_lead: User,
    analyst: User,
    administrator: User,
    outsider: User,
    client_of: ClientOf,
) -> None:
    for person in (executive, analyst, pmo_lead, administrator):
        assert client_of(person).get("/months/").status_code == 200
        assert client_of(person).get("/months/2026-02/").status_code == 200
    assert client_of(outsider).get("/months/").status_code == 403
    assert client_of(outsider).get("/months/2026-02/").status_code == 403
    for action in ("close", "reopen"):
        address = f"/months/2026-02/{action}/"
        for person in (executive, analyst, outsider):
            assert client_of(person).get(address).status_code == 403
            assert client_of(person).post(address, {"reason": "I want to"}).status_code == 403
        assert client_of(pmo_lead).get(address).status_code == 200
    assert not MonthClosing.objects.exists()


def test_an_empty_portal_says_what_to_create_first(
    reader: Client, lead: Client, administrator: User, client_of: ClientOf
) -> None:
    words = read(reader, "/months/").words
    assert "Somebody who keeps the definitions has to begin" in words
    assert "load_workspace" not in words
    for client in (lead, client_of(administrator)):
        page = read(client, "/months/")
        assert "manage.py load_workspace DIR" in page.words
        assert "/subjects/new/organisation/" in page.links()
    ProjectFactory()
    page = read(lead, "/months/")
    assert "/subjects/new/project/" not in page.links()
    assert page.html.count('aria-label="Done"') == 2  # the project and its portfolio


def test_each_month_shows_its_state_and_the_organisations_score(
    organisation: Organisation, reader: Client, pmo_lead: User
) -> None:
    keep_score(organisation, 55.0, APRIL)
    keep_score(ProjectFactory(), None, MARCH)
    closing = MonthClosingFactory(month=JANUARY, closed_by=pmo_lead)
    MonthClosingFactory(
        month=FEBRUARY,
        reopened_at=datetime(2026, 4, 2, tzinfo=UTC),
        reopened_by=pmo_lead,
        reopen_reason="A survey was counted twice.",
    )
    page = read(reader, "/months/")
    assert page.row("April 2026").startswith("April 2026 55.0 Amber Month unfinished")
    assert page.row("March 2026") == "March 2026 62.0 Amber Open 80% 2 1"
    assert "Reopened 2 Apr 2026, pmo_lead: A survey was counted twice." in page.row("February")
    assert "60.0 Amber Closed 1 Apr 2026, pmo_lead" in page.row("January 2026")
    assert closing.month == JANUARY
    assert "/months/2026-03/close/" not in page.links()


def test_offers_to_close_what_is_over_and_to_reopen_what_is_closed(
    organisation: Organisation, lead: Client
) -> None:
    keep_score(organisation, 55.0, APRIL)
    MonthClosingFactory(month=FEBRUARY)
    links = read(lead, "/months/").links()
    assert "/months/2026-03/close/" in links
    assert "/months/2026-02/reopen/" in links
    assert "/months/2026-01/reopen/" in links  # closed with February
    assert not {"/months/2026-04/close/", "/months/2026-02/close/"} & set(links)


def test_before_closing_it_is_said_which_months_and_what_has_not_come(
    organisation: Organisation, lead: Client
) -> None:
    ProjectFactory.create_batch(2)
    MetricFactory(name="Days to fix")
    RescoreNeedFactory(first_month=FEBRUARY, subject=organisation)
    page = read(lead, "/months/2026-02/close/")
    assert "2 months are closed: January 2026 to February 2026" in page.words
    assert "1 subject that changed is scored first" in page.words
    assert "61.0 Amber , with 80% of the evidence known" in page.words
    assert page.row("Days to fix") == "Days to fix 4 0 0 any analyst"  # 2 projects, 2 months
    assert "Close anyway: 2 months" in page.words
    # One more is the organisation's own, of February.
    assert "With 5 values missing, at 80% of the organisation" in page.words
    assert not MonthClosing.objects.exists()


def test_before_closing_it_is_said_from_whom_what_has_not_come(
    organisation: Organisation, lead: Client
) -> None:
    projects = ProjectFactory.create_batch(2)
    fix, nps = MetricFactory(name="Days to fix"), MetricFactory(name="Recommended")
    for name in ("ana", "bo"):
        person = make_person(name, Role.ANALYST)
        MetricAssignmentFactory(metric=fix, scope=organisation, user=person)
    NoValueFactory(metric=nps, subject=projects[0], period="2026-02")
    page = read(lead, "/months/2026-02/close/")
    assert page.row("Days to fix") == "Days to fix 4 0 0 ana, bo"
    assert page.row("Recommended") == "Recommended 4 1 0 any analyst"
    assert "ana: 4 bo: 4 Assigned to nobody: 5" in page.words
    counts = []
    for _ in range(3):
        ProjectFactory.create_batch(3)
        MetricAssignmentFactory(metric=nps, scope=projects[0].portfolio)
        counts.append(read(lead, "/months/2026-02/close/").queries)
    assert counts[0] == counts[1] == counts[2]
    assert counts[0] <= MOST_QUERIES


def test_nothing_missing_is_closed_without_anyway(organisation: Organisation, lead: Client) -> None:
    MetricDefinition.objects.update(active_until=JANUARY)
    page = read(lead, "/months/2026-02/close/")
    assert "No expected value of the latest periods is missing" in page.words
    assert "anyway" not in page.words


def test_each_closing_has_its_own_report(organisation: Organisation, lead: Client) -> None:
    project = ProjectFactory(name="Quay")
    keep_score(project, 60.0, MARCH)
    for day, reason, score in ((1, "First", 40.0), (2, "Second", 50.0)):
        closing = MonthClosingFactory(
            month=MARCH,
            reopened_at=datetime(2026, 4, day, 12, tzinfo=UTC),
            reopen_reason=reason,
        )
        ReportedScoreFactory(closing=closing, subject=project, overall_score=score)
    reports = read(lead, "/months/2026-03/").context["page"].reports
    assert [
        (r.closing.reopen_reason, [(d.reported, d.now) for d in r.differences]) for r in reports
    ] == [("Second", [(50.0, 60.0)]), ("First", [(40.0, 60.0)])]


def test_closing_freezes_the_month_and_every_open_one_before_it(
    organisation: Organisation, lead: Client, pmo_lead: User
) -> None:
    response = lead.post("/months/2026-02/close/", follow=True)
    assert response.redirect_chain == [("/months/", 302)]
    assert "2 months are closed, January 2026 to February 2026." in plain(response.content.decode())
    assert set(MonthClosing.objects.values_list("month", "closed_by")) == {
        (JANUARY, pmo_lead.pk),
        (FEBRUARY, pmo_lead.pk),
    }


@pytest.mark.parametrize(
    ("month", "sentence"),
    [
        ("2026-04", "2026-04 is not over yet; the latest month that can be closed is 2026-03."),
        ("2026-05", "2026-05 has not begun"),
        ("2026-01", "2026-01 is closed already."),
    ],
)
def test_a_month_that_can_not_be_closed_says_why(
    organisation: Organisation, lead: Client, month: str, sentence: str
) -> None:
    MonthClosingFactory(month=JANUARY)
    response = lead.post(f"/months/{month}/close/")
    assert response.status_code == 422
    assert sentence in plain(response.content.decode())


def test_while_a_run_is_going_on_closing_asks_to_try_again(
    organisation: Organisation, lead: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboards.views.months.PATIENCE", 0.0)
    now = datetime.fromisoformat(TODAY)
    ScoreRunFactory(state=RunState.RUNNING, started_at=now, heartbeat_at=now)
    RescoreNeedFactory(subject=organisation, first_month=MARCH)
    response = lead.post("/months/2026-03/close/")
    assert response.status_code == 422
    assert "Another scoring run is going on" in plain(response.content.decode())
    assert not MonthClosing.objects.exists()


def test_reopening_wants_a_reason(organisation: Organisation, lead: Client) -> None:
    MonthClosingFactory(month=MARCH)
    for reason in ("", "   "):
        response = lead.post("/months/2026-03/reopen/", {"reason": reason})
        assert response.status_code == 422
        assert "Say why the month is reopened" in plain(response.content.decode())
    assert MonthClosing.objects.in_force().count() == 1


def test_an_open_month_is_not_reopened(organisation: Organisation, lead: Client) -> None:
    response = lead.post("/months/2026-03/reopen/", {"reason": "Why not"})
    assert response.status_code == 422
    assert "2026-03 is open; only a closed month is reopened." in plain(response.content.decode())


def record(metric: str, subject: str, period: str, value: float) -> None:
    definition = MetricDefinition.objects.get(code=metric)
    record_measurement(
        metric=definition,
        subject=Subject.objects.get(code=subject),
        period=parse_period(period, definition.cadence),
        value=value,
        by=None,
        door=Door.FORM,
    )


def restated(page: Any) -> dict[str, tuple[float, float]]:
    [report] = page.context["page"].reports
    return {row.label: (row.reported.score, row.now.score) for row in report.organisation}


def test_after_reopening_reported_and_restated_scores_stand_side_by_side(
    pmo_lead: User, client_of: ClientOf
) -> None:
    june = Month.parse("2026-06")
    with time_machine.travel("2026-07-10T09:00:00Z", tick=False):
        lead = client_of(pmo_lead)
        load_workspace(EXAMPLES / "worked")
        score_now(trigger=RunTrigger.LOAD)
        close_month(june, by=pmo_lead)
        reported = Score.objects.get(subject__code="ORG", month=june)
        lead.post("/months/2026-06/reopen/", {"reason": "Costs were wrong."})
        record("cost_ratio", "PRJ-ONBOARD", "2026-06", 0.95)
        assert "subject changed" in read(lead, "/months/2026-06/").words.replace(
            "subjects", "subject"
        )
        answer_all_needs()
        page = read(lead, "/months/2026-06/")
    now = Score.objects.get(subject__code="ORG", month=june)
    assert restated(page)["Overall"] == (reported.overall_score, now.overall_score)
    assert restated(page)["Financial"] == (reported.financial_score, now.financial_score)
    assert (now.financial_score or 0) > (reported.financial_score or 0)
    assert "Reopened 10 Jul 2026, 09:00 by pmo_lead: Costs were wrong." in page.words
    differing = {row.code for row in page.context["page"].reports[0].differences}
    assert {"PRJ-ONBOARD", "CHANNELS", "DIGITAL", "ORG"} <= differing
    assert "C-ACME" not in differing


def test_a_month_that_was_reopened_without_a_change_says_that_nothing_differs(
    organisation: Organisation, reader: Client
) -> None:
    close_month(MARCH, by=None)
    reopen_month(MARCH, reason="Just looking.", by=None)
    assert "Every overall score is what was reported" in read(reader, "/months/2026-03/").words


def test_a_month_closed_with_the_first_one_says_so(
    organisation: Organisation, reader: Client
) -> None:
    MonthClosingFactory(month=MARCH)
    assert "It was closed together with the first month" in read(reader, "/months/2026-01/").words
    assert "It was never closed" in read(reader, "/months/2026-04/").words
    assert Measurement.objects.exists()


def test_costs_as_many_queries_for_many_months_as_for_few(
    organisation: Organisation, lead: Client, pmo_lead: User
) -> None:
    months = iter([JANUARY.plus(-back) for back in range(1, 40)])

    def grow() -> None:
        for _ in range(3):
            month = next(months)
            keep_score(organisation, 50.0, month)
            MonthClosingFactory(month=month, closed_by=pmo_lead)

    assert_costs_no_more(lead, "/months/", grow)


def test_costs_as_many_queries_for_many_subjects_as_for_few(
    organisation: Organisation, lead: Client, pmo_lead: User
) -> None:
    closing = MonthClosingFactory(
        month=FEBRUARY, reopened_at=datetime(2026, 4, 2, tzinfo=UTC), reopen_reason="Twice."
    )

    def grow() -> None:
        for _ in range(4):
            project = ProjectFactory()
            keep_score(project, 50.0, FEBRUARY)
            ReportedScoreFactory(closing=closing, subject=project)
            MetricFactory()

    assert_costs_no_more(lead, "/months/2026-02/", grow)
    assert_costs_no_more(lead, "/months/2026-03/close/", grow)
