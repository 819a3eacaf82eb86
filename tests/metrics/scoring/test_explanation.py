"""Explanations: points add up, ranges hold, changes add up, and the slow reading tells the same."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tests.oracle as oracle
from metrics.scoring.changes import Change, change_between
from metrics.scoring.columns import CATEGORIES
from metrics.scoring.explanation import Explainer, Node, effective_weights
from metrics.scoring.roll_up import GROUPS, Board
from projects.months import Month
from tests.oracle import Workspace
from tests.strategies import workspaces
from tests.workspace_columns import Columns, columns_of

random_workspaces = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
ALL_THE_WAY = 10


def close(left: float | None, right: float | None, within: float = 1e-6) -> bool:
    if left is None or right is None:
        return left is right
    return math.isclose(left, right, rel_tol=0, abs_tol=within)


def explainer_of(columns: Columns) -> Explainer:
    months = np.array(columns.months, dtype=np.int64)
    count = columns.definitions.subject_count
    return Explainer.of(
        columns.definitions,
        columns.measurements,
        months,
        np.arange(count),
        Board.empty(count, len(months)),
    )


def explained(columns: Columns) -> list[tuple[str, Month, Node]]:
    """Every overall score of the workspace, taken apart all the way down."""
    if not columns.months:
        return []
    explainer = explainer_of(columns)
    return [
        (code, month, node)
        for number, code in enumerate(columns.codes)
        for month in columns.months[-3:]
        if (node := explainer.explain(number, month, ALL_THE_WAY))
    ]


def name_of(columns: Columns, node: Node | Change) -> str:
    match node.kind:
        case "category":
            return CATEGORIES[node.number]
        case "group":
            return GROUPS[node.number]
        case "metric":
            return columns.definitions.metrics[node.number].code
        case "balance":
            return "balance"
    return columns.codes[node.number]


def assert_same_tree(columns: Columns, node: Node, expected: dict[str, Any]) -> None:
    where = (node.kind, name_of(columns, node))
    assert where == (expected["kind"], expected["name"])
    for part in ("weight", "score", "low", "high", "points"):
        assert close(getattr(node, part), expected[part]), (where, part)
    assert close(node.coverage or 0.0, expected["coverage"] or 0.0), where
    if node.kind == "metric":
        value = None if node.reading is None else node.reading.value
        assert close(value, expected["value"]), where
        assert close(node.coverage, expected["freshness"] or 0.0), where
        assert (None if node.reading is None else node.reading.age) == expected["age"], where
    ours = {(child.kind, name_of(columns, child)): child for child in node.parts}
    theirs = {(child["kind"], child["name"]): child for child in expected["parts"]}
    assert ours.keys() == theirs.keys(), where
    for key, child in ours.items():
        assert_same_tree(columns, child, theirs[key])


@random_workspaces
@given(workspace=workspaces())
def test_explanations_agree_with_the_slow_reading(workspace: Workspace) -> None:
    columns = columns_of(workspace)
    for code, month, node in explained(columns):
        expected = oracle.explain(workspace, code, str(month))
        assert expected is not None
        assert_same_tree(columns, node, expected)


@random_workspaces
@given(workspace=workspaces())
def test_points_of_the_parts_add_up_to_the_score(workspace: Workspace) -> None:
    def check(node: Node) -> None:
        points = [part.points for part in node.parts if part.points is not None]
        if node.score is not None and node.parts:
            assert close(sum(points), node.score, within=1e-9)
        for part in node.parts:
            check(part)

    for _, _, node in explained(columns_of(workspace)):
        check(node)


@random_workspaces
@given(workspace=workspaces())
def test_a_score_lies_in_its_possible_range(workspace: Workspace) -> None:
    def check(node: Node) -> None:
        if node.score is not None:
            assert node.low is not None
            assert node.high is not None
            assert node.low - 1e-9 <= node.score <= node.high + 1e-9
        for part in node.parts:
            check(part)

    for _, _, node in explained(columns_of(workspace)):
        check(node)


@random_workspaces
@given(workspace=workspaces())
def test_effective_weights_add_up_to_one(workspace: Workspace) -> None:
    columns = columns_of(workspace)
    for code, month, node in explained(columns):
        weights = effective_weights(node)
        assert bool(weights) == (node.score is not None)
        assert not weights or close(sum(weights.values()), 1.0, within=1e-9)
        expected = oracle.effective_weights(workspace, code, str(month))
        named = {
            (columns.codes[subject], columns.definitions.metrics[metric].code): weight
            for (subject, metric), weight in weights.items()
        }
        assert named.keys() == expected.keys()
        assert all(close(named[key], expected[key]) for key in named)


def assert_same_change(columns: Columns, change: Change, expected: dict[str, Any]) -> None:
    ours = {(part.kind, name_of(columns, part)): part for part in change.parts}
    theirs = {(part["kind"], part["name"]): part for part in expected["parts"]}
    assert ours.keys() == theirs.keys()
    for key, part in ours.items():
        told = theirs[key]
        if part.kind == "balance":
            assert close(part.total, told["moved"])
            continue
        for way in ("score_moved", "weight_moved", "came", "went"):
            assert close(getattr(part, way), told.get(way, 0.0)), (key, way)
        if part.parts:
            assert_same_change(columns, part, told["inside"])


@random_workspaces
@given(workspace=workspaces(), data=st.data())
def test_the_parts_of_a_change_add_up_to_the_change(workspace: Workspace, data: Any) -> None:
    def check(change: Change) -> None:
        assert close(sum(change.by.values()), change.total, within=1e-9)
        if change.parts:
            own_change = change.own_change
            assert own_change is not None
            assert close(sum(part.total for part in change.parts), own_change, within=1e-9)
        for part in change.parts:
            check(part)

    columns = columns_of(workspace)
    if len(columns.months) < 2:
        return
    explainer = explainer_of(columns)
    against, month = sorted(
        data.draw(st.lists(st.sampled_from(columns.months), min_size=2, max_size=2, unique=True))
    )
    for number, code in enumerate(columns.codes):
        before = explainer.explain(number, against, ALL_THE_WAY)
        now = explainer.explain(number, month, ALL_THE_WAY)
        change = change_between(before, now)
        expected = oracle.explain_change(workspace, code, str(month), str(against))
        if change is None:
            assert expected["change"] is None
            continue
        assert close(change.total, expected["change"])
        check(change)
        assert_same_change(columns, change, expected)
