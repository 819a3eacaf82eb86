"""What an import stores: exactly what its check said, all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics.choices import BatchMode, BatchState, Door, DraftState, Verdict
from metrics.importing.plans import Reading
from metrics.models import (
    DraftMeasurement,
    ImportBatch,
    Measurement,
    MeasurementChange,
    MetricDefinition,
    RescoreNeed,
    SavedMapping,
)
from metrics.operations import imports
from metrics.operations.imports import (
    BatchLost,
    carry_out_batch,
    import_batch,
    map_batch,
    reopen_dead_batches,
    show_life_of_batch,
    take_next_batch,
)
from metrics.tasks import answer_imports_task
from projects.models import Project
from projects.months import Month
from tests.factories import (
    A_MOMENT,
    DraftMeasurementFactory,
    MeasurementFactory,
    MetricAssignmentFactory,
    MetricFactory,
    MonthClosingFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    UserFactory,
)
from tests.importing import (
    HEADER,
    LONG,
    WITH_NOTES,
    checked,
    report,
    sent,
    stored,
    table_of,
    worked_off,
)
from tests.tables import table, told, waiting_from

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 7, 15, 12, 0, tzinfo=UTC)
VALUES = ("metric__code", "subject__code", "period_start", "value", "note", "door", "batch")


@pytest.fixture(autouse=True)
def now() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def stage() -> None:
    """Two projects, two metrics; speed of P1 is known for January and February."""
    OrganisationFactory()
    portfolio = PortfolioFactory(code="PF")
    projects = [ProjectFactory(code=code, portfolio=portfolio) for code in ("P1", "P2")]
    speed = MetricFactory(code="speed")
    MetricFactory(code="cost")
    for month, value in (("2026-01", 10.0), ("2026-02", 11.0)):
        MeasurementFactory(metric=speed, subject=projects[0], period=month, value=value, note="n")


ROWS = ("speed,P1,2026-01,10", "speed,P1,2026-02,12", "speed,P2,2026-03,13.5")


def values() -> list[tuple[Any, ...]]:
    return [
        (metric, subject, f"{start:%Y-%m}", value, note, door, batch)
        for metric, subject, start, value, note, door, batch in table(Measurement, *VALUES)
    ]


def test_new_and_changed_values_are_stored_with_their_batch(stage: None, analyst: User) -> None:
    batch = stored(checked(table_of(*ROWS), analyst))
    assert batch.state == BatchState.DONE
    assert batch.counts["stored"] == 2
    assert values() == [
        ("speed", "P1", "2026-01", 10.0, "n", Door.FORM, None),
        ("speed", "P1", "2026-02", 12.0, "n", Door.IMPORT, batch.pk),
        ("speed", "P2", "2026-03", 13.5, "", Door.IMPORT, batch.pk),
    ]
    assert table(
        MeasurementChange,
        "value_before",
        "value_after",
        "note_before",
        "note_after",
        "door",
        "door_before",
        "entered_at_before",
        "entered_by_before",
        "batch_before",
        "batch",
        "changed_by__username",
        "changed_at",
    ) == [(11.0, 12.0, "n", "n", "import", "form", A_MOMENT, None, None, batch.pk, "analyst", NOW)]
    assert set(Measurement.objects.filter(batch=batch).values_list("changed_at", "entered_by")) == {
        (NOW, analyst.pk)
    }
    assert waiting_from() == {("P1", "2026-02"), ("P2", "2026-03")}


def test_importing_the_same_file_again_changes_nothing(stage: None, analyst: User) -> None:
    stored(checked(table_of(*ROWS), analyst))
    before = values()
    batch = checked(table_of(*ROWS), analyst)
    assert batch.counts["same"] == 3
    with pytest.raises(ValidationError) as refusal:
        import_batch(batch, mode=BatchMode.ACCEPTED_ONLY, is_confirmed=False, by=analyst)
    assert told(refusal) == ["There is nothing to import: no value is new or changed."]
    assert values() == before


def test_all_or_nothing_takes_no_batch_with_a_refused_row(stage: None, analyst: User) -> None:
    batch = checked(table_of(*ROWS, "speed,P9,2026-01,1"), analyst)
    before = values()
    with pytest.raises(ValidationError) as refusal:
        stored(batch)
    assert told(refusal) == [
        "1 row is refused, and all rows or none were to be imported: mend them and send the file"
        " again, or import the accepted rows only."
    ]
    assert values() == before


def test_the_accepted_rows_alone_are_stored_if_that_is_chosen(stage: None, analyst: User) -> None:
    batch = checked(table_of(*ROWS, "speed,P9,2026-01,1"), analyst)
    batch = stored(batch, mode=BatchMode.ACCEPTED_ONLY)
    assert batch.state == BatchState.DONE
    assert Measurement.objects.filter(batch=batch).count() == 2
    assert [row.line for row in report(batch)[Verdict.REFUSED]] == [5]


def test_a_row_refused_since_the_check_stops_all_or_nothing(stage: None, analyst: User) -> None:
    """The report is then of the real run."""
    batch = checked(table_of(*ROWS), analyst)
    MonthClosingFactory(month=Month.parse("2026-02"))
    before, changes = values(), MeasurementChange.objects.count()
    RescoreNeed.objects.all().delete()
    batch = stored(batch)
    assert batch.state == BatchState.CHECKED
    assert batch.error.startswith("Nothing was imported. 1 row is refused")
    assert [(row.line, row.column) for row in report(batch)[Verdict.REFUSED]] == [(3, "value")]
    assert (values(), MeasurementChange.objects.count()) == (before, changes)
    assert not RescoreNeed.objects.exists()
    assert stored(batch, mode=BatchMode.ACCEPTED_ONLY).state == BatchState.DONE
    assert [value for *_, value, _, _, _ in values()] == [10.0, 11.0, 13.5]


def test_a_right_that_is_lost_before_the_import_counts(stage: None, analyst: User) -> None:
    batch = checked(table_of(*ROWS), analyst)
    MetricAssignmentFactory(metric=MetricDefinition.objects.get(code="speed"), user=UserFactory())
    batch = stored(batch)
    assert batch.state == BatchState.CHECKED
    assert {row.sentence for row in report(batch)[Verdict.REFUSED]} == {
        "These values are somebody else's to enter."
    }


@pytest.fixture
def steady(stage: None) -> None:
    for month in range(3, 7):
        MeasurementFactory(
            metric=MetricDefinition.objects.get(code="speed"),
            subject=Project.objects.get(code="P1"),
            period=f"2026-0{month}",
            value=10.0 + month % 2,
        )


def test_unusual_values_are_stored_only_when_confirmed(steady: None, analyst: User) -> None:
    batch = checked(table_of("speed,P1,2026-07,1000", "cost,P1,2026-07,1"), analyst)
    with pytest.raises(ValidationError) as refusal:
        stored(batch)
    assert told(refusal) == [
        "1 value is unusual: look at them and confirm that they are right, or import the accepted"
        " rows only."
    ]
    batch = stored(batch, mode=BatchMode.ACCEPTED_ONLY)
    assert list(Measurement.objects.filter(batch=batch).values_list("value", flat=True)) == [1.0]
    again = stored(checked(table_of("speed,P1,2026-07,1000"), analyst), is_confirmed=True)
    assert list(Measurement.objects.filter(batch=again).values_list("value", flat=True)) == [1000.0]


def test_what_became_unusual_since_the_check_was_not_confirmed(stage: None, analyst: User) -> None:
    batch = checked(table_of("speed,P2,2026-07,1000"), analyst)
    for month in range(1, 7):
        MeasurementFactory(
            metric=MetricDefinition.objects.get(code="speed"),
            subject=Project.objects.get(code="P2"),
            period=f"2026-0{month}",
            value=10.0 + month % 2,
        )
    batch = stored(batch, is_confirmed=True)
    assert batch.state == BatchState.CHECKED
    assert batch.error == (
        "Nothing was imported: since the check 1 more value is unusual. Look at them and confirm"
        " again."
    )
    assert not batch.is_confirmed
    assert stored(batch, is_confirmed=True).state == BatchState.DONE


def test_values_that_need_approval_become_drafts(stage: None, analyst: User) -> None:
    delicate = MetricFactory(code="delicate", needs_approval=True)
    project = Project.objects.get(code="P1")
    earlier = DraftMeasurementFactory(metric=delicate, subject=project, period="2026-03", value=4.0)
    batch = stored(checked(table_of("delicate,P1,2026-03,5", "speed,P1,2026-03,5"), analyst))
    assert list(Measurement.objects.filter(batch=batch).values_list("metric__code", flat=True)) == [
        "speed"
    ]
    assert table(DraftMeasurement, "value", "state", "door", "batch", "entered_by__username") == [
        (4.0, DraftState.WITHDRAWN, Door.FORM, None, None),
        (5.0, DraftState.WAITING, Door.IMPORT, batch.pk, "analyst"),
    ]
    earlier.refresh_from_db()
    assert batch.counts["stored"] == 2


def test_a_note_comes_with_its_value(stage: None, analyst: User) -> None:
    row = table_of('speed,P1,2026-01,9,"Lower, as\na line broke."', header=f"{HEADER},Note")
    batch = stored(checked(row, analyst, WITH_NOTES))
    assert Measurement.objects.get(batch=batch).note == "Lower, as\na line broke."


ANY_ROW = st.tuples(
    st.sampled_from(["speed", "cost", "delicate", "theirs", "ratio", "none"]),
    st.sampled_from(["P1", "P2", "PF", "P9"]),
    st.sampled_from(["2025-11", "2026-01", "2026-02", "2026-03", "2026-06", "2026-12", "2026", ""]),
    st.sampled_from(["10", "11", "12", "1100", "-11", "-0", "1e2", "0.1", "abc", ""]),
    st.sampled_from(["", "n", "Why."]),
)


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(rows=st.lists(ANY_ROW, max_size=14), is_confirmed=st.booleans(), tells_notes=st.booleans())
def test_the_dry_run_is_the_real_run(
    stage: None, analyst: User, rows: list[Any], is_confirmed: bool, tells_notes: bool
) -> None:
    """Whatever the file: the same verdicts, and what is stored is what they say."""
    _set_the_stage()
    header = f"{HEADER},Note" if tells_notes else HEADER
    text = table_of(*(",".join(row if tells_notes else row[:4]) for row in rows), header=header)
    batch = checked(text, analyst, WITH_NOTES if tells_notes else LONG)
    dry = report(batch)
    before = _stored_values()
    if batch.state == BatchState.FAILED:
        return
    try:
        batch = stored(batch, mode=BatchMode.ACCEPTED_ONLY, is_confirmed=is_confirmed)
    except ValidationError:
        assert not dry.get(Verdict.NEW)
        assert not dry.get(Verdict.CHANGED)
        return
    assert batch.state == BatchState.DONE
    assert report(batch) == dry
    taken = [*dry.get(Verdict.NEW, []), *dry.get(Verdict.CHANGED, [])]
    taken += dry.get(Verdict.QUESTIONED, []) if is_confirmed else []
    measured = {
        (row.metric, row.subject, row.period): row.value
        for row in taken
        if row.metric != "delicate"
    }
    assert _stored_values() == before | measured
    waiting = DraftMeasurement.objects.filter(state=DraftState.WAITING, batch=batch)
    assert waiting.count() == len(taken) - len(measured)
    assert batch.counts["stored"] == len(taken)


def _set_the_stage() -> None:
    """Anew for each example, as they share one test's database."""
    ImportBatch.objects.update(state=BatchState.DONE)
    DraftMeasurement.objects.all().delete()
    MeasurementChange.objects.all().delete()
    Measurement.objects.exclude(metric__code="speed", subject__code="P1").delete()
    Measurement.objects.filter(period_start__year=2025).delete()
    Measurement.objects.update(value=11.0, note="n", batch=None)
    if not MetricDefinition.objects.filter(code="ratio").exists():
        MetricFactory(code="ratio", formula="speed / cost")
        MetricFactory(code="delicate", needs_approval=True)
        MetricAssignmentFactory(metric=MetricFactory(code="theirs"), user=UserFactory())
        MonthClosingFactory(month=Month.parse("2026-01"))


