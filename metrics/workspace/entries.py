"""One row of a workspace as it will be, linked to the rows that it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from metrics.workspace.layout import Column, Table
from metrics.workspace.problems import Place
from projects.models import Subject

Key = tuple[Any, ...]


@dataclass(slots=True, eq=False)
class Entry:
    """One row as it will be, and what it was."""

    table: Table
    instance: Any
    line: int = 0  # where the folder has it; 0 = only the database does
    is_new: bool = False
    is_broken: bool = False  # something is wrong in its row, so nothing is concluded from it
    before: dict[str, Any] = field(default_factory=dict)  # what its changed fields held
    links: dict[str, Entry] = field(default_factory=dict)  # its foreign keys
    scorecard: Entry | None = None  # the one that a subject names
    scorecard_before: int | None = None  # the key of the one that it named

    @property
    def is_changed(self) -> bool:
        return not self.is_new and (bool(self.before) or self.has_other_scorecard)

    @property
    def has_other_scorecard(self) -> bool:
        if self.scorecard is None:
            return self.scorecard_before is not None
        return self.scorecard.instance.pk is None or (
            self.scorecard.instance.pk != self.scorecard_before
        )

    def place(self, column: str = "") -> Place:
        return place_in(self.table, self.line, column)


def place_in(table: Table, line: int, column: str = "") -> Place:
    names = table.column_names
    position = names.index(column) + 1 if column in names else 0
    return Place(table.order, line, position, table.file, column)


def new_entry(table: Table) -> Entry:
    instance = table.model()
    if isinstance(instance, Subject):
        instance.kind = instance.KIND
    return Entry(table, instance, is_new=True)


def key_of(entry: Entry) -> Key:
    return tuple(
        entry.links[name].instance.code if name in entry.links else getattr(entry.instance, name)
        for name in entry.table.key
    )


def link_stored(entry: Entry, by_id: Mapping[type[models.Model], Mapping[int, Entry]]) -> None:
    """Point foreign keys at the rows in hand, so that no rule has to ask the database for one."""
    for column in entry.table.columns:
        if column.refers_to and not column.is_assignment:
            key = getattr(entry.instance, column.field.attname)
            if key is not None:
                target = entry.links[column.name] = by_id[column.refers_to][key]
                setattr(entry.instance, column.field.name, target.instance)


def link(entry: Entry, column: Column, target: Entry | None) -> None:
    before = entry.links.pop(column.name, None)
    if before is not target and not entry.is_new:
        entry.before[column.field.name] = before.instance.pk if before else None
    if target is not None:
        entry.links[column.name] = target
    setattr(entry.instance, column.field.name, target.instance if target else None)


def change(entry: Entry, name: str, value: Any) -> None:
    before = getattr(entry.instance, name)
    if before != value:
        if not entry.is_new:
            entry.before[name] = before
        setattr(entry.instance, name, value)


def rules_broken(entry: Entry) -> dict[str, list[str]]:
    """What the model's own rules say against a row, by field."""
    check = getattr(entry.instance, "check_alone", None)
    try:
        if check:
            check()
    except ValidationError as error:
        return error.message_dict
    return {}
