"""A subject's scorecard as it is filled in a month: the engine's own explanation, as a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dashboards.selectors.explain.parts import (
    CategoryPart,
    GroupPart,
    MetricPart,
    category_parts,
)
from dashboards.selectors.explain.reasons import says_the_same
from metrics.choices import FOLDED_CADENCES, Band
from metrics.explaining import Explanation, explain
from metrics.ledger import read_measurements
from metrics.models import Measurement, Score
from metrics.scoring.columns import CURRENT_MONTHS
from metrics.scoring.computed import all_series
from metrics.scoring.explanation import Node
from metrics.scoring.series import Series
from projects.models import Subject
from projects.months import FIRST_MONTH, Month

PERIODS_SHOWN = 12

Values = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class ScorecardLine:
    """A metric's value in force, what becomes of it, and how it came about."""

    part: MetricPart
    points: float | None
    """What it adds to the category's score; None if it adds nothing."""
    values: Values
    """Of its last periods, oldest first; days and weeks are folded to months."""
    why_red: str
    """What was noted beside a red value: its explanation."""

    @property
    def has_history(self) -> bool:
        """Whether one recorded value is behind it, and not a formula or a month of folded ones."""
        metric = self.part.metric
        return not metric.is_computed and metric.cadence not in FOLDED_CADENCES


@dataclass(frozen=True, slots=True)
class ScorecardSection:
    """A category with its own lines, and with the groups of children that it counts."""

    part: CategoryPart
    lines: tuple[ScorecardLine, ...]
    groups: tuple[GroupPart, ...]

    @property
    def is_measured(self) -> bool:
        return self.part.band is not None

    @property
    def shares(self) -> float:
        """All shares of its groups together, the own lines' among them."""
        return sum(group.share for group in self.part.groups)


@dataclass(frozen=True, slots=True)
class FilledScorecard:
    sections: tuple[ScorecardSection, ...]
    overall: float | None
    """What the sections' points and the balance add up to."""
    balance: float | None
    says_the_same: bool
    """Whether the stored scores are what these lines add up to: a closed month keeps its own."""

    @property
    def largest(self) -> float:
        """The most points that anything adds to its category."""
        points = [line.points for section in self.sections for line in section.lines]
        points += [group.points for section in self.sections for group in section.groups]
        return max((number for number in points if number is not None), default=0.0)

    @property
    def is_empty(self) -> bool:
        return not any(section.lines or section.groups for section in self.sections)


def filled_scorecard(subject: Subject, month: Month) -> FilledScorecard:
    """All four categories in their order; nothing where nothing is expected of the subject."""
    explanation = explain(subject, month)
    parts = category_parts(explanation)
    values = _Values.of(explanation) if parts else None
    notes = _notes_of_red_values(subject, parts)
    stored = Score.objects.filter(subject=subject.pk, month=month).first()
    return FilledScorecard(
        tuple(
            ScorecardSection(
                part,
                tuple(_lines(part, values, notes)) if values else (),
                tuple(group for group in part.groups if not group.metrics),
            )
            for part in parts
        ),
        explanation.node.score if explanation.node else None,
        next((part.points for part in _parts_of(explanation) if part.kind == "balance"), None),
        says_the_same(stored, explanation.node),
    )


def _parts_of(explanation: Explanation) -> tuple[Node, ...]:
    return explanation.node.parts if explanation.node else ()


Notes = Mapping[tuple[int, Month], str]
"""By metric and the month of the value in force."""


def _notes_of_red_values(subject: Subject, parts: Iterable[CategoryPart]) -> Notes:
    """In one query; of several values in a month the note of the last that has one."""
    red = {
        (metric.metric.pk, metric.reading.month)
        for part in parts
        for group in part.groups
        for metric in group.metrics
        if metric.band == Band.RED and metric.reading
    }
    rows = Measurement.objects.filter(
        subject=subject.pk,
        metric__in={metric for metric, _ in red},
        month__in={month for _, month in red},
    ).exclude(note="")
    told = rows.order_by("period_start").values_list("metric_id", "month", "note")
    return {(metric, month): note for metric, month, note in told if (metric, month) in red}


def _lines(category: CategoryPart, values: _Values, notes: Notes) -> Iterator[ScorecardLine]:
    for group in category.groups:
        for metric in group.metrics:
            yield ScorecardLine(
                metric,
                _points_in_category(group, metric.points),
                values.of_metric(metric.metric.pk),
                notes.get((metric.metric.pk, metric.reading.month), "") if metric.reading else "",
            )


def _points_in_category(group: GroupPart, points: float | None) -> float | None:
    """Points in a group, carried on by the group's own part in the category."""
    if points is None or group.points is None:
        return None
    return points * group.points / group.score if group.score else 0.0


@dataclass(frozen=True, slots=True)
class _Values:
    """The folded or computed values of one subject, up to a month."""

    explanation: Explanation
    series: Mapping[int, Series]

    @classmethod
    def of(cls, explanation: Explanation) -> _Values:
        ledger = explanation.ledger
        longest = max(CURRENT_MONTHS[metric.cadence] for metric in ledger.definitions.metrics)
        first = max(explanation.month.plus(-longest * PERIODS_SHOWN), FIRST_MONTH)
        measurements = read_measurements(
            ledger, first, explanation.month, ledger.subject_numbers([explanation.subject.pk])
        )
        return cls(explanation, all_series(ledger.definitions, measurements))

    def of_metric(self, metric_id: int) -> Values:
        ledger = self.explanation.ledger
        number = int(ledger.metric_ids.searchsorted(metric_id))
        series = self.series.get(number)
        if series is None:
            return ()
        step = ledger.definitions.metrics[number].current_months
        known = dict(zip(series.month.tolist(), series.value.tolist(), strict=True))
        return _by_period(known, int(self.explanation.month), step)


def _by_period(known: Mapping[int, float], month: int, step: int) -> Values:
    """The last periods that had ended by the month; those before the first value are left out."""
    ended = [there for there in known if there <= month]
    if not ended:
        return ()
    last = month - (month - max(ended)) % step
    months: Sequence[int] = range(last - step * (PERIODS_SHOWN - 1), last + 1, step)
    values = [known.get(there) for there in months]
    while values and values[0] is None:
        values.pop(0)
    return tuple(values)
