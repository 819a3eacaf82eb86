"""The line of a metric's values, small enough for a table cell; on a scale of its own."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards.presentation.drawing import Point, Scale, path
from dashboards.presentation.numbers import grouped, value_text
from dashboards.presentation.sparkline import HEIGHT, MARGIN, WIDTH, Sparkline


def value_line(values: Sequence[float | None], *, unit: str = "", decimals: int = 0) -> Sparkline:
    """Oldest first, one place per period; None leaves a gap."""
    known = [value for value in values if value is not None]
    if not known:
        return Sparkline(label=_("No values"))
    across = Scale(0, max(len(values) - 1, 1), MARGIN, WIDTH - MARGIN)
    up = Scale(min(known), max(known), HEIGHT - MARGIN, MARGIN)
    stretches: list[list[Point]] = [[]]
    for place, value in enumerate(values):
        if value is not None:
            stretches[-1].append((across(place), up(value)))
        elif stretches[-1]:
            stretches.append([])
    stretches = [stretch for stretch in stretches if stretch]
    last = stretches[-1][-1] if values[-1] is not None else None
    return Sparkline(
        label=_in_words(values, known, unit, decimals),
        lines=tuple(path(points) for points in stretches if len(points) > 1),
        singles=tuple(
            path(points) + "h0" for points in stretches if len(points) == 1 and points[0] != last
        ),
        last=path([last]) + "h0" if last else "",
    )


def _in_words(
    values: Sequence[float | None], known: Sequence[float], unit: str, decimals: int
) -> str:
    def told(value: float) -> str:
        return value_text(value, unit, decimals)

    if len(known) == 1:
        words = ngettext(
            "One value in %(number)s period: %(first)s",
            "One value in %(number)s periods: %(first)s",
            len(values),
        )
    else:
        words = ngettext(
            "%(number)s period: from %(first)s to %(last)s, lowest %(lowest)s, highest %(highest)s",
            "%(number)s periods: from %(first)s to %(last)s, lowest %(lowest)s,"
            " highest %(highest)s",
            len(values),
        )
    words = words % {
        "number": grouped(len(values)),
        "first": told(known[0]),
        "last": told(known[-1]),
        "lowest": told(min(known)),
        "highest": told(max(known)),
    }
    gaps = len(values) - len(known)
    if not gaps:
        return words
    return ngettext(
        "%(words)s; no value in %(number)s", "%(words)s; no value in %(number)s", gaps
    ) % {"words": words, "number": gaps}
