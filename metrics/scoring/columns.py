"""What goes into the engine: definitions and measurements as columns with integer keys.

Subjects and metrics are numbered 0, 1, 2 ... ; months are month numbers; an open end of a span is
ALWAYS or NEVER, so that comparing needs no special case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from metrics.scoring.formulas import Node, inputs_of

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

CATEGORIES = ("tactical", "value_creation", "longevity", "financial")
FINANCIAL = CATEGORIES.index("financial")
CATEGORY_COUNT = len(CATEGORIES)

ALWAYS = 0
"""Before every month: an open beginning."""

NEVER = 12 * 10_000
"""After every month: an open end."""

TOLERANCE = 1e-9
"""What every comparison with a limit allows (SCORING section 6)."""

CURRENT_MONTHS = {"day": 1, "week": 1, "month": 1, "quarter": 3, "year": 12}
"""For how many months a value of each cadence is current (L in SCORING section 2)."""


class Span(NamedTuple):
    """Months from first to last, both included."""

    first: int = ALWAYS
    last: int = NEVER


FOREVER = Span()


class Curve(NamedTuple):
    """Points of a piecewise linear curve: values strictly increasing, a score for each."""

    values: Floats
    scores: Floats

    @classmethod
    def of(cls, points: Sequence[Sequence[float]]) -> Curve:
        return cls(
            np.array([point[0] for point in points], dtype=np.float64),
            np.array([point[1] for point in points], dtype=np.float64),
        )

    def points(self) -> list[list[float]]:
        return [[float(v), float(s)] for v, s in zip(self.values, self.scores, strict=True)]


class CurveChange(NamedTuple):
    """Another curve for one subject from a month on."""

    subject: int
    from_month: int
    curve: Curve


class Exempt(NamedTuple):
    """Months in which a metric does not apply to a subject."""

    subject: int
    span: Span


@dataclass(frozen=True, slots=True)
class Metric:
    """A definition as the engine needs it."""

    code: str
    category: int
    cadence: str
    fold: str = "last"
    grace: int = 0
    curve: Curve | None = None
    formula: Node | None = None
    span: Span = FOREVER
    overrides: tuple[CurveChange, ...] = ()
    exempt: tuple[Exempt, ...] = ()

    @property
    def current_months(self) -> int:
        return CURRENT_MONTHS[self.cadence]

    @property
    def reach(self) -> int:
        """How many months after its own month a value is in force at the longest."""
        return self.current_months - 1 + self.grace


class Line(NamedTuple):
    """A scorecard's line: the metric's number and its weight."""

    metric: int
    weight: float


@dataclass(frozen=True, slots=True)
class Card:
    """A scorecard as the engine needs it."""

    category_weights: tuple[float, float, float, float]
    overall: str
    min_coverage: float
    min_categories: int
    amber_from: float
    green_from: float
    shares: Mapping[str, float]
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Links:
    """Members of one group: each row says that a child counts in a parent, and how much.

    Rows are sorted by parent and then child, so that sums are made in one order always.
    """

    parent: Integers
    child: Integers
    weight: Floats

    @classmethod
    def of(cls, parent: Integers, child: Integers, weight: Floats) -> Links:
        order = np.lexsort((child, parent))
        return cls(parent[order], child[order], weight[order])

    def of_parents(self, wanted: Booleans) -> Links:
        """The members that count in the wanted parents; those of weight 0 are left out."""
        keep = wanted[self.parent] & (self.weight > 0)
        return Links(self.parent[keep], self.child[keep], self.weight[keep])


@dataclass(frozen=True, slots=True)
class Definitions:
    """Everything about how to score, for a set of subjects."""

    metrics: tuple[Metric, ...]
    cards: tuple[Card, ...]
    card_of: Integers  # per subject the number of its scorecard, -1 for none
    active_from: Integers  # per subject, the organisation's and the project's span applied
    active_until: Integers
    kind: NDArray[np.str_]  # per subject
    links: Mapping[str, Links] = field(
        default_factory=dict
    )  # per group: engagements, projects, ...

    @property
    def subject_count(self) -> int:
        return len(self.card_of)

    def active(self, months: Integers) -> Booleans:
        """Which subject is measured in which month (subjects x months)."""
        return (self.active_from[:, None] <= months) & (months <= self.active_until[:, None])

    def inputs(self, metric: Metric) -> list[int]:
        """The numbers of the metrics that a formula metric is computed from."""
        if metric.formula is None:
            return []
        numbers = {other.code: number for number, other in enumerate(self.metrics)}
        return sorted(numbers[code] for code in inputs_of(metric.formula))


@dataclass(frozen=True, slots=True)
class Measurements:
    """Values of one metric: one row per subject and period."""

    subject: Integers
    month: Integers
    order: Integers  # grows with the period; tells periods of one month apart
    value: Floats
