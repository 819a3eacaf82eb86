"""What a change would do to the scores, told before it is saved.

The operation itself runs, in a transaction that is taken back; the rows it marks for rescoring tell
whom it concerns. Both sides, with the change and without it, are scored by the same engine from
what is stored in that one transaction, and not read from the stored scores: these may be behind,
and the difference would then tell of other people's changes too. Only children that neither this
change nor a waiting one reaches are told by their stored scores, the same on both sides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from django.db import OperationalError, connection, transaction
from django.db.models import Max, Min
from django.utils import timezone
from django.utils.translation import gettext
from numpy.typing import NDArray

from metrics.bulk import Columns, is_postgresql
from metrics.choices import Band, Category
from metrics.closed_months import ClosedMonths
from metrics.horizon import scheduled_months
from metrics.ledger import Ledger, read_board, read_ledger, read_measurements, score_columns
from metrics.models import RescoreNeed, Score
from metrics.models.scores import Measure
from metrics.scoring.columns import Integers, Measurements
from metrics.scoring.engine import score
from metrics.scoring.roll_up import Board
from metrics.scoring.series import MONTH_SPACE
from projects.choices import SubjectKind
from projects.models import Subject
from projects.months import FIRST_MONTH, LAST_MONTH, Month

OVERALL: Final = "overall"
MEASURES = (OVERALL, *Category.values)

COUNTED_IN = (SubjectKind.PORTFOLIO, SubjectKind.SEGMENT, SubjectKind.ORGANISATION)

MOST_LINES = 400_000
"""How many scorecard lines (one of each subject and month) are scored on each side at most: the
latest open months that they fill. It takes about a second; a month or two more would not."""

LEAST_MONTHS = 2
"""Looked at however large they are: the running month and the one before it."""

MONTHS_IN_DETAIL = 12
"""Of so many months, the latest, the rows are told one by one; the others are counted."""

SAME = 1e-9
"""Scores that differ by less are the same; sums in another order differ in their last digits."""

ATTEMPTS = 3
SERIALIZATION_FAILURE = "40001"


@dataclass(frozen=True, slots=True)
class AffectedSubject:
    pk: int
    code: str
    name: str
    kind: SubjectKind


@dataclass(frozen=True, slots=True)
class Shift:
    """The overall score or a category's, without the change and with it; None = not measured."""

    measure: str
    before: Measure | None
    after: Measure | None

    @property
    def label(self) -> str:
        if self.measure == OVERALL:
            return gettext("Overall")
        return str(Category(self.measure).label)

    @property
    def change(self) -> float | None:
        """In points; None where either side has no score."""
        if not self.before or not self.after:
            return None
        if self.before.score is None or self.after.score is None:
            return None
        return self.after.score - self.before.score

    @property
    def score_before(self) -> float | None:
        return self.before.score if self.before else None

    @property
    def score_after(self) -> float | None:
        return self.after.score if self.after else None

    @property
    def coverage_after(self) -> float | None:
        return self.after.coverage if self.after else None

    @property
    def band_before(self) -> Band | None:
        return self.before.band if self.before else None

    @property
    def band_after(self) -> Band | None:
        return self.after.band if self.after else None

    @property
    def changes_band(self) -> bool:
        return self.band_before != self.band_after

    @property
    def moves(self) -> bool:
        """Whether its score is another one; a limit alone changes only the band."""
        change = self.change
        return self.before is None or self.after is None or change is None or abs(change) > SAME

    @property
    def is_other(self) -> bool:
        return self.changes_band or not _is_same(self.before, self.after)


def _is_same(before: Measure | None, after: Measure | None) -> bool:
    if before is None or after is None:
        return before is after
    if (before.score is None) != (after.score is None):
        return False
    return abs((before.score or 0.0) - (after.score or 0.0)) <= SAME and (
        abs(before.coverage - after.coverage) <= SAME
    )


