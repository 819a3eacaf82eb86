"""What stands in place of a value that has not come: an answer, or somebody it waits for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import Q, TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from metrics.choices import DraftState, ProposalState
from metrics.models import DraftMeasurement, ExemptionProposal, NoValue
from projects.months import LAST_MONTH, Month


class DueState(TextChoices):
    """How far a value that has not come is."""

    OPEN = "open", _("To be given")
    REJECTED = "rejected", _("Rejected")
    REFUSED = "refused", _("Expected after all")
    WAITING = "waiting", _("Waits for approval")
    PROPOSED = "proposed", _("Said not to apply")
    ANSWERED = "answered", _("Said to have no value")


TO_DO = (DueState.OPEN, DueState.REJECTED, DueState.REFUSED)
"""What somebody who enters values still has to do something about."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said or decided about a value that has not come, by whom, when and why."""

    state: DueState
    pk: int
    """Of the draft, the proposal or the "no value"."""
    by: User | None
    at: datetime | None
    reason: str = ""
    value: float | None = None
    """As it was given, where it waits for approval or was rejected."""
    note: str = ""
    whose: int | None = None
    """The key of who gave the value or proposed that it does not apply."""


REFUSALS_SHOWN = timedelta(days=60)
"""How long it is shown that a proposal was refused."""

Key = tuple[int, int, date]
"""Metric, subject and the period's first day."""


@dataclass(frozen=True, slots=True)
class Answers:
    """All that was said about the periods at hand, in three queries."""

    of_periods: Mapping[Key, Answer]
    proposals: Mapping[tuple[int, int], tuple[tuple[Month, Month, Answer], ...]]

    @classmethod
    def read(cls, wanted: Q) -> Answers:
        """About the metrics and periods of a condition on `metric` and `period_start`."""
        told = [*_drafts(wanted), *_no_values(wanted)]
        return cls(dict(sorted(told, key=lambda told: _order(told[1]))), _proposals())

    def about(self, metric: int, subject: int, start: date, month: Month) -> Answer | None:
        answer = self.of_periods.get((metric, subject, start))
        if answer is not None and answer.state != DueState.REJECTED:
            return answer
        proposals = self.proposals.get((metric, subject))
        if proposals is None:
            return answer
        covering = (proposal for first, last, proposal in proposals if first <= month <= last)
        proposal = next(covering, None)
        if answer is not None and (proposal is None or proposal.state == DueState.REFUSED):
            return answer
        return proposal


def _order(answer: Answer) -> tuple[bool, float]:
    """What waits is what counts; else whatever was said last, be it a rejection or "no value"."""
    return answer.state == DueState.WAITING, answer.at.timestamp() if answer.at else 0.0


def _drafts(wanted: Q) -> Iterator[tuple[Key, Answer]]:
    rows = DraftMeasurement.objects.filter(
        wanted, state__in=[DraftState.WAITING, DraftState.REJECTED]
    )
    for row in rows.select_related("entered_by", "decided_by").order_by():
        rejected = row.state == DraftState.REJECTED
        yield (
            (row.metric_id, row.subject_id, row.period_start),
            Answer(
                DueState.REJECTED if rejected else DueState.WAITING,
                row.pk,
                row.decided_by if rejected else row.entered_by,
                row.decided_at if rejected else row.entered_at,
                row.answer if rejected else "",
                row.value,
                row.note,
                whose=row.entered_by_id,
            ),
        )


def _no_values(wanted: Q) -> Iterator[tuple[Key, Answer]]:
    for row in NoValue.objects.filter(wanted).select_related("said_by").order_by():
        yield (
            (row.metric_id, row.subject_id, row.period_start),
            Answer(DueState.ANSWERED, row.pk, row.said_by, row.said_at, row.reason),
        )


def _proposals() -> dict[tuple[int, int], tuple[tuple[Month, Month, Answer], ...]]:
    """Those that wait, and those refused lately, of which the analyst is still to hear."""
    found: dict[tuple[int, int], list[tuple[Month, Month, Answer]]] = defaultdict(list)
    lately = timezone.now() - REFUSALS_SHOWN
    rows = ExemptionProposal.objects.filter(
        Q(state=ProposalState.WAITING) | Q(state=ProposalState.REFUSED, decided_at__gte=lately)
    )
    for row in rows.select_related("proposed_by", "decided_by").order_by("-state", "-decided_at"):
        if row.state == ProposalState.WAITING:
            answer = Answer(DueState.PROPOSED, row.pk, row.proposed_by, row.proposed_at, row.reason)
        else:
            answer = Answer(
                DueState.REFUSED,
                row.pk,
                row.decided_by,
                row.decided_at,
                row.answer,
                whose=row.proposed_by_id,
            )
        span = (Month(row.from_month), Month(row.until_month or LAST_MONTH), answer)
        found[row.metric_id, row.subject_id].append(span)
    return {pair: tuple(spans) for pair, spans in found.items()}
