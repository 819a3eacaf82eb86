"""The only bridge between database and engine: rows to columns, columns to rows."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np
from django.db import connection, models
from numpy.typing import NDArray

from metrics.bulk import Columns, among, differs, float_or_null, is_postgresql, read_columns, stage
from metrics.choices import Category
from metrics.models import (
    SCORE_COLUMNS,
    CurveOverride,
    Exemption,
    Measurement,
    MetricDefinition,
    ReportedScore,
    Score,
    Scorecard,
    ScorecardLine,
)
from metrics.models.scorecards import GROUPS, WEIGHT_FIELDS
from metrics.scoring.columns import (
    ALWAYS,
    CATEGORIES,
    NEVER,
    Card,
    Curve,
    CurveChange,
    Definitions,
    Exempt,
    Integers,
    Line,
    Links,
    Measurements,
    Metric,
    Span,
)
from metrics.scoring.computed import first_months_needed
from metrics.scoring.engine import Scored
from metrics.scoring.formulas import parse_formula
from metrics.scoring.roll_up import Board
from projects.choices import SubjectKind
from projects.models import Offer
from projects.models import Subject as SubjectRow
from projects.visibility import seeing_everything

_MEASUREMENTS = Measurement._meta.db_table
_SCORES = Score._meta.db_table
_REPORTED = ReportedScore._meta.db_table
_STAGED_SCORES = "staged_scores"


@dataclass(frozen=True, slots=True)
class Ledger:
    """The definitions as the engine sees them, and which database row each number stands for."""

    subject_ids: Integers  # sorted; a subject's number is its place here
    metric_ids: Integers  # sorted; a metric's number is its place here
    definitions: Definitions
    metric_rows: Mapping[int, MetricDefinition]
    fiscal_year_starts_in: int

    def subject_numbers(self, ids: Iterable[int]) -> Integers:
        """The numbers of these subjects, sorted; a subject that is gone is left out."""
        wanted = np.unique(np.fromiter(ids, np.int64))
        return np.flatnonzero(np.isin(self.subject_ids, wanted, assume_unique=True))

    def with_ancestors(self, subjects: Integers) -> Integers:
        """These subjects and everything that their scores flow into."""
        reached = np.zeros(len(self.subject_ids), bool)
        reached[subjects] = True
        grew = True
        while grew:
            before = int(reached.sum())
            for links in self.definitions.links.values():
                reached[links.parent[reached[links.child]]] = True
            grew = int(reached.sum()) > before
        return np.flatnonzero(reached)

    def children_of(self, subjects: Integers) -> Integers:
        """The members of these subjects' groups."""
        wanted = np.zeros(len(self.subject_ids), bool)
        wanted[subjects] = True
        links = self.definitions.links.values()
        return np.unique(np.concatenate([group.of_parents(wanted).child for group in links]))


class SubjectFacts(NamedTuple):
    """What scoring needs of a subject, whichever kind; what another kind has is None."""

    pk: int
    kind: str
    active_from: int | None
    active_until: int | None
    fiscal_year_starts_in: int | None
    parent: int | None
    portfolio: Any
    project_weight: Any
    segment_weight: Any
    segment_of_customer: Any
    customer_weight: Any
    project_of_engagement: Any
    segment_of_engagement: Any
    share: Any
    scorecard: int | None


# One query for all kinds: a page that explains a score has others to ask as well.
_SUBJECT_COLUMNS = (
    "pk",
    "kind",
    "active_from",
    "active_until",
    "as_organisation__fiscal_year_starts_in",
    "as_portfolio__parent_id",
    "as_project__portfolio_id",
    "as_project__weight",
    "as_segment__weight",
    "as_customer__segment_id",
    "as_customer__weight",
    "as_engagement__project_id",
    "as_engagement__segment_id",
    "as_engagement__share",
    "scorecard_assignment__scorecard_id",
)


@dataclass(frozen=True, slots=True)
class Stated:
    """All definitions and links as rows, as they stand at one moment; each list in its keys' order.

    An override is (metric, subject, from month, curve), an exemption (metric, subject, first and
    last month), a line (scorecard, metric, weight), an offer (service, segment, weight).
    """

    subjects: Sequence[SubjectFacts]
    metrics: Sequence[MetricDefinition]
    overrides: Sequence[tuple[int, int, int, Any]]
    exemptions: Sequence[tuple[int, int, int, int | None]]
    cards: Sequence[Scorecard]
    lines: Sequence[tuple[int, int, float]]
    offers: Sequence[tuple[int, int, float]]


