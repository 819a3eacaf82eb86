"""What stood at a moment: subjects, links, rules and scores, as a pack tells them.

Names, links and amounts come from the histories, so that a pack that is made later tells the same
as one that was made when its month was closed. Scores of a month that was reopened since are those
that were reported.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from django.db import models
from django.db.models import Q

from metrics.as_of import read_ledger_as_of, read_measurements_as_of
from metrics.ledger import Ledger, read_ledger, read_measurements
from metrics.models import (
    SCORE_COLUMNS,
    MetricDefinition,
    MonthClosing,
    ReportedScore,
    Score,
    Scorecard,
    ScorecardAssignment,
    ScorecardLine,
)
from metrics.scoring.columns import Integers, Measurements
from projects.choices import SubjectKind
from projects.models import (
    Customer,
    Engagement,
    Event,
    Offer,
    Organisation,
    Portfolio,
    Project,
    Segment,
    Service,
    Subject,
)
from projects.months import Month

Row = TypeVar("Row", bound=models.Model)

Scores = Mapping[int, Score]
"""Of one month, by subject."""


def rows_at(model: type[Row], at: datetime | None) -> dict[int, Row]:
    """All rows of a model as they were at a moment (as they are, if None), by key."""
    if at is None:
        return {row.pk: row for row in model._default_manager.all()}
    history: Any = model.history  # type: ignore[attr-defined]
    return {row.pk: row for row in history.as_of(at)}


@dataclass(frozen=True)
class Standing:
    """Everything about a moment that a pack asks for, read when it is asked."""

    at: datetime | None
    month: Month

    @cached_property
    def subjects(self) -> dict[int, Subject]:
        """Of every kind but engagements, which have no line of their own in a pack."""
        kinds: Sequence[type[Subject]] = (
            Organisation,
            Portfolio,
            Project,
            Segment,
            Customer,
            Service,
        )
        return {pk: row for kind in kinds for pk, row in rows_at(kind, self.at).items()}

    def of_kind(self, model: type[Row]) -> list[Row]:
        return [row for row in self.subjects.values() if isinstance(row, model)]

    @cached_property
    def engagements(self) -> list[Engagement]:
        return list(rows_at(Engagement, self.at).values())

    @cached_property
    def offers(self) -> list[Offer]:
        return list(rows_at(Offer, self.at).values())

    @cached_property
    def events(self) -> list[Event]:
        return list(rows_at(Event, self.at).values())

    @cached_property
    def cards(self) -> dict[int, Scorecard]:
        return rows_at(Scorecard, self.at)

    @property
    def metrics(self) -> Mapping[int, MetricDefinition]:
        return self.ledger.metric_rows

    @cached_property
    def lines(self) -> dict[int, list[ScorecardLine]]:
        """By scorecard."""
        found: dict[int, list[ScorecardLine]] = defaultdict(list)
        for line in rows_at(ScorecardLine, self.at).values():
            found[line.scorecard_id].append(line)
        return found

    @cached_property
    def _assigned(self) -> dict[int, int]:
        rows = rows_at(ScorecardAssignment, self.at).values()
        return {row.subject_id: row.scorecard_id for row in rows}

    @cached_property
    def _default_cards(self) -> dict[str, Scorecard]:
        return {card.subject_kind: card for card in self.cards.values() if card.is_default}

    def card_of(self, subject: Subject) -> Scorecard | None:
        """A subject's own scorecard if it names one, else its kind's default."""
        own = self.cards.get(self._assigned.get(subject.pk, 0))
        return own or self._default_cards.get(subject.kind)

    @cached_property
    def ledger(self) -> Ledger:
        return read_ledger() if self.at is None else read_ledger_as_of(self.at)

    def measurements(self, subjects: Integers) -> dict[int, Measurements]:
        """What the month's values in force come from."""
        month = int(self.month)
        if self.at is None:
            return read_measurements(self.ledger, month, month, subjects)
        return read_measurements_as_of(self.ledger, self.at, month, month, subjects)

    @cached_property
    def all_measurements(self) -> dict[int, Measurements]:
        """The same of everybody."""
        return self.measurements(np.arange(len(self.ledger.subject_ids)))

    def scores(
        self, months: Iterable[Month], subjects: Iterable[int] | None = None
    ) -> dict[Month, Scores]:
        """Stored or reported scores; in at most three queries."""
        wanted = list(dict.fromkeys(months))
        closings = {} if self.at is None else reported_since(wanted, self.at)
        only = {} if subjects is None else {"subject__in": list(subjects)}
        found: dict[Month, dict[int, Score]] = {month: {} for month in wanted}
        live = [month for month in wanted if month not in closings]
        for row in Score.objects.filter(month__in=live, **only):
            found[row.month][row.subject_id] = row
        if closings:
            month_of = {pk: month for month, pk in closings.items()}
            for kept in ReportedScore.objects.filter(closing__in=month_of, **only):
                columns = {column: getattr(kept, column) for column in SCORE_COLUMNS}
                month = month_of[kept.closing_id]
                found[month][kept.subject_id] = Score(
                    subject_id=kept.subject_id, month=month, **columns
                )
        return dict(found)


