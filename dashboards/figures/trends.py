"""Lines over months: a score, the four categories, a metric's values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import zip_longest

from django.utils.translation import gettext, ngettext

from dashboards.figures.chart import Chart
from dashboards.figures.drawing import Drawing, Trace, scatter
from dashboards.figures.events import (
    EventMark,
    Place,
    draw_events,
    events_column,
    events_words,
    marks_between,
    months_as_places,
    with_events,
)
from dashboards.figures.theme import (
    ACCENT,
    CATEGORY_COLOURS,
    RANGE,
    SERIES_COLOURS,
    SERIES_DASHES,
    SERIES_SYMBOLS,
    SURFACE,
    UNFINISHED_DASH,
    day,
    hover,
    month_axis,
    new_figure,
    score_axis,
    text,
)
from dashboards.presentation.bands import BandLimits, style_of
from dashboards.presentation.counts import PERIODS, count_text
from dashboards.presentation.months import month_label
from dashboards.presentation.numbers import (
    change_text,
    percent_text,
    score_text,
    value_text,
)
from dashboards.presentation.tables import Column, DataTable
from metrics.choices import Band, Category
from projects.months import Month

# From here on marks are drawn smaller, or they would hide the line.
MANY_POINTS = 18


@dataclass(frozen=True)
class TrendPoint:
    """A score in one month, or that there is none."""

    month: Month
    score: float | None
    band: Band | None = None
    low: float | None = None
    high: float | None = None
    coverage: float | None = None


@dataclass(frozen=True)
class ScoreTrend:
    """One subject's score, oldest month first; `unfinished` is the running month, if any."""

    name: str
    points: Sequence[TrendPoint]
    limits: BandLimits | None = None
    unfinished: Month | None = None
    events: Sequence[EventMark] = ()

    @property
    def marks(self) -> list[EventMark]:
        """The events of its own months."""
        return _marks_in(self.events, [point.month for point in self.points])


@dataclass(frozen=True)
class CategoryTrends:
    """The four category scores of one subject, each oldest month first."""

    name: str
    categories: Sequence[tuple[Category, Sequence[TrendPoint]]]
    limits: BandLimits | None = None
    unfinished: Month | None = None
    events: Sequence[EventMark] = ()

    @property
    def marks(self) -> list[EventMark]:
        """The events of its own months."""
        return _marks_in(self.events, _months(self))


@dataclass(frozen=True)
class ValuePoint:
    """A metric's value in one period; `starts_on` places it, `period` names it."""

    period: str
    starts_on: date
    value: float | None
    is_unfinished: bool = False
    ends_on: date | None = None
    """Its last day, where a period is longer than a month."""


@dataclass(frozen=True)
class SubjectValues:
    name: str
    points: Sequence[ValuePoint]


@dataclass(frozen=True)
class ValueSeries:
    """A metric's values for one subject or a few, oldest period first."""

    metric: str
    subjects: Sequence[SubjectValues]
    unit: str = ""
    decimals: int = 0
    events: Sequence[EventMark] = ()

    @property
    def starts(self) -> list[date]:
        """The days on which any of its periods begins, the first one first."""
        return sorted({point.starts_on for row in self.subjects for point in row.points})

    @property
    def last_month(self) -> Month:
        """The month in which the last of its periods ends."""
        points = [point for row in self.subjects for point in row.points]
        return Month.of(max(point.ends_on or point.starts_on for point in points))

    @property
    def marks(self) -> list[EventMark]:
        """The events of its own time, to the end of the last period."""
        starts = self.starts
        if not starts:
            return []
        return [
            mark
            for mark in marks_between(self.events, Month.of(starts[0]), self.last_month)
            if mark.events[0].day >= starts[0]
        ]


