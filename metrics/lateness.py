"""Whether scores keep up with changes: what waits, since when, and when all was last scored.

For whoever watches the portal: probes, metrics and the status page read the same here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Min
from django.utils import timezone

from metrics.choices import RunScope, RunState
from metrics.models import RescoreNeed, ScoreRun
from metrics.tallies import seconds_of


@dataclass(frozen=True, slots=True)
class Lateness:
    """What waits for a worker, and what was done last."""

    now: datetime
    changes: int
    oldest_change_at: datetime | None
    running: ScoreRun | None
    due: tuple[ScoreRun, ...]
    """The oldest first."""
    last_full: ScoreRun | None
    """The last one that scored all open months and was done."""
    scored_since: datetime | None
    """When there was a run for the first time, if there never was a full one."""

    @property
    def change_waits(self) -> timedelta:
        return self.now - self.oldest_change_at if self.oldest_change_at else timedelta(0)

    @property
    def run_waits(self) -> timedelta:
        """How long the oldest run has been due; none is taken while another goes on."""
        return self.now - self.due[0].created_at if self.due else timedelta(0)

    @property
    def silence(self) -> timedelta:
        """For how long the worker of the run that goes on has shown no life."""
        if self.running is None or self.running.heartbeat_at is None:
            return timedelta(0)
        return self.now - self.running.heartbeat_at

    @property
    def since_full(self) -> timedelta | None:
        """How long ago all was scored; where it never was, since when it could have been."""
        if self.last_full is not None and self.last_full.finished_at is not None:
            return self.now - self.last_full.finished_at
        return self.now - self.scored_since if self.scored_since else None

    @property
    def is_change_late(self) -> bool:
        return self.change_waits > timedelta(seconds=settings.SCORES_LATE_SECONDS)

    @property
    def is_run_late(self) -> bool:
        late = timedelta(seconds=settings.SCORES_LATE_SECONDS)
        return self.running is None and self.run_waits > late

    @property
    def is_run_silent(self) -> bool:
        """It was to be reopened long ago, which the scheduler and a worker do."""
        return self.silence > timedelta(seconds=3 * settings.SCORE_RUN_STALE_SECONDS)

    @property
    def is_full_run_late(self) -> bool:
        limit = settings.FULL_RUN_LATE_HOURS
        return bool(limit and self.since_full and self.since_full > timedelta(hours=limit))


def read_lateness() -> Lateness:
    """Three or four queries, whatever the size."""
    waiting = RescoreNeed.objects.aggregate(count=Count("pk"), oldest=Min("created_at"))
    going_on = ScoreRun.objects.filter(state__in=[RunState.RUNNING, RunState.DUE]).order_by("pk")
    runs = list(going_on)
    full = ScoreRun.objects.filter(scope=RunScope.FULL, state=RunState.DONE)
    last_full = full.order_by("-pk").first()
    first = None if last_full else ScoreRun.objects.order_by("pk").first()
    return Lateness(
        now=timezone.now(),
        changes=waiting["count"],
        oldest_change_at=waiting["oldest"],
        running=next((run for run in runs if run.state == RunState.RUNNING), None),
        due=tuple(run for run in runs if run.state == RunState.DUE),
        last_full=last_full,
        scored_since=first.created_at if first else None,
    )


def rows_per_second(run: ScoreRun) -> float | None:
    """Scores that a run went through in a second; None of one that was too short to tell."""
    seconds = seconds_of(run)
    return run.rows_scored / seconds if seconds > 0 and run.rows_scored else None
