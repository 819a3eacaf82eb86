"""Scoring runs and the changes that wait for one."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from metrics.choices import RunScope, RunState, RunTrigger
from metrics.models.causes import request_id_field
from projects.fields import MonthField
from projects.models import Subject


class ScoreRun(models.Model):
    """One scoring pass: what started it, how far it is, what came of it.

    At most one run is RUNNING, which the database holds: scores are never written by two at once.
    `attempt` is the fence: who claims or reopens a run raises it, and a worker whose attempt is no
    longer the run's own writes nothing more.
    """

    scope = models.CharField(_("scope"), max_length=7, choices=RunScope)
    trigger = models.CharField(_("trigger"), max_length=8, choices=RunTrigger)
    state = models.CharField(_("state"), max_length=7, choices=RunState, default=RunState.DUE)
    first_month = MonthField(_("first month"), null=True, blank=True)
    last_month = MonthField(_("last month"), null=True, blank=True)
    subjects = models.PositiveIntegerField(_("subjects"), default=0)
    done = models.PositiveIntegerField(_("steps done"), default=0)
    total = models.PositiveIntegerField(_("steps in all"), default=0)
    attempt = models.PositiveIntegerField(_("attempt"), default=0)
    rows_written = models.PositiveIntegerField(_("scores written"), default=0)
    rows_removed = models.PositiveIntegerField(_("scores removed"), default=0)
    rows_scored = models.PositiveIntegerField(
        _("scores computed"), default=0, help_text=_("Also those that came out as they stood.")
    )
    error = models.TextField(_("error"), blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    request_ids = models.JSONField(
        _("requests"),
        default=list,
        blank=True,
        help_text=_("What asked for it, or made the changes that it answered: the first of them."),
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    heartbeat_at = models.DateTimeField(_("last sign of life at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                name="one_run_at_a_time",
                fields=["state"],
                condition=Q(state=RunState.RUNNING),
            ),
            models.CheckConstraint(name="run_state_known", condition=Q(state__in=RunState.values)),
            models.CheckConstraint(name="run_progress_in_total", condition=Q(done__lte=F("total"))),
        ]
        # There is a run for each change and few of these, which are looked for all the time.
        indexes = [
            models.Index(fields=["id"], name="due_runs", condition=Q(state=RunState.DUE)),
            models.Index(fields=["-id"], name="full_runs", condition=Q(scope=RunScope.FULL)),
        ]

    def __str__(self) -> str:
        return gettext("Run %(pk)s (%(state)s)") % {
            "pk": self.pk,
            "state": self.get_state_display(),
        }


class RunChunk(models.Model):
    """Months of a run over everybody that one worker takes at a time; gone when the run has ended.

    `attempt` is the fence, as that of the run is: it counts who took the chunk. `run_attempt` tells
    which attempt of the run laid it out.
    """

    run = models.ForeignKey(ScoreRun, models.CASCADE, related_name="chunks")
    run_attempt = models.PositiveIntegerField(_("attempt of the run"))
    months = models.JSONField(_("months"))
    state = models.CharField(_("state"), max_length=7, choices=RunState, default=RunState.DUE)
    attempt = models.PositiveIntegerField(_("attempt"), default=0)
    heartbeat_at = models.DateTimeField(_("last sign of life at"), null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="chunk_state_known",
                condition=Q(state__in=[RunState.DUE, RunState.RUNNING, RunState.DONE]),
            ),
        ]

    def __str__(self) -> str:
        return f"Months {self.months} of run {self.run_id} ({self.get_state_display()})"


class RescoreNeed(models.Model):
    """A change that no run has answered yet: this subject, from this month on.

    Written in the transaction of the change itself, and deleted in the transaction that stores the
    scores answering it, so that no change is ever lost between commit and worker.
    """

    subject = models.ForeignKey(Subject, models.CASCADE, related_name="+")
    first_month = MonthField(_("first month"))
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    request_id = request_id_field()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return gettext("%(subject_id)s from %(first_month)s") % {
            "subject_id": self.subject_id,
            "first_month": self.first_month,
        }
