"""What the database itself refuses of definitions, measurements, scores, months and runs."""

from __future__ import annotations

from typing import Any

import pytest

from metrics.choices import Band, RunState
from metrics.models import Exemption
from projects.months import BEGINNING, Month
from tests.constraints import assert_refused
from tests.factories import (
    A_MOMENT,
    CurveOverrideFactory,
    ExemptionFactory,
    MeasurementChangeFactory,
    MeasurementFactory,
    MetricAssignmentFactory,
    MetricFactory,
    MonthClosingFactory,
    ProjectFactory,
    ReportedScoreFactory,
    RescoreNeedFactory,
    ScorecardAssignmentFactory,
    ScorecardFactory,
    ScorecardLineFactory,
    ScoreFactory,
    ScoreRunFactory,
)

pytestmark = pytest.mark.django_db

MARCH, APRIL = Month.parse("2026-03"), Month.parse("2026-04")
TOO_EARLY, TOO_LATE = Month(11), Month(120_000)
NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        *(("metric_code_is_a_name", {"code": code}) for code in ("", "a-b", "1a", "a b", "ä")),
        *(("metric_code_is_no_function", {"code": code}) for code in ("min", "max", "abs")),
        ("metric_name_not_blank", {"name": ""}),
        ("metric_category_known", {"category": "luck"}),
        ("metric_dimension_known", {"dimension": "fifth"}),
        ("metric_perspective_known", {"perspective": "martian"}),
        ("metric_timing_known", {"timing": "never"}),
        ("metric_subject_kind_known", {"subject_kind": "planet"}),
        ("metric_cadence_known", {"cadence": "decade"}),
        ("metric_time_aggregation_known", {"time_aggregation": "mode"}),
        ("metric_formula_has_a_month_or_more", {"formula": "a", "cadence": "day"}),
        ("metric_formula_has_a_month_or_more", {"formula": "a", "cadence": "week"}),
        ("metric_span_in_order", {"active_from": APRIL, "active_until": MARCH}),
        ("metric_span_is_months", {"active_from": TOO_EARLY}),
        ("metric_span_is_months", {"active_until": TOO_LATE}),
        ("grace_months", {"grace_months": -1}),
        ("due_days", {"due_days": -1}),
        ("decimals", {"decimals": -1}),
    ],
)
def test_what_no_metric_can_be(rule: str, fields: dict[str, Any]) -> None:
    assert_refused(rule, lambda: MetricFactory(**{"name": "A metric", **fields}))


def test_a_metrics_code_is_its_own() -> None:
    MetricFactory(code="m")
    assert_refused("metrics_metricdefinition.code", lambda: MetricFactory(code="m"))


@pytest.mark.parametrize("month", [TOO_EARLY, TOO_LATE, BEGINNING])
def test_a_curve_override_begins_in_a_month(month: Month) -> None:
    pair = {"metric": MetricFactory(), "subject": ProjectFactory()}
    assert_refused(
        "curve_override_from_a_month", lambda: CurveOverrideFactory(from_month=month, **pair)
    )


def test_there_is_one_curve_override_per_month() -> None:
    row = CurveOverrideFactory()
    assert_refused(
        "one_curve_override_per_month",
        lambda: CurveOverrideFactory(metric=row.metric, subject=row.subject),
    )


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("exemption_from_a_month", {"from_month": TOO_EARLY}),
        ("metrics_exemption.from_month", {"from_month": None}),
        ("exemption_until_a_month", {"until_month": TOO_LATE}),
        ("exemption_span_in_order", {"from_month": APRIL, "until_month": MARCH}),
        ("exemption_has_a_reason", {"reason": ""}),
    ],
)
def test_what_no_exemption_can_be(rule: str, fields: dict[str, Any]) -> None:
    pair = {"metric": MetricFactory(), "subject": ProjectFactory()}
    assert_refused(rule, lambda: ExemptionFactory(**pair, **fields))


def test_there_is_one_exemption_per_month() -> None:
    row = ExemptionFactory()
    assert Exemption.objects.get().from_month == BEGINNING
    assert_refused(
        "one_exemption_per_month",
        lambda: ExemptionFactory(metric=row.metric, subject=row.subject),
    )


