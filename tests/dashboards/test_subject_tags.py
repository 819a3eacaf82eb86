"""Where subjects lead, and small words about them; the line of a metric's values."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from dashboards.presentation.value_line import value_line
from dashboards.selectors.money import Money
from dashboards.templatetags.subjects import (
    days_until,
    forecast_variance,
    subject_list_url,
    subject_url,
    weight,
)
from projects.choices import SubjectKind
from tests.dashboards.reading import MARCH, plain


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        (SubjectKind.PORTFOLIO, "/portfolios/X.1/?month=2026-03"),
        (SubjectKind.PROJECT, "/projects/X.1/?month=2026-03"),
        (SubjectKind.SEGMENT, "/segments/X.1/?month=2026-03"),
        (SubjectKind.CUSTOMER, "/customers/X.1/?month=2026-03"),
        (SubjectKind.SERVICE, "/services/X.1/?month=2026-03"),
        (SubjectKind.ENGAGEMENT, "/explain/X.1/2026-03/"),
        (SubjectKind.ORGANISATION, "/explain/X.1/2026-03/"),
    ],
)
def test_every_subject_leads_to_its_page_or_its_explanation(kind: str, address: str) -> None:
    assert subject_url(kind, "X.1", MARCH) == address


def test_kinds_with_a_list_lead_to_it() -> None:
    assert subject_list_url(SubjectKind.PROJECT, MARCH) == "/projects/?month=2026-03"
    assert subject_list_url(SubjectKind.ENGAGEMENT, MARCH) == ""


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2026, 4, 10), "today"),
        (date(2026, 4, 11), "in 1 day"),
        (date(2026, 7, 9), "in 90 days"),
        (date(2026, 7, 10), ""),
        (date(2026, 4, 9), "1 day ago"),
        (date(2025, 4, 9), "past"),
    ],
)
def test_near_dates_are_told_as_a_distance(day: date, words: str) -> None:
    assert days_until(day, date(2026, 4, 10)) == words


@pytest.mark.parametrize(
    ("value", "words"), [(3.0, "3"), (0.0, "0"), (0.5, "0.50"), (1 / 3, "0.33"), (1200.0, "1,200")]
)
def test_weights_have_as_few_decimals_as_they_need(value: float, words: str) -> None:
    assert weight(value) == words


def test_a_forecast_is_compared_with_the_budget_of_the_same_projects() -> None:
    line = Money(
        "EUR",
        projects=2,
        budget=Decimal(5000),
        with_budget=2,
        forecast=Decimal(1200),
        with_forecast=1,
        forecast_budget=Decimal(1000),
    )

    assert plain(forecast_variance(line)) == "forecast €200 (20%) over"
    assert "over" in forecast_variance(line)
    assert plain(forecast_variance(Money("EUR"))) == "no forecast"


def test_values_are_drawn_on_a_scale_of_their_own_with_gaps_where_there_is_none() -> None:
    line = value_line([1200.0, 1300.0, None, None, 1100.0], unit="trips")

    assert line.label == (
        "5 periods: from 1,200\N{NO-BREAK SPACE}trips to 1,100\N{NO-BREAK SPACE}trips, lowest "
        "1,100\N{NO-BREAK SPACE}trips, highest 1,300\N{NO-BREAK SPACE}trips; no value in 2"
    )
    assert line.lines == ("M4 16L32 4",)
    assert line.singles == ()
    assert line.last == "M116 28h0"


@pytest.mark.parametrize(
    ("values", "label"),
    [
        ([], "No values"),
        ([None, None], "No values"),
        ([None, 7.5], "One value in 2 periods: 7.5; no value in 1"),
        ([2.0, 2.0], "2 periods: from 2.0 to 2.0, lowest 2.0, highest 2.0"),
    ],
)
def test_lines_of_few_values_are_drawn_too(values: list[float | None], label: str) -> None:
    assert value_line(values, decimals=1).label == label


def test_a_series_that_ends_in_a_gap_has_no_last_dot() -> None:
    line = value_line([5.0, 6.0, None])

    assert line.last == ""
    assert len(line.lines) == 1
