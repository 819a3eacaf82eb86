"""Checked measurements in a temporary table, and from there set by set to where they belong.

The statements are the same on both databases; what differs is how rows get into the table.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.contrib.auth.models import User
from django.db import connection

from metrics.bulk import copied, is_postgresql
from metrics.causes import current_request_id
from metrics.choices import Door
from metrics.models import ImportBatch, Measurement, MeasurementChange

STAGED = "staged_measurements"
CHANGED = "changed_measurements"
ROWS_IN_CHUNK = 1_000
MANY_ROWS = 10_000

StagedRow = tuple[int, int, int, str, int, int, Any, str | None]
"""Line, metric, subject, first day, month, whether that is closed, value, note (None = not told).

The value is a float, or on PostgreSQL a text that it reads as the same number.
"""


@dataclass(frozen=True, slots=True)
class Signature:
    """Who stores, when and through which door; an import signs with its batch."""

    by: User | None
    at: datetime
    door: Door = Door.WORKSPACE
    batch: ImportBatch | None = None

    @property
    def columns(self) -> list[Any]:
        """Door, person, moment and batch, as both databases take them."""
        at = connection.ops.adapt_datetimefield_value(self.at)
        batch = self.batch.pk if self.batch else None
        return [self.door.value, self.by.pk if self.by else None, at, batch]

    @property
    def change_columns(self) -> list[Any]:
        """The same and the request, as a change tells it."""
        return [*self.columns, current_request_id()]


_MEASUREMENT = Measurement._meta.db_table
_CHANGE = MeasurementChange._meta.db_table
_KEY = ("metric_id", "subject_id", "period_start")
_SAME_PERIOD = " AND ".join(f"stored.{column} = staged.{column}" for column in _KEY)


def fill_staging_table(rows: Iterable[StagedRow]) -> None:
    """Make the table anew and put the rows into it while they are being made."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {_temporary(STAGED)}")
        cursor.execute(
            f"CREATE TEMPORARY TABLE {STAGED} (line bigint, metric_id bigint, subject_id bigint,"
            " period_start date, month integer, is_closed boolean, value double precision,"
            " note text)"
        )
        if is_postgresql():
            cursor.copy_expert(f"COPY {STAGED} FROM STDIN", _CopyStream(rows))
            # A new temporary table has no statistics, and the planner would guess wildly.
            cursor.execute(f"ANALYZE {STAGED}")
        else:
            marks = ", ".join("?" * 8)
            cursor.connection.executemany(f"INSERT INTO {STAGED} VALUES ({marks})", rows)


class _CopyStream:
    """Lets COPY read rows that are still being made."""

    def __init__(self, rows: Iterable[StagedRow]) -> None:
        self._lines = (
            f"{line}\t{metric}\t{subject}\t{start}\t{month}\t{is_closed}\t{value}\t"
            f"{copied(note) if note or note is None else ''}\n"
            for line, metric, subject, start, month, is_closed, value, note in rows
        )

    def read(self, size: int = 0) -> bytes:
        return "".join(islice(self._lines, ROWS_IN_CHUNK)).encode()


def drop_staging_tables() -> None:
    with connection.cursor() as cursor:
        for table in (STAGED, CHANGED):
            cursor.execute(f"DROP TABLE IF EXISTS {_temporary(table)}")


def _temporary(table: str) -> str:
    """Named with its schema, so that only a temporary table can ever be meant."""
    return f"{'pg_temp' if is_postgresql() else 'temp'}.{table}"


def duplicates(most: int) -> tuple[list[tuple[int, int]], int]:
    """The first lines that repeat the period of an earlier one, with that line; and how many."""
    key = ", ".join(_KEY)
    groups = f"SELECT {key}, MIN(line) AS first FROM {STAGED} GROUP BY {key} HAVING COUNT(*) > 1"
    repeated = (
        f"FROM {STAGED} staged JOIN ({groups}) stored"
        f" ON {_SAME_PERIOD} AND staged.line > stored.first"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT staged.line, stored.first {repeated} ORDER BY staged.line LIMIT %s", [most]
        )
        told = cursor.fetchall()
        if len(told) < most:
            return told, len(told)
        cursor.execute(f"SELECT COUNT(*) {repeated}")
        return told, cursor.fetchone()[0]


