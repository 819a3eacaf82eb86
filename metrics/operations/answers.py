"""What is said instead of a value: there is none this time, or the metric does not apply.

Both leave the value missing in the scores; an exemption counts once it is granted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from metrics.choices import DraftState, ProposalState
from metrics.models import (
    DraftMeasurement,
    Exemption,
    ExemptionProposal,
    FormerNoValue,
    Measurement,
    MetricDefinition,
    NoValue,
)
from metrics.operations.definitions import save_exemption
from metrics.operations.locks import lock_out_answers, lock_out_closings
from metrics.operations.overtaking import name_of
from metrics.periods import Period
from metrics.validation.definitions import check_pair
from metrics.validation.dependence import stored_rules
from metrics.validation.numbers import number_text
from projects.models import Subject
from projects.months import BEGINNING, LAST_MONTH, Month
from projects.validation import FieldErrors, check_span

Key = tuple[int, int, date]
"""Metric, subject, first day."""

ANY_VALUE = "0"
"""Stands for the value that is not there, where the rules about values are asked."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value would stand."""

    metric: MetricDefinition
    subject: Subject
    period: Period

    @property
    def key(self) -> Key:
        return self.metric.pk, self.subject.pk, self.period.start


@dataclass(frozen=True, slots=True)
class RefusedPlace:
    """A place about which it could not be said, and why, by column."""

    place: Place
    refusal: ValidationError

    @property
    def sentence(self) -> str:
        return " ".join(self.refusal.messages)


@dataclass(frozen=True, slots=True)
class Answers:
    """What became of one answer that was given for several values."""

    done: tuple[NoValue, ...]
    refused: tuple[RefusedPlace, ...]


@dataclass(frozen=True, slots=True)
class RefusedPair:
    """A pair that could not be proposed, and why, by column."""

    metric: MetricDefinition
    subject: Subject
    refusal: ValidationError

    @property
    def sentence(self) -> str:
        return " ".join(self.refusal.messages)


@dataclass(frozen=True, slots=True)
class Proposals:
    """What became of one "does not apply" that was said of several pairs."""

    done: tuple[ExemptionProposal, ...]
    refused: tuple[RefusedPair, ...]


def say_no_value(
    *, metric: MetricDefinition, subject: Subject, period: Period, reason: str, by: User
) -> NoValue:
    """Say that a period has no value, and why; said again, the new reason holds."""
    answers = say_no_values([Place(metric, subject, period)], reason=reason, by=by)
    if answers.refused:
        raise answers.refused[0].refusal
    return answers.done[0]


@transaction.atomic
def say_no_values(places: Iterable[Place], *, reason: str, by: User) -> Answers:
    """Say the same of several values in one go; those of which it can't be said are named.

    In a fixed number of queries. A reason that held before goes on record.
    """
    reason = _given(reason, gettext("Say why there is no value; the reason is kept."))
    lock_out_closings()
    lock_out_answers()
    asked = {place.key: place for place in places}
    rules = stored_rules(
        metrics=[place.metric for place in asked.values()],
        subjects=[place.subject for place in asked.values()],
    )
    recorded, waiting = _standing(Measurement, asked), _standing(_waiting_drafts(), asked)
    refused = []
    for key, place in asked.items():
        errors: dict[str, Any] = {
            problem.column: problem.as_error()
            for problem in rules.problems(
                place.metric.code, place.subject.code, rules.label(place.period), ANY_VALUE
            )
        }
        if not errors and (stands := _stands_there(recorded.get(key), waiting.get(key))):
            errors = {"period": ValidationError(stands, code="value")}
        if errors:
            refused.append(RefusedPlace(place, ValidationError(errors)))
    impossible = {row.place.key for row in refused}
    said = [place for key, place in asked.items() if key not in impossible]
    return Answers(tuple(_say(said, reason, by)), tuple(refused))


def _say(places: Sequence[Place], reason: str, by: User) -> Iterator[NoValue]:
    now = timezone.now()
    before = _standing(NoValue, {place.key: place for place in places})
    other = {key: said for key, said in before.items() if said.reason != reason}
    _end(other.values(), by=by, at=now, is_replaced=True)
    fresh = [
        NoValue(
            metric=place.metric,
            subject_id=place.subject.pk,
            period_start=place.period.start,
            month=place.period.month,
            reason=reason,
            said_by=by,
            said_at=now,
        )
        for place in places
        if place.key not in before or place.key in other
    ]
    made = {_key_of(row): row for row in NoValue.objects.bulk_create(fresh)}
    for place in places:
        yield made.get(place.key) or before[place.key]


def take_back_no_value(
    *, metric: MetricDefinition, subject: Subject, period: Period, by: User, why: str
) -> FormerNoValue | None:
    """Expect the value again; what nobody said is none to take back."""
    ended = take_back_no_values([Place(metric, subject, period)], by=by, why=why)
    return ended[0] if ended else None


