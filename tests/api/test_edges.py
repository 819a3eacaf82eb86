"""What holds for every operation: its shape when it fails, HEAD and OPTIONS, limits, caching."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from api.documentation import GENERATOR, rendered_schema
from api.models import PersonalToken
from api.scopes import Scope
from api.throttling import ReadsPerMinute
from metrics.models import ImportBatch, Measurement
from tests import factories
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db


@pytest.fixture
def program(executive: User) -> Program:
    return Program(executive)


def one_shape(answer: Any) -> str:
    """The code of a refusal, which is JSON of one shape whatever went wrong."""
    assert answer["Content-Type"] == "application/json"
    told = answer.json()
    assert list(told) == ["code", "message", "errors"]
    return str(told["code"])


def test_a_fault_of_ours_is_told_in_the_shape_of_the_api(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("secret words of the fault")

    monkeypatch.setattr("api.views.house.told_months", fail)
    program.client.raise_request_exception = False
    answer = program.get("months/")
    assert (answer.status_code, one_shape(answer)) == (500, "error")
    assert b"secret" not in answer.content


def test_a_fault_of_a_page_is_still_a_page(
    executive: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.pages.scope_words", lambda token: 1 / 0)
    client = Client(raise_request_exception=False)
    client.force_login(executive)
    Program(executive)
    answer = client.get("/account/tokens/")
    assert (answer.status_code, answer["Content-Type"]) == (500, "text/html; charset=utf-8")


def test_a_fault_leaves_nothing_and_the_key_can_be_used_again(
    analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.OrganisationFactory()
    factories.ProjectFactory(code="P1")
    factories.MetricFactory(code="speed")
    program = Program(analyst)
    program.client.raise_request_exception = False
    rows = {
        "measurements": [{"metric": "speed", "subject": "P1", "period": "2026-03", "value": 60}]
    }
    with monkeypatch.context() as broken:
        broken.setattr("api.idempotency._plain", lambda content: 1 / 0)
        assert program.post("measurements/", rows, Idempotency_Key="one").status_code == 500
    assert not Measurement.objects.exists()
    assert not ImportBatch.objects.exists()
    assert program.post("measurements/", rows, Idempotency_Key="one").json()["stored"] == 1


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/v1/me", 404),
        ("/api/", 404),
        ("/api/v1/<script>/", 404),
        ("/api/v1/runs/9999999999999999999999/", 404),
        ("/api/v1/months/2026-13/", 404),
        ("/api/v1/subjects/%00/", 404),
        ("/api/v1/subjects/%0AZ/", 404),
    ],
)
def test_what_is_not_there_is_told_in_one_shape(
    program: Program, address: str, status: int
) -> None:
    answer = program.client.get(address)
    assert (answer.status_code, one_shape(answer)) == (status, "not_found")


def test_a_wrong_host_is_told_in_one_shape(program: Program, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["portal.example"]
    answer = program.client.get("/api/v1/me/", headers={"Host": "elsewhere.example"})
    assert (answer.status_code, one_shape(answer)) == (400, "unreadable")


def test_a_page_is_never_asked_for_by_what_the_asker_prefers(program: Program) -> None:
    for path in ("me/", "nothing/", "subjects/?format=api"):
        answer = program.client.get(f"/api/v1/{path}", headers={"Accept": "text/html"})
        assert answer["Content-Type"] == "application/json"


def test_head_is_get_without_the_content(program: Program) -> None:
    looked = program.client.head("/api/v1/months/")
    assert (looked.status_code, looked.content) == (200, b"")
    assert looked["Content-Type"] == "application/json"


def test_head_needs_what_get_needs(outsider: User) -> None:
    assert Program(outsider).client.head("/api/v1/months/").status_code == 403
    assert Client().head("/api/v1/months/").status_code == 401


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE"])
def test_other_methods_are_told_what_there_is(program: Program, method: str) -> None:
    answer = program.send(method, "months/")
    assert (answer.status_code, one_shape(answer)) == (405, "method_not_allowed")
    assert answer["Allow"] == "GET, HEAD"


def test_a_parameter_that_is_none_is_refused_also_where_nothing_is_filtered(
    program: Program,
) -> None:
    for path in ("me/", "subjects/", "months/2026-03/", "catalogue/"):
        answer = program.get(path, fields="code")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "fields")


def test_each_answer_tells_how_many_requests_are_left(
    program: Program, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.API_READS_PER_MINUTE = 2
    now = [1000.0]
    monkeypatch.setattr(ReadsPerMinute, "timer", lambda self: now[0])

    def told() -> tuple[int, str, str, str]:
        answer = program.get("me/")
        now[0] += 10
        names = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
        limit, remaining, reset = (answer[name] for name in names)
        return answer.status_code, limit, remaining, reset

    assert [told() for _ in range(3)] == [
        (200, "2", "1", "60"),
        (200, "2", "0", "50"),
        (429, "2", "0", "40"),
    ]


@pytest.mark.parametrize("address", ["/api/v1/me/", "/api/schema/"])
def test_an_answer_that_the_asker_has_already_tells_the_limit_too(
    program: Program, settings: Settings, address: str
) -> None:
    settings.API_READS_PER_MINUTE = 2
    mark = program.client.get(address)["ETag"]
    same = program.client.get(address, headers={"If-None-Match": mark})
    assert (same.status_code, same["RateLimit-Remaining"]) == (304, "0")


def test_without_a_limit_none_is_told(program: Program) -> None:
    assert "RateLimit-Limit" not in program.get("me/")


def test_the_schema_is_made_once_and_not_sent_again(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered_schema.cache_clear()
    made = []
    generator = GENERATOR

    def counted() -> Any:
        made.append(1)
        return generator()

    monkeypatch.setattr("api.documentation.GENERATOR", counted)
    first = program.client.get("/api/schema/")
    second = program.client.get("/api/schema/", headers={"If-None-Match": first["ETag"]})
    assert (first.status_code, second.status_code, second.content) == (200, 304, b"")
    assert first.json()["openapi"] == "3.1.1"
    assert len(made) == 1


@pytest.mark.parametrize("path", ["subjects/", "metrics/", "measurements/", "events/", "offers/"])
def test_what_is_cacheable_has_a_mark_that_changes_with_it(administrator: User, path: str) -> None:
    program = Program(administrator)
    factories.OfferFactory()
    factories.EventFactory(title="First")
    measured = factories.MeasurementFactory()
    mark = program.get(path)["ETag"]
    same = program.client.get(f"/api/v1/{path}", headers={"If-None-Match": mark})
    assert (same.status_code, same.content) == (304, b"")
    factories.OfferFactory()
    factories.EventFactory(title="Second")
    factories.MeasurementFactory(metric=measured.metric)
    factories.MetricFactory()
    other = program.client.get(f"/api/v1/{path}", headers={"If-None-Match": mark})
    assert other.status_code == 200


def test_a_token_of_one_scope_is_told_which_it_lacks(analyst: User) -> None:
    answer = Program(analyst, Scope.WRITE).get("scores/")
    assert (answer.status_code, answer.json()["code"]) == (403, "scope")
    assert '"read"' in answer.json()["message"]


def test_a_refused_request_is_not_counted_as_use_of_another_token(executive: User) -> None:
    used, idle = Program(executive), Program(executive)
    used.get("me/")
    assert PersonalToken.objects.get(pk=used.token.pk).used_at is not None
    assert PersonalToken.objects.get(pk=idle.token.pk).used_at is None
