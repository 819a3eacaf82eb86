"""Segments: what is promised to them, what they get, and who they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, FloatField, IntegerField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Lower

from dashboards.selectors.months import ViewMonth
from dashboards.selectors.offers import Cost, CostLine, cost_lines
from dashboards.selectors.scores import (
    SCORE_FIELDS,
    SubjectScores,
    score_order,
    scores_in,
    scores_of,
    with_scores,
)
from projects.choices import Audience
from projects.models import Customer, Engagement, Offer, Project, Segment, Service

PROJECTS_SHOWN = 25


@dataclass(frozen=True, slots=True)
class SegmentRow:
    scores: SubjectScores
    audience: str
    customer_count: int | None
    """How many there are, as the segment itself says; known customers are fewer."""
    annual_revenue: Decimal | None
    currency: str
    weight: float
    projects: int
    services: int
    customers: int
    customers_weight: float

    @property
    def audience_label(self) -> str:
        return str(Audience(self.audience).label) if self.audience else ""


def segment_rows(month: ViewMonth) -> list[SegmentRow]:
    """All segments, the heaviest first, in one query."""
    rows = (
        _with_counts(with_scores(Segment.objects.all(), month.month, month.before), month)
        .order_by("-weight", "name", "code")
        .values(
            *SCORE_FIELDS,
            "audience",
            "customer_count",
            "annual_revenue",
            "currency",
            "weight",
            "served_by",
            "offered",
            "known_customers",
            "customers_weight",
        )
    )
    return [_segment_row(row) for row in rows]


def _with_counts(segments: QuerySet, month: ViewMonth) -> QuerySet:
    measured = Project.objects.active_in(month.month).values("pk")
    engagements = Engagement.objects.filter(segment=OuterRef("pk"), project__in=measured)
    offers = Offer.objects.filter(segment=OuterRef("pk"))
    customers = Customer.objects.active_in(month.month).filter(segment=OuterRef("pk"))
    counted: QuerySet = segments.annotate(
        served_by=_of_each(engagements, Count("pk"), IntegerField()),
        offered=_of_each(offers, Count("pk"), IntegerField()),
        known_customers=_of_each(customers, Count("pk"), IntegerField()),
        customers_weight=_of_each(customers, Sum("weight"), FloatField()),
    )
    return counted


def _of_each(rows: QuerySet, number: Count | Sum, field: FloatField | IntegerField) -> Subquery:
    """An aggregate of a segment's rows, each on its own, so that joins don't multiply."""
    return Subquery(
        rows.order_by().values("segment").annotate(n=number).values("n"), output_field=field
    )


def _segment_row(row: Mapping[str, Any]) -> SegmentRow:
    return SegmentRow(
        scores=scores_in(row),
        audience=row["audience"],
        customer_count=row["customer_count"],
        annual_revenue=row["annual_revenue"],
        currency=row["currency"],
        weight=row["weight"],
        projects=row["served_by"] or 0,
        services=row["offered"] or 0,
        customers=row["known_customers"] or 0,
        customers_weight=row["customers_weight"] or 0.0,
    )


@dataclass(frozen=True, slots=True)
class ServingProject:
    """A project that serves the segment: its own scores, and those of its work for it."""

    project: SubjectScores
    share: float
    engagement: SubjectScores


@dataclass(frozen=True, slots=True)
class ServingProjects:
    """The lowest of them; `total` counts all that are measured in the month."""

    rows: tuple[ServingProject, ...]
    total: int


def projects_serving(
    segment: Segment, month: ViewMonth, *, most: int = PROJECTS_SHOWN
) -> ServingProjects:
    """The lowest scores first."""
    projects = Project.objects.active_in(month.month).filter(engagements__segment=segment)
    rows = list(
        with_scores(projects, month.month, month.before)
        # The same join as the filter's: the one engagement with this segment.
        .annotate(engagement=F("engagements__pk"), share=F("engagements__share"))
        .order_by(score_order("overall"), "code")
        .values(*SCORE_FIELDS, "engagement", "share")[:most]
    )
    links = Engagement.objects.filter(segment=segment)
    if len(rows) <= PROJECTS_SHOWN:
        links = links.filter(pk__in=[row["engagement"] for row in rows])
    engagements = {row.pk: row for row in scores_of(links, month.month, month.before)}
    return ServingProjects(
        tuple(
            ServingProject(scores_in(row), row["share"], engagements[row["engagement"]])
            for row in rows
        ),
        projects.count(),
    )


@dataclass(frozen=True, slots=True)
class OfferedService:
    """A service as it is offered to the segment, with what it costs there and elsewhere."""

    scores: SubjectScores
    weight: float
    annual_cost: Decimal | None
    benchmark_cost: Decimal | None
    currency: str


def services_offered(segment: Segment, month: ViewMonth) -> list[OfferedService]:
    """By name."""
    services = Service.objects.filter(offers__segment=segment)
    rows = (
        with_scores(services, month.month, month.before)
        .annotate(
            weight=F("offers__weight"),
            annual_cost=F("offers__annual_cost"),
            benchmark_cost=F("offers__benchmark_cost"),
            currency=F("offers__currency"),
        )
        .order_by(Lower("name"), "code")
        .values(*SCORE_FIELDS, "weight", "annual_cost", "benchmark_cost", "currency")
    )
    return [
        OfferedService(
            scores_in(row),
            row["weight"],
            row["annual_cost"],
            row["benchmark_cost"],
            row["currency"],
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class CostBorne:
    """What the services of a segment cost in one currency, and for how many and how much."""

    line: CostLine
    per_customer: Decimal | None
    """None where nobody says how many customers there are."""
    benchmark_per_customer: Decimal | None
    """Only where every cost has a benchmark, so that like is compared with like."""
    of_revenue: float | None
    """As a part of what they pay, where that is told in the same currency."""


def costs_borne(segment: Segment, costs: Iterable[Cost]) -> list[CostBorne]:
    """A line per currency, the one of most services first."""
    return [_borne(segment, line) for line in cost_lines(costs)]


def _borne(segment: Segment, line: CostLine) -> CostBorne:
    revenue = segment.annual_revenue if segment.currency == line.currency else None
    whole = None if line.is_partly_compared else line.benchmark
    return CostBorne(
        line,
        _each(line.cost, segment.customer_count),
        _each(whole, segment.customer_count),
        float(line.cost / revenue) if revenue else None,
    )


def _each(amount: Decimal | None, customers: int | None) -> Decimal | None:
    return amount / customers if amount is not None and customers else None
