"""Incremental scoring equals a full scheduled run, whatever was changed and in which order."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import time_machine
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from metrics.choices import RunTrigger
from metrics.models import Score
from metrics.operations.runs import answer_all_needs, score_now
from metrics.workspace import load_workspace
from tests.database_changes import perform
from tests.oracle import Workspace, scheduled_months, score_workspace, write_workspace
from tests.strategies import SMALL, changes, workspaces

TODAY = datetime(2025, 11, 15, 12, tzinfo=UTC)
CURRENT = "2025-11"
quick = settings(
    max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def load(workspace: Workspace) -> None:
    with TemporaryDirectory() as folder:
        write_workspace(workspace, folder)
        load_workspace(Path(folder))


def stored_rows() -> dict[tuple[str, str, str], Any]:
    rows: dict[tuple[str, str, str], Any] = {}
    for score in Score.objects.select_related("subject"):
        key = (score.subject.code, str(score.month))
        for category in ("tactical", "value_creation", "longevity", "financial"):
            if measure := score.category(category):
                rows[(*key, category)] = (
                    measure.score,
                    measure.coverage,
                    measure.band.name.lower(),
                )
        overall = score.overall
        rows[(*key, "overall")] = (overall.score, overall.coverage, overall.band.name.lower())
        if score.balance is not None:
            rows[(*key, "balance")] = (score.balance, None, None)
    return rows


def assert_stored(workspace: Workspace) -> None:
    """The table says just what the slow reading says for a scheduled run."""
    months = scheduled_months(workspace, CURRENT)
    expected = {} if months is None else score_workspace(workspace, *months)
    stored = stored_rows()
    assert stored.keys() == expected.keys()
    for key, row in stored.items():
        score, coverage, band = expected[key]
        assert row[2] == band, key
        for value, other in zip(row[:2], (score, coverage), strict=True):
            if value is None or other is None:
                assert value is other, key
            else:
                assert math.isclose(value, other, rel_tol=0, abs_tol=1e-6), key


class IncrementalScoring(TestCase):
    """Hypothesis makes a transaction of its own for every example here."""

    @quick
    @given(workspace=workspaces(SMALL))
    def test_a_loaded_workspace_scores_like_the_slow_reading(self, workspace: Workspace) -> None:
        with time_machine.travel(TODAY, tick=False):
            load(workspace)
            answer_all_needs()
            assert_stored(workspace)

    @quick
    @given(workspace=workspaces(SMALL), data=st.data())
    def test_after_any_sequence_of_changes_incremental_equals_full(
        self, workspace: Workspace, data: Any
    ) -> None:
        with time_machine.travel(TODAY, tick=False):
            load(workspace)
            answer_all_needs()
            for _ in range(data.draw(st.integers(1, 4), "number of answers")):
                for change in data.draw(changes(workspace), "changes"):
                    note(str(change))
                    perform(change)
                    workspace = change.apply(workspace)
                answer_all_needs()
                assert_stored(workspace)
            full = score_now(trigger=RunTrigger.SCHEDULE)
            assert (full.rows_written, full.rows_removed) == (0, 0)

    @quick
    @given(workspace=workspaces(SMALL), data=st.data())
    def test_loading_a_changed_folder_again_scores_what_it_changed(
        self, workspace: Workspace, data: Any
    ) -> None:
        with time_machine.travel(TODAY, tick=False):
            load(workspace)
            answer_all_needs()
            for change in data.draw(changes(workspace), "changes"):
                # What a folder lacks stays as it is, so that a folder can't say "removed"; what was
                # drawn after a removal may need it.
                if type(change).__name__.startswith(("Remove", "Delete")):
                    break
                note(str(change))
                workspace = change.apply(workspace)
            load(workspace)
            answer_all_needs()
            assert_stored(workspace)
            full = score_now(trigger=RunTrigger.SCHEDULE)
            assert (full.rows_written, full.rows_removed) == (0, 0)
