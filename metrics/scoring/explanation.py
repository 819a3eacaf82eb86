"""Taking scores apart, down to the values in force (SCORING section 8).

The same functions that score also explain: what they pass by is kept, for a few subjects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isnan
from typing import NamedTuple

import numpy as np

from metrics.scoring.columns import (
    CATEGORY_COUNT,
    Definitions,
    Floats,
    Integers,
    Measurements,
    Metric,
)
from metrics.scoring.computed import all_series
from metrics.scoring.curves import curves_used
from metrics.scoring.evidence import Evidence
from metrics.scoring.formulas import inputs_of
from metrics.scoring.overall import (
    INSUFFICIENT,
    Overall,
    Policy,
    band_of,
    overall,
    possible_range,
)
from metrics.scoring.own import LineRows, line_rows, own_groups
from metrics.scoring.roll_up import Board, group_of_children, roll_up, share_table
from metrics.scoring.series import Series, look_up


class _Told(NamedTuple):
    """What one member has to say, in plain numbers."""

    present: bool
    score: float | None
    coverage: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Reading:
    """The value behind a metric score: which period's, how fresh, judged by which curve.

    `period` is the period's month. A formula's value has the readings of its inputs.
    """

    metric: int
    value: float
    period: int
    age: int
    freshness: float
    override: int = -1  # number among the metric's overrides, -1 for its own curve
    inputs: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """A score and what it is made of.

    `kind` is overall, category, balance, group, subject or metric; `number` says which one.
    `points` is what it adds to the score above it, None where it adds nothing; the points of the
    parts add up to the score.
    """

    kind: str
    number: int
    weight: float | None
    coverage: float | None
    score: float | None
    low: float | None
    high: float | None
    band: int
    points: float | None
    parts: tuple[Node, ...] = ()
    reading: Reading | None = None

    @property
    def key(self) -> tuple[str, int]:
        return self.kind, self.number

    @property
    def evidence(self) -> float:
        """Importance x evidence; 0 without a score."""
        if self.score is None or not self.weight:
            return 0.0
        return self.weight * (1.0 if self.kind == "category" else self.coverage or 0.0)


GROUP_NUMBERS = {
    group: number
    for number, group in enumerate(
        ("own", "engagements", "projects", "services", "customers", "segments")
    )
}


@dataclass(slots=True)
class Explainer:
    """Explains the subjects it was made for, in the months it was made for."""

    definitions: Definitions
    months: Integers
    subjects: Integers
    series: Mapping[int, Series]
    lines: list[LineRows]
    own: Evidence
    board: Board
    categories: Evidence
    overall: Overall
    policy: Policy
    shares: dict[str, Floats]
    _groups: dict[tuple[str, int], Evidence] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        definitions: Definitions,
        measurements: Mapping[int, Measurements],
        months: Integers,
        subjects: Integers,
        board: Board,
    ) -> Explainer:
        """Score these subjects; the board brings the category scores of their other children."""
        series = all_series(definitions, measurements)
        own = own_groups(definitions, series, months, subjects)
        roll_up(definitions, own, board, months, subjects)
        categories = board.evidence(subjects)
        policy = Policy.of(definitions.cards, definitions.card_of[subjects])
        return cls(
            definitions,
            months,
            subjects,
            series,
            list(line_rows(definitions, series, months, subjects)),
            own,
            board,
            categories,
            overall(categories, policy),
            policy,
            share_table(definitions),
        )

    def explain(self, subject: int, month: int, depth: int = 0) -> Node | None:
        """The overall score of a subject; its children are opened `depth` levels down.

        None if the subject has no scores in that month.
        """
        place, at = self._place(subject), int(np.searchsorted(self.months, month))
        if not self.categories.present[:, place, at].any():
            return None
        score = _number(self.overall.score[place, at])
        weights = self.policy.weights[:, place, 0]
        used = (weights > 0) & ~np.isnan(self.categories.score[:, place, at])
        parts = [
            self._category(subject, number, at, weights, used, score is not None, depth)
            for number in range(CATEGORY_COUNT)
            if weights[number] > 0 or self.categories.present[number, place, at]
        ]
        if score is not None:
            mean = sum(part.points for part in parts if part.points is not None)
            parts.append(
                Node("balance", 0, None, None, None, None, None, INSUFFICIENT, score - mean)
            )
        return Node(
            "overall",
            subject,
            None,
            float(self.overall.coverage[place, at]),
            score,
            float(self.overall.low[place, at]),
            float(self.overall.high[place, at]),
            int(self.overall.band[place, at]),
            None,
            tuple(parts),
        )

    def _place(self, subject: int) -> int:
        return int(np.searchsorted(self.subjects, subject))

    def _category(
        self,
        subject: int,
        category: int,
        at: int,
        weights: Floats,
        used: np.ndarray,
        counts: bool,
        depth: int,
    ) -> Node:
        place = self._place(subject)
        points = None
        if counts and used[category]:
            score = self.categories.score[category, place, at]
            points = float(weights[category] * score / weights[used].sum())
        return self._node(
            "category",
            category,
            subject,
            float(weights[category]),
            _told(self.categories[category, place, at])[0],
            points,
            tuple(self._groups_of(subject, category, at, depth)),
        )

    def _groups_of(self, subject: int, category: int, at: int, depth: int) -> Iterator[Node]:
        """The groups of one category of a subject, points counted in the category's own."""
        place = self._place(subject)
        present: list[tuple[str, float, Evidence]] = []
        for group in GROUP_NUMBERS:
            share = float(self.shares[group][subject])
            evidence = (
                self.own[category, place, at]
                if group == "own"
                else self._children(group, subject)[category, at]
            )
            if share > 0 and evidence.present:
                present.append((group, share, evidence))
        # An insufficient category has no score that its groups could add up to.
        has_score = not np.isnan(self.board.score[category, subject, at])
        backed = has_score * sum(
            share * float(evidence.coverage)
            for _, share, evidence in present
            if not np.isnan(evidence.score)
        )
        for group, share, evidence in present:
            members = (
                self._lines(subject, category, at)
                if group == "own"
                else self._members(group, subject, category, at, depth)
            )
            (told,) = _told(evidence)
            yield self._node(
                "group",
                GROUP_NUMBERS[group],
                subject,
                share,
                told,
                _points(share, told, backed),
                tuple(members),
            )

    def _children(self, group: str, subject: int) -> Evidence:
        """What the children of one group say: categories x months."""
        if (group, subject) not in self._groups:
            wanted = np.zeros(self.definitions.subject_count, bool)
            wanted[subject] = True
            links = self.definitions.links[group].of_parents(wanted)
            if len(links.child):
                evidence = group_of_children(self.board, links)[1][:, 0]
            else:
                shape = (CATEGORY_COUNT, len(self.months))
                evidence = Evidence(np.zeros(shape, bool), np.full(shape, np.nan), np.zeros(shape))
            self._groups[group, subject] = evidence
        return self._groups[group, subject]

    def _members(
        self, group: str, subject: int, category: int, at: int, depth: int
    ) -> Iterator[Node]:
        wanted = np.zeros(self.definitions.subject_count, bool)
        wanted[subject] = True
        links = self.definitions.links[group].of_parents(wanted)
        members = Evidence(
            self.board.present[category, links.child, at],
            self.board.score[category, links.child, at],
            self.board.coverage[category, links.child, at],
        )
        backed = float(
            (links.weight * np.where(np.isnan(members.score), 0.0, members.coverage)).sum()
        )
        children = zip(links.child.tolist(), links.weight.tolist(), _told(members), strict=True)
        for child, weight, told in children:
            if not told.present:
                continue
            opened = depth > 0 and self._is_explained(child)
            yield self._node(
                "subject",
                child,
                child,
                weight,
                told,
                _points(weight, told, backed),
                tuple(self._groups_of(child, category, at, depth - 1)) if opened else (),
            )

    def _is_explained(self, subject: int) -> bool:
        place = self._place(subject)
        return place < len(self.subjects) and int(self.subjects[place]) == subject

    def _lines(self, subject: int, category: int, at: int) -> Iterator[Node]:
        place = self._place(subject)
        found: list[tuple[LineRows, int | None]] = []
        for line in self.lines:
            if self.definitions.metrics[line.number].category != category:
                continue
            if line.expected[place, at]:
                rows = np.flatnonzero((line.place == place) & (line.at == at))
                found.append((line, int(rows[0]) if len(rows) else None))
        backed = sum(
            float(line.weight[place] * line.rows.freshness[row])
            for line, row in found
            if row is not None
        )
        for line, row in found:
            weight = float(line.weight[place])
            evidence = Evidence(
                np.array([True]),
                np.array([np.nan if row is None else line.score[row]]),
                np.array([0.0 if row is None else line.rows.freshness[row]]),
            )
            (told,) = _told(evidence)
            yield self._node(
                "metric",
                line.number,
                subject,
                weight,
                told,
                _points(weight, told, backed),
                reading=None if row is None else self._reading(line, row),
            )

    def _reading(self, line: LineRows, row: int) -> Reading:
        metric = self.definitions.metrics[line.number]
        one = line.rows.only(np.arange(len(line.rows.value)) == row)
        return self._reading_at(
            line.number,
            int(line.rows.source[row]),
            int(line.rows.month[row]),
            float(line.rows.freshness[row]),
            int(curves_used(metric, one)[0]),
        )

    def _reading_at(
        self, number: int, source: int, month: int, freshness: float, override: int = -1
    ) -> Reading:
        metric, series = self.definitions.metrics[number], self.series[number]
        period = int(series.month[source])
        return Reading(
            metric=number,
            value=float(series.value[source]),
            period=period,
            age=max(0, month - (period + metric.current_months - 1)),
            freshness=freshness,
            override=override,
            inputs=tuple(self._inputs(metric, int(series.subject[source]), period)),
        )

    def _inputs(self, metric: Metric, subject: int, period: int) -> Iterator[Reading]:
        """What a formula's value was computed from, at its own period."""
        if metric.formula is None:
            return
        wanted = inputs_of(metric.formula)
        for number, other in enumerate(self.definitions.metrics):
            if other.code not in wanted:
                continue
            rows, freshness = look_up(
                self.series[number],
                np.array([subject]),
                np.array([period]),
                current_months=other.current_months,
                grace=other.grace,
            )
            yield self._reading_at(number, int(rows[0]), period, float(freshness[0]))

    def _node(
        self,
        kind: str,
        number: int,
        subject: int,
        weight: float,
        told: _Told,
        points: float | None,
        parts: tuple[Node, ...] = (),
        reading: Reading | None = None,
    ) -> Node:
        """A node judged by the limits of the scorecard of `subject`."""
        card = self.definitions.cards[self.definitions.card_of[subject]]
        return Node(
            kind,
            number,
            weight,
            told.coverage if told.present else None,
            told.score,
            told.low,
            told.high,
            INSUFFICIENT
            if told.score is None
            else band_of(told.score, card.amber_from, card.green_from),
            points,
            parts,
            reading,
        )


