"""The database itself keeps the audit log: triggers refuse to change or delete what it says.

`unsealed` is the one way past them, for what deletes by a rule: the retention, a restore.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "accounts_auditevent"
REFUSAL = "The audit log is added to; nothing in it is changed or deleted."

# PostgreSQL: open for one transaction, in which somebody said so.
_POSTGRESQL = (
    f"""
    CREATE OR REPLACE FUNCTION {TABLE}_kept() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'UPDATE' AND current_setting('portal.audit_log', true) = 'unsealed' THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    f"""
    CREATE TRIGGER {TABLE}_rows_kept BEFORE UPDATE OR DELETE ON {TABLE}
    FOR EACH ROW EXECUTE FUNCTION {TABLE}_kept()
    """,
    f"""
    CREATE TRIGGER {TABLE}_kept BEFORE TRUNCATE ON {TABLE}
    FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_kept()
    """,
)
_POSTGRESQL_OFF = (
    f"DROP TRIGGER {TABLE}_rows_kept ON {TABLE}",
    f"DROP TRIGGER {TABLE}_kept ON {TABLE}",
    f"DROP FUNCTION {TABLE}_kept()",
)
# SQLite has no such setting. It takes a trigger away and puts it back within a transaction, in
# which nobody else writes.
_SQLITE_DELETE = (
    f"CREATE TRIGGER {TABLE}_not_deleted BEFORE DELETE ON {TABLE} "
    f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
)
_SQLITE = (
    f"CREATE TRIGGER {TABLE}_not_changed BEFORE UPDATE ON {TABLE} "
    f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
    # INSERT OR REPLACE deletes the row before, and asks no trigger of deletion.
    f"CREATE TRIGGER {TABLE}_not_replaced BEFORE INSERT ON {TABLE} "
    f"WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id) "  # nosec B608: names of our own
    f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
    _SQLITE_DELETE,
)
_SQLITE_DELETE_OFF = f"DROP TRIGGER {TABLE}_not_deleted"
_SQLITE_OFF = (
    f"DROP TRIGGER {TABLE}_not_changed",
    f"DROP TRIGGER {TABLE}_not_replaced",
    _SQLITE_DELETE_OFF,
)


def seal(connection: BaseDatabaseWrapper) -> None:
    """For the migration that makes the table."""
    _run(connection, *(_POSTGRESQL if connection.vendor == "postgresql" else _SQLITE))


def break_seal(connection: BaseDatabaseWrapper) -> None:
    """For the migration that goes back."""
    _run(connection, *(_POSTGRESQL_OFF if connection.vendor == "postgresql" else _SQLITE_OFF))


@contextmanager
def unsealed(using: str = "default") -> Iterator[None]:
    """In one transaction, rows may be deleted; for everybody else the log stays sealed."""
    connection = connections[using]
    with transaction.atomic(using=using):
        if connection.vendor == "postgresql":
            _run(connection, "SELECT set_config('portal.audit_log', 'unsealed', true)")
            yield
            # A transaction around this one goes on.
            _run(connection, "SELECT set_config('portal.audit_log', '', true)")
        else:
            _run(connection, _SQLITE_DELETE_OFF)
            yield
            _run(connection, _SQLITE_DELETE)


def delete_rows_before(moment: datetime, using: str = "default") -> int:
    """How many; inside of `unsealed`."""
    with connections[using].cursor() as cursor:
        cursor.execute(f"DELETE FROM {TABLE} WHERE at < %s", [moment])  # nosec B608: our own name
        return int(cursor.rowcount)


def _run(connection: BaseDatabaseWrapper, *statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
