"""How a file is to be read and what its columns mean: chosen once, kept with the batch."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self


class Shape(StrEnum):
    """How values lie in a table."""

    LONG = "long"  # one row a value
    WIDE_PERIODS = "wide_periods"  # one row a metric and subject, one column a period
    WIDE_METRICS = "wide_metrics"  # one row a subject and period, one column a metric
    WIDE_SUBJECTS = "wide_subjects"  # one row a metric and period, one column a subject


class DateOrder(StrEnum):
    """Which part of a date such as 03/04/2026 comes first."""

    DAY_FIRST = "day"
    MONTH_FIRST = "month"
    YEAR_FIRST = "year"


@dataclass(frozen=True, slots=True)
class Reading:
    """From bytes to a table of texts."""

    sheet: str = ""  # XLSX only; blank is the first one
    header_row: int = 1  # counted from 1 in the file
    encoding: str = "utf-8"  # CSV only
    delimiter: str = ","  # CSV only
    decimal_sign: str = "."
    date_order: DateOrder = DateOrder.DAY_FIRST
    is_turned: bool = False  # on its side: what should be rows are columns

    def as_plain(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_plain(cls, plain: MappingType[str, Any]) -> Self:
        return cls(**{**plain, "date_order": DateOrder(plain.get("date_order", "day"))})


@dataclass(frozen=True, slots=True)
class Mapping:
    """What the columns mean. Columns are named by their place, counted from 0.

    A part that no column tells is fixed for the whole file: one metric, one subject, one period.
    """

    shape: Shape = Shape.LONG
    metric_column: int | None = None
    subject_column: int | None = None
    period_column: int | None = None
    value_column: int | None = None
    note_column: int | None = None
    """In wide shapes the note of each value in its row."""
    fixed_metric: str = ""
    fixed_subject: str = ""
    fixed_period: str = ""
    money_in_unit: bool = False
    """An amount such as £2,013.02 is in the metric's unit, though that is millions."""
    across: dict[int, str] = field(default_factory=dict)
    """Wide shapes: column -> the period, metric code or subject code that it holds values of."""
    metric_names: dict[str, str] = field(default_factory=dict)
    """A metric as the file calls it -> its code."""
    subject_names: dict[str, str] = field(default_factory=dict)
    """A subject as the file calls it -> its code."""
    # For both: a blank code leaves the rows with this name out.

    def as_plain(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_plain(cls, plain: MappingType[str, Any]) -> Self:
        across = {int(column): text for column, text in plain.get("across", {}).items()}
        return cls(**{**plain, "shape": Shape(plain["shape"]), "across": across})


@dataclass(frozen=True, slots=True)
class GivenRow:
    """One value as a file has it, already in the portal's own writing where that was possible.

    `line` is the row in the file, `cell` what a spreadsheet calls the value's cell ("C7"), or
    "line 7, column Value" for a CSV. Texts that could not be understood stay as they are, and the
    rules of measurements refuse them; `problem` tells of what no rule can see (a date where a
    number belongs, a row longer than the header).
    """

    line: int
    cell: str
    metric: str
    subject: str
    period: str
    value: str
    note: str | None = None
    problem_column: str = ""
    problem: str = ""
