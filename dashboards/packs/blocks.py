"""What a pack's pages are made of: a title that says the message, and blocks that show it.

The writers draw blocks; what they say is decided in `pages`.
"""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.packs.content import SubjectLine


@dataclass(frozen=True, slots=True)
class Overview:
    """The overall score in its range, and the four categories, always together."""

    line: SubjectLine
    before: str
    balance: str
    limits: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Step:
    """A part of a bridge."""

    name: str
    points: float
    detail: str


@dataclass(frozen=True, slots=True)
class BridgeChart:
    before: str
    start: float
    steps: tuple[Step, ...]
    after: str
    end: float


@dataclass(frozen=True, slots=True)
class Series:
    category: str
    name: str
    scores: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class EventMark:
    """Where something happened: its month's place on a trend, and its number."""

    place: int
    label: str


@dataclass(frozen=True, slots=True)
class TrendChart:
    months: tuple[str, ...]
    series: tuple[Series, ...]
    """The four categories in their order."""
    is_unfinished: bool
    marks: tuple[EventMark, ...] = ()


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """Subjects with their five scores; the last columns say why they are told."""

    head: str
    rows: tuple[SubjectLine, ...]
    more: str
    with_kind: bool = False
    remarks: tuple[tuple[str, ...], ...] = ()
    """As many for each row as there are heads."""
    remark_heads: tuple[str, ...] = ()

    def remarks_of(self, place: int) -> tuple[str, ...]:
        return self.remarks[place] if self.remarks else ()


@dataclass(frozen=True, slots=True)
class MovesChart:
    """Changes of overall scores, the largest rise first and the largest fall last."""

    rows: tuple[SubjectLine, ...]
    is_by_values: bool = True
    """Whether new values are behind them; drawn paler if not."""


@dataclass(frozen=True, slots=True)
class KnownChart:
    """How much of what is expected is known, by category."""

    names: tuple[str, ...]
    known: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class CountsChart:
    """How many of each kind have a score, have too little known for one, or are not measured."""

    names: tuple[str, ...]
    scored: tuple[int, ...]
    insufficient: tuple[int, ...]
    without: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Column:
    label: str
    width: float
    """Its part of the table's width."""
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    more: str = ""
    brief: tuple[tuple[str, ...], ...] = ()
    """The rows in fewer words, for slides."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Words and what they mean."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Note:
    text: str


Block = (
    Overview
    | BridgeChart
    | TrendChart
    | ScoreTable
    | MovesChart
    | KnownChart
    | CountsChart
    | Table
    | Terms
    | Note
)


@dataclass(frozen=True, slots=True)
class PackPage:
    key: str
    topic: str
    title: str
    """The message."""
    blocks: tuple[Block, ...]
    """None, where the message is all there is to say."""
