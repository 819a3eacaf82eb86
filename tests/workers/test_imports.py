"""Imports by real worker processes, on the embedded broker and on Redis with PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.installation import Installation, eventually, installed

pytestmark = [pytest.mark.worker, pytest.mark.timeout(300)]

STAGE = """
from datetime import timedelta
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from metrics.importing.plans import Mapping, Reading, Shape
from metrics.operations.imports import import_batch, map_batch, receive_file
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

IS_IDLE = """
print(json.dumps(not RescoreNeed.objects.exists()
    and not ScoreRun.objects.filter(state__in=["due", "running"]).exists()))
"""

ROWS = 4 * 2_400
FIRST_DAYS = 4
CHANGED = 4
"""The first day has a value already, and the file another one."""


@pytest.fixture(params=["embedded", "redis"])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """SQLite with the embedded broker, and PostgreSQL with Redis."""
    if request.param == "embedded":
        with installed(tmp_path, f"sqlite:///{tmp_path / 'portal.sqlite3'}") as embedded:
            yield embedded
    else:
        postgres = request.getfixturevalue("postgres_url")
        redis = request.getfixturevalue("redis_url")
        with installed(tmp_path, postgres, redis) as with_redis:
            yield with_redis


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
        installation.python(
            f"from metrics.operations.imports import undo_batch\n"
            f"undo_batch(ImportBatch.objects.get(pk={pk}), by=analyst)\n"
            "MeasurementChange.objects.all().delete()"
        )
        worker = installation.start_worker(beat=False)
    assert state == "storing", "the worker was always faster than the kill"
    assert (stored, changes) == (0, 0)
    installation.start_worker()
    eventually(lambda: what_stands(installation, pk)[0] == "done")
    # The check was the first attempt, the killed one the second.
    assert what_stands(installation, pk) == ["done", 3, ROWS, CHANGED, ROWS]
    eventually(lambda: json.loads(installation.python(IS_IDLE)))


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
