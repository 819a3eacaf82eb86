"""How often may be asked: counted per token, or per person in a browser."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import caches
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from api.models import PersonalToken

logger = logging.getLogger(__name__)

SAFE = ("GET", "HEAD", "OPTIONS")
LIMIT_HEADERS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


@dataclass(frozen=True, slots=True)
class Limits:
    """How many requests are taken, how many are left, and in how many seconds there are more."""

    limit: int
    remaining: int
    more_in: int

    @property
    def headers(self) -> dict[str, str]:
        numbers = (self.limit, self.remaining, self.more_in)
        return dict(zip(LIMIT_HEADERS, map(str, numbers), strict=True))


class _PerMinute(SimpleRateThrottle):
    """So many requests in any minute; 0 = no limit."""

    duration = 60
    reads = True

    def __init__(self) -> None:
        # Shared by all web processes, as messages to workers are: see settings.CACHES.
        self.cache: Any = caches["limits"]
        self.rate: str | None = None
        self.num_requests = self.limit()
        self.scope = "read" if self.reads else "write"

    def limit(self) -> int:
        raise NotImplementedError

    def allow_request(self, request: Request, view: Any) -> bool:
        if (request.method in SAFE) is not self.reads or not self.num_requests:
            return True
        try:
            return self._is_within_limit(request, view)
        except Exception as error:  # each kind of cache has errors of its own
            # Who is cut off from counting is not cut off from answering.
            logger.warning("Requests are not counted: %s", error)
            return True

    def _is_within_limit(self, request: Request, view: Any) -> bool:
        self.key = self.get_cache_key(request, view)
        self.history = self.cache.get(self.key, [])
        self.now = self.timer()
        while self.history and self.history[-1] <= self.now - self.duration:
            self.history.pop()
        is_within = len(self.history) < self.num_requests
        if is_within:
            self.throttle_success()
        # Read by the operation, which tells it in its answer.
        request.limits = Limits(  # type: ignore[attr-defined]
            self.num_requests,
            self.num_requests - len(self.history),
            math.ceil(self.history[-1] + self.duration - self.now),
        )
        return is_within

    def get_cache_key(self, request: Request, view: Any) -> str:
        token = request.auth
        who = f"token-{token.pk}" if isinstance(token, PersonalToken) else f"user-{request.user.pk}"
        return f"api-{self.scope}-{who}"


class ReadsPerMinute(_PerMinute):
    def limit(self) -> int:
        return int(settings.API_READS_PER_MINUTE)


class WritesPerMinute(_PerMinute):
    reads = False

    def limit(self) -> int:
        return int(settings.API_WRITES_PER_MINUTE)
