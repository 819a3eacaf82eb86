"""The list of projects and one project with its scorecard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from dashboards.selectors.scorecards import FilledScorecard, ScorecardLine
from metrics.choices import Cadence, Category, Door, Perspective, RunTrigger, TimeAggregation
from metrics.models import MetricDefinition, Score
from metrics.operations.runs import score_now
from projects.choices import ProjectStage, SubjectKind
from projects.models import Project
from tests.dashboards.reading import (
    APRIL,
    FEBRUARY,
    MARCH,
    TODAY,
    ClientOf,
    ReadPage,
    assert_costs_no_more,
    keep_score,
    measured,
    read,
)
from tests.factories import (
    CurveOverrideFactory,
    EngagementFactory,
    MeasurementFactory,
    MetricFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    ScorecardFactory,
    ScorecardLineFactory,
    SegmentFactory,
)


@pytest.fixture(autouse=True)
def in_april() -> Iterator[None]:
    with time_machine.travel(TODAY, tick=False):
        yield


@pytest.fixture
def reader(executive: User, client_of: ClientOf) -> Client:
    """An executive's browser, in an organisation that was measured in March."""
    measured(OrganisationFactory())
    return client_of(executive)


@pytest.fixture
def listed(reader: Client) -> Callable[..., list[str]]:
    """The names of the projects that the list shows for a query."""
    return lambda query="": [
        row.scores.name for row in read(reader, f"/projects/{query}").context["projects"]
    ]


def test_the_list_shows_the_lowest_score_first_and_those_without_one_last(
    listed: Callable[..., list[str]],
) -> None:
    for name, score in (("Middling", 60.0), ("Unknown", None), ("Low", 20.0), ("High", 90.0)):
        keep_score(ProjectFactory(name=name), score)
    ProjectFactory(name="Never scored", code="ZZ")

    assert listed() == ["Low", "Middling", "High", "Unknown", "Never scored"]


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("-overall", "A"),
        ("name", "A"),
        ("-name", "C"),
        ("financial", "B"),
        ("change", "B"),
        ("-change", "A"),
        ("-coverage", "C"),
        ("-weight", "B"),
        ("stage", "C"),
        ("portfolio", "B"),
        ("-longevity", "A"),
        ("password", "C"),
    ],
)
def test_the_list_is_sorted_by_any_column(
    sort: str, first: str, listed: Callable[..., list[str]]
) -> None:
    rows: tuple[tuple[Any, ...], ...] = (
        ("A", "Ships", ProjectStage.CLOSED, 1, 90.0, 80.0, 0.5, {"financial": 99.0}),
        ("B", "Boats", ProjectStage.DELIVERY, 9, 70.0, 85.0, 0.6, {"financial": 10.0}),
        ("C", "Yards", ProjectStage.PROPOSED, 2, 40.0, 40.0, 0.9, {}),
    )
    for name, portfolio, stage, weight, score, before, coverage, others in rows:
        project = ProjectFactory(
            name=name, portfolio=PortfolioFactory(name=portfolio), stage=stage, weight=weight
        )
        keep_score(project, before, FEBRUARY)
        keep_score(project, score, coverage=coverage, **others)

    assert listed(f"?sort={sort}")[0] == first


def test_the_list_is_filtered_by_what_stands_in_the_address(
    listed: Callable[..., list[str]],
) -> None:
    segment = SegmentFactory(code="COMMUTERS")
    above = PortfolioFactory(code="FLEET")
    below = PortfolioFactory(code="FERRIES", parent=above)
    wanted = ProjectFactory(name="New ferry", code="NF-1", portfolio=below, stage="delivery")
    other = ProjectFactory(name="Old ferry", portfolio=above, stage="")
    ProjectFactory(name="Gone", portfolio=below, active_until=FEBRUARY)
    EngagementFactory(project=wanted, segment=segment)
    keep_score(wanted, 30.0)
    keep_score(other, None)

    assert listed("?portfolio=FLEET") == ["New ferry", "Old ferry"]
    assert listed("?portfolio=FERRIES") == ["New ferry"]
    assert listed("?segment=COMMUTERS") == ["New ferry"]
    assert listed("?stage=delivery") == ["New ferry"]
    assert listed("?stage=none") == ["Old ferry"]
    assert listed("?band=red") == ["New ferry"]
    assert listed("?band=insufficient") == ["Old ferry"]
    assert listed("?band=none&span=all") == ["Gone"]
    assert listed("?q=ferry+new") == ["New ferry"]
    assert listed("?q=nf-1") == ["New ferry"]
    assert listed("?q=100%25") == []
    assert listed("?band=purple&portfolio=nowhere") == ["New ferry", "Old ferry"]


