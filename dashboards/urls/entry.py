"""The form for one value, and what a saved value did."""

from django.urls import URLPattern, path

from dashboards.views.entry import entry_form, entry_preview, entry_saved, entry_value
from dashboards.views.history import measurement_history, measurement_restore

urlpatterns: list[URLPattern] = [
    path("entry/value/", entry_value, name="entry_value"),
    path("entry/form/", entry_form, name="entry_form"),
    path("entry/preview/", entry_preview, name="entry_preview"),
    path("entry/saved/<str:token>/", entry_saved, name="entry_saved"),
    path(
        "entry/history/<code:metric>/<code:subject>/<period:period>/",
        measurement_history,
        name="measurement_history",
    ),
    path(
        "entry/history/<code:metric>/<code:subject>/<period:period>/restore/",
        measurement_restore,
        name="measurement_restore",
    ),
]