def _stored_values() -> dict[tuple[str, str, str], float]:
    return {
        (metric, subject, f"{start:%Y-%m}"): value
        for metric, subject, start, value in Measurement.objects.values_list(
            "metric__code", "subject__code", "period_start", "value"
        )
    }


def test_a_file_that_can_not_be_read_to_its_end_fails_with_the_reason(
    stage: None, analyst: User
) -> None:
    batch = checked(table_of("speed,P1,2026-01,10", 'speed,P1,"2026-02,12'), analyst)
    assert batch.state == BatchState.FAILED
    assert batch.error == "Line 3: a quote is opened and never closed."
    again = map_batch(batch, reading=Reading(), mapping=LONG, by=analyst)
    assert again.state == BatchState.CHECK_DUE


def test_the_mapping_is_kept_for_the_next_file_like_it(stage: None, analyst: User) -> None:
    for _ in range(2):
        sent(table_of(*ROWS), analyst)
    assert table(SavedMapping, "owner__username", "name", "times_used") == [
        ("analyst", "values.csv", 2)
    ]
    assert SavedMapping.objects.get().mapping == LONG.as_plain()


def test_a_stored_batch_is_not_mapped_again(stage: None, analyst: User) -> None:
    batch = stored(checked(table_of(*ROWS), analyst))
    with pytest.raises(ValidationError) as refusal:
        map_batch(batch, reading=Reading(), mapping=LONG, by=analyst)
    assert told(refusal) == [
        "This import is being stored or is stored already; send the file again to map it anew."
    ]


