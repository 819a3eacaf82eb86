"""Events on charts over time: what happened, marked where it happened, and told beside the values.

A mark stands for the events of one month, or of a few where there would be too many marks; it has a
number, which the list of events beside the chart gives too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from textwrap import wrap
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from dashboards.figures.drawing import Drawing
from dashboards.figures.theme import INK, LINE, MUTED, SURFACE, day, hover
from dashboards.presentation.counts import EVENTS, count_text
from dashboards.presentation.months import day_label, month_label, whole_day
from dashboards.presentation.tables import Column, DataTable
from projects.months import MONTHS_PER_YEAR, Month

MOST_MARKS = 16
SPANS = (1, 3, MONTHS_PER_YEAR)
"""How many months one mark may stand for."""

TOLD_IN_HOVER = 5
TOLD_IN_SUMMARY = 3
HOVER_WIDTH = 56
HOVER_LINES = 3

PLOT_HEIGHT = 0.89
"""The part of the height that is left for the lines where marks stand above them."""

MARK = "event"
"""The name of a mark among a figure's annotations; the script that draws it knows it."""

TIMES = "\N{MULTIPLICATION SIGN}"
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class ChartEvent:
    """Something that happened to a subject; `subject` is empty where it is the chart's own."""

    day: date
    title: str
    subject: str = ""
    text: str = ""

    @property
    def month(self) -> Month:
        return Month.of(self.day)


@dataclass(frozen=True)
class EventMark:
    """The events that stand together on a chart, oldest first."""

    number: int
    events: tuple[ChartEvent, ...]

    @property
    def month(self) -> Month:
        return self.events[0].month

    @property
    def label(self) -> str:
        """Its number; where several events stand together, their count too."""
        many = len(self.events)
        return str(self.number) if many == 1 else f"{self.number}{NO_BREAK_SPACE}{TIMES}{many}"


