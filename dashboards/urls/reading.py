"""Pages that show scores, months and runs."""

from django.urls import URLPattern, path

from dashboards.views.compare import compare_portfolios, compare_segments
from dashboards.views.customers import customer_detail, customer_list
from dashboards.views.explain import explain, explain_values
from dashboards.views.help import help_page
from dashboards.views.month_pages import score_status_notice
from dashboards.views.months import (
    month_close,
    month_detail,
    month_list,
    month_missing,
    month_reopen,
)
from dashboards.views.portfolios import portfolio_detail, portfolio_list
from dashboards.views.projects import project_detail, project_list
from dashboards.views.runs import run_list, run_request
from dashboards.views.search import search_page
from dashboards.views.segments import segment_detail, segment_list
from dashboards.views.services import service_detail, service_list
from dashboards.views.summary import summary

urlpatterns: list[URLPattern] = [
    path("summary/", summary, name="summary"),
    path("portfolios/", portfolio_list, name="portfolio_list"),
    path("portfolios/<code:code>/", portfolio_detail, name="portfolio_detail"),
    # No portfolio's code can get in the way here.
    path("compare/portfolios/", compare_portfolios, name="compare_portfolios"),
    path("compare/segments/", compare_segments, name="compare_segments"),
    path("projects/", project_list, name="project_list"),
    path("projects/<code:code>/", project_detail, name="project_detail"),
    path("segments/", segment_list, name="segment_list"),
    path("segments/<code:code>/", segment_detail, name="segment_detail"),
    path("customers/", customer_list, name="customer_list"),
    path("customers/<code:code>/", customer_detail, name="customer_detail"),
    path("services/", service_list, name="service_list"),
    path("services/<code:code>/", service_detail, name="service_detail"),
    path("explain/<code:code>/<month:month>/", explain, name="explain"),
    path(
        "explain/<code:code>/<month:month>/<code:metric>/<month:period>/",
        explain_values,
        name="explain_values",
    ),
    path("help/", help_page, name="help"),
    path("months/", month_list, name="month_list"),
    path("months/<month:month>/", month_detail, name="month_detail"),
    path("months/<month:month>/close/", month_close, name="month_close"),
    path("months/<month:month>/missing/", month_missing, name="month_missing"),
    path("months/<month:month>/reopen/", month_reopen, name="month_reopen"),
    path("runs/", run_list, name="run_list"),
    path("runs/request/", run_request, name="run_request"),
    path("search/", search_page, name="search"),
    path("score-status/", score_status_notice, name="score_status"),
]
