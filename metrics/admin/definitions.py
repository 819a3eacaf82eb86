"""Metrics and scorecards, and what is agreed about them for subjects and people."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import ForeignKey, Q
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from metrics.entry_rights import ENTER_MEASUREMENTS
from metrics.models import (
    SHARE_FIELDS,
    WEIGHT_FIELDS,
    CurveOverride,
    Exemption,
    MetricAssignment,
    MetricDefinition,
    Scorecard,
    ScorecardAssignment,
    ScorecardLine,
)
from metrics.operations.assignments import (
    delete_metric_assignment,
    delete_scorecard_assignment,
    save_metric_assignment,
    save_scorecard_assignment,
)
from metrics.operations.definitions import (
    delete_exemption,
    delete_metric,
    delete_override,
    save_exemption,
    save_metric,
    save_override,
)
from metrics.operations.scorecards import (
    delete_line,
    delete_scorecard,
    save_line,
    save_scorecard,
)
from metrics.validation.curves import EXAMPLE, curve_text, read_curve
from projects.admin.operated import (
    MonthInput,
    OperatedAdmin,
    OperatedInline,
    OperationForm,
    Operations,
)
from projects.months import BEGINNING, Month

SPAN = ("active_from", "active_until")
OF_METRIC_AND_SUBJECT = ("metric__code", "metric__name", "subject__code", "subject__name")


class CurveFormField(forms.CharField):
    """A curve as JSON text."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": 2, "cols": 80}))
        kwargs.setdefault(
            "help_text",
            _("Points [value, score] with rising values, as JSON: %(example)s gives 0 a score of 0,"
              " 100 a score of 100, and what lies between follows the straight line.")
            % {"example": EXAMPLE},
        )  # fmt: skip
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list):
            try:
                return curve_text(value)
            except (TypeError, ValueError):
                return str(value)
        return value

    def to_python(self, value: Any) -> Any:
        if isinstance(value, list):
            return value
        text = super().to_python(value)
        return read_curve(text) if text else None

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != initial)
        except ValidationError:
            return True


class MetricForm(OperationForm):
    curve = CurveFormField(required=False)


class OverrideForm(OperationForm):
    curve = CurveFormField()


class FromTheBeginningField(MonthInput):
    """A month that may be blank and then stands for the beginning."""

    def prepare_value(self, value: Any) -> Any:
        return "" if value == BEGINNING else super().prepare_value(value)

    def to_python(self, value: Any) -> Any:
        month = super().to_python(value)
        return BEGINNING if month is None else Month(month)

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != initial)
        except ValidationError:
            return True


class ExemptionForm(OperationForm):
    from_month = FromTheBeginningField(required=False, help_text=_("Blank = from the beginning."))


