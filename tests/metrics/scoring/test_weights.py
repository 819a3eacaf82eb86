"""Effective weights of metrics in an overall score add up to 1, and the slow reading agrees."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import tests.oracle as oracle
from metrics.scoring.weights import weigh
from tests.oracle import Workspace, read_workspace
from tests.strategies import workspaces
from tests.workspace_columns import columns_of

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"

random_workspaces = settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])


@random_workspaces
@given(workspace=workspaces())
def test_weights_of_metrics_agree_with_the_slow_reading(workspace: Workspace) -> None:
    columns = columns_of(workspace)
    codes = [metric.code for metric in columns.definitions.metrics]
    for number, subject in enumerate(columns.codes):
        for month in columns.months[-1:]:
            of_metrics: dict[str, float] = defaultdict(float)
            for (_, metric), weight in oracle.effective_weights(
                workspace, subject, str(month)
            ).items():
                of_metrics[metric] += weight
            found = weigh(columns.definitions, columns.measurements, month, number)
            assert found.of_metrics.sum() == 0 or abs(found.of_metrics.sum() - 1) < 1e-9
            for code, weight in zip(codes, found.of_metrics.tolist(), strict=True):
                assert abs(weight - of_metrics[code]) < 1e-6, (subject, str(month), code)


@random_workspaces
@given(workspace=workspaces())
def test_a_subject_weighs_what_its_metrics_and_its_children_weigh(workspace: Workspace) -> None:
    columns = columns_of(workspace)
    for number, subject in enumerate(columns.codes):
        if not columns.months:
            continue
        month = columns.months[-1]
        found = weigh(columns.definitions, columns.measurements, month, number)
        expected = oracle.explain(workspace, subject, str(month))
        weights = dict.fromkeys(columns.codes, 0.0)
        if expected is not None and expected["score"] is not None:
            weights[subject] = 1.0
            add_weights(expected, 1.0, weights)
        for code, weight in zip(columns.codes, found.of_subjects.tolist(), strict=True):
            assert abs(weight - weights[code]) < 1e-6, (subject, code)


def add_weights(node: dict[str, Any], share: float, weights: dict[str, float]) -> None:
    """What flows from a node of the slow reading to the subjects below it."""
    members = [part for part in node["parts"] if part["points"] is not None]
    evidence = [
        part["weight"] * (1.0 if part["kind"] == "category" else part["coverage"])
        for part in members
        if part["kind"] != "balance"
    ]
    members = [part for part in members if part["kind"] != "balance"]
    for part, backed in zip(members, evidence, strict=True):
        carried = share * backed / sum(evidence)
        if part["kind"] == "subject":
            weights[part["name"]] += carried
        add_weights(part, carried, weights)


def test_weights_of_the_worked_organisation_add_up_to_one_over_several_metrics() -> None:
    columns = columns_of(read_workspace(EXAMPLES / "worked"))
    organisation = columns.definitions.kind.tolist().index("organisation")
    found = weigh(columns.definitions, columns.measurements, columns.months[-1], organisation)
    assert found.of_metrics.sum() == pytest.approx(1, abs=1e-9)
    assert (found.of_metrics > 0).sum() > 3


def test_what_is_missing_to_green_is_what_the_mean_would_gain() -> None:
    columns = columns_of(read_workspace(EXAMPLES / "worked"))
    definitions = columns.definitions
    organisation = definitions.kind.tolist().index("organisation")
    month = columns.months[-1]
    found = weigh(definitions, columns.measurements, month, organisation)
    scored = columns.score([month])
    card = definitions.cards[definitions.card_of[organisation]]
    gained = [
        weight * max(card.green_from - score, 0)
        for weight, score in zip(
            card.category_weights, scored.categories.score[:, organisation, 0], strict=True
        )
        if not np.isnan(score)
    ]
    used = [
        weight
        for weight, score in zip(
            card.category_weights, scored.categories.score[:, organisation, 0], strict=True
        )
        if not np.isnan(score)
    ]
    assert found.below_green[organisation] == pytest.approx(sum(gained) / sum(used), abs=1e-9)
