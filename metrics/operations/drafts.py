"""Values that wait for approval: kept, withdrawn, approved, rejected.

A draft is no measurement: no score moves before somebody else has approved it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from metrics.choices import Cadence, Door, DraftState
from metrics.models import DraftMeasurement, ImportBatch, Measurement, MetricDefinition
from metrics.operations.locks import lock_out_closings
from metrics.operations.measurements import (
    Given,
    RecordedMeasurement,
    record_measurement,
    stored_measurement,
)
from metrics.operations.overtaking import NotLooked, Seen, name_of, refuse_if_overtaken
from metrics.periods import Period
from metrics.validation.numbers import number_text
from projects.models import Subject

ROWS_AT_ONCE = 500

Key = tuple[int, int, date]
"""Metric, subject, first day."""


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A checked value of a metric that needs approval, as a batch has it."""

    metric_id: int
    subject_id: int
    period_start: date
    month: int
    value: float
    note: str = ""

    @property
    def key(self) -> Key:
        return self.metric_id, self.subject_id, self.period_start


def waiting_draft(
    metric: MetricDefinition, subject: Subject, period: Period
) -> DraftMeasurement | None:
    """The value that waits for approval, locked."""
    return (
        DraftMeasurement.objects.select_for_update()
        .filter(
            metric=metric,
            subject=subject.pk,
            period_start=period.start,
            state=DraftState.WAITING,
        )
        .first()
    )


def keep_draft(
    metric: MetricDefinition,
    subject: Subject,
    period: Period,
    given: Given,
    seen: Seen | NotLooked,
) -> DraftMeasurement:
    """Let a checked value wait for approval instead of the one that waited before it."""
    standing = waiting_draft(metric, subject, period)
    if standing is not None:
        if (standing.value, standing.note) == (given.value, given.note):
            return standing
        refuse_if_overtaken(seen, standing)
        withdraw(standing, by=given.by, at=given.at)
    draft = DraftMeasurement(
        metric=metric,
        subject_id=subject.pk,
        period_start=period.start,
        month=period.month,
        value=given.value,
        note=given.note,
        door=given.door,
        batch=given.batch,
        entered_by=given.by,
        entered_at=given.at,
    )
    try:
        with transaction.atomic():
            draft.save(force_insert=True)
    except IntegrityError:
        # Somebody else's came in between.
        overtaker = waiting_draft(metric, subject, period)
        if overtaker is None:
            raise
        refuse_if_overtaken(seen, overtaker)
        withdraw(overtaker, by=given.by, at=given.at)
        draft.save(force_insert=True)
    return draft


def withdraw(draft: DraftMeasurement, *, by: User | None, at: datetime) -> None:
    """The draft waits no longer, without a decision about it; the caller holds it locked."""
    draft.state, draft.decided_by, draft.decided_at = DraftState.WITHDRAWN, by, at
    draft.save(update_fields=["state", "decided_by", "decided_at"])


def keep_drafts(
    rows: Sequence[DraftRow],
    *,
    by: User | None,
    door: Door,
    batch: ImportBatch | None = None,
    at: datetime | None = None,
) -> int:
    """Many checked values at once; those that waited for the same periods are withdrawn.

    Call it in a transaction that has locked out closings. How many wait anew: a value that waits
    already stays as it is.
    """
    at = at or timezone.now()
    kept = 0
    for start in range(0, len(rows), ROWS_AT_ONCE):
        kept += _keep_some(rows[start : start + ROWS_AT_ONCE], by, door, batch, at)
    return kept


def withdraw_waiting(keys: Sequence[Key], *, by: User | None, at: datetime) -> int:
    """Take back what waits for these periods: what is recorded there is right; how many it was.

    Call it, as `keep_drafts`, in a transaction that has locked out closings.
    """
    withdrawn = 0
    for start in range(0, len(keys), ROWS_AT_ONCE):
        waiting = [draft.pk for _, draft in _waiting_at(keys[start : start + ROWS_AT_ONCE])]
        withdrawn += _withdraw_all(waiting, by, at)
    return withdrawn


def _waiting_at(keys: Iterable[Key]) -> list[tuple[Key, DraftMeasurement]]:
    """What waits for some periods, locked."""
    wanted = set(keys)
    waiting = DraftMeasurement.objects.select_for_update().filter(
        state=DraftState.WAITING,
        metric__in={key[0] for key in wanted},
        subject__in={key[1] for key in wanted},
        period_start__in={key[2] for key in wanted},
    )
    found = [
        ((draft.metric_id, draft.subject_id, draft.period_start), draft)
        for draft in waiting.order_by("pk")
    ]
    return [(key, draft) for key, draft in found if key in wanted]


def _withdraw_all(drafts: Sequence[int], by: User | None, at: datetime) -> int:
    return DraftMeasurement.objects.filter(pk__in=drafts).update(
        state=DraftState.WITHDRAWN, decided_by=by, decided_at=at
    )


