"""Values that wait for approval: drafts, and no measurements until somebody approves them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from metrics.choices import Door, DraftState
from metrics.models.definitions import MetricDefinition
from projects.fields import MonthField, finite, month_in_range
from projects.models import Subject
from projects.querysets import SeenManager


class DraftMeasurement(models.Model):
    """A value of a metric that needs approval, as it was given, and what was decided about it."""

    metric = models.ForeignKey(MetricDefinition, models.PROTECT, related_name="drafts")
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="drafts")
    period_start = models.DateField(_("period start"))
    month = MonthField(_("month"))
    value = models.FloatField(_("value"))
    note = models.TextField(_("note"), blank=True)
    door = models.CharField(_("came through"), max_length=9, choices=Door)
    batch = models.ForeignKey(
        "metrics.ImportBatch", models.PROTECT, null=True, blank=True, related_name="drafts"
    )
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    entered_at = models.DateTimeField(_("entered at"))
    state = models.CharField(
        _("state"), max_length=9, choices=DraftState, default=DraftState.WAITING
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    answer = models.TextField(_("answer"), blank=True)

    objects = SeenManager()

    class Meta:
        ordering = ["metric", "subject", "period_start", "-entered_at"]
        permissions = [("approve_measurements", "Can approve and reject values")]
        constraints = [
            models.UniqueConstraint(
                name="one_waiting_draft_per_period",
                fields=["metric", "subject", "period_start"],
                condition=Q(state=DraftState.WAITING),
            ),
            models.CheckConstraint(
                name="draft_state_known", condition=Q(state__in=DraftState.values)
            ),
            models.CheckConstraint(name="draft_is_finite", condition=finite("value")),
            models.CheckConstraint(name="draft_month_is_one", condition=month_in_range("month")),
            models.CheckConstraint(
                name="rejected_with_a_reason",
                condition=~Q(state=DraftState.REJECTED) | ~Q(answer=""),
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(metric)s of %(subject)s from %(period_start)s: %(value)s (%(state)s)") % {
            "metric": self.metric.code,
            "subject": self.subject.code,
            "period_start": self.period_start,
            "value": self.value,
            "state": self.get_state_display(),
        }
