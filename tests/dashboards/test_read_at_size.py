"""Pages that look for some subjects' values look them up: no query reads every value there is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from metrics.bulk import is_postgresql
from metrics.choices import RunTrigger
from metrics.operations.runs import score_now
from metrics.workspace import load_workspace

pytestmark = pytest.mark.django_db

VALUES = "metrics_measurement"


@pytest.fixture(autouse=True)
def worked() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 11, 22, 12, tzinfo=UTC), tick=False):
        load_workspace(settings.BASE_DIR / "examples" / "worked")
        score_now(trigger=RunTrigger.COMMAND)
        yield


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def reads_all_values(sql: str) -> bool:
    """Whether the database would go through the whole table or a whole index of it."""
    with connection.cursor() as cursor:
        if is_postgresql():
            # Of so few rows it would rather read all; told of many, it does where no index serves.
            cursor.execute(
                "UPDATE pg_class SET relpages = 1, reltuples = 1000000 WHERE relname = %s", [VALUES]
            )
            for way in ("seqscan", "hashjoin", "mergejoin"):
                cursor.execute(f"SET LOCAL enable_{way} = off")
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
            told = cursor.fetchone()[0]
            plan = (told if isinstance(told, list) else json.loads(told))[0]["Plan"]
            return any(
                node.get("Relation Name") == VALUES
                and node["Node Type"] != "Bitmap Heap Scan"
                and "Index Cond" not in node
                for node in nodes(plan)
            )
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        names = {*re.findall(rf'"{VALUES}" ([A-Z]\d+)', sql), VALUES}
        return any(
            step[-1].startswith("SCAN ") and step[-1].split()[1] in names
            for step in cursor.fetchall()
        )


@pytest.mark.parametrize("address", ["/summary/", "/projects/PRJ-ONBOARD/"])
def test_values_are_looked_up_by_subject(
    address: str, pmo_lead: User, client_of: Callable[[User], Client]
) -> None:
    client = client_of(pmo_lead)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address, {"month": "2026-06"}).status_code == 200
    asked = [query["sql"] for query in queries if VALUES in query["sql"]]
    assert asked
    assert [sql for sql in asked if sql.startswith("SELECT") and reads_all_values(sql)] == []


def test_a_query_without_an_index_would_be_seen() -> None:
    assert reads_all_values(f'SELECT id FROM "{VALUES}" WHERE value > 3')


def test_staged_scores_are_looked_up_by_their_key() -> None:
    """PostgreSQL may take the table of scores for empty and look up row by row as well."""
    with connection.cursor() as cursor:
        if is_postgresql():
            cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'staged_scores'")
        else:
            cursor.execute(
                "SELECT sql FROM temp.sqlite_master WHERE tbl_name = 'staged_scores'"
                " AND type = 'index'"
            )
        (definition,) = cursor.fetchone()
    assert definition.endswith("(subject_id, month)")
