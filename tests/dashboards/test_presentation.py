"""How numbers, months, bands and small drawings look; and that the palette keeps its promises."""

from __future__ import annotations

import itertools
import math
import re
from decimal import Decimal
from pathlib import Path

import pytest

from dashboards.presentation import numbers
from dashboards.presentation.bands import NOT_MEASURED, STYLES, BandLimits, heat_step, style_of
from dashboards.presentation.curve import curve_plot
from dashboards.presentation.freshness import DIAL_LENGTH, freshness_of
from dashboards.presentation.icons import CATEGORY_ICONS, KIND_ICONS
from dashboards.presentation.meters import contribution_bar, range_meter, shares
from dashboards.presentation.money import money_short, money_text, variance
from dashboards.presentation.months import MonthPicker, month_label, month_name
from dashboards.presentation.numbers import MINUS, UNKNOWN
from dashboards.presentation.palette import DARK, LIGHT, PALETTES, Theme
from dashboards.presentation.sparkline import sparkline
from dashboards.presentation.tables import Column, DataTable
from metrics.choices import Band, Category
from projects.choices import SubjectKind
from projects.months import Month

TOKENS = Path(__file__).parents[2] / "static" / "css" / "tokens.css"
THEMES: tuple[Theme, ...] = ("light", "dark")


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0, 0, "0"),
        (1234567.891, 1, "1,234,567.9"),
        (-3.25, 2, f"{MINUS}3.25"),
        (-0.04, 1, "0.0"),
        (Decimal("-1200.50"), 2, f"{MINUS}1,200.50"),
    ],
)
def test_numbers_are_grouped_with_a_proper_minus(
    value: float | Decimal, decimals: int, text: str
) -> None:
    assert numbers.grouped(value, decimals) == text


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (3.14, "+3.1"),
        (-0.45, f"{MINUS}0.5"),
        (0.04, "0.0"),
        (-0.04, "0.0"),
        (0.0, "0.0"),
        (None, UNKNOWN),
    ],
)
def test_a_change_has_a_sign_unless_it_rounds_to_nothing(change: float | None, text: str) -> None:
    assert numbers.change_text(change) == text


def test_unknown_is_never_zero() -> None:
    told = {
        numbers.score_text(None),
        numbers.change_text(None),
        numbers.percent_text(None),
        numbers.value_text(None, "days", 1),
        money_text(None, "EUR"),
        money_short(None, "EUR"),
    }
    assert told == {UNKNOWN}


@pytest.mark.parametrize(
    ("rate", "text"),
    [(0, "0%"), (0.001, "1%"), (0.5, "50%"), (0.83, "83%"), (0.997, "99%"), (1, "100%")],
)
def test_only_all_is_a_hundred_percent_and_only_nothing_is_none(rate: float, text: str) -> None:
    assert numbers.percent_text(rate) == text


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        (12.46, "days", 1, "12.5\N{NO-BREAK SPACE}days"),
        (83, "%", 0, "83%"),
        (0.5, "% of cases", 1, "0.5% of cases"),
        (1200, "", 0, "1,200"),
        (2, "1-5", 0, "2\N{NO-BREAK SPACE}(1-5)"),
    ],
)
def test_a_value_carries_its_unit_and_decimals(
    value: float, unit: str, decimals: int, text: str
) -> None:
    assert numbers.value_text(value, unit, decimals) == text


@pytest.mark.parametrize(
    ("amount", "currency", "whole", "short"),
    [
        (Decimal("1234567.00"), "GBP", "£1,234,567", "£1.2m"),
        (Decimal(-1234567), "EUR", f"{MINUS}€1,234,567", f"{MINUS}€1.2m"),
        (Decimal("4.2"), "USD", "$4.20", "$4.20"),
        (0, "GBP", "£0", "£0"),
        (999, "GBP", "£999", "£999"),
        (1000, "CHF", "CHF\N{NO-BREAK SPACE}1,000", "CHF\N{NO-BREAK SPACE}1k"),
        (999_499, "GBP", "£999,499", "£999k"),
        (999_960, "GBP", "£999,960", "£1.0m"),
        (999_960_000, "GBP", "£999,960,000", "£1.0bn"),
        (2_500_000_000, "", "2,500,000,000", "2.5bn"),
    ],
)
def test_money_always_carries_its_currency(
    amount: Decimal | int, currency: str, whole: str, short: str
) -> None:
    assert (money_text(amount, currency), money_short(amount, currency)) == (whole, short)


