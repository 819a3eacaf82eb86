"""What Prometheus is told: by whom it may be asked, and that it is true of all processes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries, Settings

from metrics import lateness
from metrics.choices import RunScope, RunState, RunTrigger
from metrics.models import FailedTask, ScoreRun, Tally
from metrics.operations.runs import answer_all_needs, score_now
from metrics.tallies import MOST_FAILED_TASKS, count_waits, note_failed_task
from pmo_portal import prometheus, signs
from pmo_portal.failures import keep_failure
from pmo_portal.prometheus import ByViewMiddleware
from tests.factories import RescoreNeedFactory, ScoreRunFactory

pytestmark = pytest.mark.django_db

TOKEN = "a-token-of-twenty-or-more"
BEARER = {"authorization": f"Bearer {TOKEN}", "host": "10.1.2.3:8000"}

MOST_QUERIES = 12


@pytest.fixture(autouse=True)
def token(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN


def scraped(client: Client) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Each sample by its name and labels."""
    answer = client.get("/prometheus", headers=BEARER)
    assert answer.status_code == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def labels(**given: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(given.items()))


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN])
def test_who_has_not_the_token_is_told_nothing(client: Client, given: str) -> None:
    answer = client.get("/prometheus", headers={"authorization": given})
    assert (answer.status_code, answer.content) == (401, b"")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_where_no_token_is_set_there_is_no_such_page(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = ""
    for given in ("", "Bearer ", "Bearer"):
        assert client.get("/prometheus", headers={"authorization": given}).status_code == 404


def test_nothing_can_be_sent_there(client: Client) -> None:
    assert client.post("/prometheus", headers=BEARER).status_code == 405


def test_requests_are_counted_by_view_and_never_by_path(client: Client) -> None:
    counted = (
        "django_http_responses_total_by_status_view_method_total",
        labels(status="302", view="portfolio_detail", method="GET"),
    )
    before = scraped(client).get(counted, 0)
    for code in ("ONE", "TWO"):
        client.get(f"/portfolios/{code}/")
    client.generic("BREW", "/portfolios/THREE/")
    told = scraped(client)
    assert told[counted] == before + 2
    timed = labels(view="portfolio_detail", method="GET", le="+Inf")
    assert told["django_http_requests_latency_seconds_by_view_method_bucket", timed] >= before + 2
    every_label = {value for _, known in told for pair in known for value in pair}
    assert not {"BREW", "/portfolios/ONE/", "ONE"} & every_label


def test_what_visitors_make_up_is_no_label() -> None:
    asked: dict[str, str] = {}

    class Counted:
        def labels(self, **given: str) -> None:
            asked.update(given)

    class Made:
        method = "MADE-UP"

    middleware = ByViewMiddleware(lambda request: None)
    middleware.label_metric(Counted(), Made(), method="MADE-UP")  # type: ignore[arg-type]
    assert asked == {"method": "<invalid method>"}


def test_a_run_is_told_with_its_speed_and_how_long_changes_waited(client: Client) -> None:
    with time_machine.travel("2026-11-22T12:00:00Z", tick=False) as clock:
        RescoreNeedFactory()
        clock.shift(7)
        told = scraped(client)
        assert told["portal_changes_waiting", ()] == 1
        assert told["portal_oldest_change_waiting_seconds", ()] == 7
        answer_all_needs()
        score_now(trigger=RunTrigger.COMMAND)
    told = scraped(client)
    assert told["portal_changes_waiting", ()] == 0
    assert told["portal_runs_total", labels(trigger="change", scope="changed", state="done")] == 1
    assert told["portal_runs_total", labels(trigger="command", scope="full", state="done")] == 1
    assert told["portal_change_to_score_seconds_bucket", labels(le="5")] == 0
    assert told["portal_change_to_score_seconds_bucket", labels(le="10")] == 1
    assert told["portal_change_to_score_seconds_bucket", labels(le="+Inf")] == 1
    assert told["portal_change_to_score_seconds_sum", ()] == 7
    assert told["portal_run_duration_seconds_count", labels(scope="full")] == 1
    ended = told["portal_last_full_run_timestamp_seconds", ()]
    assert datetime.fromtimestamp(ended, UTC) == datetime(2026, 11, 22, 12, 0, 7, tzinfo=UTC)


def test_rows_per_second_are_those_that_a_run_went_through() -> None:
    run = ScoreRunFactory(
        state=RunState.DONE,
        rows_scored=3000,
        rows_written=12,
        started_at=datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC),
        finished_at=datetime(2026, 11, 22, 12, 0, 2, tzinfo=UTC),
    )
    assert lateness.rows_per_second(run) == 1500.0


