"""How long things take: `{% load running %}`."""

from __future__ import annotations

from datetime import timedelta

from django import template

from dashboards.presentation.numbers import NO_BREAK_SPACE, UNKNOWN, grouped

register = template.Library()


@register.filter
def took(time: timedelta | None) -> str:
    """`0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`; unknown stays unknown."""
    if time is None:
        return UNKNOWN
    seconds = time.total_seconds()
    if seconds < 10:
        return f"{grouped(seconds, 1)}{NO_BREAK_SPACE}s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest}{NO_BREAK_SPACE}s"
    hours, minutes_left = divmod(minutes, 60)
    if not hours:
        return f"{minutes}{NO_BREAK_SPACE}min {rest}{NO_BREAK_SPACE}s"
    return f"{grouped(hours)}{NO_BREAK_SPACE}h {minutes_left}{NO_BREAK_SPACE}min"