@dataclass(frozen=True, slots=True)
class ScoreEffect:
    """One subject's scores of one month that come out otherwise."""

    subject: AffectedSubject
    month: Month
    overall: Shift
    categories: tuple[Shift, ...]
    """All four, in their order."""

    @property
    def moved_categories(self) -> tuple[Shift, ...]:
        return tuple(shift for shift in self.categories if shift.is_other)

    @property
    def size(self) -> float:
        """Points of the overall score; without one, those of the category that moves most."""
        if (change := self.overall.change) is not None and abs(change) > SAME:
            return abs(change)
        moved = (abs(shift.change) for shift in self.categories if shift.change is not None)
        return max(moved, default=0.0)

    @property
    def order(self) -> tuple[bool, bool, float, int, str]:
        """Changes of the overall band first, then of a category's, then by size."""
        return (
            not self.overall.changes_band,
            not any(shift.changes_band for shift in self.categories),
            -self.size,
            -self.month,
            self.subject.code,
        )


@dataclass(frozen=True, slots=True)
class KindCount:
    """Of one kind of subject in one month: how many come out otherwise, and in which band."""

    kind: SubjectKind
    measured: int
    """How many of the kind have scores in the month, with the change or without it."""
    moved: int
    bands: Mapping[Band | None, int]
    """How many change the band of their overall score, by the band that they come to."""

    @property
    def rebanded(self) -> int:
        return sum(self.bands.values())

    @property
    def ordered_bands(self) -> tuple[tuple[Band | None, int], ...]:
        """The worst news first; what is no longer measured last."""
        wanted = (Band.RED, Band.INSUFFICIENT, Band.AMBER, Band.GREEN, None)
        return tuple((band, self.bands[band]) for band in wanted if band in self.bands)


@dataclass(frozen=True, slots=True)
class MonthEffect:
    """One open month: how many come out otherwise there."""

    month: Month
    is_running: bool
    kinds: tuple[KindCount, ...]

    @property
    def moved(self) -> int:
        return sum(count.moved for count in self.kinds)

    @property
    def rebanded(self) -> int:
        return sum(count.rebanded for count in self.kinds)


@dataclass(frozen=True, slots=True)
class ChangeEffects:
    """What a change does to the scores of open months, the months latest first."""

    rows: tuple[ScoreEffect, ...]
    """Of the latest months only (`MONTHS_IN_DETAIL`), the most important first."""
    months: tuple[MonthEffect, ...]
    """Every month that was looked at and in which anything comes out otherwise."""
    looked_at: tuple[Month, ...]
    """The open months that were computed."""
    left_out: tuple[Month, ...]
    """Open months that the change concerns too and that were not computed, being too many."""
    closed: tuple[Month, ...]
    """Closed months that it would concern: they stay as they were reported."""
    concerned: int
    """How many subjects fall due, with all above them."""

    @property
    def is_empty(self) -> bool:
        return not self.months

    @property
    def main_month(self) -> MonthEffect | None:
        """The month that is told first: the latest that is over and in which anything moves."""
        over = [month for month in self.months if not month.is_running]
        return next(iter(over or self.months), None)

    @property
    def main_rows(self) -> tuple[ScoreEffect, ...]:
        """Of the main month, the most important first."""
        main = self.main_month
        return tuple(row for row in self.rows if main and row.month == main.month)

    @property
    def other_months(self) -> tuple[MonthEffect, ...]:
        return tuple(month for month in self.months if month != self.main_month)

    @property
    def rows_above(self) -> tuple[ScoreEffect, ...]:
        """Of what subjects count in, in the latest month in which any differs, the nearest first.

        Their coverage tells how much less is known there.
        """
        above = [row for row in self.rows if row.subject.kind in COUNTED_IN]
        latest = max((row.month for row in above), default=None)
        rows = [row for row in above if row.month == latest]
        rows.sort(key=lambda row: (COUNTED_IN.index(row.subject.kind), row.subject.name))
        return tuple(rows)

    @property
    def earliest_left_out(self) -> Month | None:
        return min(self.left_out, default=None)

    @property
    def latest_closed(self) -> Month | None:
        return max(self.closed, default=None)


