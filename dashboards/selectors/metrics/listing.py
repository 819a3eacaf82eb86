"""All metrics: filtered, sorted and paged; there are never so many that this needs a database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.core.paginator import Page, Paginator

from dashboards.selectors.metrics.completeness import Completeness, completeness_of
from metrics.choices import Cadence, Category
from metrics.ledger import read_ledger
from metrics.models import MetricAssignment, MetricDefinition, ScorecardLine
from projects.choices import SubjectKind

METRICS_PER_PAGE = 50

SHOWN_NAMES = 3
"""Of more people or scorecards only the number is told."""


@dataclass(frozen=True, slots=True)
class MetricFilter:
    """What to show; blank is no limit."""

    text: str = ""
    category: str = ""
    kind: str = ""
    cadence: str = ""
    standing: str = ""
    """`scored`, `unused` (on no scorecard) or `computed`."""


@dataclass(frozen=True, slots=True)
class Card:
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class MetricRow:
    metric: MetricDefinition
    scorecards: tuple[Card, ...]
    people: tuple[str, ...]
    """Whom it is assigned to; nobody = every analyst may enter it."""
    complete: Completeness

    @property
    def more_people(self) -> int:
        return max(len(self.people) - SHOWN_NAMES, 0)

    @property
    def first_people(self) -> tuple[str, ...]:
        return self.people[:SHOWN_NAMES]


STANDINGS: dict[str, Callable[[MetricRow], bool]] = {
    "scored": lambda row: bool(row.scorecards),
    "unused": lambda row: not row.scorecards,
    "computed": lambda row: row.metric.is_computed,
}

_CATEGORIES, _KINDS, _CADENCES = (
    {value: place for place, value in enumerate(choices.values)}
    for choices in (Category, SubjectKind, Cadence)
)

SORT_KEYS: dict[str, Callable[[MetricRow], Any]] = {
    "name": lambda row: row.metric.name.lower(),
    "category": lambda row: _CATEGORIES[row.metric.category],
    "kind": lambda row: _KINDS[row.metric.subject_kind],
    "cadence": lambda row: _CADENCES[row.metric.cadence],
    "owner": lambda row: row.metric.owner_role.lower(),
    "scorecards": lambda row: len(row.scorecards),
    "complete": lambda row: -1.0 if row.complete.rate is None else row.complete.rate,
}
DEFAULT_SORT = "name"


def sort_in_force(wanted: str) -> str:
    return wanted if wanted.removeprefix("-") in SORT_KEYS else DEFAULT_SORT


def metric_page(
    chosen: MetricFilter, *, sort: str, number: str | None, per_page: int = METRICS_PER_PAGE
) -> Page[MetricRow]:
    """A page of the metrics that pass the filter."""
    rows = [row for row in _rows() if _passes(row, chosen)]
    rows.sort(key=SORT_KEYS["name"])
    key = sort.removeprefix("-")
    rows.sort(key=SORT_KEYS[key], reverse=sort.startswith("-"))
    return Paginator(rows, per_page).get_page(number or 1)


def _passes(row: MetricRow, chosen: MetricFilter) -> bool:
    metric = row.metric
    told = f"{metric.code} {metric.name} {metric.question} {metric.owner_role}".lower()
    return (
        all(word in told for word in chosen.text.lower().split())
        and chosen.category in ("", metric.category)
        and chosen.kind in ("", metric.subject_kind)
        and chosen.cadence in ("", metric.cadence)
        and (not chosen.standing or STANDINGS[chosen.standing](row))
    )


def _rows() -> Iterable[MetricRow]:
    ledger = read_ledger()
    metrics = sorted(ledger.metric_rows.values(), key=lambda metric: metric.code)
    cards: dict[int, list[Card]] = defaultdict(list)
    for key, code, name in ScorecardLine.objects.order_by("scorecard__name").values_list(
        "metric_id", "scorecard__code", "scorecard__name"
    ):
        cards[key].append(Card(code, name))
    people = assigned_people()
    complete = completeness_of(metrics, ledger)
    return [
        MetricRow(metric, tuple(cards[metric.pk]), people.get(metric.pk, ()), complete[metric.pk])
        for metric in metrics
    ]


def assigned_people() -> Mapping[int, tuple[str, ...]]:
    """Per metric the names of those it is assigned to."""
    found: dict[int, set[str]] = defaultdict(set)
    rows = MetricAssignment.objects.select_related("user").order_by("user__username")
    for assignment in rows:
        found[assignment.metric_id].add(name_of(assignment.user))
    return {key: tuple(sorted(names)) for key, names in found.items()}


def name_of(user: User) -> str:
    return user.get_full_name() or user.get_username()
