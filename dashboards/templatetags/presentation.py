"""Values as text: `{% load presentation %}`. What each expects stands in docs/design.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from django import template
from django.contrib.staticfiles import finders
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from dashboards.presentation import months, numbers
from dashboards.presentation.bands import style_of
from dashboards.presentation.money import money_short, money_text
from metrics.choices import Band
from projects.months import Month

register = template.Library()

_SVG = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


def unknown(text: str = "") -> SafeString:
    """A dash for the eye, a word for the ear."""
    return format_html(
        '<span class="unknown"><span aria-hidden="true">{}</span>'
        '<span class="visually-hidden">{}</span></span>',
        numbers.UNKNOWN,
        text or _("unknown"),
    )


@register.filter
def score(value: float | None) -> str:
    """`72.4`; without a score a dash, read as "unknown"."""
    return unknown() if value is None else numbers.score_text(value)


@register.filter
def change(value: float | None) -> str:
    """With its sign and one decimal, a proper minus: `+3.1`."""
    return unknown() if value is None else numbers.change_text(value)


@register.filter
def percent(value: float | None, decimals: int = 0) -> str:
    """A rate of 0 to 1: `83%`."""
    return unknown() if value is None else numbers.percent_text(value, decimals)


@register.filter
def in_percent(value: float) -> str:
    """What is in percent already: `83%`."""
    return numbers.percent_sign(value)


@register.filter
def number(value: float | Decimal | None, decimals: int = 0) -> str:
    """With the reader's grouping: `12,480`."""
    return unknown() if value is None else numbers.grouped(value, decimals)


@register.simple_tag
def value(amount: float | None, unit: str = "", decimals: int = 0) -> str:
    """A metric's value: `{% value row.value metric.unit metric.decimals %}`."""
    return unknown() if amount is None else numbers.value_text(amount, unit, decimals)


@register.simple_tag
def money(amount: float | Decimal | None, currency: str = "") -> str:
    return unknown() if amount is None else money_text(amount, currency)


@register.simple_tag
def short_money(amount: float | Decimal | None, currency: str = "") -> str:
    """`£1.2m`, with the whole amount as its title."""
    if amount is None:
        return unknown()
    return format_html(
        '<span title="{}">{}</span>', money_text(amount, currency), money_short(amount, currency)
    )


register.filter("day", months.day_label, expects_localtime=True)
register.filter("day_time", months.day_time_label, expects_localtime=True)
register.filter("day_exact_time", months.day_exact_time, expects_localtime=True)
register.filter("exact_time", months.exact_time, expects_localtime=True)
register.filter("weekday_time", months.weekday_time, expects_localtime=True)


@register.filter
def month_of_day(value: date) -> str:
    """`Mar 2026`, of a day."""
    return months.month_of_day(value)


@register.filter
def month(value: Month | None) -> str:
    """`Mar 2026`."""
    return months.month_label(value)


@register.filter
def month_name(value: Month | None) -> str:
    """`March 2026`."""
    return months.month_name(value)


@register.filter
def band_word(value: Band | int | None) -> str:
    return style_of(value).word


@register.filter
def lookup(mapping: Mapping[Any, Any], key: Any) -> Any:
    """What a mapping holds for a key, None if nothing: `{{ scores|lookup:category }}`."""
    return mapping.get(key)


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """A Bootstrap icon as inline SVG; with a label it is read out, else it is decoration."""
    if label:
        return format_html(
            '<svg class="icon" viewBox="0 0 16 16" role="img" aria-label="{}">{}</svg>',
            label,
            _icon_body(name),
        )
    return format_html(
        '<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">{}</svg>', _icon_body(name)
    )


@cache
def _icon_body(name: str) -> SafeString:
    found = finders.find(f"vendor/bootstrap-icons/{name}.svg")
    if not isinstance(found, str):
        raise template.TemplateSyntaxError(
            f'There is no icon "{name}": add it to ICONS in tools/vendor.py and run make vendor.'
        )
    body = _SVG.search(Path(found).read_text(encoding="utf-8"))
    if not body:
        raise template.TemplateSyntaxError(f'The icon "{name}" is not an SVG.')
    return mark_safe(body[1].strip())  # nosec B308 B703 - a vendored file, not somebody's input
