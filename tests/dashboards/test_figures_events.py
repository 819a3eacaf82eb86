"""Events on charts over time: where marks stand, what they say, and data tables saying the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from dashboards import figures
from dashboards.figures import (
    BandCounts,
    BandDistribution,
    CategoryTrends,
    Chart,
    ChartEvent,
    EventMark,
    ScoreTrend,
    SubjectValues,
    TrendPoint,
    ValuePoint,
    ValueSeries,
    event_marks,
)
from dashboards.figures.theme import resolved
from dashboards.presentation.palette import PALETTES, Theme
from metrics.choices import Band, Category
from projects.months import LAST_MONTH, Month, month_range

JUNE = Month.parse("2026-06")
NBSP = "\N{NO-BREAK SPACE}"
TIMES = "\N{MULTIPLICATION SIGN}"

MERGER = ChartEvent(date(2026, 6, 20), "Merger")
PRICING = ChartEvent(date(2026, 7, 1), "New pricing", "Small firms")
LETTER = ChartEvent(date(2026, 7, 31), "Letter")


def points(months: int, first: Month = JUNE) -> list[TrendPoint]:
    return [TrendPoint(month, 60.0, Band.AMBER) for month in month_range(first, first + months - 1)]


def score_trend(events: Sequence[EventMark], months: int = 3) -> Chart:
    return figures.score_trend_chart(ScoreTrend("N", points(months), events=events))


def category_trends(events: Sequence[EventMark]) -> Chart:
    categories = [(category, points(3)) for category in Category]
    return figures.category_trends_chart(CategoryTrends("N", categories, events=events))


def band_distribution(events: Sequence[EventMark]) -> Chart:
    months = [BandCounts(month, {Band.RED: 1}) for month in month_range(JUNE, JUNE + 2)]
    return figures.band_distribution_chart(BandDistribution(months, events=events))


def value_series(events: Sequence[EventMark]) -> Chart:
    values = [ValuePoint(str(month), month.first_day, 4.0) for month in month_range(JUNE, JUNE + 2)]
    return figures.value_series_chart(
        ValueSeries("Days", [SubjectValues("a", values)], events=events)
    )


OVER_TIME: list[Any] = [score_trend, category_trends, band_distribution, value_series]


def badges(chart: Chart) -> list[Any]:
    return [note for note in chart.figure.layout.annotations if note.name == "event"]


def lines(chart: Chart) -> list[Any]:
    return [shape for shape in chart.figure.layout.shapes if shape.name == "event"]


def test_marks_are_numbered_from_the_oldest_one_on() -> None:
    assert event_marks([LETTER, MERGER, PRICING]) == (
        EventMark(1, (MERGER,)),
        EventMark(2, (PRICING, LETTER)),
    )


def test_events_of_one_month_share_a_mark_with_their_count() -> None:
    labels = [mark.label for mark in event_marks([MERGER, PRICING, LETTER])]
    assert labels == ["1", f"2{NBSP}{TIMES}2"]


@pytest.mark.parametrize(("months", "marks"), [(16, 16), (17, 7), (49, 5)])
def test_of_many_months_with_events_some_share_a_mark(months: int, marks: int) -> None:
    events = [ChartEvent(JUNE.plus(each).first_day, str(each)) for each in range(months)]
    assert len(event_marks(events)) == marks
    assert [event for mark in event_marks(events) for event in mark.events] == events


@pytest.mark.parametrize("draw", OVER_TIME)
def test_each_mark_has_a_dotted_line_down_to_its_time(draw: Any) -> None:
    chart = draw(event_marks([MERGER, PRICING, LETTER]))
    places = [note.x for note in badges(chart)]
    assert [line.x0 for line in lines(chart)] == [line.x1 for line in lines(chart)] == places
    assert {line.line.dash for line in lines(chart)} == {"dot"}
    assert [note.text for note in badges(chart)] == ["1", f"2{NBSP}{TIMES}2"]
    assert "domain" in chart.as_json["layout"]["yaxis"]


@pytest.mark.parametrize("draw", [score_trend, category_trends, band_distribution])
def test_a_mark_stands_where_its_months_score_stands(draw: Any) -> None:
    assert [note.x for note in badges(draw(event_marks([MERGER])))] == ["2026-06-01"]


def test_beside_values_a_mark_stands_on_its_day() -> None:
    assert [note.x for note in badges(value_series(event_marks([MERGER])))] == ["2026-06-20"]


@pytest.mark.parametrize("draw", OVER_TIME)
def test_a_chart_without_events_is_as_it_was(draw: Any) -> None:
    chart = draw([])
    assert (badges(chart), lines(chart)) == ([], [])
    assert "domain" not in chart.as_json["layout"].get("yaxis", {})
    assert "Events" not in [column.label for column in chart.table.columns]
    assert "Events" not in chart.summary


@pytest.mark.parametrize("draw", OVER_TIME)
def test_what_lies_outside_its_time_is_not_on_a_chart(draw: Any) -> None:
    outside = [ChartEvent(date(2026, 5, 31), "Before"), ChartEvent(date(2026, 9, 1), "After")]
    assert draw(event_marks(outside)).figure == draw([]).figure


@pytest.mark.parametrize("draw", OVER_TIME)
def test_the_data_table_tells_each_event_in_the_row_of_its_time(draw: Any) -> None:
    table = draw(event_marks([MERGER, PRICING, LETTER])).table
    assert table.columns[-1].label == "Events"
    assert [row[-1] for row in table.rows] == [
        "2026-06-20 Merger",
        "2026-07-01 New pricing (Small firms); 2026-07-31 Letter",
        "",
    ]
    assert [row[-1].text for row in table.written][-1] == ""


def test_a_month_without_a_row_tells_its_events_in_the_row_before() -> None:
    months = [BandCounts(month, {Band.RED: 1}) for month in (JUNE, JUNE.plus(2))]
    chart = figures.band_distribution_chart(BandDistribution(months, events=event_marks([PRICING])))
    assert [row[-1] for row in chart.table.rows] == ["2026-07-01 New pricing (Small firms)", ""]


@pytest.mark.parametrize("draw", OVER_TIME)
def test_the_message_tells_the_events(draw: Any) -> None:
    summary = draw(event_marks([MERGER, PRICING, LETTER])).summary
    assert summary.endswith(
        " Events: (1) Merger, 20 Jun 2026; (2) New pricing and 1 more, Jul 2026."
    )


def test_a_year_has_the_events_of_its_last_day_and_not_of_the_day_after() -> None:
    years = [
        ValuePoint(str(year), date(year, 1, 1), 4.0, ends_on=date(year, 12, 31))
        for year in (2025, 2026)
    ]
    last, after = (
        ChartEvent(date(2026, 12, 31), "New Year's Eve"),
        ChartEvent(date(2027, 1, 1), "New Year"),
    )
    series = ValueSeries(
        "Days", [SubjectValues("a", years)], events=event_marks([MERGER, last, after])
    )
    chart = figures.value_series_chart(series)
    assert [mark.events for mark in series.marks] == [(MERGER,), (last,)]
    assert [line.x0 for line in lines(chart)] == ["2026-06-20", "2026-12-31"]
    assert [row[-1] for row in chart.table.rows] == [
        "",
        "2026-06-20 Merger; 2026-12-31 New Year's Eve",
    ]


@pytest.mark.parametrize("draw", [score_trend, category_trends, band_distribution])
def test_what_the_list_beside_a_chart_says_is_read_and_not_shown_twice(draw: Any) -> None:
    chart, bare = draw(event_marks([MERGER])), draw([])
    assert (chart.message, bare.message) == (bare.summary, bare.summary)
    assert chart.told_beside == "Events: (1) Merger, 20 Jun 2026."
    assert chart.summary == f"{chart.message} {chart.told_beside}"


def test_of_many_events_the_message_tells_the_latest_and_where_the_others_are() -> None:
    events = [ChartEvent(JUNE.plus(each).first_day, f"E{each}") for each in range(5)]
    summary = score_trend(event_marks([*events, MERGER]), months=5).summary
    assert summary.endswith(
        "Events: 3 earlier ones in the data table; (3) E2, 1 Aug 2026; (4) E3, 1 Sep 2026;"
        " (5) E4, 1 Oct 2026."
    )


def test_the_hover_text_tells_title_day_subject_and_text() -> None:
    event = ChartEvent(date(2026, 6, 20), "Merger", "Northline", "Two services became one.")
    (badge,) = badges(score_trend(event_marks([event])))
    assert badge.hovertext == "<b>Merger</b><br>20 Jun 2026, Northline<br>Two services became one."


def test_the_hover_text_of_several_counts_and_lists_them() -> None:
    events = [ChartEvent(JUNE.first_day + timedelta(days=each), f"E{each}") for each in range(7)]
    (badge,) = badges(score_trend(event_marks(events)))
    assert badge.hovertext.split("<br>") == [
        "<b>7 events, Jun 2026</b>",
        *(f"{day + 1} Jun: E{day}" for day in range(5)),
        "and 2 more",
    ]


def test_a_long_text_is_cut_to_what_is_read_while_pointing() -> None:
    event = ChartEvent(date(2026, 6, 20), "Merger", text="word " * 200)
    (badge,) = badges(score_trend(event_marks([event])))
    _title, _day, *text = badge.hovertext.split("<br>")
    assert len(text) == 3
    assert text[-1].endswith(" …")


def test_words_of_an_event_are_no_markup_in_a_figure() -> None:
    event = ChartEvent(date(2026, 6, 20), "<a href='x'>M</a>", "<i>", "a < b")
    (badge,) = badges(score_trend(event_marks([event])))
    assert (
        badge.hovertext
        == "<b>&lt;a href='x'&gt;M&lt;/a&gt;</b><br>20 Jun 2026, &lt;i&gt;<br>a &lt; b"
    )


@pytest.mark.parametrize("theme", PALETTES)
def test_marks_take_their_colours_from_the_theme(theme: Theme) -> None:
    figure = resolved(score_trend(event_marks([MERGER])).figure, theme)
    (badge,) = [note for note in figure.layout.annotations if note.name == "event"]
    palette = PALETTES[theme]
    assert (badge.font.color, badge.bgcolor, badge.bordercolor) == (
        palette["ink"],
        palette["surface"],
        palette["muted"],
    )


def test_the_last_month_that_a_date_can_hold_has_a_chart() -> None:
    trend = ScoreTrend("N", points(1, LAST_MONTH), events=())
    assert len(figures.score_trend_chart(trend).table.rows) == 1
