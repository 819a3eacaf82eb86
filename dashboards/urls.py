"""The addresses of all pages; the state of a page (month, filters, sort) is in its query."""

from django.urls import URLPattern, URLResolver, path, register_converter

from dashboards.converters import CodeConverter, MonthConverter
from dashboards.views.month_pages import score_status_notice
from dashboards.views.portfolios import portfolio_detail, portfolio_list
from dashboards.views.projects import project_detail, project_list
from dashboards.views.segments import segment_detail, segment_list
from dashboards.views.summary import summary

register_converter(CodeConverter, "code")
register_converter(MonthConverter, "month")

urlpatterns: list[URLPattern | URLResolver] = [
    path("summary/", summary, name="summary"),
    path("portfolios/", portfolio_list, name="portfolio_list"),
    path("portfolios/<code:code>/", portfolio_detail, name="portfolio_detail"),
    path("projects/", project_list, name="project_list"),
    path("projects/<code:code>/", project_detail, name="project_detail"),
    path("segments/", segment_list, name="segment_list"),
    path("segments/<code:code>/", segment_detail, name="segment_detail"),
    path("score-status/", score_status_notice, name="score_status"),
]
