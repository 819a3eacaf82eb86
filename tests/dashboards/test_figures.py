"""What the figures draw, say and list, asserted on their data and layout."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from dashboards import figures
from dashboards.figures import (
    BandCounts,
    BandDistribution,
    Bubble,
    CategoryTrends,
    ChangeBridge,
    Chart,
    ChartEvent,
    Contributions,
    CurvePlace,
    MetricCurve,
    Part,
    ScoreTrend,
    SubjectValues,
    TrendPoint,
    ValueAgainstCost,
    ValuePoint,
    ValueSeries,
    event_marks,
)
from dashboards.figures.drawing import bar
from dashboards.figures.theme import new_figure, resolved
from dashboards.presentation.bands import BandLimits
from dashboards.presentation.numbers import MINUS, UNKNOWN
from dashboards.presentation.palette import LIGHT, PALETTES, Theme
from metrics.choices import Band, Category
from projects.months import Month, month_range

LIMITS = BandLimits(amber_from=50, green_from=75)
JUNE = Month.parse("2026-06")
NBSP = "\N{NO-BREAK SPACE}"


def points(scores: Sequence[float | None], *, first: Month = JUNE) -> list[TrendPoint]:
    return [
        TrendPoint(month, None, Band.INSUFFICIENT, coverage=0.2)
        if score is None
        else TrendPoint(month, score, band_of(score), score - 5, score + 5, 0.9)
        for month, score in zip(month_range(first, first + len(scores) - 1), scores, strict=True)
    ]


def band_of(score: float) -> Band:
    return Band.GREEN if score >= 75 else Band.AMBER if score >= 50 else Band.RED


def trend(scores: Sequence[float | None], *, unfinished: Month | None = None) -> ScoreTrend:
    return ScoreTrend("Northwind", points(scores), LIMITS, unfinished)


def bridge(*parts: Part, start: float = 60.0) -> ChangeBridge:
    end = start + sum(part.points for part in parts)
    return ChangeBridge("Northwind", "Sep 2026", start, parts, "Oct 2026", end)


def traces(chart: Chart) -> dict[str, dict[str, Any]]:
    """The chart's traces as the browser gets them, by name."""
    return {trace["name"]: trace for trace in chart.as_json["data"]}


def every_chart() -> list[Chart]:
    values = [
        ValuePoint("2026-06", date(2026, 6, 1), 4.0),
        ValuePoint("2026-07", date(2026, 7, 1), None),
    ]
    return [
        figures.arrivals_chart(
            figures.Arrivals("m", [figures.MonthArrivals(JUNE, in_time=1, missing=1)])
        ),
        figures.score_trend_chart(trend([40, None, 80], unfinished=JUNE.plus(2))),
        figures.category_trends_chart(
            CategoryTrends("N", [(c, points([40, 60])) for c in Category], LIMITS, JUNE.plus(1))
        ),
        figures.change_bridge_chart(bridge(Part("Up", 2.0), Part("Down", -1.0))),
        figures.contribution_bars_chart(
            Contributions("N", 9.0, [Part("a", 10.0), Part("b", -1.0)])
        ),
        figures.value_cost_bubbles_chart(
            ValueAgainstCost("GBP", [Bubble("a", Decimal(5), 50.0, Band.AMBER, 3)], LIMITS)
        ),
        figures.band_distribution_chart(BandDistribution([BandCounts(JUNE, {Band.RED: 1}, True)])),
        figures.comparison_chart(
            figures.Comparison(
                "Fleet", "Yards", [figures.ComparedScore("Overall", 60.0, 50.0)], LIMITS
            )
        ),
        figures.cost_dots_chart(
            figures.CostsAgainstBenchmark(
                "Mail", [figures.CostPlace("a", Decimal(5), Decimal(4), "GBP")]
            )
        ),
        figures.metric_curve_chart(
            MetricCurve(
                "m", [(0, 0), (1, 100)], [CurvePlace("a", 0.5, 50, Band.AMBER)], limits=LIMITS
            )
        ),
        figures.value_series_chart(ValueSeries("m", [SubjectValues("a", values)], "days", 1)),
    ]