@transaction.atomic
def take_back_no_values(places: Iterable[Place], *, by: User, why: str) -> list[FormerNoValue]:
    """Expect several values again; what was said goes on record, with who took it back and why."""
    why = _given(
        why, gettext("Say why the value is expected again; the reason is kept."), field="why"
    )
    lock_out_answers()
    said = _standing(NoValue, {place.key: place for place in places})
    return _end(said.values(), by=by, at=timezone.now(), why=why)


def _end(
    said: Collection[NoValue], *, by: User, at: datetime, why: str = "", is_replaced: bool = False
) -> list[FormerNoValue]:
    """Put what was said on record, as it was said, and out of force."""
    ended = FormerNoValue.objects.bulk_create(
        FormerNoValue(
            metric_id=row.metric_id,
            subject_id=row.subject_id,
            period_start=row.period_start,
            reason=row.reason,
            said_by_id=row.said_by_id,
            said_at=row.said_at,
            ended_by=by,
            ended_at=at,
            is_replaced=is_replaced,
            why=why,
        )
        for row in said
    )
    NoValue.objects.filter(pk__in=[row.pk for row in said]).delete()
    return ended


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

    Proposed again by the same person while it waits, the new months and reason hold; what somebody
    else has proposed stays theirs, and is named.
    """
    proposals = propose_exemptions(
        [(metric, subject)],
        reason=reason,
        by=by,
        from_month=from_month,
        until_month=until_month,
    )
    if proposals.refused:
        raise proposals.refused[0].refusal
    return proposals.done[0]


@transaction.atomic
def propose_exemptions(
    pairs: Iterable[tuple[MetricDefinition, Subject]],
    *,
    reason: str,
    by: User,
    from_month: Month | None = None,
    until_month: Month | None = None,
) -> Proposals:
    """Propose the same of several pairs in one go; those of which it can't be said are named."""
    asked = {(metric.pk, subject.pk): (metric, subject) for metric, subject in pairs}
    first = BEGINNING if from_month is None else from_month
    common = FieldErrors()
    with common.of("reason"):
        reason = _sentence(reason, gettext("Say why it does not apply; the reason is kept."))
    with common.of("until_month"):
        check_span(first, until_month)
    if len(asked) != 1:
        # What is wrong with the answer itself is no refusal of each pair.
        common.raise_any()
    lock_out_answers()
    exempt, waiting = _exemptions_of(asked), _waiting_proposals_of(asked)
    done: list[ExemptionProposal] = []
    refused: list[RefusedPair] = []
    for pair, (metric, subject) in asked.items():
        errors = FieldErrors()
        errors.by_field.update(common.by_field)
        with errors.of("subject"):
            check_pair(metric.facts, subject.code, subject.kind)
        with errors.of("from_month"):
            _refuse_exempt_already(metric, subject, exempt[pair], first, until_month)
        with errors.of(NON_FIELD_ERRORS):
            _refuse_somebody_elses(waiting.get(pair), by)
        try:
            errors.raise_any()
        except ValidationError as refusal:
            refused.append(RefusedPair(metric, subject, refusal))
            continue
        row = waiting.get(pair) or ExemptionProposal(metric=metric, subject_id=subject.pk)
        row.from_month, row.until_month, row.reason = first, until_month, reason
        row.proposed_by, row.proposed_at = by, timezone.now()
        row.save()
        done.append(row)
    return Proposals(tuple(done), tuple(refused))


@transaction.atomic
def take_back_proposal(proposal: ExemptionProposal, *, by: User) -> ExemptionProposal:
    """Expect the values as before; only one's own can be taken back, while it waits."""
    proposal = _still_waiting(proposal)
    if proposal.proposed_by is not None and proposal.proposed_by != by:
        raise ValidationError(
            gettext("It was proposed by %(proposed_by)s, who alone can take it back.")
            % {"proposed_by": name_of(proposal.proposed_by)},
            code="not_yours",
        )
    _decide(proposal, ProposalState.WITHDRAWN, by, "")
    return proposal


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
    pair = proposal.metric_id, proposal.subject_id
    _refuse_exempt_already(
        proposal.metric,
        proposal.subject,
        _exemptions_of([pair])[pair],
        proposal.from_month,
        proposal.until_month,
    )
    save_exemption(exemption, by=by, reason=f"Proposed by {name_of(proposal.proposed_by)}.")
    proposal.exemption = exemption
    _decide(proposal, ProposalState.GRANTED, by, answer.strip())
    return exemption


@transaction.atomic
def refuse_proposal(proposal: ExemptionProposal, *, by: User, answer: str) -> ExemptionProposal:
    """Go on expecting the values; the answer reaches the analyst."""
    answer = _given(answer, gettext("Say why it is refused; the analyst reads it."), field="answer")
    proposal = _still_waiting(proposal)
    _decide(proposal, ProposalState.REFUSED, by, answer)
    return proposal


Standing = TypeVar("Standing", Measurement, DraftMeasurement, NoValue)


