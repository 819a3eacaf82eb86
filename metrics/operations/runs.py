"""Scoring runs: asked for, claimed by one worker, carried out block by block, and mended.

A run is claimed by changing its row; the database lets one run be RUNNING at a time. Each block of
months is computed from what is stored and written in one transaction that first looks whether the
claim still holds, so a worker that was given up for dead can't write over its successor. A run over
everybody is cut into chunks, with which other workers help.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F, Max, Min, QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from structlog.contextvars import bound_contextvars

from metrics.causes import current_request_id, working_for
from metrics.choices import RunScope, RunState, RunTrigger
from metrics.closed_months import ClosedMonths
from metrics.horizon import scheduled_months
from metrics.ledger import Ledger, Stored, read_ledger
from metrics.models import RescoreNeed, Score, ScoreRun
from metrics.operations import chunks
from metrics.operations.blocks import Block, RunLost, cut, score_block
from metrics.tallies import count_run, count_waits, seconds_of
from projects.months import Month, month_range
from projects.visibility import seeing_everything

logger = logging.getLogger(__name__)

MOST_CAUSES = 100
"""Of how many requests a run keeps the names."""

WAIT_FOR_HELPERS = 0.1
"""Seconds between looks at chunks that other workers are still at."""

Progress = Callable[[int, int], None]


class AnotherRunIsGoing(Exception):
    """Scores are being written by somebody else, who did not finish in time."""


def request_full_run(trigger: RunTrigger, *, by: User | None = None) -> ScoreRun:
    """Ask for all open months to be scored; a request that still waits is enough."""
    waiting = ScoreRun.objects.filter(state=RunState.DUE, scope=RunScope.FULL)
    return waiting.first() or ScoreRun.objects.create(
        scope=RunScope.FULL, trigger=trigger, requested_by=by, request_ids=_asked_by()
    )


def take_next_run() -> ScoreRun | None:
    """Claim what is to be done next, if nobody is at work: a run that is due, or the changes."""
    if ScoreRun.objects.filter(state=RunState.RUNNING).exists():
        return None
    if _is_backing_off() and not ScoreRun.objects.filter(state=RunState.DUE).exists():
        return None
    due = _what_is_due()
    return claim(due) if due else None


def claim(run: ScoreRun) -> ScoreRun | None:
    """Make the run this worker's; None if another was faster or is at work."""
    try:
        with transaction.atomic():
            claimed = ScoreRun.objects.filter(pk=run.pk, state=RunState.DUE).update(
                state=RunState.RUNNING,
                attempt=F("attempt") + 1,
                started_at=timezone.now(),
                heartbeat_at=timezone.now(),
                done=0,
                error="",
            )
    except IntegrityError:
        return None
    if not claimed:
        return None
    run.refresh_from_db()
    return run


@seeing_everything()
def carry_out(run: ScoreRun, progress: Progress | None = None) -> ScoreRun:
    """Score what the claimed run is about; harmless to repeat.

    RunLost if the claim was taken away meanwhile; any other error leaves the run FAILED and what it
    was to answer unanswered, for a later run.
    """
    with working_for(run_id=run.pk):
        try:
            _carry_out(run, progress or (lambda done, total: None))
        except RunLost:
            raise
        except Exception as error:
            with transaction.atomic():
                chunks.drop(run)
                failed = _held(run).update(
                    state=RunState.FAILED,
                    finished_at=timezone.now(),
                    error=f"{type(error).__name__}: {error}"[:2000],
                )
                if failed:
                    run.refresh_from_db()
                    count_run(run)
            raise
    run.refresh_from_db()
    return run


def give_back(run: ScoreRun) -> None:
    """Let a run that stopped on a passing fault be taken again."""
    ScoreRun.objects.filter(
        pk=run.pk, attempt=run.attempt, state__in=[RunState.RUNNING, RunState.FAILED]
    ).update(state=RunState.DUE, finished_at=None)


def show_life(run: ScoreRun) -> bool:
    """Tell that the worker of this run is alive; False if the run is no longer its own."""
    return bool(_held(run).update(heartbeat_at=timezone.now()))


def reopen_dead_runs(*, silent_for: timedelta | None = None) -> int:
    """Make runs due again whose worker has not shown life for too long; how many there were.

    Who knows that no worker lives, having the installation to itself, gives a time of 0.
    """
    if silent_for is None:
        silent_for = timedelta(seconds=settings.SCORE_RUN_STALE_SECONDS)
    silent_since = timezone.now() - silent_for
    return ScoreRun.objects.filter(state=RunState.RUNNING, heartbeat_at__lt=silent_since).update(
        state=RunState.DUE
    )


