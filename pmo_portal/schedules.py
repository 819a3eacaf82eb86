"""Schedules that administrators may move in the admin site: made once, then theirs."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django_celery_beat.models import CrontabSchedule, PeriodicTask


@dataclass(frozen=True)
class Daily:
    """What happens once a day, and until how long after its time it still does."""

    name: str
    task: str
    description: str
    hour: str
    minute: str
    expire_seconds: int


DAILY = (
    Daily(
        name="nightly rescoring",
        task="metrics.tasks.nightly_rescore_task",
        description="Scores the open months up to the current one again.",
        hour="2",
        minute="15",
        expire_seconds=6 * 3600,
    ),
    Daily(
        name="reminders",
        task="metrics.tasks.remind_task",
        description="Mails people what is due from them, and PMO leads what is long overdue.",
        hour="7",
        minute="0",
        expire_seconds=12 * 3600,
    ),
    Daily(
        name="monthly packs",
        task="dashboards.tasks.make_packs_task",
        description="Makes the packs that closed months still lack, if closing could not ask.",
        hour="3",
        minute="30",
        expire_seconds=6 * 3600,
    ),
    Daily(
        name="audit log: old events",
        task="accounts.tasks.forget_old_events_task",
        description="Deletes what is older than AUDIT_KEEP_DAYS, and says so in the log.",
        hour="4",
        minute="10",
        expire_seconds=6 * 3600,
    ),
)


def begin_schedules(*, using: str = "default", **_: Any) -> None:
    """Make what is missing after a migration, and leave alone what somebody has changed."""
    there = set(PeriodicTask.objects.using(using).values_list("name", flat=True))
    for daily in DAILY:
        if daily.name in there:
            continue
        at, _created = CrontabSchedule.objects.using(using).get_or_create(
            minute=daily.minute, hour=daily.hour, timezone=settings.TIME_ZONE
        )
        PeriodicTask.objects.using(using).create(
            name=daily.name,
            task=daily.task,
            description=daily.description,
            crontab=at,
            expire_seconds=daily.expire_seconds,
        )
