"""Events of subjects."""

from django.urls import URLPattern, path

from dashboards.views.events import event_delete, event_edit, event_list, event_new

urlpatterns: list[URLPattern] = [
    path("events/", event_list, name="event_list"),
    path("events/<int:number>/edit/", event_edit, name="event_edit"),
    path("events/<int:number>/delete/", event_delete, name="event_delete"),
    path("subjects/<code:code>/events/new/", event_new, name="event_new"),
]
