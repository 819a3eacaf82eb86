"""Portfolios and the projects in them."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from projects.choices import ProjectStage, SubjectKind
from projects.fields import not_negative
from projects.models.money import AmountField, CurrencyField, currency_with
from projects.models.subjects import Subject, subject_link
from projects.models.weights import WeightField
from projects.validation import FieldErrors, check_tree


class Portfolio(Subject):
    """A set of projects that are steered together; portfolios form a tree."""

    KIND = SubjectKind.PORTFOLIO

    subject_ptr = subject_link()
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    description = models.TextField(_("description"), blank=True)

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="portfolio_not_its_own_parent",
                condition=Q(parent=None) | ~Q(parent=F("subject_ptr")),
            )
        ]

    def clean(self) -> None:
        super().clean()
        parents = dict(Portfolio.objects.values_list("pk", "parent")) | {self.pk: self.parent_id}
        errors = FieldErrors()
        with errors.of("parent"):
            check_tree(self.pk, parents, self._codes())
        errors.raise_any()

    def _codes(self) -> dict[int, str]:
        return dict(Portfolio.objects.values_list("pk", "code")) | {self.pk: self.code}


class Project(Subject):
    """A piece of work with a beginning and an end, done for one or more segments."""

    KIND = SubjectKind.PROJECT

    subject_ptr = subject_link()
    portfolio = models.ForeignKey(Portfolio, models.PROTECT, related_name="projects")
    stage = models.CharField(_("stage"), max_length=10, choices=ProjectStage, blank=True)
    description = models.TextField(_("description"), blank=True)
    customer_experience = models.TextField(_("what customers will experience"), blank=True)
    relationship_effect = models.TextField(_("how it improves the relationship"), blank=True)
    revenue_effect = models.TextField(_("whether it improves revenue or profitability"), blank=True)
    sponsor = models.CharField(_("sponsor"), max_length=255, blank=True)
    lead = models.CharField(_("lead"), max_length=255, blank=True)
    start_on = models.DateField(_("start"), null=True, blank=True)
    end_on = models.DateField(_("end"), null=True, blank=True)
    baseline_end_on = models.DateField(_("end as first planned"), null=True, blank=True)
    budget = AmountField(_("budget"))
    forecast_cost = AmountField(_("forecast cost"))
    actual_cost = AmountField(_("actual cost"))
    currency = CurrencyField(_("currency"))
    weight = WeightField(_("weight"), help_text=_("Importance among projects; 0 = does not count."))

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.CheckConstraint(name="project_weight", condition=not_negative("weight")),
            models.CheckConstraint(
                name="project_stage_known", condition=Q(stage__in=["", *ProjectStage.values])
            ),
            currency_with("project"),
        ]
