"""A click has a name, which every line that is logged for it has, and every row that came of it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings
from structlog.contextvars import bound_contextvars, get_contextvars

from accounts.current import current_request
from dashboards.views import subscriptions
from metrics.causes import current_request_id
from metrics.choices import BatchMode, Door, RunTrigger
from metrics.models import (
    ImportBatch,
    Measurement,
    MeasurementChange,
    MetricDefinition,
    RescoreNeed,
    ScoreRun,
)
from metrics.operations.imports import carry_out_batch, take_next_batch, undo_batch
from metrics.operations.many_values import GivenValue, give_many_values
from metrics.operations.measurements import delete_measurement
from metrics.operations.runs import answer_all_needs, request_full_run
from metrics.workspace import load_workspace
from pmo_portal.celery import app
from pmo_portal.logs import logging_settings
from pmo_portal.request_log import RequestLogMiddleware, shown_path
from projects.models import Subject

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
TODAY = "2026-11-22T12:00:00Z"

FIRST = {"metric": "fix_days", "subject": "PRJ-ONBOARD", "other_period": "2026-06-15"}
"""A week that has no value yet."""

Lines = Callable[[], list[dict[str, Any]]]


def written_as(style: str) -> logging.Formatter:
    described = dict(logging_settings("INFO", style)["formatters"]["line"])
    formatter: logging.Formatter = described.pop("()")(**described)
    return formatter


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What production's log holds by now."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(written_as("json"))
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def worked(db: None) -> Iterator[None]:
    with time_machine.travel(TODAY, tick=False):
        load_workspace(EXAMPLES / "worked")
        answer_all_needs()
        yield


def give(client: Client, value: str, seen: str) -> str:
    """The name of the request that gave a value by the form."""
    answer = client.post("/entry/value/", FIRST | {"value": value, "seen": seen})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer.headers["X-Request-ID"])


def seen_on_the_form(client: Client) -> str:
    return str(client.post("/entry/form/", FIRST).context["seen"])


@pytest.mark.django_db(transaction=True)
def test_a_click_is_followed_to_the_rows_that_it_wrote(
    worked: None, administrator: User, client_of: Callable[[User], Client], lines: Lines
) -> None:
    desk = client_of(administrator)
    give(desk, "7", seen_on_the_form(desk))
    click = give(desk, "6", seen_on_the_form(desk))

    # The rows of the change, by the request's name.
    change = MeasurementChange.objects.get(request_id=click)
    assert (change.value_before, change.value_after) == (7.0, 6.0)
    assert RescoreNeed.objects.get(request_id=click).subject.code == "PRJ-ONBOARD"

    answer_all_needs()
    run = ScoreRun.objects.latest("pk")
    assert click in run.request_ids

    told = lines()
    stored = next(line for line in told if line["message"] == "A value was corrected.")
    assert stored["request_id"] == click
    assert stored["user_id"] == administrator.pk
    assert Measurement.objects.get(pk=stored["measurement_id"]).value == 6.0
    request = next(line for line in told if line["message"] == "POST /entry/value/ 302")
    assert (request["view"], request["user_id"]) == ("entry_value", administrator.pk)

    of_run = [line for line in told if line.get("run_id") == run.pk]
    assert [line["message"].split(" ")[0] for line in (of_run[0], of_run[-1])] == ["Run", "Run"]
    assert of_run[0]["message"] == f"Run {run.pk} begins."
    assert of_run[-1]["message"].startswith(f"Run {run.pk} is done in ")
    assert click in of_run[0]["request_ids"]
    assert of_run[-1]["rows_written"] == run.rows_written > 0
    blocks = [line for line in of_run if line["message"].startswith("Scores of ")]
    onboarding = Subject.objects.get(code="PRJ-ONBOARD").pk
    assert sum(line["written"] for line in blocks) == run.rows_written
    assert all(onboarding in line["subject_ids"] for line in blocks)


def test_a_run_for_one_click_has_its_name_in_every_line(
    worked: None, analyst: User, lines: Lines
) -> None:
    with bound_contextvars(request_id="the-click"):
        measurement = Measurement.objects.filter(metric__code="fix_days").latest("month")
        delete_measurement(measurement, by=analyst, door=Door.FORM)
    # The worker was woken by somebody else's message.
    with bound_contextvars(request_id="another-click"):
        answer_all_needs()
    of_run = [line for line in lines() if "run_id" in line]
    assert {line["request_id"] for line in of_run} == {"the-click"}
    assert MeasurementChange.objects.get().request_id == "the-click"


def test_many_values_and_their_undoing_each_keep_their_click(
    worked: None, administrator: User
) -> None:
    """They are written set by set, and undone by a worker that the scheduler woke."""
    stored = Measurement.objects.filter(metric__code="fix_days").latest("month")
    given = GivenValue("fix_days", stored.subject.code, str(stored.period_start), 5.5)
    with bound_contextvars(request_id="many-values"):
        outcome = give_many_values(
            [given], by=administrator, mode=BatchMode.ALL_OR_NOTHING, is_confirmed=True
        )
    assert outcome.batch is not None
    assert outcome.batch.request_id == "many-values"
    assert MeasurementChange.objects.get().request_id == "many-values"
    assert set(RescoreNeed.objects.values_list("request_id", flat=True)) == {"many-values"}
    with bound_contextvars(request_id="the-undoing"):
        undo_batch(outcome.batch, by=administrator)
    batch = take_next_batch()
    assert batch is not None
    carry_out_batch(batch)
    assert ImportBatch.objects.get().request_id == "the-undoing"
    assert MeasurementChange.objects.latest("pk").request_id == "the-undoing"
    assert RescoreNeed.objects.latest("pk").request_id == "the-undoing"


def test_who_asked_for_a_full_run_stands_in_it(worked: None) -> None:
    with bound_contextvars(request_id="the-button"):
        run = request_full_run(RunTrigger.COMMAND)
    answer_all_needs()
    run.refresh_from_db()
    assert (run.state, run.request_ids) == ("done", ["the-button"])


def test_a_task_takes_the_name_of_its_request_along() -> None:
    """`django_structlog` reads it from there when the worker begins the task."""
    with app.connection_for_write() as broker, bound_contextvars(request_id="the-click"):
        app.send_task("metrics.tasks.answer_needs_task", connection=broker, queue="of-this-test")
        message = broker.SimpleQueue("of-this-test").get(timeout=5)
    carried: Any = message.headers["__django_structlog__"]
    assert carried == {"request_id": "the-click"}


def test_without_a_request_nothing_is_named() -> None:
    assert current_request_id() == ""


@pytest.mark.parametrize("given", ["", "short", "a b c d e f g h", "x" * 65, "evil\nline-of-log"])
def test_a_name_that_does_not_fit_is_replaced(settings: Settings, given: str) -> None:
    settings.TRUST_REQUEST_ID = True
    answer = answered(given)
    assert answer.headers["X-Request-ID"] != given
    assert len(answer.headers["X-Request-ID"]) == 32


def test_a_name_is_taken_from_a_proxy_only_where_it_is_trusted(settings: Settings) -> None:
    assert answered("from-the-proxy").headers["X-Request-ID"] != "from-the-proxy"
    settings.TRUST_REQUEST_ID = True
    assert answered("from-the-proxy").headers["X-Request-ID"] == "from-the-proxy"


def test_nothing_of_a_request_stays_with_its_thread() -> None:
    answered()
    assert get_contextvars() == {}
    assert current_request() is None


def answered(name: str = "") -> HttpResponse:
    middleware = RequestLogMiddleware(lambda request: HttpResponse())
    return middleware(RequestFactory().get("/", headers={"X-Request-ID": name}))


def test_secrets_stay_out_of_the_log(client: Client, db: None, lines: Lines) -> None:
    secret = "s3cret-of-a-link"
    client.get(f"/subscriptions/stop/{secret}/?key={secret}")
    client.get(f"/summary/?token={secret}", headers={"authorization": f"Bearer {secret}"})
    client.post("/sign-in/", {"username": "executive", "password": secret})
    told = json.dumps(lines())
    assert "GET /subscriptions/stop/***/ " in told
    assert "POST /sign-in/ 200" in told
    assert secret not in told


def test_a_link_that_sets_a_password_is_hidden_whole(
    client: Client, db: None, lines: Lines
) -> None:
    """Its first part is a digit, which the second holds as well."""
    client.get("/account/password/new/1-c0ab1f-9d1e1f/")
    assert "GET /account/password/new/***-***/ 200" in [line["message"] for line in lines()]


def test_an_error_is_told_without_the_secrets_of_its_address(
    client: Client, db: None, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Django writes the whole address beside the traceback."""

    def break_down(token: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(subscriptions, "read_stop_token", break_down)
    client.raise_request_exception = False
    assert client.get("/subscriptions/stop/s3cret-of-a-link/").status_code == 500
    told = lines()
    assert "Internal Server Error: /subscriptions/stop/***/" in [line["message"] for line in told]
    assert "s3cret" not in json.dumps(told)


def test_a_request_given_to_a_log_is_not_written_with_its_address(lines: Lines) -> None:
    request = RequestFactory().get("/summary/?token=s3cret")
    logging.getLogger("django.request").error(
        "It broke.", extra={"request": request, "status_code": 500}
    )
    (line,) = lines()
    assert line["status_code"] == 500
    assert "s3cret" not in json.dumps(line)


@pytest.mark.parametrize("address", ["/healthz", "/static/css/tokens.css"])
def test_probes_and_files_leave_no_line(client: Client, lines: Lines, address: str) -> None:
    client.get(address)
    assert lines() == []


def test_a_path_is_cut() -> None:
    request = HttpRequest()
    request.path = "/" + "a" * 5000
    assert len(shown_path(request)) == 300


def record(text: str, **extra: Any) -> logging.LogRecord:
    return logging.getLogger("pmo_portal.x").makeRecord(
        "pmo_portal.x", logging.WARNING, __file__, 1, text, (), None, extra=extra
    )


def test_a_line_for_people_reads_from_left_to_right() -> None:
    with time_machine.travel(TODAY, tick=False), bound_contextvars(request_id="abc"):
        line = written_as("text").format(record("It is late.", rows=3))
    day, clock, rest = line.split(" ", 2)
    assert (day, len(clock)) == ("2026-11-22", 8)
    assert rest == "WARNING pmo_portal.x: It is late.  [request_id=abc rows=3]"


def test_nobody_writes_a_line_of_their_own_into_a_log() -> None:
    forged = "Refused: GET /x\n2026-11-22 12:00:00 INFO pmo_portal.access: all is well\x1b[2J"
    assert written_as("text").format(record(forged)).count("\n") == 0
    assert "\x1b" not in written_as("text").format(record(forged))
    assert written_as("json").format(record(forged)).count("\n") == 0


def test_an_error_comes_with_its_traceback() -> None:
    try:
        _ = MetricDefinition.objects.none()[0]
    except IndexError as error:
        failed = record("It broke.")
        failed.exc_info = (type(error), error, error.__traceback__)
    assert "\nIndexError" in written_as("text").format(failed)
    assert "IndexError" in json.loads(written_as("json").format(failed))["exception"]
