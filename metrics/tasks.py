"""Doors for background work: each takes what is to be done and calls one function."""

from __future__ import annotations

import logging
from functools import partial

from celery import shared_task
from django.db import IntegrityError, OperationalError

from metrics.choices import RunTrigger
from metrics.operations.blocks import RunLost
from metrics.operations.chunks import help_with_run
from metrics.operations.heartbeat import beating
from metrics.operations.imports import (
    BatchLost,
    carry_out_batch,
    give_batch_back,
    reopen_dead_batches,
    show_life_of_batch,
    take_next_batch,
)
from metrics.operations.reminders import send_reminders, write_reminders
from metrics.operations.runs import (
    carry_out,
    give_back,
    reopen_dead_runs,
    request_full_run,
    show_life,
    take_next_run,
)
from metrics.operations.weighing import weigh_latest_months, weigh_open_months

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
            with beating(partial(show_life, run)):
                carry_out(run)
        except RunLost as lost:
            logger.warning("%s", lost)
        except PASSING_FAULTS:
            give_back(run)
            raise


@shared_task(acks_late=True)
def help_with_run_task() -> None:
    """Take chunks of the run that is going on; what fails here, the run's own worker does again."""
    try:
        help_with_run()
    except RunLost as lost:
        logger.warning("%s", lost)


@shared_task(acks_late=True, autoretry_for=PASSING_FAULTS, retry_backoff=True, max_retries=8)
def nightly_rescore_task() -> None:
    """Score all open months up to the current one."""
    request_full_run(RunTrigger.SCHEDULE)
    answer_needs_task()
    weigh_open_months()


@shared_task(acks_late=True, autoretry_for=PASSING_FAULTS, retry_backoff=True, max_retries=8)
def weigh_latest_months_task() -> None:
    """Keep the effective weights of the latest months up with the scores; harmless to repeat."""
    weigh_latest_months()


@shared_task(acks_late=True, autoretry_for=PASSING_FAULTS, retry_backoff=True, max_retries=8)
def reopen_dead_runs_task() -> None:
    """Give the runs of dead workers to living ones."""
    if reopened := reopen_dead_runs():
        logger.warning("%s run(s) of dead workers were reopened.", reopened)
        answer_needs_task()


@shared_task(
    acks_late=True,
    autoretry_for=PASSING_FAULTS,
    retry_backoff=True,
    retry_backoff_max=60,
    max_retries=8,
)
def answer_imports_task() -> None:
    """Check and store the imports that are due; safe to deliver twice, as batches are claimed."""
    if reopened := reopen_dead_batches():
        logger.warning("%s import(s) of dead workers were reopened.", reopened)
    while batch := take_next_batch():
        try:
            with beating(partial(show_life_of_batch, batch)):
                carry_out_batch(batch)
        except BatchLost as lost:
            logger.warning("%s", lost)
        except PASSING_FAULTS:
            give_batch_back(batch)
            raise


@shared_task(acks_late=True, autoretry_for=PASSING_FAULTS, retry_backoff=True, max_retries=8)
def remind_task() -> None:
    """Write the day's mails and send them; safe to deliver twice, as mails are claimed."""
    write_reminders()
    send_reminders()


@shared_task(acks_late=True, autoretry_for=PASSING_FAULTS, retry_backoff=True, max_retries=8)
def send_reminders_task() -> None:
    """Send what a worker left behind, and try again what could not be sent."""
    send_reminders()
