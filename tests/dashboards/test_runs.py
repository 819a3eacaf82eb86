"""Scoring runs: what was scored, live progress, and the button that asks for a run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from dashboards.templatetags.running import took
from metrics.choices import RunScope, RunState, RunTrigger
from metrics.models import ScoreRun
from projects.months import Month
from tests.dashboards.reading import TODAY, ClientOf, assert_costs_no_more, read
from tests.factories import RescoreNeedFactory, ScoreRunFactory

NOW = datetime.fromisoformat(TODAY)


@pytest.fixture(autouse=True)
def in_april() -> Iterator[None]:
    with time_machine.travel(TODAY, tick=False):
        yield


@pytest.fixture
def reader(executive: User, client_of: ClientOf) -> Client:
    return client_of(executive)


def a_minute_long(**fields: object) -> ScoreRun:
    run: ScoreRun = ScoreRunFactory(
        state=RunState.DONE,
        started_at=NOW - timedelta(minutes=1, seconds=5),
        finished_at=NOW - timedelta(seconds=5),
        **fields,
    )
    return run


def test_who_may_read_and_who_may_ask_for_a_run(
    executive: User,
    pmo_lead: User,
    analyst: User,
    administrator: User,
    outsider: User,
    client_of: ClientOf,
) -> None:
    for person in (executive, pmo_lead, analyst, administrator):
        assert client_of(person).get("/runs/").status_code == 200
    assert client_of(outsider).get("/runs/").status_code == 403
    for person in (executive, analyst, outsider):
        assert client_of(person).post("/runs/request/").status_code == 403
        assert "Score all open months now" not in client_of(person).get("/runs/").content.decode()
    assert not ScoreRun.objects.exists()
    for person in (pmo_lead, administrator):
        assert "Score all open months now" in client_of(person).get("/runs/").content.decode()


def test_nothing_has_been_scored_yet(reader: Client) -> None:
    page = read(reader, "/runs/")
    assert "No run yet" in page.words
    assert "Scores are up to date" in page.words


def test_a_run_tells_what_it_scored_and_how_long_it_took(reader: Client, pmo_lead: User) -> None:
    run = a_minute_long(
        scope=RunScope.FULL,
        trigger=RunTrigger.COMMAND,
        requested_by=pmo_lead,
        first_month=Month.parse("2025-09"),
        last_month=Month.parse("2026-03"),
        subjects=258,
        done=7,
        total=7,
        rows_written=1806,
        rows_removed=2,
    )
    row = read(reader, "/runs/").row(str(run.pk))
    for words in (
        "A command, by pmo_lead",
        "Done",
        "All open months",
        "2025-09 to 2026-03",
        "258",
        "10 Apr 2026, 08:58:55",
        "1 min 0 s",
        "1,806",
        "2",
    ):
        assert words in row


def test_a_failed_run_tells_its_error(reader: Client) -> None:
    ScoreRunFactory(state=RunState.FAILED, error="OperationalError: <disk> full")
    page = read(reader, "/runs/")
    assert "OperationalError: <disk> full" in page.words
    assert "<disk>" not in page.html


def test_a_run_that_is_going_on_shows_its_progress_and_asks_again(reader: Client) -> None:
    ScoreRunFactory(
        state=RunState.RUNNING,
        started_at=NOW - timedelta(seconds=12),
        done=3,
        total=12,
        first_month=Month.parse("2025-05"),
        last_month=Month.parse("2026-04"),
    )
    page = read(reader, "/runs/")
    assert "Months scored 3 of 12" in page.words
    assert "2025-05 to 2026-04. Going on for 12" in page.words
    assert 'hx-get="/runs/"' in page.html
    part = read(reader, "/runs/?page=1", part="runs")
    assert "<html" not in part.html
    assert 'hx-get="/runs/?page=1"' in part.html


def test_it_stops_asking_when_nothing_goes_on_any_more(reader: Client) -> None:
    a_minute_long()
    assert "hx-get" not in read(reader, "/runs/", part="runs").html


def test_what_waits_for_a_worker_is_counted(reader: Client) -> None:
    need = RescoreNeedFactory()
    RescoreNeedFactory(subject=need.subject)
    RescoreNeedFactory()
    ScoreRunFactory(state=RunState.DUE)
    page = read(reader, "/runs/")
    assert "Waiting for a worker" in page.words
    assert "2 subjects changed and wait to be scored." in page.words
    assert "1 run is due." in page.words
    assert "hx-get" in page.html


def test_when_nobody_takes_up_what_waits_it_is_said(reader: Client) -> None:
    with time_machine.travel(TODAY, tick=False) as clock:
        RescoreNeedFactory()
        clock.shift(timedelta(seconds=21))
        page = read(reader, "/runs/")
    assert "Nobody has taken up what waits" in page.words
    assert "waited since 10 Apr, 09:00:00" in page.words


def test_a_pmo_lead_asks_for_all_open_months_to_be_scored(
    pmo_lead: User, client_of: ClientOf
) -> None:
    client = client_of(pmo_lead)
    response = client.post("/runs/request/", follow=True)
    [run] = ScoreRun.objects.all()
    assert (run.scope, run.trigger, run.state, run.requested_by) == (
        RunScope.FULL,
        RunTrigger.COMMAND,
        RunState.DUE,
        pmo_lead,
    )
    assert f"Run {run.pk} will score all open months" in response.content.decode()
    client.post("/runs/request/")
    assert ScoreRun.objects.count() == 1  # one that waits is enough
    assert client.get("/runs/request/").status_code == 405


def test_a_long_list_is_paged(reader: Client) -> None:
    runs = [a_minute_long() for _ in range(30)]
    assert "1 to 25 of 30 runs" in read(reader, "/runs/").words
    assert read(reader, "/runs/?page=2").row(str(runs[0].pk))
    assert "26 to 30 of 30 runs" in read(reader, "/runs/?page=99").words


def test_costs_as_many_queries_for_many_runs_as_for_few(reader: Client, pmo_lead: User) -> None:
    def grow() -> None:
        for _ in range(5):
            a_minute_long(requested_by=pmo_lead)
            RescoreNeedFactory()

    assert_costs_no_more(reader, "/runs/", grow)


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (None, "\N{EN DASH}"),
        (timedelta(0), "0.0 s"),
        (timedelta(seconds=9.94), "9.9 s"),
        (timedelta(seconds=59.4), "59 s"),
        (timedelta(seconds=200), "3 min 20 s"),
        (timedelta(hours=2, minutes=5), "2 h 5 min"),
    ],
)
def test_how_long_things_take(time: timedelta | None, text: str) -> None:
    assert took(time).replace("\N{NO-BREAK SPACE}", " ") == text


def test_times_are_told_in_utc() -> None:
    assert timezone.get_current_timezone_name() == "UTC"
    assert datetime.now(UTC) == NOW
