"""Native charts on slides, which can be edited like any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any

from django.utils.translation import gettext as _
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import (
    XL_CHART_TYPE,
    XL_LABEL_POSITION,
    XL_LEGEND_POSITION,
    XL_MARKER_STYLE,
    XL_TICK_LABEL_POSITION,
    XL_TICK_MARK,
)
from pptx.enum.dml import MSO_LINE
from pptx.util import Pt

from dashboards.packs import blocks, wording
from dashboards.packs.slide_parts import Box, cut, rgb
from dashboards.presentation.bands import style_of
from dashboards.presentation.numbers import change_text, grouped, percent_text, score_text
from metrics.batches.neutral import neutralised

DASHES = {
    "tactical": MSO_LINE.SOLID,
    "value_creation": MSO_LINE.DASH,
    "longevity": MSO_LINE.ROUND_DOT,
    "financial": MSO_LINE.DASH_DOT,
}


def _chart_data(names: Sequence[str], series: Sequence[tuple[str, Sequence[float | None]]]) -> Any:
    """The workbook behind a chart is read by a spreadsheet: its texts must not compute."""
    data = CategoryChartData(number_format="0.0")
    data.categories = [neutralised(name) for name in names]
    for name, values in series:
        data.add_series(neutralised(name), values)
    return data


def _new_chart(slide: Any, kind: Any, box: Box, data: Any, words: str) -> Any:
    frame = slide.shapes.add_chart(kind, *box.emu, data)
    # Read out, and shown where the chart can't be.
    frame._element.nvGraphicFramePr.cNvPr.set("descr", words)
    chart = frame.chart
    chart.font.size = Pt(11)
    chart.font.color.rgb = rgb("muted")
    chart.has_title = False
    chart.has_legend = False
    return chart


def _axes(chart: Any, *, shows_values: bool = False) -> tuple[Any, Any]:
    names, values = chart.category_axis, chart.value_axis
    names.format.line.color.rgb = rgb("line-strong")
    names.major_tick_mark = XL_TICK_MARK.NONE
    names.has_major_gridlines = False
    values.visible = shows_values
    values.has_major_gridlines = shows_values
    values.major_tick_mark = XL_TICK_MARK.NONE
    if shows_values:
        values.major_gridlines.format.line.color.rgb = rgb("grid")
        values.format.line.fill.background()
    return names, values


def _paint(series: Any, colour: str) -> None:
    series.format.fill.solid()
    series.format.fill.fore_color.rgb = rgb(colour)
    series.invert_if_negative = False


def _label(series: Any, number_format: str, position: Any = None) -> None:
    labels = series.data_labels
    labels.show_value = True
    labels.number_format = number_format
    labels.number_format_is_linked = False
    labels.font.size = Pt(12)
    labels.font.bold = True
    labels.font.color.rgb = rgb("ink")
    if position is not None:
        labels.position = position


def draw_categories(slide: Any, box: Box, block: blocks.Overview) -> None:
    names = wording.measure_labels()
    scores = [mark.score for mark in block.line.marks]
    words = wording.scores_in_words(block.line)
    data = _chart_data(names, [(_("Score"), scores)])
    chart = _new_chart(slide, XL_CHART_TYPE.COLUMN_CLUSTERED, box, data, words)
    values = _axes(chart)[1]
    values.minimum_scale, values.maximum_scale = 0, 100
    series = chart.plots[0].series[0]
    chart.plots[0].gap_width = 70
    _paint(series, "accent")
    _label(series, "0.0", XL_LABEL_POSITION.OUTSIDE_END)
    for place, mark in enumerate(block.line.marks):
        point = series.points[place].format.fill
        point.solid()
        point.fore_color.rgb = rgb(style_of(mark.band).colour)


def draw_bridge(slide: Any, box: Box, block: blocks.BridgeChart) -> None:
    """Stacked columns on an invisible base: PowerPoint's own bridges can't be made from here."""
    names = [block.before, *(step.name for step in block.steps), block.after]
    levels = list(accumulate((step.points for step in block.steps), initial=block.start))
    base = [min(pair) for pair in pairwise(levels)]
    rises = [step.points if step.points >= 0 else None for step in block.steps]
    falls = [-step.points if step.points < 0 else None for step in block.steps]
    room = max(max(levels) - min(levels), 6.0)
    told = [
        score_text(block.start),
        *(change_text(step.points) for step in block.steps),
        score_text(block.end),
    ]
    data = _chart_data(
        names,
        [
            (_("Level before"), [None, *base, None]),
            (_("Score"), [block.start, *([None] * len(block.steps)), block.end]),
            (_("Rise"), [None, *rises, None]),
            (_("Fall"), [None, *falls, None]),
            (_("Room for labels"), [room * 0.2] * len(names)),
        ],
    )
    words = ", ".join(" ".join(pair) for pair in zip(names, told, strict=True))
    chart = _new_chart(slide, XL_CHART_TYPE.COLUMN_STACKED, box, data, words)
    values = _axes(chart)[1]
    values.minimum_scale = max(min(levels) - room * 0.5, 0)
    values.maximum_scale = max(levels) + room * 0.3
    plot = chart.plots[0]
    plot.gap_width, plot.overlap = 60, 100
    hidden, score, rise, fall, above = plot.series
    hidden.format.fill.background()
    _paint(score, "muted")
    _paint(rise, "rise")
    _paint(fall, "fall")
    above.format.fill.background()
    # A column may be lower than its own label: all stand above the columns.
    for place, words in enumerate(told):
        _tell(above.points[place], words, XL_LABEL_POSITION.INSIDE_BASE)


def _tell(point: Any, words: str, position: Any) -> None:
    """A label of its own beside a point."""
    frame = point.data_label.text_frame
    frame.text = words
    font = frame.paragraphs[0].runs[0].font
    font.size, font.bold = Pt(12), True
    font.color.rgb = rgb("ink")
    point.data_label.position = position


def draw_trend(slide: Any, box: Box, block: blocks.TrendChart) -> None:
    """Lines, and above them a series without a line that marks the events by their numbers."""
    known = [score for one in block.series for score in one.scores if score is not None]
    low = max((min(known, default=0) - 3) // 5 * 5, 0)
    high = min((max(known, default=100) + 3) // 5 * 5 + 5, 100)
    top = high + (high - low) * 0.12 if block.marks else high
    lines: list[tuple[str, Sequence[float | None]]] = [
        (one.name, one.scores) for one in block.series
    ]
    labels = {mark.place: mark.label for mark in block.marks}
    if labels:
        heights = [top if place in labels else None for place in range(len(block.months))]
        lines.append((_("Events"), heights))
    words = "; ".join(
        f"{one.name}: {', '.join(score_text(score) for score in one.scores)}"
        for one in block.series
    )
    data = _chart_data(block.months, lines)
    chart = _new_chart(slide, XL_CHART_TYPE.LINE_MARKERS, box, data, words)
    chart.font.size = Pt(10)
    values = _axes(chart, shows_values=True)[1]
    values.minimum_scale = low
    values.maximum_scale = top + (top - high)
    values.major_unit = 5 if high - low <= 30 else 10 if high - low <= 60 else 20
    values.tick_labels.number_format = "0"
    values.tick_labels.number_format_is_linked = False
    chart.has_legend = True
    chart.legend.position = XL_LEGEND_POSITION.RIGHT
    chart.legend.include_in_layout = False
    if labels:
        _mark_events(chart.plots[0].series[-1], labels)
    for series, one in zip(chart.plots[0].series, block.series, strict=False):
        colour = rgb(f"category-{one.category.replace('_', '-')}")
        series.smooth = False
        series.format.line.color.rgb = colour
        series.format.line.width = Pt(2.25)
        series.format.line.dash_style = DASHES[one.category]
        series.marker.style = XL_MARKER_STYLE.CIRCLE
        series.marker.size = 5
        series.marker.format.fill.solid()
        series.marker.format.fill.fore_color.rgb = colour
        series.marker.format.line.color.rgb = colour


def _mark_events(series: Any, labels: Mapping[int, str]) -> None:
    series.smooth = False
    series.format.line.fill.background()
    series.marker.style = XL_MARKER_STYLE.DIAMOND
    series.marker.size = 9
    series.marker.format.fill.solid()
    series.marker.format.fill.fore_color.rgb = rgb("ink")
    series.marker.format.line.color.rgb = rgb("ink")
    for place, label in labels.items():
        _tell(series.points[place], label, XL_LABEL_POSITION.RIGHT)


def draw_moves(slide: Any, box: Box, block: blocks.MovesChart) -> None:
    changes = [line.change or 0.0 for line in block.rows]
    names = [cut(line.name, 32) for line in block.rows]
    words = ", ".join(f"{line.name} {change_text(line.change)}" for line in block.rows)
    data = _chart_data(names, [(_("Change"), changes)])
    chart = _new_chart(slide, XL_CHART_TYPE.BAR_CLUSTERED, box, data, words)
    axis, values = _axes(chart)
    axis.reverse_order = True
    axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    most = max(abs(change) for change in changes) * 1.3
    values.minimum_scale, values.maximum_scale = -most, most
    series = chart.plots[0].series[0]
    chart.plots[0].gap_width = 45
    _paint(series, "rise")
    _label(series, "+0.0;\N{MINUS SIGN}0.0", XL_LABEL_POSITION.OUTSIDE_END)
    for place, change in enumerate(changes):
        point = series.points[place].format.fill
        point.solid()
        colour = "faint" if not block.is_by_values else "rise" if change >= 0 else "fall"
        point.fore_color.rgb = rgb(colour)


def draw_known(slide: Any, box: Box, block: blocks.KnownChart) -> None:
    known = [None if part is None else part * 100 for part in block.known]
    unknown = [None if part is None else (1 - part) * 100 for part in block.known]
    words = ", ".join(
        f"{name} {percent_text(part)}" for name, part in zip(block.names, block.known, strict=True)
    )
    data = _chart_data(block.names, [(_("Known, %"), known), (_("Unknown, %"), unknown)])
    chart = _new_chart(slide, XL_CHART_TYPE.BAR_STACKED, box, data, words)
    axis, values = _axes(chart)
    axis.reverse_order = True
    values.minimum_scale, values.maximum_scale = 0, 100
    plot = chart.plots[0]
    plot.gap_width, plot.overlap = 45, 100
    _paint(plot.series[0], "accent")
    _paint(plot.series[1], "insufficient-soft")
    _label(plot.series[0], "0", XL_LABEL_POSITION.INSIDE_END)
    plot.series[0].data_labels.font.color.rgb = rgb("accent-ink")


def draw_counts(slide: Any, box: Box, block: blocks.CountsChart) -> None:
    parts = (
        (_("With an overall score"), block.scored, "accent"),
        (_("Insufficient"), block.insufficient, "insufficient"),
        (_("Not measured"), block.without, "line"),
    )
    data = _chart_data(block.names, [(word, numbers) for word, numbers, _colour in parts])
    words = "; ".join(
        f"{name}: "
        + ", ".join(f"{word} {grouped(numbers[place])}" for word, numbers, _colour in parts)
        for place, name in enumerate(block.names)
    )
    chart = _new_chart(slide, XL_CHART_TYPE.BAR_STACKED_100, box, data, words)
    _axes(chart)[0].reverse_order = True
    chart.has_legend = True
    chart.legend.position = XL_LEGEND_POSITION.BOTTOM
    chart.legend.include_in_layout = False
    plot = chart.plots[0]
    plot.gap_width, plot.overlap = 45, 100
    for series, (_word, _numbers, colour) in zip(plot.series, parts, strict=True):
        _paint(series, colour)
    # What is 0 needs no label.
    _label(plot.series[0], "#,##0;;", XL_LABEL_POSITION.CENTER)
    plot.series[0].data_labels.font.color.rgb = rgb("accent-ink")
