"""Recording, correcting and deleting one value (SCORING sections 2 and 7)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from metrics.choices import Door
from metrics.models import Measurement, MeasurementChange, MetricDefinition, RescoreNeed
from metrics.operations import measurements
from metrics.operations.measurements import (
    Outcome,
    RecordedMeasurement,
    delete_measurement,
    record_measurement,
)
from metrics.periods import parse_period
from metrics.validation.measurements import check_measurement
from projects.models import Project
from projects.months import Month
from tests.factories import (
    A_MOMENT,
    EngagementFactory,
    MeasurementFactory,
    MetricFactory,
    MonthClosingFactory,
    OrganisationFactory,
    ProjectFactory,
    SegmentFactory,
)
from tests.tables import table, told, waiting_from

NOW = datetime(2026, 4, 15, 12, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mid_april() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def metric() -> MetricDefinition:
    return MetricFactory(code="nps")


@pytest.fixture
def project() -> Project:
    return ProjectFactory(code="P")


def record(
    metric: MetricDefinition, subject: Any, period: str, value: float, **given: Any
) -> RecordedMeasurement:
    starts_in = given.pop("fiscal_year_starts_in", 1)
    return record_measurement(
        metric=metric,
        subject=subject,
        period=parse_period(period, metric.cadence, starts_in),
        value=value,
        **{"by": None, "door": Door.FORM, **given},
    )


def test_a_first_value_is_stored_and_falls_due_from_its_month(
    metric: MetricDefinition, project: Project, analyst: User
) -> None:
    recorded = record(metric, project, "2026-03", 42.5, note="by survey", by=analyst)
    assert recorded.outcome == Outcome.CREATED
    columns = (
        "metric__code subject__code period_start month value note door entered_by__username"
        " is_late created_at changed_at"
    )
    assert table(Measurement, *columns.split()) == [
        (
            "nps",
            "P",
            date(2026, 3, 1),
            Month.parse("2026-03"),
            42.5,
            "by survey",
            "form",
            "analyst",
            False,
            NOW,
            NOW,
        )
    ]
    assert waiting_from() == {("P", "2026-03")}
    assert not MeasurementChange.objects.exists()


@pytest.mark.parametrize(
    ("cadence", "period", "starts_in", "month"),
    [
        ("day", "2026-03-31", 1, "2026-03"),
        ("week", "2026-W14", 1, "2026-03"),
        ("month", "2026-03", 1, "2026-03"),
        ("quarter", "2026-Q1", 1, "2026-03"),
        ("quarter", "2025-Q4", 4, "2026-03"),
        ("year", "2025", 1, "2025-12"),
        ("year", "2025", 4, "2026-03"),
    ],
)
def test_a_value_falls_due_from_the_last_month_of_its_period(
    cadence: str, period: str, starts_in: int, month: str, project: Project
) -> None:
    OrganisationFactory(fiscal_year_starts_in=starts_in)
    metric = MetricFactory(cadence=cadence)
    record(metric, project, period, 1.0, fiscal_year_starts_in=starts_in)
    assert waiting_from() == {("P", month)}
    assert str(Measurement.objects.get().month) == month


def test_a_correction_is_kept_on_record(
    metric: MetricDefinition, project: Project, analyst: User, executive: User
) -> None:
    MeasurementFactory(
        metric=metric, subject=project, value=40.0, note="guess", entered_by=executive
    )
    recorded = record(metric, project, "2026-03", 42.0, by=analyst, door=Door.API)
    assert recorded.outcome == Outcome.CHANGED
    columns = "value note door entered_by__username created_at changed_at"
    assert table(Measurement, *columns.split()) == [(42.0, "", "api", "analyst", A_MOMENT, NOW)]
    columns = (
        "metric__code subject__code period_start value_before note_before value_after note_after"
        " door changed_by__username changed_at"
    )
    assert table(MeasurementChange, *columns.split()) == [
        ("nps", "P", date(2026, 3, 1), 40.0, "guess", 42.0, "", "api", "analyst", NOW)
    ]
    assert waiting_from() == {("P", "2026-03")}


def test_writing_what_is_there_changes_nothing(
    metric: MetricDefinition, project: Project, analyst: User
) -> None:
    MeasurementFactory(metric=metric, subject=project, value=40.0, note="survey")
    recorded = record(metric, project, "2026-03", 40.0, note="survey", by=analyst)
    assert recorded.outcome == Outcome.SAME
    assert table(Measurement, "value", "entered_by", "changed_at") == [(40.0, None, A_MOMENT)]
    assert not MeasurementChange.objects.exists()
    assert not RescoreNeed.objects.exists()


def test_another_note_is_on_record_but_moves_no_score(
    metric: MetricDefinition, project: Project
) -> None:
    MeasurementFactory(metric=metric, subject=project, value=40.0)
    assert record(metric, project, "2026-03", 40.0, note="checked").outcome == Outcome.CHANGED
    assert table(MeasurementChange, "value_before", "value_after", "note_after") == [
        (40.0, 40.0, "checked")
    ]
    assert not RescoreNeed.objects.exists()


def test_a_first_value_of_a_closed_month_is_late(
    metric: MetricDefinition, project: Project
) -> None:
    MonthClosingFactory(month=Month.parse("2026-03"))
    record(metric, project, "2026-02", 1.0)  # closed with March, though no row says so
    record(metric, project, "2026-03", 1.0)
    record(metric, project, "2026-04", 1.0)
    assert table(Measurement, "month", "is_late") == [
        (Month.parse("2026-02"), True),
        (Month.parse("2026-03"), True),
        (Month.parse("2026-04"), False),
    ]
    # They count in open months: the run passes the closed ones by.
    assert waiting_from() == {("P", "2026-02"), ("P", "2026-03"), ("P", "2026-04")}


@pytest.mark.parametrize(
    ("value", "note", "is_refused"),
    [(40.0, "survey", False), (41.0, "survey", True), (40.0, "", True)],
)
def test_a_value_of_a_closed_month_stays(
    value: float, note: str, is_refused: bool, metric: MetricDefinition, project: Project
) -> None:
    MeasurementFactory(metric=metric, subject=project, value=40.0, note="survey")
    MonthClosingFactory(month=Month.parse("2026-03"))
    if is_refused:
        with pytest.raises(ValidationError) as refusal:
            record(metric, project, "2026-03", value, note=note)
        assert "2026-03 is closed" in told(refusal)[0]
    else:
        assert record(metric, project, "2026-03", value, note=note).outcome == Outcome.SAME
    assert table(Measurement, "value", "note") == [(40.0, "survey")]
    assert not MeasurementChange.objects.exists()
    assert not RescoreNeed.objects.exists()


def test_a_reopened_month_takes_corrections(metric: MetricDefinition, project: Project) -> None:
    MeasurementFactory(metric=metric, subject=project, value=40.0)
    MonthClosingFactory(reopened_at=NOW, reopen_reason="a wrong count")
    assert record(metric, project, "2026-03", 41.0).outcome == Outcome.CHANGED


def test_a_deleted_value_is_kept_on_record(
    metric: MetricDefinition, project: Project, analyst: User
) -> None:
    measurement = MeasurementFactory(metric=metric, subject=project, value=40.0, note="guess")
    delete_measurement(measurement, by=analyst, door=Door.API)
    assert not Measurement.objects.exists()
    columns = "value_before note_before value_after note_after door changed_by__username changed_at"
    assert table(MeasurementChange, *columns.split()) == [
        (40.0, "guess", None, "", "api", "analyst", NOW)
    ]
    assert waiting_from() == {("P", "2026-03")}


def test_deleting_twice_is_harmless(metric: MetricDefinition, project: Project) -> None:
    measurement = MeasurementFactory(metric=metric, subject=project)
    delete_measurement(measurement, by=None, door=Door.FORM)
    delete_measurement(measurement, by=None, door=Door.FORM)
    assert MeasurementChange.objects.count() == 1


def test_a_value_of_a_closed_month_is_not_deleted(
    metric: MetricDefinition, project: Project
) -> None:
    measurement = MeasurementFactory(metric=metric, subject=project, is_late=True)
    MonthClosingFactory(month=Month.parse("2026-03"))
    with pytest.raises(ValidationError) as refusal:
        delete_measurement(measurement, by=None, door=Door.FORM)
    assert "2026-03 is closed" in told(refusal)[0]
    assert Measurement.objects.count() == 1


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_value_is_a_finite_number(
    value: float, metric: MetricDefinition, project: Project
) -> None:
    with pytest.raises(ValidationError) as refusal:
        record(metric, project, "2026-03", value)
    assert set(refusal.value.message_dict) == {"value"}
    assert not Measurement.objects.exists()


def test_a_period_that_has_not_begun_is_refused(metric: MetricDefinition, project: Project) -> None:
    record(metric, project, "2026-04", 1.0)
    with pytest.raises(ValidationError) as refusal:
        record(metric, project, "2026-05", 1.0)
    assert set(refusal.value.message_dict) == {"period"}
    assert Measurement.objects.count() == 1


def test_a_period_outside_the_span_of_the_subject_is_refused(metric: MetricDefinition) -> None:
    project = ProjectFactory(active_until=Month.parse("2026-02"))
    with pytest.raises(ValidationError) as refusal:
        record(metric, project, "2026-03", 1.0)
    assert set(refusal.value.message_dict) == {"period"}


def test_an_engagement_has_the_span_of_its_project() -> None:
    metric = MetricFactory(subject_kind="engagement")
    link = EngagementFactory(project__active_until=Month.parse("2026-02"))
    record(metric, link, "2026-02", 1.0)
    with pytest.raises(ValidationError):
        record(metric, link, "2026-03", 1.0)


def test_a_period_of_another_cadence_is_refused(metric: MetricDefinition, project: Project) -> None:
    with pytest.raises(ValidationError) as refusal:
        record_measurement(
            metric=metric,
            subject=project,
            period=parse_period("2026-03-09", "day"),
            value=1.0,
            by=None,
            door=Door.FORM,
        )
    assert set(refusal.value.message_dict) == {"period"}


def test_a_subject_of_another_kind_is_refused(metric: MetricDefinition) -> None:
    with pytest.raises(ValidationError) as refusal:
        record(metric, SegmentFactory(), "2026-03", 1.0)
    assert set(refusal.value.message_dict) == {"subject"}


def test_a_formula_metric_takes_no_values(metric: MetricDefinition, project: Project) -> None:
    computed = MetricFactory(formula="nps * 2")
    with pytest.raises(ValidationError) as refusal:
        record(computed, project, "2026-03", 1.0)
    assert set(refusal.value.message_dict) == {"metric"}


def test_the_metric_is_read_as_it_stands_now(metric: MetricDefinition, project: Project) -> None:
    MetricDefinition.objects.filter(pk=metric.pk).update(cadence="day")
    with pytest.raises(ValidationError) as refusal:
        record(metric, project, "2026-03", 1.0)
    assert set(refusal.value.message_dict) == {"period"}


def test_zero_is_zero_whatever_its_sign(metric: MetricDefinition, project: Project) -> None:
    record(metric, project, "2026-03", 0.0)
    assert record(metric, project, "2026-03", -0.0).outcome == Outcome.SAME


def test_a_first_value_that_was_overtaken_corrects_the_faster_one(
    metric: MetricDefinition, project: Project, analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's first value comes in between our look and our insert."""

    def be_overtaken(**given: Any) -> None:
        check_measurement(**given)
        if given["existing"] is None:
            MeasurementFactory(metric=metric, subject=project, value=7.0)

    monkeypatch.setattr(measurements, "check_measurement", be_overtaken)
    assert record(metric, project, "2026-03", 8.0, by=analyst).outcome == Outcome.CHANGED
    assert table(Measurement, "value", "entered_by__username") == [(8.0, "analyst")]
    assert table(MeasurementChange, "value_before", "value_after") == [(7.0, 8.0)]


def test_a_value_whose_scores_can_not_fall_due_is_not_stored(
    metric: MetricDefinition, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = MeasurementFactory(metric=metric, subject=project, period="2026-02", value=1.0)

    def fail(*_: Any) -> None:
        raise RuntimeError("nothing can be marked")

    monkeypatch.setattr(measurements, "mark_for_rescoring", fail)
    with pytest.raises(RuntimeError):
        record(metric, project, "2026-03", 1.0)
    with pytest.raises(RuntimeError):
        record(metric, project, "2026-02", 2.0)
    with pytest.raises(RuntimeError):
        delete_measurement(old, by=None, door=Door.FORM)
    assert table(Measurement, "month", "value") == [(Month.parse("2026-02"), 1.0)]
    assert not MeasurementChange.objects.exists()
