"""What is expected of a kind of subject, and how much each part counts."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from metrics.choices import Category, OverallRule
from metrics.models.definitions import MetricDefinition
from metrics.validation.definitions import (
    check_category_weights,
    check_default,
    check_limits,
    check_line,
    check_scorecard_of,
)
from projects.choices import SubjectKind
from projects.codes import CODE_LENGTH, CODE_PATTERN, NAME_LENGTH, validate_code
from projects.fields import not_negative
from projects.models import Subject
from projects.models.weights import WeightField
from projects.querysets import SeenManager
from projects.validation import Between, FieldErrors, linked, validate_name

GROUPS = ("own", "engagements", "projects", "services", "customers", "segments")
"""The groups that a category score is made of, as SCORING section 4 lists them."""

WEIGHT_FIELDS = tuple(f"weight_{category}" for category in Category.values)
SHARE_FIELDS = tuple(f"share_{group}" for group in GROUPS)


class Scorecard(models.Model):
    """Lines, category weights, roll-up shares and limits for subjects of one kind."""

    code = models.CharField(
        _("code"), max_length=CODE_LENGTH, unique=True, validators=[validate_code]
    )
    name = models.CharField(_("name"), max_length=NAME_LENGTH, validators=[validate_name])
    subject_kind = models.CharField(_("for"), max_length=12, choices=SubjectKind)
    is_default = models.BooleanField(_("default of its kind"), default=False)
    weight_tactical = WeightField(_("weight of tactical"))
    weight_value_creation = WeightField(_("weight of value creation"))
    weight_longevity = WeightField(_("weight of longevity"))
    weight_financial = WeightField(_("weight of financial"))
    overall = models.CharField(_("overall"), max_length=10, choices=OverallRule)
    min_coverage = models.FloatField(_("least coverage"), validators=[Between(0, 1)])
    min_categories = models.PositiveSmallIntegerField(
        _("least categories"), validators=[Between(1, 4)]
    )
    amber_from = models.FloatField(_("amber from"), validators=[Between(0, 100)])
    green_from = models.FloatField(_("green from"), validators=[Between(0, 100)])
    share_own = WeightField(_("share of own lines"))
    share_engagements = WeightField(_("share of engagements"), default=0.0)
    share_projects = WeightField(_("share of projects"), default=0.0)
    share_services = WeightField(_("share of services"), default=0.0)
    share_customers = WeightField(_("share of customers"), default=0.0)
    share_segments = WeightField(_("share of segments"), default=0.0)

    history = HistoricalRecords()

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                name="scorecard_code_form", condition=Q(code__regex=CODE_PATTERN)
            ),
            models.CheckConstraint(name="scorecard_name_not_blank", condition=~Q(name="")),
            models.CheckConstraint(
                name="scorecard_subject_kind_known",
                condition=Q(subject_kind__in=SubjectKind.values),
            ),
            models.CheckConstraint(
                name="scorecard_overall_known", condition=Q(overall__in=OverallRule.values)
            ),
            models.UniqueConstraint(
                name="one_default_scorecard_per_kind",
                fields=["subject_kind"],
                condition=Q(is_default=True),
                violation_error_message=_("This kind of subject already has a default scorecard."),
            ),
            *(
                models.CheckConstraint(name=f"scorecard_{field}", condition=not_negative(field))
                for field in (*WEIGHT_FIELDS, *SHARE_FIELDS)
            ),
            models.CheckConstraint(
                name="scorecard_weighs_a_category",
                condition=Q(weight_tactical__gt=0)
                | Q(weight_value_creation__gt=0)
                | Q(weight_longevity__gt=0)
                | Q(weight_financial__gt=0),
                violation_error_message=_("At least one category needs a weight above 0."),
            ),
            models.CheckConstraint(
                name="scorecard_min_coverage_is_a_rate",
                condition=Q(min_coverage__gte=0, min_coverage__lte=1),
            ),
            models.CheckConstraint(
                name="scorecard_min_categories_1_to_4",
                condition=Q(min_categories__gte=1, min_categories__lte=4),
            ),
            models.CheckConstraint(
                name="scorecard_limits_in_order",
                condition=Q(amber_from__gte=0)
                & Q(amber_from__lte=F("green_from"))
                & Q(green_from__lte=100),
                violation_error_message=_("0 <= amber from <= green from <= 100."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"

    def clean(self) -> None:
        super().clean()
        self.check_alone()
        self._check_among_others()

    def check_alone(self) -> None:
        """The rules that the row can answer for by itself."""
        errors = FieldErrors()
        with errors.of("weight_tactical"):
            check_category_weights(*(getattr(self, field) for field in WEIGHT_FIELDS))
        with errors.of("amber_from"):
            check_limits(self.amber_from, self.green_from)
        errors.raise_any()

    def _check_among_others(self) -> None:
        errors = FieldErrors()
        if self.is_default:
            other = Scorecard.objects.filter(is_default=True, subject_kind=self.subject_kind)
            with errors.of("is_default"):
                check_default(
                    self.code,
                    self.subject_kind,
                    other.exclude(pk=self.pk).values_list("code", flat=True).first(),
                )
        if self.pk:
            with errors.of("subject_kind"):
                for line in self.lines.select_related("metric"):
                    check_line(self.code, self.subject_kind, line.metric.facts)
            with errors.of("subject_kind"):
                subjects = self.assignments.values_list("subject__code", "subject__kind")
                for code, kind in subjects.exclude(subject__kind=self.subject_kind)[:1]:
                    check_scorecard_of(code, kind, self.code, self.subject_kind)
        errors.raise_any()


class ScorecardLine(models.Model):
    """One metric that a scorecard expects, and its weight among the lines of its category."""

    scorecard = models.ForeignKey(Scorecard, models.CASCADE, related_name="lines")
    metric = models.ForeignKey(MetricDefinition, models.PROTECT, related_name="lines")
    weight = WeightField(_("weight"))

    history = HistoricalRecords()

    class Meta:
        ordering = ["scorecard", "metric"]
        constraints = [
            models.UniqueConstraint(
                name="one_line_per_scorecard_and_metric",
                fields=["scorecard", "metric"],
                violation_error_message=_("This metric already has a line on this scorecard."),
            ),
            models.CheckConstraint(name="scorecard_line_weight", condition=not_negative("weight")),
        ]

    def __str__(self) -> str:
        return gettext("%(metric)s on %(scorecard)s") % {
            "metric": self.metric.code,
            "scorecard": self.scorecard.code,
        }

    def clean(self) -> None:
        super().clean()
        self.check_alone()

    def check_alone(self) -> None:
        """The rules that the row can answer for by itself."""
        scorecard, metric = linked(self, "scorecard"), linked(self, "metric")
        errors = FieldErrors()
        if scorecard and metric:
            with errors.of("metric"):
                check_line(scorecard.code, scorecard.subject_kind, metric.facts)
        errors.raise_any()


class ScorecardAssignment(models.Model):
    """A subject that uses a scorecard of its own instead of its kind's default."""

    subject = models.OneToOneField(
        Subject, models.CASCADE, primary_key=True, related_name="scorecard_assignment"
    )
    scorecard = models.ForeignKey(Scorecard, models.PROTECT, related_name="assignments")

    objects = SeenManager()

    history = HistoricalRecords()

    class Meta:
        ordering = ["subject"]

    def __str__(self) -> str:
        return gettext("%(subject)s uses %(scorecard)s") % {
            "subject": self.subject.code,
            "scorecard": self.scorecard.code,
        }

    def clean(self) -> None:
        super().clean()
        self.check_alone()

    def check_alone(self) -> None:
        """The rules that the row can answer for by itself."""
        subject, scorecard = linked(self, "subject"), linked(self, "scorecard")
        errors = FieldErrors()
        if subject and scorecard:
            with errors.of("scorecard"):
                check_scorecard_of(
                    subject.code, subject.kind, scorecard.code, scorecard.subject_kind
                )
        errors.raise_any()
