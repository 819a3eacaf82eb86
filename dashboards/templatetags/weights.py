"""Weights and shares as text: `{% load weights %}`."""

from __future__ import annotations

from django import template

from dashboards.presentation.numbers import UNKNOWN, grouped

register = template.Library()

MOST_DECIMALS = 3


@register.filter
def plain(weight: float | None) -> str:
    """As it was written: `2`, `0.6`; what a computer adds behind is left out."""
    if weight is None:
        return UNKNOWN
    text = f"{round(weight, MOST_DECIMALS):.{MOST_DECIMALS}f}".rstrip("0")
    return grouped(weight, len(text.partition(".")[2]))