def test_every_offered_chart_is_looked_at_here() -> None:
    offered = [name for name in figures.__all__ if name.endswith("_chart")]
    assert len(every_chart()) == len(offered)


def other_shapes() -> list[Chart]:
    """Charts with what the first ones lack: crowds, curves of their own, years, events."""
    crowd = [CurvePlace(f"{n}", n % 100, n % 100, Band.AMBER) for n in range(600)]
    own = CurvePlace("own", 50, 50, Band.RED, own_curve=((0, 100), (90, 0)))
    marks = event_marks([ChartEvent(date(2026, 7, 3), "Merger", text="Two firms.")])
    far = [Bubble(name, Decimal(cost), 50.0, Band.RED) for name, cost in (("a", 1), ("b", 10**6))]
    months = month_range(JUNE, JUNE + 23)
    counts = [BandCounts(month, {Band.GREEN: 40, Band.INSUFFICIENT: 1}) for month in months]
    year = [ValuePoint("2026", date(2026, 1, 1), 1.0, is_unfinished=True)]
    return [
        figures.metric_curve_chart(MetricCurve("m", [(0, 0), (9, 100)], [*crowd, own], "days", 1)),
        figures.score_trend_chart(ScoreTrend("N", points([60] * 24), LIMITS, events=marks)),
        figures.value_cost_bubbles_chart(ValueAgainstCost("", far, LIMITS)),
        figures.value_cost_bubbles_chart(ValueAgainstCost("GBP", [])),
        figures.band_distribution_chart(BandDistribution(counts, events=marks)),
        figures.change_bridge_chart(bridge()),
        figures.contribution_bars_chart(Contributions("N", 0.0, [])),
        figures.value_series_chart(
            ValueSeries("m", [SubjectValues(name, year) for name in "abcdef"], events=marks)
        ),
    ]


@pytest.mark.parametrize("chart", [*every_chart(), *other_shapes()], ids=lambda chart: chart.slug)
def test_the_browser_gets_what_plotly_itself_would_write(chart: Chart) -> None:
    assert chart.as_json == json.loads(chart.figure.to_json())


def test_a_property_that_plotly_does_not_know_is_found() -> None:
    drawing = new_figure()
    drawing.add(bar(x=[1], y=[2], colour="red"))
    with pytest.raises(ValueError, match="colour"):
        drawing.figure()


def test_a_part_of_the_layout_is_changed_without_losing_the_rest() -> None:
    first, second = new_figure(legend={"x": 0}), new_figure()
    first.change(legend={"y": 1})
    assert first.layout["legend"] == {"x": 0, "y": 1}
    first.change(template={"layout": {"font": {"size": 20}}})
    assert second.layout == new_figure().layout


@pytest.mark.parametrize("chart", every_chart(), ids=lambda chart: chart.slug)
def test_a_figure_names_colours_by_role_only(chart: Chart) -> None:
    drawn = chart.figure.to_json()
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b", drawn) == []
    assert set(re.findall(r"var\(--([\w-]+)\)", drawn)) <= LIGHT.keys()


@pytest.mark.parametrize("theme", PALETTES)
@pytest.mark.parametrize("chart", every_chart(), ids=lambda chart: chart.slug)
def test_a_figure_can_leave_the_browser_in_either_theme(chart: Chart, theme: Theme) -> None:
    drawn = resolved(chart.figure, theme).to_json()
    assert "var(" not in drawn
    assert PALETTES[theme]["ink"] in drawn


@pytest.mark.parametrize("chart", every_chart(), ids=lambda chart: chart.slug)
def test_a_chart_has_a_message_a_table_and_plain_lists(chart: Chart) -> None:
    assert chart.summary.endswith(".")
    assert chart.table.written
    # Typed arrays would need a decoder that plotly.js has and our script hasn't.
    assert "bdata" not in json.dumps(chart.as_json)


def test_no_figure_is_a_gauge_a_pie_or_three_dimensional() -> None:
    kinds = {trace["type"] for chart in every_chart() for trace in chart.as_json["data"]}
    assert kinds == {"scatter", "bar"}


