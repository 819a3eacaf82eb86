"""Ready-made metrics to start from: data beside this file, read without Django.

The invented company of examples/demo measures by the same definitions, so that the two can't drift.
Copying them into the portal is metrics.operations.catalogue.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

Points = tuple[tuple[float, float], ...]

SOURCE = Path(__file__).with_name("metrics.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyMade:
    """A definition of the catalogue; its fields are those of a metric's row."""

    code: str
    name: str
    question: str = ""
    description: str
    category: str
    dimension: str
    perspective: str
    subject_kind: str
    unit: str = ""
    decimals: int
    cadence: str
    time_aggregation: str = "last"
    grace_months: int
    due_days: int = 10
    timing: str
    owner_role: str
    source: str
    curve: Points = ()
    formula: str = ""


def read_catalogue(path: Path = SOURCE) -> Mapping[str, ReadyMade]:
    """By code, in the order of the file; an unknown or missing field stops it."""
    with path.open("rb") as file:
        rows = tomllib.load(file)["metric"]
    entries = [
        ReadyMade(**row | {"curve": tuple((value, score) for value, score in row.get("curve", ()))})
        for row in rows
    ]
    return {entry.code: entry for entry in entries}


CATALOGUE: Mapping[str, ReadyMade] = read_catalogue()