def test_a_filter_without_a_match_says_what_to_do(reader: Client) -> None:
    keep_score(ProjectFactory(), 50.0)

    page = read(reader, "/projects/?q=zeppelin")

    assert "0 projects" in page.words
    assert "No project fits Change or clear the filters above." in page.words
    assert "Clear" in page.words


def test_htmx_gets_the_table_alone_and_going_back_the_whole_page(reader: Client) -> None:
    keep_score(ProjectFactory(name="Ferry"), 50.0)

    part = read(reader, "/projects/?sort=name", part="projects")
    back = read(reader, "/projects/", part="projects", **{"HX-History-Restore-Request": "true"})

    assert "<html" not in part.html
    assert "Ferry" in part.words
    assert {"HX-Request", "HX-Target"} <= set(part.response["Vary"].split(", "))
    assert "<html" in back.html


def test_a_long_list_is_paged_and_a_page_too_far_is_the_last(reader: Client) -> None:
    for _ in range(53):
        keep_score(ProjectFactory(), 50.0)

    assert "1 to 50 of 53 projects" in read(reader, "/projects/").words
    page = read(reader, "/projects/?sort=name&page=99")
    assert "51 to 53 of 53 projects" in page.words
    assert "?sort=name&page=1" in page.links()


def test_the_list_costs_no_more_queries_with_more_projects(reader: Client) -> None:
    sizes = count(1)

    def grow() -> None:
        for _ in range(next(sizes) * 3):
            engagement = EngagementFactory()
            keep_score(engagement.project, 50.0)

    assert_costs_no_more(reader, "/projects/", grow)


def test_a_project_shows_its_facts_against_what_was_planned(reader: Client) -> None:
    ProjectFactory(
        code="FERRY",
        name="New ferry",
        sponsor="Ada Byron",
        end_on=date(2026, 9, 30),
        baseline_end_on=date(2026, 6, 30),
        budget=Decimal(200_000),
        forecast_cost=Decimal(250_000),
        actual_cost=Decimal(50_000),
        currency="CHF",
        customer_experience="A crossing without a queue.",
    )

    page = read(reader, "/projects/FERRY/")

    assert "Sponsor Ada Byron" in page.words
    assert "30 Sep 2026 92 days later than first planned" in page.words
    assert "CHF\N{NO-BREAK SPACE}50k (25%) over" in page.html
    assert "25% of the budget" in page.words
    assert "What will customers experience? A crossing without a queue." in page.words
    assert page.words.count("Not answered yet") == 2


def test_a_project_of_which_nothing_is_known_is_shown(reader: Client) -> None:
    ProjectFactory(code="BARE", stage="")

    page = read(reader, "/projects/BARE/")

    assert page.response.status_code == 200
    assert "Not measured in this month" in page.words
    assert "It serves no segment yet" in page.words
    assert "No values yet" in page.words
    assert "none, so nothing is expected of it" in page.words
    assert page.words.count("Not answered yet") == 3


def test_who_keeps_subjects_is_led_to_the_question_that_waits(
    reader: Client, pmo_lead: User, client_of: ClientOf
) -> None:
    ProjectFactory(code="FERRY", revenue_effect="Fewer refunds.")

    def links(client: Client) -> list[str]:
        return [link for link in read(client, "/projects/FERRY/").links() if "#id_" in link]

    assert links(client_of(pmo_lead)) == [
        "/subjects/FERRY/edit/#id_customer_experience",
        "/subjects/FERRY/edit/#id_relationship_effect",
    ]
    assert links(reader) == []


def test_a_project_shows_the_segments_it_serves_with_its_work_for_each(reader: Client) -> None:
    project = ProjectFactory(code="FERRY")
    for name, share, score in (("Commuters", 3, 81.0), ("Tourists", 1, 42.0)):
        link = EngagementFactory(project=project, segment=SegmentFactory(name=name), share=share)
        keep_score(link, score)

    page = read(reader, "/projects/FERRY/")

    assert page.row("Commuters").startswith("Commuters 75% 81.0 Green")
    assert page.row("Tourists").startswith("Tourists 25% 42.0 Red")
    assert any(link.startswith("/explain/FERRY@") for link in page.links())


