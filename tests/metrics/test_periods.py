"""Periods of every cadence, and the month that each counts from."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.choices import Cadence
from metrics.periods import Period, PeriodError, next_period, parse_period, period_holding
from projects.months import Month
from tests.oracle import month_label, read_period

days = st.dates(date(1900, 1, 1), date(2100, 12, 31))
cadences = st.sampled_from(list(Cadence))
starts = st.integers(1, 12)


def days_of(period: Period) -> tuple[str, str, str]:
    return str(period.start), str(period.end), str(period.month)


@pytest.mark.parametrize(
    ("cadence", "text", "starts_in", "first", "last", "month"),
    [
        ("day", "2026-03-09", 1, "2026-03-09", "2026-03-09", "2026-03"),
        ("day", "2024-02-29", 4, "2024-02-29", "2024-02-29", "2024-02"),
        # ISO weeks, from Monday; the month of the Monday
        ("week", "2026-W11", 1, "2026-03-09", "2026-03-15", "2026-03"),
        ("week", "2026-03-15", 1, "2026-03-09", "2026-03-15", "2026-03"),
        ("week", "2026-04-01", 1, "2026-03-30", "2026-04-05", "2026-03"),
        ("week", "2026-W01", 1, "2025-12-29", "2026-01-04", "2025-12"),
        ("week", "2026-W53", 1, "2026-12-28", "2027-01-03", "2026-12"),
        ("month", "2026-02", 1, "2026-02-01", "2026-02-28", "2026-02"),
        ("month", "2026-02", 7, "2026-02-01", "2026-02-28", "2026-02"),
        # quarters and years by the fiscal year; their last month
        ("quarter", "2026-Q1", 1, "2026-01-01", "2026-03-31", "2026-03"),
        ("quarter", "2026-Q4", 1, "2026-10-01", "2026-12-31", "2026-12"),
        ("quarter", "2026-Q1", 4, "2026-04-01", "2026-06-30", "2026-06"),
        ("quarter", "2026-Q4", 4, "2027-01-01", "2027-03-31", "2027-03"),
        ("quarter", "2026-Q2", 12, "2027-03-01", "2027-05-31", "2027-05"),
        ("year", "2026", 1, "2026-01-01", "2026-12-31", "2026-12"),
        ("year", "2026", 4, "2026-04-01", "2027-03-31", "2027-03"),
        ("year", "2026", 12, "2026-12-01", "2027-11-30", "2027-11"),
    ],
)
def test_a_period_is_read_as_it_is_written_for_its_cadence(
    cadence: str, text: str, starts_in: int, first: str, last: str, month: str
) -> None:
    assert days_of(parse_period(text, cadence, starts_in)) == (first, last, month)


@pytest.mark.parametrize(
    ("cadence", "texts"),
    [
        ("day", ["2026-02-30", "2026-3-9", "09.03.2026", "2026-W11", "2026-03", "", "20260309"]),
        ("week", ["2026-W00", "2026-W54", "2025-W53", "2026-W1", "2026-03", "2026W11", ""]),
        ("month", ["2026-13", "2026-00", "2026-3", "03-2026", "2026-03-01", "0000-01", "", "2026"]),
        ("quarter", ["2026-Q0", "2026-Q5", "2026Q1", "Q1-2026", "2026-q1", "2026-1", "2026", ""]),
        ("year", ["26", "2026-Q1", "2026-01", "0000", "20266", "-2026", "", "2026 "]),
    ],
)
def test_anything_else_is_told_with_what_would_fit(cadence: str, texts: list[str]) -> None:
    fitting = {
        "day": "a day such as 2026-03-09",
        "week": "a week such as 2026-W11, or any day of it such as 2026-03-09",
        "month": "a month such as 2026-03",
        "quarter": "a quarter such as 2026-Q1",
        "year": "a year such as 2026",
    }
    for text in texts:
        with pytest.raises(PeriodError) as refusal:
            parse_period(text, cadence)
        assert str(refusal.value) == f'"{text}" is not {fitting[cadence]}.'


@pytest.mark.parametrize("text", ["9999", "9998-Q5"])
def test_a_period_that_runs_past_the_calendar_is_none(text: str) -> None:
    with pytest.raises(PeriodError):
        parse_period(text, "year" if len(text) == 4 else "quarter", 4)


def test_the_ends_of_the_calendar_are_periods() -> None:
    assert parse_period("9999-12-31", "week").end == date.max
    assert parse_period("9999", "year").end == date.max
    assert parse_period("0001-01-01", "day").start == date.min
    assert parse_period("9999-12-31", "day").due_on(10) == date.max


@pytest.mark.parametrize(
    ("cadence", "text", "due"),
    [
        ("month", "2026-02", "2026-03-10"),
        ("week", "2026-W11", "2026-03-25"),
        ("day", "2026-03-09", "2026-03-19"),
        ("year", "2026", "2027-01-10"),
    ],
)
def test_a_value_is_due_so_many_days_after_its_period(cadence: str, text: str, due: str) -> None:
    assert str(parse_period(text, cadence).due_on(10)) == due


def test_a_week_may_touch_two_months() -> None:
    week = parse_period("2026-W14", "week")

    assert (str(week.first_month), str(week.month)) == ("2026-03", "2026-03")
    assert str(week.last_month_touched) == "2026-04"


@given(days, cadences, starts)
def test_the_period_of_a_day_holds_it_and_is_known_by_its_label(
    day: date, cadence: Cadence, starts_in: int
) -> None:
    period = period_holding(day, cadence, starts_in)

    assert period.start <= day <= period.end
    assert parse_period(period.label(starts_in), cadence, starts_in) == period
    assert period_holding(period.start, cadence, starts_in) == period
    assert period_holding(period.end, cadence, starts_in) == period


@given(days, cadences, starts)
def test_the_next_period_begins_the_day_after(day: date, cadence: Cadence, starts_in: int) -> None:
    period = period_holding(day, cadence, starts_in)
    following = next_period(period)

    assert following.start == period.end + timedelta(days=1)
    assert following == period_holding(following.start, cadence, starts_in)


@given(days, cadences, starts)
def test_both_readings_of_the_rules_see_the_same_period(
    day: date, cadence: Cadence, starts_in: int
) -> None:
    label = period_holding(day, cadence, starts_in).label(starts_in)
    ours, theirs = parse_period(label, cadence, starts_in), read_period(label, cadence, starts_in)

    assert (ours.start, ours.end) == (theirs.first_day, theirs.last_day)
    assert str(ours.month) == month_label(theirs.month)
    assert ours.label(starts_in) == theirs.label


@given(days, starts)
def test_labels_of_one_cadence_are_ordered_like_their_periods(day: date, starts_in: int) -> None:
    for cadence in Cadence:
        period = period_holding(day, cadence, starts_in)
        assert period.label(starts_in) < next_period(period).label(starts_in)


def test_a_month_is_a_number_that_reads_like_a_month() -> None:
    assert Month.of(date(2026, 3, 9)) == Month.parse("2026-03")
    assert str(Month.parse("2026-12").plus(1)) == "2027-01"
