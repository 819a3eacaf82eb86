"""Explanations with names: of one subject's score in a month, and of its change between two.

Own lines are computed from what is measured now, those of a closed month from what stood when it
was closed; the scores of children are the stored ones, so that the cost follows what is opened and
not the size of the organisation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from metrics.as_of import read_ledgers_as_of, read_measurements_as_of
from metrics.choices import Band
from metrics.closed_months import ClosedMonths
from metrics.ledger import Ledger, read_board, read_ledger, read_measurements
from metrics.models import MetricDefinition
from metrics.periods import period_holding
from metrics.scoring.changes import Change, change_between
from metrics.scoring.columns import CATEGORIES
from metrics.scoring.explanation import Explainer, Node, Reading
from metrics.scoring.roll_up import GROUPS
from projects.models import Subject
from projects.months import Month


@dataclass(frozen=True, slots=True)
class Explanation:
    """A score taken apart; `change` is there if another month was asked for and both have one.

    A closed month is explained by what stood when it was closed; so the two months may each have
    definitions of their own. Parts are numbered alike in both trees.
    """

    subject: Subject
    month: Month
    node: Node | None
    against: Month | None
    before: Node | None
    change: Change | None
    reason: str
    subjects: dict[int, Subject]
    ledger: Ledger
    """Of the month itself."""
    subject_keys: Sequence[int]
    metric_keys: Sequence[int]
    metrics: Mapping[int, MetricDefinition]
    as_of: datetime | None
    """By the definitions of which moment the month is explained; None = by today's."""
    as_of_before: datetime | None

    def subject_of(self, node: Node | Change) -> Subject:
        """The subject that a node of kind `subject` is about."""
        return self.subjects[self.subject_keys[node.number]]

    def metric_of(self, number: int) -> MetricDefinition:
        return self.metrics[self.metric_keys[number]]

    def name_of(self, node: Node | Change) -> str:
        """The code by which files and programs know the part."""
        match node.kind:
            case "category":
                return CATEGORIES[node.number]
            case "group":
                return GROUPS[node.number]
            case "metric":
                return self.metric_of(node.number).code
            case "subject":
                return self.subject_of(node).code
        return node.kind

    def period_label(self, reading: Reading) -> str:
        """The period of a value as a workspace writes it; days and weeks are told by month."""
        cadence = self.metric_of(reading.metric).cadence
        period = period_holding(
            Month(reading.period).first_day,
            cadence if cadence in ("quarter", "year") else "month",
            self.ledger.fiscal_year_starts_in,
        )
        return period.label(self.ledger.fiscal_year_starts_in)


@dataclass(frozen=True, slots=True)
class _Side:
    """What stood at a moment (now, if None), and what explains by it."""

    at: datetime | None
    ledger: Ledger
    explainer: Explainer
    number: int | None
    """The subject's; None if there was no such subject."""

    def tree(self, month: Month, depth: int) -> Node | None:
        return None if self.number is None else self.explainer.explain(self.number, month, depth)


def explain(
    subject: Subject,
    month: Month,
    *,
    against: Month | None = None,
    depth: int = 0,
    ledger: Ledger | None = None,
    closed: ClosedMonths | None = None,
) -> Explanation:
    """Take the subject's scores in a month apart, children opened `depth` levels down.

    A closed month is explained by what stood when it was closed, its children by their frozen
    scores. A ledger that was read a moment ago can be given, so that it isn't read again.
    """
    closed = closed or ClosedMonths.read()
    moments = [closed.closed_at(each) for each in (month, against or month)]
    is_one = moments[0] == moments[1]
    together = sorted({month, against or month}) if is_one else [month]
    past = list(dict.fromkeys(moment for moment in moments if moment is not None))
    ledgers: dict[datetime | None, Ledger] = dict(
        zip(past, read_ledgers_as_of(past) if past else [], strict=True)
    )
    if None in moments:
        ledgers[None] = ledger or read_ledger()
    now = _side(subject, moments[0], together, depth, ledgers)
    node = now.tree(month, 0 if moments[0] else depth)
    then = now
    if against is not None and not is_one:
        then = _side(subject, moments[1], [against], depth, ledgers)
    before = None if against is None else then.tree(against, 0 if moments[1] else depth)
    subject_keys, metric_keys = _keys(now.ledger), _keys(now.ledger, of_metrics=True)
    if before is not None and then is not now:
        before = _renumbered(
            before,
            _numbering(then.ledger.subject_ids.tolist(), subject_keys),
            _numbering(then.ledger.metric_ids.tolist(), metric_keys),
        )
    change = change_between(before, node)
    return Explanation(
        subject,
        month,
        node,
        against,
        before,
        change,
        "" if against is None or change else _why_no_change(node, month, before, against),
        Subject.objects.in_bulk(_subject_ids(subject_keys, node, before)),
        now.ledger,
        subject_keys,
        metric_keys,
        {**then.ledger.metric_rows, **now.ledger.metric_rows},
        moments[0],
        None if against is None else moments[1],
    )


