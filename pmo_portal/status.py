"""How the portal is running, for administrators: what /readyz and Prometheus are told, in words.

Each light says what was found and, unless it is green, what to do. None of them waits long: a part
that does not answer is what somebody came to see.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Count, Min, Q
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboards.access import needs
from dashboards.models import SubscriptionMail
from dashboards.presentation.numbers import grouped
from dashboards.selectors.import_batches import BUSY_STATES
from metrics import tallies
from metrics.choices import Band, MailState
from metrics.lateness import Lateness, read_lateness, rows_per_second
from metrics.models import FailedTask, ImportBatch, Reminder
from metrics.sizes import database_bytes, database_version
from pmo_portal import signs
from pmo_portal.environment import without_password
from pmo_portal.health import NotReady, check_broker, check_migrations
from pmo_portal.prometheus import WAITING_MAILS

SEE_STATUS = "metrics.see_status"

MANUAL = "docs/operations.md"

A_DAY = timedelta(days=1)
MAIL_IS_LATE = timedelta(hours=1)
IMPORT_IS_LATE = timedelta(minutes=15)
BACKUP_IS_OLD = timedelta(hours=36)
BACKUP_IS_VERY_OLD = timedelta(days=7)
DISK_FILLS_UP, DISK_IS_FULL = 0.10, 0.03
MOST_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that was found; the page writes moments and times in the reader's way."""

    label: str
    text: str = ""
    name: str = ""
    """Of a program, a folder, an address: the same in every language."""
    moment: datetime | None = None
    took: timedelta | None = None
    size: int | None = None
    band: Band | None = None


@dataclass(frozen=True, slots=True)
class Light:
    """One part of the portal: green is in order, amber wants a look, red somebody at once."""

    name: str
    band: Band
    facts: tuple[Fact, ...]
    remedy: str
    """What to do if it is not green."""
    heading: str
    """What the manual says about it stands there."""

    @property
    def is_green(self) -> bool:
        return self.band == Band.GREEN

    @property
    def advice(self) -> str:
        return "" if self.is_green else self.remedy

    @property
    def manual(self) -> str:
        """Where to read on."""
        return f"{MANUAL}#{slugify(self.heading)}"


@dataclass(frozen=True, slots=True)
class Status:
    lights: tuple[Light, ...]
    failed: tuple[FailedTask, ...]
    """Those of the last day, the latest first."""
    now: datetime

    @property
    def worst(self) -> Band:
        return min(light.band for light in self.lights)

    @property
    def troubled(self) -> int:
        return sum(not light.is_green for light in self.lights)


@require_safe
@never_cache
@needs(SEE_STATUS)
def status(request: HttpRequest) -> HttpResponse:
    return render(request, "pmo_portal/status.html", {"status": read_status()})


def read_status() -> Status:
    now = timezone.now()
    lateness = read_lateness()
    failed = FailedTask.objects.filter(at__gt=now - A_DAY)[: MOST_SHOWN + 1]
    failures = tuple(failed)
    broker = broker_light()
    return Status(
        (
            database_light(),
            migrations_light(),
            broker,
            *(signs_lights() if broker.is_green else signs_unknown()),
            changes_light(lateness),
            full_run_light(lateness),
            tasks_light(failures),
            imports_light(now),
            mails_light(now),
            disk_light(),
            backup_light(now),
        ),
        failures[:MOST_SHOWN],
        now,
    )


def database_light() -> Light:
    """Green: without it there would be no page to say so."""
    facts = [Fact(_("Program"), name=database_version())]
    if (size := database_bytes()) is not None:
        facts.append(Fact(_("Size"), size=size))
    return Light(_("Database"), Band.GREEN, tuple(facts), "", "The database does not answer")


def migrations_light() -> Light:
    try:
        check_migrations()
        band, state = Band.GREEN, _("all applied")
    except NotReady as reason:
        band, state = Band.RED, str(reason)
    return Light(
        _("Migrations"),
        band,
        (Fact(_("State"), state),),
        _("Run manage.py migrate with this version of the portal."),
        "Migrations are to be applied",
    )


