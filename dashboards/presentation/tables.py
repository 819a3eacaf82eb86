"""Small tables of raw values that know how to be read: the data behind a chart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.presentation.numbers import UNKNOWN


@dataclass(frozen=True)
class Column:
    """A heading, and how a value under it is written; raw values stay for exports."""

    label: str
    write: Callable[[Any], str] = str
    is_number: bool = False
    unit: str = ""
    """Of its values, for an export, which writes them without."""
    currency: str | None = None
    """Of its amounts; None where they are no money."""


@dataclass(frozen=True)
class Cell:
    text: str
    is_number: bool
    is_unknown: bool


@dataclass(frozen=True)
class DataTable:
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]

    @property
    def written(self) -> list[list[Cell]]:
        """The rows as text; None is unknown, never 0."""
        return [
            [
                Cell(
                    UNKNOWN if value is None else column.write(value),
                    column.is_number,
                    is_unknown=value is None,
                )
                for column, value in zip(self.columns, row, strict=True)
            ]
            for row in self.rows
        ]
