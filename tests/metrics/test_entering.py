"""The one function by which people give values: conflicts, explanations, approval."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from metrics.choices import Door
from metrics.models import DraftMeasurement, Measurement, MeasurementChange, MetricDefinition
from metrics.operations.entering import Entered, OvertakenError, Seen, enter_value
from metrics.operations.measurements import Outcome, delete_measurement, record_measurement
from metrics.periods import Period, parse_period
from projects.models import Project
from tests.factories import (
    A_MOMENT,
    CurveOverrideFactory,
    ImportBatchFactory,
    MeasurementFactory,
    MetricFactory,
    MonthClosingFactory,
    ProjectFactory,
    ScorecardFactory,
)
from tests.tables import table, waiting_from

NOW = datetime(2026, 4, 15, 12, 0, tzinfo=UTC)
MARCH = parse_period("2026-03", "month")

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


@pytest.fixture
def colleague(pmo_lead: User) -> User:
    pmo_lead.first_name, pmo_lead.last_name = "Cleo", "Lead"
    pmo_lead.save()
    return pmo_lead


def enter(
    metric: MetricDefinition,
    project: Project,
    value: float,
    by: User,
    period: Period = MARCH,
    **given: Any,
) -> Entered:
    return enter_value(
        metric=metric,
        subject=project,
        period=period,
        value=value,
        **{"by": by, "door": Door.GRID, **given},
    )


def refusal_of(*arguments: Any, **given: Any) -> ValidationError:
    with pytest.raises(ValidationError) as refusal:
        enter(*arguments, **given)
    return refusal.value


def values() -> list[Any]:
    return table(Measurement, "value", "note", "door", "entered_by__username", "changed_at")


def drafts() -> list[Any]:
    return table(
        DraftMeasurement, "value", "note", "state", "entered_by__username", "decided_by__username"
    )


def test_a_first_value_is_recorded(
    metric: MetricDefinition, project: Project, analyst: User
) -> None:
    entered = enter(metric, project, 42.5, analyst, note="by survey", seen=Seen(None))
    assert (entered.outcome, entered.draft) == (Outcome.CREATED, None)
    assert values() == [(42.5, "by survey", "grid", "analyst", NOW)]
    assert waiting_from() == {("P", "2026-03")}


def test_who_saw_what_stands_there_corrects_it(
    metric: MetricDefinition, project: Project, analyst: User
) -> None:
    row = MeasurementFactory(metric=metric, subject=project, value=40.0)
    entered = enter(metric, project, 42.5, analyst, seen=Seen.of(row))
    assert entered.outcome == Outcome.CHANGED
    assert values() == [(42.5, "", "grid", "analyst", NOW)]


@pytest.mark.parametrize(
    "seen",
    [
        Seen(None),
        Seen(39.0),
        Seen(39.0, A_MOMENT),
        Seen(40.0, A_MOMENT - timedelta(microseconds=1)),
    ],
)
def test_nobody_overwrites_what_they_did_not_see(
    seen: Seen, metric: MetricDefinition, project: Project, analyst: User, colleague: User
) -> None:
    row = MeasurementFactory(metric=metric, subject=project, value=40.0, entered_by=colleague)
    with pytest.raises(OvertakenError) as refusal:
        enter(metric, project, 42.5, analyst, seen=seen)
    assert refusal.value.code == "overtaken"
    assert refusal.value.messages == [
        "Meanwhile Cleo Lead gave 40 (2026-04-01 09:30). Look again before you save."
    ]
    assert refusal.value.now == row
    assert values() == [(40.0, "", "form", "pmo_lead", A_MOMENT)]
    assert not MeasurementChange.objects.exists()


def test_nobody_brings_back_what_was_deleted_meanwhile(
    metric: MetricDefinition, project: Project, analyst: User
) -> None:
    row = MeasurementFactory(metric=metric, subject=project, value=40.0)
    seen = Seen.of(row)
    delete_measurement(row, by=None, door=Door.FORM)
    refusal = refusal_of(metric, project, 42.5, analyst, seen=seen)
    assert refusal.code == "overtaken"
    assert refusal.messages == [
        "The value that stood here was deleted meanwhile. Look again before you save."
    ]
    assert values() == []


def test_who_gives_what_somebody_else_gave_meanwhile_overwrites_nothing(
    metric: MetricDefinition, project: Project, analyst: User
) -> None:
    MeasurementFactory(metric=metric, subject=project, value=40.0, note="survey")
    entered = enter(metric, project, 40.0, analyst, note="survey", seen=Seen(None))
    assert entered.outcome == Outcome.SAME
    assert refusal_of(metric, project, 40.0, analyst, note="", seen=Seen(None)).code == "overtaken"


def test_at_a_door_where_nobody_looks_the_value_is_corrected(
    metric: MetricDefinition, project: Project, analyst: User
) -> None:
    MeasurementFactory(metric=metric, subject=project, value=40.0)
    assert enter(metric, project, 42.5, analyst).outcome == Outcome.CHANGED


def test_a_deletion_is_refused_too_where_the_value_is_another_by_now(
    metric: MetricDefinition, project: Project
) -> None:
    row = MeasurementFactory(metric=metric, subject=project, value=40.0)
    with pytest.raises(OvertakenError):
        delete_measurement(row, by=None, door=Door.GRID, seen=Seen(39.0))
    delete_measurement(row, by=None, door=Door.GRID, seen=Seen(40.0))
    assert values() == []


def test_a_correction_keeps_who_gave_the_value_before_and_how(
    metric: MetricDefinition, project: Project, analyst: User, pmo_lead: User
) -> None:
    batch = ImportBatchFactory()
    MeasurementFactory(
        metric=metric,
        subject=project,
        value=40.0,
        door=Door.IMPORT,
        batch=batch,
        entered_by=pmo_lead,
    )
    enter(metric, project, 42.5, analyst)
    columns = [
        "value_before",
        "entered_by_before__username",
        "entered_at_before",
        "door_before",
        "batch_before",
        "value_after",
        "changed_by__username",
        "door",
        "batch",
    ]
    change = (40.0, "pmo_lead", A_MOMENT, "import", batch.pk, 42.5, "analyst", "grid", None)
    assert table(MeasurementChange, *columns) == [change]
    assert Measurement.objects.get().batch is None  # it is no import's any more
    delete_measurement(Measurement.objects.get(), by=analyst, door=Door.UNDO, batch=batch)
    deletion = (42.5, "analyst", NOW, "grid", None, None, "analyst", "undo", batch.pk)
    assert set(table(MeasurementChange, *columns)) == {change, deletion}


def test_a_value_of_a_batch_names_it(
    metric: MetricDefinition, project: Project, analyst: User
) -> None:
    batch = ImportBatchFactory()
    given: dict[str, Any] = {
        "metric": metric,
        "subject": project,
        "period": MARCH,
        "by": analyst,
    }
    record_measurement(**given, value=1.0, door=Door.IMPORT, batch=batch)
    assert Measurement.objects.get().batch == batch
    record_measurement(**given, value=2.0, door=Door.IMPORT, batch=batch)
    assert MeasurementChange.objects.get().batch == batch


@pytest.fixture
def asking(metric: MetricDefinition) -> MetricDefinition:
    ScorecardFactory(is_default=True, amber_from=50.0, green_from=75.0)
    metric.asks_why_red = True
    metric.save()
    return metric


@pytest.mark.parametrize("note", ["", "  \n"])
def test_a_red_value_without_an_explanation_is_refused_where_the_metric_asks(
    note: str, asking: MetricDefinition, project: Project, analyst: User
) -> None:
    refusal = refusal_of(asking, project, 49.0, analyst, note=note)
    assert refusal.message_dict == {
        "note": ["The value scores 49.0, which is red. Say in a sentence why, as its note."]
    }
    assert refusal.error_dict["note"][0].code == "why_red"
    assert values() == []


def test_an_explained_or_better_value_is_taken(
    asking: MetricDefinition, project: Project, analyst: User
) -> None:
    assert enter(asking, project, 49.0, analyst, note="A strike.").outcome == Outcome.CREATED
    assert enter(asking, project, 50.0, analyst).outcome == Outcome.CHANGED


def test_a_metric_that_does_not_ask_takes_red_values_as_they_are(
    metric: MetricDefinition, project: Project, analyst: User
) -> None:
    ScorecardFactory(is_default=True)
    assert enter(metric, project, 1.0, analyst).outcome == Outcome.CREATED


def test_red_is_what_the_subjects_own_curve_calls_red(
    asking: MetricDefinition, project: Project, analyst: User
) -> None:
    CurveOverrideFactory(metric=asking, subject=project)  # falling, from March 2026
    assert enter(asking, project, 1.0, analyst).outcome == Outcome.CREATED
    assert refusal_of(asking, project, 99.0, analyst).message_dict.keys() == {"note"}
    february = parse_period("2026-02", "month")
    assert enter(asking, project, 99.0, analyst, february).outcome == Outcome.CREATED


def test_the_explanation_of_a_red_value_can_not_be_taken_away(
    asking: MetricDefinition, project: Project, analyst: User
) -> None:
    enter(asking, project, 1.0, analyst, note="A strike.")
    assert refusal_of(asking, project, 1.0, analyst).message_dict.keys() == {"note"}


def test_an_unexplained_value_of_before_may_be_given_again_as_it_is(
    asking: MetricDefinition, project: Project, analyst: User
) -> None:
    MeasurementFactory(metric=asking, subject=project, value=1.0)
    assert enter(asking, project, 1.0, analyst).outcome == Outcome.SAME


def test_what_is_wrong_with_the_value_itself_is_told_before_a_missing_explanation(
    asking: MetricDefinition, project: Project, analyst: User
) -> None:
    refusal = refusal_of(asking, project, 1.0, analyst, parse_period("2026-05", "month"))
    assert refusal.message_dict == {
        "period": ["2026-05 has not begun; the latest month that has is 2026-04."]
    }


def test_a_restored_history_is_not_asked_why(asking: MetricDefinition, project: Project) -> None:
    record_measurement(
        metric=asking, subject=project, period=MARCH, value=1.0, by=None, door=Door.WORKSPACE
    )
    assert Measurement.objects.get().value == 1.0


@pytest.fixture
def guarded(metric: MetricDefinition) -> MetricDefinition:
    metric.needs_approval = True
    metric.save()
    return metric


def test_a_value_that_needs_approval_is_no_measurement(
    guarded: MetricDefinition, project: Project, analyst: User
) -> None:
    entered = enter(guarded, project, 42.5, analyst, note="by survey", seen=Seen(None))
    assert (entered.outcome, entered.measurement) == (Outcome.DRAFTED, None)
    assert drafts() == [(42.5, "by survey", "waiting", "analyst", None)]
    assert values() == []
    assert waiting_from() == set()


def test_a_newer_value_takes_the_place_of_the_one_that_waits(
    guarded: MetricDefinition, project: Project, analyst: User
) -> None:
    first = enter(guarded, project, 1.0, analyst).draft
    enter(guarded, project, 2.0, analyst, seen=Seen.of(first))
    assert sorted(drafts()) == [
        (1.0, "", "withdrawn", "analyst", "analyst"),
        (2.0, "", "waiting", "analyst", None),
    ]


def test_the_same_value_once_more_waits_once(
    guarded: MetricDefinition, project: Project, analyst: User
) -> None:
    first = enter(guarded, project, 1.0, analyst, seen=Seen(None)).draft
    again = enter(guarded, project, 1.0, analyst, seen=Seen(None))
    assert (again.outcome, again.draft) == (Outcome.SAME, first)
    assert drafts() == [(1.0, "", "waiting", "analyst", None)]


def test_nobody_replaces_a_waiting_value_that_they_did_not_see(
    guarded: MetricDefinition, project: Project, analyst: User, colleague: User
) -> None:
    draft = enter(guarded, project, 1.0, colleague).draft
    refusal = refusal_of(guarded, project, 2.0, analyst, seen=Seen(None))
    assert isinstance(refusal, OvertakenError)
    assert refusal.now == draft
    assert refusal.messages == [
        "Meanwhile Cleo Lead gave 1, which waits for approval (2026-04-15 12:00). Look again"
        " before you save."
    ]
    assert drafts() == [(1.0, "", "waiting", "pmo_lead", None)]


def test_what_is_recorded_already_needs_no_approval_and_takes_back_what_waits(
    guarded: MetricDefinition, project: Project, analyst: User
) -> None:
    MeasurementFactory(metric=guarded, subject=project, value=40.0)
    assert enter(guarded, project, 40.0, analyst).outcome == Outcome.SAME
    assert drafts() == []
    enter(guarded, project, 41.0, analyst)
    entered = enter(guarded, project, 40.0, analyst)
    assert (entered.outcome, entered.draft) == (Outcome.SAME, None)
    assert drafts() == [(41.0, "", "withdrawn", "analyst", "analyst")]


def test_what_waits_from_before_gives_way_when_the_metric_needs_no_approval_any_more(
    guarded: MetricDefinition, project: Project, analyst: User
) -> None:
    draft = enter(guarded, project, 1.0, analyst).draft
    guarded.needs_approval = False
    guarded.save()
    assert enter(guarded, project, 2.0, analyst, seen=Seen.of(draft)).outcome == Outcome.CREATED
    assert drafts() == [(1.0, "", "withdrawn", "analyst", "analyst")]
    assert [row[0] for row in values()] == [2.0]


def test_a_draft_obeys_the_rules_of_measurements(
    guarded: MetricDefinition, project: Project, analyst: User
) -> None:
    MeasurementFactory(metric=guarded, subject=project, value=40.0)
    MonthClosingFactory()
    told = {
        "period": [
            "2026-03 is closed and its value stays 40 (41 was to replace it); a PMO lead can"
            " reopen the month."
        ]
    }
    assert refusal_of(guarded, project, 41.0, analyst).message_dict == told
    segment_metric = MetricFactory(subject_kind="segment", needs_approval=True)
    assert refusal_of(segment_metric, project, 1.0, analyst).message_dict.keys() == {"subject"}
    assert refusal_of(guarded, project, float("nan"), analyst).message_dict.keys() == {"value"}
    assert drafts() == []
