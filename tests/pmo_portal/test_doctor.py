"""The doctor finds what no door lets in, says what to do, and finds nothing where all is well."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone

from metrics.choices import RunScope, RunTrigger
from metrics.models import Measurement, MetricDefinition, RescoreNeed, Score, ScoreRun
from metrics.operations.runs import answer_all_needs
from metrics.workspace import load_workspace
from projects.models import Engagement, Project, Subject
from projects.months import Month

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def worked() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 11, 22, 12, tzinfo=UTC), tick=False):
        load_workspace(EXAMPLES / "worked")
        answer_all_needs()
        yield


def told() -> str:
    """What the doctor says, all months computed."""
    out = io.StringIO()
    with suppress(SystemExit):
        call_command("doctor", months=100, stdout=out)
    return out.getvalue()


def test_where_all_is_well_nothing_is_found() -> None:
    assert told() == "Nothing contradicts anything.\n"


def change_a_score() -> None:
    Score.objects.filter(subject__code="ORG", month=Month.parse("2026-06")).update(overall_score=1)


def lose_a_score() -> None:
    Score.objects.filter(subject__code="ORG", month=Month.parse("2026-06")).delete()


def move_a_balance() -> None:
    Score.objects.filter(subject__code="ORG").update(balance=0.5)


def lose_an_engagement() -> None:
    Engagement.objects.filter(pk=Engagement.objects.order_by("pk")[0].pk)._raw_delete("default")


def narrow_a_span() -> None:
    Subject.objects.filter(code="PRJ-ONBOARD").update(active_until=Month.parse("2026-01"))


def move_a_value() -> None:
    first = Measurement.objects.filter(metric__cadence="month").order_by("pk")[0]
    Measurement.objects.filter(pk=first.pk).update(month=first.month + 1)


def move_a_period() -> None:
    first = Measurement.objects.filter(metric__cadence="month").order_by("pk")[0]
    Measurement.objects.filter(pk=first.pk).update(period_start=date(2026, 6, 17))


def break_a_curve() -> None:
    metric = MetricDefinition.objects.exclude(curve=None).order_by("pk")[0]
    MetricDefinition.objects.filter(pk=metric.pk).update(curve=[[1, 0], [1, 100]])


def break_a_formula() -> None:
    metric = MetricDefinition.objects.exclude(formula="").order_by("pk")[0]
    MetricDefinition.objects.filter(pk=metric.pk).update(formula="no_such_metric + 1")


def measure_another_kind() -> None:
    metric = Measurement.objects.filter(subject__kind="project").order_by("pk")[0].metric
    MetricDefinition.objects.filter(pk=metric.pk).update(subject_kind="customer")


def leave_a_change_waiting() -> None:
    need = RescoreNeed.objects.create(subject=Project.objects.order_by("pk")[0], first_month=1)
    RescoreNeed.objects.filter(pk=need.pk).update(created_at=timezone.now() - timedelta(hours=1))


def leave_a_run_standing() -> None:
    run = ScoreRun.objects.create(scope=RunScope.FULL, trigger=RunTrigger.COMMAND)
    ScoreRun.objects.filter(pk=run.pk).update(created_at=timezone.now() - timedelta(hours=1))


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (change_a_score, "2026-06: what is stored differs"),
        (lose_a_score, "2026-06: what is stored differs"),
        (move_a_balance, "what is stored differs"),
        (lose_an_engagement, "its kind and its facts differ"),
        (narrow_a_span, "PRJ-ONBOARD: A value of"),
        (move_a_value, "are counted in"),
        (move_a_period, "begins on 2026-06-01"),
        (break_a_curve, "metric"),
        (break_a_formula, "no_such_metric"),
        (measure_another_kind, "of another kind of subject"),
        (leave_a_change_waiting, "1 changes wait to be scored"),
        (leave_a_run_standing, "is due, but stands"),
    ],
)
def test_each_contradiction_is_found_and_comes_with_advice(
    damage: Callable[[], None], sentence: str
) -> None:
    damage()
    found = told()
    assert sentence in found
    assert "\n    " in found


def test_findings_end_with_exit_code_1() -> None:
    leave_a_run_standing()
    with pytest.raises(SystemExit) as end:
        call_command("doctor", stdout=io.StringIO())
    assert end.value.code == 1
