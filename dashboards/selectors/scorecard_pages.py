"""Scorecards as people read them: what counts how much, and whether that is balanced."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count
from django.utils.translation import gettext, gettext_lazy

from dashboards.selectors.explain.parts import GROUP_TITLES
from metrics.choices import Category, Dimension, OverallRule, Perspective
from metrics.models import (
    GROUPS,
    MetricDefinition,
    Scorecard,
    ScorecardAssignment,
    ScorecardLine,
)
from projects.choices import SubjectKind
from projects.models import Subject

USERS_SHOWN = 50

LOPSIDED = 0.5
"""More than this share in one hand deserves a word."""

GROUPS_OF_KIND: Mapping[str, tuple[str, ...]] = {
    SubjectKind.ORGANISATION: ("own", "projects", "segments"),
    SubjectKind.PORTFOLIO: ("own", "projects"),
    SubjectKind.PROJECT: ("own", "engagements"),
    SubjectKind.SEGMENT: ("own", "engagements", "projects", "services", "customers"),
}
"""Which groups a kind can have members in (SCORING section 4); others have own lines only."""

Parts = tuple[tuple[str, float], ...]


def groups_of(kind: str) -> tuple[str, ...]:
    return GROUPS_OF_KIND.get(kind, ("own",))


@dataclass(frozen=True, slots=True)
class LineShare:
    """One line: its weight, and what that makes of its category and of the whole."""

    metric: MetricDefinition
    weight: float
    of_category: float
    """Among the lines of its category."""
    effective: float
    """Of the overall score, when every value is in and fresh."""


@dataclass(frozen=True, slots=True)
class CategoryShare:
    category: Category
    weight: float
    share: float
    """Of the overall score, among the categories that can have a score."""
    lines: tuple[LineShare, ...]
    has_members: bool
    """Whether anything can be measured here: a line, or children that bring it."""


@dataclass(frozen=True, slots=True)
class Balance:
    """How the weight of the own lines is spread; the shares of each add up to 1."""

    categories: Parts
    perspectives: Parts
    dimensions: Parts
    dimension_unknown: float
    own: float
    """How much of the overall score the own lines decide; children decide the rest."""

    @property
    def warnings(self) -> list[str]:
        """What is worth a word: more than half in the hands of money or of the business."""
        told = []
        shares = {**dict(self.categories), **dict(self.perspectives)}
        for name, words in (
            (
                str(Category.FINANCIAL.label),
                gettext("Financial metrics hold %(share)s of the weight of its lines."),
            ),
            (
                str(Perspective.BUSINESS.label),
                gettext(
                    "Metrics of the business perspective hold %(share)s of the weight of its lines."
                ),
            ),
        ):
            if (share := shares.get(name, 0.0)) > LOPSIDED + 1e-9:
                told.append(words % {"share": f"{share:.0%}"})
        return told


@dataclass(frozen=True, slots=True)
class GroupShare:
    group: str
    share: float
    of_all: float

    @property
    def label(self) -> str:
        return str(GROUP_TITLES[self.group])


@dataclass(frozen=True, slots=True)
class Usage:
    """Who is scored by it."""

    by_default: int
    assigned: int
    subjects: tuple[Subject, ...]

    @property
    def total(self) -> int:
        return self.by_default + self.assigned


@dataclass(frozen=True, slots=True)
class ScorecardPage:
    card: Scorecard
    categories: tuple[CategoryShare, ...]
    groups: tuple[GroupShare, ...]
    balance: Balance
    usage: Usage

    @property
    def line_count(self) -> int:
        return sum(len(part.lines) for part in self.categories)

    @property
    def largest(self) -> float:
        shares = [line.effective for part in self.categories for line in part.lines]
        return max(shares, default=0.0)


@dataclass(frozen=True, slots=True)
class ScorecardRow:
    """One scorecard in the list."""

    card: Scorecard
    lines: int
    used_by: int
    balance: Balance

    @property
    def rule(self) -> str:
        return str(_RULES[OverallRule(self.card.overall)])


_RULES = {
    OverallRule.GEOMETRIC: gettext_lazy("Geometric"),
    OverallRule.ARITHMETIC: gettext_lazy("Arithmetic"),
    OverallRule.WEAKEST: gettext_lazy("Weakest"),
}
"""The rule for the overall score in a table's cell."""


def scorecard_rows() -> list[ScorecardRow]:
    """All scorecards by kind, in a fixed number of queries."""
    lines: dict[int, list[ScorecardLine]] = defaultdict(list)
    for line in ScorecardLine.objects.select_related("metric"):
        lines[line.scorecard_id].append(line)
    by_default = _subjects_without_own()
    assigned = _assigned()
    order = list(SubjectKind.values)
    cards = sorted(
        Scorecard.objects.all(), key=lambda card: (order.index(card.subject_kind), card.code)
    )
    return [
        ScorecardRow(
            card,
            len(lines[card.pk]),
            assigned[card.pk] + (by_default[card.subject_kind] if card.is_default else 0),
            balance_of(categories_of(card, _weights(lines[card.pk]))),
        )
        for card in cards
    ]


