"""A metric's curve, with where everybody stands on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext, ngettext

from dashboards.figures.chart import Chart
from dashboards.figures.drawing import Drawing, Trace, bar, scatter
from dashboards.figures.theme import INK, LINE, SURFACE, hover, new_figure, score_axis, text
from dashboards.presentation.bands import FROM_GOOD_TO_UNKNOWN, BandLimits, style_of
from dashboards.presentation.counts import SUBJECTS, count_text
from dashboards.presentation.curve import drawn_span
from dashboards.presentation.numbers import grouped, listed, score_text, trimmed, value_text
from dashboards.presentation.tables import Column, DataTable
from metrics.choices import Band

FEW_PLACES = 40
"""Of more values the marks are small, and a second row counts them."""

BINS = 40

MOST_OWN_CURVES = 6

NAMED = 5

FAR_OFF = 3.0
"""Values further off than so many widths of the curve are marked at the edge."""


@dataclass(frozen=True)
class CurvePlace:
    """One subject's value and the score that the engine gave it."""

    name: str
    value: float
    score: float
    band: Band
    url: str = ""
    own_curve: Sequence[tuple[float, float]] = ()
    """The points of the curve that judges this subject alone."""


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
        title=title or gettext("How %(metric)s becomes a score") % {"metric": curve.metric},
        summary=metric_curve_summary(curve),
        drawing=metric_curve(curve),
        table=metric_curve_table(curve),
    )


def metric_curve(curve: MetricCurve) -> Drawing:
    """Straight between its points, flat beside them, with a mark for each value.

    Of many values a second row tells how many lie where.
    """
    figure = new_figure(legend={"traceorder": "normal"})
    low, high = _shown_span(curve)
    figure.add(_line(curve.points, low, high, gettext("Curve")))
    for number, points in enumerate(_own_curves(curve)):
        figure.add(_line(points, low, high, gettext("Curve of its own"), is_first=number == 0))
    for band in FROM_GOOD_TO_UNKNOWN:
        there = [place for place in curve.places if place.band == band]
        if there:
            figure.add(_marks(curve, band, there, low, high))
    score_axis(figure, curve.limits)
    _shade_bands(figure, curve.limits)
    figure.change_x(
        range=[low, high],
        showgrid=True,
        tickformat=f",.{curve.decimals}~f" if curve.decimals else ",~f",
        title={"text": text(curve.unit or gettext("value"))},
    )
    figure.change_y(title={"text": gettext("Score")})
    if len(curve.places) > FEW_PLACES:
        _count_below(figure, curve, low, high)
    return figure


def _line(
    points: Sequence[tuple[float, float]],
    low: float,
    high: float,
    name: str,
    *,
    is_first: bool | None = None,
) -> Trace:
    """The curve for everybody, or dotted one for a single subject."""
    corners = [
        (min(low, points[0][0]), points[0][1]),
        *points,
        (max(high, points[-1][0]), points[-1][1]),
    ]
    is_own = is_first is not None
    return scatter(
        x=[value for value, _ in corners],
        y=[score for _, score in corners],
        mode="lines",
        line={"color": LINE, "dash": "dot", "width": 1.2}
        if is_own
        else {"color": LINE, "width": 2},
        hoverinfo="skip",
        name=name,
        showlegend=bool(is_first),
    )


def _own_curves(curve: MetricCurve) -> list[tuple[tuple[float, float], ...]]:
    """Each of the other curves once, not so many that they hide the first."""
    found = dict.fromkeys(
        tuple((value, score) for value, score in place.own_curve)
        for place in curve.places
        if place.own_curve
    )
    return list(found)[:MOST_OWN_CURVES]


def _shown_span(curve: MetricCurve) -> tuple[float, float]:
    """All values; where some lie far off, only as much as leaves the curve readable."""
    curves = [curve.points, *(place.own_curve for place in curve.places if place.own_curve)]
    first, last = min(points[0][0] for points in curves), max(points[-1][0] for points in curves)
    room = (last - first) * FAR_OFF
    values = [place.value for place in curve.places]
    near = [value for value in values if first - room <= value <= last + room]
    low, high = drawn_span(curve.points, [first, last, *near])
    return (
        min(low, first - room) if min(values, default=first) < first - room else low,
        max(high, last + room) if max(values, default=last) > last + room else high,
    )


def _beyond(curve: MetricCurve) -> list[CurvePlace]:
    low, high = _shown_span(curve)
    return [place for place in curve.places if not low <= place.value <= high]


def _shade_bands(figure: Drawing, limits: BandLimits | None) -> None:
    if limits is None:
        return
    for band, start, end in (
        (Band.RED, -2, limits.amber_from),
        (Band.AMBER, limits.amber_from, limits.green_from),
        (Band.GREEN, limits.green_from, 102),
    ):
        figure.shape(
            type="rect",
            x0=0,
            x1=1,
            xref="x domain",
            y0=start,
            y1=end,
            yref="y",
            fillcolor=f"var(--{style_of(band).colour}-soft)",
            layer="below",
            line={"width": 0},
            opacity=0.35,
        )


