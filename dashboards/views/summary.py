"""Are we succeeding with our customers, what changed, what needs a decision?"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dashboards.access import READ_ORGANISATION, needs
from dashboards.context import organisation_of
from dashboards.exports.events import events_table
from dashboards.exports.subjects import portfolios_table, segments_table
from dashboards.exports.summary import cases_table, moves_table, weights_table
from dashboards.figures import ChangeBridge, Chart, Part, change_bridge_chart
from dashboards.presentation.months import month_label, month_name
from dashboards.presentation.numbers import score_text
from dashboards.selectors.bridges import overall_change, weights_then
from dashboards.selectors.cost_meter import cost_meter, weights_of
from dashboards.selectors.events import events_of
from dashboards.selectors.months import ViewMonth
from dashboards.selectors.moves import largest_moves
from dashboards.selectors.policies import Policies
from dashboards.selectors.portfolios import PortfolioNode, portfolio_tree
from dashboards.selectors.segments import segment_rows
from dashboards.selectors.summary import cases_to_decide
from dashboards.selectors.trends import history_of, trend_months
from dashboards.views.empty import nothing_yet
from dashboards.views.exports import LEAST_TOO_MANY
from dashboards.views.month_pages import is_asked_for, render_month, render_part
from dashboards.views.requests import month_of
from dashboards.views.scoreboards import Scoreboard
from metrics.choices import Category
from metrics.scoring.changes import Change
from metrics.scoring.columns import CATEGORIES
from projects.models import Organisation

FEW_PORTFOLIOS = 12
"""Up to so many are shown as their tree; of more, as many with the lowest scores."""

EVENTS = "events"
"""The id of the part of the page that comes after it."""


@require_safe
@needs(READ_ORGANISATION)
def summary(request: HttpRequest) -> HttpResponse:
    """The organisation in one look."""
    month = month_of(request)
    organisation = organisation_of(request)
    if month is None or organisation is None:
        return nothing_yet(request)
    if is_asked_for(request, EVENTS):
        return render_part(request, "summary_events", _events(organisation, month))
    policies = Policies.read(organisation.pk)
    history = history_of(organisation.pk, trend_months(month), month.before, month.previous)
    board = Scoreboard(
        history,
        month,
        policies.own or policies.of(organisation.kind),
        reverse("explain", args=[organisation.code, month.month]),
    )
    portfolios = portfolio_tree(month).nodes
    segments = segment_rows(month)
    weighed = weights_of(month.month)
    shown, are_lowest = _shown(portfolios)
    return render_month(
        request,
        "summary",
        month,
        {
            "organisation": organisation,
            "board": board,
            "bridge": _bridge(organisation, board),
            "moves": largest_moves(month, portfolios),
            "cost_meter": cost_meter(weighed),
            "cases": cases_to_decide(month, portfolios, segments, policies, weighed),
            "segments": segments,
            "portfolios": shown,
            "portfolios_are_lowest": are_lowest,
            "portfolios_in_all": len(portfolios),
        },
        title=organisation.name,
        exports={
            "segments": lambda: segments_table(segments),
            "portfolios": lambda: portfolios_table(
                node for node in portfolios if node.scores.is_measured
            ),
            "moves": lambda: moves_table(largest_moves(month, portfolios)),
            "decisions": lambda: cases_table(
                cases_to_decide(
                    month, portfolios, segments, policies, weighed, shown=LEAST_TOO_MANY
                )
            ),
            "weights": lambda: weights_table(weighed.weights if weighed else ()),
            EVENTS: lambda: events_table(_events(organisation, month)["events"].every),
        },
    )


def _events(organisation: Organisation, month: ViewMonth) -> dict[str, Any]:
    return {
        "events": events_of(organisation.pk, organisation.kind, organisation.code, month),
        "month": month,
    }


def _shown(portfolios: tuple[PortfolioNode, ...]) -> tuple[list[PortfolioNode], bool]:
    """The portfolios that fit on the page, and whether they are the lowest of many."""
    measured = [node for node in portfolios if node.scores.is_measured]
    if len(measured) <= FEW_PORTFOLIOS:
        return measured, False
    measured.sort(
        key=lambda node: (
            node.scores.overall.score is None,
            node.scores.overall.score or 0.0,
            node.scores.code,
        )
    )
    return measured[:FEW_PORTFOLIOS], True


def _bridge(organisation: Organisation, board: Scoreboard) -> Chart | None:
    """From the overall score of the month compared with; None if it or this one has none."""
    weights, weights_before = weights_then(organisation, board.month, board.card)
    change = overall_change(board.before, board.now, weights, weights_before)
    if change is None or change.before is None or change.now is None:
        return None
    parts = sorted(change.parts, key=lambda part: (part.kind == "balance", part.number))
    return change_bridge_chart(
        ChangeBridge(
            name=_("The overall score"),
            before=month_label(board.month.before),
            start=change.before,
            parts=[Part(_name(part), part.total, _detail(part)) for part in parts],
            after=month_label(board.month.month),
            end=change.now,
        ),
        title=_("What changed since %(month)s") % {"month": month_name(board.month.before)},
    )


def _name(part: Change) -> str:
    return _("Balance") if part.kind == "balance" else str(Category(CATEGORIES[part.number]).label)


def _detail(part: Change) -> str:
    if part.kind == "balance":
        return _("what the rule for the overall score takes away from the mean")
    if part.before is None:
        return _("has a score again: %(score)s") % {"score": score_text(part.now)}
    if part.now is None:
        return _("has no score any more, it was %(score)s") % {"score": score_text(part.before)}
    return _("score %(before)s to %(now)s") % {
        "before": score_text(part.before),
        "now": score_text(part.now),
    }
