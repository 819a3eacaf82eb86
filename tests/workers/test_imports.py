"""Imports by real worker processes, on the embedded broker and on Redis with PostgreSQL."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.installation import Installation, eventually

pytestmark = [pytest.mark.worker, pytest.mark.timeout(300)]

STAGE = """
from datetime import timedelta
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from metrics.importing.plans import Mapping, Reading, Shape
from metrics.batches.progress import shown_progress
from metrics.operations.imports import import_batch, map_batch, receive_file, undo_batch
analyst = User.objects.create_user("ana")
analyst.groups.add(Group.objects.get(name="Analyst"))
organisation = Organisation.objects.create(code="ORG", name="Org")
portfolio = Portfolio.objects.create(code="PF", name="PF")
projects = [
    Project.objects.create(code=f"P{n}", name=f"P{n}", portfolio=portfolio) for n in range(4)]
metric = MetricDefinition.objects.create(
    code="count", name="Count", category="tactical", subject_kind="project", cadence="day",
    curve=[[0.0, 0.0], [100.0, 100.0]])
days = [date(2020, 1, 1) + timedelta(days=n) for n in range(2_400)]
for project in projects:
    record_measurement(metric=metric, subject=project, period=period_holding(days[0], "day"),
        value=50.0, by=None, door=Door.COMMAND)
ROWS = [f"count,P{n},{day},{40 + day.day % 20}" for day in days for n in range(4)]
CONTENT = "\\n".join(["metric,subject,period,value", *ROWS]).encode()

def send():
    batch = receive_file(SimpleUploadedFile("values.csv", CONTENT), by=analyst)
    mapping = Mapping(Shape.LONG, 0, 1, 2, 3)
    return map_batch(batch, reading=Reading(), mapping=mapping, by=analyst)

def ask(pk):
    import_batch(ImportBatch.objects.get(pk=pk), mode="all", is_confirmed=False, by=analyst)

def take_back(pk):
    undo_batch(ImportBatch.objects.get(pk=pk), by=analyst)

def watch(pk, state):
    # Every step that is told while the batch is in a state, with how much of it is stored.
    import time
    seen = set()
    while not ImportBatch.objects.filter(pk=pk, state=state).exists():
        time.sleep(0.001)
    while (batch := ImportBatch.objects.get(pk=pk)).state == state:
        if told := shown_progress(batch):
            seen.add((told.step.value, Measurement.objects.filter(batch=batch).count()))
        time.sleep(0.001)
    return sorted(seen)

def wait_for(pk, state):
    import time
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if ImportBatch.objects.filter(pk=pk, state=state).exists():
            return
        time.sleep(0.002)
    raise AssertionError(ImportBatch.objects.values("state", "error").get(pk=pk))
"""

WHAT_STANDS = """
batch = ImportBatch.objects.get(pk={pk})
print(json.dumps([
    batch.state, batch.attempt, Measurement.objects.filter(batch=batch).count(),
    MeasurementChange.objects.count(), Measurement.objects.count()]))
"""

ROWS = 4 * 2_400
FIRST_DAYS = 4
CHANGED = 4
"""The first day has a value already, and the file another one."""


def what_stands(installation: Installation, pk: int) -> list[Any]:
    return list(json.loads(installation.python(WHAT_STANDS.format(pk=pk))))


def test_a_worker_killed_in_the_middle_of_an_import_leaves_it_to_be_done_once(
    installation: Installation,
) -> None:
    installation.python(STAGE)
    worker = installation.start_worker(beat=False)
    for _ in range(5):
        pk = int(installation.python("print(send().pk)"))
        installation.python(f"wait_for({pk}, 'checked'); ask({pk}); wait_for({pk}, 'storing')")
        worker.kill()
        state, _, stored, changes, _ = what_stands(installation, pk)
        if state == "storing":
            break
        worker = installation.start_worker(beat=False)
        installation.python(
            f"take_back({pk}); wait_for({pk}, 'undone')\nMeasurementChange.objects.all().delete()"
        )
    assert state == "storing", "the worker was always faster than the kill"
    assert (stored, changes) == (0, 0)
    installation.start_worker()
    eventually(lambda: what_stands(installation, pk)[0] == "done")
    # The check was the first attempt, the killed one the second.
    assert what_stands(installation, pk) == ["done", 3, ROWS, CHANGED, ROWS]
    eventually(installation.is_idle)


def test_a_worker_killed_while_it_checks_leaves_the_check_to_another(
    installation: Installation,
) -> None:
    installation.python(STAGE)
    worker = installation.start_worker(beat=False)
    pk = int(installation.python("print(send().pk)"))
    installation.python(f"wait_for({pk}, 'checking')")
    worker.kill()
    assert what_stands(installation, pk)[0] in ("checking", "checked")
    installation.start_worker()
    eventually(lambda: what_stands(installation, pk)[0] == "checked")
    assert what_stands(installation, pk)[2:] == [0, 0, FIRST_DAYS]


def test_a_worker_killed_in_the_middle_of_undoing_leaves_it_to_be_done_once(
    installation: Installation,
) -> None:
    installation.python(STAGE)
    worker = installation.start_worker(beat=False)
    for _ in range(5):
        installation.python("MeasurementChange.objects.all().delete()")
        pk = int(installation.python("print(send().pk)"))
        installation.python(f"wait_for({pk}, 'checked'); ask({pk}); wait_for({pk}, 'done')")
        installation.python(f"take_back({pk}); wait_for({pk}, 'undoing')")
        worker.kill()
        state, _, stored, changes, _ = what_stands(installation, pk)
        if state == "undoing":
            break
        worker = installation.start_worker(beat=False)
    assert state == "undoing", "the worker was always faster than the kill"
    assert (stored, changes) == (ROWS, CHANGED)
    # Delivered twice over, to a worker that runs two tasks at once.
    installation.python(
        "from metrics.operations.imports import ask_for_imports\n"
        "ask_for_imports(); ask_for_imports()"
    )
    installation.start_worker()
    eventually(lambda: what_stands(installation, pk)[0] == "undone")
    # Each value has one change of the undoing beside that of the import.
    assert what_stands(installation, pk) == ["undone", 4, 0, CHANGED + ROWS, FIRST_DAYS]
    told = installation.python(
        f"print(json.dumps(ImportBatch.objects.get(pk={pk}).counts)); print(json.dumps("
        "sorted(set(Measurement.objects.values_list('value', 'door')))))"
    )
    counts, standing = (json.loads(line) for line in told.splitlines())
    assert (counts["deleted"], counts["restored"], counts["left"]) == (ROWS - CHANGED, CHANGED, 0)
    assert standing == [[50.0, "command"]]
    eventually(installation.is_idle)


def test_how_far_the_storing_and_the_undoing_are_is_seen_while_their_transactions_hide_it(
    installation: Installation,
) -> None:
    installation.python(STAGE)
    installation.start_worker(beat=False)
    pk = int(installation.python("print(send().pk)"))
    told = installation.python(
        f"wait_for({pk}, 'checked'); ask({pk}); print(json.dumps(watch({pk}, 'storing')))"
    )
    seen = json.loads(told)
    assert ["comparing", 0] in seen
    assert ["storing", 0] in seen, "it is told before anything can be seen in the database"
    told = installation.python(f"take_back({pk}); print(json.dumps(watch({pk}, 'undoing')))")
    assert ["restoring", ROWS] in json.loads(told)
