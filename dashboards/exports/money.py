"""What projects cost: the columns of a line of money, in one currency."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from dashboards.exports.table import ExportColumn, currency, money, number, rate
from dashboards.selectors.money import Money


def money_columns() -> tuple[ExportColumn, ...]:
    return (
        currency(),
        number(_("Projects")),
        money(_("Budget")),
        number(_("Projects with a budget")),
        money(_("Forecast")),
        money(_("Budget of those with a forecast")),
        number(_("Projects with a forecast")),
        money(_("Forecast over budget")),
        money(_("Spent")),
        money(_("Budget of those with spending")),
        number(_("Projects with spending")),
        rate(_("Spent of budget")),
    )


def money_cells(line: Money) -> tuple[Any, ...]:
    """What no project tells is blank, and not an amount of 0."""
    forecast: tuple[Any, ...] = (None, None, 0, None)
    if line.with_forecast:
        over = line.forecast - line.forecast_budget
        forecast = (line.forecast, line.forecast_budget, line.with_forecast, over)
    spent: tuple[Any, ...] = (None, None, 0, None)
    if line.with_actual:
        spent = (line.actual, line.actual_budget, line.with_actual, line.spent_rate)
    return (
        line.currency or _("not told"),
        line.projects,
        line.budget,
        line.with_budget,
        *forecast,
        *spent,
    )
