"""Each workspace has its database, each database one portal, each portal a port."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pmo_portal import instance
from pmo_portal.instance import CannotStart, database_of_workspace, listen, running_once


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Two ports next to each other that somebody uses; the portal begins to look at the first."""
    with ExitStack() as sockets:
        for _ in range(50):
            first = sockets.enter_context(socket.create_server(("127.0.0.1", 0)))
            port = first.getsockname()[1]
            try:
                sockets.enter_context(socket.create_server(("127.0.0.1", port + 1)))
            except OSError:
                continue
            monkeypatch.setattr(instance, "FIRST_PORT", port)
            yield [port, port + 1]
            return
    pytest.fail("no two free ports next to each other")


def test_a_folder_keeps_its_database(tmp_path: Path) -> None:
    first = database_of_workspace(Path("/data/uk"), tmp_path)
    assert first == database_of_workspace(Path("/data/uk"), tmp_path)
    assert first.parent == tmp_path
    assert first.name.startswith("uk-")


def test_two_folders_of_one_name_have_two_databases(tmp_path: Path) -> None:
    assert database_of_workspace(Path("/a/uk"), tmp_path) != database_of_workspace(
        Path("/b/uk"), tmp_path
    )


def test_without_a_wish_the_first_free_port_is_taken(taken: list[int]) -> None:
    with listen("127.0.0.1", None) as door:
        assert door.getsockname()[1] > max(taken)


def test_when_all_are_in_use_the_last_one_is_named(
    taken: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance, "PORTS_TO_TRY", 2)
    with pytest.raises(CannotStart, match=rf"^Port {taken[1]} of 127.0.0.1 cannot be used"):
        listen("127.0.0.1", None)


def test_a_port_that_was_asked_for_is_taken_or_refused(taken: list[int]) -> None:
    with pytest.raises(CannotStart, match=r"\(address already in use\)"):
        listen("127.0.0.1", taken[0])


def test_an_address_that_is_not_of_this_machine_is_refused() -> None:
    with pytest.raises(CannotStart, match=r"^Port 8000 of 192\.0\.2\.1 cannot be used"):
        listen("192.0.2.1", 8000)


def test_a_second_portal_is_told_where_the_first_one_is(tmp_path: Path) -> None:
    lock = tmp_path / "portal.lock"
    with (
        running_once(lock, "http://127.0.0.1:8000/"),
        pytest.raises(CannotStart, match=rf"at http://127.0.0.1:8000/ \(process {os.getpid()}\)"),
        running_once(lock, "http://127.0.0.1:8001/"),
    ):
        pytest.fail("two at once")


def test_a_lock_of_one_that_has_ended_holds_nobody_off(tmp_path: Path) -> None:
    lock = tmp_path / "portal.lock"
    for address in ("http://127.0.0.1:8000/", "http://127.0.0.1:8001/"):
        with running_once(lock, address):
            assert address in lock.read_text()


def test_who_calls_before_the_server_is_there_need_not_call_again() -> None:
    with listen("127.0.0.1", 0) as door, socket.create_connection(door.getsockname()) as caller:
        caller.sendall(b"hello")
        accepted, _ = door.accept()
        with accepted:
            assert accepted.recv(5) == b"hello"
