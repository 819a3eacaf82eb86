"""Customers: who is at risk, and one of them with everybody who serves them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import FilteredRelation, Q, QuerySet

from dashboards.selectors.months import ViewMonth
from dashboards.selectors.project_rows import NOT_MEASURED
from dashboards.selectors.risks import (
    Risk,
    Standing,
    renewal_of,
)
from dashboards.selectors.scores import (
    MEASURES,
    SCORE_FIELDS,
    SubjectScores,
    scores_in,
    with_scores,
)
from metrics.choices import Band
from projects.models import Customer
from projects.months import BEGINNING

CUSTOMERS_PER_PAGE = 50

_PREVIOUS = ("previous__overall_score", "previous__overall_band")

NO_DATE = "none"
"""The renewal filter's word for customers of whom nobody has written when they renew."""


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    """What to show; blank is no limit. `segments` are keys, None is all of them."""

    segments: Collection[int] | None = None
    segment: str = ""
    band: str = ""
    risk: str = ""
    renewal: str = ""
    """A number of days from today, or NO_DATE."""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Amount:
    """Money of one currency, and how many customers it is of."""

    currency: str
    total: Decimal
    customers: int


@dataclass(frozen=True, slots=True)
class RiskGroup:
    """How many customers are in a group of the rule, and what they pay in a year."""

    risk: Risk
    customers: int
    revenue: tuple[Amount, ...]
    without_revenue: int


@dataclass(frozen=True, slots=True)
class CustomerRisk:
    """A customer as the rule sees them, with what a list is sorted by."""

    pk: int
    code: str
    name: str
    segment: int
    segment_name: str
    standing: Standing
    change: float | None
    """Of the overall score, since the month that the page compares with."""
    scores: Mapping[str, float | None]
    coverage: float | None
    renewal_on: date | None
    annual_revenue: Decimal | None
    currency: str

    @property
    def risk(self) -> Risk:
        return self.standing.risk


def _difference(score: float | None, before: float | None) -> float | None:
    return None if score is None or before is None else score - before


def _standing(
    band: int | None,
    score: float | None,
    previous: tuple[float | None, int | None],
    renewal_on: date | None,
    today: date,
) -> Standing:
    """What the rule looks at; `previous` are score and band of the month before, whichever month a
    page compares with: who is at risk does not depend on that."""
    score_before, band_before = previous
    return Standing(
        None if band is None else Band(band),
        renewal_of(renewal_on, today),
        _difference(score, score_before),
        None if band_before is None else Band(band_before),
    )


def customers_of(chosen: CustomerFilter, month: ViewMonth, today: date) -> QuerySet:
    """The customers of the month that pass the filter (its risk aside), joined with scores."""
    customers: QuerySet = Customer.objects.active_in(month.month)
    if chosen.segments is not None:
        customers = customers.filter(segment__in=chosen.segments)
    if chosen.segment:
        customers = customers.filter(segment__code=chosen.segment)
    if chosen.renewal == NO_DATE:
        customers = customers.filter(renewal_on=None)
    elif chosen.renewal:
        customers = customers.filter(renewal_on__lte=today + timedelta(int(chosen.renewal)))
    for word in chosen.text.split():
        customers = customers.filter(Q(name__icontains=word) | Q(code__icontains=word))
    customers = _with_scores(customers, month)
    if chosen.band == NOT_MEASURED:
        customers = customers.filter(now__overall_band=None)
    elif chosen.band:
        customers = customers.filter(now__overall_band=Band[chosen.band.upper()])
    return customers


def _with_scores(customers: QuerySet, month: ViewMonth) -> QuerySet:
    """As `with_scores`, and those of the month before as `previous`, for the rule of risk."""
    joined: QuerySet = with_scores(customers, month.month, month.before).annotate(
        previous=FilteredRelation("scores", condition=Q(scores__month=month.previous or BEGINNING))
    )
    return joined


def customer_risks(chosen: CustomerFilter, month: ViewMonth, today: date) -> list[CustomerRisk]:
    """Every customer that passes the filter, its risk aside; in one query."""
    rows = customers_of(chosen, month, today).values_list(
        "pk",
        "code",
        "name",
        "segment",
        "segment__name",
        "renewal_on",
        "annual_revenue",
        "currency",
        "now__overall_band",
        "now__overall_coverage",
        "before__overall_score",
        *_PREVIOUS,
        *(f"now__{measure}_score" for measure in MEASURES),
    )
    return [_risk_in(row, today) for row in rows.order_by("code")]


