"""All that a pack says, as plain values: what is kept, hashed, and written as PDF or slides.

Nothing here is worded or rounded; that is left to `wording` and the writers. Subjects, metrics and
scorecards are told by code and name, as they were called at the pack's moment.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from metrics.choices import Band


@dataclass(frozen=True, slots=True)
class Mark:
    """A score with its evidence; without a band it is not measured."""

    score: float | None = None
    coverage: float | None = None
    band: int | None = None
    low: float = 0.0
    high: float = 100.0

    @property
    def is_measured(self) -> bool:
        return self.band is not None

    @property
    def is_insufficient(self) -> bool:
        return self.band == Band.INSUFFICIENT


@dataclass(frozen=True, slots=True)
class SubjectLine:
    """A subject's overall score, never without its four categories."""

    kind: str
    code: str
    name: str
    overall: Mark
    categories: tuple[Mark, ...]
    before: float | None = None
    band_before: int | None = None

    @property
    def marks(self) -> tuple[Mark, ...]:
        return (self.overall, *self.categories)

    @property
    def change(self) -> float | None:
        if self.overall.score is None or self.before is None:
            return None
        return self.overall.score - self.before

    @property
    def has_fallen(self) -> bool:
        """A band lower than the month before."""
        if self.overall.band is None or self.band_before is None:
            return False
        return self.overall.band < self.band_before


@dataclass(frozen=True, slots=True)
class BridgePart:
    """What a category, or the balance, did to the overall score."""

    part: str
    """A category, or `balance`."""
    points: float
    before: float | None
    now: float | None


@dataclass(frozen=True, slots=True)
class Bridge:
    """From the overall score of the month before to this one; the parts add up to the change."""

    start: float
    end: float
    parts: tuple[BridgePart, ...]


@dataclass(frozen=True, slots=True)
class TrendMonth:
    """One month's scores: the overall one, and the four categories in their order."""

    month: str
    overall: float | None
    categories: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class EventFacts:
    """What happened to whom, as somebody noted it."""

    day: str
    kind: str
    code: str
    name: str
    title: str
    text: str
    mark: int = 0
    """The number of its mark on the trend; 0 without one."""


@dataclass(frozen=True, slots=True)
class MarkOnTrend:
    """Where events stand on the trend: alone, or several of one month or a few."""

    number: int
    month: str
    events: int
    day: str
    """Of the earliest."""
    title: str
    name: str
    """Whom it happened to; blank where that is the pack's own subject."""


@dataclass(frozen=True, slots=True)
class Events:
    """Those of the months of the trend, the latest first."""

    rows: tuple[EventFacts, ...]
    total: int
    marks: tuple[MarkOnTrend, ...] = ()
    """Of all of them, the earliest first."""

    @property
    def more(self) -> int:
        return self.total - len(self.rows)


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Subjects of one kind with their scores, the lowest first if not all are told."""

    kind: str
    rows: tuple[SubjectLine, ...]
    total: int
    """All that are measured; more than `rows` where the list was cut."""
    by_band: tuple[tuple[int, int], ...]
    """How many have which band."""

    @property
    def more(self) -> int:
        return self.total - len(self.rows)


@dataclass(frozen=True, slots=True)
class Moves:
    """The largest changes of overall scores among the subjects that have two.

    `rises` and `falls` have a new value behind them. `faded` had none anywhere below: their
    evidence faded or went, or members came and went.
    """

    rises: tuple[SubjectLine, ...]
    falls: tuple[SubjectLine, ...]
    faded: tuple[SubjectLine, ...]
    risen: int
    fallen: int
    without: int
    """How many moved without a new value."""
    compared: int


@dataclass(frozen=True, slots=True)
class Case:
    """A subject that needs a decision, and what it costs."""

    line: SubjectLine
    below_green: float | None
    """How far its overall score is from green; None without a score."""
    cost: float | None
    """Points by which it lowers the organisation's overall score against green; None if unknown."""

    @property
    def is_amber_by_silence(self) -> bool:
        """Good enough for green, were it not for a category without a score."""
        return self.line.overall.band == Band.AMBER and self.below_green == 0


