"""Explanations with names: of one subject's score in a month, and of its change between two.

Own lines are computed from what is measured now, those of a closed month from what stood when it
was closed; the scores of children are the stored ones, so that the cost follows what is opened and
not the size of the organisation. What a closing reported before its month was reopened is explained
by what stood at that closing, and its children by the scores that were reported with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from django.utils import formats
from django.utils.translation import gettext

from metrics.as_of import read_ledgers_as_of, read_measurements_as_of
from metrics.choices import Band
from metrics.closed_months import ClosedMonths
from metrics.ledger import BoardWish, Ledger, read_boards, read_ledger, read_measurements
from metrics.models import MetricDefinition, MonthClosing
from metrics.periods import period_holding
from metrics.scoring.changes import Change, change_between
from metrics.scoring.columns import CATEGORIES
from metrics.scoring.explanation import Explainer, Node, Reading
from metrics.scoring.roll_up import GROUPS
from projects.models import Subject
from projects.months import Month

NOT_SEEN = "-"
"""Instead of the code of a subject that the reader does not see."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A score taken apart; `change` is there if another month was asked for and both have one.

    A closed month is explained by what stood when it was closed; so the two months may each have
    definitions of their own. Parts are numbered alike in both trees.
    """

    subject: Subject
    month: Month
    closing: MonthClosing | None
    """Explained as this closing of the month reported it."""
    node: Node | None
    against: Month | None
    """Compared with this month; with the month itself as it stands now, where a closing is told."""
    before: Node | None
    """The month that it is compared with."""
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

    @property
    def is_restated(self) -> bool:
        """Whether what was reported is compared with what the same month says now."""
        return self.closing is not None and self.against == self.month

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
class _Wish:
    """Months to explain together, by what stood at a moment (now, if None)."""

    at: datetime | None
    months: tuple[Month, ...]
    closing: int | None
    """The key of a closing that was ended: its reported scores, and not what stands now."""
    depth: int
    further: frozenset[int] = frozenset()
    """The keys of subjects that are opened too, wherever they stand in the tree."""


@dataclass(frozen=True, slots=True)
class _Side:
    """What explains a wish."""

    wish: _Wish
    ledger: Ledger
    explainer: Explainer
    number: int | None
    """The subject's; None if there was no such subject."""

    def tree(self, month: Month) -> Node | None:
        if self.number is None:
            return None
        depth = self.wish.depth + len(self.wish.further)
        return self.explainer.explain(self.number, month, depth)


def explain(
    subject: Subject,
    month: Month,
    *,
    against: Month | None = None,
    depth: int = 0,
    ledger: Ledger | None = None,
    closed: ClosedMonths | None = None,
    closing: MonthClosing | None = None,
    further: Collection[int] = (),
) -> Explanation:
    """Take the subject's scores in a month apart, children opened `depth` levels down.

    Of what lies deeper only the subjects with the keys `further` are opened.

    A closed month is explained by what stood when it was closed, its children by their frozen
    scores; with one of the month's closings it is explained as that one reported it. A ledger that
    was read a moment ago can be given, so that it isn't read again.
    """
    closed = ClosedMonths.read() if closed is None else closed
    wishes = [
        replace(wish, further=frozenset(further))
        for wish in _wishes(month, against, depth, closed, closing)
    ]
    sides = _sides(subject, wishes, ledger)
    now, then = sides[0], sides[-1]
    node = now.tree(month)
    before = None if against is None else then.tree(against)
    subject_keys, metric_keys = _keys(now.ledger), _keys(now.ledger, of_metrics=True)
    if before is not None and then is not now:
        before = _renumbered(
            before,
            _numbering(then.ledger.subject_ids.tolist(), subject_keys),
            _numbering(then.ledger.metric_ids.tolist(), metric_keys),
        )
    is_restated = closing is not None and against == month
    change = change_between(node, before) if is_restated else change_between(before, node)
    return Explanation(
        subject,
        month,
        closing,
        node,
        against,
        before,
        change,
        "" if against is None or change else _why_no_change(node, month, before, against),
        _named(_subject_ids(subject_keys, node, before)),
        now.ledger,
        subject_keys,
        metric_keys,
        {**then.ledger.metric_rows, **now.ledger.metric_rows},
        now.wish.at,
        None if against is None else then.wish.at,
    )


