"""Finding out what a pack says: what stood when its month was closed, or what stands now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from dashboards.figures import ChartEvent, EventMark, event_marks
from dashboards.packs.content import (
    Bridge,
    BridgePart,
    Case,
    Decisions,
    EventFacts,
    Events,
    HeatMap,
    KindCount,
    LineFacts,
    Mark,
    MarkOnTrend,
    MoneyLine,
    Moves,
    PackContent,
    ScorecardFacts,
    SubjectLine,
    TrendMonth,
)
from dashboards.packs.own_values import Known, OwnValues, own_values, red_values
from dashboards.packs.since import card_before, costs_of, latest_scored_before, renewed_in
from dashboards.packs.standing import (
    Scope,
    Scores,
    Standing,
    is_measured_in,
    scope_of,
)
from dashboards.presentation.definition_words import definition_words
from dashboards.selectors.bridges import overall_change
from dashboards.selectors.explain import shown_decimals
from dashboards.selectors.money import Money, added_up
from dashboards.selectors.months import current_month
from dashboards.selectors.moves import LEAST_MOVE, MOVES_SHOWN
from dashboards.selectors.policies import category_weights
from dashboards.selectors.scores import Mark as StoredMark
from dashboards.selectors.scores import marks_of
from dashboards.selectors.summary import Case as CostingCase
from metrics.choices import Band, Category
from metrics.models import MonthClosing, Scorecard
from metrics.models.scorecards import GROUPS
from metrics.scoring.columns import CATEGORIES
from projects.choices import SubjectKind
from projects.models import Customer, Event, Organisation, Portfolio, Project, Segment, Subject
from projects.months import Month

PACK_KINDS = (SubjectKind.ORGANISATION, SubjectKind.PORTFOLIO, SubjectKind.SEGMENT)
"""Whom a pack can be about."""

TREND_MONTHS = 12
EVENTS_TOLD = 8
HEAT_ROWS = 12
CASES_TOLD = 10

HEAT_KINDS = {
    SubjectKind.ORGANISATION: (SubjectKind.SEGMENT, SubjectKind.PORTFOLIO),
    SubjectKind.PORTFOLIO: (SubjectKind.PORTFOLIO, SubjectKind.PROJECT),
    SubjectKind.SEGMENT: (SubjectKind.PROJECT, SubjectKind.SERVICE, SubjectKind.CUSTOMER),
}
MOVING_KINDS = (SubjectKind.PORTFOLIO, SubjectKind.SEGMENT, SubjectKind.PROJECT)


def content_of(
    subject: Subject,
    month: Month,
    closing: MonthClosing | None,
    *,
    before: Month | None = None,
) -> PackContent:
    """What the pack of a closing says, or that of an open month as it stands now.

    Changes are counted from the month before, or from the one that is named.
    """
    standing = Standing(None if closing is None else closing.closed_at, month)
    return _Reading.of(standing, subject, closing, before).content()


@dataclass(frozen=True)
class _Reading:
    standing: Standing
    subject: Subject
    closing: MonthClosing | None
    scope: Scope
    now: Scores
    before: Scores
    history: Mapping[Month, Scores]
    month_before: Month
    values: OwnValues

    @classmethod
    def of(
        cls,
        standing: Standing,
        subject: Subject,
        closing: MonthClosing | None,
        before: Month | None = None,
    ) -> _Reading:
        # As it was called then; if no history reaches back so far, as it is called now.
        then = standing.subjects.setdefault(subject.pk, subject)
        scope = scope_of(standing, then)
        month = standing.month
        months = [month.plus(-back) for back in reversed(range(TREND_MONTHS)) if month - back > 0]
        month_before = before or latest_scored_before(month, standing.at)
        told = [subject.pk, *(row.pk for row in scope.of(*scope.members))]
        both = standing.scores([month, month_before], told)
        return cls(
            standing,
            then,
            closing,
            scope,
            both[month],
            both[month_before],
            standing.scores(months, [subject.pk]),
            month_before,
            own_values(standing, scope),
        )

    def content(self) -> PackContent:
        now = self.now.get(self.subject.pk)
        organisations = self.standing.of_kind(Organisation)
        closed_by = self.closing.closed_by if self.closing else None
        at = self.standing.at or datetime.now(UTC).replace(microsecond=0)
        return PackContent(
            kind=self.subject.kind,
            code=self.subject.code,
            name=self.subject.name,
            month=str(self.standing.month),
            month_before=str(self.month_before),
            is_closed=self.closing is not None,
            is_running=self.standing.month >= current_month(),
            as_of=at.astimezone(UTC).isoformat(),
            closed_by=(closed_by.get_full_name() or closed_by.username) if closed_by else "",
            organisation=organisations[0].name if organisations else "",
            score=self.line(self.subject),
            balance=now.balance if now else None,
            bridge=self.bridge(),
            trend=tuple(self.trend()),
            events=self.events(),
            heat_maps=tuple(self.heat_maps()),
            moves=self.moves(),
            decisions=self.decisions(),
            red_values=red_values(self.standing, self.scope, self.values.red),
            money=tuple(self.money()),
            scorecards=tuple(self.scorecards()),
            counts=tuple(self.counts()),
        )

    def line(self, subject: Subject) -> SubjectLine:
        overall, categories = marks_of(self.now.get(subject.pk))
        earlier = self.before.get(subject.pk)
        return SubjectLine(
            subject.kind,
            subject.code,
            subject.name,
            _mark(overall),
            tuple(_mark(mark) for mark in categories),
            earlier.overall_score if earlier else None,
            earlier.overall_band if earlier else None,
        )

    def lines(self, subjects: Iterable[Subject]) -> list[SubjectLine]:
        """Of those that are measured."""
        return [self.line(subject) for subject in subjects if subject.pk in self.now]

    def bridge(self) -> Bridge | None:
        earlier = card_before(self.standing, self.subject, self.month_before)
        change = overall_change(
            self.before.get(self.subject.pk),
            self.now.get(self.subject.pk),
            category_weights(self.standing.card_of(self.subject)),
            category_weights(earlier),
        )
        if change is None or change.before is None or change.now is None:
            return None
        parts = sorted(change.parts, key=lambda part: (part.kind == "balance", part.number))
        return Bridge(
            change.before,
            change.now,
            tuple(
                BridgePart(
                    "balance" if part.kind == "balance" else CATEGORIES[part.number],
                    part.total,
                    part.before,
                    part.now,
                )
                for part in parts
            ),
        )

    def trend(self) -> Iterable[TrendMonth]:
        for month, scores in self.history.items():
            overall, categories = marks_of(scores.get(self.subject.pk))
            yield TrendMonth(str(month), overall.score, tuple(mark.score for mark in categories))

    def events(self) -> Events:
        """Of everybody in the pack."""
        there = {row.pk: row for row in self.scope.of(*self.scope.members)}
        there[self.subject.pk] = self.subject
        first, last = min(self.history).first_day, self.standing.month.last_day
        found = [
            event
            for event in self.standing.events
            if event.subject_id in there and first <= event.day <= last
        ]
        found.sort(key=lambda event: (event.day, event.pk), reverse=True)
        marks = event_marks([self._on_chart(event) for event in found])
        numbers = {event: mark.number for mark in marks for event in mark.events}
        told = (
            EventFacts(
                event.day.isoformat(),
                there[event.subject_id].kind,
                there[event.subject_id].code,
                there[event.subject_id].name,
                event.title,
                event.text,
                numbers[self._on_chart(event)],
            )
            for event in found[:EVENTS_TOLD]
        )
        return Events(
            tuple(told),
            len(found),
            tuple(_mark_on_trend(mark) for mark in marks),
        )

    def _on_chart(self, event: Event) -> ChartEvent:
        """As pages mark it (`selectors.events`), so that both number alike."""
        name = self.standing.subjects[event.subject_id].name
        is_own = event.subject_id == self.subject.pk
        return ChartEvent(event.day, event.title, "" if is_own else name, event.text)

    def heat_maps(self) -> Iterable[HeatMap]:
        for kind in HEAT_KINDS[SubjectKind(self.subject.kind)]:
            lines = self.lines(self.scope.of(kind))
            if not lines:
                continue
            told = lines
            if len(lines) > HEAT_ROWS:
                told = sorted(lines, key=_lowest_first)[:HEAT_ROWS]
            bands = Counter(line.overall.band for line in lines if line.overall.band is not None)
            yield HeatMap(
                kind,
                tuple(told),
                len(lines),
                tuple((int(band), bands[band]) for band in reversed(Band) if bands[band]),
            )

    def _moving(self) -> list[Subject]:
        kinds: Sequence[str] = MOVING_KINDS
        if self.subject.kind == SubjectKind.SEGMENT:
            kinds = HEAT_KINDS[SubjectKind.SEGMENT]
        return self.scope.of(*kinds)

    def moves(self) -> Moves:
        """By new values, and apart from these what moved without any (`selectors.moves`)."""
        subjects = [row for row in self._moving() if row.pk in self.now]
        renewed = renewed_in(self.standing, self.scope, self.month_before)
        rises, falls, faded, compared = [], [], [], 0
        for subject in subjects:
            line = self.line(subject)
            change = line.change
            compared += change is not None
            if change is None or abs(change) < LEAST_MOVE:
                continue
            if subject.pk not in renewed:
                faded.append(line)
            elif change > 0:
                rises.append(line)
            else:
                falls.append(line)
        return Moves(
            _largest(rises),
            _largest(falls),
            _largest(faded),
            len(rises),
            len(falls),
            len(faded),
            compared,
        )

    def decisions(self) -> Decisions:
        costs = costs_of(self.standing)
        found = []
        for subject in self.scope.of(*self.scope.members):
            if subject.pk not in self.now:
                continue
            line = self.line(subject)
            if line.overall.band in (Band.RED, Band.INSUFFICIENT) or line.has_fallen:
                found.append(self._case(subject, line, costs.get(subject.pk)))
        found.sort(key=lambda case: (case[0], case[1].line.kind, case[1].line.code))
        cases = [case for _order, case in found]
        red = sum(case.line.overall.band == Band.RED for case in cases)
        insufficient = sum(case.line.overall.is_insufficient for case in cases)
        return Decisions(
            tuple(cases[:CASES_TOLD]), red, len(cases) - red - insufficient, insufficient
        )

    def _case(
        self, subject: Subject, line: SubjectLine, cost: float | None
    ) -> tuple[tuple[bool, bool, float, str], Case]:
        """The case, and its place as on the summary: the points that it costs."""
        card = self.standing.card_of(subject)
        score = line.overall.score
        below_green = None
        if score is not None and card is not None:
            below_green = max(card.green_from - score, 0.0)
        on_summary = CostingCase(
            kind=line.kind,
            code=line.code,
            name=line.name,
            score=score,
            coverage=line.overall.coverage or 0.0,
            band=Band(line.overall.band or 0),
            band_before=None if line.band_before is None else Band(line.band_before),
            change=line.change,
            weight=self._importance(subject),
            below_green=below_green,
            cost=cost,
        )
        return on_summary.order, Case(line, below_green, cost)

    def _importance(self, subject: Subject) -> float:
        """What part of its kind it is, so that kinds can stand in one list."""
        weights = self._weights_of_kind(subject.kind)
        whole = sum(weights.values())
        return weights.get(subject.pk, 0.0) / whole if whole else 0.0

    def _weights_of_kind(self, kind: str) -> dict[int, float]:
        found = self.scope.of(kind)
        if kind == SubjectKind.PORTFOLIO:
            return self._weights_of_portfolios
        weights: dict[int, float] = {}
        for row in found:
            is_weighed = isinstance(row, Project | Segment | Customer)
            weights[row.pk] = row.weight if is_weighed else 1.0  # type: ignore[attr-defined]
        return weights

    @property
    def _weights_of_portfolios(self) -> dict[int, float]:
        """What the projects in each and in those below it weigh together."""
        parents = {row.pk: row.parent_id for row in self.standing.of_kind(Portfolio)}
        weights: Counter[int] = Counter()
        for project in self.scope.projects:
            above: int | None = project.portfolio_id
            while above is not None:
                weights[above] += project.weight  # type: ignore[assignment]
                above = parents.get(above)
        return dict(weights)

    def money(self) -> list[MoneyLine]:
        """Of the projects that are measured in the month; a line for each currency."""
        projects = [
            project
            for project in self.scope.projects
            if is_measured_in(project, self.standing.month)
        ]
        return [
            MoneyLine(
                line.currency,
                line.projects,
                str(line.budget),
                line.with_budget,
                str(line.forecast),
                line.with_forecast,
                str(line.forecast_budget),
                str(line.actual),
                line.with_actual,
                str(line.actual_budget),
            )
            for line in added_up(_money_of(project) for project in projects)
        ]

    def scorecards(self) -> list[ScorecardFacts]:
        """Those by which anybody in the pack is judged; the subject's own first."""
        users: Counter[int] = Counter()
        cards: dict[int, Scorecard] = {}
        work = [link for link in self.standing.engagements if link.pk in self.scope.judged]
        for subject in (self.subject, *self.scope.of(*self.scope.members), *work):
            card = self.standing.card_of(subject)
            if card is not None and is_measured_in(subject, self.standing.month):
                cards[card.pk] = card
                users[card.pk] += 1
        return [self._scorecard(card, users[card.pk]) for card in cards.values()]

    def _scorecard(self, card: Scorecard, users: int) -> ScorecardFacts:
        lines = [
            self._line(card, line.metric_id, line.weight)
            for line in self.standing.lines.get(card.pk, ())
            if line.weight > 0 and line.metric_id in self.standing.metrics
        ]
        lines.sort(key=lambda line: (Category.values.index(line.category), -line.weight, line.code))
        return ScorecardFacts(
            code=card.code,
            name=card.name,
            kind=card.subject_kind,
            subjects=users,
            category_weights=tuple(category_weights(card).values()),
            overall=card.overall,
            min_coverage=card.min_coverage,
            min_categories=card.min_categories,
            amber_from=card.amber_from,
            green_from=card.green_from,
            shares=tuple(
                (group, share) for group in GROUPS if (share := getattr(card, f"share_{group}"))
            ),
            lines=tuple(lines),
        )

    def _line(self, card: Scorecard, metric_id: int, weight: float) -> LineFacts:
        metric = self.standing.metrics[metric_id]
        known = self.values.known.get((card.pk, metric_id), Known())
        decimals = shown_decimals(metric.decimals, *(x for x, _ in metric.curve or ()))
        return LineFacts(
            code=metric.code,
            name=metric.name,
            question=metric.question,
            meaning=definition_words(metric, decimals),
            category=metric.category,
            perspective=metric.perspective,
            cadence=metric.cadence,
            unit=metric.unit,
            decimals=decimals,
            weight=weight,
            curve=tuple((float(value), float(score)) for value, score in metric.curve or []),
            formula=metric.formula,
            expected=known.expected,
            current=known.current,
            fading=known.fading,
            missing=known.missing,
        )

    def counts(self) -> Iterable[KindCount]:
        for kind, rows in self.scope.members.items():
            there = [row for row in rows if is_measured_in(row, self.standing.month)]
            scored = [self.now[row.pk] for row in there if row.pk in self.now]
            if there:
                given = sum(score.overall_score is not None for score in scored)
                yield KindCount(kind, given, len(scored) - given, len(there) - len(scored))


