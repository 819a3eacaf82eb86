"""What the grid shows: one metric of many subjects, or one subject's many metrics, over periods.

- `columns`: the periods side by side.
- `cells`: what stands in each cell, how it scores, and why it can't be changed where it can't.
- `page`: the rows of a grid, filtered.
- `changes`: what somebody changed lately.
- `detail`: one cell with the values before it.
"""

from dashboards.selectors.grid.cells import CellReader, GridCell, Place, Standing
from dashboards.selectors.grid.changes import Watched, changed_places, changes_since
from dashboards.selectors.grid.columns import Columns, GridColumn, columns_of
from dashboards.selectors.grid.detail import CellDetail, cell_detail
from dashboards.selectors.grid.page import (
    GridFilter,
    GridPage,
    GridRow,
    metric_grid,
    subject_grid,
)

__all__ = [
    "CellDetail",
    "CellReader",
    "Columns",
    "GridCell",
    "GridColumn",
    "GridFilter",
    "GridPage",
    "GridRow",
    "Place",
    "Standing",
    "Watched",
    "cell_detail",
    "changed_places",
    "changes_since",
    "columns_of",
    "metric_grid",
    "subject_grid",
]
