"""The engine and the slow reading of SCORING.md agree, on the worked example and on random ones."""

import csv
import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from projects.months import Month, month_range
from tests.oracle import Workspace, read_workspace, score_workspace
from tests.strategies import workspaces
from tests.workspace_columns import columns_of, rows_of

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


def assert_same_rows(got: dict, expected: dict, within: float = 1e-6) -> None:
    assert got.keys() == expected.keys()
    for key, row in got.items():
        score, coverage, band = expected[key]
        assert row[2] == band, key
        for value, other in zip(row[:2], (score, coverage), strict=True):
            assert (value is None) == (other is None), (key, value, other)
            if value is not None:
                assert math.isclose(value, other, rel_tol=0, abs_tol=within), (key, value, other)


def engine_rows(workspace: Workspace, months: list[Month] | None = None) -> dict:
    columns = columns_of(workspace)
    return rows_of(columns, columns.score(months))


def expected_of_the_worked_example() -> dict:
    with (EXAMPLES / "worked_expected_scores.csv").open(newline="") as file:
        return {
            (row["subject"], row["month"], row["measure"]): (
                float(row["score"]) if row["score"] else None,
                float(row["coverage"]) if row["coverage"] else None,
                row["band"] or None,
            )
            for row in csv.DictReader(file)
        }


def test_the_worked_example_scores_as_expected() -> None:
    got = engine_rows(read_workspace(EXAMPLES / "worked"))
    assert_same_rows(got, expected_of_the_worked_example())


@pytest.mark.timeout(600)
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(workspace=workspaces())
def test_the_engine_agrees_with_the_slow_reading(workspace: Workspace) -> None:
    # Months around the measured ones too: spans of the organisation and old values show there.
    months = month_range(Month.parse("2022-12"), Month.parse("2026-06"))
    expected = score_workspace(workspace, "2022-12", "2026-06")
    assert_same_rows(engine_rows(workspace, months), expected)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(workspace=workspaces())
def test_the_order_of_rows_does_not_matter(workspace: Workspace) -> None:
    turned = {file: list(reversed(rows)) for file, rows in workspace.items()}
    assert_same_rows(engine_rows(workspace), engine_rows(turned), within=1e-9)


@pytest.mark.parametrize("portfolio", ["uk_gmpp"])
def test_a_real_portfolio_scores_like_the_slow_reading(portfolio: str) -> None:
    workspace = read_workspace(EXAMPLES / portfolio)
    assert_same_rows(engine_rows(workspace), score_workspace(workspace))
