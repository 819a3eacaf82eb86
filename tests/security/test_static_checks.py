"""What the checkers are asked, and what of their findings is passed by with a reason."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.test_architecture import ROOMS, ROOT, parse, sources

PRODUCTION = {
    "PATH": os.environ["PATH"],
    "DEBUG": "false",
    "SECRET_KEY": "Jx7-Qm2+" * 10,
    "ALLOWED_HOSTS": "pmo.example.com",
    "DATABASE_URL": "postgres://portal:s3cret@db:5432/portal",
    "CELERY_BROKER_URL": "redis://redis:6379/0",
}


def ran(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=PRODUCTION,
        check=False,
        capture_output=True,
        text=True,
    )


def test_a_deployment_has_nothing_left_to_warn_of() -> None:
    done = ran("manage.py", "check", "--deploy", "--fail-level", "INFO")
    assert (done.returncode, done.stdout) == (
        0,
        "System check identified no issues (0 silenced).\n",
    ), done.stderr


@pytest.mark.walk
def test_bandit_finds_nothing_at_any_level() -> None:
    done = ran("-m", "bandit", "--quiet", "--configfile", "pyproject.toml", "--recursive", *ROOMS)
    assert done.returncode == 0, done.stdout


def test_two_checks_of_bandit_are_left_out() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["bandit"]
    assert set(told["skips"]) == {
        "B608",  # tests/test_architecture.py keeps SQL by hand in few places
        "B101",  # below
    }


@pytest.mark.parametrize("room", ROOMS)
def test_an_assert_tells_types_and_decides_nothing(room: str) -> None:
    """Python may be told to pass them by; what somebody may do must not hang on one."""
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node.test)}"
        for path in sources(room)
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Assert) and not is_about_types(node.test)
    ]
    assert wrong == []


def is_about_types(test: ast.expr) -> bool:
    if isinstance(test, ast.Call):
        return ast.unparse(test.func) == "isinstance"
    if isinstance(test, ast.BoolOp):
        return all(is_about_types(part) for part in test.values)
    return isinstance(test, ast.Compare) and ast.unparse(test).endswith(" is not None")


NEVER = {"eval", "exec", "pickle", "marshal", "shelve", "os.system", "yaml.load", "mktemp"}


@pytest.mark.parametrize("room", ROOMS)
def test_nothing_that_runs_what_it_reads_is_used(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node.func)}"
        for path in sources(room)
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Call)
        and (ast.unparse(node.func) in NEVER or ast.unparse(node.func).split(".")[0] in NEVER)
    ]
    assert wrong == []


MARKED_SAFE = {
    Path("templates/dashboards/_curve_drawing.html"): "a shape of presentation.bands, a constant",
}


def test_templates_mark_nothing_safe_that_people_wrote() -> None:
    found = {
        path.relative_to(ROOT)
        for path in (ROOT / "templates").rglob("*.html")
        if "|safe" in (text := path.read_text()) or "autoescape off" in text
    }
    assert found == MARKED_SAFE.keys()
