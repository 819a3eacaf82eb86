"""Backup and restore: everything comes back, or nothing changes."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import RequestFactory

from accounts.audit import record
from accounts.choices import Happening
from accounts.current import answering
from accounts.models import AuditEvent
from metrics.choices import RunTrigger
from metrics.models import MetricDefinition, Score
from metrics.operations.months import close_month
from metrics.operations.runs import score_now
from metrics.workspace import dump_workspace, load_workspace
from pmo_portal.backup import BackupRefused, read_backup, write_backup
from projects.models import Subject
from projects.months import Month

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

pytestmark = pytest.mark.django_db

AWKWARD = "tab\there, a line\nhere, \\N and \\t and \"quotes\", 'too', ünïcode, =1+1"


@pytest.fixture
def company(pmo_lead: User) -> User:
    load_workspace(EXAMPLES / "worked")
    score_now(trigger=RunTrigger.COMMAND)
    close_month(Month.parse("2026-04"), by=pmo_lead)
    metric = MetricDefinition.objects.order_by("pk").first()
    assert metric is not None
    metric.question = AWKWARD[:200]
    metric.save()
    return pmo_lead


def manifest_of(path: Path) -> dict[str, dict[str, str]]:
    """Rows and checksum of each table, which are the same where all rows are."""
    with zipfile.ZipFile(path) as archive:
        tables: dict[str, dict[str, str]] = json.loads(archive.read("manifest.json"))["tables"]
        return tables


def dumped(folder: Path) -> dict[str, str]:
    dump_workspace(folder)
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def rewritten(path: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """A copy of the archive, each member changed."""
    copy = path.with_name("changed.zip")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(copy, "w") as target:
        for name in source.namelist():
            target.writestr(name, change(name, source.read(name)))
    return copy


def test_what_is_restored_is_what_was_backed_up_to_the_last_row(
    company: User, tmp_path: Path
) -> None:
    write_backup(tmp_path / "first.zip")
    before = dumped(tmp_path / "before")
    Subject.objects.filter(code="ORG").update(name="Something else")
    Score.objects.all().delete()
    User.objects.create_user("late")
    read_backup(tmp_path / "first.zip", replace=True)
    write_backup(tmp_path / "second.zip")
    assert manifest_of(tmp_path / "second.zip") == manifest_of(tmp_path / "first.zip")
    assert dumped(tmp_path / "after") == before
    metric = MetricDefinition.objects.order_by("pk").first()
    assert metric is not None
    assert metric.question == AWKWARD[:200]
    assert not User.objects.filter(username="late").exists()


def test_the_audit_log_comes_back_as_it_was_and_stays_sealed(company: User, tmp_path: Path) -> None:
    with answering(RequestFactory().get("/x/", REMOTE_ADDR="2001:db8::7", HTTP_USER_AGENT=AWKWARD)):
        record(Happening.REFUSED, detail="kept")
    before = list(AuditEvent.objects.values())
    write_backup(tmp_path / "backup.zip")
    record(Happening.REFUSED, detail="gone")
    call_command("restore", tmp_path / "backup.zip", "--replace", stdout=io.StringIO())
    restored, *after = AuditEvent.objects.values()
    assert restored["happening"] == Happening.LOG_RESTORED
    assert after == before
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM accounts_auditevent")


def test_what_is_restored_goes_on_working(company: User, tmp_path: Path) -> None:
    write_backup(tmp_path / "backup.zip")
    read_backup(tmp_path / "backup.zip", replace=True)
    run = score_now(trigger=RunTrigger.COMMAND)
    assert (run.rows_written, run.rows_removed) == (0, 0)
    assert User.objects.create_user("new").pk > company.pk


def test_every_table_is_in_the_backup_but_sessions(company: User, tmp_path: Path) -> None:
    write_backup(tmp_path / "backup.zip")
    tables = set(connection.introspection.django_table_names(only_existing=True))
    sessions = {"django_session", "usersessions_usersession"}
    assert set(manifest_of(tmp_path / "backup.zip")) == tables - sessions


def test_a_database_that_holds_something_is_replaced_only_on_request(
    company: User, tmp_path: Path
) -> None:
    write_backup(tmp_path / "backup.zip")
    with pytest.raises(BackupRefused, match="not empty"):
        read_backup(tmp_path / "backup.zip")


def test_a_damaged_file_changes_nothing(company: User, tmp_path: Path) -> None:
    write_backup(tmp_path / "backup.zip")
    damaged = rewritten(
        tmp_path / "backup.zip",
        lambda name, content: content[:-3] if name.endswith("projects_subject.tsv") else content,
    )
    scores = Score.objects.count()
    with pytest.raises(BackupRefused, match="table projects_subject is not as it was written"):
        read_backup(damaged, replace=True)
    assert Score.objects.count() == scores


def test_a_file_of_another_version_is_refused_and_says_what_differs(
    company: User, tmp_path: Path
) -> None:
    def newer(name: str, content: bytes) -> bytes:
        if name != "manifest.json":
            return content
        told = json.loads(content)
        told["migrations"].append("metrics.9999_of_tomorrow")
        return json.dumps(told).encode()

    write_backup(tmp_path / "backup.zip")
    with pytest.raises(BackupRefused, match=r"the file knows metrics\.9999_of_tomorrow"):
        read_backup(rewritten(tmp_path / "backup.zip", newer), replace=True)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut"])
def test_what_is_no_backup_is_refused(company: User, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "backup.zip").write_bytes(content)
    with pytest.raises(BackupRefused):
        read_backup(tmp_path / "backup.zip", replace=True)


def test_an_archive_that_is_no_backup_is_refused(company: User, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("letter.txt", "Dear reader")
    with pytest.raises(BackupRefused):
        read_backup(tmp_path / "other.zip", replace=True)


def test_a_backup_never_replaces_another(company: User, tmp_path: Path) -> None:
    path = tmp_path / "backup.zip"
    path.write_bytes(b"the only copy")
    with pytest.raises(CommandError, match="is there already"):
        call_command("backup", path)
    assert path.read_bytes() == b"the only copy"


def test_a_backup_that_fails_leaves_no_file(
    company: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError("no space left on the disk")

    monkeypatch.setattr("pmo_portal.backup._dump", full)
    with pytest.raises(CommandError, match="no space left"):
        call_command("backup", tmp_path / "backup.zip")
    assert list(tmp_path.iterdir()) == []


def test_the_commands_say_what_they_did(company: User, tmp_path: Path) -> None:
    told = io.StringIO()
    call_command("backup", tmp_path / "backup.zip", stdout=told)
    call_command("restore", tmp_path / "backup.zip", "--replace", stdout=told)
    assert "rows of" in told.getvalue()
    assert "Everybody signs in anew" in told.getvalue()
