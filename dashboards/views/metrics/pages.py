"""What does this number mean, and can I trust it?"""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dashboards.access import READ_DASHBOARDS, needs
from dashboards.presentation.numbers import counted
from dashboards.selectors.definition_history import changes_page
from dashboards.selectors.metrics.detail import metric_page_of
from dashboards.selectors.metrics.listing import MetricFilter, metric_page, sort_in_force
from dashboards.views.metrics.forms import MetricFilterForm
from dashboards.views.month_pages import is_asked_for, render_part
from metrics.models import MetricDefinition

TABLE = "metrics"
HISTORY = "history"


@require_safe
@needs(READ_DASHBOARDS)
def metric_list(request: HttpRequest) -> HttpResponse:
    """All metrics, with who answers for them and how complete they are."""
    form = MetricFilterForm(request.GET)
    form.is_valid()
    wanted = form.cleaned_data
    sort = sort_in_force(request.GET.get("sort", ""))
    page = metric_page(
        MetricFilter(
            text=wanted.get("q", ""),
            category=wanted.get("category", ""),
            kind=wanted.get("kind", ""),
            cadence=wanted.get("cadence", ""),
            standing=wanted.get("standing", ""),
        ),
        sort=sort,
        number=request.GET.get("page"),
    )
    context = {
        "form": form,
        "metrics": page,
        "count": counted(page.paginator.count, "metric"),
        "sort": sort,
        "table": TABLE,
        "has_any": page.paginator.count or any(wanted.values()),
    }
    if is_asked_for(request, TABLE):
        return render_part(request, "metrics", context)
    return render(request, "dashboards/metric_list.html", context)


@require_safe
@needs(READ_DASHBOARDS)
def metric_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One metric; its history is asked for as a part of the page."""
    page = metric_page_of(code)
    if page is None:
        raise Http404
    return render(
        request,
        "dashboards/metric_detail.html",
        {"page": page, "metric": page.metric, "crumbs": [(_("Metrics"), reverse("metric_list"))]},
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
        return render_part(request, "metric_history", context)
    return render(request, "dashboards/metric_history.html", context)