@pytest.mark.parametrize(
    ("amount", "planned", "text"),
    [
        (Decimal(1_400_000), Decimal(1_250_000), "£150k (12%) over"),
        (Decimal(1_100_000), Decimal(1_250_000), "£150k (12%) under"),
        (Decimal(5), Decimal(5), "on plan"),
        (Decimal(5), Decimal(0), "£5 over"),
    ],
)
def test_a_variance_says_over_or_under(amount: Decimal, planned: Decimal, text: str) -> None:
    found = variance(amount, planned)
    assert found is not None
    assert found.text("GBP") == text


@pytest.mark.parametrize(("amount", "planned"), [(None, Decimal(1)), (Decimal(1), None)])
def test_there_is_no_variance_against_the_unknown(
    amount: Decimal | None, planned: Decimal | None
) -> None:
    assert variance(amount, planned) is None


def test_months_have_names() -> None:
    month = Month.parse("2026-03")
    assert (month_label(month), month_name(month)) == ("Mar 2026", "March 2026")
    assert (month_label(None), month_name(None)) == ("", "")


def test_the_month_picker_offers_the_latest_first_and_marks_the_running_month() -> None:
    months = [Month.parse(text) for text in ("2026-09", "2026-11", "2026-10")]
    picker = MonthPicker.of(months, chosen=Month.parse("2026-10"), running=Month.parse("2026-11"))
    assert [(choice.value, choice.label) for choice in picker.choices] == [
        ("2026-11", "Nov 2026 (unfinished)"),
        ("2026-10", "Oct 2026"),
        ("2026-09", "Sep 2026"),
    ]
    assert (picker.previous, picker.next) == (Month.parse("2026-09"), Month.parse("2026-11"))
    assert not picker.is_unfinished


def test_a_month_that_is_not_offered_can_still_be_chosen() -> None:
    picker = MonthPicker.of([Month.parse("2026-09")], chosen=Month.parse("2020-01"))
    assert picker.previous is None
    assert picker.next == Month.parse("2026-09")
    assert [choice.value for choice in picker.choices if choice.is_chosen] == ["2020-01"]


@pytest.mark.parametrize(
    ("age", "freshness", "state", "words"),
    [
        (0, 1.0, "current", "current"),
        (1, 0.75, "fading", "1 month old, fading"),
        (3, 0.25, "fading", "3 months old, fading"),
        (0, 0.5, "fading", "from fading inputs"),
        (None, None, "missing", "no value in force"),
        (4, 0.0, "missing", "no value in force"),
    ],
)
def test_freshness_is_told_in_words(
    age: int | None, freshness: float | None, state: str, words: str
) -> None:
    mark = freshness_of(age=age, freshness=freshness)
    assert (mark.state, mark.words) == (state, words)
    assert mark.left == pytest.approx(DIAL_LENGTH * (freshness or 0), abs=0.01)


def test_every_band_has_its_own_shape_word_and_colour() -> None:
    styles = [*STYLES.values(), NOT_MEASURED]
    assert set(STYLES) == set(Band)
    assert len({style.shape for style in styles}) == len(styles)
    assert len({style.word for style in styles}) == len(styles)
    assert len({style.symbol for style in styles}) == len(styles)
    assert len({style.colour for style in STYLES.values()}) == len(STYLES)


def test_no_band_is_not_measured() -> None:
    assert style_of(None) is NOT_MEASURED
    assert style_of(3).word == "Green"


@pytest.mark.parametrize(
    ("score", "band", "step"),
    [
        (100, Band.GREEN, "green-3"),
        (83, Band.GREEN, "green-2"),
        (75, Band.GREEN, "green-1"),
        (62, Band.AMBER, "amber-1"),
        (61.9, Band.AMBER, "amber-2"),
        (49, Band.RED, "red-1"),
        (30, Band.RED, "red-2"),
        (0, Band.RED, "red-3"),
        (None, Band.INSUFFICIENT, "insufficient"),
        (None, None, ""),
    ],
)
def test_a_heat_map_cell_is_deeper_the_further_its_score_is(
    score: float | None, band: Band | None, step: str
) -> None:
    assert heat_step(score, band) == step


