"""Programs that send the same at the same time, each over a connection of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.installation import Installation, installed

pytestmark = pytest.mark.worker  # processes and databases of its own

STAGE = """
import threading
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.utils import timezone
from api.models import KeptAnswer
from api.operations.tokens import make_token
from metrics.models import ImportBatch, Measurement

project = Project.objects.create(
    code="P", name="Project", portfolio=Portfolio.objects.create(code="F", name="Portfolio"))
MetricDefinition.objects.create(
    code="m", name="Metric", category="tactical", subject_kind="project", cadence="month")
person = User.objects.create_user("analyst")
person.groups.add(Group.objects.get(name="Analyst"))
_, words = make_token(
    person, name="t", scopes=["measurements:write"], last_day=timezone.localdate())

def give(value, key):
    headers = {"Authorization": f"Bearer {words}", "Host": "localhost"}
    if key:
        headers["Idempotency-Key"] = key
    answer = Client(headers=headers).post(
        "/api/v1/measurements/",
        {"measurements": [
            {"metric": "m", "subject": "P", "period": "2026-03", "value": value}]},
        content_type="application/json",
    )
    return answer.status_code, answer.json(), answer.headers.get("Idempotent-Replayed")

def together(*given):
    answers = []
    def alone(value, key):
        try:
            answers.append(give(value, key))
        finally:
            connection.close()
    threads = [threading.Thread(target=alone, args=each) for each in given]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
"""


@pytest.fixture(params=["postgres", "sqlite"])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    database = (
        request.getfixturevalue("postgres_url")
        if request.param == "postgres"
        else f"sqlite:///{tmp_path / 'portal.sqlite3'}"
    )
    with installed(tmp_path, database) as new:
        yield new


def tell(installation: Installation, code: str) -> Any:
    return json.loads(installation.python(STAGE + code).splitlines()[-1])


def test_of_ten_with_one_key_one_acts_and_all_are_answered_alike(
    installation: Installation,
) -> None:
    told = tell(
        installation,
        """
answers = together(*[(60, "night-1")] * 10)
print(json.dumps({
    "statuses": sorted({status for status, *_ in answers}),
    "answers": len({json.dumps(content, sort_keys=True) for _, content, _ in answers}),
    "replayed": sum(replayed == "true" for *_, replayed in answers),
    "kept": KeptAnswer.objects.count(),
    "batches": ImportBatch.objects.count(),
    "values": list(Measurement.objects.values_list("value", flat=True)),
}))
""",
    )
    assert told == {
        "statuses": [200],
        "answers": 1,
        "replayed": 9,
        "kept": 1,
        "batches": 1,
        "values": [60.0],
    }


def test_ten_that_give_the_same_leave_one_value(installation: Installation) -> None:
    told = tell(
        installation,
        """
answers = together(*[(60, "")] * 10)
print(json.dumps({
    "statuses": sorted({status for status, *_ in answers}),
    "stored": sum(content["stored"] for _, content, _ in answers),
    "values": list(Measurement.objects.values_list("value", flat=True)),
}))
""",
    )
    assert told == {"statuses": [200], "stored": 1, "values": [60.0]}
