"""Two portfolios or segments side by side, or one of them in two months."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from dashboards.figures import Chart, ComparedScore, Comparison, comparison_chart
from dashboards.selectors.compare import (
    ComparedBand,
    Extremes,
    ProjectMoves,
    compared_bands,
)
from metrics.choices import Band
from tests.dashboards.reading import (
    APRIL,
    FEBRUARY,
    MARCH,
    TODAY,
    ClientOf,
    assert_costs_no_more,
    keep_score,
    measured,
    read,
)
from tests.factories import (
    EngagementFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    ScorecardFactory,
    SegmentFactory,
)

PORTFOLIOS, SEGMENTS = "/compare/portfolios/", "/compare/segments/"


@pytest.fixture(autouse=True)
def in_april() -> Iterator[None]:
    with time_machine.travel(TODAY, tick=False):
        yield


@pytest.fixture
def reader(executive: User, client_of: ClientOf) -> Client:
    measured(OrganisationFactory())
    return client_of(executive)


def test_two_portfolios_stand_side_by_side_with_the_difference(reader: Client) -> None:
    fleet = PortfolioFactory(code="FLEET", name="Fleet")
    yards = PortfolioFactory(code="YARDS", name="Yards")
    keep_score(fleet, 80.0, financial=None, longevity=90.0)
    keep_score(yards, 60.0, tactical=-1.0)

    page = read(reader, f"{PORTFOLIOS}?a=FLEET&b=YARDS")

    differences = {row.label: row.difference for row in page.context["sides"].marks}
    assert differences == {
        "Overall": 20.0,
        "Tactical": None,
        "Value creation": 20.0,
        "Longevity": 30.0,
        "Financial": None,
    }
    assert page.row("Overall").endswith("up +20.0")
    assert page.row("Financial").endswith("change unknown")
    assert "Fleet against Yards" in page.words
    chart: Chart = page.context["chart"]
    assert chart.summary == (
        "Fleet has 80.0 overall, Yards 60.0: +20.0 points. Furthest apart: Longevity (+30.0). "
        "Not known on both sides, so not compared: Tactical and Financial."
    )


def test_without_a_second_one_a_portfolio_is_held_against_the_month_before(reader: Client) -> None:
    fleet = PortfolioFactory(code="FLEET", name="Fleet")
    keep_score(fleet, 70.0, FEBRUARY)
    keep_score(fleet, 64.5)

    page = read(reader, f"{PORTFOLIOS}?a=FLEET")

    sides = page.context["sides"]
    assert (sides.one.month.month, sides.other.month.month) == (MARCH, FEBRUARY)
    assert sides.marks[0].difference == -5.5
    assert "Fleet: March 2026 against February 2026" in page.words
    assert "?a=FLEET&month=2026-02&b=FLEET&month_b=2026-03" in page.links()


def test_any_two_months_can_be_chosen_and_the_running_one_is_told(reader: Client) -> None:
    fleet = PortfolioFactory(code="FLEET")
    for month, score in ((FEBRUARY, 50.0), (MARCH, 55.0), (APRIL, 60.0)):
        keep_score(fleet, score, month)

    page = read(reader, f"{PORTFOLIOS}?a=FLEET&month=2026-04&month_b=2026-02")

    assert page.context["sides"].marks[0].difference == 10.0
    assert "April 2026 is still running" in page.words
    assert read(reader, f"{PORTFOLIOS}?a=FLEET&month_b=soon").response.status_code == 400


def moves_of(client: Client, query: str = "a=FLEET") -> ProjectMoves:
    moves: ProjectMoves = read(client, f"{PORTFOLIOS}?{query}").context["moves"]
    return moves


def test_between_two_months_it_is_told_who_moved_who_came_and_who_went(reader: Client) -> None:
    fleet = PortfolioFactory(code="FLEET")
    below = PortfolioFactory(parent=fleet)
    for name, portfolio, before, now in (
        ("Risen", below, 40.0, 80.0),
        ("Fallen", fleet, 80.0, 60.0),
        ("Level", fleet, 60.0, 60.0),
        ("Silent", fleet, 60.0, None),
    ):
        project = ProjectFactory(name=name, portfolio=portfolio)
        keep_score(project, before, FEBRUARY)
        keep_score(project, now)
    keep_score(ProjectFactory(name="New", portfolio=fleet), 30.0)
    keep_score(ProjectFactory(name="Gone", portfolio=fleet), 90.0, FEBRUARY)
    keep_score(ProjectFactory(name="Elsewhere"), 10.0)

    moves = moves_of(reader)

    assert [(row.name, row.change) for row in moves.rises] == [("Risen", 40.0)]
    assert [(row.name, row.change) for row in moves.falls] == [("Fallen", -20.0)]
    assert (moves.risen, moves.fallen, moves.level, moves.lost_or_won) == (1, 1, 1, 1)
    assert [row.name for row in moves.came] == ["New"]
    assert [row.name for row in moves.went] == ["Gone"]
    bands = {row.before: dict(row.counts) for row in moves.bands}
    assert bands[Band.RED][Band.GREEN] == 1
    assert bands[Band.GREEN][Band.AMBER] == 1
    assert bands[Band.AMBER] == {
        Band.GREEN: 0,
        Band.AMBER: 1,
        Band.RED: 0,
        Band.INSUFFICIENT: 1,
    }


def test_turned_round_those_who_came_went(reader: Client) -> None:
    fleet = PortfolioFactory(code="FLEET")
    keep_score(fleet, 50.0, FEBRUARY)
    keep_score(ProjectFactory(name="New", portfolio=fleet), 30.0)

    moves = moves_of(reader, "a=FLEET&month=2026-02&month_b=2026-03")

    assert (moves.newcomers, moves.gone) == (0, 1)


def test_of_two_portfolios_the_lowest_and_highest_are_told_each_once(reader: Client) -> None:
    fleet, yards = PortfolioFactory(code="FLEET"), PortfolioFactory(code="YARDS")
    for score in (10.0, 20.0, 90.0, None):
        keep_score(ProjectFactory(name=f"At {score}", portfolio=fleet), score)
    keep_score(ProjectFactory(portfolio=yards, active_until=FEBRUARY), 1.0)

    page = read(reader, f"{PORTFOLIOS}?a=FLEET&b=YARDS")

    found: list[Extremes] = [row[2] for row in page.context["extremes"]]
    assert [row.name for row in found[0].lowest] == ["At 10.0", "At 20.0"]
    assert [row.name for row in found[0].highest] == ["At 90.0"]
    assert (found[1].scored, found[1].lowest) == (0, ())
    assert "So nobody can say which need help." in page.words


def test_bands_are_compared_as_parts_of_those_measured() -> None:
    one: dict[Band | None, int] = {Band.GREEN: 1, Band.RED: 3}
    other: dict[Band | None, int] = {Band.GREEN: 5, None: 5}

    lines = compared_bands(one, other)

    assert lines[0] == ComparedBand(Band.GREEN, 1, 5, 0.25, 0.5)
    assert [line.points for line in lines] == [-25.0, 0.0, 75.0, 0.0, -50.0]
    assert [line.band for line in lines][-1] is None
    assert compared_bands(one, {})[0].points is None


def test_money_stands_by_currency_and_a_missing_one_is_unknown(reader: Client) -> None:
    fleet, yards = PortfolioFactory(code="FLEET"), PortfolioFactory(code="YARDS")
    ProjectFactory(portfolio=fleet, budget=100_000, forecast_cost=120_000, currency="EUR")
    ProjectFactory(portfolio=yards, budget=5_000, currency="GBP")

    page = read(reader, f"{PORTFOLIOS}?a=FLEET&b=YARDS")

    assert [row.currency for row in page.context["money"]] == ["EUR", "GBP"]
    assert page.row("EUR").startswith("EUR Budget €100k 1 of 1 projects \N{EN DASH}")
    assert "€120k €20k (20%) over" in page.words


def test_portfolios_below_stand_with_their_change_or_in_two_groups(reader: Client) -> None:
    fleet = PortfolioFactory(code="FLEET", name="Fleet")
    ferries = PortfolioFactory(name="Ferries", parent=fleet)
    yards = PortfolioFactory(code="YARDS", name="Yards")
    docks = PortfolioFactory(name="Docks", parent=yards)
    keep_score(ferries, 60.0, FEBRUARY)
    keep_score(ferries, 70.0)
    keep_score(docks, 40.0)

    over_time = read(reader, f"{PORTFOLIOS}?a=FLEET").context["parts"]
    both = read(reader, f"{PORTFOLIOS}?a=FLEET&b=YARDS").context["parts"]

    [(_, _, [row])] = over_time
    assert (row.scores.name, row.difference) == ("Ferries", 10.0)
    assert [(label, [row.scores.name for row in rows]) for label, _, rows in both] == [
        ("Fleet, Mar 2026", ["Ferries"]),
        ("Yards, Mar 2026", ["Docks"]),
    ]


def test_what_is_unknown_on_both_sides_is_not_drawn(reader: Client) -> None:
    PortfolioFactory(code="FLEET")
    keep_score(PortfolioFactory(code="YARDS"), 50.0)

    page = read(reader, f"{PORTFOLIOS}?a=FLEET")

    assert page.context["chart"] is None
    assert "Neither of them has a project that is measured in its month." in page.words
    assert "0.0" not in page.row("Overall")


def test_both_sides_the_same_are_told(reader: Client) -> None:
    keep_score(PortfolioFactory(code="FLEET"), 50.0)

    page = read(reader, f"{PORTFOLIOS}?a=FLEET&b=FLEET&month_b=2026-03")

    assert "Both sides are the same." in page.words


def test_a_code_that_nobody_has_is_no_page_and_none_at_all_begins_with_the_first(
    reader: Client,
) -> None:
    keep_score(PortfolioFactory(code="FLEET", name="Fleet"), 50.0)
    keep_score(SegmentFactory(code="COMMUTERS", name="Commuters"), 50.0)

    assert read(reader, f"{PORTFOLIOS}?a=NOWHERE").response.status_code == 404
    assert read(reader, f"{PORTFOLIOS}?a=FLEET&b=NOWHERE").response.status_code == 404
    assert read(reader, f"{SEGMENTS}?a=FLEET").response.status_code == 404
    assert read(reader, PORTFOLIOS).context["sides"].one.scores.name == "Fleet"
    assert read(reader, SEGMENTS).context["sides"].one.scores.name == "Commuters"


@pytest.mark.parametrize("address", [PORTFOLIOS, SEGMENTS])
def test_without_anything_to_compare_it_says_so(address: str, reader: Client) -> None:
    assert "Nothing to compare in this month" in read(reader, address).words


def test_segments_are_compared_by_the_projects_that_serve_them(reader: Client) -> None:
    commuters, tourists = SegmentFactory(code="COMMUTERS"), SegmentFactory(code="TOURISTS")
    keep_score(commuters, 70.0)
    keep_score(tourists, 50.0)
    for segment, share, score in ((commuters, 1, 80.0), (commuters, 0, 10.0), (tourists, 1, 30.0)):
        link = EngagementFactory(segment=segment, share=share)
        keep_score(link.project, score)

    page = read(reader, f"{SEGMENTS}?a=COMMUTERS&b=TOURISTS")

    assert page.context["sides"].marks[0].difference == 20.0
    assert [(row.band, row.one, row.other) for row in page.context["bands"][:3]] == [
        (Band.GREEN, 1, 0),
        (Band.AMBER, 0, 0),
        (Band.RED, 0, 1),
    ]


@pytest.mark.parametrize(
    "address",
    [
        f"{PORTFOLIOS}?a=FLEET",
        f"{PORTFOLIOS}?a=FLEET&b=YARDS&month_b=2026-02",
        f"{SEGMENTS}?a=COMMUTERS",
    ],
)
def test_comparing_costs_no_more_queries_with_more_rows(address: str, reader: Client) -> None:
    ScorecardFactory(is_default=True)
    fleet, yards = PortfolioFactory(code="FLEET"), PortfolioFactory(code="YARDS")
    segment = SegmentFactory(code="COMMUTERS")
    sizes = count(1)

    def grow() -> None:
        for _ in range(next(sizes) * 2):
            for portfolio in (fleet, yards):
                below = PortfolioFactory(parent=portfolio)
                project = ProjectFactory(portfolio=below, budget=100, currency="EUR")
                EngagementFactory(project=project, segment=segment)
                for subject in (below, project):
                    keep_score(subject, 50.0, FEBRUARY)
                    keep_score(subject, 60.0)

    assert_costs_no_more(reader, address, grow)


def test_dots_are_drawn_where_a_score_is_known_and_joined_where_both_are() -> None:
    chart = comparison_chart(
        Comparison(
            "Fleet",
            "Yards <b>",
            [ComparedScore("Overall", 60.0, 60.04), ComparedScore("Tactical", None, 40.0)],
        )
    )

    lines = [trace for trace in chart.figure.data if trace.mode == "lines"]
    other, one = (trace for trace in chart.figure.data if trace.mode == "markers")
    assert [tuple(line.x) for line in lines] == [(60.04, 60.0)]
    assert tuple(one.x) == (60.0, None)
    assert tuple(other.x) == (60.04, 40.0)
    assert other.name == "Yards &lt;b&gt;"
    assert chart.summary.startswith("Fleet and Yards <b> both have 60.0 overall.")


def test_what_is_compared_can_be_taken_away_with_every_project(reader: Client) -> None:
    fleet, yards = PortfolioFactory(code="FLEET", name="Fleet"), PortfolioFactory(code="YARDS")
    keep_score(fleet, 70.0, FEBRUARY)
    keep_score(fleet, 60.0)
    for number in range(8):
        project = ProjectFactory(code=f"P{number}", portfolio=fleet)
        keep_score(project, 40.0, FEBRUARY)
        keep_score(project, 50.0 + number)
    keep_score(ProjectFactory(code="DOCK", portfolio=yards), 30.0)

    def lines(query: str) -> list[str]:
        return read(reader, f"{PORTFOLIOS}?a=FLEET&{query}").html.splitlines()

    scores, moved = lines("export=scores.csv"), lines("export=projects.csv")
    both = lines("b=YARDS&export=projects.csv")

    assert any(line.startswith("Overall,60,Amber,1,70,Amber,1,-10") for line in scores)
    assert sum(line.startswith("Financial,60,") for line in scores) == 1
    assert sum(",Project P" in line for line in moved) == 8
    assert any("DOCK" in line and ",30,Red" in line for line in both)
