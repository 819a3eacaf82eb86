"""Segments: the promise, the scores, and everybody concerned."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import count

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from projects.choices import Audience
from tests.dashboards.reading import (
    FEBRUARY,
    TODAY,
    ClientOf,
    assert_costs_no_more,
    keep_score,
    measured,
    read,
)
from tests.factories import (
    CustomerFactory,
    EngagementFactory,
    OfferFactory,
    OrganisationFactory,
    ProjectFactory,
    ScorecardFactory,
    SegmentFactory,
    ServiceFactory,
)


@pytest.fixture(autouse=True)
def in_april() -> Iterator[None]:
    with time_machine.travel(TODAY, tick=False):
        yield


@pytest.fixture
def reader(analyst: User, client_of: ClientOf) -> Client:
    """An analyst's browser, in an organisation that was measured in March."""
    measured(OrganisationFactory())
    return client_of(analyst)


def test_the_list_shows_whom_a_segment_holds_and_what_it_gets(reader: Client) -> None:
    segment = SegmentFactory(
        name="Commuters",
        audience=Audience.EXTERNAL,
        customer_count=12_480,
        annual_revenue=Decimal(2_400_000),
        currency="EUR",
        weight=3,
    )
    keep_score(segment, 60.0, FEBRUARY)
    keep_score(segment, 64.0, coverage=0.5)
    for span in ({}, {}, {"active_until": FEBRUARY}):
        EngagementFactory(segment=segment, project=ProjectFactory(**span))
    for _ in range(3):
        OfferFactory(segment=segment)
        CustomerFactory(segment=segment)
    SegmentFactory(name="Staff", weight=1)

    page = read(reader, "/segments/")

    row = page.row("Commuters")
    assert row.startswith("Commuters External customers, 50% known 64.0 Amber")
    assert row.endswith("up +4.0 12,480 €2.4m 2 3 3")
    assert [row.scores.name for row in page.context["segments"]] == ["Commuters", "Staff"]
    assert page.row("Staff").count("unknown") >= 2


def test_without_segments_the_list_says_what_they_are(reader: Client) -> None:
    assert "No segments yet" in read(reader, "/segments/").words


def test_a_segment_shows_its_promise_and_its_facts(reader: Client) -> None:
    segment = SegmentFactory(
        code="COMMUTERS",
        value_proposition="Every boat on time.",
        customer_count=900,
        annual_revenue=Decimal(1_500_000),
        currency="GBP",
    )
    keep_score(segment, 64.0)

    page = read(reader, "/segments/COMMUTERS/")

    assert "What we promise them Every boat on time." in page.words
    assert "Customers 900 Weight 1" in page.words
    assert "Revenue a year £1.5m" in page.words
    assert "/explain/COMMUTERS/2026-03/" in page.links()


def test_a_segment_of_which_nothing_is_known_is_shown(reader: Client) -> None:
    SegmentFactory(code="BARE", audience="")

    page = read(reader, "/segments/BARE/")

    assert page.response.status_code == 200
    for sentence in (
        "No value proposition yet",
        "No project serves them in this month",
        "No service is offered to them",
        "No customers are known",
        "Not measured in this month",
    ):
        assert sentence in page.words


def test_projects_that_serve_them_stand_with_the_work_for_just_them(reader: Client) -> None:
    segment = SegmentFactory(code="COMMUTERS")
    for name, score, for_them in (("Better", 80.0, 40.0), ("Worse", 30.0, None)):
        link = EngagementFactory(segment=segment, project=ProjectFactory(name=name), share=0.5)
        keep_score(link.project, score)
        if for_them is not None:
            keep_score(link, for_them)
    # The same project serves somebody else too, with another share and score.
    other = EngagementFactory(project=link.project, share=0.25)
    keep_score(other, 99.0)

    page = read(reader, "/segments/COMMUTERS/")

    names = [row.project.name for row in page.context["projects"].rows]
    assert names == ["Worse", "Better"]
    assert page.row("Better").startswith("Better 0.50 80.0 Green")
    assert page.row("Better").endswith("40.0 Red , why")
    assert page.row("Worse").endswith("unknown")
    assert "99.0" not in page.words


def test_of_many_projects_the_lowest_are_shown_with_the_way_to_all(reader: Client) -> None:
    segment = SegmentFactory(code="COMMUTERS")
    for place in range(27):
        keep_score(EngagementFactory(segment=segment).project, 90.0 - place)

    page = read(reader, "/segments/COMMUTERS/")

    shown = [row.project.overall.score for row in page.context["projects"].rows]
    assert (len(shown), shown[0]) == (25, 64.0)
    assert "All 27 projects" in page.words
    assert "/projects/?month=2026-03&segment=COMMUTERS" in page.links()


def test_services_stand_with_their_cost_against_the_benchmark(reader: Client) -> None:
    segment = SegmentFactory(code="COMMUTERS")
    tickets, food = ServiceFactory(name="Tickets"), ServiceFactory(name="Food")
    OfferFactory(
        segment=segment,
        service=tickets,
        annual_cost=120_000,
        benchmark_cost=100_000,
        currency="EUR",
        weight=2,
    )
    OfferFactory(segment=segment, service=food)
    OfferFactory(service=tickets, annual_cost=1, benchmark_cost=1, currency="USD")
    keep_score(tickets, 55.0)

    page = read(reader, "/segments/COMMUTERS/")

    assert page.row("Tickets").endswith("€120k €20k (20%) over \N{EN DASH} unknown 2")
    assert [row.scores.name for row in page.context["services"]] == ["Tickets", "Food"]
    assert "unknown" in page.row("Food")


