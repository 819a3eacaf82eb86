"""Which months are scored: from the first measurement to as far as values carry."""

from __future__ import annotations

from collections import defaultdict

from django.db.models import Max, Min

from metrics.ledger import Ledger, read_measurements
from metrics.models import Measurement
from metrics.scoring.computed import all_series, last_month_in_force
from projects.months import Month, month_range


def measured_months() -> list[Month]:
    """From the first to the last month of a measurement; empty without any."""
    span = Measurement.objects.aggregate(first=Min("month"), last=Max("month"))
    return [] if span["first"] is None else month_range(span["first"], span["last"])


def scheduled_months(ledger: Ledger, current: Month) -> list[Month]:
    """The measured months, and on to the current one as long as any value is in force."""
    measured = measured_months()
    if not measured:
        return []
    last = measured[-1]
    if current > last:
        last = Month(max(last, _last_in_force(ledger, last, current)))
    return month_range(measured[0], last)


def _last_in_force(ledger: Ledger, last_measured: Month, current: Month) -> int:
    metrics = ledger.definitions.metrics
    by_reach: dict[int, list[int]] = defaultdict(list)
    for number, metric in enumerate(metrics):
        if metric.formula is None:
            by_reach[metric.reach].append(int(ledger.metric_ids[number]))
    # The living case, found by looking at recent months only: some value still reaches today.
    for reach, ids in sorted(by_reach.items(), reverse=True):
        recent = Measurement.objects.filter(month__gte=current.plus(-reach), metric_id__in=ids)
        if recent.exists():
            return current
    # Else values end before today, and those that formulas carry furthest have to be computed.
    longest = max(metric.reach for metric in metrics)
    first = last_measured.plus(-longest)
    series = all_series(ledger.definitions, read_measurements(ledger, first, current))
    return last_month_in_force(metrics, series, current)
