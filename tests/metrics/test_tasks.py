"""The doors of background work: what they carry out, and what a passing fault leaves."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from metrics import tasks
from metrics.choices import RunScope, RunState, RunTrigger
from metrics.models import RescoreNeed, Score, ScoreRun
from metrics.operations.runs import carry_out, claim, request_full_run
from metrics.workspace import load_workspace

WORKED = Path(__file__).resolve().parents[2] / "examples" / "worked"

pytestmark = pytest.mark.django_db


class NoHeartbeat:
    """The thread of the real one would look into another database than the test's."""

    def __init__(self, show_life: object) -> None:
        self.show_life = show_life

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


@pytest.fixture(autouse=True)
def worked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "beating", NoHeartbeat)
    load_workspace(WORKED)


def failing(times: int) -> Any:
    """Carries a run out, but not before the database was away so many times."""
    left = [times]

    def carry(run: ScoreRun) -> ScoreRun:
        if left[0]:
            left[0] -= 1
            raise OperationalError("the database is away")
        return carry_out(run)

    return carry


def test_what_waits_is_answered() -> None:
    tasks.answer_needs_task()
    assert not RescoreNeed.objects.exists()
    assert Score.objects.exists()


def test_a_database_that_is_away_is_tried_again_until_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks, "carry_out", failing(times=2))
    tasks.answer_needs_task.apply()
    run = ScoreRun.objects.get()
    assert (run.state, run.attempt) == (RunState.DONE, 3)


def test_a_run_that_met_a_passing_fault_is_due_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "carry_out", failing(times=1))
    with pytest.raises(OperationalError):
        tasks.answer_needs_task()
    assert ScoreRun.objects.get().state == RunState.DUE
    assert RescoreNeed.objects.exists()


def test_retries_wait_longer_each_time() -> None:
    task: Any = tasks.answer_needs_task
    assert OperationalError in task.autoretry_for
    assert task.retry_backoff is True
    assert task.max_retries == 8


def test_the_nightly_run_scores_all_open_months() -> None:
    tasks.nightly_rescore_task()
    full = ScoreRun.objects.get(scope=RunScope.FULL)
    assert (full.trigger, full.state) == (RunTrigger.SCHEDULE, RunState.DONE)
    assert not RescoreNeed.objects.exists()


def test_a_dead_workers_run_is_reopened_and_carried_out() -> None:
    run = claim(request_full_run(RunTrigger.SCHEDULE))
    assert run is not None
    ScoreRun.objects.update(heartbeat_at=timezone.now() - timedelta(hours=1))
    tasks.reopen_dead_runs_task()
    run.refresh_from_db()
    assert (run.state, run.attempt) == (RunState.DONE, 2)