def test_a_metric_is_assigned_once_per_person_and_scope() -> None:
    row = MetricAssignmentFactory()
    assert_refused(
        "one_assignment_per_metric_user_scope",
        lambda: MetricAssignmentFactory(metric=row.metric, user=row.user, scope=row.scope),
    )


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("scorecard_code_form", {"code": "a b"}),
        ("scorecard_code_form", {"code": ""}),
        ("scorecard_name_not_blank", {"name": ""}),
        ("scorecard_subject_kind_known", {"subject_kind": "planet"}),
        ("scorecard_overall_known", {"overall": "best"}),
        ("scorecard_weight_tactical", {"weight_tactical": -1.0}),
        ("scorecard_weight_value_creation", {"weight_value_creation": -1.0}),
        ("scorecard_weight_longevity", {"weight_longevity": INFINITY}),
        ("scorecard_weight_financial", {"weight_financial": -1.0}),
        *(
            (f"scorecard_share_{group}", {f"share_{group}": value})
            for group in ("own", "engagements", "projects", "services", "customers", "segments")
            for value in (-1.0, INFINITY)
        ),
        (
            "scorecard_weighs_a_category",
            dict.fromkeys(
                (
                    "weight_tactical",
                    "weight_value_creation",
                    "weight_longevity",
                    "weight_financial",
                ),
                0.0,
            ),
        ),
        ("scorecard_min_coverage_is_a_rate", {"min_coverage": -0.1}),
        ("scorecard_min_coverage_is_a_rate", {"min_coverage": 1.1}),
        ("scorecard_min_categories_1_to_4", {"min_categories": 0}),
        ("scorecard_min_categories_1_to_4", {"min_categories": 5}),
        ("scorecard_limits_in_order", {"amber_from": -1.0}),
        ("scorecard_limits_in_order", {"amber_from": 80.0}),
        ("scorecard_limits_in_order", {"green_from": 101.0}),
    ],
)
def test_what_no_scorecard_can_be(rule: str, fields: dict[str, Any]) -> None:
    assert_refused(rule, lambda: ScorecardFactory(**{"name": "A scorecard", **fields}))


def test_a_scorecards_code_is_its_own() -> None:
    ScorecardFactory(code="card")
    assert_refused("metrics_scorecard.code", lambda: ScorecardFactory(code="card"))


def test_there_is_one_default_scorecard_per_kind() -> None:
    ScorecardFactory(is_default=True)
    ScorecardFactory(is_default=True, subject_kind="segment")
    ScorecardFactory(is_default=False)
    ScorecardFactory(is_default=False)
    assert_refused("one_default_scorecard_per_kind", lambda: ScorecardFactory(is_default=True))


@pytest.mark.parametrize("weight", [-1.0, INFINITY])
def test_what_no_line_can_weigh(weight: float) -> None:
    ends = {"scorecard": ScorecardFactory(), "metric": MetricFactory()}
    assert_refused("scorecard_line_weight", lambda: ScorecardLineFactory(weight=weight, **ends))


def test_a_metric_stands_on_a_scorecard_once() -> None:
    row = ScorecardLineFactory()
    assert_refused(
        "one_line_per_scorecard_and_metric",
        lambda: ScorecardLineFactory(scorecard=row.scorecard, metric=row.metric),
    )


def test_a_subject_has_one_scorecard_of_its_own() -> None:
    row = ScorecardAssignmentFactory()
    assert_refused(
        "metrics_scorecardassignment.subject_id",
        lambda: type(row).objects.bulk_create(
            [type(row)(subject=row.subject, scorecard=row.scorecard)]
        ),
    )


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("measurement_is_finite", {"value": INFINITY}),
        ("measurement_is_finite", {"value": -INFINITY}),
        (("measurement_is_finite", "metrics_measurement.value"), {"value": NAN}),
        ("metrics_measurement.value", {"value": None}),
        ("metrics_measurement.period_start", {"period_start": None}),
        ("measurement_month_is_one", {"month": TOO_EARLY}),
        ("measurement_month_is_one", {"month": TOO_LATE}),
        ("metrics_measurement.month", {"month": None}),
    ],
)
def test_what_no_measurement_can_be(rule: str | tuple[str, ...], fields: dict[str, Any]) -> None:
    pair = {"metric": MetricFactory(), "subject": ProjectFactory()}
    assert_refused(rule, lambda: MeasurementFactory(**pair, **fields))


def test_there_is_one_measurement_per_metric_subject_and_period() -> None:
    row = MeasurementFactory()
    MeasurementFactory(metric=row.metric, subject=row.subject, period="2026-04")
    MeasurementFactory(metric=row.metric)
    MeasurementFactory(subject=row.subject)
    assert_refused(
        "one_measurement_per_period",
        lambda: MeasurementFactory(metric=row.metric, subject=row.subject, value=1.0),
    )


@pytest.mark.parametrize(
    "fields", [{"value_before": INFINITY}, {"value_after": INFINITY}, {"value_after": -INFINITY}]
)
def test_what_was_changed_was_a_number(fields: dict[str, float]) -> None:
    pair = {"metric": MetricFactory(), "subject": ProjectFactory()}
    assert_refused("changed_values_are_finite", lambda: MeasurementChangeFactory(**pair, **fields))


