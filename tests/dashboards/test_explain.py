"""Why a score is what it is: parts that add up, what moved, and the measurements behind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from dashboards.selectors.explain import ExplainPage
from metrics.choices import Band, Category, Door, RunState, RunTrigger
from metrics.models import Measurement, MetricDefinition, Score, Scorecard
from metrics.operations.definitions import save_metric
from metrics.operations.measurements import record_measurement
from metrics.operations.months import close_month
from metrics.operations.runs import answer_all_needs, score_now
from metrics.periods import parse_period
from metrics.workspace import load_workspace
from projects.choices import SubjectKind
from projects.models import Organisation, Project, Subject
from projects.months import Month
from tests.dashboards.reading import MOST_QUERIES, ClientOf, ReadPage, assert_costs_no_more, read
from tests.factories import (
    MeasurementChangeFactory,
    MeasurementFactory,
    MetricFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    RescoreNeedFactory,
    ScorecardFactory,
    ScorecardLineFactory,
    ScoreRunFactory,
)

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
MARCH, APRIL, MAY, JUNE = (Month.parse(f"2026-{number:02}") for number in (3, 4, 5, 6))

EVERY_KIND = ["ORG", "DIGITAL", "PRJ-ONBOARD", "ENT", "C-ACME", "SRV-MAIL", "PRJ-ONBOARD@ENT"]


@pytest.fixture(autouse=True)
def in_july() -> Iterator[None]:
    with time_machine.travel("2026-07-10T09:00:00Z", tick=False):
        yield


@pytest.fixture
def worked(db: None) -> None:
    """The worked example of the scoring rules, scored."""
    load_workspace(EXAMPLES / "worked")
    score_now(trigger=RunTrigger.LOAD)


@pytest.fixture
def reader(executive: User, client_of: ClientOf) -> Client:
    return client_of(executive)


def explained(client: Client, code: str, month: Month = JUNE, query: str = "") -> ReadPage:
    return read(client, f"/explain/{code}/{month}/{query}")


def page_of(page: ReadPage) -> ExplainPage:
    found: ExplainPage = page.context["page"]
    return found


def stored(code: str, month: Month = JUNE) -> Score:
    return Score.objects.get(subject__code=code, month=month)


def record(metric: str, subject: str, period: str, value: float, by: User | None = None) -> None:
    definition = MetricDefinition.objects.get(code=metric)
    record_measurement(
        metric=definition,
        subject=Subject.objects.get(code=subject),
        period=parse_period(period, definition.cadence),
        value=value,
        by=by,
        door=Door.FORM,
    )


def test_who_may_read_it(
    worked: None,
    executive: User,
    pmo_lead: User,
    analyst: User,
    outsider: User,
    client_of: ClientOf,
) -> None:
    for address in ("/explain/ORG/2026-06/", "/explain/PRJ-ONBOARD/2026-06/fix_days/2026-06/"):
        for person in (executive, pmo_lead, analyst):
            assert client_of(person).get(address).status_code == 200
        assert client_of(outsider).get(address).status_code == 403
        assert Client().get(address).status_code == 302


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/explain/NOBODY/2026-06/", 404),
        ("/explain/ORG/2026-13/", 404),
        ("/explain/ORG/2026-06/?against=soon", 400),
        ("/explain/ORG/2026-06/no_metric/2026-06/", 404),
        ("/explain/NOBODY/2026-06/fix_days/2026-06/", 404),
    ],
)
def test_an_address_that_leads_nowhere(
    worked: None, reader: Client, address: str, status: int
) -> None:
    assert reader.get(address).status_code == status


@pytest.mark.parametrize("code", EVERY_KIND)
def test_the_points_of_the_parts_add_up_to_the_stored_score_at_every_level(
    worked: None, reader: Client, code: str
) -> None:
    page = page_of(explained(reader, code, MARCH))
    assert page.computed is not None
    assert page.computed == pytest.approx(stored(code, MARCH).overall_score, abs=1e-9)
    assert page.computed == pytest.approx(page.mean_points + (page.balance_points or 0), abs=1e-9)
    for part in page.categories:
        if part.score is not None:
            points = [group.points or 0.0 for group in part.groups]
            assert sum(points) == pytest.approx(part.score, abs=1e-9)
    for group in page.groups:
        if group.score is not None and group.points is not None:
            shown = [line.points or 0.0 for line in group.metrics]
            shown += [child.points or 0.0 for child in group.subjects]
            assert sum(shown) == pytest.approx(group.score, abs=1e-9)


def test_shows_overall_and_all_four_categories_as_they_are_stored(
    worked: None, reader: Client
) -> None:
    page, score = explained(reader, "PRJ-ONBOARD"), stored("PRJ-ONBOARD")
    for measure in (score.overall, *(score.category(category) for category in Category.values)):
        assert measure is not None
        assert f"{measure.score:.1f}" in page.words
    assert f"possible {score.overall_low:.1f} to {score.overall_high:.1f}" in page.words


def test_a_metric_shows_its_value_period_score_weight_and_points(
    worked: None, reader: Client
) -> None:
    row = explained(reader, "PRJ-ONBOARD").row("Cost against budget")
    assert "1.07 ratio" in row
    assert "2026-06 current" in row
    assert "62.0" in row


def test_a_metric_without_a_value_in_force_is_unknown_and_not_zero(
    worked: None, reader: Client, analyst: User, client_of: ClientOf
) -> None:
    row = explained(reader, "PRJ-CHAT").row("People on the right project")
    assert "unknown" in row
    assert "no value in force" in row
    assert "0.0" not in row
    assert "Enter a value" not in explained(reader, "PRJ-CHAT").words
    assert "Enter a value" in explained(client_of(analyst), "PRJ-CHAT").words


def test_a_formula_shows_its_inputs_and_where_each_of_them_came_from(
    worked: None, reader: Client
) -> None:
    page = explained(reader, "SRV-MAIL", MAY)
    assert "minutes_per_case * cost_per_minute" in page.words
    assert "Minutes per case: 7.9 min in 2026-05" in page.words
    assert "/explain/SRV-MAIL/2026-05/cost_per_minute/2026-05/" in page.html


def test_a_child_leads_to_its_own_explanation_of_the_same_month(
    worked: None, reader: Client
) -> None:
    page = explained(reader, "DIGITAL")
    assert "/explain/PRJ-ONBOARD/2026-06/?against=2026-05" in page.links()


def test_a_large_group_shows_its_weightiest_members_and_the_others_on_request(
    db: None, reader: Client
) -> None:
    organisation = organisation_of_projects(15)
    page = explained(reader, organisation.code, MARCH)
    group = page_of(page).groups[0]
    assert [len(group.subjects), group.rest and group.rest.count] == [10, 5]
    assert group.rest
    shown = [child.points or 0.0 for child in group.subjects]
    assert shown == sorted(shown, reverse=True)
    assert sum(shown) + group.rest.points == pytest.approx(group.score)
    assert "5 others: show all" in page.words

    address = f"/explain/{organisation.code}/{MARCH}/?all={group.key}"
    fragment = read(reader, address, part=group.key)
    assert fragment.html.count("<tr>") == 15 + 2  # head and sum
    assert "<html" not in fragment.html
    assert len(page_of(read(reader, address)).groups[0].subjects) == 15


def organisation_of_projects(count: int) -> Organisation:
    """An organisation whose score is that of its projects, each with one metric."""
    organisation = Organisation.objects.first() or OrganisationFactory()
    if not Scorecard.objects.exists():
        ScorecardFactory(subject_kind=SubjectKind.ORGANISATION, is_default=True, share_projects=1)
        line = ScorecardLineFactory(scorecard__is_default=True)
        MetricFactory(code="unused")
        assert line.metric.subject_kind == SubjectKind.PROJECT
    metric = MetricDefinition.objects.exclude(code="unused").get()
    portfolio = PortfolioFactory()
    for number in range(count):
        project = ProjectFactory(portfolio=portfolio)
        MeasurementFactory(metric=metric, subject=project, value=40.0 + number)
    score_now(trigger=RunTrigger.COMMAND)
    return organisation


def test_many_children_beside_other_groups_are_folded_away_until_asked_for(
    worked: None, db: None, reader: Client
) -> None:
    portfolio = PortfolioFactory()
    for number in range(6):
        project = ProjectFactory(portfolio=portfolio)
        metric = MetricDefinition.objects.get(code="cost_ratio")
        MeasurementFactory(metric=metric, subject=project, period="2026-06", value=number / 5)
    score_now(trigger=RunTrigger.COMMAND)
    groups = {group.key: group for group in page_of(explained(reader, "ORG")).groups}
    assert groups["financial-projects"].count > 6
    assert not groups["financial-projects"].is_open
    assert groups["financial-segments"].is_open
    asked = page_of(explained(reader, "ORG", query="?all=financial-projects"))
    assert {group.key: group for group in asked.groups}["financial-projects"].is_open


def test_a_comparison_with_a_closed_month_says_where_it_begins(
    worked: None, reader: Client
) -> None:
    close_month(APRIL, by=None)
    before = stored("PRJ-ONBOARD", APRIL).overall_score
    record("adoption", "PRJ-ONBOARD", "2026-04", 80)  # late: counts from May on
    answer_all_needs()
    page = explained(reader, "PRJ-ONBOARD", query="?against=2026-04")
    assert "The comparison begins with what April 2026 is worth" in page.words
    assert f"its stored score is {before:.1f}" in page.words


def test_compares_with_the_month_before_unless_asked_for_another(
    worked: None, reader: Client
) -> None:
    page = explained(reader, "ORG")
    assert page_of(page).against == MAY
    assert "What moved since May 2026" in page.words
    other = explained(reader, "ORG", query="?against=2026-04")
    assert page_of(other).against == APRIL
    assert "What moved since April 2026" in other.words


@pytest.mark.parametrize("code", ["ORG", "PRJ-ONBOARD", "ENT"])
def test_what_moved_adds_up_to_the_change_of_the_stored_scores(
    worked: None, reader: Client, code: str
) -> None:
    page = page_of(explained(reader, code, query="?against=2026-04"))
    story = page.story
    assert story
    change = (stored(code).overall_score or 0) - (stored(code, APRIL).overall_score or 0)
    assert story.points == pytest.approx(change, abs=1e-9)
    assert sum(move.points for move in story.moves) == pytest.approx(change, abs=1e-9)
    assert sum(cause.points for cause in story.causes) == pytest.approx(change, abs=1e-9)
    for part in story.categories:
        groups = [group.move.points for group in part.groups]
        assert sum(groups) == pytest.approx(part.own_change, abs=1e-9)
        for group in part.groups:
            if group.own_change is not None:
                told = [move.points for move in group.members]
                others = group.others.points if group.others else 0.0
                assert sum(told) + others == pytest.approx(group.own_change, abs=1e-9)
    for move in story.moves:
        four = (move.score_moved, move.weight_moved, move.came, move.went)
        assert sum(four) == pytest.approx(move.points, abs=1e-9)


def test_new_values_are_told_apart_from_data_that_only_grew_older(db: None, reader: Client) -> None:
    project = ProjectFactory(code="P")
    ScorecardLineFactory(scorecard__is_default=True, metric__grace_months=2, metric__name="Fading")
    line = ScorecardLineFactory(scorecard=Scorecard.objects.get(), metric__name="Renewed")
    fading = MetricDefinition.objects.get(name="Fading")
    MeasurementFactory(metric=fading, subject=project, period="2026-02", value=90)
    for period, value in (("2026-02", 50), ("2026-03", 60)):
        MeasurementFactory(metric=line.metric, subject=project, period=period, value=value)
    score_now(trigger=RunTrigger.COMMAND)
    story = page_of(explained(reader, "P", MARCH)).story
    assert story
    points = {cause.key: cause.points for cause in story.causes}
    assert points["evidence"] < -1  # the high score weighs less
    assert points["values"] > 1
    page = explained(reader, "P", MARCH)
    assert re.search(r"New and changed values up \+\d", page.words)
    assert re.search(r"Data that faded, ended or came back down \N{MINUS SIGN}\d", page.words)
    assert "values" in page.row("Renewed")
    assert "evidence" in page.row("Fading")


def test_without_a_score_to_compare_with_the_reason_is_told(worked: None, reader: Client) -> None:
    first = Score.objects.filter(subject__code="ORG").order_by("month").first()
    assert first
    page = explained(reader, "ORG", first.month)
    assert "there is no change to tell" in page.words
    assert page_of(page).story is None


def test_a_month_in_the_query_leads_to_that_months_page(worked: None, reader: Client) -> None:
    response = reader.get("/explain/ORG/2026-06/?month=2026-05&against=2026-01")
    assert response.status_code == 302
    assert response.headers["Location"] == "/explain/ORG/2026-05/"


@pytest.fixture
def june_closed(worked: None) -> Iterator[None]:
    """June was closed on 10 July; it is the day after."""
    close_month(JUNE, by=None)
    with time_machine.travel("2026-07-11T09:00:00Z", tick=False):
        yield


def turn_over(code: str = "staffing_fit") -> None:
    metric = MetricDefinition.objects.get(code=code)
    metric.curve = [[point[0], 100 - point[1]] for point in metric.curve or []]
    metric.name = "Another name"
    save_metric(metric, by=None)


def test_a_closed_month_is_explained_by_what_stood_when_it_was_closed(
    june_closed: None, reader: Client
) -> None:
    before = page_of(explained(reader, "PRJ-CHAT"))
    record("staffing_fit", "PRJ-CHAT", "2026-06", 90)
    turn_over()
    answer_all_needs()
    page = explained(reader, "PRJ-CHAT")
    after = page_of(page)
    assert after.says_the_same
    assert after.computed == before.computed
    assert after.computed == pytest.approx(stored("PRJ-CHAT").overall_score, abs=1e-9)
    assert "It is explained by the values and definitions of 10 Jul 2026" in page.words
    assert "Another name" not in page.words


def test_where_the_record_does_not_reach_back_the_page_says_so(
    june_closed: None, reader: Client
) -> None:
    Scorecard.history.all().delete()
    words = explained(reader, "PRJ-CHAT").words
    assert "This month is closed: its scores stay as reported" in words
    assert "What stood when it was closed on 10 Jul 2026 is not on record completely" in words
    assert "It is explained by" not in words


@pytest.mark.parametrize(
    ("month", "against"), [(JUNE, MAY), (JUNE.plus(1), JUNE), (MAY, APRIL), (JUNE, JUNE.plus(1))]
)
def test_closed_months_cost_no_more_queries_than_allowed(
    worked: None, reader: Client, month: Month, against: Month
) -> None:
    close_month(APRIL, by=None)
    with time_machine.travel("2026-07-11T09:00:00Z", tick=False):
        close_month(JUNE, by=None)
    with time_machine.travel("2026-07-12T09:00:00Z", tick=False):
        record("staffing_fit", "PRJ-CHAT", "2026-07", 90)
        turn_over()
        answer_all_needs()
        # Nothing is more to ask: stored scores that differ, changes that wait, and a run going on.
        Score.objects.update(overall_score=50.0, overall_band=Band.AMBER)
        RescoreNeedFactory(subject=Organisation.objects.get())
        ScoreRunFactory(state=RunState.RUNNING)
        for code in EVERY_KIND:
            page = explained(reader, code, month, f"?against={against}")
            assert not page_of(page).says_the_same
            assert page.queries <= MOST_QUERIES, (code, page.queries)


def test_scores_that_are_still_to_follow_a_change_are_said_to_be_updated(
    worked: None, reader: Client
) -> None:
    record("cost_ratio", "PRJ-ONBOARD", "2026-06", 0.95)
    page = explained(reader, "PRJ-ONBOARD")
    assert page_of(page).is_being_updated
    assert "/score-status/" in page.html
    answer_all_needs()
    assert "/score-status/" not in explained(reader, "PRJ-ONBOARD").html


def test_stored_scores_that_nothing_will_update_by_itself_are_told(
    worked: None, reader: Client
) -> None:
    Measurement.objects.filter(metric__code="cost_ratio", month=JUNE).update(value=0.95)
    words = explained(reader, "PRJ-ONBOARD").words
    assert "The scores above are not what the values stored today add up to" in words


def test_the_running_month_is_said_to_be_unfinished(worked: None, reader: Client) -> None:
    record("staffing_fit", "PRJ-ONBOARD", "2026-07", 90)
    answer_all_needs()
    assert "This month is unfinished" in explained(reader, "PRJ-ONBOARD", JUNE.plus(1)).words
    assert "This month is unfinished" not in explained(reader, "PRJ-ONBOARD").words


def test_says_why_there_are_no_scores(worked: None, reader: Client) -> None:
    outside = explained(reader, "PRJ-CHAT", Month.parse("2026-01")).words
    assert "is not measured in January 2026. It is measured from February 2026" in outside
    later = explained(reader, "PRJ-ONBOARD", Month.parse("2030-01")).words
    assert "Nothing is scored in January 2030" in later
    Scorecard.objects.filter(subject_kind=SubjectKind.CUSTOMER).delete()
    assert "has no scorecard" in explained(reader, "C-ACME", Month.parse("2030-01")).words
    Scorecard.objects.get(code="SC-SRV").lines.all().delete()
    assert "Nothing is expected of" in explained(reader, "SRV-MAIL", Month.parse("2030-01")).words


@pytest.mark.parametrize(
    ("card", "values", "told"),
    [
        ({"min_categories": 2}, {"tactical": 60}, "Only Tactical has a score; the scorecard asks"),
        ({}, {"financial": 60}, "Financial numbers never stand alone"),
        ({"min_coverage": 0.5}, {"tactical": 60}, "the scorecard asks for 50%"),
        ({}, {}, "No category that counts has a score"),
    ],
)
def test_says_why_the_overall_score_is_insufficient(
    db: None, reader: Client, card: dict[str, float], values: dict[str, float], told: str
) -> None:
    project = ProjectFactory(code="P")
    scorecard = ScorecardFactory(is_default=True, **card)
    for category in ("tactical", "financial"):
        line = ScorecardLineFactory(scorecard=scorecard, metric__category=category)
        if category in values:
            MeasurementFactory(metric=line.metric, subject=project, value=values[category])
    if not values:
        MeasurementFactory()
    score_now(trigger=RunTrigger.COMMAND)
    page = explained(reader, "P", MARCH)
    assert told in page.words
    assert "No change to tell" in page.words


def test_the_measurements_behind_a_value_tell_who_when_and_how(
    worked: None, reader: Client, analyst: User
) -> None:
    record("fix_days", "PRJ-ONBOARD", "2026-W24", 2.5, by=analyst)
    address = "/explain/PRJ-ONBOARD/2026-06/fix_days/2026-06/"
    part = read(reader, address, part="anything")
    assert "<html" not in part.html
    assert "2026-W23 2.0 days no person" in part.words
    assert "2026-W24 2.5 days analyst 10 Jul 2026, 09:00 Form" in part.words
    assert "The month takes the mean of 2 values" in part.words
    assert read(reader, address).words.count("2026-W24") == 1  # the same as a page of its own


def test_a_correction_tells_both_values_and_a_late_value_says_so(
    worked: None, reader: Client, analyst: User
) -> None:
    record("staffing_fit", "PRJ-ONBOARD", "2026-06", 91, by=analyst)
    words = read(reader, "/explain/PRJ-ONBOARD/2026-06/staffing_fit/2026-06/").words
    assert "analyst (Form), 2026-06: 93% became 91%" in words
    close_month(JUNE, by=None)
    record("staffing_fit", "PRJ-CHAT", "2026-06", 90, by=analyst)
    words = read(reader, "/explain/PRJ-CHAT/2026-06/staffing_fit/2026-06/").words
    assert "late: its month was closed" in words


def test_a_deleted_value_leaves_its_trace(db: None, reader: Client) -> None:
    change = MeasurementChangeFactory(
        metric__cadence="quarter",
        period_start=datetime(2026, 1, 1, tzinfo=UTC).date(),
        value_after=None,
        note_before="counted twice",
    )
    address = f"/explain/{change.subject.code}/2026-03/{change.metric.code}/2026-03/"
    words = read(reader, address).words
    assert "No value is recorded for this month any more" in words
    assert "2026-Q1: 50 was deleted" in words
    assert "counted twice" in words


def test_only_those_who_may_enter_a_value_are_led_to_correct_it(
    worked: None, reader: Client, analyst: User, client_of: ClientOf
) -> None:
    address = "/explain/PRJ-ONBOARD/2026-06/staffing_fit/2026-06/"
    assert "Correct" not in read(reader, address).words
    link = "/entry/value/?metric=staffing_fit&subject=PRJ-ONBOARD&period=2026-06"
    assert link in [unescape(found) for found in read(client_of(analyst), address).links()]


def test_costs_as_many_queries_for_many_projects_as_for_few(db: None, reader: Client) -> None:
    def grow() -> None:
        organisation_of_projects(4)

    assert_costs_no_more(reader, f"/explain/ORG/{MARCH}/", grow)
    assert Project.objects.count() == 12


def test_costs_as_many_queries_for_many_values_as_for_few(db: None, reader: Client) -> None:
    metric, project = MetricFactory(cadence="day"), ProjectFactory()
    days = iter(range(1, 29))

    def grow() -> None:
        for _ in range(3):
            day = f"2026-03-{next(days):02}"
            MeasurementFactory(metric=metric, subject=project, period=day)
            MeasurementChangeFactory(metric=metric, subject=project, period_start=day)

    address = f"/explain/{project.code}/2026-03/{metric.code}/2026-03/"
    assert_costs_no_more(reader, address, grow, part="values")
