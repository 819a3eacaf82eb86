"""What every page about a month has: its month picker, and whether its scores are up to date."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from dashboards.access import READ_DASHBOARDS, needs
from dashboards.selectors.months import ViewMonth
from dashboards.selectors.status import score_status
from dashboards.views.exports import Exports, Tables, page_or_export
from dashboards.views.requests import comparison_of, picker_of


def render_month(
    request: HttpRequest,
    page: str,
    month: ViewMonth,
    context: dict[str, Any],
    *,
    title: str = "",
    exports: Tables | None = None,
) -> HttpResponse:
    """A page that extends dashboards/_month_page.html, or one of its exports if asked for.

    `title` is the page's own, as its exports tell it; `exports` are its tables by name.
    """
    return page_or_export(
        request,
        f"dashboards/{page}.html",
        {
            "month": month,
            "picker": picker_of(month),
            "comparison": comparison_of(month),
            "status": score_status(),
            **context,
        },
        Exports(title or page.replace("_", " ").capitalize(), exports or {}, month),
    )


def render_part(request: HttpRequest, part: str, context: dict[str, Any]) -> HttpResponse:
    """A fragment of a page, at the page's own address."""
    response = render(request, f"dashboards/_{part}.html", context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def is_asked_for(request: HttpRequest, part: str) -> bool:
    """Whether HTMX wants just the part of this id, and not the page again after going back."""
    htmx = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and htmx.target == part and not htmx.history_restore_request


@require_safe
@needs(READ_DASHBOARDS)
def score_status_notice(request: HttpRequest) -> HttpResponse:
    """The notice that scores are being updated, and then that they are."""
    return render_part(request, "score_status", {"status": score_status(), "is_polled": True})
