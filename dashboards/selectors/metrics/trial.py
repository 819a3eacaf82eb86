"""A formula tried on what is recorded, before anybody saves it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from django.utils.translation import gettext

from dashboards.presentation.bands import BandLimits
from dashboards.presentation.months import month_name
from dashboards.selectors.explain import shown_decimals
from dashboards.selectors.metrics.values import limits_for, only_needed_by
from dashboards.selectors.months import current_month, default_month
from metrics.choices import Band, Cadence
from metrics.ledger import Ledger, read_ledger, read_measurements
from metrics.models import MetricDefinition
from metrics.periods import MONTHS_IN, Period, period_holding
from metrics.scoring.columns import CATEGORIES, Curve, Definitions, Metric
from metrics.scoring.computed import all_series
from metrics.scoring.curves import score_on
from metrics.scoring.formulas import Node, inputs_of, parse_formula
from metrics.scoring.overall import band_of
from metrics.scoring.series import EMPTY_SERIES, MONTH_SPACE, Series, look_up
from projects.models import Subject
from projects.months import Month

SUBJECTS_WITH, SUBJECTS_WITHOUT = 5, 3
"""How many are shown that have a result, and that lack something."""

PERIODS_TRIED = {Cadence.MONTH: 3, Cadence.QUARTER: 2, Cadence.YEAR: 2}

CANDIDATE = "_candidate_"


@dataclass(frozen=True, slots=True)
class TriedInput:
    """What one input gives for a period; without a value the sentence says why."""

    metric: MetricDefinition
    value: float | None
    why_missing: str = ""

    @property
    def decimals(self) -> int:
        return shown_decimals(self.metric.decimals, self.value)


@dataclass(frozen=True, slots=True)
class Tried:
    """One subject in one period."""

    name: str
    code: str
    period: str
    inputs: tuple[TriedInput, ...]
    result: float | None
    score: float | None
    band: Band

    @property
    def why_missing(self) -> str:
        """What keeps it from having a value; empty if it has one."""
        if self.result is not None:
            return ""
        missing = [told.why_missing for told in self.inputs if told.why_missing]
        if missing:
            return " ".join(missing)
        return gettext("A division by zero, or a step whose result is too large to be a number.")


@dataclass(frozen=True, slots=True)
class Trial:
    inputs: tuple[MetricDefinition, ...]
    rows: tuple[Tried, ...]
    with_result: int
    subjects: int
    """Of so many subjects measured in the latest period, `with_result` get a value for it."""
    period: str
    decimals: int


def try_formula(metric: MetricDefinition) -> Trial | None:
    """What the formula of a metric, saved or not, would give; None while nothing was measured.

    The formula is a valid one: who asks has asked the rules before.
    """
    last = default_month(current_month())
    if last is None:
        return None
    bench = _bench(metric, read_ledger())
    periods = _periods(metric.cadence, last, bench.fiscal_year_starts_in)
    first = min(period.month for period in periods)
    numbers = {other.code: place for place, other in enumerate(bench.definitions.metrics)}
    series = all_series(bench.definitions, read_measurements(bench, first, last))
    rows_by_code = {code: series.get(number, EMPTY_SERIES) for code, number in numbers.items()}
    limits, _ = limits_for(metric.subject_kind)
    rows = _Rows(bench, metric, rows_by_code, limits)
    everybody = np.flatnonzero(bench.definitions.kind == metric.subject_kind)
    active = bench.definitions.active(np.array([int(period.month) for period in periods]))
    measured = [int(number) for number in everybody if active[number, 0]]
    tried = {number: [rows.tried(number, period) for period in periods] for number in measured}
    with_result = [number for number in measured if tried[number][0].result is not None]
    without = [number for number in measured if number not in set(with_result)]
    # Those first that lack only a part of what they need: they say most about the formula.
    without.sort(key=lambda number: sum(bool(i.why_missing) for i in tried[number][0].inputs))
    shown = [*with_result[:SUBJECTS_WITH], *without[:SUBJECTS_WITHOUT]]
    names = _names(bench, shown)
    named = [
        replace(row, name=names[number][0], code=names[number][1])
        for number in shown
        for row in tried[number]
    ]
    results = [row.result for row in named if row.result is not None]
    return Trial(
        inputs=rows.inputs,
        rows=tuple(named),
        with_result=len(with_result),
        subjects=len(measured),
        period=periods[0].label(bench.fiscal_year_starts_in),
        decimals=shown_decimals(metric.decimals, *results),
    )


def _bench(metric: MetricDefinition, ledger: Ledger) -> Ledger:
    """The candidate before all that it takes in, as if it had the key -1."""
    formula: Node = parse_formula(metric.formula)
    needed = only_needed_by(sorted(inputs_of(formula)), ledger)
    candidate = Metric(
        code=CANDIDATE,
        category=CATEGORIES.index(metric.category) if metric.category else 0,
        cadence=metric.cadence,
        grace=metric.grace_months,
        curve=Curve.of(metric.curve) if metric.curve else None,
        formula=formula,
    )
    definitions: Definitions = replace(
        needed.definitions, metrics=(candidate, *needed.definitions.metrics)
    )
    return replace(needed, metric_ids=np.r_[-1, needed.metric_ids], definitions=definitions)


def _periods(cadence: str, last: Month, starts_in: int) -> list[Period]:
    """The latest periods that are over by the end of a month, the latest first."""
    length = MONTHS_IN[Cadence(cadence)]
    period = period_holding(last.first_day, cadence, starts_in)
    if period.month > last:
        period = period_holding(period.first_month.plus(-1).first_day, cadence, starts_in)
    return [
        period_holding(period.first_month.plus(-length * back).first_day, cadence, starts_in)
        for back in range(PERIODS_TRIED[Cadence(cadence)])
    ]


class _Rows:
    """Looks up what each input gives for a subject and a period."""

    def __init__(
        self,
        bench: Ledger,
        metric: MetricDefinition,
        series: Mapping[str, Series],
        limits: BandLimits,
    ) -> None:
        self.bench = bench
        self.metric = metric
        self.series = series
        self.limits = limits
        self.engine = {other.code: other for other in bench.definitions.metrics}
        by_code = {row.code: row for row in bench.metric_rows.values()}
        self.inputs = tuple(
            by_code[code] for code in sorted(inputs_of(parse_formula(metric.formula)))
        )

    def tried(self, subject: int, period: Period) -> Tried:
        result = self._at(CANDIDATE, subject, period.month)
        score, band = self._judged(result)
        return Tried(
            name="",
            code="",
            period=period.label(self.bench.fiscal_year_starts_in),
            inputs=tuple(self._input(row, subject, period) for row in self.inputs),
            result=result,
            score=score,
            band=band,
        )

    def _input(self, row: MetricDefinition, subject: int, period: Period) -> TriedInput:
        engine = self.engine[row.code]
        is_same = engine.current_months == self.engine[CANDIDATE].current_months
        if is_same:
            value = self._at(row.code, subject, period.month)
            label = period.label(self.bench.fiscal_year_starts_in)
            why = gettext("%(row)s has no value for %(label)s.") % {"row": row.name, "label": label}
        else:
            value = self._in_force(row.code, subject, period.month)
            why = gettext("%(row)s has no value in force in %(month)s.") % {
                "row": row.name,
                "month": month_name(period.month),
            }
        return TriedInput(row, value, "" if value is not None else why)

    def _at(self, code: str, subject: int, month: Month) -> float | None:
        series = self.series[code]
        key = subject * MONTH_SPACE + int(month)
        place = int(np.searchsorted(series.key, key))
        if place < len(series.value) and series.key[place] == key:
            return float(series.value[place])
        return None

    def _in_force(self, code: str, subject: int, month: Month) -> float | None:
        engine, series = self.engine[code], self.series[code]
        rows, _ = look_up(
            series,
            np.array([subject]),
            np.array([int(month)]),
            current_months=engine.current_months,
            grace=engine.grace,
        )
        return float(series.value[rows[0]]) if rows[0] >= 0 else None

    def _judged(self, value: float | None) -> tuple[float | None, Band]:
        curve = self.engine[CANDIDATE].curve
        if value is None or curve is None:
            return None, Band.INSUFFICIENT
        score = float(score_on(curve, np.array([value]))[0])
        return score, Band(band_of(score, self.limits.amber_from, self.limits.green_from))


def _names(bench: Ledger, numbers: Sequence[int]) -> dict[int, tuple[str, str]]:
    keys = {int(bench.subject_ids[number]): number for number in numbers}
    rows = Subject.objects.filter(pk__in=keys).values_list("pk", "name", "code")
    return {keys[key]: (name, code) for key, name, code in rows}
