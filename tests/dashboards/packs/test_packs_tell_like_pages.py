"""A pack and the pages say the same; of a closed month what stood at the closing stays said."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from dashboards.packs.reading import content_of
from metrics.choices import Category, RunTrigger
from metrics.models import MonthClosing, Scorecard
from metrics.operations.months import close_month, reopen_month
from metrics.operations.runs import answer_all_needs, score_now
from metrics.operations.weighing import weigh_open_months
from projects.models import Project, Subject
from projects.months import Month
from tests.dashboards.packs.stage import (
    AFTERWARDS,
    CLOSED,
    FEBRUARY,
    LATER,
    MARCH,
    REOPENED,
    SET_UP,
    Company,
    closed,
    measured_company,
    told,
)
from tests.dashboards.reading import ClientOf, keep_score, measured, read
from tests.factories import (
    CustomerFactory,
    EngagementFactory,
    EventFactory,
    OfferFactory,
    PortfolioFactory,
    ProjectFactory,
    SegmentFactory,
    ServiceFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Company:
    return measured_company()


@pytest.fixture(autouse=True)
def afterwards() -> Iterator[None]:
    with time_machine.travel(AFTERWARDS, tick=False):
        yield


@pytest.fixture
def reader(executive: User, client_of: ClientOf) -> Client:
    return client_of(executive)


def scored(subject: Subject, by: float, *, new_value: bool) -> None:
    keep_score(subject, 60.0, FEBRUARY)
    keep_score(subject, 60.0 + by)
    if new_value:
        measured(subject)


def moving_company() -> None:
    """Of every kind somebody with a new value somewhere below, and somebody without."""
    with time_machine.travel(SET_UP, tick=False):
        above = PortfolioFactory(name="above")
        project = ProjectFactory(name="worked on", portfolio=PortfolioFactory(parent=above))
        work = EngagementFactory(project=project, segment=SegmentFactory(name="served"))
        renewed = ProjectFactory(name="renewed")
        serving = EngagementFactory(project=renewed, segment=SegmentFactory(name="by project"))
        service = ServiceFactory()
        offered = OfferFactory(service=service, segment=SegmentFactory(name="offered")).segment
        customer = CustomerFactory(segment=SegmentFactory(name="of a customer"))
        for below in (work, service, customer):
            measured(below)
        moves: list[tuple[Subject, float, bool]] = [
            (above, -1.0, False),
            (project, 2.0, False),
            (work.segment, 3.0, False),
            (renewed, 9.0, True),
            (serving.segment, -4.0, False),
            (offered, -5.0, False),
            (customer.segment, 6.0, False),
            (PortfolioFactory(name="quiet portfolio"), 7.0, False),
            (SegmentFactory(name="quiet segment"), -8.0, False),
            (ProjectFactory(name="quiet project"), 0.5, False),
        ]
        for subject, by, new_value in moves:
            scored(subject, by, new_value=new_value)


def test_rises_falls_and_what_only_faded_are_those_of_the_summary(
    company: Company, reader: Client
) -> None:
    moving_company()
    page = read(reader, "/summary/?month=2026-03").context["moves"]
    pack = told(company.organisation).moves
    for group in ("rises", "falls", "faded"):
        assert [row.name for row in getattr(pack, group)] == [
            row.name for row in getattr(page, group)
        ], group
        assert [row.change for row in getattr(pack, group)] == [
            row.change for row in getattr(page, group)
        ], group
    assert [row.name for row in pack.faded] == [
        "quiet segment",
        "quiet portfolio",
        "quiet project",
    ]
    assert pack.rises[0].name == "renewed"
    assert pack.risen + pack.fallen + pack.without <= pack.compared


def test_a_value_that_came_after_the_closing_is_no_new_value_of_a_kept_pack(
    company: Company,
) -> None:
    """It had none when the month was closed, though there is one by now."""
    with time_machine.travel(SET_UP, tick=False):
        quiet = ProjectFactory(name="quiet")
        scored(quiet, -9.0, new_value=False)
    closing = closed()
    assert [row.name for row in told(company.organisation, closing).moves.faded] == ["quiet"]
    with time_machine.travel(REOPENED, tick=False):
        reopen_month(MARCH, reason="A value was late", by=None)
        measured(quiet)
    closing.refresh_from_db()
    assert [row.name for row in told(company.organisation, closing).moves.faded] == ["quiet"]
    assert told(company.organisation).moves.faded == ()


def three_projects(company: Company) -> dict[str, Project]:
    """Beside the first one, which weighs 1: a heavy one and a light one, both far below green."""
    with time_machine.travel(SET_UP, tick=False):
        made = {}
        for code, weight, value in (("HEAVY", 5.0, 30.0), ("LIGHT", 0.1, 5.0)):
            project = ProjectFactory(
                code=code, name=code, portfolio=company.portfolio, weight=weight
            )
            made[code] = project
            other = Company(
                company.organisation,
                company.portfolio,
                company.segment,
                project,
                company.metrics,
            )
            for category in company.metrics:
                other.correct(category, value)
        answer_all_needs()
        weigh_open_months()
    return made


def test_decisions_are_ordered_by_the_points_they_cost_as_on_the_summary(
    company: Company, reader: Client
) -> None:
    three_projects(company)
    pack = told(company.organisation).decisions
    projects = [case for case in pack.cases if case.line.kind == "project"]
    assert [case.line.code for case in projects] == ["HEAVY", "P", "LIGHT"]
    assert pack.is_weighed
    groups = read(reader, "/summary/?month=2026-03").context["cases"]
    on_page = {case.code: (case.cost, case.below_green) for group in groups for case in group.first}
    assert {case.line.code: (case.cost, case.below_green) for case in pack.cases} == on_page
    costs = [case.cost for case in pack.cases if case.cost is not None]
    assert costs == sorted(costs, reverse=True)


def test_a_kept_pack_tells_the_costs_of_its_closing_whatever_was_weighed_since(
    company: Company,
) -> None:
    three_projects(company)
    weighed = {case.line.code: case.cost for case in told(company.organisation).decisions.cases}
    closing = closed()
    before = told(company.organisation, closing).decisions
    assert {case.line.code: case.cost for case in before.cases} == pytest.approx(weighed)
    with time_machine.travel(REOPENED, tick=False):
        reopen_month(MARCH, reason="A value was wrong", by=None)
        company.correct("tactical", 1.0)
        Project.objects.filter(code="LIGHT").update(weight=50.0)
        answer_all_needs()
        weigh_open_months()
    closing.refresh_from_db()
    assert told(company.organisation, closing).decisions == before


BRIDGED = [*map(str, Category.labels), "Balance"]


def points_of_the_page(reader: Client) -> dict[str, float]:
    """The parts of March's bridge on the summary."""
    rows = read(reader, "/summary/?month=2026-03").context["bridge"].table.rows
    return {row[0]: row[1] for row in rows if row[0] in BRIDGED}


