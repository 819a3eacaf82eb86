"""The organisation in one look: where it stands, what moved, what needs a decision."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, FilteredRelation, FloatField, OuterRef, Q, Subquery, Sum
from django.utils.translation import gettext, gettext_lazy

from dashboards.selectors.months import ViewMonth
from dashboards.selectors.policies import Policies
from dashboards.selectors.portfolios import PortfolioNode
from dashboards.selectors.scores import with_scores
from dashboards.selectors.segments import SegmentRow
from metrics.choices import Band
from metrics.models import MonthWeights
from projects.choices import SubjectKind
from projects.models import Offer, Subject

DECIDED_KINDS = (
    SubjectKind.PORTFOLIO,
    SubjectKind.SEGMENT,
    SubjectKind.PROJECT,
    SubjectKind.SERVICE,
    SubjectKind.CUSTOMER,
)
CASES_SHOWN = 5

KIND_NAMES = {
    SubjectKind.PORTFOLIO: gettext_lazy("Portfolios"),
    SubjectKind.SEGMENT: gettext_lazy("Segments"),
    SubjectKind.PROJECT: gettext_lazy("Projects"),
    SubjectKind.SERVICE: gettext_lazy("Services"),
    SubjectKind.CUSTOMER: gettext_lazy("Customers"),
}


@dataclass(frozen=True, slots=True)
class Case:
    """A subject that needs a decision, and why."""

    kind: str
    code: str
    name: str
    score: float | None
    coverage: float
    band: Band
    band_before: Band | None
    change: float | None
    weight: float
    """Among its kind; what a portfolio's projects weigh together, a customer's part of what its
    segment weighs, what a service weighs in all segments together."""
    below_green: float | None
    cost: float | None
    """Points by which it lowers the organisation's overall score against green; None if unknown."""

    @property
    def has_fallen(self) -> bool:
        return self.band_before is not None and self.band_before > self.band

    @property
    def is_amber_by_silence(self) -> bool:
        """Good enough for green, were it not for a category without a score (SCORING section 6)."""
        return self.band == Band.AMBER and self.below_green == 0

    @property
    def order(self) -> tuple[bool, bool, float, str]:
        """What costs the organisation most comes first, without a score after the others.

        Where a month was not weighed, weight times distance below green decides.
        """
        size = self.weight if self.below_green is None else self.weight * self.below_green
        if self.cost is not None:
            size = self.cost
        return self.below_green is None, self.cost is None, -size, self.code


@dataclass(frozen=True, slots=True)
class Cases:
    """The cases of one kind of subject: the first ones, and how many there are of each sort."""

    kind: SubjectKind
    first: tuple[Case, ...]
    red: int
    fallen: int
    """A band lower than before, but not red and not insufficient."""
    insufficient: int

    @property
    def total(self) -> int:
        return self.red + self.fallen + self.insufficient

    @property
    def more(self) -> int:
        return self.total - len(self.first)

    @property
    def label(self) -> str:
        return str(KIND_NAMES[self.kind])

    @property
    def counts(self) -> str:
        """`3 red, 1 fallen, 2 insufficient`."""
        numbers = (
            (gettext("%(number)s red"), self.red),
            (gettext("%(number)s fallen"), self.fallen),
            (gettext("%(number)s insufficient"), self.insufficient),
        )
        return ", ".join(words % {"number": number} for words, number in numbers if number)


def cases_to_decide(
    month: ViewMonth,
    portfolios: Sequence[PortfolioNode],
    segments: Sequence[SegmentRow],
    policies: Policies,
    weighed: MonthWeights | None,
    *,
    shown: int = CASES_SHOWN,
) -> list[Cases]:
    """Red, fallen a band, or insufficient, by kind; kinds without a case are left out."""
    weights = _Weights(
        {node.scores.pk: node.weight for node in portfolios},
        {row.scores.pk: row for row in segments},
    )
    by_kind: dict[str, list[Case]] = defaultdict(list)
    for row in _candidates(month, weighed):
        by_kind[row["kind"]].append(_case(row, weights, policies))
    return [_cases(kind, by_kind[kind], shown) for kind in DECIDED_KINDS if by_kind[kind]]


def _candidates(month: ViewMonth, weighed: MonthWeights | None) -> Iterable[dict[str, Any]]:
    offered = Offer.objects.filter(service=OuterRef("pk")).order_by().values("service")
    subjects = with_scores(
        Subject.objects.filter(kind__in=DECIDED_KINDS), month.month, month.before
    )
    rows: Iterable[dict[str, Any]] = (
        subjects.filter(
            Q(now__overall_band__in=(Band.INSUFFICIENT, Band.RED))
            | Q(now__overall_band__lt=F("before__overall_band"))
        )
        .annotate(
            offers_weight=Subquery(
                offered.annotate(n=Sum("weight")).values("n"), output_field=FloatField()
            ),
            weighed=FilteredRelation(
                "effective_weights", condition=Q(effective_weights__month=weighed)
            ),
        )
        .order_by("code")
        .values(
            "pk",
            "kind",
            "code",
            "name",
            "now__overall_score",
            "now__overall_coverage",
            "now__overall_band",
            "before__overall_score",
            "before__overall_band",
            "scorecard_assignment__scorecard",
            "as_project__weight",
            "as_customer__weight",
            "as_customer__segment",
            "offers_weight",
            "weighed__below_green",
        )
    )
    return rows


@dataclass(frozen=True, slots=True)
class _Weights:
    of_portfolio: Mapping[int, float]
    segments: Mapping[int, SegmentRow]

    def of(self, row: Mapping[str, Any]) -> float:
        match row["kind"]:
            case SubjectKind.PORTFOLIO:
                return self.of_portfolio[row["pk"]]
            case SubjectKind.SEGMENT:
                return self.segments[row["pk"]].weight
            case SubjectKind.PROJECT:
                return float(row["as_project__weight"])
            case SubjectKind.CUSTOMER:
                segment = self.segments[row["as_customer__segment"]]
                part = float(row["as_customer__weight"])
                whole = segment.customers_weight
                return segment.weight * part / whole if whole else 0.0
        return float(row["offers_weight"] or 0.0)


def _case(row: Mapping[str, Any], weights: _Weights, policies: Policies) -> Case:
    score, before = row["now__overall_score"], row["before__overall_score"]
    band_before = row["before__overall_band"]
    card = policies.of(row["kind"], row["scorecard_assignment__scorecard"])
    return Case(
        kind=row["kind"],
        code=row["code"],
        name=row["name"],
        score=score,
        coverage=row["now__overall_coverage"],
        band=Band(row["now__overall_band"]),
        band_before=None if band_before is None else Band(band_before),
        change=None if score is None or before is None else score - before,
        weight=weights.of(row),
        below_green=None if score is None or card is None else max(card.green_from - score, 0.0),
        cost=row["weighed__below_green"],
    )


def _cases(kind: SubjectKind, cases: Sequence[Case], shown: int) -> Cases:
    red = sum(case.band == Band.RED for case in cases)
    insufficient = sum(case.band == Band.INSUFFICIENT for case in cases)
    return Cases(
        kind,
        tuple(sorted(cases, key=lambda case: case.order)[:shown]),
        red,
        len(cases) - red - insufficient,
        insufficient,
    )
