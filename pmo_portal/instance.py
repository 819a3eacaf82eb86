"""One portal on one machine: which database file it has, that it runs once, and on which port."""

import errno
import fcntl
import hashlib
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

FIRST_PORT = 8000
PORTS_TO_TRY = 20


class CannotStart(Exception):
    """Why the portal does not start, and what to do."""


def database_of_workspace(workspace: Path, var: Path) -> Path:
    """A file for each folder; two folders of one name have different ones."""
    mark = hashlib.sha256(str(workspace).encode()).hexdigest()[:8]
    return var / f"{workspace.name}-{mark}.sqlite3"


def kept_at(suffix: str) -> Path:
    """Where this installation keeps a file or folder of its own: its lock, its logs."""
    instance: Path = settings.INSTANCE_PATH
    return instance.with_name(instance.name + suffix)


@contextmanager
def running_once(lock: Path, address: str) -> Iterator[None]:
    """Two portals on one database would run two schedulers; the second says where the first is."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise CannotStart(_told_by(file.read())) from None
        file.truncate(0)
        file.write(json.dumps({"process": os.getpid(), "address": address}))
        file.flush()
        yield


def _told_by(note: str) -> str:
    try:
        other = json.loads(note)
    except ValueError:
        return "The portal is starting on this database already."
    return (
        f"The portal runs on this database already, at {other['address']} (process"
        f" {other['process']}); end that one first, or choose another database."
    )


def listen(host: str, asked: int | None) -> socket.socket:
    """A socket at the port that was asked for, or at the first of some that nobody uses.

    It is held from here on and handed to the web server: nobody comes between, and who calls while
    the server starts is answered when it has.
    """
    ports = range(FIRST_PORT, FIRST_PORT + PORTS_TO_TRY) if asked is None else [asked]
    for port in ports:
        try:
            return _bound(host, port)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and port != ports[-1]:
                continue
            raise CannotStart(
                f"Port {port} of {host} cannot be used ({(error.strerror or str(error)).lower()});"
                " choose another with --port, or end what uses it."
            ) from error
    raise AssertionError("the last port returns or raises")


def _bound(host: str, port: int) -> socket.socket:
    family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind)
    try:
        # A connection that was just closed does not hold the port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener
