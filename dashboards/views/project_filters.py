"""The filters above a table of projects, and the table itself as page part or fragment."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from dashboards.exports.subjects import projects_table
from dashboards.exports.table import ExportTable
from dashboards.presentation.bands import FROM_GOOD_TO_UNKNOWN, style_of
from dashboards.presentation.bands import NOT_MEASURED as UNMEASURED_STYLE
from dashboards.presentation.months import month_label
from dashboards.presentation.numbers import counted
from dashboards.selectors.months import ViewMonth
from dashboards.selectors.portfolios import PortfolioNode
from dashboards.selectors.project_rows import (
    BLANK_STAGE,
    NOT_MEASURED,
    ProjectFilter,
    all_projects,
    project_page,
    sort_in_force,
)
from dashboards.views.exports import LEAST_TOO_MANY
from projects.choices import ProjectStage
from projects.models import Segment

TABLE = "projects"
"""The id of the part of the page that HTMX asks for again."""

Choices = list[tuple[str, Any]]


class ProjectFilterForm(forms.Form):
    """What stands in the address; a value that is none of the choices counts as no filter."""

    q = forms.CharField(
        label=_("Name or code"),
        required=False,
        max_length=100,
        widget=forms.SearchInput(attrs={"placeholder": _("Search")}),
    )
    portfolio = forms.ChoiceField(label=_("Portfolio"), required=False)
    stage = forms.ChoiceField(label=_("Stage"), required=False)
    segment = forms.ChoiceField(label=_("Serves segment"), required=False)
    band = forms.ChoiceField(label=_("Overall band"), required=False)
    span = forms.ChoiceField(label=_("Measured"), required=False)

    def __init__(self, data: Any, *, month: ViewMonth, portfolios: Sequence[PortfolioNode]) -> None:
        super().__init__(data)
        self._choose("portfolio", _("All portfolios"), _portfolio_choices(portfolios))
        self._choose("segment", _("All segments"), _segment_choices())
        self._choose("stage", _("All stages"), _stage_choices())
        self._choose("band", _("All bands"), _band_choices())
        self._choose(
            "span",
            _("In %(month)s") % {"month": month_label(month.month)},
            [("all", _("At any time"))],
        )

    def _choose(self, name: str, blank: Any, choices: Choices) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", blank), *choices]
        if not choices:
            # A choice among nothing only takes room.
            del self.fields[name]

    def chosen(
        self, portfolios: Sequence[PortfolioNode], scope: Collection[int] | None
    ) -> ProjectFilter:
        """The filter that the address asks for, inside a scope of portfolios."""
        self.is_valid()
        wanted = self.cleaned_data
        code = wanted.get("portfolio", "")
        keys = {node.scores.code: node.keys for node in portfolios}
        return ProjectFilter(
            portfolios=keys[code] if code else scope,
            segment=wanted.get("segment", ""),
            stage=wanted.get("stage", ""),
            band=wanted.get("band", ""),
            text=wanted.get("q", ""),
            also_unmeasured=wanted.get("span") == "all",
        )


def _portfolio_choices(portfolios: Sequence[PortfolioNode]) -> Choices:
    top = min((node.depth for node in portfolios), default=0)
    return [
        (node.scores.code, "\N{EM SPACE}" * (node.depth - top) + node.scores.name)
        for node in portfolios
        if node.projects
    ]


def _stage_choices() -> Choices:
    return [*ProjectStage.choices, (BLANK_STAGE, _("Not told"))]


def _segment_choices() -> Choices:
    return list(Segment.objects.order_by("name", "code").values_list("code", "name"))


def _band_choices() -> Choices:
    return [
        *((style_of(band).code, style_of(band).word) for band in FROM_GOOD_TO_UNKNOWN),
        (NOT_MEASURED, UNMEASURED_STYLE.word),
    ]


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
        "count": counted(page.paginator.count, "project"),
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
