"""A value that is recorded already, while another waits for approval: the form and a file agree."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User

from metrics.choices import Door, DraftState, Verdict
from metrics.models import DraftMeasurement, Measurement, MetricDefinition
from metrics.operations.entering import enter_value
from metrics.periods import parse_period
from projects.models import Project
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
from tests.importing import WITH_NOTES, checked, report, stored, table_of, undone
from tests.tables import table

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 7, 15, 12, 0, tzinfo=UTC)
DOORS = ("form", "file")


@pytest.fixture(autouse=True)
def now() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture(autouse=True)
def stage() -> None:
    """10 is recorded with a note, and 12 waits for approval instead."""
    OrganisationFactory()
    project = ProjectFactory(code="P1", portfolio=PortfolioFactory(code="PF"))
    metric = MetricFactory(code="delicate", needs_approval=True)
    MeasurementFactory(metric=metric, subject=project, period="2026-03", value=10.0, note="n")
    DraftMeasurementFactory(metric=metric, subject=project, period="2026-03", value=12.0)


def give(door: str, value: str, by: User) -> None:
    if door == "file":
        batch = checked(
            table_of(f"delicate,P1,2026-03,{value},n", header="m,s,p,v,n"), by, WITH_NOTES
        )
        if batch.counts["new"] + batch.counts["changed"]:
            stored(batch)
        return
    metric = MetricDefinition.objects.get()
    enter_value(
        metric=metric,
        subject=Project.objects.get(),
        period=parse_period("2026-03", metric.cadence),
        value=float(value),
        note="n",
        by=by,
        door=Door.FORM,
    )


def drafts() -> list[tuple[Any, ...]]:
    return table(DraftMeasurement, "value", "state", "decided_by__username")


def recorded() -> list[tuple[Any, ...]]:
    return table(Measurement, "value", "note", "door", "batch")


@pytest.mark.parametrize("door", DOORS)
def test_giving_what_is_recorded_withdraws_what_waits_instead(door: str, analyst: User) -> None:
    before = recorded()
    give(door, "10", analyst)
    assert drafts() == [(12.0, DraftState.WITHDRAWN, "analyst")]
    assert recorded() == before


@pytest.mark.parametrize("door", DOORS)
def test_also_in_a_closed_month_where_nothing_recorded_changes(door: str, analyst: User) -> None:
    MonthClosingFactory(month=Month.parse("2026-03"))
    give(door, "10", analyst)
    assert drafts() == [(12.0, DraftState.WITHDRAWN, "analyst")]


@pytest.mark.parametrize("door", DOORS)
def test_giving_what_waits_already_leaves_it_waiting(door: str, analyst: User) -> None:
    DraftMeasurement.objects.update(note="n")
    give(door, "12", analyst)
    assert drafts() == [(12.0, DraftState.WAITING, None)]


@pytest.mark.parametrize("door", DOORS)
def test_another_value_waits_instead_of_what_waited(door: str, analyst: User) -> None:
    give(door, "11", analyst)
    assert drafts() == [
        (11.0, DraftState.WAITING, None),
        (12.0, DraftState.WITHDRAWN, "analyst"),
    ]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("value", ["10", "11"])
def test_what_is_left_over_from_when_the_metric_needed_approval_goes(
    door: str, value: str, analyst: User
) -> None:
    MetricDefinition.objects.update(needs_approval=False)
    give(door, value, analyst)
    assert drafts() == [(12.0, DraftState.WITHDRAWN, "analyst")]
    assert [row[0] for row in recorded()] == [float(value)]


def test_the_check_says_what_will_be_withdrawn_and_undoing_lets_it_wait_again(
    analyst: User, now: time_machine.Traveller
) -> None:
    batch = checked(table_of("delicate,P1,2026-03,10"), analyst)
    assert [row.sentence for row in report(batch)[Verdict.CHANGED]] == [
        "It is recorded already; 12, which waits for approval instead, is withdrawn."
    ]
    assert stored(batch).counts["stored"] == 1
    now.shift(timedelta(hours=1))
    undoing = undone(batch, analyst)
    assert (undoing.withdrawn, undoing.waiting_again, undoing.left) == (0, 1, [])
    assert drafts() == [(12.0, DraftState.WAITING, None)]


def test_undoing_does_not_bring_back_what_something_newer_waits_instead_of(
    analyst: User, now: time_machine.Traveller
) -> None:
    batch = stored(checked(table_of("delicate,P1,2026-03,10"), analyst))
    now.shift(timedelta(hours=1))
    give("form", "11", analyst)
    assert undone(batch, analyst).waiting_again == 0
    assert drafts() == [
        (11.0, DraftState.WAITING, None),
        (12.0, DraftState.WITHDRAWN, "analyst"),
    ]
