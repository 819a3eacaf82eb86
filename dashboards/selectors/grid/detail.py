"""One cell with what came before it: for the panel beside the grid."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.presentation.bands import BandLimits
from dashboards.selectors.entry import Desk, SubjectChoice
from dashboards.selectors.explain import shown_decimals
from dashboards.selectors.grid.cells import CellReader, GridCell, Place
from metrics.closed_months import ClosedMonths
from metrics.judging import NOT_JUDGED, Judged
from metrics.models import MetricDefinition
from metrics.periods import Period

LATEST_SHOWN = 6


@dataclass(frozen=True, slots=True)
class EarlierValue:
    """A value before the cell's period."""

    label: str
    value: float
    judged: Judged
    note: str


@dataclass(frozen=True, slots=True)
class CellDetail:
    """What a person wants to know of the cell at hand."""

    place: Place
    label: str
    cell: GridCell
    earlier: tuple[EarlierValue, ...]
    """The latest first."""
    curve: list[list[float]]
    limits: BandLimits | None
    decimals: int

    @property
    def shown_value(self) -> float | None:
        """The value whose place the curve shows: the cell's own, else the latest before it."""
        if self.cell.standing:
            return self.cell.standing.value
        return self.earlier[0].value if self.earlier else None

    @property
    def shown_judged(self) -> Judged:
        if self.cell.standing:
            return self.cell.judged
        return self.earlier[0].judged if self.earlier else NOT_JUDGED


def cell_detail(
    desk: Desk, metric: MetricDefinition, subject: SubjectChoice, period: Period
) -> CellDetail:
    reader = CellReader.read(desk, [metric], [subject], [period], closed=ClosedMonths.read())
    place = Place(metric, subject, period)
    cell = reader.cell(place)
    starts_in = desk.fiscal_year_starts_in
    earlier: list[EarlierValue] = []
    for (_, _, start), standing in reversed(list(reader.recorded.items())):
        if start < period.start and len(earlier) < LATEST_SHOWN:
            then = Period(period.cadence, start)
            judged = reader.judged(Place(metric, subject, then), standing.value)
            earlier.append(
                EarlierValue(then.label(starts_in), standing.value, judged, standing.note)
            )
    curve = reader.judge.curve(metric.pk, subject.pk, period.month)
    return CellDetail(
        place,
        period.label(starts_in),
        cell,
        tuple(earlier),
        [] if curve is None else curve.points(),
        desk.limits(subject),
        shown_decimals(metric.decimals, *(row.value for row in earlier)),
    )
