"""Which values a curve gives at least a score: the other way round, for people to aim at."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from django.utils.translation import gettext as _

from dashboards.presentation.numbers import value_text

Span = tuple[float | None, float | None]
"""From and to, both included; None is open."""


def values_reaching(curve: Sequence[Sequence[float]], score: float) -> list[Span]:
    """The spans of values whose score is at least this one, in rising order."""
    if not curve:
        return []
    spans: list[Span] = []
    start: float | None = None
    is_in = curve[0][1] >= score
    for (left, before), (right, after) in pairwise(curve):
        if (before >= score) == (after >= score):
            continue
        crossing = left + (score - before) / (after - before) * (right - left)
        if is_in:
            spans.append((start, crossing))
        start, is_in = crossing, not is_in
    if is_in:
        spans.append((start, None))
    return spans


def reach_text(
    curve: Sequence[Sequence[float]], score: float, unit: str = "", decimals: int = 0
) -> str:
    """`85% or more`, `5 days or less`, `10 to 20 days`; empty without a curve."""
    if not curve:
        return ""
    spans = values_reaching(curve, score)
    if not spans:
        return _("no value")
    return _(" or ").join(_span_text(span, unit, decimals) for span in spans)


def _span_text(span: Span, unit: str, decimals: int) -> str:
    low, high = span
    if low is None and high is None:
        return _("any value")
    if high is None:
        return _("%(value)s or more") % {"value": value_text(low, unit, decimals)}
    if low is None:
        return _("%(value)s or less") % {"value": value_text(high, unit, decimals)}
    return _("%(low)s to %(high)s") % {
        "low": value_text(low, "", decimals),
        "high": value_text(high, unit, decimals),
    }