def test_an_unknown_month_is_a_gap_in_the_line() -> None:
    chart = figures.score_trend_chart(trend([40, None, 80]))
    line = traces(chart)["Northwind"]
    assert line["y"] == [40, None, 80]
    assert line["connectgaps"] is False


def test_the_possible_range_is_one_shape_for_each_stretch() -> None:
    area = traces(figures.score_trend_chart(trend([40, 50, None, 80])))["Possible range"]
    assert area["y"] == [45, 55, 45, 35, None, 85, 75, None]
    assert area["fill"] == "toself"


def test_marks_tell_the_band_by_symbol_and_colour() -> None:
    marks = traces(figures.score_trend_chart(trend([40, None, 60, 80])))["Band"]
    assert marks["marker"]["symbol"] == ["diamond", "triangle-up", "circle"]
    assert marks["marker"]["line"]["color"] == ["var(--red)", "var(--amber)", "var(--green)"]


def test_the_unfinished_month_is_dotted_and_hollow() -> None:
    drawn = traces(figures.score_trend_chart(trend([40, 60, 80], unfinished=JUNE.plus(2))))
    assert drawn["Northwind"]["y"] == [40, 60]
    assert drawn["Unfinished month"]["y"] == [60, 80]
    assert drawn["Unfinished month"]["line"]["dash"] == "dot"
    assert drawn["Band"]["marker"]["color"] == ["var(--red)", "var(--amber)", "var(--surface)"]
    assert "unfinished month" in drawn["Band"]["hovertext"][-1]


def test_the_limits_of_the_bands_are_drawn_and_named() -> None:
    layout = figures.score_trend_chart(trend([40])).as_json["layout"]
    assert [shape["y0"] for shape in layout["shapes"]] == [75, 50]
    assert [note["text"] for note in layout["annotations"]] == ["Green 75", "Amber 50"]


def test_a_score_axis_always_shows_all_of_0_to_100() -> None:
    layout = figures.score_trend_chart(trend([60, 61])).as_json["layout"]
    assert layout["yaxis"]["tickvals"] == [0, 25, 50, 75, 100]


def test_a_few_months_are_each_named_once() -> None:
    axis = figures.score_trend_chart(trend([60, 61])).as_json["layout"]["xaxis"]
    assert axis["tickvals"] == ["2026-06-01", "2026-07-01"]


def test_the_trend_is_told_with_its_ends_and_gaps() -> None:
    chart = figures.score_trend_chart(trend([40, None, 80, 72.4]))
    assert chart.summary == (
        "Northwind: 72.4 (Amber) in Sep 2026; +32.4 points since Jun 2026; "
        "between 40.0 (Jun 2026) and 80.0 (Aug 2026); without a score in 1 month."
    )


@pytest.mark.parametrize(
    ("scores", "summary"),
    [
        ([], "Northwind has no score in 0 months."),
        ([None, None], "Northwind has no score in 2 months."),
        ([0.0], "Northwind: 0.0 (Red) in Jun 2026."),
        (
            [50.0, 50.01],
            "Northwind: 50.0 (Amber) in Jul 2026; unchanged since Jun 2026; "
            "between 50.0 (Jun 2026) and 50.0 (Jul 2026).",
        ),
    ],
)
def test_the_trend_is_told_without_much_to_tell(scores: list[float | None], summary: str) -> None:
    assert figures.score_trend_chart(trend(scores)).summary == summary


def test_the_trends_table_has_every_month_and_unknown_as_unknown() -> None:
    table = figures.score_trend_chart(trend([40, None])).table
    assert [[cell.text for cell in row] for row in table.written] == [
        ["Jun 2026", "40.0", "Red", "35.0", "45.0", "90%"],
        ["Jul 2026", UNKNOWN, "Insufficient", UNKNOWN, UNKNOWN, "20%"],
    ]


def test_categories_differ_in_colour_dash_and_mark() -> None:
    chart = figures.category_trends_chart(
        CategoryTrends("N", [(category, points([40, 60])) for category in Category])
    )
    drawn = chart.as_json["data"]
    assert len(drawn) == 4
    for key in ("color", "dash"):
        assert len({trace["line"][key] for trace in drawn}) == 4
    assert len({trace["marker"]["symbol"] for trace in drawn}) == 4


