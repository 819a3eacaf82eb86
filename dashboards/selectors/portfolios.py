"""Portfolios as a tree: scores, projects, money; and what one of them holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet, Subquery, Sum

from dashboards.selectors.money import Money, added_up, money_line, money_sums
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


OWN_PROJECTS = "own"
"""What `holds` in the address says for the projects right in a portfolio."""


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
    own_bands: BandCount
    own_weight: float
    own_money: tuple[Money, ...]
    """Of the projects right in it."""

    @property
    def alone(self) -> PortfolioNode:
        """Itself without what lies below it; its scores stay those of everything in it."""
        return replace(
            self,
            keys=frozenset({self.scores.pk}),
            bands=self.own_bands,
            weight=self.own_weight,
            money=self.own_money,
        )

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


def portfolio_tree(month: ViewMonth) -> PortfolioTree:
    """Two queries, however many portfolios and projects there are.

    What lies in a portfolio that is not seen stands at the top.
    """
    rows = list(
        with_scores(Portfolio.objects.all(), month.month, month.before)
        .order_by("name", "code")
        .values(*SCORE_FIELDS, "parent_id", "description")
    )
    held = _projects_by_portfolio(Project.objects.active_in(month.month), month)
    seen = {row["pk"] for row in rows}
    children = defaultdict(list)
    for row in rows:
        children[row["parent_id"] if row["parent_id"] in seen else None].append(row)
    return PortfolioTree(tuple(_walk(children, held, None, 0, ())))


@dataclass(slots=True)
class _Held:
    """The projects that are right in a portfolio: how many have which band, weigh and cost."""

    bands: dict[Band | None, int] = field(default_factory=lambda: defaultdict(int))
    weight: float = 0.0
    money: list[Money] = field(default_factory=list)


def _projects_by_portfolio(projects: QuerySet, month: ViewMonth) -> Mapping[int, _Held]:
    held: dict[int, _Held] = defaultdict(_Held)
    rows = (
        with_scores(projects, month.month, None)
        .order_by()
        .values_list("portfolio_id", "now__overall_band", "currency")
        .annotate(weighs=Sum("weight"), **money_sums())
    )
    for portfolio, band, currency, weighs, *sums in rows:
        line = money_line(currency, sums)
        there = held[portfolio]
        there.bands[None if band is None else Band(band)] += line.projects
        there.weight += weighs
        there.money.append(line)
    return held


def _walk(
    children: Mapping[int | None, Sequence[dict[str, Any]]],
    held: Mapping[int, _Held],
    parent: int | None,
    depth: int,
    above: tuple[tuple[str, str], ...],
) -> Iterator[PortfolioNode]:
    for row in children.get(parent, ()):
        pk = row["pk"]
        line = (*above, (row["code"], row["name"]))
        below = list(_walk(children, held, pk, depth + 1, line))
        direct = [node for node in below if node.depth == depth + 1]
        own = held.get(pk, _Held())
        yield PortfolioNode(
            scores=scores_in(row),
            description=row["description"],
            depth=depth,
            above=above,
            keys=frozenset({pk}).union(*(node.keys for node in direct)),
            children=len(direct),
            bands=_summed([own.bands, *(node.bands for node in direct)]),
            weight=own.weight + sum(node.weight for node in direct),
            money=added_up([*own.money, *(line for node in direct for line in node.money)]),
            own_bands=dict(own.bands),
            own_weight=own.weight,
            own_money=added_up(own.money),
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
