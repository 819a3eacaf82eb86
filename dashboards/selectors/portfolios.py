"""Portfolios as a tree: scores, projects, money; and what one of them holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, QuerySet, Subquery, Sum

from dashboards.selectors.money import Money, added_up, money_by_portfolio
from dashboards.selectors.months import ViewMonth
from dashboards.selectors.scores import (
    SCORE_FIELDS,
    SubjectScores,
    scores_in,
    with_scores,
)
from metrics.choices import Band
from projects.models import Engagement, Portfolio, Project

BandCount = Mapping[Band | None, int]

MOST_BUBBLES = 500
"""More marks than this are a cloud; the costliest are drawn."""


@dataclass(frozen=True, slots=True)
class PortfolioNode:
    """A portfolio with what is in it and in all portfolios below it."""

    scores: SubjectScores
    description: str
    depth: int
    above: tuple[tuple[str, str], ...]
    """Code and name of the portfolios it lies in, the top one first."""
    keys: frozenset[int]
    """Its own key and those of all portfolios below it."""
    children: int
    bands: BandCount
    """Measured projects by overall band; None counts those without any score."""
    weight: float
    money: tuple[Money, ...]

    @property
    def projects(self) -> int:
        return sum(self.bands.values())

    @property
    def is_idle(self) -> bool:
        """Neither a project of it is measured in the month, nor it itself."""
        return not self.projects and not self.scores.is_measured

    @property
    def band_counts(self) -> list[tuple[Band, int]]:
        """The bands that occur, good ones first."""
        return [(band, self.bands[band]) for band in reversed(Band) if self.bands.get(band)]

    @property
    def without_score(self) -> int:
        return self.bands.get(None, 0)


@dataclass(frozen=True, slots=True)
class PortfolioTree:
    """All portfolios, each before those below it, siblings by name."""

    nodes: tuple[PortfolioNode, ...]

    def get(self, code: str) -> PortfolioNode | None:
        return next((node for node in self.nodes if node.scores.code == code), None)

    def below(self, node: PortfolioNode) -> list[PortfolioNode]:
        """Without itself, in tree order."""
        return [
            other
            for other in self.nodes
            if other.scores.pk in node.keys and other.scores.pk != node.scores.pk
        ]


def portfolio_tree(month: ViewMonth, *, with_money: bool = True) -> PortfolioTree:
    """Three queries, however many portfolios and projects there are."""
    rows = list(
        with_scores(Portfolio.objects.all(), month.month, month.previous)
        .order_by("name", "code")
        .values(*SCORE_FIELDS, "parent_id", "description")
    )
    measured = Project.objects.active_in(month.month)
    bands, weights = _projects_by_portfolio(measured, month)
    money = money_by_portfolio(measured) if with_money else {}
    children = defaultdict(list)
    for row in rows:
        children[row["parent_id"]].append(row)
    return PortfolioTree(tuple(_walk(children, bands, weights, money, None, 0, ())))


def _projects_by_portfolio(
    projects: QuerySet, month: ViewMonth
) -> tuple[dict[int, dict[Band | None, int]], dict[int, float]]:
    """Per portfolio, of the projects that are right in it, how many have which band, and weigh."""
    bands: dict[int, dict[Band | None, int]] = defaultdict(dict)
    weights: dict[int, float] = defaultdict(float)
    rows = (
        with_scores(projects, month.month, None)
        .order_by()
        .values_list("portfolio_id", "now__overall_band")
        .annotate(projects=Count("pk"), weighs=Sum("weight"))
    )
    for portfolio, band, number, weighs in rows:
        bands[portfolio][None if band is None else Band(band)] = number
        weights[portfolio] += weighs
    return bands, weights


def _walk(
    children: Mapping[int | None, Sequence[dict[str, Any]]],
    bands: Mapping[int, BandCount],
    weights: Mapping[int, float],
    money: Mapping[int, Sequence[Money]],
    parent: int | None,
    depth: int,
    above: tuple[tuple[str, str], ...],
) -> Iterator[PortfolioNode]:
    for row in children.get(parent, ()):
        pk = row["pk"]
        line = (*above, (row["code"], row["name"]))
        below = list(_walk(children, bands, weights, money, pk, depth + 1, line))
        direct = [node for node in below if node.depth == depth + 1]
        yield PortfolioNode(
            scores=scores_in(row),
            description=row["description"],
            depth=depth,
            above=above,
            keys=frozenset({pk}).union(*(node.keys for node in direct)),
            children=len(direct),
            bands=_summed([bands.get(pk, {}), *(node.bands for node in direct)]),
            weight=weights.get(pk, 0.0) + sum(node.weight for node in direct),
            money=added_up([*money.get(pk, ()), *(line for node in direct for line in node.money)]),
        )
        yield from below


def _summed(counts: Sequence[BandCount]) -> dict[Band | None, int]:
    total: dict[Band | None, int] = defaultdict(int)
    for part in counts:
        for band, number in part.items():
            total[band] += number
    return dict(total)


@dataclass(frozen=True, slots=True)
class ProjectValue:
    """What a project costs and what it is worth to how many customers; unknown is None."""

    code: str
    name: str
    currency: str
    budget: Decimal | None
    value_creation: float | None
    band: Band | None
    customers: int | None
    """In the segments that it serves; None if one of them does not say, or there is none."""


def values_of_projects(
    portfolios: Sequence[int] | frozenset[int], month: ViewMonth
) -> list[ProjectValue]:
    """The costliest measured projects of some portfolios."""
    served = Engagement.objects.filter(project=OuterRef("pk"), share__gt=0).order_by()
    customers = served.values("project").annotate(n=Sum("segment__customer_count")).values("n")
    rows = (
        with_scores(
            Project.objects.active_in(month.month).filter(portfolio__in=portfolios),
            month.month,
            None,
        )
        .annotate(
            customers=Subquery(customers),
            has_unknown=Exists(served.filter(segment__customer_count=None)),
        )
        .order_by(F("budget").desc(nulls_last=True), "code")
        .values_list(
            "code",
            "name",
            "currency",
            "budget",
            "now__value_creation_score",
            "now__value_creation_band",
            "customers",
            "has_unknown",
        )[:MOST_BUBBLES]
    )
    return [
        ProjectValue(
            code,
            name,
            currency,
            budget,
            score,
            None if band is None else Band(band),
            None if has_unknown else customers,
        )
        for code, name, currency, budget, score, band, customers, has_unknown in rows
    ]
