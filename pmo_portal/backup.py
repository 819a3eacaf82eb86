"""Everything the portal knows in one file, which either database reads back.

The file is a ZIP: `manifest.json` names format, moment, migrations and tables, with the number of
rows and the SHA-256 of each; `tables/NAME.tsv` holds a table's rows in the text format of COPY:
tabs between columns, `\\N` for nothing, one row a line. One transaction reads it and one writes it:
what a backup shows stood there together, and a restore happens wholly or not.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from accounts.sealing import unsealed
from metrics.bulk import COPY_ESCAPES, copied, is_postgresql
from projects.models import Subject

FORMAT = 1
MANIFEST = "manifest.json"
ROWS_AT_ONCE = 5000
READ_AT_ONCE = 1 << 20

LEFT_OUT: tuple[type[models.Model], ...] = (Session, UserSession)
"""Who was signed in is not restored: everybody signs in again."""


class BackupRefused(Exception):
    """Why a file can't be written or read back, in a sentence for who asked for it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a backup holds: rows per table, and when it was taken."""

    taken_at: datetime
    rows: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.rows.values())


def write_backup(path: Path) -> Kept:
    """Write all rows as they stand at one moment; the file appears when it is complete."""
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        with unfinished.open("xb") as file:
            kept = _write(file)
        unfinished.replace(path)
    except FileExistsError:
        raise BackupRefused(
            f"{unfinished} is there: another backup is being written, or one was broken off. "
            "Delete it if nobody is at it."
        ) from None
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    return kept


def read_backup(path: Path, *, replace: bool = False) -> Kept:
    """Put the database into the state that the file tells of; all or nothing.

    BackupRefused if the file is damaged or of another version, or if the database holds anything
    and is not to be replaced. Nothing is written before the whole file was checked.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = _checked(archive)
            _refuse_other_migrations(manifest)
            if not replace and (Subject.objects.exists() or User.objects.exists()):
                raise BackupRefused(
                    "This database is not empty. Restore into an empty one, "
                    "or say --replace: what is in it now is then gone."
                )
            _restore(archive, manifest)
    except (OSError, zipfile.BadZipFile, zipfile.LargeZipFile, EOFError) as error:
        raise BackupRefused(f"{path} can't be read as a backup: {error}.") from error
    return _kept(manifest)


def _write(file: IO[bytes]) -> Kept:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive, _snapshot():
        tables = {}
        for model in _models():
            with archive.open(_member(model), "w", force_zip64=True) as out:
                told = _Told(out)
                rows = _dump(model, told)
            tables[model._meta.db_table] = {
                "rows": rows,
                "sha256": told.digest.hexdigest(),
                "columns": [field.column for field in model._meta.local_concrete_fields],
            }
        manifest = {
            "format": FORMAT,
            "taken_at": timezone.now().isoformat(),
            "migrations": _migrations(),
            "tables": tables,
        }
        archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
    return _kept(manifest)


@contextmanager
def _snapshot() -> Iterator[None]:
    """All that is read inside stands as at one moment, whoever writes meanwhile."""
    with transaction.atomic():
        if is_postgresql() and not connection.savepoint_ids:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _models() -> list[type[models.Model]]:
    """Every table that Django keeps, those that link two models included."""
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy and model not in LEFT_OUT
    ]


def _member(model: type[models.Model]) -> str:
    return f"tables/{model._meta.db_table}.tsv"


def _migrations() -> list[str]:
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in applied)


class _Told:
    """Passes on what is written, and keeps its checksum and number of lines."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self.digest = hashlib.sha256()
        self.lines = 0

    def write(self, content: bytes) -> int:
        self.digest.update(content)
        self.lines += content.count(b"\n")
        return self._out.write(content)


def _dump(model: type[models.Model], out: _Told) -> int:
    dialect = _POSTGRESQL if is_postgresql() else _SQLITE
    fields = model._meta.local_concrete_fields
    columns = ", ".join(dialect.read(_quoted(str(field.column)), _kind(field)) for field in fields)
    key = _quoted(_key(model))
    query = f"SELECT {columns} FROM {_quoted(model._meta.db_table)} ORDER BY {key}"  # nosec B608
    with connection.cursor() as cursor:
        if dialect is _POSTGRESQL:
            cursor.copy_expert(f"COPY ({query}) TO STDOUT", out)
        else:
            cursor.execute(query)
            while rows := cursor.fetchmany(ROWS_AT_ONCE):
                out.write("".join(map(_line, rows)).encode())
    return out.lines


def _checked(archive: zipfile.ZipFile) -> dict[str, Any]:
    """The manifest, after each table was read once and found to be what was written."""
    try:
        manifest = json.loads(archive.read(MANIFEST))
        if manifest["format"] != FORMAT:
            raise BackupRefused(
                f"The file has format {manifest['format']}; this version reads format {FORMAT}."
            )
        tables = manifest["tables"]
    except (KeyError, ValueError, TypeError):
        raise BackupRefused("The file is a ZIP, but not one that `backup` wrote.") from None
    for table, told in tables.items():
        digest = hashlib.sha256()
        try:
            with archive.open(f"tables/{table}.tsv") as content:
                while part := content.read(READ_AT_ONCE):
                    digest.update(part)
        except (KeyError, zipfile.BadZipFile):
            digest.update(b"damaged")
        if digest.hexdigest() != told["sha256"]:
            raise BackupRefused(
                f"The file is damaged: table {table} is not as it was written. Nothing was changed."
            )
    return manifest  # type: ignore[no-any-return]


