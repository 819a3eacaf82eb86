"""A metric's curve as it is being edited: the new line over the old, with everybody's values on it.

Drawn by the server as SVG whose places across are percents, so that it needs no script and its
writing keeps its size at every width.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import floor, log10

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards.presentation.bands import BandLimits, BandStyle, style_of
from dashboards.presentation.curve import drawn_span
from dashboards.presentation.drawing import Scale
from dashboards.presentation.numbers import score_text, trimmed, value_text
from metrics.choices import Band
from metrics.validation.numbers import number_text

HEIGHT, TOP, BOTTOM = 260, 14, 226
LEFT, RIGHT = 9.0, 98.0  # percents of the width
TICKS = 5
MOST_NAMES = 5
"""Of more subjects in one place only the number is told."""

Points = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Place:
    """One subject's value to be drawn."""

    name: str
    value: float
    score: float
    band: Band


@dataclass(frozen=True)
class Segment:
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True)
class Mark:
    """A dot for all subjects in one place."""

    x: float
    y: float
    style: BandStyle
    title: str


@dataclass(frozen=True)
class Tick:
    at: float
    text: str


@dataclass(frozen=True)
class CurveDrawing:
    """Everything that templates/dashboards/_curve_drawing.html draws."""

    label: str
    line: tuple[Segment, ...]
    corners: tuple[tuple[float, float], ...]
    before: tuple[Segment, ...]
    marks: tuple[Mark, ...]
    values: tuple[Tick, ...]
    scores: tuple[Tick, ...]
    limits: tuple[float, ...]
    left: float = LEFT
    right: float = RIGHT
    top: int = TOP
    bottom: int = BOTTOM
    height: int = HEIGHT
    below: int = field(default=BOTTOM + 20)


def curve_drawing(
    points: Points,
    *,
    before: Points = (),
    places: Sequence[Place] = (),
    limits: BandLimits | None = None,
    unit: str = "",
    decimals: int = 0,
) -> CurveDrawing:
    """The curve that is typed; `before` is the stored one, drawn where it differs."""
    differs = bool(before) and [list(map(float, point)) for point in before] != [
        list(map(float, point)) for point in points
    ]
    told = limits or BandLimits()
    values = [place.value for place in places]
    low, high = drawn_span(points, [*values, *(point[0] for point in before if differs)])
    across, up = Scale(low, high, LEFT, RIGHT), Scale(0, 100, BOTTOM, TOP)

    def line(of: Points) -> tuple[Segment, ...]:
        corners = [(low, of[0][1]), *((x, y) for x, y in of), (high, of[-1][1])]
        return tuple(
            Segment(across(x1), up(y1), across(x2), up(y2))
            for (x1, y1), (x2, y2) in pairwise(corners)
        )

    return CurveDrawing(
        label=_words(points, unit, decimals),
        line=line(points),
        corners=tuple((across(value), up(score)) for value, score in points),
        before=line(before) if differs else (),
        marks=_marks(places, across, up, unit, decimals),
        values=tuple(
            Tick(across(value), value_text(value, "", _decimals_of(value)))
            for value in _round_values(low, high)
        ),
        scores=_score_ticks(told, up),
        limits=(up(told.amber_from), up(told.green_from)),
    )


def _words(points: Points, unit: str, decimals: int) -> str:
    told = (
        _("%(value)s scores %(score)s")
        % {
            "value": value_text(value, unit, max(decimals, _decimals_of(value))),
            "score": trimmed(score),
        }
        for value, score in points
    )
    return _("Curve: %(points)s") % {"points": ", ".join(told)}


def _marks(
    places: Sequence[Place], across: Scale, up: Scale, unit: str, decimals: int
) -> tuple[Mark, ...]:
    together: dict[tuple[float, float, Band], list[Place]] = {}
    for place in places:
        # What would lie on top of each other is one mark.
        spot = (round(across(place.value) * 2) / 2, float(round(up(place.score))), place.band)
        together.setdefault(spot, []).append(place)
    return tuple(
        Mark(x, y, style_of(band), _title(there, unit, decimals))
        for (x, y, band), there in together.items()
    )


def _title(places: Sequence[Place], unit: str, decimals: int) -> str:
    if len(places) > MOST_NAMES:
        words = ngettext(
            "%(number)s subject at about %(value)s",
            "%(number)s subjects at about %(value)s",
            len(places),
        )
        value = value_text(places[0].value, unit, decimals)
        return words % {"number": len(places), "value": value}
    return "\n".join(
        _("%(subject)s: %(value)s, score %(score)s")
        % {
            "subject": place.name,
            "value": value_text(place.value, unit, decimals),
            "score": score_text(place.score),
        }
        for place in places
    )


def _score_ticks(limits: BandLimits, up: Scale) -> tuple[Tick, ...]:
    scores = sorted({0.0, float(limits.amber_from), float(limits.green_from), 100.0})
    return tuple(Tick(up(score), trimmed(score)) for score in scores)


def _round_values(low: float, high: float) -> list[float]:
    """About five round values from low to high."""
    if not low < high:
        return [low]
    rough = (high - low) / TICKS
    size = 10.0 ** floor(log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough)
    first = floor(low / step) + 1
    count = int((high - first * step) / step + 1e-9) + 1
    return [(first + place) * step for place in range(max(count, 0))]


def _decimals_of(value: float) -> int:
    text = number_text(round(value, 6))
    return 0 if "e" in text else len(text.partition(".")[2])


def band_counts(counts: Mapping[Band, int]) -> list[tuple[Band, int]]:
    """Green, amber, red, in this order, none left out."""
    return [(band, counts.get(band, 0)) for band in (Band.GREEN, Band.AMBER, Band.RED)]