def test_a_project_shows_what_was_entered_lately_by_whom_and_through_which_door(
    reader: Client, analyst: User
) -> None:
    project = ProjectFactory(code="FERRY")
    engagement = EngagementFactory(project=project, segment=SegmentFactory(name="Commuters"))
    delay = MetricFactory(name="Delay", unit="days", decimals=1)
    MeasurementFactory(
        metric=delay, subject=project, value=3.25, entered_by=analyst, note="Fog in March."
    )
    trips = MetricFactory(
        name="Trips", subject_kind=SubjectKind.ENGAGEMENT, cadence=Cadence.QUARTER
    )
    MeasurementFactory(
        metric=trips, subject=engagement, period="2025-Q4", value=1200, door=Door.IMPORT
    )
    MeasurementFactory(metric=delay, subject=ProjectFactory(), value=99)

    page = read(reader, "/projects/FERRY/")

    assert page.row("Delay").startswith("Delay 3.2")
    assert "2026-03" in page.row("Delay")
    assert page.row("Delay").endswith("analyst Form Fog in March.")
    assert "Trips for Commuters 1,200 2025-Q4" in page.row("Trips")
    assert "Import" in page.row("Trips")
    assert "99" not in page.row("Delay")


def test_only_those_who_enter_values_see_the_button(
    reader: Client, analyst: User, pmo_lead: User, client_of: ClientOf
) -> None:
    ProjectFactory(code="FERRY.1")

    def button(client: Client) -> bool:
        return "/entry/value/?subject=FERRY.1" in read(client, "/projects/FERRY.1/").links()

    assert button(client_of(analyst))
    assert not button(client_of(pmo_lead))
    assert not button(reader)


def test_a_code_that_no_project_has_is_no_page(reader: Client) -> None:
    PortfolioFactory(code="FLEET")

    assert read(reader, "/projects/FLEET/").response.status_code == 404


def test_the_trends_end_with_the_running_month_drawn_as_unfinished(reader: Client) -> None:
    project = ProjectFactory(code="FERRY")
    keep_score(project, 60.0)
    keep_score(project, 40.0, APRIL)

    page = read(reader, "/projects/FERRY/?month=2026-04")

    trend = page.context["overall_trend"]
    assert "a month still unfinished" in trend.summary
    assert trend.table.rows[-1][:2] == (APRIL, 40.0)
    assert page.context["board"].overall.is_unfinished


# The scorecard


@pytest.fixture
def ferry(reader: Client) -> Project:
    """A project with a scorecard: two tactical lines, one of value creation, an engagement."""
    card = ScorecardFactory(is_default=True, share_engagements=1)
    delay = MetricFactory(
        code="delay",
        name="Delay",
        question="When will it come?",
        perspective=Perspective.CUSTOMER,
        unit="days",
        grace_months=3,
        curve=[[0, 100], [10, 0]],
    )
    defects = MetricFactory(code="defects", name="Defects", cadence=Cadence.WEEK)
    defects.time_aggregation = TimeAggregation.MEAN
    defects.save()
    gain = MetricFactory(code="gain", name="Gain", category=Category.VALUE_CREATION)
    for metric, weight in ((delay, 1), (defects, 3), (gain, 1)):
        ScorecardLineFactory(scorecard=card, metric=metric, weight=weight)
    project = ProjectFactory(code="FERRY")
    MeasurementFactory(metric=delay, subject=project, period="2026-01", value=2)
    MeasurementFactory(metric=defects, subject=project, period="2026-W10", value=40)
    MeasurementFactory(metric=defects, subject=project, period="2026-W11", value=60)
    MeasurementFactory(metric=gain, subject=project, period="2026-02", value=90)
    MeasurementFactory(metric=gain, subject=project, period="2026-03", value=70)

    trips = MetricFactory(code="trips", subject_kind=SubjectKind.ENGAGEMENT)
    trip_card = ScorecardFactory(subject_kind=SubjectKind.ENGAGEMENT, is_default=True)
    ScorecardLineFactory(scorecard=trip_card, metric=trips)
    engagement = EngagementFactory(project=project)
    MeasurementFactory(metric=trips, subject=engagement, value=80)
    score_now(trigger=RunTrigger.COMMAND, months=[FEBRUARY, MARCH])
    return project


def scorecard_of(client: Client, month: str = "2026-03") -> ReadPage:
    return read(client, f"/projects/FERRY/?month={month}", part="scorecard")


def filled(page: ReadPage) -> FilledScorecard:
    scorecard: FilledScorecard = page.context["scorecard"]
    return scorecard


def line_of(page: ReadPage, code: str) -> ScorecardLine:
    lines = [line for section in filled(page).sections for line in section.lines]
    return next(line for line in lines if line.part.metric.code == code)


