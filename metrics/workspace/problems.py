"""What is wrong with a folder, gathered so that one pass tells as much as it can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from projects.validation import printable

MOST_TOLD = 100


class WorkspaceRefused(ValueError):
    """Nothing was loaded; the text has one line for each of the first errors, then their number."""

    def __init__(self, errors: list[str], total: int | None = None) -> None:
        self.errors = errors
        self.total = len(errors) if total is None else total
        more = self.total - len(errors)
        super().__init__(
            "\n".join([*errors, *([f"... and {more:,} more errors."] if more else [])])
        )


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands: files in their order, lines and columns counted from 1, 0 = none."""

    order: int
    line: int = 0
    position: int = 0
    file: str = field(default="", compare=False)
    column: str = field(default="", compare=False)

    def __str__(self) -> str:
        """`projects.csv:7: weight`"""
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.column}" if self.column else where


class Problems:
    """The first errors by place, and how many there are in all."""

    def __init__(self, most: int = MOST_TOLD) -> None:
        self.most = most
        self.total = 0
        self._told: list[tuple[Place, str]] = []

    def __bool__(self) -> bool:
        return self.total > 0

    def add(self, place: Place, sentence: str | Callable[[], str]) -> None:
        """A sentence that takes time to make is given as a function, made only if it is told."""
        self.total += 1
        if len(self._told) < self.most:
            self._told.append((place, sentence if isinstance(sentence, str) else sentence()))

    def add_uncounted(self, count: int) -> None:
        """So many more that nobody looks at one by one."""
        self.total += count

    def refuse(self) -> None:
        """WorkspaceRefused if there is anything wrong."""
        if self:
            told = sorted(self._told, key=lambda problem: problem[0])
            raise WorkspaceRefused(
                [printable(f"{place}: {text}") for place, text in told], self.total
            )