def _mark_on_trend(mark: EventMark) -> MarkOnTrend:
    first = mark.events[0]
    return MarkOnTrend(
        mark.number,
        str(mark.month),
        len(mark.events),
        first.day.isoformat(),
        first.title,
        first.subject,
    )


def _mark(mark: StoredMark) -> Mark:
    band = None if mark.band is None else int(mark.band)
    return Mark(mark.score, mark.coverage, band, mark.low, mark.high)


def _largest(lines: list[SubjectLine]) -> tuple[SubjectLine, ...]:
    lines.sort(key=lambda line: (-abs(line.change or 0.0), line.code))
    return tuple(lines[:MOVES_SHOWN])


def _lowest_first(line: SubjectLine) -> tuple[bool, float, str]:
    return line.overall.score is None, line.overall.score or 0.0, line.code


def _money_of(project: Project) -> Money:
    budget, zero = project.budget, Decimal(0)
    has_forecast = budget is not None and project.forecast_cost is not None
    has_actual = budget is not None and project.actual_cost is not None
    return Money(
        project.currency,
        1,
        budget or zero,
        int(budget is not None),
        (project.forecast_cost or zero) if has_forecast else zero,
        int(has_forecast),
        (budget or zero) if has_forecast else zero,
        (project.actual_cost or zero) if has_actual else zero,
        int(has_actual),
        (budget or zero) if has_actual else zero,
    )
