"""A backup of one database, restored into the other by commands in processes of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.installation import installed

pytestmark = [pytest.mark.worker, pytest.mark.timeout(300)]

WORKED = "examples/worked"
RECORD = """
from django.test import RequestFactory
from accounts.current import answering
from accounts.audit import record
from accounts.choices import Happening
with answering(RequestFactory().get("/x/", REMOTE_ADDR="2001:db8::7")):
    record(Happening.REFUSED, detail="one\\ttwo")
"""
TELL = """
from accounts.models import AuditEvent
print("LOG", list(AuditEvent.objects.exclude(happening="log_restored").order_by("pk").values()))
"""
DELETE = """
from django.db import connection
try:
    connection.cursor().execute("DELETE FROM accounts_auditevent")
except Exception as error:
    print(type(error).__name__)
"""


def logged(told: str) -> str:
    return told[told.index("LOG") :]


def dumped(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("first_is_sqlite", [True, False], ids=["to_postgresql", "to_sqlite"])
def test_a_backup_moves_everything_to_the_other_database(
    tmp_path: Path, postgres_url: str, first_is_sqlite: bool
) -> None:
    addresses = [f"sqlite:///{tmp_path / 'portal.sqlite3'}", postgres_url]
    first, second = addresses if first_is_sqlite else reversed(addresses)
    file = str(tmp_path / "backup.zip")
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    with installed(tmp_path / "first", first) as portal:
        portal.manage("load_workspace", WORKED)
        portal.manage("score")
        portal.manage("shell", "-v0", "-c", RECORD)
        events = logged(portal.manage("shell", "-v0", "-c", TELL))
        portal.manage("backup", file)
        portal.manage("dump_workspace", str(tmp_path / "before"))
        portal.manage("export_scores", str(tmp_path / "scores_before.csv"))
    with installed(tmp_path / "second", second) as portal:
        portal.manage("restore", file)
        portal.manage("dump_workspace", str(tmp_path / "after"))
        portal.manage("export_scores", str(tmp_path / "scores_after.csv"))
        assert logged(portal.manage("shell", "-v0", "-c", TELL)) == events
        assert "2001:db8::7" in events
        assert "IntegrityError" in portal.manage("shell", "-v0", "-c", DELETE)
        assert "0 scores written, 0 removed" in portal.manage("score")
    assert dumped(tmp_path / "after") == dumped(tmp_path / "before")
    before, after = (tmp_path / f"scores_{when}.csv" for when in ("before", "after"))
    assert after.read_text() == before.read_text()