def score_trend_chart(trend: ScoreTrend, *, slug: str = "score-trend", title: str = "") -> Chart:
    return Chart(
        slug=slug,
        title=title or gettext("%(trend)s by month") % {"trend": trend.name},
        summary=with_events(score_trend_summary(trend), trend.marks),
        drawing=score_trend(trend),
        table=events_column(
            score_trend_table(trend),
            trend.marks,
            months_as_places([point.month for point in trend.points]),
        ),
        told_beside=events_words(trend.marks),
    )


def score_trend(trend: ScoreTrend) -> Drawing:
    """The score with its possible range behind it; unknown months are gaps."""
    figure = new_figure(showlegend=False)
    figure.add(_possible_range(trend.points))
    finished, running = _cut(trend.points, trend.unfinished)
    if running:
        figure.add(
            scatter(
                x=[day(point.month) for point in running],
                y=[point.score for point in running],
                mode="lines",
                line={"color": ACCENT, "dash": UNFINISHED_DASH, "width": 2},
                hoverinfo="skip",
                name=gettext("Unfinished month"),
            )
        )
    figure.add(
        scatter(
            x=[day(point.month) for point in finished],
            y=[point.score for point in finished],
            mode="lines",
            line={"color": ACCENT, "width": 2},
            connectgaps=False,
            hoverinfo="skip",
            name=text(trend.name),
        )
    )
    figure.add(_band_marks(trend))
    score_axis(figure, trend.limits)
    month_axis(figure, [point.month for point in trend.points])
    draw_events(figure, trend.marks)
    return figure


def score_trend_summary(trend: ScoreTrend) -> str:
    known = [point for point in trend.points if point.score is not None]
    if not known:
        none = ngettext(
            "%(name)s has no score in %(number)s month.",
            "%(name)s has no score in %(number)s months.",
            len(trend.points),
        )
        return none % {"name": trend.name, "number": len(trend.points)}
    first, last = known[0], known[-1]
    told = gettext("%(name)s: %(score)s in %(month)s")
    if last.month == trend.unfinished:
        told = gettext("%(name)s: %(score)s in %(month)s, a month still unfinished")
    words = [
        told % {"name": trend.name, "score": _score_words(last), "month": month_label(last.month)}
    ]
    if len(known) > 1:
        lowest = min(known, key=lambda point: point.score or 0)
        highest = max(known, key=lambda point: point.score or 0)
        words.append(
            gettext("%(change)s since %(month)s")
            % {"change": _moved(first, last), "month": month_label(first.month)}
        )
        words.append(
            gettext("between %(lowest)s (%(lowest_month)s) and %(highest)s (%(highest_month)s)")
            % {
                "lowest": score_text(lowest.score),
                "lowest_month": month_label(lowest.month),
                "highest": score_text(highest.score),
                "highest_month": month_label(highest.month),
            }
        )
    gaps = len(trend.points) - len(known)
    if gaps:
        without = ngettext(
            "without a score in %(number)s month", "without a score in %(number)s months", gaps
        )
        words.append(without % {"number": gaps})
    return f"{'; '.join(words)}."


def score_trend_table(trend: ScoreTrend) -> DataTable:
    return DataTable(
        columns=(
            Column(gettext("Month"), month_label),
            Column(gettext("Score"), score_text, is_number=True),
            Column(gettext("Band")),
            Column(gettext("Possible from"), score_text, is_number=True),
            Column(gettext("Possible to"), score_text, is_number=True),
            Column(gettext("Coverage"), percent_text, is_number=True),
        ),
        rows=[
            (
                point.month,
                point.score,
                style_of(point.band).word,
                point.low,
                point.high,
                point.coverage,
            )
            for point in trend.points
        ],
    )


def _marks_in(events: Sequence[EventMark], months: Sequence[Month]) -> list[EventMark]:
    return marks_between(events, min(months, default=None), max(months, default=None))


