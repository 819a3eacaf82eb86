"""Many projects at once: what they are worth for what they cost, and how their bands move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, floor, log10

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards.figures.chart import Chart
from dashboards.figures.drawing import Drawing, Trace, bar, scatter
from dashboards.figures.events import (
    EventMark,
    draw_events,
    events_column,
    events_words,
    marks_between,
    months_as_places,
    with_events,
)
from dashboards.figures.theme import (
    SURFACE,
    day,
    hover,
    month_axis,
    new_figure,
    score_axis,
    text,
)
from dashboards.presentation.bands import FROM_GOOD_TO_UNKNOWN, BandLimits, style_of
from dashboards.presentation.counts import CUSTOMERS, count_text
from dashboards.presentation.money import money_short, money_text
from dashboards.presentation.months import month_label
from dashboards.presentation.numbers import grouped, listed, score_text
from dashboards.presentation.tables import Column, DataTable
from metrics.choices import Band
from projects.months import Month

# Budgets further apart than this are drawn on a logarithmic axis.
FAR_APART = 40

FEW = 6
"""Up to so many subjects an axis labels every number."""

LARGEST_BUBBLE = 46
NEXT_TO_NOTHING = 1e-6
SMALLEST_BUBBLE = 8


@dataclass(frozen=True)
class Bubble:
    """One project; what is unknown is None and is told, not drawn at 0."""

    name: str
    budget: Decimal | float | None
    score: float | None
    band: Band | None
    customers: int | None = None
    url: str = ""

    @property
    def has_place(self) -> bool:
        return self.score is not None and self.budget is not None and self.budget > 0


@dataclass(frozen=True)
class ValueAgainstCost:
    """Projects whose budgets are in one currency: amounts are never compared across two."""

    currency: str
    bubbles: Sequence[Bubble]
    limits: BandLimits | None = None


@dataclass(frozen=True)
class BandCounts:
    """How many subjects are in each band in one month."""

    month: Month
    counts: Mapping[Band, int]
    is_unfinished: bool = False


@dataclass(frozen=True)
class BandDistribution:
    """Oldest month first; `noun` is what is counted: "projects"."""

    months: Sequence[BandCounts]
    noun: str = "projects"
    events: Sequence[EventMark] = ()

    @property
    def marks(self) -> list[EventMark]:
        """The events of its own months."""
        if not self.months:
            return []
        return marks_between(self.events, self.months[0].month, self.months[-1].month)


def value_cost_bubbles_chart(
    projects: ValueAgainstCost, *, slug: str = "value-against-cost", title: str = ""
) -> Chart:
    return Chart(
        slug=slug,
        title=title or _("Value creation against budget"),
        summary=value_cost_bubbles_summary(projects),
        drawing=value_cost_bubbles(projects),
        table=value_cost_bubbles_table(projects),
        size="tall",
    )


def value_cost_bubbles(projects: ValueAgainstCost) -> Drawing:
    """Budget across, value creation up, area for the customers reached, mark for the band."""
    figure = new_figure()
    most = max((bubble.customers or 0 for bubble in projects.bubbles), default=0)
    for band in FROM_GOOD_TO_UNKNOWN:
        there = [bubble for bubble in projects.bubbles if bubble.has_place and bubble.band == band]
        if there:
            figure.add(_bubbles(band, there, most=most, currency=projects.currency))
    budgets = [float(b.budget or 0) for b in projects.bubbles if b.has_place]
    apart = bool(budgets) and max(budgets) > FAR_APART * min(budgets)
    figure.change_x(
        showgrid=True,
        title={
            "text": text(
                _("Budget (%(currency)s)") % {"currency": projects.currency}
                if projects.currency
                else _("Budget")
            )
        },
        **_money_ticks(budgets, currency=projects.currency, logarithmic=apart),
    )
    score_axis(figure, projects.limits)
    figure.change_y(title={"text": _("Value creation score")}, range=[-6, 106])
    figure.change(legend={"itemsizing": "constant"})
    return figure


def value_cost_bubbles_summary(projects: ValueAgainstCost) -> str:
    drawn = [bubble for bubble in projects.bubbles if bubble.has_place]
    left_out = len(projects.bubbles) - len(drawn)
    words = _drawn_words(projects, drawn)
    if left_out:
        missing = ngettext(
            "%(number)s project can't be placed: budget or score is unknown.",
            "%(number)s projects can't be placed: budget or score is unknown.",
            left_out,
        )
        words.append(missing % {"number": grouped(left_out)})
    return " ".join(words)


def _drawn_words(projects: ValueAgainstCost, drawn: Sequence[Bubble]) -> list[str]:
    if not drawn:
        return [_("No project has both a budget and a value creation score.")]
    costly = sorted(drawn, key=lambda bubble: -(bubble.budget or 0))
    number = ngettext(
        "%(number)s project with a budget in %(currency)s.",
        "%(number)s projects with a budget in %(currency)s.",
        len(drawn),
    )
    words = [
        number
        % {"number": grouped(len(drawn)), "currency": projects.currency or _("one currency")},
        _("The largest, %(project)s (%(budget)s), scores %(score)s for value creation.")
        % {
            "project": costly[0].name,
            "budget": money_short(costly[0].budget, projects.currency),
            "score": score_text(costly[0].score),
        },
    ]
    weak = [bubble for bubble in costly[: max(len(costly) // 4, 1)] if bubble.band == Band.RED]
    if weak:
        names = listed([bubble.name for bubble in weak[:4]])
        words.append(_("Among the costliest quarter, red: %(projects)s.") % {"projects": names})
    return words


def value_cost_bubbles_table(projects: ValueAgainstCost) -> DataTable:
    def amount(value: Decimal | float) -> str:
        return money_text(value, projects.currency)

    return DataTable(
        columns=(
            Column(_("Project")),
            Column(_("Budget"), amount, is_number=True, currency=projects.currency),
            Column(_("Value creation"), score_text, is_number=True),
            Column(_("Band")),
            Column(_("Customers reached"), grouped, is_number=True),
        ),
        rows=[
            (bubble.name, bubble.budget, bubble.score, style_of(bubble.band).word, bubble.customers)
            for bubble in projects.bubbles
        ],
    )


def band_distribution_chart(
    distribution: BandDistribution, *, slug: str = "band-distribution", title: str = ""
) -> Chart:
    return Chart(
        slug=slug,
        title=title or _("Bands of %(noun)s by month") % {"noun": distribution.noun},
        summary=with_events(band_distribution_summary(distribution), distribution.marks),
        drawing=band_distribution(distribution),
        table=events_column(
            band_distribution_table(distribution),
            distribution.marks,
            months_as_places([counts.month for counts in distribution.months]),
        ),
        told_beside=events_words(distribution.marks),
    )


def band_distribution(distribution: BandDistribution) -> Drawing:
    """Columns of counts, red at the bottom where the eye compares best."""
    figure = new_figure(barmode="stack", bargap=0.28)
    months = [counts.month for counts in distribution.months]
    for band in reversed(FROM_GOOD_TO_UNKNOWN[:-1]):
        figure.add(_columns(distribution, band))
    figure.add(_columns(distribution, Band.INSUFFICIENT))
    figure.change(legend={"traceorder": "normal"})
    figure.change_y(title={"text": text(distribution.noun)}, rangemode="tozero", tickformat=",d")
    if max((sum(counts.counts.values()) for counts in distribution.months), default=0) <= FEW:
        # Plotly would write halves as whole numbers, each of them twice.
        figure.change_y(dtick=1)
    month_axis(figure, months)
    draw_events(figure, distribution.marks)
    return figure


def band_distribution_summary(distribution: BandDistribution) -> str:
    if not distribution.months:
        return _("No month with scored %(noun)s.") % {"noun": distribution.noun}
    first, last = distribution.months[0], distribution.months[-1]
    counts = listed(
        [
            f"{last.counts.get(band, 0)} {style_of(band).word.lower()}"
            for band in FROM_GOOD_TO_UNKNOWN
            if last.counts.get(band, 0) or band != Band.INSUFFICIENT
        ]
    )
    told = _("%(month)s: %(counts)s.")
    if last.is_unfinished:
        told = _("%(month)s: %(counts)s (month unfinished).")
    words = told % {"month": month_label(last.month), "counts": counts}
    if len(distribution.months) == 1:
        return words
    before = {"month": month_label(first.month), "number": first.counts.get(Band.RED, 0)}
    return f"{words} {_('Red in %(month)s: %(number)s.') % before}"


def band_distribution_table(distribution: BandDistribution) -> DataTable:
    return DataTable(
        columns=(
            Column(_("Month"), month_label),
            *(
                Column(style_of(band).word, grouped, is_number=True)
                for band in FROM_GOOD_TO_UNKNOWN
            ),
        ),
        rows=[
            (counts.month, *(counts.counts.get(band, 0) for band in FROM_GOOD_TO_UNKNOWN))
            for counts in distribution.months
        ],
    )


def _bubbles(band: Band, bubbles: Sequence[Bubble], *, most: int, currency: str) -> Trace:
    style = style_of(band)
    colour = f"var(--{style.colour})"
    return scatter(
        x=[float(bubble.budget or 0) for bubble in bubbles],
        y=[bubble.score for bubble in bubbles],
        mode="markers",
        marker={
            "color": colour,
            "line": {"color": SURFACE, "width": 1},
            "opacity": 0.78,
            # Plotly draws no mark of size 0, and a project with unknown customers has one.
            "size": [bubble.customers or NEXT_TO_NOTHING for bubble in bubbles],
            "sizemin": SMALLEST_BUBBLE,
            "sizemode": "area",
            "sizeref": 2 * max(most, 1) / LARGEST_BUBBLE**2,
            "symbol": style.symbol,
        },
        name=style.word,
        customdata=[[bubble.url] for bubble in bubbles],
        hovertext=[
            hover(
                bubble.name,
                _("value creation %(score)s (%(band)s)")
                % {"score": score_text(bubble.score), "band": style.word},
                _("budget %(amount)s") % {"amount": money_text(bubble.budget, currency)},
                _("customers unknown")
                if bubble.customers is None
                else _("%(customers)s reached")
                % {"customers": count_text(bubble.customers, CUSTOMERS)},
            )
            for bubble in bubbles
        ],
        hoverinfo="text",
    )


def _money_ticks(
    budgets: Sequence[float], *, currency: str, logarithmic: bool
) -> dict[str, object]:
    """Plotly writes 10B; people read £10bn."""
    if not budgets:
        return {}
    if not logarithmic:
        top = max(budgets)
        step = _round_step(top / 5)
        there = [step * place for place in range(int(top * 1.1 / step) + 1)]
        return _ticks(there, currency) | {"range": [-0.05 * top, 1.12 * top]}
    low, high = floor(log10(min(budgets))), ceil(log10(max(budgets)))
    return _ticks([10.0**power for power in range(low, high + 1)], currency) | {"type": "log"}


def _ticks(places: Sequence[float], currency: str) -> dict[str, object]:
    return {
        "tickmode": "array",
        "tickvals": list(places),
        "ticktext": [money_short(place, currency).replace(".0", "") for place in places],
    }


def _round_step(step: float) -> float:
    """The next of 1, 2, 5, 10, 20, ... from a step on."""
    power = 10.0 ** floor(log10(step))
    return next(power * round_one for round_one in (1, 2, 5, 10) if step <= power * round_one)


def _columns(distribution: BandDistribution, band: Band) -> Trace:
    style = style_of(band)
    counts = [months.counts.get(band, 0) for months in distribution.months]
    return bar(
        x=[day(months.month) for months in distribution.months],
        y=counts,
        name=style.word,
        marker={
            "color": f"var(--{style.colour})",
            "line": {"color": SURFACE, "width": 1},
            "opacity": [0.5 if months.is_unfinished else 1 for months in distribution.months],
            "pattern": {"shape": _PATTERNS[band], "fillmode": "replace", "solidity": 0.4},
        },
        hovertext=[
            hover(
                month_label(months.month),
                f"{style.word}: {count} {distribution.noun}",
                _("unfinished month") if months.is_unfinished else "",
            )
            for months, count in zip(distribution.months, counts, strict=True)
        ],
        hoverinfo="text",
    )


# Told apart without colour, too.
_PATTERNS = {Band.GREEN: "", Band.AMBER: "/", Band.RED: "x", Band.INSUFFICIENT: "."}