def test_a_batch_is_taken_by_one_worker(stage: None, analyst: User) -> None:
    batch = sent(table_of(*ROWS), analyst)
    first = take_next_batch()
    assert first == batch
    assert take_next_batch() is None
    assert first is not None
    assert (first.state, first.attempt) == (BatchState.CHECKING, 1)
    assert show_life_of_batch(first)


def test_a_worker_given_up_for_dead_writes_nothing_more(
    stage: None, analyst: User, now: time_machine.Traveller
) -> None:
    batch = checked(table_of(*ROWS), analyst)
    import_batch(batch, mode=BatchMode.ALL_OR_NOTHING, is_confirmed=False, by=analyst)
    dead = take_next_batch()
    assert dead is not None
    assert reopen_dead_batches() == 0
    now.shift(timedelta(seconds=61))
    assert reopen_dead_batches() == 1
    before = values()
    with pytest.raises(BatchLost):
        carry_out_batch(dead)
    assert values() == before
    assert worked_off(batch).state == BatchState.DONE
    assert Measurement.objects.filter(batch=batch).count() == 2


def test_a_batch_mapped_anew_while_it_is_checked_is_checked_anew(
    stage: None, analyst: User
) -> None:
    batch = sent(table_of(*ROWS), analyst)
    claimed = take_next_batch()
    assert claimed is not None
    map_batch(batch, reading=Reading(), mapping=LONG, by=analyst)
    with pytest.raises(BatchLost):
        carry_out_batch(claimed)
    assert worked_off(batch).state == BatchState.CHECKED


