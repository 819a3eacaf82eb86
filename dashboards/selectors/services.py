"""Services: what they cost against benchmark, and what they are worth to whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Lower

from dashboards.selectors.customers import (
    CustomerFilter,
    CustomerRisk,
    CustomerRow,
    RiskGroup,
    customer_risks,
    most_at_risk,
    risk_groups,
)
from dashboards.selectors.months import ViewMonth
from dashboards.selectors.offers import Cost, CostLine, cost_lines
from dashboards.selectors.scores import (
    MEASURES,
    SCORE_FIELDS,
    SubjectScores,
    score_order,
    scores_in,
    scores_of,
    with_scores,
)
from dashboards.selectors.segments import services_offered
from projects.models import Offer, Segment, Service

SERVICES_PER_PAGE = 50
CUSTOMERS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Reach:
    """How many customers the segments say they have, and how many segments don't say."""

    customers: int | None
    untold: int


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A service on a list: its scores, to how many it is offered, and at which cost."""

    scores: SubjectScores
    owner: str
    segments: int
    reach: Reach
    costs: tuple[CostLine, ...]


@dataclass(frozen=True, slots=True)
class ServiceFilter:
    """What to show; blank is no limit."""

    segment: str = ""
    text: str = ""


SORT_KEYS: tuple[str, ...] = ("name", "owner", "segments", *MEASURES, "change")
DEFAULT_SORT = "overall"
_ORDERS: dict[str, Any] = {
    "name": Lower("name"),
    "owner": Lower("owner"),
    "segments": F("offered_to"),
    "change": F("now__overall_score") - F("before__overall_score"),
}


def sort_in_force(wanted: str) -> str:
    return wanted if wanted.removeprefix("-") in SORT_KEYS else DEFAULT_SORT


def _order(sort: str) -> Combinable:
    key, falling = sort.removeprefix("-"), sort.startswith("-")
    if key in MEASURES:
        return score_order(key, falling=falling)
    order = _ORDERS[key]
    ordered: Combinable = order.desc(nulls_last=True) if falling else order.asc(nulls_last=True)
    return ordered


def services_of(chosen: ServiceFilter, month: ViewMonth) -> QuerySet:
    """The services of the month that pass the filter, joined with their scores."""
    services: QuerySet = Service.objects.active_in(month.month)
    offers = Offer.objects.filter(service=OuterRef("pk"))
    if chosen.segment:
        services = services.filter(Exists(offers.filter(segment__code=chosen.segment)))
    for word in chosen.text.split():
        services = services.filter(Q(name__icontains=word) | Q(code__icontains=word))
    offered = offers.order_by().values("service").annotate(n=Count("pk")).values("n")
    joined: QuerySet = with_scores(services, month.month, month.before).annotate(
        offered_to=Coalesce(Subquery(offered, output_field=IntegerField()), 0)
    )
    return joined


def service_page(
    chosen: ServiceFilter, month: ViewMonth, *, sort: str, number: str
) -> Page[ServiceRow]:
    """In three queries, however many there are."""
    rows = _ordered(chosen, month, sort)
    page: Page[Any] = Paginator(rows, SERVICES_PER_PAGE).get_page(number)
    page.object_list = _service_rows(list(page.object_list))
    return page


def all_services(chosen: ServiceFilter, month: ViewMonth, *, sort: str) -> list[ServiceRow]:
    """Those of the list on all of its pages."""
    return _service_rows(list(_ordered(chosen, month, sort)))


def _ordered(chosen: ServiceFilter, month: ViewMonth, sort: str) -> QuerySet:
    return (
        services_of(chosen, month)
        .order_by(_order(sort), "code")
        .values(*SCORE_FIELDS, "owner", "offered_to")
    )


def _service_rows(rows: Sequence[Mapping[str, Any]]) -> list[ServiceRow]:
    offers = _offers_by_service([row["pk"] for row in rows])
    return [_service_row(row, offers.get(row["pk"], [])) for row in rows]


def _offers_by_service(services: Sequence[int]) -> Mapping[int, list[Offer]]:
    found: dict[int, list[Offer]] = defaultdict(list)
    for offer in Offer.objects.filter(service__in=services).select_related("segment"):
        found[offer.service_id].append(offer)
    return found


def _service_row(row: Mapping[str, Any], offers: Sequence[Offer]) -> ServiceRow:
    return ServiceRow(
        scores_in(row),
        row["owner"],
        row["offered_to"],
        reach_of(offer.segment for offer in offers),
        cost_lines(cost_of(offer, offer.segment) for offer in offers),
    )


def reach_of(segments: Iterable[Segment]) -> Reach:
    counts = [segment.customer_count for segment in segments]
    told = [count for count in counts if count is not None]
    return Reach(sum(told) if told else None, len(counts) - len(told))


def cost_of(offer: Offer, segment: Segment) -> Cost:
    return Cost(offer.annual_cost, offer.benchmark_cost, offer.currency, segment.customer_count)


# One service


@dataclass(frozen=True, slots=True)
class OfferRow:
    """What a service costs one segment, and how that segment does."""

    segment: SubjectScores
    weight: float
    weight_rate: float | None
    """The weight as a part of those of all services offered to the segment."""
    customer_count: int | None
    cost: Cost
    groups: tuple[RiskGroup, ...]
    """The segment's known customers by risk."""

    @property
    def known_customers(self) -> int:
        return sum(group.customers for group in self.groups)


