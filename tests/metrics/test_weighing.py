"""Effective weights of a month: kept beside the scores, brought up to date, frozen by closing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine

import tests.oracle as oracle
from metrics.choices import RunTrigger
from metrics.models import MetricDefinition, MonthWeights, Scorecard
from metrics.operations.definitions import save_metric
from metrics.operations.months import close_month, reopen_month
from metrics.operations.runs import answer_all_needs, score_now
from metrics.operations.scorecards import save_scorecard
from metrics.operations.weighing import LATEST_MONTHS, weigh_latest_months, weigh_open_months
from metrics.tasks import nightly_rescore_task, weigh_latest_months_task
from metrics.workspace import load_workspace
from projects.models import Organisation
from projects.months import Month
from tests.oracle import read_workspace

WORKED = Path(__file__).resolve().parents[2] / "examples" / "worked"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 7, 15, 12, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def months() -> list[Month]:
    """The worked example, scored and weighed."""
    load_workspace(WORKED)
    score_now(trigger=RunTrigger.COMMAND)
    return weigh_open_months()


def kept(month: Month) -> dict[str, float]:
    weights = MonthWeights.objects.get(month=month).weights
    return {row["metric"]: row["weight"] for row in weights}


def heaviest(month: Month) -> MetricDefinition:
    return MetricDefinition.objects.get(code=next(iter(kept(month))))


def give_weight(category: str) -> None:
    """Let a category decide more about the organisation's overall score, and have it scored."""
    card = Scorecard.objects.get(subject_kind="organisation")
    setattr(card, f"weight_{category}", getattr(card, f"weight_{category}") + 5)
    save_scorecard(card, by=None)
    answer_all_needs()


def test_every_scored_month_has_weights_as_the_slow_reading_tells_them(months: list[Month]) -> None:
    workspace = read_workspace(WORKED)
    code = Organisation.objects.get().code
    compared = 0
    for month in months:
        expected: dict[str, float] = defaultdict(float)
        for (_, metric), weight in oracle.effective_weights(workspace, code, str(month)).items():
            expected[metric] += weight
        assert kept(month) == pytest.approx({k: v for k, v in expected.items() if v > 0}, abs=1e-6)
        compared += bool(expected)
    assert compared > 0


def test_a_weight_stands_beside_category_and_perspective_of_its_metric(months: list[Month]) -> None:
    month = next(month for month in reversed(months) if kept(month))
    rows = MonthWeights.objects.get(month=month).weights
    metrics = MetricDefinition.objects.in_bulk([row["metric"] for row in rows], field_name="code")
    for row in rows:
        metric = metrics[row["metric"]]
        assert (row["name"], row["category"], row["perspective"]) == (
            metric.name,
            metric.category,
            metric.perspective,
        )
    assert [row["weight"] for row in rows] == sorted((row["weight"] for row in rows), reverse=True)


def test_nothing_is_weighed_again_as_long_as_no_run_looked_at_it(months: list[Month]) -> None:
    assert (weigh_open_months(), weigh_latest_months()) == ([], [])


def test_the_latest_months_follow_a_changed_weight_and_the_others_at_night(
    months: list[Month],
) -> None:
    measured = [month for month in months if kept(month)]
    before = {month: kept(month) for month in measured}
    give_weight("longevity")
    weigh_latest_months_task()
    latest = set(months[-LATEST_MONTHS:])
    moved = {month for month in measured if kept(month) != before[month]}
    assert moved
    assert moved <= latest
    nightly_rescore_task()
    assert {month for month in measured if kept(month) != before[month]} > moved


def test_a_perspective_that_changes_is_told_after_the_next_run(months: list[Month]) -> None:
    month = next(month for month in reversed(months) if kept(month))
    metric = heaviest(month)
    metric.perspective = "employee" if metric.perspective != "employee" else "customer"
    save_metric(metric, by=None)
    nightly_rescore_task()
    (row,) = (
        row for row in MonthWeights.objects.get(month=month).weights if row["metric"] == metric.code
    )
    assert row["perspective"] == metric.perspective


def test_a_closed_month_keeps_the_weights_it_was_closed_with(months: list[Month]) -> None:
    month = next(month for month in months if kept(month))
    before = kept(month)
    close_month(month, by=None)
    give_weight("longevity")
    weigh_open_months()
    assert kept(month) == before
    reopen_month(month, reason="A weight was wrong.", by=None)
    answer_all_needs()
    weigh_open_months()
    assert kept(month) != before


def test_closing_brings_the_weights_up_to_date_first(months: list[Month]) -> None:
    month = next(month for month in months if kept(month))
    before = kept(month)
    give_weight("longevity")
    close_month(month, by=None)
    assert kept(month) != before


def test_without_an_organisation_there_is_nothing_to_weigh() -> None:
    assert weigh_open_months() == []
