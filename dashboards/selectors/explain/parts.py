"""The contribution tree with names: categories, their groups, metrics and children."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from django.utils.translation import gettext_lazy

from dashboards.selectors.explain.opened import STEP, Opened
from dashboards.selectors.explain.records import Record, Records
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
    "own": gettext_lazy("Own metrics"),
    "engagements": gettext_lazy("Engagements"),
    "projects": gettext_lazy("Projects"),
    "services": gettext_lazy("Services"),
    "customers": gettext_lazy("Customers"),
    "segments": gettext_lazy("Segments"),
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
    record: Record | None = field(default=None, compare=False)
    """Who entered it, by the record of today; None of what is computed."""

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
    path: str = ""
    is_open: bool = False
    """What lies behind its value stands open."""

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
    path: str = ""
    toggle_query: str = ""
    """What the address has behind its other parameters once this child is opened or shut."""
    is_open: bool = False
    groups: tuple[GroupPart, ...] = ()
    """What its score in the category is made of, if it stands open and that is on record."""

    @property
    def anchor(self) -> str:
        return anchor_of(self.path)


def anchor_of(path: str) -> str:
    """A path as the id of its place on the page."""
    return path.replace(STEP, "--")


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
    subject: Subject | None = None
    """Whose group it is."""
    whole_query: str = ""
    """What the address has behind its other parameters once all members are shown."""

    @property
    def anchor(self) -> str:
        return anchor_of(self.key)

    @property
    def is_nested(self) -> bool:
        return STEP in self.key

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


@dataclass(frozen=True, slots=True)
class _Builder:
    """What every part needs to be named, and to know whether it stands open."""

    explanation: Explanation
    opened: Opened
    records: Records | None

    def category(self, category: Category, node: Node | None) -> CategoryPart:
        if node is None:
            return CategoryPart(category, 0.0, None, None, None, 0.0, 100.0, None)
        subject = self.explanation.subject
        return CategoryPart(
            category=category,
            weight=node.weight or 0.0,
            score=node.score,
            # A category that is weighed and has no members is not measured: nothing is stored.
            band=None if node.coverage is None else Band(node.band),
            coverage=node.coverage,
            low=node.low or 0.0,
            high=100.0 if node.high is None else node.high,
            points=node.points,
            groups=tuple(
                self.group(
                    category,
                    part,
                    f"{category}-{GROUPS[part.number]}",
                    subject,
                    is_alone=len(node.parts) == 1,
                )
                for part in node.parts
            ),
        )

    def group(
        self, category: Category, node: Node, path: str, subject: Subject, *, is_alone: bool
    ) -> GroupPart:
        name = GROUPS[node.number]
        made = partial(
            GroupPart,
            key=path,
            category=category,
            title=str(GROUP_TITLES[name]),
            share=node.weight or 0.0,
            score=node.score,
            band=Band(node.band),
            coverage=node.coverage,
            points=node.points,
            subject=subject,
            whole_query=self.opened.query_of_whole(path),
        )
        parts = sorted(node.parts, key=_most_points_first)
        if name == "own":
            return made(metrics=tuple(self.metric(part, path, subject) for part in parts))
        is_whole = path in self.opened.whole_groups or len(parts) <= FIRST_ROWS + 1
        # An opened member is shown wherever it stands.
        shown = [
            part
            for place, part in enumerate(parts)
            if is_whole or place < FIRST_ROWS or self.opened.holds(self._path_of(path, part))
        ]
        return made(
            subjects=tuple(self.child(category, part, path) for part in shown),
            rest=_rest([part for part in parts if part not in shown] if not is_whole else ()),
            is_open=is_alone
            or path in self.opened.whole_groups
            or self.opened.holds(path)
            or len(parts) <= FEW_ROWS,
        )

    def _path_of(self, group: str, node: Node) -> str:
        return f"{group}{STEP}{self.explanation.subject_of(node).code}"

    def child(self, category: Category, node: Node, group: str) -> SubjectPart:
        path, subject = self._path_of(group, node), self.explanation.subject_of(node)
        is_open = self.opened.holds(path)
        return SubjectPart(
            subject,
            node.score,
            Band(node.band),
            node.coverage,
            node.weight or 0.0,
            node.points,
            path,
            self.opened.query_without(path) if is_open else self.opened.query_with(path),
            is_open,
            tuple(
                self.group(
                    category, part, f"{path}{STEP}{GROUPS[part.number]}", subject, is_alone=True
                )
                for part in (node.parts if is_open else ())
            ),
        )

    def metric(self, node: Node, group: str, subject: Subject) -> MetricPart:
        override = -1 if node.reading is None else node.reading.override
        metric = self.explanation.metric_of(node.number)
        path = f"{group}{STEP}{metric.code}"
        return MetricPart(
            metric=metric,
            reading=None if node.reading is None else self.value(node.reading, subject),
            curve=_curve(self.explanation, node.number, override),
            score=node.score,
            band=Band(node.band),
            weight=node.weight or 0.0,
            points=node.points,
            has_own_curve=override >= 0,
            path=path,
            is_open=self.opened.holds(path),
        )

    def value(self, reading: Reading, subject: Subject) -> ValueInForce:
        """A reading with its metric's row, its period as it is written, and who gave it."""
        metric, month = self.explanation.metric_of(reading.metric), Month(reading.period)
        return ValueInForce(
            metric=metric,
            value=reading.value,
            period=self.explanation.period_label(reading),
            month=month,
            age=reading.age,
            freshness=reading.freshness,
            inputs=tuple(self.value(part, subject) for part in reading.inputs),
            record=None
            if metric.is_computed or self.records is None
            else self.records.of(metric, subject, month),
        )


def category_parts(
    explanation: Explanation, opened: Opened | None = None, *, with_records: bool = False
) -> tuple[CategoryPart, ...]:
    """All four categories in their order; one that is not measured is among them, and says so.

    Records tell who entered each value; they cost a query.
    """
    if explanation.node is None:
        return ()
    records = None
    if with_records:
        records = Records(explanation.ledger.fiscal_year_starts_in, explanation.as_of)
    builder = _Builder(explanation, opened or Opened(), records)
    nodes = {node.number: node for node in explanation.node.parts if node.kind == "category"}
    parts = tuple(
        builder.category(category, nodes.get(number)) for number, category in enumerate(Category)
    )
    if records is not None:
        records.read()
    return parts


def _most_points_first(node: Node) -> tuple[bool, float, float]:
    """What adds most, then what has no score and weighs most."""
    return node.points is None, -(node.points or 0.0), -(node.weight or 0.0)


def _rest(parts: Sequence[Node]) -> Rest | None:
    if not parts:
        return None
    points = [part.points for part in parts if part.points is not None]
    return Rest(len(parts), sum(points), len(parts) - len(points))


def _curve(explanation: Explanation, number: int, override: int) -> list[list[float]]:
    metric = explanation.ledger.definitions.metrics[number]
    curve = metric.overrides[override].curve if override >= 0 else metric.curve
    return [] if curve is None else curve.points()