@dataclass(frozen=True, slots=True)
class ServiceReach:
    """Both sides of a service: what it costs each segment, and how their customers are."""

    offers: tuple[OfferRow, ...]
    costs: tuple[CostLine, ...]
    customers: tuple[CustomerRow, ...]
    """The first few of those with any sign of risk."""
    at_risk: int
    """How many have one."""
    reach: Reach


def service_reach(service: Service, month: ViewMonth, today: date) -> ServiceReach:
    """The segment that it matters most to comes first."""
    of_segment = Offer.objects.filter(segment=OuterRef("segment")).order_by().values("segment")
    offers = list(
        Offer.objects.filter(service=service)
        .select_related("segment")
        .annotate(whole=Subquery(of_segment.annotate(n=Sum("weight")).values("n")))
    )
    segments = [offer.segment for offer in offers]
    keys = [segment.pk for segment in segments]
    scores = {
        row.pk: row
        for row in scores_of(Segment.objects.filter(pk__in=keys), month.month, month.before)
    }
    everybody = customer_risks(CustomerFilter(segments=keys), month, today)
    by_segment: dict[int, list[CustomerRisk]] = defaultdict(list)
    for customer in everybody:
        by_segment[customer.segment].append(customer)
    rows = [
        OfferRow(
            scores[offer.segment_id],
            offer.weight,
            offer.weight / offer.whole if offer.whole else None,
            offer.segment.customer_count,
            cost_of(offer, offer.segment),
            tuple(risk_groups(by_segment[offer.segment_id])),
        )
        for offer in offers
    ]
    rows.sort(key=lambda row: (-row.weight, row.segment.name, row.segment.code))
    return ServiceReach(
        tuple(rows),
        cost_lines(row.cost for row in rows),
        tuple(most_at_risk(everybody, month, today, most=CUSTOMERS_SHOWN)),
        sum(group.customers for group in risk_groups(everybody) if group.risk.is_sign),
        reach_of(segments),
    )


# What a segment gets


@dataclass(frozen=True, slots=True)
class ServiceForSegment:
    """A service as it is offered to one segment."""

    scores: SubjectScores
    weight: float
    cost: Cost


def services_for(segment: Segment, month: ViewMonth) -> list[ServiceForSegment]:
    """The weightiest first, in one query."""
    found = [
        ServiceForSegment(
            row.scores,
            row.weight,
            Cost(row.annual_cost, row.benchmark_cost, row.currency, segment.customer_count),
        )
        for row in services_offered(segment, month)
    ]
    return sorted(found, key=lambda row: -row.weight)
