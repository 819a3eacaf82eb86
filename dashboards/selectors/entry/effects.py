"""What a saved value did: the scores of everybody above it before and after, and the reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext as _

from dashboards.presentation.numbers import change_text, score_text, value_text
from dashboards.selectors.explain import shown_decimals
from dashboards.selectors.months import current_month, default_month
from dashboards.selectors.scores import MEASURES, Mark, marks_of
from metrics.choices import Category
from metrics.closed_months import ClosedMonths
from metrics.explaining import Explanation, explain
from metrics.models import Measurement, MetricDefinition, Score
from metrics.operations.concerned import with_formulas_of
from metrics.periods import Period
from metrics.scoring.columns import CATEGORIES, CURRENT_MONTHS
from metrics.scoring.explanation import Node
from projects.choices import SubjectKind
from projects.models import Subject
from projects.months import Month, month_range

KINDS_BOTTOM_UP = (
    SubjectKind.ENGAGEMENT,
    SubjectKind.CUSTOMER,
    SubjectKind.SERVICE,
    SubjectKind.PROJECT,
    SubjectKind.PORTFOLIO,
    SubjectKind.SEGMENT,
    SubjectKind.ORGANISATION,
)


@dataclass(frozen=True, slots=True)
class LineScore:
    """A scorecard line that a metric decides, directly or in a formula, at one moment."""

    code: str
    category: str
    value: float
    score: float | None
    points: float | None
    """What it adds to its category's score."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """Scores of a subject and everybody above it at one moment; plain, so that it can be kept."""

    month: str
    subject: str
    metric: str
    scores: Mapping[str, Mapping[str, float | None]]
    """By subject code, then measure."""
    lines: Mapping[str, LineScore]
    is_on_a_line: bool

    def as_plain(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_plain(cls, plain: Mapping[str, Any]) -> Remembered:
        lines = {code: LineScore(**line) for code, line in plain["lines"].items()}
        return cls(**{**plain, "lines": lines})


@dataclass(frozen=True, slots=True)
class Movement:
    """One score before and after."""

    measure: str
    before: float | None
    after: Mark

    @property
    def change(self) -> float | None:
        if self.before is None or self.after.score is None:
            return None
        return self.after.score - self.before

    @property
    def has_moved(self) -> bool:
        if self.before is None or self.after.score is None:
            return self.before is not self.after.score
        return change_text(self.change) != change_text(0)


@dataclass(frozen=True, slots=True)
class SubjectEffect:
    """A subject's five scores before and after."""

    subject: Subject
    movements: tuple[Movement, ...]


@dataclass(frozen=True, slots=True)
class Effects:
    """Who moved, and why."""

    month: Month
    rows: tuple[SubjectEffect, ...]
    reasons: tuple[str, ...]

    @property
    def has_moved(self) -> bool:
        return any(movement.has_moved for row in self.rows for movement in row.movements)


def month_of_effect(metric: MetricDefinition, subject: Subject, period: Period) -> Month | None:
    """The month in which people would look for the effect of a value; None if there is none.

    A value counts from its period's month until its grace is over or a later value takes its
    place. Of these months, as far as they are open, it is the one that pages open with.
    """
    first = period.month
    last = first.plus(CURRENT_MONTHS[metric.cadence] - 1 + metric.grace_months)
    later = (
        Measurement.objects.filter(metric=metric, subject=subject.pk, month__gt=first)
        .order_by("month")
        .values_list("month", flat=True)
        .first()
    )
    running = current_month()
    end = min(last, max(running, first), last if later is None else later - 1)
    counting = ClosedMonths.read().open_among(month_range(first, end))
    # The value itself may make its month the one that pages open with.
    usual = max(default_month(running) or first, first if first < running else 0)
    up_to_usual = [month for month in counting if month <= usual]
    return max(up_to_usual) if up_to_usual else min(counting, default=None)


def remember(metric: MetricDefinition, subject: Subject, month: Month) -> Remembered:
    """How things stand for the subject and everybody above it."""
    explanation = explain(subject, month)
    return Remembered(
        month=str(month),
        subject=subject.code,
        metric=metric.code,
        scores=_scores(_concerned(explanation), month),
        lines={line.code: line for line in _lines(explanation, metric)},
        is_on_a_line=_is_on_a_line(explanation, metric),
    )


def effects_of(metric: MetricDefinition, subject: Subject, before: Remembered) -> Effects:
    """The same scores now, beside what they were."""
    month = Month.parse(before.month)
    explanation = explain(subject, month)
    stored = _stored(_concerned(explanation), month)
    subjects = sorted(stored, key=lambda row: (KINDS_BOTTOM_UP.index(row.kind), row.name))
    subjects.sort(key=lambda row: row.pk != subject.pk)
    return Effects(
        month=month,
        rows=tuple(
            SubjectEffect(row, tuple(_movements(before.scores.get(row.code, {}), stored[row])))
            for row in subjects
        ),
        reasons=tuple(_reasons(metric, subject, before, explanation)),
    )


def _concerned(explanation: Explanation) -> list[int]:
    ledger = explanation.ledger
    reached = ledger.with_ancestors(ledger.subject_numbers([explanation.subject.pk]))
    return [int(ledger.subject_ids[number]) for number in reached]


def _stored(subject_ids: list[int], month: Month) -> dict[Subject, Score | None]:
    rows = {
        row.subject_id: row for row in Score.objects.in_month(month).filter(subject__in=subject_ids)
    }
    return {row: rows.get(row.pk) for row in Subject.objects.filter(pk__in=subject_ids)}


def _scores(subject_ids: list[int], month: Month) -> dict[str, dict[str, float | None]]:
    found = {}
    for subject, score in _stored(subject_ids, month).items():
        overall, categories = marks_of(score)
        found[subject.code] = {mark.measure: mark.score for mark in (overall, *categories)}
    return found


def _movements(before: Mapping[str, float | None], stored: Score | None) -> Iterator[Movement]:
    overall, categories = marks_of(stored)
    for measure, mark in zip(MEASURES, (overall, *categories), strict=True):
        yield Movement(measure, before.get(measure), mark)


def _leaves(explanation: Explanation) -> Iterator[tuple[Node, Node, float]]:
    """(line, category, what its group's points are multiplied by in the category's)."""
    for category in explanation.node.parts if explanation.node else ():
        evidence = sum(group.evidence for group in category.parts)
        for group in category.parts:
            for line in group.parts:
                if line.kind == "metric":
                    yield line, category, group.evidence / evidence if evidence else 0.0


def _lines(explanation: Explanation, metric: MetricDefinition) -> Iterator[LineScore]:
    """The lines with a value in force that the metric decides, itself or in a formula."""
    deciding = with_formulas_of(metric.code)
    for node, category, share in _leaves(explanation):
        code = explanation.metric_of(node.number).code
        if node.reading is not None and code in deciding:
            yield LineScore(
                code=code,
                category=CATEGORIES[category.number],
                value=node.reading.value,
                score=node.score,
                points=None if node.points is None or not share else node.points * share,
            )


def _is_on_a_line(explanation: Explanation, metric: MetricDefinition) -> bool:
    deciding = with_formulas_of(metric.code)
    return any(
        explanation.metric_of(node.number).code in deciding for node, _, _ in _leaves(explanation)
    )


def _reasons(
    metric: MetricDefinition, subject: Subject, before: Remembered, explanation: Explanation
) -> Iterator[str]:
    after = {line.code: line for line in _lines(explanation, metric)}
    by_code = {row.code: row for row in explanation.metrics.values()}
    if not after and not before.lines:
        if before.is_on_a_line:
            yield _("No value of %(metric)s is in force in %(month)s.") % {
                "metric": metric.name,
                "month": before.month,
            }
        else:
            yield _(
                "No line of the scorecard of %(subject)s takes in %(metric)s, so no score depends"
                " on it."
            ) % {"subject": subject.name, "metric": metric.name}
        return
    for code in sorted({*after, *before.lines}, key=lambda code: (code != metric.code, code)):
        yield _reason(metric, by_code[code], before.lines.get(code), after.get(code))


def _reason(
    entered: MetricDefinition,
    metric: MetricDefinition,
    was: LineScore | None,
    line: LineScore | None,
) -> str:
    """One line in one sentence: value, score and what it adds to its category."""
    name = metric.name
    if metric != entered:
        name = _("%(metric)s (made with %(entered)s)") % {"metric": name, "entered": entered.name}
    if line is None:
        return _("%(metric)s has no value in force any more.") % {"metric": name}
    decimals = shown_decimals(metric.decimals, line.value, was.value if was else None)
    category = Category(line.category).label.lower()
    now = value_text(line.value, metric.unit, decimals)
    said = {
        "metric": name,
        "value": now,
        "score": score_text(line.score),
        "points": score_text(line.points),
        "category": category,
    }
    if was is None and line.points is None:
        told = _(
            "%(metric)s: %(value)s is in force, where no value was before. It scores %(score)s."
        )
        return told % said
    if was is None:
        told = _(
            "%(metric)s: %(value)s is in force, where no value was before. It scores %(score)s and"
            " adds %(points)s points to %(category)s."
        )
        return told % said
    if was == line:
        told = _("%(metric)s stays %(value)s in this month, so its score stays %(score)s.")
        return told % said
    said["before"] = value_text(was.value, metric.unit, decimals)
    said["score_before"] = score_text(was.score)
    told = _(
        "%(metric)s %(before)s → %(value)s: its score went from %(score_before)s to %(score)s."
    )
    if line.points is not None and was.points is not None:
        moved = line.points - was.points
        if moved >= 0:
            said["points"] = change_text(moved)
            told = _(
                "%(metric)s %(before)s → %(value)s: its score went from %(score_before)s to"
                " %(score)s, adding %(points)s points to %(category)s."
            )
        else:
            said["points"] = score_text(-moved)
            told = _(
                "%(metric)s %(before)s → %(value)s: its score went from %(score_before)s to"
                " %(score)s, taking %(points)s points from %(category)s."
            )
    return told % said
