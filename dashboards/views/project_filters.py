"""The filters above a table of projects, and the table itself as page part or fragment."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.http import HttpRequest

from dashboards.exports.subjects import projects_table
from dashboards.exports.table import ExportTable
from dashboards.list_filters import ProjectFilterForm
from dashboards.presentation.counts import PROJECTS, count_text
from dashboards.selectors.months import ViewMonth
from dashboards.selectors.portfolios import PortfolioNode
from dashboards.selectors.project_rows import all_projects, project_page, sort_in_force
from dashboards.views.exports import LEAST_TOO_MANY

TABLE = "projects"
"""The id of the part of the page that HTMX asks for again."""


def project_table(
    request: HttpRequest,
    month: ViewMonth,
    portfolios: Sequence[PortfolioNode],
    *,
    scope: Collection[int] | None = None,
) -> dict[str, Any]:
    """The context of dashboards/_projects.html; `portfolios` are those to choose from."""
    form = ProjectFilterForm(request.GET, month=month, portfolios=portfolios)
    sort = sort_in_force(request.GET.get("sort", ""))
    page = project_page(
        form.chosen(portfolios, scope), month, sort=sort, number=request.GET.get("page", "1")
    )
    return {
        "month": month,
        "form": form,
        "projects": page,
        "count": count_text(page.paginator.count, PROJECTS),
        "sort": sort,
        "shows_portfolio": bool(portfolios),
        "table": TABLE,
    }


def projects_export(
    request: HttpRequest,
    month: ViewMonth,
    portfolios: Sequence[PortfolioNode],
    *,
    scope: Collection[int] | None = None,
) -> ExportTable:
    """The projects that the address asks for, on all pages of the table."""
    form = ProjectFilterForm(request.GET, month=month, portfolios=portfolios)
    sort = sort_in_force(request.GET.get("sort", ""))
    return projects_table(
        all_projects(form.chosen(portfolios, scope), month, sort=sort, most=LEAST_TOO_MANY)
    )