def test_an_unknown_category_is_named_as_unknown() -> None:
    series: dict[Category, list[float | None]] = {
        Category.TACTICAL: [40.0, 60.0],
        Category.VALUE_CREATION: [80.0, None],
        Category.LONGEVITY: [None, None],
        Category.FINANCIAL: [None, 70.0],
    }
    chart = figures.category_trends_chart(
        CategoryTrends(
            "Northwind", [(category, points(scores)) for category, scores in series.items()]
        )
    )
    assert chart.summary == (
        "Northwind, Jun 2026 to Jul 2026: Tactical 60.0 (Amber), +20.0 points; "
        "Value creation 80.0 (Green) in Jun 2026; Longevity unknown; Financial 70.0 (Amber)."
    )
    assert [[cell.text for cell in row] for row in chart.table.written] == [
        ["Jun 2026", "40.0", "80.0", UNKNOWN, UNKNOWN],
        ["Jul 2026", "60.0", UNKNOWN, UNKNOWN, "70.0"],
    ]


def test_the_parts_of_a_bridge_float_between_its_levels() -> None:
    chart = figures.change_bridge_chart(bridge(Part("Tactical", 2.5), Part("Financial", -4.0)))
    bars = traces(chart)["Parts"]
    assert bars["base"] == [60.0, 62.5]
    assert bars["y"] == [2.5, -4.0]
    assert bars["text"] == ["+2.5", f"{MINUS}4.0"]
    assert bars["marker"]["color"] == ["var(--rise)", "var(--fall)"]
    assert bars["marker"]["pattern"]["shape"] == ["", "/"]
    assert traces(chart)["Oct 2026"]["y"] == [58.5, 58.5, 58.5]


def test_a_bridge_whose_parts_do_not_add_up_is_refused() -> None:
    with pytest.raises(ValueError, match="The parts lead from 60 to 62"):
        ChangeBridge("N", "Sep 2026", 60, [Part("a", 2)], "Oct 2026", 63)


def test_a_bridge_tells_the_largest_parts_and_no_nothing() -> None:
    chart = figures.change_bridge_chart(
        bridge(
            Part("a", 1), Part("b", 4), Part("c", 0.01), Part("d", -2), Part("e", 2), Part("f", 3)
        )
    )
    assert chart.summary == (
        "Northwind went from 60.0 in Sep 2026 to 68.0 in Oct 2026 (+8.0). "
        f"Up: b +4.0, f +3.0 and e +2.0. Down: d {MINUS}2.0."
    )


def test_a_bridge_without_parts_shows_two_equal_levels() -> None:
    chart = figures.change_bridge_chart(bridge())
    assert traces(chart)["Sep 2026"]["y"] == traces(chart)["Oct 2026"]["y"]
    assert chart.summary == "Northwind went from 60.0 in Sep 2026 to 60.0 in Oct 2026 (0.0)."
    low, high = chart.as_json["layout"]["yaxis"]["range"]
    assert low < 60 < high


def test_the_bridges_table_leads_from_one_score_to_the_other() -> None:
    table = figures.change_bridge_chart(bridge(Part("Tactical", 2.5, "12 new values"))).table
    assert [[cell.text for cell in row] for row in table.written] == [
        ["Sep 2026", UNKNOWN, "60.0", ""],
        ["Tactical", "+2.5", "62.5", "12 new values"],
        ["Oct 2026", "+2.5", "62.5", ""],
    ]


def test_contributions_keep_their_order_and_take_away_below_zero() -> None:
    chart = figures.contribution_bars_chart(
        Contributions(
            "Overall", 62.0, [Part("Tactical", 30.0), Part("Value", 35.0), Part("Balance", -3.0)]
        )
    )
    bars = traces(chart)["Points"]
    assert bars["x"] == [30.0, 35.0, -3.0]
    assert bars["marker"]["color"] == ["var(--accent)", "var(--accent)", "var(--fall)"]
    assert chart.as_json["layout"]["yaxis"]["ticktext"] == ["Tactical", "Value", "Balance"]
    assert chart.summary == (
        f"Overall 62.0 is made of Tactical 30.0 and Value 35.0; taken away by Balance {MINUS}3.0."
    )


