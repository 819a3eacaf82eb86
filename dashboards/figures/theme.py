"""One look for all figures. Colours are roles, `var(--green)`: the page's style sheet resolves them
in the browser, and `resolved` does where there is none (documents, pictures).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go

from dashboards.figures.drawing import Drawing, Layout
from dashboards.presentation.bands import BandLimits, style_of
from dashboards.presentation.numbers import separators, trimmed
from dashboards.presentation.palette import FONT, PALETTES, Theme
from metrics.choices import Band, Category
from projects.months import Month

INK = "var(--ink)"
MUTED = "var(--muted)"
GRID = "var(--grid)"
LINE = "var(--line-strong)"
SURFACE = "var(--surface)"
ACCENT = "var(--accent)"
RANGE = "var(--range)"
RISE = "var(--rise)"
FALL = "var(--fall)"

CATEGORY_COLOURS = {
    category: f"var(--category-{category.value.replace('_', '-')})" for category in Category
}

# Lines of categories and subjects differ in dash and mark too, never in colour alone.
SERIES_COLOURS = tuple(CATEGORY_COLOURS.values())
SERIES_DASHES = ("solid", "dash", "dot", "dashdot")
SERIES_SYMBOLS = ("circle", "square", "triangle-up", "diamond")

UNFINISHED_DASH = "dot"

# Where no page gives the height.
HEIGHT = 360

# Room at the right for the names of the limits.
LIMITS_MARGIN = 70

# Up to this many months an axis labels every one of them; Plotly would repeat names otherwise.
FEW_MONTHS = 6

_ROLE = re.compile(r"var\(--([\w-]+)\)")


def _template() -> Layout:
    axis = {
        "automargin": True,
        "gridcolor": GRID,
        "linecolor": GRID,
        "showline": False,
        "tickcolor": GRID,
        "ticks": "",
        "title": {"font": {"color": MUTED, "size": 12}, "standoff": 8},
        "zeroline": False,
        "zerolinecolor": LINE,
        "tickfont": {"color": MUTED, "size": 12},
        "ticklabelstandoff": 6,
    }
    return {
        "layout": {
            "colorway": SERIES_COLOURS,
            "dragmode": False,
            "font": {"color": INK, "family": FONT, "size": 12},
            "hoverlabel": {
                "align": "left",
                "bgcolor": SURFACE,
                "bordercolor": LINE,
                "font": {"color": INK, "family": FONT, "size": 12},
            },
            "hovermode": "closest",
            "legend": {
                "font": {"color": MUTED, "size": 12},
                "itemclick": False,
                "itemdoubleclick": False,
                "orientation": "h",
                "x": 0,
                "xanchor": "left",
                "y": 1.02,
                "yanchor": "bottom",
            },
            "margin": {"b": 8, "l": 8, "r": 8, "t": 16},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "xaxis": {**axis, "showgrid": False},
            "yaxis": axis,
        }
    }


TEMPLATE = _template()


def new_figure(**layout: Any) -> Drawing:
    """An empty figure in the portal's look."""
    return Drawing(template=TEMPLATE, separators=separators(), **layout)


def resolved(figure: go.Figure, theme: Theme) -> go.Figure:
    """The same figure with every role replaced by the theme's colour, and a height."""
    palette = PALETTES[theme]
    drawn = go.Figure(json.loads(_ROLE.sub(lambda role: palette[role[1]], figure.to_json())))
    drawn.update_layout(height=figure.layout.height or HEIGHT)
    return drawn


def text(words: str) -> str:
    """Somebody's words inside a figure, which reads a little HTML."""
    return escape(words, quote=False)


def hover(*lines: str) -> str:
    """Lines of a hover text, the first one strong; their words are escaped here."""
    first, *others = (text(line) for line in lines if line)
    return "<br>".join([f"<b>{first}</b>", *others])


def score_axis(figure: Drawing, limits: BandLimits | None) -> None:
    """Scores from 0 to 100, always whole, with the bands' limits as quiet lines."""
    figure.change_y(range=[-2, 102], tickvals=[0, 25, 50, 75, 100])
    if limits is None:
        return
    figure.change(margin={"r": LIMITS_MARGIN})
    for start, band in ((limits.green_from, Band.GREEN), (limits.amber_from, Band.AMBER)):
        figure.line_across(
            start,
            line={"color": LINE, "dash": "2px,3px", "width": 1},
            words={
                "font": {"color": MUTED, "size": 11},
                "text": f"{text(style_of(band).word)} {trimmed(start)}",
                "xanchor": "left",
                "xshift": 4,
                "yanchor": "middle",
            },
        )


def month_axis(figure: Drawing, months: Sequence[Month]) -> None:
    """Months by name, never more often than once each."""
    figure.change_x(type="date", tickformat="%b\n%Y", hoverformat="%b %Y")
    if len(set(months)) <= FEW_MONTHS:
        figure.change_x(tickmode="array", tickvals=sorted({day(month) for month in months}))
    else:
        figure.change_x(nticks=8)


def day(month: Month) -> str:
    """A month's place on a date axis."""
    return month.first_day.isoformat()