def _standing(
    rows: type[Standing] | QuerySet[Standing], asked: Mapping[Key, Place]
) -> dict[Key, Standing]:
    """What stands at these places, locked, with who gave it."""
    of_them = rows if isinstance(rows, QuerySet) else rows._default_manager.all()
    who = "said_by" if of_them.model is NoValue else "entered_by"
    found = (
        of_them.select_for_update(of=("self",))
        .select_related(who)
        .filter(
            metric__in={key[0] for key in asked},
            subject__in={key[1] for key in asked},
            period_start__in={key[2] for key in asked},
        )
    )
    by_key = {_key_of(row): row for row in found.order_by("pk")}
    return {key: row for key, row in by_key.items() if key in asked}


def _key_of(row: Measurement | DraftMeasurement | NoValue) -> Key:
    return row.metric_id, row.subject_id, row.period_start


def _waiting_drafts() -> QuerySet[DraftMeasurement]:
    return DraftMeasurement.objects.filter(state=DraftState.WAITING)


def _stands_there(recorded: Measurement | None, waiting: DraftMeasurement | None) -> str:
    """The value of which nobody can say that there is none."""
    if recorded is not None:
        return gettext("There is a value, %(recorded)s, given by %(entered_by)s.") % {
            "recorded": number_text(recorded.value),
            "entered_by": name_of(recorded.entered_by),
        }
    if waiting is not None:
        return gettext(
            "A value waits for approval, %(waiting)s, given by %(entered_by)s; take it back first."
        ) % {"waiting": number_text(waiting.value), "entered_by": name_of(waiting.entered_by)}
    return ""


Pair = tuple[int, int]


def _exemptions_of(pairs: Collection[Pair]) -> dict[Pair, list[Exemption]]:
    found: dict[Pair, list[Exemption]] = defaultdict(list)
    rows = Exemption.objects.filter(
        metric__in={metric for metric, _ in pairs}, subject__in={subject for _, subject in pairs}
    )
    for row in rows:
        found[row.metric_id, row.subject_id].append(row)
    return found


def _waiting_proposals_of(pairs: Collection[Pair]) -> dict[Pair, ExemptionProposal]:
    """Locked, so that one that is being decided about is not proposed again meanwhile."""
    rows = (
        ExemptionProposal.objects.select_for_update(of=("self",))
        .select_related("proposed_by")
        .filter(
            metric__in={metric for metric, _ in pairs},
            subject__in={subject for _, subject in pairs},
            state=ProposalState.WAITING,
        )
    )
    return {(row.metric_id, row.subject_id): row for row in rows.order_by("pk")}


def _refuse_somebody_elses(waiting: ExemptionProposal | None, by: User) -> None:
    """One of another person that waits is not silently replaced."""
    if waiting is None or waiting.proposed_by is None or waiting.proposed_by == by:
        return
    on = timezone.localdate(waiting.proposed_at)
    when = _months(waiting.from_month, waiting.until_month)
    raise ValidationError(
        gettext(
            "%(person)s proposed on %(day)s that it does not apply %(months)s:"
            " “%(reason)s” That waits for a PMO lead, and only who proposed it can change it or"
            " take it back."
        )
        % {
            "person": name_of(waiting.proposed_by),
            "day": on,
            "months": when,
            "reason": waiting.reason,
        },
        code="proposed",
    )


def _refuse_exempt_already(
    metric: MetricDefinition,
    subject: Subject,
    exemptions: Iterable[Exemption],
    first: Month,
    last: Month | None,
) -> None:
    until = LAST_MONTH if last is None else last
    for exemption in exemptions:
        if exemption.from_month <= until and first <= (exemption.until_month or LAST_MONTH):
            raise ValidationError(
                gettext(
                    "%(metric)s does not apply to %(subject)s already %(months)s;"
                    " choose other months."
                )
                % {
                    "metric": metric.code,
                    "subject": subject.code,
                    "months": _months(exemption.from_month, exemption.until_month),
                },
                code="exempt",
            )


def _months(first: Month, last: Month | None) -> str:
    if first == BEGINNING and last is None:
        return gettext("in any month")
    if last is None:
        return gettext("from %(first)s on") % {"first": first}
    if first == BEGINNING:
        return gettext("until %(last)s") % {"last": last}
    return gettext("from %(first)s until %(last)s") % {"first": first, "last": last}


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
        raise ValidationError(gettext("It was taken back meanwhile."), code="decided")
    if stored.state != ProposalState.WAITING:
        sentence = _DECIDED[ProposalState(stored.state)]
        raise ValidationError(sentence % {"person": name_of(stored.decided_by)}, code="decided")
    return stored


_DECIDED = {
    ProposalState.GRANTED: gettext_lazy("%(person)s granted it meanwhile."),
    ProposalState.REFUSED: gettext_lazy("%(person)s refused it meanwhile."),
    ProposalState.WITHDRAWN: gettext_lazy("%(person)s took back it meanwhile."),
}


def _decide(proposal: ExemptionProposal, state: ProposalState, by: User, answer: str) -> None:
    proposal.state, proposal.decided_by, proposal.decided_at = state, by, timezone.now()
    proposal.answer = answer
    proposal.save(update_fields=["state", "decided_by", "decided_at", "answer", "exemption"])
