"""Undoing an import: what was there before comes back, and what was changed since is named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics.batches.progress import Progress, Step
from metrics.batches.undoing import undoing_of
from metrics.choices import BatchMode, BatchState, Door, DraftState, RunTrigger, Verdict
from metrics.models import (
    DraftMeasurement,
    Measurement,
    MeasurementChange,
    MetricDefinition,
    RescoreNeed,
    Score,
)
from metrics.operations import imports
from metrics.operations.drafts import approve_draft
from metrics.operations.imports import (
    MOST_TRIES,
    BatchLost,
    carry_out_batch,
    give_batch_back,
    reopen_dead_batches,
    take_next_batch,
    undo_batch,
)
from metrics.operations.measurements import delete_measurement, record_measurement
from metrics.operations.runs import answer_all_needs, score_now
from metrics.periods import parse_period
from metrics.workspace import load_workspace
from projects.models import Project, Subject
from projects.months import Month
from tests.factories import (
    DraftMeasurementFactory,
    MeasurementFactory,
    MetricFactory,
    MonthClosingFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
)
from tests.importing import checked, dumped, report, stored, table_of, undone, worked_off
from tests.tables import table, told, waiting_from

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 7, 15, 12, 0, tzinfo=UTC)
ROWS = ("speed,P1,2026-01,10", "speed,P1,2026-02,12", "speed,P2,2026-03,13.5")
WORKED = Path("examples/worked")


@pytest.fixture(autouse=True)
def now() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def stage() -> None:
    """Two projects; speed of P1 is known for January and February."""
    OrganisationFactory()
    portfolio = PortfolioFactory(code="PF")
    projects = [ProjectFactory(code=code, portfolio=portfolio) for code in ("P1", "P2")]
    speed = MetricFactory(code="speed")
    for month, value in (("2026-01", 10.0), ("2026-02", 11.0)):
        MeasurementFactory(metric=speed, subject=projects[0], period=month, value=value, note="n")


def everything() -> list[tuple[Any, ...]]:
    """Every column of every value, keys of rows apart."""
    columns = [field.attname for field in Measurement._meta.fields if field.name != "id"]
    return table(Measurement, *columns)


def correct(period: str, value: float, by: User, subject: str = "P1") -> None:
    metric = MetricDefinition.objects.get(code="speed")
    record_measurement(
        metric=metric,
        subject=Subject.objects.get(code=subject),
        period=parse_period(period, metric.cadence),
        value=value,
        by=by,
        door=Door.FORM,
    )


def test_what_was_new_goes_and_what_was_changed_comes_back(
    stage: None, analyst: User, pmo_lead: User, now: time_machine.Traveller, tmp_path: Path
) -> None:
    before, dump = everything(), dumped(tmp_path / "before")
    batch = stored(checked(table_of(*ROWS), analyst))
    assert everything() != before
    RescoreNeed.objects.all().delete()
    now.shift(timedelta(days=1))
    undoing = undone(batch, pmo_lead)
    assert (undoing.deleted, undoing.restored, undoing.withdrawn, undoing.left) == (1, 1, 0, [])
    assert everything() == before
    assert dumped(tmp_path / "after") == dump
    batch.refresh_from_db()
    assert (batch.state, batch.undone_by, batch.undone_at) == (
        BatchState.UNDONE,
        pmo_lead,
        NOW + timedelta(days=1),
    )
    assert waiting_from() == {("P1", "2026-02"), ("P2", "2026-03")}
    assert table(
        MeasurementChange.objects.filter(door=Door.UNDO),
        "value_before",
        "value_after",
        "note_after",
        "door_before",
        "batch_before",
        "batch",
        "changed_by__username",
        "changed_at",
    ) == [
        (12.0, 11.0, "n", "import", batch.pk, batch.pk, "pmo_lead", NOW + timedelta(days=1)),
        (13.5, None, "", "import", batch.pk, batch.pk, "pmo_lead", NOW + timedelta(days=1)),
    ]


def test_asking_what_undoing_would_do_changes_nothing(stage: None, analyst: User) -> None:
    batch = stored(checked(table_of(*ROWS), analyst))
    before, changes = everything(), MeasurementChange.objects.count()
    undoing = undoing_of(batch)
    assert (undoing.deleted, undoing.restored, undoing.left) == (1, 1, [])
    assert (everything(), MeasurementChange.objects.count()) == (before, changes)


def test_a_batch_is_undone_once(stage: None, analyst: User) -> None:
    batch = stored(checked(table_of(*ROWS), analyst))
    undone(batch, analyst)
    with pytest.raises(ValidationError) as refusal:
        undo_batch(batch, by=analyst)
    assert told(refusal) == ["Only an import that is stored can be undone, and only once."]


def test_what_was_changed_or_deleted_since_stays_and_is_named(
    stage: None, analyst: User, pmo_lead: User, now: time_machine.Traveller
) -> None:
    batch = stored(checked(table_of(*ROWS, "speed,P2,2026-04,14", "speed,P2,2026-05,1"), analyst))
    now.shift(timedelta(hours=1))
    correct("2026-02", 99.0, pmo_lead)
    gone = Measurement.objects.get(subject__code="P2", value=13.5)
    delete_measurement(gone, by=analyst, door=Door.FORM)
    now.shift(timedelta(hours=1))
    later = stored(checked(table_of("speed,P2,2026-04,15"), analyst))
    undoing = undone(batch, analyst)
    assert (undoing.deleted, undoing.restored) == (1, 0)
    batch.refresh_from_db()
    assert [
        (row.subject, row.period, row.value, row.before, row.sentence)
        for row in report(batch)[Verdict.LEFT]
    ] == [
        (
            "P1",
            "2026-02",
            12.0,
            99.0,
            "pmo_lead changed it to 99 on 2026-07-15 13:00. It is 99 now.",
        ),
        ("P2", "2026-03", 13.5, None, "analyst deleted it on 2026-07-15 13:00."),
        (
            "P2",
            "2026-04",
            14.0,
            15.0,
            "analyst changed it to 15 on 2026-07-15 14:00. It is 15 now.",
        ),
    ]
    assert [row.sentence for row in undoing.left] == [
        row.sentence for row in report(batch)[Verdict.LEFT]
    ]
    assert table(Measurement, "subject__code", "value", "batch") == [
        ("P1", 10.0, None),
        ("P1", 99.0, None),
        ("P2", 15.0, later.pk),
    ]


def test_what_lies_in_a_closed_month_by_now_stays_and_is_named(stage: None, analyst: User) -> None:
    batch = stored(checked(table_of(*ROWS), analyst))
    MonthClosingFactory(month=Month.parse("2026-02"))
    undoing = undone(batch, analyst)
    assert (undoing.deleted, undoing.restored) == (1, 0)
    assert [(row.period, row.sentence) for row in undoing.left] == [
        (
            "2026-02",
            "2026-02 is closed and its value stays 12 (11 was to replace it); a PMO lead can"
            " reopen the month.",
        )
    ]
    assert table(Measurement, "value") == [(10.0,), (12.0,)]


def test_two_batches_are_undone_one_after_the_other(
    stage: None, analyst: User, tmp_path: Path
) -> None:
    before, dump = everything(), dumped(tmp_path / "before")
    first = stored(checked(table_of(*ROWS), analyst))
    between = everything()
    second = stored(checked(table_of("speed,P1,2026-02,13", "speed,P2,2026-03,9"), analyst))
    undone(second, analyst)
    assert everything() == between
    assert undone(first, analyst).left == []
    assert everything() == before
    assert dumped(tmp_path / "after") == dump


def test_drafts_are_withdrawn_and_what_they_replaced_waits_again(
    stage: None, analyst: User, now: time_machine.Traveller
) -> None:
    delicate = MetricFactory(code="delicate", needs_approval=True)
    project = Project.objects.get(code="P1")
    DraftMeasurementFactory(metric=delicate, subject=project, period="2026-03", value=4.0)
    rows = ["delicate,P1,2026-03,5", "delicate,P1,2026-04,6"]
    batch = stored(checked(table_of(*rows), analyst))
    now.shift(timedelta(hours=1))
    assert undone(batch, analyst).withdrawn == 2
    assert table(DraftMeasurement, "value", "state", "decided_by__username") == [
        (4.0, DraftState.WAITING, None),
        (5.0, DraftState.WITHDRAWN, "analyst"),
        (6.0, DraftState.WITHDRAWN, "analyst"),
    ]


def test_an_approved_draft_is_undone_like_any_other_value(
    stage: None, analyst: User, pmo_lead: User
) -> None:
    MetricFactory(code="delicate", needs_approval=True)
    before = everything()
    batch = stored(checked(table_of("delicate,P1,2026-03,5"), analyst))
    approve_draft(DraftMeasurement.objects.get(), by=pmo_lead)
    assert everything() != before
    assert undone(batch, analyst).deleted == 1
    assert everything() == before


def test_the_scores_are_what_they_were(analyst: User, tmp_path: Path) -> None:
    load_workspace(WORKED)
    score_now(trigger=RunTrigger.LOAD)
    answer_all_needs()
    dump, scores = dumped(tmp_path / "before"), _scores()
    rows = [
        f"{row.metric.code},{row.subject.code},{row.period_start:%Y-%m-%d},{row.value + 1}"
        for row in Measurement.objects.filter(metric__code="fix_days").select_related()
    ]
    assert rows
    batch = checked(table_of(*rows, "fix_days,PRJ-ONBOARD,2026-06-15,17"), analyst)
    batch = stored(batch, is_confirmed=True)
    assert batch.counts["stored"] == len(rows) + 1
    answer_all_needs()
    assert _scores() != scores
    undone(batch, analyst)
    answer_all_needs()
    assert _scores() == scores
    assert dumped(tmp_path / "after") == dump


def _scores() -> list[tuple[Any, ...]]:
    return table(Score, *[field.attname for field in Score._meta.fields if field.name != "id"])


PLACES = st.sampled_from([(s, p) for s in ("P1", "P2") for p in ("2026-01", "2026-02", "2026-03")])


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    batches=st.lists(st.dictionaries(PLACES, st.integers(1, 3), min_size=1), min_size=1, max_size=3)
)
def test_undoing_from_the_latest_on_restores_every_column(
    stage: None, analyst: User, batches: list[dict[tuple[str, str], int]]
) -> None:
    before = everything()
    done = []
    for values in batches:
        rows = [f"speed,{subject},{period},{value}" for (subject, period), value in values.items()]
        batch = checked(table_of(*rows), analyst)
        if batch.counts["new"] + batch.counts["changed"]:
            done.append(stored(batch, mode=BatchMode.ACCEPTED_ONLY))
    for batch in reversed(done):
        assert undone(batch, analyst).left == []
    assert everything() == before


def test_a_worker_given_up_for_dead_undoes_nothing_more(
    stage: None, analyst: User, now: time_machine.Traveller
) -> None:
    before = everything()
    batch = stored(checked(table_of(*ROWS), analyst))
    imported = everything()
    undo_batch(batch, by=analyst)
    dead = take_next_batch()
    assert dead is not None
    now.shift(timedelta(seconds=61))
    assert reopen_dead_batches() == 1
    with pytest.raises(BatchLost):
        carry_out_batch(dead)
    assert everything() == imported
    assert worked_off(batch).state == BatchState.UNDONE
    assert everything() == before


def test_an_undoing_that_kills_its_workers_is_given_up_and_nothing_is_undone(
    stage: None, analyst: User, now: time_machine.Traveller
) -> None:
    batch = stored(checked(table_of(*ROWS), analyst))
    imported = everything()
    undo_batch(batch, by=analyst)
    for _ in range(MOST_TRIES):
        assert take_next_batch() is not None
        now.shift(timedelta(seconds=61))
        reopen_dead_batches()
    batch.refresh_from_db()
    assert (batch.state, everything()) == (BatchState.DONE, imported)
    assert batch.error == (
        "It could not be undone, and nothing of it was: A worker died of this file 5 times; it is"
        " not tried again."
    )


def test_a_passing_fault_lets_the_undoing_be_taken_again(
    stage: None, analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything()
    batch = stored(checked(table_of(*ROWS), analyst))
    undo_batch(batch, by=analyst)
    claimed = take_next_batch()
    assert claimed is not None
    with monkeypatch.context() as broken:
        broken.setattr(imports, "lock_out_measurements", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            carry_out_batch(claimed)
    give_batch_back(claimed)
    assert worked_off(batch).state == BatchState.UNDONE
    assert everything() == before


def test_much_is_put_back_part_by_part_and_told_of(
    stage: None, analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything()
    batch = stored(checked(table_of(*ROWS, "speed,P2,2026-04,14"), analyst))
    told_of: list[Progress] = []
    monkeypatch.setattr("metrics.batches.undoing.ROWS_AT_ONCE", 1)
    monkeypatch.setattr("metrics.batches.progress.SECONDS_BETWEEN_NOTES", 0)
    monkeypatch.setattr(imports, "show_progress", lambda batch, told: told_of.append(told))
    undone(batch, analyst)
    assert everything() == before
    assert told_of == [
        Progress(Step.LOOKING),
        *(Progress(Step.RESTORING, done, 3) for done in (0, 0, 1, 2)),
    ]
