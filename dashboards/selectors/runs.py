"""Scoring runs: what was scored when, what is going on, and what still waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.paginator import Page, Paginator
from django.db.models import Count, Min
from django.utils import timezone
from django.utils.translation import gettext as _

from metrics.choices import RunState
from metrics.models import RescoreNeed, ScoreRun

RUNS_PER_PAGE = 25

PATIENCE = timedelta(seconds=20)
"""How long something may wait before a page says that no worker seems to be there."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run, with what follows from its columns."""

    run: ScoreRun
    took: timedelta | None
    """None if it has not begun."""

    @property
    def months(self) -> str:
        first, last = self.run.first_month, self.run.last_month
        if first is None or last is None:
            return ""
        return (
            str(first)
            if first == last
            else _("%(first)s to %(last)s") % {"first": first, "last": last}
        )

    @property
    def is_running(self) -> bool:
        return self.run.state == RunState.RUNNING

    @property
    def is_failed(self) -> bool:
        return self.run.state == RunState.FAILED

    @property
    def is_done(self) -> bool:
        return self.run.state == RunState.DONE


@dataclass(frozen=True, slots=True)
class RunsPage:
    """A page of the list, and what is going on right now."""

    rows: tuple[RunRow, ...]
    page: Page
    running: RunRow | None
    due: int
    waiting_subjects: int
    waiting_since: datetime | None
    now: datetime

    @property
    def is_busy(self) -> bool:
        """Whether anything will change by itself."""
        return self.running is not None or self.due > 0 or self.waiting_subjects > 0

    @property
    def is_left_waiting(self) -> bool:
        """Nobody has taken up what waits for a while: probably no worker is there."""
        return (
            self.running is None
            and self.waiting_since is not None
            and self.now - self.waiting_since > PATIENCE
        )


def runs_page(number: str | None, *, per_page: int = RUNS_PER_PAGE) -> RunsPage:
    """The latest runs first; a page number out of range gives the nearest page."""
    now = timezone.now()
    runs = ScoreRun.objects.select_related("requested_by").order_by("-pk")
    page = Paginator(runs, per_page).get_page(number)
    going_on = list(ScoreRun.objects.filter(state__in=[RunState.RUNNING, RunState.DUE]))
    running = next((run for run in going_on if run.state == RunState.RUNNING), None)
    due = [run for run in going_on if run.state == RunState.DUE]
    needs = RescoreNeed.objects.aggregate(
        subjects=Count("subject", distinct=True), since=Min("created_at")
    )
    since = [run.created_at for run in due]
    if needs["since"] is not None:
        since.append(needs["since"])
    return RunsPage(
        rows=tuple(RunRow(run, _took(run, now)) for run in page),
        page=page,
        running=None if running is None else RunRow(running, _took(running, now)),
        due=len(due),
        waiting_subjects=needs["subjects"],
        waiting_since=min(since, default=None),
        now=now,
    )


def _took(run: ScoreRun, now: datetime) -> timedelta | None:
    """How long it took; of a run that is going on, how long so far."""
    if run.started_at is None:
        return None
    if run.finished_at is not None:
        return max(run.finished_at - run.started_at, timedelta(0))
    return now - run.started_at if run.state == RunState.RUNNING else None