@seeing_everything()
def read_ledger() -> Ledger:
    """All definitions and links, as they stand now."""
    rows = SubjectRow.objects.order_by("pk").values_list(*_SUBJECT_COLUMNS)
    links = _read_links()
    return ledger_of(
        Stated(
            subjects=[SubjectFacts(*row) for row in rows],
            metrics=list(MetricDefinition.objects.order_by("pk")),
            overrides=[
                (metric, subject, first, json.loads(curve))
                for metric, subject, first, _, _, curve in links[CurveOverride]
            ],
            exemptions=[row[:4] for row in links[Exemption]],
            cards=list(Scorecard.objects.order_by("pk")),
            lines=[
                (card, metric, weight) for card, metric, _, _, weight, _ in links[ScorecardLine]
            ],
            offers=[(one, other, weight) for one, other, _, _, weight, _ in links[Offer]],
        )
    )


_LINKS: dict[type[models.Model], tuple[str, str, str, str, str, str]] = {
    CurveOverride: ("metric_id", "subject_id", "from_month", "", "", "CAST(curve AS text)"),
    Exemption: ("metric_id", "subject_id", "from_month", "until_month", "", ""),
    ScorecardLine: ("scorecard_id", "metric_id", "", "", "weight", ""),
    Offer: ("service_id", "segment_id", "", "", "weight", ""),
}
_NULLS = ("bigint", "bigint", "bigint", "bigint", "double precision", "text")


def _read_links() -> dict[type[models.Model], list[tuple[Any, ...]]]:
    """What links two rows, in one query: its two ends, first and last month, weight, curve."""
    parts = []
    for number, (model, columns) in enumerate(_LINKS.items()):
        selected = [
            column or f"CAST(NULL AS {kind})" for column, kind in zip(columns, _NULLS, strict=True)
        ]
        table = connection.ops.quote_name(model._meta.db_table)
        parts.append(f"SELECT {number}, id, {', '.join(selected)} FROM {table}")
    found: dict[type[models.Model], list[tuple[Any, ...]]] = {model: [] for model in _LINKS}
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        for number, _, *row in sorted(cursor.fetchall(), key=lambda row: row[:2]):
            found[tuple(_LINKS)[number]].append(tuple(row))
    return found


def ledger_of(stated: Stated) -> Ledger:
    """The definitions as columns."""
    subjects, metric_rows = stated.subjects, stated.metrics
    subject_ids = np.array([subject.pk for subject in subjects], dtype=np.int64)
    kinds = np.array([subject.kind for subject in subjects], dtype=np.str_)
    numbers = {pk: number for number, pk in enumerate(subject_ids.tolist())}
    active_from, active_until = _spans(subjects, numbers)
    metric_ids = np.array([row.pk for row in metric_rows], dtype=np.int64)
    cards, card_of = _cards(stated, kinds, metric_ids)
    definitions = Definitions(
        metrics=_metrics(stated, numbers),
        cards=cards,
        card_of=card_of,
        active_from=active_from,
        active_until=active_until,
        kind=kinds,
        links=_links(stated, numbers),
    )
    starts_in = (subject.fiscal_year_starts_in for subject in subjects)
    return Ledger(
        subject_ids,
        metric_ids,
        definitions,
        {row.pk: row for row in metric_rows},
        next((month for month in starts_in if month is not None), 1),
    )


def _spans(
    subjects: Sequence[SubjectFacts], numbers: Mapping[int, int]
) -> tuple[Integers, Integers]:
    """First and last month of each: an engagement has its project's, all are within the whole's."""
    active_from = np.array([_first(subject.active_from) for subject in subjects], dtype=np.int64)
    active_until = np.array([_last(subject.active_until) for subject in subjects], dtype=np.int64)
    for number, subject in enumerate(subjects):
        if subject.project_of_engagement is not None:
            project = numbers[subject.project_of_engagement]
            active_from[number] = active_from[project]
            active_until[number] = active_until[project]
    for number, subject in enumerate(subjects):
        if subject.kind == SubjectKind.ORGANISATION:
            active_from = np.maximum(active_from, active_from[number])
            active_until = np.minimum(active_until, active_until[number])
    return active_from, active_until


def _first(month: int | None) -> int:
    return ALWAYS if month is None else int(month)


def _last(month: int | None) -> int:
    return NEVER if month is None else int(month)