def test_an_open_months_bridge_is_the_one_of_the_summary(company: Company, reader: Client) -> None:
    card = Scorecard.objects.get(subject_kind="organisation")
    card.weight_financial = 3
    card.save()
    score_now(trigger=RunTrigger.COMMAND, months=[FEBRUARY, MARCH])
    pack = told(company.organisation).bridge
    assert pack is not None
    on_page = points_of_the_page(reader)
    assert on_page == dict(zip(BRIDGED, (part.points for part in pack.parts), strict=True))
    assert on_page["Financial"] == -25.0


@pytest.fixture
def reweighed(company: Company) -> MonthClosing:
    """March's closing: February counted all four alike; from then on financial counts three times.

    Since then nothing but financial counts.
    """
    card = Scorecard.objects.get(subject_kind="organisation")
    with time_machine.travel(CLOSED, tick=False):
        answer_all_needs()
        close_month(FEBRUARY, by=None)
    with time_machine.travel(LATER, tick=False):
        card.weight_financial = 3
        card.save()
        score_now(trigger=RunTrigger.COMMAND, months=[MARCH])
    with time_machine.travel(REOPENED, tick=False):
        close_month(MARCH, by=None)
    card.weight_tactical = card.weight_value_creation = card.weight_longevity = 0
    card.save()
    return MonthClosing.objects.in_force().get(month=MARCH)


def test_a_kept_bridge_weighs_each_month_by_the_rules_it_was_closed_with(
    company: Company, reweighed: MonthClosing
) -> None:
    bridge = told(company.organisation, reweighed).bridge

    assert bridge is not None
    assert (bridge.start, bridge.end) == (75.0, 56.0)
    points = {part.part: part.points for part in bridge.parts}
    # No rule takes anything from an arithmetic mean: by the right weights nothing is left over.
    assert points["balance"] == pytest.approx(0.0, abs=1e-9)
    assert bridge.start + sum(points.values()) == pytest.approx(bridge.end, abs=1e-9)


def test_a_closed_months_bridge_on_the_page_is_the_one_of_its_kept_pack(
    company: Company, reader: Client, reweighed: MonthClosing
) -> None:
    pack = told(company.organisation, reweighed).bridge
    assert pack is not None
    assert points_of_the_page(reader) == pytest.approx(
        dict(zip(BRIDGED, (part.points for part in pack.parts), strict=True))
    )


def test_the_month_before_is_the_latest_with_scores_as_on_the_pages(
    company: Company, reader: Client
) -> None:
    october = Month.parse("2025-10")
    keep_score(company.organisation, 70.0, october)
    content = content_of(company.organisation, FEBRUARY, None)
    month = read(reader, "/summary/?month=2026-02").context["month"]
    assert content.month_before == str(month.previous) == str(october)
    assert content.score.change == pytest.approx(5.0)


def test_events_have_the_numbers_that_they_have_on_the_pages(
    company: Company, reader: Client
) -> None:
    for day, title in (("2026-01-05", "Merger"), ("2026-03-02", "Storm"), ("2026-03-20", "Crane")):
        EventFactory(subject=company.project, day=day, title=title)
    EventFactory(subject=company.portfolio, day="2025-12-31", title="Budget")
    page = read(reader, "/portfolios/PF/?month=2026-03")
    events = told(company.portfolio).events
    numbers = {event.title: event.mark for event in events.rows}
    assert numbers == {"Budget": 1, "Merger": 2, "Storm": 3, "Crane": 3}
    assert [(mark.number, mark.month, mark.events) for mark in events.marks] == [
        (1, "2025-12", 1),
        (2, "2026-01", 1),
        (3, "2026-03", 2),
    ]
    on_page = {event.title: event.mark for event in page.context["events"].rows}
    assert on_page == numbers
