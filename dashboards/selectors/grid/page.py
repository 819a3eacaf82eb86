"""The rows of a grid: subjects of one metric, or metrics of one subject."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from dashboards.selectors.entry import Desk, SubjectChoice
from dashboards.selectors.explain import shown_decimals
from dashboards.selectors.grid.cells import CellReader, GridCell, Place
from dashboards.selectors.grid.columns import Columns, columns_of
from metrics.closed_months import ClosedMonths
from metrics.judging import Judged
from metrics.models import MetricDefinition
from metrics.periods import Period

ROWS_PER_PAGE = 700
"""More than most organisations have of anything; what is beyond comes on another page."""

ASKED, MISSING, MINE, EVERYBODY = "", "missing", "mine", "all"
"""What rows are shown: those that a scorecard asks for or that have values, or fewer, or all."""


@dataclass(frozen=True, slots=True)
class GridFilter:
    """Which part of a grid is asked for, as the address says it."""

    count: int
    until: str = ""
    text: str = ""
    scope: frozenset[int] | None = None
    """Keys of the subjects that lie in the chosen portfolio and segment."""
    show: str = ASKED
    page: int = 1

    def fits(self, code: str, name: str) -> bool:
        text = self.text.casefold()
        return text in name.casefold() or text in code.casefold()


@dataclass(frozen=True, slots=True)
class GridRow:
    """One metric of one subject over the periods."""

    metric: MetricDefinition
    subject: SubjectChoice
    cells: tuple[GridCell, ...]
    previous: tuple[Period, float, Judged] | None
    """What came before the first column."""
    reason: str
    """Why the whole row is read-only; empty where it is not."""
    decimals: int
    is_expected: bool

    @property
    def has_values(self) -> bool:
        return self.previous is not None or any(cell.standing for cell in self.cells)

    @property
    def missing(self) -> int:
        return sum(bool(cell.due) for cell in self.cells)


@dataclass(frozen=True, slots=True)
class GridPage:
    """A grid, ready to be shown."""

    columns: Columns
    rows: tuple[GridRow, ...]
    total: int
    """Rows that fit the filter, on all pages."""
    page: int
    pages: int
    missing: tuple[int, ...]
    """Per column, how many values are due and have not come."""


def metric_grid(desk: Desk, metric: MetricDefinition, wanted: GridFilter) -> GridPage:
    """The subjects of a metric's kind."""
    subjects = [
        subject
        for subject in desk.subjects[metric.subject_kind]
        if wanted.fits(subject.code, subject.name)
        and (wanted.scope is None or subject.pk in wanted.scope)
    ]
    return _grid(desk, metric.cadence, [metric], subjects, wanted)


def subject_grid(
    desk: Desk,
    subject: SubjectChoice,
    metrics: Iterable[MetricDefinition],
    cadence: str,
    wanted: GridFilter,
) -> GridPage:
    """A subject's metrics of one cadence."""
    fitting = [
        metric
        for metric in metrics
        if metric.cadence == cadence and wanted.fits(metric.code, metric.name)
    ]
    return _grid(desk, cadence, fitting, [subject], wanted)


def _grid(
    desk: Desk,
    cadence: str,
    metrics: list[MetricDefinition],
    subjects: list[SubjectChoice],
    wanted: GridFilter,
) -> GridPage:
    closed = ClosedMonths.read()
    columns = columns_of(
        cadence,
        count=wanted.count,
        until=wanted.until,
        today=desk.today,
        starts_in=desk.fiscal_year_starts_in,
        closed=closed,
    )
    reader = CellReader.read(desk, metrics, subjects, columns.periods, closed=closed)
    rows = [_row(reader, metric, subject, columns) for metric in metrics for subject in subjects]
    rows = [row for row in rows if _is_shown(row, wanted)]
    pages = max(ceil(len(rows) / ROWS_PER_PAGE), 1)
    page = min(max(wanted.page, 1), pages)
    return GridPage(
        columns=columns,
        rows=tuple(rows[(page - 1) * ROWS_PER_PAGE : page * ROWS_PER_PAGE]),
        total=len(rows),
        page=page,
        pages=pages,
        missing=tuple(
            sum(bool(row.cells[place].due) for row in rows) for place in range(len(columns.columns))
        ),
    )


def _is_shown(row: GridRow, wanted: GridFilter) -> bool:
    if wanted.show == MINE:
        return any(not cell.lock for cell in row.cells)
    if wanted.show == MISSING:
        return row.missing > 0
    if wanted.show != EVERYBODY and not row.is_expected and not row.has_values:
        return False
    # Whom the periods don't concern at all is no row: there would be nothing to read or to enter.
    return any(cell.lock != "span" or cell.standing for cell in row.cells)


def _row(
    reader: CellReader,
    metric: MetricDefinition,
    subject: SubjectChoice,
    columns: Columns,
) -> GridRow:
    places = [Place(metric, subject, column.period) for column in columns]
    cells = tuple(reader.cell(place) for place in places)
    values = [cell.standing.value for cell in cells if cell.standing]
    return GridRow(
        metric,
        subject,
        cells,
        reader.previous(places[0]),
        reader.rights_lock(metric, subject),
        shown_decimals(metric.decimals, *values),
        reader.desk.is_expected(metric, subject),
    )
