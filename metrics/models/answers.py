"""What an analyst says instead of a value: there is none, or the metric does not apply."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from metrics.choices import ProposalState
from metrics.models.definitions import Exemption, MetricDefinition
from projects.fields import MonthField, month_in_range
from projects.models import Subject
from projects.months import BEGINNING
from projects.querysets import SeenManager


class NoValue(models.Model):
    """Says that a period has no value, and why; scoring goes on calling it missing.

    A value that comes after all simply counts, and this stays on record beside it. What is taken
    back, or said again for another reason, goes on record as a FormerNoValue.
    """

    metric = models.ForeignKey(MetricDefinition, models.PROTECT, related_name="no_values")
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="no_values")
    period_start = models.DateField(_("period start"))
    month = MonthField(_("month"))
    reason = models.TextField(_("reason"))
    said_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    said_at = models.DateTimeField(_("said at"))

    objects = SeenManager()

    class Meta:
        ordering = ["metric", "subject", "period_start"]
        constraints = [
            models.UniqueConstraint(
                name="one_no_value_per_period", fields=["metric", "subject", "period_start"]
            ),
            models.CheckConstraint(name="no_value_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(name="no_value_in_a_month", condition=month_in_range("month")),
        ]

    def __str__(self) -> str:
        return gettext("No value of %(metric)s of %(subject)s from %(period_start)s") % {
            "metric": self.metric.code,
            "subject": self.subject.code,
            "period_start": self.period_start,
        }


class FormerNoValue(models.Model):
    """A "no value" that holds no longer: what was said, and who ended it, when and why."""

    metric = models.ForeignKey(MetricDefinition, models.PROTECT, related_name="+")
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="+")
    period_start = models.DateField(_("period start"))
    reason = models.TextField(_("reason"))
    said_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    said_at = models.DateTimeField(_("said at"))
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    ended_at = models.DateTimeField(_("ended at"))
    is_replaced = models.BooleanField(
        _("replaced"), help_text=_("Said again with another reason, not taken back.")
    )
    why = models.TextField(_("why"), blank=True, help_text=_("Why it was taken back."))

    objects = SeenManager()

    class Meta:
        ordering = ["metric", "subject", "period_start", "ended_at", "pk"]
        indexes = [
            models.Index(
                name="former_no_value_of_a_place", fields=["metric", "subject", "period_start"]
            )
        ]
        constraints = [
            models.CheckConstraint(
                name="taken_back_with_a_reason", condition=Q(is_replaced=True) | ~Q(why="")
            ),
        ]

    def __str__(self) -> str:
        return gettext("Ended: no value of %(metric)s of %(subject)s, %(period_start)s") % {
            "metric": self.metric.code,
            "subject": self.subject.code,
            "period_start": self.period_start,
        }


class ExemptionProposal(models.Model):
    """An analyst's "does not apply", which a PMO lead grants or refuses; missing until granted."""

    metric = models.ForeignKey(MetricDefinition, models.CASCADE, related_name="proposals")
    subject = models.ForeignKey(Subject, models.CASCADE, related_name="proposals")
    from_month = MonthField(_("from month"), default=BEGINNING)
    until_month = MonthField(_("until month"), null=True, blank=True)
    reason = models.TextField(_("reason"))
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    proposed_at = models.DateTimeField(_("proposed at"))
    state = models.CharField(
        _("state"), max_length=9, choices=ProposalState, default=ProposalState.WAITING
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    answer = models.TextField(_("answer"), blank=True)
    exemption = models.ForeignKey(
        Exemption, models.SET_NULL, null=True, blank=True, related_name="proposals"
    )

    objects = SeenManager()

    class Meta:
        ordering = ["-proposed_at"]
        constraints = [
            models.UniqueConstraint(
                name="one_waiting_proposal",
                fields=["metric", "subject"],
                condition=Q(state=ProposalState.WAITING),
            ),
            models.CheckConstraint(
                name="proposal_state_known", condition=Q(state__in=ProposalState.values)
            ),
            models.CheckConstraint(name="proposal_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="proposal_from_a_month",
                condition=Q(from_month=int(BEGINNING)) | month_in_range("from_month"),
            ),
            models.CheckConstraint(
                name="proposal_until_a_month", condition=month_in_range("until_month")
            ),
            models.CheckConstraint(
                name="proposal_span_in_order", condition=Q(until_month__gte=F("from_month"))
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(metric)s not of %(subject)s (%(state)s)") % {
            "metric": self.metric.code,
            "subject": self.subject.code,
            "state": self.get_state_display(),
        }
