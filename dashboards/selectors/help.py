"""How a score is computed: the rules' own numbers, and a case from what is stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Case, Exists, F, IntegerField, OuterRef, QuerySet, Value, When

from dashboards.selectors.explain.parts import CategoryPart, GroupPart, MetricPart, category_parts
from dashboards.selectors.explain.reasons import says_the_same
from dashboards.selectors.months import ViewMonth
from dashboards.selectors.policies import scorecard_of
from metrics.choices import Band, Category, OverallRule
from metrics.explaining import explain
from metrics.models import Measurement, Score, Scorecard
from metrics.scoring.columns import TOLERANCE
from projects.choices import SubjectKind
from projects.models import Subject
from projects.months import Month

SIMPLE_KINDS = (
    SubjectKind.SERVICE,
    SubjectKind.CUSTOMER,
    SubjectKind.PROJECT,
    SubjectKind.SEGMENT,
)
"""Kinds that measure themselves, those with the fewest things below them first."""


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A line of the scorecard as the rule counts it."""

    metric: MetricPart

    @property
    def freshness(self) -> float:
        return self.metric.reading.freshness if self.metric.reading else 0.0

    @property
    def evidence(self) -> float:
        """Weight x freshness; 0 where no value is in force."""
        return self.metric.weight * self.freshness

    @property
    def counted(self) -> float | None:
        """Weight x freshness x score."""
        return None if self.metric.score is None else self.evidence * self.metric.score


@dataclass(frozen=True, slots=True)
class CurvePiece:
    """The straight line of a curve on which a value lies; without an end it is flat there."""

    left: tuple[float, float] | None
    right: tuple[float, float] | None

    @property
    def is_between(self) -> bool:
        return self.left is not None and self.right is not None

    @property
    def flat_at(self) -> tuple[float, float] | None:
        """The first or last point, beside which the value lies."""
        return None if self.is_between else self.left or self.right


@dataclass(frozen=True, slots=True)
class WorkedCase:
    """One subject's score in a month, from a value up to the overall score."""

    subject: Subject
    month: Month
    stored: Score
    card: Scorecard
    categories: tuple[CategoryPart, ...]
    category: CategoryPart
    """The one that is taken apart."""
    group: GroupPart
    """Its own metrics."""
    metric: MetricPart
    """The one whose value is followed."""
    balance_points: float | None
    is_as_stored: bool

    @property
    def rule(self) -> OverallRule:
        return OverallRule(self.card.overall)

    @property
    def lines(self) -> list[CaseLine]:
        return [CaseLine(metric) for metric in self.group.metrics]

    @property
    def expected(self) -> float:
        return sum(line.metric.weight for line in self.lines)

    @property
    def evidence(self) -> float:
        return sum(line.evidence for line in self.lines if line.metric.score is not None)

    @property
    def counted(self) -> float:
        return sum(line.counted or 0.0 for line in self.lines)

    @property
    def used(self) -> list[CategoryPart]:
        """The categories that make the overall score."""
        return [part for part in self.categories if part.weight and part.score is not None]

    @property
    def mean(self) -> float:
        """The weighted mean of the categories, before the rule takes anything away."""
        return sum(part.points for part in self.used if part.points is not None)

    @property
    def is_amber_by_silence(self) -> bool:
        """Whether the score itself would be green."""
        return (
            self.stored.overall_band == Band.AMBER
            and self.stored.overall_score is not None
            and self.stored.overall_score >= self.card.green_from - TOLERANCE
        )

    @property
    def piece(self) -> CurvePiece:
        assert self.metric.reading is not None  # it was chosen for its value
        return piece_of(self.metric.curve, self.metric.reading.value)


def piece_of(curve: Sequence[Sequence[float]], value: float) -> CurvePiece:
    """Where on a curve a value lies."""
    points = [(float(point), float(score)) for point, score in curve]
    left = [point for point in points if point[0] <= value]
    right = [point for point in points if point[0] > value]
    if right and left:
        return CurvePiece(left[-1], right[0])
    if left and left[-1][0] == value and len(left) > 1:
        # At the very last point: the end of the piece before it.
        return CurvePiece(left[-2], left[-1])
    return CurvePiece(left[-1] if left else None, right[0] if right else None)


def worked_case(month: ViewMonth, wanted: str = "") -> WorkedCase | None:
    """The wanted subject (its code), else one that shows most; None if there is nothing to show."""
    stored = _subject_to_show(month, wanted)
    if stored is None:
        return None
    card = scorecard_of(stored.subject_id, stored.subject.kind)
    if card is None:
        return None
    explanation = explain(stored.subject, month.month)
    parts = category_parts(explanation)
    chosen = max(_followed(parts), key=lambda found: found[0], default=None)
    if chosen is None or explanation.node is None:
        return None
    _, category, group, metric = chosen
    return WorkedCase(
        subject=stored.subject,
        month=month.month,
        stored=stored,
        card=card,
        categories=parts,
        category=category,
        group=group,
        metric=metric,
        balance_points=next(
            (part.points for part in explanation.node.parts if part.kind == "balance"), None
        ),
        is_as_stored=says_the_same(stored, explanation.node),
    )


def _subject_to_show(month: ViewMonth, wanted: str) -> Score | None:
    """Measured in the month itself, in many categories, and not of everything all is known."""
    scores: QuerySet = Score.objects.filter(
        month=month.month, overall_score__isnull=False
    ).select_related("subject")
    if wanted:
        found: Score | None = scores.filter(subject__code=wanted).first()
        return found
    own = Measurement.objects.filter(subject=OuterRef("subject"), month=month.month)
    known = [
        Case(
            When(**{f"{category}_score__isnull": False}, then=Value(1)),
            default=Value(0),
            output_field=IntegerField(),
        )
        for category in Category.values
    ]
    first: Score | None = (
        scores.filter(Exists(own), subject__kind__in=SIMPLE_KINDS)
        .annotate(
            categories=sum(known[1:], known[0]),
            all_known=Case(When(overall_coverage__lt=0.995, then=Value(0)), default=Value(1)),
            kind_place=Case(
                *(When(subject__kind=kind, then=place) for place, kind in enumerate(SIMPLE_KINDS)),
                default=len(SIMPLE_KINDS),
                output_field=IntegerField(),
            ),
        )
        .order_by(F("categories").desc(), "all_known", "kind_place", "subject__code")
        .first()
    )
    return first


Followed = tuple[tuple[int, ...], CategoryPart, GroupPart, MetricPart]


def _followed(parts: Sequence[CategoryPart]) -> Iterator[Followed]:
    """The metrics that can be followed from value to score, with how much each of them shows."""
    for category in parts:
        for group in category.groups:
            scored = [metric for metric in group.metrics if metric.reading and metric.curve]
            for metric in scored:
                assert metric.reading is not None
                shows = (
                    int(len(group.metrics) > 1),
                    int(not metric.metric.is_computed),
                    int(metric.score is not None and 0 < metric.score < 100),
                    int(metric.reading.freshness < 1),
                    int(any(line.reading is None for line in group.metrics)),
                    len(group.metrics),
                )
                yield shows, category, group, metric


def scorecards() -> list[Scorecard]:
    """All of them, that of the organisation first."""
    kinds = {kind: place for place, kind in enumerate(SubjectKind.values)}
    return sorted(
        Scorecard.objects.all(),
        key=lambda card: (kinds[card.subject_kind], not card.is_default, card.name),
    )


def fading_steps(grace_months: int) -> list[float]:
    """The freshness of a value by its age in months, down to the last one that counts."""
    return [1 - age / (grace_months + 1) for age in range(grace_months + 1)]
