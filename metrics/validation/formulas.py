"""Formulas among metrics: what they may name and need (SCORING section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from django.core.exceptions import ValidationError

from metrics.choices import FOLDED_CADENCES, FORMULA_CADENCES, Cadence
from metrics.scoring.formulas import FormulaError, Node, in_order, inputs_of, parse_formula
from metrics.validation.facts import MetricFacts
from projects.validation import listed, unknown

_FINENESS = {cadence: number for number, cadence in enumerate(FORMULA_CADENCES)}

read_formula = lru_cache(maxsize=1024)(parse_formula)


def folded(cadence: str) -> Cadence:
    """The cadence as formulas see it: days and weeks are folded to months."""
    return Cadence.MONTH if cadence in FOLDED_CADENCES else Cadence(cadence)


def validate_formula(text: str) -> None:
    """A field's validator: the formula can be read; what it names is asked elsewhere."""
    try:
        read_formula(text)
    except FormulaError as error:
        raise ValidationError(str(error), code="formula") from None


def formula_errors(metrics: Mapping[str, MetricFacts]) -> dict[str, list[str]]:
    """What is wrong with the formulas of these metrics, taken together; nothing = all are well."""
    errors: dict[str, list[str]] = {}
    trees: dict[str, Node] = {}
    for metric in metrics.values():
        if not metric.formula:
            continue
        try:
            trees[metric.code] = read_formula(metric.formula)
        except FormulaError as error:
            errors[metric.code] = [str(error)]
            continue
        if found := _errors_of_inputs(metric, inputs_of(trees[metric.code]), metrics):
            errors[metric.code] = found
    for code, circle in circles(trees).items():
        errors.setdefault(code, []).append(f"The formulas go in a circle: {' -> '.join(circle)}.")
    return errors


def _errors_of_inputs(
    metric: MetricFacts, names: frozenset[str], metrics: Mapping[str, MetricFacts]
) -> list[str]:
    if metric.cadence not in FORMULA_CADENCES:
        return [
            f"A formula's cadence is {listed(FORMULA_CADENCES, 'or')}, and {metric.code} is"
            f" measured by {metric.cadence}."
        ]
    errors = [unknown("metric", name, metrics) for name in sorted(names - metrics.keys())]
    inputs = [metrics[name] for name in sorted(names & metrics.keys())]
    for other in inputs:
        if other.subject_kind != metric.subject_kind:
            errors.append(
                f"{other.code} is measured of each {other.subject_kind}, {metric.code} of each"
                f" {metric.subject_kind}; inputs are of the same kind of subject."
            )
        elif _FINENESS[folded(other.cadence)] < _FINENESS[Cadence(metric.cadence)]:
            errors.append(
                f"{other.code} comes by {other.cadence}, finer than the {metric.cadence} of"
                f" {metric.code}; inputs are of the same cadence or a coarser one."
            )
    if not errors and all(folded(other.cadence) != metric.cadence for other in inputs):
        errors.append(
            f"No input comes by {metric.cadence}, the cadence of {metric.code}; at least one must."
        )
    return errors


def circles(trees: Mapping[str, Node]) -> dict[str, list[str]]:
    """For each formula metric that needs itself, the way back to it."""
    try:
        in_order(trees)
    except FormulaError:
        needs = {code: sorted(inputs_of(tree) & trees.keys()) for code, tree in trees.items()}
        ways = {code: _way_back(code, needs) for code in trees}
        return {code: way for code, way in ways.items() if way}
    return {}


def _way_back(code: str, needs: Mapping[str, list[str]]) -> list[str]:
    """The shortest one, so that it names nothing that is not in the circle."""
    ways = [[code]]
    seen: set[str] = set()
    for way in ways:  # grows while it is walked: breadth first
        for name in needs[way[-1]]:
            if name == code:
                return [*way, code]
            if name not in seen:
                seen.add(name)
                ways.append([*way, name])
    return []
