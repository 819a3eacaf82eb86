"""What is measured, how often, and how a value becomes a score."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from metrics.choices import (
    FORMULA_CADENCES,
    Cadence,
    Category,
    Dimension,
    Perspective,
    TimeAggregation,
    Timing,
)
from metrics.validation.curves import validate_curve
from metrics.validation.definitions import (
    check_formula_cadence,
    check_line,
    check_pair,
    dependence_errors,
    validate_metric_code,
)
from metrics.validation.facts import MetricFacts
from metrics.validation.formulas import formula_errors, validate_formula
from projects.choices import SubjectKind
from projects.codes import CODE_LENGTH, NAME_LENGTH
from projects.fields import MonthField, month_in_range
from projects.models import Subject
from projects.months import BEGINNING
from projects.querysets import SeenManager
from projects.validation import Between, FieldErrors, check_span, linked, validate_name

METRIC_CODE_PATTERN = r"\A[A-Za-z_][A-Za-z0-9_]*\Z"
FORMULA_LENGTH = 500
MOST_DECIMALS = 15
MOST_MONTHS = MOST_DAYS = 32_767  # what the column holds on PostgreSQL

# PMO people write definitions, so they are rows; the rules that rows obey are code
# (metrics/validation/).


class MetricDefinition(models.Model):
    """What is measured of which kind of subject, how often, and how a value becomes a score."""

    code = models.CharField(
        _("code"), max_length=CODE_LENGTH, unique=True, validators=[validate_metric_code]
    )
    name = models.CharField(_("name"), max_length=NAME_LENGTH, validators=[validate_name])
    question = models.TextField(
        _("question"), blank=True, help_text=_("The customer's question that it answers.")
    )
    category = models.CharField(_("category"), max_length=14, choices=Category)
    dimension = models.CharField(_("dimension"), max_length=11, choices=Dimension, blank=True)
    perspective = models.CharField(_("perspective"), max_length=8, choices=Perspective, blank=True)
    subject_kind = models.CharField(_("measured of"), max_length=12, choices=SubjectKind)
    unit = models.CharField(_("unit"), max_length=40, blank=True)
    decimals = models.PositiveSmallIntegerField(
        _("decimals shown"), null=True, blank=True, validators=[Between(0, MOST_DECIMALS)]
    )
    cadence = models.CharField(_("cadence"), max_length=7, choices=Cadence)
    time_aggregation = models.CharField(
        _("folding of days and weeks to a month"),
        max_length=4,
        choices=TimeAggregation,
        default=TimeAggregation.LAST,
    )
    due_days = models.PositiveSmallIntegerField(
        _("due days"),
        default=10,
        validators=[Between(0, MOST_DAYS)],
        help_text=_("Days after the period's end."),
    )
    grace_months = models.PositiveSmallIntegerField(
        _("grace months"),
        default=0,
        validators=[Between(0, MOST_MONTHS)],
        help_text=_("How long a value still counts, fading, when no newer one comes."),
    )
    curve = models.JSONField(
        _("curve"),
        null=True,
        blank=True,
        validators=[validate_curve],
        help_text=_("Points [value, score]."),
    )
    formula = models.CharField(
        _("formula"), max_length=FORMULA_LENGTH, blank=True, validators=[validate_formula]
    )
    timing = models.CharField(_("timing"), max_length=7, choices=Timing, blank=True)
    asks_why_red = models.BooleanField(
        _("asks why"),
        default=False,
        help_text=_("A value that comes out red needs a sentence of explanation as its note."),
    )
    needs_approval = models.BooleanField(
        _("needs approval"),
        default=False,
        help_text=_("A value counts once somebody else has approved it."),
    )
    owner_role = models.CharField(_("owner"), max_length=255, blank=True)
    description = models.TextField(_("description"), blank=True)
    source = models.TextField(_("source"), blank=True)
    active_from = MonthField(_("active from"), null=True, blank=True)
    active_until = MonthField(_("active until"), null=True, blank=True)

    history = HistoricalRecords()

    class Meta:
        ordering = ["code"]
        verbose_name = _("metric")
        permissions = [
            ("read_dashboards", "Can read all dashboards"),
            ("read_organisation", "Can read what is about the whole organisation"),
            ("enter_measurements", "Can enter values"),
            ("keep_definitions", "Can keep subjects, definitions and scorecards"),
        ]
        constraints = [
            models.CheckConstraint(
                name="metric_code_is_a_name", condition=Q(code__regex=METRIC_CODE_PATTERN)
            ),
            models.CheckConstraint(
                name="metric_code_is_no_function", condition=~Q(code__in=["min", "max", "abs"])
            ),
            models.CheckConstraint(name="metric_name_not_blank", condition=~Q(name="")),
            models.CheckConstraint(
                name="metric_category_known", condition=Q(category__in=Category.values)
            ),
            models.CheckConstraint(
                name="metric_dimension_known",
                condition=Q(dimension__in=["", *Dimension.values]),
            ),
            models.CheckConstraint(
                name="metric_perspective_known",
                condition=Q(perspective__in=["", *Perspective.values]),
            ),
            models.CheckConstraint(
                name="metric_timing_known", condition=Q(timing__in=["", *Timing.values])
            ),
            models.CheckConstraint(
                name="metric_subject_kind_known",
                condition=Q(subject_kind__in=SubjectKind.values),
            ),
            models.CheckConstraint(
                name="metric_cadence_known", condition=Q(cadence__in=Cadence.values)
            ),
            models.CheckConstraint(
                name="metric_time_aggregation_known",
                condition=Q(time_aggregation__in=TimeAggregation.values),
            ),
            models.CheckConstraint(
                name="metric_formula_has_a_month_or_more",
                condition=Q(formula="") | Q(cadence__in=FORMULA_CADENCES),
            ),
            models.CheckConstraint(
                name="metric_span_in_order", condition=Q(active_until__gte=F("active_from"))
            ),
            models.CheckConstraint(
                name="metric_span_is_months",
                condition=month_in_range("active_from") & month_in_range("active_until"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"

    @property
    def is_computed(self) -> bool:
        """A formula gives its values; nobody enters them."""
        return bool(self.formula)

    @property
    def facts(self) -> MetricFacts:
        """The metric as the rules about it see it."""
        return MetricFacts(
            self.code,
            self.subject_kind,
            self.cadence,
            self.formula,
            self.curve is not None,
            self.pk or 0,
        )

    def clean(self) -> None:
        super().clean()
        self.check_alone()
        self._check_among_others()

    def check_alone(self) -> None:
        """The rules that the row can answer for by itself."""
        errors = FieldErrors()
        with errors.of("cadence"):
            check_formula_cadence(self.formula, self.cadence)
        with errors.of("active_until"):
            check_span(self.active_from, self.active_until)
        if self.curve is not None and not self.curve:
            # Django takes an empty list for blank and asks no validator.
            with errors.of("curve"):
                validate_curve(self.curve)
        errors.raise_any()

    def _check_among_others(self) -> None:
        stored = {row.pk: row.facts for row in MetricDefinition.objects.all()}
        errors = FieldErrors()
        for code, sentences in formula_errors(
            {facts.code: facts for facts in (stored | {self.pk: self.facts}).values()}
        ).items():
            for sentence in sentences:
                own = code == self.code
                with errors.of("formula" if own else NON_FIELD_ERRORS):
                    raise ValidationError(
                        sentence
                        if own
                        else gettext("The formula of %(code)s: %(sentence)s")
                        % {"code": code, "sentence": sentence},
                        code="formula",
                    )
        if self.pk in stored:
            self._check_what_stands_on_it(stored[self.pk], errors)
        errors.raise_any()

    def _check_what_stands_on_it(self, before: MetricFacts, errors: FieldErrors) -> None:
        if self.measurements.exists():
            for field, sentence in dependence_errors(before, self.facts).items():
                with errors.of(field):
                    raise ValidationError(sentence, code="measurements")
        for line in self.lines.select_related("scorecard"):
            with errors.of("subject_kind" if self.curve is not None else "curve"):
                check_line(line.scorecard.code, line.scorecard.subject_kind, self.facts)
        if self.subject_kind != before.subject_kind:
            for told in (self.overrides, self.exemptions):
                for row in told.select_related("subject")[:1]:
                    with errors.of("subject_kind"):
                        check_pair(self.facts, row.subject.code, row.subject.kind)


class CurveOverride(models.Model):
    """Another curve of a metric for one subject, from a month on."""

    metric = models.ForeignKey(MetricDefinition, models.CASCADE, related_name="overrides")
    subject = models.ForeignKey(Subject, models.CASCADE, related_name="curve_overrides")
    from_month = MonthField(_("from month"))
    curve = models.JSONField(_("curve"), validators=[validate_curve])

    objects = SeenManager()

    history = HistoricalRecords()

    class Meta:
        ordering = ["metric", "subject", "from_month"]
        constraints = [
            models.UniqueConstraint(
                name="one_curve_override_per_month", fields=["metric", "subject", "from_month"]
            ),
            models.CheckConstraint(
                name="curve_override_from_a_month", condition=month_in_range("from_month")
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(metric)s of %(subject)s from %(from_month)s") % {
            "metric": self.metric.code,
            "subject": self.subject.code,
            "from_month": self.from_month,
        }

    def clean(self) -> None:
        super().clean()
        self.check_alone()

    def check_alone(self) -> None:
        """The rules that the row can answer for by itself."""
        errors = FieldErrors()
        with errors.of("subject"):
            _check_pair_of(self)
        errors.raise_any()


class Exemption(models.Model):
    """Says that a metric does not apply to a subject for a while, and why."""

    metric = models.ForeignKey(MetricDefinition, models.CASCADE, related_name="exemptions")
    subject = models.ForeignKey(Subject, models.CASCADE, related_name="exemptions")
    from_month = MonthField(_("from month"), default=BEGINNING)
    until_month = MonthField(_("until month"), null=True, blank=True)
    reason = models.TextField(_("reason"))

    objects = SeenManager()

    history = HistoricalRecords()

    class Meta:
        ordering = ["metric", "subject", "from_month"]
        constraints = [
            models.UniqueConstraint(
                name="one_exemption_per_month", fields=["metric", "subject", "from_month"]
            ),
            models.CheckConstraint(
                name="exemption_from_a_month",
                condition=Q(from_month=int(BEGINNING)) | month_in_range("from_month"),
            ),
            models.CheckConstraint(
                name="exemption_until_a_month", condition=month_in_range("until_month")
            ),
            models.CheckConstraint(
                name="exemption_span_in_order", condition=Q(until_month__gte=F("from_month"))
            ),
            models.CheckConstraint(name="exemption_has_a_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return gettext("%(metric)s not of %(subject)s") % {
            "metric": self.metric.code,
            "subject": self.subject.code,
        }

    def clean(self) -> None:
        super().clean()
        self.check_alone()

    def check_alone(self) -> None:
        """The rules that the row can answer for by itself."""
        errors = FieldErrors()
        with errors.of("subject"):
            _check_pair_of(self)
        with errors.of("until_month"):
            check_span(self.from_month, self.until_month)
        errors.raise_any()


def _check_pair_of(row: CurveOverride | Exemption) -> None:
    metric, subject = linked(row, "metric"), linked(row, "subject")
    if metric and subject:
        check_pair(metric.facts, subject.code, subject.kind)


class MetricAssignment(models.Model):
    """Whose numbers these are to enter: of the whole organisation, a portfolio or a segment."""

    metric = models.ForeignKey(MetricDefinition, models.CASCADE, related_name="assignments")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="metric_assignments"
    )
    scope = models.ForeignKey(
        Subject,
        models.CASCADE,
        related_name="metric_assignments",
        limit_choices_to={"kind__in": ["organisation", "portfolio", "segment"]},
        help_text=_("The organisation, or the portfolio or segment it is limited to."),
    )

    history = HistoricalRecords()

    class Meta:
        ordering = ["metric", "user", "scope"]
        constraints = [
            models.UniqueConstraint(
                name="one_assignment_per_metric_user_scope", fields=["metric", "user", "scope"]
            )
        ]

    def __str__(self) -> str:
        return gettext("%(metric)s: %(user)s for %(scope)s") % {
            "metric": self.metric.code,
            "user": self.user,
            "scope": self.scope.code,
        }
