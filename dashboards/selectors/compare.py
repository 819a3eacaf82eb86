"""Two subjects, or one in two months, side by side: what of their projects differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from dashboards.selectors.money import Money
from dashboards.selectors.months import ViewMonth
from dashboards.selectors.portfolios import PortfolioNode, PortfolioTree
from dashboards.selectors.scores import Mark, SubjectScores, with_scores
from metrics.choices import Band
from projects.models import Engagement, Project

SHOWN = 6
"""Of each sort of projects."""

LEAST_MOVE = 0.05
"""Less than this does not show with one decimal."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A measure of both sides; the difference is that of the first from the second."""

    one: Mark
    other: Mark

    @property
    def label(self) -> str:
        return self.one.label

    @property
    def difference(self) -> float | None:
        """None unless both are known."""
        if self.one.score is None or self.other.score is None:
            return None
        return self.one.score - self.other.score


def compared_marks(one: SubjectScores, other: SubjectScores) -> tuple[Compared, ...]:
    """The overall score and always all four categories."""
    return tuple(Compared(*both) for both in zip(one.marks, other.marks, strict=True))


@dataclass(frozen=True, slots=True)
class ComparedBand:
    """How many projects of each side have a band; None stands for those without any score."""

    band: Band | None
    one: int
    other: int
    one_rate: float | None
    other_rate: float | None

    @property
    def points(self) -> float | None:
        """The difference of the rates, in percentage points."""
        if self.one_rate is None or self.other_rate is None:
            return None
        return 100 * (self.one_rate - self.other_rate)


def compared_bands(
    one: Mapping[Band | None, int], other: Mapping[Band | None, int]
) -> tuple[ComparedBand, ...]:
    """Good ones first; the last line, of those without a score, only if there are any."""
    totals = sum(one.values()), sum(other.values())

    def rate(number: int, total: int) -> float | None:
        return number / total if total else None

    bands: list[Band | None] = [*reversed(Band)]
    if one.get(None) or other.get(None):
        bands.append(None)
    return tuple(
        ComparedBand(
            band,
            one.get(band, 0),
            other.get(band, 0),
            rate(one.get(band, 0), totals[0]),
            rate(other.get(band, 0), totals[1]),
        )
        for band in bands
    )


@dataclass(frozen=True, slots=True)
class ComparedMoney:
    """The lines of one currency; None where a side has no budget in it."""

    currency: str
    one: Money | None
    other: Money | None


def compared_money(one: Sequence[Money], other: Sequence[Money]) -> tuple[ComparedMoney, ...]:
    """Currency by currency, in the order of the first side."""
    ones = {line.currency: line for line in one}
    others = {line.currency: line for line in other}
    return tuple(
        ComparedMoney(currency, ones.get(currency), others.get(currency))
        for currency in dict.fromkeys([*ones, *others])
    )


# Projects


@dataclass(frozen=True, slots=True)
class ProjectMove:
    """A project's overall score now and then; without a band nothing is stored there."""

    code: str
    name: str
    score: float | None
    band: Band | None
    before: float | None = None
    band_before: Band | None = None

    @property
    def change(self) -> float | None:
        if self.score is None or self.before is None:
            return None
        return self.score - self.before


@dataclass(frozen=True, slots=True)
class BandMoves:
    """How many projects went from a band to another one."""

    before: Band
    counts: tuple[tuple[Band, int], ...]
    """By the band of now, good ones first, zeros among them."""


@dataclass(frozen=True, slots=True)
class ProjectMoves:
    """What became of the projects of a portfolio between two months."""

    rises: tuple[ProjectMove, ...]
    falls: tuple[ProjectMove, ...]
    risen: int
    fallen: int
    level: int
    came: tuple[ProjectMove, ...]
    """Measured now, and not then."""
    went: tuple[ProjectMove, ...]
    newcomers: int
    gone: int
    bands: tuple[BandMoves, ...]

    @property
    def lost_or_won(self) -> int:
        """Scores that are there in one of the months only, of projects measured in both."""
        both = sum(number for row in self.bands for _, number in row.counts)
        return both - self.risen - self.fallen - self.level


def project_moves(projects: QuerySet, now: ViewMonth, then: ViewMonth) -> ProjectMoves:
    """In one query, whichever month is the later one."""
    rows = moved_projects(projects, now, then)
    both = [row for row in rows if row.band is not None and row.band_before is not None]
    scored = [(row.change, row) for row in both if row.change is not None]
    rises = sorted((-change, row.code, row) for change, row in scored if change >= LEAST_MOVE)
    falls = sorted((change, row.code, row) for change, row in scored if change <= -LEAST_MOVE)
    came = _lowest_first(row for row in rows if row.band_before is None)
    went = _lowest_first(row for row in rows if row.band is None)
    return ProjectMoves(
        rises=tuple(row for _, _, row in rises[:SHOWN]),
        falls=tuple(row for _, _, row in falls[:SHOWN]),
        risen=len(rises),
        fallen=len(falls),
        level=len(scored) - len(rises) - len(falls),
        came=tuple(came[:SHOWN]),
        went=tuple(went[:SHOWN]),
        newcomers=len(came),
        gone=len(went),
        bands=_band_moves(both),
    )


