"""Several people at once, each with a connection of their own.

On PostgreSQL, where transactions run side by side; on SQLite one waits for the other, which one
story shows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.installation import Installation, installed

pytestmark = pytest.mark.worker  # processes and databases of its own

STAGE = """
import threading, time
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone
from metrics.operations import measurements, months
from metrics.operations.measurements import delete_measurement
from metrics.operations.months import close_month
from projects.operations.subjects import save_subject

project = Project.objects.create(
    code="P", name="Project", portfolio=Portfolio.objects.create(code="F", name="Portfolio"))
metric = MetricDefinition.objects.create(
    code="m", name="Metric", category="tactical", subject_kind="project", cadence="month")
last_month = Month.of(timezone.localdate()).plus(-1)
period = parse_period(str(last_month), "month")

def record(value):
    return record_measurement(metric=metric, subject=project, period=period, value=value,
        by=None, door=Door.FORM)

def together(*acts):
    def alone(act):
        try:
            act()
        except ValidationError as refusal:
            refused.extend(refusal.messages)
        finally:
            connection.close()
    refused = []
    threads = [threading.Thread(target=alone, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused

def slowly(module, name, seconds):
    \"\"\"What the function found has time to become untrue before it is used.\"\"\"
    quick = getattr(module, name)
    def slow(*given, **named):
        found = quick(*given, **named)
        time.sleep(seconds)
        return found
    setattr(module, name, slow)
"""


@pytest.fixture
def installation(tmp_path: Path, postgres_url: str) -> Iterator[Installation]:
    with installed(tmp_path, postgres_url) as new:
        yield new


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Installation]:
    with installed(tmp_path, f"sqlite:///{tmp_path / 'portal.sqlite3'}") as new:
        yield new


def tell(installation: Installation, code: str) -> Any:
    return json.loads(installation.python(STAGE + code))


@pytest.mark.parametrize("database", ["installation", "on_sqlite"])
def test_people_who_save_the_same_value_at_once_each_leave_their_change_on_record(
    database: str, request: pytest.FixtureRequest
) -> None:
    told = tell(
        request.getfixturevalue(database),
        """
slowly(measurements, "stored_measurement", 0.05)
refused = together(*(lambda value=value: record(float(value)) for value in range(1, 9)))
print(json.dumps([refused, Measurement.objects.get().value,
    list(MeasurementChange.objects.order_by("id").values_list("value_before", "value_after"))]))
""",
    )
    refused, value, changes = told
    assert refused == []
    assert len(changes) == 7
    # Each corrected what the one before had written, the first one the value that came first.
    assert [after for _, after in changes[:-1]] == [before for before, _ in changes[1:]]
    assert changes[-1][1] == value
    assert sorted([changes[0][0], *(after for _, after in changes)]) == list(range(1, 9))


def test_no_value_changes_in_a_month_that_is_being_closed(installation: Installation) -> None:
    told = tell(
        installation,
        """
from itertools import count
from metrics.operations.months import ScoresAreBehindError
slowly(measurements, "stored_rules", 0.2)
seen = []
def keep_correcting():
    for value in count(1):
        record(float(value))  # until it is refused
        time.sleep(0.3)
def close():
    time.sleep(0.7)
    while not seen:
        try:
            close_month(last_month, by=None)
            seen.append(Measurement.objects.get().value)
        except ScoresAreBehindError:
            time.sleep(0.01)
refused = together(keep_correcting, close)
print(json.dumps([refused, seen, Measurement.objects.get().value]))
""",
    )
    refused, seen, value = told
    assert len(refused) == 1
    assert "is closed" in refused[0]
    assert seen == [value]  # nothing moved once the month was closed


def test_no_value_is_left_outside_a_span_that_is_being_narrowed(
    installation: Installation,
) -> None:
    told = tell(
        installation,
        """
slowly(measurements, "stored_rules", 0.3)
def narrow():
    time.sleep(0.1)
    project.active_until = last_month.plus(-1)
    save_subject(project, by=None)
refused = together(lambda: record(2.0), narrow)
project.refresh_from_db()
print(json.dumps([refused, Measurement.objects.count(), project.active_until is not None]))
""",
    )
    refused, values, is_narrowed = told
    assert len(refused) == 1
    assert (values, is_narrowed) in [(1, False), (0, True)]


def test_portfolios_that_move_at_once_make_no_circle(installation: Installation) -> None:
    told = tell(
        installation,
        """
from projects.models import portfolios
slowly(portfolios, "check_tree", 0.2)
one, two = (Portfolio.objects.create(code=code, name=code) for code in ("A", "B"))
def move(moved, under):
    moved.parent = under
    save_subject(moved, by=None)
refused = together(lambda: move(one, two), lambda: move(two, one))
print(json.dumps([refused, list(Portfolio.objects.filter(code__in="AB").order_by("code")
    .values_list("code", "parent__code"))]))
""",
    )
    refused, portfolios = told
    assert len(refused) == 1
    assert "in a circle" in refused[0]
    assert sorted(parent or "" for _, parent in portfolios) in (["", "A"], ["", "B"])
