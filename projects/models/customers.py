"""Whom the work is for: segments, their customers, the services offered to them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from projects.choices import Audience, SubjectKind
from projects.fields import not_negative
from projects.models.money import AmountField, CurrencyField, currency_with
from projects.models.subjects import Subject, subject_link
from projects.models.weights import WeightField
from projects.validation import Between

MOST_CUSTOMERS = 2_147_483_647  # what the column holds on PostgreSQL


class Segment(Subject):
    """A group of customers with the same needs and the same promise made to them."""

    KIND = SubjectKind.SEGMENT

    subject_ptr = subject_link()
    audience = models.CharField(_("audience"), max_length=8, choices=Audience, blank=True)
    description = models.TextField(_("description"), blank=True)
    value_proposition = models.TextField(_("value proposition"), blank=True)
    customer_count = models.PositiveIntegerField(
        _("number of customers"), null=True, blank=True, validators=[Between(0, MOST_CUSTOMERS)]
    )
    annual_revenue = AmountField(_("annual revenue"))
    currency = CurrencyField(_("currency"))
    weight = WeightField(_("weight"), help_text=_("Importance among segments."))

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.CheckConstraint(name="segment_weight", condition=not_negative("weight")),
            models.CheckConstraint(
                name="segment_audience_known", condition=Q(audience__in=["", *Audience.values])
            ),
            currency_with("segment"),
        ]


class Customer(Subject):
    """One customer of a segment."""

    KIND = SubjectKind.CUSTOMER

    subject_ptr = subject_link()
    segment = models.ForeignKey(Segment, models.PROTECT, related_name="customers")
    since = models.DateField(_("customer since"), null=True, blank=True)
    renewal_on = models.DateField(_("renewal"), null=True, blank=True)
    annual_revenue = AmountField(_("annual revenue"))
    currency = CurrencyField(_("currency"))
    weight = WeightField(_("weight"), help_text=_("Importance among the segment's customers."))

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.CheckConstraint(name="customer_weight", condition=not_negative("weight")),
            currency_with("customer"),
        ]


class Service(Subject):
    """Something of the catalogue that is offered to segments again and again."""

    KIND = SubjectKind.SERVICE

    subject_ptr = subject_link()
    description = models.TextField(_("description"), blank=True)
    value_proposition = models.TextField(_("value proposition"), blank=True)
    owner = models.CharField(_("owner"), max_length=255, blank=True)

    history = HistoricalRecords()
