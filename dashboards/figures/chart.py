"""A figure with what must never be missing beside it: what it says, in words and in a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import plotly.graph_objects as go

from dashboards.figures.drawing import Drawing
from dashboards.presentation.tables import DataTable


@dataclass(frozen=True)
class Chart:
    """`slug` names it on its page and as a file; `summary` is its message, read and shown."""

    slug: str
    title: str
    summary: str
    drawing: Drawing
    table: DataTable
    size: Literal["", "short", "tall"] = ""
    """The height of its place on a page, where the figure has none of its own."""
    told_beside: str = ""
    """The end of the summary, if the page tells it beside the chart too: read there, not shown."""

    @property
    def message(self) -> str:
        """The part of the summary that is shown."""
        return self.summary.removesuffix(self.told_beside).rstrip()

    @property
    def data_id(self) -> str:
        """Where the page keeps the figure for the script that draws it."""
        return f"{self.slug}-figure"

    @property
    def as_json(self) -> dict[str, Any]:
        return self.drawing.as_json()

    @property
    def figure(self) -> go.Figure:
        """Plotly's own object, checked; no page needs it."""
        return self.drawing.figure()
