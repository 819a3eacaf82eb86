"""Undoing a batch: what was there before it comes back, unless it was changed since.

A measurement of the batch is restored with everything it was signed with, so that an earlier batch
that it came from can be undone in its turn. That it was undone, by whom and when, stands in its
changes. What somebody changed since, and what lies in a closed month by now, stays and is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from metrics.batches.progress import Step, Steps
from metrics.batches.rows import JudgedRow
from metrics.bulk import among, is_postgresql
from metrics.causes import current_request_id
from metrics.choices import Door, DraftState
from metrics.closed_months import ClosedMonths
from metrics.models import (
    DraftMeasurement,
    ImportBatch,
    Measurement,
    MeasurementChange,
    MetricDefinition,
)
from metrics.operations.overtaking import name_of
from metrics.operations.rescoring import mark_from
from metrics.periods import period_holding
from metrics.validation.dependence import fiscal_year_starts_in
from metrics.validation.measurements import closed_month
from metrics.validation.numbers import number_text
from projects.models import Subject

ROWS_AT_ONCE = 5_000

UNDONE = "undone_measurements"
TOUCHED = "measurements_of_a_batch"
MADE = "changes_of_a_batch"

_MEASUREMENT = Measurement._meta.db_table
_CHANGE = MeasurementChange._meta.db_table
_SAME_PERIOD = " AND ".join(
    f"changed.{column} = stored.{column}" for column in ("metric_id", "subject_id", "period_start")
)

Key = tuple[int, int, date]
"""Metric, subject, first day."""


@dataclass(frozen=True, slots=True)
class Undoing:
    """What undoing a batch does, or would do."""

    deleted: int
    """Values that were new with the batch."""
    restored: int
    """Values that get back what they were before."""
    withdrawn: int
    """Drafts that still wait for approval."""
    waiting_again: int
    """Drafts that the batch had withdrawn, and that wait again."""
    left: list[JudgedRow]
    """What stays as it is, each with the reason."""


def undoing_of(batch: ImportBatch) -> Undoing:
    """What would become of each value of the batch."""
    undoing = _prepare(batch)
    _drop()
    return undoing


def undo(batch: ImportBatch, *, by: User | None, at: datetime, steps: Steps) -> Undoing:
    """Do it, in the caller's transaction, in which nobody else writes measurements."""
    steps.begin(Step.LOOKING)
    undoing = _prepare(batch)
    steps.begin(Step.RESTORING, undoing.deleted + undoing.restored)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT subject_id, MIN(month) FROM ("
            f"SELECT stored.subject_id, stored.month FROM {UNDONE} undone"
            f" JOIN {_MEASUREMENT} stored ON stored.id = undone.id"
            f" LEFT JOIN {_CHANGE} changed ON changed.id = undone.change_id"
            " WHERE changed.id IS NULL OR changed.value_before <> stored.value"
            ") touched GROUP BY subject_id"
        )
        touched = dict(cursor.fetchall())
        cursor.execute(f"CREATE INDEX {UNDONE}_by_id ON {UNDONE} (id)")
        cursor.execute(f"SELECT id FROM {UNDONE} ORDER BY id")
        ids = [row[0] for row in cursor.fetchall()]
    for done in range(0, len(ids), ROWS_AT_ONCE):
        steps.reach(done)
        some = ids[done : done + ROWS_AT_ONCE]
        _put_back(batch, some[0], some[-1], by=by, at=at)
    _drop()
    _withdraw(batch, by=by, at=at)
    mark_from(touched)
    return undoing


def _put_back(batch: ImportBatch, first: int, last: int, *, by: User | None, at: datetime) -> None:
    """A part of what is undone, so that somebody sees it go on."""
    moment = connection.ops.adapt_datetimefield_value(at)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_CHANGE} (metric_id, subject_id, period_start, value_before,"
            " note_before, entered_by_before_id, entered_at_before, door_before, batch_before_id,"
            " value_after, note_after, door, changed_by_id, changed_at, batch_id, request_id)"
            " SELECT stored.metric_id, stored.subject_id, stored.period_start, stored.value,"
            " stored.note, stored.entered_by_id, stored.changed_at, stored.door, stored.batch_id,"
            " changed.value_before, COALESCE(changed.note_before, ''), %s, %s, %s, %s, %s"
            f" FROM {UNDONE} undone JOIN {_MEASUREMENT} stored ON stored.id = undone.id"
            f" LEFT JOIN {_CHANGE} changed ON changed.id = undone.change_id"
            " WHERE undone.id BETWEEN %s AND %s ORDER BY undone.id",
            [
                Door.UNDO.value,
                by.pk if by else None,
                moment,
                batch.pk,
                current_request_id(),
                first,
                last,
            ],
        )
        cursor.execute(
            f"UPDATE {_MEASUREMENT} SET value = changed.value_before, note = changed.note_before,"
            " entered_by_id = changed.entered_by_before_id,"
            " changed_at = changed.entered_at_before, door = changed.door_before,"
            f" batch_id = changed.batch_before_id FROM {UNDONE} undone"
            f" JOIN {_CHANGE} changed ON changed.id = undone.change_id"
            f" WHERE {_MEASUREMENT}.id = undone.id AND undone.id BETWEEN %s AND %s",
            [first, last],
        )
        cursor.execute(
            f"DELETE FROM {_MEASUREMENT} WHERE id IN"
            f" (SELECT id FROM {UNDONE} WHERE change_id IS NULL AND id BETWEEN %s AND %s)",
            [first, last],
        )