def _told(evidence: Evidence) -> list[_Told]:
    """Each member in plain numbers: of thousands, one by one, arrays are slow."""
    low, high = possible_range(evidence)
    columns = (evidence.present, evidence.score, evidence.coverage, low, high)
    rows = zip(*(np.atleast_1d(column).tolist() for column in columns), strict=True)
    return [
        _Told(present, None if isnan(score) else score, coverage, low, high)
        for present, score, coverage, low, high in rows
    ]


def _points(weight: float, told: _Told, backed: float) -> float | None:
    """What a member adds to the mean it is in: p = w k s / sum(w k)."""
    if told.score is None or backed <= 0:
        return None
    return weight * told.coverage * told.score / backed


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def effective_weights(node: Node) -> dict[tuple[int, int], float]:
    """What share of an overall score each metric of each subject carries; they add up to 1.

    The tree must be opened down to the metrics. Keys are (subject, metric) numbers.
    """
    weights: dict[tuple[int, int], float] = {}

    def walk(parent: Node, subject: int, share: float) -> None:
        members = [part for part in parent.parts if part.evidence > 0]
        total = sum(part.evidence for part in members)
        for part in members:
            carried = share * part.evidence / total
            if part.kind == "metric":
                key = subject, part.number
                weights[key] = weights.get(key, 0.0) + carried
            else:
                walk(part, part.number if part.kind == "subject" else subject, carried)

    if node.score is not None:
        walk(node, node.number, 1.0)
    return weights
