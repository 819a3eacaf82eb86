"""Services: both sides, cost against benchmark and customer value."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from io import StringIO
from itertools import count

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from dashboards.figures import CostPlace, CostsAgainstBenchmark, cost_dots_chart
from dashboards.presentation.numbers import UNKNOWN
from dashboards.selectors.offers import Cost, CostLine, cost_lines
from metrics.choices import Category, RunTrigger
from metrics.operations.runs import score_now
from projects.choices import SubjectKind
from projects.models import Service
from tests.dashboards.reading import (
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
    CustomerFactory,
    MeasurementFactory,
    MetricFactory,
    OfferFactory,
    OrganisationFactory,
    ScorecardFactory,
    ScorecardLineFactory,
    SegmentFactory,
    ServiceFactory,
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
    """The names of the services that the list shows for a query."""
    return lambda query="": [
        row.scores.name for row in read(reader, f"/services/{query}").context["services"]
    ]


# Costs


def cost(annual: int | None, benchmark: int | None, currency: str = "EUR") -> Cost:
    return Cost(
        None if annual is None else Decimal(annual),
        None if benchmark is None else Decimal(benchmark),
        currency,
    )


def test_costs_are_added_in_one_currency_and_like_is_compared_with_like() -> None:
    lines = cost_lines(
        [cost(100, 90), cost(50, None), cost(None, 70), cost(7, 9, "GBP"), cost(None, None, "USD")]
    )

    assert lines == (
        CostLine("EUR", Decimal(150), 2, Decimal(100), Decimal(90), 1),
        CostLine("GBP", Decimal(7), 1, Decimal(7), Decimal(9), 1),
    )
    assert lines[0].is_partly_compared
    assert not lines[1].is_partly_compared


def test_without_any_benchmark_nothing_is_compared() -> None:
    (line,) = cost_lines([cost(100, None)])

    assert (line.compared, line.compared_cost, line.benchmark) == (0, None, None)


@pytest.mark.parametrize(
    ("annual", "customers", "each"),
    [
        (600, 40, Decimal(15)),
        (600, None, None),
        (600, 0, None),
        (None, 40, None),
        (0, 40, 0),
        (100, 3, Decimal("33.3333")),
    ],
)
def test_a_unit_cost_needs_a_cost_and_a_number_of_customers(
    annual: int | None, customers: int | None, each: Decimal | None
) -> None:
    amount = None if annual is None else Decimal(annual)

    assert Cost(amount, amount, "EUR", customers).per_customer == each
    assert Cost(amount, amount, "EUR", customers).benchmark_per_customer == each


# The chart


def places(*rows: tuple[str, int | None, int | None, str]) -> CostsAgainstBenchmark:
    return CostsAgainstBenchmark(
        "Mail desk",
        [
            CostPlace(
                name,
                None if cost is None else Decimal(cost),
                None if benchmark is None else Decimal(benchmark),
                currency,
            )
            for name, cost, benchmark, currency in rows
        ],
    )


def test_costs_are_drawn_in_percent_of_their_own_benchmark_the_dearest_at_the_top() -> None:
    chart = cost_dots_chart(
        places(
            ("Shops", 120, 100, "EUR"),
            ("Malls <b>", 90, 100, "GBP"),
            ("Silent", 90, None, "GBP"),
            ("Free", 90, 0, "GBP"),
        )
    )

    *lines, dots = chart.figure.data
    assert dots.x == (90.0, 120.0)
    assert dots.y == ("Malls &lt;b&gt;", "Shops")
    assert [line.x for line in lines] == [(100, 90.0), (100, 120.0)]
    assert chart.figure.layout.xaxis.range[0] < 90 < 120 < chart.figure.layout.xaxis.range[1]
    assert chart.summary == (
        "Mail desk costs 1 of 2 segments more than elsewhere, most of all Shops (€20 (20%) over). "
        "2 segments can't be placed: cost or benchmark is unknown."
    )
    assert [[cell.text for cell in row] for row in chart.table.written] == [
        ["Shops", "EUR", "120", "100", "120.0%"],
        ["Malls <b>", "GBP", "90", "100", "90.0%"],
        ["Silent", "GBP", "90", UNKNOWN, UNKNOWN],
        ["Free", "GBP", "90", "0", UNKNOWN],
    ]


def test_nothing_dearer_and_nothing_to_compare_are_told() -> None:
    cheap = cost_dots_chart(places(("Shops", 100, 100, "EUR"), ("Malls", 90, 100, "EUR")))
    nothing = cost_dots_chart(places(("Shops", 100, None, "EUR")))

    assert cheap.summary == "Mail desk costs no segment more than the same costs elsewhere."
    assert nothing.summary.startswith("No segment has both a cost and a benchmark. 1 segment")


# The list


def test_the_list_shows_scores_reach_and_cost_by_currency(reader: Client) -> None:
    mail = ServiceFactory(code="MAIL", name="Mail desk", owner="Ines Varga")
    for annual, benchmark, currency, customers in (
        (120_000, 100_000, "EUR", 40),
        (80_000, None, "EUR", None),
        (30_000, 40_000, "GBP", 900),
    ):
        OfferFactory(
            service=mail,
            segment=SegmentFactory(customer_count=customers),
            annual_cost=annual,
            benchmark_cost=benchmark,
            currency=currency,
        )
    keep_score(mail, 70.0, FEBRUARY)
    keep_score(mail, 66.0, financial=-1)
    ServiceFactory(name="Nothing known")

    page = read(reader, "/services/")

    row = page.row("Mail desk")
    assert row.startswith("Mail desk Ines Varga 66.0 Amber")
    assert "Not measured" in row
    assert row.endswith(
        "3 940 1 segment doesn't say €200k €20k (20%) over compared: 1 of 2 £30k £10k (25%) under"
    )
    assert page.row("Nothing known").endswith(f"0 {UNKNOWN} unknown {UNKNOWN} unknown")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["Low", "High", "Silent"]),
        ("?sort=-overall", ["High", "Low", "Silent"]),
        ("?sort=name", ["High", "Low", "Silent"]),
        ("?sort=-segments", ["Low", "High", "Silent"]),
        ("?sort=owner", ["High", "Low", "Silent"]),
        ("?sort=-change", ["High", "Low", "Silent"]),
        ("?sort=password", ["Low", "High", "Silent"]),
        ("?q=hi", ["High"]),
        ("?q=100%25", []),
        ("?segment=SHOPS", ["Low"]),
        ("?segment=NOWHERE", ["Low", "High", "Silent"]),
    ],
)
def test_the_list_is_sorted_and_filtered_by_the_address(
    query: str, names: list[str], listed: Callable[..., list[str]]
) -> None:
    low, high = ServiceFactory(name="Low", owner="Zoe"), ServiceFactory(name="High", owner="Abe")
    ServiceFactory(name="Silent", owner="zz")
    ServiceFactory(name="Gone", active_until=FEBRUARY)
    keep_score(low, 20.0)
    keep_score(high, 90.0)
    keep_score(low, 30.0, FEBRUARY)
    keep_score(high, 80.0, FEBRUARY)
    OfferFactory(service=low, segment=SegmentFactory(code="SHOPS"))

    assert listed(query) == names


def test_nothing_found_and_nothing_there_say_what_to_do(reader: Client) -> None:
    assert "No services in this month" in read(reader, "/services/").words
    ServiceFactory()
    assert "No service fits" in read(reader, "/services/?q=zeppelin").words


def test_the_catalogue_is_paged_and_htmx_gets_the_table_alone(reader: Client) -> None:
    for _ in range(52):
        ServiceFactory()

    part = read(reader, "/services/?page=2", part="services")

    assert "51 to 52 of 52 services" in part.words
    assert "<html" not in part.html


# One service


@pytest.fixture
def mail(reader: Client) -> Service:
    """A service for two segments, with one own line and customers of every risk."""
    service = ServiceFactory(
        code="MAIL",
        name="Mail desk",
        owner="Ines Varga",
        value_proposition="An answer within a day.",
        description="Reads and answers.",
    )
    shops = SegmentFactory(code="SHOPS", name="Shops", customer_count=100)
    malls = SegmentFactory(code="MALLS", name="Malls", customer_count=None)
    OfferFactory(
        service=service,
        segment=shops,
        weight=1,
        annual_cost=Decimal(120_000),
        benchmark_cost=Decimal(100_000),
        currency="EUR",
    )
    OfferFactory(
        service=service, segment=malls, weight=3, annual_cost=Decimal(9_000), currency="GBP"
    )
    OfferFactory(segment=malls, weight=1)
    card = ScorecardFactory(subject_kind=SubjectKind.SERVICE, is_default=True)
    on_time = MetricFactory(
        code="on_time",
        name="On time",
        subject_kind=SubjectKind.SERVICE,
        category=Category.VALUE_CREATION,
        unit="%",
    )
    ScorecardLineFactory(scorecard=card, metric=on_time)
    MeasurementFactory(metric=on_time, subject=service, value=82)
    score_now(trigger=RunTrigger.COMMAND, months=[MARCH])
    keep_score(shops, 64.0, value_creation=58.0)
    for name, segment, score in (
        ("Red shop", shops, 20.0),
        ("Green shop", shops, 90.0),
        ("Silent mall", malls, None),
    ):
        keep_score(CustomerFactory(name=name, segment=segment, renewal_on=date(2027, 1, 1)), score)
    return service


def test_a_service_shows_what_it_promises_costs_and_reaches(mail: Service, reader: Client) -> None:
    page = read(reader, "/services/MAIL/")

    assert "An answer within a day." in page.words
    assert "It costs €120,000 a year against a benchmark of €100,000: €20k (20%) over ." in (
        page.words
    )
    assert "It costs £9,000 a year; no benchmark is known." in page.words
    assert "Owner Ines Varga Offered to 2 segments Customers reached 100 1 segment doesn't say" in (
        page.words
    )


def test_both_sides_stand_in_one_row_per_segment(mail: Service, reader: Client) -> None:
    page = read(reader, "/services/MAIL/")

    assert [row.segment.name for row in page.context["reached"].offers] == ["Malls", "Shops"]
    shops = page.row("Shops 100 customers")
    assert "weight 1: 100% of what it is offered" in shops
    assert "€120k €20k (20%) over benchmark €100k €1k benchmark €1k 64.0 Amber" in shops
    assert "58.0 Amber" in shops
    assert shops.endswith("1 at risk 1 no sign of risk")
    malls = page.row("Malls number of customers unknown")
    assert f"75% of what it is offered £9k {UNKNOWN} unknown" in malls
    assert "Not measured" in malls
    assert malls.endswith("1 unknown risk")
    assert "/customers/?month=2026-03&segment=MALLS&risk=unknown" in page.links()


def test_costs_are_charted_where_there_are_two_to_compare(mail: Service, reader: Client) -> None:
    assert read(reader, "/services/MAIL/").context["costs_chart"] is None
    mail.offers.filter(segment__code="MALLS").update(benchmark_cost=10_000)

    chart = read(reader, "/services/MAIL/").context["costs_chart"]

    assert chart.figure.data[-1].x == (90.0, 120.0)
    assert chart.figure.data[-1].customdata[0][0] == "/segments/MALLS/?month=2026-03"


def test_its_customers_at_risk_are_shown_and_unknown_among_them(
    mail: Service, reader: Client
) -> None:
    page = read(reader, "/services/MAIL/")

    names = [row.scores.name for row in page.context["reached"].customers]
    assert names == ["Red shop", "Silent mall"]


def test_of_many_customers_the_most_pressing_are_shown(mail: Service, reader: Client) -> None:
    segment = mail.offers.get(segment__code="SHOPS").segment
    for place in range(12):
        keep_score(CustomerFactory(segment=segment), 10.0 + place)

    page = read(reader, "/services/MAIL/")

    rows = page.context["reached"].customers
    assert (len(rows), rows[0].scores.overall.score) == (10, 10.0)
    assert "14 customers of these segments have a sign of risk." in page.words


def test_the_level_is_held_against_what_the_curve_calls_green(
    mail: Service, reader: Client
) -> None:
    part = read(reader, "/services/MAIL/?month=2026-03", part="scorecard")

    assert "82% 2026-03 current" in part.row("On time")
    assert "green: 75% or more" in part.row("On time")
    assert "82.0 Green" in part.row("On time")


def test_a_service_of_which_nothing_is_known_is_shown(reader: Client) -> None:
    ServiceFactory(code="BARE")

    page = read(reader, "/services/BARE/")

    assert page.response.status_code == 200
    for sentence in (
        "No value proposition yet",
        "What it costs is not known",
        "It is offered to no segment yet",
        "Not measured in this month",
        "No sign of risk No customer of these segments",
        "No values yet",
    ):
        assert sentence in page.words


def test_a_code_that_no_service_has_is_no_page(reader: Client) -> None:
    assert read(reader, "/services/NOBODY/").response.status_code == 404


def test_an_empty_portal_says_what_to_create_first(executive: User, client_of: ClientOf) -> None:
    ServiceFactory(code="BARE")

    for address in ("/services/", "/services/BARE/"):
        page = read(client_of(executive), address)
        assert "dashboards/nothing_yet.html" in page.templates


def test_services_cost_no_more_queries_with_more_rows(mail: Service, reader: Client) -> None:
    sizes = count(1)

    def grow() -> None:
        for _ in range(next(sizes) * 2):
            offer = OfferFactory(service=mail, annual_cost=5, benchmark_cost=6, currency="EUR")
            customer = CustomerFactory(segment=offer.segment)
            for subject in (offer.segment, customer, OfferFactory().service):
                keep_score(subject, 50.0, FEBRUARY)
                keep_score(subject, 60.0)
            metric = MetricFactory(subject_kind=SubjectKind.SERVICE)
            MeasurementFactory(metric=metric, subject=mail)

    assert_costs_no_more(reader, "/services/", grow)
    assert_costs_no_more(reader, "/services/MAIL/", grow)
    assert_costs_no_more(reader, "/services/MAIL/?month=2026-03", grow, part="scorecard")


# To take away


def rows_of(client: Client, address: str) -> list[dict[str, str]]:
    response = client.get(address)
    assert response["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(StringIO(response.content.decode("utf-8-sig"))))


def test_the_catalogue_is_taken_away_with_a_row_per_currency(mail: Service, reader: Client) -> None:
    rows = rows_of(reader, "/services/?q=mail&export=services.csv")

    assert [(row["Service"], Decimal(row["Cost a year"]), row["Currency"]) for row in rows] == [
        ("Mail desk", Decimal(120_000), "EUR"),
        ("Mail desk", Decimal(9_000), "GBP"),
    ]
    assert rows[0]["Value creation"] == "82"
    assert rows[0]["Financial band"] == "Not measured"


def test_both_sides_and_the_customers_are_taken_away(mail: Service, reader: Client) -> None:
    malls, shops = rows_of(reader, "/services/MAIL/?export=offers.csv")
    customers = rows_of(reader, "/services/MAIL/?export=customers.csv")

    assert (shops["Segment"], shops["Currency"]) == ("Shops", "EUR")
    assert Decimal(shops["Cost per customer"]) == 1_200
    assert shops["Known customers: At risk"] == "1"
    assert (malls["Cost per customer"], malls["Benchmark"]) == ("", "")
    assert [row["Customer"] for row in customers] == ["Red shop", "Silent mall"]