def _prepare(batch: ImportBatch) -> Undoing:
    closed = _closed_months_of(batch)
    _stage(batch, closed)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*), COUNT(change_id) FROM {UNDONE}")
        found, restored = cursor.fetchone()
    drafts = DraftMeasurement.objects.aggregate(
        waiting=Count("pk", filter=_is_waiting(batch)),
        withdrawn=Count("pk", filter=_was_withdrawn_by(batch)),
    )
    again = len(_to_wait_again(batch)) if drafts["withdrawn"] else 0
    return Undoing(found - restored, restored, drafts["waiting"], again, _left(batch, closed))


def _drop() -> None:
    # Named with their schema, so that only temporary tables can ever be meant.
    schema = "pg_temp" if is_postgresql() else "temp"
    names = [f"{schema}.{table}" for table in (UNDONE, TOUCHED, MADE)]
    with connection.cursor() as cursor:
        for dropped in [", ".join(names)] if is_postgresql() else names:
            cursor.execute(f"DROP TABLE IF EXISTS {dropped}")


def _stage(batch: ImportBatch, closed: list[int]) -> None:
    """What is as the batch left it, each with the change that the batch made of an older value.

    Both sides are staged before they are joined: of rows that came a moment ago PostgreSQL's
    planner knows nothing, and would look each of them up among all others.
    """
    condition, months = among("month", closed)
    _drop()
    _make(
        TOUCHED,
        f"SELECT id, metric_id, subject_id, period_start FROM {_MEASUREMENT}"
        f" WHERE batch_id = %s AND NOT ({condition})",
        [batch.pk, *months],
    )
    _make(
        MADE,
        f"SELECT metric_id, subject_id, period_start, MAX(id) AS id FROM {_CHANGE}"
        # Not those of an undoing, of whatever door the batch itself came through.
        " WHERE batch_id = %s AND door <> %s GROUP BY metric_id, subject_id, period_start",
        [batch.pk, Door.UNDO.value],
    )
    _analyse(f"{TOUCHED}, {MADE}")
    _make(
        UNDONE,
        f"SELECT stored.id AS id, changed.id AS change_id FROM {TOUCHED} stored"
        f" LEFT JOIN {MADE} changed ON {_SAME_PERIOD}",
        [],
    )
    _analyse(UNDONE)


