"""Every operation of the API, asked by a limited person about what is seen, hidden and not there.

The operations are taken from the API's own addresses and its queries from their shapes, so that a
new one is asked without anybody's doing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import URLPattern

from api.fields import Code, OneOf
from api.urls import urlpatterns
from metrics.models import MetricDefinition
from pmo_portal.roles import Role
from tests.api.conftest import Program
from tests.api.test_doors import DOORS, asked, browser_of, undone
from tests.limits.test_pages_leak_nothing import WORDS, template, without_chance
from tests.limits.world import (
    ENGAGEMENT,
    HIDDEN_ABOVE,
    HIDDEN_CODES,
    HIDDEN_PROJECT,
    MONTH,
    PORTFOLIO,
    PROJECT,
    SEGMENT,
    WORD,
    build_world,
    leaks,
    limited,
    told_by,
    unlike,
)

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(900), pytest.mark.walk]

CODES = (PROJECT, PORTFOLIO, ENGAGEMENT, SEGMENT, *HIDDEN_CODES, "fix_days", "SC-PRJ")
FEW_CODES = (PROJECT, PORTFOLIO, HIDDEN_PROJECT, HIDDEN_ABOVE)
"""For roles that are part of another one that is tried with all."""
ROWS = tuple(str(number) for number in range(1, 9))
ROLES = {
    # With the least and with the most: a closed page tells of nothing, the others are among these.
    "executive": (Role.EXECUTIVE,),
    "every_role": tuple(Role),
}


@pytest.fixture
def world(db: None, tmp_path: Path, settings: Any) -> None:
    settings.API_READS_PER_MINUTE = settings.API_WRITES_PER_MINUTE = 0
    build_world(tmp_path / "workspace")


def views() -> Iterator[tuple[str, URLPattern, Any]]:
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        view = getattr(pattern.callback, "view_class", None)
        yield "/api/" + template(pattern), pattern, view


def addresses(codes: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for place, _pattern, view in views():
        names = re.findall(r"{(\w+)}", place)
        choices = [ROWS if name == "pk" else WORDS.get(name, codes) for name in names]
        for chosen in product(*choices):
            yield place.format(**dict(zip(names, chosen, strict=True))), view


def queries_of(view: Any) -> Iterator[dict[str, str]]:
    """None, and each parameter of each operation by every code that it could be asked for."""
    yield {}
    facts = getattr(getattr(view, "get", None), "facts", None)
    if facts is None or facts.query is None:
        return
    for name, field in facts.query().fields.items():
        for value in values_for(name, field):
            yield {name: value}


def values_for(name: str, field: Any) -> tuple[str, ...]:
    if isinstance(field, OneOf):
        return tuple(str(choice) for choice in field.choices)
    if isinstance(field, Code):
        return (*CODES, *map(unlike, HIDDEN_CODES))
    if "month" in name or name in ("against", "active_in"):
        return (MONTH, "2026-04")
    if name in ("depth", "limit"):
        return ("2", "100")
    return ("HIDDEN", "o", *HIDDEN_CODES)


@pytest.mark.parametrize("role", ROLES)
def test_no_answer_gives_away_a_name(world: None, role: str) -> None:
    client, leaking, answered = browser_of(limited(role, *ROLES[role])), {}, 0
    for address, view in addresses(CODES if role == "every_role" else FEW_CODES):
        for query in queries_of(view) if role == "every_role" else [{}]:
            answer = client.get(f"{address}?{urlencode(query)}")
            answered += answer.status_code == 200
            assert answer.status_code < 500, address
            sent = [word for word in (*address.split("/"), *query.values()) if WORD in word]
            if found := leaks(answer, *sent):
                leaking[f"{answer.status_code} {address} {query}"] = found[:2]
    assert leaking == {}
    assert answered > 20


@pytest.mark.parametrize("way", ["browser", "token"])
def test_nothing_that_writes_gives_away_a_name(world: None, way: str) -> None:
    """Each operation with a body about what is hidden, and about what is nearly called so."""
    person = limited("analyst", Role.ANALYST)
    client = browser_of(person) if way == "browser" else Program(person).client
    leaking = {}
    for key, door in DOORS.items():
        if key.startswith("get"):
            continue
        for code in (HIDDEN_PROJECT, unlike(HIDDEN_PROJECT), HIDDEN_ABOVE):
            body = json.loads(json.dumps(door.body).replace(PROJECT, code))
            args = [code if arg == PROJECT else arg for arg in door.args]
            answer = sent(client, key, args, body)
            if found := leaks(answer, code):
                leaking[f"{answer.status_code} {key} {code}"] = found[:2]
    assert leaking == {}


def sent(client: Client, key: str, args: list[Any], body: Any) -> Any:
    method, name = key.split()
    place = next(place for place, pattern, _ in views() if pattern.name == name)
    names = re.findall(r"{(\w+)}", place)
    filled = dict(zip(names, [arg if not str(arg).isupper() else 1 for arg in args], strict=True))
    filled |= {name: arg for name, arg in zip(names, args, strict=True) if name != "pk"}
    with undone():
        return client.generic(
            method.upper(),
            place.format(**filled),
            b"" if body is None else json.dumps(body),
            content_type="application/json",
        )


ABOUT_A_CODE = (
    "subjects/{}/",
    "subjects/?search={}",
    "subjects/?portfolio={}",
    "subjects/?segment={}",
    "subjects/{}/scorecard/",
    "measurements/?subject={}",
    "measurements/fix_days/{}/2026-06-08/",
    "scores/?subject={}",
    f"explanations/{{}}/{MONTH}/",
    "overrides/?subject={}",
    "exemptions/?subject={}",
)


def test_what_is_hidden_is_answered_like_what_is_not_there(world: None) -> None:
    client, different = Program(limited("analyst", Role.ANALYST)).client, []
    for address, code in product(ABOUT_A_CODE, HIDDEN_CODES):
        hidden = told_by(client.get("/api/v1/" + address.format(code)))
        unknown = told_by(client.get("/api/v1/" + address.format(unlike(code))))
        if without_chance(hidden, code) != without_chance(unknown, unlike(code)):
            different.append(address.format(code))
    assert different == []


def test_a_value_of_what_is_hidden_is_refused_like_one_of_what_is_not_there(world: None) -> None:
    program = Program(limited("analyst", Role.ANALYST))
    before = MetricDefinition.objects.get(code="fix_days").measurements.count()
    answers = []
    for code in (HIDDEN_PROJECT, unlike(HIDDEN_PROJECT)):
        row = {"metric": "fix_days", "subject": code, "period": "2026-06-08", "value": 9}
        one = program.put(f"measurements/fix_days/{code}/2026-06-08/", {"value": 9})
        gone = program.delete(f"measurements/fix_days/{code}/2026-02-23/")
        many = program.post("measurements/", {"measurements": [row]})
        answers.append(
            [
                (each.status_code, each.content.decode().replace(code, "X"))
                for each in (one, gone, many)
            ]
        )
    assert answers[0] == answers[1]
    assert [status for status, _ in answers[0]] == [404, 404, 200]
    assert MetricDefinition.objects.get(code="fix_days").measurements.count() == before


def test_what_is_seen_is_answered(world: None) -> None:
    program = Program(limited("analyst", Role.ANALYST))
    found = program.get("subjects/").json()["results"]
    assert [row["code"] for row in found] == [
        PORTFOLIO,
        "PRJ-CHAT",
        "PRJ-CHAT@SMB",
        PROJECT,
        ENGAGEMENT,
        "PRJ-ONBOARD@SMB",
    ]
    assert found[0]["parent"] is None
    explained = program.get(f"explanations/{PORTFOLIO}/{MONTH}/", depth=2)
    assert (explained.status_code, explained.json()["subject"]) == (200, PORTFOLIO)
    assert asked(program.client, "get runs", DOORS["get runs"], {}) == 403
    assert asked(program.client, "get months", DOORS["get months"], {}) == 403
    value = program.put(f"measurements/fix_days/{PROJECT}/2026-06-08/", {"value": 3})
    assert value.status_code == 200
