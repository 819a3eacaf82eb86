"""Words that lead to their explanation, and what a curve asks for: `{% load help_terms %}`."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboards.presentation.bands import BandLimits
from dashboards.presentation.curve_reach import reach_text
from dashboards.presentation.glossary import TERMS
from dashboards.templatetags.presentation import unknown

register = template.Library()


@register.simple_tag
def term(anchor: str, label: str = "") -> SafeString:
    """A word of the glossary as a link to it; `{% term "coverage" _("Known") %}`."""
    found = TERMS[anchor]
    return format_html(
        '<a class="term" href="{}#{}">{}</a>', reverse("help"), found.anchor, label or found.word
    )


@register.simple_tag
def green_reach(
    curve: Sequence[Sequence[float]], limits: BandLimits | None, unit: str = "", decimals: int = 0
) -> str:
    """The values that the curve calls green: what the level is held against."""
    if limits is None or not curve:
        return unknown()
    return reach_text(curve, limits.green_from, unit, decimals)
