"""Dump then load into an empty database gives the same dump, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.db import transaction
from hypothesis import HealthCheck, assume, given, settings
from hypothesis.extra.django import TestCase

from metrics.workspace import dump_workspace, load_workspace
from tests.metrics.workspace.conftest import Write
from tests.oracle import Workspace, read_workspace, score_workspace, write_workspace
from tests.strategies import SMALL, workspaces

quick = settings(
    max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class Undone(Exception):
    """Raised to empty the database again."""


@contextmanager
def emptied_afterwards() -> Iterator[None]:
    with suppress(Undone), transaction.atomic():
        yield
        raise Undone


def dumped(source: Path, into: Path) -> dict[str, bytes]:
    """The dump of what an empty database makes of a folder."""
    with emptied_afterwards():
        load_workspace(source)
        dump_workspace(into)
        again = load_workspace(into)
    assert (again.created, again.changed, again.subjects_to_score) == (0, 0, 0)
    return contents(into)


@pytest.mark.django_db
@pytest.mark.parametrize("example", ["worked", "uk_gmpp"])
def test_an_example_goes_round(example: str, project_root: Path, tmp_path: Path) -> None:
    first = dumped(project_root / "examples" / example, tmp_path / "first")

    assert dumped(tmp_path / "first", tmp_path / "second") == first


@pytest.mark.django_db
def test_the_small_workspace_goes_round(small: Write, tmp_path: Path) -> None:
    first = dumped(small(), tmp_path / "first")

    assert dumped(tmp_path / "first", tmp_path / "second") == first
    assert len(first) == 14


class RandomWorkspaces(TestCase):
    """Hypothesis makes a transaction of its own for every example here."""

    @quick
    @given(workspaces(SMALL))
    def test_any_workspace_goes_round_and_means_the_same(self, workspace: Workspace) -> None:
        assume(any(workspace.values()))
        with TemporaryDirectory() as name:
            folder = Path(name)
            write_workspace(workspace, folder / "source")
            first = dumped(folder / "source", folder / "first")

            assert dumped(folder / "first", folder / "second") == first
            assert score_workspace(read_workspace(folder / "first")) == score_workspace(workspace)
