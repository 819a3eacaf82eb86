"""What the tests of the pages for keeping share: forms as a browser sends them, step by step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from django import forms
from django.test import Client

from projects.choices import SubjectKind

EFFECTS = "dashboards/definition_check.html"
END = "dashboards/subject_end.html"

SENT: dict[str, dict[str, str]] = {
    SubjectKind.ORGANISATION: {
        "code": "ACME",
        "name": "Acme",
        "fiscal_year_starts_in": "4",
        "since_ever": "on",
    },
    SubjectKind.PORTFOLIO: {"code": "PF-A", "name": "Growth", "active_from": "2026-04"},
    SubjectKind.PROJECT: {
        "code": "PRJ-A",
        "name": "New bills",
        "weight": "2",
        "active_from": "2026-04",
        "budget": "120000.50",
        "currency": "EUR",
        "start_on": "2026-01-15",
    },
    SubjectKind.SEGMENT: {
        "code": "SEG-A",
        "name": "Small firms",
        "audience": "external",
        "weight": "1",
        "customer_count": "12000",
        "active_from": "2026-04",
    },
    SubjectKind.CUSTOMER: {
        "code": "CU-A",
        "name": "Baker",
        "weight": "1",
        "active_from": "2026-04",
        "since": "2020-03-01",
    },
    SubjectKind.SERVICE: {"code": "SRV-A", "name": "Hosting", "active_from": "2026-04"},
}
"""What is sent for a new subject of each kind; where it lies is added by the test."""


def templates_of(response: Any) -> set[str]:
    return {template.name for template in response.templates}


def carried(response: Any) -> dict[str, list[str]]:
    """The hidden fields of the page before saving, as they are sent again."""
    sent = defaultdict(list)
    for name, value in response.context["carried"]:
        sent[name].append(value)
    return dict(sent)


def save(
    client: Client, address: str, sends: Mapping[str, Any], *, reason: str = "It is agreed."
) -> Any:
    """Send a form, look at its effect, confirm it; the answer to that."""
    looked = client.post(address, dict(sends))
    assert looked.status_code == 200, errors_of(looked)
    assert EFFECTS in templates_of(looked)
    return confirm(client, address, looked, reason=reason)


def confirm(client: Client, address: str, looked: Any, *, reason: str = "It is agreed.") -> Any:
    return client.post(address, {**carried(looked), "step": "save", "why": reason})


def errors_of(response: Any) -> dict[str, list[str]]:
    """What a form was refused for, by field."""
    if response.context is None:
        return {}
    form = response.context["form"]
    return {name: [str(each) for each in errors] for name, errors in form.errors.items()}


def form_as_shown(client: Client, address: str) -> dict[str, str]:
    """What a browser would send if nobody touched anything."""
    response = client.get(address)
    sent = {}
    for field in response.context["form"]:
        value, widget = field.value(), field.field.widget
        if isinstance(widget, forms.CheckboxInput):
            if value:
                sent[field.html_name] = "on"
        elif isinstance(widget, forms.Select):
            sent[field.html_name] = "" if value is None else str(value)
        else:
            sent[field.html_name] = str(widget.format_value(value) or "")
    if "version" in response.context:
        sent["version"] = response.context["version"]
    return sent
