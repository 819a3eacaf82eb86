"""The folder laid over the database, in memory: how everything but measurements will be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import models

from metrics.models import Scorecard, ScorecardAssignment
from metrics.workspace.cells import CellError
from metrics.workspace.entries import (
    Entry,
    Key,
    change,
    key_of,
    link,
    link_stored,
    new_entry,
    place_in,
    rules_broken,
)
from metrics.workspace.layout import (
    SUBJECT_TABLES,
    TABLE_OF_MODEL,
    TABLES,
    Column,
    Table,
    required,
)
from metrics.workspace.problems import Problems
from metrics.workspace.reading import CsvFile
from projects.codes import engagement_code
from projects.models import DEFAULT_ORGANISATION_CODE, Engagement, Organisation, Subject
from projects.operations.subjects import engagement_name
from projects.validation import listed, quoted, unknown

DEFAULT_ORGANISATION_NAME = "Organisation"

ORGANISATIONS = TABLE_OF_MODEL[Organisation]
ENGAGEMENTS = TABLE_OF_MODEL[Engagement]
FILES_WITH_SUBJECTS = frozenset({table.name for table in (*SUBJECT_TABLES, ENGAGEMENTS)})


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file with its cells read; columns that could not be read are missing."""

    line: int
    values: dict[Column, Any]
    is_broken: bool


