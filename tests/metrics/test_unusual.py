"""Which values are questioned before they are stored, and which are not."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from metrics.unusual import (
    FEWEST_FOR_SLIPS,
    LATEST_COMPARED,
    Oddity,
    PastValues,
    past_values,
    unusual,
)
from tests.factories import MeasurementFactory, MetricFactory, ProjectFactory

STEADY = [12.0, 12.5, 13.0, 12.5, 12.0, 13.0]
BALANCED = [-3.0, 2.0, 5.0, -1.0, 4.0, 0.0]
LOSSES = [-30.0, -28.0, -31.0, -29.0]
COUNTS = [0.0, 0.0, 1.0, 0.0, 2.0, 0.0, 1.0]
GROWING = [10.0, 12.0, 14.0, 16.0, 18.0, 20.0]
DECADES = [1.0, 9.0, 110.0, 1200.0, 30.0, 5.0]
SHARES = [0.97, 0.99, 0.98, 0.99, 1.0, 0.98]

numbers = st.floats(-1e9, 1e9, allow_nan=False).map(lambda number: round(number, 3))
series = st.lists(numbers, min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("value", "past", "asked"),
    [
        (125, STEADY, "About 10 times the usual 12.5. Is 125 right?"),
        (1250, STEADY, "About 100 times the usual 12.5. Is 1250 right?"),
        (12300, STEADY, "About 1,000 times the usual 12.5. Is 12300 right?"),
        (1.25, STEADY, "About a tenth of the usual 12.5. Is 1.25 right?"),
        (0.12, STEADY, "About a hundredth of the usual 12.5. Is 0.12 right?"),
        (0.0125, STEADY, "About a thousandth of the usual 12.5. Is 0.0125 right?"),
        (98, SHARES, "About 100 times the usual 0.985. Is 98 right?"),
        (125, STEADY[:3], "About 10 times the usual 12.5. Is 125 right?"),
        (120, [12.0, 12.0, 12.0], "About 10 times the usual 12. Is 120 right?"),
        (-300, LOSSES, "About 10 times the usual -29.5. Is -300 right?"),
        (
            -12.5,
            STEADY,
            "-12.5 is below zero; all values so far are above it (usual 12.5). Is -12.5 right?",
        ),
        (
            29,
            LOSSES,
            "29 is above zero; all values so far are below it (usual -29.5). Is 29 right?",
        ),
        (17, STEADY, "Far from the values so far, 12 to 13 (usual 12.5). Is 17 right?"),
        (5, COUNTS, "Far from the values so far, 0 to 2 (usual 0). Is 5 right?"),
        (60, GROWING, "Far from the values so far, 10 to 20 (usual 15). Is 60 right?"),
        (0, STEADY, "Far from the values so far, 12 to 13 (usual 12.5). Is 0 right?"),
    ],
)
def test_a_value_far_from_the_past_is_questioned_in_a_sentence(
    value: float, past: list[float], asked: str
) -> None:
    question = unusual(value, past)
    assert question is not None
    assert question.sentence == asked


@pytest.mark.parametrize(
    ("value", "past"),
    [
        (12.2, STEADY),
        (13.9, STEADY),  # outside the range, by less than its width
        (125, []),
        (125, STEADY[:2]),  # too short a past to speak
        (17, STEADY[:5]),  # long enough for slips, not for spread
        (22, GROWING),
        (24, GROWING),
        (3, COUNTS),
        (16, STEADY),
        (300, DECADES),
        (2000, DECADES),
        (12000, [1.0, 9.0, 110.0, 1200.0]),  # it has been growing tenfold all the time
        (-8, BALANCED),
        (0, [5.0, 6.0, 7.0]),
        (-1, [0.0, 0.0, 0.0, 3.0]),  # one value says little about the sign
        (13, [12.0] * 8),  # without spread there is no scale
        (3, [0.0] * 12),
    ],
)
def test_what_may_well_be_is_not_questioned(value: float, past: list[float]) -> None:
    assert unusual(value, past) is None


@given(series, numbers)
def test_a_value_within_the_range_of_the_past_is_never_questioned(
    past: list[float], value: float
) -> None:
    if min(past) <= value <= max(past):
        assert unusual(value, past) is None


@given(series)
def test_what_was_there_before_is_never_questioned(past: list[float]) -> None:
    assert all(unusual(value, past) is None for value in past)


@given(series, numbers, st.integers(-20, 20))
def test_the_unit_does_not_matter(past: list[float], value: float, power: int) -> None:
    """Powers of two scale exactly."""
    factor = 2.0**power
    question = unusual(value, past)
    scaled = unusual(value * factor, [number * factor for number in past])
    assert (question and question.oddity) == (scaled and scaled.oddity)


@given(series, numbers)
def test_losses_are_judged_as_gains_are(past: list[float], value: float) -> None:
    question = unusual(value, past)
    mirrored = unusual(-value, [-number for number in past])
    assert (question and (question.oddity, question.power)) == (
        mirrored and (mirrored.oddity, mirrored.power)
    )


@given(series, numbers)
def test_the_order_of_the_past_does_not_matter(past: list[float], value: float) -> None:
    shuffled = sorted(past)
    assert unusual(value, past) == unusual(value, shuffled)


@given(
    st.lists(st.floats(80, 120), min_size=FEWEST_FOR_SLIPS, max_size=30),
    st.floats(80, 120),
    st.sampled_from([-3, -2, -1, 1, 2, 3]),
)
def test_a_moved_decimal_sign_is_always_found_in_a_steady_series(
    past: list[float], value: float, power: int
) -> None:
    question = unusual(value * 10.0**power, past)
    assert question is not None
    assert question.oddity == Oddity.SLIP
    assert question.power == power


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=10),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_any_finite_numbers_are_answered(past: list[float], value: float) -> None:
    question = unusual(value, past)
    assert question is None or question.sentence.endswith("right?")


def test_the_past_of_a_period_leaves_the_period_itself_out() -> None:
    days = [date(2026, month, 1) for month in range(1, 10)]
    past = PastValues((1, 2, day, float(day.month)) for day in days)
    assert past.of(1, 2, date(2026, 9, 1)) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert past.of(1, 2, date(2026, 8, 1)) == [1, 2, 3, 4, 5, 6, 7]
    # Where little came before, what came after speaks too.
    assert past.of(1, 2, date(2026, 3, 1)) == [1, 2, 4, 5, 6, 7, 8, 9]
    assert past.of(1, 2, date(2025, 1, 1)) == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert past.of(1, 3, date(2026, 3, 1)) == []


def test_what_is_long_ago_is_not_compared() -> None:
    days = [date(2000 + year, 1, 1) for year in range(LATEST_COMPARED + 5)]
    past = PastValues((1, 2, day, float(day.year)) for day in days)
    compared = past.of(1, 2, date(2090, 1, 1))
    assert (len(compared), compared[-1]) == (LATEST_COMPARED, 2028.0)


@pytest.mark.django_db
def test_the_past_of_many_series_is_read_in_one_query() -> None:
    metric, other = MetricFactory(), MetricFactory()
    projects = [ProjectFactory() for _ in range(3)]
    for project in projects:
        for period in ("2026-02", "2026-01"):
            MeasurementFactory(
                metric=metric, subject=project, period=period, value=float(period[-1])
            )
    MeasurementFactory(metric=other, subject=projects[0], value=99)
    pairs = {(metric.pk, project.pk) for project in projects[:2]} | {(other.pk, projects[2].pk)}
    with CaptureQueriesContext(connection) as queries:
        past = past_values(pairs)
    assert len(queries) == 1
    day = date(2026, 5, 1)
    assert [past.of(metric.pk, project.pk, day) for project in projects] == [[1, 2], [1, 2], []]
    assert past.of(other.pk, projects[0].pk, day) == []  # not asked about
