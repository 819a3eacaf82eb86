"""The request that is answered right now: what happens meanwhile happens because of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.http import HttpRequest

_current: ContextVar[HttpRequest | None] = ContextVar("current_request", default=None)


@contextmanager
def answering(request: HttpRequest) -> Iterator[None]:
    """For the log's lines and the audit log's rows that come of this request."""
    before = _current.set(request)
    try:
        yield
    finally:
        _current.reset(before)


def current_request() -> HttpRequest | None:
    return _current.get()
