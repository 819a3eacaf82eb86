"""What is being worked for right now: the request of a click, carried along to the workers.

`pmo_portal.request_log` gives each request its name, the messages to the workers carry it on, and
every line of a log has it. Here it comes to the rows that are written meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from structlog.contextvars import bound_contextvars, get_contextvars

LONGEST = 64


def current_request_id() -> str:
    """Blank where no request is behind it, as in a command or a tick of the scheduler."""
    return str(get_contextvars().get("request_id") or "")[:LONGEST]


@contextmanager
def working_for(**names: Any) -> Iterator[None]:
    """Every line that is logged meanwhile has these; a name without a value is left as it was."""
    with bound_contextvars(**{name: value for name, value in names.items() if value}):
        yield
