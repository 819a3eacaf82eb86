"""One lock between those who write measurements and those who change what measurements rest on.

Whether a month is closed, how a metric's periods lie and how far a subject's span reaches is read
before a measurement is written. Whoever changes one of these must not do so in between. Writers of
measurements share the lock with each other; whoever closes a month, or moves a period or a span,
has it alone. Both keep it until their transaction ends.

Who asks for it does so before locking single rows, so that nobody waits for each other in a circle.

PostgreSQL only: on SQLite a transaction has the whole database for itself from its start.
"""

from __future__ import annotations

from django.db import connection

from metrics.bulk import is_postgresql
from metrics.models import MonthClosing, NoValue, Reminder, ScoreRun


def lock_out_closings() -> None:
    """For writers of measurements: no month is closed, and no period or span moves, meanwhile."""
    _lock("SHARE", MonthClosing)


def lock_out_measurements() -> None:
    """For those who close months or move periods or spans: no measurement is written meanwhile."""
    _lock("SHARE ROW EXCLUSIVE", MonthClosing)


def lock_out_answers() -> None:
    """Nobody else says meanwhile that there is no value, or that a metric does not apply."""
    _lock("SHARE ROW EXCLUSIVE", NoValue)


def lock_out_runs() -> None:
    """No scoring run begins meanwhile; ask for it after the lock on measurements."""
    _lock("SHARE ROW EXCLUSIVE", ScoreRun)


def lock_out_reminders() -> None:
    """Nobody else writes reminders meanwhile, or tells what is told here."""
    _lock("SHARE ROW EXCLUSIVE", Reminder)


def _lock(mode: str, model: type[MonthClosing | NoValue | Reminder | ScoreRun]) -> None:
    if is_postgresql():
        with connection.cursor() as cursor:
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(f"LOCK TABLE {table} IN {mode} MODE")
