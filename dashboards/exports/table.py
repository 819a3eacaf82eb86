"""What a table is that leaves the portal: typed columns, raw values, unknown left blank."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from metrics.batches.neutral import readable
from metrics.choices import Category
from projects.months import Month

MOST_ROWS = 20_000
"""A table with more is refused with a word about it; it is never cut short in silence."""

EXACT_TO = 6
"""Decimals of computed numbers: more than any page shows, fewer than floating point makes up."""


class Kind(Enum):
    TEXT = "text"
    NUMBER = "number"
    SCORE = "score"
    POINTS = "points"
    RATE = "rate"
    MONEY = "money"
    CURRENCY = "currency"
    DATE = "date"
    MOMENT = "moment"
    MONTH = "month"


COMPUTED = (Kind.SCORE, Kind.POINTS, Kind.RATE)
NUMERIC = (*COMPUTED, Kind.NUMBER, Kind.MONEY)

Cell = str | int | float | Decimal | date | datetime | Month | None


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """A heading and what stands under it."""

    label: str
    kind: Kind
    decimals: int | None = None
    unit: str = ""
    category: str = ""
    """Whose score it is, where it is that of a category."""
    names_categories: bool = False
    """Whether its cells say which category a row's score is of."""
    is_change: bool = False
    """Whether its cells say how far a score is from that of the month compared with."""

    @property
    def heading(self) -> str:
        return f"{self.label} ({self.unit})" if self.unit else str(self.label)

    def cell(self, value: Any) -> Cell:
        """The raw value as it is written; None, and what is no number, is a blank."""
        if value is None or value == "":
            return None
        if self.kind in NUMERIC:
            return self._number(value)
        if self.kind == Kind.MOMENT:
            return timezone.localtime(value).replace(tzinfo=None, microsecond=0)
        if self.kind in (Kind.DATE, Kind.MONTH):
            found: Cell = value
            return found
        return readable(str(value)) or None

    def _number(self, value: Any) -> int | float | Decimal | None:
        if isinstance(value, int | Decimal):
            return value
        number = float(value)
        if not math.isfinite(number):
            return None
        # Adding zero makes an ordinary zero of a negative one.
        return round(number, EXACT_TO) + 0.0 if self.kind in COMPUTED else number


def text(label: str) -> ExportColumn:
    return ExportColumn(label, Kind.TEXT)


def category_name(label: str) -> ExportColumn:
    """The category that each row's score belongs to."""
    return ExportColumn(label, Kind.TEXT, names_categories=True)


def number(label: str, decimals: int | None = 0, unit: str = "") -> ExportColumn:
    """Without decimals (None) as many as the value has."""
    return ExportColumn(label, Kind.NUMBER, decimals, unit)


def score(label: str, category: str = "") -> ExportColumn:
    return ExportColumn(label, Kind.SCORE, category=category)


def points(label: str) -> ExportColumn:
    """A change or a part of a score, signed."""
    return ExportColumn(label, Kind.POINTS)


def change(label: str) -> ExportColumn:
    """Of a score, since the month that the page compares with."""
    return ExportColumn(label, Kind.POINTS, is_change=True)


def rate(label: str, decimals: int = 0) -> ExportColumn:
    """Of 0 to 1."""
    return ExportColumn(label, Kind.RATE, decimals)


def money(label: str) -> ExportColumn:
    """An amount; its currency stands in the row, under `currency()`."""
    return ExportColumn(label, Kind.MONEY)


def currency() -> ExportColumn:
    return ExportColumn(_("Currency"), Kind.CURRENCY)


def day(label: str) -> ExportColumn:
    return ExportColumn(label, Kind.DATE)


def moment(label: str) -> ExportColumn:
    return ExportColumn(label, Kind.MOMENT)


def month(label: str) -> ExportColumn:
    return ExportColumn(label, Kind.MONTH)


Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True)
class ExportTable:
    """A table to take away. Refuses money without its currency, and financial scores alone."""

    name: str
    columns: Sequence[ExportColumn]
    rows: Rows

    def __post_init__(self) -> None:
        kinds = {column.kind for column in self.columns}
        if Kind.MONEY in kinds and Kind.CURRENCY not in kinds:
            raise ValueError(f"{self.name}: money needs its currency in a column of its own.")
        categories = {column.category for column in self.columns} - {""}
        if Category.FINANCIAL in categories and not categories.issuperset(Category.values):
            raise ValueError(f"{self.name}: a financial score needs the other three beside it.")
        if Kind.SCORE in kinds:
            for place, column in enumerate(self.columns):
                if column.names_categories:
                    self._refuse_financial_rows_alone({str(row[place]) for row in self.rows})

    def _refuse_financial_rows_alone(self, named: set[str]) -> None:
        labels = {str(category.label) for category in Category}
        if str(Category.FINANCIAL.label) in named and not named >= labels:
            raise ValueError(f"{self.name}: rows of financial scores need those of the others.")

    @property
    def tells_changes(self) -> bool:
        return any(column.is_change for column in self.columns)

    @property
    def headings(self) -> list[str]:
        return [column.heading for column in self.columns]


@dataclass(frozen=True)
class About:
    """What a reader must know who has the file and not the page: pairs of a word and a sentence."""

    title: str
    lines: Sequence[tuple[str, str]] = ()
