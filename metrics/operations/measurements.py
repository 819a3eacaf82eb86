"""Recording, correcting and deleting values: the one place that writes a single measurement."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, User
from django.db import IntegrityError, transaction
from django.utils import timezone

from metrics.causes import current_request_id
from metrics.choices import Cadence, Door
from metrics.entry_rights import EntryRights
from metrics.models import ImportBatch, Measurement, MeasurementChange, MetricDefinition
from metrics.operations.locks import lock_out_closings
from metrics.operations.overtaking import NOT_LOOKED, NotLooked, Seen, refuse_if_overtaken
from metrics.operations.rescoring import mark_for_rescoring
from metrics.periods import Period
from metrics.validation.dependence import stored_rules
from metrics.validation.measurements import MeasurementRules, check_measurement
from projects.models import Subject
from projects.months import Month

logger = logging.getLogger(__name__)


class Outcome(StrEnum):
    """What became of a value that somebody gave."""

    CREATED = "created"
    CHANGED = "changed"
    SAME = "same"
    DRAFTED = "drafted"
    """It waits for approval, and is no measurement yet."""


@dataclass(frozen=True, slots=True)
class RecordedMeasurement:
    measurement: Measurement
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Given:
    """A value as somebody gives it at one moment, through one door."""

    value: float
    note: str
    by: User | None
    door: Door
    at: datetime
    batch: ImportBatch | None = None


def may_enter(
    user: AbstractBaseUser | AnonymousUser, metric: MetricDefinition, subject: Subject
) -> bool:
    """Values are entered by those they are assigned to, and where there is nobody, by any analyst.

    Asked about many values at once, use `EntryRights`.
    """
    return EntryRights.of(user, [metric.pk]).may_enter(metric.pk, subject.pk)


@transaction.atomic
def record_measurement(
    *,
    metric: MetricDefinition,
    subject: Subject,
    period: Period,
    value: float,
    note: str = "",
    by: User | None,
    door: Door,
    batch: ImportBatch | None = None,
    seen: Seen | NotLooked = NOT_LOOKED,
) -> RecordedMeasurement:
    """Record or correct one value; its scores fall due. Harmless to repeat.

    People's values come through `metrics.operations.entering.enter_value`, which asks more.
    """
    lock_out_closings()
    # What was read before the lock may have changed meanwhile.
    metric = MetricDefinition.objects.get(pk=metric.pk)
    rules = stored_rules(metrics=[metric], subjects=[subject])
    # There is one zero.
    given = Given(float(value) + 0.0, note, by, door, timezone.now(), batch)
    existing = stored_measurement(metric, subject, period)
    _check(metric, subject, period, given, existing, rules, seen)
    if existing is None:
        try:
            created = _record_first(metric, subject, period, given, rules)
            return RecordedMeasurement(created, Outcome.CREATED)
        except IntegrityError:
            # Somebody else's first value came in between; ours corrects it.
            existing = stored_measurement(metric, subject, period)
            if existing is None:
                raise
        _check(metric, subject, period, given, existing, rules, seen)
    return RecordedMeasurement(existing, _correct(existing, given))


@transaction.atomic
def delete_measurement(
    measurement: Measurement,
    *,
    by: User | None,
    door: Door,
    batch: ImportBatch | None = None,
    seen: Seen | NotLooked = NOT_LOOKED,
) -> None:
    """Delete a value, on record; one that is gone already is none to delete."""
    lock_out_closings()
    existing = (
        Measurement.objects.select_for_update()
        .select_related("metric", "subject")
        .filter(pk=measurement.pk)
        .first()
    )
    if existing is None:
        return
    refuse_if_overtaken(seen, existing)
    rules = stored_rules(metrics=[existing.metric], subjects=[existing.subject])
    period = Period(Cadence(existing.metric.cadence), existing.period_start)
    rules.refuse_change(period, (existing.value, existing.note), None)
    _keep_on_record(existing, by=by, door=door, at=timezone.now(), after=None, batch=batch)
    _tell("deleted", existing.metric, existing)
    existing.delete()
    mark_for_rescoring([existing.subject_id], Month(existing.month))


def stored_measurement(
    metric: MetricDefinition, subject: Subject, period: Period
) -> Measurement | None:
    """Locked, so that two who correct it at once each leave their change on record."""
    return (
        Measurement.objects.select_for_update()
        .filter(metric=metric, subject=subject.pk, period_start=period.start)
        .first()
    )


def _check(
    metric: MetricDefinition,
    subject: Subject,
    period: Period,
    given: Given,
    existing: Measurement | None,
    rules: MeasurementRules,
    seen: Seen | NotLooked,
) -> None:
    # Whoever gives what stands there already overwrites nothing.
    if existing is None or (existing.value, existing.note) != (given.value, given.note):
        refuse_if_overtaken(seen, existing)
    check_measurement(
        metric=metric,
        subject=subject,
        period=period,
        value=given.value,
        note=given.note,
        existing=existing,
        rules=rules,
    )


def _record_first(
    metric: MetricDefinition,
    subject: Subject,
    period: Period,
    given: Given,
    rules: MeasurementRules,
) -> Measurement:
    """The first value of its period; IntegrityError if somebody else's was faster."""
    measurement = Measurement(
        metric=metric,
        subject_id=subject.pk,
        period_start=period.start,
        month=period.month,
        value=given.value,
        note=given.note,
        door=given.door,
        batch=given.batch,
        entered_by=given.by,
        is_late=rules.is_late(period),
        created_at=given.at,
        changed_at=given.at,
    )
    with transaction.atomic():
        measurement.save(force_insert=True)
    mark_for_rescoring([subject.pk], period.month)
    _tell("first given", metric, measurement)
    return measurement


def _correct(existing: Measurement, given: Given) -> Outcome:
    if (existing.value, existing.note) == (given.value, given.note):
        return Outcome.SAME
    _keep_on_record(
        existing, by=given.by, door=given.door, at=given.at, after=given, batch=given.batch
    )
    is_other_value = existing.value != given.value
    existing.value, existing.note = given.value, given.note
    existing.entered_by, existing.door = given.by, given.door
    existing.batch = given.batch  # what is corrected by hand is no import's any more
    existing.changed_at = given.at
    existing.save()
    _tell("corrected", existing.metric, existing)
    if is_other_value:
        mark_for_rescoring([existing.subject_id], Month(existing.month))
    return Outcome.CHANGED


def _keep_on_record(
    existing: Measurement,
    *,
    by: User | None,
    door: Door,
    at: datetime,
    after: Given | None,
    batch: ImportBatch | None,
) -> None:
    MeasurementChange.objects.create(
        metric_id=existing.metric_id,
        subject_id=existing.subject_id,
        period_start=existing.period_start,
        value_before=existing.value,
        note_before=existing.note,
        entered_by_before_id=existing.entered_by_id,
        entered_at_before=existing.changed_at,
        door_before=existing.door,
        batch_before_id=existing.batch_id,
        value_after=after.value if after else None,
        note_after=after.note if after else "",
        door=door,
        changed_by=by,
        changed_at=at,
        batch=batch,
        request_id=current_request_id(),
    )


def _tell(what: str, metric: MetricDefinition, measurement: Measurement) -> None:
    """A line in the log, once it is true; a value's request is known by it."""
    names = {
        "measurement_id": measurement.pk,
        "metric": metric.code,
        "subject_id": measurement.subject_id,
        "period": str(measurement.period_start),
    }
    transaction.on_commit(partial(logger.info, "A value was %s.", what, extra=names))
