"""The contribution tree with names: categories, their groups, metrics and children."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from metrics.choices import Band, Category
from metrics.explaining import Explanation
from metrics.models import GROUPS, MetricDefinition
from metrics.scoring.explanation import Node, Reading
from metrics.validation.numbers import number_text
from projects.models import Subject
from projects.months import Month

FIRST_ROWS = 10
"""How many children of a group are shown before somebody asks for all of them."""

FEW_ROWS = 6
"""Up to so many children stand open beside other groups; more are folded away until asked for."""

MOST_DECIMALS = 4
"""How exactly a value is shown whose metric does not say."""

GROUP_TITLES = {
    "own": "Own metrics",
    "engagements": "Engagements",
    "projects": "Projects",
    "services": "Services",
    "customers": "Customers",
    "segments": "Segments",
}


def shown_decimals(decimals: int | None, *values: float | None) -> int:
    """The metric's own decimals; without any as many as its values need, within reason."""
    if decimals is not None:
        return decimals
    texts = [number_text(value) for value in values if value is not None]
    needed = [len(text.partition(".")[2]) for text in texts if "e" not in text]
    return min(max(needed, default=0), MOST_DECIMALS)


@dataclass(frozen=True, slots=True)
class ValueInForce:
    """The value behind a metric's score; a formula's has those of its inputs."""

    metric: MetricDefinition
    value: float
    period: str
    month: Month
    age: int
    freshness: float
    inputs: tuple[ValueInForce, ...] = ()

    @property
    def decimals(self) -> int:
        return shown_decimals(self.metric.decimals, self.value)


@dataclass(frozen=True, slots=True)
class MetricPart:
    """One line of the scorecard; without a value in force it only weighs."""

    metric: MetricDefinition
    reading: ValueInForce | None
    curve: list[list[float]]
    score: float | None
    band: Band
    weight: float
    points: float | None
    has_own_curve: bool

    @property
    def decimals(self) -> int:
        return shown_decimals(
            self.metric.decimals,
            self.reading.value if self.reading else None,
            *(point[0] for point in self.curve),
        )


@dataclass(frozen=True, slots=True)
class SubjectPart:
    """One child: how much it weighs, how much of it is known, what it adds."""

    subject: Subject
    score: float | None
    band: Band
    coverage: float | None
    weight: float
    points: float | None


@dataclass(frozen=True, slots=True)
class Rest:
    """The children that are not shown one by one."""

    count: int
    points: float
    without_score: int


@dataclass(frozen=True, slots=True)
class GroupPart:
    """One group of a category: its metrics, or its children with the weightiest first."""

    key: str
    category: Category
    title: str
    share: float
    score: float | None
    band: Band
    coverage: float | None
    points: float | None
    metrics: tuple[MetricPart, ...] = ()
    subjects: tuple[SubjectPart, ...] = ()
    rest: Rest | None = None
    is_open: bool = True

    @property
    def count(self) -> int:
        return len(self.metrics) + len(self.subjects) + (self.rest.count if self.rest else 0)

    @property
    def largest(self) -> float:
        """Of the parts shown one by one."""
        metrics = [part.points or 0.0 for part in self.metrics]
        return max([*metrics, *(part.points or 0.0 for part in self.subjects)], default=0.0)


@dataclass(frozen=True, slots=True)
class CategoryPart:
    """One of the four categories, measured or not."""

    category: Category
    weight: float
    score: float | None
    band: Band | None
    coverage: float | None
    low: float
    high: float
    points: float | None
    groups: tuple[GroupPart, ...] = ()

    @property
    def anchor(self) -> str:
        return self.category.value

    @property
    def largest(self) -> float:
        return max((group.points or 0.0 for group in self.groups), default=0.0)


def category_parts(
    explanation: Explanation, open_groups: Sequence[str] = ()
) -> tuple[CategoryPart, ...]:
    """All four categories in their order; one that is not measured is among them, and says so."""
    if explanation.node is None:
        return ()
    nodes = {node.number: node for node in explanation.node.parts if node.kind == "category"}
    return tuple(
        _category(explanation, category, nodes.get(number), open_groups)
        for number, category in enumerate(Category)
    )


def _category(
    explanation: Explanation, category: Category, node: Node | None, open_groups: Sequence[str]
) -> CategoryPart:
    if node is None:
        return CategoryPart(category, 0.0, None, None, None, 0.0, 100.0, None)
    return CategoryPart(
        category=category,
        weight=node.weight or 0.0,
        score=node.score,
        # A category that is weighed and has no members is not measured: nothing is stored of it.
        band=None if node.coverage is None else Band(node.band),
        coverage=node.coverage,
        low=node.low or 0.0,
        high=100.0 if node.high is None else node.high,
        points=node.points,
        groups=tuple(
            _group(explanation, category, part, open_groups, is_alone=len(node.parts) == 1)
            for part in node.parts
        ),
    )


def _group(
    explanation: Explanation,
    category: Category,
    node: Node,
    open_groups: Sequence[str],
    *,
    is_alone: bool,
) -> GroupPart:
    name = GROUPS[node.number]
    key = f"{category}-{name}"
    made = partial(
        GroupPart,
        key=key,
        category=category,
        title=GROUP_TITLES[name],
        share=node.weight or 0.0,
        score=node.score,
        band=Band(node.band),
        coverage=node.coverage,
        points=node.points,
    )
    parts = sorted(node.parts, key=_most_points_first)
    if name == "own":
        return made(metrics=tuple(_metric(explanation, part) for part in parts))
    shown = parts if key in open_groups or len(parts) <= FIRST_ROWS + 1 else parts[:FIRST_ROWS]
    return made(
        subjects=tuple(_subject(explanation, part) for part in shown),
        rest=_rest(parts[len(shown) :]),
        is_open=is_alone or key in open_groups or len(parts) <= FEW_ROWS,
    )


def _most_points_first(node: Node) -> tuple[bool, float, float]:
    """What adds most, then what has no score and weighs most."""
    return node.points is None, -(node.points or 0.0), -(node.weight or 0.0)


def _rest(parts: Sequence[Node]) -> Rest | None:
    if not parts:
        return None
    points = [part.points for part in parts if part.points is not None]
    return Rest(len(parts), sum(points), len(parts) - len(points))


def _subject(explanation: Explanation, node: Node) -> SubjectPart:
    return SubjectPart(
        explanation.subject_of(node),
        node.score,
        Band(node.band),
        node.coverage,
        node.weight or 0.0,
        node.points,
    )


def _metric(explanation: Explanation, node: Node) -> MetricPart:
    override = -1 if node.reading is None else node.reading.override
    return MetricPart(
        metric=explanation.metric_of(node.number),
        reading=None if node.reading is None else value_in_force(explanation, node.reading),
        curve=_curve(explanation, node.number, override),
        score=node.score,
        band=Band(node.band),
        weight=node.weight or 0.0,
        points=node.points,
        has_own_curve=override >= 0,
    )


def _curve(explanation: Explanation, number: int, override: int) -> list[list[float]]:
    metric = explanation.ledger.definitions.metrics[number]
    curve = metric.overrides[override].curve if override >= 0 else metric.curve
    return [] if curve is None else curve.points()


def value_in_force(explanation: Explanation, reading: Reading) -> ValueInForce:
    """A reading with its metric's row and its period as it is written."""
    return ValueInForce(
        metric=explanation.metric_of(reading.metric),
        value=reading.value,
        period=explanation.period_label(reading),
        month=Month(reading.period),
        age=reading.age,
        freshness=reading.freshness,
        inputs=tuple(value_in_force(explanation, part) for part in reading.inputs),
    )
