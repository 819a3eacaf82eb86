"""The due list as a page shows it: what was asked for, whose it is, and what is most urgent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from dashboards.selectors.entry import Desk, due_values
from metrics.due import TO_DO, DueList, DuePeriod, DueState, DueValue, SubjectChoice, Whose
from metrics.entry_rights import held_by
from metrics.models import MetricDefinition

SOON_DAYS = 7

ORDER_OF_OWNERS = (Whose.MINE, Whose.NOBODYS, Whose.OTHERS)


class Show(StrEnum):
    """What of the list is asked for."""

    TO_DO = ""
    OVERDUE = "overdue"
    COMING = "coming"
    RETURNED = "returned"
    ELSEWHERE = "elsewhere"
    ANSWERED = "answered"


RETURNED = (DueState.REJECTED, DueState.REFUSED)
ELSEWHERE = (DueState.WAITING, DueState.PROPOSED)


def is_shown(value: DueValue, show: Show) -> bool:
    if show is Show.OVERDUE:
        return value.is_to_do and value.is_overdue
    if show is Show.COMING:
        return value.is_to_do and not value.is_overdue
    if show is Show.RETURNED:
        return value.state in RETURNED
    if show is Show.ELSEWHERE:
        return value.state in ELSEWHERE
    if show is Show.ANSWERED:
        return value.state == DueState.ANSWERED
    return value.is_to_do


@dataclass(frozen=True, slots=True)
class DueFilter:
    """What stands in the address, as far as it makes sense."""

    metric: str = ""
    period: str = ""
    scope: SubjectChoice | None = None
    subject: SubjectChoice | None = None
    whose: Whose | None = None
    show: Show = Show.TO_DO

    @property
    def is_whole_list(self) -> bool:
        return self == DueFilter()

    @property
    def is_one_line(self) -> bool:
        return bool(self.metric and self.period)

    @property
    def is_to_give(self) -> bool:
        """Whether what is listed is still to be given, and not waiting or answered."""
        return self.show in (Show.TO_DO, Show.OVERDUE, Show.COMING)

    def within(self) -> Collection[int] | None:
        """The subjects that it leaves, None for all."""
        if self.subject is not None:
            return {self.subject.pk}
        if self.scope is not None:
            return held_by(self.scope.pk, self.scope.facts.kind)
        return None

    def takes(self, period: DuePeriod) -> bool:
        return (
            self.metric in ("", period.metric.code)
            and self.period in ("", period.asked.label)
            and self.whose in (None, period.whose)
        )


@dataclass(frozen=True, slots=True)
class DueLine:
    """One period of a metric as a line to unfold."""

    period: DuePeriod
    values: tuple[DueValue, ...]
    """Those of its values that were asked for."""
    scopes: tuple[SubjectChoice, ...]
    """The portfolios and segments that the assignment is limited to, of one's own values."""

    @property
    def key(self) -> str:
        """Names the line within its page."""
        return f"{self.period.whose}-{self.period.metric.code}-{self.period.asked.label}"


@dataclass(frozen=True, slots=True)
class DueSection:
    """The lines of one page that have the same owner."""

    whose: Whose
    current: tuple[DueLine, ...]
    older: tuple[DueLine, ...]
    total: int
    overdue: int
    """Of the whole list, not of this page of it."""


@dataclass(frozen=True, slots=True)
class Offered:
    """What can be chosen to filter by."""

    metrics: tuple[MetricDefinition, ...]
    periods: tuple[str, ...]
    scopes: tuple[SubjectChoice, ...]


@dataclass(frozen=True, slots=True)
class DueCounts:
    """The list in numbers, before it is limited to a state."""

    overdue: int
    longest: DuePeriod | None
    soon: int
    later: int
    returned: int
    elsewhere: int
    answered: int

    @property
    def coming(self) -> int:
        return self.soon + self.later