def _wishes(
    month: Month,
    against: Month | None,
    depth: int,
    closed: ClosedMonths,
    closing: MonthClosing | None,
) -> list[_Wish]:
    """One where both months are told by the same definitions, else one for each of them."""
    at = closed.closed_at(month) if closing is None else closing.closed_at
    ended = closing.pk if closing is not None and closing.reopened_at else None
    other = at if against is None else closed.closed_at(against)
    depth_of = {moment: 0 if moment else depth for moment in (at, other)}
    if ended is None and at == other:
        months = tuple(sorted({month, against or month}))
        return [_Wish(at, months, None, depth_of[at])]
    wishes = [_Wish(at, (month,), ended, depth_of[at])]
    if against is not None:
        wishes.append(_Wish(other, (against,), None, depth_of[other]))
    return wishes


def _sides(subject: Subject, wishes: Sequence[_Wish], ledger: Ledger | None) -> list[_Side]:
    ledgers = _ledgers([wish.at for wish in wishes], ledger)
    found = []
    for wish in wishes:
        stood = ledgers[wish.at]
        number = int(np.searchsorted(stood.subject_ids, subject.pk))
        is_there = number < len(stood.subject_ids) and int(stood.subject_ids[number]) == subject.pk
        opened = _opened(stood, number, wish) if is_there else np.empty(0, np.int64)
        months = np.array([int(month) for month in wish.months], dtype=np.int64)
        found.append((wish, stood, number if is_there else None, opened, months))
    boards = read_boards(
        [
            BoardWish(stood, months, np.setdiff1d(stood.children_of(opened), opened), wish.closing)
            for wish, stood, _, opened, months in found
        ]
    )
    sides = []
    for (wish, stood, number_of, opened, months), board in zip(found, boards, strict=True):
        first, last = int(months[0]), int(months[-1])
        measurements = (
            read_measurements(stood, first, last, opened)
            if wish.at is None
            else read_measurements_as_of(stood, wish.at, first, last, opened)
        )
        explainer = Explainer.of(stood.definitions, measurements, months, opened, board)
        sides.append(_Side(wish, stood, explainer, number_of))
    return sides


def _ledgers(
    moments: Sequence[datetime | None], now: Ledger | None
) -> dict[datetime | None, Ledger]:
    past = list(dict.fromkeys(moment for moment in moments if moment is not None))
    ledgers: dict[datetime | None, Ledger] = dict(
        zip(past, read_ledgers_as_of(past) if past else [], strict=True)
    )
    if None in moments:
        ledgers[None] = now or read_ledger()
    return ledgers


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


def _opened(ledger: Ledger, subject: int, wish: _Wish) -> np.ndarray[Any, np.dtype[np.int64]]:
    opened = np.array([subject], dtype=np.int64)
    for _ in range(wish.depth):
        opened = np.union1d(opened, ledger.children_of(opened))
    return np.union1d(opened, ledger.subject_numbers(wish.further))


def _subject_ids(keys: Sequence[int], *trees: Node | None) -> list[int]:
    def numbers(node: Node) -> Iterator[int]:
        if node.kind == "subject":
            yield node.number
        for part in node.parts:
            yield from numbers(part)

    found = {number for tree in trees if tree is not None for number in numbers(tree)}
    return [keys[number] for number in found]


def _named(subject_ids: list[int]) -> dict[int, Subject]:
    """What the reader sees by its name; what counted here once and lies elsewhere now without."""
    found = Subject.objects.in_bulk(subject_ids)
    for key in subject_ids:
        if key not in found:
            found[key] = Subject(pk=key, code=NOT_SEEN, name=gettext("Something you don't see"))
    return found


def _why_no_change(now: Node | None, month: Month, before: Node | None, against: Month) -> str:
    for node, when in ((before, against), (now, month)):
        if node is None:
            return gettext("There are no scores in %(when)s, so there is no change to tell.") % {
                "when": when
            }
        if node.score is None:
            return gettext(
                "The overall score of %(when)s is insufficient, with a coverage of"
                " %(coverage)s, so there is no change to tell."
            ) % {"when": when, "coverage": formats.number_format(f"{node.coverage:.2f}")}
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
