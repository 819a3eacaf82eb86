"""Doors for background work about accounts and the audit log."""

from __future__ import annotations

from smtplib import SMTPException

from celery import shared_task
from django.db import OperationalError

from accounts.audit import forget_old_events
from accounts.operations.forgotten_passwords import send_password_mails
from accounts.operations.security_mails import send_word_of_change


@shared_task(acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def forget_old_events_task() -> None:
    """Harmless to repeat: what is old is gone by then."""
    forget_old_events()


@shared_task(
    acks_late=True,
    autoretry_for=(OperationalError, SMTPException, OSError),
    retry_backoff=10,
    retry_backoff_max=300,
    max_retries=5,
)
def send_password_mails_task(address: str) -> None:
    """Delivered twice it sends two mails, of which each works until one of them was used."""
    send_password_mails(address)


@shared_task(
    acks_late=True,
    autoretry_for=(OperationalError, SMTPException, OSError),
    retry_backoff=10,
    retry_backoff_max=300,
    max_retries=5,
)
def tell_of_change_task(person: int, change: str) -> None:
    """Delivered twice it says the same twice."""
    send_word_of_change(person, change)
