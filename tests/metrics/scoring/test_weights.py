"""Effective weights of metrics in an overall score add up to 1, and the slow reading agrees."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

import tests.oracle as oracle
from metrics.scoring.weights import metric_weights
from tests.oracle import Workspace, read_workspace
from tests.strategies import workspaces
from tests.workspace_columns import columns_of

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"

random_workspaces = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@random_workspaces
@given(workspace=workspaces())
def test_weights_of_metrics_agree_with_the_slow_reading(workspace: Workspace) -> None:
    columns = columns_of(workspace)
    codes = [metric.code for metric in columns.definitions.metrics]
    for number, subject in enumerate(columns.codes):
        for month in columns.months[-2:]:
            expected: dict[str, float] = defaultdict(float)
            for (_, metric), weight in oracle.effective_weights(
                workspace, subject, str(month)
            ).items():
                expected[metric] += weight
            found = metric_weights(columns.definitions, columns.measurements, month, number)
            assert found.sum() == 0 or abs(found.sum() - 1) < 1e-9
            for code, weight in zip(codes, found.tolist(), strict=True):
                assert abs(weight - expected[code]) < 1e-6, (subject, str(month), code)


def test_weights_of_the_worked_organisation_add_up_to_one_over_several_metrics() -> None:
    columns = columns_of(read_workspace(EXAMPLES / "worked"))
    organisation = columns.definitions.kind.tolist().index("organisation")
    weights = metric_weights(
        columns.definitions, columns.measurements, columns.months[-1], organisation
    )
    assert weights.sum() == pytest.approx(1, abs=1e-9)
    assert (weights > 0).sum() > 3
