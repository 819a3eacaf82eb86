"""What the scheduler asks for."""

from celery import shared_task
from django.db import OperationalError

from accounts.audit import forget_old_events


@shared_task(acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def forget_old_events_task() -> None:
    """Harmless to repeat: what is old is gone by then."""
    forget_old_events()
