"""How does this project do, and why?"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dashboards.access import READ_DASHBOARDS, needs
from dashboards.exports.scorecards import filled_scorecard_table, values_table
from dashboards.exports.subjects import segments_served_table
from dashboards.selectors.events import events_of
from dashboards.selectors.months import ViewMonth
from dashboards.selectors.portfolios import portfolio_tree
from dashboards.selectors.projects import against_plan, segments_served, values_entered_lately
from dashboards.selectors.scorecards import filled_scorecard
from dashboards.views.empty import nothing_yet
from dashboards.views.exports import LEAST_TOO_MANY, Tables
from dashboards.views.links import LISTS
from dashboards.views.month_pages import is_asked_for, render_month, render_part
from dashboards.views.project_filters import TABLE, project_table, projects_export
from dashboards.views.requests import month_of, month_parameter
from dashboards.views.subject_scorecards import SCORECARD, board_of
from projects.choices import SubjectKind
from projects.models import Project
from projects.months import Month
from projects.visibility import current_sight


@require_safe
@needs(READ_DASHBOARDS)
def project_list(request: HttpRequest) -> HttpResponse:
    """All projects as a heat map: sorted, filtered, paged."""
    month = month_of(request)
    if month is None:
        return nothing_yet(request)
    portfolios = portfolio_tree(month).nodes
    table = project_table(request, month, portfolios)
    if is_asked_for(request, TABLE):
        return render_part(request, "projects", table)
    return render_month(
        request,
        "project_list",
        month,
        table,
        title=_("Projects"),
        exports={"projects": lambda: projects_export(request, month, portfolios)},
    )


@require_safe
@needs(READ_DASHBOARDS)
def project_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One project; its scorecard is asked for as a part of the page."""
    project = get_object_or_404(
        Project.objects.select_related("portfolio", "portfolio__parent"), code=code
    )
    wanted = month_parameter(request)
    if wanted is not None and is_asked_for(request, SCORECARD):
        return _scorecard(request, project, wanted)
    month = month_of(request)
    if month is None:
        return nothing_yet(request)
    board = board_of(project, month)
    events = events_of(project.pk, project.kind, project.code, month)
    return render_month(
        request,
        "project_detail",
        month,
        {
            "project": project,
            "crumbs": _crumbs(project, month),
            "board": board,
            "overall_trend": board.overall_trend(project.name, events.marks),
            "category_trends": board.category_trends(project.name, events.marks),
            "events": events,
            "plan": against_plan(project),
            "segments": segments_served(project, month),
            "values": values_entered_lately(project),
        },
        title=project.name,
        exports=_exports(project, month),
    )


def _exports(project: Project, month: ViewMonth) -> Tables:
    return {
        "scorecard": lambda: filled_scorecard_table(filled_scorecard(project, month.month)),
        "segments": lambda: segments_served_table(segments_served(project, month)),
        "values": lambda: values_table(values_entered_lately(project, most=LEAST_TOO_MANY)),
    }


def _scorecard(request: HttpRequest, project: Project, month: Month) -> HttpResponse:
    return render_part(
        request,
        "project_scorecard",
        {"project": project, "month": month, "scorecard": filled_scorecard(project, month)},
    )


def _crumbs(project: Project, month: ViewMonth) -> list[tuple[str, str]]:
    """The portfolios, down to the one that it is in."""
    name, label = LISTS[SubjectKind.PORTFOLIO]
    portfolios = [project.portfolio.parent, project.portfolio]
    return [
        (str(label), f"{reverse(name)}?{month.query}"),
        *(
            (row.name, f"{reverse('portfolio_detail', args=[row.code])}?{month.query}")
            for row in portfolios
            if row is not None and current_sight().sees_portfolio(row.pk)
        ),
    ]
