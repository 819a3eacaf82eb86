"""Scoring by real worker processes, on the embedded broker and on Redis with PostgreSQL."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from metrics.operations.blocks import MONTHS_PER_BLOCK
from tests.installation import Installation, eventually

pytestmark = [pytest.mark.worker, pytest.mark.timeout(300)]

WORKED = "examples/worked"
MANY_MONTHS = "examples/uk_gmpp"


def organisation_in(installation: Installation, month: str) -> dict[str, Any]:
    told = installation.python(
        f"""
score = Score.objects.filter(subject__kind="organisation", month=Month.parse("{month}")).first()
print(json.dumps(None if score is None else [score.overall_score, score.tactical_score]))
"""
    )
    return json.loads(told)  # type: ignore[no-any-return]


def test_a_saved_value_reaches_the_score_of_the_organisation(installation: Installation) -> None:
    installation.manage("load_workspace", WORKED)
    installation.start_worker()
    eventually(installation.is_idle)
    before = organisation_in(installation, "2026-06")
    installation.python(
        """
metric = MetricDefinition.objects.get(code="fix_days")
record_measurement(
    metric=metric, subject=Subject.objects.get(code="PRJ-ONBOARD"),
    period=parse_period("2026-06-08", metric.cadence), value=28.0, by=None, door=Door.COMMAND)
"""
    )
    eventually(lambda: organisation_in(installation, "2026-06") != before)
    eventually(installation.is_idle)
    installation.assert_a_full_run_changes_nothing()


def test_a_worker_killed_in_the_middle_of_a_run_leaves_nothing_lost(
    installation: Installation,
) -> None:
    installation.manage("load_workspace", MANY_MONTHS)
    wait_for_the_middle = """
import time
deadline = time.monotonic() + 60
while time.monotonic() < deadline:
    run = ScoreRun.objects.filter(state="running", done__gt=0).first()
    if run:
        break
    time.sleep(0.002)
print(json.dumps([run.pk, run.done, run.total]))
"""
    worker = installation.start_worker(beat=False)
    installation.python("request_full_run(RunTrigger.SCHEDULE); answer_needs_task.delay()")
    for _ in range(5):
        run, done, total = json.loads(installation.python(wait_for_the_middle))
        worker.kill()
        state = installation.python(f"print(ScoreRun.objects.get(pk={run}).state)")
        if state == "running":
            break
        worker = installation.start_worker(beat=False)
        installation.python("Score.objects.all().delete(); nightly_rescore_task.delay()")
    assert state == "running", "the worker was always faster than the kill"
    assert 0 < done < total
    installation.start_worker()
    eventually(installation.is_idle)
    attempts = installation.python(f"print(ScoreRun.objects.get(pk={run}).attempt)")
    assert int(attempts) == 2
    installation.assert_a_full_run_changes_nothing()


def test_the_same_task_twice_changes_nothing(installation: Installation) -> None:
    def runs_done() -> int:
        done = installation.python('print(ScoreRun.objects.filter(state="done").count())')
        return int(done) if installation.is_idle() else 0

    installation.manage("load_workspace", WORKED)
    installation.start_worker(beat=False)
    installation.python("nightly_rescore_task.delay(); nightly_rescore_task.delay()")
    before = eventually(runs_done)
    installation.python("nightly_rescore_task.delay(); answer_needs_task.delay()")
    eventually(lambda: runs_done() > before)
    # Whichever run was the first: every score was written once, and none by a second delivery.
    written = "print(sum(ScoreRun.objects.values_list('rows_written', flat=True)))"
    assert installation.python(written) == installation.python("print(Score.objects.count())")
    installation.assert_a_full_run_changes_nothing()


LIVING_WORKERS = """
from pmo_portal import signs
print(sum(not worker.is_silent for worker in signs.workers()))
"""

MOST_CHUNKS_AT_ONCE = """
import time
deadline = time.monotonic() + 60
most = 0
ended = ScoreRun.objects.filter(scope="full", state="done")
while time.monotonic() < deadline and not ended.exists():
    most = max(most, RunChunk.objects.filter(state="running").count())
    time.sleep(0.002)
print(json.dumps(most))
"""


def test_workers_share_a_full_run(installation: Installation) -> None:
    """What `docker compose up --scale worker=4` starts, without containers."""
    installation.environment["LOG_FORMAT"] = "json"
    installation.manage("load_workspace", MANY_MONTHS)
    for _ in range(4):
        installation.start_worker(beat=False, concurrency=1)
    eventually(lambda: installation.python(LIVING_WORKERS) == "4")
    eventually(installation.is_idle)  # what was loaded is scored by one of them
    installation.python("Score.objects.all().delete(); request_full_run(RunTrigger.SCHEDULE)")
    installation.python("answer_needs_task.delay()")
    assert json.loads(installation.python(MOST_CHUNKS_AT_ONCE)) > 1
    eventually(installation.is_idle)
    # Each chunk was stored once, and not by one worker alone.
    full = 'run = ScoreRun.objects.get(scope="full"); print([run.pk, run.total])'
    run, months = json.loads(installation.python(full))
    written = [line for line in lines_of(installation, "worker.log") if "computed" in line]
    stored = [line for line in written if line["run_id"] == run]
    of_chunks = [line["message"] for line in stored]
    assert len(of_chunks) == len(set(of_chunks)) == math.ceil(months / MONTHS_PER_BLOCK)
    assert len({line["task_id"] for line in stored}) > 1
    installation.assert_a_full_run_changes_nothing()


def lines_of(installation: Installation, log: str) -> list[dict[str, Any]]:
    """Besides them there is the banner of Celery, which is for people."""
    written = (installation.folder / log).read_text().splitlines()
    return [json.loads(line) for line in written if line.startswith("{")]


def test_a_run_goes_on_when_one_of_the_workers_that_share_it_is_killed(
    installation: Installation,
) -> None:
    two_at_work = """
import time
deadline = time.monotonic() + 60
while RunChunk.objects.filter(state="running").count() < 2 and time.monotonic() < deadline:
    time.sleep(0.002)
"""
    installation.manage("load_workspace", MANY_MONTHS)
    one = installation.start_worker(concurrency=1)
    installation.start_worker(beat=False, concurrency=1)
    installation.python("request_full_run(RunTrigger.SCHEDULE)")
    installation.python(f"answer_needs_task.delay(){two_at_work}")
    one.kill()
    eventually(installation.is_idle)
    assert installation.python("print(RunChunk.objects.count())") == "0"
    installation.assert_a_full_run_changes_nothing()
