"""`load_workspace` and `dump_workspace` as they are typed."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError

from metrics.models import Measurement
from metrics.workspace import loading
from projects.models import Subject
from tests.factories import UserFactory
from tests.metrics.workspace.conftest import Write
from tests.migrated import fill_from_copy


class Terminal(io.StringIO):
    """Somebody is looking."""

    def isatty(self) -> bool:
        return True


def call(*arguments: Any) -> str:
    out = io.StringIO()
    call_command(*(str(argument) for argument in arguments), stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_a_load_prints_its_report(small: Write) -> None:
    lines = call("load_workspace", small()).splitlines()

    assert lines[1].split() == ["organisation.csv", "1", "0", "0"]
    assert lines[-2].split() == ["measurements.csv", "7", "0", "0"]
    assert lines[-1] == "10 subjects wait to be scored anew."


@pytest.mark.django_db
def test_a_check_writes_nothing(small: Write) -> None:
    assert call("load_workspace", small(), "--check").endswith(
        "Checked only: nothing was written.\n"
    )
    assert not Subject.objects.exists()


@pytest.mark.django_db
def test_a_refused_folder_is_a_command_error_with_all_lines(small: Write) -> None:
    folder = small({"+measurements": "adoption,CHAT,2026-05,x,\nadoption,CHAT,2026-06,y,\n"})
    with pytest.raises(CommandError) as refused:
        call("load_workspace", folder)

    assert str(refused.value).splitlines() == [
        "Nothing was loaded.",
        'measurements.csv:9: value: "x" is not a number; write it like 1234.5 or 1e-05.',
        'measurements.csv:10: value: "y" is not a number; write it like 1234.5 or 1e-05.',
    ]


@pytest.mark.django_db
def test_what_the_database_refuses_is_told_without_a_traceback(
    small: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    def collide(*arguments: Any, **named: Any) -> None:
        raise IntegrityError("UNIQUE constraint failed: projects_subject.code")

    monkeypatch.setattr(loading, "store", collide)
    with pytest.raises(CommandError, match=r"the database refused \(UNIQUE constraint failed"):
        call("load_workspace", small())


@pytest.mark.django_db
def test_a_load_can_be_signed(small: Write) -> None:
    UserFactory(username="ann")
    call("load_workspace", small(), "--by", "ann")

    assert set(Measurement.objects.values_list("entered_by__username", flat=True)) == {"ann"}


@pytest.mark.django_db
def test_nobody_can_sign_for_somebody_who_is_not_there(small: Write) -> None:
    with pytest.raises(CommandError, match="There is no user ann"):
        call("load_workspace", small(), "--by", "ann")


@pytest.mark.django_db
def test_progress_is_drawn_on_a_terminal_only(
    small: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", pipe := io.StringIO())
    call("load_workspace", small())
    assert pipe.getvalue() == ""

    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    call("load_workspace", small())
    assert "bytes of measurements read" in terminal.getvalue()


@pytest.mark.django_db
def test_a_dump_says_how_much_it_wrote_and_where(small: Write, tmp_path: Path) -> None:
    call("load_workspace", small())

    assert call("dump_workspace", tmp_path / "dump") == f"Wrote 32 rows to {tmp_path / 'dump'}.\n"
    assert (tmp_path / "dump" / "measurements.csv").exists()


@pytest.mark.django_db
def test_a_dump_into_a_foreign_folder_is_a_command_error(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear customer")

    with pytest.raises(CommandError, match=r"It holds letter\.txt"):
        call("dump_workspace", tmp_path)


def manage(environment: dict[str, str], root: Path, *arguments: str) -> Any:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=root,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_error_is_told_on_stderr_with_exit_code_1(tmp_path: Path, project_root: Path) -> None:
    environment = {"DATABASE_URL": f"sqlite:///{tmp_path / 'portal.sqlite3'}"}
    fill_from_copy(environment["DATABASE_URL"])
    (tmp_path / "folder").mkdir()
    done = manage(environment, project_root, "load_workspace", str(tmp_path / "folder"))

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        f"CommandError: Nothing was loaded.\n{tmp_path / 'folder'}: The folder is empty;"
    )
