"""Numbers as people and files write them."""

from __future__ import annotations

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.validation.numbers import NumberError, number_text, read_number

finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1.0),
        ("-1.5", -1.5),
        ("+2", 2.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e-05", 1e-05),
        ("1E3", 1000.0),
        ("007", 7.0),
        ("1e-400", 0.0),
    ],
)
def test_a_decimal_number_is_read(text: str, number: float) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "1,5",
        "1 000",
        " 1",
        "1 ",
        "1_000",
        "NaN",
        "nan",
        "inf",
        "-Infinity",
        "0x1F",
        "1e",
        "e5",
        ".",
        "1.2.3",
        "--1",
        "٣",
        "½",
        "1%",
        "€1",
        "=1",
        "1\n",
        "one",
        "1e5.5",
    ],
)
def test_anything_else_is_no_number(text: str) -> None:
    with pytest.raises(NumberError, match=r"is not a number; write it like 1234\.5 or 1e-05\."):
        read_number(text)


def test_a_number_beyond_all_floats_is_told() -> None:
    with pytest.raises(NumberError, match=r'^"1e309" is too large; the largest number is about'):
        read_number("1e309")


@pytest.mark.parametrize(
    ("text", "number"), [("1,5", 1.5), ("-,5", -0.5), ("2", 2.0), ("1,5e3", 1500.0)]
)
def test_a_person_reads_and_writes_with_their_own_decimal_sign(text: str, number: float) -> None:
    assert read_number(text, ",") == number


@pytest.mark.parametrize("text", ["1.5", "1.234,5", "1,2,3"])
def test_another_decimal_sign_than_ones_own_is_not_guessed_at(text: str) -> None:
    with pytest.raises(NumberError, match="is not a number; write it like 1234,5 or 1e-05"):
        read_number(text, ",")


def test_there_is_one_zero() -> None:
    assert math.copysign(1, read_number("-0")) == 1
    assert math.copysign(1, read_number("-0.0e7")) == 1


@pytest.mark.parametrize(
    ("number", "text"),
    [(1.0, "1"), (0.6, "0.6"), (1e-05, "1e-05"), (100.0, "100"), (1e16, "1e+16"), (-2.5, "-2.5")],
)
def test_the_shortest_text_is_written(number: float, text: str) -> None:
    assert number_text(number) == text


@given(finite)
def test_what_is_written_reads_back_as_the_same_number(number: float) -> None:
    assert read_number(number_text(number)) == number


@given(st.text(alphabet="0123456789.eE+-_, nainf٣", max_size=12))
def test_what_is_read_is_finite_and_what_python_reads(text: str) -> None:
    with suppress(NumberError):
        number = read_number(text)
        assert math.isfinite(number)
        assert number == float(text)
