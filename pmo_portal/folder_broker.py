"""Messages as files in a folder: the broker where there is no Redis.

Kombu's own file transport writes a message in place, so that a worker now and then meets one that
is still empty, and stumbles. Here a message appears whole, and the tables of who listens to what
are read and written one at a time.
"""

import fcntl
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from time import time_ns
from typing import Any

from celery.signals import worker_shutting_down
from kombu.transport import filesystem
from kombu.utils.encoding import bytes_to_str, str_to_bytes
from kombu.utils.json import dumps, loads

is_shutting_down = threading.Event()


@worker_shutting_down.connect
def stop_waiting(**_: Any) -> None:
    """A worker that is asked to end need not sit out its wait for the next message."""
    is_shutting_down.set()


class Channel(filesystem.Channel):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for folder in (self.data_folder_in, self.data_folder_out, self.control_folder):
            Path(folder).mkdir(parents=True, exist_ok=True)

    # Kombu's base class calls the argument `message`, its file transport `payload`.
    def _put(self, queue: str, payload: Any, **_: Any) -> None:  # type: ignore[override]
        folder = Path(self.data_folder_out)
        draft = folder / f"{uuid.uuid4()}.draft"
        draft.write_bytes(str_to_bytes(dumps(payload)))
        draft.rename(folder / f"{time_ns()}_{uuid.uuid4()}.{queue}.msg")

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        """The oldest message of the queue; whoever renames it first owns it."""
        if is_shutting_down.is_set():
            raise TimeoutError
        for waiting in sorted(Path(self.data_folder_in).iterdir()):
            if waiting.name.partition(".")[2] != f"{queue}.msg":
                continue
            try:
                claimed = waiting.rename(waiting.with_suffix(".claimed"))
            except FileNotFoundError:
                continue
            payload = claimed.read_bytes()
            claimed.unlink()
            return loads(bytes_to_str(payload))
        raise Empty

    def get_table(self, exchange: str) -> Any:
        with self._tables_to_itself():
            return super().get_table(exchange)

    def _queue_bind(self, *args: Any) -> None:
        with self._tables_to_itself():
            super()._queue_bind(*args)

    def _delete(self, *args: Any, **kwargs: Any) -> None:
        with self._tables_to_itself():
            super()._delete(*args, **kwargs)

    @contextmanager
    def _tables_to_itself(self) -> Iterator[None]:
        with (self.control_folder / "tables.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class Transport(filesystem.Transport):
    Channel = Channel
