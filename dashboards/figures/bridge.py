"""From one score to another, part by part; and one score as the sum of its parts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from textwrap import wrap

from django.utils.translation import gettext as _

from dashboards.figures.chart import Chart
from dashboards.figures.drawing import Drawing, Trace, bar, scatter
from dashboards.figures.theme import (
    ACCENT,
    FALL,
    INK,
    LINE,
    RISE,
    hover,
    new_figure,
    text,
)
from dashboards.presentation.numbers import change_text, listed, score_text
from dashboards.presentation.tables import Column, DataTable
from metrics.choices import Category

# Parts add up to a change to within 1e-9; this only catches a forgotten one.
EXACT = 1e-6

# How much of its place a level's line takes.
HALF_LEVEL = 0.36

# In pixels, what a number of points takes beside its bar.
NUMBER_WIDTH = 40

# Longer names are told on several lines.
NAME_LENGTH = 26

# A score axis that is cut shows at least this many points.
LEAST_SPAN = 4


@dataclass(frozen=True)
class Part:
    """A named number of points; `detail` says more in the hover text."""

    name: str
    points: float
    detail: str = ""


@dataclass(frozen=True)
class ChangeBridge:
    """A score before and after, and the parts that lead from one to the other, exactly."""

    name: str
    before: str
    start: float
    parts: Sequence[Part]
    after: str
    end: float

    def __post_init__(self) -> None:
        reached = self.start + math.fsum(part.points for part in self.parts)
        if abs(reached - self.end) > EXACT:
            raise ValueError(f"The parts lead from {self.start} to {reached}, not to {self.end}.")


@dataclass(frozen=True)
class Contributions:
    """A score as the points of its parts; `balance` among them may be negative."""

    name: str
    score: float
    parts: Sequence[Part]


def change_bridge_chart(
    bridge: ChangeBridge, *, slug: str = "change-bridge", title: str = ""
) -> Chart:
    return Chart(
        slug=slug,
        title=title
        or _("From %(before)s to %(after)s") % {"before": bridge.before, "after": bridge.after},
        summary=change_bridge_summary(bridge),
        drawing=change_bridge(bridge),
        table=change_bridge_table(bridge),
    )


def change_bridge(bridge: ChangeBridge) -> Drawing:
    """Parts float between two levels, which are lines and not bars: the axis doesn't begin at 0."""
    figure = new_figure(showlegend=False, bargap=0.42)
    levels = _levels(bridge)
    last = len(bridge.parts) + 1
    figure.add(_connectors(levels))
    figure.add(
        bar(
            x=list(range(1, last)),
            y=[part.points for part in bridge.parts],
            base=levels[:-1],
            marker={
                "color": [RISE if part.points >= 0 else FALL for part in bridge.parts],
                # Rises and falls differ in filling too, not in colour alone.
                "pattern": {
                    "shape": ["" if part.points >= 0 else "/" for part in bridge.parts],
                    "fillmode": "replace",
                    "solidity": 0.55,
                    "size": 6,
                },
            },
            text=[change_text(part.points) for part in bridge.parts],
            textposition="outside",
            cliponaxis=False,
            hovertext=[
                hover(
                    part.name,
                    _("%(points)s points") % {"points": change_text(part.points)},
                    part.detail,
                )
                for part in bridge.parts
            ],
            hoverinfo="text",
            name=_("Parts"),
        )
    )
    for place, level, label in ((0, bridge.start, bridge.before), (last, bridge.end, bridge.after)):
        figure.add(_level(place, level, label))
        figure.note(
            x=place,
            y=level,
            yshift=14,
            showarrow=False,
            text=f"<b>{score_text(level)}</b>",
            font={"size": 15},
        )
    figure.change_x(
        tickmode="array",
        tickvals=list(range(last + 1)),
        ticktext=[
            _wrapped(name)
            for name in (bridge.before, *(part.name for part in bridge.parts), bridge.after)
        ],
        range=[-0.6, last + 0.6],
    )
    figure.change_y(range=_around(levels), nticks=6)
    return figure


def change_bridge_summary(bridge: ChangeBridge) -> str:
    change = bridge.end - bridge.start
    words = _(
        "%(bridge)s went from %(start)s in %(before)s to %(end)s in %(after)s (%(change)s)."
    ) % {
        "bridge": bridge.name,
        "start": score_text(bridge.start),
        "before": bridge.before,
        "end": score_text(bridge.end),
        "after": bridge.after,
        "change": change_text(change),
    }
    told = [
        sentence % {"parts": listed([f"{part.name} {change_text(part.points)}" for part in parts])}
        for sentence, parts in (
            (_("Up: %(parts)s."), _largest(bridge.parts, rising=True)),
            (_("Down: %(parts)s."), _largest(bridge.parts, rising=False)),
        )
        if parts
    ]
    return " ".join([words, *told])


def change_bridge_table(bridge: ChangeBridge) -> DataTable:
    return DataTable(
        columns=(
            Column(_("Part")),
            Column(_("Points"), change_text, is_number=True),
            Column(_("Score after it"), score_text, is_number=True),
            Column(_("Why")),
        ),
        rows=[
            (bridge.before, None, bridge.start, ""),
            *(
                (part.name, part.points, reached, part.detail)
                for part, reached in zip(bridge.parts, _levels(bridge)[1:], strict=True)
            ),
            *_categories_without_a_part(bridge.parts),
            (bridge.after, bridge.end - bridge.start, bridge.end, ""),
        ],
    )


