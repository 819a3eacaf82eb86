"""Who may enter what, and what is expected of whom: read once, in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from dashboards.presentation.bands import BandLimits
from dashboards.selectors.policies import scorecard_of
from metrics.due import CardFacts, Expectations, SubjectChoice, read_expectations
from metrics.entry_rights import EntryRights
from metrics.models import MetricDefinition
from metrics.validation.dependence import fiscal_year_starts_in, stored_subjects
from projects.models import Subject


@dataclass(frozen=True, slots=True)
class Desk(Expectations):
    """Everything about definitions and rights that the entry pages ask."""

    rights: EntryRights

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
        card = self.card(subject)
        return None if card is None else BandLimits(card.amber_from, card.green_from)


def read_desk(user: AbstractBaseUser | AnonymousUser | None, *, today: date | None = None) -> Desk:
    """The desk of a person; without one, that of everybody together."""
    expected = read_expectations(today=today)
    return Desk(
        **{field.name: getattr(expected, field.name) for field in fields(expected)},
        rights=EntryRights.of_everybody() if user is None else EntryRights.of(user),
    )


def small_desk(
    user: AbstractBaseUser | AnonymousUser, metric: MetricDefinition, subject: Subject
) -> Desk:
    """The desk with one metric and one subject on it, for what is asked at every keystroke."""
    facts = stored_subjects([subject.pk])[subject.code]
    card = scorecard_of(subject.pk, subject.kind)
    cards = {}
    if card is not None:
        cards[card.pk] = CardFacts(card.amber_from, card.green_from, frozenset({metric.pk}))
    return Desk(
        metrics={} if metric.is_computed else {metric.pk: metric},
        subjects={
            metric.subject_kind: (),
            subject.kind: (SubjectChoice(subject.pk, subject.code, subject.name, facts),),
        },
        scopes=(),
        rights=EntryRights.of(user, [metric.pk]),
        fiscal_year_starts_in=fiscal_year_starts_in(),
        cards=cards,
        on_a_card=frozenset(),
        default_cards={},
        card_of={subject.pk: card.pk} if card else {},
        exemptions={},
        today=timezone.localdate(),
    )
