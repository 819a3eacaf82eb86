"""A figure while it is drawn: plain lists and dictionaries, as the browser gets them.

Plotly's own objects look at every property when it is set, which takes longer than all else that a
page with charts does. So a page never builds them; a document or a test that asks for one gets it,
strictly checked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

Trace = dict[str, Any]
Layout = dict[str, Any]
"""Both under Plotly's own names."""


def scatter(**properties: Any) -> Trace:
    return {"type": "scatter", **properties}


def bar(**properties: Any) -> Trace:
    return {"type": "bar", **properties}


class Drawing:
    """Traces and a layout, put together bit by bit."""

    def __init__(self, **layout: Any) -> None:
        self.traces: list[Trace] = []
        self.layout: Layout = {}
        self.change(**layout)

    def add(self, *traces: Trace) -> None:
        self.traces += traces

    def change(self, **layout: Any) -> None:
        """Set parts of the layout; what is not named stays as it is, at every depth."""
        _change(self.layout, layout)

    def change_x(self, **axis: Any) -> None:
        self.change(xaxis=axis)

    def change_y(self, **axis: Any) -> None:
        self.change(yaxis=axis)

    def note(self, **annotation: Any) -> None:
        self.layout.setdefault("annotations", []).append(annotation)

    def shape(self, **shape: Any) -> None:
        self.layout.setdefault("shapes", []).append(shape)

    def line_across(self, y: float, *, line: Layout, words: Layout) -> None:
        """A line from left to right, behind the others, and its name at the right end."""
        there = {"x0": 0, "x1": 1, "xref": "x domain", "y0": y, "y1": y, "yref": "y"}
        self.shape(type="line", layer="below", line=line, **there)
        self.note(**{"x": 1, "xref": "x domain", "y": y, "yref": "y", "showarrow": False, **words})

    def line_up(self, x: float, *, line: Layout, words: Layout) -> None:
        """A line from bottom to top, behind the others, and its name at the upper end."""
        there = {"x0": x, "x1": x, "xref": "x", "y0": 0, "y1": 1, "yref": "y domain"}
        self.shape(type="line", layer="below", line=line, **there)
        there = {"x": x, "xref": "x", "xanchor": "left", "y": 1, "yref": "y domain"}
        self.note(**{**there, "showarrow": False, **words})

    def as_json(self) -> dict[str, Any]:
        """The same as Plotly writes; nothing of it is shared with another figure."""
        plain: dict[str, Any] = json.loads(json.dumps({"data": self.traces, "layout": self.layout}))
        return plain

    def figure(self) -> go.Figure:
        """Plotly's own object; a property that Plotly doesn't know is refused."""
        return go.Figure(self.as_json())


def _change(old: Layout, new: Mapping[str, Any]) -> None:
    """Every dictionary is copied, so that two figures never share one."""
    for name, value in new.items():
        if isinstance(value, dict):
            _change(old.setdefault(name, {}), value)
        else:
            old[name] = value
