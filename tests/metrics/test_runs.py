"""Scoring runs on a database: what they write, whom they let write, what they leave for later."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone

from metrics.choices import Band, RunScope, RunState, RunTrigger
from metrics.models import (
    SCORE_COLUMNS,
    Measurement,
    MonthClosing,
    RescoreNeed,
    Score,
    ScoreRun,
)
from metrics.operations import blocks, runs
from metrics.operations.rescoring import mark_for_rescoring
from metrics.score_export import export_scores
from metrics.workspace import load_workspace
from projects.models import Project, Subject
from projects.months import Month
from tests.oracle import read_workspace, scheduled_months

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
JUNE = Month.parse("2026-06")

pytestmark = pytest.mark.django_db


@pytest.fixture
def worked() -> Iterator[None]:
    """The worked example, loaded but not scored, in November 2026."""
    with time_machine.travel(datetime(2026, 11, 22, 12, tzinfo=UTC), tick=False):
        load_workspace(EXAMPLES / "worked")
        yield


def exported() -> str:
    out = io.StringIO()
    export_scores(out)
    return out.getvalue()


def score_all() -> ScoreRun:
    return runs.score_now(trigger=RunTrigger.COMMAND)


def scores_of(month: Month) -> dict[str, dict[str, object]]:
    """All columns of all subjects in a month."""
    rows = Score.objects.filter(month=month).values("subject__code", *SCORE_COLUMNS)
    return {row.pop("subject__code"): row for row in rows}


@pytest.mark.usefixtures("worked")
def test_the_worked_example_scores_as_expected_from_folder_to_file(tmp_path: Path) -> None:
    call_command("score")
    call_command("export_scores", str(tmp_path / "scores.csv"))
    got = list(csv.reader((tmp_path / "scores.csv").open(newline="")))
    expected = list(csv.reader((EXAMPLES / "worked_expected_scores.csv").open(newline="")))
    assert [row[:3] + row[5:] for row in got] == [row[:3] + row[5:] for row in expected]
    for row, other in zip(got[1:], expected[1:], strict=True):
        for value, wanted in zip(row[3:5], other[3:5], strict=True):
            assert (value == "") == (wanted == "")
            assert value == "" or float(value) == pytest.approx(float(wanted), abs=1e-6)


@pytest.mark.usefixtures("worked")
def test_scoring_twice_changes_nothing() -> None:
    score_all()
    before = exported()
    again = score_all()
    assert (again.rows_written, again.rows_removed) == (0, 0)
    assert exported() == before


@pytest.mark.usefixtures("worked")
def test_one_month_of_the_export_is_just_that_month() -> None:
    score_all()
    out = io.StringIO()
    export_scores(out, JUNE)
    months = {row["month"] for row in csv.DictReader(io.StringIO(out.getvalue()))}
    assert months == {"2026-06"}


@pytest.mark.parametrize("today", ["2026-06", "2026-07", "2026-11", "2027-03", "2031-01"])
@pytest.mark.usefixtures("worked")
def test_a_scheduled_run_goes_to_the_current_month_but_not_past_what_is_in_force(
    today: str,
) -> None:
    month = Month.parse(today)
    expected = scheduled_months(read_workspace(EXAMPLES / "worked"), today)
    with time_machine.travel(datetime(month.year, month.number, 15, tzinfo=UTC), tick=False):
        run = score_all()
    assert (str(run.first_month), str(run.last_month)) == expected


@pytest.mark.usefixtures("worked")
def test_without_options_the_command_stops_at_the_last_measurement() -> None:
    call_command("score")
    assert ScoreRun.objects.get().last_month == JUNE


def test_without_measurements_the_command_says_so() -> None:
    with pytest.raises(CommandError, match="no measurements yet"):
        call_command("score")


@pytest.mark.usefixtures("worked")
def test_closed_months_are_passed_by() -> None:
    score_all()
    MonthClosing.objects.create(month=JUNE.plus(-1))
    frozen = list(Score.objects.filter(month__lt=JUNE).order_by("pk").values())
    Measurement.objects.filter(metric__code="fix_days").update(value=30.0)
    run = score_all()
    assert list(Score.objects.filter(month__lt=JUNE).order_by("pk").values()) == frozen
    assert run.first_month == JUNE
    assert run.rows_written > 0


@pytest.mark.usefixtures("worked")
def test_scores_that_no_value_reaches_any_more_go() -> None:
    score_all()
    Measurement.objects.filter(month__lt=JUNE).delete()
    score_all()
    assert not Score.objects.filter(month__lt=JUNE).exists()
    Measurement.objects.all().delete()
    score_all()
    assert not Score.objects.exists()


@pytest.mark.usefixtures("worked")
def test_a_subject_outside_its_span_loses_its_scores() -> None:
    score_all()
    subject = Project.objects.get(code="PRJ-CHAT")
    assert Score.objects.filter(subject=subject, month=JUNE).exists()
    Subject.objects.filter(pk=subject.pk).update(active_until=JUNE.plus(-1))
    score_all()
    assert not Score.objects.filter(subject=subject, month=JUNE).exists()


@pytest.mark.usefixtures("worked")
def test_nothing_is_green_by_silence() -> None:
    score_all()
    silent = Score.objects.filter(overall_score__gte=75, financial_score=None, subject__code="ENT")
    assert {score.overall_band for score in silent} <= {Band.AMBER}


@pytest.mark.usefixtures("worked")
def test_a_run_is_claimed_once_and_only_one_goes_at_a_time() -> None:
    run = runs.request_full_run(RunTrigger.SCHEDULE)
    assert runs.claim(run) is not None
    assert runs.claim(run) is None
    other = ScoreRun.objects.create(scope=RunScope.FULL, trigger=RunTrigger.COMMAND)
    assert runs.claim(other) is None
    assert runs.take_next_run() is None


@pytest.mark.usefixtures("worked")
def test_a_second_request_for_a_full_run_joins_the_one_that_waits() -> None:
    first = runs.request_full_run(RunTrigger.SCHEDULE)
    assert runs.request_full_run(RunTrigger.SCHEDULE) == first


@pytest.mark.usefixtures("worked")
def test_a_worker_that_was_given_up_for_dead_writes_nothing_more() -> None:
    run = runs.claim(runs.request_full_run(RunTrigger.SCHEDULE))
    assert run is not None
    ScoreRun.objects.update(heartbeat_at=timezone.now() - timedelta(hours=1))
    assert runs.reopen_dead_runs() == 1
    successor = runs.take_next_run()
    assert successor is not None
    with pytest.raises(blocks.RunLost):
        runs.carry_out(run)
    assert not Score.objects.exists()
    runs.carry_out(successor)
    run.refresh_from_db()
    assert (run.state, run.attempt) == (RunState.DONE, 2)


@pytest.mark.usefixtures("worked")
def test_a_worker_that_shows_life_keeps_its_run() -> None:
    run = runs.claim(runs.request_full_run(RunTrigger.SCHEDULE))
    assert run is not None
    assert runs.show_life(run)
    assert runs.reopen_dead_runs() == 0


@pytest.mark.usefixtures("worked")
def test_who_has_the_installation_to_itself_reopens_runs_at_once() -> None:
    run = runs.claim(runs.request_full_run(RunTrigger.SCHEDULE))
    assert run is not None
    ScoreRun.objects.update(heartbeat_at=timezone.now() - timedelta(seconds=1))
    assert runs.reopen_dead_runs() == 0
    assert runs.reopen_dead_runs(silent_for=timedelta(0)) == 1


@pytest.mark.usefixtures("worked")
def test_a_change_that_comes_in_during_a_run_waits_for_the_next_one() -> None:
    RescoreNeed.objects.all().delete()
    chat, onboard = (Project.objects.get(code=code) for code in ("PRJ-CHAT", "PRJ-ONBOARD"))
    mark_for_rescoring([chat.pk])

    def meanwhile(done: int, total: int) -> None:
        if done == 0:
            mark_for_rescoring([onboard.pk])

    run = runs.take_next_run()
    assert run is not None
    runs.carry_out(run, meanwhile)
    assert list(RescoreNeed.objects.values_list("subject_id", flat=True)) == [onboard.pk]


@pytest.mark.usefixtures("worked")
def test_a_changed_subject_is_scored_with_all_above_it_and_nothing_else() -> None:
    runs.answer_all_needs()
    Measurement.objects.filter(subject__code="PRJ-ONBOARD", month=JUNE).update(value=0)
    Measurement.objects.filter(subject__code="PRJ-CHAT").update(value=0)  # and not marked
    mark_for_rescoring([Project.objects.get(code="PRJ-ONBOARD").pk], JUNE)
    before = scores_of(JUNE)
    runs.answer_all_needs()
    after = scores_of(JUNE)
    moved = {code for code in after if after[code] != before[code]}
    assert moved == {"PRJ-ONBOARD", "CHANNELS", "DIGITAL", "ENT", "SMB", "ORG"}
    run = ScoreRun.objects.first()
    assert run is not None
    assert (run.scope, run.subjects) == (RunScope.CHANGED, 6)


@pytest.mark.usefixtures("worked")
def test_a_new_last_month_is_scored_for_everybody() -> None:
    runs.answer_all_needs()
    Score.objects.filter(month__gt=JUNE).delete()
    mark_for_rescoring([Project.objects.get(code="PRJ-IDEA").pk], JUNE)
    runs.answer_all_needs()
    of_july = Score.objects.filter(month=JUNE.plus(1)).values_list("subject__code", flat=True)
    assert {"ORG", "ENT", "C-ACME", "PRJ-ONBOARD"} <= set(of_july)


@pytest.mark.usefixtures("worked")
def test_a_failed_run_leaves_what_it_was_to_answer_and_waits_before_the_next_try(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("the disk is full")

    waiting = RescoreNeed.objects.count()
    with monkeypatch.context() as patched:
        patched.setattr(blocks, "store_scores", broken)
        run = runs.take_next_run()
        assert run is not None
        with pytest.raises(RuntimeError):
            runs.carry_out(run)
    run.refresh_from_db()
    assert (run.state, run.error) == (RunState.FAILED, "RuntimeError: the disk is full")
    assert RescoreNeed.objects.count() == waiting
    assert runs.take_next_run() is None
    with time_machine.travel(timezone.now() + timedelta(seconds=11), tick=False):
        assert runs.take_next_run() is not None


@pytest.mark.usefixtures("worked")
def test_the_first_scores_after_loading_answer_every_need() -> None:
    assert RescoreNeed.objects.exists()
    runs.answer_all_needs()
    assert not RescoreNeed.objects.exists()
    again = score_all()
    assert (again.rows_written, again.rows_removed) == (0, 0)
