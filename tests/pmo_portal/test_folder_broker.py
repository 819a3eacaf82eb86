"""Messages in a folder arrive whole, once and in order; a broadcast reaches all who listen."""

import threading
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection

from pmo_portal import folder_broker
from pmo_portal.folder_broker import Channel, Transport

Open = Callable[[], Channel]


@pytest.fixture
def open_channel(tmp_path: Path) -> Open:
    options = {
        "data_folder_in": str(tmp_path / "broker" / "messages"),
        "data_folder_out": str(tmp_path / "broker" / "messages"),
        "control_folder": str(tmp_path / "broker" / "control"),
    }

    def channel() -> Channel:
        connection = Connection("filesystem://localhost", transport=Transport)
        connection.transport_options = options
        opened = connection.channel()
        assert isinstance(opened, Channel)
        return opened

    return channel


def everything_in(channel: Channel, queue: str) -> list[Any]:
    found = []
    while True:
        try:
            found.append(channel._get(queue))
        except Empty:
            return found


def test_the_oldest_message_comes_first(open_channel: Open) -> None:
    for number in range(20):
        open_channel()._put("celery", {"number": number})
    taken = everything_in(open_channel(), "celery")
    assert [message["number"] for message in taken] == list(range(20))


def test_a_queue_holds_only_its_own_messages(open_channel: Open) -> None:
    channel = open_channel()
    channel._put("celery", {"for": "celery"})
    channel._put("celery@here.celery.pidbox", {"for": "the worker"})
    assert everything_in(channel, "celery@here.celery.pidbox") == [{"for": "the worker"}]
    assert channel._size("celery") == 1


def test_nothing_stays_behind(open_channel: Open, tmp_path: Path) -> None:
    channel = open_channel()
    channel._put("celery", {"number": 1})
    everything_in(channel, "celery")
    assert list((tmp_path / "broker" / "messages").iterdir()) == []


def test_a_message_that_is_still_being_written_is_not_seen(
    open_channel: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = open_channel()
    seen_meanwhile = []
    write = Path.write_bytes

    def write_slowly(path: Path, data: bytes) -> int:
        written = write(path, data[:5])
        seen_meanwhile.extend(everything_in(open_channel(), "celery"))
        return written + write(path, data)

    monkeypatch.setattr(Path, "write_bytes", write_slowly)
    channel._put("celery", {"number": 1})
    assert seen_meanwhile == []
    assert everything_in(channel, "celery") == [{"number": 1}]


def test_of_many_readers_and_writers_nothing_is_lost_or_doubled(open_channel: Open) -> None:
    taken: list[int] = []
    is_written = threading.Event()

    def write(first: int) -> None:
        channel = open_channel()
        for number in range(first, first + 50):
            channel._put("celery", {"number": number})

    def read() -> None:
        channel = open_channel()
        while True:
            is_last_look = is_written.is_set()
            taken.extend(message["number"] for message in everything_in(channel, "celery"))
            if is_last_look:
                return

    writers = [threading.Thread(target=write, args=(first,)) for first in (0, 50, 100)]
    readers = [threading.Thread(target=read) for _ in range(3)]
    for thread in [*writers, *readers]:
        thread.start()
    for thread in writers:
        thread.join()
    is_written.set()
    for thread in readers:
        thread.join()
    assert sorted(taken) == list(range(150))


def test_everybody_who_listens_at_once_is_in_the_table(open_channel: Open) -> None:
    def listen(name: str) -> None:
        open_channel()._queue_bind("celery.pidbox", "", "", name)

    names = [f"worker{number}" for number in range(12)]
    listeners = [threading.Thread(target=listen, args=(name,)) for name in names]
    for thread in listeners:
        thread.start()
    for thread in listeners:
        thread.join()
    table = open_channel().get_table("celery.pidbox")
    assert sorted(row.queue for row in table) == sorted(names)


def test_a_worker_that_is_ending_waits_no_longer(
    open_channel: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_broker, "is_shutting_down", threading.Event())
    folder_broker.stop_waiting()
    with pytest.raises(TimeoutError):
        open_channel()._get("celery")
