"""What something costs against what the same costs elsewhere, as parts of it: in any currency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards.figures.chart import Chart
from dashboards.figures.drawing import Drawing, scatter
from dashboards.figures.theme import ACCENT, LINE, MUTED, SURFACE, hover, new_figure, text
from dashboards.presentation.counts import SEGMENTS, count_text
from dashboards.presentation.money import money_text, variance
from dashboards.presentation.numbers import grouped, listed, percent_sign
from dashboards.presentation.tables import Column, DataTable

ROW_HEIGHT, FRAME_HEIGHT = 34, 84
NAMES_TOLD = 3

# So that a cost on plan is not drawn at an axis of no width.
LEAST_REACH = 10.0


@dataclass(frozen=True)
class CostPlace:
    """For whom, at which cost, against which benchmark; None is unknown."""

    name: str
    cost: Decimal | None
    benchmark: Decimal | None
    currency: str = ""
    url: str = ""

    @property
    def percent(self) -> float | None:
        """100 is what it costs elsewhere."""
        if self.cost is None or not self.benchmark:
            return None
        return float(self.cost / self.benchmark) * 100

    @property
    def variance(self) -> str:
        found = variance(self.cost, self.benchmark)
        return "" if found is None else found.text(self.currency)


@dataclass(frozen=True)
class CostsAgainstBenchmark:
    """Amounts of several currencies may stand together: each is held against its own benchmark."""

    name: str
    places: Sequence[CostPlace]

    @property
    def drawn(self) -> list[CostPlace]:
        """The cheapest first, so that the dearest is at the top."""
        there = [place for place in self.places if place.percent is not None]
        return sorted(there, key=lambda place: place.percent or 0.0)


def cost_dots_chart(costs: CostsAgainstBenchmark, *, slug: str = "costs", title: str = "") -> Chart:
    return Chart(
        slug=slug,
        title=title or _("Cost against benchmark, by segment"),
        summary=cost_dots_summary(costs),
        drawing=cost_dots(costs),
        table=cost_dots_table(costs),
    )


def cost_dots(costs: CostsAgainstBenchmark) -> Drawing:
    """A dot per segment, on a line from what the same costs elsewhere."""
    figure = new_figure(
        height=FRAME_HEIGHT + ROW_HEIGHT * max(len(costs.drawn), 1), showlegend=False
    )
    names = [text(place.name) for place in costs.drawn]
    percents = [place.percent or 0.0 for place in costs.drawn]
    for name, percent in zip(names, percents, strict=True):
        figure.add(
            scatter(
                x=[100, percent],
                y=[name, name],
                mode="lines",
                line={"color": LINE, "width": 2},
                hoverinfo="skip",
            )
        )
    figure.add(
        scatter(
            x=percents,
            y=names,
            mode="markers",
            marker={"color": ACCENT, "line": {"color": SURFACE, "width": 1}, "size": 12},
            name=_("Cost a year"),
            customdata=[[place.url] for place in costs.drawn],
            hovertext=[
                hover(
                    place.name,
                    money_text(place.cost, place.currency),
                    _("benchmark %(amount)s")
                    % {"amount": money_text(place.benchmark, place.currency)},
                    place.variance,
                )
                for place in costs.drawn
            ],
            hoverinfo="text",
        )
    )
    reach = max([LEAST_REACH, *(abs(percent - 100) for percent in percents)]) * 1.15
    figure.change_x(
        range=[max(100 - reach, -2), 100 + reach],
        showgrid=True,
        ticksuffix="%",
        title={"text": text(_("Cost in % of the benchmark"))},
    )
    figure.change_y(type="category", showgrid=False)
    figure.line_up(
        100,
        line={"color": MUTED, "width": 1},
        words={
            "font": {"color": MUTED, "size": 11},
            "text": text(_("as elsewhere")),
            "yanchor": "bottom",
        },
    )
    return figure


def cost_dots_summary(costs: CostsAgainstBenchmark) -> str:
    drawn = costs.drawn
    missing = len(costs.places) - len(drawn)
    left_out = ngettext(
        "%(number)s segment can't be placed: cost or benchmark is unknown.",
        "%(number)s segments can't be placed: cost or benchmark is unknown.",
        missing,
    ) % {"number": grouped(missing)}
    words = [_costs_words(costs)]
    if missing:
        words.append(left_out)
    return " ".join(words)


def _costs_words(costs: CostsAgainstBenchmark) -> str:
    drawn = costs.drawn
    if not drawn:
        return _("No segment has both a cost and a benchmark.")
    over = [place for place in reversed(drawn) if (place.percent or 0.0) > 100]
    if not over:
        return _("%(name)s costs no segment more than the same costs elsewhere.") % {
            "name": costs.name
        }
    return _(
        "%(name)s costs %(number)s of %(segments)s more than elsewhere, most of all %(most)s."
    ) % {
        "name": costs.name,
        "number": grouped(len(over)),
        "segments": count_text(len(drawn), SEGMENTS),
        "most": listed([f"{place.name} ({place.variance})" for place in over[:NAMES_TOLD]]),
    }


def cost_dots_table(costs: CostsAgainstBenchmark) -> DataTable:
    unplaced = [place for place in costs.places if place.percent is None]
    return DataTable(
        columns=(
            Column(_("Segment")),
            Column(_("Currency")),
            Column(_("Cost a year"), money_text, is_number=True),
            Column(_("Benchmark"), money_text, is_number=True),
            Column(_("Cost in % of the benchmark"), _percent, is_number=True),
        ),
        rows=[
            (place.name, place.currency or None, place.cost, place.benchmark, place.percent)
            for place in (*reversed(costs.drawn), *unplaced)
        ],
    )


def _percent(percent: float) -> str:
    return percent_sign(percent, 1)