def _count_below(figure: Drawing, curve: MetricCurve, low: float, high: float) -> None:
    """How many subjects have values of about this size, in the colours of their bands."""
    width = (high - low) / BINS
    centres = [low + width * (number + 0.5) for number in range(BINS)]
    for band in FROM_GOOD_TO_UNKNOWN:
        counts = [0] * BINS
        for place in curve.places:
            if place.band == band:
                counts[min(max(int((place.value - low) / width), 0), BINS - 1)] += 1
        if not any(counts):
            continue
        style = style_of(band)
        figure.add(
            bar(
                x=centres,
                y=counts,
                width=width * 0.9,
                marker={"color": f"var(--{style.colour})"},
                name=gettext("%(style)s") % {"style": style.word},
                hovertext=[
                    hover(
                        gettext("About %(curve)s") % {"curve": _value(curve, centre)},
                        f"{count_text(count, SUBJECTS)} ({style.word})",
                    )
                    for centre, count in zip(centres, counts, strict=True)
                ],
                hoverinfo="text",
                showlegend=False,
                yaxis="y2",
            )
        )
    figure.change(
        barmode="stack",
        yaxis={"domain": [0.3, 1]},
        yaxis2={
            "domain": [0, 0.22],
            "nticks": 4,
            "rangemode": "tozero",
            "tickformat": ",~d",
            "title": {"text": gettext("Subjects")},
        },
    )
    figure.change_x(anchor="y2")


def metric_curve_summary(curve: MetricCurve) -> str:
    corners = listed(
        [
            gettext("%(curve)s scores %(score)s")
            % {"curve": _value(curve, value), "score": trimmed(score)}
            for value, score in curve.points
        ]
    )
    words = f"{curve.metric}: {corners}."
    if not curve.places:
        return f"{words} {gettext('No subject has a value in force.')}"
    counts = [
        (style_of(band).word.lower(), sum(place.band == band for place in curve.places))
        for band in FROM_GOOD_TO_UNKNOWN
    ]
    told = listed([f"{number} {word}" for word, number in counts if number])
    of_all = ngettext(
        "Of %(number)s subject with a value: %(bands)s.",
        "Of %(number)s subjects with a value: %(bands)s.",
        len(curve.places),
    )
    sentences = [words, of_all % {"number": grouped(len(curve.places)), "bands": told}]
    own = sorted(place.name for place in curve.places if place.own_curve)
    if own:
        names = (
            [*own[:NAMED], gettext("%(count)s more") % {"count": len(own) - NAMED}]
            if len(own) > NAMED
            else own
        )
        sentences.append(
            gettext("Judged by a curve of its own: %(names)s.") % {"names": listed(names)}
        )
    beyond = len(_beyond(curve))
    if beyond:
        outside = ngettext(
            "%(number)s value beyond what is drawn: marked at the edge.",
            "%(number)s values beyond what is drawn: marked at the edge.",
            beyond,
        )
        sentences.append(outside % {"number": grouped(beyond)})
    return " ".join(sentences)


def metric_curve_table(curve: MetricCurve) -> DataTable:
    has_own = any(place.own_curve for place in curve.places)
    return DataTable(
        columns=(
            Column(gettext("Subject")),
            Column(
                gettext("Value"),
                lambda value: _value(curve, value),
                is_number=True,
                unit=curve.unit,
            ),
            Column(gettext("Score"), score_text, is_number=True),
            Column(gettext("Band")),
            *((Column(gettext("Judged by")),) if has_own else ()),
        ),
        rows=[
            (
                place.name,
                place.value,
                place.score,
                style_of(place.band).word,
                *((_judged_by(place),) if has_own else ()),
            )
            for place in sorted(curve.places, key=lambda place: place.value)
        ],
    )


def _judged_by(place: CurvePlace) -> str:
    return gettext("a curve of its own") if place.own_curve else gettext("the curve")


def _marks(
    curve: MetricCurve, band: Band, places: Sequence[CurvePlace], low: float, high: float
) -> Trace:
    style = style_of(band)
    is_crowded = len(curve.places) > FEW_PLACES
    return scatter(
        x=[min(max(place.value, low), high) for place in places],
        y=[place.score for place in places],
        mode="markers",
        marker={
            "color": f"var(--{style.colour})",
            "line": {
                "color": [INK if place.own_curve else SURFACE for place in places],
                "width": [1.6 if place.own_curve else 0.6 if is_crowded else 1 for place in places],
            },
            "opacity": 0.6 if is_crowded else 0.8,
            "size": 8 if is_crowded else 10,
            "symbol": style.symbol,
        },
        cliponaxis=False,
        name=style.word,
        customdata=[[place.url] for place in places],
        hovertext=[
            hover(
                place.name,
                _value(curve, place.value),
                gettext("score %(score)s (%(band)s)")
                % {"score": score_text(place.score), "band": style.word},
                gettext("judged by a curve of its own") if place.own_curve else "",
                "" if low <= place.value <= high else gettext("beyond what is drawn"),
            )
            for place in places
        ],
        hoverinfo="text",
    )


def _value(curve: MetricCurve, value: float) -> str:
    return value_text(value, curve.unit, curve.decimals)
