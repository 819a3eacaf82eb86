"""The projects of a list or a heat map: filtered, sorted and paged in the database."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Lower

from dashboards.selectors.months import ViewMonth
from dashboards.selectors.scores import (
    MEASURES,
    SCORE_FIELDS,
    SubjectScores,
    score_order,
    scores_in,
    with_scores,
)
from metrics.choices import Band
from projects.choices import ProjectStage
from projects.models import Engagement, Project

PROJECTS_PER_PAGE = 50

NOT_MEASURED = "none"
"""The band filter's word for projects without any score in the month."""

BLANK_STAGE = "none"


@dataclass(frozen=True, slots=True)
class ProjectFilter:
    """What to show; blank is no limit. `portfolios` are keys, None is all of them."""

    portfolios: Collection[int] | None = None
    segment: str = ""
    stage: str = ""
    band: str = ""
    text: str = ""
    also_unmeasured: bool = False
    """Those as well whose span does not hold the month."""


@dataclass(frozen=True, slots=True)
class ProjectRow:
    scores: SubjectScores
    stage: str
    portfolio_code: str
    portfolio_name: str
    weight: float

    @property
    def stage_label(self) -> str:
        return str(ProjectStage(self.stage).label) if self.stage else ""


SORT_KEYS: tuple[str, ...] = (
    "name",
    "portfolio",
    "stage",
    *MEASURES,
    "change",
    "coverage",
    "weight",
)
DEFAULT_SORT = "overall"

_STAGE_PLACE = Case(
    *(When(stage=stage, then=Value(place)) for place, stage in enumerate(ProjectStage)),
    default=Value(len(ProjectStage)),
    output_field=IntegerField(),
)
_ORDERS: dict[str, Any] = {
    "name": Lower("name"),
    "portfolio": Lower("portfolio__name"),
    "stage": _STAGE_PLACE,
    "change": F("now__overall_score") - F("before__overall_score"),
    "coverage": F("now__overall_coverage"),
    "weight": F("weight"),
}


def projects_of(chosen: ProjectFilter, month: ViewMonth) -> QuerySet:
    """The projects that pass the filter, joined with their scores as `now` and `before`."""
    projects: QuerySet = Project.objects.all()
    if not chosen.also_unmeasured:
        projects = Project.objects.active_in(month.month)
    if chosen.portfolios is not None:
        projects = projects.filter(portfolio__in=chosen.portfolios)
    if chosen.segment:
        links = Engagement.objects.filter(project=OuterRef("pk"), segment__code=chosen.segment)
        projects = projects.filter(Exists(links))
    if chosen.stage:
        stage = "" if chosen.stage == BLANK_STAGE else chosen.stage
        projects = projects.filter(stage=stage)
    for word in chosen.text.split():
        projects = projects.filter(Q(name__icontains=word) | Q(code__icontains=word))
    projects = with_scores(projects, month.month, month.before)
    if chosen.band == NOT_MEASURED:
        projects = projects.filter(now__overall_band=None)
    elif chosen.band:
        projects = projects.filter(now__overall_band=Band[chosen.band.upper()])
    return projects


def project_page(
    chosen: ProjectFilter, month: ViewMonth, *, sort: str = DEFAULT_SORT, number: str = "1"
) -> Page[ProjectRow]:
    """A page of the list; a sort by something unknown is the default one."""
    rows = _rows(chosen, month, sort)
    page: Page[Any] = Paginator(rows, PROJECTS_PER_PAGE).get_page(number)
    page.object_list = [_row(row) for row in page.object_list]
    return page


def all_projects(
    chosen: ProjectFilter, month: ViewMonth, *, sort: str = DEFAULT_SORT, most: int
) -> list[ProjectRow]:
    """The list without its pages, up to a number of rows."""
    return [_row(row) for row in _rows(chosen, month, sort)[:most]]


def _rows(chosen: ProjectFilter, month: ViewMonth, sort: str) -> QuerySet:
    rows: QuerySet = (
        projects_of(chosen, month)
        .order_by(_order(sort), "code")
        .values(*SCORE_FIELDS, "stage", "portfolio__code", "portfolio__name", "weight")
    )
    return rows


def sort_in_force(wanted: str) -> str:
    return wanted if wanted.removeprefix("-") in SORT_KEYS else DEFAULT_SORT


def _order(sort: str) -> Combinable:
    key, falling = sort.removeprefix("-"), sort.startswith("-")
    if key in MEASURES:
        return score_order(key, falling=falling)
    order = _ORDERS[key]
    ordered: Combinable = order.desc(nulls_last=True) if falling else order.asc(nulls_last=True)
    return ordered


def _row(row: dict[str, Any]) -> ProjectRow:
    return ProjectRow(
        scores_in(row),
        row["stage"],
        row["portfolio__code"],
        row["portfolio__name"],
        row["weight"],
    )