def _side(
    subject: Subject,
    at: datetime | None,
    wanted: Sequence[Month],
    depth: int,
    ledgers: Mapping[datetime | None, Ledger],
) -> _Side:
    ledger, depth = ledgers[at], 0 if at else depth
    number = int(np.searchsorted(ledger.subject_ids, subject.pk))
    is_there = number < len(ledger.subject_ids) and int(ledger.subject_ids[number]) == subject.pk
    months = np.array([int(month) for month in wanted], dtype=np.int64)
    opened = _opened(ledger, number, depth) if is_there else np.empty(0, np.int64)
    board = read_board(ledger, months, np.setdiff1d(ledger.children_of(opened), opened))
    first, last = int(months[0]), int(months[-1])
    measurements = (
        read_measurements(ledger, first, last, opened)
        if at is None
        else read_measurements_as_of(ledger, at, first, last, opened)
    )
    explainer = Explainer.of(ledger.definitions, measurements, months, opened, board)
    return _Side(at, ledger, explainer, number if is_there else None)


def _keys(ledger: Ledger, *, of_metrics: bool = False) -> list[int]:
    keys = ledger.metric_ids if of_metrics else ledger.subject_ids
    return [int(key) for key in keys]


def _numbering(theirs: Sequence[int], keys: list[int]) -> list[int]:
    """Their numbers in ours; what we don't have gets a number behind all others."""
    places = {key: place for place, key in enumerate(keys)}
    for key in theirs:
        if key not in places:
            places[key] = len(keys)
            keys.append(key)
    return [places[key] for key in theirs]


def _renumbered(node: Node, subjects: Sequence[int], metrics: Sequence[int]) -> Node:
    number = node.number
    if node.kind in ("overall", "subject"):
        number = subjects[number]
    elif node.kind == "metric":
        number = metrics[number]
    return replace(
        node,
        number=number,
        parts=tuple(_renumbered(part, subjects, metrics) for part in node.parts),
        reading=None if node.reading is None else _reread(node.reading, metrics),
    )


def _reread(reading: Reading, metrics: Sequence[int]) -> Reading:
    return replace(
        reading,
        metric=metrics[reading.metric],
        inputs=tuple(_reread(part, metrics) for part in reading.inputs),
    )


def _opened(ledger: Ledger, subject: int, depth: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    opened = np.array([subject], dtype=np.int64)
    for _ in range(depth):
        opened = np.union1d(opened, ledger.children_of(opened))
    return opened


def _subject_ids(keys: Sequence[int], *trees: Node | None) -> list[int]:
    def numbers(node: Node) -> Iterator[int]:
        if node.kind == "subject":
            yield node.number
        for part in node.parts:
            yield from numbers(part)

    found = {number for tree in trees if tree is not None for number in numbers(tree)}
    return [keys[number] for number in found]


def _why_no_change(now: Node | None, month: Month, before: Node | None, against: Month) -> str:
    for node, when in ((before, against), (now, month)):
        if node is None:
            return f"There are no scores in {when}, so there is no change to tell."
        if node.score is None:
            return (
                f"The overall score of {when} is insufficient, with a coverage of "
                f"{node.coverage:.2f}, so there is no change to tell."
            )
    return ""


def as_json(explanation: Explanation) -> dict[str, Any]:
    """The explanation as `manage.py explain` prints it (SCORING section 8)."""
    told: dict[str, Any] = {
        "subject": explanation.subject.code,
        "month": str(explanation.month),
    }
    if explanation.against is not None:
        told["against"] = str(explanation.against)
        if explanation.change is None:
            told["reason"] = explanation.reason
    if explanation.node is None:
        return {**told, "kind": "overall", "name": "overall", "score": None, "parts": []}
    return {**told, **_node_as_json(explanation, explanation.node, explanation.change)}


def _node_as_json(explanation: Explanation, node: Node, change: Change | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "kind": node.kind,
        "name": explanation.name_of(node),
        "weight": node.weight,
        "coverage": node.coverage,
        "score": node.score,
        "low": node.low,
        "high": node.high,
        "points": node.points,
    }
    if node.kind != "balance":
        told["band"] = Band(node.band).name.lower()
    if node.kind == "metric":
        told |= _reading_as_json(explanation, node.reading)
        told["curve"] = _curve_of(explanation, node)
    changes = {part.kind + str(part.number): part for part in change.parts} if change else {}
    told["parts"] = [
        _node_as_json(explanation, part, changes.pop(part.kind + str(part.number), None))
        for part in node.parts
    ]
    if change is not None:
        told["change"] = _change_as_json(change)
        told["gone"] = [
            {"kind": part.kind, "name": explanation.name_of(part), "change": _change_as_json(part)}
            for part in changes.values()
        ]
    return told


def _change_as_json(change: Change) -> dict[str, Any]:
    return {
        "before": change.before,
        "now": change.now,
        "points": change.total,
        "score_moved": change.score_moved,
        "weight_moved": change.weight_moved,
        "came": change.came,
        "went": change.went,
        "by": change.by,
    }


def _reading_as_json(explanation: Explanation, reading: Reading | None) -> dict[str, Any]:
    if reading is None:
        return {"value": None, "period": None, "freshness": None, "inputs": []}
    return {
        "value": reading.value,
        "period": explanation.period_label(reading),
        "freshness": reading.freshness,
        "inputs": [
            {
                "name": explanation.metric_of(part.metric).code,
                **_reading_as_json(explanation, part),
            }
            for part in reading.inputs
        ],
    }


def _curve_of(explanation: Explanation, node: Node) -> list[list[float]] | None:
    metric = explanation.ledger.definitions.metrics[node.number]
    if node.reading is not None and node.reading.override >= 0:
        return metric.overrides[node.reading.override].curve.points()
    return None if metric.curve is None else metric.curve.points()
