"""Portfolios: the tree with its money, and one portfolio with everything below it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import count

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from dashboards.figures import Chart
from dashboards.selectors.money import Money, added_up
from dashboards.selectors.portfolios import PortfolioNode
from metrics.choices import Band
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
    EngagementFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    ScorecardFactory,
    SegmentFactory,
)


@pytest.fixture(autouse=True)
def in_april() -> Iterator[None]:
    with time_machine.travel(TODAY, tick=False):
        yield


@pytest.fixture
def reader(pmo_lead: User, client_of: ClientOf) -> Client:
    """A PMO lead's browser, in an organisation that was measured in March."""
    measured(OrganisationFactory())
    return client_of(pmo_lead)


def nodes_of(page: ReadPage) -> dict[str, PortfolioNode]:
    return {node.scores.name: node for node in page.context["portfolios"]}


def test_the_list_is_a_tree_that_counts_what_lies_below(reader: Client) -> None:
    fleet = PortfolioFactory(name="Fleet")
    ferries = PortfolioFactory(name="Ferries", parent=fleet)
    PortfolioFactory(name="Apps", description="Without a project")
    for portfolio, score in ((fleet, 90.0), (ferries, 60.0), (ferries, 20.0), (ferries, None)):
        keep_score(ProjectFactory(portfolio=portfolio), score)
    ProjectFactory(portfolio=ferries)
    ProjectFactory(portfolio=ferries, active_until=FEBRUARY)

    page = read(reader, "/portfolios/")
    nodes = nodes_of(page)

    assert [(name, node.depth, node.projects) for name, node in nodes.items()] == [
        ("Fleet", 0, 5),
        ("Ferries", 1, 4),
    ]
    assert nodes["Fleet"].band_counts == [
        (Band.GREEN, 1),
        (Band.AMBER, 1),
        (Band.RED, 1),
        (Band.INSUFFICIENT, 1),
    ]
    assert nodes["Ferries"].without_score == 1
    assert "Without a project in March 2026: Apps ." in page.words


def test_money_is_added_by_currency_and_like_is_compared_with_like(reader: Client) -> None:
    fleet = PortfolioFactory(name="Fleet")
    below = PortfolioFactory(name="Ferries", parent=fleet)
    for portfolio, currency, budget, forecast, actual in (
        (fleet, "EUR", 100, 120, None),
        (below, "EUR", 200, None, 50),
        (below, "EUR", None, 999, 999),
        (below, "GBP", 10, 9, 2),
    ):
        ProjectFactory(
            portfolio=portfolio,
            currency=currency,
            budget=budget,
            forecast_cost=forecast,
            actual_cost=actual,
        )

    euro, pound = nodes_of(read(reader, "/portfolios/"))["Fleet"].money

    assert euro == Money(
        "EUR",
        projects=3,
        budget=Decimal(300),
        with_budget=2,
        forecast=Decimal(120),
        with_forecast=1,
        forecast_budget=Decimal(100),
        actual=Decimal(50),
        with_actual=1,
        actual_budget=Decimal(200),
    )
    assert euro.spent_rate == 0.25
    assert (pound.currency, pound.budget) == ("GBP", Decimal(10))


def test_amounts_of_two_currencies_are_never_added() -> None:
    with pytest.raises(ValueError, match="not added across currencies"):
        Money("EUR") + Money("GBP")

    assert added_up([Money("EUR"), Money("EUR", 1, Decimal(5), 1)]) == (
        Money("EUR", 1, Decimal(5), 1),
    )


def test_without_portfolios_the_list_says_so(reader: Client) -> None:
    assert "No portfolio is measured in this month" in read(reader, "/portfolios/").words


