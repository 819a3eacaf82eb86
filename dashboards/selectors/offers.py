"""What a service costs a segment in a year, against what the same costs elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

UNIT_DECIMALS = 4
"""As many as amounts are kept with."""


@dataclass(frozen=True, slots=True)
class Cost:
    """A yearly cost and its benchmark; blank is unknown.

    Unit costs are those per customer of the segment, where the segment tells how many it has.
    """

    annual: Decimal | None
    benchmark: Decimal | None
    currency: str
    customers: int | None = None

    @property
    def per_customer(self) -> Decimal | None:
        return self._each(self.annual)

    @property
    def benchmark_per_customer(self) -> Decimal | None:
        return self._each(self.benchmark)

    def _each(self, amount: Decimal | None) -> Decimal | None:
        if amount is None or not self.customers:
            return None
        return round(amount / self.customers, UNIT_DECIMALS)

    @property
    def is_compared(self) -> bool:
        return self.annual is not None and self.benchmark is not None


@dataclass(frozen=True, slots=True)
class CostLine:
    """The costs of one currency, added up; like is compared with like."""

    currency: str
    cost: Decimal
    offers: int
    """How many have a cost."""
    compared_cost: Decimal | None
    """Of those that have a benchmark, too."""
    benchmark: Decimal | None
    compared: int

    @property
    def is_partly_compared(self) -> bool:
        return 0 < self.compared < self.offers


def cost_lines(costs: Iterable[Cost]) -> tuple[CostLine, ...]:
    """A line per currency, the one of most offers first; nothing where no cost is known."""
    by_currency: dict[str, list[Cost]] = defaultdict(list)
    for cost in costs:
        if cost.annual is not None:
            by_currency[cost.currency].append(cost)
    lines = [_line(currency, same) for currency, same in by_currency.items()]
    return tuple(sorted(lines, key=lambda line: (-line.offers, line.currency)))


def _line(currency: str, costs: list[Cost]) -> CostLine:
    compared = [cost for cost in costs if cost.is_compared]
    return CostLine(
        currency,
        _total(cost.annual for cost in costs),
        len(costs),
        _total(cost.annual for cost in compared) if compared else None,
        _total(cost.benchmark for cost in compared) if compared else None,
        len(compared),
    )


def _total(amounts: Iterable[Decimal | None]) -> Decimal:
    return sum((amount for amount in amounts if amount is not None), Decimal(0))
