"""How complete a metric's values are, month by month, and how late they came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards.figures.chart import Chart
from dashboards.figures.drawing import Drawing, bar
from dashboards.figures.theme import (
    ACCENT,
    LINE,
    MUTED,
    RANGE,
    SURFACE,
    day,
    hover,
    month_axis,
    new_figure,
)
from dashboards.presentation.months import month_label
from dashboards.presentation.numbers import grouped, listed, percent_text
from dashboards.presentation.tables import Column, DataTable
from projects.months import Month

BAR = 20 * 24 * 60 * 60 * 1000
"""Twenty days in milliseconds, as wide as a bar is."""


@dataclass(frozen=True)
class MonthArrivals:
    """What became of the values that were expected for the periods of a month."""

    month: Month
    in_time: int = 0
    late: int = 0
    undated: int = 0
    """Loaded with a workspace folder after they were due: when they were first known is unknown."""
    answered: int = 0
    """Said to have no value or not to apply, or waiting for approval."""
    not_due: int = 0
    missing: int = 0
    median_days: float | None = None
    """Between the due day and the entry, below 0 before it; of those whose day is known."""
    worst_days: int | None = None

    @property
    def given(self) -> int:
        return self.in_time + self.late + self.undated

    @property
    def expected(self) -> int:
        return self.given + self.answered + self.not_due + self.missing


@dataclass(frozen=True)
class Arrivals:
    """A metric's months, the oldest first."""

    metric: str
    months: Sequence[MonthArrivals]
    median_days: float | None = None
    worst_days: int | None = None

    def total(self, part: str) -> int:
        return sum(getattr(month, part) for month in self.months)


def days_text(days: float | None) -> str:
    """`3 days after the due day`."""
    if days is None:
        return _("unknown")
    if not days:
        return _("on the due day")
    number = grouped(abs(days), 0 if float(days).is_integer() else 1)
    far = ngettext("%(number)s day", "%(number)s days", 1 if abs(days) == 1 else 2)
    told = far % {"number": number}
    after = _("%(days)s after the due day") if days > 0 else _("%(days)s before the due day")
    return after % {"days": told}


def _parts() -> tuple[tuple[str, str, dict[str, object]], ...]:
    """From the bottom of a bar to its top; what is missing is hollow."""
    outline = {"color": MUTED, "width": 1.2}
    return (
        ("in_time", _("In time"), {"color": ACCENT}),
        (
            "late",
            _("Late"),
            {
                "color": ACCENT,
                "pattern": {"bgcolor": SURFACE, "fgcolor": ACCENT, "shape": "/", "solidity": 0.5},
                "line": {"color": ACCENT, "width": 1.2},
            },
        ),
        (
            "undated",
            _("Loaded, day unknown"),
            {"color": RANGE, "line": {"color": ACCENT, "width": 1}},
        ),
        ("answered", _("Answered without a value"), {"color": LINE}),
        (
            "not_due",
            _("Not due yet"),
            {
                "color": SURFACE,
                "pattern": {"bgcolor": SURFACE, "fgcolor": MUTED, "shape": ".", "solidity": 0.2},
                "line": outline,
            },
        ),
        ("missing", _("Missing"), {"color": SURFACE, "line": outline}),
    )


def arrivals_chart(arrivals: Arrivals, *, slug: str = "arrivals", title: str = "") -> Chart:
    return Chart(
        slug=slug,
        title=title or _("Expected values, by month"),
        summary=arrivals_summary(arrivals),
        drawing=arrivals_bars(arrivals),
        table=arrivals_table(arrivals),
        size="short",
    )


def arrivals_bars(arrivals: Arrivals) -> Drawing:
    """One bar a month, as high as values were expected."""
    figure = new_figure(barmode="stack", legend={"traceorder": "normal"})
    months = [month for month in arrivals.months if month.expected]
    for part, name, marker in _parts():
        if not arrivals.total(part):
            continue
        counts = [getattr(month, part) for month in months]
        figure.add(
            bar(
                x=[day(month.month) for month in months],
                y=counts,
                width=BAR,
                name=name,
                marker=marker,
                hovertext=[
                    hover(
                        month_label(month.month),
                        f"{name}: {grouped(count)} / {grouped(month.expected)}",
                    )
                    for month, count in zip(months, counts, strict=True)
                ],
                hoverinfo="text",
            )
        )
    month_axis(figure, [month.month for month in arrivals.months])
    if arrivals.months:
        first, last = arrivals.months[0].month, arrivals.months[-1].month
        # All months have their place, also where a year's one bar stands alone.
        figure.change_x(range=[day(first.plus(-1)), day(last.plus(1))])
    figure.change_y(title={"text": _("Values")}, rangemode="tozero", tickformat=",~d", nticks=6)
    return figure


def arrivals_summary(arrivals: Arrivals) -> str:
    expected = arrivals.total("expected")
    if not expected:
        return _("%(metric)s: no value was expected in these months.") % {"metric": arrivals.metric}
    given = arrivals.total("given")
    words = [
        _("Of %(expected)s expected values %(given)s have come (%(rate)s)")
        % {
            "expected": grouped(expected),
            "given": grouped(given),
            "rate": percent_text(given / expected),
        }
    ]
    told = (
        ("late", _("%(number)s of them late")),
        ("undated", _("%(number)s of them loaded later, when they were first known is unknown")),
        ("missing", _("%(number)s are missing")),
        ("answered", _("%(number)s are answered without a value")),
        ("not_due", _("%(number)s are not due yet")),
    )
    words += [
        sentence % {"number": grouped(arrivals.total(part))}
        for part, sentence in told
        if arrivals.total(part)
    ]
    return f"{listed(words)}."


def arrivals_table(arrivals: Arrivals) -> DataTable:
    parts = [part for part in _parts() if arrivals.total(part[0])]
    return DataTable(
        columns=(
            Column(_("Month"), month_label),
            Column(_("Expected"), grouped, is_number=True),
            *(Column(name, grouped, is_number=True) for _part, name, _marker in parts),
            Column(_("Median entry"), days_text),
            Column(_("Worst entry"), days_text),
        ),
        rows=[
            (
                month.month,
                month.expected,
                *(getattr(month, part) for part, _name, _marker in parts),
                month.median_days,
                month.worst_days,
            )
            for month in arrivals.months
        ],
    )