class Merged:
    """Every row of every table by its key; read from the database, then overlaid file by file."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.entries: dict[str, dict[Key, Entry]] = {table.name: {} for table in TABLES}
        self.subjects: dict[str, Entry] = {}
        self.loaded: dict[str, list[Entry]] = {}
        """The rows of each file that is there, in its order."""
        self.incomplete: set[str] = set()
        """Files with rows that could not be read: what they lack may well be in them."""
        self.contested: set[str] = set()
        """Codes of two subjects of different kinds."""
        self._read_database()

    def all(self, *names: str) -> Iterator[Entry]:
        for name in names or self.entries:
            yield from self.entries[name].values()

    def organisation(self) -> Entry | None:
        return next(self.all(ORGANISATIONS.name), None)

    def _read_database(self) -> None:
        by_id: dict[type[models.Model], dict[int, Entry]] = {Subject: {}}
        for table in TABLES:
            by_id[table.model] = {
                row.pk: Entry(table, row) for row in table.model._default_manager.iterator(2000)
            }
            if issubclass(table.model, Subject):
                by_id[Subject] |= by_id[table.model]
        for table in TABLES:
            for entry in by_id[table.model].values():
                link_stored(entry, by_id)
                self._register(entry, key_of(entry))
        for subject, scorecard in ScorecardAssignment.objects.values_list("subject", "scorecard"):
            by_id[Subject][subject].scorecard_before = scorecard
            by_id[Subject][subject].scorecard = by_id[Scorecard][scorecard]

    def _register(self, entry: Entry, key: Key) -> None:
        self.entries[entry.table.name][key] = entry
        if entry.table is ENGAGEMENTS:
            self.subjects[engagement_code(*key)] = entry
        elif entry.table.is_of_subjects:
            self.subjects[key[0]] = entry

    def overlay(self, paths: Mapping[str, Path]) -> None:
        """Read the files that are there; rows that they lack stay as they are."""
        rows = {
            table: self._read_file(table, paths[table.name])
            for table in TABLES
            if table.name in paths
        }
        # Codes first, so that a row can name one that stands further down or in a later file.
        coded = {
            table: [self._enter_code(table, row) for row in found]
            for table, found in rows.items()
            if table.is_coded
        }
        self._provide_organisation()
        for table, found in rows.items():
            entered = coded.get(table) or [self._enterlink(table, row) for row in found]
            self.loaded[table.name] = [entry for entry in entered if entry is not None]
            for entry, row in zip(entered, found, strict=True):
                if entry is not None:
                    self._fill(entry, row)
        self._name_engagements()

    def _read_file(self, table: Table, path: Path) -> list[Row]:
        file = CsvFile(
            path,
            table.order,
            columns=table.column_names,
            required=required(table.columns),
            problems=self.problems,
        )
        rows = [self._read_row(table, file, line, cells) for line, cells in file.rows()]
        if not file.is_whole:
            self.incomplete.add(table.name)
        return rows

    def _read_row(self, table: Table, file: CsvFile, line: int, cells: Sequence[str]) -> Row:
        assert file.header is not None  # there are no rows before it
        values: dict[Column, Any] = {}
        is_broken = False
        for column in table.columns:
            at = file.header.positions.get(column.name)
            if at is None:
                is_broken = is_broken or column.is_required
                continue
            try:
                values[column] = _value(column, cells[at])
            except CellError as error:
                is_broken = True
                if column.name == "code":
                    # Whoever names this row is not told that there is none.
                    self.incomplete.add(table.name)
                self.problems.add(file.place(line, column.name), str(error))
        return Row(line, values, is_broken)

    def _enter_code(self, table: Table, row: Row) -> Entry | None:
        """The entry of a row's code, stored or new; None if there is none to be had."""
        code = row.values.get(table.columns[0])
        if code is None:
            return None
        stored = self.entries[table.name].get((code,))
        if table is ORGANISATIONS and (organisation := self.organisation()):
            if organisation.line:
                self._blame(
                    row, table, "code", "There is one organisation, so the file has one row."
                )
                return None
            stored = organisation
        holder = self.subjects.get(code) if table.is_of_subjects else stored
        if holder is not None and (holder is not stored or holder.line):
            self._blame(row, table, "code", _taken(code, holder))
            if holder is not stored:
                # Which of the two is meant elsewhere, nobody knows.
                holder.is_broken = True
                self.contested.add(code)
                self.incomplete.add(table.name)
            return None
        if stored is not None and stored.instance.code != code:
            # The organisation takes another code, and its old one is free.
            del self.entries[table.name][stored.instance.code,]
            del self.subjects[stored.instance.code]
        entry = stored or new_entry(table)
        entry.line = row.line
        self._register(entry, (code,))
        return entry

    def _provide_organisation(self) -> None:
        """Without a row of its own the organisation is called by the default code."""
        if self.organisation() or ORGANISATIONS.name in self.incomplete:
            return
        code = DEFAULT_ORGANISATION_CODE
        if holder := self.subjects.get(code):
            self.problems.add(
                place_in(ORGANISATIONS, 0),
                f"The organisation is called {code} where no row names it, and {code} is a"
                f" {holder.instance.KIND} here; name the organisation.",
            )
            return
        entry = new_entry(ORGANISATIONS)
        entry.instance.code, entry.instance.name = code, DEFAULT_ORGANISATION_NAME
        self._register(entry, (code,))

    def _enterlink(self, table: Table, row: Row) -> Entry | None:
        """The entry of what a row links; None if an end is unknown or the link was there before."""
        columns = [column for column in table.columns if column.name in table.key]
        ends = {
            column.name: self._find(row, table, column) for column in columns if column.refers_to
        }
        is_read = all(column in row.values or not column.is_required for column in columns)
        if None in ends.values() or not is_read:
            return None
        # A column that the file lacks is as blank as a cell.
        values = {column.name: row.values.get(column, column.blank) for column in columns}
        key = tuple(values[name] for name in table.key)
        stored = self.entries[table.name].get(key)
        if stored is not None and stored.line:
            self._blame(
                row,
                table,
                table.key[-1],
                f"The same {listed(table.key)} as in {stored.place()}; one of the two is needed.",
            )
            return None
        entry = stored or new_entry(table)
        entry.line = row.line
        for name, value in values.items():
            if end := ends.get(name):
                entry.links[name] = end
            setattr(entry.instance, name, end.instance if end else value)
        self._register(entry, key)
        return entry

    def _find(self, row: Row, table: Table, column: Column) -> Entry | None:
        """The row that a cell names; what is unknown is told, unless its file is incomplete."""
        code = row.values.get(column)
        if code is None:
            return None
        if column.refers_to is None or column.refers_to is Subject:
            found, files = self.subjects.get(code), FILES_WITH_SUBJECTS
        else:
            name = TABLE_OF_MODEL[column.refers_to].name
            found, files = self.entries[name].get((code,)), frozenset({name})
        if found is None and not files & self.incomplete:
            what = "portfolio" if column.name == "parent" else column.name
            self.problems.add(
                place_in(table, row.line, column.name),
                lambda: unknown(what, code, self._codes_for(column)),
            )
        return found

    def _codes_for(self, column: Column) -> set[str]:
        """What a column may name."""
        if column.refers_to is None or column.refers_to is Subject:
            return set(self.subjects)
        return {code for (code,) in self.entries[TABLE_OF_MODEL[column.refers_to].name]}

    def _fill(self, entry: Entry, row: Row) -> None:
        """Give an entry what its row says; columns that the file lacks stay as they are."""
        entry.is_broken = entry.is_broken or row.is_broken
        for column, value in row.values.items():
            if column.name in entry.table.key and not entry.table.is_coded:
                continue
            target = self._find(row, entry.table, column) if column.refers_to else None
            if column.refers_to and value is not None and target is None:
                entry.is_broken = True
            elif column.is_assignment:
                entry.scorecard = target
            elif column.refers_to:
                link(entry, column, target)
            else:
                change(entry, column.field.name, value)
        self._check_alone(entry)

    def _check_alone(self, entry: Entry) -> None:
        if entry.is_broken or any(target.is_broken for target in entry.links.values()):
            return
        for name, sentences in rules_broken(entry).items():
            entry.is_broken = True
            column = entry.table.column_of(name)
            for sentence in sentences:
                self.problems.add(entry.place(column.name if column else ""), sentence)

    def _name_engagements(self) -> None:
        """An engagement is called after its project and its segment, which may have new names."""
        for entry in self.all(ENGAGEMENTS.name):
            project, segment = entry.links["project"], entry.links["segment"]
            entry.is_broken = entry.is_broken or project.is_broken or segment.is_broken
            if not entry.is_broken:
                ends = project.instance, segment.instance
                change(entry, "code", engagement_code(*(end.code for end in ends)))
                change(entry, "name", engagement_name(*ends))

    def _blame(self, row: Row, table: Table, column: str, sentence: str) -> None:
        self.problems.add(place_in(table, row.line, column), sentence)


def _value(column: Column, text: str) -> Any:
    if not text.strip() and column.is_required:
        raise CellError("This is blank; every row needs it.")
    if not text:
        return column.blank
    if "\0" in text:
        raise CellError("There is a character that is no text (NUL); leave it out.")
    return column.read(text)


def _taken(code: str, holder: Entry) -> str:
    if holder.line:
        return f"{quoted(code)} is also the code in {holder.place()}; a code is there once."
    return (
        f"{quoted(code)} is the code of a {holder.instance.KIND} already; a code is unique across"
        " all kinds of subjects."
    )
