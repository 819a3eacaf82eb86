"""Measurements of a workspace: streamed through checks into a staging table, then set by set.

Nothing is kept per row in Python, so that memory does not grow with the number of rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import connection

from metrics.bulk import is_postgresql
from metrics.choices import Door
from metrics.models import Measurement, MeasurementChange
from metrics.validation.measurements import MeasurementRules, Problem, closed_month
from metrics.workspace.layout import (
    MEASUREMENT_COLUMNS,
    MEASUREMENTS_ORDER,
    REQUIRED_MEASUREMENT_COLUMNS,
)
from metrics.workspace.problems import Problems
from metrics.workspace.reading import CsvFile, Header, Progress

STAGED = "staged_measurements"
CHANGED = "changed_measurements"
ROWS_IN_CHUNK = 1_000
MANY_ROWS = 10_000

_MEASUREMENT = Measurement._meta.db_table
_CHANGE = MeasurementChange._meta.db_table
_SAME_PERIOD = " AND ".join(
    f"stored.{column} = staged.{column}" for column in ("metric_id", "subject_id", "period_start")
)

# Text that Python and both databases read as the same number: no sign, no exponent, not too long.
_is_plain = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,20})?").fullmatch
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})

_NUL = "There is a character that is no text (NUL); leave it out."

StagedRow = tuple[int, int, int, str, int, int, Any, str | None]
"""Line, metric, subject, first day, month, whether that is closed, value, note."""

Texts = tuple[str, str, str, str]
"""Metric, subject, period and value as the file has them."""

Fit = tuple[str, int, int, int, int]
"""First day, month, whether that is closed, first and last month that the period touches."""


@dataclass(frozen=True, slots=True)
class Unjudged:
    """Codes whose own rows are wrong or could not be read: what hangs on them is passed by."""

    metrics: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()
    unknown_metrics: bool = False
    unknown_subjects: bool = False

    def holds(self, metric: str, subject: str) -> bool:
        return metric in self.metrics or subject in self.subjects

    def excuses(self, problem: Problem) -> bool:
        return problem.code == "unknown" and (
            (problem.column == "metric" and self.unknown_metrics)
            or (problem.column == "subject" and self.unknown_subjects)
        )


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of the staged rows, and the first month that was touched of each subject."""

    created: int
    changed: int
    same: int
    touched: dict[int, int]


