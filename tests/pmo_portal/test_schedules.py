"""What ticks: tasks that exist, none piling up, and times that administrators may move."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from pmo_portal.celery import app
from pmo_portal.schedules import begin_schedules


def test_every_schedule_names_a_task_that_exists() -> None:
    app.loader.import_default_modules()
    wanted = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert wanted == {
        "dashboards.tasks.send_subscriptions_task",
        "metrics.tasks.answer_imports_task",
        "metrics.tasks.answer_needs_task",
        "metrics.tasks.reopen_dead_runs_task",
        "metrics.tasks.send_reminders_task",
        "metrics.tasks.weigh_latest_months_task",
    }
    assert wanted | {"metrics.tasks.nightly_rescore_task"} <= app.tasks.keys()


@pytest.mark.parametrize("name", settings.CELERY_BEAT_SCHEDULE)
def test_a_tick_that_nobody_answered_is_gone_before_the_next(name: str) -> None:
    entry: dict[str, Any] = settings.CELERY_BEAT_SCHEDULE[name]
    assert timedelta(seconds=entry["options"]["expire_seconds"]) <= entry["schedule"]


def test_tasks_survive_their_worker_and_leave_no_results() -> None:
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    assert app.conf.task_ignore_result
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.result_backend is None


@pytest.mark.django_db
def test_after_migrating_the_open_months_are_scored_every_night() -> None:
    nightly = PeriodicTask.objects.get(name="nightly rescoring")
    assert nightly.task == "metrics.tasks.nightly_rescore_task"
    assert nightly.enabled
    assert (nightly.crontab.hour, nightly.crontab.minute) == ("2", "15")
    assert str(nightly.crontab.timezone) == settings.TIME_ZONE


@pytest.mark.django_db
def test_after_migrating_people_are_reminded_every_morning() -> None:
    reminders = PeriodicTask.objects.get(name="reminders")
    app.loader.import_default_modules()
    assert reminders.task in app.tasks
    assert (reminders.crontab.hour, reminders.crontab.minute) == ("7", "0")
    assert str(reminders.crontab.timezone) == settings.TIME_ZONE


@pytest.mark.django_db
def test_after_migrating_packs_that_are_missing_are_made_every_night() -> None:
    packs = PeriodicTask.objects.get(name="monthly packs")
    app.loader.import_default_modules()
    assert packs.task in app.tasks
    assert (packs.crontab.hour, packs.crontab.minute) == ("3", "30")


@pytest.mark.django_db
def test_what_an_administrator_moved_stays_moved() -> None:
    at_four, _ = CrontabSchedule.objects.get_or_create(hour="4", minute="0")
    PeriodicTask.objects.filter(name="nightly rescoring").update(crontab=at_four, enabled=False)
    begin_schedules()
    nightly = PeriodicTask.objects.get(name="nightly rescoring")
    assert (nightly.crontab.hour, nightly.enabled) == ("4", False)
