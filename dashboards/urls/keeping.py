"""Editors of subjects, links and assignments."""

from django.urls import URLPattern, path

from dashboards.views.keeping.assignments import (
    assignment_list,
    assignment_new,
    assignment_remove,
)
from dashboards.views.keeping.links import link_delete, link_edit, link_new
from dashboards.views.keeping.subject_list import subject_list
from dashboards.views.keeping.subjects import subject_delete, subject_edit, subject_new

urlpatterns: list[URLPattern] = [
    path("subjects/", subject_list, name="subject_list"),
    path("subjects/<code:code>/edit/", subject_edit, name="subject_edit"),
    path("subjects/<code:code>/delete/", subject_delete, name="subject_delete"),
    # After those of a subject, whose code may be "new".
    path("subjects/new/<slug:kind>/", subject_new, name="subject_new"),
    path("subjects/<code:code>/links/<code:other>/", link_edit, name="link_edit"),
    path("subjects/<code:code>/links/<code:other>/delete/", link_delete, name="link_delete"),
    path("subjects/<code:code>/links/new/<slug:kind>/", link_new, name="link_new"),
    path("assignments/", assignment_list, name="assignment_list"),
    path("assignments/new/", assignment_new, name="assignment_new"),
    path("assignments/remove/", assignment_remove, name="assignment_remove"),
]
