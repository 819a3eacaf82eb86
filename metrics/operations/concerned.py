"""Whose scores a definition decides: asked before and after it changes, to mark exactly those."""

from __future__ import annotations

from collections.abc import Iterable

from metrics.models import MetricDefinition, Scorecard, ScorecardAssignment
from metrics.scoring.formulas import inputs_of, parse_formula
from projects.models import Subject


def subjects_using(scorecard_ids: Iterable[int]) -> set[int]:
    """The subjects that use one of these scorecards: as their own, or as their kind's default."""
    cards = list(scorecard_ids)
    own = ScorecardAssignment.objects.filter(scorecard__in=cards)
    kinds = Scorecard.objects.filter(pk__in=cards, is_default=True).values("subject_kind")
    by_default = Subject.objects.filter(kind__in=kinds, scorecard_assignment=None)
    return {*own.values_list("subject_id", flat=True), *by_default.values_list("pk", flat=True)}


def subjects_scored_by(metric_codes: Iterable[str]) -> set[int]:
    """The subjects whose scorecards have one of these metrics on a line."""
    return subjects_using(
        Scorecard.objects.filter(lines__metric__code__in=list(metric_codes))
        .distinct()
        .values_list("pk", flat=True)
    )


def with_formulas_of(metric_code: str) -> set[str]:
    """The metric and every formula that takes it in, directly or through other formulas."""
    formulas = MetricDefinition.objects.exclude(formula="").values_list("code", "formula")
    inputs = {code: inputs_of(parse_formula(formula)) for code, formula in formulas}
    reached = {metric_code}
    while grown := {code for code, names in inputs.items() if names & reached} - reached:
        reached |= grown
    return reached