@dataclass(frozen=True, slots=True)
class Decisions:
    """What is red, has fallen a band, or is insufficient; what costs most comes first."""

    cases: tuple[Case, ...]
    red: int
    fallen: int
    """A band lower, but neither red nor insufficient."""
    insufficient: int

    @property
    def rows(self) -> tuple[SubjectLine, ...]:
        return tuple(case.line for case in self.cases)

    @property
    def is_weighed(self) -> bool:
        """Whether it is known of any what it costs."""
        return any(case.cost is not None for case in self.cases)

    @property
    def total(self) -> int:
        return self.red + self.fallen + self.insufficient

    @property
    def more(self) -> int:
        return self.total - len(self.cases)


@dataclass(frozen=True, slots=True)
class RedValue:
    """A value in force whose metric score is red, and what was written beside it."""

    kind: str
    code: str
    name: str
    metric: str
    category: str
    value: float
    unit: str
    decimals: int | None
    month: str
    score: float
    explanation: str


@dataclass(frozen=True, slots=True)
class RedValues:
    rows: tuple[RedValue, ...]
    """Those with an explanation first."""
    total: int
    explained: int

    @property
    def more(self) -> int:
        return self.total - len(self.rows)


@dataclass(frozen=True, slots=True)
class MoneyLine:
    """The projects of one currency; amounts as exact decimals. See `selectors.money.Money`."""

    currency: str
    projects: int
    budget: str
    with_budget: int
    forecast: str
    with_forecast: int
    forecast_budget: str
    actual: str
    with_actual: int
    actual_budget: str


@dataclass(frozen=True, slots=True)
class LineFacts:
    """A metric on a scorecard: what it means, what it weighs, and how much of it is known."""

    code: str
    name: str
    question: str
    meaning: str
    category: str
    perspective: str
    cadence: str
    unit: str
    decimals: int
    """With which the curve's values are written."""
    weight: float
    curve: tuple[tuple[float, float], ...]
    formula: str
    expected: int
    """Of how many subjects a value is expected."""
    current: int
    fading: int
    missing: int


@dataclass(frozen=True, slots=True)
class ScorecardFacts:
    """The rules by which some subjects were scored."""

    code: str
    name: str
    kind: str
    subjects: int
    category_weights: tuple[float, ...]
    overall: str
    min_coverage: float
    min_categories: int
    amber_from: float
    green_from: float
    shares: tuple[tuple[str, float], ...]
    """Of the groups that count."""
    lines: tuple[LineFacts, ...]


@dataclass(frozen=True, slots=True)
class KindCount:
    """How many subjects of a kind could be scored."""

    kind: str
    scored: int
    insufficient: int
    without: int
    """Nothing is measured of them in the month."""

    @property
    def total(self) -> int:
        return self.scored + self.insufficient + self.without


@dataclass(frozen=True, slots=True)
class PackContent:
    """A pack: a subject, a month, and everything that is said of them."""

    kind: str
    code: str
    name: str
    month: str
    month_before: str
    is_closed: bool
    is_running: bool
    as_of: str
    """The moment whose definitions, names and values are told; ISO 8601, UTC."""
    closed_by: str
    organisation: str
    score: SubjectLine
    """The subject's own."""
    balance: float | None
    bridge: Bridge | None
    trend: tuple[TrendMonth, ...]
    events: Events
    heat_maps: tuple[HeatMap, ...]
    moves: Moves
    decisions: Decisions
    red_values: RedValues
    money: tuple[MoneyLine, ...]
    scorecards: tuple[ScorecardFacts, ...]
    """The subject's own first."""
    counts: tuple[KindCount, ...]

    @property
    def scorecard(self) -> ScorecardFacts | None:
        """The one that judges the subject itself."""
        return next((card for card in self.scorecards if card.kind == self.kind), None)

    def as_data(self) -> dict[str, Any]:
        """As it is kept: what JSON can say, and nothing that a database would change."""
        told: dict[str, Any] = _plain(asdict(self))
        return told


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    # PostgreSQL has no negative zero.
    return value + 0.0 if isinstance(value, float) else value


def canonical(data: dict[str, Any]) -> bytes:
    """The one way to write a pack's data down: by this it is hashed and attached."""
    return json.dumps(
        data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode()


def data_hash(data: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(data)).hexdigest()