def _subjects_without_own() -> Counter[str]:
    counts = (
        Subject.objects.filter(scorecard_assignment=None)
        .order_by()
        .values_list("kind")
        .annotate(count=Count("pk"))
    )
    return Counter(dict(counts))


def _assigned() -> Counter[int]:
    counts = (
        ScorecardAssignment.objects.order_by().values_list("scorecard").annotate(count=Count("pk"))
    )
    return Counter(dict(counts))


def _weights(lines: Iterable[ScorecardLine]) -> list[tuple[MetricDefinition, float]]:
    return [(line.metric, line.weight) for line in lines]


def scorecard_page(card: Scorecard) -> ScorecardPage:
    lines = card.lines.select_related("metric").order_by("metric__code")
    categories = categories_of(card, _weights(lines))
    return ScorecardPage(card, categories, group_shares(card), balance_of(categories), _usage(card))


def group_shares(card: Scorecard) -> tuple[GroupShare, ...]:
    shares = {group: getattr(card, f"share_{group}") for group in groups_of(card.subject_kind)}
    total = sum(shares.values())
    return tuple(
        GroupShare(group, share, share / total if total else 0.0) for group, share in shares.items()
    )


def categories_of(
    card: Scorecard, weights: Sequence[tuple[MetricDefinition, float]]
) -> tuple[CategoryShare, ...]:
    """What each line decides of the overall score when everything is known.

    Where children bring a category too, the own lines have their group's share of it.
    """
    shares = {share.group: share.share for share in group_shares(card)}
    children = sum(share for group, share in shares.items() if group != "own")
    own = shares.get("own", 0.0)
    of_category: dict[str, list[tuple[MetricDefinition, float]]] = defaultdict(list)
    for metric, weight in weights:
        of_category[metric.category].append((metric, weight))
    sums = {category: sum(w for _, w in of_category[category]) for category in Category.values}
    has_members = {
        category: children > 0 or (own > 0 and sums[category] > 0) for category in Category.values
    }
    card_weights = {category: getattr(card, f"weight_{category}") for category in Category.values}
    whole = sum(card_weights[category] for category in Category.values if has_members[category])
    told = []
    for category in Category:
        share = card_weights[category] / whole if whole and has_members[category] else 0.0
        own_share = own / (own + children) if own + children else 0.0
        told.append(
            CategoryShare(
                category,
                card_weights[category],
                share,
                tuple(
                    LineShare(
                        metric,
                        weight,
                        weight / sums[category] if sums[category] else 0.0,
                        share * own_share * weight / sums[category] if sums[category] else 0.0,
                    )
                    for metric, weight in sorted(
                        of_category[category], key=lambda line: (-line[1], line[0].code)
                    )
                ),
                has_members[category],
            )
        )
    return tuple(told)


def balance_of(categories: Sequence[CategoryShare]) -> Balance:
    lines = [line for part in categories for line in part.lines]
    whole = sum(line.effective for line in lines)

    def parts(named: Iterable[tuple[str, str]], of: Callable[[MetricDefinition], str]) -> Parts:
        sums: Counter[str] = Counter()
        for line in lines:
            sums[of(line.metric)] += line.effective  # type: ignore[assignment]  # it sums any number
        return tuple((label, sums[value] / whole if whole else 0.0) for value, label in named)

    perspectives = parts(
        [*((p.value, str(p.label)) for p in Perspective), ("", gettext("Not said"))],
        lambda metric: metric.perspective,
    )
    dimensions = parts(
        ((d.value, str(d.label)) for d in Dimension), lambda metric: metric.dimension
    )
    return Balance(
        parts(((c.value, str(c.label)) for c in Category), lambda metric: metric.category),
        perspectives if perspectives[-1][1] else perspectives[:-1],
        dimensions,
        max(0.0, 1.0 - sum(share for _, share in dimensions)) if whole else 0.0,
        whole,
    )


def _usage(card: Scorecard) -> Usage:
    own = Subject.objects.filter(scorecard_assignment__scorecard=card.pk)
    by_default = Subject.objects.filter(kind=card.subject_kind, scorecard_assignment=None)
    assigned = own.count()
    defaults = by_default.count() if card.is_default else 0
    shown = own.order_by("code") if assigned or not defaults else by_default.order_by("code")
    return Usage(defaults, assigned, tuple(shown[:USERS_SHOWN]))


def metrics_to_weigh(kind: str) -> list[MetricDefinition]:
    """What can stand on a scorecard of the kind: its metrics that have a curve."""
    order = list(Category.values)
    found = MetricDefinition.objects.filter(subject_kind=kind, curve__isnull=False)
    return sorted(found, key=lambda metric: (order.index(metric.category), metric.name.lower()))


__all__ = ["GROUPS", "categories_of", "metrics_to_weigh", "scorecard_page", "scorecard_rows"]
