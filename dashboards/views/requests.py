"""What every page reads from its address."""

from __future__ import annotations

from django.core.exceptions import BadRequest
from django.http import HttpRequest

from dashboards.presentation.months import MonthPicker
from dashboards.selectors.months import ViewMonth, view_month
from projects.months import Month


def month_parameter(request: HttpRequest, name: str = "month") -> Month | None:
    """The month in the address, None if there is none; BadRequest with a sentence if it is none."""
    text = request.GET.get(name, "")
    if not text:
        return None
    try:
        return Month.parse(text)
    except ValueError as error:
        raise BadRequest(str(error)) from None


def month_of(request: HttpRequest) -> ViewMonth | None:
    """The month that the page is about."""
    return view_month(month_parameter(request))


def picker_of(month: ViewMonth) -> MonthPicker:
    return MonthPicker.of(month.offered, chosen=month.month, running=month.running)
