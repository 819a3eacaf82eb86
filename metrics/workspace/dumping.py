"""Dumping the database as a workspace folder, one that loads to the same dump."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.db import connection, models, transaction

from metrics.bulk import is_postgresql
from metrics.choices import Cadence
from metrics.models import Measurement, MetricDefinition, Scorecard, ScorecardAssignment
from metrics.periods import Period
from metrics.validation.dependence import fiscal_year_starts_in
from metrics.validation.numbers import number_text
from metrics.workspace.layout import (
    FILE_NAMES,
    MEASUREMENT_COLUMNS,
    MEASUREMENTS,
    TABLES,
    Column,
    Table,
    is_passed_by,
)
from metrics.workspace.merging import DEFAULT_ORGANISATION_NAME
from metrics.workspace.problems import WorkspaceRefused
from projects.models import DEFAULT_ORGANISATION_CODE, Organisation, Subject
from projects.querysets import by_code_point
from projects.validation import LONGEST_LIST, listed

ROWS_IN_CHUNK = 5_000

Cells = tuple[str, ...]

_has_to_be_quoted = re.compile('[,"\r\n]').search


def dump_workspace(folder: Path) -> dict[str, int]:
    """Write every file of a workspace; the number of rows of each. A README stays as it is.

    WorkspaceRefused if the folder holds anything that a dump would not replace.
    """
    folder = folder.resolve()
    _refuse_foreign_files(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = folder.with_name(f".{folder.name}.{os.getpid()}")
        draft.mkdir()
        try:
            counts = _write(draft)
            _put_in_place(draft, folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise WorkspaceRefused(
            [f"{folder}: The folder can't be written: {error.strerror}."]
        ) from None
    return counts


def _refuse_foreign_files(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise WorkspaceRefused([f"{folder}: This is no folder; name a new or an empty one."])
    foreign = [
        path.name
        for path in sorted(folder.iterdir())
        if path.name not in FILE_NAMES and not is_passed_by(path.name)
    ]
    if foreign:
        named = [*foreign[:LONGEST_LIST], *(["others"] if len(foreign) > LONGEST_LIST else [])]
        raise WorkspaceRefused(
            [
                f"{folder}: It holds {listed(named)}, which is no part of a workspace; name a new"
                " folder, an empty one, or one with an earlier dump."
            ]
        )


def _put_in_place(draft: Path, folder: Path) -> None:
    """A new folder appears as a whole; in one that is there, file by file."""
    if not folder.exists():
        draft.rename(folder)
        return
    for path in draft.iterdir():
        path.replace(folder / path.name)


def _write(folder: Path) -> dict[str, int]:
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_postgresql() and is_outermost:
            # One view of the data for all files, whatever others commit meanwhile.
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        dump = _Dump()
        counts = {
            table.file: _write_file(folder, table.file, table.column_names, dump.rows_of(table))
            for table in TABLES
        }
        file = f"{MEASUREMENTS}.csv"
        counts[file] = _write_file(folder, file, MEASUREMENT_COLUMNS, dump.measurements())
    return counts


def _write_file(folder: Path, name: str, header: Iterable[str], rows: Iterable[Cells]) -> int:
    count = 0
    with (folder / name).open("w", encoding="utf-8", newline="") as out:
        out.write(_line(header))
        for row in rows:
            out.write(_line(row))
            count += 1
    return count


def _line(cells: Iterable[str]) -> str:
    """Python's own csv writer leaves a lone carriage return unquoted, and cannot read that back."""
    quoted = [_in_quotes(cell) if _has_to_be_quoted(cell) else cell for cell in cells]
    return f"{','.join(quoted)}\n"


def _in_quotes(cell: str) -> str:
    doubled = cell.replace('"', '""')
    return f'"{doubled}"'


class _Dump:
    """The rows of each file as text, in the order of their keys by code point."""

    def __init__(self) -> None:
        self.subjects: dict[int, str] = dict(Subject.objects.values_list("pk", "code"))
        self.metrics: dict[int, str] = dict(MetricDefinition.objects.values_list("pk", "code"))
        self.scorecards: dict[int, str] = dict(Scorecard.objects.values_list("pk", "code"))
        self.assigned: dict[int, int] = dict(
            ScorecardAssignment.objects.values_list("subject", "scorecard")
        )

    def rows_of(self, table: Table) -> list[Cells]:
        rows = [
            tuple(self._cell(column, row) for column in table.columns)
            for row in self._instances(table)
        ]
        places = [table.column_names.index(name) for name in table.key]
        return sorted(rows, key=lambda cells: [cells[place] for place in places])

    def _instances(self, table: Table) -> Iterator[models.Model]:
        yield from table.model._default_manager.iterator(ROWS_IN_CHUNK)
        if table.model is Organisation and not Organisation.objects.exists():
            # A load would make the same.
            yield Organisation(code=DEFAULT_ORGANISATION_CODE, name=DEFAULT_ORGANISATION_NAME)

    def _cell(self, column: Column, row: models.Model) -> str:
        if column.is_assignment:
            return self.scorecards.get(self.assigned.get(row.pk, 0), "")
        value = getattr(row, column.field.attname)
        if column.refers_to is None or value is None:
            return column.write(value)
        return self._codes(column.refers_to)[value]

    def _codes(self, model: type[models.Model]) -> dict[int, str]:
        if issubclass(model, Subject):
            return self.subjects
        return self.metrics if model is MetricDefinition else self.scorecards

    def measurements(self) -> Iterator[Cells]:
        """Metric by metric, so that no sort ever holds more than one metric's values."""
        starts_in = fiscal_year_starts_in()
        cadences: dict[str, tuple[int, str]] = {
            code: (key, cadence)
            for code, key, cadence in MetricDefinition.objects.values_list("code", "pk", "cadence")
        }
        for code in sorted(cadences):
            key, cadence = cadences[code]
            labels: dict[Any, str] = {}
            for subject, start, value, note in _values_of(key):
                label = labels.get(start)
                if label is None:
                    label = labels[start] = Period(Cadence(cadence), start).label(starts_in)
                yield code, subject, label, number_text(value), note


def _values_of(metric: int) -> Iterator[tuple[str, Any, float, str]]:
    return (
        Measurement.objects.filter(metric=metric)
        .order_by(by_code_point("subject__code"), "period_start")
        .values_list("subject__code", "period_start", "value", "note")
        .iterator(ROWS_IN_CHUNK)
    )
