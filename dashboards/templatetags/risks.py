"""The risk of losing a customer, by the rule of selectors.risks: `{% load risks %}`."""

from __future__ import annotations

from django import template
from django.http import QueryDict
from django.template.context import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboards.selectors.risks import FALL_POINTS, NEAR_DAYS, Risk
from dashboards.templatetags.presentation import icon

register = template.Library()

# Bands have their colours to themselves, so a risk is told by a sign and a word.
ICONS = {
    Risk.AT_RISK: "exclamation-octagon",
    Risk.UNKNOWN: "question-circle",
    Risk.WATCH: "eye",
    Risk.NO_SIGN: "check-lg",
}


@register.simple_tag
def risk_mark(risk: Risk) -> SafeString:
    """Sign and word."""
    return format_html(
        '<span class="risk risk--{}">{}{}</span>', risk.value, icon(ICONS[risk]), risk.label
    )


@register.inclusion_tag("dashboards/_risk_rule.html")
def risk_rule(since: str = "") -> dict[str, object]:
    """The rule in words; `since` names the month that a fall is measured from."""
    return {"near_days": NEAR_DAYS, "fall_points": FALL_POINTS, "since": since}


@register.simple_tag(takes_context=True)
def address_with(context: Context, name: str, value: str, chosen: str | None) -> str:
    """This page's address with a filter chosen, or, where it is the chosen one, without it."""
    request = context.get("request")
    parameters = request.GET.copy() if request else QueryDict(mutable=True)
    for gone in ("page", name):
        parameters.pop(gone, None)
    if value != chosen:
        parameters[name] = value
    path = request.path if request else ""
    return f"{path}?{parameters.urlencode()}" if parameters else path
