"""Reminders by real workers, one of which is killed while it talks to the mail server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.installation import Installation, eventually
from tests.mail_server import mail_server

pytestmark = [pytest.mark.worker, pytest.mark.timeout(300)]

PEOPLE = 6

PREPARE = f"""
from django.contrib.auth.models import Group, User
metric = MetricDefinition.objects.create(code="m", name="Metric", category="tactical",
    subject_kind="project", cadence="month", due_days=0)
scope = Organisation.objects.create(code="ORG", name="Organisation")
Project.objects.create(code="P", name="Project",
    portfolio=Portfolio.objects.create(code="F", name="Portfolio"))
for number in range({PEOPLE}):
    person = User.objects.create_user(f"p{{number}}", email=f"p{{number}}@example.com")
    person.groups.add(Group.objects.get(name="Analyst"))
    MetricAssignment.objects.create(metric=metric, user=person, scope=scope)
"""

STATES = """
print(json.dumps(sorted(Reminder.objects.values_list("state", "attempt"))))
"""


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_worker_killed_between_claim_and_send_leaves_one_mail_for_each_person(
    database: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, broker = f"sqlite:///{tmp_path / 'portal.sqlite3'}", ""
    if database == "postgresql":
        address = request.getfixturevalue("postgres_url")
        broker = request.getfixturevalue("redis_url")
    with mail_server(hangs_at=3) as server:
        monkeypatch.setenv("EMAIL_URL", f"smtp://127.0.0.1:{server.server_address[1]}")
        monkeypatch.setenv("REMINDER_STALE_SECONDS", "5")
        installation = Installation(tmp_path, address, broker)
        try:
            installation.python(PREPARE)
            worker = installation.start_worker(beat=False)
            installation.python("remind_task.delay()")
            eventually(server.is_hanging.is_set)
            worker.kill()
            assert len(server.taken) == 2
            assert states(installation) == [["due", 0]] * 3 + [["sending", 1]] + [["sent", 1]] * 2
            installation.start_worker(beat=False)
            eventually(lambda: is_over(installation), every=1)
        finally:
            installation.end()
    assert sorted(to for to, _ in server.taken) == [f"p{n}@example.com" for n in range(PEOPLE)]
    assert len({message_id for _, message_id in server.taken}) == PEOPLE


def states(installation: Installation) -> list[list[object]]:
    told = json.loads(installation.python(STATES))
    assert isinstance(told, list)
    return told


def is_over(installation: Installation) -> bool:
    """The scheduler's tick, and whether nothing is left for the next one."""
    installation.python("send_reminders_task.delay(); remind_task.delay()")
    return states(installation) == [["sent", 1]] * (PEOPLE - 1) + [["sent", 2]]
