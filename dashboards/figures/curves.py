"""A metric's curve, with where everybody stands on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from dashboards.figures.chart import Chart
from dashboards.figures.theme import LINE, SURFACE, hover, new_figure, score_axis, text
from dashboards.presentation.bands import FROM_GOOD_TO_UNKNOWN, BandLimits, style_of
from dashboards.presentation.curve import drawn_span
from dashboards.presentation.numbers import counted, listed, score_text, value_text
from dashboards.presentation.tables import Column, DataTable
from metrics.choices import Band


@dataclass(frozen=True)
class CurvePlace:
    """One subject's value and the score that the engine gave it."""

    name: str
    value: float
    score: float
    band: Band
    url: str = ""


@dataclass(frozen=True)
class MetricCurve:
    """`points` are the curve's own: (value, score), values rising."""

    metric: str
    points: Sequence[tuple[float, float]]
    places: Sequence[CurvePlace] = ()
    unit: str = ""
    decimals: int = 0
    limits: BandLimits | None = None


def metric_curve_chart(curve: MetricCurve, *, slug: str = "curve", title: str = "") -> Chart:
    return Chart(
        slug=slug,
        title=title or f"How {curve.metric} becomes a score",
        summary=metric_curve_summary(curve),
        figure=metric_curve(curve),
        table=metric_curve_table(curve),
    )


def metric_curve(curve: MetricCurve) -> go.Figure:
    """Straight between its points, flat beside them, with a mark for each value."""
    figure = new_figure()
    low, high = drawn_span(curve.points, [place.value for place in curve.places])
    corners = [(low, curve.points[0][1]), *curve.points, (high, curve.points[-1][1])]
    figure.add_trace(
        go.Scatter(
            x=[value for value, _ in corners],
            y=[score for _, score in corners],
            mode="lines",
            line={"color": LINE, "width": 2},
            hoverinfo="skip",
            name="Curve",
            showlegend=False,
        )
    )
    for band in FROM_GOOD_TO_UNKNOWN:
        there = [place for place in curve.places if place.band == band]
        if there:
            figure.add_trace(_marks(curve, band, there))
    score_axis(figure, curve.limits)
    figure.update_xaxes(
        range=[low, high],
        showgrid=True,
        tickformat=f",.{curve.decimals}~f" if curve.decimals else ",~f",
        title_text=text(curve.unit or "value"),
    )
    figure.update_yaxes(title_text="Score")
    return figure


def metric_curve_summary(curve: MetricCurve) -> str:
    corners = listed([f"{_value(curve, value)} scores {score:g}" for value, score in curve.points])
    words = f"{curve.metric}: {corners}."
    if not curve.places:
        return f"{words} No subject has a value in force."
    counts = [
        (style_of(band).word.lower(), sum(place.band == band for place in curve.places))
        for band in FROM_GOOD_TO_UNKNOWN
    ]
    told = listed([f"{number} {word}" for word, number in counts if number])
    return f"{words} Of {counted(len(curve.places), 'subject')} with a value: {told}."


def metric_curve_table(curve: MetricCurve) -> DataTable:
    return DataTable(
        columns=(
            Column("Subject"),
            Column("Value", lambda value: _value(curve, value), is_number=True),
            Column("Score", score_text, is_number=True),
            Column("Band"),
        ),
        rows=[
            (place.name, place.value, place.score, style_of(place.band).word)
            for place in sorted(curve.places, key=lambda place: place.value)
        ],
    )


def _marks(curve: MetricCurve, band: Band, places: Sequence[CurvePlace]) -> go.Scatter:
    style = style_of(band)
    return go.Scatter(
        x=[place.value for place in places],
        y=[place.score for place in places],
        mode="markers",
        marker={
            "color": f"var(--{style.colour})",
            "line": {"color": SURFACE, "width": 1},
            "opacity": 0.8,
            "size": 10,
            "symbol": style.symbol,
        },
        name=style.word,
        customdata=[[place.url] for place in places],
        hovertext=[
            hover(
                place.name,
                _value(curve, place.value),
                f"score {score_text(place.score)} ({style.word})",
            )
            for place in places
        ],
        hoverinfo="text",
    )


def _value(curve: MetricCurve, value: float) -> str:
    return value_text(value, curve.unit, curve.decimals)
