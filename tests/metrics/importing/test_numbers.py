"""Numbers as people write them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.importing.cells import DateCell, NumberCell, WrongCell
from metrics.importing.guessing import guess_decimal_sign
from metrics.importing.numbers import NumberReader, stated_in, unit_of
from metrics.validation.numbers import NumberError, number_text, read_number

POINT, COMMA = NumberReader("."), NumberReader(",")

UNDERSTOOD = [
    # text, unit, with a point, with a comma
    ("12", "", "12", "12"),
    ("-0.5", "", "-0.5", None),
    ("1,234.5", "", "1234.5", None),
    ("1.234,5", "", None, "1234.5"),
    ("1,234,567", "", "1234567", None),
    ("1 234", "", "1234", "1234"),
    ("1\u202f234\u202f567", "", "1234567", "1234567"),
    ("1\u00a0234,5", "", None, "1234.5"),
    ("1'234.5", "", "1234.5", None),
    ("3,5", "", None, "3.5"),
    (".5", "", "0.5", None),
    ("(3.5)", "", "-3.5", None),
    ("(1,234)", "", "-1234", "-1.234"),
    ("3.5-", "", "-3.5", None),
    ("\u22123.5", "", "-3.5", None),
    ("- 3.5", "", "-3.5", None),
    ("+4", "", "4", "4"),
    ("1e-05", "", "1e-05", "1e-05"),
    ("1.5E3", "", "1500", None),
    ("12 %", "%", "12", "12"),
    ("12%", "percent", "12", "12"),
    ("12 %", "rate", "0.12", "0.12"),
    ("12.5 days", "days", "12.5", None),
    ("1 day", "days", "1", "1"),
    ("£1.90m", "GBP million", "1.9", None),
    ("£1.90m", "£m", "1.9", None),
    ("£1.90m", "GBP", "1900000", None),
    ("£1,900k", "GBP million", "1.9", "0.0019"),
    ("-£5.2m", "GBP million", "-5.2", None),
    ("£-5.2m", "GBP million", "-5.2", None),
    ("(£5.2m)", "GBP million", "-5.2", None),
    ("EUR 12", "EUR", "12", "12"),
    ("12 €", "EUR", "12", "12"),
    ("1,5 Mio. €", "EUR thousand", None, "1500"),
    ("2.5bn", "GBP million", "2500", None),
]


@pytest.mark.parametrize(("text", "unit", "point", "comma"), UNDERSTOOD)
def test_what_can_be_understood_becomes_plain(
    text: str, unit: str, point: str | None, comma: str | None
) -> None:
    for reader, wanted in ((POINT, point), (COMMA, comma)):
        written, problem = reader.written(text, unit)
        if wanted is None:
            assert written == text
        else:
            assert (written, problem) == (wanted, "")


LEFT = [
    *("", "-", "n/a", "abc", "NaN", "inf", "1,23", "12,34.5", "0,123", "1 23", "1-5", "3 4"),
    *("1.2.3", "1e400", "Exempt under Section 43", "2 of 3", "1,234,56", "-(5)", "(-5)"),
]


@pytest.mark.parametrize("text", LEFT)
def test_what_is_no_number_stays_for_the_rules_to_refuse(text: str) -> None:
    assert POINT.written(text) == (text, "")
    with pytest.raises(NumberError):
        read_number(text)


def a_date(text: str) -> str:
    return (
        f'"{text}" is a date or time where a number belongs: a spreadsheet may have turned what was'
        " typed (1.90, 3/4) into it. Type the number again, in a cell formatted as a number."
    )


REFUSED = [
    (
        "12 %",
        "days",
        '"12 %" is a percentage and the metric is in days; write the number in the metric\'s unit,'
        " without a sign.",
    ),
    (
        "12%",
        "",
        '"12%" is a percentage and the metric has no unit; write the number in the metric\'s unit,'
        " without a sign.",
    ),
    (
        "£5",
        "days",
        '"£5" has a currency and the metric is in days; write the number in the metric\'s unit,'
        " without a sign.",
    ),
    (
        "5k",
        "days",
        '"5k" has an abbreviation and the metric is in days; write the number in the metric\'s'
        " unit, without a sign.",
    ),
    (
        "€5",
        "GBP",
        '"€5" is in EUR and the metric is in GBP; amounts are not changed from one currency to'
        " another.",
    ),
    (
        "£2,013.02",
        "GBP million",
        '"£2,013.02": is this in GBP million, or in single GBP? Write the number alone for GBP'
        " million, or with its abbreviation (1.90m).",
    ),
    ("Jan-90", "", a_date("Jan-90")),
    ("1-Sep", "", a_date("1-Sep")),
    ("03/04/2026", "", a_date("03/04/2026")),
    ("3/4", "", a_date("3/4")),
    ("1:30", "", a_date("1:30")),
    (DateCell("1990-01-01"), "", a_date("1990-01-01")),
    (WrongCell("#N/A", "It is an error."), "", "It is an error."),
]


@pytest.mark.parametrize(("text", "unit", "told"), REFUSED)
def test_what_is_not_certain_is_asked_about(text: str, unit: str, told: str) -> None:
    assert POINT.written(text, unit) == (text, told)


def test_a_number_with_the_other_sign_is_never_passed_on_as_it_stands() -> None:
    """Passed on, the rules would read 1.5 as what it is elsewhere."""
    assert COMMA.written("1.5") == (
        "1.5",
        '"1.5" is no number with the decimal sign "," that the file was read with; choose the other'
        " sign, or mend the cell.",
    )


def test_the_head_of_a_column_says_what_its_amounts_are_in() -> None:
    head = "TOTAL Baseline Whole Life Costs (£m) (including Non-Government costs)"
    assert POINT.written("£2,013.02", "GBP million", head) == ("2013.02", "")
    assert POINT.written("£2,013.02", "GBP million", "Cost (£k)")[1] != ""
    assert POINT.written("£2,013.02", "GBP million", "Cost (€m)")[1] != ""


def test_a_person_can_say_that_amounts_are_in_the_unit() -> None:
    reader = NumberReader(".", money_in_unit=True)
    assert reader.written("£2,013.02", "GBP million") == ("2013.02", "")
    assert reader.written("£1.90m", "GBP million") == ("1.9", "")


@pytest.mark.parametrize(
    ("head", "unit"),
    [
        ("2013/2014 Budget (£million)", "GBP million"),
        ("2016/17 TOTAL Baseline £m (including Non-Government Costs)", "GBP million"),
        ("Cost in EUR thousand", "EUR thousand"),
        ("Budget (£)", "GBP"),
    ],
)
def test_heads_are_understood_as_units_are(head: str, unit: str) -> None:
    stated, wanted = stated_in(head), unit_of(unit)
    assert (stated.currency, stated.scale) == (wanted.currency, wanted.scale)


def test_cells_of_a_spreadsheet_have_a_point_whatever_the_file_is_read_with() -> None:
    assert COMMA.written(NumberCell("1.5")) == ("1.5", "")
    assert COMMA.written(NumberCell("12%"), "rate") == ("0.12", "")


numbers = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15)


@given(numbers)
def test_what_the_portal_writes_reads_back_as_the_same_number(number: float) -> None:
    written, problem = POINT.written(number_text(number))
    assert problem == ""
    assert read_number(written) == number


def local(number: float, decimals: int, group: str, sign: str) -> str:
    return f"{number:,.{decimals}f}".translate({ord(","): group, ord("."): sign})


WRITINGS = st.sampled_from([(",", "."), (".", ","), (" ", ","), ("", "."), ("", ","), ("'", ".")])


@given(st.lists(numbers, min_size=1, max_size=6), st.integers(0, 4), WRITINGS)
def test_no_guess_turns_one_number_into_another(
    values: list[float], decimals: int, writing: tuple[str, str]
) -> None:
    """Read with a sign that was guessed for sure, every number is itself or is refused."""
    texts = [local(value, decimals, *writing) for value in values]
    guess = guess_decimal_sign(texts)
    if not guess.is_sure:
        return
    for value, text in zip(values, texts, strict=True):
        written, problem = NumberReader(guess.value).written(text)
        if not problem and written != text:
            assert math.isclose(read_number(written), round(value, decimals), abs_tol=1e-9)
        elif not problem:
            # What stays as it is, is read by the rules: with a point.
            try:
                read = read_number(text)
            except NumberError:
                continue
            assert math.isclose(read, round(value, decimals), abs_tol=1e-9)


@given(
    st.text(max_size=12), st.sampled_from(".,"), st.sampled_from(["", "%", "GBP million", "days"])
)
def test_every_text_is_a_number_or_stays_what_it_is(text: str, sign: str, unit: str) -> None:
    written, problem = NumberReader(sign).written(text, unit)
    if problem:
        assert written == text
    elif written != text:
        read_number(written)


@given(st.text(alphabet="0123456789.,-+()' eE%£m", max_size=10))
def test_the_two_decimal_signs_never_give_one_text_both_ways_unnoticed(text: str) -> None:
    """A text that both signs read as different numbers is one that the guess asks about."""
    texts = [reader.written(text) for reader in (POINT, COMMA)]
    if any(problem for _, problem in texts):
        return
    try:
        with_point, with_comma = (read_number(written) for written, _ in texts)
    except NumberError:
        return
    if with_point != with_comma:
        assert not guess_decimal_sign([text]).is_sure
