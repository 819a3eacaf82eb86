"""One metric with everything that hangs on it."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.figures import Chart, CurvePlace, MetricCurve, metric_curve_chart
from dashboards.presentation.definition_words import definition_words
from dashboards.selectors.explain import shown_decimals
from dashboards.selectors.metrics.completeness import Completeness, completeness_of
from dashboards.selectors.metrics.listing import name_of
from dashboards.selectors.metrics.values import ValuesNow, usual_limits, values_now
from metrics.ledger import Ledger, read_ledger
from metrics.models import (
    CurveOverride,
    Exemption,
    MetricAssignment,
    MetricDefinition,
    ScorecardLine,
)
from metrics.scoring.formulas import inputs_of, parse_formula


@dataclass(frozen=True, slots=True)
class MetricPage:
    """What the page of a metric shows."""

    metric: MetricDefinition
    words: str
    decimals: int
    curve: Chart | None
    values: ValuesNow | None
    complete: Completeness
    lines: tuple[ScorecardLine, ...]
    assignments: tuple[tuple[str, str], ...]
    """Whom it is assigned to, and for which part of the organisation."""
    inputs: tuple[MetricDefinition, ...]
    """What its formula takes in."""
    used_by: tuple[MetricDefinition, ...]
    """The formulas that take it in."""
    overrides: tuple[CurveOverride, ...]
    exemptions: tuple[Exemption, ...]


def metric_page_of(code: str) -> MetricPage | None:
    """None where there is no such metric."""
    ledger = read_ledger()
    by_code = {row.code: row for row in ledger.metric_rows.values()}
    metric = by_code.get(code)
    if metric is None:
        return None
    takes_in = {
        other.code: inputs_of(parse_formula(other.formula))
        for other in by_code.values()
        if other.is_computed
    }
    values = values_now(metric, ledger)
    decimals = shown_decimals(
        metric.decimals,
        *(point[0] for point in metric.curve or ()),
        *(value.value for value in (values.values if values else ())),
    )
    lines = ScorecardLine.objects.filter(metric=metric).select_related("scorecard")
    assignments = MetricAssignment.objects.filter(metric=metric).select_related("user", "scope")
    overrides = CurveOverride.objects.filter(metric=metric).select_related("subject")
    exemptions = Exemption.objects.filter(metric=metric).select_related("subject")
    return MetricPage(
        metric=metric,
        words=definition_words(metric, decimals),
        decimals=decimals,
        curve=_chart(metric, values, decimals, ledger) if metric.curve else None,
        values=values,
        complete=completeness_of([metric], ledger)[metric.pk],
        lines=tuple(lines.order_by("scorecard__name")),
        assignments=tuple((name_of(row.user), row.scope.name) for row in assignments),
        inputs=tuple(by_code[name] for name in sorted(takes_in.get(code, ()))),
        used_by=tuple(by_code[name] for name in sorted(takes_in) if code in takes_in[name]),
        overrides=tuple(overrides.order_by("subject__name", "from_month")),
        exemptions=tuple(exemptions.order_by("subject__name", "from_month")),
    )


def _chart(
    metric: MetricDefinition, values: ValuesNow | None, decimals: int, ledger: Ledger
) -> Chart:
    places = []
    for value in values.values if values else ():
        score, band = value.judged(metric.curve)
        if score is not None:
            places.append(CurvePlace(value.name, value.value, score, band))
    return metric_curve_chart(
        MetricCurve(
            metric.name,
            [(point[0], point[1]) for point in metric.curve or ()],
            places,
            metric.unit,
            decimals,
            usual_limits(metric.subject_kind, ledger),
        ),
        title="The curve, with the values in force",
    )