def _metrics(stated: Stated, numbers: Mapping[int, int]) -> tuple[Metric, ...]:
    overrides: dict[int, list[CurveChange]] = defaultdict(list)
    for metric_id, subject_id, month, curve in stated.overrides:
        overrides[metric_id].append(CurveChange(numbers[subject_id], int(month), Curve.of(curve)))
    exempt: dict[int, list[Exempt]] = defaultdict(list)
    for metric_id, subject_id, first, last in stated.exemptions:
        exempt[metric_id].append(Exempt(numbers[subject_id], Span(int(first), _last(last))))
    return tuple(
        Metric(
            code=row.code,
            category=CATEGORIES.index(row.category),
            cadence=row.cadence,
            fold=row.time_aggregation,
            grace=row.grace_months,
            curve=None if row.curve is None else Curve.of(row.curve),
            formula=parse_formula(row.formula) if row.formula else None,
            span=Span(_first(row.active_from), _last(row.active_until)),
            overrides=tuple(overrides[row.pk]),
            exempt=tuple(exempt[row.pk]),
        )
        for row in stated.metrics
    )


def _cards(
    stated: Stated, kinds: NDArray[np.str_], metric_ids: Integers
) -> tuple[tuple[Card, ...], Integers]:
    lines: dict[int, list[Line]] = defaultdict(list)
    for card_id, metric_id, weight in stated.lines:
        lines[card_id].append(Line(int(np.searchsorted(metric_ids, metric_id)), weight))
    rows = stated.cards
    cards = tuple(card_of_row(row, lines[row.pk]) for row in rows)
    card_of = np.full(len(kinds), -1, dtype=np.int64)
    for number, row in enumerate(rows):
        if row.is_default:
            card_of[kinds == row.subject_kind] = number
    places = {row.pk: number for number, row in enumerate(rows)}
    for number, subject in enumerate(stated.subjects):
        if subject.scorecard is not None:
            card_of[number] = places[subject.scorecard]
    return cards, card_of


def card_of_row(row: Scorecard, lines: Sequence[Line] = ()) -> Card:
    """A scorecard as the engine sees it."""
    tactical, value_creation, longevity, financial = (
        getattr(row, field) for field in WEIGHT_FIELDS
    )
    return Card(
        category_weights=(tactical, value_creation, longevity, financial),
        overall=row.overall,
        min_coverage=row.min_coverage,
        min_categories=row.min_categories,
        amber_from=row.amber_from,
        green_from=row.green_from,
        shares={group: getattr(row, f"share_{group}") for group in GROUPS},
        lines=tuple(lines),
    )


class _LinkRows:
    """Collects the rows of one group."""

    def __init__(self, numbers: Mapping[int, int]) -> None:
        self._numbers = numbers
        self._rows: list[tuple[int, int, float]] = []

    def add(self, parent: int, child: int, weight: float) -> None:
        self._rows.append((self._numbers[parent], self._numbers[child], weight))

    def links(self) -> Links:
        parents, children, weights = zip(*self._rows, strict=True) if self._rows else ((), (), ())
        return Links.of(
            np.array(parents, dtype=np.int64),
            np.array(children, dtype=np.int64),
            np.array(weights, dtype=np.float64),
        )


def _links(stated: Stated, numbers: Mapping[int, int]) -> dict[str, Links]:
    """Who is a member of whose group, and with which weight (the table of SCORING section 4)."""
    subjects = stated.subjects
    of = {group: _LinkRows(numbers) for group in GROUPS if group != "own"}
    wholes = [subject.pk for subject in subjects if subject.kind == SubjectKind.ORGANISATION]
    weights = {subject.pk: subject.project_weight for subject in subjects}
    ancestors = _ancestors_of_portfolios(subjects)
    for subject in subjects:
        match subject.kind:
            case SubjectKind.ENGAGEMENT:
                project, segment = subject.project_of_engagement, subject.segment_of_engagement
                weight = weights[project] * subject.share
                of["engagements"].add(project, subject.pk, subject.share)
                of["engagements"].add(segment, subject.pk, weight)
                of["projects"].add(segment, project, weight)
            case SubjectKind.PROJECT:
                for parent in (*ancestors[subject.portfolio], *wholes):
                    of["projects"].add(parent, subject.pk, subject.project_weight)
            case SubjectKind.SEGMENT:
                for whole in wholes:
                    of["segments"].add(whole, subject.pk, subject.segment_weight)
            case SubjectKind.CUSTOMER:
                of["customers"].add(
                    subject.segment_of_customer, subject.pk, subject.customer_weight
                )
    for service, segment, weight in stated.offers:
        of["services"].add(segment, service, weight)
    return {group: rows.links() for group, rows in of.items()}


