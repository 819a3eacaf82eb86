"""One metric with everything that hangs on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Subquery
from django.utils.translation import gettext as _

from dashboards.figures import Chart, CurvePlace, MetricCurve, metric_curve_chart
from dashboards.presentation.definition_words import definition_words
from dashboards.presentation.formula_graph import FormulaGraph, formula_graph
from dashboards.presentation.months import month_label
from dashboards.selectors.cost_meter import weights_of
from dashboards.selectors.explain import shown_decimals
from dashboards.selectors.metrics.listing import name_of
from dashboards.selectors.metrics.series import SeriesPart, value_series_of
from dashboards.selectors.metrics.values import ValuesNow, usual_limits, values_now
from dashboards.selectors.months import current_month, default_month
from metrics.ledger import Ledger, read_ledger
from metrics.models import (
    CurveOverride,
    Exemption,
    Measurement,
    MetricAssignment,
    MetricDefinition,
    Score,
    ScorecardLine,
)
from metrics.scoring.formulas import inputs_of, parse_formula
from projects.models import Subject
from projects.months import Month
from projects.visibility import current_sight


@dataclass(frozen=True, slots=True)
class Decides:
    """How much a metric decides about the organisation's overall score of a month."""

    share: float
    place: int
    of: int
    """It is the `place`th of `of` metrics that decide anything; 0 = it decides nothing."""


@dataclass(frozen=True, slots=True)
class MetricPage:
    """What the page of a metric shows."""

    metric: MetricDefinition
    words: str
    decimals: int
    month: Month | None
    """None while nothing was measured at all."""
    months: tuple[Month, ...]
    running: Month
    curve: Chart | None
    values: ValuesNow | None
    series: SeriesPart
    series_month: Month | None
    """The month that the address names, which choices of subjects keep."""
    lines: tuple[ScorecardLine, ...]
    decides: Decides | None
    """None where the month was never weighed, or has no overall score to weigh for, or the reader
    does not see the organisation."""
    assignments: tuple[tuple[str, str], ...]
    """Whom it is assigned to, and for which part of the organisation."""
    graph: FormulaGraph | None
    overrides: tuple[CurveOverride, ...]
    exemptions: tuple[Exemption, ...]


def metric_page_of(
    code: str, *, month: Month | None = None, subjects: Sequence[str] = ()
) -> MetricPage | None:
    """None where there is no such metric."""
    ledger = read_ledger()
    by_code = {row.code: row for row in ledger.metric_rows.values()}
    metric = by_code.get(code)
    if metric is None:
        return None
    running = current_month()
    months, opened_with = _months(running)
    asked, month = month, month or opened_with
    values = values_now(metric, ledger, month=month) if month else None
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
        month=month,
        months=months,
        running=running,
        curve=_chart(metric, values, decimals, ledger) if metric.curve else None,
        values=values,
        series=value_series_of(
            metric,
            ledger,
            values,
            subjects,
            decimals=decimals,
            until=_until(asked, month, running),
            kept={"month": str(asked)} if asked else {},
        ),
        series_month=asked,
        lines=tuple(lines.order_by("scorecard__name")),
        decides=None if month is None or current_sight().is_limited else _decides(metric, month),
        assignments=_owners(assignments),
        graph=_graph(code, by_code),
        overrides=tuple(overrides.order_by("subject__name", "from_month")),
        exemptions=tuple(exemptions.order_by("subject__name", "from_month")),
    )


def _owners(assignments: Iterable[MetricAssignment]) -> tuple[tuple[str, str], ...]:
    """Of a part of the organisation that the reader does not see, its owner and not its name."""
    rows = list(assignments)
    seen = {row.scope_id for row in rows}
    if current_sight().is_limited:
        seen = set(Subject.objects.in_bulk(seen))
    return tuple(
        (name_of(row.user), row.scope.name if row.scope_id in seen else _("another scope"))
        for row in rows
    )


def _until(asked: Month | None, month: Month | None, running: Month) -> Month:
    """Lines end with the page's month, and go on into the running one where nobody asked for any.

    Where the latest values are old ones, they end with those.
    """
    if asked is not None:
        return asked
    return running if month is None or month.plus(1) == running else month


def _months(running: Month) -> tuple[tuple[Month, ...], Month | None]:
    """The months that have scores, and the one that pages open with; in one query if any has."""
    latest = Measurement.objects.filter(month__lt=running).order_by("-month").values("month")[:1]
    rows = list(Score.objects.order_by("month").values_list("month", Subquery(latest)).distinct())
    if not rows:
        return (), default_month(running)
    measured = rows[0][1]
    return tuple(month for month, _latest in rows), None if measured is None else Month(measured)


def _decides(metric: MetricDefinition, month: Month) -> Decides | None:
    kept = weights_of(month)
    if kept is None or not kept.weights:
        return None
    for place, row in enumerate(kept.weights, start=1):
        if row["metric"] == metric.code:
            return Decides(row["weight"], place, len(kept.weights))
    return Decides(0.0, 0, len(kept.weights))


def _graph(code: str, by_code: Mapping[str, MetricDefinition]) -> FormulaGraph | None:
    takes_in = {
        other.code: sorted(inputs_of(parse_formula(other.formula)) & by_code.keys())
        for other in by_code.values()
        if other.is_computed
    }
    return formula_graph(code, {name: row.name for name, row in by_code.items()}, takes_in)


def _chart(
    metric: MetricDefinition, values: ValuesNow | None, decimals: int, ledger: Ledger
) -> Chart:
    places = []
    for value in values.values if values else ():
        score, band = value.judged(metric.curve)
        if score is not None:
            own = () if value.own_curve is None else value.own_curve.points()
            places.append(
                CurvePlace(
                    value.name,
                    value.value,
                    score,
                    band,
                    own_curve=[(point[0], point[1]) for point in own],
                )
            )
    title = _("The curve")
    if values is not None:
        title = _("The curve, with the values in force in %(month)s") % {
            "month": month_label(values.month)
        }
    return metric_curve_chart(
        MetricCurve(
            metric.name,
            [(point[0], point[1]) for point in metric.curve or ()],
            places,
            metric.unit,
            decimals,
            usual_limits(metric.subject_kind, ledger),
        ),
        title=title,
    )
