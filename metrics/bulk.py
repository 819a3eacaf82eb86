"""Bulk reading and writing of columns: binary COPY on PostgreSQL, plain cursors on SQLite.

One statement text serves both databases; what differs is how rows travel. Columns are integers
(`i`), floats (`f`) or nullable floats (`n`), of 8 bytes each; NULL there is NaN here.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

Columns = dict[str, NDArray[Any]]

COPY_ESCAPES = {"\\": r"\\"} | {
    character: f"\\{letter}" for character, letter in zip("\b\f\n\r\t\v", "bfnrtv", strict=True)
}
"""How the text format of COPY writes what would end a column or a row."""

_COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_TRAILER = b"\xff\xff"
_ESCAPED = str.maketrans(COPY_ESCAPES)
_NATIVE = {"i": np.int64, "f": np.float64, "n": np.float64}
_WIRE = {"i": ">i8", "f": ">f8", "n": ">f8"}
_SQL_TYPES = {"i": "bigint", "f": "double precision", "n": "double precision"}


def is_postgresql() -> bool:
    return connection.vendor == "postgresql"


def copied(text: str | None) -> str:
    """A column in the text format of COPY."""
    return r"\N" if text is None else text.translate(_ESCAPED)


def read_columns(kinds: Mapping[str, str], query: str, parameters: Sequence[Any] = ()) -> Columns:
    """Run a query whose columns are named in `kinds` (name -> `i`, `f` or `n`), in that order."""
    if is_postgresql():
        return _read_copy(kinds, query, parameters)
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        has_nulls = "n" in kinds.values()
        rows = np.fromiter(
            (tuple(np.nan if value is None else value for value in row) for row in cursor)
            if has_nulls
            else iter(cursor),
            dtype=[(name, _NATIVE[kind]) for name, kind in kinds.items()],
        )
    return {name: rows[name].copy() for name in kinds}


def _read_copy(kinds: Mapping[str, str], query: str, parameters: Sequence[Any]) -> Columns:
    # Every value is cast to 8 bytes and none is NULL, so each row has the same layout and the
    # stream can be seen as one array.
    cast = {
        "i": "{}::bigint",
        "f": "{}::double precision",
        "n": "coalesce({}::double precision, 'NaN')",
    }
    selected = ", ".join(cast[kind].format(name) for name, kind in kinds.items())
    named = ", ".join(kinds)
    stream = io.BytesIO()
    with connection.cursor() as cursor:
        inner = cursor.mogrify(query, parameters or None).decode()
        cursor.copy_expert(
            f"COPY (SELECT {selected} FROM ({inner}) AS rows ({named})) TO STDOUT (FORMAT binary)",
            stream,
        )
    layout = _layout(kinds)
    content = memoryview(stream.getbuffer())[len(_COPY_HEADER) : -len(_COPY_TRAILER)]
    rows = np.frombuffer(content, dtype=layout)
    return {name: rows[name].astype(_NATIVE[kind]) for name, kind in kinds.items()}


def _layout(kinds: Mapping[str, str]) -> np.dtype[Any]:
    fields: list[tuple[str, str]] = [("_count", ">i2")]
    for name, kind in kinds.items():
        fields += [(f"_length_{name}", ">i4"), (name, _WIRE[kind])]
    return np.dtype(fields)


def stage(
    table: str, kinds: Mapping[str, str], columns: Columns, *, key: Sequence[str] = ()
) -> None:
    """Fill a temporary table, made anew; it ends with the transaction or the next staging.

    Rows that are looked up one by one are looked up by `key`.
    """
    with connection.cursor() as cursor:
        declared = ", ".join(f"{name} {_SQL_TYPES[kind]}" for name, kind in kinds.items())
        # Named with its schema, so that only a temporary table can ever be dropped.
        schema = "pg_temp" if is_postgresql() else "temp"
        cursor.execute(f"DROP TABLE IF EXISTS {schema}.{table}")
        cursor.execute(f"CREATE TEMPORARY TABLE {table} ({declared})")
        if is_postgresql():
            cursor.copy_expert(
                f"COPY {table} ({', '.join(kinds)}) FROM STDIN (FORMAT binary)",
                io.BytesIO(_copy_of(kinds, columns)),
            )
        else:
            marks = ", ".join("?" for _ in kinds)
            cursor.connection.executemany(
                f"INSERT INTO {table} VALUES ({marks})",
                zip(*(columns[name].tolist() for name in kinds), strict=True),
            )
        if key:
            # Without it SQLite would read all rows for each row, and so does PostgreSQL where it
            # takes the other table for empty: one that was just filled has no statistics yet.
            where = "" if is_postgresql() else "temp."
            cursor.execute(f"CREATE INDEX {where}{table}_key ON {table} ({', '.join(key)})")
        if is_postgresql():
            # A new temporary table has no statistics, and the planner would guess wildly.
            cursor.execute(f"ANALYZE {table}")


def _copy_of(kinds: Mapping[str, str], columns: Columns) -> bytes:
    rows = np.empty(len(next(iter(columns.values()))), dtype=_layout(kinds))
    rows["_count"] = len(kinds)
    for name in kinds:
        rows[f"_length_{name}"] = 8
        rows[name] = columns[name]
    return _COPY_HEADER + rows.tobytes() + _COPY_TRAILER


def float_or_null(name: str) -> str:
    """SQL for a staged float: NaN travelled for NULL. SQLite has made it NULL by itself."""
    return f"NULLIF({name}, 'NaN'::double precision)" if is_postgresql() else name


def differs(left: Sequence[str], right: Sequence[str]) -> str:
    """SQL that tells whether two rows differ, NULL being equal to NULL."""
    operator = "IS DISTINCT FROM" if is_postgresql() else "IS NOT"
    return f"({', '.join(left)}) {operator} ({', '.join(right)})"


def among(column: str, numbers: NDArray[np.int64] | Sequence[int]) -> tuple[str, list[Any]]:
    """SQL that tells whether a column is among the numbers, however many there are."""
    listed = [int(number) for number in numbers]
    if is_postgresql():
        return f"{column} = ANY(%s)", [listed]
    return f"{column} IN (SELECT value FROM json_each(%s))", [json.dumps(listed)]
