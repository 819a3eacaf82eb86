"""Links between subjects; each carries how much it counts."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from projects.choices import SubjectKind
from projects.fields import not_negative
from projects.models.customers import Segment, Service
from projects.models.money import AmountField, CurrencyField, currency_with
from projects.models.portfolios import Project
from projects.models.subjects import Subject, subject_link
from projects.models.weights import WeightField
from projects.querysets import SeenManager


class Engagement(Subject):
    """One project's work for one segment: the link between the two is itself a subject.

    Link and engagement are one row, so that neither can be there without the other. Its span is
    its project's; its own columns for it stay blank.
    """

    KIND = SubjectKind.ENGAGEMENT

    subject_ptr = subject_link()
    project = models.ForeignKey(Project, models.CASCADE, related_name="engagements")
    segment = models.ForeignKey(Segment, models.PROTECT, related_name="engagements")
    share = WeightField(_("share"), help_text=_("How much of the project is for this segment."))

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_engagement_per_project_and_segment",
                fields=["project", "segment"],
                violation_error_message=_("This project is already linked to this segment."),
            ),
            models.CheckConstraint(name="engagement_share", condition=not_negative("share")),
        ]


class Offer(models.Model):
    """A service offered to a segment: what it costs there, against what it costs elsewhere."""

    service = models.ForeignKey(Service, models.CASCADE, related_name="offers")
    segment = models.ForeignKey(Segment, models.PROTECT, related_name="offers")
    weight = WeightField(_("weight"), help_text=_("Importance among the segment's services."))
    annual_cost = AmountField(_("annual cost"))
    benchmark_cost = AmountField(_("benchmark cost"))
    currency = CurrencyField(_("currency"))

    objects = SeenManager("service")

    history = HistoricalRecords()

    class Meta:
        ordering = ["service", "segment"]
        constraints = [
            models.UniqueConstraint(
                name="one_offer_per_service_and_segment",
                fields=["service", "segment"],
                violation_error_message=_("This service is already offered to this segment."),
            ),
            models.CheckConstraint(name="offer_weight", condition=not_negative("weight")),
            currency_with("offer"),
        ]

    def __str__(self) -> str:
        return gettext("%(service)s for %(segment)s") % {
            "service": self.service.code,
            "segment": self.segment.code,
        }