class LineInline(OperatedInline):
    """The metrics that a scorecard expects."""

    model = ScorecardLine
    operations = Operations(save_line, delete_line)
    fields = ("metric", "weight")
    autocomplete_fields = ("metric",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("metric", "scorecard")


class PersonChoice:
    """Whoever enters values can be chosen, and whoever was chosen before stays so."""

    def formfield_for_foreignkey(
        self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name == "user":
            entering = User.objects.with_perm(ENTER_MEASUREMENTS).values("pk")
            chosen = MetricAssignment.objects.values("user")
            kwargs["queryset"] = User.objects.filter(
                Q(pk__in=entering) | Q(pk__in=chosen)
            ).order_by("username")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]


class AssignmentInline(PersonChoice, OperatedInline):
    """Whose numbers a metric's are to enter; nobody's = any analyst's."""

    model = MetricAssignment
    operations = Operations(save_metric_assignment, delete_metric_assignment)
    fields = ("user", "scope")
    autocomplete_fields = ("scope",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("user", "scope", "metric")


@admin.register(MetricDefinition)
class MetricAdmin(OperatedAdmin):
    operations = Operations(save_metric, delete_metric)
    form = MetricForm
    search_fields = ("code", "name", "question")
    ordering = ("code",)
    list_display = ("code", "name", "category", "subject_kind", "cadence", "unit", "is_computed")
    list_filter = ("category", "subject_kind", "cadence", "dimension", "perspective", "timing")
    inlines = (AssignmentInline,)
    fieldsets = (
        (None, {"fields": ("code", "name", "question", "description")}),
        (_("What it is about"), {"fields": (("category", "dimension", "perspective", "timing"),)}),
        (
            _("What is measured"),
            {
                "fields": (
                    ("subject_kind", "cadence", "time_aggregation"),
                    ("unit", "decimals"),
                    ("due_days", "grace_months"),
                    SPAN,
                    ("owner_role", "source"),
                )
            },
        ),
        (_("How it becomes a score"), {"fields": ("formula", "curve")}),
    )

    @admin.display(boolean=True, description=_("computed"))
    def is_computed(self, metric: MetricDefinition) -> bool:
        return metric.is_computed


@admin.register(CurveOverride)
class CurveOverrideAdmin(OperatedAdmin):
    operations = Operations(save_override, delete_override)
    form = OverrideForm
    search_fields = OF_METRIC_AND_SUBJECT
    autocomplete_fields = ("metric", "subject")
    list_display = ("metric", "subject", "from_month", "curve_in_short")
    list_filter = (("metric", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("metric", "subject")
    ordering = ("metric__code", "subject__code", "from_month")

    @admin.display(description=_("curve"))
    def curve_in_short(self, override: CurveOverride) -> str:
        return curve_text(override.curve)


@admin.register(Exemption)
class ExemptionAdmin(OperatedAdmin):
    operations = Operations(save_exemption, delete_exemption)
    form = ExemptionForm
    fields = ("metric", "subject", ("from_month", "until_month"), "reason")
    search_fields = (*OF_METRIC_AND_SUBJECT, "reason")
    autocomplete_fields = ("metric", "subject")
    list_display = ("metric", "subject", "begins", "until_month", "reason")
    list_filter = (("metric", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("metric", "subject")
    ordering = ("metric__code", "subject__code", "from_month")

    @admin.display(description=_("from month"), ordering="from_month")
    def begins(self, exemption: Exemption) -> str:
        is_always = exemption.from_month == BEGINNING
        return str(_("the beginning")) if is_always else str(exemption.from_month)


@admin.register(Scorecard)
class ScorecardAdmin(OperatedAdmin):
    operations = Operations(save_scorecard, delete_scorecard)
    search_fields = ("code", "name")
    ordering = ("code",)
    list_display = ("code", "name", "subject_kind", "is_default", "overall", "min_coverage")
    list_filter = ("subject_kind", "is_default", "overall")
    inlines = (LineInline,)
    fieldsets = (
        (None, {"fields": (("code", "name"), ("subject_kind", "is_default"))}),
        (_("Weights of the categories"), {"fields": (WEIGHT_FIELDS,)}),
        (_("Overall"), {"fields": (("overall", "min_coverage", "min_categories"),)}),
        (_("Limits of the bands"), {"fields": (("amber_from", "green_from"),)}),
        (_("Shares: own lines, and what is rolled up"), {"fields": (SHARE_FIELDS,)}),
    )


@admin.register(ScorecardLine)
class ScorecardLineAdmin(OperatedAdmin):
    """The lines of all scorecards, one by one, with their history."""

    operations = Operations(save_line, delete_line)
    search_fields = ("scorecard__code", "scorecard__name", "metric__code", "metric__name")
    autocomplete_fields = ("scorecard", "metric")
    list_display = ("scorecard", "metric", "category", "weight")
    list_filter = ("scorecard", "metric__category")
    list_select_related = ("scorecard", "metric")
    ordering = ("scorecard__code", "metric__code")

    @admin.display(description=_("category"), ordering="metric__category")
    def category(self, line: ScorecardLine) -> str:
        return line.metric.get_category_display()


@admin.register(ScorecardAssignment)
class ScorecardAssignmentAdmin(OperatedAdmin):
    operations = Operations(save_scorecard_assignment, delete_scorecard_assignment)
    search_fields = ("subject__code", "subject__name", "scorecard__code", "scorecard__name")
    autocomplete_fields = ("subject", "scorecard")
    list_display = ("subject", "scorecard")
    list_filter = ("scorecard", "subject__kind")
    list_select_related = ("subject", "scorecard")
    ordering = ("subject__code",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        # The subject is the key: with another one the row would be another row.
        return ("subject",) if obj else ()


@admin.register(MetricAssignment)
class MetricAssignmentAdmin(PersonChoice, OperatedAdmin):
    operations = Operations(save_metric_assignment, delete_metric_assignment)
    search_fields = ("metric__code", "metric__name", "user__username", "scope__code")
    autocomplete_fields = ("metric", "scope")
    list_display = ("metric", "user", "scope")
    list_filter = (
        ("user", admin.RelatedOnlyFieldListFilter),
        ("metric", admin.RelatedOnlyFieldListFilter),
    )
    list_select_related = ("metric", "user", "scope")
    ordering = ("metric__code", "user__username")
