"""What a page of many shows, told elsewhere: the top of its list, as it is filtered and sorted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards.list_filters import (
    CustomerFilterForm,
    ProjectFilterForm,
    ServiceFilterForm,
    filters_in_words,
    order_in_words,
)
from dashboards.presentation.numbers import grouped
from dashboards.saved_pages import SavedPage
from dashboards.selectors import customers, project_rows, services
from dashboards.selectors.months import ViewMonth
from dashboards.selectors.portfolios import OWN_PROJECTS, portfolio_tree
from dashboards.selectors.project_rows import ProjectFilter
from dashboards.selectors.scores import SubjectScores
from dashboards.selectors.segments import segment_rows

ROWS_TOLD = 10


@dataclass(frozen=True, slots=True)
class ListedRow:
    """A line of the list: all five scores, and of a customer the risk."""

    scores: SubjectScores
    note: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """The first lines of a list, and how many there are."""

    month: ViewMonth
    rows: tuple[ListedRow, ...]
    total: int
    noun: str
    """`12 projects`, of all of them."""
    filters: str
    """In words; empty where nothing is filtered."""
    order: str

    @property
    def more(self) -> int:
        return self.total - len(self.rows)


def listed_on(page: SavedPage, month: ViewMonth, today: date) -> Listed | None:
    """The list that a page is; None of a page that is none.

    A portfolio's page is one where its projects are filtered: then it is those that are watched.
    """
    if page.url_name == "portfolio_detail":
        return _projects_inside(page, month)
    read = _LISTS.get(page.url_name)
    return None if read is None else read(page.query, month, today)


def _projects(query: QueryDict, month: ViewMonth, today: date) -> Listed:
    portfolios = portfolio_tree(month).nodes
    form = ProjectFilterForm(query, month=month, portfolios=portfolios)
    wanted = form.chosen(portfolios, None)
    return _listed_projects(wanted, query, month, filters_in_words(form))


def _projects_inside(page: SavedPage, month: ViewMonth) -> Listed | None:
    """Those of a portfolio's page, by the same rules as there; None where nothing is filtered."""
    tree = portfolio_tree(month)
    node = tree.get(page.code)
    if node is None:
        return None
    is_alone = bool(node.children) and page.query.get("holds") == OWN_PROJECTS
    inside = [] if is_alone else tree.below(node)
    form = ProjectFilterForm(page.query, month=month, portfolios=inside)
    wanted = form.chosen(inside, (node.alone if is_alone else node).keys)
    filters = filters_in_words(form)
    if not filters:
        return None
    words = [_("Portfolio: %(name)s") % {"name": node.scores.name}]
    if is_alone:
        words.append(_("Only its own projects"))
    return _listed_projects(wanted, page.query, month, "; ".join([*words, filters]))


def _listed_projects(
    wanted: ProjectFilter, query: QueryDict, month: ViewMonth, filters: str
) -> Listed:
    sort = project_rows.sort_in_force(query.get("sort", ""))
    page = project_rows.project_page(wanted, month, sort=sort)
    total = page.paginator.count
    return Listed(
        month,
        _top(row.scores for row in page),
        total,
        ngettext("%(number)s project", "%(number)s projects", total) % _number(total),
        filters,
        order_in_words(sort),
    )


def _customers(query: QueryDict, month: ViewMonth, today: date) -> Listed:
    form = CustomerFilterForm(query)
    sort = customers.sort_in_force(query.get("sort", ""))
    page = customers.found_customers(
        form.chosen(), month, today, sort=sort, number="1", on_a_page=ROWS_TOLD
    ).page
    total = page.paginator.count
    return Listed(
        month,
        tuple(ListedRow(row.scores, f"{row.risk.label}: {row.why}") for row in page),
        total,
        ngettext("%(number)s customer", "%(number)s customers", total) % _number(total),
        filters_in_words(form),
        order_in_words(sort),
    )


def _services(query: QueryDict, month: ViewMonth, today: date) -> Listed:
    form = ServiceFilterForm(query)
    sort = services.sort_in_force(query.get("sort", ""))
    page = services.service_page(form.chosen(), month, sort=sort, number="1")
    total = page.paginator.count
    return Listed(
        month,
        _top(row.scores for row in page),
        total,
        ngettext("%(number)s service", "%(number)s services", total) % _number(total),
        filters_in_words(form),
        order_in_words(sort),
    )


def _segments(query: QueryDict, month: ViewMonth, today: date) -> Listed:
    rows = segment_rows(month)
    return Listed(
        month,
        _top(row.scores for row in rows),
        len(rows),
        ngettext("%(number)s segment", "%(number)s segments", len(rows)) % _number(len(rows)),
        "",
        _("the heaviest first"),
    )


def _portfolios(query: QueryDict, month: ViewMonth, today: date) -> Listed:
    rows = [node.scores for node in portfolio_tree(month).nodes if not node.is_idle]
    return Listed(
        month,
        _top(rows),
        len(rows),
        ngettext("%(number)s portfolio", "%(number)s portfolios", len(rows)) % _number(len(rows)),
        "",
        _("as they lie in each other"),
    )


def _top(rows: Iterable[SubjectScores]) -> tuple[ListedRow, ...]:
    return tuple(ListedRow(scores) for scores, _place in zip(rows, range(ROWS_TOLD), strict=False))


def _number(total: int) -> dict[str, str]:
    return {"number": grouped(total)}


_LISTS: dict[str, Callable[[QueryDict, ViewMonth, date], Listed]] = {
    "project_list": _projects,
    "customer_list": _customers,
    "service_list": _services,
    "segment_list": _segments,
    "portfolio_list": _portfolios,
}
LISTED_PAGES = frozenset(_LISTS)
"""The pages that are lists whatever is chosen there."""
