"""Probes: /healthz, /readyz with all parts, /readyz/web with what this server itself needs.

/healthz asks nothing but the process: who does not answer is started again. /readyz is for whoever
watches: 503 as soon as any part wants somebody to look. A proxy that shares out visitors asks
/readyz/web: a dead worker makes scores late, and would otherwise take every web server away too.
"""

import logging
from collections.abc import Callable, Mapping

from celery.exceptions import CeleryError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from kombu.exceptions import KombuError

from metrics.lateness import read_lateness
from pmo_portal import signs
from pmo_portal.celery import app
from pmo_portal.prometheus import metrics

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
            broker.ensure_connection(max_retries=1, interval_start=0, timeout=PING_SECONDS)
    except (KombuError, CeleryError, OSError) as error:
        raise NotReady("no answer") from error


def check_worker() -> None:
    try:
        answers = app.control.broadcast("ping", reply=True, timeout=PING_SECONDS, limit=1)
    except (KombuError, CeleryError, OSError) as error:
        raise NotReady("no broker to ask through") from error
    if not answers:
        raise NotReady(f"none answered in {PING_SECONDS} s")


def check_beat() -> None:
    try:
        beat = signs.beat()
    except signs.SignsOutOfReach as error:
        raise NotReady("no broker to ask through") from error
    if beat.silence is None:
        raise NotReady("no tick yet")
    if beat.is_late:
        raise NotReady(f"no tick for {beat.silence.total_seconds():.0f} s")


def check_scores() -> None:
    try:
        lateness = read_lateness()
    except DatabaseError as error:
        raise NotReady("no answer") from error
    if lateness.is_change_late:
        raise NotReady(f"a change waits for {lateness.change_waits.total_seconds():.0f} s")
    if lateness.is_run_late:
        raise NotReady(f"a run is due for {lateness.run_waits.total_seconds():.0f} s")
    if lateness.is_run_silent:
        raise NotReady(f"a run is silent for {lateness.silence.total_seconds():.0f} s")
    if lateness.is_full_run_late and lateness.since_full is not None:
        hours = lateness.since_full.total_seconds() / 3600
        raise NotReady(f"no full run for {hours:.0f} h")


CHECKS: dict[str, Callable[[], None]] = {
    "database": check_database,
    "migrations": check_migrations,
    "broker": check_broker,
    "worker": check_worker,
    "beat": check_beat,
    "scores": check_scores,
}
BY_BROKER = ("worker", "beat")
"""They are asked through it; without it each would only wait for nothing."""
FOR_WEB = ("database", "migrations")
"""Without these a web server can show nothing; without the others all it shows is late."""


def readiness(checks: Mapping[str, Callable[[], None]]) -> dict[str, str]:
    """What each part says: "ok", or what is wrong."""
    answers: dict[str, str] = {}
    for part, check in checks.items():
        if part in BY_BROKER and answers.get("broker", "ok") != "ok":
            answers[part] = "no broker to ask through"
            continue
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
    return told(readiness(CHECKS))


def readyz_web(request: HttpRequest) -> HttpResponse:
    return told(readiness({part: CHECKS[part] for part in FOR_WEB}))


def told(answers: dict[str, str]) -> HttpResponse:
    return JsonResponse(answers, status=200 if set(answers.values()) == {"ok"} else 503)


PROBES = {
    "/healthz": healthz,
    "/readyz": readyz,
    "/readyz/web": readyz_web,
    # Not /metrics: there the portal shows what projects are measured by.
    "/prometheus": metrics,
}


class ProbeMiddleware:
    """Answers before anything asks for a known host or HTTPS: probes come by bare address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path)
        return probe(request) if probe else self.get_response(request)
