"""Chunks of a full run: blocks of months that any worker may take, side by side.

The worker that claimed the run cuts it into chunks, wakes others, takes chunks itself until none
waits, does those of dead workers again, and ends the run. A chunk is claimed by changing its row,
and stored in one transaction that first looks whether that claim still holds. Whoever claims the
run anew deletes the chunks that an earlier attempt left, so nobody stores one of these any more.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from celery import current_app
from django.conf import settings
from django.db.models import F, QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError

from metrics.causes import working_for
from metrics.choices import RunState
from metrics.ledger import Ledger, Stored, read_ledger
from metrics.models import RunChunk, ScoreRun
from metrics.operations.blocks import Block, RunLost, score_block
from metrics.operations.heartbeat import beating
from projects.months import Month
from projects.visibility import seeing_everything

logger = logging.getLogger(__name__)

MOST_HELPERS = 64


def lay_out(run: ScoreRun, blocks: Sequence[Block]) -> None:
    """Let any worker take these blocks; call it in a transaction that holds the run."""
    RunChunk.objects.bulk_create(
        RunChunk(run=run, run_attempt=run.attempt, months=[int(month) for month in block.months])
        for block in blocks
    )


def drop(run: ScoreRun) -> None:
    """Take the chunks of this attempt, and of those before it, from whoever has one.

    Waits for a chunk that is just being stored.
    """
    RunChunk.objects.filter(run=run, run_attempt__lte=run.attempt).delete()


def wake_helpers(count: int) -> None:
    """Ask other workers to take chunks; if none can be reached, the run's own does them all."""
    try:
        for _ in range(min(count, MOST_HELPERS)):
            current_app.send_task(
                "metrics.tasks.help_with_run_task", retry=False, ignore_result=True
            )
    except (OperationalError, OSError) as error:
        logger.warning("No worker could be asked to help (%s); the run goes on alone.", error)


def take_next_chunk() -> RunChunk | None:
    """Claim a chunk of the run that is going on; None if none waits."""
    waiting = _of_the_run_that_goes_on().filter(state=RunState.DUE)
    for pk in waiting.order_by("pk").values_list("pk", flat=True):
        claimed = RunChunk.objects.filter(pk=pk, state=RunState.DUE).update(
            state=RunState.RUNNING, attempt=F("attempt") + 1, heartbeat_at=timezone.now()
        )
        if claimed:
            return RunChunk.objects.select_related("run").filter(pk=pk).first()
    return None


def score_chunk(ledger: Ledger, chunk: RunChunk) -> None:
    """Score a claimed chunk; any error gives it back for another try."""
    block = Block([Month(month) for month in chunk.months])
    try:
        with working_for(run_id=chunk.run_id), beating(partial(show_life_of_chunk, chunk)):
            score_block(ledger, block, ChunkClaim(chunk))
    except RunLost:
        raise
    except Exception:
        _held(chunk).update(state=RunState.DUE)
        raise


def show_life_of_chunk(chunk: RunChunk) -> bool:
    """Tell that the worker of this chunk is alive; False if the chunk is no longer its own."""
    return bool(_held(chunk).update(heartbeat_at=timezone.now()))


def reopen_dead_chunks() -> int:
    """Give chunks back whose worker has not shown life for too long; how many there were."""
    silent_since = timezone.now() - timedelta(seconds=settings.SCORE_RUN_STALE_SECONDS)
    silent = RunChunk.objects.filter(state=RunState.RUNNING, heartbeat_at__lt=silent_since)
    return silent.update(state=RunState.DUE)


def is_all_stored(run: ScoreRun) -> bool:
    chunks = RunChunk.objects.filter(run=run, run_attempt=run.attempt)
    return not chunks.exclude(state=RunState.DONE).exists()


@seeing_everything()
def help_with_run() -> None:
    """Take chunks of the run that is going on until none waits."""
    ledger, read_for = None, None
    while chunk := take_next_chunk():
        # Definitions are read anew for each attempt, and never before what it is to answer.
        if ledger is None or read_for != (chunk.run_id, chunk.run_attempt):
            ledger, read_for = read_ledger(), (chunk.run_id, chunk.run_attempt)
        score_chunk(ledger, chunk)


@dataclass(frozen=True, slots=True)
class ChunkClaim:
    """The right to store a chunk: the attempt that this worker began."""

    chunk: RunChunk

    def hold(self) -> None:
        if not show_life_of_chunk(self.chunk):
            raise RunLost(f"A chunk of run {self.chunk.run_id} belongs to another worker by now.")

    def note(self, months: int, stored: Stored) -> None:
        _held(self.chunk).update(state=RunState.DONE)
        # Last of all, as this row is everybody's: it is locked from here to the commit.
        ScoreRun.objects.filter(pk=self.chunk.run_id, attempt=self.chunk.run_attempt).update(
            done=F("done") + months,
            rows_scored=F("rows_scored") + stored.computed,
            rows_written=F("rows_written") + stored.written,
            rows_removed=F("rows_removed") + stored.removed,
        )


def _of_the_run_that_goes_on() -> QuerySet[RunChunk]:
    return RunChunk.objects.filter(run__state=RunState.RUNNING, run_attempt=F("run__attempt"))


def _held(chunk: RunChunk) -> QuerySet[RunChunk]:
    """The chunk's row, as long as the claim of this attempt holds."""
    return RunChunk.objects.filter(pk=chunk.pk, attempt=chunk.attempt, state=RunState.RUNNING)
