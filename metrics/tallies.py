"""Counting what all processes do together: runs, how long changes waited, tasks that failed.

Totals only ever grow, as Prometheus expects of counters; they stand in one small table, so that
reading them costs the same at any size. Whatever is counted is counted in the transaction that
does it.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from metrics.choices import RunState
from metrics.models import FailedTask, RescoreNeed, ScoreRun, Tally

RUN_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 900, 3600)
WAIT_SECONDS = (1, 2, 5, 10, 30, 60, 120, 300, 900, 3600)

KEEP_FAILED_TASKS = timedelta(days=30)
MOST_FAILED_TASKS = 1_000

RUNS = "runs"
ROWS_SCORED = "rows_scored"
ROWS_WRITTEN = "rows_written"
RUN_TIMES = "run_seconds"
WAITS = "change_to_score_seconds"
FAILED_TASKS = "failed_tasks"
BACKUP_AT = "backup_at"

Sums = dict[tuple[str, str], float]


def named(**labels: str) -> str:
    """Labels as a tally keeps them; none = blank."""
    return json.dumps(labels, sort_keys=True) if labels else ""


def add(sums: Mapping[tuple[str, str], float]) -> None:
    """Raise totals, those that are new from 0, in one statement; the caller's transaction holds."""
    table = Tally._meta.db_table
    rows = [(name, labels, float(value)) for (name, labels), value in sorted(sums.items())]
    if not rows:
        return
    marks = ", ".join(["(%s, %s, %s)"] * len(rows))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (name, labels, value) VALUES {marks}"
            f" ON CONFLICT (name, labels) DO UPDATE SET value = {table}.value + excluded.value",
            [field for row in rows for field in row],
        )


def note(name: str, value: float) -> None:
    """Keep the latest figure of something."""
    Tally.objects.update_or_create(name=name, labels="", defaults={"value": value})


def noted(name: str) -> float | None:
    return Tally.objects.filter(name=name, labels="").values_list("value", flat=True).first()


def seconds_of(run: ScoreRun) -> float:
    """How long a run took that has ended."""
    if run.started_at is None or run.finished_at is None:
        return 0.0
    return max((run.finished_at - run.started_at).total_seconds(), 0.0)


def count_run(run: ScoreRun) -> None:
    """A run that has just ended, well or not."""
    labels = named(trigger=run.trigger, scope=run.scope, state=run.state)
    sums: Sums = {(RUNS, labels): 1}
    if run.state == RunState.DONE:  # what failed goes on counting when it is taken again
        sums[ROWS_SCORED, named(scope=run.scope)] = run.rows_scored
        sums[ROWS_WRITTEN, named(scope=run.scope)] = run.rows_written
    add(sums | _spread(RUN_TIMES, RUN_SECONDS, [seconds_of(run)], scope=run.scope))


def count_waits(needs: Iterable[RescoreNeed]) -> None:
    """How long these changes waited for the run that is just about to answer them."""
    now = timezone.now()
    waits = [max((now - need.created_at).total_seconds(), 0.0) for need in needs]
    add(_spread(WAITS, WAIT_SECONDS, waits))


def _spread(name: str, limits: tuple[float, ...], values: list[float], **labels: str) -> Sums:
    """A histogram's share: how many values fell under which limit, and their sum."""
    if not values:
        return {}
    counted = Counter(bisect_left(limits, value) for value in values)
    sums: Sums = {
        (f"{name}_bucket", named(le=limit_name(limits, place), **labels)): count
        for place, count in counted.items()
    }
    sums[f"{name}_sum", named(**labels)] = sum(values)
    return sums


def limit_name(limits: tuple[float, ...], place: int) -> str:
    return f"{limits[place]:g}" if place < len(limits) else "+Inf"


@transaction.atomic
def note_failed_task(
    *, task: str, task_id: str, worker: str, error: str, request_id: str
) -> FailedTask:
    """Keep the error of a task that has failed for good; the old ones go."""
    now = timezone.now()
    failed = FailedTask.objects.create(
        task=task[:200],
        task_id=task_id[:64],
        worker=worker[:200],
        error=error[:2000],
        at=now,
        request_id=request_id,
    )
    add({(FAILED_TASKS, named(task=task[:150])): 1})
    FailedTask.objects.filter(at__lt=now - KEEP_FAILED_TASKS).delete()
    FailedTask.objects.filter(pk__lte=failed.pk - MOST_FAILED_TASKS).delete()
    return failed