def effects_of_change(
    change: Callable[[], object],
    *,
    months_in_detail: int = MONTHS_IN_DETAIL,
    most_lines: int = MOST_LINES,
) -> ChangeEffects:
    """Try a change and tell what it does to the scores; nothing of it stays.

    What the change refuses (ValidationError) comes through as it is. The change makes its own
    rows: one that was saved in the trial has a key that the database has forgotten.
    """
    for attempt in range(ATTEMPTS):
        try:
            trial = _try_out(change, most_lines)
        except OperationalError as error:
            if attempt + 1 == ATTEMPTS or not _was_overtaken(error):
                raise
        else:
            return _compared(trial, months_in_detail)
    raise AssertionError("the last attempt returns or raises")


def _was_overtaken(error: OperationalError) -> bool:
    return getattr(error.__cause__, "pgcode", None) == SERIALIZATION_FAILURE


@dataclass(frozen=True, slots=True)
class _Lot:
    """Months that are scored together, and all that this needs."""

    months: Integers
    subjects: Integers | None  # None = everybody
    measurements: Mapping[int, Measurements]
    board: Board | None


@dataclass(frozen=True, slots=True)
class _Side:
    """What is stored, with the change or without it."""

    ledger: Ledger
    names: Mapping[int, AffectedSubject]
    lots: tuple[_Lot, ...]


@dataclass(frozen=True, slots=True)
class _Trial:
    before: _Side
    after: _Side
    scope: _Scope
    running: Month


@dataclass(frozen=True, slots=True)
class _Scope:
    """Whom and which months the change concerns."""

    subjects: frozenset[int]
    partly: frozenset[Month]
    """Months in which those are scored, above children's stored scores."""
    wholly: frozenset[Month]
    """Months that have no scores yet, or won't have any: everybody is scored."""
    left_out: tuple[Month, ...]
    closed: tuple[Month, ...]

    @property
    def months(self) -> list[Month]:
        return sorted(self.partly | self.wholly, reverse=True)


def _try_out(change: Callable[[], object], most: int) -> _Trial:
    """Run the change, read what scoring needs of both sides, and take it back.

    Scoring itself comes after the transaction, so that nobody waits for it. On SQLite a transaction
    has the database for itself from its start (IMMEDIATE), and other writers wait until both sides
    are read; on PostgreSQL the rows that the change locks are free again before the side without it
    is read. Both sides are seen at one moment there too (REPEATABLE READ).
    """
    running = Month.of(timezone.localdate())
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost and is_postgresql():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        ledger = read_ledger()
        scheduled = scheduled_months(ledger, running)
        waiting = dict(_needs_after(0))
        latest = RescoreNeed.objects.aggregate(pk=Max("pk"))["pk"] or 0
        with transaction.atomic():
            change()
            caused = dict(_needs_after(latest))
            changed = read_ledger()
            rescheduled = scheduled_months(changed, running)
            scope = _scope((ledger, scheduled), (changed, rescheduled), caused, waiting, most)
            after = _read_side(changed, scope, rescheduled)
            # What waits for the commit, the call for a worker among it, is dropped as well.
            transaction.set_rollback(True)
        before = _read_side(ledger, scope, scheduled)
    return _Trial(before, after, scope, running)


def _needs_after(pk: int) -> Iterator[tuple[int, Month]]:
    """Whom changes concern, the earliest month last so that it wins."""
    needs = RescoreNeed.objects.filter(pk__gt=pk).order_by("-first_month")
    for subject_id, month in needs.values_list("subject_id", "first_month"):
        yield subject_id, Month(month)