def test_no_contributions_are_told_as_none() -> None:
    chart = figures.contribution_bars_chart(Contributions("Overall", 0, []))
    assert chart.summary == "Overall has no parts with a score."


def project(
    name: str, budget: int | None, score: float | None, *, customers: int | None = 10
) -> Bubble:
    band = Band.INSUFFICIENT if score is None else band_of(score)
    url = f"/projects/{name}/"
    return Bubble(name, None if budget is None else Decimal(budget), score, band, customers, url)


def test_bubbles_place_what_is_known_and_tell_what_is_not() -> None:
    chart = figures.value_cost_bubbles_chart(
        ValueAgainstCost(
            "GBP",
            [
                project("Dear", 9_000_000, 30),
                project("Good", 5_000_000, 90, customers=40),
                project("No budget", None, 80),
                project("No score", 4_000_000, None),
                project("Nothing spent", 0, 80),
            ],
            LIMITS,
        )
    )
    drawn = traces(chart)
    assert list(drawn) == ["Green", "Red"]
    assert (drawn["Red"]["x"], drawn["Red"]["y"]) == ([9_000_000], [30])
    assert drawn["Green"]["marker"]["symbol"] == "circle"
    assert drawn["Red"]["marker"]["symbol"] == "diamond"
    assert drawn["Green"]["customdata"] == [["/projects/Good/"]]
    assert chart.summary == (
        "2 projects with a budget in GBP. The largest, Dear (£9.0m), scores 30.0 for value "
        "creation. Among the costliest quarter, red: Dear. 3 projects can't be placed: budget or "
        "score is unknown."
    )
    assert len(chart.table.rows) == 5


def test_a_bubbles_area_is_its_customers() -> None:
    chart = figures.value_cost_bubbles_chart(
        ValueAgainstCost(
            "GBP", [project("a", 5, 60, customers=400), project("b", 6, 60, customers=None)]
        )
    )
    marker = traces(chart)["Amber"]["marker"]
    assert marker["sizemode"] == "area"
    assert marker["size"][0] == 400
    assert 0 < marker["size"][1] < 1, "a mark of size 0 is not drawn"
    assert "customers unknown" in traces(chart)["Amber"]["hovertext"][1]


@pytest.mark.parametrize(("largest", "kind"), [(200, None), (50_000, "log")])
def test_budgets_far_apart_get_a_logarithmic_axis(largest: int, kind: str | None) -> None:
    chart = figures.value_cost_bubbles_chart(
        ValueAgainstCost("GBP", [project("a", 10, 60), project("b", largest, 60)])
    )
    assert chart.as_json["layout"]["xaxis"].get("type") == kind


def test_money_on_an_axis_reads_as_money() -> None:
    chart = figures.value_cost_bubbles_chart(
        ValueAgainstCost("GBP", [project("a", 9_000_000, 60), project("b", 2_000_000, 60)])
    )
    assert chart.as_json["layout"]["xaxis"]["ticktext"] == ["£0", "£2m", "£4m", "£6m", "£8m"]


@pytest.mark.parametrize("bubbles", [[], [project("a", None, None)]])
def test_without_a_placeable_project_the_chart_says_so(bubbles: list[Bubble]) -> None:
    chart = figures.value_cost_bubbles_chart(ValueAgainstCost("GBP", bubbles))
    assert chart.as_json["data"] == []
    assert chart.summary.startswith("No project has both a budget and a value creation score.")