def broker_light() -> Light:
    where = (
        Fact(_("Where"), _("a folder on this machine"))
        if settings.IS_EMBEDDED
        else Fact(_("Where"), name=without_password(settings.CELERY_BROKER_URL))
    )
    begun = time.perf_counter()
    try:
        check_broker()
        took = timedelta(seconds=time.perf_counter() - begun)
        band, answer = Band.GREEN, Fact(_("Answered in"), took=took)
    except NotReady:
        band, answer = Band.RED, Fact(_("State"), _("no answer"))
    return Light(
        _("Broker"),
        band,
        (where, answer),
        _(
            "See whether Redis runs and can be reached. Values are saved all the same; their"
            " scores follow when it is back."
        ),
        "The broker does not answer",
    )


def signs_lights() -> Iterable[Light]:
    try:
        workers, beat = signs.workers(), signs.beat()
    except signs.SignsOutOfReach:
        return signs_unknown()
    return workers_light(workers), beat_light(beat)


def signs_unknown() -> Iterable[Light]:
    """They are asked through the broker."""
    unknown = (Fact(_("State"), _("not known while the broker does not answer")),)
    advice = _("Mend the broker first.")
    return (
        Light(_("Workers"), Band.RED, unknown, advice, "No worker answers"),
        Light(_("Scheduler"), Band.RED, unknown, advice, "The scheduler is silent"),
    )


def workers_light(workers: list[signs.WorkerSign]) -> Light:
    facts = tuple(
        Fact(
            worker.name,
            ngettext("%(number)s process", "%(number)s processes", worker.processes)
            % {"number": worker.processes},
            moment=worker.at,
            band=Band.RED if worker.is_silent else Band.GREEN,
        )
        for worker in workers
    )
    living = sum(not worker.is_silent for worker in workers)
    if not living:
        band, advice = Band.RED, _("Start a worker; what waits stands in the database.")
    elif living < len(workers):
        band = Band.AMBER
        advice = _("See why one went silent; the others do its work. It is named for an hour.")
    else:
        band, advice = Band.GREEN, ""
    return Light(
        _("Workers"),
        band,
        facts or (Fact(_("State"), _("none has shown life within the last hour")),),
        advice,
        "No worker answers",
    )


def beat_light(beat: signs.BeatSign) -> Light:
    return Light(
        _("Scheduler"),
        Band.RED if beat.is_late else Band.GREEN,
        (Fact(_("Last tick"), "" if beat.at else _("none yet"), moment=beat.at),),
        _("Start beat, or see in its log why it stands. Nothing happens by itself meanwhile."),
        "The scheduler is silent",
    )


def changes_light(lateness: Lateness) -> Light:
    facts = [Fact(_("Changes that wait"), grouped(lateness.changes))]
    if lateness.oldest_change_at is not None:
        facts.append(Fact(_("The oldest since"), moment=lateness.oldest_change_at))
    if lateness.running is not None:
        facts.append(Fact(_("Going on"), _("run %(number)s") % {"number": lateness.running.pk}))
    if lateness.due:
        facts.append(Fact(_("Runs that are due"), grouped(len(lateness.due))))
    is_late = lateness.is_change_late or lateness.is_run_late or lateness.is_run_silent
    return Light(
        _("Scores follow changes"),
        Band.RED if is_late else Band.GREEN,
        tuple(facts),
        _("See at /runs/ whether runs fail, and whether workers and the scheduler live."),
        "Changes wait for their scores",
    )


def full_run_light(lateness: Lateness) -> Light:
    run = lateness.last_full
    facts = [Fact(_("Ended"), _("never yet"))]
    if run is not None:
        seconds = tallies.seconds_of(run)
        facts = [
            Fact(_("Ended"), moment=run.finished_at),
            Fact(_("Took"), took=timedelta(seconds=seconds)),
            Fact(_("Scores gone through"), grouped(run.rows_scored)),
        ]
        if (speed := rows_per_second(run)) is not None:
            facts.append(Fact(_("In a second"), grouped(speed)))
    is_late = lateness.is_full_run_late
    return Light(
        _("Last full run"),
        Band.AMBER if is_late else Band.GREEN,
        tuple(facts),
        _("See at /runs/ why it failed, and under Periodic tasks whether it is still asked for."),
        "The full run is late",
    )


