"""Who may enter what, and what is expected of whom: read once, in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from dashboards.presentation.bands import BandLimits
from dashboards.selectors.policies import scorecard_of
from metrics.entry_rights import EntryRights
from metrics.models import (
    Exemption,
    MetricDefinition,
    ScorecardAssignment,
    ScorecardLine,
)
from metrics.scoring.formulas import inputs_of, parse_formula
from metrics.validation.dependence import (
    fiscal_year_starts_in,
    stored_subjects,
    subject_facts,
)
from metrics.validation.facts import SubjectFacts
from projects.choices import SubjectKind
from projects.models import Customer, Engagement, Offer, Organisation, Portfolio, Project, Subject
from projects.months import LAST_MONTH, Month


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

    limits: BandLimits
    metrics: frozenset[int]


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything about definitions and rights that the entry pages ask."""

    metrics: Mapping[int, MetricDefinition]
    """Those that take values, by key, in the order of their names."""
    subjects: Mapping[str, tuple[SubjectChoice, ...]]
    """Per kind, in the order of their names."""
    rights: EntryRights
    fiscal_year_starts_in: int
    cards: Mapping[int, CardFacts]
    on_a_card: frozenset[int]
    """The metrics that any scorecard needs."""
    default_cards: Mapping[str, int]
    card_of: Mapping[int, int]
    exemptions: Mapping[tuple[int, int], tuple[tuple[Month, Month], ...]]
    today: date

    def metric(self, code: str) -> MetricDefinition | None:
        return next((metric for metric in self.metrics.values() if metric.code == code), None)

    def subject(self, metric: MetricDefinition, code: str) -> SubjectChoice | None:
        return next((row for row in self.subjects[metric.subject_kind] if row.code == code), None)

    def any_subject(self, code: str) -> SubjectChoice | None:
        """The subject of a code, whichever kind it is of."""
        everybody = (row for rows in self.subjects.values() for row in rows)
        return next((row for row in everybody if row.code == code), None)

    def may_enter(self, metric: MetricDefinition, subject: SubjectChoice) -> bool:
        return self.rights.may_enter(metric.pk, subject.pk)

    def subjects_to_enter(self, metric: MetricDefinition) -> list[SubjectChoice]:
        """The subjects whose values of this metric are the person's to enter."""
        return [row for row in self.subjects[metric.subject_kind] if self.may_enter(metric, row)]

    def metrics_to_enter(self) -> list[MetricDefinition]:
        """The metrics of which the person may enter at least one subject's values."""
        return [
            metric
            for metric in self.metrics.values()
            if any(self.may_enter(metric, row) for row in self.subjects[metric.subject_kind])
        ]

    def only(self, metric: MetricDefinition) -> Desk:
        """The same desk with one metric on it."""
        return replace(self, metrics={metric.pk: metric})

    def limits(self, subject: SubjectChoice) -> BandLimits | None:
        """Where amber and green begin on the subject's scorecard."""
        card = self._card(subject)
        return None if card is None else card.limits

    def is_expected(self, metric: MetricDefinition, subject: SubjectChoice) -> bool:
        """Whether the subject's scorecard needs the metric, directly or in a formula.

        A metric that no scorecard needs is collected for its own sake, from everybody of its kind.
        """
        card = self._card(subject)
        if card is not None and metric.pk in card.metrics:
            return True
        return metric.pk not in self.on_a_card

    def is_exempt(self, metric: MetricDefinition, subject: SubjectChoice, month: Month) -> bool:
        spans = self.exemptions.get((metric.pk, subject.pk), ())
        return any(first <= month <= last for first, last in spans)

    def _card(self, subject: SubjectChoice) -> CardFacts | None:
        number = self.card_of.get(subject.pk, self.default_cards.get(subject.facts.kind, 0))
        return self.cards.get(number)


def read_desk(user: AbstractBaseUser | AnonymousUser | None, *, today: date | None = None) -> Desk:
    """The desk of a person; without one, that of everybody together."""
    defined = list(MetricDefinition.objects.order_by("name", "code"))
    metrics = {metric.pk: metric for metric in defined if not metric.is_computed}
    kinds = {metric.subject_kind for metric in metrics.values()}
    organisation = Organisation.objects.values_list(
        "active_from", "active_until", "fiscal_year_starts_in"
    ).first() or (None, None, 1)
    engagements = list(
        Engagement.objects.values_list(
            "pk", "project_id", "segment_id", "project__active_from", "project__active_until"
        )
    )
    cards, default_cards = _read_cards(defined)
    exemptions: dict[tuple[int, int], list[tuple[Month, Month]]] = defaultdict(list)
    for metric, subject, first, last in Exemption.objects.values_list(
        "metric_id", "subject_id", "from_month", "until_month"
    ):
        exemptions[metric, subject].append((first, last or LAST_MONTH))
    return Desk(
        metrics=metrics,
        subjects=_read_subjects(kinds, engagements, organisation[:2]),
        rights=_read_rights(user, engagements),
        fiscal_year_starts_in=organisation[2],
        cards=cards,
        on_a_card=frozenset(key for card in cards.values() for key in card.metrics),
        default_cards=default_cards,
        card_of=dict(ScorecardAssignment.objects.values_list("subject_id", "scorecard_id")),
        exemptions={pair: tuple(spans) for pair, spans in exemptions.items()},
        today=today or timezone.localdate(),
    )