def test_a_line_tells_value_period_freshness_and_score(ferry: Project, reader: Client) -> None:
    page = scorecard_of(reader)

    assert "<html" not in page.html
    row = page.row("Delay")
    assert "When will it come? Customer" in row
    assert "2026-01" in row
    assert "2 months old, fading" in row
    assert "80.0 Green" in row
    assert "2\N{NO-BREAK SPACE}days" in page.html


def test_the_points_of_a_category_add_up_to_its_score(ferry: Project, reader: Client) -> None:
    scorecard = filled(scorecard_of(reader))

    for section in scorecard.sections:
        points = [line.points or 0.0 for line in section.lines]
        points += [group.points or 0.0 for group in section.groups]
        assert sum(points) == pytest.approx(section.part.score or 0.0)
    categories = [section.part.points or 0.0 for section in scorecard.sections]
    assert sum(categories) + (scorecard.balance or 0.0) == pytest.approx(scorecard.overall)
    stored = Score.objects.get(subject=ferry, month=MARCH)
    assert scorecard.overall == pytest.approx(stored.overall_score)
    assert scorecard.says_the_same


def test_engagements_stand_among_the_lines_with_their_share(ferry: Project, reader: Client) -> None:
    row = scorecard_of(reader).row("Engagements")

    assert row.startswith("Engagements 1 measured, 100% known")
    assert "80.0 Green share 1 of 2" in row


def test_the_line_of_values_has_a_place_for_every_period(ferry: Project, reader: Client) -> None:
    page = scorecard_of(reader)

    assert line_of(page, "gain").values == (90.0, 70.0)
    assert line_of(page, "delay").values == (2.0, None, None)
    # Weeks are folded to their month, here by the mean.
    assert line_of(page, "defects").values == (50.0,)


def test_quarters_stand_side_by_side_whatever_the_fiscal_year(
    ferry: Project, reader: Client
) -> None:
    OrganisationFactory().__class__.objects.update(fiscal_year_starts_in=2)
    quarterly = MetricFactory(code="quarterly", cadence=Cadence.QUARTER, grace_months=3)
    ScorecardLineFactory(
        scorecard=MetricDefinition.objects.get(code="gain").lines.get().scorecard,
        metric=quarterly,
    )
    for period, value in (("2025-Q2", 10), ("2025-Q4", 30)):
        MeasurementFactory(metric=quarterly, subject=ferry, period=period, value=value)

    assert line_of(scorecard_of(reader), "quarterly").values == (10.0, None, 30.0)


def test_a_curve_of_its_own_is_told(ferry: Project, reader: Client) -> None:
    CurveOverrideFactory(
        metric=MetricDefinition.objects.get(code="gain"), subject=ferry, from_month=MARCH
    )

    page = scorecard_of(reader)

    assert line_of(page, "gain").part.score == pytest.approx(30.0)
    assert "a curve of its own" in page.row("Gain")


def test_lines_that_differ_from_the_stored_scores_say_so(ferry: Project, reader: Client) -> None:
    Score.objects.filter(subject=ferry).update(tactical_score=1.0)

    assert "The stored scores above say something else" in scorecard_of(reader).words


def test_a_category_of_which_nothing_is_expected_stands_there_and_says_so(
    ferry: Project, reader: Client
) -> None:
    page = scorecard_of(reader)

    assert page.row("Longevity") == "Longevity nothing is expected here"
    assert page.row("Financial") == "Financial nothing is expected here"


def test_before_its_span_there_is_no_scorecard_but_a_reason(ferry: Project, reader: Client) -> None:
    Project.objects.update(active_from=MARCH)

    assert "Nothing is expected of it in this month" in scorecard_of(reader, "2026-02").words


def test_a_line_without_a_value_in_force_adds_nothing(ferry: Project, reader: Client) -> None:
    page = scorecard_of(reader, "2026-02")

    assert line_of(page, "defects").points is None
    assert "no value in force" in page.row("Defects")


def test_project_and_scorecard_cost_no_more_queries_with_more_rows(
    ferry: Project, reader: Client
) -> None:
    sizes = count(1)
    card = MetricDefinition.objects.get(code="gain").lines.get().scorecard

    def grow() -> None:
        for _ in range(next(sizes) * 2):
            metric = MetricFactory()
            ScorecardLineFactory(scorecard=card, metric=metric)
            MeasurementFactory(metric=metric, subject=ferry)
            keep_score(EngagementFactory(project=ferry), 60.0)
            ProjectFactory()

    assert_costs_no_more(reader, "/projects/FERRY/", grow)
    assert_costs_no_more(reader, "/projects/FERRY/?month=2026-03", grow, part="scorecard")