def test_band_counts_are_stacked_with_a_pattern_each() -> None:
    chart = figures.band_distribution_chart(
        BandDistribution(
            [
                BandCounts(JUNE, {Band.GREEN: 3, Band.RED: 2}),
                BandCounts(JUNE.plus(1), {Band.GREEN: 4, Band.INSUFFICIENT: 1}, is_unfinished=True),
            ]
        )
    )
    drawn = traces(chart)
    assert {name: trace["y"] for name, trace in drawn.items()} == {
        "Red": [2, 0],
        "Amber": [0, 0],
        "Green": [3, 4],
        "Insufficient": [0, 1],
    }
    assert len({trace["marker"]["pattern"]["shape"] for trace in drawn.values()}) == 4
    assert drawn["Green"]["marker"]["opacity"] == [1, 0.5]
    assert chart.as_json["layout"]["barmode"] == "stack"
    assert chart.summary == (
        "Jul 2026: 4 green, 0 amber, 0 red and 1 insufficient (month unfinished). "
        "Red in Jun 2026: 2."
    )


def test_a_distribution_without_months_says_so() -> None:
    assert (
        figures.band_distribution_chart(BandDistribution([], noun="segments")).summary
        == "No month with scored segments."
    )


def test_a_curve_is_flat_beside_its_points_and_reaches_every_value() -> None:
    chart = figures.metric_curve_chart(
        MetricCurve(
            "Days",
            [(2, 100), (10, 0)],
            [CurvePlace("Slow", 30, 0, Band.RED), CurvePlace("Quick", 4, 75, Band.GREEN)],
            "days",
            0,
            LIMITS,
        )
    )
    line = traces(chart)["Curve"]
    assert line["y"] == [100, 100, 0, 0]
    assert line["x"][0] < 2
    assert line["x"][-1] > 30
    assert traces(chart)["Red"]["x"] == [30]
    assert chart.summary == (
        f"Days: 2{NBSP}days scores 100 and 10{NBSP}days scores 0. "
        "Of 2 subjects with a value: 1 green and 1 red."
    )
    assert [row[0] for row in chart.table.rows] == ["Quick", "Slow"]


def test_a_curve_without_values_still_explains_itself() -> None:
    chart = figures.metric_curve_chart(MetricCurve("Score", [(0, 0), (1, 100)]))
    assert chart.summary == "Score: 0 scores 0 and 1 scores 100. No subject has a value in force."


def series(*values: float | None) -> ValueSeries:
    found = [
        ValuePoint(f"2026-{month:02}", date(2026, month, 1), value, is_unfinished=month == 3)
        for month, value in enumerate(values, start=1)
    ]
    return ValueSeries("Days to fix", [SubjectValues("Claims", found)], "days", 1)


def test_a_series_keeps_gaps_and_marks_the_unfinished_period() -> None:
    chart = figures.value_series_chart(series(4.0, None, 6.5))
    line = traces(chart)["Claims"]
    assert line["y"] == [4.0, None, 6.5]
    assert line["connectgaps"] is False
    assert line["marker"]["color"][-1] == "var(--surface)"
    assert chart.summary == (
        f"Days to fix. Claims: 6.5{NBSP}days in 2026-03, from 4.0{NBSP}days in 2026-01; "
        "1 period without a value."
    )


@pytest.mark.parametrize(
    ("values", "mode"),
    [((4.0, 6.5), "tozero"), ((91.0, 98.0), "normal"), ((-4.0, 6.0), "tozero"), ((0.0,), "tozero")],
)
def test_a_series_axis_starts_at_zero_unless_that_would_flatten_it(
    values: tuple[float, ...], mode: str
) -> None:
    chart = figures.value_series_chart(series(*values))
    assert chart.as_json["layout"]["yaxis"]["rangemode"] == mode


def test_a_series_without_values_says_so() -> None:
    assert figures.value_series_chart(ValueSeries("m", [])).summary == "m has no values."
    assert "no value in 1 period" in figures.value_series_chart(series(None)).summary


def test_somebodys_words_do_not_become_markup() -> None:
    chart = figures.value_series_chart(
        ValueSeries(
            "m", [SubjectValues("<a href='x'>&</a>", [ValuePoint("p", date(2026, 1, 1), 1)])]
        )
    )
    line = chart.as_json["data"][0]
    assert line["name"] == "&lt;a href='x'&gt;&amp;&lt;/a&gt;"
    assert "<a" not in line["hovertext"][0]
