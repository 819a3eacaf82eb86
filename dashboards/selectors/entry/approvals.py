"""What waits for a decision, and what a person's own drafts and proposals came to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from dashboards.selectors.explain import shown_decimals
from metrics.choices import Cadence, DraftState, ProposalState
from metrics.due import DueState, DueValue
from metrics.judging import Judge, Judged
from metrics.models import (
    DraftMeasurement,
    ExemptionProposal,
    Measurement,
    MetricDefinition,
    NoValue,
)
from metrics.periods import Period
from metrics.validation.dependence import fiscal_year_starts_in

PER_PAGE = 50

DECISIONS_SHOWN_FOR = timedelta(days=30)
"""How long an answer to one's own drafts and proposals is shown where one works."""

MOST_SHOWN = 50

MOST_RETURNED = 8
"""At the head of a page; what is more stands in the list."""


@dataclass(frozen=True, slots=True)
class WaitingValue:
    """A value that waits, beside what is recorded and what was before it."""

    draft: DraftMeasurement
    period: str
    judged: Judged
    existing: Measurement | None
    """What it would replace."""
    previous: Measurement | None
    """The value of the latest earlier period."""
    previous_period: str
    against: Judged | None
    """What it replaces, else the previous value, as it scores."""
    decimals: int
    is_own: bool
    """Nobody approves what they gave themselves."""

    @property
    def change(self) -> float | None:
        """Points against what it replaces, else against the previous period."""
        if self.against is None or self.against.score is None or self.judged.score is None:
            return None
        return self.judged.score - self.against.score

    @property
    def says_the_same(self) -> bool:
        return self.existing is not None and self.existing.value == self.draft.value

    @property
    def was_overtaken(self) -> bool:
        """Somebody recorded another value after this one was sent."""
        return (
            self.existing is not None
            and self.existing.changed_at > self.draft.entered_at
            and not self.says_the_same
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a filter, with how many values it stands for."""

    key: str
    name: str
    count: int


def waiting_drafts() -> QuerySet[DraftMeasurement]:
    return DraftMeasurement.objects.filter(state=DraftState.WAITING)


def metric_choices() -> list[Choice]:
    rows = waiting_drafts().order_by("metric__name")
    counted = rows.values_list("metric__code", "metric__name").annotate(count=Count("pk"))
    return [Choice(*row) for row in counted]


def person_choices() -> list[Choice]:
    rows = waiting_drafts().exclude(entered_by=None).order_by("entered_by__username")
    counted = rows.values_list("entered_by").annotate(count=Count("pk"))
    people = User.objects.in_bulk([pk for pk, _ in counted])
    return [
        Choice(people[pk].get_username(), people[pk].get_full_name() or str(people[pk]), count)
        for pk, count in counted
    ]


def approval_page(
    user: User,
    *,
    metric: str = "",
    person: str = "",
    number: str | None = None,
    per_page: int = PER_PAGE,
) -> Page[WaitingValue]:
    """The queue, the oldest first; a fixed number of queries a page."""
    rows = (
        waiting_drafts()
        .select_related("metric", "subject", "entered_by", "batch__file")
        .annotate(
            existing_key=Subquery(_values_beside().values("pk")),
            previous_key=Subquery(_values_before().values("pk")[:1]),
        )
        .order_by("entered_at", "pk")
    )
    if metric:
        rows = rows.filter(metric__code=metric)
    if person:
        rows = rows.filter(entered_by__username=person)
    page: Any = Paginator(rows, per_page).get_page(number)
    page.object_list = _described(list(page.object_list), user)
    shown: Page[WaitingValue] = page
    return shown


def _values_beside() -> QuerySet[Measurement]:
    """What is recorded for the period of a draft."""
    return Measurement.objects.filter(
        metric=OuterRef("metric"),
        subject=OuterRef("subject"),
        period_start=OuterRef("period_start"),
    )


def _values_before() -> QuerySet[Measurement]:
    """What is recorded for periods before that of a draft, the latest first."""
    return Measurement.objects.filter(
        metric=OuterRef("metric"),
        subject=OuterRef("subject"),
        period_start__lt=OuterRef("period_start"),
    ).order_by("-period_start")


def _described(drafts: Sequence[Any], user: User) -> list[WaitingValue]:
    starts_in = fiscal_year_starts_in()
    judge = Judge.read(
        {draft.metric_id for draft in drafts}, {draft.subject_id for draft in drafts}
    )
    recorded = Measurement.objects.select_related("entered_by").in_bulk(
        [
            key
            for draft in drafts
            for key in (draft.existing_key, draft.previous_key)
            if key is not None
        ]
    )

    def judged(row: Measurement | DraftMeasurement) -> Judged:
        return judge.judged(row.metric_id, row.subject_id, row.month, row.value)

    def described(draft: Any) -> WaitingValue:
        existing = recorded.get(draft.existing_key)
        previous = recorded.get(draft.previous_key)
        against = existing or previous
        curve = judge.curve(draft.metric_id, draft.subject_id, draft.month)
        return WaitingValue(
            draft=draft,
            period=_label(draft.metric, draft.period_start, starts_in),
            judged=judged(draft),
            existing=existing,
            previous=previous,
            previous_period=""
            if previous is None
            else _label(draft.metric, previous.period_start, starts_in),
            against=None if against is None else judged(against),
            decimals=shown_decimals(
                draft.metric.decimals,
                draft.value,
                *(row.value for row in (existing, previous) if row),
                *([] if curve is None else curve.values.tolist()),
            ),
            is_own=draft.entered_by_id == user.pk,
        )

    return [described(draft) for draft in drafts]


def _label(metric: MetricDefinition, start: date, starts_in: int) -> str:
    return Period(Cadence(metric.cadence), start).label(starts_in)


@dataclass(frozen=True, slots=True)
class OwnDraft:
    """A value of one's own that waits, or was sent back."""

    draft: DraftMeasurement
    period: str
    decimals: int


@dataclass(frozen=True, slots=True)
class OwnProposal:
    """One's own "does not apply", and what was answered."""

    proposal: ExemptionProposal

    @property
    def is_waiting(self) -> bool:
        return self.proposal.state == ProposalState.WAITING


@dataclass(frozen=True, slots=True)
class RefusedOfMine:
    """One's own "does not apply" that was refused, so that values are to be given after all."""

    first: DueValue
    """The most urgent of them."""
    count: int


@dataclass(frozen=True, slots=True)
class Returned:
    """What came back to a person and asks for an action, the latest decision first."""

    rejected: tuple[OwnDraft, ...]
    refused: tuple[RefusedOfMine, ...]
    more: int
    """So many are not shown."""

    @property
    def count(self) -> int:
        return len(self.rejected) + len(self.refused) + self.more


@dataclass(frozen=True, slots=True)
class Sent:
    """What a person sent that others have, or have agreed to; the latest first."""

    waiting: tuple[OwnDraft, ...]
    proposals: tuple[OwnProposal, ...]
    more: int
    """So many are not shown."""

    @property
    def is_empty(self) -> bool:
        return not (self.waiting or self.proposals)


def returned_to(user: User, due: Iterable[DueValue], starts_in: int) -> Returned:
    """Rejected values after which nothing came, in one query; refused proposals of what is due."""
    place = {
        "metric": OuterRef("metric"),
        "subject": OuterRef("subject"),
        "period_start": OuterRef("period_start"),
    }
    newer_draft = DraftMeasurement.objects.filter(**place, pk__gt=OuterRef("pk"))
    newer_value = Measurement.objects.filter(**place, changed_at__gt=OuterRef("entered_at"))
    answered = NoValue.objects.filter(**place, said_at__gt=OuterRef("entered_at"))
    drafts = list(
        DraftMeasurement.objects.filter(
            ~(Exists(newer_draft) | Exists(newer_value) | Exists(answered)),
            entered_by=user.pk,
            state=DraftState.REJECTED,
            decided_at__gte=timezone.now() - DECISIONS_SHOWN_FOR,
        )
        .select_related("metric", "subject", "decided_by")
        .order_by("-decided_at", "-pk")
    )
    refused = _refused_of(user, due)
    shown = drafts[:MOST_RETURNED]
    rest = refused[: MOST_RETURNED - len(shown)]
    return Returned(
        rejected=_own(shown, starts_in),
        refused=tuple(rest),
        more=len(drafts) + len(refused) - len(shown) - len(rest),
    )


def _refused_of(user: User, due: Iterable[DueValue]) -> list[RefusedOfMine]:
    found: dict[int, RefusedOfMine] = {}
    for value in due:
        if (
            value.state == DueState.REFUSED
            and value.answer is not None
            and value.answer.whose == user.pk
        ):
            first = found.get(value.answer.pk, RefusedOfMine(value, 0))
            found[value.answer.pk] = replace(first, count=first.count + 1)
    return list(found.values())


def _own(drafts: Sequence[DraftMeasurement], starts_in: int) -> tuple[OwnDraft, ...]:
    return tuple(
        OwnDraft(
            row,
            _label(row.metric, row.period_start, starts_in),
            shown_decimals(row.metric.decimals, row.value),
        )
        for row in drafts
    )


def sent_by(user: User) -> Sent:
    """What waits for others, and what was granted lately; in a fixed number of queries."""
    since = timezone.now() - DECISIONS_SHOWN_FOR
    waiting = (
        waiting_drafts()
        .filter(entered_by=user.pk)
        .select_related("metric", "subject")
        .order_by("-entered_at", "-pk")
    )
    proposals = (
        ExemptionProposal.objects.filter(
            Q(state=ProposalState.WAITING) | Q(state=ProposalState.GRANTED, decided_at__gte=since),
            proposed_by=user.pk,
        )
        .select_related("metric", "subject", "decided_by")
        .order_by(F("decided_at").desc(nulls_last=True), "-proposed_at", "-pk")
    )
    drafts, said = list(waiting), list(proposals)
    return Sent(
        waiting=_own(drafts[:MOST_SHOWN], fiscal_year_starts_in()),
        proposals=tuple(OwnProposal(row) for row in said[:MOST_SHOWN]),
        more=max(len(drafts) - MOST_SHOWN, 0) + max(len(said) - MOST_SHOWN, 0),
    )


@dataclass(frozen=True, slots=True)
class OpenProposal:
    """A proposal with what is recorded of the pair, by which one judges whether it is right."""

    proposal: ExemptionProposal
    latest: Measurement | None
    latest_period: str
    decimals: int


def proposal_page(number: str | None, *, per_page: int = PER_PAGE) -> Page[OpenProposal]:
    """What waits for a decision, the oldest first; a fixed number of queries."""
    latest = Measurement.objects.filter(
        metric=OuterRef("metric"), subject=OuterRef("subject")
    ).order_by("-period_start")
    rows = (
        ExemptionProposal.objects.filter(state=ProposalState.WAITING)
        .select_related("metric", "subject", "proposed_by")
        .annotate(latest_key=Subquery(latest.values("pk")[:1]))
        .order_by("proposed_at", "pk")
    )
    page: Any = Paginator(rows, per_page).get_page(number)
    found: list[Any] = list(page.object_list)
    recorded = Measurement.objects.in_bulk(
        [row.latest_key for row in found if row.latest_key is not None]
    )
    starts_in = fiscal_year_starts_in()

    def described(row: Any) -> OpenProposal:
        value = recorded.get(row.latest_key)
        period = "" if value is None else _label(row.metric, value.period_start, starts_in)
        decimals = shown_decimals(row.metric.decimals, value.value if value else None)
        return OpenProposal(row, value, period, decimals)

    page.object_list = [described(row) for row in found]
    shown: Page[OpenProposal] = page
    return shown


def latest_decisions() -> list[ExemptionProposal]:
    """What was decided about proposals lately."""
    decided = ExemptionProposal.objects.filter(
        state__in=[ProposalState.GRANTED, ProposalState.REFUSED]
    )
    return list(
        decided.select_related("metric", "subject", "proposed_by", "decided_by").order_by(
            "-decided_at", "-pk"
        )[:10]
    )


def waiting_counts() -> tuple[int, int]:
    """How many values and how many proposals wait."""
    proposals = ExemptionProposal.objects.filter(state=ProposalState.WAITING)
    return waiting_drafts().count(), proposals.count()
