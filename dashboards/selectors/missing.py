"""What has not come of the months that are to be closed: by metric, by person, and one by one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import starmap
from typing import Any

from django.contrib.auth.models import User
from django.core.paginator import Page, Paginator
from django.db.models import Case, FilteredRelation, Func, Q, QuerySet, Subquery, Value, When

from dashboards.selectors.entry import DueValue, read_desk
from metrics.closed_months import ClosedMonths
from metrics.due import DueState, due_list
from metrics.entry_rights import Claim, Claims, EntryRights
from metrics.models import (
    SCORE_COLUMNS,
    MetricAssignment,
    MetricDefinition,
    RescoreNeed,
    Score,
)
from projects.choices import SubjectKind
from projects.models import Subject
from projects.months import Month

ANSWERED = (DueState.ANSWERED, DueState.PROPOSED)

VALUES_PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class StandingNow:
    """How a month stands before it is closed."""

    first_scored: Month | None
    """The first month up to it that has scores."""
    waiting: int
    """How many subjects changed and wait to be scored in it."""
    score: Score | None
    """The organisation's."""


def standing_now(month: Month) -> StandingNow:
    """Asked together with the organisation, or with any subject: without one there is nothing."""
    scored = Score.objects.filter(month__lte=month).order_by("month").values("month")[:1]
    subjects = Func("subject", function="COUNT", template="%(function)s(DISTINCT %(expressions)s)")
    needs = RescoreNeed.objects.filter(first_month__lte=month).order_by()
    rows: QuerySet[Any, dict[str, Any]] = (
        Subject.objects.annotate(
            first_scored=Subquery(scored),
            waiting=Subquery(needs.values(count=subjects)),
            now=FilteredRelation("scores", condition=Q(scores__month=month)),
        )
        .order_by(Case(When(kind=SubjectKind.ORGANISATION, then=Value(0)), default=Value(1)))
        .values("kind", "first_scored", "waiting", *(f"now__{name}" for name in SCORE_COLUMNS))
    )
    row = rows.first()
    if row is None:
        return StandingNow(None, 0, None)
    columns = {name: row[f"now__{name}"] for name in SCORE_COLUMNS}
    has_score = row["kind"] == SubjectKind.ORGANISATION and columns["overall_band"] is not None
    first = row["first_scored"]
    return StandingNow(
        None if first is None else Month(first),
        row["waiting"],
        Score(month=month, **columns) if has_score else None,
    )


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to whom values are assigned."""

    username: str
    name: str


@dataclass(frozen=True, slots=True)
class MissingValue:
    """A value that is expected in the months to be closed and has not come."""

    due: DueValue
    people: tuple[Person, ...]
    """To whom it is assigned; empty = any analyst may give it."""

    @property
    def waits_for_approval(self) -> bool:
        return self.due.state == DueState.WAITING


@dataclass(frozen=True, slots=True)
class MissingMetric:
    """A metric with values that are expected and have not come."""

    metric: MetricDefinition
    total: int
    answered: int
    """Of which somebody said that there is none, or proposed that it does not apply."""
    waiting: int
    """Of which a value waits for approval."""
    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class MissingPerson:
    person: Person
    total: int


@dataclass(frozen=True, slots=True)
class Missing:
    """What has not come, by metric and by person."""

    values: tuple[MissingValue, ...]
    metrics: tuple[MissingMetric, ...]
    people: tuple[MissingPerson, ...]
    """A value that is assigned to several counts with each of them."""

    @property
    def total(self) -> int:
        return len(self.values)

    @property
    def nobodys(self) -> int:
        return sum(not value.people for value in self.values)


def missing_of(months: Sequence[Month], closed: ClosedMonths) -> Missing:
    """Values of these months that are expected of anybody and have not come."""
    claims, names = _claims()
    due = due_list(read_desk(None), EntryRights.of_everybody(claims), closed=closed)
    values = tuple(
        MissingValue(
            value, tuple(sorted((names[key] for key in value.owners), key=lambda who: who.name))
        )
        for value in due.missing
        if value.month in months
    )
    of_metric: dict[int, list[MissingValue]] = defaultdict(list)
    of_person: Counter[Person] = Counter()
    for value in values:
        of_metric[value.due.metric.pk].append(value)
        of_person.update(value.people)
    lines = sorted(map(_line, of_metric.values()), key=lambda line: (-line.total, line.metric.name))
    people = sorted(of_person.items(), key=lambda counted: (-counted[1], counted[0].name))
    return Missing(values, tuple(lines), tuple(starmap(MissingPerson, people)))


def _line(values: Sequence[MissingValue]) -> MissingMetric:
    return MissingMetric(
        values[0].due.metric,
        len(values),
        sum(value.due.state in ANSWERED for value in values),
        sum(value.waits_for_approval for value in values),
        tuple(sorted({who for value in values for who in value.people}, key=lambda who: who.name)),
    )


def _claims() -> tuple[Claims, Mapping[int, Person]]:
    """All assignments and who the people are; in one query."""
    by_metric: dict[int, list[Claim]] = defaultdict(list)
    people: dict[int, Person] = {}
    rows = MetricAssignment.objects.order_by("pk").values_list(
        "metric_id",
        "user_id",
        "scope_id",
        "scope__kind",
        "user__username",
        "user__first_name",
        "user__last_name",
    )
    for metric, user, scope, kind, username, first, last in rows:
        by_metric[metric].append(Claim(user, scope, kind))
        full = User(username=username, first_name=first, last_name=last).get_full_name()
        people[user] = Person(username, full or username)
    return Claims(dict(by_metric)), people


@dataclass(frozen=True, slots=True)
class MissingPage:
    """What has not come, one by one: of a metric, of a person, of nobody, or all."""

    month: Month
    months: tuple[Month, ...]
    metric: MetricDefinition | None
    person: Person | None
    is_nobodys: bool
    page: Page[MissingValue]

    @property
    def total(self) -> int:
        return self.page.paginator.count


def missing_page(
    month: Month,
    months: tuple[Month, ...],
    closed: ClosedMonths,
    *,
    metric: str = "",
    person: str = "",
    is_nobodys: bool = False,
    number: str | None = None,
) -> MissingPage:
    """The longest overdue first; a filter by which nothing is missing leaves an empty list."""
    missing = missing_of(months, closed)
    takes: list[Callable[[MissingValue], bool]] = []
    if metric:
        takes.append(lambda value: value.due.metric.code == metric)
    if person:
        takes.append(lambda value: any(who.username == person for who in value.people))
    if is_nobodys:
        takes.append(lambda value: not value.people)
    values = [value for value in missing.values if all(take(value) for take in takes)]
    return MissingPage(
        month=month,
        months=months,
        metric=next((line.metric for line in missing.metrics if line.metric.code == metric), None),
        person=next(
            (each.person for each in missing.people if each.person.username == person), None
        ),
        is_nobodys=is_nobodys,
        page=Paginator(values, VALUES_PER_PAGE).get_page(number),
    )