def _possible_range(points: Sequence[TrendPoint]) -> Trace:
    """One closed shape for each stretch of months with a range."""
    xs: list[str | None] = []
    ys: list[float | None] = []
    for stretch in _stretches(points):
        there = [day(point.month) for point in stretch]
        xs += [*there, *reversed(there), None]
        ys += [
            *(point.high for point in stretch),
            *(point.low for point in reversed(stretch)),
            None,
        ]
    return scatter(
        x=xs,
        y=ys,
        mode="lines",
        fill="toself",
        fillcolor=RANGE,
        opacity=0.6,  # the grid and the bands' limits stay readable behind a wide one
        # A stretch of one month has no area; its outline still shows it.
        line={"color": RANGE, "width": 2},
        hoverinfo="skip",
        name=gettext("Possible range"),
    )


def _stretches(points: Sequence[TrendPoint]) -> list[list[TrendPoint]]:
    found: list[list[TrendPoint]] = [[]]
    for point in points:
        if point.low is None or point.high is None:
            found.append([])
        else:
            found[-1].append(point)
    return [stretch for stretch in found if stretch]


def _band_marks(trend: ScoreTrend) -> Trace:
    known = [point for point in trend.points if point.score is not None]
    styles = [style_of(point.band) for point in known]
    colours = [f"var(--{style.colour})" for style in styles]
    hollow = [point.month == trend.unfinished for point in known]
    size = 7 if len(known) <= MANY_POINTS else 5
    return scatter(
        x=[day(point.month) for point in known],
        y=[point.score for point in known],
        mode="markers",
        marker={
            "color": [
                SURFACE if is_hollow else colour
                for is_hollow, colour in zip(hollow, colours, strict=True)
            ],
            "line": {"color": colours, "width": 2},
            "size": [8 if is_hollow else size for is_hollow in hollow],
            "symbol": [style.symbol for style in styles],
        },
        hovertext=[
            hover(
                month_label(point.month),
                _score_words(point),
                _evidence_words(point),
                gettext("unfinished month") if is_hollow else "",
            )
            for point, is_hollow in zip(known, hollow, strict=True)
        ],
        hoverinfo="text",
        name=gettext("Band"),
    )


def _cut(
    points: Sequence[TrendPoint], unfinished: Month | None
) -> tuple[Sequence[TrendPoint], Sequence[TrendPoint]]:
    """The finished months, and the step from the last of them into the unfinished one."""
    for place, point in enumerate(points):
        if point.month == unfinished:
            return points[:place], points[max(place - 1, 0) : place + 1]
    return points, ()


def _score_words(point: TrendPoint) -> str:
    return f"{score_text(point.score)} ({style_of(point.band).word})"


def _evidence_words(point: TrendPoint) -> str:
    words = (
        []
        if point.coverage is None
        else [gettext("%(coverage)s known") % {"coverage": percent_text(point.coverage)}]
    )
    if point.low is not None and point.high is not None:
        words.append(
            gettext("possible %(low)s to %(high)s")
            % {"low": score_text(point.low), "high": score_text(point.high)}
        )
    return ", ".join(words)


def _moved(first: TrendPoint, last: TrendPoint) -> str:
    change = (last.score or 0) - (first.score or 0)
    told = change_text(change)
    return (
        gettext("unchanged")
        if told == change_text(0)
        else gettext("%(told)s points") % {"told": told}
    )


def category_trends_chart(
    trends: CategoryTrends, *, slug: str = "category-trends", title: str = ""
) -> Chart:
    return Chart(
        slug=slug,
        title=title or gettext("Categories of %(trends)s by month") % {"trends": trends.name},
        summary=with_events(category_trends_summary(trends), trends.marks),
        drawing=category_trends(trends),
        table=events_column(
            category_trends_table(trends), trends.marks, months_as_places(_months(trends))
        ),
        told_beside=events_words(trends.marks),
    )


