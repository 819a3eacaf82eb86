"""Measurements: the facts, and what became of them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from metrics.choices import Door
from metrics.models.causes import request_id_field
from metrics.models.definitions import MetricDefinition
from projects.fields import MonthField, finite, month_in_range
from projects.models import Subject
from projects.querysets import SeenManager


class Measurement(models.Model):
    """One value of one metric for one subject and one period."""

    metric = models.ForeignKey(MetricDefinition, models.PROTECT, related_name="measurements")
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="measurements")
    period_start = models.DateField(_("period start"))
    # The period's own month (its last one): what it counts from. It follows from period_start,
    # the cadence and the fiscal year, none of which changes while there are measurements.
    month = MonthField(_("month"))
    value = models.FloatField(_("value"))
    note = models.TextField(_("note"), blank=True)
    door = models.CharField(_("came through"), max_length=9, choices=Door)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    is_late = models.BooleanField(
        _("late"), default=False, help_text=_("First given after its month was closed.")
    )
    created_at = models.DateTimeField(_("created at"))
    changed_at = models.DateTimeField(_("changed at"))
    batch = models.ForeignKey(
        "metrics.ImportBatch",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="measurements",
        db_index=False,
        help_text=_("The import that it comes from, unless it was changed since."),
    )

    objects = SeenManager()

    class Meta:
        ordering = ["metric", "subject", "period_start"]
        constraints = [
            models.UniqueConstraint(
                name="one_measurement_per_period", fields=["metric", "subject", "period_start"]
            ),
            models.CheckConstraint(name="measurement_is_finite", condition=finite("value")),
            models.CheckConstraint(
                name="measurement_month_is_one", condition=month_in_range("month")
            ),
        ]
        indexes = [
            models.Index(fields=["month"], name="measurement_month"),
            models.Index(fields=["subject", "month"], name="measurement_of_a_subject"),
            models.Index(
                fields=["batch"],
                name="measurement_of_a_batch",
                condition=models.Q(batch__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(metric)s of %(subject)s from %(period_start)s: %(value)s") % {
            "metric": self.metric.code,
            "subject": self.subject.code,
            "period_start": self.period_start,
            "value": self.value,
        }


class MeasurementChange(models.Model):
    """A value that was corrected or deleted: who did it, when, from what to what.

    Who gave the value that was replaced, when and how, stands beside it: a creation has no record
    but the measurement itself, which tells of its latest change only.
    """

    metric = models.ForeignKey(MetricDefinition, models.PROTECT, related_name="+")
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="+")
    period_start = models.DateField(_("period start"))
    value_before = models.FloatField(_("value before"))
    note_before = models.TextField(_("note before"), blank=True)
    entered_by_before = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    entered_at_before = models.DateTimeField(_("entered at before"), null=True, blank=True)
    door_before = models.CharField(_("came through before"), max_length=9, blank=True, choices=Door)
    batch_before = models.ForeignKey(
        "metrics.ImportBatch",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="replaced",
        db_index=False,
    )
    value_after = models.FloatField(
        _("value after"), null=True, blank=True, help_text=_("Blank: the value was deleted.")
    )
    note_after = models.TextField(_("note after"), blank=True)
    door = models.CharField(_("came through"), max_length=9, choices=Door)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    changed_at = models.DateTimeField(_("changed at"))
    batch = models.ForeignKey(
        "metrics.ImportBatch",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="changes",
        db_index=False,
        help_text=_("The import that made the change, or whose undoing did."),
    )
    request_id = request_id_field()

    objects = SeenManager()

    class Meta:
        ordering = ["-changed_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="changed_values_are_finite",
                condition=finite("value_before") & finite("value_after"),
            )
        ]
        indexes = [
            models.Index(
                fields=["metric", "subject", "period_start"], name="change_of_a_measurement"
            ),
            models.Index(
                fields=["batch"], name="change_of_a_batch", condition=models.Q(batch__isnull=False)
            ),
            models.Index(
                fields=["batch_before"],
                name="replaced_of_a_batch",
                condition=models.Q(batch_before__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(metric)s of %(subject)s: %(value_before)s was changed") % {
            "metric": self.metric.code,
            "subject": self.subject.code,
            "value_before": self.value_before,
        }
