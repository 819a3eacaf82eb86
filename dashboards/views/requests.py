"""What every page reads from its address."""

from __future__ import annotations

from django.core.exceptions import BadRequest
from django.http import HttpRequest

from dashboards.presentation.months import ComparisonPicker, MonthPicker
from dashboards.selectors.months import LAST_YEAR, ViewMonth, read_against, view_month
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
    """The month that the page is about, and the one it is compared with."""
    return view_month(month_parameter(request), against=_against(request))


def _against(request: HttpRequest) -> str:
    """As it stands in the address; BadRequest with a sentence if it is no month."""
    try:
        return read_against(request.GET.get("against", ""))
    except ValueError as error:
        raise BadRequest(str(error)) from None


def picker_of(month: ViewMonth) -> MonthPicker:
    return MonthPicker.of(month.offered, chosen=month.month, running=month.running)


def comparison_of(month: ViewMonth) -> ComparisonPicker:
    return ComparisonPicker.of(
        month.offered,
        month=month.month,
        chosen="" if month.asked_before is None or month.is_stepped_past else month.against,
        last_year=LAST_YEAR,
    )
