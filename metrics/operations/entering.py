"""Giving a value: the one function behind the form, the grid and the API."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from metrics.choices import Door
from metrics.judging import Judge
from metrics.models import DraftMeasurement, Measurement, MetricDefinition
from metrics.operations.drafts import keep_draft, waiting_draft, withdraw_waiting
from metrics.operations.locks import lock_out_closings
from metrics.operations.measurements import (
    Given,
    Outcome,
    record_measurement,
    stored_measurement,
)
from metrics.operations.overtaking import (
    NOT_LOOKED,
    NotLooked,
    OvertakenError,
    Seen,
    refuse_if_overtaken,
)
from metrics.periods import Period
from metrics.validation.dependence import stored_rules
from metrics.validation.measurements import check_measurement, refuse_unexplained
from projects.models import Subject

__all__ = ["NOT_LOOKED", "Entered", "NotLooked", "OvertakenError", "Seen", "enter_value"]


@dataclass(frozen=True, slots=True)
class Entered:
    """What became of a value; `measurement` is what is recorded now, `draft` what waits."""

    outcome: Outcome
    measurement: Measurement | None = None
    draft: DraftMeasurement | None = None


@transaction.atomic
def enter_value(
    *,
    metric: MetricDefinition,
    subject: Subject,
    period: Period,
    value: float,
    note: str = "",
    by: User,
    door: Door,
    seen: Seen | NotLooked = NOT_LOOKED,
) -> Entered:
    """Record a value, or let it wait for approval where the metric needs that.

    Whether the value is the person's to give is asked at the door (`EntryRights`). What is refused:
    what no measurement may be, a red value without the explanation that its metric asks for, and,
    as OvertakenError, a value that would overwrite what the person did not see.
    """
    lock_out_closings()
    # What was read before the lock may have changed meanwhile.
    metric = MetricDefinition.objects.get(pk=metric.pk)
    given = Given(float(value) + 0.0, note, by, door, timezone.now())  # there is one zero
    recorded = stored_measurement(metric, subject, period)
    waiting = waiting_draft(metric, subject, period)
    standing = waiting or recorded
    if standing is not None and (standing.value, standing.note) == (given.value, given.note):
        return Entered(Outcome.SAME, recorded, waiting)
    refuse_if_overtaken(seen, standing)
    if (red := _unexplained(metric, subject, period, given)) is not None:
        _check(metric, subject, period, given, recorded)  # what is worse is told first
        refuse_unexplained(red, given.note)
    if not metric.needs_approval:
        return _record(metric, subject, period, given, waiting, seen)
    if recorded is not None and (recorded.value, recorded.note) == (given.value, given.note):
        # What waited is taken back; what is recorded stays, and nobody has to approve that.
        withdraw_waiting([(metric.pk, subject.pk, period.start)], by=by, at=given.at)
        return Entered(Outcome.SAME, recorded)
    _check(metric, subject, period, given, recorded)
    draft = keep_draft(metric, subject, period, given, seen)
    return Entered(Outcome.DRAFTED, recorded, draft)


def _record(
    metric: MetricDefinition,
    subject: Subject,
    period: Period,
    given: Given,
    waiting: DraftMeasurement | None,
    seen: Seen | NotLooked,
) -> Entered:
    if waiting is not None:
        # Left over from when the metric needed approval; that one was seen, as the latest.
        withdraw_waiting([(metric.pk, subject.pk, period.start)], by=given.by, at=given.at)
        seen = NOT_LOOKED
    made = record_measurement(
        metric=metric,
        subject=subject,
        period=period,
        value=given.value,
        note=given.note,
        by=given.by,
        door=given.door,
        seen=seen,
    )
    return Entered(made.outcome, made.measurement)


def _unexplained(
    metric: MetricDefinition, subject: Subject, period: Period, given: Given
) -> float | None:
    """The red score that its metric wants explained and the person did not explain."""
    if not metric.asks_why_red or given.note.strip():
        return None
    judge = Judge.read([metric.pk], [subject.pk])
    red = judge.asks_why(metric.pk, subject.pk, period.month, given.value)
    return None if red is None else red.score


def _check(
    metric: MetricDefinition,
    subject: Subject,
    period: Period,
    given: Given,
    recorded: Measurement | None,
) -> None:
    check_measurement(
        metric=metric,
        subject=subject,
        period=period,
        value=given.value,
        note=given.note,
        existing=recorded,
        rules=stored_rules(metrics=[metric], subjects=[subject]),
    )
