"""Bad nights: whatever is killed, nothing that was answered with "saved" is lost, and every score
comes out as a full rescore would make it. `make faults` tries each of them ten times."""

from __future__ import annotations

import json
import secrets
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.installation import Installation, eventually, installed
from tests.migrated import migrated_postgres
from tests.servers import PostgresToCrash, RedisOfOnesOwn, on_server, redis_of_ones_own
from tests.workers.saving import SavingByWeb

pytestmark = [pytest.mark.worker, pytest.mark.timeout(300)]

MANY_MONTHS = "examples/uk_gmpp"

BEGIN_FULL_RUN = "request_full_run(RunTrigger.SCHEDULE); answer_needs_task.delay()"

UNTIL_SOMETHING_IS_DONE = """
import time
deadline = time.monotonic() + 60
while not ScoreRun.objects.filter(state="running", done__gt=0).exists():
    assert time.monotonic() < deadline, "no run has got anywhere"
    time.sleep(0.002)
"""

UNTIL_CHANGES_ARE_SCORED = """
deadline = time.monotonic() + 60
while not ScoreRun.objects.filter(scope="changed", state="running").exists():
    assert time.monotonic() < deadline, "no run answers the changes"
    time.sleep(0.001)
"""

SAVE = """
import threading, time
from django.db import OperationalError, connection
metric = MetricDefinition.objects.filter(
    formula="", subject_kind="project", cadence="year").order_by("pk")[0]
year = Measurement.objects.filter(metric=metric).latest("period_start").period_start
measured = Measurement.objects.filter(metric=metric, period_start=year)
projects = list(Project.objects.filter(pk__in=measured.values("subject")).order_by("pk")[:100])
saved = {}

def save(part):
    for project in part:
        for _ in range(60):
            try:
                record_measurement(
                    metric=metric, subject=project, period=period_holding(year, metric.cadence),
                    value=VALUE, by=None, door=Door.COMMAND)
            except OperationalError:
                connection.close()
                time.sleep(0.25)
            else:
                saved[project.pk] = VALUE
                break
    connection.close()

threads = [threading.Thread(target=save, args=(projects[n::10],)) for n in range(10)]
"""

UNTIL_SOME_ARE_SAVED = """
deadline = time.monotonic() + 60
while len(saved) < 20:
    assert time.monotonic() < deadline, f"{len(saved)} values are saved"
    time.sleep(0.002)
"""

WHAT_IS_LOST = """
held = dict(Measurement.objects.filter(
    metric=metric, period_start=year, subject__in=list(saved)).values_list("subject", "value"))
print(json.dumps([len(saved), sum(held.get(key) != value for key, value in saved.items())]))
"""


