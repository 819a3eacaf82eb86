"""What do these customers get from us?"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboards.access import READ_DASHBOARDS, needs
from dashboards.selectors.policies import scorecard_of
from dashboards.selectors.segments import (
    customer_page,
    projects_serving,
    segment_rows,
    services_offered,
)
from dashboards.selectors.trends import history_of, overall_lines, trend_months
from dashboards.views.empty import nothing_yet
from dashboards.views.month_pages import is_asked_for, render_month, render_part
from dashboards.views.requests import month_of
from dashboards.views.scoreboards import Scoreboard
from projects.models import Segment

CUSTOMERS = "customers"
"""The id of the part of the page that HTMX asks for again."""


@require_safe
@needs(READ_DASHBOARDS)
def segment_list(request: HttpRequest) -> HttpResponse:
    """All segments, the heaviest first."""
    month = month_of(request)
    if month is None:
        return nothing_yet(request)
    segments = segment_rows(month)
    lines = overall_lines([row.scores.pk for row in segments], trend_months(month))
    return render_month(request, "segment_list", month, {"segments": segments, "lines": lines})


@require_safe
@needs(READ_DASHBOARDS)
def segment_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One segment: the promise, the scores, and everybody concerned."""
    month = month_of(request)
    if month is None:
        return nothing_yet(request)
    segment = get_object_or_404(Segment, code=code)
    customers = {
        "customers": customer_page(segment, month, request.GET.get("page", "1")),
        "month": month,
        "today": timezone.localdate(),
    }
    if is_asked_for(request, CUSTOMERS):
        return render_part(request, "segment_customers", customers)
    board = Scoreboard(
        history_of(segment.pk, trend_months(month), month.previous),
        month,
        scorecard_of(segment.pk, segment.kind),
        reverse("explain", args=[segment.code, month.month]),
    )
    return render_month(
        request,
        "segment_detail",
        month,
        {
            "segment": segment,
            "crumbs": [("Segments", f"{reverse('segment_list')}?month={month.month}")],
            "board": board,
            "overall_trend": board.overall_trend(segment.name),
            "category_trends": board.category_trends(segment.name),
            "projects": projects_serving(segment, month),
            "services": services_offered(segment, month),
            **customers,
        },
    )
