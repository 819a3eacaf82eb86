"""What is said instead of a value: there is none this time, or the metric does not apply.

Both leave the value missing in the scores; an exemption counts once it is granted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from metrics.choices import ProposalState
from metrics.models import Exemption, ExemptionProposal, MetricDefinition, NoValue
from metrics.operations.definitions import save_exemption
from metrics.operations.drafts import waiting_draft
from metrics.operations.locks import lock_out_closings
from metrics.operations.measurements import stored_measurement
from metrics.operations.overtaking import name_of
from metrics.periods import Period
from metrics.validation.definitions import check_pair
from metrics.validation.dependence import stored_rules
from metrics.validation.numbers import number_text
from projects.models import Subject
from projects.months import BEGINNING, LAST_MONTH, Month
from projects.validation import FieldErrors, check_span

ANY_VALUE = "0"
"""Stands for the value that is not there, where the rules about values are asked."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value would stand."""

    metric: MetricDefinition
    subject: Subject
    period: Period


@dataclass(frozen=True, slots=True)
class RefusedPlace:
    place: Place
    sentence: str


@dataclass(frozen=True, slots=True)
class Answers:
    """What became of one answer that was given for several values."""

    done: tuple[NoValue, ...]
    refused: tuple[RefusedPlace, ...]


@transaction.atomic
def say_no_value(
    *, metric: MetricDefinition, subject: Subject, period: Period, reason: str, by: User
) -> NoValue:
    """Say that a period has no value, and why; said again, the new reason holds."""
    lock_out_closings()
    reason = _given(reason, "Say why there is no value; the reason is kept.")
    _refuse_what_no_value_can_be_of(metric, subject, period)
    if recorded := stored_measurement(metric, subject, period):
        raise ValidationError(
            {
                "period": f"There is a value, {number_text(recorded.value)}, given by"
                f" {name_of(recorded.entered_by)}."
            },
            code="value",
        )
    if waiting := waiting_draft(metric, subject, period):
        raise ValidationError(
            {
                "period": f"A value waits for approval, {number_text(waiting.value)}, given by"
                f" {name_of(waiting.entered_by)}; take it back first."
            },
            code="value",
        )
    said, _ = NoValue.objects.update_or_create(
        metric=metric,
        subject_id=subject.pk,
        period_start=period.start,
        defaults={
            "month": period.month,
            "reason": reason,
            "said_by": by,
            "said_at": timezone.now(),
        },
    )
    return said


def say_no_values(places: Iterable[Place], *, reason: str, by: User) -> Answers:
    """Say the same of several values; those of which it can't be said are named."""
    _given(reason, "Say why there are no values; the reason is kept.")
    done: list[NoValue] = []
    refused: list[RefusedPlace] = []
    for place in places:
        try:
            said = say_no_value(
                metric=place.metric,
                subject=place.subject,
                period=place.period,
                reason=reason,
                by=by,
            )
        except ValidationError as refusal:
            refused.append(RefusedPlace(place, " ".join(refusal.messages)))
        else:
            done.append(said)
    return Answers(tuple(done), tuple(refused))


def take_back_no_value(
    *, metric: MetricDefinition, subject: Subject, period: Period
) -> NoValue | None:
    """Expect the value again; what nobody said is none to take back."""
    with transaction.atomic():
        said = (
            NoValue.objects.select_for_update()
            .filter(metric=metric, subject=subject.pk, period_start=period.start)
            .first()
        )
        if said is not None:
            said.delete()
        return said


@transaction.atomic
def propose_exemption(
    *,
    metric: MetricDefinition,
    subject: Subject,
    reason: str,
    by: User,
    from_month: Month | None = None,
    until_month: Month | None = None,
) -> ExemptionProposal:
    """Propose that a metric does not apply to a subject; its values are missing until granted.

    Proposed again while it waits, the new months and reason hold.
    """
    first = BEGINNING if from_month is None else from_month
    errors = FieldErrors()
    with errors.of("reason"):
        reason = _sentence(reason, "Say why it does not apply; the reason is kept.")
    with errors.of("subject"):
        check_pair(metric.facts, subject.code, subject.kind)
    with errors.of("until_month"):
        check_span(first, until_month)
    with errors.of("from_month"):
        _refuse_exempt_already(metric, subject, first, until_month)
    errors.raise_any()
    fields: dict[str, Any] = {
        "from_month": first,
        "until_month": until_month,
        "reason": reason,
        "proposed_by": by,
        "proposed_at": timezone.now(),
    }
    waiting: dict[str, Any] = {
        "metric": metric,
        "subject_id": subject.pk,
        "state": ProposalState.WAITING,
    }
    try:
        with transaction.atomic():
            proposal, _ = ExemptionProposal.objects.update_or_create(**waiting, defaults=fields)
    except IntegrityError:
        # Somebody else's came in between; ours takes its place.
        proposal, _ = ExemptionProposal.objects.update_or_create(**waiting, defaults=fields)
    return proposal


