"""Counts that all web processes share; without Redis each goes on counting by itself."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

LEFT_ALONE_SECONDS = 5.0
"""After Redis did not answer it is not asked for so long, so that nobody waits again and again."""


class SharedCache(RedisCache):
    """Redis while it answers, this process's memory while it does not.

    Sign-in must work on a bad night, and wrong passwords must be counted on one too: then each
    process counts its own.
    """

    away_until = 0.0

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._own = LocMemCache("accounts-without-redis", {"OPTIONS": {"MAX_ENTRIES": 100_000}})

    def _ask(self, shared: Callable[..., Any], own: Callable[..., Any], *given: Any) -> Any:
        if time.monotonic() >= SharedCache.away_until:
            try:
                return shared(*given)
            except RedisError as error:
                SharedCache.away_until = time.monotonic() + LEFT_ALONE_SECONDS
                logger.warning("Wrong passwords are counted by each process alone: %s", error)
        return own(*given)

    def add(self, key: str, value: Any, timeout: Any = 300, version: Any = None) -> bool:
        return bool(self._ask(super().add, self._own.add, key, value, timeout, version))

    def get(self, key: str, default: Any = None, version: Any = None) -> Any:
        return self._ask(super().get, self._own.get, key, default, version)

    def set(self, key: str, value: Any, timeout: Any = 300, version: Any = None) -> None:
        self._ask(super().set, self._own.set, key, value, timeout, version)

    def touch(self, key: str, timeout: Any = 300, version: Any = None) -> bool:
        return bool(self._ask(super().touch, self._own.touch, key, timeout, version))

    def delete(self, key: str, version: Any = None) -> bool:
        return bool(self._ask(super().delete, self._own.delete, key, version))

    def incr(self, key: str, delta: int = 1, version: Any = None) -> int:
        return int(self._ask(super().incr, self._own.incr, key, delta, version))

    def decr(self, key: str, delta: int = 1, version: Any = None) -> int:
        return self.incr(key, -delta, version)
