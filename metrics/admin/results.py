"""What is only looked at here: measurements and their changes, scores, months, runs, needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Max, Min, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from metrics.choices import Cadence, Category
from metrics.models import (
    Measurement,
    MeasurementChange,
    MonthClosing,
    ReportedScore,
    RescoreNeed,
    Score,
    ScoreRun,
)
from metrics.periods import Period
from projects.admin.operated import ReadOnlyAdmin
from projects.models import Organisation
from projects.months import Month, month_range

# A prefix, and no part of a word: among millions of rows only the beginning of a code is found
# quickly.
BY_CODES = ("metric__code__istartswith", "subject__code__istartswith")


class MonthFilter(admin.SimpleListFilter):
    """One month out of those that occur, found by asking for the first and the last only."""

    title = _("month")
    parameter_name = "month"
    field = "month"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        span = model_admin.model._default_manager.aggregate(
            first=Min(self.field), last=Max(self.field)
        )
        if span["first"] is None:
            return []
        months = month_range(span["first"], span["last"])
        return [(str(month), str(month)) for month in reversed(months)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        try:
            return queryset.filter(**{self.field: Month.parse(str(self.value()))})
        except ValueError as error:
            raise IncorrectLookupParameters(str(error)) from None


class ClosingMonthFilter(MonthFilter):
    field = "closing__month"


def rounded(field: str, title: Any, decimals: int = 1) -> Callable[..., Any]:
    """A column that shows a number as people read it; nothing for an unknown one."""

    @admin.display(description=title, ordering=field)
    def column(self: Any, row: Any) -> str | None:
        value = getattr(row, field)
        return None if value is None else f"{value:.{decimals}f}"

    return column


class PeriodColumn:
    """Shows a period as it is written, which takes the fiscal year to tell."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        starts_in = Organisation.objects.values("fiscal_year_starts_in")[:1]
        found: QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]
        annotated: QuerySet[Any] = found.annotate(fiscal_year_starts_in=Subquery(starts_in))
        return annotated

    @admin.display(description=_("period"), ordering="period_start")
    def period(self, row: Any) -> str:
        period = Period(Cadence(row.metric.cadence), row.period_start)
        return period.label(row.fiscal_year_starts_in or 1)


@admin.register(Measurement)
class MeasurementAdmin(PeriodColumn, ReadOnlyAdmin):
    search_fields = BY_CODES
    search_help_text = _("The beginning of a metric's or a subject's code.")
    list_display = ("metric", "subject", "period", "value", "is_late", "entered_by", "changed_at")
    list_filter = (MonthFilter, "metric__category", "metric", "door", "is_late")
    list_select_related = ("metric", "subject", "entered_by")
    ordering = ("-pk",)
    fields = (
        "metric",
        "subject",
        ("period", "month"),
        ("value", "is_late"),
        "note",
        ("door", "entered_by"),
        ("created_at", "changed_at"),
    )
    readonly_fields = ("period",)


@admin.register(MeasurementChange)
class MeasurementChangeAdmin(PeriodColumn, ReadOnlyAdmin):
    search_fields = BY_CODES
    search_help_text = _("The beginning of a metric's or a subject's code.")
    list_display = (
        "metric",
        "subject",
        "period",
        "value_before",
        "value_after",
        "changed_by",
        "changed_at",
        "door",
    )
    list_filter = ("changed_at", "door", "metric")
    list_select_related = ("metric", "subject", "changed_by")
    ordering = ("-changed_at", "-pk")
    fields = (
        "metric",
        "subject",
        "period",
        ("value_before", "note_before"),
        ("value_after", "note_after"),
        ("door", "changed_by", "changed_at"),
    )
    readonly_fields = ("period",)


class ScoreColumnsAdmin(ReadOnlyAdmin):
    """A row per subject and month: the four categories, the overall score, its evidence."""

    tactical = rounded("tactical_score", Category.TACTICAL.label)
    value_creation = rounded("value_creation_score", Category.VALUE_CREATION.label)
    longevity = rounded("longevity_score", Category.LONGEVITY.label)
    financial = rounded("financial_score", Category.FINANCIAL.label)
    overall = rounded("overall_score", _("overall"))
    coverage = rounded("overall_coverage", _("coverage"), decimals=2)
    balanced = rounded("balance", _("balance"), decimals=2)
    columns = (*Category.values, "overall", "overall_band", "coverage", "balanced")


@admin.register(Score)
class ScoreAdmin(ScoreColumnsAdmin):
    search_fields = ("subject__code", "subject__name")
    list_display = ("subject", "month", *ScoreColumnsAdmin.columns)
    list_filter = (MonthFilter, "subject__kind", "overall_band")
    list_select_related = ("subject",)
    ordering = ("-month", "subject__code")


@admin.register(ReportedScore)
class ReportedScoreAdmin(ScoreColumnsAdmin):
    """Scores as they were reported, kept when their month was reopened."""

    search_fields = ("subject__code", "subject__name")
    list_display = ("subject", "month", "reopened_at", *ScoreColumnsAdmin.columns)
    list_filter = (ClosingMonthFilter, "subject__kind", "overall_band")
    list_select_related = ("subject", "closing")
    ordering = ("-closing__month", "-closing", "subject__code")

    @admin.display(description=_("month"), ordering="closing__month")
    def month(self, score: ReportedScore) -> str:
        return str(score.month)

    @admin.display(description=_("reopened at"), ordering="closing__reopened_at")
    def reopened_at(self, score: ReportedScore) -> Any:
        return score.closing.reopened_at


@admin.register(MonthClosing)
class MonthClosingAdmin(ReadOnlyAdmin):
    search_fields = ("reopen_reason", "closed_by__username", "reopened_by__username")
    list_display = (
        "month",
        "closed_at",
        "closed_by",
        "reopened_at",
        "reopened_by",
        "reopen_reason",
    )
    list_filter = (MonthFilter, "closed_at", ("reopened_at", admin.EmptyFieldListFilter))
    list_select_related = ("closed_by", "reopened_by")
    ordering = ("-month", "-closed_at")


@admin.register(ScoreRun)
class ScoreRunAdmin(ReadOnlyAdmin):
    search_fields = ("=id", "error", "requested_by__username")
    list_display = (
        "id",
        "state",
        "scope",
        "trigger",
        "first_month",
        "last_month",
        "progress",
        "rows_written",
        "created_at",
        "finished_at",
    )
    list_filter = ("state", "scope", "trigger", "created_at")
    list_select_related = ("requested_by",)
    ordering = ("-pk",)

    @admin.display(description=_("steps done"))
    def progress(self, run: ScoreRun) -> str:
        return f"{run.done} / {run.total}"


@admin.register(RescoreNeed)
class RescoreNeedAdmin(ReadOnlyAdmin):
    search_fields = ("subject__code", "subject__name")
    list_display = ("subject", "first_month", "created_at")
    list_filter = ("subject__kind", "created_at")
    list_select_related = ("subject",)
    ordering = ("pk",)
