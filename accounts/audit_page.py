"""The page on which administrators read the audit log and look for something in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.choices import Happening
from accounts.models import AuditEvent
from accounts.selectors import LogFilter, log_page
from dashboards.access import READ_LOG, needs
from dashboards.exports.table import ExportTable, moment, number, text
from dashboards.form_fields import search_field
from dashboards.views.exports import LEAST_TOO_MANY, Exports, page_or_export
from dashboards.views.month_pages import is_asked_for

TABLE = "audit-log"
"""The id of the part of the page that HTMX asks for again."""


class LogFilterForm(forms.Form):
    """What stands in the address; what makes no sense counts as no filter."""

    q = search_field(gettext_lazy("Text"))
    happening = forms.ChoiceField(
        label=gettext_lazy("What"),
        required=False,
        choices=[("", gettext_lazy("Anything")), *Happening.choices],
    )
    person = forms.CharField(label=gettext_lazy("User name"), required=False, max_length=150)
    address = forms.GenericIPAddressField(label=gettext_lazy("Address"), required=False)
    first_day = forms.DateField(
        label=gettext_lazy("From"), required=False, widget=forms.DateInput({"type": "date"})
    )
    last_day = forms.DateField(
        label=gettext_lazy("Until"), required=False, widget=forms.DateInput({"type": "date"})
    )

    def chosen(self) -> LogFilter:
        self.is_valid()
        wanted = self.cleaned_data
        return LogFilter(
            happening=wanted.get("happening", ""),
            person=wanted.get("person", ""),
            address=wanted.get("address", ""),
            text=wanted.get("q", ""),
            first_day=wanted.get("first_day"),
            last_day=wanted.get("last_day"),
        )


@require_safe
@never_cache
@needs(READ_LOG)
def audit_log(request: HttpRequest) -> HttpResponse:
    """All events, the latest first; `?page=KEY` goes on after the event of that key."""
    form = LogFilterForm(request.GET)
    chosen = form.chosen()
    after = request.GET.get("page", "")
    context: dict[str, Any] = {
        "form": form,
        "log": log_page(chosen, after=after),
        "is_later_page": bool(after),
        "table": TABLE,
    }
    if is_asked_for(request, TABLE):
        response = render(request, "accounts/_audit_log.html", context | offered())
        patch_vary_headers(response, ["HX-Request", "HX-Target"])
        return response
    return page_or_export(
        request,
        "accounts/audit_log.html",
        context,
        Exports(
            _("Audit log"),
            {TABLE: lambda: log_table(log_page(chosen, per_page=LEAST_TOO_MANY).rows)},
        ),
    )


def offered() -> dict[str, Any]:
    return {"exports": frozenset([TABLE])}


def log_table(rows: Sequence[AuditEvent]) -> ExportTable:
    return ExportTable(
        TABLE,
        (
            number(_("Event")),
            moment(_("When")),
            text(_("What")),
            text(_("Who")),
            text(_("About whom")),
            text(_("More")),
            text(_("Address")),
            text(_("Browser")),
            text(_("Method")),
            text(_("Path")),
            text(_("Request")),
        ),
        [
            (
                row.pk,
                row.at,
                row.get_happening_display(),
                row.person,
                row.about,
                row.detail,
                row.address,
                row.browser,
                row.method,
                row.path,
                row.request_id,
            )
            for row in rows
        ],
    )
