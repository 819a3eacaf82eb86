"""Which customers are at risk, and how is one of them?"""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from dashboards.access import READ_DASHBOARDS, needs
from dashboards.exports.customers import customers_table, services_for_table
from dashboards.exports.scorecards import filled_scorecard_table, values_table
from dashboards.exports.subjects import serving_projects_table
from dashboards.presentation.bands import FROM_GOOD_TO_UNKNOWN, style_of
from dashboards.presentation.bands import NOT_MEASURED as UNMEASURED_STYLE
from dashboards.presentation.numbers import grouped
from dashboards.selectors.customers import (
    NO_DATE,
    CustomerFilter,
    all_customers,
    found_customers,
    sort_in_force,
)
from dashboards.selectors.events import events_of
from dashboards.selectors.months import ViewMonth
from dashboards.selectors.offers import cost_lines
from dashboards.selectors.project_rows import NOT_MEASURED
from dashboards.selectors.risks import Risk, Standing, renewal_of
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
from projects.models import Customer, Segment

TABLE = "customers"
"""The id of the part of the page that HTMX asks for again."""

WITHIN_DAYS = (30, 60, 90, 180, 365)

Choices = list[tuple[str, Any]]


class CustomerFilterForm(forms.Form):
    """What stands in the address; a value that is none of the choices counts as no filter."""

    q = forms.CharField(
        label=_("Name or code"),
        required=False,
        max_length=100,
        widget=forms.SearchInput(attrs={"placeholder": _("Search")}),
    )
    segment = forms.ChoiceField(label=_("Segment"), required=False)
    risk = forms.ChoiceField(
        label=_("Risk"), required=False, choices=[("", _("Any risk")), *Risk.choices]
    )
    band = forms.ChoiceField(label=_("Overall band"), required=False)
    renewal = forms.ChoiceField(label=_("Renewal"), required=False)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self._choose("segment", _("All segments"), _segment_choices())
        self._choose("band", _("All bands"), _band_choices())
        self._choose("renewal", _("At any time"), _renewal_choices())

    def _choose(self, name: str, blank: Any, choices: Choices) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", blank), *choices]

    def chosen(self) -> CustomerFilter:
        self.is_valid()
        wanted = self.cleaned_data
        return CustomerFilter(
            segment=wanted.get("segment", ""),
            band=wanted.get("band", ""),
            risk=wanted.get("risk", ""),
            renewal=wanted.get("renewal", ""),
            text=wanted.get("q", ""),
        )


def _segment_choices() -> Choices:
    return list(Segment.objects.order_by("name", "code").values_list("code", "name"))


def _band_choices() -> Choices:
    return [
        *((style_of(band).code, style_of(band).word) for band in FROM_GOOD_TO_UNKNOWN),
        (NOT_MEASURED, UNMEASURED_STYLE.word),
    ]


def _renewal_choices() -> Choices:
    return [
        *((str(days), _("Within %(days)s days") % {"days": days}) for days in WITHIN_DAYS),
        (NO_DATE, _("No date known")),
    ]


@require_safe
@needs(READ_DASHBOARDS)
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
@needs(READ_DASHBOARDS)
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
    """What the rule for risk looks at, of the scores that the page shows anyway."""
    now, before = marks_of(board.now)[0], marks_of(board.before)[0]
    return Standing(
        now.band, renewal_of(customer.renewal_on, today), board.overall.change, before.band
    )


def _crumbs(customer: Customer, month: ViewMonth) -> list[tuple[str, str]]:
    """The list of customers, and that of their segment."""
    customers = f"{reverse('customer_list')}?month={month.month}"
    return [
        (str(_("Customers")), customers),
        (customer.segment.name, f"{customers}&segment={customer.segment.code}"),
    ]
