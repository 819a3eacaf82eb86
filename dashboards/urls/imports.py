"""Imports: upload, mapping, check, batches."""

from django.urls import URLPattern, path

from dashboards.views.imports.batches import (
    import_batch,
    import_file,
    import_list,
    import_refused,
    import_undo,
)
from dashboards.views.imports.mapping import import_mapping
from dashboards.views.imports.upload import import_upload

urlpatterns: list[URLPattern] = [
    path("entry/imports/", import_list, name="import_list"),
    path("entry/imports/new/", import_upload, name="import_upload"),
    path("entry/imports/<int:pk>/mapping/", import_mapping, name="import_mapping"),
    path("entry/imports/<int:pk>/", import_batch, name="import_batch"),
    path("entry/imports/<int:pk>/refused/", import_refused, name="import_refused"),
    path("entry/imports/<int:pk>/file/", import_file, name="import_file"),
    path("entry/imports/<int:pk>/undo/", import_undo, name="import_undo"),
]