def moved_projects(projects: QuerySet, now: ViewMonth, then: ViewMonth) -> list[ProjectMove]:
    """Those that have scores in one of the months."""
    rows = with_scores(projects, now.month, then.month).values_list(
        "code",
        "name",
        "now__overall_score",
        "now__overall_band",
        "before__overall_score",
        "before__overall_band",
    )
    return [
        ProjectMove(code, name, score, _band(band), before, _band(band_before))
        for code, name, score, band, before, band_before in rows.order_by("code")
        if band is not None or band_before is not None
    ]


def _band(stored: int | None) -> Band | None:
    return None if stored is None else Band(stored)


def _lowest_first(rows: Iterable[ProjectMove]) -> list[ProjectMove]:
    """By the score of the month in which there is one."""

    def place(row: ProjectMove) -> tuple[float, str]:
        known = row.before if row.score is None else row.score
        return (101.0 if known is None else known, row.code)

    return sorted(rows, key=place)


def _band_moves(rows: Iterable[ProjectMove]) -> tuple[BandMoves, ...]:
    counts = Counter((row.band_before, row.band) for row in rows)
    good_first = list(reversed(Band))
    return tuple(
        BandMoves(before, tuple((now, counts[before, now]) for now in good_first))
        for before in good_first
        if any(counts[before, now] for now in good_first)
    )


@dataclass(frozen=True, slots=True)
class Extremes:
    """The lowest and highest overall scores among some projects; no project is in both."""

    lowest: tuple[ProjectMove, ...]
    highest: tuple[ProjectMove, ...]
    scored: int


def scored_projects(projects: QuerySet, month: ViewMonth) -> list[ProjectMove]:
    """Those that have an overall score, the lowest first."""
    rows = (
        with_scores(projects, month.month, None)
        .filter(now__overall_score__isnull=False)
        .order_by("now__overall_score", "code")
        .values_list("code", "name", "now__overall_score", "now__overall_band")
    )
    return [ProjectMove(code, name, score, Band(band)) for code, name, score, band in rows]


def extremes(projects: QuerySet, month: ViewMonth) -> Extremes:
    """In one query."""
    scored = scored_projects(projects, month)
    lowest = scored[: min(SHOWN, (len(scored) + 1) // 2)]
    highest = scored[len(lowest) :][-SHOWN:]
    return Extremes(tuple(lowest), tuple(reversed(highest)), len(scored))


def projects_in(keys: Collection[int]) -> QuerySet:
    projects: QuerySet = Project.objects.filter(portfolio__in=keys)
    return projects


def projects_serving_them(segment: int) -> QuerySet:
    """A share of 0 serves nobody."""
    links = Engagement.objects.filter(segment=segment, share__gt=0)
    projects: QuerySet = Project.objects.filter(pk__in=links.values("project"))
    return projects


def bands_of(projects: QuerySet, month: ViewMonth) -> dict[Band | None, int]:
    """Measured projects by overall band; None counts those without any score."""
    measured = Project.objects.active_in(month.month).values("pk")
    rows = (
        with_scores(projects.filter(pk__in=measured), month.month, None)
        .order_by()
        .values_list("now__overall_band")
        .annotate(projects=Count("pk"))
    )
    return {_band(band): number for band, number in rows}


# Portfolios below


@dataclass(frozen=True, slots=True)
class ComparedPart:
    """A portfolio right below, and itself on the other side where that is the same one."""

    scores: SubjectScores
    other: SubjectScores | None = None

    @property
    def difference(self) -> float | None:
        if self.other is None:
            return None
        return Compared(self.scores.overall, self.other.overall).difference


def parts_of(
    tree: PortfolioTree, node: PortfolioNode, other: PortfolioTree | None = None
) -> list[ComparedPart]:
    """Those right below a portfolio; with another tree, beside themselves in it."""
    there = {row.scores.pk: row for row in other.nodes} if other else {}
    below = [row for row in tree.below(node) if row.depth == node.depth + 1]
    return [
        ComparedPart(row.scores, there[row.scores.pk].scores if row.scores.pk in there else None)
        for row in below
        if not row.is_idle or (row.scores.pk in there and not there[row.scores.pk].is_idle)
    ]
