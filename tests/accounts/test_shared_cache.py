"""Tries are counted by all web processes together; without Redis by each alone."""

from __future__ import annotations

from typing import Any

import pytest
from redis.exceptions import ConnectionError as Unreachable

from accounts import shared_cache
from accounts.shared_cache import SharedCache
from tests.services import free_port


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SharedCache, "away_until", 0.0)


def a_process(address: str) -> SharedCache:
    """What a web process of its own has."""
    return SharedCache(address, {"OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1}})


@pytest.mark.redis
def test_processes_count_together(redis_url: str) -> None:
    one, other = a_process(redis_url), a_process(redis_url)
    assert one.add("tries", 0, 60)
    assert not other.add("tries", 0, 60)
    assert [one.incr("tries"), other.incr("tries"), one.incr("tries")] == [1, 2, 3]
    assert other.decr("tries") == 2
    one.delete("tries")
    assert other.get("tries", "none") == "none"


@pytest.mark.redis
def test_a_code_that_one_process_took_no_other_one_takes(redis_url: str) -> None:
    assert [a_process(redis_url).add("code-used:1:123456", True, 90) for _ in range(3)] == [
        True,
        False,
        False,
    ]


def test_without_redis_a_process_counts_alone_and_asks_it_again_later(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(shared_cache, "LEFT_ALONE_SECONDS", 60.0)
    cache = a_process(f"redis://127.0.0.1:{free_port()}/0")
    cache.add("tries", 0, 60)
    assert [cache.incr("tries") for _ in range(3)] == [1, 2, 3]
    assert cache.touch("tries", 60)
    cache.set("until", 5.0, 60)
    assert cache.get("until") == 5.0
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("Wrong passwords are counted by each process alone:")

    tried: list[str] = []

    def away(*_: Any, **__: Any) -> None:
        tried.append("asked")
        raise Unreachable

    monkeypatch.setattr(cache._cache, "get", away)
    cache.get("tries")
    assert tried == []
    monkeypatch.setattr(SharedCache, "away_until", 0.0)
    assert cache.get("tries") == 3
    assert tried == ["asked"]