def _make(table: str, query: str, parameters: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE {table} AS {query}", parameters)


def _analyse(tables: str) -> None:
    if is_postgresql():
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {tables}")


def _closed_months_of(batch: ImportBatch) -> list[int]:
    closed = ClosedMonths.read()
    months = Measurement.objects.filter(batch=batch).order_by().values_list("month", flat=True)
    return [int(month) for month in months.distinct() if month in closed]


def _is_waiting(batch: ImportBatch) -> Q:
    return Q(batch=batch, state=DraftState.WAITING)


def _was_withdrawn_by(batch: ImportBatch) -> Q:
    """What a batch withdraws, it withdraws at the moment at which it is stored."""
    return Q(
        state=DraftState.WITHDRAWN, decided_at=batch.stored_at, decided_by=batch.created_by_id
    ) & ~Q(batch=batch.pk, batch__isnull=False)


def _withdraw(batch: ImportBatch, *, by: User | None, at: datetime) -> None:
    """Take back what waits; what the batch had withdrawn waits again."""
    again = _to_wait_again(batch)
    DraftMeasurement.objects.filter(_is_waiting(batch)).update(
        state=DraftState.WITHDRAWN, decided_by=by, decided_at=at
    )
    DraftMeasurement.objects.filter(pk__in=again).update(
        state=DraftState.WAITING, decided_by=None, decided_at=None
    )


def _to_wait_again(batch: ImportBatch) -> list[int]:
    """What the batch withdrew, unless something else waits or was decided there since."""
    withdrawn = DraftMeasurement.objects.filter(_was_withdrawn_by(batch))
    if batch.stored_at is None or not (places := _places(withdrawn)):
        return []
    later = DraftMeasurement.objects.filter(
        Q(state=DraftState.WAITING) | Q(decided_at__gt=batch.stored_at),
        metric__in={metric for metric, _, _ in places},
        subject__in={subject for _, subject, _ in places},
        period_start__in={start for _, _, start in places},
    ).exclude(batch=batch, state=DraftState.WAITING)
    taken = _places(later)
    return [pk for place, pk in places.items() if place not in taken]


def _places(drafts: QuerySet[DraftMeasurement]) -> dict[Key, int]:
    return {
        (metric, subject, start): pk
        for pk, metric, subject, start in drafts.order_by("pk").values_list(
            "pk", "metric", "subject", "period_start"
        )
    }


def _left(batch: ImportBatch, closed: list[int]) -> list[JudgedRow]:
    """What stays: what was changed or deleted since, and what lies in closed months."""
    reasons: dict[Key, tuple[float, float | None, str]] = {}
    for change in (
        MeasurementChange.objects.filter(batch_before=batch)
        .exclude(door=Door.UNDO, batch=batch)
        .select_related("changed_by")
        .order_by("-id")
    ):
        key = change.metric_id, change.subject_id, change.period_start
        if key not in reasons:
            reasons[key] = change.value_before, None, _changed_since(change)
    stored = {
        (row.metric_id, row.subject_id, row.period_start): row for row in _stored_at(list(reasons))
    }
    for key, row in stored.items():
        if row.batch_id == batch.pk:
            # Changed, and then put back by another undoing: it is the batch's again.
            del reasons[key]
            continue
        value, _, sentence = reasons[key]
        reasons[key] = (
            value,
            row.value,
            gettext("%(sentence)s It is %(value)s now.")
            % {"sentence": sentence, "value": number_text(row.value)},
        )
    if not closed:
        return _as_rows(reasons)
    older = {
        (metric, subject, start): value
        for metric, subject, start, value in MeasurementChange.objects.filter(batch=batch)
        .exclude(door=Door.UNDO)
        .values_list("metric_id", "subject_id", "period_start", "value_before")
    }
    for row in Measurement.objects.filter(batch=batch, month__in=closed):
        key = row.metric_id, row.subject_id, row.period_start
        sentence = closed_month(row.month, row.value, older.get(key))
        reasons[key] = row.value, row.value, sentence
    return _as_rows(reasons)


def _changed_since(change: MeasurementChange) -> str:
    at = timezone.localtime(change.changed_at).strftime("%Y-%m-%d %H:%M")
    if change.value_after is None:
        return gettext("%(person)s deleted it on %(time)s.") % {
            "person": name_of(change.changed_by),
            "time": at,
        }
    return gettext("%(person)s changed it to %(value)s on %(time)s.") % {
        "person": name_of(change.changed_by),
        "value": number_text(change.value_after),
        "time": at,
    }


def _stored_at(keys: list[Key]) -> list[Measurement]:
    wanted = set(keys)
    subjects = sorted({subject for _, subject, _ in keys})
    rows: list[Measurement] = []
    for start in range(0, len(subjects), 5_000):
        rows += Measurement.objects.filter(
            metric__in={metric for metric, _, _ in keys},
            subject__in=subjects[start : start + 5_000],
            period_start__in={first for _, _, first in keys},
        )
    return [row for row in rows if (row.metric_id, row.subject_id, row.period_start) in wanted]


def _as_rows(reasons: dict[Key, tuple[float, float | None, str]]) -> list[JudgedRow]:
    if not reasons:
        return []
    metrics = MetricDefinition.objects.in_bulk({metric for metric, _, _ in reasons})
    subjects = dict(
        Subject.objects.filter(pk__in={subject for _, subject, _ in reasons}).values_list(
            "pk", "code"
        )
    )
    starts_in = fiscal_year_starts_in()
    rows = []
    for (metric_id, subject_id, start), (value, now, sentence) in reasons.items():
        metric = metrics[metric_id]
        label = period_holding(start, metric.cadence, starts_in).label(starts_in)
        rows.append(
            JudgedRow(
                0,
                "",
                metric.code,
                subjects[subject_id],
                label,
                number_text(value),
                value,
                now,
                None,
                "",
                sentence,
            )
        )
    return sorted(rows, key=lambda row: (row.metric, row.subject, row.period))