class MeasurementLoad:
    """One file of measurements on its way into the database."""

    def __init__(
        self,
        path: Path,
        *,
        rules: MeasurementRules,
        unjudged: Unjudged,
        problems: Problems,
        progress: Progress,
    ) -> None:
        self.rules = rules
        self.unjudged = unjudged
        self.problems = problems
        self.progress = progress
        self.staged = 0
        self.file = CsvFile(
            path,
            MEASUREMENTS_ORDER,
            columns=MEASUREMENT_COLUMNS,
            required=REQUIRED_MEASUREMENT_COLUMNS,
            problems=problems,
        )
        self._fits: dict[str, dict[str, Fit]] = {cadence: {} for cadence in rules.fitting}

    def stage(self) -> None:
        """Check each row by itself, and stage those that are well."""
        with connection.cursor() as cursor:
            _make_staging_table(cursor)
            if is_postgresql():
                lines = (
                    f"{line}\t{metric}\t{subject}\t{start}\t{month}\t{is_closed}\t{value}\t{note}\n"
                    for line, metric, subject, start, month, is_closed, value, note in self._rows(
                        str
                    )
                )
                cursor.copy_expert(f"COPY {STAGED} FROM STDIN", _Stream(lines))
                cursor.execute(f"ANALYZE {STAGED}")
            else:
                marks = ", ".join("?" * 8)
                cursor.connection.executemany(
                    f"INSERT INTO {STAGED} VALUES ({marks})", self._rows(float)
                )

    def _rows(self, convert: Callable[[str], Any]) -> Iterator[StagedRow]:
        """The hot loop: look-ups for all that fits, a closer look at all that does not."""
        metrics = {
            code: (metric.key, metric.subject_kind, self._fits[metric.cadence])
            for code, metric in self.rules.metrics.items()
            if not metric.formula
        }
        subjects = {
            code: (subject.key, subject.kind, subject.first, subject.last)
            for code, subject in self.rules.subjects.items()
        }
        noted, unnoted = _notes(is_postgresql())
        pick: Callable[[Sequence[str]], Any] | None = None
        for line, cells in self.file.rows(self.progress):
            if pick is None:
                pick = _picker(self.file.header)
                if pick is None:
                    return
            metric_code, subject_code, period_text, value, note = pick(cells)
            try:
                metric, kind, fits = metrics[metric_code]
                subject, its_kind, first, last = subjects[subject_code]
                start, month, is_closed, period_first, period_last = fits[period_text]
                fits_well = (
                    its_kind == kind
                    and period_last >= first
                    and period_first <= last
                    and _is_plain(value)
                )
            except KeyError:
                fits_well = None
            if not fits_well:
                found = self._look_closer(line, (metric_code, subject_code, period_text, value))
                if found is None:
                    continue
                metric, subject, (start, month, is_closed, _, _), value = found
            if note:
                if "\0" in note:
                    self.problems.add(self.file.place(line, "note"), _NUL)
                    continue
                note = noted(note)
            elif note is None:
                note = unnoted
            self.staged += 1
            yield line, metric, subject, start, month, is_closed, convert(value), note

    def _look_closer(self, line: int, texts: Texts) -> tuple[int, int, Fit, str] | None:
        """Either what is wrong is told, or a text that is new here fits after all."""
        metric_code, subject_code, period_text, value_text = texts
        if self.unjudged.holds(metric_code, subject_code):
            return None
        is_well = True
        blank = {
            column for column, text in zip(MEASUREMENT_COLUMNS, texts, strict=False) if not text
        }
        for column in blank:
            is_well = False
            self.problems.add(self.file.place(line, column), "This is blank; every row needs it.")
        for problem in self.rules.problems(*texts):
            is_well = False
            if problem.column not in blank and not self.unjudged.excuses(problem):
                self.problems.add(self.file.place(line, problem.column), problem.sentence)
        if not is_well:
            return None
        metric = self.rules.metrics[metric_code]
        period = self.rules.fitting_period(metric.cadence, period_text)
        fit = self._fits[metric.cadence][period_text] = (
            period.period.start.isoformat(),
            period.month,
            int(period.is_closed),
            period.first,
            period.last,
        )
        value = repr(self.rules.read_value(value_text))
        return metric.key, self.rules.subjects[subject_code].key, fit, value

    def check_staged(self) -> None:
        """What no row shows by itself: the same period twice, and changes in closed months."""
        with connection.cursor() as cursor:
            self._tell_duplicates(cursor)
            _find_changes(cursor)
            self._tell_changes_in_closed_months(cursor)

    def _tell_duplicates(self, cursor: Any) -> None:
        key = "metric_id, subject_id, period_start"
        groups = (
            f"SELECT {key}, MIN(line) AS first FROM {STAGED} GROUP BY {key} HAVING COUNT(*) > 1"
        )
        twice = (
            f"FROM {STAGED} staged JOIN ({groups}) stored"
            f" ON {_SAME_PERIOD} AND staged.line > stored.first"
        )
        cursor.execute(
            f"SELECT staged.line, stored.first {twice} ORDER BY staged.line LIMIT %s",
            [self.problems.most],
        )
        told = cursor.fetchall()
        for line, first in told:
            self.problems.add(
                self.file.place(line, "period"),
                f"The same metric, subject and period as in line {first}; one of the two is"
                " needed.",
            )
        if len(told) == self.problems.most:
            cursor.execute(f"SELECT COUNT(*) {twice}")
            self.problems.add_uncounted(cursor.fetchone()[0] - len(told))

    def _tell_changes_in_closed_months(self, cursor: Any) -> None:
        cursor.execute(f"SELECT COUNT(*) FROM {CHANGED} WHERE is_closed")
        count = cursor.fetchone()[0]
        cursor.execute(
            f"SELECT line, month, value_before, value FROM {CHANGED} WHERE is_closed"
            " ORDER BY line LIMIT %s",
            [self.problems.most],
        )
        told = cursor.fetchall()
        for line, month, before, after in told:
            self.problems.add(self.file.place(line, "value"), closed_month(month, before, after))
        self.problems.add_uncounted(count - len(told))

    def store(self, *, by: User | None, now: datetime) -> Stored:
        """Put the staged rows where they belong; raises nothing, but problems may come of it."""
        at = connection.ops.adapt_datetimefield_value(now)
        signed = [Door.WORKSPACE.value, by.pk if by else None]
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT COALESCE(MAX(id), 0) FROM {_MEASUREMENT}")
            newest = cursor.fetchone()[0]
            created = _insert_new(cursor, [*signed, at, at])
            changed = 0
            if created < self.staged:
                # Some rows were there before, or are there twice.
                self.check_staged()
                if self.problems:
                    return Stored(0, 0, 0, {})
                changed = _apply_changes(cursor, signed, at)
            touched = _touched(cursor, newest, are_all_new=created == self.staged)
            if is_postgresql() and created > MANY_ROWS:
                cursor.execute(f"ANALYZE {_MEASUREMENT}")
        return Stored(created, changed, self.staged - created - changed, touched)


def drop_staging_tables() -> None:
    with connection.cursor() as cursor:
        for table in (STAGED, CHANGED):
            cursor.execute(f"DROP TABLE IF EXISTS {_temporary(table)}")


def _temporary(table: str) -> str:
    """Named with its schema, so that only a temporary table can ever be meant."""
    return f"{'pg_temp' if is_postgresql() else 'temp'}.{table}"


