"""What moved since the month before: by new values, or only because evidence faded or went."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When, Window
from django.db.models.functions import Abs, RowNumber
from django.utils.translation import gettext as _

from dashboards.selectors.months import ViewMonth
from dashboards.selectors.portfolios import PortfolioNode
from dashboards.selectors.scores import with_scores
from metrics.choices import Band
from metrics.models import Measurement
from projects.choices import SubjectKind
from projects.models import Customer, Engagement, Offer, Project, Subject

MOVES_SHOWN = 4

LEAST_MOVE = 0.05
"""Less than this does not show with one decimal."""

_FIELDS = ("kind", "code", "name", "now__overall_score", "now__overall_band", "change")


@dataclass(frozen=True, slots=True)
class Move:
    """A subject whose overall score is another one than in the month before."""

    kind: str
    code: str
    name: str
    score: float
    band: Band
    change: float

    @property
    def kind_label(self) -> str:
        return str(SubjectKind(self.kind).label)


@dataclass(frozen=True, slots=True)
class Moves:
    """The largest ones. `faded` had no new value anywhere below: their evidence faded or went, or
    members came and went."""

    rises: tuple[Move, ...] = ()
    falls: tuple[Move, ...] = ()
    faded: tuple[Move, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.rises or self.falls or self.faded)

    @property
    def groups(self) -> tuple[tuple[str, tuple[Move, ...]], ...]:
        return (
            (_("Rises"), self.rises),
            (_("Falls"), self.falls),
            (_("Without a new value: faded, gone or joined"), self.faded),
        )


def largest_moves(month: ViewMonth, portfolios: Sequence[PortfolioNode]) -> Moves:
    """Of portfolios, segments and projects that have an overall score in both months.

    Three queries. A value is new in the month in which it comes into force.
    """
    if month.before is None:
        return Moves()
    # Looked up subject by subject: there are far fewer of them than of their new values.
    new_values = Measurement.objects.filter(
        subject=OuterRef("pk"), month__gt=month.before, month__lte=month.month
    )
    fresh = Subject.objects.filter(Exists(new_values)).order_by().values("pk")
    found = [*_of_projects(month, fresh), *_of_groups(month, fresh, portfolios)]
    by_value = [move for is_new, move in found if is_new]
    return Moves(
        _largest(move for move in by_value if move.change > 0),
        _largest(move for move in by_value if move.change < 0),
        _largest(move for is_new, move in found if not is_new),
    )


def _largest(moves: Iterable[Move]) -> tuple[Move, ...]:
    ordered = sorted(moves, key=lambda move: (-abs(move.change), move.code))
    return tuple(ordered[:MOVES_SHOWN])


def _moved(subjects: QuerySet, month: ViewMonth) -> QuerySet:
    moved: QuerySet = (
        with_scores(subjects, month.month, month.before)
        .annotate(change=F("now__overall_score") - F("before__overall_score"))
        .filter(Q(change__gte=LEAST_MOVE) | Q(change__lte=-LEAST_MOVE))
    )
    return moved


def _with_new_values(fresh: QuerySet) -> Q:
    """Of projects: a value of their own, or of their work for a segment."""
    return Q(pk__in=fresh) | Q(pk__in=Engagement.objects.filter(pk__in=fresh).values("project"))


def _of_projects(month: ViewMonth, fresh: QuerySet) -> list[tuple[bool, Move]]:
    """The largest of each sort, and whether a new value is behind them."""
    rows = (
        _moved(Project.objects.all(), month)
        .annotate(
            is_new=Case(When(_with_new_values(fresh), then=Value(1)), default=Value(0)),
            rises=Case(When(change__gt=0, then=Value(1)), default=Value(0)),
        )
        .annotate(
            place=Window(
                RowNumber(),
                partition_by=[F("is_new"), F("rises")],
                order_by=[Abs("change").desc(), F("code").asc()],
            )
        )
        .filter(place__lte=MOVES_SHOWN)
        .order_by()
        .values_list("is_new", *_FIELDS)
    )
    return [(bool(is_new), _move(row)) for is_new, *row in rows]


def _of_groups(
    month: ViewMonth, fresh: QuerySet, portfolios: Sequence[PortfolioNode]
) -> list[tuple[bool, Move]]:
    """All portfolios and segments that moved: there are few of them."""
    renewed_projects = Project.objects.filter(_with_new_values(fresh))
    of_segments = [
        model.objects.filter(**{f"{path}__in": those}).values("segment")
        for model, path, those in (
            (Engagement, "project", renewed_projects.values("pk")),
            (Customer, "pk", fresh),
            (Offer, "service", fresh),
        )
    ]
    below = Q()
    for segments in of_segments:
        below |= Q(pk__in=segments)
    kinds = (SubjectKind.PORTFOLIO, SubjectKind.SEGMENT)
    rows = (
        _moved(Subject.objects.filter(kind__in=kinds), month)
        .annotate(is_new=Case(When(Q(pk__in=fresh) | below, then=Value(1)), default=Value(0)))
        .order_by()
        .values_list("pk", "is_new", *_FIELDS)
    )
    renewed = set(renewed_projects.order_by().values_list("portfolio", flat=True).distinct())
    keys = {node.scores.pk: node.keys for node in portfolios}
    return [
        (bool(is_new) or bool(keys.get(pk, frozenset()) & renewed), _move(row))
        for pk, is_new, *row in rows
    ]


def _move(row: Sequence[Any]) -> Move:
    kind, code, name, score, band, change = row
    return Move(kind, code, name, score, Band(band), change)