def _keep_some(
    rows: Sequence[DraftRow],
    by: User | None,
    door: Door,
    batch: ImportBatch | None,
    at: datetime,
) -> int:
    wanted = {row.key: row for row in rows}
    replaced = []
    for key, draft in _waiting_at(wanted):
        row = wanted[key]
        if (draft.value, draft.note) == (row.value, row.note):
            del wanted[key]
        else:
            replaced.append(draft.pk)
    _withdraw_all(replaced, by, at)
    DraftMeasurement.objects.bulk_create(
        DraftMeasurement(
            metric_id=row.metric_id,
            subject_id=row.subject_id,
            period_start=row.period_start,
            month=row.month,
            value=row.value,
            note=row.note,
            door=door,
            batch=batch,
            entered_by=by,
            entered_at=at,
        )
        for row in wanted.values()
    )
    return len(wanted)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A draft about which the decision could not be carried out, and why."""

    draft: DraftMeasurement
    sentence: str


@dataclass(frozen=True, slots=True)
class Decisions:
    """What became of several drafts that were decided in one go."""

    done: tuple[DraftMeasurement, ...]
    refused: tuple[Refusal, ...]


@transaction.atomic
def approve_draft(draft: DraftMeasurement, *, by: User) -> RecordedMeasurement:
    """Make the draft a measurement, in the name of who gave it; ValidationError says why not."""
    lock_out_closings()
    draft = _decidable(draft, by)
    metric, subject = draft.metric, draft.subject
    period = Period(Cadence(metric.cadence), draft.period_start)
    _refuse_if_changed_since(draft, stored_measurement(metric, subject, period))
    recorded = record_measurement(
        metric=metric,
        subject=subject,
        period=period,
        value=draft.value,
        note=draft.note,
        by=draft.entered_by,
        door=Door(draft.door),
        batch=draft.batch,
    )
    _decide(draft, DraftState.APPROVED, by)
    return recorded


@transaction.atomic
def reject_draft(draft: DraftMeasurement, *, by: User, reason: str) -> DraftMeasurement:
    """Send the value back to who gave it, with a reason."""
    if not reason.strip():
        raise ValidationError(
            {"reason": ValidationError(gettext("Say why; the analyst reads it."), code="required")}
        )
    draft = _decidable(draft, by)
    _decide(draft, DraftState.REJECTED, by, reason.strip())
    return draft


@transaction.atomic
def withdraw_draft(draft: DraftMeasurement, *, by: User) -> DraftMeasurement:
    """Take one's own value back before it is decided about."""
    draft = _still_waiting(draft)
    if draft.entered_by_id != by.pk:
        raise ValidationError(
            gettext("The value was given by %(entered_by)s, who alone can take it back.")
            % {"entered_by": name_of(draft.entered_by)},
            code="not_yours",
        )
    withdraw(draft, by=by, at=timezone.now())
    return draft


def approve_drafts(drafts: Iterable[DraftMeasurement], *, by: User) -> Decisions:
    """Approve each that can be; the others are named with what stands against it."""
    return _decide_each(drafts, lambda draft: approve_draft(draft, by=by))


def reject_drafts(drafts: Iterable[DraftMeasurement], *, by: User, reason: str) -> Decisions:
    """Reject each that can be, all with one reason."""
    return _decide_each(drafts, lambda draft: reject_draft(draft, by=by, reason=reason))


def _decide_each(
    drafts: Iterable[DraftMeasurement], decide: Callable[[DraftMeasurement], object]
) -> Decisions:
    done: list[DraftMeasurement] = []
    refused: list[Refusal] = []
    for draft in drafts:
        try:
            decide(draft)
        except ValidationError as refusal:
            refused.append(Refusal(draft, " ".join(refusal.messages)))
        else:
            done.append(draft)
    return Decisions(tuple(done), tuple(refused))


def _still_waiting(draft: DraftMeasurement) -> DraftMeasurement:
    """The draft as it is stored, locked; refused if it waits no longer."""
    # Locked before it is read with what it points to, which may have changed during the wait.
    list(DraftMeasurement.objects.select_for_update().filter(pk=draft.pk).values_list("pk"))
    stored = DraftMeasurement.objects.select_related(
        "metric", "subject", "entered_by", "decided_by", "batch"
    ).get(pk=draft.pk)
    if stored.state != DraftState.WAITING:
        raise ValidationError(
            _DECIDED[DraftState(stored.state)] % {"person": name_of(stored.decided_by)},
            code="decided",
        )
    return stored


_DECIDED = {
    DraftState.APPROVED: gettext_lazy("It waits no longer: %(person)s approved it meanwhile."),
    DraftState.REJECTED: gettext_lazy("It waits no longer: %(person)s rejected it meanwhile."),
    DraftState.WITHDRAWN: gettext_lazy(
        "It waits no longer: %(person)s withdrew or replaced it meanwhile."
    ),
}


def _decidable(draft: DraftMeasurement, by: User) -> DraftMeasurement:
    draft = _still_waiting(draft)
    if draft.entered_by_id == by.pk:
        raise ValidationError(
            gettext("You gave this value yourself; somebody else decides about it."), code="own"
        )
    return draft


def _refuse_if_changed_since(draft: DraftMeasurement, now: Measurement | None) -> None:
    """What came after the draft is not silently put back to what the draft says."""
    if now is None or now.changed_at <= draft.entered_at or now.value == draft.value:
        return
    raise ValidationError(
        gettext(
            "After it was sent, %(entered_by)s recorded %(now)s. Reject it, so that it can be"
            " given again."
        )
        % {"entered_by": name_of(now.entered_by), "now": number_text(now.value)},
        code="overtaken",
    )


def _decide(draft: DraftMeasurement, state: DraftState, by: User, answer: str = "") -> None:
    draft.state, draft.decided_by, draft.decided_at = state, by, timezone.now()
    draft.answer = answer
    draft.save(update_fields=["state", "decided_by", "decided_at", "answer"])