def _ancestors_of_portfolios(subjects: Sequence[SubjectFacts]) -> dict[int, list[int]]:
    """Per portfolio itself and all portfolios above it."""
    parents = {
        subject.pk: subject.parent for subject in subjects if subject.kind == SubjectKind.PORTFOLIO
    }
    ancestors: dict[int, list[int]] = {}
    for portfolio, parent in parents.items():
        line: list[int] = [portfolio]
        above: int | None = parent
        while above is not None:
            line.append(above)
            above = parents[above]
        ancestors[portfolio] = line
    return ancestors


def read_measurements(
    ledger: Ledger, first: int, last: int, subjects: Integers | None = None
) -> dict[int, Measurements]:
    """What scores of the months first to last can depend on; of some subjects or of all."""
    return by_metric(ledger, read_measurement_columns(ledger, first, last, subjects))


def read_measurement_columns(
    ledger: Ledger,
    first: int,
    last: int,
    subjects: Integers | None = None,
    given_by: datetime | None = None,
) -> Columns:
    """The same as columns with the rows' keys; with a moment, those given by then, as they are."""
    metrics = ledger.definitions.metrics
    by_first: dict[int, list[int]] = defaultdict(list)
    for number, needed in enumerate(first_months_needed(metrics, first)):
        by_first[needed].append(int(ledger.metric_ids[number]))
    if not by_first:
        return {}  # nobody defined a metric
    alternatives, parameters = [], []
    for needed, ids in by_first.items():
        condition, values = among("metric_id", ids)
        alternatives.append(f"(month >= %s AND {condition})")
        parameters += [needed, *values]
    where = f"month <= %s AND ({' OR '.join(alternatives)})"
    parameters = [last, *parameters]
    if subjects is not None:
        condition, values = among("subject_id", ledger.subject_ids[subjects])
        where += f" AND {condition}"
        parameters += values
    if given_by is not None:
        where += " AND created_at <= %s"
        parameters.append(connection.ops.adapt_datetimefield_value(given_by))
    order = (
        "period_start - DATE '0001-01-01'"
        if is_postgresql()
        else "CAST(julianday(period_start) AS INTEGER)"
    )
    return read_columns(
        {"metric": "i", "subject": "i", "month": "i", "period": "i", "value": "f"},
        f"SELECT metric_id, subject_id, month, {order}, value FROM {_MEASUREMENTS} WHERE {where}",
        parameters,
    )


def period_order(start: date) -> int:
    """The same number that the database makes of the first day of a period."""
    return start.toordinal() - 1 if is_postgresql() else start.toordinal() + 1_721_424


def by_metric(ledger: Ledger, columns: Columns) -> dict[int, Measurements]:
    """Measurements of each metric, by its number."""
    if not columns:
        return {}
    order = np.argsort(columns["metric"], kind="stable")
    metric = columns["metric"][order]
    subject = np.searchsorted(ledger.subject_ids, columns["subject"][order])
    month, period, value = (columns[name][order] for name in ("month", "period", "value"))
    if not len(metric):
        return {}
    starts = np.flatnonzero(np.r_[True, metric[1:] != metric[:-1]])
    ends = [*starts[1:], len(metric)]
    return {
        int(np.searchsorted(ledger.metric_ids, metric[start])): Measurements(
            subject[start:end], month[start:end], period[start:end], value[start:end]
        )
        for start, end in zip(starts, ends, strict=True)
    }


@dataclass(frozen=True, slots=True)
class BoardWish:
    """Whose stored category scores are wanted, by whose numbers; `closing` = as it reported."""

    ledger: Ledger
    months: Integers
    subjects: Integers
    closing: int | None = None
    """The key of a closing of the one month that is wanted."""


def read_board(ledger: Ledger, months: Integers, subjects: Integers) -> Board:
    """The stored category scores of some subjects, on a board for all of them."""
    return read_boards([BoardWish(ledger, months, subjects)])[0]


@seeing_everything()
def read_boards(wishes: Sequence[BoardWish]) -> list[Board]:
    """A board for each wish, in one query for all of them."""
    boards = [Board.empty(len(wish.ledger.subject_ids), len(wish.months)) for wish in wishes]
    parts, parameters = [], []
    for number, wish in enumerate(wishes):
        if len(wish.subjects):
            query, values = _stored_categories(number, wish)
            parts.append(query)
            parameters += values
    if not parts:
        return boards
    kinds = {"wish": "i", "subject": "i", "month": "i"} | dict.fromkeys(_CATEGORY_COLUMNS, "n")
    columns = read_columns(kinds, " UNION ALL ".join(parts), parameters)
    for number, (wish, board) in enumerate(zip(wishes, boards, strict=True)):
        mine = columns["wish"] == number
        _put_on(board, wish, {name: column[mine] for name, column in columns.items()})
    return boards


