"""What do these customers get from us?"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dashboards.access import READ_ORGANISATION, needs
from dashboards.exports.customers import customers_table, services_for_table
from dashboards.exports.subjects import segments_table, serving_projects_table
from dashboards.selectors.customers import (
    DEFAULT_SORT,
    CustomerFilter,
    all_customers,
    found_customers,
)
from dashboards.selectors.events import events_of
from dashboards.selectors.policies import scorecard_of
from dashboards.selectors.segments import costs_borne, projects_serving, segment_rows
from dashboards.selectors.services import services_for
from dashboards.selectors.trends import history_of, overall_lines, trend_months
from dashboards.views.empty import nothing_yet
from dashboards.views.exports import LEAST_TOO_MANY
from dashboards.views.month_pages import is_asked_for, render_month, render_part
from dashboards.views.requests import month_of
from dashboards.views.scoreboards import Scoreboard
from projects.models import Segment

CUSTOMERS_SHOWN = 25
CUSTOMERS = "customers"
"""The id of the part of the page that HTMX asks for again."""


@require_safe
@needs(READ_ORGANISATION)
def segment_list(request: HttpRequest) -> HttpResponse:
    """All segments, the heaviest first."""
    month = month_of(request)
    if month is None:
        return nothing_yet(request)
    segments = segment_rows(month)
    months = trend_months(month)
    lines = overall_lines([row.scores.pk for row in segments], months)
    return render_month(
        request,
        "segment_list",
        month,
        {"segments": segments, "lines": lines},
        title=_("Segments"),
        exports={"segments": lambda: segments_table(segments, months=months, lines=lines)},
    )


@require_safe
@needs(READ_ORGANISATION)
def segment_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One segment: the promise, the scores, and everybody concerned."""
    month = month_of(request)
    if month is None:
        return nothing_yet(request)
    segment = get_object_or_404(Segment, code=code)
    today = timezone.localdate()
    found = found_customers(
        CustomerFilter(segments=[segment.pk]),
        month,
        today,
        sort=DEFAULT_SORT,
        number=request.GET.get("page", "1"),
        on_a_page=CUSTOMERS_SHOWN,
    )
    customers = {"customers": found.page, "month": month, "today": today}
    if is_asked_for(request, CUSTOMERS):
        return render_part(request, "segment_customers", customers)
    services = services_for(segment, month)
    board = Scoreboard(
        history_of(segment.pk, trend_months(month), month.before, month.previous),
        month,
        scorecard_of(segment.pk, segment.kind),
        reverse("explain", args=[segment.code, month.month]),
    )
    events = events_of(segment.pk, segment.kind, segment.code, month)
    return render_month(
        request,
        "segment_detail",
        month,
        {
            "segment": segment,
            "crumbs": [(_("Segments"), f"{reverse('segment_list')}?{month.query}")],
            "board": board,
            "overall_trend": board.overall_trend(segment.name, events.marks),
            "category_trends": board.category_trends(segment.name, events.marks),
            "events": events,
            "projects": projects_serving(segment, month),
            "services": services,
            "costs": costs_borne(segment, [row.cost for row in services]),
            "found": found,
            **customers,
        },
        title=segment.name,
        exports={
            "projects": lambda: serving_projects_table(
                projects_serving(segment, month, most=LEAST_TOO_MANY).rows
            ),
            "services": lambda: services_for_table(services),
            "customers": lambda: customers_table(
                all_customers(
                    CustomerFilter(segments=[segment.pk]), month, today, sort=DEFAULT_SORT
                )
            ),
        },
    )
