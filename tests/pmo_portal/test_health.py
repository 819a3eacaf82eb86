"""Probes answer whoever asks, and readiness tells which part is missing."""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import caches
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from pytest_django import Settings

from metrics.choices import RunScope, RunState
from metrics.models import RescoreNeed, ScoreRun
from pmo_portal import health, signs
from pmo_portal.celery import app
from pmo_portal.health import (
    NotReady,
    check_beat,
    check_broker,
    check_migrations,
    check_scores,
    check_worker,
    readiness,
)
from tests.factories import RescoreNeedFactory, ScoreRunFactory
from tests.services import free_port


def all_well() -> None:
    pass


def out_of_order() -> None:
    raise NotReady("no answer")


def test_healthz_asks_nothing_but_the_process(client: Client) -> None:
    answer = client.get("/healthz", headers={"host": "10.1.2.3:8000"})
    assert (answer.status_code, answer.content) == (200, b"ok")


def test_probes_come_by_plain_http_in_production(client: Client, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/healthz").status_code == 200


def test_readyz_is_ready_when_every_part_is(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "CHECKS", dict.fromkeys(health.CHECKS, all_well))
    answer = client.get("/readyz", headers={"host": "10.1.2.3:8000"})
    assert answer.status_code == 200
    assert json.loads(answer.content) == {
        "database": "ok",
        "migrations": "ok",
        "broker": "ok",
        "worker": "ok",
        "beat": "ok",
        "scores": "ok",
    }


@pytest.mark.parametrize("part", list(health.CHECKS))
def test_readyz_tells_the_part_that_is_not(
    client: Client, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    checks: dict[str, Callable[[], None]] = dict.fromkeys(health.CHECKS, all_well)
    monkeypatch.setattr(health, "CHECKS", checks | {part: out_of_order})
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert json.loads(answer.content)[part] == "no answer"


@pytest.mark.django_db
def test_a_migration_that_is_not_applied_is_not_ready() -> None:
    check_migrations()
    ((app, latest),) = MigrationLoader(connection).graph.leaf_nodes("metrics")
    MigrationRecorder(connection).record_unapplied(app, latest)
    with pytest.raises(NotReady, match=r"^\d+ to apply$"):
        check_migrations()


@pytest.mark.django_db
def test_a_database_without_an_answer_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_cursor(*_: Any) -> None:
        raise OperationalError("could not connect to db at 10.0.0.7, password s3cret")

    monkeypatch.setattr(connection, "cursor", no_cursor)
    answers = readiness(health.CHECKS)
    for part in ("database", "migrations", "scores"):
        assert answers[part] == "no answer"


def test_a_broker_that_nobody_runs_is_not_ready() -> None:
    app.conf.update(broker_url=f"redis://127.0.0.1:{free_port()}/0")
    with pytest.raises(NotReady, match=r"^no answer$"):
        check_broker()


def test_a_broker_without_a_worker_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PING_SECONDS", 0.1)
    check_broker()
    with pytest.raises(NotReady, match=r"^none answered in"):
        check_worker()


def test_without_a_broker_nobody_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        health,
        "CHECKS",
        {"broker": out_of_order, "worker": check_worker, "beat": check_beat},
    )
    assert readiness(health.CHECKS) == {
        "broker": "no answer",
        "worker": "no broker to ask through",
        "beat": "no broker to ask through",
    }


def test_a_proxy_keeps_a_server_that_lacks_only_workers(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = dict.fromkeys(health.CHECKS, out_of_order)
    fine: dict[str, Callable[[], None]] = dict.fromkeys(health.FOR_WEB, all_well)
    monkeypatch.setattr(health, "CHECKS", late | fine)
    assert client.get("/readyz").status_code == 503
    answer = client.get("/readyz/web")
    assert (answer.status_code, json.loads(answer.content)) == (
        200,
        {"database": "ok", "migrations": "ok"},
    )
    monkeypatch.setattr(health, "CHECKS", late)
    assert client.get("/readyz/web").status_code == 503


def test_a_scheduler_is_alive_while_it_ticks(settings: Settings) -> None:
    settings.BEAT_LATE_SECONDS = 60
    with pytest.raises(NotReady, match=r"^no tick yet$"):
        check_beat()
    signs.Ticks().keep()
    check_beat()
    caches["progress"].set(signs.TICK, time.time() - 61)
    with pytest.raises(NotReady, match=r"^no tick for 61 s$"):
        check_beat()


def test_signs_that_nobody_can_read_say_nothing_of_the_scheduler(settings: Settings) -> None:
    settings.CACHES = settings.CACHES | {
        "progress": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": f"redis://127.0.0.1:{free_port()}/0",
            "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
        }
    }
    with pytest.raises(NotReady, match=r"^no broker to ask through$"):
        check_beat()
    signs.Ticks().keep()  # the scheduler goes on all the same
    signs.show_worker("worker@one", 0.0, 2)


MOMENT = "2026-11-22T12:00:00Z"


def long_ago(row: RescoreNeed | ScoreRun, **fields: timedelta) -> None:
    now = row.created_at
    type(row)._default_manager.filter(pk=row.pk).update(
        **{name: now - before for name, before in fields.items()}
    )


@pytest.mark.django_db
@time_machine.travel(MOMENT, tick=False)
def test_scores_that_keep_up_are_ready(settings: Settings) -> None:
    check_scores()  # nothing was ever scored, and nothing is to be
    long_ago(RescoreNeedFactory(), created_at=timedelta(seconds=settings.SCORES_LATE_SECONDS))
    run = ScoreRunFactory(state=RunState.DONE, scope=RunScope.FULL)
    hours = timedelta(hours=settings.FULL_RUN_LATE_HOURS)
    long_ago(run, created_at=2 * hours, finished_at=hours)
    check_scores()


LATE: dict[str, tuple[str, dict[str, timedelta]]] = {
    r"^a run is due for 901 s$": ("due", {"created_at": timedelta(seconds=901)}),
    r"^a run is silent for 181 s$": (
        "running",
        {"created_at": timedelta(0), "heartbeat_at": timedelta(seconds=181)},
    ),
    r"^no full run for 37 h$": (
        "done",
        {"created_at": timedelta(hours=50), "finished_at": timedelta(hours=37)},
    ),
    # It began, and never came to its end.
    r"^no full run for 50 h$": ("failed", {"created_at": timedelta(hours=50)}),
}


@pytest.mark.django_db
@pytest.mark.parametrize("reason", LATE)
@time_machine.travel(MOMENT, tick=False)
def test_runs_that_nobody_does_are_not_ready(reason: str) -> None:
    state, moments = LATE[reason]
    long_ago(ScoreRunFactory(state=state, scope=RunScope.FULL), **moments)
    with pytest.raises(NotReady, match=reason):
        check_scores()


@pytest.mark.django_db
@time_machine.travel(MOMENT, tick=False)
def test_a_change_that_waits_too_long_is_not_ready(settings: Settings) -> None:
    long_ago(RescoreNeedFactory(), created_at=timedelta(seconds=901))
    with pytest.raises(NotReady, match=r"^a change waits for 901 s$"):
        check_scores()
    settings.SCORES_LATE_SECONDS = 1000
    check_scores()


@pytest.mark.django_db
@time_machine.travel(MOMENT, tick=False)
def test_whoever_scores_less_often_says_so(settings: Settings) -> None:
    run = ScoreRunFactory(state=RunState.DONE, scope=RunScope.FULL)
    long_ago(run, created_at=timedelta(days=9), finished_at=timedelta(days=9))
    settings.FULL_RUN_LATE_HOURS = 0
    check_scores()