def _risk_in(row: tuple[Any, ...], today: date) -> CustomerRisk:
    pk, code, name, segment, segment_name, renewal_on, revenue, currency, *rest = row
    band, coverage, before, previous_score, previous_band, *scores = rest
    previous = (previous_score, previous_band)
    return CustomerRisk(
        pk=pk,
        code=code,
        name=name,
        segment=segment,
        segment_name=segment_name,
        standing=_standing(band, scores[0], previous, renewal_on, today),
        change=_difference(scores[0], before),
        scores=dict(zip(MEASURES, scores, strict=True)),
        coverage=coverage,
        renewal_on=renewal_on,
        annual_revenue=revenue,
        currency=currency,
    )


def risk_groups(customers: Iterable[CustomerRisk]) -> list[RiskGroup]:
    """All four groups in their order; revenue by currency, the one of most customers first."""
    by_risk: dict[Risk, list[CustomerRisk]] = {risk: [] for risk in Risk}
    for customer in customers:
        by_risk[customer.risk].append(customer)
    return [
        RiskGroup(
            risk,
            len(rows),
            amounts_by_currency((row.annual_revenue, row.currency) for row in rows),
            sum(row.annual_revenue is None for row in rows),
        )
        for risk, rows in by_risk.items()
    ]


def amounts_by_currency(amounts: Iterable[tuple[Decimal | None, str]]) -> tuple[Amount, ...]:
    """What is known, added up currency by currency and never across them."""
    counts: Counter[str] = Counter()
    totals: dict[str, Decimal] = {}
    for amount, currency in amounts:
        if amount is not None:
            counts[currency] += 1
            totals[currency] = totals.get(currency, Decimal(0)) + amount
    ranked = sorted(totals, key=lambda currency: (-counts[currency], currency))
    return tuple(Amount(currency, totals[currency], counts[currency]) for currency in ranked)


# Sorting. A key gives None where a customer has nothing to be sorted by: they come last either way.

Key = Callable[[CustomerRisk], Any]


def _score_key(measure: str) -> Key:
    return lambda row: row.scores[measure]


_KEYS: dict[str, Key] = {
    "name": lambda row: row.name.lower(),
    "segment": lambda row: row.segment_name.lower(),
    **{measure: _score_key(measure) for measure in MEASURES},
    "change": lambda row: row.change,
    "renewal": lambda row: row.renewal_on,
}
BY_RISK = "risk"
BY_REVENUE = "revenue"
SORT_KEYS: tuple[str, ...] = (BY_RISK, BY_REVENUE, *_KEYS)
DEFAULT_SORT = BY_RISK


def sort_in_force(wanted: str) -> str:
    return wanted if wanted.removeprefix("-") in SORT_KEYS else DEFAULT_SORT


def sorted_customers(customers: Sequence[CustomerRisk], sort: str) -> list[CustomerRisk]:
    """In the order asked for; `-` turns it round."""
    key, falling = sort.removeprefix("-"), sort.startswith("-")
    rows = sorted(customers, key=lambda row: row.code)
    if key == BY_RISK:
        rows.sort(key=_by_risk(customers), reverse=falling)
        return rows
    if key == BY_REVENUE:
        return _by_revenue(rows, falling=falling)
    known = [row for row in rows if _KEYS[key](row) is not None]
    known.sort(key=_KEYS[key], reverse=falling)
    return known + [row for row in rows if _KEYS[key](row) is None]


def _by_risk(customers: Iterable[CustomerRisk]) -> Key:
    """Risk, then how near the renewal is, then the larger revenue, then the lower score."""
    risks = {risk: place for place, risk in enumerate(Risk)}
    currencies = _places_of_currencies(customers)

    def place(row: CustomerRisk) -> Any:
        score = row.scores["overall"]
        return (
            risks[row.risk],
            row.standing.renewal,
            currencies.get(row.currency) if row.annual_revenue is not None else len(currencies),
            -(row.annual_revenue or 0),
            101.0 if score is None else score,
            row.renewal_on or date.max,
        )

    return place


