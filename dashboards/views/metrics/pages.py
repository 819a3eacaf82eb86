"""What does this number mean, and can I trust it?"""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dashboards.access import READ_DASHBOARDS, READ_ORGANISATION, needs
from dashboards.exports.metrics import (
    exemptions_table,
    metrics_table,
    overrides_table,
)
from dashboards.exports.quality import debtors_table, lacking_table, sources_table
from dashboards.presentation.counts import METRICS, count_text
from dashboards.presentation.months import MonthPicker
from dashboards.selectors.definition_history import changes_page
from dashboards.selectors.metrics.detail import metric_page_of
from dashboards.selectors.metrics.listing import MetricFilter, metric_page, sort_in_force
from dashboards.selectors.metrics.quality import quality_of
from dashboards.views.exports import LEAST_TOO_MANY, Exports, offers, page_or_export
from dashboards.views.metrics.forms import MetricFilterForm
from dashboards.views.month_pages import is_asked_for, render_part
from dashboards.views.requests import month_parameter
from metrics.models import MetricDefinition

TABLE = "metrics"
HISTORY = "history"
QUALITY = "quality"
SERIES = "series-part"


@require_safe
@needs(READ_DASHBOARDS)
def metric_list(request: HttpRequest) -> HttpResponse:
    """All metrics, with who answers for them and how complete they are."""
    form = MetricFilterForm(request.GET)
    form.is_valid()
    wanted = form.cleaned_data
    sort = sort_in_force(request.GET.get("sort", ""))
    chosen = MetricFilter(
        text=wanted.get("q", ""),
        category=wanted.get("category", ""),
        kind=wanted.get("kind", ""),
        cadence=wanted.get("cadence", ""),
        standing=wanted.get("standing", ""),
    )
    page = metric_page(chosen, sort=sort, number=request.GET.get("page"))
    context = {
        "form": form,
        "metrics": page,
        "count": count_text(page.paginator.count, METRICS),
        "sort": sort,
        "table": TABLE,
        "has_any": page.paginator.count or any(wanted.values()),
    }
    if is_asked_for(request, TABLE):
        return render_part(request, "metrics", context)
    return page_or_export(
        request,
        "dashboards/metric_list.html",
        context,
        Exports(
            _("Metrics"),
            {
                TABLE: lambda: metrics_table(
                    metric_page(chosen, sort=sort, number=None, per_page=LEAST_TOO_MANY)
                )
            },
        ),
    )


@require_safe
@needs(READ_DASHBOARDS)
def metric_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One metric; quality and history are asked for as parts, the values of others by the address.

    `subject`, up to six times, names whose values are drawn over time.
    """
    page = metric_page_of(
        code, month=month_parameter(request), subjects=request.GET.getlist("subject")
    )
    if page is None:
        raise Http404
    context = {"page": page, "metric": page.metric, "series": page.series}
    if is_asked_for(request, SERIES):
        return render_part(request, "metric_series", {**context, **offers(page.series.chart)})
    return page_or_export(
        request,
        "dashboards/metric_detail.html",
        {
            **context,
            "crumbs": [(_("Metrics"), reverse("metric_list"))],
            "picker": None
            if page.month is None
            else MonthPicker.of(page.months, chosen=page.month, running=page.running),
        },
        Exports(
            page.metric.name,
            {
                "overrides": lambda: overrides_table(page.overrides),
                "exemptions": lambda: exemptions_table(page.exemptions),
            },
            page.month,
            charts=(page.curve, page.series.chart),
        ),
    )


@require_safe
@needs(READ_ORGANISATION)
def metric_quality(request: HttpRequest, code: str) -> HttpResponse:
    """How complete and how late a metric's values are, on a page or as a part of the metric's."""
    page = quality_of(code, month=month_parameter(request))
    if page is None:
        raise Http404
    context = {
        "page": page,
        "metric": page.metric,
        "crumbs": [
            (_("Metrics"), reverse("metric_list")),
            (page.metric.name, reverse("metric_detail", args=[code])),
        ],
    }
    charts = [source.chart for source in page.sources]
    if is_asked_for(request, QUALITY):
        return render_part(request, "metric_quality", {**context, **offers(*charts)})
    return page_or_export(
        request,
        "dashboards/metric_quality.html",
        context,
        Exports(
            page.metric.name,
            {
                "completeness": lambda: sources_table(page),
                "owed": lambda: debtors_table(page),
                "lacking": lambda: lacking_table(page),
            },
            page.last,
            charts=charts,
        ),
    )


@require_safe
@needs(READ_DASHBOARDS)
def metric_history(request: HttpRequest, code: str) -> HttpResponse:
    """Every change of a metric and of what hangs on it, on a page or as a part of the metric's."""
    metric = get_object_or_404(MetricDefinition, code=code)
    context = {
        "metric": metric,
        "changes": changes_page(metric, request.GET.get("page")),
        "crumbs": [
            (_("Metrics"), reverse("metric_list")),
            (metric.name, reverse("metric_detail", args=[code])),
        ],
    }
    if is_asked_for(request, HISTORY):
        return render_part(request, "metric_history", {**context, **offers(tables=["changes"])})
    return page_or_export(request, "dashboards/metric_history.html", context, Exports(metric.name))