@pytest.fixture
def broker() -> Iterator[RedisOfOnesOwn]:
    with redis_of_ones_own() as server:
        yield server


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory, postgres_address: str) -> Iterator[str]:
    """The name of a database with 603 projects and 121 months, loaded and scored."""
    name = f"portal_{secrets.token_hex(6)}"
    make_database(postgres_address, name, template=migrated_postgres(postgres_address))
    folder = tmp_path_factory.mktemp("scored")
    with installed(folder, f"{postgres_address}/{name}", is_migrated=True) as installation:
        installation.manage("load_workspace", MANY_MONTHS)
        installation.manage("score")
    yield name
    on_server(postgres_address, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def portal(
    tmp_path: Path, postgres_address: str, scored: str, broker: RedisOfOnesOwn
) -> Iterator[Installation]:
    """A copy of that, on PostgreSQL and Redis; nobody at work."""
    name = f"portal_{secrets.token_hex(6)}"
    make_database(postgres_address, name, template=scored)
    address = f"{postgres_address}/{name}"
    with installed(tmp_path, address, broker.address, is_migrated=True) as installation:
        yield installation
    on_server(postgres_address, f"DROP DATABASE {name} WITH (FORCE)")


def make_database(server: str, name: str, *, template: str) -> None:
    """One that keeps what was committed, as PostgreSQL does by itself: the tests' server is set to
    be fast, and forgets in a crash."""
    on_server(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    on_server(server, f"ALTER DATABASE {name} SET synchronous_commit = on")
    # Numbers that sequences gave out ahead were noted for the template alone; from here on anew.
    on_server(server, "CHECKPOINT")


def begin_full_run(portal: Installation) -> None:
    """Start a run that has everything to write, and come back in the middle of it."""
    portal.python("Score.objects.all().delete()")
    portal.python(BEGIN_FULL_RUN)
    portal.python(UNTIL_SOMETHING_IS_DONE)


def assert_all_is_well(portal: Installation) -> None:
    """Nothing waits, nothing is stuck, every score is right, and the doctor finds nothing."""
    eventually(portal.is_idle, patience=90)
    portal.assert_a_full_run_changes_nothing()
    assert portal.manage("doctor") == "Nothing contradicts anything."


def meanwhile(portal: Installation, happens: Callable[[], None]) -> None:
    """Save a hundred values by ten threads; when some are saved, let it happen."""
    portal.python(f"VALUE = 71.0\n{SAVE}")
    portal.python("for thread in threads: thread.start()")
    portal.python(UNTIL_SOME_ARE_SAVED)
    happens()
    portal.python("for thread in threads: thread.join()")
    portal.python("connection.close()")  # the server may be another one by now
    assert json.loads(portal.python(WHAT_IS_LOST)) == [100, 0]


def test_a_worker_is_killed_in_the_middle_of_a_full_run(portal: Installation) -> None:
    worker = portal.start_worker()
    begin_full_run(portal)
    worker.kill()
    portal.start_worker(beat=False)
    assert_all_is_well(portal)


def test_a_worker_is_killed_in_the_middle_of_an_incremental_run(portal: Installation) -> None:
    worker = portal.start_worker()

    def kill_and_replace() -> None:
        portal.python(UNTIL_CHANGES_ARE_SCORED)
        worker.kill()
        portal.start_worker(beat=False)

    meanwhile(portal, kill_and_replace)
    assert_all_is_well(portal)


def test_redis_loses_its_memory_in_the_middle_of_a_run(
    portal: Installation, broker: RedisOfOnesOwn
) -> None:
    portal.start_worker()
    begin_full_run(portal)
    meanwhile(portal, broker.restart)
    assert_all_is_well(portal)


def test_postgresql_crashes_in_the_middle_of_a_run_and_of_saving(
    portal: Installation, postgres_address: str
) -> None:
    server = PostgresToCrash(postgres_address)
    portal.start_worker()
    begin_full_run(portal)
    meanwhile(portal, server.restart)
    assert_all_is_well(portal)


def test_postgresql_crashes_in_the_middle_of_an_import(
    portal: Installation, postgres_address: str
) -> None:
    server = PostgresToCrash(postgres_address)
    portal.start_worker()
    portal.python(IMPORT)
    portal.python("ask()")
    portal.python("wait_for('storing')")
    server.restart()
    portal.python("from django.db import connection; connection.close()")
    portal.python("wait_for('done')")
    counted = portal.python("print(Measurement.objects.filter(batch=batch).count())")
    assert int(counted) == 2400
    assert_all_is_well(portal)


IMPORT = """
import time
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from metrics.importing.plans import Mapping, Reading, Shape
from metrics.operations.imports import import_batch, map_batch, receive_file
analyst = User.objects.create_user("ana")
analyst.groups.add(Group.objects.get(name="Analyst"))
metric = MetricDefinition.objects.create(
    code="bad_night", name="Count", category="tactical", subject_kind="project", cadence="month",
    curve=[[0.0, 0.0], [100.0, 100.0]])
portfolio = Portfolio.objects.order_by("pk")[0]
codes = [f"NIGHT-{n}" for n in range(100)]
for code in codes:
    Project.objects.create(code=code, name=code, portfolio=portfolio)
months = list(Measurement.objects.order_by("month").values_list("month", flat=True).distinct())
rows = [f"bad_night,{code},{Month(months[0]).plus(n)},{40 + n % 20}"
        for n in range(24) for code in codes]
content = "\\n".join(["metric,subject,period,value", *rows]).encode()
batch = map_batch(receive_file(SimpleUploadedFile("values.csv", content), by=analyst),
                  reading=Reading(), mapping=Mapping(Shape.LONG, 0, 1, 2, 3), by=analyst)

def wait_for(*states):
    deadline = time.monotonic() + 90
    while (now := ImportBatch.objects.get(pk=batch.pk)).state not in states:
        assert time.monotonic() < deadline, (now.state, now.error)
        time.sleep(0.001)

def ask():
    wait_for("checked")
    import_batch(ImportBatch.objects.get(pk=batch.pk), mode="all", is_confirmed=True, by=analyst)
"""


def test_the_same_tasks_are_delivered_twice_and_at_once(portal: Installation) -> None:
    portal.start_worker()
    portal.start_worker(beat=False)
    portal.python("Score.objects.all().delete(); request_full_run(RunTrigger.SCHEDULE)")
    portal.python("for _ in range(6): answer_needs_task.delay(); help_with_run_task.delay()")
    assert_all_is_well(portal)


def test_two_schedulers_run(portal: Installation) -> None:
    portal.start_worker()
    portal.start_worker()
    meanwhile(portal, lambda: None)
    assert_all_is_well(portal)


def test_a_hundred_values_are_saved_by_ten_threads_while_a_full_run_goes_on(
    portal: Installation,
) -> None:
    portal.start_worker()
    begin_full_run(portal)
    meanwhile(portal, lambda: None)
    assert_all_is_well(portal)


def test_a_web_server_is_killed_while_programs_save(portal: Installation) -> None:
    portal.start_worker()
    saving = SavingByWeb(portal)
    web = saving.start_web()
    begin_full_run(portal)
    saving.begin()
    web.kill()
    saving.start_web()
    saving.assert_nothing_is_lost()
    assert saving.sent_again > 0
    assert_all_is_well(portal)


def test_a_deployment_comes_in_the_middle_of_everything(portal: Installation) -> None:
    """SIGTERM to all processes, as an orchestrator sends it; the new ones start at once."""
    saving = SavingByWeb(portal)
    saving.start_web()
    portal.start_worker()
    portal.start_worker(beat=False)
    begin_full_run(portal)
    saving.begin()
    old = [*portal.processes]  # the scheduler, too
    ended = [threading.Thread(target=process.kill, args=(signal.SIGTERM,)) for process in old]
    for thread in ended:
        thread.start()
    saving.start_web()
    portal.start_worker()
    for thread in ended:
        thread.join()
    saving.assert_nothing_is_lost()
    assert_all_is_well(portal)


def test_everything_is_killed_at_once_and_started_again(
    portal: Installation, broker: RedisOfOnesOwn, postgres_address: str
) -> None:
    server = PostgresToCrash(postgres_address)
    portal.start_worker()
    saving = SavingByWeb(portal)
    saving.start_web()
    begin_full_run(portal)
    saving.begin()
    for process in list(portal.processes):
        process.kill()
    broker.kill()
    server.restart()
    time.sleep(0.2)
    broker.start()
    saving.start_web()
    portal.start_worker()
    saving.assert_nothing_is_lost()
    assert_all_is_well(portal)
