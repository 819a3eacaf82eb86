"""Doors for background work: each takes what is to be done and calls one function."""

from __future__ import annotations

import logging

from celery import shared_task
from django.db import IntegrityError, OperationalError

from metrics.choices import RunTrigger
from metrics.operations.heartbeat import heartbeat
from metrics.operations.runs import (
    RunLost,
    carry_out,
    give_back,
    reopen_dead_runs,
    request_full_run,
    take_next_run,
)

logger = logging.getLogger(__name__)

PASSING_FAULTS = (OperationalError, IntegrityError)
"""A database that is away or busy; a subject that was deleted while it was being scored."""


@shared_task(
    acks_late=True,
    autoretry_for=PASSING_FAULTS,
    retry_backoff=True,
    retry_backoff_max=60,
    max_retries=8,
)
def answer_needs_task() -> None:
    """Carry out what is due until nothing is left; safe to deliver twice, as runs are claimed."""
    while run := take_next_run():
        try:
            with heartbeat(run):
                carry_out(run)
        except RunLost as lost:
            logger.warning("%s", lost)
        except PASSING_FAULTS:
            give_back(run)
            raise


@shared_task(acks_late=True, autoretry_for=PASSING_FAULTS, retry_backoff=True, max_retries=8)
def nightly_rescore_task() -> None:
    """Score all open months up to the current one."""
    request_full_run(RunTrigger.SCHEDULE)
    answer_needs_task()


@shared_task(acks_late=True, autoretry_for=PASSING_FAULTS, retry_backoff=True, max_retries=8)
def reopen_dead_runs_task() -> None:
    """Give the runs of dead workers to living ones."""
    if reopened := reopen_dead_runs():
        logger.warning("%s run(s) of dead workers were reopened.", reopened)
        answer_needs_task()
