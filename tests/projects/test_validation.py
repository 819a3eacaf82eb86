"""The rules of subjects and the words of refusals, and that models obey them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from projects.codes import validate_code
from projects.models import Organisation, Portfolio, Project, Segment
from projects.months import Month
from projects.validation import (
    Between,
    FieldErrors,
    check_span,
    check_tree,
    circle_from,
    listed,
    near_matches,
    printable,
    quoted,
    unknown,
    validate_amount,
    validate_name,
)
from tests.factories import PortfolioFactory, ProjectFactory

MARCH, MAY = Month.parse("2026-03"), Month.parse("2026-05")


def refused(check: Any, *arguments: Any) -> str:
    with pytest.raises(ValidationError) as refusal:
        check(*arguments)
    return " ".join(refusal.value.messages)


@pytest.mark.parametrize(
    ("words", "text"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_words_are_listed_as_one_says_them(words: list[str], text: str) -> None:
    assert listed(words) == text


def test_a_long_text_is_quoted_in_part() -> None:
    assert quoted("short") == '"short"'
    assert quoted("x" * 60) == f'"{"x" * 60}"'
    assert quoted("x" * 61) == f'"{"x" * 59}…"'


@given(st.text())
def test_a_quoted_text_stands_on_one_line(text: str) -> None:
    assert len(quoted(text).splitlines()) == 1
    assert printable(text).isprintable()


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("adoptoin", ["adoption"]),
        ("ADOPTION", ["adoption"]),
        ("PRJ1", ["PRJ-1", "PRJ-12"]),
        ("something else", []),
        ("", []),
    ],
)
def test_near_matches_are_what_was_probably_meant(text: str, near: list[str]) -> None:
    assert near_matches(text, ["adoption", "PRJ-1", "PRJ-12", "cost"]) == near


@pytest.mark.parametrize(
    ("known", "sentence"),
    [
        (["TOP", "SUB"], '"TOPP" is no portfolio; did you mean TOP?'),
        (["TOP", "TOP1"], '"TOPP" is no portfolio; did you mean TOP or TOP1?'),
        (["AAA", "BBB"], '"TOPP" is no portfolio; there are AAA and BBB.'),
        (["AAA"], '"TOPP" is no portfolio; there is AAA.'),
        ([], '"TOPP" is no portfolio; there is none yet.'),
        (
            [f"A{number}" for number in range(9)],
            '"TOPP" is no portfolio, and none of the 9 has a name like it.',
        ),
    ],
)
def test_an_unknown_name_is_told_with_what_there_is(known: list[str], sentence: str) -> None:
    assert unknown("portfolio", "TOPP", known) == sentence


@pytest.mark.parametrize("code", ["A", "a.b-c_9", "-", "9", "x" * 64])
def test_a_code_has_letters_digits_and_three_signs(code: str) -> None:
    validate_code(code)


@pytest.mark.parametrize("code", ["", "A B", "A@B", "é", "x" * 65, "A\n", "A,B", "٣"])
def test_anything_else_is_no_code(code: str) -> None:
    assert refused(validate_code, code) == (
        f"{quoted(code)} is no code; it has letters, digits, _, - and . only, at most 64"
        " characters."
    )


@pytest.mark.parametrize("name", ["", " ", "\t\n"])
def test_a_name_is_more_than_space(name: str) -> None:
    assert refused(validate_name, name) == "A name has at least one letter."


@pytest.mark.parametrize(
    "amount", ["0", "0.0001", "-0.0001", "12345678901.2345", "999999999999999", "1E+14", "1.50000"]
)
def test_an_amount_has_four_decimals_and_fifteen_digits(amount: str) -> None:
    validate_amount(Decimal(amount))


@pytest.mark.parametrize("amount", ["0.00001", "123456789012.3456", "1E+15", "1E-400", "1E+300"])
def test_an_amount_that_a_database_would_round_is_refused(amount: str) -> None:
    assert refused(validate_amount, Decimal(amount)) == (
        f"{Decimal(amount)} has too many digits; an amount has at most 4 decimals and 15 digits in"
        " all."
    )


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity", "sNaN"])
def test_an_amount_is_finite(amount: str) -> None:
    assert refused(validate_amount, Decimal(amount)) == f"{amount} is no amount of money."


@pytest.mark.parametrize("number", [0, 0.5, 1])
def test_a_number_in_range_passes(number: float) -> None:
    Between(0, 1)(number)


@pytest.mark.parametrize(
    ("number", "shown"), [(-0.1, "-0.1"), (2, "2"), (float("nan"), "nan"), (float("inf"), "inf")]
)
def test_a_number_out_of_range_is_told_with_the_range(number: float, shown: str) -> None:
    assert refused(Between(0, 1), number) == f"{shown} is out of range; it is from 0 to 1."


@pytest.mark.parametrize(
    ("first", "last"), [(None, None), (MARCH, None), (None, MARCH), (MARCH, MARCH), (MARCH, MAY)]
)
def test_a_span_in_order_passes(first: Month | None, last: Month | None) -> None:
    check_span(first, last)


def test_a_span_that_ends_before_it_begins_is_told() -> None:
    assert refused(check_span, MAY, MARCH) == (
        "It ends in 2026-03, before it begins in 2026-05; end it in 2026-05 or later."
    )


@pytest.mark.parametrize(
    ("parents", "circle"),
    [
        ({"A": None}, []),
        ({"A": "B", "B": None}, []),
        ({"A": "A"}, ["A", "A"]),
        ({"A": "B", "B": "C", "C": "A"}, ["A", "B", "C", "A"]),
        # A circle above it is not its own.
        ({"A": "B", "B": "C", "C": "B"}, []),
        ({"A": "unknown"}, []),
    ],
)
def test_a_circle_of_portfolios_is_found(parents: dict[str, str | None], circle: list[str]) -> None:
    assert circle_from("A", parents) == circle


def test_a_circle_is_told_by_the_codes_in_it() -> None:
    assert refused(check_tree, 1, {1: 2, 2: 1}, {1: "TOP", 2: "SUB"}) == (
        "The portfolios go in a circle: TOP in SUB in TOP; one of them needs another parent or"
        " none."
    )


def test_errors_of_several_fields_are_told_at_once() -> None:
    errors = FieldErrors()
    for field, text in (("code", "a b"), ("name", " ")):
        with errors.of(field):
            (validate_code if field == "code" else validate_name)(text)

    with pytest.raises(ValidationError) as refusal:
        errors.raise_any()
    assert refusal.value.message_dict.keys() == {"code", "name"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("row", "field", "sentence"),
    [
        (Segment(code="a b", name="x"), "code", '"a b" is no code; it has letters'),
        (Segment(code="A", name=" "), "name", "A name has at least one letter."),
        (Segment(code="A", name="x", weight=-1), "weight", "-1 is no weight; it is a finite"),
        (Segment(code="A", name="x", weight=float("nan")), "weight", "nan is no weight"),
        (Segment(code="A", name="x", customer_count=-1), "customer_count", "-1 is out of range"),
        (
            Segment(code="A", name="x", customer_count=2**31),
            "customer_count",
            "2.14748e+09 is out of range; it is from 0 to 2.14748e+09.",
        ),
        (Segment(code="A", name="x", currency="Euro"), "currency", '"Euro" is no currency'),
        (
            Segment(code="A", name="x", annual_revenue=Decimal("0.00001")),
            "annual_revenue",
            "0.00001 has too many digits",
        ),
        (
            Segment(code="A", name="x", active_from=MAY, active_until=MARCH),
            "active_until",
            "It ends in 2026-03, before it begins in 2026-05",
        ),
        (
            Organisation(code="A", name="x", fiscal_year_starts_in=13),
            "fiscal_year_starts_in",
            "13 is out of range; it is from 1 to 12.",
        ),
    ],
)
def test_a_row_tells_what_is_wrong_with_it(row: Any, field: str, sentence: str) -> None:
    row.kind = row.KIND
    with pytest.raises(ValidationError) as refusal:
        row.full_clean()

    assert any(text.startswith(sentence) for text in refusal.value.message_dict[field])


@pytest.mark.django_db
def test_a_portfolio_can_not_be_moved_below_itself() -> None:
    top = PortfolioFactory(code="TOP")
    sub = PortfolioFactory(code="SUB", parent=top)
    low = PortfolioFactory(code="LOW", parent=sub)
    top.parent = low

    assert "TOP in LOW in SUB in TOP" in refused(top.full_clean)
    assert "NEW in NEW" not in refused(Portfolio(code="a b", name="x", kind="portfolio").full_clean)
    low.full_clean()


@pytest.mark.django_db
def test_a_portfolio_that_is_moved_under_another_new_code_is_told_by_that_code() -> None:
    top = PortfolioFactory(code="TOP")
    sub = PortfolioFactory(code="SUB", parent=top)
    top.code, top.parent = "ROOF", sub

    assert "ROOF in SUB in ROOF" in refused(top.full_clean)


@pytest.mark.django_db
def test_stored_rows_are_well() -> None:
    project = ProjectFactory()
    for row in (project, project.portfolio, Project.objects.get()):
        row.full_clean()
