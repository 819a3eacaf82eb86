"""What is a service worth, to whom, and at which cost?"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from dashboards.access import READ_ORGANISATION, needs
from dashboards.exports.customers import customers_table
from dashboards.exports.scorecards import filled_scorecard_table, values_table
from dashboards.exports.services import offers_table, services_table
from dashboards.figures import Chart, CostPlace, CostsAgainstBenchmark, cost_dots_chart
from dashboards.list_filters import ServiceFilterForm
from dashboards.presentation.numbers import grouped
from dashboards.selectors.events import events_of
from dashboards.selectors.months import ViewMonth
from dashboards.selectors.scorecards import filled_scorecard
from dashboards.selectors.services import (
    ServiceReach,
    all_services,
    service_page,
    service_reach,
    sort_in_force,
)
from dashboards.selectors.subject_values import values_of_subject
from dashboards.selectors.trends import overall_lines, trend_months
from dashboards.views.empty import nothing_yet
from dashboards.views.exports import LEAST_TOO_MANY
from dashboards.views.month_pages import is_asked_for, render_month, render_part
from dashboards.views.requests import month_of, month_parameter
from dashboards.views.subject_scorecards import SCORECARD, board_of, scorecard_part
from projects.models import Service

TABLE = "services"
"""The id of the part of the page that HTMX asks for again."""


@require_safe
@needs(READ_ORGANISATION)
def service_list(request: HttpRequest) -> HttpResponse:
    """The catalogue, the lowest score first."""
    month = month_of(request)
    if month is None:
        return nothing_yet(request)
    form = ServiceFilterForm(request.GET)
    sort = sort_in_force(request.GET.get("sort", ""))
    chosen = form.chosen()
    page = service_page(chosen, month, sort=sort, number=request.GET.get("page", "1"))
    number = page.paginator.count
    table = {
        "month": month,
        "form": form,
        "services": page,
        "lines": overall_lines([row.scores.pk for row in page], trend_months(month)),
        "count": ngettext("%(number)s service", "%(number)s services", number)
        % {"number": grouped(number)},
        "sort": sort,
        "table": TABLE,
    }
    if is_asked_for(request, TABLE):
        return render_part(request, "services", table)
    return render_month(
        request,
        "service_list",
        month,
        table,
        title=str(_("Services")),
        exports={TABLE: lambda: services_table(all_services(chosen, month, sort=sort))},
    )


@require_safe
@needs(READ_ORGANISATION)
def service_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One service, both sides; its scorecard is asked for as a part of the page."""
    service = get_object_or_404(Service, code=code)
    wanted = month_parameter(request)
    if wanted is not None and is_asked_for(request, SCORECARD):
        return scorecard_part(request, service, wanted)
    month = month_of(request)
    if month is None:
        return nothing_yet(request)
    board = board_of(service, month)
    today = timezone.localdate()
    reached = service_reach(service, month, today)
    events = events_of(service.pk, service.kind, service.code, month)
    return render_month(
        request,
        "service_detail",
        month,
        {
            "service": service,
            "crumbs": [(str(_("Services")), f"{reverse('service_list')}?{month.query}")],
            "board": board,
            "overall_trend": board.overall_trend(service.name, events.marks),
            "category_trends": board.category_trends(service.name, events.marks),
            "reached": reached,
            "costs_chart": _costs_chart(service, reached, month),
            "today": today,
            "events": events,
            "values": values_of_subject(service),
        },
        title=service.name,
        exports={
            "offers": lambda: offers_table(reached.offers),
            "customers": lambda: customers_table(reached.customers),
            "scorecard": lambda: filled_scorecard_table(filled_scorecard(service, month.month)),
            "values": lambda: values_table(values_of_subject(service, most=LEAST_TOO_MANY)),
        },
    )


def _costs_chart(service: Service, reached: ServiceReach, month: ViewMonth) -> Chart | None:
    """None where there is nothing to compare: fewer than two segments with cost and benchmark."""
    costs = CostsAgainstBenchmark(
        service.name,
        [
            CostPlace(
                row.segment.name,
                row.cost.annual,
                row.cost.benchmark,
                row.cost.currency,
                f"{reverse('segment_detail', args=[row.segment.code])}?{month.query}",
            )
            for row in reached.offers
        ],
    )
    return cost_dots_chart(costs) if len(costs.drawn) > 1 else None
