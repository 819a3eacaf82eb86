"""Curves: two or more points, values rising, scores 0 to 100."""

from __future__ import annotations

import json
from itertools import accumulate
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from metrics.validation.curves import curve_text, read_curve, validate_curve


def refused(points: Any) -> str:
    with pytest.raises(ValidationError) as refusal:
        validate_curve(points)
    return str(refusal.value.messages[0])


@pytest.mark.parametrize(
    "points",
    [
        [[0, 0], [1, 100]],
        [[0, 100], [1, 0]],
        [[-1e300, 0], [0.5, 50], [1e300, 100]],
        [(0, 0), (1, 1)],
        [[0, 40], [1, 40]],
    ],
)
def test_any_shape_of_rising_values_is_a_curve(points: Any) -> None:
    validate_curve(points)


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        ([], "A curve has two or more points; this one has 0."),
        ([[0, 0]], "A curve has two or more points; this one has 1."),
        ({}, '"{}" is no curve; write points [value, score] like [[0,0],[100,100]].'),
        ("up", '"up" is no curve; write points [value, score] like [[0,0],[100,100]].'),
        (5, '"5" is no curve; write points [value, score] like [[0,0],[100,100]].'),
        ([[0, 0], 1], "Point 2 is 1; a point is [value, score]."),
        ([[0, 0], [1]], "Point 2 is [1]; a point is [value, score]."),
        ([[0, 0, 0], [1, 1]], "Point 1 is [0, 0, 0]; a point is [value, score]."),
        ([[0, 0], [1, "9"]], 'Point 2: the score "9" is not a number.'),
        ([[0, 0], [None, 9]], "Point 2: the value null is not a number."),
        ([[0, 0], [True, 9]], "Point 2: the value true is not a number."),
        ([[0, 0], [float("nan"), 9]], "Point 2: the value is not finite."),
        ([[0, 0], [10**400, 9]], "Point 2: the value is not finite."),
        ([[0, 0], [1, float("inf")]], "Point 2: the score is not finite."),
        ([[0, 0], [1, 100.5]], "Point 2: the score 100.5 is not between 0 and 100."),
        ([[0, -1], [1, 1]], "Point 1: the score -1 is not between 0 and 100."),
        ([[0, 0], [1, 1], [1, 2]], "Point 3: the value 1 is not above 1, the value of point 2."),
        ([[0, 0], [-1, 1]], "Point 2: the value -1 is not above 0, the value of point 1."),
    ],
)
def test_the_point_that_is_wrong_is_told(points: Any, sentence: str) -> None:
    assert refused(points) == sentence


@pytest.mark.parametrize("text", ["", "[[0,0],[1,1]", "up", "[" * 100_000, "[[0,0],[1,1]] ]"])
def test_what_is_no_json_is_no_curve(text: str) -> None:
    with pytest.raises(ValidationError, match="is no curve; write points"):
        read_curve(text)


def test_a_curve_is_written_compactly_with_its_numbers_as_short_as_can_be() -> None:
    assert curve_text(read_curve("[ [0.0, 0], [1e-05, 62.50], [2E1, 100.0] ]")) == (
        "[[0,0],[1e-05,62.5],[20,100]]"
    )
    assert read_curve("[[-0.0,0],[1,1]]") == [[0.0, 0.0], [1.0, 1.0]]


curves = st.lists(st.tuples(st.floats(1e-3, 1e6), st.floats(0, 100)), min_size=2, max_size=6).map(
    lambda steps: [
        [value, score]
        for value, (_, score) in zip(accumulate(step for step, _ in steps), steps, strict=True)
    ]
)


@given(curves)
def test_a_curve_reads_back_as_it_was_written(points: list[list[float]]) -> None:
    assert read_curve(curve_text(points)) == points


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=3) | st.integers(),
        lambda inner: st.lists(inner, max_size=4),
        max_leaves=12,
    )
)
def test_any_json_is_either_a_curve_or_refused_in_words(points: Any) -> None:
    told = sentence_about(points)
    if told is not None:
        assert told.endswith(".")
        return
    values = [value for value, _ in points]
    assert values == sorted(set(values))
    assert json.loads(curve_text(points)) == points


def sentence_about(points: Any) -> str | None:
    try:
        validate_curve(points)
    except ValidationError as error:
        return str(error.messages[0])
    return None