def small_desk(
    user: AbstractBaseUser | AnonymousUser, metric: MetricDefinition, subject: Subject
) -> Desk:
    """The desk with one metric and one subject on it, for what is asked at every keystroke."""
    facts = stored_subjects([subject.pk])[subject.code]
    card = scorecard_of(subject.pk, subject.kind)
    cards = {}
    if card is not None:
        limits = BandLimits(card.amber_from, card.green_from)
        cards[card.pk] = CardFacts(limits, frozenset({metric.pk}))
    return Desk(
        metrics={} if metric.is_computed else {metric.pk: metric},
        subjects={
            metric.subject_kind: (),
            subject.kind: (SubjectChoice(subject.pk, subject.code, subject.name, facts),),
        },
        rights=EntryRights.of(user, [metric.pk]),
        fiscal_year_starts_in=fiscal_year_starts_in(),
        cards=cards,
        on_a_card=frozenset(),
        default_cards={},
        card_of={subject.pk: card.pk} if card else {},
        exemptions={},
        today=timezone.localdate(),
    )


EngagementRow = tuple[int, int, int, Month | None, Month | None]
Bound = tuple[Month | None, Month | None]


def _read_subjects(
    kinds: Collection[str], engagements: Collection[EngagementRow], organisation: Bound
) -> dict[str, tuple[SubjectChoice, ...]]:
    span_of_project = {row[0]: (row[3], row[4]) for row in engagements}
    found: dict[str, list[SubjectChoice]] = {kind: [] for kind in kinds}
    rows = Subject.objects.filter(kind__in=kinds).order_by("name", "code")
    for pk, code, name, kind, first, last in rows.values_list(
        "pk", "code", "name", "kind", "active_from", "active_until"
    ):
        span = span_of_project.get(pk, (first, last))
        facts = subject_facts(code, kind, span, organisation, pk)
        found[kind].append(SubjectChoice(pk, code, name, facts))
    return {kind: tuple(rows) for kind, rows in found.items()}


def _read_cards(
    defined: Collection[MetricDefinition],
) -> tuple[dict[int, CardFacts], dict[str, int]]:
    inputs = _entered_inputs(defined)
    expected: dict[int, set[int]] = defaultdict(set)
    limits: dict[int, BandLimits] = {}
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
        limits[card] = BandLimits(amber_from, green_from)
        if is_default:
            default_cards[kind] = card
    cards = {card: CardFacts(limits[card], frozenset(keys)) for card, keys in expected.items()}
    return cards, default_cards


def _entered_inputs(defined: Collection[MetricDefinition]) -> dict[int, set[int]]:
    """Per metric what people enter for it: itself, or what its formula takes in at last."""
    by_code = {metric.code: metric for metric in defined}

    def entered(metric: MetricDefinition) -> Iterator[int]:
        if not metric.is_computed:
            yield metric.pk
            return
        for code in inputs_of(parse_formula(metric.formula)):
            yield from entered(by_code[code])

    return {metric.pk: set(entered(metric)) for metric in defined}


def _read_rights(
    user: AbstractBaseUser | AnonymousUser | None, engagements: Collection[EngagementRow]
) -> EntryRights:
    """The person's rights, with all scopes looked up together instead of one by one."""
    if user is None:
        return EntryRights(None, enters_values=True, enters_everything=True, claims={})
    rights = EntryRights.of(user)
    scopes = {
        (claim.scope_id, claim.scope_kind)
        for claims in rights.claims.values()
        for claim in claims
        if claim.scope_kind in (SubjectKind.PORTFOLIO, SubjectKind.SEGMENT)
    }
    if not scopes:
        return rights
    return EntryRights(
        rights.user_id,
        rights.enters_values,
        rights.enters_everything,
        rights.claims,
        {scope: frozenset(held) for scope, held in _held_by(scopes, engagements)},
    )


def _held_by(
    scopes: Collection[tuple[int, str]], engagements: Collection[EngagementRow]
) -> Iterator[tuple[int, set[int]]]:
    """What lies in each portfolio or segment (as `metrics.entry_rights.held_by` tells of one)."""
    lies_in = (
        Portfolio.objects.order_by()
        .values_list("pk", "parent_id")
        .union(Project.objects.order_by().values_list("pk", "portfolio_id"), all=True)
    )
    of_segment = (
        Offer.objects.order_by()
        .values_list("service_id", "segment_id")
        .union(Customer.objects.order_by().values_list("pk", "segment_id"), all=True)
    )
    in_portfolio: dict[int, list[int]] = defaultdict(list)
    for member, portfolio in lies_in:
        in_portfolio[portfolio].append(member)
    in_segment: dict[int, list[int]] = defaultdict(list)
    for member, segment in of_segment:
        in_segment[segment].append(member)
    for engagement, project, segment, *_ in engagements:
        in_portfolio[project].append(engagement)
        in_segment[segment] += [engagement, project]
    for scope, kind in scopes:
        if kind == SubjectKind.SEGMENT:
            yield scope, {scope, *in_segment[scope]}
        else:
            reached = [scope]
            for member in reached:
                reached.extend(in_portfolio[member])
            yield scope, set(reached)
