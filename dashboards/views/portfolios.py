"""Which projects need help, and do they serve customers for their money?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dashboards.access import READ_DASHBOARDS, needs
from dashboards.exports.subjects import money_table, portfolios_table
from dashboards.figures import (
    BandCounts,
    BandDistribution,
    Bubble,
    Chart,
    EventMark,
    ValueAgainstCost,
    band_distribution_chart,
    value_cost_bubbles_chart,
)
from dashboards.presentation.bands import BandLimits
from dashboards.selectors.events import events_of
from dashboards.selectors.months import ViewMonth
from dashboards.selectors.policies import Policies, limits_of
from dashboards.selectors.portfolios import (
    OWN_PROJECTS,
    PortfolioNode,
    ProjectValue,
    portfolio_tree,
    values_of_projects,
)
from dashboards.selectors.trends import bands_by_month, history_of, overall_lines, trend_months
from dashboards.views.empty import nothing_yet
from dashboards.views.month_pages import is_asked_for, render_month, render_part
from dashboards.views.project_filters import TABLE, project_table, projects_export
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
    months = trend_months(month)
    lines = overall_lines([node.scores.pk for node in shown], months)
    return render_month(
        request,
        "portfolio_list",
        month,
        {
            "portfolios": shown,
            "lines": lines,
            "idle": [node for node in nodes if node.is_idle],
        },
        title=_("Portfolios"),
        exports={
            "portfolios": lambda: portfolios_table(shown, months=months, lines=lines),
            "money": lambda: money_table(shown),
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
    held = node.alone if _is_alone(request, node) else node
    inside = below if held is node else []
    table = project_table(request, month, inside, scope=held.keys)
    if is_asked_for(request, TABLE):
        return render_part(request, "projects", table)
    policies = Policies.read(node.scores.pk)
    board = Scoreboard(
        history_of(node.scores.pk, trend_months(month), month.before, month.previous),
        month,
        policies.own or policies.of(SubjectKind.PORTFOLIO),
        reverse("explain", args=[code, month.month]),
    )
    limits = limits_of(policies.of(SubjectKind.PROJECT))
    right_below = [row for row in below if row.depth == node.depth + 1 and not row.is_idle]
    values = values_of_projects(held.keys, month)
    currency, currencies = _currencies(values, request.GET.get("currency", ""))
    events = events_of(node.scores.pk, SubjectKind.PORTFOLIO, code, month, portfolios=node.keys)
    return render_month(
        request,
        "portfolio_detail",
        month,
        {
            "portfolio": node,
            "held": held,
            "scopes": _scopes(node, held),
            "crumbs": _crumbs(node, month),
            "board": board,
            "overall_trend": board.overall_trend(node.scores.name, events.marks),
            "below": right_below,
            "bubbles": _bubbles(values, currency, limits, month),
            "currencies": currencies,
            "bands": _band_distribution(held, month, events.marks),
            "events": events,
            **table,
        },
        title=node.scores.name,
        exports={
            "money": lambda: money_table([held]),
            "below": lambda: portfolios_table(right_below, name="below"),
            "projects": lambda: projects_export(request, month, inside, scope=held.keys),
        },
    )


def _is_alone(request: HttpRequest, node: PortfolioNode) -> bool:
    return bool(node.children) and request.GET.get("holds") == OWN_PROJECTS


@dataclass(frozen=True, slots=True)
class ScopeChoice:
    """Whether the page counts what lies below the portfolio, too."""

    value: str | None
    """As `holds` in the address; None is nothing there."""
    label: str
    projects: int
    is_chosen: bool


def _scopes(node: PortfolioNode, held: PortfolioNode) -> list[ScopeChoice]:
    """Nothing to choose where nothing lies below."""
    if not node.children:
        return []
    alone = node.alone
    return [
        ScopeChoice(None, _("With everything below"), node.projects, held is node),
        ScopeChoice(OWN_PROJECTS, _("Only its own projects"), alone.projects, held is not node),
    ]


def _crumbs(node: PortfolioNode, month: ViewMonth) -> list[tuple[str, str]]:
    return [
        (_("Portfolios"), f"{reverse('portfolio_list')}?{month.query}"),
        *(
            (name, f"{reverse('portfolio_detail', args=[code])}?{month.query}")
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
            f"{reverse('project_detail', args=[value.code])}?{month.query}",
        )
        for value in values
        if value.budget is not None and value.currency == currency
    ]
    if all(bubble.score is None for bubble in bubbles):
        return None
    return value_cost_bubbles_chart(ValueAgainstCost(currency, bubbles, limits))


def _band_distribution(
    node: PortfolioNode, month: ViewMonth, events: Sequence[EventMark]
) -> Chart | None:
    projects = Project.objects.filter(portfolio__in=node.keys).values("pk")
    months = [
        BandCounts(found.month, found.counts, is_unfinished=found.month == month.running)
        for found in bands_by_month(projects, trend_months(month))
    ]
    if not months:
        return None
    return band_distribution_chart(
        BandDistribution(months, events=events),
        title=_("Overall bands of the projects, twelve months"),
    )
