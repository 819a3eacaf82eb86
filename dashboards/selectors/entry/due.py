"""What is due from the person at a desk (the rules stand in `metrics.due`)."""

from __future__ import annotations

from collections.abc import Collection

from dashboards.selectors.entry.desk import Desk
from metrics.due import DueGroup, DueList, DueValue, due_list, ended_periods

__all__ = ["DueGroup", "DueList", "DueValue", "due_values", "ended_periods"]


def due_values(desk: Desk, *, within: Collection[int] | None = None) -> DueList:
    """What the person of the desk has not given yet, of all subjects or of some."""
    return due_list(desk, desk.rights, within=within)
