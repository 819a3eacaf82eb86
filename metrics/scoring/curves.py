"""From a value to a metric score (SCORING section 3)."""

from __future__ import annotations

import numpy as np

from metrics.scoring.columns import Curve, Floats, Integers, Metric
from metrics.scoring.series import MONTH_SPACE, InForce


def score_on(curve: Curve, values: Floats) -> Floats:
    """Straight lines between the points, flat outside."""
    return np.interp(values, curve.values, curve.scores)


def curves_used(metric: Metric, rows: InForce) -> Integers:
    """Per row the number of the override that counts there, -1 for the metric's own curve.

    The latest `from_month` that is not after the row's month wins.
    """
    used = np.full(len(rows.value), -1)
    if not metric.overrides:
        return used
    key = rows.subject * MONTH_SPACE + rows.month
    in_time = sorted(enumerate(metric.overrides), key=lambda pair: pair[1].from_month)
    for number, override in in_time:
        low, high = np.searchsorted(
            key,
            [
                override.subject * MONTH_SPACE + override.from_month,
                (override.subject + 1) * MONTH_SPACE,
            ],
        )
        used[low:high] = number
    return used


def metric_scores(metric: Metric, rows: InForce) -> Floats:
    """The score of each value in force; rows are sorted by subject and month."""
    if metric.curve is None:
        return np.full(len(rows.value), np.nan)
    scores = score_on(metric.curve, rows.value)
    used = curves_used(metric, rows)
    for number in np.unique(used[used >= 0]):
        of_override = used == number
        scores[of_override] = score_on(metric.overrides[number].curve, rows.value[of_override])
    return scores
