"""From measurements to the value in force, and from the value to its score (sections 2 and 3)."""

import json
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from .formulas import evaluate, inputs_of
from .periods import FOLDED_CADENCE, SPAN_OF_CADENCE, Period, month_label, month_number, read_period
from .workspace import Workspace, cell, fiscal_year_starts_in, number, rows

Curve = list[tuple[float, float]]
Json = dict[str, object]


@dataclass(frozen=True)
class Value:
    """One value of a metric's series; `factor` is below 1 where a formula used aged inputs."""

    month: int
    period: str
    value: float
    factor: float = 1.0
    inputs: list[Json] = field(default_factory=list)


@dataclass(frozen=True)
class InForce:
    value: float
    period: str
    month: int
    age: int
    freshness: float
    factor: float
    inputs: list[Json]


class Values:
    """Every metric's series per subject, and what of it is in force in a month."""

    def __init__(self, workspace: Workspace) -> None:
        starts_in = fiscal_year_starts_in(workspace)
        self.metrics = {row["code"]: row for row in rows(workspace, "metrics")}
        self._measured: dict[tuple[str, str], list[tuple[Period, float]]] = {}
        for row in rows(workspace, "measurements"):
            cadence = self.metrics[row["metric"]]["cadence"]
            period = read_period(row["period"], cadence, starts_in)
            of_pair = self._measured.setdefault((row["metric"], row["subject"]), [])
            of_pair.append((period, float(row["value"])))
        self._measured_subjects = {subject for _, subject in self._measured}
        self._series: dict[tuple[str, str], list[Value]] = {}
        self._curves: dict[str, Curve] = {
            code: read_curve(cell(row, "curve"))
            for code, row in self.metrics.items()
            if cell(row, "curve")
        }
        self._overrides: dict[tuple[str, str], list[tuple[int, Curve]]] = {}
        for row in rows(workspace, "curve_overrides"):
            of_pair_curves = self._overrides.setdefault((row["metric"], row["subject"]), [])
            of_pair_curves.append((month_number(row["from_month"]), read_curve(row["curve"])))
        for overrides in self._overrides.values():
            overrides.sort()

    def series(self, metric: str, subject: str) -> list[Value]:
        """A subject's values of a metric, oldest first, at most one per month."""
        if (metric, subject) not in self._series:
            computed = cell(self.metrics[metric], "formula")
            found = (
                list(self._computed(metric, subject)) if computed else self._folded(metric, subject)
            )
            self._series[metric, subject] = found
        return self._series[metric, subject]

    def _folded(self, metric: str, subject: str) -> list[Value]:
        cadence = self.metrics[metric]["cadence"]
        measured = sorted(
            self._measured.get((metric, subject), []), key=lambda pair: pair[0].first_day
        )
        if FOLDED_CADENCE[cadence] == cadence:
            return [Value(period.month, period.label, value) for period, value in measured]
        by_month: dict[int, list[tuple[Period, float]]] = {}
        for period, value in measured:
            by_month.setdefault(period.month, []).append((period, value))
        aggregation = cell(self.metrics[metric], "time_aggregation", "last")
        return [
            Value(
                month,
                month_label(month),
                fold([value for _, value in of_month], aggregation),
                inputs=[{"period": period.label, "value": value} for period, value in of_month],
            )
            for month, of_month in by_month.items()
        ]

    def _computed(self, metric: str, subject: str) -> Iterator[Value]:
        formula, cadence = self.metrics[metric]["formula"], self.metrics[metric]["cadence"]
        same: list[str] = []
        coarser: list[str] = []
        for name in inputs_of(formula):
            input_cadence = FOLDED_CADENCE[self.metrics[name]["cadence"]]
            (same if input_cadence == cadence else coarser).append(name)
        of_period = {
            name: {value.month: value for value in self.series(name, subject)} for name in same
        }
        for month, lead in of_period[same[0]].items():
            found: dict[str, Value | InForce | None] = {
                name: of_period[name].get(month) for name in same
            }
            found.update({name: self.in_force(name, subject, month) for name in coarser})
            inputs = {name: value for name, value in found.items() if value is not None}
            if len(inputs) < len(found):
                continue
            result = evaluate(formula, {name: value.value for name, value in inputs.items()})
            if result is None:
                continue
            yield Value(
                month,
                lead.period,
                result,
                min(evidence_of(value) for value in inputs.values()),
                [
                    {
                        "metric": name,
                        "value": value.value,
                        "period": value.period,
                        "freshness": evidence_of(value),
                        "inputs": value.inputs,
                    }
                    for name, value in inputs.items()
                ],
            )

    def in_force(self, metric: str, subject: str, month: int) -> InForce | None:
        """The latest value known by the month, unless it has aged beyond the metric's grace."""
        series = self.series(metric, subject)
        position = bisect_right(series, month, key=lambda value: value.month)
        if position == 0:
            return None
        latest = series[position - 1]
        age = max(0, month - self._current_until(metric, latest))
        grace = self._grace(metric)
        if age > grace:
            return None
        freshness = (1 - age / (grace + 1)) * latest.factor
        return InForce(
            latest.value,
            latest.period,
            latest.month,
            age,
            freshness,
            latest.factor,
            latest.inputs,
        )

    def _current_until(self, metric: str, value: Value) -> int:
        return value.month + SPAN_OF_CADENCE[self.metrics[metric]["cadence"]] - 1

    def _grace(self, metric: str) -> int:
        return int(number(self.metrics[metric], "grace_months", 0))

    def months_of_measurements(self) -> list[int]:
        return [period.month for pairs in self._measured.values() for period, _ in pairs]

    def last_month_in_force(self) -> int | None:
        """The last month in which any value, measured or computed, is in force."""
        ends = [
            self._current_until(metric, self.series(metric, subject)[-1]) + self._grace(metric)
            for subject in self._measured_subjects
            for metric in self.metrics
            if self.series(metric, subject)
        ]
        return max(ends, default=None)

    def curve(self, metric: str, subject: str, month: int) -> Curve | None:
        """The metric's curve, or the subject's override with the latest `from_month <= month`."""
        current = self._curves.get(metric)
        for from_month, override in self._overrides.get((metric, subject), []):
            if from_month <= month:
                current = override
        return current


def evidence_of(value: Value | InForce) -> float:
    """What an input lends to a formula: its factor in that period, or its freshness."""
    return value.freshness if isinstance(value, InForce) else value.factor


def fold(values: list[float], aggregation: str) -> float:
    """One value of the month from those of its days or weeks, given oldest first."""
    if aggregation == "last":
        return values[-1]
    if aggregation == "mean":
        return sum(values) / len(values)
    if aggregation == "sum":
        return sum(values)
    if aggregation == "min":
        return min(values)
    if aggregation == "max":
        return max(values)
    raise ValueError(f"no such time aggregation: {aggregation}")


def read_curve(text: str) -> Curve:
    return [(float(value), float(score)) for value, score in json.loads(text)]


def score_on(curve: Curve, value: float) -> float:
    """Straight lines between the points, flat outside."""
    if value <= curve[0][0]:
        return curve[0][1]
    for (x0, y0), (x1, y1) in pairwise(curve):
        if value <= x1:
            return y0 + (y1 - y0) * (value - x0) / (x1 - x0)
    return curve[-1][1]