def tasks_light(failures: tuple[FailedTask, ...]) -> Light:
    number = grouped(min(len(failures), MOST_SHOWN))
    text = _("more than %(number)s") % {"number": number} if len(failures) > MOST_SHOWN else number
    return Light(
        _("Failed tasks"),
        Band.AMBER if failures else Band.GREEN,
        (Fact(_("In the last day"), text),),
        _("Read their errors below, and find the task in the worker's log by its ID."),
        "Tasks fail",
    )


def imports_light(now: datetime) -> Light:
    unfinished = ImportBatch.objects.filter(state__in=BUSY_STATES).aggregate(
        count=Count("pk"), oldest=Min(Coalesce("heartbeat_at", "created_at"))
    )
    oldest: datetime | None = unfinished["oldest"]
    is_late = oldest is not None and now - oldest > IMPORT_IS_LATE
    facts = [Fact(_("Waiting or going on"), grouped(unfinished["count"]))]
    if oldest is not None:
        facts.append(Fact(_("The longest without a sign of life, since"), moment=oldest))
    return Light(
        _("Imports"),
        Band.AMBER if is_late else Band.GREEN,
        tuple(facts),
        _("See at /entry/import/ how far it is, and whether a worker lives."),
        "Imports stand",
    )


def mails_light(now: datetime) -> Light:
    waiting, failed, oldest = 0, 0, None
    for kind in (Reminder, SubscriptionMail):
        found = kind.objects.filter(
            Q(state__in=WAITING_MAILS) | Q(state=MailState.FAILED, created_at__gt=now - A_DAY)
        ).aggregate(
            waiting=Count("pk", filter=Q(state__in=WAITING_MAILS)),
            failed=Count("pk", filter=Q(state=MailState.FAILED)),
            oldest=Min("created_at", filter=Q(state__in=WAITING_MAILS)),
        )
        waiting, failed = waiting + found["waiting"], failed + found["failed"]
        oldest = min(filter(None, (oldest, found["oldest"])), default=None)
    is_late = failed or (oldest is not None and now - oldest > MAIL_IS_LATE)
    facts = [
        Fact(_("Waiting"), grouped(waiting)),
        Fact(_("Given up in the last day"), grouped(failed)),
    ]
    if oldest is not None:
        facts.append(Fact(_("The oldest since"), moment=oldest))
    return Light(
        _("Mails"),
        Band.AMBER if is_late else Band.GREEN,
        tuple(facts),
        _("Read the errors in the admin site, under Reminders, and see whether EMAIL_URL answers."),
        "Mails are not sent",
    )


def disk_light() -> Light:
    folder = Path(settings.VAR_DIR)
    while not folder.exists():
        folder = folder.parent
    disk = shutil.disk_usage(folder)
    free = disk.free / disk.total if disk.total else 1.0
    band = Band.RED if free < DISK_IS_FULL else Band.AMBER if free < DISK_FILLS_UP else Band.GREEN
    return Light(
        _("Disk of this web server"),
        band,
        (
            Fact(_("Folder"), name=str(settings.VAR_DIR)),
            Fact(_("Free"), size=disk.free),
            Fact(_("Of"), size=disk.total),
        ),
        _("Make room, or give it a larger disk."),
        "The disk fills up",
    )


def backup_light(now: datetime) -> Light:
    noted = tallies.noted(tallies.BACKUP_AT)
    if noted is None:
        return Light(
            _("Backup"),
            Band.AMBER,
            (Fact(_("Last one"), _("none that the portal knows of")),),
            _("Run manage.py backup every day; what other programs back up is not seen here."),
            "The backup is old",
        )
    taken_at = datetime.fromtimestamp(noted, UTC)
    age = now - taken_at
    band = (
        Band.RED if age > BACKUP_IS_VERY_OLD else Band.AMBER if age > BACKUP_IS_OLD else Band.GREEN
    )
    return Light(
        _("Backup"),
        band,
        (Fact(_("Last one"), moment=taken_at),),
        _("See why manage.py backup has not run since."),
        "The backup is old",
    )
