"""A progress bar for commands: one line, on a terminal only."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

BAR_WIDTH = 30
SECONDS_BETWEEN_DRAWINGS = 0.1


class Terminal(Protocol):
    def write(self, text: str, /) -> object: ...
    def flush(self) -> None: ...
    def isatty(self) -> bool: ...


@contextmanager
def progress_bar(stream: Terminal, what: str) -> Iterator[Callable[[int, int], None]]:
    """Yields a function to call with (done, total); where no terminal is, it does nothing."""
    if not stream.isatty():
        yield lambda done, total: None
        return
    last_drawn = 0.0

    def draw(done: int, total: int) -> None:
        nonlocal last_drawn
        if done < total and time.monotonic() - last_drawn < SECONDS_BETWEEN_DRAWINGS:
            return
        last_drawn = time.monotonic()
        filled = BAR_WIDTH * done // total if total else BAR_WIDTH
        bar = "#" * filled + "." * (BAR_WIDTH - filled)
        stream.write(f"\r[{bar}] {done:,} of {total:,} {what}")
        stream.flush()

    yield draw
    stream.write("\r\033[K")
    stream.flush()
