"""How old a value in force is, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dashboards.presentation.months import months_text

# Around the dial of radius 5, drawn as a stroke of this length.
DIAL_LENGTH = 31.416


@dataclass(frozen=True)
class Freshness:
    state: Literal["current", "fading", "missing"]
    words: str
    left: float = 0
    """How much of the dial is drawn."""


def freshness_of(*, age: int | None, freshness: float | None) -> Freshness:
    """Age in months past the period's own span, freshness from 1 down to 0; None is missing."""
    if not freshness or age is None:
        return Freshness("missing", "no value in force")
    left = round(DIAL_LENGTH * freshness, 2)
    if freshness >= 1:
        return Freshness("current", "current", left)
    if not age:
        # A formula's own period is current, what it was computed from is not.
        return Freshness("fading", "from fading inputs", left)
    return Freshness("fading", f"{months_text(age)} old, fading", left)
