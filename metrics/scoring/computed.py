"""Formula metrics: their series, computed from the series of their inputs (SCORING section 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

import numpy as np

from metrics.scoring.columns import Definitions, Floats, Integers, Measurements, Metric
from metrics.scoring.formulas import Node, evaluate, in_order, inputs_of
from metrics.scoring.series import EMPTY_SERIES, MONTH_SPACE, Series, fold, look_up


def all_series(
    definitions: Definitions, measurements: Mapping[int, Measurements]
) -> dict[int, Series]:
    """The series of every metric that has values, measured or computed, by the metric's number."""
    metrics = definitions.metrics
    series = {
        number: fold(rows, metrics[number].fold)
        for number, rows in measurements.items()
        if metrics[number].formula is None
    }
    for number in formula_order(metrics):
        series[number] = _computed(metrics[number], metrics, series)
    return series


def formula_order(metrics: Sequence[Metric]) -> list[int]:
    """The numbers of the formula metrics, inputs before those that need them."""
    numbers = {metric.code: number for number, metric in enumerate(metrics)}
    formulas: dict[str, Node] = {
        metric.code: metric.formula for metric in metrics if metric.formula is not None
    }
    return [numbers[code] for code in in_order(formulas)]


def _computed(metric: Metric, metrics: Sequence[Metric], series: Mapping[int, Series]) -> Series:
    """One value per subject and period in which every input has one and every step is finite."""
    assert metric.formula is not None
    wanted = inputs_of(metric.formula)
    inputs = {number: other for number, other in enumerate(metrics) if other.code in wanted}
    same = {n: m for n, m in inputs.items() if m.current_months == metric.current_months}
    coarser = {n: m for n, m in inputs.items() if n not in same}
    if any(number not in series for number in inputs):
        return EMPTY_SERIES
    key = reduce(
        lambda left, right: np.intersect1d(left, right, assume_unique=True),
        (series[number].key for number in same),
    )
    columns: dict[str, Floats] = {}
    factor = np.ones(len(key))
    for number, other in same.items():
        rows = np.searchsorted(series[number].key, key)
        columns[other.code] = series[number].value[rows]
        if other.formula is not None:
            factor = np.minimum(factor, series[number].factor[rows])
    subject, month = key // MONTH_SPACE, key % MONTH_SPACE
    for number, other in coarser.items():
        rows, freshness = look_up(
            series[number], subject, month, current_months=other.current_months, grace=other.grace
        )
        columns[other.code] = _value_or_nan(series[number], rows)
        factor = np.minimum(factor, freshness)
    value = np.broadcast_to(evaluate(metric.formula, columns), key.shape)
    known = ~np.isnan(value) & ~np.isnan(factor)
    return Series(subject[known], month[known], value[known], factor[known])


def _value_or_nan(series: Series, rows: Integers) -> Floats:
    if not len(series.value):
        return np.full(len(rows), np.nan)
    return np.where(rows >= 0, series.value[rows], np.nan)


def first_months_needed(metrics: Sequence[Metric], first: int) -> list[int]:
    """Per metric the first month whose values can matter to scores from `first` on.

    A value in force at `first` is at most its metric's reach old; a formula's inputs must cover the
    formula's own oldest period, and a coarser input may be older than that period by its reach.
    """
    needed = [first - metric.reach for metric in metrics]
    numbers = {metric.code: number for number, metric in enumerate(metrics)}
    for number in reversed(formula_order(metrics)):
        metric = metrics[number]
        assert metric.formula is not None
        for code in inputs_of(metric.formula):
            other = metrics[numbers[code]]
            same = other.current_months == metric.current_months
            reach = 0 if same else other.reach
            needed[numbers[code]] = min(needed[numbers[code]], needed[number] - reach)
    return needed


def last_month_in_force(metrics: Sequence[Metric], series: Mapping[int, Series], last: int) -> int:
    """The last month in which any value is in force, but not after `last`; 0 without values."""
    ends = [
        int(rows.month.max()) + metrics[number].reach
        for number, rows in series.items()
        if len(rows.month)
    ]
    return min(max(ends, default=0), last)
