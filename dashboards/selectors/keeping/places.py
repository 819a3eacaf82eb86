"""Where subjects lie: portfolios as a tree, and what can be chosen as a place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from projects.models import Portfolio, Segment


@dataclass(frozen=True, slots=True)
class Place:
    """A portfolio, with the keys of itself and all that lie in it."""

    pk: int
    code: str
    name: str
    depth: int
    keys: frozenset[int]


def portfolio_places() -> list[Place]:
    """All portfolios, each followed by those in it, by name."""
    rows = Portfolio.objects.order_by("name", "code").values_list("pk", "code", "name", "parent_id")
    inside: dict[int | None, list[tuple[int, str, str]]] = defaultdict(list)
    for pk, code, name, parent in rows:
        inside[parent].append((pk, code, name))

    def keys_below(pk: int) -> frozenset[int]:
        return frozenset({pk}).union(*(keys_below(child) for child, _, _ in inside[pk]))

    def walk(parent: int | None, depth: int) -> Iterator[Place]:
        for pk, code, name in inside[parent]:
            yield Place(pk, code, name, depth, keys_below(pk))
            yield from walk(pk, depth + 1)

    return list(walk(None, 0))


def indented(place: Place) -> str:
    return "\N{EM SPACE}" * place.depth + place.name


def segment_choices() -> list[tuple[str, str]]:
    return list(Segment.objects.order_by("name", "code").values_list("code", "name"))
