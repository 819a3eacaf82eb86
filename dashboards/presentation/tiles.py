"""What a score tile needs to know, so that views fill in names and not dictionaries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.presentation.bands import BandLimits
from metrics.choices import Band


@dataclass(frozen=True)
class ScoreTile:
    """One score of a subject and month, with everything that keeps it honest."""

    name: str
    score: float | None
    band: Band | None
    """None where nothing is stored: not measured."""
    coverage: float | None = None
    low: float | None = None
    high: float | None = None
    change: float | None = None
    since: str = ""
    """What the change compares with: `Sep 2026`."""
    history: Sequence[float | None] = ()
    """Oldest first, one place per month, this month last."""
    is_unfinished: bool = False
    limits: BandLimits | None = None
    icon: str = ""
    url: str = ""
    balance: float | None = None
    """0 to 1; overall scores only."""
    why_unknown: str = ""
    """Said in place of the change where there is no score."""
