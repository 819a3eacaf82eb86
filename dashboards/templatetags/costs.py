"""Costs against their benchmark: `{% load costs %}`."""

from __future__ import annotations

from decimal import Decimal

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards.presentation.money import money_text, variance
from dashboards.presentation.numbers import grouped
from dashboards.selectors.offers import CostLine
from dashboards.templatetags.presentation import unknown

register = template.Library()


@register.simple_tag
def variance_mark(amount: Decimal | None, planned: Decimal | None, currency: str) -> SafeString:
    """How far over or under, without the amount itself: `€5k (2%) over`."""
    found = variance(amount, planned)
    if found is None:
        return unknown()
    return format_html(
        '<span class="money__variance{}">{}</span>',
        " money__variance--over" if found.is_over else "",
        found.text(currency),
    )


@register.simple_tag
def cost_told(line: CostLine, *, of_one_service: bool = False) -> SafeString:
    """A sentence: what is paid in one currency, and how that compares, where it can be compared."""
    if line.is_partly_compared:
        after = _("{base}; against a benchmark of {benchmark} for {part} of {all}: {variance}.")
    elif line.compared:
        after = _("{base} against a benchmark of {benchmark}: {variance}.")
    else:
        after = _("{base}; no benchmark is known.")
    return format_html(
        after,
        base=_base(line, of_one_service=of_one_service),
        benchmark=money_text(line.benchmark, line.currency),
        part=grouped(line.compared),
        all=grouped(line.offers),
        variance=variance_mark(line.compared_cost, line.benchmark, line.currency),
    )


def _base(line: CostLine, *, of_one_service: bool) -> str:
    cost = money_text(line.cost, line.currency)
    if of_one_service:
        return _("It costs {cost} a year").format(cost=cost)
    told = ngettext("The service costs {cost}", "The {number} services cost {cost}", line.offers)
    return _("{costs} a year").format(costs=told.format(cost=cost, number=grouped(line.offers)))
