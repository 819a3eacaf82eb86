"""Whatever a folder holds, it either loads as a whole or is refused in sentences."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import time_machine
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from metrics.models import Measurement
from metrics.workspace import LoadReport, WorkspaceRefused, dump_workspace, load_workspace
from projects.models import Subject
from tests.metrics.workspace.conftest import SMALL

quick = settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])

# What is at home somewhere in a workspace, at home nowhere, or hard on a parser or a database.
CELLS = st.sampled_from(
    [
        *("", " ", "0", "1", "-1", "0.5", "1e400", "1e-400", "NaN", "99999999999999999999", "1,5"),
        *("CHAT", "ENT", "ORG", "SUB", "CHAT@ENT", "CHAT@SMB", "adoption", "output", "CARD", "CUS"),
        *("2026-03", "2026-13", "0000-01", "9999-12", "2026", "2026-Q1", "2026-W11", "2026-02-30"),
        *("true", "false", "project", "customer", "engagement", "day", "year", "tactical", "last"),
        *("[[0,0],[1,1]]", "[[0,0]]", "{}", "null", "[" * 2000, '"', "a\nb", "a\rb", "a\0b", "\\N"),
        *("adoption + cost", "output", "1/0", "(" * 300, "x" * 300, "é", "\u2028", "🙂", "EUR"),
    ]
)


def table_of(name: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(SMALL[name])))


def text_of(rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue()


@st.composite
def with_other_cells(draw: st.DrawFn) -> dict[str, bytes]:
    """Some cells, header cells among them, hold something else, or a row is there twice."""
    files = {name: table_of(name) for name in SMALL}
    for _ in range(draw(st.integers(1, 4))):
        rows = files[draw(st.sampled_from(sorted(files)))]
        row = draw(st.sampled_from(rows))
        if draw(st.integers(0, 5)) == 0:
            rows.append(list(row))
        elif row:
            row[draw(st.integers(0, len(row) - 1))] = draw(CELLS)
    return {name: text_of(rows).encode() for name, rows in files.items()}


@st.composite
def with_other_bytes(draw: st.DrawFn) -> dict[str, bytes]:
    """Bytes are cut out of a file, and others put in their place."""
    files = {name: text.encode() for name, text in SMALL.items()}
    name = draw(st.sampled_from(sorted(files)))
    content = files[name]
    start = draw(st.integers(0, len(content)))
    end = draw(st.integers(start, min(len(content), start + 20)))
    files[name] = content[:start] + draw(st.binary(max_size=6)) + content[end:]
    return files


def write(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir()
    for name, content in files.items():
        (folder / f"{name}.csv").write_bytes(content)
    return folder


def loaded(folder: Path) -> LoadReport | WorkspaceRefused:
    try:
        return load_workspace(folder)
    except WorkspaceRefused as refused:
        event("refused")
        return refused


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@contextmanager
def a_day_in_november() -> Iterator[Path]:
    """A folder for this one example."""
    with (
        TemporaryDirectory() as name,
        time_machine.travel(datetime(2026, 11, 15, tzinfo=UTC)),
    ):
        yield Path(name)


class SpoiledFolders(TestCase):
    """Hypothesis makes a transaction of its own for every example here."""

    @quick
    @given(with_other_cells() | with_other_bytes())
    def test_a_folder_loads_as_a_whole_or_is_refused_in_sentences(
        self, files: dict[str, bytes]
    ) -> None:
        with a_day_in_november() as place:
            outcome = loaded(write(place / "folder", files))
            if isinstance(outcome, WorkspaceRefused):
                assert outcome.total >= len(outcome.errors) > 0
                assert all(": " in error and error.endswith((".", "?")) for error in outcome.errors)
                assert not Subject.objects.exists()
                assert not Measurement.objects.exists()
                return
            assert outcome.created > 0
            dump_workspace(place / "dump")
            again = load_workspace(place / "dump")
            assert (again.created, again.changed) == (0, 0)

    @quick
    @given(with_other_cells() | with_other_bytes())
    def test_over_what_is_there_it_changes_what_it_says_or_nothing(
        self, files: dict[str, bytes]
    ) -> None:
        well = {name: text.encode() for name, text in SMALL.items()}
        with a_day_in_november() as place:
            load_workspace(write(place / "well", well))
            dump_workspace(place / "before")
            folder = write(place / "folder", files)
            outcome = loaded(folder)
            dump_workspace(place / "after")
            if isinstance(outcome, WorkspaceRefused):
                assert contents(place / "after") == contents(place / "before")
                return
            is_other = contents(place / "after") != contents(place / "before")
            assert is_other == bool(outcome.created or outcome.changed)
            again = load_workspace(folder)
            assert (again.created, again.changed, again.subjects_to_score) == (0, 0, 0)
