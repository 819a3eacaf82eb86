"""Search over subjects, metrics and scorecards: a page, and the list below the header's field."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dashboards.access import READ_DASHBOARDS, needs
from dashboards.exports.search import found_table
from dashboards.selectors.search import METRIC, SCORECARD, Found, search, subjects_like
from dashboards.views.exports import LEAST_TOO_MANY, Exports, page_or_export
from dashboards.views.links import LISTS, PAGES
from dashboards.views.month_pages import is_asked_for, render_part
from dashboards.views.requests import month_parameter
from projects.choices import SubjectKind
from projects.months import Month

LIST = "search-list"
"""The id of the list below the field."""

OPTIONS = "subject-options"
"""The id of the suggestions of a field that asks for a subject."""

LISTED = 8
ON_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class Hit:
    found: Found
    url: str


@require_safe
@needs(READ_DASHBOARDS)
def search_page(request: HttpRequest) -> HttpResponse:
    """What fits `q`; with the `month` that somebody is looking at, the links keep to it."""
    text = request.GET.get("q", "").strip()
    month = month_parameter(request)
    if is_asked_for(request, OPTIONS):
        return render_part(request, "subject_options", {"options": subjects_like(text, LISTED)})
    is_list = is_asked_for(request, LIST)
    findings = search(text, LISTED if is_list else ON_A_PAGE)
    context = {
        "text": text,
        "hits": [Hit(found, _address(found, month)) for found in findings.found],
        "findings": findings,
        "month": month,
    }
    if is_list:
        return render_part(request, "search_list", context)
    return page_or_export(
        request,
        "dashboards/search.html",
        context,
        Exports(
            _("Search for %(text)s") % {"text": text},
            {"found": lambda: found_table(search(text, LEAST_TOO_MANY).found)},
        ),
    )


def _address(found: Found, month: Month | None) -> str:
    if found.kind == METRIC:
        return reverse("metric_detail", args=[found.code])
    if found.kind == SCORECARD:
        return reverse("scorecard_detail", args=[found.code])
    kind = SubjectKind(found.kind)
    page = reverse(PAGES[kind], args=[found.code]) if kind in PAGES else reverse(LISTS[kind][0])
    return page if month is None else f"{page}?month={month}"
