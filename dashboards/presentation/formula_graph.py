"""A formula as a drawing: left of a metric what goes into it, right of it what takes it in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap

WIDTH, HEIGHT = 184, 50
ACROSS, DOWN = 56, 14
MARGIN = 6

LETTERS = 25
"""What fits on a line of a node."""

LINES = 2


@dataclass(frozen=True)
class GraphNode:
    """One metric; `lines` are its name as far as it fits."""

    code: str
    name: str
    lines: tuple[str, ...]
    level: int
    """0 is the metric that the drawing is about, below it what goes in, above it what takes in."""
    x: int
    y: int
    is_computed: bool

    @property
    def middle(self) -> int:
        return self.x + WIDTH // 2

    @property
    def baselines(self) -> list[tuple[str, int]]:
        """Each line with the height that it stands on."""
        first = self.y + HEIGHT // 2 + (5 if len(self.lines) == 1 else -3)
        return [(line, first + 16 * place) for place, line in enumerate(self.lines)]

    @property
    def is_centre(self) -> bool:
        return self.level == 0


@dataclass(frozen=True)
class GraphBranch:
    """The same as a list: a metric, and those that it is computed from or goes into."""

    code: str
    name: str
    branches: tuple[GraphBranch, ...] = ()


@dataclass(frozen=True)
class FormulaGraph:
    nodes: tuple[GraphNode, ...]
    edges: tuple[str, ...]
    """Paths from the right side of an input to the left side of what takes it in."""
    width: int
    height: int
    inputs: tuple[GraphBranch, ...]
    users: tuple[GraphBranch, ...]
    node_width: int = WIDTH
    node_height: int = HEIGHT


def formula_graph(
    code: str, names: Mapping[str, str], takes_in: Mapping[str, Sequence[str]]
) -> FormulaGraph | None:
    """By which metrics each formula takes in; None for a metric that no formula is about."""
    used_by: dict[str, list[str]] = {}
    for formula, inputs in takes_in.items():
        for name in inputs:
            used_by.setdefault(name, []).append(formula)
    depth_in, depth_out = _depths(code, takes_in), _depths(code, used_by)
    levels = {**{name: -far for name, far in depth_in.items()}, **depth_out, code: 0}
    if len(levels) == 1:
        return None
    columns: dict[int, list[str]] = {}
    for name in sorted(levels, key=lambda name: names[name].casefold()):
        columns.setdefault(levels[name], []).append(name)
    tallest = max(len(column) for column in columns.values())
    height = tallest * (HEIGHT + DOWN) - DOWN + 2 * MARGIN
    nodes: dict[str, GraphNode] = {}
    for place, level in enumerate(sorted(columns)):
        column = columns[level]
        top = (height - len(column) * (HEIGHT + DOWN) + DOWN) // 2
        for row, name in enumerate(column):
            nodes[name] = GraphNode(
                name,
                names[name],
                _lines(names[name]),
                level,
                MARGIN + place * (WIDTH + ACROSS),
                top + row * (HEIGHT + DOWN),
                is_computed=name in takes_in,
            )
    edges = tuple(
        _edge(nodes[name], nodes[formula])
        for formula, inputs in takes_in.items()
        for name in inputs
        if name in nodes and formula in nodes
    )
    return FormulaGraph(
        tuple(nodes.values()),
        edges,
        len(columns) * (WIDTH + ACROSS) - ACROSS + 2 * MARGIN,
        height,
        _branches(code, names, takes_in),
        _branches(code, names, used_by),
    )


def _depths(code: str, leads_to: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """How far off everything is that a metric leads to, the longest way counted."""
    found: dict[str, int] = {}
    wave, far = {code}, 0
    while wave:
        far += 1
        wave = {other for name in wave for other in leads_to.get(name, ())}
        found |= dict.fromkeys(wave, far)
    return found


def _branches(
    code: str, names: Mapping[str, str], leads_to: Mapping[str, Sequence[str]]
) -> tuple[GraphBranch, ...]:
    return tuple(
        GraphBranch(name, names[name], _branches(name, names, leads_to))
        for name in sorted(leads_to.get(code, ()), key=lambda name: names[name].casefold())
    )


def _lines(name: str) -> tuple[str, ...]:
    lines = wrap(name, LETTERS)
    if len(lines) <= LINES:
        return tuple(lines)
    return (
        *lines[: LINES - 1],
        f"{lines[LINES - 1][: LETTERS - 1].rstrip()}\N{HORIZONTAL ELLIPSIS}",
    )


def _edge(start: GraphNode, end: GraphNode) -> str:
    x, y = start.x + WIDTH, start.y + HEIGHT // 2
    to_x, to_y = end.x, end.y + HEIGHT // 2
    bend = ACROSS // 2
    return f"M{x} {y}C{x + bend} {y} {to_x - bend} {to_y} {to_x} {to_y}"