def _make_staging_table(cursor: Any) -> None:
    cursor.execute(f"DROP TABLE IF EXISTS {_temporary(STAGED)}")
    cursor.execute(
        f"CREATE TEMPORARY TABLE {STAGED} (line bigint, metric_id bigint, subject_id bigint,"
        " period_start date, month integer, is_closed boolean, value double precision, note text)"
    )


def _find_changes(cursor: Any) -> None:
    """Staged rows that say something else than what is stored; a note that is not told stays."""
    cursor.execute(f"DROP TABLE IF EXISTS {_temporary(CHANGED)}")
    cursor.execute(
        f"CREATE TEMPORARY TABLE {CHANGED} (id bigint PRIMARY KEY, line bigint, subject_id bigint,"
        " month integer, is_closed boolean, value double precision, note text,"
        " value_before double precision)"
    )
    cursor.execute(
        f"INSERT INTO {CHANGED} SELECT stored.id, MAX(staged.line), MAX(staged.subject_id),"
        " MAX(staged.month), staged.is_closed, MAX(staged.value),"
        " MAX(COALESCE(staged.note, stored.note)), MAX(stored.value)"
        f" FROM {STAGED} staged JOIN {_MEASUREMENT} stored ON {_SAME_PERIOD}"
        " WHERE staged.value <> stored.value OR staged.note <> stored.note"
        " GROUP BY stored.id, staged.is_closed"
    )


def _insert_new(cursor: Any, signed: list[Any]) -> int:
    """Rows of periods that have no value yet; adding 0 makes -0 the one zero that there is."""
    cursor.execute(
        f"INSERT INTO {_MEASUREMENT} (metric_id, subject_id, period_start, month, value, note,"
        " is_late, door, entered_by_id, created_at, changed_at)"
        " SELECT metric_id, subject_id, period_start, month, value + 0.0, COALESCE(note, ''),"
        f" is_closed, %s, %s, %s, %s FROM {STAGED} WHERE true"
        " ON CONFLICT (metric_id, subject_id, period_start) DO NOTHING",
        signed,
    )
    return int(cursor.rowcount)


def _apply_changes(cursor: Any, signed: list[Any], at: Any) -> int:
    cursor.execute(
        f"INSERT INTO {_CHANGE} (metric_id, subject_id, period_start, value_before, note_before,"
        " value_after, note_after, door, changed_by_id, changed_at)"
        " SELECT stored.metric_id, stored.subject_id, stored.period_start, stored.value,"
        " stored.note, changed.value, changed.note, %s, %s, %s"
        f" FROM {CHANGED} changed JOIN {_MEASUREMENT} stored ON stored.id = changed.id"
        " ORDER BY changed.line",
        [*signed, at],
    )
    cursor.execute(
        f"UPDATE {_MEASUREMENT} SET value = changed.value, note = changed.note, door = %s,"
        f" entered_by_id = %s, changed_at = %s FROM {CHANGED} changed"
        f" WHERE {_MEASUREMENT}.id = changed.id",
        [*signed, at],
    )
    return int(cursor.rowcount)


def _touched(cursor: Any, newest: int, *, are_all_new: bool) -> dict[int, int]:
    """The first month of each subject in which a value is new or another one."""
    if are_all_new:
        cursor.execute(f"SELECT subject_id, MIN(month) FROM {STAGED} GROUP BY subject_id")
        return dict(cursor.fetchall())
    cursor.execute(
        "SELECT subject_id, MIN(month) FROM ("
        f"SELECT subject_id, month FROM {_MEASUREMENT} WHERE id > %s UNION ALL"
        f" SELECT subject_id, month FROM {CHANGED} WHERE value <> value_before"
        ") touched GROUP BY subject_id",
        [newest],
    )
    return dict(cursor.fetchall())


def _picker(header: Header | None) -> Callable[[Sequence[str]], Any] | None:
    """Takes metric, subject, period, value and note out of a row; None if a column is missing."""
    positions = header.positions if header else {}
    if any(column not in positions for column in REQUIRED_MEASUREMENT_COLUMNS):
        return None
    if "note" in positions:
        return itemgetter(*(positions[column] for column in MEASUREMENT_COLUMNS))
    pick = itemgetter(*(positions[column] for column in REQUIRED_MEASUREMENT_COLUMNS))
    return lambda cells: (*pick(cells), None)


def _notes(is_copied: bool) -> tuple[Callable[[str], str], str | None]:
    """How a note is staged, and how none at all is."""
    if is_copied:
        return lambda note: note.translate(_ESCAPES), "\\N"
    return lambda note: note, None


class _Stream:
    """Lets COPY read from what is still being made."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)

    def read(self, size: int = 0) -> bytes:
        return "".join(islice(self._lines, ROWS_IN_CHUNK)).encode()