def test_a_file_that_kills_its_workers_is_not_tried_for_ever(
    stage: None, analyst: User, now: time_machine.Traveller
) -> None:
    batch = sent(table_of(*ROWS), analyst)
    for _ in range(imports.MOST_TRIES):
        assert take_next_batch() is not None
        now.shift(timedelta(seconds=61))
        reopen_dead_batches()
    batch.refresh_from_db()
    assert batch.state == BatchState.FAILED
    assert batch.error == "A worker died of this file 5 times; it is not tried again."


def test_an_error_halfway_stores_nothing(
    stage: None, analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = checked(table_of(*ROWS), analyst)
    before = values()
    monkeypatch.setattr(imports, "keep_rows", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        stored(batch)
    batch.refresh_from_db()
    assert (batch.state, batch.error) == (BatchState.FAILED, "ZeroDivisionError: division by zero")
    assert values() == before
    assert not MeasurementChange.objects.exists()


def test_the_task_does_what_is_due_and_twice_is_once(
    stage: None, analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metrics.tasks.beating", _no_heartbeat)
    batch = sent(table_of(*ROWS), analyst)
    answer_imports_task()
    batch.refresh_from_db()
    import_batch(batch, mode=BatchMode.ALL_OR_NOTHING, is_confirmed=False, by=analyst)
    answer_imports_task()
    answer_imports_task()
    batch.refresh_from_db()
    assert (batch.state, batch.attempt) == (BatchState.DONE, 2)
    assert MeasurementChange.objects.count() == 1


class _no_heartbeat:  # noqa: N801  # stands for a function
    """The thread of the real one would look into another database than the test's."""

    def __init__(self, *_: object) -> None: ...
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...