def test_a_portfolio_shows_its_way_up_and_what_is_right_below_it(reader: Client) -> None:
    fleet = PortfolioFactory(code="FLEET", name="Fleet")
    ferries = PortfolioFactory(code="FERRIES", name="Ferries", parent=fleet)
    night = PortfolioFactory(code="NIGHT", name="Night ferries", parent=ferries)
    project = ProjectFactory(portfolio=night)
    for subject, score in ((fleet, 80.0), (ferries, 70.0), (night, 40.0), (project, 40.0)):
        keep_score(subject, score)

    page = read(reader, "/portfolios/FERRIES/")

    assert page.context["crumbs"] == [
        ("Portfolios", "/portfolios/?month=2026-03"),
        ("Fleet", "/portfolios/FLEET/?month=2026-03"),
    ]
    assert [node.scores.code for node in page.context["below"]] == ["NIGHT"]
    assert [row.scores.code for row in page.context["projects"]] == [project.code]
    top = read(reader, "/portfolios/FLEET/").context
    assert [node.scores.code for node in top["below"]] == ["FERRIES"]


def test_the_table_of_a_portfolio_stays_inside_it(reader: Client) -> None:
    fleet, other = PortfolioFactory(code="FLEET"), PortfolioFactory(code="OTHER")
    inside = ProjectFactory(portfolio=fleet)
    ProjectFactory(portfolio=other)

    for query in ("", "?portfolio=OTHER", "?sort=-weight"):
        part = read(reader, f"/portfolios/FLEET/{query}", part="projects")
        assert [row.scores.code for row in part.context["projects"]] == [inside.code]


def bubbles_of(page: ReadPage) -> list[tuple[object, ...]]:
    chart: Chart = page.context["bubbles"]
    return [tuple(row) for row in chart.table.rows]


def test_bubbles_are_of_one_currency_and_the_others_can_be_chosen(reader: Client) -> None:
    fleet = PortfolioFactory(code="FLEET")
    for name, currency, budget in (("A", "EUR", 100), ("B", "EUR", 200), ("C", "GBP", 5)):
        project = ProjectFactory(name=name, portfolio=fleet, currency=currency, budget=budget)
        keep_score(project, 60.0, value_creation=80.0)

    page = read(reader, "/portfolios/FLEET/")

    assert [row[0] for row in bubbles_of(page)] == ["B", "A"]
    assert "?currency=GBP#value" in page.links()
    chosen = read(reader, "/portfolios/FLEET/?currency=GBP")
    assert [row[0] for row in bubbles_of(chosen)] == ["C"]
    unknown = read(reader, "/portfolios/FLEET/?currency=XXX")
    assert [row[0] for row in bubbles_of(unknown)] == ["B", "A"]


def test_customers_reached_are_those_of_the_segments_served(reader: Client) -> None:
    fleet = PortfolioFactory(code="FLEET")
    many, few = SegmentFactory(customer_count=900), SegmentFactory(customer_count=30)
    silent, unserved = SegmentFactory(), SegmentFactory(customer_count=7000)
    for name, links in (
        ("both", [(many, 0.5), (few, 1), (unserved, 0)]),
        ("not told", [(many, 1), (silent, 1)]),
        ("nobody", []),
    ):
        project = ProjectFactory(name=name, portfolio=fleet, budget=10, currency="EUR")
        keep_score(project, 60.0)
        for segment, share in links:
            EngagementFactory(project=project, segment=segment, share=share)

    page = read(reader, "/portfolios/FLEET/")

    assert {row[0]: row[4] for row in bubbles_of(page)} == {
        "both": 930,
        "not told": None,
        "nobody": None,
    }
    # Plotly would leave out a mark of size 0.
    chart: Chart = page.context["bubbles"]
    assert all(size > 0 for trace in chart.figure.data for size in trace.marker.size)


def test_without_any_budget_there_is_no_chart_but_a_sentence(reader: Client) -> None:
    keep_score(ProjectFactory(portfolio=PortfolioFactory(code="FLEET")), 60.0)

    page = read(reader, "/portfolios/FLEET/")

    assert page.context["bubbles"] is None
    sentence = "No project here has both a budget and a value creation score."
    assert sentence in page.words
    assert "No project here says what it costs." in page.words


