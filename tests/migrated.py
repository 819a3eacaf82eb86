"""Databases that are migrated already: one is made, and every other one is a copy of it.

Migrating takes ten seconds of a processor. The copy on SQLite is kept from run to run and made anew
when any of the code has changed; that on PostgreSQL lives as long as its server.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.sqlite3.base import DatabaseWrapper as SQLiteDatabase

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("projects", "metrics", "dashboards", "api", "accounts", "pmo_portal")
PLACE = Path(tempfile.gettempdir())
A_DAY = 24 * 60 * 60


@contextmanager
def _alone() -> Iterator[None]:
    """Workers ask at the same moment; the first one makes the copy, the others wait for it."""
    with (PLACE / f"pmo-portal-migrated-{os.getuid()}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fingerprint() -> str:
    """Of all that migrating runs: migrations, what they import, and what follows upon them."""
    found = hashlib.sha256((ROOT / "requirements.txt").read_bytes())
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            found.update(str(path.relative_to(ROOT)).encode())
            found.update(path.read_bytes())
    return found.hexdigest()[:16]


def _migrate(database_url: str, var_dir: str) -> None:
    variables = {"DATABASE_URL": database_url, "VAR_DIR": var_dir, "DEBUG": "true"}
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=ROOT,
        env=os.environ | variables,
        check=True,
    )


def migrated_sqlite() -> Path:
    """A file that nobody may write to."""
    kept = f"pmo-portal-migrated-{os.getuid()}-"
    path = PLACE / f"{kept}{_fingerprint()}.sqlite3"
    with _alone():
        if not path.exists():
            for old in PLACE.glob(f"{kept}*.sqlite3"):
                if time.time() - old.stat().st_mtime > A_DAY:
                    old.unlink()
            with tempfile.TemporaryDirectory() as folder:
                _migrate(f"sqlite:///{folder}/new.sqlite3", folder)
                with closing(sqlite3.connect(f"{folder}/new.sqlite3")) as new:
                    new.execute("PRAGMA journal_mode=DELETE")  # all of it in one file
                # At once, so that nobody ever finds half of it.
                moved = shutil.copy(f"{folder}/new.sqlite3", f"{path}.new")
                Path(moved).rename(path)
    return path


def migrated_postgres(server: str, kind: str = "plain", options: str = "") -> str:
    """The name of a database on this server that others can be made from, as its TEMPLATE.

    `options` are those of CREATE DATABASE, and `kind` a name for them.
    """
    name = f"portal_migrated_{kind}"
    with _alone(), closing(psycopg2.connect(f"{server}/postgres")) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if not cursor.fetchone():
            cursor.execute(f"CREATE DATABASE {name}_new TEMPLATE template0 {options}")
            with tempfile.TemporaryDirectory() as folder:
                _migrate(f"{server}/{name}_new", folder)
            cursor.execute(f"ALTER DATABASE {name}_new RENAME TO {name}")
    return name


def fill_from_copy(database_url: str) -> None:
    """Give the database of this address, which is empty or not there yet, all tables."""
    if database_url.startswith("sqlite"):
        shutil.copyfile(migrated_sqlite(), database_url.removeprefix("sqlite:///"))
        return
    server, _, name = database_url.rpartition("/")
    template = migrated_postgres(server)
    with closing(psycopg2.connect(f"{server}/postgres")) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE {template}")


def fill_in_memory(connection: BaseDatabaseWrapper, **_: object) -> None:
    """For `connection_created`: what Django's tests run on starts as a copy, too."""
    if not isinstance(connection, SQLiteDatabase) or not connection.is_in_memory_db():
        return
    own = connection.connection
    if own is not None and not own.execute("SELECT 1 FROM sqlite_master").fetchone():
        with closing(sqlite3.connect(f"file:{migrated_sqlite()}?mode=ro", uri=True)) as copy:
            copy.backup(own)