@transaction.atomic
def take_back_proposal(proposal: ExemptionProposal) -> None:
    """Expect the values as before; only what waits can be taken back."""
    _still_waiting(proposal).delete()


@transaction.atomic
def grant_proposal(proposal: ExemptionProposal, *, by: User, answer: str = "") -> Exemption:
    """Make the exemption that was proposed; the scores it concerns fall due."""
    proposal = _still_waiting(proposal)
    exemption = Exemption(
        metric=proposal.metric,
        subject=proposal.subject,
        from_month=proposal.from_month,
        until_month=proposal.until_month,
        reason=proposal.reason,
    )
    _refuse_exempt_already(
        proposal.metric, proposal.subject, proposal.from_month, proposal.until_month
    )
    save_exemption(exemption, by=by, reason=f"Proposed by {name_of(proposal.proposed_by)}.")
    proposal.exemption = exemption
    _decide(proposal, ProposalState.GRANTED, by, answer.strip())
    return exemption


@transaction.atomic
def refuse_proposal(proposal: ExemptionProposal, *, by: User, answer: str) -> ExemptionProposal:
    """Go on expecting the values; the answer reaches the analyst."""
    answer = _given(answer, "Say why it is refused; the analyst reads it.", field="answer")
    proposal = _still_waiting(proposal)
    _decide(proposal, ProposalState.REFUSED, by, answer)
    return proposal


def _refuse_what_no_value_can_be_of(
    metric: MetricDefinition, subject: Subject, period: Period
) -> None:
    rules = stored_rules(metrics=[metric], subjects=[subject])
    errors = {
        problem.column: problem.as_error()
        for problem in rules.problems(metric.code, subject.code, rules.label(period), ANY_VALUE)
    }
    if errors:
        raise ValidationError(errors)


def _refuse_exempt_already(
    metric: MetricDefinition, subject: Subject, first: Month, last: Month | None
) -> None:
    until = LAST_MONTH if last is None else last
    for exemption in Exemption.objects.filter(metric=metric, subject=subject.pk):
        if exemption.from_month <= until and first <= (exemption.until_month or LAST_MONTH):
            raise ValidationError(
                f"{metric.code} does not apply to {subject.code} already"
                f" {_months(exemption.from_month, exemption.until_month)}; choose other months.",
                code="exempt",
            )


def _months(first: Month, last: Month | None) -> str:
    if first == BEGINNING and last is None:
        return "in any month"
    begins = "" if first == BEGINNING else f"from {first} on" if last is None else f"from {first}"
    return begins if last is None else f"{begins} until {last}".strip()


def _sentence(text: str, missing: str) -> str:
    if not text.strip():
        raise ValidationError(missing, code="required")
    return text.strip()


def _given(text: str, missing: str, field: str = "reason") -> str:
    errors = FieldErrors()
    with errors.of(field):
        text = _sentence(text, missing)
    errors.raise_any()
    return text


def _still_waiting(proposal: ExemptionProposal) -> ExemptionProposal:
    """The proposal as it is stored, locked; refused if it waits no longer."""
    # Locked before it is read with what it points to, which may have changed during the wait.
    list(ExemptionProposal.objects.select_for_update().filter(pk=proposal.pk).values_list("pk"))
    stored = (
        ExemptionProposal.objects.select_related("metric", "subject", "proposed_by", "decided_by")
        .filter(pk=proposal.pk)
        .first()
    )
    if stored is None:
        raise ValidationError("It was taken back meanwhile.", code="decided")
    if stored.state != ProposalState.WAITING:
        raise ValidationError(
            f"{name_of(stored.decided_by)} has {stored.get_state_display().lower()} it meanwhile.",
            code="decided",
        )
    return stored


def _decide(proposal: ExemptionProposal, state: ProposalState, by: User, answer: str) -> None:
    proposal.state, proposal.decided_by, proposal.decided_at = state, by, timezone.now()
    proposal.answer = answer
    proposal.save(update_fields=["state", "decided_by", "decided_at", "answer", "exemption"])