def reported_since(months: Sequence[Month], at: datetime) -> dict[Month, int]:
    """The closings in force at the moment whose months were reopened afterwards."""
    rows = MonthClosing.objects.filter(
        Q(closed_at__lte=at), Q(reopened_at__gt=at), month__in=months
    )
    return dict(rows.values_list("month", "pk"))


def is_measured_in(subject: Subject, month: Month) -> bool:
    """Whether the subject's own span holds the month."""
    first, last = subject.active_from, subject.active_until
    return (first is None or first <= month) and (last is None or month <= last)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a pack is about: the subject, and everybody who is told in its lists, by kind."""

    subject: Subject
    members: Mapping[str, Sequence[Subject]]
    judged: frozenset[int]
    """The keys of all whose own values count here, engagements among them."""

    def of(self, *kinds: str) -> list[Subject]:
        return [row for kind in kinds for row in self.members.get(kind, ())]

    @property
    def projects(self) -> list[Project]:
        return [row for row in self.of(SubjectKind.PROJECT) if isinstance(row, Project)]


def scope_of(standing: Standing, subject: Subject) -> Scope:
    """Of the organisation everybody; of a portfolio what lies in it; of a segment whom it knows."""
    match subject.kind:
        case SubjectKind.PORTFOLIO:
            members = _of_portfolio(standing, subject)
        case SubjectKind.SEGMENT:
            members = _of_segment(standing, subject)
        case _:
            members = {
                SubjectKind.PORTFOLIO: list(standing.of_kind(Portfolio)),
                SubjectKind.SEGMENT: list(standing.of_kind(Segment)),
                SubjectKind.PROJECT: list(standing.of_kind(Project)),
                SubjectKind.CUSTOMER: list(standing.of_kind(Customer)),
                SubjectKind.SERVICE: list(standing.of_kind(Service)),
            }
    told = {
        kind: sorted(rows, key=lambda row: (row.name, row.code)) for kind, rows in members.items()
    }
    there = {subject.pk, *(row.pk for rows in members.values() for row in rows)}
    work = {
        link.pk
        for link in standing.engagements
        if (subject.kind != SubjectKind.SEGMENT and link.project_id in there)
        or link.segment_id == subject.pk
    }
    return Scope(subject, told, frozenset(there | work))


def _of_portfolio(standing: Standing, subject: Subject) -> dict[str, list[Subject]]:
    inside = {subject.pk}
    portfolios = standing.of_kind(Portfolio)
    while below := {
        row.pk for row in portfolios if row.parent_id in inside and row.pk not in inside
    }:
        inside |= below
    return {
        SubjectKind.PORTFOLIO: [row for row in portfolios if row.pk in inside - {subject.pk}],
        SubjectKind.PROJECT: [
            row for row in standing.of_kind(Project) if row.portfolio_id in inside
        ],
    }


def _of_segment(standing: Standing, subject: Subject) -> dict[str, list[Subject]]:
    serving = {link.project_id for link in standing.engagements if link.segment_id == subject.pk}
    offered = {offer.service_id for offer in standing.offers if offer.segment_id == subject.pk}
    return {
        SubjectKind.PROJECT: [row for row in standing.of_kind(Project) if row.pk in serving],
        SubjectKind.SERVICE: [row for row in standing.of_kind(Service) if row.pk in offered],
        SubjectKind.CUSTOMER: [
            row for row in standing.of_kind(Customer) if row.segment_id == subject.pk
        ],
    }
