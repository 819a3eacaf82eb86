"""Two sets of scores side by side: dots on one scale, with the distance between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from dashboards.figures.chart import Chart
from dashboards.figures.drawing import Drawing, Trace, scatter
from dashboards.figures.theme import ACCENT, LINE, MUTED, SURFACE, hover, new_figure, text
from dashboards.presentation.bands import BandLimits
from dashboards.presentation.numbers import change_text, listed, score_text, trimmed
from dashboards.presentation.tables import Column, DataTable

ROW_HEIGHT, FRAME_HEIGHT = 40, 112

LEAST_DIFFERENCE = 0.05
"""Less than this does not show with one decimal."""


@dataclass(frozen=True)
class ComparedScore:
    """A measure of both sides; None is unknown, and is told and not drawn."""

    name: str
    one: float | None
    other: float | None

    @property
    def difference(self) -> float | None:
        if self.one is None or self.other is None:
            return None
        return self.one - self.other

    @property
    def is_level(self) -> bool:
        return self.difference is not None and abs(self.difference) < LEAST_DIFFERENCE


@dataclass(frozen=True)
class Comparison:
    """`one` is held against `other`; the overall score first, then all four categories."""

    one: str
    other: str
    scores: Sequence[ComparedScore]
    limits: BandLimits | None = None


def comparison_chart(comparison: Comparison, *, slug: str = "comparison", title: str = "") -> Chart:
    return Chart(
        slug=slug,
        title=title or _("Scores side by side"),
        summary=comparison_summary(comparison),
        drawing=comparison_dots(comparison),
        table=comparison_table(comparison),
    )


def comparison_dots(comparison: Comparison) -> Drawing:
    """A full dot for the one and a ring for the other, so that colour is not needed."""
    figure = new_figure(height=FRAME_HEIGHT + ROW_HEIGHT * len(comparison.scores))
    for score in comparison.scores:
        if score.difference is not None:
            figure.add(
                scatter(
                    x=[score.other, score.one],
                    y=[text(score.name)] * 2,
                    mode="lines",
                    line={"color": LINE, "width": 2},
                    hoverinfo="skip",
                    showlegend=False,
                )
            )
    figure.add(_dots(comparison, is_one=False))
    figure.add(_dots(comparison, is_one=True))
    figure.change(legend={"traceorder": "reversed"})
    figure.change_x(range=[-2, 102], tickvals=[0, 25, 50, 75, 100], showgrid=True)
    figure.change_y(
        type="category",
        autorange="reversed",
        categoryorder="array",
        categoryarray=[text(score.name) for score in comparison.scores],
        showgrid=False,
    )
    _limit_lines(figure, comparison.limits)
    return figure


def _dots(comparison: Comparison, *, is_one: bool) -> Trace:
    name = comparison.one if is_one else comparison.other
    there = [(score.name, score.one if is_one else score.other) for score in comparison.scores]
    mark = (
        {"color": ACCENT, "line": {"color": SURFACE, "width": 1}, "size": 13}
        if is_one
        else {"color": SURFACE, "line": {"color": MUTED, "width": 2.5}, "size": 13}
    )
    return scatter(
        # What is unknown keeps its row and gets no dot.
        x=[value for measure, value in there],
        y=[text(measure) for measure, value in there],
        mode="markers",
        marker=mark,
        name=text(name),
        hovertext=[hover(measure, f"{name}: {score_text(value)}") for measure, value in there],
        hoverinfo="text",
    )


def _limit_lines(figure: Drawing, limits: BandLimits | None) -> None:
    if limits is None:
        return
    figure.change(legend={"y": 1.12})
    sides = ((limits.green_from, _("Green"), "left"), (limits.amber_from, _("Amber"), "right"))
    for start, name, anchor in sides:
        figure.line_up(
            start,
            line={"color": LINE, "dash": "2px,3px", "width": 1},
            words={
                "font": {"color": MUTED, "size": 11},
                "text": text(f"{name} {trimmed(start)}"),
                "yanchor": "bottom",
                "xanchor": anchor,
            },
        )


def comparison_summary(comparison: Comparison) -> str:
    """The overall difference, the largest one of a category, and what can't be compared."""
    overall, *categories = comparison.scores
    words = [_overall_words(comparison, overall)]
    known = [score for score in categories if score.difference is not None]
    apart = [score for score in known if not score.is_level]
    if apart:
        most = max(apart, key=lambda score: abs(score.difference or 0.0))
        words.append(
            _("Furthest apart: %(name)s (%(change)s).")
            % {"name": most.name, "change": change_text(most.difference)}
        )
    missing = [score.name for score in categories if score.difference is None]
    if missing:
        words.append(
            _("Not known on both sides, so not compared: %(names)s.") % {"names": listed(missing)}
        )
    return " ".join(words)


def _overall_words(comparison: Comparison, overall: ComparedScore) -> str:
    names = {"one": comparison.one, "other": comparison.other}
    if overall.difference is None:
        return _("The overall scores of %(one)s and %(other)s can't be compared.") % names
    scores = {"score": score_text(overall.one), "against": score_text(overall.other)}
    if overall.is_level:
        return _("%(one)s and %(other)s both have %(score)s overall.") % (names | scores)
    points = {"points": change_text(overall.difference)}
    return _("%(one)s has %(score)s overall, %(other)s %(against)s: %(points)s points.") % (
        names | scores | points
    )


def comparison_table(comparison: Comparison) -> DataTable:
    return DataTable(
        columns=(
            Column(_("Score")),
            Column(comparison.one, score_text, is_number=True),
            Column(comparison.other, score_text, is_number=True),
            Column(_("Difference"), change_text, is_number=True),
        ),
        rows=[
            (score.name, score.one, score.other, score.difference) for score in comparison.scores
        ],
    )
