"""Doors for the background work of pages."""

from __future__ import annotations

from celery import shared_task
from django.db import IntegrityError, OperationalError

from dashboards.operations.packs import make_missing_packs
from dashboards.operations.subscriptions import send_subscriptions, write_due_mails


@shared_task(
    acks_late=True,
    autoretry_for=(OperationalError, IntegrityError),
    retry_backoff=True,
    retry_backoff_max=60,
    max_retries=8,
)
def make_packs_task() -> None:
    """Make the packs that closed months still lack; safe to deliver twice."""
    make_missing_packs()


@shared_task(
    acks_late=True,
    autoretry_for=(OperationalError, IntegrityError),
    retry_backoff=True,
    retry_backoff_max=60,
    max_retries=8,
)
def send_subscriptions_task() -> None:
    """Write what has fallen due and send what waits; safe to deliver twice: mails are claimed."""
    write_due_mails()
    send_subscriptions()