def test_waits_add_up_over_runs() -> None:
    with time_machine.travel("2026-11-22T12:00:00Z", tick=False) as clock:
        for seconds in (0, 3, 4000):
            need = RescoreNeedFactory()
            clock.shift(seconds)
            count_waits([need])
    kept = dict(Tally.objects.values_list("labels", "value"))
    assert kept == {'{"le": "1"}': 1, '{"le": "5"}': 1, '{"le": "+Inf"}': 1, "": 4003}


class Task:
    name = "metrics.tasks.answer_needs_task"


def test_a_failed_task_is_counted_and_kept_with_its_error(client: Client) -> None:
    for _ in range(2):
        keep_failure(sender=Task(), task_id="abc", exception=ValueError("It broke."))
    told = scraped(client)
    assert told["portal_failed_tasks_total", labels(task=Task.name)] == 2
    failed = FailedTask.objects.first()
    assert failed is not None
    assert (failed.task, failed.task_id, failed.error) == (
        Task.name,
        "abc",
        "ValueError: It broke.",
    )


def test_failed_tasks_are_kept_for_a_month_and_not_without_end(client: Client) -> None:
    def fail() -> FailedTask:
        return note_failed_task(task="t", task_id="", worker="", error="", request_id="")

    with time_machine.travel("2026-10-01T12:00:00Z"):
        fail()
    with time_machine.travel("2026-11-22T12:00:00Z"):
        last = fail()
        assert list(FailedTask.objects.all()) == [last]
        FailedTask.objects.bulk_create(
            FailedTask(task="t", error="", at=last.at) for _ in range(MOST_FAILED_TASKS)
        )
        fail()
    assert FailedTask.objects.count() == MOST_FAILED_TASKS
    assert scraped(client)["portal_failed_tasks_total", labels(task="t")] == 3


def test_a_failure_that_cannot_be_noted_goes_to_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(**_: Any) -> None:
        raise DatabaseError("away")

    monkeypatch.setattr("pmo_portal.failures.note_failed_task", away)
    keep_failure(sender=Task(), task_id="abc", exception=ValueError("It broke."))
    assert "A failed task could not be noted: away" in caplog.messages


def test_signs_of_life_are_told(client: Client) -> None:
    told = scraped(client)
    assert told["portal_workers", ()] == 0
    assert ("portal_beat_last_tick_timestamp_seconds", ()) not in told
    signs.Ticks().keep()
    signs.show_worker("celery@one", 0.0, 2)
    signs.show_worker("celery@two", 0.0, 2)
    told = scraped(client)
    assert told["portal_workers", ()] == 2
    assert told["portal_beat_last_tick_timestamp_seconds", ()] > 1.7e9
    signs.forget_worker("celery@one")
    assert scraped(client)["portal_workers", ()] == 1


def test_a_worker_that_falls_silent_is_named_for_an_hour_and_counted_no_more(
    client: Client,
) -> None:
    with time_machine.travel("2026-11-22T12:00:00Z", tick=False) as clock:
        signs.show_worker("celery@one", 0.0, 2)
        clock.shift(signs.SILENT_SECONDS + 1)
        assert [worker.is_silent for worker in signs.workers()] == [True]
        assert scraped(client)["portal_workers", ()] == 0
        clock.shift(signs.FORGOTTEN_SECONDS)
        assert signs.workers() == []


def test_a_database_that_is_away_is_told_as_such(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise DatabaseError("away")

    monkeypatch.setattr(prometheus, "read_lateness", away)
    told = scraped(client)
    assert told["portal_database_up", ()] == 0
    assert ("portal_changes_waiting", ()) not in told


def test_asking_costs_the_same_at_any_size(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    scored = {"scope": RunScope.CHANGED, "trigger": RunTrigger.CHANGE}
    ScoreRun.objects.bulk_create(ScoreRun(state=RunState.DONE, **scored) for _ in range(500))
    with django_assert_max_num_queries(MOST_QUERIES):
        scraped(client)
