"""Budget, forecast and spending of projects: by currency, and like compared with like."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from typing import Any

from django.db.models import Aggregate, Count, Q, Sum
from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class Money:
    """The projects of one currency; what is not known of all of them says of how many it is."""

    currency: str
    projects: int = 0
    budget: Decimal = Decimal(0)
    with_budget: int = 0
    forecast: Decimal = Decimal(0)
    with_forecast: int = 0
    forecast_budget: Decimal = Decimal(0)
    """The budget of those with a forecast: what the forecast is compared with."""
    actual: Decimal = Decimal(0)
    with_actual: int = 0
    actual_budget: Decimal = Decimal(0)

    def __add__(self, other: Money) -> Money:
        if self.currency != other.currency:
            raise ValueError(_("Amounts are not added across currencies."))
        return Money(
            self.currency,
            self.projects + other.projects,
            self.budget + other.budget,
            self.with_budget + other.with_budget,
            self.forecast + other.forecast,
            self.with_forecast + other.with_forecast,
            self.forecast_budget + other.forecast_budget,
            self.actual + other.actual,
            self.with_actual + other.with_actual,
            self.actual_budget + other.actual_budget,
        )

    @property
    def spent_rate(self) -> float | None:
        """What is spent of the budget, over the projects that say both."""
        return float(self.actual / self.actual_budget) if self.actual_budget else None


def money_sums() -> dict[str, Aggregate]:
    """What to annotate projects with that are grouped by currency; for `money_line`."""
    has_budget = Q(budget__isnull=False)
    return {
        # In the order of the fields of Money.
        "projects": Count("pk"),
        "budgeted": Sum("budget"),
        "with_budget": Count("budget"),
        "forecast": Sum("forecast_cost", filter=has_budget),
        "with_forecast": Count("forecast_cost", filter=has_budget),
        "forecast_budget": Sum("budget", filter=Q(forecast_cost__isnull=False)),
        "actual": Sum("actual_cost", filter=has_budget),
        "with_actual": Count("actual_cost", filter=has_budget),
        "actual_budget": Sum("budget", filter=Q(actual_cost__isnull=False)),
    }


def money_line(currency: str, sums: Iterable[Any]) -> Money:
    """What came of `money_sums`: nothing to add up is an amount of 0 of no project."""
    known: list[Any] = [number or 0 for number in sums]
    return Money(currency, *known)


def added_up(lines: Iterable[Money]) -> tuple[Money, ...]:
    """One line per currency that has any amount, the one with most projects first."""
    by_currency: dict[str, list[Money]] = defaultdict(list)
    for line in lines:
        by_currency[line.currency].append(line)
    sums = [reduce(Money.__add__, same) for same in by_currency.values()]
    return tuple(
        sorted(
            (line for line in sums if line.with_budget),
            key=lambda line: (-line.projects, line.currency),
        )
    )
