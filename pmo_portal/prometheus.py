"""/prometheus: what the portal is doing, for Prometheus.

Requests are counted by the web server's processes, which add up what each has seen (see
`gunicorn.conf.py`). Everything else is read from the database when somebody asks, so that it tells
of all workers, on whatever machine: a dozen queries, whatever the size.
"""

from __future__ import annotations

import hmac
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django_prometheus.middleware import PrometheusAfterMiddleware
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from dashboards.models import SubscriptionMail
from dashboards.selectors.import_batches import BUSY_STATES
from metrics import tallies
from metrics.choices import MailState
from metrics.lateness import read_lateness, rows_per_second
from metrics.models import ImportBatch, Reminder, Tally
from pmo_portal import signs

WAITING_MAILS = (MailState.DUE, MailState.SENDING)


def metrics(request: HttpRequest) -> HttpResponse:
    """For whoever has the token; where none is set, there is no such page."""
    if not settings.METRICS_TOKEN:
        return HttpResponse(status=404)
    if request.method != "GET":
        return HttpResponse(status=405, headers={"Allow": "GET"})
    given = request.headers.get("Authorization", "").encode()
    if not hmac.compare_digest(given, f"Bearer {settings.METRICS_TOKEN}".encode()):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    of_portal = CollectorRegistry()
    of_portal.register(PortalCollector())
    return HttpResponse(
        generate_latest(of_requests()) + generate_latest(of_portal),
        content_type=CONTENT_TYPE_LATEST,
    )


def of_requests() -> CollectorRegistry:
    """What all processes of this web server counted; of one alone where there is but one."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # typed in parts
    return together


class ByViewMiddleware(PrometheusAfterMiddleware):  # type: ignore[misc]  # it comes without types
    """Requests by the name of their view; visitors can't make up names of their own."""

    def label_metric(
        self, metric: Any, request: HttpRequest, response: HttpResponse | None = None, **labels: str
    ) -> Any:
        if "method" in labels:
            labels["method"] = self._method(request)
        return super().label_metric(metric, request, response, **labels)


class PortalCollector(Collector):
    """What stands in the database, and the signs of life."""

    def collect(self) -> Iterator[Metric]:
        try:
            yield from self._of_database()
        except DatabaseError:
            yield gauge("portal_database_up", "Whether the database answers.", 0)
        else:
            yield gauge("portal_database_up", "Whether the database answers.", 1)
        yield from self._of_signs()

    def _of_database(self) -> list[Metric]:
        """Whole or not at all: half of it would look like a fall to nothing."""
        lateness = read_lateness()
        full = lateness.last_full
        told = [
            gauge("portal_changes_waiting", "Changes that no run has answered.", lateness.changes),
            gauge(
                "portal_oldest_change_waiting_seconds",
                "How long the oldest of them has waited.",
                lateness.change_waits.total_seconds(),
            ),
            gauge("portal_runs_due", "Scoring runs that wait for a worker.", len(lateness.due)),
            gauge(
                "portal_run_going_on",
                "Whether a scoring run is going on.",
                lateness.running is not None,
            ),
            gauge(
                "portal_imports_unfinished",
                "Imports that wait for a worker or are with one.",
                ImportBatch.objects.filter(state__in=BUSY_STATES).count(),
            ),
            gauge(
                "portal_mails_waiting",
                "Mails that are written and not sent.",
                sum(
                    kind.objects.filter(state__in=WAITING_MAILS).count()
                    for kind in (Reminder, SubscriptionMail)
                ),
            ),
        ]
        if full is not None and full.finished_at is not None:
            told += [
                gauge(
                    "portal_last_full_run_timestamp_seconds",
                    "When the last run over all open months ended.",
                    full.finished_at.timestamp(),
                ),
                gauge(
                    "portal_last_full_run_duration_seconds",
                    "How long it took.",
                    tallies.seconds_of(full),
                ),
                gauge(
                    "portal_last_full_run_rows_per_second",
                    "Scores that it went through in a second.",
                    rows_per_second(full) or 0,
                ),
            ]
        return [*told, *of_tallies(Tally.objects.all())]

    def _of_signs(self) -> Iterator[Metric]:
        try:
            living = sum(not worker.is_silent for worker in signs.workers())
            ticked_at = signs.beat().at
        except signs.SignsOutOfReach:
            yield gauge("portal_broker_up", "Whether the broker answers.", 0)
            return
        yield gauge("portal_broker_up", "Whether the broker answers.", 1)
        yield gauge("portal_workers", "Workers that have shown life.", living)
        if ticked_at is not None:
            yield gauge(
                "portal_beat_last_tick_timestamp_seconds",
                "When the scheduler last handed out a task.",
                ticked_at.timestamp(),
            )


def gauge(name: str, says: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, says, float(value))


COUNTERS = {
    tallies.RUNS: ("portal_runs", "Scoring runs that ended.", ["trigger", "scope", "state"]),
    tallies.ROWS_SCORED: ("portal_scores_computed", "Scores gone through by runs.", ["scope"]),
    tallies.ROWS_WRITTEN: ("portal_scores_written", "Scores that came out different.", ["scope"]),
    tallies.FAILED_TASKS: ("portal_failed_tasks", "Tasks that ended with an error.", ["task"]),
}
HISTOGRAMS = {
    tallies.RUN_TIMES: (
        "portal_run_duration_seconds",
        "How long scoring runs took.",
        tallies.RUN_SECONDS,
        ["scope"],
    ),
    tallies.WAITS: (
        "portal_change_to_score_seconds",
        "From a change to the end of the run that stored the scores answering it.",
        tallies.WAIT_SECONDS,
        [],
    ),
}


def of_tallies(rows: Iterable[Tally]) -> list[Metric]:
    """Totals as counters and histograms; those that never happened are told as nothing yet."""
    kept: dict[str, list[tuple[dict[str, str], float]]] = defaultdict(list)
    for row in rows:
        kept[row.name].append((json.loads(row.labels or "{}"), row.value))
    told: list[Metric] = []
    for tally, (name, says, labels) in COUNTERS.items():
        counter = CounterMetricFamily(name, says, labels=labels)
        for known, value in kept[tally]:
            counter.add_metric([known[label] for label in labels], value)
        told.append(counter)
    for tally, (name, says, limits, labels) in HISTOGRAMS.items():
        told.append(
            histogram(name, says, limits, labels, kept[f"{tally}_bucket"], kept[f"{tally}_sum"])
        )
    if backup := kept[tallies.BACKUP_AT]:
        says = "When `manage.py backup` last wrote a file."
        told.append(gauge("portal_last_backup_timestamp_seconds", says, backup[0][1]))
    return told


def histogram(
    name: str,
    says: str,
    limits: tuple[float, ...],
    labels: list[str],
    buckets: list[tuple[dict[str, str], float]],
    sums: list[tuple[dict[str, str], float]],
) -> HistogramMetricFamily:
    told = HistogramMetricFamily(name, says, labels=labels)
    for known, total in sums:
        counted = {
            bucket["le"]: value
            for bucket, value in buckets
            if all(bucket[label] == known[label] for label in labels)
        }
        so_far, rising = 0.0, []
        for place in range(len(limits) + 1):
            limit = tallies.limit_name(limits, place)
            so_far += counted.get(limit, 0)
            rising.append((limit, so_far))
        told.add_metric([known[label] for label in labels], rising, total)
    return told