def test_bands_are_counted_by_month_over_everything_below(reader: Client) -> None:
    fleet = PortfolioFactory(code="FLEET")
    one = ProjectFactory(portfolio=fleet)
    other = ProjectFactory(portfolio=PortfolioFactory(parent=fleet))
    keep_score(one, 90.0, FEBRUARY)
    keep_score(one, 30.0)
    keep_score(other, None)
    keep_score(other, 90.0, APRIL)
    keep_score(ProjectFactory(), 60.0)

    chart: Chart = read(reader, "/portfolios/FLEET/?month=2026-04").context["bands"]

    assert [tuple(row) for row in chart.table.rows] == [
        (FEBRUARY, 1, 0, 0, 0),
        (MARCH, 0, 0, 1, 1),
        (APRIL, 1, 0, 0, 0),
    ]
    assert chart.summary.startswith("Apr 2026: 1 green, 0 amber and 0 red (month unfinished)")


def test_a_portfolio_without_projects_is_shown(reader: Client) -> None:
    PortfolioFactory(code="EMPTY")

    page = read(reader, "/portfolios/EMPTY/")

    assert page.response.status_code == 200
    assert "No project in this portfolio has been scored" in page.words
    assert "0 projects measured in March 2026" in page.words


def test_a_code_that_no_portfolio_has_is_no_page(reader: Client) -> None:
    assert read(reader, "/portfolios/NOWHERE/").response.status_code == 404


@pytest.mark.parametrize("address", ["/portfolios/", "/portfolios/FLEET/"])
def test_portfolios_cost_no_more_queries_with_more_rows(address: str, reader: Client) -> None:
    ScorecardFactory(is_default=True)
    fleet = PortfolioFactory(code="FLEET")
    keep_score(fleet, 60.0)
    sizes = count(1)

    def grow() -> None:
        for _ in range(next(sizes) * 2):
            portfolio = PortfolioFactory(parent=fleet)
            project = ProjectFactory(
                portfolio=portfolio, budget=100, currency="EUR", end_on=date(2026, 9, 1)
            )
            EngagementFactory(project=project)
            for subject in (portfolio, project):
                keep_score(subject, 50.0, FEBRUARY)
                keep_score(subject, 60.0)

    assert_costs_no_more(reader, address, grow)


def test_a_portfolio_can_be_looked_at_without_what_lies_below(reader: Client) -> None:
    fleet = PortfolioFactory(code="FLEET")
    below = PortfolioFactory(name="Ferries", parent=fleet)
    own = ProjectFactory(portfolio=fleet, budget=100, currency="EUR")
    other = ProjectFactory(portfolio=below, budget=200, currency="EUR")
    for subject, score in ((fleet, 60.0), (below, 30.0), (own, 80.0), (other, 20.0)):
        keep_score(subject, score)

    everything = read(reader, "/portfolios/FLEET/")
    alone = read(reader, "/portfolios/FLEET/?holds=own")

    assert {row.scores.code for row in everything.context["projects"]} == {own.code, other.code}
    assert [row.scores.code for row in alone.context["projects"]] == [own.code]
    assert [line.budget for line in alone.context["held"].money] == [Decimal(100)]
    assert alone.context["held"].band_counts == [(Band.GREEN, 1)]
    assert [row[0] for row in bubbles_of(alone)] == [own.name]
    assert [tuple(row) for row in alone.context["bands"].table.rows] == [(MARCH, 1, 0, 0, 0)]
    assert alone.context["board"].overall.score == 60.0
    assert [node.scores.name for node in alone.context["below"]] == ["Ferries"]
    assert "?holds=own" in everything.links()
    part = read(reader, "/portfolios/FLEET/?holds=own&sort=name", part="projects")
    assert [row.scores.code for row in part.context["projects"]] == [own.code]


def test_without_portfolios_below_there_is_nothing_to_choose(reader: Client) -> None:
    keep_score(ProjectFactory(portfolio=PortfolioFactory(code="FLEET")), 80.0)

    page = read(reader, "/portfolios/FLEET/?holds=own")

    assert page.context["scopes"] == []
    assert page.context["held"].projects == 1


def test_portfolios_lead_to_their_comparison(reader: Client) -> None:
    keep_score(PortfolioFactory(code="FLEET"), 50.0)

    assert "/compare/portfolios/?month=2026-03" in read(reader, "/portfolios/").links()
    links = read(reader, "/portfolios/FLEET/").links()
    assert "/compare/portfolios/?a=FLEET&month=2026-03" in links