def test_a_sparkline_breaks_where_a_score_is_unknown() -> None:
    line = sparkline([40, 50, None, 60, None, 70, 80])
    assert len(line.lines) == 2
    assert len(line.singles) == 1
    assert line.last.startswith("M116 ")
    assert line.label == (
        "7 months: from 40.0 to 80.0, lowest 40.0, highest 80.0, unknown in 2 months"
    )


def test_a_sparkline_without_scores_draws_nothing_and_says_so() -> None:
    line = sparkline([None, None])
    assert (line.lines, line.singles, line.last) == ((), (), "")
    assert line.label == "No score in 2 months"


def test_a_sparkline_that_ends_unknown_has_no_last_dot() -> None:
    assert sparkline([40, 50, None]).last == ""


def test_the_step_into_an_unfinished_month_is_a_line_of_its_own() -> None:
    line = sparkline([40, 50, 60], ends_unfinished=True)
    assert len(line.lines) == 1
    assert line.unfinished.startswith("M60 ")
    assert line.label.endswith("the last month is unfinished")


def test_a_flat_sparkline_is_flat_and_stays_in_its_box() -> None:
    heights = {
        float(height)
        for score in (0, 50, 100)
        for height in re.findall(r"[ML][\d.]+ ([\d.]+)", sparkline([score, score]).lines[0])
    }
    assert heights == {4, 16, 28}


def test_one_score_alone_is_a_dot() -> None:
    line = sparkline([50])
    assert (line.lines, line.singles) == ((), ())
    assert line.last


def test_the_curve_plot_places_the_value_and_tells_it() -> None:
    plot = curve_plot([(2, 100), (10, 0)], value=6, score=50, unit="days", decimals=1)
    assert plot.place == "M52 16h0"
    assert plot.drop == "M52 16L52 28"
    assert plot.label == (
        "Lower is better, from 2.0\N{NO-BREAK SPACE}days to 10.0\N{NO-BREAK SPACE}days; "
        "6.0\N{NO-BREAK SPACE}days scores 50.0"
    )


@pytest.mark.parametrize(
    ("curve", "words"),
    [
        ([(0, 0), (1, 100)], "Higher is better"),
        ([(0, 100), (1, 0)], "Lower is better"),
        ([(0, 0), (1, 100), (2, 0)], "Best inside a range"),
    ],
)
def test_the_curves_shape_is_told(curve: list[tuple[float, float]], words: str) -> None:
    plot = curve_plot(curve)
    assert plot.label.startswith(words)
    assert (plot.place, plot.drop) == ("", "")


def test_a_value_far_outside_the_curve_stays_in_the_plot() -> None:
    x = float(
        re.findall(r"M([\d.]+)", curve_plot([(0, 0), (1, 100)], value=50, score=100).place)[0]
    )
    assert 0 < x < 104


def test_the_range_meter_says_what_is_possible() -> None:
    meter = range_meter(score=72.4, low=60.8, high=76.8, coverage=0.84, limits=BandLimits(50, 75))
    assert (meter.low, meter.width, meter.score, meter.limits) == (60.8, 16.0, 72.4, (50, 75))
    assert meter.label == "Score 72.4, possible 60.8 to 76.8; 84% of the evidence is in"


def test_without_a_score_everything_is_possible() -> None:
    meter = range_meter(score=None, low=None, high=None, coverage=None)
    assert (meter.low, meter.width, meter.score) == (0, 100, None)
    assert meter.label == "No score, possible 0.0 to 100.0; 0% of the evidence is in"


def test_a_full_coverage_still_shows_a_sliver() -> None:
    assert range_meter(score=50, low=50, high=50, coverage=1).width > 0


def test_contribution_bars_share_one_zero() -> None:
    given = contribution_bar(30, largest=30, smallest=-10)
    taken = contribution_bar(-10, largest=30, smallest=-10)
    assert (given.zero, given.start, given.width) == (25, 25, 75)
    assert (taken.zero, taken.start, taken.width) == (25, 0, 25)
    assert (given.text, taken.text) == ("+30.0", f"{MINUS}10.0")


