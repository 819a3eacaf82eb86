"""A mail for a forgotten password, from the form to the mail server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.installation import Installation, eventually
from tests.mail_server import mail_server

pytestmark = [pytest.mark.worker, pytest.mark.timeout(240)]

ASK = """
from django.contrib.auth.models import User
from django.test import Client
User.objects.create_user("ada", email="Ada@example.com", password="correct horse battery staple")
client = Client(SERVER_NAME="localhost")
for address in ("nobody@example.com", "ada@example.com"):
    answer = client.post("/account/password/forgotten/", {"email": address})
    assert answer.status_code == 302
"""


def test_a_worker_writes_to_who_has_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_server(hangs_at=0) as server:
        monkeypatch.setenv("EMAIL_URL", f"smtp://127.0.0.1:{server.server_address[1]}")
        installation = Installation(tmp_path, f"sqlite:///{tmp_path / 'portal.sqlite3'}", "")
        try:
            installation.python(ASK)
            installation.start_worker(beat=False)
            eventually(lambda: server.taken)
        finally:
            installation.end()
    assert [to for to, _ in server.taken] == ["Ada@example.com"]