def _refuse_other_migrations(manifest: dict[str, Any]) -> None:
    theirs, ours = set(manifest["migrations"]), set(_migrations())
    if theirs == ours:
        return
    of_file = f" the file knows {min(theirs - ours)}" if theirs - ours else ""
    of_database = f" the database knows {min(ours - theirs)}" if ours - theirs else ""
    raise BackupRefused(
        "The file was written by another version of the portal:"
        f"{' and'.join(filter(None, [of_file, of_database]))}. "
        "Restore with the version that wrote it, and upgrade afterwards."
    )


@transaction.atomic
def _restore(archive: zipfile.ZipFile, manifest: dict[str, Any]) -> None:
    kept = [model for model in _models() if model._meta.db_table in manifest["tables"]]
    # The audit log goes with the rest, and the one of the file comes in its place.
    with unsealed():
        _empty([*_models(), *LEFT_OUT])
    for model in kept:
        _load(model, archive, manifest["tables"][model._meta.db_table]["columns"])
    connection.check_constraints()
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), kept):
            cursor.execute(statement)
    ContentType.objects.clear_cache()


def _empty(emptied: list[type[models.Model]]) -> None:
    tables = [_quoted(model._meta.db_table) for model in emptied]
    connection.check_constraints()  # PostgreSQL empties no table of which a check still waits
    with connection.cursor() as cursor:
        if is_postgresql():
            cursor.execute(f"TRUNCATE {', '.join(tables)}")
        else:
            for table in tables:
                cursor.execute(f"DELETE FROM {table}")  # nosec B608


def _load(model: type[models.Model], archive: zipfile.ZipFile, columns: list[str]) -> None:
    fields = {field.column: field for field in model._meta.local_concrete_fields}
    table = _quoted(model._meta.db_table)
    named = ", ".join(map(_quoted, columns))
    with archive.open(_member(model)) as content, connection.cursor() as cursor:
        if is_postgresql():
            cursor.copy_expert(f"COPY {table} ({named}) FROM STDIN", content)
            return
        made = [_SQLITE_VALUES.get(_kind(fields[column]), str) for column in columns]
        cursor.connection.executemany(
            f"INSERT INTO {table} ({named}) VALUES ({', '.join('?' * len(columns))})",  # nosec B608
            _rows(io.TextIOWrapper(content, encoding="utf-8", newline="\n"), made),
        )


def _rows(lines: IO[str], made: list[Callable[[str], Any]]) -> Iterator[list[Any]]:
    for line in lines:
        cells = line.removesuffix("\n").split("\t")
        yield [
            None if cell == r"\N" else make(_unescaped(cell) if "\\" in cell else cell)
            for cell, make in zip(cells, made, strict=True)
        ]


def _key(model: type[models.Model]) -> str:
    """The column that puts rows in one order always."""
    key = model._meta.pk
    return str(key.column) if key is not None else "id"


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


# How values travel: text that both databases write and read alike.

_MEANT = {escape: character for character, escape in COPY_ESCAPES.items()}
_ESCAPE = re.compile(r"\\.")


def _line(row: tuple[Any, ...]) -> str:
    return "\t".join(map(_cell, row)) + "\n"


def _cell(cell: object) -> str:
    if cell is None or isinstance(cell, str):
        return copied(cell)
    if isinstance(cell, bytes):
        return r"\\x" + cell.hex()
    return repr(cell) if isinstance(cell, float) else str(cell)


def _unescaped(cell: str) -> str:
    return _ESCAPE.sub(lambda found: _MEANT.get(found[0], found[0][1:]), cell)


def _kind(field: models.Field) -> str:
    """What a column holds, as far as the databases tell it differently."""
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    for kind, fields in _KINDS.items():
        if isinstance(field, fields):
            return kind
    return "text"


_KINDS: dict[str, type[models.Field] | tuple[type[models.Field], ...]] = {
    "flag": models.BooleanField,
    "moment": models.DateTimeField,
    "float": models.FloatField,
    "bytes": models.BinaryField,
    "uuid": models.UUIDField,
    "json": models.JSONField,
}


@dataclass(frozen=True, slots=True)
class _Dialect:
    """How a column is read as that text."""

    expressions: dict[str, str]
    otherwise: str = "{}"

    def read(self, column: str, kind: str) -> str:
        return self.expressions.get(kind, self.otherwise).format(column)


_POSTGRESQL = _Dialect(
    {
        "flag": "({})::int",
        "moment": "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00'",
        "uuid": "replace(({})::text, '-', '')",
    }
)
# Without the casts, dates and flags would come as objects of Python. Floats come as they are: made
# text by SQLite, they would lose their last digits.
_SQLITE = _Dialect(
    {
        "moment": "substr(CAST({0} AS TEXT) || '.000000', 1, 26) || '+00'",
        "float": "{}",
        "bytes": "{}",
    },
    otherwise="CAST({} AS TEXT)",
)
_SQLITE_VALUES: dict[str, Callable[[str], Any]] = {
    "float": float,
    "bytes": lambda cell: bytes.fromhex(cell.removeprefix(r"\x")),
    "moment": lambda cell: cell.removesuffix("+00").removesuffix(".000000"),
}


def _kept(manifest: dict[str, Any]) -> Kept:
    return Kept(
        taken_at=datetime.fromisoformat(manifest["taken_at"]).astimezone(UTC),
        rows={table: told["rows"] for table, told in manifest["tables"].items()},
    )
