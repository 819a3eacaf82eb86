"""Which metric or subject a text means."""

from __future__ import annotations

import time

import pytest

from metrics.importing.matching import Matcher, plain

NAMED = [
    ("P1", "Café Finder"),
    ("P2", "The Material Strategy"),
    ("P3", "Search & Rescue Helicopters (SARH)"),
    ("P4", "Northern Lights Ltd"),
    ("P5", "Twins"),
    ("P6", "Twins"),
    ("Twin", "Somebody"),
    ("P1x", "P2"),
]
KNOWN = Matcher(NAMED)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("P1", "P1"),
        ("p1", "P1"),
        ("Café Finder", "P1"),
        ("  café   FINDER ", "P1"),
        ("P2", "P2"),  # a code before the name that is written the same
        ("Twins", None),  # two have it: nobody is chosen by themselves
        ("Cafe Finder", None),  # near, and a person says so
        ("", None),
    ],
)
def test_only_a_code_or_a_name_of_its_own_is_certain(text: str, code: str | None) -> None:
    assert KNOWN.certain(text) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Cafe Finder", "P1"),
        ("Material Strategy", "P2"),
        ("Search and Rescue Helicopters SARH", "P3"),
        ("Northern Lights", "P4"),
        ("northern-lights limited", "P4"),
        ("Twins", None),
        ("Material Strategies", None),
    ],
)
def test_what_differs_by_spelling_alone_is_likeliest(text: str, code: str | None) -> None:
    assert KNOWN.likeliest(text) == code


def test_near_names_come_with_their_likeness_the_likest_first() -> None:
    near = KNOWN.near("The Materiel Strategy")
    assert [(name.code, name.name) for name in near] == [("P2", "The Material Strategy")]
    assert 0.9 < near[0].score < 1
    assert [name.code for name in KNOWN.near("Twins")][:2] == ["P5", "P6"]
    assert KNOWN.near("Completely else") == []
    assert KNOWN.near("  ") == []


def test_case_accents_signs_and_legal_forms_do_not_count() -> None:
    assert plain("The  ÉCOLE-Café & Co") == "ecole cafe and"
    assert plain("Straße_7") == "strasse 7"


def test_near_names_of_hundreds_are_found_among_thousands_quickly() -> None:
    matcher = Matcher(
        (f"C{number}", f"Programme {number} of region {number % 37}") for number in range(3_000)
    )
    began = time.perf_counter()
    for number in range(200):
        assert matcher.near(f"Program {number} region {number % 37}")
    assert time.perf_counter() - began < 5


LABELS = [
    ("TOTAL Baseline Whole Life Costs (\N{POUND SIGN}m) (including Non-Government Costs)", "cost"),
    (
        "Total budgeted whole life costs (\N{POUND SIGN}million)\n(including non-government costs)",
        "cost",
    ),
    ("Financial Year Forecast (\N{POUND SIGN}m) (including Non-Government Costs)", "forecast"),
    ("2014/2015 Forecast (\N{POUND SIGN}million)", "forecast"),
    ("TOTAL Baseline Benefits (\N{POUND SIGN}m)", "benefits"),
    (
        "IPA Delivery Confidence Assessment \n(A Delivery Confidence Assessment of the project)",
        "rating",
    ),
]
METRICS = Matcher(
    [
        ("rating", "Delivery confidence rating"),
        ("slip", "End date against the first one published"),
        ("variance", "In-year forecast against budget"),
        ("budget", "In-year budget"),
        ("forecast", "In-year forecast"),
        ("cost", "Baseline whole-life cost"),
        ("benefits", "Baseline benefits"),
    ]
)


@pytest.mark.parametrize(("label", "code"), LABELS)
def test_a_name_is_found_among_the_many_words_of_a_published_label(label: str, code: str) -> None:
    near = METRICS.near_label(label)
    assert near[0].code == code
    assert near[0].score < 1, "it is proposed, and a person chooses"
    assert METRICS.likeliest(label) is None


def test_a_label_that_shares_no_telling_word_is_near_to_nothing() -> None:
    assert METRICS.near_label("GMPP ID Number") == []
    assert METRICS.near_label("") == []
