"""Which customers are at risk, and how is one of them?"""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from dashboards.access import READ_ORGANISATION, needs
from dashboards.exports.customers import customers_table, services_for_table
from dashboards.exports.scorecards import filled_scorecard_table, values_table
from dashboards.exports.subjects import serving_projects_table
from dashboards.list_filters import CustomerFilterForm
from dashboards.presentation.numbers import grouped
from dashboards.selectors.customers import (
    all_customers,
    found_customers,
    sort_in_force,
)
from dashboards.selectors.events import events_of
from dashboards.selectors.months import ViewMonth
from dashboards.selectors.offers import cost_lines
from dashboards.selectors.risks import Standing, renewal_of
from dashboards.selectors.scorecards import filled_scorecard
from dashboards.selectors.scores import marks_of
from dashboards.selectors.segments import projects_serving
from dashboards.selectors.services import services_for
from dashboards.selectors.subject_values import values_of_subject
from dashboards.selectors.trends import overall_lines, trend_months
from dashboards.views.empty import nothing_yet
from dashboards.views.exports import LEAST_TOO_MANY
from dashboards.views.month_pages import is_asked_for, render_month, render_part
from dashboards.views.requests import month_of, month_parameter
from dashboards.views.scoreboards import Scoreboard
from dashboards.views.subject_scorecards import SCORECARD, board_of, scorecard_part
from projects.models import Customer

TABLE = "customers"
"""The id of the part of the page that HTMX asks for again."""


@require_safe
@needs(READ_ORGANISATION)
def customer_list(request: HttpRequest) -> HttpResponse:
    """All customers of the month, those at risk first."""
    month = month_of(request)
    if month is None:
        return nothing_yet(request)
    form = CustomerFilterForm(request.GET)
    sort = sort_in_force(request.GET.get("sort", ""))
    today = timezone.localdate()
    chosen = form.chosen()
    found = found_customers(chosen, month, today, sort=sort, number=request.GET.get("page", "1"))
    table = {
        "month": month,
        "form": form,
        "found": found,
        "customers": found.page,
        "lines": overall_lines([row.scores.pk for row in found.page], trend_months(month)),
        "count": _counted(found.page.paginator.count),
        "sort": sort,
        "today": today,
        "table": TABLE,
    }
    if is_asked_for(request, TABLE):
        return render_part(request, "customers", table)
    return render_month(
        request,
        "customer_list",
        month,
        table,
        title=str(_("Customers")),
        exports={
            TABLE: lambda: customers_table(all_customers(chosen, month, today, sort=sort)),
        },
    )


def _counted(number: int) -> str:
    return ngettext("%(number)s customer", "%(number)s customers", number) % {
        "number": grouped(number)
    }


@require_safe
@needs(READ_ORGANISATION)
def customer_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One customer; the scorecard is asked for as a part of the page."""
    customer = get_object_or_404(Customer.objects.select_related("segment"), code=code)
    wanted = month_parameter(request)
    if wanted is not None and is_asked_for(request, SCORECARD):
        return scorecard_part(request, customer, wanted)
    month = month_of(request)
    if month is None:
        return nothing_yet(request)
    board = board_of(customer, month)
    today = timezone.localdate()
    services = services_for(customer.segment, month)
    projects = projects_serving(customer.segment, month)
    events = events_of(customer.pk, customer.kind, customer.code, month)
    return render_month(
        request,
        "customer_detail",
        month,
        {
            "customer": customer,
            "crumbs": _crumbs(customer, month),
            "standing": _standing(customer, board, today),
            "today": today,
            "board": board,
            "overall_trend": board.overall_trend(customer.name, events.marks),
            "category_trends": board.category_trends(customer.name, events.marks),
            "projects": projects,
            "services": services,
            "costs": cost_lines(service.cost for service in services),
            "events": events,
            "values": values_of_subject(customer),
        },
        title=customer.name,
        exports={
            "services": lambda: services_for_table(services),
            "projects": lambda: serving_projects_table(
                projects_serving(customer.segment, month, most=LEAST_TOO_MANY).rows
            ),
            "scorecard": lambda: filled_scorecard_table(filled_scorecard(customer, month.month)),
            "values": lambda: values_table(values_of_subject(customer, most=LEAST_TOO_MANY)),
        },
    )


def _standing(customer: Customer, board: Scoreboard, today: date) -> Standing:
    """What the rule for risk looks at: the month before, whichever one the page compares with."""
    now, before = marks_of(board.now)[0], marks_of(board.history.at(board.month.previous))[0]
    known = now.score is not None and before.score is not None
    return Standing(
        now.band,
        renewal_of(customer.renewal_on, today),
        (now.score or 0) - (before.score or 0) if known else None,
        before.band,
    )


def _crumbs(customer: Customer, month: ViewMonth) -> list[tuple[str, str]]:
    """The list of customers, and that of their segment."""
    customers = f"{reverse('customer_list')}?{month.query}"
    return [
        (str(_("Customers")), customers),
        (customer.segment.name, f"{customers}&segment={customer.segment.code}"),
    ]