@dataclass(frozen=True, slots=True)
class DuePage:
    """Everything that was asked for; the view cuts it into pages."""

    everything: DueList
    """Whatever is missing of the subjects that were asked for."""
    lines: tuple[DueLine, ...]
    counts: DueCounts
    offered: Offered
    totals: Mapping[Whose, tuple[int, int]]
    """Per owner how many values are to do, and how many of them are overdue."""

    @property
    def values(self) -> tuple[DueValue, ...]:
        return tuple(value for line in self.lines for value in line.values)

    @property
    def can_be_filled_in(self) -> bool:
        """Whether anything of what is shown is to be given."""
        return any(value.is_to_do for value in self.values)

    @property
    def mine(self) -> int:
        return self.totals.get(Whose.MINE, (0, 0))[0]

    @property
    def mine_overdue(self) -> int:
        return self.totals.get(Whose.MINE, (0, 0))[1]

    @property
    def nobodys(self) -> int:
        return self.totals.get(Whose.NOBODYS, (0, 0))[0]

    @property
    def others(self) -> int:
        return self.totals.get(Whose.OTHERS, (0, 0))[0]

    @property
    def most_urgent(self) -> DueLine | None:
        """What to begin with: one's own longest overdue, else what is overdue and nobody's."""
        for whose in (Whose.MINE, Whose.NOBODYS):
            for line in self.lines:
                if line.period.whose == whose and line.period.to_do:
                    return line
        return None

    def sections(self, shown: Sequence[DueLine]) -> list[DueSection]:
        return [
            DueSection(
                whose,
                tuple(line for line in lines if not line.period.asked.is_older),
                tuple(line for line in lines if line.period.asked.is_older),
                *self.totals.get(whose, (0, 0)),
            )
            for whose in ORDER_OF_OWNERS
            if (lines := [line for line in shown if line.period.whose == whose])
        ]


def due_page(desk: Desk, wanted: DueFilter) -> DuePage:
    """What the person of the desk owes, as far as it was asked for; what is theirs comes first."""
    everything = due_values(desk, within=wanted.within())
    periods = [period for period in everything.periods if wanted.takes(period)]
    lines = [
        DueLine(period, values, _scopes(desk, period))
        for period in periods
        if (values := tuple(value for value in period.missing if is_shown(value, wanted.show)))
    ]
    lines.sort(key=lambda line: ORDER_OF_OWNERS.index(line.period.whose))
    totals: dict[Whose, tuple[int, int]] = {}
    for period in periods:
        to_do, overdue = totals.get(period.whose, (0, 0))
        given = len(period.to_do)
        totals[period.whose] = (to_do + given, overdue + given * period.asked.is_overdue)
    return DuePage(
        everything=everything,
        lines=tuple(lines),
        counts=_counts(periods),
        offered=_offered(everything, desk),
        totals=totals,
    )


def _scopes(desk: Desk, period: DuePeriod) -> tuple[SubjectChoice, ...]:
    if period.whose is not Whose.MINE:
        return ()
    claims = desk.rights.claims.by_metric.get(period.metric.pk, ())
    own = {claim.scope_id for claim in claims if claim.user_id == desk.rights.user_id}
    limited = tuple(scope for scope in desk.scopes if scope.pk in own)
    # An assignment of the whole organisation is among no scopes, and then there is no limit.
    return limited if len(limited) == len(own) else ()


def _counts(periods: Sequence[DuePeriod]) -> DueCounts:
    overdue = soon = later = 0
    states: Counter[DueState] = Counter()
    longest: DuePeriod | None = None
    for period in periods:
        asked = period.asked
        of_period = Counter(value.state for value in period.missing)
        to_do = sum(of_period[state] for state in TO_DO)
        states += of_period
        if asked.is_overdue:
            overdue += to_do
        elif asked.days_left <= SOON_DAYS:
            soon += to_do
        else:
            later += to_do
        # How long the latest periods wait says what to begin with; older gaps would drown it.
        is_candidate = to_do and asked.is_overdue and not asked.is_older
        if is_candidate and (longest is None or asked.days_late > longest.asked.days_late):
            longest = period
    return DueCounts(
        overdue=overdue,
        longest=longest,
        soon=soon,
        later=later,
        returned=sum(states[state] for state in RETURNED),
        elsewhere=sum(states[state] for state in ELSEWHERE),
        answered=states[DueState.ANSWERED],
    )


def _offered(due: DueList, desk: Desk) -> Offered:
    metrics = {period.metric.pk for period in due.periods}
    labels = {
        period.asked.label: period.asked.start
        for period in sorted(due.periods, key=lambda period: period.asked.start)
    }
    return Offered(
        metrics=tuple(metric for pk, metric in desk.metrics.items() if pk in metrics),
        periods=tuple(sorted(labels, key=lambda label: labels[label], reverse=True)),
        scopes=desk.scopes,
    )
