"""Periods as people write them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.choices import Cadence
from metrics.importing.cells import DateCell, NumberCell, WrongCell
from metrics.importing.guessing import guess_date_order
from metrics.importing.periods import PeriodReader
from metrics.importing.plans import DateOrder
from metrics.periods import parse_period, period_holding

DAY, MONTH, YEAR = DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST, DateOrder.YEAR_FIRST

MONTHS = [
    *("2026-03", "March 2026", "Mar 2026", "mar. 2026", "Mar-26", "Mar 26", "Mar'26", "MARCH 2026"),
    *("2026 March", "2026/03", "2026/3", "03/2026", "3/2026", "03.2026", "03-2026", "202603"),
    *("2026M03", "März 2026", "mars 2026", "marzo 2026", "2026-03-31", "2026-03-31 00:00:00"),
    *(
        "2026-03-31T10:15:00Z",
        "2026/03/31",
        "20260331",
        "31 March 2026",
        "31 Mar 2026",
        "31-Mar-26",
    ),
    *("31st March 2026", "31. März 2026", "March 31, 2026", "Mar 31 2026", " March  2026 "),
    *("March\u00a02026", "March-2026", "Mar\u201326"),
]


@pytest.mark.parametrize("text", MONTHS)
@pytest.mark.parametrize("order", DateOrder)
def test_a_month_is_a_month_however_it_is_written(text: str, order: DateOrder) -> None:
    assert PeriodReader(order).written(text, Cadence.MONTH) == ("2026-03", "")


CASES = [
    # text, cadence, fiscal year starts in, label
    ("31/03/2026", "month", 1, "2026-03"),
    ("31/03/2026", "day", 1, "2026-03-31"),
    ("31/03/2026", "week", 1, "2026-W14"),
    ("31/03/2026", "quarter", 1, "2026-Q1"),
    ("31/03/2026", "quarter", 4, "2025-Q4"),
    ("31/03/2026", "year", 4, "2025"),
    ("Mar 2026", "quarter", 1, "2026-Q1"),
    ("Q1 2026", "quarter", 1, "2026-Q1"),
    ("2026 Q1", "quarter", 1, "2026-Q1"),
    ("Q1/2026", "quarter", 1, "2026-Q1"),
    ("1Q26", "quarter", 1, "2026-Q1"),
    ("Q1 26", "quarter", 1, "2026-Q1"),
    ("FY2026 Q1", "quarter", 1, "2026-Q1"),
    ("Q1 2025/26", "quarter", 4, "2025-Q1"),
    ("2025/26 Q1", "quarter", 4, "2025-Q1"),
    ("Jan-Mar 2026", "quarter", 1, "2026-Q1"),
    ("Jan to Mar 2026", "quarter", 4, "2025-Q4"),
    ("2026", "year", 1, "2026"),
    ("FY2026", "year", 1, "2026"),
    ("FY26", "year", 1, "2026"),
    ("2025/26", "year", 4, "2025"),
    ("FY2025/26", "year", 4, "2025"),
    ("2025-2026", "year", 4, "2025"),
    ("2026-W14", "week", 1, "2026-W14"),
    ("W14 2026", "week", 1, "2026-W14"),
    ("Week 14, 2026", "week", 1, "2026-W14"),
    ("KW 14 2026", "week", 1, "2026-W14"),
    (DateCell("2026-03-31"), "month", 1, "2026-03"),
    (NumberCell("2026"), "year", 1, "2026"),
]


@pytest.mark.parametrize(("text", "cadence", "starts_in", "label"), CASES)
def test_a_period_is_written_as_its_cadence_writes_it(
    text: str, cadence: str, starts_in: int, label: str
) -> None:
    assert PeriodReader(DAY, starts_in).written(text, cadence) == (label, "")


@pytest.mark.parametrize(
    ("text", "order", "label"),
    [
        ("03/04/2026", DAY, "2026-04-03"),
        ("03/04/2026", MONTH, "2026-03-04"),
        ("3.4.26", DAY, "2026-04-03"),
        ("26/03/04", YEAR, "2026-03-04"),
        ("31/12/99", DAY, "1999-12-31"),
    ],
)
def test_the_order_of_a_date_is_what_the_person_said(
    text: str, order: DateOrder, label: str
) -> None:
    assert PeriodReader(order).written(text, Cadence.DAY) == (label, "")


UNCLEAR = [
    (
        "03/31/2026",
        "month",
        1,
        DAY,
        '"03/31/2026" is a date only with the month first, and the file was read with the'
        " day first.",
    ),
    (
        "31/03/2026",
        "month",
        1,
        MONTH,
        '"31/03/2026" is a date only with the day first, and the file was read with the'
        " month first.",
    ),
    (
        "31/03/2026",
        "month",
        1,
        YEAR,
        '"31/03/2026" does not begin with its year, and the file was read year first.',
    ),
    (
        "46082",
        "month",
        1,
        DAY,
        '"46082" is how spreadsheets store the day 2026-03-01; format the column as a date there,'
        " or write the period out.",
    ),
    (
        NumberCell("46082"),
        "day",
        1,
        DAY,
        '"46082" is how spreadsheets store the day 2026-03-01; format the column as a date there,'
        " or write the period out.",
    ),
    (
        "FY2026",
        "year",
        4,
        DAY,
        '"FY2026" may be the fiscal year that begins in 2026 or the one that ends in it; write'
        " 2026/27 or 2025/26.",
    ),
    (
        "2025/26",
        "year",
        1,
        DAY,
        '"2025/26" spans two calendar years, and this organisation\'s fiscal year is the calendar'
        " year.",
    ),
    (
        "2010-11",
        "year",
        4,
        DAY,
        '"2010-11" may be a month or a fiscal year; write the year alone (2010), or the month as a'
        " word.",
    ),
    (
        "12.5",
        "month",
        1,
        DAY,
        '"12.5" is a number where a period belongs, a month such as 2026-03; are the cells of this'
        " row shifted?",
    ),
    (WrongCell("", "No result."), "month", 1, DAY, "No result."),
]


@pytest.mark.parametrize(("text", "cadence", "starts_in", "order", "told"), UNCLEAR)
def test_what_may_be_two_periods_is_none(
    text: str, cadence: str, starts_in: int, order: DateOrder, told: str
) -> None:
    assert PeriodReader(order, starts_in).written(text, cadence) == (text, told)


@pytest.mark.parametrize(
    ("text", "cadence"),
    [
        ("P-1", "month"),
        ("2026", "month"),
        ("Q1 2026", "month"),
        ("2026-W14", "month"),
        ("March 2026", "day"),
        ("March 2026", "week"),
        ("29/02/2025", "month"),
        ("Feb-Apr 2026", "quarter"),
        ("13/2026", "month"),
        ("", "month"),
    ],
)
def test_what_does_not_fit_stays_for_the_rules_to_refuse(text: str, cadence: str) -> None:
    assert PeriodReader(DAY).written(text, cadence) == (text, "")


def test_a_cell_without_a_value_is_not_remembered_for_a_blank_one() -> None:
    reader = PeriodReader(DAY)
    assert reader.written("", Cadence.MONTH) == ("", "")
    assert reader.written(WrongCell("", "No result."), Cadence.MONTH) == ("", "No result.")
    assert reader.written("", Cadence.MONTH) == ("", "")


days = st.dates(date(1990, 1, 1), date(2150, 12, 31))


@given(days, st.sampled_from(list(Cadence)), st.integers(1, 12), st.sampled_from(list(DateOrder)))
def test_what_the_portal_writes_reads_back_as_the_same_period(
    day: date, cadence: Cadence, starts_in: int, order: DateOrder
) -> None:
    label = period_holding(day, cadence, starts_in).label(starts_in)
    assert PeriodReader(order, starts_in).written(label, cadence) == (label, "")


FORMS = ["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%y", "%m/%d/%y"]


@given(st.lists(st.dates(date(2000, 1, 1), date(2040, 12, 31)), min_size=1), st.sampled_from(FORMS))
def test_no_guess_turns_one_day_into_another(days: list[date], form: str) -> None:
    """Read in an order that was guessed for sure, every date is itself or is refused."""
    texts = [day.strftime(form) for day in days]
    guess = guess_date_order(texts)
    if not guess.is_sure:
        return
    reader = PeriodReader(DateOrder(guess.value))
    for day, text in zip(days, texts, strict=True):
        written, problem = reader.written(text, Cadence.DAY)
        if not problem:
            assert written == day.isoformat()


@given(st.text(max_size=14), st.sampled_from(list(Cadence)), st.integers(1, 12))
def test_every_text_is_a_period_or_stays_what_it_is(
    text: str, cadence: Cadence, starts_in: int
) -> None:
    written, problem = PeriodReader(DAY, starts_in).written(text, cadence)
    if problem:
        assert written == text
    elif written != text:
        parse_period(written, cadence, starts_in)