def _categories_without_a_part(parts: Sequence[Part]) -> Iterator[tuple[str, None, None, str]]:
    """Where the financial category has a part, the others are named as well, if only as unknown."""
    named = {part.name for part in parts}
    if str(Category.FINANCIAL.label) in named:
        for category in Category:
            if str(category.label) not in named:
                yield str(category.label), None, None, _("unknown in both months")


def contribution_bars_chart(
    contributions: Contributions, *, slug: str = "contributions", title: str = ""
) -> Chart:
    return Chart(
        slug=slug,
        title=title
        or _("What %(contributions)s is made of") % {"contributions": contributions.name},
        summary=contribution_bars_summary(contributions),
        drawing=contribution_bars(contributions),
        table=contribution_bars_table(contributions),
    )


def contribution_bars(contributions: Contributions) -> Drawing:
    """One bar for each part, in the order given, from a common zero."""
    parts = contributions.parts
    figure = new_figure(showlegend=False, bargap=0.4, height=64 + 34 * max(len(parts), 1))
    figure.add(
        bar(
            orientation="h",
            x=[part.points for part in parts],
            y=list(range(len(parts))),
            marker={
                "color": [ACCENT if part.points >= 0 else FALL for part in parts],
                "pattern": {
                    "shape": ["" if part.points >= 0 else "/" for part in parts],
                    "fillmode": "replace",
                },
            },
            text=[score_text(part.points) for part in parts],
            textposition="outside",
            cliponaxis=False,
            hovertext=[
                hover(
                    part.name,
                    _("%(points)s points") % {"points": score_text(part.points)},
                    part.detail,
                )
                for part in parts
            ],
            hoverinfo="text",
            name=_("Points"),
        )
    )
    figure.change_y(
        autorange="reversed",
        showgrid=False,
        tickmode="array",
        tickvals=list(range(len(parts))),
        ticktext=["<br>".join(map(text, wrap(part.name, NAME_LENGTH))) for part in parts],
    )
    figure.change_x(showgrid=True, title={"text": _("points")}, zeroline=True, rangemode="tozero")
    # The numbers stand outside the bars: room for them at the right, and left of a negative one.
    figure.change(margin={"r": NUMBER_WIDTH})
    if any(part.points < 0 for part in parts):
        figure.change_y(ticklabelstandoff=NUMBER_WIDTH)
    return figure


def contribution_bars_summary(contributions: Contributions) -> str:
    if not contributions.parts:
        return _("%(contributions)s has no parts with a score.") % {
            "contributions": contributions.name
        }
    given = [part for part in contributions.parts if part.points >= 0]
    taken = [part for part in contributions.parts if part.points < 0]
    said = {
        "name": contributions.name,
        "score": score_text(contributions.score),
        "given": listed([f"{part.name} {score_text(part.points)}" for part in given]),
        "taken": listed([f"{part.name} {change_text(part.points)}" for part in taken]),
    }
    if taken:
        return _("%(name)s %(score)s is made of %(given)s; taken away by %(taken)s.") % said
    return _("%(name)s %(score)s is made of %(given)s.") % said


def contribution_bars_table(contributions: Contributions) -> DataTable:
    return DataTable(
        columns=(
            Column(_("Part")),
            Column(_("Points"), score_text, is_number=True),
            Column(_("Why")),
        ),
        rows=[
            *((part.name, part.points, part.detail) for part in contributions.parts),
            (contributions.name, contributions.score, ""),
        ],
    )


def _levels(bridge: ChangeBridge) -> list[float]:
    """The start, and the score reached after each part."""
    return list(accumulate((part.points for part in bridge.parts), initial=bridge.start))


def _level(place: int, level: float, label: str) -> Trace:
    return scatter(
        x=[place - HALF_LEVEL, place, place + HALF_LEVEL],
        y=[level] * 3,
        mode="lines",
        line={"color": INK, "width": 4},
        cliponaxis=False,
        hovertext=hover(label, score_text(level)),
        hoverinfo="text",
        name=text(label),
    )


def _connectors(levels: Sequence[float]) -> Trace:
    """Thin lines that carry each level on to the next part."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    for place, level in enumerate(levels):
        xs += [place, place + 1, None]
        ys += [level, level, None]
    return scatter(
        x=xs,
        y=ys,
        mode="lines",
        line={"color": LINE, "dash": "dot", "width": 1},
        hoverinfo="skip",
        name=_("Levels"),
    )


def _around(levels: Sequence[float]) -> list[float]:
    """All levels with room for the numbers above and below them."""
    low, high = min(levels), max(levels)
    span = max(high - low, LEAST_SPAN)
    middle = (low + high) / 2
    return [middle - span * 0.72, middle + span * 0.78]


def _largest(parts: Sequence[Part], *, rising: bool, most: int = 3) -> list[Part]:
    """The parts that are worth a word: those that show with one decimal."""
    shown = [part for part in parts if change_text(part.points) != change_text(0)]
    chosen = [part for part in shown if (part.points > 0) is rising]
    return sorted(chosen, key=lambda part: -abs(part.points))[:most]


def _wrapped(name: str) -> str:
    """Words under each other, so that names fit side by side."""
    return "<br>".join(text(name).split(" "))
