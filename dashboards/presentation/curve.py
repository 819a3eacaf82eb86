"""A metric's curve in miniature, with the place of one value on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from dashboards.presentation.drawing import Scale, path
from dashboards.presentation.numbers import score_text, value_text

WIDTH, HEIGHT, MARGIN = 104, 32, 4

# Room left and right of the curve's own points, where it is flat.
SIDES = 0.12


@dataclass(frozen=True)
class CurvePlot:
    """Paths in a box of WIDTH x HEIGHT, and the same in words."""

    label: str
    line: str
    place: str = ""
    """A path without length, drawn as a dot; empty without a value."""
    drop: str = ""
    """From the dot down to the value's axis."""

    width: int = WIDTH
    height: int = HEIGHT
    floor: int = HEIGHT - MARGIN


def curve_plot(
    curve: Sequence[Sequence[float]],
    *,
    value: float | None = None,
    score: float | None = None,
    unit: str = "",
    decimals: int = 0,
) -> CurvePlot:
    """The score is the engine's; this only draws it."""
    low, high = drawn_span(curve, [] if value is None else [value])
    across = Scale(low, high, MARGIN, WIDTH - MARGIN)
    up = Scale(0, 100, HEIGHT - MARGIN, MARGIN)
    corners = [(low, curve[0][1]), *((x, y) for x, y in curve), (high, curve[-1][1])]
    words = _("%(shape)s, from %(first)s to %(last)s") % {
        "shape": _shape(curve),
        "first": value_text(curve[0][0], unit, decimals),
        "last": value_text(curve[-1][0], unit, decimals),
    }
    line = path([(across(x), up(y)) for x, y in corners])
    if value is None or score is None:
        return CurvePlot(_("%(words)s; no value on it") % {"words": words}, line)
    x, y = across(value), up(score)
    return CurvePlot(
        label=_("%(words)s; %(value)s scores %(score)s")
        % {
            "words": words,
            "value": value_text(value, unit, decimals),
            "score": score_text(score),
        },
        line=line,
        place=path([(x, y)]) + "h0",
        drop=path([(x, y), (x, HEIGHT - MARGIN)]),
    )


def drawn_span(curve: Sequence[Sequence[float]], values: Sequence[float]) -> tuple[float, float]:
    """All points and values, with some of the flat parts beside them."""
    low = min(curve[0][0], *values, curve[0][0])
    high = max(curve[-1][0], *values, curve[-1][0])
    side = (high - low) * SIDES
    return low - side, high + side


def _shape(curve: Sequence[Sequence[float]]) -> str:
    scores = [score for _, score in curve]
    if scores == sorted(scores):
        return _("Higher is better")
    if scores == sorted(scores, reverse=True):
        return _("Lower is better")
    return _("Best inside a range")
