"""What is expected of whom: scorecards, spans and exemptions, read in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from metrics.models import Exemption, MetricDefinition, ScorecardAssignment, ScorecardLine
from metrics.scoring.formulas import inputs_of, parse_formula
from metrics.validation.dependence import subject_facts
from metrics.validation.facts import SubjectFacts
from projects.choices import SubjectKind
from projects.models import Organisation, Subject
from projects.months import LAST_MONTH, Month

SCOPE_KINDS = (SubjectKind.PORTFOLIO, SubjectKind.SEGMENT)


@dataclass(frozen=True, slots=True)
class SubjectChoice:
    """A subject that values can be given for, with the span in which it is measured."""

    pk: int
    code: str
    name: str
    facts: SubjectFacts


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a scorecard expects, formulas taken down to the metrics that people enter."""

    amber_from: float
    green_from: float
    metrics: frozenset[int]


@dataclass(frozen=True, slots=True)
class Expectations:
    """What is asked of which subject, whoever is to answer."""

    metrics: Mapping[int, MetricDefinition]
    """Those that take values, by key, in the order of their names."""
    subjects: Mapping[str, tuple[SubjectChoice, ...]]
    """Per kind, in the order of their names."""
    scopes: tuple[SubjectChoice, ...]
    """Portfolios and segments, by which a list can be limited."""
    fiscal_year_starts_in: int
    cards: Mapping[int, CardFacts]
    on_a_card: frozenset[int]
    """The metrics that any scorecard needs."""
    default_cards: Mapping[str, int]
    card_of: Mapping[int, int]
    exemptions: Mapping[tuple[int, int], tuple[tuple[Month, Month], ...]]
    today: date

    def card(self, subject: SubjectChoice) -> CardFacts | None:
        """The scorecard that judges the subject."""
        number = self.card_of.get(subject.pk, self.default_cards.get(subject.facts.kind, 0))
        return self.cards.get(number)

    def is_expected(self, metric: MetricDefinition, subject: SubjectChoice) -> bool:
        """Whether the subject's scorecard needs the metric, directly or in a formula.

        A metric that no scorecard needs is collected for its own sake, from everybody of its kind.
        """
        if metric.pk not in self.on_a_card:
            return True
        card = self.card(subject)
        return card is not None and metric.pk in card.metrics

    def exempt_spans(
        self, metric: MetricDefinition, subject: SubjectChoice
    ) -> tuple[tuple[Month, Month], ...]:
        """The months, first to last, in which the metric does not apply to the subject."""
        return self.exemptions.get((metric.pk, subject.pk), ())

    def is_exempt(self, metric: MetricDefinition, subject: SubjectChoice, month: Month) -> bool:
        return any(first <= month <= last for first, last in self.exempt_spans(metric, subject))


def read_expectations(*, today: date | None = None) -> Expectations:
    """Everything that definitions say about what is asked."""
    defined = list(MetricDefinition.objects.order_by("name", "code"))
    metrics = {metric.pk: metric for metric in defined if not metric.is_computed}
    organisation = Organisation.objects.values_list(
        "active_from", "active_until", "fiscal_year_starts_in"
    ).first() or (None, None, 1)
    cards, default_cards = _read_cards(defined)
    exemptions: dict[tuple[int, int], list[tuple[Month, Month]]] = defaultdict(list)
    for metric, subject, first, last in Exemption.objects.values_list(
        "metric_id", "subject_id", "from_month", "until_month"
    ):
        exemptions[metric, subject].append((first, last or LAST_MONTH))
    kinds = {metric.subject_kind for metric in metrics.values()}
    subjects = _read_subjects({*kinds, *SCOPE_KINDS}, organisation[:2])
    return Expectations(
        metrics=metrics,
        subjects={kind: subjects[kind] for kind in kinds},
        scopes=tuple(row for kind in SCOPE_KINDS for row in subjects[kind]),
        fiscal_year_starts_in=organisation[2],
        cards=cards,
        on_a_card=frozenset(key for card in cards.values() for key in card.metrics),
        default_cards=default_cards,
        card_of=dict(ScorecardAssignment.objects.values_list("subject_id", "scorecard_id")),
        exemptions={pair: tuple(spans) for pair, spans in exemptions.items()},
        today=today or timezone.localdate(),
    )


def entered_inputs(defined: Collection[MetricDefinition]) -> dict[int, set[int]]:
    """Per metric what people enter for it: itself, or what its formula takes in at last."""
    by_code = {metric.code: metric for metric in defined}

    def entered(metric: MetricDefinition) -> Iterator[int]:
        if not metric.is_computed:
            yield metric.pk
            return
        for code in inputs_of(parse_formula(metric.formula)):
            yield from entered(by_code[code])

    return {metric.pk: set(entered(metric)) for metric in defined}


Bound = tuple[Month | None, Month | None]


def _read_subjects(
    kinds: Collection[str], organisation: Bound
) -> dict[str, tuple[SubjectChoice, ...]]:
    found: dict[str, list[SubjectChoice]] = {kind: [] for kind in kinds}
    rows = Subject.objects.filter(kind__in=kinds).order_by("name", "code")
    for pk, code, name, kind, *own, first, last in rows.values_list(
        "pk",
        "code",
        "name",
        "kind",
        "active_from",
        "active_until",
        "as_engagement__project__active_from",
        "as_engagement__project__active_until",
    ):
        # An engagement is measured as long as its project is.
        span = (first, last) if kind == SubjectKind.ENGAGEMENT else (own[0], own[1])
        facts = subject_facts(code, kind, span, organisation, pk)
        found[kind].append(SubjectChoice(pk, code, name, facts))
    return {kind: tuple(rows) for kind, rows in found.items()}


def _read_cards(
    defined: Collection[MetricDefinition],
) -> tuple[dict[int, CardFacts], dict[str, int]]:
    inputs = entered_inputs(defined)
    expected: dict[int, set[int]] = defaultdict(set)
    limits: dict[int, tuple[float, float]] = {}
    default_cards: dict[str, int] = {}
    for card, kind, is_default, amber_from, green_from, metric in ScorecardLine.objects.filter(
        weight__gt=0
    ).values_list(
        "scorecard_id",
        "scorecard__subject_kind",
        "scorecard__is_default",
        "scorecard__amber_from",
        "scorecard__green_from",
        "metric_id",
    ):
        expected[card] |= inputs[metric]
        limits[card] = (amber_from, green_from)
        if is_default:
            default_cards[kind] = card
    cards = {card: CardFacts(*limits[card], frozenset(keys)) for card, keys in expected.items()}
    return cards, default_cards
