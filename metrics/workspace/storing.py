"""Writing the merged view: few statements for many rows, and a history row for each change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, models

from metrics.models import Scorecard, ScorecardAssignment
from metrics.workspace.entries import Entry
from metrics.workspace.layout import TABLES
from metrics.workspace.merging import ORGANISATIONS, Merged
from projects.models import Subject

ROWS_AT_ONCE = 1_000
REASON = "Workspace folder"


def store(merged: Merged, *, by: User | None, now: datetime) -> None:
    """Write what is new and what has changed. Nothing is checked here any more."""
    history = _History(by, now)
    entries = list(merged.all())
    # The organisation first: its old code may be somebody's new one.
    _update([e for e in entries if e.table is ORGANISATIONS and e.before], history)
    _insert_subjects([e for e in entries if e.is_new and isinstance(e.instance, Subject)], history)
    for table in TABLES:
        if not issubclass(table.model, Subject):
            _insert([e for e in merged.all(table.name) if e.is_new], history)
    _update([e for e in entries if e.table is not ORGANISATIONS and e.before], history)
    _assign_scorecards(list(merged.subjects.values()), history)


class _History:
    """Who loads, and when; every row that is written gets its history row."""

    def __init__(self, by: User | None, now: datetime) -> None:
        self.by = by
        self.now = now

    def add(self, rows: Sequence[models.Model], *, are_changes: bool) -> None:
        if rows:
            manager: Any = type(rows[0])
            manager.history.bulk_history_create(
                rows,
                batch_size=ROWS_AT_ONCE,
                update=are_changes,
                default_user=self.by,
                default_change_reason=REASON,
                default_date=self.now,
            )


def _insert_subjects(entries: list[Entry], history: _History) -> None:
    """A subject is a row of all subjects' table and one of its kind's, with the same key."""
    parents = [
        Subject(**{field.attname: getattr(entry.instance, field.attname) for field in _BASE})
        for entry in entries
    ]
    Subject.objects.bulk_create(parents, batch_size=ROWS_AT_ONCE)
    for entry, parent in zip(entries, parents, strict=True):
        entry.instance.pk = entry.instance.id = parent.pk
    for rows in _by_model(entries):
        _insert_rows(type(rows[0]), rows)
        history.add(rows, are_changes=False)


_BASE = [field for field in Subject._meta.local_concrete_fields if not field.primary_key]


def _insert(entries: list[Entry], history: _History) -> None:
    for rows in _by_model(entries):
        rows[0]._meta.model._default_manager.bulk_create(rows, batch_size=ROWS_AT_ONCE)
        history.add(rows, are_changes=False)


def _update(entries: list[Entry], history: _History) -> None:
    # A scorecard stops to be a default before another of its kind begins to be one.
    entries = sorted(entries, key=lambda entry: getattr(entry.instance, "is_default", False))
    for rows in _by_model(entries):
        model = type(rows[0])
        for table in (*model._meta.get_parent_list(), model):
            _update_rows(table, rows)
        history.add(rows, are_changes=True)


def _by_model(entries: list[Entry]) -> list[list[Any]]:
    """The rows of each model, their keys of other rows brought up to date."""
    rows: dict[type[models.Model], list[models.Model]] = {}
    for entry in entries:
        for name, target in entry.links.items():
            field = entry.table.column_of(name)
            assert field is not None
            setattr(entry.instance, field.field.attname, target.instance.pk)
        rows.setdefault(type(entry.instance), []).append(entry.instance)
    return list(rows.values())


def _insert_rows(model: type[models.Model], rows: Iterable[models.Model]) -> None:
    """Rows of a kind's own table only, which Django's bulk_create does not do."""
    fields = list(model._meta.local_concrete_fields)
    columns = ", ".join(_quoted(field) for field in fields)
    table, marks = connection.ops.quote_name(model._meta.db_table), ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} ({columns}) VALUES ({marks})",
            [_stored_values(fields, row) for row in rows],
        )


def _update_rows(model: type[models.Model], rows: Iterable[models.Model]) -> None:
    fields = [field for field in model._meta.local_concrete_fields if not field.primary_key]
    if not fields:
        return
    columns = ", ".join(f"{_quoted(field)} = %s" for field in fields)
    table, key = connection.ops.quote_name(model._meta.db_table), _quoted(model._meta.pk)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {table} SET {columns} WHERE {key} = %s",
            [[*_stored_values(fields, row), row.pk] for row in rows],
        )


def _quoted(field: Any) -> str:
    return connection.ops.quote_name(field.column)


def _stored_values(fields: Sequence[models.Field], row: models.Model) -> list[Any]:
    return [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]


def _assign_scorecards(subjects: list[Entry], history: _History) -> None:
    changed = [entry for entry in subjects if entry.has_other_scorecard]
    gone = [entry.instance.pk for entry in changed if entry.scorecard is None]
    for assignment in ScorecardAssignment.objects.filter(subject__in=gone):
        assignment._history_user = history.by  # type: ignore[attr-defined]  # read by the history
        assignment._change_reason = REASON  # type: ignore[attr-defined]
        assignment.delete()
    given = [
        (entry.scorecard_before is None, _assignment(entry, entry.scorecard.instance))
        for entry in changed
        if entry.scorecard is not None
    ]
    new = [row for is_new, row in given if is_new]
    other = [row for is_new, row in given if not is_new]
    ScorecardAssignment.objects.bulk_create(new, batch_size=ROWS_AT_ONCE)
    history.add(new, are_changes=False)
    _update_rows(ScorecardAssignment, other)
    history.add(other, are_changes=True)


def _assignment(entry: Entry, scorecard: Scorecard) -> ScorecardAssignment:
    return ScorecardAssignment(subject_id=entry.instance.pk, scorecard_id=scorecard.pk)
