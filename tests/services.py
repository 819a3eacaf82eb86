"""Throwaway servers for tests: each is started empty on a free port and leaves nothing behind."""

import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pmo_portal.environment import TRUE_WORDS


class ServiceMissing(Exception):
    """A program that tests need is not installed on this machine."""


class ServerDidNotStart(Exception):
    """A server that is installed ended before it was ready."""


STARTS = 5

# Nothing in these servers outlives its test, so nothing need survive a crash of the machine.
POSTGRES_OPTIONS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def nothing_may_be_skipped() -> bool:
    return os.environ.get("CI", "").lower() in TRUE_WORDS


def find_program(*names: str) -> str:
    """The first of these programs that there is."""
    for name in names:
        if path := shutil.which(name):
            return path
    raise ServiceMissing(f"{names[0]} is not installed")


def free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def redis_server() -> Iterator[str]:
    """The address of a Redis without any data."""
    program = find_program("redis-server")
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        with subprocess.Popen([program, *options], stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            told = []
            for line in server.stdout:
                told.append(line)
                if "Ready to accept connections" in line:
                    break
            else:
                raise RuntimeError("redis-server did not start:\n" + "".join(told))
            try:
                yield f"redis://127.0.0.1:{port}/0"
            finally:
                server.terminate()


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Servers that are started at once choose the same free port; so each waits for its turn."""
    with (Path(tempfile.gettempdir()) / "pmo-portal-tests.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL without any data; a database's name is to be added to it."""
    for attempt in range(STARTS):
        try:
            with one_at_a_time():
                server, address = _start_postgres()
            break
        except ServerDidNotStart:
            if attempt == STARTS - 1:
                raise
            time.sleep(1 + attempt)  # somebody else's server may have taken the port meanwhile
    assert server.stdin is not None
    assert server.stdout is not None
    with server:
        try:
            yield address
        finally:
            # With its input it ends, and drops server and data; it says so, and must be heard.
            server.stdin.close()
            server.stdout.read()


def _start_postgres() -> tuple[subprocess.Popen[str], str]:
    options = [word for option in POSTGRES_OPTIONS for word in ("-o", option)]
    program = find_program("pg_virtualenv")
    command = [program, *options, "sh", "-c", "env; echo ready; cat"]
    if os.geteuid() == 0:
        # As root its clusters would stand among the machine's own, where two runs collide.
        command = [find_program("runuser"), "-u", "postgres", "--", *command]
    server = subprocess.Popen(
        command, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    told = {}
    for line in server.stdout:
        name, _, value = line.rstrip("\n").partition("=")
        told[name] = value
        if name == "ready":
            return server, "postgres://{PGUSER}:{PGPASSWORD}@{PGHOST}:{PGPORT}".format(**told)
    server.communicate()
    raise ServerDidNotStart("pg_virtualenv did not start a server; it says why above.")
