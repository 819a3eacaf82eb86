"""Schedules that administrators may move in the admin site: made once, then theirs."""

from typing import Any

from django.conf import settings
from django_celery_beat.models import CrontabSchedule, PeriodicTask


def begin_schedules(*, using: str = "default", **_: Any) -> None:
    """Make what is missing after a migration, and leave alone what somebody has changed."""
    if PeriodicTask.objects.using(using).filter(name="nightly rescoring").exists():
        return
    at_night, _created = CrontabSchedule.objects.using(using).get_or_create(
        minute="15", hour="2", timezone=settings.TIME_ZONE
    )
    PeriodicTask.objects.using(using).create(
        name="nightly rescoring",
        task="metrics.tasks.nightly_rescore_task",
        description="Scores the open months up to the current one again.",
        crontab=at_night,
        expire_seconds=6 * 3600,
    )