@seeing_everything()
def score_now(
    *,
    trigger: RunTrigger,
    months: Sequence[Month] | None = None,
    by: User | None = None,
    progress: Progress | None = None,
    patience: float = 600.0,
) -> ScoreRun:
    """Score in the foreground: the given months, else all that a scheduled run would.

    Closed months are passed by. Waits for a run that is going; AnotherRunIsGoing after `patience`
    seconds.
    """
    run = ScoreRun.objects.create(
        scope=RunScope.MONTHS if months else RunScope.FULL,
        trigger=trigger,
        requested_by=by,
        first_month=months[0] if months else None,
        last_month=months[-1] if months else None,
        request_ids=_asked_by(),
    )
    if claimed := _claim_patiently(run, patience):
        return carry_out(claimed, progress)
    run.refresh_from_db()
    return run


@seeing_everything()
def answer_all_needs(*, patience: float = 600.0) -> None:
    """Carry out in the foreground everything that waits; returns at once if nothing does."""
    while run := _what_is_due():
        if claimed := _claim_patiently(run, patience):
            carry_out(claimed)


def _what_is_due() -> ScoreRun | None:
    """The oldest run that is due, else one for the changes that wait."""
    due = ScoreRun.objects.filter(state=RunState.DUE).order_by("pk").first()
    if due is None and RescoreNeed.objects.exists():
        return ScoreRun.objects.create(scope=RunScope.CHANGED, trigger=RunTrigger.CHANGE)
    return due


def _claim_patiently(run: ScoreRun, patience: float) -> ScoreRun | None:
    """The claimed run, as soon as nobody else is at work; None if a worker has carried it out."""
    deadline = time.monotonic() + patience
    while True:
        if claimed := claim(run):
            return claimed
        run.refresh_from_db()
        if run.state not in (RunState.DUE, RunState.RUNNING):
            return None
        reopen_dead_runs()
        if time.monotonic() > deadline:
            ScoreRun.objects.filter(pk=run.pk, state=RunState.DUE).delete()
            raise AnotherRunIsGoing(
                gettext(
                    "Another scoring run is going on and did not end in time. See it at"
                    " /runs/, and try again when it is done."
                )
            )
        time.sleep(0.2)


def _is_backing_off() -> bool:
    """After failures in a row, wait twice as long each time before trying again."""
    failures = 0
    last_end = None
    for state, finished_at in ScoreRun.objects.values_list("state", "finished_at")[:8]:
        if state != RunState.FAILED:
            break
        failures += 1
        last_end = last_end or finished_at
    return last_end is not None and timezone.now() < last_end + timedelta(seconds=5 * 2**failures)


def _held(run: ScoreRun) -> QuerySet[ScoreRun]:
    """The run's row, as long as the claim of this attempt holds."""
    return ScoreRun.objects.filter(pk=run.pk, attempt=run.attempt, state=RunState.RUNNING)


def _hold(run: ScoreRun, **changes: Any) -> None:
    """Change the run's row if the claim still holds; inside a transaction this also locks it."""
    if not _held(run).update(heartbeat_at=timezone.now(), **changes):
        raise RunLost(f"Run {run.pk} was reopened and belongs to another worker.")


def _carry_out(run: ScoreRun, progress: Progress) -> None:
    # Helpers of an earlier attempt store nothing more from here on.
    chunks.drop(run)
    # What waits is read before anything else: a change that comes in later leaves a need of its
    # own behind, which this run does not delete.
    needs = list(RescoreNeed.objects.all())
    causes = _causes(run, needs)
    # The message that woke this worker may have come for a change that is answered already.
    with bound_contextvars(request_id=causes[0] if len(causes) == 1 else None):
        logger.info(
            "Run %s begins.",
            run.pk,
            extra={"attempt": run.attempt, "changes": len(needs), "request_ids": causes},
        )
        _answer_with(run, needs, causes, progress)
        logger.info(
            "Run %s is done in %.2f s.",
            run.pk,
            seconds_of(run),
            extra={
                "trigger": run.trigger,
                "scope": run.scope,
                "rows_scored": run.rows_scored,
                "rows_written": run.rows_written,
                "rows_removed": run.rows_removed,
                "request_ids": causes,
            },
        )


