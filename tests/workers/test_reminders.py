"""Reminders by real workers, one of which is killed while it talks to the mail server."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from tests.installation import Installation, eventually

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


class MailServer(socketserver.ThreadingTCPServer):
    """Takes mails, and lets one of them hang before it is taken."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, hangs_at: int) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.hangs_at = hangs_at
        self.begun = 0
        self.taken: list[tuple[str, str]] = []
        """(to whom, Message-ID)"""
        self.is_hanging = threading.Event()


class Conversation(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self._say("220 ready")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"MAIL":
                self.server.begun += 1
                if self.server.begun == self.server.hangs_at:
                    self.server.is_hanging.set()
                    self.rfile.read()  # until the other side is gone
                    return
            if word == b"DATA":
                self._say("354 go on")
                self._take()
            self._say("221 bye" if word == b"QUIT" else "250 fine")

    def _take(self) -> None:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line)
        message = message_from_bytes(b"".join(lines), policy=policy.default)
        self.server.taken.append((message["To"], message["Message-ID"]))

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def mail_server(hangs_at: int) -> Iterator[MailServer]:
    with MailServer(hangs_at) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


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
