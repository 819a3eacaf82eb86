"""A metric's definition as one readable paragraph."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.presentation.months import month_name, months_text
from dashboards.presentation.numbers import counted, value_text
from metrics.choices import FOLDED_CADENCES, Cadence, Category, Dimension, Perspective
from metrics.choices import TimeAggregation as Fold
from metrics.models import MetricDefinition
from projects.choices import SubjectKind

PERIOD_NAMES = {
    Cadence.DAY: "day",
    Cadence.WEEK: "week",
    Cadence.MONTH: "month",
    Cadence.QUARTER: "quarter",
    Cadence.YEAR: "year",
}
_FOLDS = {
    Fold.LAST: "the last one counts",
    Fold.MEAN: "their mean counts",
    Fold.SUM: "their sum counts",
    Fold.MIN: "the smallest counts",
    Fold.MAX: "the largest counts",
}


def definition_words(metric: MetricDefinition, decimals: int) -> str:
    """What is measured, when it is due, how long it counts, and what makes it good or bad."""
    sentences = [_what(metric), _when(metric), _fading(metric)]
    if metric.curve:
        sentences.append(_curve(metric, decimals))
    else:
        sentences.append("It has no curve: its values are shown and computed with, not scored.")
    sentences.append(_span(metric))
    if metric.needs_approval:
        sentences.append("A value counts once somebody else has approved it.")
    if metric.asks_why_red:
        sentences.append("A value that comes out red needs a sentence of explanation.")
    return " ".join(filter(None, sentences))


def _what(metric: MetricDefinition) -> str:
    kind = str(SubjectKind(metric.subject_kind).label).lower()
    whom = "of the organisation" if kind == "organisation" else f"of each {kind}"
    how = "Computed" if metric.is_computed else "Measured"
    unit = f", in {metric.unit}" if metric.unit else ""
    words = f"{how} {whom}, {str(Cadence(metric.cadence).label).lower()}{unit}."
    place = [str(Category(metric.category).label).lower()]
    if metric.dimension:
        place.append(str(Dimension(metric.dimension).label).lower())
    told = f"It belongs to {place[0]}" + (f" and is about {place[1]}" if len(place) > 1 else "")
    if metric.perspective:
        told += f", from the {str(Perspective(metric.perspective).label).lower()}'s side"
    return f"{words} {told}."


def _when(metric: MetricDefinition) -> str:
    period = PERIOD_NAMES[Cadence(metric.cadence)]
    words = ""
    if metric.cadence in FOLDED_CADENCES:
        words = f"Of the {period}s of one month {_FOLDS[Fold(metric.time_aggregation)]}. "
    if metric.is_computed:
        return f"{words}It has a value as soon as all of its inputs have one."
    if not metric.due_days:
        return f"{words}A value is due on the last day of its {period}."
    return f"{words}A value is due {counted(metric.due_days, 'day')} after the {period} has ended."


def _fading(metric: MetricDefinition) -> str:
    if not metric.grace_months:
        return "When the next value does not come, the last one stops counting at once."
    return (
        "When the next value does not come, the last one still counts for"
        f" {months_text(metric.grace_months)}, fading."
    )


def _curve(metric: MetricDefinition, decimals: int) -> str:
    points: Sequence[Sequence[float]] = metric.curve or []
    scores = [score for _, score in points]
    first, last = points[0], points[-1]

    def told(value: float) -> str:
        return value_text(value, metric.unit, decimals)

    if scores == sorted(scores):
        return (
            f"Higher is better: {told(first[0])} or less scores {first[1]:g},"
            f" {told(last[0])} or more scores {last[1]:g}."
        )
    if scores == sorted(scores, reverse=True):
        return (
            f"Lower is better: {told(first[0])} or less scores {first[1]:g},"
            f" {told(last[0])} or more scores {last[1]:g}."
        )
    best = [value for value, score in points if score == max(scores)]
    where = told(best[0]) if len(best) == 1 else f"{told(best[0])} to {told(best[-1])}"
    return f"Best at {where}, which scores {max(scores):g}; less and more are worse."


def _span(metric: MetricDefinition) -> str:
    first, last = metric.active_from, metric.active_until
    if first and last:
        return f"It is expected from {month_name(first)} until {month_name(last)}."
    if first:
        return f"It is expected from {month_name(first)} on."
    return f"It is expected until {month_name(last)}." if last else ""