def _scope(
    before: tuple[Ledger, Sequence[Month]],
    after: tuple[Ledger, Sequence[Month]],
    caused: Mapping[int, Month],
    waiting: Mapping[int, Month],
    most: int,
) -> _Scope:
    (ledger, scheduled), (changed, rescheduled) = before, after
    gone = np.setxor1d(ledger.subject_ids, changed.subject_ids, assume_unique=True).tolist()
    first = FIRST_MONTH if gone else min(caused.values(), default=LAST_MONTH)
    resized = {*scheduled} ^ {*rescheduled}
    concerned = [
        month for month in sorted({*scheduled, *rescheduled}) if month >= first or month in resized
    ]
    closed = ClosedMonths.read()
    stored = Score.objects.aggregate(first=Min("month"), last=Max("month"))
    subjects = {
        int(each.subject_ids[number])
        for each in (ledger, changed)
        for number in each.with_ancestors(each.subject_numbers({*caused, *waiting, *gone}))
    }
    costs = _lines_of(changed, subjects), _lines_of(changed, None)
    partly: set[Month] = set()
    wholly: set[Month] = set()
    left_out: list[Month] = []
    cost = 0
    for month in reversed(closed.open_among(concerned)):
        is_new = stored["first"] is None or not stored["first"] <= month <= stored["last"]
        is_whole = is_new or month in resized
        cost += costs[is_whole]
        if cost > most and len(partly) + len(wholly) >= LEAST_MONTHS:
            left_out.append(month)
        elif is_whole:
            wholly.add(month)
        else:
            partly.add(month)
    return _Scope(
        frozenset(subjects),
        frozenset(partly),
        frozenset(wholly),
        tuple(left_out),
        tuple(month for month in concerned if month in closed),
    )


def _lines_of(ledger: Ledger, subjects: Iterable[int] | None) -> int:
    """The scorecard lines of these subjects (of all, if None) in a month, and one more for each."""
    definitions = ledger.definitions
    lines = np.array([len(card.lines) for card in definitions.cards] + [0])[definitions.card_of] + 1
    return int((lines if subjects is None else lines[ledger.subject_numbers(subjects)]).sum())


def _read_side(ledger: Ledger, scope: _Scope, scheduled: Sequence[Month]) -> _Side:
    lots = []
    if partly := sorted(scope.partly.intersection(scheduled)):
        subjects = ledger.subject_numbers(scope.subjects)
        months = np.array(partly, dtype=np.int64)
        children = np.setdiff1d(ledger.children_of(subjects), subjects)
        lots.append(
            _Lot(
                months,
                subjects,
                read_measurements(ledger, partly[0], partly[-1], subjects),
                read_board(ledger, months, children),
            )
        )
    if wholly := sorted(scope.wholly.intersection(scheduled)):
        lots.append(
            _Lot(
                np.array(wholly, dtype=np.int64),
                None,
                read_measurements(ledger, wholly[0], wholly[-1]),
                None,
            )
        )
    return _Side(ledger, _names() if lots else {}, tuple(lots))


def _names() -> dict[int, AffectedSubject]:
    rows = Subject.objects.order_by().values_list("pk", "code", "name", "kind")
    return {pk: AffectedSubject(pk, code, name, SubjectKind(kind)) for pk, code, name, kind in rows}


def _compared(trial: _Trial, months_in_detail: int) -> ChangeEffects:
    table = _Table.of(_scored(trial.before), _scored(trial.after))
    names = {**trial.before.names, **trial.after.names}
    looked_at = trial.scope.months
    measured = _measured(trial)
    effects = [
        MonthEffect(month, month == trial.running, counts)
        for month in looked_at
        if (counts := table.counts(month, names, measured[month]))
    ]
    rows = table.rows([effect.month for effect in effects[:months_in_detail]], names)
    return ChangeEffects(
        rows=tuple(sorted(rows, key=lambda row: row.order)),
        months=tuple(effects),
        looked_at=tuple(looked_at),
        left_out=trial.scope.left_out,
        closed=trial.scope.closed,
        concerned=len(trial.scope.subjects),
    )


def _scored(side: _Side) -> Columns:
    """The rows that would be stored."""
    parts = [
        score_columns(
            side.ledger,
            score(
                side.ledger.definitions,
                lot.measurements,
                lot.months,
                subjects=lot.subjects,
                board=lot.board,
            ),
        )
        for lot in side.lots
    ]
    if not parts:
        return {}
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _measured(trial: _Trial) -> dict[Month, Counter[SubjectKind]]:
    """How many of each kind are measured in each month, on either side."""
    found: dict[Month, Counter[SubjectKind]] = {}
    for month in trial.scope.months:
        subjects: set[int] = set()
        for side in (trial.before, trial.after):
            definitions = side.ledger.definitions
            active = definitions.active(np.array([month]))[:, 0] & (definitions.card_of >= 0)
            subjects.update(side.ledger.subject_ids[active].tolist())
        names = {**trial.before.names, **trial.after.names}
        found[month] = Counter(names[pk].kind for pk in subjects)
    return found


