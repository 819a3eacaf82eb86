"""What a value scores all by itself, one by one and in columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from metrics.choices import Band
from metrics.judging import Judge, Judged, Limits
from metrics.models import MetricDefinition
from projects.models import Project
from projects.months import Month
from tests.factories import (
    CurveOverrideFactory,
    MetricFactory,
    ProjectFactory,
    ScorecardAssignmentFactory,
    ScorecardFactory,
)

pytestmark = pytest.mark.django_db

MARCH = Month.parse("2026-03")
FALLING = [[0.0, 100.0], [100.0, 0.0]]
FLAT = [[0.0, 60.0], [1.0, 60.0]]


@pytest.fixture
def metric() -> MetricDefinition:
    return MetricFactory(code="m", asks_why_red=True)


@pytest.fixture
def project() -> Project:
    return ProjectFactory(code="P")


@pytest.mark.parametrize(
    ("value", "judged"),
    [
        (-1.0, Judged(0.0, Band.RED)),
        (0.0, Judged(0.0, Band.RED)),
        (29.9, Judged(29.9, Band.RED)),
        (30.0, Judged(30.0, Band.AMBER)),
        (89.9999999999, Judged(89.9999999999, Band.GREEN)),  # as exact as every limit
        (90.0, Judged(90.0, Band.GREEN)),
        (1000.0, Judged(100.0, Band.GREEN)),
        (None, Judged(None, Band.INSUFFICIENT)),
    ],
)
def test_a_value_scores_on_its_curve_and_is_banded_by_the_subjects_scorecard(
    metric: MetricDefinition, project: Project, value: float | None, judged: Judged
) -> None:
    ScorecardFactory(is_default=True, amber_from=0.0, green_from=1.0)
    ScorecardAssignmentFactory(
        subject=project, scorecard=ScorecardFactory(amber_from=30.0, green_from=90.0)
    )
    assert Judge.read().judged(metric.pk, project.pk, MARCH, value) == judged


def test_a_subject_without_its_own_scorecard_is_judged_by_its_kinds_default(
    metric: MetricDefinition, project: Project
) -> None:
    ScorecardFactory(is_default=True, amber_from=10.0, green_from=20.0)
    ScorecardFactory(is_default=True, subject_kind="segment", amber_from=80.0, green_from=90.0)
    judge = Judge.read()
    assert judge.limits(project.pk) == (10.0, 20.0)
    assert judge.judged(metric.pk, project.pk, MARCH, 15.0).band == Band.AMBER


def test_without_any_scorecard_values_are_judged_by_the_usual_limits(
    metric: MetricDefinition, project: Project
) -> None:
    judge = Judge.read()
    assert judge.limits(project.pk) is None
    bands = [judge.judged(metric.pk, project.pk, MARCH, value).band for value in (49, 50, 75)]
    assert bands == [Band.RED, Band.AMBER, Band.GREEN]


def test_a_metric_without_a_curve_gives_no_score(project: Project) -> None:
    metric = MetricFactory(curve=None, asks_why_red=True)
    judge = Judge.read()
    assert judge.curve(metric.pk, project.pk, MARCH) is None
    assert judge.judged(metric.pk, project.pk, MARCH, 1.0) == Judged(None, Band.INSUFFICIENT)
    assert judge.asks_why(metric.pk, project.pk, MARCH, 1.0) is None


def test_the_latest_own_curve_that_has_begun_judges(
    metric: MetricDefinition, project: Project
) -> None:
    other = ProjectFactory()
    CurveOverrideFactory(metric=metric, subject=project, from_month=MARCH.plus(1), curve=FLAT)
    CurveOverrideFactory(metric=metric, subject=project, from_month=MARCH, curve=FALLING)
    judge = Judge.read()
    scores = [
        judge.judged(metric.pk, whose.pk, MARCH.plus(later), 10.0).score
        for whose in (project, other)
        for later in (-1, 0, 1, 2)
    ]
    assert scores == [10.0, 90.0, 60.0, 60.0, 10.0, 10.0, 10.0, 10.0]


def test_columns_are_judged_like_single_values(metric: MetricDefinition, project: Project) -> None:
    ScorecardFactory(is_default=True, amber_from=30.0, green_from=90.0)
    other, plain = ProjectFactory(), MetricFactory(curve=None, asks_why_red=True)
    unasked = MetricFactory(curve=FALLING)
    CurveOverrideFactory(metric=metric, subject=project, from_month=MARCH.plus(1), curve=FLAT)
    CurveOverrideFactory(metric=metric, subject=project, from_month=MARCH, curve=FALLING)
    rows: list[Any] = [
        (asked.pk, whose.pk, int(MARCH.plus(later)), value)
        for asked in (metric, plain, unasked)
        for whose in (project, other)
        for later in (-1, 0, 1)
        for value in (0.0, 29.0, 31.0, 95.0)
    ]
    judge = Judge.read()
    one_by_one = [judge.judged(*row) for row in rows]
    columns = list(zip(*rows, strict=True))
    scores = judge.scores(*columns)
    assert [None if np.isnan(score) else score for score in scores] == [
        judged.score for judged in one_by_one
    ]
    assert list(judge.are_red(columns[1], scores)) == [judged.is_red for judged in one_by_one]
    asked_why = [judge.asks_why(*row) is not None for row in rows]
    assert list(judge.ask_why(*columns)) == asked_why
    assert 0 < sum(asked_why) < sum(judged.is_red for judged in one_by_one)


def test_no_rows_give_empty_columns() -> None:
    judge = Judge.read()
    assert len(judge.scores([], [], [], [])) == len(judge.ask_why([], [], [], [])) == 0


@pytest.mark.parametrize("size", [1, 5, 20])
def test_it_is_read_in_four_queries(size: int) -> None:
    for _ in range(size):
        CurveOverrideFactory()
        ScorecardAssignmentFactory()
    with CaptureQueriesContext(connection) as queries:
        Judge.read()
    assert len(queries) == 4


def test_one_metric_and_subject_are_judged_alike_with_one_query(
    metric: MetricDefinition, project: Project
) -> None:
    ScorecardFactory(is_default=True, amber_from=30.0, green_from=90.0)
    CurveOverrideFactory(metric=metric, subject=project, from_month=MARCH, curve=FALLING)
    with CaptureQueriesContext(connection) as queries:
        judge = Judge.of_one(metric, project.pk, Limits(30.0, 90.0))
    assert len(queries) == 1
    read = Judge.read([metric.pk], [project.pk])
    places = [(metric.pk, project.pk, MARCH.plus(later), 20.0) for later in (-1, 0)]
    assert [judge.judged(*place) for place in places] == [read.judged(*place) for place in places]
    assert [judge.asks_why(*place) for place in places] == [
        read.asks_why(*place) for place in places
    ]
    assert Judge.of_one(metric, None, None).judged(metric.pk, 0, MARCH, 10.0).score == 10.0
