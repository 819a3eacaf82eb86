"""The contribution tree opened step by step, down to who entered a measurement and when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from dashboards.selectors.explain import ExplainPage, GroupPart, Opened, SubjectPart
from metrics.choices import RunTrigger
from metrics.models import Measurement, MetricDefinition
from metrics.operations.months import close_month
from metrics.operations.runs import answer_all_needs, score_now
from metrics.workspace import load_workspace
from projects.models import Organisation, Project
from projects.months import Month
from tests.dashboards.reading import MOST_QUERIES, ClientOf, ReadPage, read
from tests.factories import MeasurementFactory, ProjectFactory

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
JUNE = Month.parse("2026-06")

PROJECT = "tactical-projects/PRJ-ONBOARD"
VALUE_OF_PROJECT = "value_creation-projects/PRJ-ONBOARD"
ENGAGEMENT = f"{VALUE_OF_PROJECT}/engagements/PRJ-ONBOARD@ENT"
METRIC = f"{PROJECT}/own/fix_days"


@pytest.fixture(autouse=True)
def in_july() -> Iterator[None]:
    with time_machine.travel("2026-07-10T09:00:00Z", tick=False):
        yield


@pytest.fixture
def worked(db: None) -> None:
    load_workspace(EXAMPLES / "worked")
    score_now(trigger=RunTrigger.LOAD)


@pytest.fixture
def reader(executive: User, client_of: ClientOf) -> Client:
    return client_of(executive)


def address(*paths: str, code: str = "ORG", **parameters: str) -> str:
    query = "&".join(
        [*(f"{name}={value}" for name, value in parameters.items())]
        + [f"open={quote(path)}" for path in paths]
    )
    return f"/explain/{code}/2026-06/?{query}"


def page_of(page: ReadPage) -> ExplainPage:
    found: ExplainPage = page.context["page"]
    return found


def opened(page: ReadPage, path: str) -> SubjectPart:
    found = page_of(page).member(path)
    assert found
    return found[1]


def toggle_of(page: ReadPage, path: str) -> str:
    """Where the step that opens or shuts a member leads without scripts."""
    anchor = path.replace("/", "--")
    found = re.search(rf'id="{re.escape(anchor)}--toggle"\s+href="([^"]+)"', page.html)
    assert found
    return found[1].replace("&amp;", "&")


def test_nothing_inside_a_member_is_shown_before_it_is_opened(worked: None, reader: Client) -> None:
    page = read(reader, address())
    child = opened(page, PROJECT)
    assert not child.is_open
    assert child.groups == ()
    assert "Days to fix" not in page.html


def test_each_step_is_a_link_whose_page_shows_one_level_more(worked: None, reader: Client) -> None:
    page = read(reader, address())
    for path in (VALUE_OF_PROJECT, ENGAGEMENT):
        step = toggle_of(page, path)
        assert path in parse_qs(urlsplit(step).query)["open"]
        page = read(reader, f"/explain/ORG/2026-06/{step}")
        assert opened(page, path).is_open
    assert MetricDefinition.objects.get(code="satisfaction").name in page.words


def test_the_parts_of_an_opened_member_add_up_to_its_score_at_every_level(
    worked: None, reader: Client
) -> None:
    page = read(reader, address(ENGAGEMENT))

    def adds_up(groups: tuple[GroupPart, ...], score: float | None) -> None:
        points = [group.points for group in groups if group.points is not None]
        assert sum(points) == pytest.approx(score, abs=1e-9)
        for group in groups:
            metrics = [part.points for part in group.metrics]
            members = [part.points for part in group.subjects]
            inner = [points for points in (*metrics, *members) if points is not None]
            if inner:
                assert sum(inner) == pytest.approx(group.score, abs=1e-9)

    for path in (VALUE_OF_PROJECT, ENGAGEMENT):
        child = opened(page, path)
        adds_up(child.groups, child.score)


def test_opening_changes_no_number_above_it(worked: None, reader: Client) -> None:
    shut, opened_page = page_of(read(reader, address())), page_of(read(reader, address(ENGAGEMENT)))
    assert shut.computed == pytest.approx(opened_page.computed, abs=1e-9)
    assert [part.score for part in shut.categories] == pytest.approx(
        [part.score for part in opened_page.categories], abs=1e-9, nan_ok=True
    )
    assert opened_page.story
    assert shut.story
    assert opened_page.story.points == pytest.approx(shut.story.points, abs=1e-9)


def test_a_step_fetches_its_member_only_and_shuts_it_with_all_inside(
    worked: None, reader: Client
) -> None:
    anchor = PROJECT.replace("/", "--")
    part = read(reader, address(PROJECT, member=quote(PROJECT)), part=anchor)
    assert part.html.lstrip().startswith("<tbody")
    assert 'aria-expanded="true"' in part.html
    assert f'data-open-path="{PROJECT}"' in part.html
    page = read(reader, address(VALUE_OF_PROJECT, ENGAGEMENT))
    step = toggle_of(page, VALUE_OF_PROJECT)
    assert "open" not in parse_qs(urlsplit(step).query)
    shut = read(reader, address(member=quote(PROJECT)), part=anchor)
    assert 'aria-expanded="false"' in shut.html
    assert "branch__inside" not in shut.html


def test_an_address_opens_the_way_to_a_measurement_and_the_measurement(
    worked: None, reader: Client
) -> None:
    page = read(reader, address(METRIC))
    (line,) = (
        line
        for group in opened(page, PROJECT).groups
        for line in group.metrics
        if line.metric.code == "fix_days"
    )
    assert line.is_open
    assert re.search(rf'data-open-path="{METRIC}"\s+open\s', page.html)


def test_a_member_beyond_the_first_ones_is_shown_when_it_is_opened(
    worked: None, reader: Client
) -> None:
    organisation, portfolio = Organisation.objects.get(), ProjectFactory().portfolio
    metric = MetricDefinition.objects.get(code="cost_ratio")
    for number in range(15):
        project = ProjectFactory(code=f"P-{number:02}", portfolio=portfolio)
        MeasurementFactory(metric=metric, subject=project, period="2026-06", value=1.3)
    score_now(trigger=RunTrigger.COMMAND)
    group = next(
        group
        for group in page_of(read(reader, address())).groups
        if group.key == "financial-projects"
    )
    hidden = {f"P-{number:02}" for number in range(15)} - {
        child.subject.code for child in group.subjects
    }
    code = min(hidden)
    path = f"financial-projects/{code}"
    page = read(reader, address(path, code=organisation.code))
    assert opened(page, path).is_open
    found = page_of(page).member(path)
    assert found
    shown, rest = found[0].subjects, found[0].rest
    assert rest
    assert len(shown) + rest.count == group.count


@pytest.mark.parametrize(
    "path",
    ["nonsense", "tactical-projects/NOBODY", "tactical-projects/ENT", "//", "a/" * 30, "<b>/<i>"],
)
def test_a_path_that_leads_nowhere_opens_nothing(worked: None, reader: Client, path: str) -> None:
    page = read(reader, address(path))
    assert page.response.status_code == 200
    assert not any(child.is_open for group in page_of(page).groups for child in group.subjects)


def test_a_group_that_was_opened_stands_open_and_a_comparison_keeps_what_is_open(
    worked: None, reader: Client
) -> None:
    page = read(reader, address("tactical-segments", PROJECT))
    assert f'<input type="hidden" name="open" value="{PROJECT}">' in page.html
    groups = {group.key: group for group in page_of(page).groups}
    assert groups["tactical-segments"].is_open


def test_shutting_a_part_shuts_what_is_inside_it_and_nothing_beside_it() -> None:
    paths = Opened.of(["a/X", "a/X/b/Y", "a/XY", "a/X"])
    assert paths.paths == ("a/X", "a/X/b/Y", "a/XY")
    assert paths.holds("a/X/b")
    assert not paths.holds("a/X/c")
    assert paths.query_without("a/X") == "&open=a%2FXY"
    assert paths.codes == {"X", "Y", "XY"}


def test_no_address_opens_more_than_a_page_can_bear() -> None:
    assert len(Opened.of(f"a/{number}" for number in range(99)).paths) == 40


def test_a_measurement_says_who_gave_it_and_when_and_leads_to_its_history(
    worked: None, reader: Client, analyst: User
) -> None:
    at = datetime(2026, 7, 2, 8, 30, tzinfo=UTC)
    Measurement.objects.filter(metric__code="staffing_fit", month=JUNE).update(
        entered_by=analyst, changed_at=at, door="form"
    )
    page = read(reader, address(PROJECT))
    assert "Entered by analyst on 2 Jul 2026, " in page.words
    assert "/entry/history/staffing_fit/PRJ-ONBOARD/2026-06/" in page.links()


def test_of_days_and_weeks_the_last_of_the_months_values_is_told(
    worked: None, reader: Client
) -> None:
    metric = MetricDefinition.objects.get(code="fix_days")
    project = Project.objects.get(code="PRJ-ONBOARD")
    MeasurementFactory(metric=metric, subject=project, period="2026-W24", changed_at=timezone.now())
    score_now(trigger=RunTrigger.COMMAND)
    page = read(reader, address(PROJECT))
    assert "the last of 2 values" in page.words
    assert "/entry/history/fix_days/PRJ-ONBOARD/2026-W24/" in page.links()


def test_what_was_given_after_a_closing_says_so(worked: None, reader: Client) -> None:
    close_month(JUNE, by=None)
    Measurement.objects.filter(metric__code="staffing_fit", month=JUNE).update(
        changed_at=datetime(2026, 7, 11, tzinfo=UTC)
    )
    assert "after the month was closed" in read(reader, address(PROJECT)).words


@pytest.mark.parametrize("closed", [False, True])
def test_opened_parts_cost_no_more_queries_however_many(
    worked: None, reader: Client, closed: bool
) -> None:
    if closed:
        close_month(JUNE, by=None)
        answer_all_needs()
    paths = [PROJECT, "tactical-projects/PRJ-CHAT", ENGAGEMENT, METRIC, "tactical-segments/ENT"]
    counts = [read(reader, address(*paths[:number])).queries for number in (1, 3, 5)]
    assert counts[0] == counts[1] == counts[2], counts
    assert counts[0] <= MOST_QUERIES
