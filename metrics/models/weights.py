"""How much each metric and subject decided about the organisation's overall score in a month."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from metrics.models.runs import ScoreRun
from projects.fields import MonthField
from projects.models import Subject
from projects.querysets import SeenManager


class MonthWeights(models.Model):
    """The effective weights of a month, as they were when a worker last computed them.

    A closed month keeps the ones it was closed with. Code, name, category and perspective stand
    beside each weight, because a metric may be renamed or deleted later.
    """

    month = MonthField(_("month"), unique=True)
    run = models.ForeignKey(
        ScoreRun,
        models.SET_NULL,
        null=True,
        related_name="+",
        help_text=_("The latest scoring run that had ended before they were computed."),
    )
    weights = models.JSONField(_("weights"), help_text=_("The heaviest metric first."))
    weighed_at = models.DateTimeField(_("weighed at"))

    class Meta:
        ordering = ["-month"]

    def __str__(self) -> str:
        return gettext("Effective weights of %(month)s") % {"month": self.month}


class SubjectWeight(models.Model):
    """A subject's part of the organisation's overall score in a month, and what it lacks to green.

    A subject that counts for nothing there has no row.
    """

    month = models.ForeignKey(MonthWeights, models.CASCADE, related_name="subjects")
    subject = models.ForeignKey(Subject, models.CASCADE, related_name="effective_weights")
    weight = models.FloatField(_("weight"), help_text=_("From 0 to 1."))
    below_green = models.FloatField(
        _("below green"), help_text=_("Points that the mean would gain if it were green.")
    )

    objects = SeenManager()

    class Meta:
        ordering = ["month", "-below_green", "subject"]
        constraints = [
            models.UniqueConstraint(
                name="one_weight_per_month_and_subject", fields=["subject", "month"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject_id}: {self.weight}"