def test_the_cost_borne_is_told_by_currency_per_customer_and_of_what_they_pay(
    reader: Client,
) -> None:
    segment = SegmentFactory(
        code="COMMUTERS", customer_count=100, annual_revenue=1_000_000, currency="EUR"
    )
    for cost, benchmark, currency in ((120_000, 100_000, "EUR"), (5_000, None, "GBP")):
        OfferFactory(segment=segment, annual_cost=cost, benchmark_cost=benchmark, currency=currency)

    page = read(reader, "/segments/COMMUTERS/")

    euro, pound = page.context["costs"]
    assert (euro.per_customer, euro.benchmark_per_customer) == (1200, 1000)
    assert (euro.of_revenue, pound.of_revenue) == (0.12, None)
    assert (pound.per_customer, pound.benchmark_per_customer) == (50, None)
    assert "Cost borne a year €120k €20k (20%) over the benchmark £5k" in page.words


def test_where_neither_cost_nor_revenue_is_known_that_is_said_once(reader: Client) -> None:
    OfferFactory(segment=SegmentFactory(code="COMMUTERS"))

    page = read(reader, "/segments/COMMUTERS/")

    assert "What they pay, and what serving them costs, is unknown." in page.words
    assert "Cost borne a year" not in page.words


def test_a_cost_per_customer_is_unknown_where_nobody_says_how_many_there_are(
    reader: Client,
) -> None:
    OfferFactory(segment=SegmentFactory(code="COMMUTERS"), annual_cost=9, currency="EUR")

    page = read(reader, "/segments/COMMUTERS/")

    assert page.context["costs"][0].per_customer is None
    assert "nobody says how many there are" in page.words


def test_customers_are_counted_by_risk_with_the_way_to_each_group(reader: Client) -> None:
    segment = SegmentFactory(code="COMMUTERS")
    for score in (20.0, 30.0, 90.0, None):
        customer = CustomerFactory(segment=segment, annual_revenue=100, currency="EUR")
        keep_score(customer, score)
    keep_score(CustomerFactory(), 10.0)

    page = read(reader, "/segments/COMMUTERS/")

    counts = {group.risk.value: group.customers for group in page.context["found"].groups}
    assert counts == {"at_risk": 2, "unknown": 1, "watch": 0, "no_sign": 1}
    assert "/customers/?month=2026-03&segment=COMMUTERS&risk=at_risk" in page.links()


def test_customers_stand_with_those_at_risk_first_and_their_renewal(reader: Client) -> None:
    segment = SegmentFactory(code="COMMUTERS")
    for name, score, renewal in (
        ("Fine", 90.0, date(2027, 1, 31)),
        ("At risk", 20.0, date(2026, 4, 30)),
        ("Silent", None, date(2026, 3, 31)),
        ("Gone", 10.0, None),
    ):
        customer = CustomerFactory(
            name=name,
            segment=segment,
            renewal_on=renewal,
            active_until=FEBRUARY if name == "Gone" else None,
        )
        keep_score(customer, score)

    page = read(reader, "/segments/COMMUTERS/")

    names = [row.scores.name for row in page.context["customers"]]
    assert names == ["At risk", "Silent", "Fine"]
    assert "30 Apr 2026 in 20 days" in page.row("At risk")
    assert "31 Mar 2026 10 days ago" in page.row("Silent")
    assert "31 Jan 2027" in page.row("Fine")
    assert "days" not in page.row("Fine")


def test_customers_are_paged_and_htmx_gets_them_alone(reader: Client) -> None:
    segment = SegmentFactory(code="COMMUTERS")
    for _ in range(27):
        CustomerFactory(segment=segment)

    assert "1 to 25 of 27 customers" in read(reader, "/segments/COMMUTERS/").words
    part = read(reader, "/segments/COMMUTERS/?page=2", part="customers")
    assert "26 to 27 of 27 customers" in part.words
    assert "<html" not in part.html


def test_a_code_that_no_segment_has_is_no_page(reader: Client) -> None:
    assert read(reader, "/segments/NOBODY/").response.status_code == 404


@pytest.mark.parametrize("address", ["/segments/", "/segments/COMMUTERS/"])
def test_segments_cost_no_more_queries_with_more_rows(address: str, reader: Client) -> None:
    ScorecardFactory(is_default=True)
    segment = SegmentFactory(code="COMMUTERS")
    keep_score(segment, 60.0)
    sizes = count(1)

    def grow() -> None:
        for _ in range(next(sizes) * 2):
            link, offer = EngagementFactory(segment=segment), OfferFactory(segment=segment)
            customer = CustomerFactory(segment=segment)
            for subject in (link, link.project, offer.service, customer, SegmentFactory()):
                keep_score(subject, 50.0, FEBRUARY)
                keep_score(subject, 60.0)

    assert_costs_no_more(reader, address, grow)
