"""Formulas among metrics (SCORING section 2): names, kinds, cadences and circles."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from metrics.choices import Cadence
from metrics.validation.facts import MetricFacts
from metrics.validation.formulas import folded, formula_errors, validate_formula

PROJECT = "project"


def metrics(*rows: tuple[str, ...]) -> dict[str, MetricFacts]:
    """(code, cadence, formula, kind) with the last two left out where they do not matter."""
    found = {}
    for code, cadence, *more in rows:
        formula, kind = (*more, *("", PROJECT)[len(more) :])
        found[code] = MetricFacts(code, kind, cadence, formula)
    return found


INPUTS = [
    ("daily", "day"),
    ("weekly", "week"),
    ("monthly", "month"),
    ("quarterly", "quarter"),
    ("yearly", "year"),
]


@pytest.mark.parametrize(
    ("cadence", "formula"),
    [
        ("month", "monthly"),
        ("month", "daily + weekly"),
        ("month", "monthly / quarterly * yearly"),
        ("quarter", "quarterly"),
        ("quarter", "quarterly + yearly"),
        ("year", "yearly * 2"),
    ],
)
def test_inputs_are_of_the_same_cadence_or_a_coarser_one(cadence: str, formula: str) -> None:
    assert formula_errors(metrics(*INPUTS, ("f", cadence, formula))) == {}


@pytest.mark.parametrize(
    ("cadence", "formula", "sentences"),
    [
        (
            "quarter",
            "quarterly + monthly",
            [
                "monthly comes by month, finer than the quarter of f; inputs are of the same"
                " cadence or a coarser one."
            ],
        ),
        (
            "year",
            "daily + yearly",
            [
                "daily comes by day, finer than the year of f; inputs are of the same cadence or a"
                " coarser one."
            ],
        ),
        (
            "month",
            "quarterly + yearly",
            ["No input comes by month, the cadence of f; at least one must."],
        ),
        ("month", "7", ["No input comes by month, the cadence of f; at least one must."]),
        (
            "week",
            "weekly",
            ["A formula's cadence is month, quarter or year, and f is measured by week."],
        ),
        (
            "month",
            "montly + annual",
            [
                '"annual" is no metric; there are daily, f, monthly, quarterly, weekly and yearly.',
                '"montly" is no metric; did you mean monthly?',
            ],
        ),
        ("month", "monthly +", ["The formula can't be read: invalid syntax."]),
        ("month", "f + monthly", ["The formulas go in a circle: f -> f."]),
    ],
)
def test_what_is_wrong_with_a_formula_is_told(
    cadence: str, formula: str, sentences: list[str]
) -> None:
    assert formula_errors(metrics(*INPUTS, ("f", cadence, formula))) == {"f": sentences}


def test_inputs_are_of_the_same_kind_of_subject() -> None:
    known = metrics(("m", "month"), ("s", "month", "", "segment"), ("f", "month", "m + s"))

    assert formula_errors(known) == {
        "f": [
            "s is measured of each segment, f of each project; inputs are of the same kind of"
            " subject."
        ]
    }


def test_a_circle_is_told_to_each_metric_in_it_and_to_no_other() -> None:
    known = metrics(
        ("m", "month"),
        ("a", "month", "b + m"),
        ("b", "month", "c"),
        ("c", "month", "a"),
        ("outside", "month", "a + m"),
    )

    assert formula_errors(known) == {
        "a": ["The formulas go in a circle: a -> b -> c -> a."],
        "b": ["The formulas go in a circle: b -> c -> a -> b."],
        "c": ["The formulas go in a circle: c -> a -> b -> c."],
    }


def test_formulas_may_be_inputs_of_formulas() -> None:
    known = metrics(("m", "month"), ("a", "month", "m * 2"), ("b", "month", "a + m"))

    assert formula_errors(known) == {}


def test_every_cadence_is_folded_to_one_that_formulas_know() -> None:
    assert [folded(cadence) for cadence in Cadence] == [
        "month", "month", "month", "quarter", "year",
    ]  # fmt: skip


def test_a_field_refuses_what_cannot_be_read() -> None:
    validate_formula("a + b")
    with pytest.raises(ValidationError, match="can't be read"):
        validate_formula("a +")


graphs = st.dictionaries(
    st.sampled_from("abcdef"), st.sets(st.sampled_from("abcdef"), min_size=1, max_size=3)
)


@given(graphs)
def test_a_circle_is_told_just_where_a_formula_needs_itself(graph: dict[str, set[str]]) -> None:
    rows = [(code, "month", " + ".join(sorted(graph.get(code, ())))) for code in "abcdef"]

    told = {
        code
        for code, sentences in formula_errors(metrics(*rows)).items()
        if any("circle" in sentence for sentence in sentences)
    }
    assert told == {code for code in graph if code in reached_from(code, graph)}


def reached_from(start: str, graph: dict[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        code = waiting.pop()
        if code not in reached:
            reached.add(code)
            waiting.extend(graph.get(code, ()))
    return reached
