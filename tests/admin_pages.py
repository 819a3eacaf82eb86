"""Uses the admin's pages as a browser would: opens them, changes a field, saves."""

from __future__ import annotations

from typing import Any

from django.forms import MultiWidget
from django.test import Client
from django.urls import reverse


def page(row: Any, kind: str) -> str:
    options = row._meta
    return reverse(
        f"admin:{options.app_label}_{options.model_name}_{kind}",
        args=[] if isinstance(row, type) else [row.pk],
    )


def fields_of(answer: Any) -> dict[str, Any]:
    """What a browser would send if nobody touched the form."""
    context = answer.context
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    sent: dict[str, Any] = {}
    for form in forms:
        for bound in form:
            if bound.field.disabled:
                continue
            value: Any = bound.value()
            if isinstance(bound.field.widget, MultiWidget):
                widget: Any = bound.field.widget
                parts = zip(widget.widgets_names, widget.decompress(value), strict=True)
                sent |= {bound.html_name + name: part for name, part in parts if part is not None}
            elif value is not None and value is not False:
                sent[bound.html_name] = value
    return sent


def errors_of(answer: Any) -> list[str]:
    context = answer.context
    return [sentence for found in context["errors"] for sentence in found]


def messages_of(answer: Any) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def submit(client: Client, row: Any, **changes: Any) -> Any:
    """Open a row's page, or the page for a new one, change some fields and save."""
    url = page(row, "add" if isinstance(row, type) else "change")
    sent = fields_of(client.get(url)) | changes
    return client.post(url, {name: value for name, value in sent.items() if value is not None})
