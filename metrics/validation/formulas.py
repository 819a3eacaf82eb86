"""Formulas among metrics: what they may name and need (SCORING section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics.choices import FOLDED_CADENCES, FORMULA_CADENCES, Cadence, period_word
from metrics.scoring.formulas import Fault, FormulaError, Node, in_order, inputs_of, parse_formula
from metrics.validation.facts import MetricFacts
from projects.choices import kind_word
from projects.validation import listed_with_or, unknown

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
        raise ValidationError(fault_words(error), code="formula") from None


FAULTS = {
    Fault.TOO_LONG: gettext_lazy(
        "The formula has %(length)s characters; at most %(longest)s are allowed."
    ),
    Fault.UNREADABLE: gettext_lazy("The formula can't be read: %(reason)s."),
    Fault.UNREADABLE_THERE: gettext_lazy(
        "The formula can't be read near character %(place)s: %(reason)s."
    ),
    Fault.UNREADABLY_DEEP: gettext_lazy("The formula is too deep to be read."),
    Fault.TOO_DEEP: gettext_lazy("The formula is more than %(deepest)s levels deep."),
    Fault.EMPTY: gettext_lazy("The formula is empty."),
    Fault.SIGN: gettext_lazy(
        '"%(sign)s" at character %(place)s is not allowed; a formula has numbers, metric codes,'
        " + - * /, parentheses, min, max and abs."
    ),
    Fault.WITHOUT_ARGUMENTS: gettext_lazy('"%(function)s" needs its arguments in parentheses.'),
    Fault.NOT_ALLOWED: gettext_lazy(
        "Character %(place)s: only numbers, metric codes, + - * /, unary minus, parentheses, min,"
        " max and abs are allowed."
    ),
    Fault.NO_FUNCTION: gettext_lazy('"%(function)s" is no function; there are min, max and abs.'),
    Fault.ABS: gettext_lazy("abs takes one argument."),
    Fault.TOO_FEW: gettext_lazy("%(function)s takes two or more arguments."),
    Fault.TOO_LARGE: gettext_lazy("The number %(number)s is too large."),
    Fault.CIRCLE: gettext_lazy("The formulas go in a circle: %(circle)s."),
}
"""The engine's faults in the reader's language; the engine itself knows no translations."""


def fault_words(error: FormulaError) -> str:
    return str(FAULTS[error.fault]) % error.about


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
            errors[metric.code] = [fault_words(error)]
            continue
        if found := _errors_of_inputs(metric, inputs_of(trees[metric.code]), metrics):
            errors[metric.code] = found
    for code, circle in circles(trees).items():
        errors.setdefault(code, []).append(
            _("The formulas go in a circle: %(circle)s.") % {"circle": " -> ".join(circle)}
        )
    return errors


def _errors_of_inputs(
    metric: MetricFacts, names: frozenset[str], metrics: Mapping[str, MetricFacts]
) -> list[str]:
    if metric.cadence not in FORMULA_CADENCES:
        return [
            _("A formula's cadence is %(cadences)s, and %(metric)s is measured by %(cadence)s.")
            % {
                "cadences": listed_with_or([period_word(cadence) for cadence in FORMULA_CADENCES]),
                "metric": metric.code,
                "cadence": period_word(metric.cadence),
            }
        ]
    errors = [unknown(_("metric"), name, metrics) for name in sorted(names - metrics.keys())]
    inputs = [metrics[name] for name in sorted(names & metrics.keys())]
    for other in inputs:
        if other.subject_kind != metric.subject_kind:
            errors.append(
                _(
                    "%(other)s is measured of each %(kind)s, %(metric)s of each"
                    " %(metric_kind)s; inputs are of the same kind of subject."
                )
                % {
                    "other": other.code,
                    "kind": kind_word(other.subject_kind),
                    "metric": metric.code,
                    "metric_kind": kind_word(metric.subject_kind),
                }
            )
        elif _FINENESS[folded(other.cadence)] < _FINENESS[Cadence(metric.cadence)]:
            errors.append(
                _(
                    "%(other)s comes by %(cadence)s, finer than the %(metric_cadence)s of"
                    " %(metric)s; inputs are of the same cadence or a coarser one."
                )
                % {
                    "other": other.code,
                    "cadence": period_word(other.cadence),
                    "metric_cadence": period_word(metric.cadence),
                    "metric": metric.code,
                }
            )
    if not errors and all(folded(other.cadence) != metric.cadence for other in inputs):
        errors.append(
            _("No input comes by %(cadence)s, the cadence of %(metric)s; at least one must.")
            % {"cadence": period_word(metric.cadence), "metric": metric.code}
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
