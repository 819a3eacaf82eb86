"""How old a value in force is, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

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
        return Freshness("missing", _("no value in force"))
    left = round(DIAL_LENGTH * freshness, 2)
    if freshness >= 1:
        return Freshness("current", _("current"), left)
    if not age:
        # A formula's own period is current, what it was computed from is not.
        return Freshness("fading", _("from fading inputs"), left)
    words = ngettext("%(number)s month old, fading", "%(number)s months old, fading", age)
    return Freshness("fading", words % {"number": age}, left)