_CATEGORY_COLUMNS = tuple(
    f"{category}_{part}" for category in Category.values for part in ("score", "coverage")
)


def _stored_categories(number: int, wish: BoardWish) -> tuple[str, list[Any]]:
    wanted = ", ".join(_CATEGORY_COLUMNS)
    of_subjects, subjects = among("subject_id", wish.ledger.subject_ids[wish.subjects])
    if wish.closing is not None:
        return (
            f"SELECT {number}, subject_id, {int(wish.months[0])}, {wanted} FROM {_REPORTED}"
            f" WHERE closing_id = %s AND {of_subjects}",
            [wish.closing, *subjects],
        )
    of_months, months = among("month", wish.months)
    return (
        f"SELECT {number}, subject_id, month, {wanted} FROM {_SCORES}"
        f" WHERE {of_months} AND {of_subjects}",
        [*months, *subjects],
    )


def _put_on(board: Board, wish: BoardWish, columns: Columns) -> None:
    subject = np.searchsorted(wish.ledger.subject_ids, columns["subject"])
    month = np.searchsorted(wish.months, columns["month"])
    for number, category in enumerate(Category.values):
        coverage = columns[f"{category}_coverage"]
        board.present[number, subject, month] = ~np.isnan(coverage)
        board.coverage[number, subject, month] = np.nan_to_num(coverage)
        board.score[number, subject, month] = columns[f"{category}_score"]


_BANDS = frozenset(column for column in SCORE_COLUMNS if column.endswith("_band"))
_NO_BAND = -1


def score_columns(ledger: Ledger, scored: Scored) -> Columns:
    """The rows to store, as columns: subject and month, then the columns of the table."""
    place, at = np.nonzero(scored.stored)
    columns: Columns = {
        "subject_id": ledger.subject_ids[scored.subjects[place]],
        "month": scored.months[at],
    }
    for number, category in enumerate(Category.values):
        present = scored.categories.present[number, place, at]
        coverage = scored.categories.coverage[number, place, at]
        band = scored.bands[number, place, at]
        columns[f"{category}_score"] = scored.categories.score[number, place, at]
        columns[f"{category}_coverage"] = np.where(present, coverage, np.nan)
        columns[f"{category}_band"] = np.where(present, band, _NO_BAND)
    for name in ("score", "coverage", "band", "low", "high"):
        columns[f"overall_{name}"] = getattr(scored.overall, name)[place, at]
    columns["balance"] = scored.overall.balance[place, at]
    return columns


class Stored(NamedTuple):
    """What became of computed scores: rows of the table."""

    computed: int
    written: int
    removed: int


def store_scores(ledger: Ledger, scored: Scored, *, all_subjects: bool = False) -> Stored:
    """Make the table say just this of these subjects and months.

    Rows that already say it are not touched. Call it inside a transaction.
    """
    kinds = {"subject_id": "i", "month": "i"}
    kinds |= {column: "i" if column in _BANDS else "n" for column in SCORE_COLUMNS}
    columns = score_columns(ledger, scored)
    stage(_STAGED_SCORES, kinds, columns, key=("subject_id", "month"))
    selected = [
        f"NULLIF({column}, {_NO_BAND})" if column in _BANDS else float_or_null(column)
        for column in SCORE_COLUMNS
    ]
    named = ", ".join(SCORE_COLUMNS)
    updates = ", ".join(f"{column} = excluded.{column}" for column in SCORE_COLUMNS)
    changed = differs(
        [f"{_SCORES}.{column}" for column in SCORE_COLUMNS],
        [f"excluded.{column}" for column in SCORE_COLUMNS],
    )
    of_months, parameters = among("month", scored.months)
    condition = of_months
    if not all_subjects:
        of_subjects, values = among("subject_id", ledger.subject_ids[scored.subjects])
        condition, parameters = f"{condition} AND {of_subjects}", [*parameters, *values]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_SCORES} (subject_id, month, {named}) "
            f"SELECT subject_id, month, {', '.join(selected)} FROM {_STAGED_SCORES} WHERE true "
            f"ON CONFLICT (month, subject_id) DO UPDATE SET {updates} WHERE {changed}"
        )
        written = cursor.rowcount
        cursor.execute(
            f"DELETE FROM {_SCORES} WHERE {condition} AND NOT EXISTS (SELECT 1 FROM "
            f"{_STAGED_SCORES} AS staged WHERE staged.subject_id = {_SCORES}.subject_id "
            f"AND staged.month = {_SCORES}.month)",
            parameters,
        )
        return Stored(len(columns["month"]), written, cursor.rowcount)
