"""Redis and PostgreSQL that a test may stop and start again: what a bad night does to them."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
import redis

from tests.services import find_program, free_port

PATIENCE = 30.0


def on_server(address: str, statement: str) -> None:
    """What is done to whole databases, from outside of them."""
    with closing(psycopg2.connect(f"{address}/postgres")) as connection:
        connection.autocommit = True
        connection.cursor().execute(statement)


class RedisOfOnesOwn:
    """A Redis that keeps nothing: started again, its memory is empty."""

    def __init__(self) -> None:
        self.port = free_port()
        self.address = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self._process = subprocess.Popen(
            [find_program("redis-server"), *options], stdout=subprocess.DEVNULL, cwd="/tmp"
        )
        with closing(redis.Redis.from_url(self.address)) as client:
            _until_it_answers(client.ping, redis.ConnectionError)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        self.kill()
        self.start()


@contextmanager
def redis_of_ones_own() -> Iterator[RedisOfOnesOwn]:
    server = RedisOfOnesOwn()
    server.start()
    try:
        yield server
    finally:
        server.kill()


class PostgresToCrash:
    """The PostgreSQL of the tests, ended as a power cut ends it and started on its own files."""

    def __init__(self, address: str) -> None:
        self._database = f"{address}/postgres"
        with closing(psycopg2.connect(self._database)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_read_file('postmaster.opts'), current_setting(%s)",
                    ["data_directory"],
                )
                options, self._folder = cursor.fetchone()
        self._command = shlex.split(options)

    def restart(self) -> None:
        """End it at once, without a shutdown, and wait until it has recovered."""
        number = int((Path(self._folder) / "postmaster.pid").read_text().split()[0])
        os.kill(number, signal.SIGQUIT)
        deadline = time.monotonic() + PATIENCE
        while Path(f"/proc/{number}").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        command = self._command
        if os.geteuid() == 0:
            command = [find_program("runuser"), "-u", "postgres", "--", *command]
        subprocess.Popen(
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        _until_it_answers(
            lambda: psycopg2.connect(self._database).close(), psycopg2.OperationalError
        )


def _until_it_answers(ask: Callable[[], object], refused: type[Exception]) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            ask()
        except refused:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
