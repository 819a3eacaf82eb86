"""Runs over everybody, cut into chunks: taken by any worker, stored once, done again if lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from metrics.choices import RunState, RunTrigger
from metrics.horizon import scheduled_months
from metrics.ledger import read_ledger
from metrics.models import SCORE_COLUMNS, RunChunk, Score, ScoreRun
from metrics.operations import blocks, chunks, runs
from metrics.operations.blocks import RunLost
from metrics.workspace import load_workspace
from projects.months import Month

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def worked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The worked example in November 2026, each of its months a chunk of its own."""
    monkeypatch.setattr(blocks, "MONTHS_PER_BLOCK", 1)
    with time_machine.travel(datetime(2026, 11, 22, 12, tzinfo=UTC), tick=False):
        load_workspace(EXAMPLES / "worked")
        yield


def stored() -> list[tuple[Any, ...]]:
    rows = Score.objects.order_by("subject", "month")
    return list(rows.values_list("subject", "month", *SCORE_COLUMNS))


def run_laid_out() -> ScoreRun:
    """A run that another worker has claimed and cut, of which no chunk is taken."""
    run = runs.claim(runs.request_full_run(RunTrigger.SCHEDULE))
    assert run is not None
    months = scheduled_months(read_ledger(), Month.of(timezone.localdate()))
    chunks.lay_out(run, list(blocks.cut(months)))
    ScoreRun.objects.filter(pk=run.pk).update(total=len(months))
    return run


def taken() -> RunChunk:
    chunk = chunks.take_next_chunk()
    assert chunk is not None
    return chunk


def carry_on(run: ScoreRun) -> None:
    """Let the next worker carry out a run that was given up for dead."""
    ScoreRun.objects.update(heartbeat_at=timezone.now() - timedelta(hours=1))
    assert runs.reopen_dead_runs() == 1
    successor = runs.take_next_run()
    assert successor == run
    runs.carry_out(successor)


def test_each_chunk_is_taken_once() -> None:
    run_laid_out()
    count = RunChunk.objects.count()
    assert count > 3
    assert len({taken().pk for _ in range(count)}) == count
    assert chunks.take_next_chunk() is None


def test_helpers_and_the_runs_own_worker_store_what_one_alone_would() -> None:
    runs.score_now(trigger=RunTrigger.COMMAND)
    alone = stored()
    Score.objects.all().delete()
    run = run_laid_out()
    chunks.help_with_run()
    run.refresh_from_db()
    assert stored() == alone
    assert (run.done, run.rows_written) == (run.total, len(alone))


def test_a_run_leaves_no_chunk_behind() -> None:
    runs.score_now(trigger=RunTrigger.COMMAND)
    assert not RunChunk.objects.exists()


def test_a_chunk_whose_worker_is_dead_is_done_by_another_and_stored_once() -> None:
    run_laid_out()
    ledger = read_ledger()
    dead = taken()
    RunChunk.objects.filter(pk=dead.pk).update(heartbeat_at=timezone.now() - timedelta(hours=1))
    assert chunks.reopen_dead_chunks() == 1
    again = taken()
    assert again.pk == dead.pk
    chunks.score_chunk(ledger, again)
    before = stored()
    with pytest.raises(RunLost):
        chunks.score_chunk(ledger, dead)
    assert stored() == before


def test_a_chunk_whose_worker_shows_life_stays_with_it() -> None:
    run_laid_out()
    chunk = taken()
    assert chunks.show_life_of_chunk(chunk)
    assert chunks.reopen_dead_chunks() == 0


def test_helpers_of_a_run_that_was_given_up_for_dead_store_nothing_more() -> None:
    run = run_laid_out()
    ledger, late = read_ledger(), taken()
    carry_on(run)
    Score.objects.all().delete()
    with pytest.raises(RunLost):
        chunks.score_chunk(ledger, late)
    assert not Score.objects.exists()


def test_nobody_takes_a_chunk_of_an_attempt_that_is_over() -> None:
    run = run_laid_out()
    ScoreRun.objects.filter(pk=run.pk).update(attempt=run.attempt + 1)
    assert chunks.take_next_chunk() is None


def test_a_run_that_was_carried_on_counts_each_month_once() -> None:
    run = run_laid_out()
    chunks.score_chunk(read_ledger(), taken())
    carry_on(run)
    run.refresh_from_db()
    assert (run.state, run.done) == (RunState.DONE, run.total)


def test_what_fails_in_a_helper_waits_for_the_next_who_takes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("the disk is full")

    run_laid_out()
    monkeypatch.setattr(blocks, "store_scores", broken)
    with pytest.raises(RuntimeError):
        chunks.help_with_run()
    assert not RunChunk.objects.exclude(state=RunState.DUE).exists()


def test_a_run_waits_for_a_helpers_chunk_and_does_it_again_if_the_helper_dies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waited: list[float] = []

    def helper_dies(seconds: float) -> None:
        waited.append(seconds)
        RunChunk.objects.filter(state=RunState.RUNNING).update(
            heartbeat_at=timezone.now() - timedelta(hours=1)
        )

    def helper_takes_one(count: int) -> None:
        assert count == RunChunk.objects.count() - 1
        taken()

    monkeypatch.setattr(chunks, "wake_helpers", helper_takes_one)
    monkeypatch.setattr("metrics.operations.runs.time.sleep", helper_dies)
    run = runs.score_now(trigger=RunTrigger.COMMAND)
    assert len(waited) == 1
    assert (run.state, run.done) == (RunState.DONE, run.total)
    assert stored()
