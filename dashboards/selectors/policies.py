"""The scorecards that judge: their limits and the weights of their categories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from django.db.models import Exists, OuterRef

from dashboards.presentation.bands import BandLimits
from metrics.choices import Category
from metrics.models import Scorecard, ScorecardAssignment


@dataclass(frozen=True, slots=True)
class Policies:
    """All scorecards, to find those of many subjects; there are few."""

    cards: Mapping[int, Scorecard]
    own: Scorecard | None = None
    """The scorecard that the subject in question names."""

    @classmethod
    def read(cls, subject_id: int = 0) -> Self:
        """In one query, whichever subject is in question."""
        assigned = ScorecardAssignment.objects.filter(subject=subject_id, scorecard=OuterRef("pk"))
        cards = list(Scorecard.objects.annotate(is_own=Exists(assigned)))
        return cls(
            {card.pk: card for card in cards}, next((card for card in cards if card.is_own), None)
        )

    def of(self, kind: str, assigned: int | None = None) -> Scorecard | None:
        """The assigned scorecard (its key), else the default of the kind."""
        if assigned is not None:
            return self.cards[assigned]
        of_kind = (card for card in self.cards.values() if card.subject_kind == kind)
        return next((card for card in of_kind if card.is_default), None)


def scorecard_of(subject_id: int, kind: str) -> Scorecard | None:
    """A subject's own scorecard if it names one, else its kind's default."""
    policies = Policies.read(subject_id)
    return policies.own or policies.of(kind)


def limits_of(card: Scorecard | None) -> BandLimits | None:
    return None if card is None else BandLimits(card.amber_from, card.green_from)


def category_weights(card: Scorecard | None) -> dict[str, float]:
    return {
        category: getattr(card, f"weight_{category}") if card else 0.0
        for category in Category.values
    }