def category_trends(trends: CategoryTrends) -> Drawing:
    """Four lines that differ in colour, dash and mark."""
    figure = new_figure(hovermode="x unified")
    for place, (category, points) in enumerate(trends.categories):
        figure.add(*_category_lines(trends, category, points, place))
    score_axis(figure, trends.limits)
    month_axis(figure, _months(trends))
    draw_events(figure, trends.marks)
    return figure


def category_trends_summary(trends: CategoryTrends) -> str:
    words = []
    for category, points in trends.categories:
        known = [point for point in points if point.score is not None]
        if not known:
            words.append(gettext("%(category)s unknown") % {"category": category.label})
            continue
        last = known[-1]
        told = "%(category)s %(score)s"
        if last is not points[-1]:
            told = gettext("%(category)s %(score)s in %(month)s")
        said = told % {
            "category": category.label,
            "score": _score_words(last),
            "month": month_label(last.month),
        }
        words.append(f"{said}, {_moved(known[0], last)}" if len(known) > 1 else said)
    months = _months(trends)
    if not months:
        return gettext("%(trends)s has no category scores.") % {"trends": trends.name}
    span = month_label(months[0])
    if len(months) > 1:
        span = gettext("%(first)s to %(last)s") % {
            "first": span,
            "last": month_label(months[-1]),
        }
    return f"{trends.name}, {span}: {'; '.join(words)}."


def category_trends_table(trends: CategoryTrends) -> DataTable:
    scores = {
        category: {point.month: point.score for point in points}
        for category, points in trends.categories
    }
    return DataTable(
        columns=(
            Column(gettext("Month"), month_label),
            *(
                Column(str(category.label), score_text, is_number=True)
                for category, _ in trends.categories
            ),
        ),
        rows=[
            (month, *(scores[category].get(month) for category, _ in trends.categories))
            for month in _months(trends)
        ],
    )


def _category_lines(
    trends: CategoryTrends, category: Category, points: Sequence[TrendPoint], place: int
) -> list[Trace]:
    colour = CATEGORY_COLOURS[category]
    finished, running = _cut(points, trends.unfinished)
    line = scatter(
        x=[day(point.month) for point in finished],
        y=[point.score for point in finished],
        mode="lines+markers",
        line={"color": colour, "dash": SERIES_DASHES[place], "width": 2},
        marker={"color": colour, "size": 6, "symbol": SERIES_SYMBOLS[place]},
        connectgaps=False,
        name=str(category.label),
        hovertemplate="%{y:.1f}",
    )
    if not running:
        return [line]
    last = running[-1]
    return [
        line,
        scatter(
            x=[day(point.month) for point in running],
            y=[point.score for point in running],
            mode="lines",
            line={"color": colour, "dash": UNFINISHED_DASH, "width": 1.5},
            hoverinfo="skip",
            showlegend=False,
            name=gettext("%(category)s, unfinished") % {"category": category.label},
        ),
        scatter(
            x=[day(last.month)],
            y=[last.score],
            mode="markers",
            marker={
                "color": SURFACE,
                "line": {"color": colour, "width": 2},
                "size": 7,
                "symbol": SERIES_SYMBOLS[place],
            },
            showlegend=False,
            name=gettext("%(category)s (unfinished)") % {"category": category.label},
            hovertemplate="%{y:.1f}",
        ),
    ]


def _months(trends: CategoryTrends) -> list[Month]:
    return sorted({point.month for _, points in trends.categories for point in points})


def value_series_chart(series: ValueSeries, *, slug: str = "values", title: str = "") -> Chart:
    return Chart(
        slug=slug,
        title=title or series.metric,
        summary=with_events(value_series_summary(series), series.marks),
        drawing=value_series(series),
        table=events_column(value_series_table(series), series.marks, _places(series)),
    )


