"""Signs of life of the scheduler and the workers, kept where every web server sees them.

They go the way that tasks go - Redis, or a folder on one machine - and not into the database: there
is one every few seconds, and an old one is of no use to anybody.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import caches
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

TICK = "signs:beat"
WORKERS = "signs:workers"
KEPT_SECONDS = 86_400

LEAST_BETWEEN_TICKS = 1.0
SIGN_SECONDS = 10
"""How often a worker shows that it is there."""
SILENT_SECONDS = 45
"""A worker that has shown nothing for so long is taken to be dead, and is named for an hour."""
FORGOTTEN_SECONDS = 3600

OUT_OF_REACH = (RedisError, OSError)


class SignsOutOfReach(Exception):
    """Nobody can say who lives: where the signs are kept does not answer."""


@dataclass(frozen=True, slots=True)
class WorkerSign:
    name: str
    at: datetime
    begun_at: datetime
    processes: int

    @property
    def is_silent(self) -> bool:
        return (datetime.now(UTC) - self.at).total_seconds() > SILENT_SECONDS


@dataclass(frozen=True, slots=True)
class BeatSign:
    """When the scheduler last handed out a task; None if nobody knows of any."""

    at: datetime | None

    @property
    def silence(self) -> timedelta | None:
        return datetime.now(UTC) - self.at if self.at else None

    @property
    def is_late(self) -> bool:
        silence = self.silence
        return silence is None or silence > timedelta(seconds=settings.BEAT_LATE_SECONDS)


class Ticks:
    """The scheduler's sign: it has handed a task to the broker."""

    def __init__(self) -> None:
        self._last = 0.0

    def keep(self, **_: Any) -> None:
        now = time.time()
        if now - self._last < LEAST_BETWEEN_TICKS:
            return
        self._last = now
        try:
            caches["progress"].set(TICK, now, KEPT_SECONDS)
        except OUT_OF_REACH as error:
            logger.warning("The scheduler's tick could not be noted: %s", error)


def beat() -> BeatSign:
    """The scheduler's latest sign; SignsOutOfReach."""
    moment = _read(TICK)
    return BeatSign(datetime.fromtimestamp(moment, UTC) if moment is not None else None)


def show_worker(name: str, begun: float, processes: int) -> None:
    try:
        known = _known_workers()
        # Two workers that sign in the same moment may overlook each other until the next sign.
        caches["progress"].set(
            WORKERS, known | {name: (time.time(), begun, processes)}, KEPT_SECONDS
        )
    except (SignsOutOfReach, *OUT_OF_REACH) as error:
        logger.warning("The worker's sign of life could not be noted: %s", error)


def forget_worker(name: str) -> None:
    """It ends as it was told to, and is not to be missed."""
    try:
        known = _known_workers()
        known.pop(name, None)
        caches["progress"].set(WORKERS, known, KEPT_SECONDS)
    except (SignsOutOfReach, *OUT_OF_REACH) as error:
        logger.warning("The worker could not sign off: %s", error)


def workers() -> list[WorkerSign]:
    """Those who live, and those who fell silent within the last hour; SignsOutOfReach."""
    return [
        WorkerSign(
            name, datetime.fromtimestamp(at, UTC), datetime.fromtimestamp(begun, UTC), processes
        )
        for name, (at, begun, processes) in sorted(_known_workers().items())
    ]


def _known_workers() -> dict[str, tuple[float, float, int]]:
    since = time.time() - FORGOTTEN_SECONDS
    return {name: sign for name, sign in (_read(WORKERS) or {}).items() if sign[0] > since}


def _read(key: str) -> Any:
    try:
        return caches["progress"].get(key)
    except OUT_OF_REACH as error:
        raise SignsOutOfReach(str(error)) from error
