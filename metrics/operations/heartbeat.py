"""The sign of life of a worker while it computes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import DatabaseError, connection


@contextmanager
def beating(show_life: Callable[[], bool]) -> Iterator[None]:
    """Show life again and again, from a thread and connection of its own, until it is in vain."""
    ended = threading.Event()
    thread = threading.Thread(target=_beat, args=(show_life, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _beat(show_life: Callable[[], bool], ended: threading.Event) -> None:
    try:
        while not ended.wait(settings.SCORE_RUN_STALE_SECONDS / 4):
            try:
                if not show_life():
                    return
            except DatabaseError:
                # A database that is away may come back before the run is given up.
                connection.close()
    finally:
        connection.close()
