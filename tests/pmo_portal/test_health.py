"""Probes answer whoever asks, and readiness tells which part is missing."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from pytest_django import Settings

from pmo_portal import health
from pmo_portal.celery import app
from pmo_portal.health import NotReady, check_broker, check_migrations, check_worker, readiness
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
    answers = readiness()
    assert (answers["database"], answers["migrations"]) == ("no answer", "no answer")


def test_a_broker_that_nobody_runs_is_not_ready() -> None:
    app.conf.update(broker_url=f"redis://127.0.0.1:{free_port()}/0")
    with pytest.raises(NotReady, match=r"^no answer$"):
        check_broker()


def test_a_broker_without_a_worker_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PING_SECONDS", 0.1)
    check_broker()
    with pytest.raises(NotReady, match=r"^none answered in"):
        check_worker()
