"""A mail server of a test's own, which takes mails and can hang in the middle of one."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy


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