def _places_of_currencies(customers: Iterable[CustomerRisk]) -> dict[str, int]:
    """Amounts of two currencies are not compared: each has a place, most customers first."""
    amounts = amounts_by_currency((row.annual_revenue, row.currency) for row in customers)
    return {amount.currency: place for place, amount in enumerate(amounts)}


def _by_revenue(rows: Sequence[CustomerRisk], *, falling: bool) -> list[CustomerRisk]:
    """Currency by currency, whichever way it is sorted."""
    currencies = _places_of_currencies(rows)
    known = [row for row in rows if row.annual_revenue is not None]
    known.sort(key=lambda row: row.annual_revenue or 0, reverse=falling)
    known.sort(key=lambda row: currencies[row.currency])
    return known + [row for row in rows if row.annual_revenue is None]


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer on a list: five scores, the risk and why."""

    scores: SubjectScores
    segment_code: str
    segment_name: str
    since: date | None
    renewal_on: date | None
    annual_revenue: Decimal | None
    currency: str
    standing: Standing

    @property
    def risk(self) -> Risk:
        return self.standing.risk

    @property
    def why(self) -> str:
        return self.standing.why


@dataclass(frozen=True, slots=True)
class CustomerList:
    """A page of customers, and the groups of all that pass the filter."""

    page: Page[CustomerRow]
    groups: list[RiskGroup]
    total: int
    """Of all groups together."""


def found_customers(
    chosen: CustomerFilter,
    month: ViewMonth,
    today: date,
    *,
    sort: str,
    number: str,
    on_a_page: int = CUSTOMERS_PER_PAGE,
) -> CustomerList:
    """In two queries, however many there are."""
    everybody = customer_risks(chosen, month, today)
    wanted = [row for row in everybody if not chosen.risk or row.risk == chosen.risk]
    page: Page[Any] = Paginator(sorted_customers(wanted, sort), on_a_page).get_page(number)
    page.object_list = customer_rows([row.pk for row in page.object_list], month, today)
    return CustomerList(page, risk_groups(everybody), len(everybody))


def most_at_risk(
    customers: Sequence[CustomerRisk], month: ViewMonth, today: date, *, most: int
) -> list[CustomerRow]:
    """The first few of those with any sign of risk, unknown among them."""
    told = [row for row in sorted_customers(customers, BY_RISK) if row.risk.is_sign]
    return customer_rows([row.pk for row in told[:most]], month, today)


def all_customers(
    chosen: CustomerFilter, month: ViewMonth, today: date, *, sort: str
) -> list[CustomerRow]:
    """Those of the list on all of its pages."""
    everybody = customer_risks(chosen, month, today)
    wanted = [row for row in everybody if not chosen.risk or row.risk == chosen.risk]
    found = _rows_of(customers_of(chosen, month, today), today)
    return [found[row.pk] for row in sorted_customers(wanted, sort)]


def customer_rows(keys: Sequence[int], month: ViewMonth, today: date) -> list[CustomerRow]:
    """In the order of the keys, in one query."""
    customers = _with_scores(Customer.objects.filter(pk__in=keys), month)
    found = _rows_of(customers, today)
    return [found[key] for key in keys]


def _rows_of(customers: QuerySet, today: date) -> dict[int, CustomerRow]:
    """Of customers that are joined with their scores."""
    rows = customers.values(
        *SCORE_FIELDS,
        *_PREVIOUS,
        "segment__code",
        "segment__name",
        "since",
        "renewal_on",
        "annual_revenue",
        "currency",
    )
    return {row["pk"]: _row(row, today) for row in rows}


def _row(row: Mapping[str, Any], today: date) -> CustomerRow:
    scores = scores_in(row)
    band, score = scores.overall.band, scores.overall.score
    previous = (row[_PREVIOUS[0]], row[_PREVIOUS[1]])
    return CustomerRow(
        scores,
        row["segment__code"],
        row["segment__name"],
        row["since"],
        row["renewal_on"],
        row["annual_revenue"],
        row["currency"],
        _standing(band, score, previous, row["renewal_on"], today),
    )