def _answer_with(
    run: ScoreRun, needs: Sequence[RescoreNeed], causes: Sequence[str], progress: Progress
) -> None:
    ledger = read_ledger()
    closed = ClosedMonths.read()
    scheduled = scheduled_months(ledger, Month.of(timezone.localdate()))
    to_be_scored = closed.open_among(scheduled)
    if run.scope == RunScope.CHANGED:
        blocks = _blocks_of_changes(ledger, needs, to_be_scored)
    elif run.scope == RunScope.FULL:
        blocks = list(cut(to_be_scored))
    else:
        blocks = list(cut(closed.open_among(_months_asked_for(run))))
    months = [month for block in blocks for month in block.months]
    _hold(run, **_extent(ledger, blocks), total=len(months), request_ids=list(causes))
    progress(0, len(months))
    score_blocks = _score_alone if run.scope == RunScope.CHANGED else _score_together
    score_blocks(run, ledger, blocks, lambda done: progress(done, len(months)))
    with transaction.atomic():
        removed = _remove_strays(closed, keep={*scheduled, *months})
        if run.scope == RunScope.CHANGED or set(to_be_scored) <= set(months):
            _answer([need.pk for need in needs])
            count_waits(needs)
        chunks.drop(run)
        _hold(
            run,
            state=RunState.DONE,
            finished_at=timezone.now(),
            rows_removed=F("rows_removed") + removed,
        )
        run.refresh_from_db()
        count_run(run)


def _asked_by() -> list[str]:
    return [request_id] if (request_id := current_request_id()) else []


def _causes(run: ScoreRun, needs: Sequence[RescoreNeed]) -> list[str]:
    """Who asked for the run or made what it answers, each once; the first of them."""
    named = dict.fromkeys([*run.request_ids, *(need.request_id for need in needs)])
    return [request_id for request_id in named if request_id][:MOST_CAUSES]


def _months_asked_for(run: ScoreRun) -> list[Month]:
    if run.first_month is None or run.last_month is None:
        raise ValueError(f"Run {run.pk} of given months names none.")
    return month_range(run.first_month, run.last_month)


def _extent(ledger: Ledger, blocks: Sequence[Block]) -> dict[str, Any]:
    """What the run's row says about how much it looks at."""
    everybody = len(ledger.subject_ids)
    counts = [everybody if block.subjects is None else len(block.subjects) for block in blocks]
    extent: dict[str, Any] = {"subjects": max(counts, default=0)}
    if blocks:
        extent["first_month"] = min(block.months[0] for block in blocks)
        extent["last_month"] = max(block.months[-1] for block in blocks)
    return extent


def _blocks_of_changes(
    ledger: Ledger, needs: Sequence[RescoreNeed], months: Sequence[Month]
) -> list[Block]:
    """The changed subjects with all above them; everybody in months that have no scores yet."""
    stored = Score.objects.aggregate(first=Min("month"), last=Max("month"))
    new = [
        month
        for month in months
        if stored["first"] is None or not stored["first"] <= month <= stored["last"]
    ]
    first = min((need.first_month for need in needs), default=None)
    changed = [month for month in months if first is not None and month >= first]
    subjects = ledger.with_ancestors(ledger.subject_numbers(need.subject_id for need in needs))
    return [
        *cut(new),
        *cut([month for month in changed if month not in set(new)], subjects),
    ]


def _score_alone(
    run: ScoreRun, ledger: Ledger, blocks: Sequence[Block], progress: Callable[[int], None]
) -> None:
    done = 0
    for block in blocks:
        score_block(ledger, block, RunClaim(run))
        done += len(block.months)
        progress(done)


def _score_together(
    run: ScoreRun, ledger: Ledger, blocks: Sequence[Block], progress: Callable[[int], None]
) -> None:
    """Score everybody, chunk by chunk, with whoever helps; returns when all chunks are stored."""
    with transaction.atomic():
        _hold(run)
        chunks.lay_out(run, blocks)
    chunks.wake_helpers(len(blocks) - 1)
    while not chunks.is_all_stored(run):
        if chunk := chunks.take_next_chunk():
            chunks.score_chunk(ledger, chunk)
        elif not chunks.reopen_dead_chunks():
            # Others are at the last chunks, and alive.
            time.sleep(WAIT_FOR_HELPERS)
        _hold(run)
        progress(ScoreRun.objects.values_list("done", flat=True).get(pk=run.pk))


@dataclass(frozen=True, slots=True)
class RunClaim:
    """The right to store a block of a run that one worker carries out alone."""

    run: ScoreRun

    def hold(self) -> None:
        _hold(self.run)

    def note(self, months: int, stored: Stored) -> None:
        _hold(
            self.run,
            done=F("done") + months,
            rows_scored=F("rows_scored") + stored.computed,
            rows_written=F("rows_written") + stored.written,
            rows_removed=F("rows_removed") + stored.removed,
        )


def _remove_strays(closed: ClosedMonths, keep: set[Month]) -> int:
    """Delete the scores of open months that no value reaches any more."""
    held = Score.objects.order_by("month").values_list("month", flat=True).distinct()
    strays = [month for month in held if month not in keep and month not in closed]
    return Score.objects.filter(month__in=strays).delete()[0] if strays else 0


def _answer(need_ids: Sequence[int]) -> None:
    for start in range(0, len(need_ids), 5000):
        RescoreNeed.objects.filter(pk__in=need_ids[start : start + 5000]).delete()
