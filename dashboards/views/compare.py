"""What sets two portfolios or segments apart, or one in two months?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django import forms
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from dashboards.access import READ_DASHBOARDS, READ_ORGANISATION, needs
from dashboards.exports.compare import (
    band_moves_table,
    compared_bands_table,
    compared_money_table,
    compared_parts_table,
    compared_scores_table,
    moved_projects_table,
    scored_projects_table,
)
from dashboards.exports.table import ExportTable
from dashboards.figures import Chart, ComparedScore, Comparison, comparison_chart
from dashboards.form_fields import choose
from dashboards.presentation.bands import BandLimits
from dashboards.presentation.months import month_label
from dashboards.selectors.compare import (
    Compared,
    ComparedMoney,
    ComparedPart,
    bands_of,
    compared_bands,
    compared_marks,
    compared_money,
    extremes,
    moved_projects,
    parts_of,
    project_moves,
    projects_in,
    projects_serving_them,
    scored_projects,
)
from dashboards.selectors.money import Money
from dashboards.selectors.months import ViewMonth
from dashboards.selectors.policies import limits_of, scorecard_of
from dashboards.selectors.portfolios import BandCount, PortfolioNode, portfolio_tree
from dashboards.selectors.scores import SubjectScores
from dashboards.selectors.segments import segment_rows
from dashboards.views.empty import nothing_yet
from dashboards.views.month_pages import render_month
from dashboards.views.requests import month_of, month_parameter
from projects.choices import SubjectKind
from projects.models import Project


@dataclass(frozen=True, slots=True)
class Side:
    """A subject in a month, with its projects."""

    scores: SubjectScores
    month: ViewMonth
    projects: QuerySet
    """Those of today, measured in the month or not."""
    bands: BandCount
    money: tuple[Money, ...] = ()

    @property
    def label(self) -> str:
        return f"{self.scores.name}, {month_label(self.month.month)}"

    @property
    def measured(self) -> QuerySet:
        keys = Project.objects.active_in(self.month.month).values("pk")
        measured: QuerySet = self.projects.filter(pk__in=keys)
        return measured

    @property
    def count(self) -> int:
        return sum(self.bands.values())


@dataclass(frozen=True, slots=True)
class Sides:
    """The one that is in question, and what it is held against."""

    kind: SubjectKind
    one: Side
    other: Side

    @property
    def is_same_subject(self) -> bool:
        return self.one.scores.pk == self.other.scores.pk

    @property
    def has_projects(self) -> bool:
        return bool(self.one.count or self.other.count)

    @property
    def is_same_month(self) -> bool:
        return self.one.month.month == self.other.month.month

    @property
    def is_the_same(self) -> bool:
        return self.is_same_subject and self.is_same_month

    @property
    def names(self) -> tuple[str, str]:
        """As short as tells them apart, for the heads of columns."""
        if self.is_same_subject:
            return month_label(self.one.month.month), month_label(self.other.month.month)
        if self.is_same_month:
            return self.one.scores.name, self.other.scores.name
        return self.one.label, self.other.label

    @property
    def marks(self) -> tuple[Compared, ...]:
        return compared_marks(self.one.scores, self.other.scores)


class CompareForm(forms.Form):
    """What stands in the address."""

    a = forms.ChoiceField(label=gettext_lazy("Compare"), required=False)
    month = forms.ChoiceField(label=gettext_lazy("in"), required=False)
    b = forms.ChoiceField(label=gettext_lazy("with"), required=False)
    month_b = forms.ChoiceField(label=gettext_lazy("in"), required=False)

    def __init__(
        self, data: dict[str, str], subjects: Sequence[tuple[str, str]], sides: Sides
    ) -> None:
        super().__init__(data, initial=data)
        for name in ("a", "b"):
            choose(self, name, list(subjects))
        for name, side in (("month", sides.one), ("month_b", sides.other)):
            months = sorted({*side.month.offered, side.month.month}, reverse=True)
            running = side.month.running
            choose(
                self,
                name,
                [
                    (
                        str(month),
                        _("%(month)s (unfinished)") % {"month": month_label(month)}
                        if month == running
                        else month_label(month),
                    )
                    for month in months
                ],
            )


def _months(request: HttpRequest, a: str, b: str) -> tuple[ViewMonth, ViewMonth] | None:
    """Both months; without a second one that of the first, or, for one subject, that before it."""
    month = month_of(request)
    if month is None:
        return None
    wanted = month_parameter(request, "month_b")
    if wanted is None:
        wanted = month.month if a != b else month.previous or month.month
    if wanted == month.month:
        return month, month
    return month, replace(month, month=wanted)


@require_safe
@needs(READ_DASHBOARDS)
def compare_portfolios(request: HttpRequest) -> HttpResponse:
    """Two portfolios, or one in two months."""
    a, b = _codes(request)
    months = _months(request, a, b)
    if months is None:
        return nothing_yet(request)
    month, month_b = months
    tree = portfolio_tree(month)
    tree_b = tree if month_b == month else portfolio_tree(month_b)
    first = next((node for node in tree.nodes if not node.is_idle), None)
    if first is None:
        return _nothing_to_compare(request, SubjectKind.PORTFOLIO, month)
    one = tree.get(a) if a else first
    other = tree_b.get(b or (one.scores.code if one else ""))
    if one is None or other is None:
        raise Http404
    sides = Sides(
        SubjectKind.PORTFOLIO, _side_of_portfolio(one, month), _side_of_portfolio(other, month_b)
    )
    if sides.is_same_subject:
        groups = [(sides.one.label, month, parts_of(tree, one, tree_b))]
    else:
        groups = [
            (sides.one.label, month, parts_of(tree, one)),
            (sides.other.label, month_b, parts_of(tree_b, other)),
        ]
    subjects = [
        (node.scores.code, "\N{EM SPACE}" * node.depth + node.scores.name) for node in tree.nodes
    ]
    return _page(request, sides, subjects, parts=groups)


def _codes(request: HttpRequest) -> tuple[str, str]:
    """Of both subjects; without a second one the first stands beside itself."""
    a = request.GET.get("a", "")
    return a, request.GET.get("b", "") or a


def _side_of_portfolio(node: PortfolioNode, month: ViewMonth) -> Side:
    return Side(node.scores, month, projects_in(node.keys), node.bands, node.money)


@require_safe
@needs(READ_ORGANISATION)
def compare_segments(request: HttpRequest) -> HttpResponse:
    """Two segments, or one in two months."""
    a, b = _codes(request)
    months = _months(request, a, b)
    if months is None:
        return nothing_yet(request)
    month, month_b = months
    rows = {row.scores.code: row.scores for row in segment_rows(month)}
    if not rows:
        return _nothing_to_compare(request, SubjectKind.SEGMENT, month)
    rows_b = rows
    if month_b != month:
        rows_b = {row.scores.code: row.scores for row in segment_rows(month_b)}
    a = a or next(iter(rows))
    b = b or a
    if a not in rows or b not in rows_b:
        raise Http404
    sides = Sides(
        SubjectKind.SEGMENT,
        _side_of_segment(rows[a], month),
        _side_of_segment(rows_b[b], month_b),
    )
    subjects = sorted(((code, row.name) for code, row in rows.items()), key=lambda pair: pair[1])
    return _page(request, sides, subjects, parts=[])


def _side_of_segment(scores: SubjectScores, month: ViewMonth) -> Side:
    projects = projects_serving_them(scores.pk)
    return Side(scores, month, projects, bands_of(projects, month))


LIST_OF = {SubjectKind.PORTFOLIO: "portfolio_list", SubjectKind.SEGMENT: "segment_list"}


def _nothing_to_compare(request: HttpRequest, kind: SubjectKind, month: ViewMonth) -> HttpResponse:
    return render_month(request, "compare", month, {"kind": kind, "sides": None})


Parts = Sequence[tuple[str, ViewMonth, Sequence[ComparedPart]]]


def _page(
    request: HttpRequest, sides: Sides, subjects: Sequence[tuple[str, str]], *, parts: Parts
) -> HttpResponse:
    one, other = sides.one, sides.other
    chosen = {
        "a": one.scores.code,
        "month": str(one.month.month),
        "b": other.scores.code,
        "month_b": str(other.month.month),
    }
    moves = project_moves(one.projects, one.month, other.month) if sides.is_same_subject else None
    money: tuple[ComparedMoney, ...] = compared_money(one.money, other.money)
    return render_month(
        request,
        "compare",
        one.month,
        {
            "kind": sides.kind,
            "sides": sides,
            "crumbs": [
                (sides.kind.label + "s", f"{reverse(LIST_OF[sides.kind])}?month={one.month.month}")
            ],
            "form": CompareForm(chosen, subjects, sides),
            "turned": (
                f"?a={chosen['b']}&month={chosen['month_b']}&b={chosen['a']}"
                f"&month_b={chosen['month']}"
            ),
            "chart": _chart(sides, limits_of(scorecard_of(one.scores.pk, sides.kind))),
            "bands": compared_bands(one.bands, other.bands),
            "money": money,
            "moves": moves,
            "extremes": None
            if moves
            else [
                (one.label, one.month, extremes(one.measured, one.month)),
                (other.label, other.month, extremes(other.measured, other.month)),
            ],
            "parts": [group for group in parts if group[2]],
        },
        title=_("%(one)s against %(other)s") % {"one": one.label, "other": other.label},
        exports={
            "scores": lambda: compared_scores_table(sides.marks, sides.names),
            "projects": lambda: _projects_table(sides),
            "bands": lambda: compared_bands_table(
                compared_bands(one.bands, other.bands), sides.names
            ),
            "band-moves": lambda: band_moves_table(moves.bands if moves else (), sides.names),
            "money": lambda: compared_money_table(
                [(side.label, side.money) for side in (one, other)]
            ),
            "portfolios": lambda: compared_parts_table(
                [(label, rows) for label, _month, rows in parts]
            ),
        },
    )


def _projects_table(sides: Sides) -> ExportTable:
    one, other = sides.one, sides.other
    if sides.is_same_subject:
        moved = moved_projects(one.projects, one.month, other.month)
        return moved_projects_table(moved, sides.names)
    return scored_projects_table(
        (side.label, scored_projects(side.measured, side.month)) for side in (one, other)
    )


def _chart(sides: Sides, limits: BandLimits | None) -> Chart | None:
    """None where there is nothing to draw on either side."""
    scores = [ComparedScore(row.label, row.one.score, row.other.score) for row in sides.marks]
    if all(score.one is None and score.other is None for score in scores):
        return None
    return comparison_chart(Comparison(*sides.names, scores, limits))