def event_marks(events: Sequence[ChartEvent]) -> tuple[EventMark, ...]:
    """The marks of some events in any order, numbered from the oldest on."""
    ordered = sorted(events, key=lambda event: event.day)
    for months in SPANS:
        groups: dict[int, list[ChartEvent]] = {}
        for event in ordered:
            groups.setdefault(event.month // months, []).append(event)
        if len(groups) <= MOST_MARKS:
            break
    return tuple(
        EventMark(number, tuple(group)) for number, group in enumerate(groups.values(), start=1)
    )


def marks_between(
    marks: Sequence[EventMark], first: Month | None, last: Month | None
) -> list[EventMark]:
    """Those that a chart from one month to another has a place for."""
    if first is None or last is None:
        return []
    return [mark for mark in marks if first <= mark.month <= last]


Place = tuple[date, date]
"""The first day and the last of what a row of a table stands for."""


def draw_events(figure: Drawing, marks: Sequence[EventMark], *, on_their_day: bool = False) -> None:
    """A thin dotted line down from each mark; the marks stand in a row above the plot.

    A month's score stands at its first day, and so does the mark; values of days and weeks have
    their events on the day.
    """
    if not marks:
        return
    figure.change_y(domain=[0, PLOT_HEIGHT])
    for mark in marks:
        place = mark.events[0].day.isoformat() if on_their_day else day(mark.month)
        figure.shape(
            type="line",
            name=MARK,
            x0=place,
            x1=place,
            xref="x",
            y0=0,
            y1=PLOT_HEIGHT,
            yref="paper",
            line={"color": LINE, "dash": "dot", "width": 1},
        )
        figure.note(**_badge(mark, place))


def _badge(mark: EventMark, place: str) -> dict[str, Any]:
    return {
        "name": MARK,
        "x": place,
        "xref": "x",
        "y": PLOT_HEIGHT,
        "yref": "paper",
        "yanchor": "bottom",
        "yshift": 2,
        "showarrow": False,
        "text": mark.label,
        "font": {"color": INK, "size": 10},
        "bgcolor": SURFACE,
        "bordercolor": MUTED,
        "borderpad": 2,
        "borderwidth": 1,
        "hovertext": _hover(mark),
        "hoverlabel": {"bgcolor": SURFACE, "bordercolor": LINE, "font": {"color": INK, "size": 12}},
    }


def _hover(mark: EventMark) -> str:
    if len(mark.events) == 1:
        event = mark.events[0]
        return hover(event.title, _when_and_where(event), *_shortened(event.text))
    told = [
        f"{day_text(event.day)}: {event.title}" + (f", {event.subject}" if event.subject else "")
        for event in mark.events[:TOLD_IN_HOVER]
    ]
    more = len(mark.events) - len(told)
    return hover(
        f"{count_text(len(mark.events), EVENTS)}, {_months_of(mark)}",
        *told,
        pgettext("events under those named", "and %(number)s more") % {"number": more}
        if more
        else "",
    )


def _when_and_where(event: ChartEvent) -> str:
    when = whole_day(event.day)
    return f"{when}, {event.subject}" if event.subject else when


def _months_of(mark: EventMark) -> str:
    first, last = mark.events[0].month, mark.events[-1].month
    return (
        month_label(first)
        if first == last
        else _("%(first)s to %(last)s") % {"first": month_label(first), "last": month_label(last)}
    )


def _shortened(words: str) -> list[str]:
    """As many lines as can be read while pointing."""
    lines = wrap(words, HOVER_WIDTH)
    if len(lines) > HOVER_LINES:
        lines = [*lines[: HOVER_LINES - 1], f"{lines[HOVER_LINES - 1]} …"]
    return lines


def day_text(there: date) -> str:
    """`4 Mar`, where the year is told beside it."""
    return day_label(there)


def with_events(summary: str, marks: Sequence[EventMark]) -> str:
    """The summary of a chart, with what happened meanwhile."""
    return f"{summary} {events_words(marks)}" if marks else summary


def events_words(marks: Sequence[EventMark]) -> str:
    if not marks:
        return ""
    told = [_mark_words(mark) for mark in marks[-TOLD_IN_SUMMARY:]]
    if earlier := sum(len(mark.events) for mark in marks[:-TOLD_IN_SUMMARY]):
        others = ngettext(
            "%(number)s earlier one in the data table",
            "%(number)s earlier ones in the data table",
            earlier,
        )
        told.insert(0, others % {"number": earlier})
    return _("Events: %(told)s.") % {"told": "; ".join(told)}


def _mark_words(mark: EventMark) -> str:
    """`(2) Merger, 4 Mar 2026`, `(3) Merger and 2 more, Mar 2026`."""
    first, more = mark.events[0], len(mark.events) - 1
    if not more:
        return f"({mark.number}) {first.title}, {_when_and_where(first)}"
    return _("(%(mark)s) %(title)s and %(number)s more, %(months)s") % {
        "mark": mark.number,
        "title": first.title,
        "number": more,
        "months": _months_of(mark),
    }


def events_column(
    table: DataTable, marks: Sequence[EventMark], places: Sequence[Place]
) -> DataTable:
    """A chart's data with what happened in the time that each row stands for."""
    if not marks:
        return table
    events = [event for mark in marks for event in mark.events]
    return DataTable(
        columns=(*table.columns, Column(_("Events"))),
        rows=[(*row, _told(events, *place)) for row, place in zip(table.rows, places, strict=True)],
    )


def months_as_places(months: Sequence[Month]) -> list[Place]:
    """Each row's month, with those after it that have no row of their own."""
    ends = [*(month.plus(-1).last_day for month in months[1:]), *(m.last_day for m in months[-1:])]
    return [(month.first_day, end) for month, end in zip(months, ends, strict=True)]


def _told(events: Sequence[ChartEvent], first: date, last: date) -> str:
    return "; ".join(
        f"{event.day.isoformat()} {event.title}" + (f" ({event.subject})" if event.subject else "")
        for event in events
        if first <= event.day <= last
    )
