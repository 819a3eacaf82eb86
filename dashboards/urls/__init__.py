"""The addresses of all pages; the state of a page (month, filters, sort) is in its query."""

from django.urls import URLPattern, URLResolver

import dashboards.converters  # noqa: F401  # known before the addresses that use them
from dashboards.urls import (
    answers,
    due,
    editing,
    entry,
    events,
    grid,
    imports,
    keeping,
    packs,
    personal,
    reading,
)

urlpatterns: list[URLPattern | URLResolver] = [
    *reading.urlpatterns,
    *packs.urlpatterns,
    *due.urlpatterns,
    *entry.urlpatterns,
    *answers.urlpatterns,
    *grid.urlpatterns,
    *imports.urlpatterns,
    *events.urlpatterns,
    *keeping.urlpatterns,
    *editing.urlpatterns,
    *personal.urlpatterns,
]
