"""The form for one value, and what a saved value did."""

from django.urls import URLPattern, path

from dashboards.views.entry import entry, entry_form, entry_preview, entry_saved

urlpatterns: list[URLPattern] = [
    path("entry/", entry, name="entry"),
    path("entry/form/", entry_form, name="entry_form"),
    path("entry/preview/", entry_preview, name="entry_preview"),
    path("entry/saved/<str:token>/", entry_saved, name="entry_saved"),
]
