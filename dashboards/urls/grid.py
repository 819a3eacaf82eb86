"""The grid."""

from django.urls import URLPattern, path

from dashboards.views.grid import entry_grid, entry_grid_cell
from dashboards.views.grid_cells import entry_grid_cells
from dashboards.views.grid_changes import entry_grid_changes

urlpatterns: list[URLPattern] = [
    path("entry/grid/", entry_grid, name="entry_grid"),
    path("entry/grid/cell/", entry_grid_cell, name="entry_grid_cell"),
    path("entry/grid/cells/", entry_grid_cells, name="entry_grid_cells"),
    path("entry/grid/changes/", entry_grid_changes, name="entry_grid_changes"),
]