def test_shares_add_up_to_the_whole() -> None:
    found = shares([("a", 3), ("b", 1), ("c", 0)])
    assert [(share.percent, share.start) for share in found] == [(75, 0), (25, 75), (0, 100)]
    assert shares([("a", 0)]) == ()


def test_a_data_table_keeps_raw_values_and_writes_unknown_as_a_dash() -> None:
    table = DataTable(
        columns=(Column("Name"), Column("Score", numbers.score_text, is_number=True)),
        rows=[("a", 72.44), ("b", None), ("c", 0.0)],
    )
    assert [[cell.text for cell in row] for row in table.written] == [
        ["a", "72.4"],
        ["b", UNKNOWN],
        ["c", "0.0"],
    ]
    assert table.rows[0][1] == 72.44


def test_every_category_and_kind_has_an_icon() -> None:
    assert set(CATEGORY_ICONS) == set(Category)
    assert set(KIND_ICONS) == set(SubjectKind)


def colours_in(sheet: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", sheet))


def test_the_palette_is_the_style_sheets() -> None:
    light, dark = TOKENS.read_text().split("@media screen")
    assert colours_in(light) == LIGHT
    assert colours_in(dark) == DARK
    assert LIGHT.keys() == DARK.keys()


SURFACES = ("page", "surface", "sunken", "hover")
TEXT_PAIRS = [
    *itertools.product(("ink", "muted", "faint", "accent"), SURFACES),
    *((f"{band}-ink", ground) for band in ("green", "amber", "red") for ground in SURFACES),
    *((f"{band}-ink", f"{band}-soft") for band in ("green", "amber", "red", "insufficient")),
    *(("ink", name) for name in LIGHT if name.startswith("heat-")),
    ("accent-ink", "accent"),
    ("accent", "accent-soft"),
    ("ink", "accent-soft"),
]
MARK_PAIRS = [
    *itertools.product(("green", "amber", "red", "insufficient", "rise", "fall"), ("surface",)),
    *((f"category-{name}", "surface") for name in ("tactical", "value-creation", "longevity")),
    *((band, f"{band}-soft") for band in ("green", "amber", "red", "insufficient")),
    *itertools.product(("line-strong", "accent"), ("surface", "page")),
    ("accent", "range"),
]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("pairs", "least"), [(TEXT_PAIRS, 4.5), (MARK_PAIRS, 3)], ids=["text", "marks"]
)
def test_contrast_is_enough(theme: Theme, pairs: list[tuple[str, str]], least: float) -> None:
    palette = PALETTES[theme]
    weak = {
        (front, ground): round(contrast(palette[front], palette[ground]), 2)
        for front, ground in pairs
        if contrast(palette[front], palette[ground]) < least
    }
    assert weak == {}


# Machado, Oliveira and Fernandes 2009, full severity, on linear RGB.
SIGHTS = {
    "all colours": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("sight", SIGHTS)
def test_bands_and_categories_stay_apart_for_the_colour_blind(theme: Theme, sight: str) -> None:
    palette = PALETTES[theme]
    groups = (
        ("green", "amber", "red"),
        tuple(name for name in palette if name.startswith("category-")),
        ("rise", "fall"),
    )
    close = {
        (one, other): round(difference(palette[one], palette[other], sight))
        for group in groups
        for one, other in itertools.combinations(group, 2)
        if difference(palette[one], palette[other], sight) < 12
    }
    assert close == {}


def linear(colour: str) -> list[float]:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]


def luminance(colour: str) -> float:
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def difference(one: str, other: str, sight: str) -> float:
    """CIE 1976 colour difference as somebody with this sight sees it; 2 is just noticeable."""
    return math.dist(lab(one, sight), lab(other, sight))


def lab(colour: str, sight: str) -> tuple[float, float, float]:
    rgb = linear(colour)
    red, green, blue = (
        min(max(sum(weight * part for weight, part in zip(row, rgb, strict=True)), 0), 1)
        for row in SIGHTS[sight]
    )
    x = bent((0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047)
    y = bent(0.2126729 * red + 0.7151522 * green + 0.0721750 * blue)
    z = bent((0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def bent(part: float) -> float:
    return part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116
