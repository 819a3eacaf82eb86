"""How much there is: of the database on its disk."""

from __future__ import annotations

from pathlib import Path

from django.db import connection

from metrics.bulk import is_postgresql


def database_version() -> str:
    """The program that keeps the data, with its version."""
    if is_postgresql():
        number = int(connection.pg_version)  # type: ignore[attr-defined]  # of this backend alone
        return f"PostgreSQL {number // 10_000}.{number % 10_000}"
    return f"SQLite {connection.Database.sqlite_version}"  # type: ignore[attr-defined]


def database_bytes() -> int | None:
    """Its size with all indexes; None where it is kept in memory."""
    if is_postgresql():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
    name = str(connection.settings_dict["NAME"])
    files = [Path(f"{name}{end}") for end in ("", "-wal")]
    sizes = [file.stat().st_size for file in files if file.is_file()]
    return sum(sizes) if sizes else None
