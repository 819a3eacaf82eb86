"""What decides: the metrics' shares of the organisation's overall score, by category and side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from dashboards.presentation.numbers import percent_text
from metrics.choices import Category, Perspective
from metrics.models import MonthWeights
from metrics.operations.weighing import MetricWeight
from projects.months import Month

TOO_MUCH = 0.5
"""A side that holds more than this outweighs all others together."""

HEAVIEST_SHOWN = 5

Share = tuple[str, float]


@dataclass(frozen=True, slots=True)
class HeavyMetric:
    code: str
    name: str
    category: str
    weight: float


@dataclass(frozen=True, slots=True)
class CostMeter:
    """Shares of effective weight (SCORING section 8); each list adds up to 1."""

    by_category: tuple[Share, ...]
    by_perspective: tuple[Share, ...]
    heaviest: tuple[HeavyMetric, ...]
    warnings: tuple[str, ...]
    weighed_at: datetime


def weights_of(month: Month) -> MonthWeights | None:
    """What workers have kept of the month; None where it was never weighed."""
    return MonthWeights.objects.filter(month=month).first()


def cost_meter(kept: MonthWeights | None) -> CostMeter | None:
    """None where the month was never weighed, or has no overall score to weigh for."""
    if kept is None or not kept.weights:
        return None
    weights: list[MetricWeight] = kept.weights
    categories = _shares(weights, lambda row: row["category"])
    perspectives = _shares(weights, lambda row: row["perspective"])
    return CostMeter(
        tuple((str(category.label), categories.get(category, 0.0)) for category in Category),
        _with_unsaid(perspectives),
        tuple(
            HeavyMetric(
                row["metric"], row["name"], str(Category(row["category"]).label), row["weight"]
            )
            for row in weights[:HEAVIEST_SHOWN]
        ),
        tuple(_warnings(categories, perspectives)),
        kept.weighed_at,
    )


def _shares(
    weights: Sequence[MetricWeight], side: Callable[[MetricWeight], str]
) -> dict[str, float]:
    shares: dict[str, float] = defaultdict(float)
    for row in weights:
        shares[side(row)] += row["weight"]
    return shares


def _with_unsaid(shares: Mapping[str, float]) -> tuple[Share, ...]:
    named = [(str(side.label), shares.get(side, 0.0)) for side in Perspective]
    unsaid = shares.get("", 0.0)
    return (*named, (_("Not said"), unsaid)) if unsaid else tuple(named)


def _warnings(categories: Mapping[str, float], perspectives: Mapping[str, float]) -> list[str]:
    found = []
    financial = categories.get(Category.FINANCIAL, 0.0)
    if financial > TOO_MUCH:
        found.append(
            _(
                "Financial metrics hold %(share)s of what decides this score:"
                " more than everything else together."
            )
            % {"share": percent_text(financial)}
        )
    business = perspectives.get(Perspective.BUSINESS, 0.0)
    if business > TOO_MUCH:
        found.append(
            _(
                "Metrics that answer the business\u2019s own questions hold %(share)s of what"
                " decides this score: more than those of customers and employees together."
            )
            % {"share": percent_text(business)}
        )
    return found
