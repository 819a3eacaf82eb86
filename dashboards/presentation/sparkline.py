"""The line of a score over some months, small enough for a tile or a table cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards.presentation.drawing import Point, Scale, path
from dashboards.presentation.numbers import score_text

WIDTH, HEIGHT, MARGIN = 120, 32, 4

# A flat line should look flat: at least this many points of score from bottom to top.
LEAST_SPAN = 20


@dataclass(frozen=True)
class Sparkline:
    """Paths in a box of WIDTH x HEIGHT, and the same in words."""

    label: str
    lines: tuple[str, ...] = ()
    """One for each stretch of months without a gap."""
    unfinished: str = ""
    """The last step, where the last month is still unfinished."""
    singles: tuple[str, ...] = ()
    """Months that stand alone between gaps."""
    last: str = ""
    """A path without length at the last month, drawn as a dot; empty if its score is unknown."""
    is_unfinished: bool = False

    width: int = WIDTH
    height: int = HEIGHT


def sparkline(scores: Sequence[float | None], *, ends_unfinished: bool = False) -> Sparkline:
    """Oldest first, one place per month; None leaves a gap."""
    known = [score for score in scores if score is not None]
    if not known:
        return Sparkline(
            label=ngettext(
                "No score in %(number)s month", "No score in %(number)s months", len(scores)
            )
            % {"number": len(scores)}
        )
    across = Scale(0, max(len(scores) - 1, 1), MARGIN, WIDTH - MARGIN)
    low, high = _span(known)
    up = Scale(low, high, HEIGHT - MARGIN, MARGIN)
    stretches = _stretches(
        [
            None if score is None else (across(place), up(score))
            for place, score in enumerate(scores)
        ]
    )
    last = stretches[-1][-1] if scores[-1] is not None else None
    unfinished = ""
    if ends_unfinished and last and len(stretches[-1]) > 1:
        unfinished = path(stretches[-1][-2:])
        stretches[-1] = stretches[-1][:-1]
    return Sparkline(
        label=_in_words(scores, known, ends_unfinished=ends_unfinished),
        lines=tuple(path(points) for points in stretches if len(points) > 1),
        unfinished=unfinished,
        singles=tuple(
            _dot(points[0]) for points in stretches if len(points) == 1 and points[0] != last
        ),
        last=_dot(last) if last else "",
        is_unfinished=ends_unfinished,
    )


def _span(known: Sequence[float]) -> tuple[float, float]:
    """The scores' own range, widened around its middle to LEAST_SPAN, inside 0 to 100."""
    low, high = min(known), max(known)
    missing = max(LEAST_SPAN - (high - low), 0)
    low, high = low - missing / 2, high + missing / 2
    if low < 0:
        low, high = 0, high - low
    if high > 100:
        low, high = low - (high - 100), 100
    return low, high


def _stretches(points: Sequence[Point | None]) -> list[list[Point]]:
    stretches: list[list[Point]] = [[]]
    for point in points:
        if point:
            stretches[-1].append(point)
        elif stretches[-1]:
            stretches.append([])
    return [stretch for stretch in stretches if stretch]


def _dot(point: Point) -> str:
    return path([point]) + "h0"


def _in_words(
    scores: Sequence[float | None], known: Sequence[float], *, ends_unfinished: bool
) -> str:
    if len(known) == 1:
        words = ngettext(
            "%(number)s month: one score, %(first)s",
            "%(number)s months: one score, %(first)s",
            len(scores),
        )
    else:
        words = ngettext(
            "%(number)s month: from %(first)s to %(last)s, lowest %(lowest)s, highest %(highest)s",
            "%(number)s months: from %(first)s to %(last)s, lowest %(lowest)s, highest %(highest)s",
            len(scores),
        )
    words = words % {
        "number": len(scores),
        "first": score_text(known[0]),
        "last": score_text(known[-1]),
        "lowest": score_text(min(known)),
        "highest": score_text(max(known)),
    }
    gaps = len(scores) - len(known)
    if gaps:
        unknown = ngettext(
            "%(words)s, unknown in %(number)s month",
            "%(words)s, unknown in %(number)s months",
            gaps,
        )
        words = unknown % {"words": words, "number": gaps}
    if ends_unfinished:
        words = _("%(words)s; the last month is unfinished") % {"words": words}
    return words
