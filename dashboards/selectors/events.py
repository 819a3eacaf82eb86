"""Events of a subject and of everything below it: for its charts, the list beside them, and all."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet

from dashboards.figures import ChartEvent, EventMark, event_marks
from dashboards.selectors.months import ViewMonth
from dashboards.selectors.trends import trend_months
from projects.choices import SubjectKind
from projects.models import Customer, Engagement, Event, Offer, Portfolio, Project, Subject
from projects.months import Month
from projects.visibility import with_all_below

EVENTS_SHOWN = 10
EVENTS_PER_PAGE = 50

EVENT_FIELDS = (
    "pk",
    "day",
    "title",
    "text",
    "subject_id",
    "subject__kind",
    "subject__code",
    "subject__name",
)


@dataclass(frozen=True, slots=True)
class EventRow:
    """What happened to whom."""

    pk: int
    day: date
    title: str
    text: str
    kind: str
    code: str
    name: str
    is_own: bool = False
    """Of the subject that is looked at, and of none below it."""
    mark: int = 0
    """The number of its mark on the charts beside it."""


@dataclass(frozen=True, slots=True)
class SubjectEvents:
    """The events of the months that a page shows, the latest first."""

    code: str
    every: tuple[EventRow, ...]
    marks: tuple[EventMark, ...]
    later: int
    """Those after the months shown."""
    later_month: Month | None
    """The month to look at for the latest of them."""

    @property
    def rows(self) -> tuple[EventRow, ...]:
        """Those that a page lists."""
        return self.every[:EVENTS_SHOWN]

    @property
    def more(self) -> int:
        return len(self.every) - len(self.rows)


def events_of(
    subject_id: int,
    kind: str,
    code: str,
    month: ViewMonth,
    *,
    portfolios: Collection[int] = (),
) -> SubjectEvents:
    """In one query. `portfolios`: a portfolio's own key and those of all below it.

    The running month shows what is planned, too.
    """
    first = trend_months(month)[0].first_day
    rows = list(
        events_below([subject_id], kind, portfolios)
        .filter(day__gte=first)
        .values_list(*EVENT_FIELDS, named=True)
    )
    last = date.max if month.is_unfinished else month.month.last_day
    shown = [row for row in rows if row.day <= last]
    later = rows[: len(rows) - len(shown)]
    marks, numbers = _marked(subject_id, shown)
    return SubjectEvents(
        code=code,
        every=tuple(_row(row, subject_id, numbers) for row in shown),
        marks=marks,
        later=len(later),
        later_month=min(Month.of(later[0].day), month.running) if later else None,
    )


def _marked(
    subject_id: int, rows: Sequence[Any]
) -> tuple[tuple[EventMark, ...], Mapping[ChartEvent, int]]:
    marks = event_marks([_on_chart(row, subject_id) for row in rows])
    return marks, {event: mark.number for mark in marks for event in mark.events}


def _on_chart(row: Any, subject_id: int) -> ChartEvent:
    name = "" if row.subject_id == subject_id else row.subject__name
    return ChartEvent(row.day, row.title, name, row.text)


def _row(row: Any, subject_id: int, numbers: Mapping[ChartEvent, int]) -> EventRow:
    return EventRow(
        pk=row.pk,
        day=row.day,
        title=row.title,
        text=row.text,
        kind=row.subject__kind,
        code=row.subject__code,
        name=row.subject__name,
        is_own=row.subject_id == subject_id,
        mark=numbers.get(_on_chart(row, subject_id), 0),
    )


def marks_of_all(subjects: Collection[int], kind: str, first: date) -> tuple[EventMark, ...]:
    """The marks on a chart of some subjects of one kind, from a day on, in one or two queries.

    Where several subjects are drawn, each event names its own.
    """
    own = next(iter(subjects)) if len(subjects) == 1 else 0
    rows = events_below(subjects, kind).filter(day__gte=first)
    return event_marks([_on_chart(row, own) for row in rows.values_list(*EVENT_FIELDS, named=True)])


def events_below(
    subjects: Collection[int], kind: str, portfolios: Collection[int] = ()
) -> QuerySet[Event, Event]:
    """The own events of subjects of one kind and those of everything below, the latest first."""
    events = Event.objects.order_by("-day", "-pk")
    match SubjectKind(kind):
        case SubjectKind.ORGANISATION:
            return events
        case SubjectKind.PORTFOLIO:
            tree = Portfolio.objects.order_by().values_list("pk", "parent_id")
            inside = portfolios or with_all_below(subjects, tree)
            return events.filter(
                Q(subject__in=inside)
                | Q(subject__in=Project.objects.filter(portfolio__in=inside).values("pk"))
            )
        case SubjectKind.SEGMENT:
            served = Engagement.objects.filter(segment__in=subjects).values("project")
            offered = Offer.objects.filter(segment__in=subjects).order_by().values("service")
            customers = Customer.objects.filter(segment__in=subjects).values("pk")
            return events.filter(
                Q(subject__in=subjects)
                | Q(subject__in=served)
                | Q(subject__in=offered)
                | Q(subject__in=customers)
            )
    return events.filter(subject__in=subjects)


def event_page(
    subject: Subject | None, number: str, *, per_page: int = EVENTS_PER_PAGE
) -> Page[EventRow]:
    """All events there are, or those of a subject and everything below it, the latest first."""
    events = (
        Event.objects.order_by("-day", "-pk")
        if subject is None
        else events_below([subject.pk], subject.kind)
    )
    page: Page[Any] = Paginator(events.values_list(*EVENT_FIELDS, named=True), per_page).get_page(
        number
    )
    own = subject.pk if subject is not None else 0
    page.object_list = [_row(row, own, {}) for row in page.object_list]
    return page
