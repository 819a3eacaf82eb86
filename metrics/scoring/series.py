"""From measurements to the value in force (SCORING section 2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metrics.scoring.columns import Booleans, Floats, Integers, Measurements

MONTH_SPACE = 1 << 20
"""More months than there can be: subject * MONTH_SPACE + month is a key for both."""


@dataclass(frozen=True, slots=True)
class Series:
    """One value per subject and period month of one metric, sorted by subject and month.

    `factor` is below 1 only for formulas that were computed from aged inputs.
    """

    subject: Integers
    month: Integers
    value: Floats
    factor: Floats

    @property
    def key(self) -> Integers:
        return self.subject * MONTH_SPACE + self.month


@dataclass(frozen=True, slots=True)
class InForce:
    """Values in force, a row per subject and month that has one, and their rows in the series."""

    subject: Integers
    month: Integers
    value: Floats
    freshness: Floats
    source: Integers

    def only(self, keep: Booleans) -> InForce:
        return InForce(
            self.subject[keep],
            self.month[keep],
            self.value[keep],
            self.freshness[keep],
            self.source[keep],
        )


EMPTY_SERIES = Series(
    np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64), np.empty(0, np.float64)
)


def fold(measurements: Measurements, how: str) -> Series:
    """One value per subject and month: `last`, `mean`, `sum`, `min` or `max` of its periods."""
    if not len(measurements.value):
        return EMPTY_SERIES
    order = np.lexsort((measurements.order, measurements.month, measurements.subject))
    subject, month = measurements.subject[order], measurements.month[order]
    value = measurements.value[order]
    starts = np.flatnonzero(np.r_[True, (subject[1:] != subject[:-1]) | (month[1:] != month[:-1])])
    counts = np.diff(np.r_[starts, len(value)])
    if how == "last":
        folded = value[starts + counts - 1]
    elif how == "min":
        folded = np.minimum.reduceat(value, starts)
    elif how == "max":
        folded = np.maximum.reduceat(value, starts)
    else:
        folded = np.add.reduceat(value, starts)
        if how == "mean":
            folded = folded / counts
    return Series(subject[starts], month[starts], folded, np.ones(len(starts)))


def freshness_at(age: Integers, grace: int) -> Floats:
    """1 while current, falling in equal steps with the age in months, above 0 while in force."""
    return 1.0 - age / (grace + 1.0)


def in_force(series: Series, *, current_months: int, grace: int, first: int, last: int) -> InForce:
    """Every value of the series over the months first to last in which it is in force.

    A value counts from its own month until the next one comes or its grace is over.
    """
    subject, month = series.subject, series.month
    successor = np.r_[month[1:], 0]
    has_successor = np.r_[subject[1:] == subject[:-1], np.zeros(min(len(subject), 1), bool)]
    reach = month + (current_months - 1 + grace)
    begin = np.maximum(month, first)
    end = np.minimum(np.where(has_successor, np.minimum(successor - 1, reach), reach), last)
    lengths = np.maximum(end - begin + 1, 0)
    source = np.repeat(np.arange(len(month)), lengths)
    steps = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    at = begin[source] + steps
    age = np.maximum(0, at - (month[source] + current_months - 1))
    return InForce(
        subject[source],
        at,
        series.value[source],
        freshness_at(age, grace) * series.factor[source],
        source,
    )


def look_up(
    series: Series, subject: Integers, month: Integers, *, current_months: int, grace: int
) -> tuple[Integers, Floats]:
    """For each (subject, month) the row of the value in force, -1 for none, and its freshness."""
    if not len(series.value):
        return np.full(len(subject), -1), np.full(len(subject), np.nan)
    row = np.searchsorted(series.key, subject * MONTH_SPACE + month, side="right") - 1
    candidate = np.maximum(row, 0)
    age = np.maximum(0, month - (series.month[candidate] + current_months - 1))
    found = (row >= 0) & (series.subject[candidate] == subject) & (age <= grace)
    freshness = freshness_at(age, grace) * series.factor[candidate]
    return np.where(found, candidate, -1), np.where(found, freshness, np.nan)
