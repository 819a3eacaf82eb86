"""Subjects on a page: where they lead, and their scores as cells. `{% load subjects %}`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from dashboards.presentation.bands import style_of
from dashboards.presentation.money import variance
from dashboards.presentation.months import month_label
from dashboards.presentation.numbers import grouped
from dashboards.presentation.value_line import value_line as drawn_values
from dashboards.selectors.money import Money
from dashboards.selectors.months import ViewMonth
from dashboards.selectors.scores import Mark, SubjectScores
from dashboards.templatetags.components import band_shape, heat_cell
from dashboards.views.links import LISTS, PAGES
from metrics.choices import Band
from projects.choices import SubjectKind
from projects.months import Month

register = template.Library()


@register.simple_tag
def subject_url(kind: str, code: str, month: ViewMonth | Month) -> str:
    """The subject's own page in the month, or, as long as there is none, its explanation.

    A page's month hands on what the page compares with.
    """
    page = PAGES.get(SubjectKind(kind))
    if page is None:
        return _explained_at(code, month)
    return f"{reverse(page, args=[code])}?{_query(month)}"


def _query(month: ViewMonth | Month) -> str:
    return month.query if isinstance(month, ViewMonth) else f"month={month}"


def _explained_at(code: str, month: ViewMonth | Month) -> str:
    if isinstance(month, ViewMonth):
        return reverse("explain", args=[code, month.month]) + month.explained_query
    return reverse("explain", args=[code, month])


@register.simple_tag
def subject_list_url(kind: str, month: ViewMonth | Month) -> str:
    """The list of a kind in the month; empty if it has none."""
    listed = LISTS.get(SubjectKind(kind))
    return f"{reverse(listed[0])}?{_query(month)}" if listed else ""


@register.simple_tag
def change_label(month: ViewMonth, label: str = "") -> SafeString:
    """The heading of a column of changes, and on a line of its own `since Oct 2025`."""
    since = _("since %(month)s") % {"month": month_label(month.before)} if month.before else ""
    words = label or pgettext("of a score", "Change")
    return format_html('<span>{} <span class="change-since">{}</span></span>', words, since)


@register.filter
def weight(value: float) -> str:
    """As few decimals as it needs, two at most."""
    return grouped(value, 0 if value == round(value) else 2)


SOON = 90
"""Up to so many days ahead, a date is also told as a distance."""


@register.simple_tag
def days_until(day: date, today: date) -> str:
    """`in 39 days`, `today`, `12 days ago`; empty if it is far off."""
    days = (day - today).days
    if not days:
        return _("today")
    if abs(days) > SOON:
        return _("past") if days < 0 else ""
    if days > 0:
        return ngettext("in %(number)s day", "in %(number)s days", days) % {"number": days}
    return ngettext("%(number)s day ago", "%(number)s days ago", -days) % {"number": -days}


@register.simple_tag
def band_sign(band: Band | None) -> SafeString:
    """Only the shape, the word as its title and for the ear; the legend is at every page's foot."""
    style = style_of(band)
    return format_html(
        '<span class="band-sign is-{}" title="{}">{}<span class="visually-hidden">{}</span></span>',
        style.code,
        style.word,
        band_shape(style),
        style.word,
    )


@register.simple_tag
def forecast_variance(line: Money) -> SafeString:
    """How far the forecast is from the budget of the same projects, without the amount itself."""
    found = variance(line.forecast, line.forecast_budget) if line.with_forecast else None
    if found is None:
        return format_html('<span class="money__variance">{}</span>', _("no forecast"))
    return format_html(
        '<span class="money__variance{}">{}</span>',
        " money__variance--over" if found.is_over else "",
        _("forecast %(variance)s") % {"variance": found.text(line.currency)},
    )


@register.simple_tag
def heat_cells(row: SubjectScores, month: ViewMonth | Month) -> SafeString:
    """Five cells: the overall score and always all four categories; each leads to its reasons."""
    return format_html_join("", "{}", ((mark_cell(row, mark, month),) for mark in row.marks))


@register.simple_tag
def mark_cell(row: SubjectScores, mark: Mark, month: ViewMonth | Month) -> SafeString:
    """One of a subject's five scores as a cell; whoever shows one of them shows the others."""
    return heat_cell(
        mark.score,
        mark.band,
        mark.coverage,
        f"{_explained_at(row.code, month)}#{mark.measure}" if row.is_measured else "",
        _("%(score)s of %(subject)s, explained") % {"score": mark.label, "subject": row.name},
    )


@register.inclusion_tag("components/sparkline.html")
def value_line(values: Sequence[float | None], unit: str = "", decimals: int = 0) -> dict[str, Any]:
    """A metric's values, oldest first, in the size of a table cell."""
    return {"line": drawn_values(values, unit=unit, decimals=decimals), "cell": True}
