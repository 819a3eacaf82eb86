"""What is stored of the series that a file has values of: one metric at a time, as columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.bulk import among, is_postgresql, read_columns
from metrics.choices import Cadence
from metrics.models import Measurement
from metrics.periods import MONTHS_IN
from metrics.scoring.columns import Booleans, Floats, Integers
from metrics.unusual import FEWEST_FOR_SPREAD, LATEST_COMPARED

_ORDINAL_BITS = 22
"""Of a day counted from the first of year 1: the last day of year 9999 is number 3,652,059."""

_BEFORE_ORDINAL_ONE = 1_721_425
"""What SQLite's day numbers are ahead of Python's, at noon."""

_MEASUREMENTS = Measurement._meta.db_table


def place_of(subjects: Integers, ordinals: Integers) -> Integers:
    """One number for a subject and a period; a series' own lie together, in the order of time."""
    return (subjects << _ORDINAL_BITS) | ordinals


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found at some places: the values, NaN where there is none."""

    values: Floats
    found: Booleans

    def where(self, chosen: Booleans) -> Looked:
        return Looked(self.values[chosen], self.found[chosen])


@dataclass(frozen=True, slots=True)
class StoredSeries:
    """The stored values of one metric, of the subjects that a file names."""

    places: Integers
    values: Floats

    @classmethod
    def read(
        cls, metric_id: int, cadence: str, subject_ids: Integers, months: tuple[int, int]
    ) -> StoredSeries:
        """From the first of the months, with enough past before it, to the last and after it."""
        reach = MONTHS_IN.get(Cadence(cadence), 1) * (LATEST_COMPARED + 1)
        condition, parameters = among("subject_id", subject_ids)
        columns = read_columns(
            {"subject": "i", "ordinal": "i", "value": "f"},
            f"SELECT subject_id, {_ordinal()}, value FROM {_MEASUREMENTS}"
            f" WHERE metric_id = %s AND month BETWEEN %s AND %s AND {condition}",
            [metric_id, months[0] - reach, months[1] + reach, *parameters],
        )
        places = place_of(columns["subject"], columns["ordinal"])
        order = np.argsort(places)
        return cls(places[order], columns["value"][order])

    @classmethod
    def of_file(cls, places: Integers, values: Floats) -> StoredSeries:
        """What the file itself holds, to be asked the same things."""
        order = np.argsort(places)
        return cls(places[order], values[order])

    def restricted_to(self, ordinals: Integers) -> StoredSeries:
        """Its values of some periods alone."""
        chosen = np.isin(self.places & ((1 << _ORDINAL_BITS) - 1), ordinals)
        return StoredSeries(self.places[chosen], self.values[chosen])

    def look_at(self, places: Integers) -> Looked:
        values = np.full(len(places), np.nan)
        if not len(self.places):
            return Looked(values, np.zeros(len(places), dtype=bool))
        position = np.minimum(np.searchsorted(self.places, places), len(self.places) - 1)
        found = self.places[position] == places
        values[found] = self.values[position[found]]
        return Looked(values, found)

    def windows(self, places: Integers) -> NDArray[Any]:
        """For each place where its series begins, where it stands itself, and where it ends."""
        series = places >> _ORDINAL_BITS << _ORDINAL_BITS
        beyond = series + (1 << _ORDINAL_BITS)
        edges = [np.searchsorted(self.places, each) for each in (series, places, beyond)]
        return np.stack(edges, axis=1)

    def past(self, place: int, window: tuple[int, int, int]) -> list[float]:
        """What a value of the place is compared with, as `metrics.unusual.PastValues` has it."""
        first, here, beyond = window
        before: list[float] = self.values[max(here - LATEST_COMPARED, first) : here].tolist()
        if len(before) >= FEWEST_FOR_SPREAD:
            return before
        after = here + (here < beyond and int(self.places[here]) == place)
        return [
            *before,
            *self.values[after : min(after + LATEST_COMPARED - len(before), beyond)].tolist(),
        ]


def stored_notes(metric_id: int, months: tuple[int, int]) -> dict[tuple[int, int], str]:
    """The notes of a metric's values that have one, by subject and first day."""
    return {
        (subject, start.toordinal()): note
        for subject, start, note in Measurement.objects.filter(
            metric=metric_id, month__gte=months[0], month__lte=months[1]
        )
        .exclude(note="")
        .order_by()
        .values_list("subject_id", "period_start", "note")
    }


def _ordinal() -> str:
    if is_postgresql():
        return "period_start - DATE '0001-01-01' + 1"
    return f"CAST(julianday(period_start) + 0.5 AS INTEGER) - {_BEFORE_ORDINAL_ONE}"