ABSENT = {"score": None, "coverage": None, "band": None}


def of(measure: str, **parts: Any) -> dict[str, Any]:
    return {f"{measure}_{part}": value for part, value in parts.items()}


@pytest.mark.parametrize(
    "measure", ["tactical", "value_creation", "longevity", "financial", "overall"]
)
@pytest.mark.parametrize(
    "parts",
    [
        {"score": 101.0, "coverage": 1.0, "band": Band.GREEN},
        {"score": -1.0, "coverage": 1.0, "band": Band.RED},
        {"score": 50.0, "coverage": 1.0, "band": Band.INSUFFICIENT},
        {"score": None, "coverage": 0.5, "band": Band.RED},
    ],
)
def test_a_score_needs_its_evidence(measure: str, parts: dict[str, Any]) -> None:
    subject = ProjectFactory()
    assert_refused(
        f"score_of_{measure}_has_evidence",
        lambda: ScoreFactory(subject=subject, **of(measure, **parts)),
    )


@pytest.mark.parametrize(
    "parts",
    [
        {"score": 50.0, "coverage": None, "band": Band.RED},
        {"score": 50.0, "coverage": 1.0, "band": None},
        {"score": None, "coverage": None, "band": Band.INSUFFICIENT},
        {"score": None, "coverage": 0.5, "band": None},
    ],
)
def test_half_a_score_is_none(parts: dict[str, Any]) -> None:
    subject = ProjectFactory()
    assert_refused(
        "score_of_tactical_has_evidence",
        lambda: ScoreFactory(subject=subject, **of("tactical", **parts)),
    )


@pytest.mark.parametrize(
    "parts", [ABSENT, {"score": None, "coverage": 0.5, "band": Band.INSUFFICIENT}]
)
def test_a_category_may_be_unknown(parts: dict[str, Any]) -> None:
    assert ScoreFactory(**of("tactical", **parts)).pk


@pytest.mark.parametrize(
    "fields",
    [
        {"overall_low": -1.0},
        {"overall_high": 101.0},
        {"overall_low": 60.0, "overall_high": 50.0},
    ],
)
def test_a_possible_range_lies_between_0_and_100(fields: dict[str, float]) -> None:
    subject = ProjectFactory()
    assert_refused("score_in_its_possible_range", lambda: ScoreFactory(subject=subject, **fields))


def test_a_subject_has_one_score_per_month() -> None:
    row = ScoreFactory()
    ScoreFactory(subject=row.subject, month=APRIL)
    assert_refused("one_score_per_subject_and_month", lambda: ScoreFactory(subject=row.subject))


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("closing_of_a_month", {"month": TOO_EARLY}),
        ("reopened_with_a_reason", {"reopened_at": A_MOMENT}),
        ("reopened_with_a_reason", {"reopen_reason": "a wrong count"}),
    ],
)
def test_what_no_closing_can_be(rule: str, fields: dict[str, Any]) -> None:
    assert_refused(rule, lambda: MonthClosingFactory(**fields))


def test_a_month_is_closed_once_until_it_is_reopened() -> None:
    MonthClosingFactory(reopened_at=A_MOMENT, reopen_reason="a wrong count")
    MonthClosingFactory(reopened_at=A_MOMENT, reopen_reason="another wrong count")
    MonthClosingFactory()
    assert_refused("a_month_is_closed_once", lambda: MonthClosingFactory())


def test_a_score_is_reported_once_per_closing() -> None:
    row = ReportedScoreFactory()
    ReportedScoreFactory(closing=row.closing)
    assert_refused(
        "one_reported_score_per_closing",
        lambda: ReportedScoreFactory(closing=row.closing, subject=row.subject),
    )


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("run_state_known", {"state": "lost"}),
        ("run_progress_in_total", {"done": 2, "total": 1}),
        ("attempt", {"attempt": -1}),
    ],
)
def test_what_no_run_can_be(rule: str, fields: dict[str, Any]) -> None:
    assert_refused(rule, lambda: ScoreRunFactory(**fields))


def test_one_run_is_running_at_a_time() -> None:
    ScoreRunFactory(state=RunState.RUNNING)
    for state in (RunState.DUE, RunState.DONE, RunState.FAILED):
        ScoreRunFactory.create_batch(2, state=state)
    assert_refused("one_run_at_a_time", lambda: ScoreRunFactory(state=RunState.RUNNING))


@pytest.mark.parametrize("field", ["subject", "first_month"])
def test_a_need_is_somebodys_from_a_month_on(field: str) -> None:
    subject = {"subject": ProjectFactory()}
    assert_refused(field, lambda: RescoreNeedFactory(**subject | {field: None}))