def value_series(series: ValueSeries) -> Drawing:
    """Values as they were measured; a period without one is a gap, an unfinished one is hollow."""
    figure = new_figure(showlegend=len(series.subjects) > 1)
    for place, subject in enumerate(series.subjects):
        kind = place % len(SERIES_COLOURS)
        colour = SERIES_COLOURS[kind]
        # Past the last colour, the same colour comes with another dash and mark.
        look = (place + place // len(SERIES_COLOURS)) % len(SERIES_DASHES)
        figure.add(
            scatter(
                x=[point.starts_on.isoformat() for point in subject.points],
                y=[point.value for point in subject.points],
                mode="lines+markers",
                connectgaps=False,
                line={"color": colour, "dash": SERIES_DASHES[look], "width": 2},
                marker={
                    "color": [
                        SURFACE if point.is_unfinished else colour for point in subject.points
                    ],
                    "line": {"color": colour, "width": 2},
                    "size": 6,
                    "symbol": SERIES_SYMBOLS[look],
                },
                name=text(subject.name),
                hovertext=[
                    hover(
                        point.period,
                        f"{subject.name}: {value_text(point.value, series.unit, series.decimals)}",
                        gettext("unfinished period") if point.is_unfinished else "",
                    )
                    for point in subject.points
                ],
                hoverinfo="text",
            )
        )
    figure.change_y(
        title={"text": text(series.unit)},
        tickformat=f",.{series.decimals}~f",
        rangemode="normal" if _is_far_from_zero(series) else "tozero",
    )
    figure.change_x(type="date", tickformat="%b\n%Y", nticks=8)
    draw_events(figure, series.marks, on_their_day=True)
    return figure


def value_series_summary(series: ValueSeries) -> str:
    parts = [_subject_words(series, subject) for subject in series.subjects]
    if not parts:
        return gettext("%(metric)s has no values.") % {"metric": series.metric}
    return f"{series.metric}. {' '.join(parts)}"


def value_series_table(series: ValueSeries) -> DataTable:
    def written(value: float) -> str:
        return value_text(value, series.unit, series.decimals)

    return DataTable(
        columns=(
            Column(gettext("Subject")),
            Column(gettext("Period")),
            Column(gettext("Value"), written, is_number=True, unit=series.unit),
        ),
        rows=[
            (subject.name, point.period, point.value)
            for subject in series.subjects
            for point in subject.points
        ],
    )


def _places(series: ValueSeries) -> list[Place]:
    """The time of each row of the table: up to the next period of any of the subjects."""
    ends = [start - timedelta(days=1) for start in series.starts[1:]]
    until = dict(zip_longest(series.starts, ends, fillvalue=date.max))
    return [
        (point.starts_on, until[point.starts_on])
        for subject in series.subjects
        for point in subject.points
    ]


def _subject_words(series: ValueSeries, subject: SubjectValues) -> str:
    known = [point for point in subject.points if point.value is not None]
    if not known:
        return gettext("%(subject)s: no value in %(periods)s.") % {
            "subject": subject.name,
            "periods": count_text(len(subject.points), PERIODS),
        }
    first, last = known[0], known[-1]
    told = gettext("%(subject)s: %(value)s in %(period)s")
    if len(known) > 1:
        told = gettext("%(subject)s: %(value)s in %(period)s, from %(first)s in %(first_period)s")
    words = told % {
        "subject": subject.name,
        "value": value_text(last.value, series.unit, series.decimals),
        "period": last.period,
        "first": value_text(first.value, series.unit, series.decimals),
        "first_period": first.period,
    }
    gaps = len(subject.points) - len(known)
    if not gaps:
        return f"{words}."
    return gettext("%(words)s; %(periods)s without a value.") % {
        "words": words,
        "periods": count_text(gaps, PERIODS),
    }


def _is_far_from_zero(series: ValueSeries) -> bool:
    """Whether an axis down to zero would press the values into a thin line."""
    values = [
        point.value
        for subject in series.subjects
        for point in subject.points
        if point.value is not None
    ]
    return bool(values) and min(values) > 0 and min(values) > 0.75 * max(values)
