"""/healthz: the process answers. /readyz: database, migrations, broker and a worker do too."""

import logging
from collections.abc import Callable

from celery.exceptions import CeleryError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from kombu.exceptions import KombuError

from pmo_portal.celery import app

logger = logging.getLogger(__name__)

PING_SECONDS = 2


class NotReady(Exception):
    """Why a part is not ready, in words that tell a stranger nothing."""


def check_database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        raise NotReady("no answer") from error


def check_migrations() -> None:
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        raise NotReady("no answer") from error
    if waiting:
        raise NotReady(f"{len(waiting)} to apply")


def check_broker() -> None:
    try:
        with app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, timeout=PING_SECONDS)
    except (KombuError, CeleryError, OSError) as error:
        raise NotReady("no answer") from error


def check_worker() -> None:
    try:
        answers = app.control.broadcast("ping", reply=True, timeout=PING_SECONDS, limit=1)
    except (KombuError, CeleryError, OSError) as error:
        raise NotReady("no broker to ask through") from error
    if not answers:
        raise NotReady(f"none answered in {PING_SECONDS} s")


CHECKS: dict[str, Callable[[], None]] = {
    "database": check_database,
    "migrations": check_migrations,
    "broker": check_broker,
    "worker": check_worker,
}


def readiness() -> dict[str, str]:
    """What each part says: "ok", or what is wrong."""
    answers = {}
    for part, check in CHECKS.items():
        try:
            check()
        except NotReady as reason:
            logger.warning("Not ready: %s: %s", part, reason, exc_info=reason.__cause__)
            answers[part] = str(reason)
        else:
            answers[part] = "ok"
    return answers


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    answers = readiness()
    is_ready = set(answers.values()) == {"ok"}
    return JsonResponse(answers, status=200 if is_ready else 503)


PROBES = {"/healthz": healthz, "/readyz": readyz}


class ProbeMiddleware:
    """Answers before anything asks for a known host or HTTPS: probes come by bare address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path)
        return probe(request) if probe else self.get_response(request)
