"""Editors of metrics, curves and scorecards."""

from django.urls import URLPattern, path

from dashboards.views.metrics.agreements import (
    exemption_delete,
    exemption_edit,
    exemption_new,
    override_delete,
    override_edit,
    override_new,
)
from dashboards.views.metrics.catalogue import metric_catalogue
from dashboards.views.metrics.editing import metric_delete, metric_edit, metric_new
from dashboards.views.metrics.pages import (
    metric_detail,
    metric_history,
    metric_list,
    metric_quality,
)
from dashboards.views.scorecards.editing import (
    scorecard_delete,
    scorecard_edit,
    scorecard_new,
)
from dashboards.views.scorecards.pages import scorecard_detail, scorecard_list

# Pages without a code don't stand where a code does: a metric may be called "new" or "catalogue".
urlpatterns: list[URLPattern] = [
    path("catalogue/", metric_catalogue, name="metric_catalogue"),
    path("new/metric/", metric_new, name="metric_new"),
    path("new/scorecard/", scorecard_new, name="scorecard_new"),
    path("scorecards/", scorecard_list, name="scorecard_list"),
    path("scorecards/<code:code>/", scorecard_detail, name="scorecard_detail"),
    path("scorecards/<code:code>/edit/", scorecard_edit, name="scorecard_edit"),
    path("scorecards/<code:code>/delete/", scorecard_delete, name="scorecard_delete"),
    path("metrics/", metric_list, name="metric_list"),
    path("metrics/<code:code>/", metric_detail, name="metric_detail"),
    path("metrics/<code:code>/edit/", metric_edit, name="metric_edit"),
    path("metrics/<code:code>/delete/", metric_delete, name="metric_delete"),
    path("metrics/<code:code>/history/", metric_history, name="metric_history"),
    path("metrics/<code:code>/quality/", metric_quality, name="metric_quality"),
    path("metrics/<code:code>/overrides/new/", override_new, name="override_new"),
    path("metrics/<code:code>/overrides/<int:pk>/", override_edit, name="override_edit"),
    path("metrics/<code:code>/overrides/<int:pk>/delete/", override_delete, name="override_delete"),
    path("metrics/<code:code>/exemptions/new/", exemption_new, name="exemption_new"),
    path("metrics/<code:code>/exemptions/<int:pk>/", exemption_edit, name="exemption_edit"),
    path(
        "metrics/<code:code>/exemptions/<int:pk>/delete/",
        exemption_delete,
        name="exemption_delete",
    ),
]
