"""Which parts of a contribution tree stand open: a list of paths that an address carries.

A path begins with a group of the subject itself, `tactical-projects`, and goes on with a member,
`tactical-projects/PRJ-A`, one of the member's groups, `.../engagements`, a member of that, and so
on; it may end with a metric, `tactical-own/fix_days`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

STEP = "/"

MOST_OPEN = 40
"""What more an address asks for stays shut."""

DEEPEST = 12
"""Steps of one path; there are never so many levels."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What an address holds open, and the groups of which it shows all members."""

    paths: tuple[str, ...] = ()
    whole_groups: tuple[str, ...] = ()

    @classmethod
    def of(cls, paths: Iterable[str], whole_groups: Iterable[str] = ()) -> Opened:
        known = [path for path in dict.fromkeys(paths) if path and path.count(STEP) < DEEPEST]
        return cls(tuple(known[:MOST_OPEN]), tuple(dict.fromkeys(whole_groups))[:MOST_OPEN])

    @property
    def codes(self) -> frozenset[str]:
        """The codes of the members that are open; groups and metrics among them do no harm."""
        return frozenset(step for path in self.paths for step in path.split(STEP)[1::2])

    def holds(self, path: str) -> bool:
        """Whether this part is open; what lies on the way to an open part is open too."""
        return any(other == path or other.startswith(path + STEP) for other in self.paths)

    def query_with(self, path: str) -> str:
        """What an address has behind its other parameters to show this part too."""
        return self._query([*self.paths, path])

    def query_without(self, path: str) -> str:
        """The same without this part and all that is open inside it."""
        others = [
            other for other in self.paths if other != path and not other.startswith(path + STEP)
        ]
        return self._query(others)

    def query_of_whole(self, group: str) -> str:
        """The same with all members of a group."""
        return self._query(self.paths, [*self.whole_groups, group])

    @property
    def query(self) -> str:
        return self._query(self.paths)

    def _query(self, paths: Iterable[str], whole: Iterable[str] | None = None) -> str:
        groups = self.whole_groups if whole is None else whole
        pairs = [
            *(("all", group) for group in dict.fromkeys(groups)),
            *(("open", path) for path in dict.fromkeys(paths)),
        ]
        return "".join(f"&{urlencode([pair])}" for pair in pairs)
