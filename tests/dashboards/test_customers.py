"""Customers: the rule for risk, the list, and one of them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from itertools import count

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from dashboards.presentation.curve_reach import reach_text, values_reaching
from dashboards.presentation.numbers import MINUS
from dashboards.selectors.customers import amounts_by_currency
from dashboards.selectors.risks import Renewal, Risk, Standing, renewal_of, risk_of, why_risk
from metrics.choices import Band, RunTrigger
from metrics.operations.runs import score_now
from projects.choices import SubjectKind
from projects.models import Customer
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
    EngagementFactory,
    MeasurementFactory,
    MetricFactory,
    OfferFactory,
    OrganisationFactory,
    ProjectFactory,
    ScorecardFactory,
    ScorecardLineFactory,
    SegmentFactory,
    ServiceFactory,
)

DAY = date(2026, 4, 10)
"""The day of TODAY."""

NEAR, UNKNOWN, LATER = Renewal.NEAR, Renewal.UNKNOWN, Renewal.LATER


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
    """The names of the customers that the list shows for a query."""
    return lambda query="": [
        row.scores.name for row in read(reader, f"/customers/{query}").context["customers"]
    ]


# The rule


@pytest.mark.parametrize(
    ("renewal_on", "renewal"),
    [
        (None, UNKNOWN),
        (DAY, NEAR),
        (DAY + timedelta(90), NEAR),
        (DAY + timedelta(91), LATER),
        (DAY - timedelta(1), NEAR),
        (DAY - timedelta(900), NEAR),
    ],
)
def test_a_renewal_is_near_from_ninety_days_before_until_a_new_date_is_written(
    renewal_on: date | None, renewal: Renewal
) -> None:
    assert renewal_of(renewal_on, DAY) == renewal


@pytest.mark.parametrize(
    ("standing", "risk"),
    [
        (Standing(Band.RED, LATER), Risk.AT_RISK),
        (Standing(Band.RED, NEAR, change=+9.0), Risk.AT_RISK),
        (Standing(Band.AMBER, NEAR), Risk.AT_RISK),
        (Standing(Band.AMBER, UNKNOWN), Risk.WATCH),
        (Standing(Band.AMBER, LATER), Risk.WATCH),
        (Standing(Band.GREEN, NEAR), Risk.NO_SIGN),
        (Standing(Band.GREEN, UNKNOWN), Risk.NO_SIGN),
        (Standing(Band.GREEN, NEAR, change=-5.0), Risk.AT_RISK),
        (Standing(Band.GREEN, LATER, change=-5.0), Risk.WATCH),
        (Standing(Band.GREEN, NEAR, change=-4.9), Risk.NO_SIGN),
        (Standing(Band.AMBER, NEAR, change=-1.0, band_before=Band.GREEN), Risk.AT_RISK),
        (Standing(Band.GREEN, NEAR, change=+1.0, band_before=Band.AMBER), Risk.NO_SIGN),
        (Standing(Band.INSUFFICIENT, NEAR), Risk.UNKNOWN),
        (Standing(Band.INSUFFICIENT, LATER, band_before=Band.GREEN), Risk.UNKNOWN),
        (Standing(None, NEAR), Risk.UNKNOWN),
        (Standing(None, LATER), Risk.UNKNOWN),
    ],
)
def test_risk_follows_from_band_change_and_renewal(standing: Standing, risk: Risk) -> None:
    assert risk_of(standing) == risk


def test_coming_back_from_insufficient_is_no_fall() -> None:
    standing = Standing(Band.AMBER, LATER, band_before=Band.INSUFFICIENT)

    assert not standing.is_falling


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (Standing(Band.RED, LATER), "red"),
        (Standing(Band.AMBER, NEAR, band_before=Band.GREEN), "amber, a band lower, renewal near"),
        (Standing(Band.GREEN, UNKNOWN, change=-7.0), "green, falling, no renewal date"),
        (Standing(Band.INSUFFICIENT, NEAR), "too little is known, renewal near"),
        (Standing(None, LATER), "not measured in this month"),
    ],
)
def test_the_rule_says_what_it_saw(standing: Standing, words: str) -> None:
    assert why_risk(standing) == words


# Sums of money, and what a curve calls green


def test_amounts_are_added_in_one_currency_only() -> None:
    amounts = amounts_by_currency(
        [(Decimal(5), "EUR"), (None, "EUR"), (Decimal(900), "GBP"), (Decimal(7), "EUR")]
    )

    assert [(row.currency, row.total, row.customers) for row in amounts] == [
        ("EUR", Decimal(12), 2),
        ("GBP", Decimal(900), 1),
    ]


@pytest.mark.parametrize(
    ("curve", "spans", "words"),
    [
        ([[0, 0], [100, 100]], [(75.0, None)], "75% or more"),
        ([[0, 100], [40, 0]], [(None, 10.0)], "10% or less"),
        ([[0, 0], [10, 100], [20, 0]], [(7.5, 12.5)], "8 to 12%"),
        ([[0, 80], [10, 90]], [(None, None)], "any value"),
        ([[0, 10], [10, 20]], [], "no value"),
        ([[0, 100], [10, 0], [20, 100]], [(None, 2.5), (17.5, None)], "2% or less or 18% or more"),
        ([[0, 75], [10, 0]], [(None, 0.0)], "0% or less"),
    ],
)
def test_a_curve_tells_which_values_are_green(
    curve: list[list[float]], spans: list[tuple[float | None, float | None]], words: str
) -> None:
    assert values_reaching(curve, 75.0) == spans
    assert reach_text(curve, 75.0, "%") == words


def test_without_a_curve_nothing_is_green() -> None:
    assert values_reaching([], 75.0) == []
    assert reach_text([], 75.0) == ""


# The list


def test_the_list_begins_with_those_at_risk_and_unknown_is_not_at_its_end(
    listed: Callable[..., list[str]],
) -> None:
    near, later = date(2026, 5, 1), date(2027, 1, 1)
    for name, score, renewal in (
        ("Fine", 90.0, near),
        ("Watched", 60.0, later),
        ("Silent later", None, later),
        ("Silent soon", None, near),
        ("Red later", 20.0, later),
        ("Red, no date", 20.0, None),
        ("Amber soon", 60.0, near),
    ):
        keep_score(CustomerFactory(name=name, renewal_on=renewal), score)
    CustomerFactory(name="Never scored", renewal_on=near)

    assert listed() == [
        "Amber soon",
        "Red, no date",
        "Red later",
        "Silent soon",
        "Never scored",
        "Silent later",
        "Watched",
        "Fine",
    ]


def test_inside_a_group_the_larger_revenue_comes_first_each_currency_by_itself(
    listed: Callable[..., list[str]],
) -> None:
    for name, revenue, currency in (
        ("One pound", 1, "GBP"),
        ("Many yen", 900_000, "JPY"),
        ("Two pounds", 2, "GBP"),
        ("Nobody knows", None, "GBP"),
    ):
        customer = CustomerFactory(name=name, annual_revenue=revenue, currency=currency)
        keep_score(customer, 20.0)

    assert listed() == ["Two pounds", "One pound", "Many yen", "Nobody knows"]
    assert listed("?sort=revenue") == ["One pound", "Two pounds", "Many yen", "Nobody knows"]


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("name", "ABC"),
        ("-name", "CBA"),
        ("overall", "CBA"),
        ("-financial", "BAC"),
        ("change", "BAC"),
        ("renewal", "ABC"),
        ("-renewal", "BAC"),
        ("segment", "CAB"),
        ("-risk", "ABC"),
        ("password", "CBA"),
    ],
)
def test_the_list_is_sorted_by_any_column_and_what_is_unknown_comes_last(
    sort: str, names: str, listed: Callable[..., list[str]]
) -> None:
    rows = (
        ("A", 90.0, 85.0, 10.0, date(2026, 9, 1), "Malls"),
        ("B", 60.0, 70.0, 55.0, date(2026, 10, 1), "Shops"),
        ("C", 30.0, None, None, None, "Airports"),
    )
    for name, score, before, financial, renewal, segment in rows:
        customer = CustomerFactory(
            name=name, renewal_on=renewal, segment=SegmentFactory(name=segment)
        )
        keep_score(customer, score, financial=financial)
        if before is not None:
            keep_score(customer, before, FEBRUARY)

    assert "".join(listed(f"?sort={sort}")) == names


def test_the_list_is_filtered_by_what_stands_in_the_address(
    listed: Callable[..., list[str]],
) -> None:
    shops = SegmentFactory(code="SHOPS")
    corner = CustomerFactory(
        name="Corner shop", code="CS-1", segment=shops, renewal_on=date(2026, 4, 30)
    )
    keep_score(corner, 30.0)
    keep_score(CustomerFactory(name="Corner cafe", renewal_on=date(2026, 6, 30)), 90.0)
    CustomerFactory(name="New shop", segment=shops)
    keep_score(CustomerFactory(name="Gone", active_until=FEBRUARY), 10.0, FEBRUARY)

    assert listed("?segment=SHOPS") == ["Corner shop", "New shop"]
    assert listed("?risk=at_risk") == ["Corner shop"]
    assert listed("?risk=unknown") == ["New shop"]
    assert listed("?risk=no_sign&q=corner") == ["Corner cafe"]
    assert listed("?band=red") == ["Corner shop"]
    assert listed("?band=none") == ["New shop"]
    assert listed("?renewal=30") == ["Corner shop"]
    assert listed("?renewal=90") == ["Corner shop", "Corner cafe"]
    assert listed("?renewal=none") == ["New shop"]
    assert listed("?q=cs-1") == ["Corner shop"]
    assert listed("?q=100%25") == []
    assert listed("?band=purple&renewal=soon&risk=high") == listed()
    assert len(listed()) == 3


def test_a_row_says_its_risk_and_shows_all_four_categories(reader: Client) -> None:
    customer = CustomerFactory(
        name="Corner shop",
        segment=SegmentFactory(name="Shops"),
        renewal_on=date(2026, 4, 30),
        annual_revenue=Decimal(12_000),
        currency="CHF",
    )
    keep_score(customer, 82.0, FEBRUARY)
    keep_score(customer, 61.0, tactical=40.0, longevity=None, financial=-1)

    row = read(reader, "/customers/").row("Corner shop")

    assert row.startswith("Corner shop Shops At risk amber, a band lower, renewal near 61.0 Amber")
    assert "40.0 Red" in row
    assert "Insufficient" in row
    assert "Not measured" in row
    assert f"down {MINUS}21.0 30 Apr 2026 in 20 days" in row
    assert row.endswith("CHF 12k")


def test_the_groups_count_everybody_and_never_add_across_currencies(reader: Client) -> None:
    for score, revenue, currency in (
        (20.0, 1_000_000, "EUR"),
        (30.0, 2_000_000, "EUR"),
        (30.0, 500_000, "GBP"),
        (40.0, None, ""),
        (None, None, ""),
        (90.0, 70_000, "EUR"),
    ):
        keep_score(CustomerFactory(annual_revenue=revenue, currency=currency), score)

    page = read(reader, "/customers/")

    assert "At risk 4 €3.0m £500k a year; 1 without an amount" in page.words
    assert "Unknown risk 1 revenue unknown" in page.words
    assert "Watch 0" in page.words
    assert "No sign of risk 1 €70k a year" in page.words
    assert "/customers/?risk=at_risk" in page.links()
    # Chosen, the group's address leads back to all; the other groups keep their counts.
    chosen = read(reader, "/customers/?risk=at_risk&page=1")
    assert "No sign of risk 1 €70k" in chosen.words
    assert "/customers/" in chosen.links()
    assert len(chosen.context["customers"]) == 4


def test_the_rule_stands_on_the_page_in_words(reader: Client) -> None:
    CustomerFactory()

    page = read(reader, "/customers/")

    assert "Unknown is not safe" in page.words
    assert "within 90 days from today" in page.words
    assert "at least 5 points less. " in page.words


def test_a_filter_without_a_match_and_a_portal_without_customers_say_what_to_do(
    reader: Client,
) -> None:
    assert "No customers in this month" in read(reader, "/customers/").words
    CustomerFactory()
    assert "No customer fits Change or clear" in read(reader, "/customers/?q=zeppelin").words


def test_hundreds_are_paged_and_htmx_gets_the_table_alone(reader: Client) -> None:
    segment = SegmentFactory()
    for _ in range(53):
        CustomerFactory(segment=segment)

    part = read(reader, "/customers/?page=2", part="customers")

    assert "51 to 53 of 53 customers" in part.words
    assert "<html" not in part.html
    assert {"HX-Request", "HX-Target"} <= set(part.response["Vary"].split(", "))


def test_an_empty_portal_says_what_to_create_first(executive: User, client_of: ClientOf) -> None:
    page = read(client_of(executive), "/customers/")

    assert "dashboards/nothing_yet.html" in page.templates


# One customer


@pytest.fixture
def acme(reader: Client) -> Customer:
    """A customer with one measured line, whose segment has a project and a service."""
    segment = SegmentFactory(
        code="SHOPS",
        name="Shops",
        value_proposition="Open before they are.",
        customer_count=200,
    )
    customer = CustomerFactory(
        code="ACME",
        name="Acme",
        segment=segment,
        since=date(2020, 5, 1),
        renewal_on=date(2026, 5, 30),
        annual_revenue=Decimal(1_234_567),
        currency="EUR",
        weight=2,
    )
    card = ScorecardFactory(
        name="Customers", subject_kind=SubjectKind.CUSTOMER, is_default=True, green_from=75.0
    )
    nps = MetricFactory(
        code="nps",
        name="Recommendation",
        subject_kind=SubjectKind.CUSTOMER,
        unit="%",
        grace_months=1,
    )
    ScorecardLineFactory(scorecard=card, metric=nps)
    MeasurementFactory(metric=nps, subject=customer, period="2026-02", value=60)
    OfferFactory(
        segment=segment,
        service=ServiceFactory(code="MAIL", name="Mail desk"),
        annual_cost=Decimal(50_000),
        benchmark_cost=Decimal(40_000),
        currency="EUR",
    )
    score_now(trigger=RunTrigger.COMMAND, months=[FEBRUARY, MARCH])
    keep_score(EngagementFactory(segment=segment, project=ProjectFactory(name="Ferry")).project, 40)
    return customer


def test_a_customer_shows_facts_risk_and_who_serves_them(acme: Customer, reader: Client) -> None:
    page = read(reader, "/customers/ACME/")

    assert "At risk · amber, renewal near" in page.words
    assert "Customer since May 2020 Renewal 30 May 2026 in 50 days" in page.words
    assert "Revenue a year €1,234,567 Weight 2" in page.words
    assert "Open before they are." in page.words
    assert "The service costs €50,000 a year against a benchmark of €40,000: €10k (25%) over" in (
        page.words
    )
    assert page.row("Mail desk").endswith("€50k €10k (25%) over €250 benchmark €200 1")
    assert page.row("Ferry").startswith("Ferry 40.0 Red")
    assert page.row("Recommendation").startswith("Recommendation 60% 2026-02")
    assert {
        "/explain/ACME/2026-03/",
        "/segments/SHOPS/?month=2026-03",
        "/services/MAIL/?month=2026-03",
        "/customers/?month=2026-03&segment=SHOPS",
    } <= set(page.links())


def test_the_scorecard_of_a_customer_tells_what_would_be_green(
    acme: Customer, reader: Client
) -> None:
    part = read(reader, "/customers/ACME/?month=2026-03", part="scorecard")

    row = part.row("Recommendation")
    assert "<html" not in part.html
    assert "60% 2026-02 1 month old, fading" in row
    assert "green: 75% or more" in row
    assert "60.0 Amber" in row
    assert "/metrics/nps/" in part.links()
    assert "/help/#freshness" in part.links()
    assert part.row("Financial") == "Financial nothing is expected here"


def test_a_customer_of_whom_nothing_is_known_is_shown(reader: Client) -> None:
    CustomerFactory(code="BARE")

    page = read(reader, "/customers/BARE/")

    assert page.response.status_code == 200
    for sentence in (
        "Unknown risk · not measured in this month, no renewal date",
        "No value proposition yet",
        "What the services for this segment cost is not known",
        "No service is offered to them",
        "No project serves them in this month",
        "No values yet",
        "none, so nothing is expected here",
    ):
        assert sentence in page.words
    assert "Nothing is expected here in this month" in (
        read(reader, "/customers/BARE/?month=2026-03", part="scorecard").words
    )


def test_a_code_that_no_customer_has_is_no_page(reader: Client) -> None:
    SegmentFactory(code="SHOPS")

    assert read(reader, "/customers/SHOPS/").response.status_code == 404


def test_customers_cost_no_more_queries_with_more_rows(acme: Customer, reader: Client) -> None:
    sizes = count(1)

    def grow() -> None:
        for _ in range(next(sizes) * 2):
            segment = acme.segment
            metric = MetricFactory(subject_kind=SubjectKind.CUSTOMER)
            MeasurementFactory(metric=metric, subject=acme)
            link, offer = EngagementFactory(segment=segment), OfferFactory(segment=segment)
            for subject in (link, link.project, offer.service, CustomerFactory(segment=segment)):
                keep_score(subject, 50.0, FEBRUARY)
                keep_score(subject, 60.0)
            CustomerFactory()

    assert_costs_no_more(reader, "/customers/", grow)
    assert_costs_no_more(reader, "/customers/ACME/", grow)
    assert_costs_no_more(reader, "/customers/ACME/?month=2026-03", grow, part="scorecard")


# To take away


def rows_of(client: Client, address: str) -> list[list[str]]:
    response = client.get(address)
    assert response["Content-Type"].startswith("text/csv")
    return list(csv.reader(StringIO(response.content.decode("utf-8-sig"))))


def test_the_list_is_taken_away_with_all_pages_all_categories_and_the_risk(
    reader: Client,
) -> None:
    segment = SegmentFactory(name="Shops")
    for place in range(52):
        customer = CustomerFactory(
            name=f"Shop {place}", segment=segment, annual_revenue=5, currency="EUR"
        )
        keep_score(customer, 20.0 + place / 10, financial=-1)

    head, *rows = rows_of(reader, "/customers/?risk=at_risk&sort=-overall&export=customers.csv")

    assert len(rows) == 52
    first = dict(zip(head, rows[0], strict=True))
    assert first["Customer"] == "Shop 51"
    assert (first["Risk"], first["Why"]) == ("At risk", "red, no renewal date")
    assert (first["Tactical"], first["Financial"]) == ("25.1", "")
    assert (first["Financial band"], first["Currency"]) == ("Not measured", "EUR")
    assert "/customers/?export=customers.csv" in read(reader, "/customers/").links()


def test_what_a_customer_gets_is_taken_away(acme: Customer, reader: Client) -> None:
    offered = rows_of(reader, "/customers/ACME/?export=services.csv")
    serving = rows_of(reader, "/customers/ACME/?export=projects.csv")
    values = rows_of(reader, "/customers/ACME/?export=values.csv")

    assert Decimal(dict(zip(*offered, strict=True))["Cost per customer"]) == 250
    assert dict(zip(*serving, strict=True))["Overall"] == "40"
    assert dict(zip(*values, strict=True))["Value"] == "60"
    assert reader.get("/customers/ACME/?export=overall-trend.csv").status_code == 200
