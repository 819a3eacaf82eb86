"""The data table behind a chart, as a table to take away."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from dashboards.exports.table import (
    ExportColumn,
    ExportTable,
    currency,
    money,
    month,
    number,
    points,
    rate,
    score,
    text,
)
from dashboards.figures.chart import Chart
from dashboards.presentation.months import month_label
from dashboards.presentation.numbers import change_text, grouped, percent_text, score_text
from dashboards.presentation.tables import Column
from metrics.choices import Category


def _category_called(label: str) -> str:
    return {str(category.label): category.value for category in Category}.get(label, "")


_BY_WRITING: dict[Callable[[Any], str], Callable[[str], ExportColumn]] = {
    score_text: lambda label: score(label, _category_called(label)),
    change_text: points,
    percent_text: rate,
    grouped: number,
    month_label: month,
}
"""How a chart's table writes its values tells what they are."""


def chart_table(chart: Chart) -> ExportTable:
    """All rows, with the raw values; each amount with its currency behind it."""
    columns = chart.table.columns
    wide: list[ExportColumn] = []
    for column in columns:
        wide.append(_column(column))
        if column.currency is not None:
            wide.append(currency())
    return ExportTable(chart.slug, wide, [tuple(_cells(columns, row)) for row in chart.table.rows])


def _cells(columns: Sequence[Column], row: Sequence[Any]) -> Iterator[Any]:
    for column, value in zip(columns, row, strict=True):
        yield value
        if column.currency is not None:
            yield column.currency


def _column(column: Column) -> ExportColumn:
    label = str(column.label)
    if column.currency is not None:
        return money(label)
    known = _BY_WRITING.get(column.write)
    if known is not None:
        return known(label)
    return number(label, None, column.unit) if column.is_number else text(label)