@dataclass(frozen=True, slots=True)
class _Table:
    """Both sides as columns with one row per subject and month that any side has."""

    subject: Integers
    month: Integers
    before: Columns
    after: Columns
    moved: NDArray[np.bool_]
    rebanded: NDArray[np.bool_]  # the overall band

    @classmethod
    def of(cls, before: Columns, after: Columns) -> _Table:
        keys = [
            side["subject_id"] * MONTH_SPACE + side["month"] if side else np.empty(0, np.int64)
            for side in (before, after)
        ]
        every = np.union1d(*keys)
        old, new = _aligned(before, keys[0], every), _aligned(after, keys[1], every)
        moved = np.zeros(len(every), bool)
        for measure in MEASURES:
            moved |= _differs(old[f"{measure}_band"], new[f"{measure}_band"], 0.0)
            for part in ("score", "coverage"):
                name = f"{measure}_{part}"
                moved |= _differs(old[name], new[name], SAME)
        rebanded = _differs(old["overall_band"], new["overall_band"], 0.0)
        return cls(every // MONTH_SPACE, every % MONTH_SPACE, old, new, moved, rebanded)

    def rows(
        self, months: Iterable[Month], names: Mapping[int, AffectedSubject]
    ) -> Iterator[ScoreEffect]:
        for row in np.flatnonzero(self.moved & np.isin(self.month, list(months))).tolist():
            overall, *categories = (
                Shift(
                    measure, _measure(self.before, measure, row), _measure(self.after, measure, row)
                )
                for measure in MEASURES
            )
            yield ScoreEffect(
                names[int(self.subject[row])],
                Month(self.month[row]),
                overall,
                tuple(categories),
            )

    def counts(
        self,
        month: Month,
        names: Mapping[int, AffectedSubject],
        measured: Mapping[SubjectKind, int],
    ) -> tuple[KindCount, ...]:
        """Of the kinds in which anything comes out otherwise, in the order of the kinds."""
        moved: Counter[SubjectKind] = Counter()
        bands: dict[SubjectKind, Counter[Band | None]] = {}
        for row in np.flatnonzero(self.moved & (self.month == month)).tolist():
            kind = names[int(self.subject[row])].kind
            moved[kind] += 1
            if self.rebanded[row]:
                band = self.after["overall_band"][row]
                after = None if np.isnan(band) else Band(int(band))
                bands.setdefault(kind, Counter())[after] += 1
        return tuple(
            KindCount(
                kind, max(measured.get(kind, 0), moved[kind]), moved[kind], bands.get(kind, {})
            )
            for kind in SubjectKind
            if moved[kind]
        )


def _aligned(side: Columns, key: Integers, every: Integers) -> Columns:
    place = np.searchsorted(every, key)
    aligned: Columns = {}
    for measure in MEASURES:
        for part in ("score", "coverage", "band"):
            name = f"{measure}_{part}"
            column = np.full(len(every), np.nan)
            if side:
                column[place] = side[name]
            if part == "band":
                column[column < 0] = np.nan
            aligned[name] = column
    return aligned


def _differs(
    before: NDArray[np.float64], after: NDArray[np.float64], by_more_than: float
) -> NDArray[np.bool_]:
    """Unknown and unknown is the same; unknown and a number is not."""
    unknown = np.isnan(before), np.isnan(after)
    with np.errstate(invalid="ignore"):
        moved: NDArray[np.bool_] = np.abs(after - before) > by_more_than
    differs: NDArray[np.bool_] = (unknown[0] != unknown[1]) | moved
    return differs


def _measure(side: Columns, measure: str, row: int) -> Measure | None:
    band = side[f"{measure}_band"][row]
    if np.isnan(band):
        return None
    value = float(side[f"{measure}_score"][row])
    return Measure(
        None if np.isnan(value) else value,
        float(side[f"{measure}_coverage"][row]),
        Band(int(band)),
    )
