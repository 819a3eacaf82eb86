"""Which projects need help, and do they serve customers for their money?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from dashboards.access import READ_DASHBOARDS, needs
from dashboards.figures import (
    BandCounts,
    BandDistribution,
    Bubble,
    Chart,
    ValueAgainstCost,
    band_distribution_chart,
    value_cost_bubbles_chart,
)
from dashboards.presentation.bands import BandLimits
from dashboards.selectors.months import ViewMonth
from dashboards.selectors.policies import Policies, limits_of
from dashboards.selectors.portfolios import (
    PortfolioNode,
    ProjectValue,
    portfolio_tree,
    values_of_projects,
)
from dashboards.selectors.trends import bands_by_month, history_of, overall_lines, trend_months
from dashboards.views.empty import nothing_yet
from dashboards.views.month_pages import is_asked_for, render_month, render_part
from dashboards.views.project_filters import TABLE, project_table
from dashboards.views.requests import month_of
from dashboards.views.scoreboards import Scoreboard
from projects.choices import SubjectKind
from projects.models import Project


@require_safe
@needs(READ_DASHBOARDS)
def portfolio_list(request: HttpRequest) -> HttpResponse:
    """The tree of portfolios with scores, projects and money."""
    month = month_of(request)
    if month is None:
        return nothing_yet(request)
    nodes = portfolio_tree(month).nodes
    shown = [node for node in nodes if not node.is_idle]
    lines = overall_lines([node.scores.pk for node in shown], trend_months(month))
    return render_month(
        request,
        "portfolio_list",
        month,
        {
            "portfolios": shown,
            "lines": lines,
            "idle": [node for node in nodes if node.is_idle],
        },
    )


@require_safe
@needs(READ_DASHBOARDS)
def portfolio_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One portfolio with everything below it."""
    month = month_of(request)
    if month is None:
        return nothing_yet(request)
    tree = portfolio_tree(month)
    node = tree.get(code)
    if node is None:
        raise Http404
    below = tree.below(node)
    table = project_table(request, month, below, scope=node.keys)
    if is_asked_for(request, TABLE):
        return render_part(request, "projects", table)
    policies = Policies.read(node.scores.pk)
    board = Scoreboard(
        history_of(node.scores.pk, trend_months(month), month.previous),
        month,
        policies.own or policies.of(SubjectKind.PORTFOLIO),
        reverse("explain", args=[code, month.month]),
    )
    limits = limits_of(policies.of(SubjectKind.PROJECT))
    values = values_of_projects(node.keys, month)
    currency, currencies = _currencies(values, request.GET.get("currency", ""))
    return render_month(
        request,
        "portfolio_detail",
        month,
        {
            "portfolio": node,
            "crumbs": _crumbs(node, month),
            "board": board,
            "overall_trend": board.overall_trend(node.scores.name),
            "below": [row for row in below if row.depth == node.depth + 1 and not row.is_idle],
            "bubbles": _bubbles(values, currency, limits, month),
            "currencies": currencies,
            "bands": _band_distribution(node, month),
            **table,
        },
    )


def _crumbs(node: PortfolioNode, month: ViewMonth) -> list[tuple[str, str]]:
    return [
        ("Portfolios", f"{reverse('portfolio_list')}?month={month.month}"),
        *(
            (name, f"{reverse('portfolio_detail', args=[code])}?month={month.month}")
            for code, name in node.above
        ),
    ]


@dataclass(frozen=True, slots=True)
class CurrencyChoice:
    """A currency that some projects have a budget in."""

    code: str
    projects: int
    is_chosen: bool


def _currencies(values: Sequence[ProjectValue], wanted: str) -> tuple[str, list[CurrencyChoice]]:
    """The currency to draw: amounts of two are never compared; the most frequent one at first."""
    counts = Counter(value.currency for value in values if value.budget is not None)
    if not counts:
        return "", []
    chosen = wanted if wanted in counts else min(counts, key=lambda code: (-counts[code], code))
    return chosen, [
        CurrencyChoice(code, number, code == chosen) for code, number in sorted(counts.items())
    ]


def _bubbles(
    values: Sequence[ProjectValue], currency: str, limits: BandLimits | None, month: ViewMonth
) -> Chart | None:
    """Value against cost of the projects whose budget is in one currency; None without any."""
    bubbles = [
        Bubble(
            value.name,
            value.budget,
            value.value_creation,
            value.band,
            value.customers,
            f"{reverse('project_detail', args=[value.code])}?month={month.month}",
        )
        for value in values
        if value.budget is not None and value.currency == currency
    ]
    if all(bubble.score is None for bubble in bubbles):
        return None
    return value_cost_bubbles_chart(ValueAgainstCost(currency, bubbles, limits))


def _band_distribution(node: PortfolioNode, month: ViewMonth) -> Chart | None:
    projects = Project.objects.filter(portfolio__in=node.keys).values("pk")
    months = [
        BandCounts(found.month, found.counts, is_unfinished=found.month == month.running)
        for found in bands_by_month(projects, trend_months(month))
    ]
    if not months:
        return None
    return band_distribution_chart(
        BandDistribution(months), title="Overall bands of the projects, twelve months"
    )
