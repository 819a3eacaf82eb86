"""The status page: every part with its light, also and above all when something is broken."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from metrics import tallies
from metrics.choices import Band, BatchState, MailState, RunScope, RunState
from metrics.models import ImportBatch, ImportFile, Reminder, ScoreRun
from metrics.tallies import note_failed_task
from pmo_portal import health, signs, status
from pmo_portal.celery import app
from pmo_portal.health import NotReady
from pmo_portal.status import Light, Status, read_status
from tests.factories import ReminderFactory, RescoreNeedFactory, ScoreRunFactory
from tests.services import free_port

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]
MOMENT = datetime(2026, 11, 22, 12, tzinfo=UTC)
MOST_QUERIES = 20

Lights = Callable[[], dict[str, Light]]


@pytest.fixture(autouse=True)
def at_noon() -> Any:
    with time_machine.travel(MOMENT, tick=False) as clock:
        yield clock


@pytest.fixture
def lights() -> Lights:
    return lambda: {light.name: light for light in read_status().lights}


@pytest.fixture
def all_well() -> None:
    """A scheduler, a worker and a backup: everything that a fresh database lacks."""
    signs.Ticks().keep()
    signs.show_worker("celery@one", time.time(), 2)
    tallies.note(tallies.BACKUP_AT, time.time())


def test_a_portal_in_order_is_all_green(all_well: None) -> None:
    found = read_status()
    assert (found.worst, found.troubled) == (Band.GREEN, 0)
    assert [light.name for light in found.lights] == [
        "Database",
        "Migrations",
        "Broker",
        "Workers",
        "Scheduler",
        "Scores follow changes",
        "Last full run",
        "Failed tasks",
        "Imports",
        "Mails",
        "Disk of this web server",
        "Backup",
    ]


def break_migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    def waiting() -> None:
        raise NotReady("2 to apply")

    monkeypatch.setattr(status, "check_migrations", waiting)


def break_workers(_: pytest.MonkeyPatch) -> None:
    caches["progress"].delete(signs.WORKERS)


def lose_one_worker(_: pytest.MonkeyPatch) -> None:
    silent = time.time() - signs.SILENT_SECONDS - 1
    known = caches["progress"].get(signs.WORKERS)
    caches["progress"].set(signs.WORKERS, known | {"celery@two": (silent, silent, 2)})


def stop_beat(_: pytest.MonkeyPatch) -> None:
    caches["progress"].set(signs.TICK, time.time() - 61)


def let_a_change_wait(_: pytest.MonkeyPatch) -> None:
    need = RescoreNeedFactory()
    need.created_at -= timedelta(seconds=901)
    need.save()


def miss_the_night(_: pytest.MonkeyPatch) -> None:
    finished = timezone.now() - timedelta(hours=37)
    ScoreRunFactory(state=RunState.DONE, scope=RunScope.FULL, finished_at=finished)


def fail_a_task(_: pytest.MonkeyPatch) -> None:
    note_failed_task(task="t", task_id="", worker="", error="", request_id="")


def leave_an_import(_: pytest.MonkeyPatch) -> None:
    from_before = timezone.now() - timedelta(minutes=16)
    batch = batch_in(BatchState.STORING)
    ImportBatch.objects.filter(pk=batch.pk).update(heartbeat_at=from_before)


def give_up_a_mail(_: pytest.MonkeyPatch) -> None:
    ReminderFactory(state=MailState.FAILED)


def leave_a_mail(_: pytest.MonkeyPatch) -> None:
    Reminder.objects.filter(pk=ReminderFactory().pk).update(
        created_at=timezone.now() - timedelta(minutes=61)
    )


class Disk(NamedTuple):
    total: int
    used: int
    free: int


def fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Disk(100, 95, 5))


def fill_it_to_the_brim(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Disk(100, 99, 1))


def forget_backups(_: pytest.MonkeyPatch) -> None:
    tallies.note(tallies.BACKUP_AT, time.time() - 37 * 3600)


def forget_backups_for_long(_: pytest.MonkeyPatch) -> None:
    tallies.note(tallies.BACKUP_AT, time.time() - 8 * 86_400)


def batch_in(state: BatchState) -> ImportBatch:
    file = ImportFile.objects.create(name="f.csv", size=0, sha256="", content=b"")
    return ImportBatch.objects.create(file=file, state=state)


BROKEN: list[tuple[Callable[[pytest.MonkeyPatch], None], str, Band]] = [
    (break_migrations, "Migrations", Band.RED),
    (break_workers, "Workers", Band.RED),
    (lose_one_worker, "Workers", Band.AMBER),
    (stop_beat, "Scheduler", Band.RED),
    (let_a_change_wait, "Scores follow changes", Band.RED),
    (miss_the_night, "Last full run", Band.AMBER),
    (fail_a_task, "Failed tasks", Band.AMBER),
    (leave_an_import, "Imports", Band.AMBER),
    (give_up_a_mail, "Mails", Band.AMBER),
    (leave_a_mail, "Mails", Band.AMBER),
    (fill_the_disk, "Disk of this web server", Band.AMBER),
    (fill_it_to_the_brim, "Disk of this web server", Band.RED),
    (forget_backups, "Backup", Band.AMBER),
    (forget_backups_for_long, "Backup", Band.RED),
]


@pytest.mark.parametrize(("breaking", "name", "band"), BROKEN)
def test_what_is_broken_has_its_light_alone_and_says_what_to_do(
    all_well: None,
    monkeypatch: pytest.MonkeyPatch,
    breaking: Callable[[pytest.MonkeyPatch], None],
    name: str,
    band: Band,
) -> None:
    breaking(monkeypatch)
    (troubled,) = [light for light in read_status().lights if not light.is_green]
    assert (troubled.name, troubled.band) == (name, band)
    assert troubled.advice


@pytest.fixture
def broker_away(settings: Settings) -> None:
    """Redis is down: for tasks and for signs of life alike."""
    address = f"redis://127.0.0.1:{free_port()}/0"
    app.conf.update(broker_url=address)
    settings.IS_EMBEDDED = False
    settings.CELERY_BROKER_URL = address.replace("redis://", "redis://:s3cret@")
    settings.CACHES = settings.CACHES | {
        "progress": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": address,
            "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
        }
    }


def test_the_page_comes_without_a_broker_and_soon(
    broker_away: None, administrator: User, client_of: Callable[[User], Client], lights: Lights
) -> None:
    begun = time.perf_counter()
    page = client_of(administrator).get("/status/")
    assert page.status_code == 200
    assert time.perf_counter() - begun < 8
    shown = {name: light.band for name, light in lights().items()}
    assert (shown["Broker"], shown["Workers"], shown["Scheduler"]) == (Band.RED,) * 3
    text = page.content.decode()
    assert "Mend the broker first." in text
    assert "s3cret" not in text


def test_the_page_shows_each_light_by_word_and_shape(
    all_well: None, administrator: User, client_of: Callable[[User], Client]
) -> None:
    fail_a_task(pytest.MonkeyPatch())
    text = client_of(administrator).get("/status/").content.decode()
    assert text.count('class="light__name"') == 12
    assert len(re.findall(r'<span class="band is-green"><svg', text)) == 11
    assert len(re.findall(r'<span class="band is-amber"><svg', text)) == 1
    assert "1 part wants somebody to look." in " ".join(text.split())
    assert "<code>docs/operations.md#tasks-fail</code>" in text


def test_the_page_costs_the_same_at_any_size(
    all_well: None, administrator: User, client_of: Callable[[User], Client]
) -> None:
    client = client_of(administrator)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            client.get("/status/")
        return len(asked)

    miss_the_night(pytest.MonkeyPatch())
    fail_a_task(pytest.MonkeyPatch())
    few = queries()
    ScoreRunFactory.create_batch(30, state=RunState.DONE)
    RescoreNeedFactory.create_batch(30)
    for _ in range(30):
        fail_a_task(pytest.MonkeyPatch())
        batch_in(BatchState.CHECK_DUE)
    ReminderFactory.create_batch(30)
    assert queries() == few <= MOST_QUERIES
    assert "more than 10" in client.get("/status/").content.decode()


def test_the_speed_of_the_last_full_run_is_shown(lights: Lights) -> None:
    ScoreRun.objects.create(
        scope=RunScope.FULL,
        trigger="schedule",
        state=RunState.DONE,
        rows_scored=25_633,
        started_at=MOMENT - timedelta(seconds=2),
        finished_at=MOMENT,
    )
    facts = {fact.label: fact.text for fact in lights()["Last full run"].facts}
    assert facts["Scores gone through"] == "25,633"
    assert facts["In a second"] == "12,816"


def headings() -> set[str]:
    manual = (ROOT / status.MANUAL).read_text()
    return set(re.findall(r"^#+ (.+)$", manual, re.MULTILINE))


def test_the_manual_has_a_heading_for_every_light(all_well: None) -> None:
    found: Status = read_status()
    assert {light.heading for light in found.lights} <= headings()


READYZ = {
    "database": "The database does not answer",
    "migrations": "Migrations are to be applied",
    "broker": "The broker does not answer",
    "worker": "No worker answers",
    "beat": "The scheduler is silent",
    "scores": "Changes wait for their scores",
}


def test_the_manual_has_a_heading_for_every_part_of_readyz() -> None:
    assert READYZ.keys() == health.CHECKS.keys()
    assert set(READYZ.values()) <= headings()
