"""Closing months, so that what was reported stays reported, and reopening them with a reason."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from dashboards.access import CLOSE_MONTHS, READ_ORGANISATION, needs
from dashboards.exports.desk import missing_metrics_table, missing_table
from dashboards.exports.running import differences_table, months_table, restated_table
from dashboards.exports.table import ExportTable
from dashboards.forms import ReopenForm
from dashboards.presentation.months import month_name
from dashboards.selectors.months_page import (
    MonthPage,
    closing_plan,
    missing_before_closing,
    month_page,
    months_page,
)
from dashboards.views.empty import nothing_yet
from dashboards.views.exports import LEAST_TOO_MANY, Exports, Tables, page_or_export
from metrics.operations.months import close_month, reopen_month
from projects.months import Month

PATIENCE = 10.0
"""Seconds that a person waits for a scoring run before being asked to try again."""


def _crumbs() -> dict[str, Any]:
    return {"crumbs": [(_("Months"), reverse("month_list"))]}


@require_safe
@needs(READ_ORGANISATION)
def month_list(request: HttpRequest) -> HttpResponse:
    """All months with their state."""
    months = months_page(request.GET.get("page"))
    if not months.page.paginator.count:
        return nothing_yet(request)
    return page_or_export(
        request,
        "dashboards/month_list.html",
        {"months": months},
        Exports(
            _("Months"),
            {"months": lambda: months_table(months_page(None, per_page=LEAST_TOO_MANY).rows)},
        ),
    )


@require_safe
@needs(READ_ORGANISATION)
def month_detail(request: HttpRequest, month: Month) -> HttpResponse:
    """One month: its history, and what was reported beside what stands now."""
    page = month_page(month)
    return page_or_export(
        request,
        "dashboards/month_detail.html",
        {"page": page, **_crumbs()},
        Exports(_("Reported and restated"), _reports(page), month, state=_state(page)),
    )


def _reports(page: MonthPage) -> Tables:
    """Two tables of each closing that was ended; all differences, not only the largest."""
    found: dict[str, Callable[[], ExportTable]] = {}
    for report in page.reports:
        reported, differing = f"reported-{report.number}", f"differences-{report.number}"
        found[reported] = partial(restated_table, reported, report.organisation)
        found[differing] = partial(_differences, differing, page.row.month, report.number)
    return found


def _differences(name: str, month: Month, number: int) -> ExportTable:
    reports = month_page(month, most=LEAST_TOO_MANY).reports
    rows = next((report.differences for report in reports if report.number == number), ())
    return differences_table(name, rows)


def _state(page: MonthPage) -> str:
    if page.row.is_closed:
        return _("closed: what was reported stays reported")
    return _("unfinished: values are still coming in") if page.row.is_running else _("open")


@require_http_methods(["GET", "HEAD", "POST"])
@needs(CLOSE_MONTHS)
def month_close(request: HttpRequest, month: Month) -> HttpResponse:
    """Ask first, saying what will be closed and what has not come; then close."""
    refusals: list[str] = []
    if request.method == "POST":
        assert isinstance(request.user, User)  # nobody else has the permission
        try:
            closed = close_month(month, by=request.user, patience=PATIENCE)
        except ValidationError as refusal:
            refusals = refusal.messages
        else:
            messages.success(request, _closed_words(closed))
            return redirect("month_list")
    plan = closing_plan(month)
    return page_or_export(
        request,
        "dashboards/month_close.html",
        {"plan": plan, "refusals": refusals, **_crumbs()},
        Exports(
            _("Before closing"),
            {"missing-by-metric": lambda: missing_metrics_table(plan.missing.metrics)},
            month,
        ),
        status=422 if refusals else 200,
    )


@require_safe
@needs(CLOSE_MONTHS)
def month_missing(request: HttpRequest, month: Month) -> HttpResponse:
    """What has not come before a month is closed, one by one, for those who close it."""
    asked = request.GET
    page = missing_before_closing(
        month,
        metric=asked.get("metric", ""),
        person=asked.get("person", ""),
        is_nobodys=bool(asked.get("nobody")),
        number=asked.get("page"),
    )
    crumbs = [
        *_crumbs()["crumbs"],
        (
            _("Close %(month)s") % {"month": month_name(month)},
            reverse("month_close", kwargs={"month": month}),
        ),
    ]
    return page_or_export(
        request,
        "dashboards/month_missing.html",
        {"page": page, "crumbs": crumbs},
        Exports(
            _("Before closing"),
            {"missing": lambda: missing_table(page.page.paginator.object_list)},
            month,
        ),
    )


def _closed_words(closed: list[Month]) -> str:
    if len(closed) == 1:
        return _("%(month)s is closed.") % {"month": month_name(closed[0])}
    return _("%(count)s months are closed, %(first)s to %(last)s.") % {
        "count": len(closed),
        "first": month_name(closed[0]),
        "last": month_name(closed[-1]),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@needs(CLOSE_MONTHS)
def month_reopen(request: HttpRequest, month: Month) -> HttpResponse:
    """Reopen a closed month; its scores are kept as they were reported."""
    form = ReopenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        assert isinstance(request.user, User)  # nobody else has the permission
        try:
            reopen_month(month, reason=form.cleaned_data["reason"], by=request.user)
        except ValidationError as refusal:
            column = "reason" if hasattr(refusal, "error_dict") else None
            form.add_error(column, refusal.messages)
        else:
            messages.success(
                request,
                _("%(month)s is open again. Its scores are being restated.")
                % {"month": month_name(month)},
            )
            return redirect("month_detail", month=month)
    return render(
        request,
        "dashboards/month_reopen.html",
        {"form": form, "page": month_page(month), **_crumbs()},
        status=422 if form.errors else 200,
    )
