"""What is due."""

from django.urls import URLPattern, path

from dashboards.views.due import due, due_download, due_line, due_sent

urlpatterns: list[URLPattern] = [
    path("entry/", due, name="entry"),
    path("entry/due/", due_line, name="due_line"),
    path("entry/due/sent/", due_sent, name="due_sent"),
    path("entry/due.xlsx", due_download, name="due_download"),
]
