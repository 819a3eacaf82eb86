"""Metrics, scorecards, and what is said of a metric and a subject: rules given the facts."""

from __future__ import annotations

import keyword
import re

from django.core.exceptions import ValidationError

from metrics.choices import FORMULA_CADENCES
from metrics.scoring.formulas import FUNCTIONS
from metrics.validation.facts import MetricFacts
from projects.codes import CODE_LENGTH
from projects.validation import listed, quoted

_METRIC_CODE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def validate_metric_code(text: str) -> None:
    """A metric's code is a name that a formula can say."""
    if not _METRIC_CODE.fullmatch(text) or len(text) > CODE_LENGTH:
        raise ValidationError(
            f"{quoted(text)} is no metric code; it has letters, digits and _ only, begins with no"
            f" digit, and has at most {CODE_LENGTH} characters, so that formulas can name it.",
            code="code",
        )
    if keyword.iskeyword(text) or text in FUNCTIONS:
        what = "a function of formulas" if text in FUNCTIONS else "a reserved word"
        raise ValidationError(
            f"{quoted(text)} is {what} and no metric code; {quoted(text + '_')} would fit.",
            code="code",
        )


def check_formula_cadence(formula: str, cadence: str) -> None:
    if formula and cadence not in FORMULA_CADENCES:
        raise ValidationError(
            f"A formula's cadence is {listed(FORMULA_CADENCES, 'or')}, not {cadence}.",
            code="cadence",
        )


def check_category_weights(*weights: float) -> None:
    # What is no number at all is told by its own field.
    if all(isinstance(weight, int | float) for weight in weights) and not any(
        weight > 0 for weight in weights
    ):
        raise ValidationError(
            "A scorecard needs a category with a weight above 0.", code="category_weights"
        )


def check_limits(amber_from: float, green_from: float) -> None:
    are_numbers = isinstance(amber_from, int | float) and isinstance(green_from, int | float)
    if are_numbers and amber_from > green_from:
        raise ValidationError(
            f"Amber begins at {amber_from:g}, above green at {green_from:g}; it begins at"
            " green's limit or below.",
            code="limits",
        )


def check_default(code: str, kind: str, other_default: str | None) -> None:
    """There is at most one default scorecard per kind of subject."""
    if other_default is not None:
        raise ValidationError(
            f"{other_default} is the default scorecard of each {kind} already; {code} can be one"
            f" when {other_default} no longer is.",
            code="default",
        )


def check_line(scorecard: str, scorecard_kind: str, metric: MetricFacts) -> None:
    """A scorecard's lines are metrics of its own kind of subject, and have a curve."""
    if metric.subject_kind != scorecard_kind:
        raise ValidationError(
            f"{metric.code} is measured of each {metric.subject_kind}, and {scorecard} is for each"
            f" {scorecard_kind}; a line's metric is of the scorecard's kind.",
            code="kind",
        )
    if not metric.has_curve:
        raise ValidationError(
            f"{metric.code} has no curve, so no score; a metric on a scorecard needs a curve.",
            code="curve",
        )


def check_scorecard_of(subject: str, kind: str, scorecard: str, scorecard_kind: str) -> None:
    """A subject's scorecard is one of its own kind."""
    if kind != scorecard_kind:
        raise ValidationError(
            f"{scorecard} is for each {scorecard_kind}, and {subject} is"
            f" {_with_article(kind)}; a subject's scorecard is of its own kind.",
            code="kind",
        )


def wrong_kind(metric: MetricFacts, subject: str, kind: str) -> str:
    """The sentence about a metric that is not one of this subject's kind."""
    return (
        f"{metric.code} is measured of each {metric.subject_kind}, and {subject} is"
        f" {_with_article(kind)}."
    )


def check_pair(metric: MetricFacts, subject: str, kind: str) -> None:
    """What is said of a metric and a subject is said of a subject of the metric's kind."""
    if kind != metric.subject_kind:
        raise ValidationError(wrong_kind(metric, subject, kind), code="kind")


def _with_article(kind: str) -> str:
    return f"{'an' if kind[:1] in 'aeiou' else 'a'} {kind}"


def dependence_errors(before: MetricFacts, after: MetricFacts) -> dict[str, str]:
    """What may not change in a metric that has measurements, by field."""
    errors = {}
    for field, named in (("cadence", "cadence"), ("subject_kind", "kind of subject")):
        old, new = getattr(before, field), getattr(after, field)
        if old != new:
            errors[field] = (
                f"{after.code} has measurements, so its {named} stays {old}; make another metric"
                f" for {new}."
            )
    if after.formula and not before.formula:
        errors["formula"] = (
            f"{after.code} has measurements, so it takes no formula; make another metric for it."
        )
    return errors