def find_changes() -> None:
    """Staged rows that say something else than what is stored; a note that is not told stays."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {_temporary(CHANGED)}")
        cursor.execute(
            f"CREATE TEMPORARY TABLE {CHANGED} (id bigint PRIMARY KEY, line bigint,"
            " subject_id bigint, month integer, is_closed boolean, value double precision,"
            " note text, value_before double precision)"
        )
        # Grouped, because duplicates are told and must not stumble over the key before that.
        cursor.execute(
            f"INSERT INTO {CHANGED} SELECT stored.id, MAX(staged.line), MAX(staged.subject_id),"
            " MAX(staged.month), staged.is_closed, MAX(staged.value),"
            " MAX(COALESCE(staged.note, stored.note)), MAX(stored.value)"
            f" FROM {STAGED} staged JOIN {_MEASUREMENT} stored ON {_SAME_PERIOD}"
            " WHERE staged.value <> stored.value OR staged.note <> stored.note"
            " GROUP BY stored.id, staged.is_closed"
        )
        if is_postgresql():
            cursor.execute(f"ANALYZE {CHANGED}")


def changes_in_closed_months(most: int) -> tuple[list[tuple[int, int, float, float]], int]:
    """Line, month, value before and after of the first of them, and how many there are."""
    closed = f"FROM {CHANGED} WHERE is_closed"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT line, month, value_before, value {closed} ORDER BY line LIMIT %s", [most]
        )
        told = cursor.fetchall()
        cursor.execute(f"SELECT COUNT(*) {closed}")
        return told, cursor.fetchone()[0]


def newest_measurement() -> int:
    """The key below which nothing is that is stored from now on."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COALESCE(MAX(id), 0) FROM {_MEASUREMENT}")
        return int(cursor.fetchone()[0])


def insert_new(signature: Signature) -> int:
    """Store the rows of periods that have no value yet; how many those were."""
    door, person, at, batch = signature.columns
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_MEASUREMENT} (metric_id, subject_id, period_start, month, value, note,"
            " is_late, door, entered_by_id, created_at, changed_at, batch_id)"
            " SELECT metric_id, subject_id, period_start, month, value, COALESCE(note, ''),"
            f" is_closed, %s, %s, %s, %s, %s FROM {STAGED} WHERE true"
            f" ON CONFLICT ({', '.join(_KEY)}) DO NOTHING",
            [door, person, at, at, batch],
        )
        created = int(cursor.rowcount)
        if is_postgresql() and created > MANY_ROWS:
            cursor.execute(f"ANALYZE {_MEASUREMENT}")
    return created


def apply_changes(signature: Signature) -> int:
    """Correct the values that were found to differ, each on record; how many those were."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_CHANGE} (metric_id, subject_id, period_start, value_before,"
            " note_before, entered_by_before_id, entered_at_before, door_before, batch_before_id,"
            " value_after, note_after, door, changed_by_id, changed_at, batch_id, request_id)"
            " SELECT stored.metric_id, stored.subject_id, stored.period_start, stored.value,"
            " stored.note, stored.entered_by_id, stored.changed_at, stored.door, stored.batch_id,"
            " changed.value, changed.note, %s, %s, %s, %s, %s"
            f" FROM {CHANGED} changed JOIN {_MEASUREMENT} stored ON stored.id = changed.id"
            " ORDER BY changed.line",
            signature.change_columns,
        )
        cursor.execute(
            f"UPDATE {_MEASUREMENT} SET value = changed.value, note = changed.note, door = %s,"
            f" entered_by_id = %s, changed_at = %s, batch_id = %s FROM {CHANGED} changed"
            f" WHERE {_MEASUREMENT}.id = changed.id",
            signature.columns,
        )
        return int(cursor.rowcount)


def touched_months(newest: int | None) -> dict[int, int]:
    """The first month of each subject in which a value is new or another one.

    `newest` is the newest key from before; without it every staged row is new.
    """
    with connection.cursor() as cursor:
        if newest is None:
            cursor.execute(f"SELECT subject_id, MIN(month) FROM {STAGED} GROUP BY subject_id")
        else:
            cursor.execute(
                "SELECT subject_id, MIN(month) FROM ("
                f"SELECT subject_id, month FROM {_MEASUREMENT} WHERE id > %s UNION ALL"
                f" SELECT subject_id, month FROM {CHANGED} WHERE value <> value_before"
                ") touched GROUP BY subject_id",
                [newest],
            )
        return dict(cursor.fetchall())
