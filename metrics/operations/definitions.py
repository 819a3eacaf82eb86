"""Saving and deleting metrics, and what is agreed about a metric for single subjects."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext, ngettext

from metrics.models import (
    CurveOverride,
    Exemption,
    Measurement,
    MeasurementChange,
    MetricDefinition,
    ScorecardLine,
)
from metrics.operations.concerned import subjects_scored_by, with_formulas_of
from metrics.operations.locks import lock_out_measurements
from metrics.operations.rescoring import mark_for_rescoring
from projects.months import FIRST_MONTH, Month
from projects.operations.recording import (
    changed_fields,
    delete_recorded,
    hold,
    save_recorded,
    seen,
    stored,
)

DATING_FIELDS = frozenset({"cadence", "subject_kind", "formula"})
"""What decides in which month a value counts, and whether there can be one."""

VALUE_FIELDS = DATING_FIELDS | {"code", "time_aggregation", "grace_months"}
"""What decides the value in force, which formulas take in."""

SCORE_FIELDS = frozenset({"category", "curve", "active_from", "active_until"})
"""What decides the score of the metric itself and concerns no formula."""

OVERRIDE_COUNTS_BY = frozenset({"metric", "subject", "from_month", "curve"})
EXEMPTION_COUNTS_BY = frozenset({"metric", "subject", "from_month", "until_month"})


@transaction.atomic
def save_metric(metric: MetricDefinition, *, by: User | None, reason: str = "") -> MetricDefinition:
    """Create or change a metric; the subjects that are scored by it fall due."""
    before = seen(metric)
    if before and changed_fields(before, metric) & DATING_FIELDS:
        lock_out_measurements()
    _lock_formulas()
    if before:
        hold(before)
    concerned = subjects_scored_by(with_formulas_of(before.code)) if before else set()
    changed = save_recorded(metric, before=before, by=by, reason=reason)
    if changed & VALUE_FIELDS:
        mark_for_rescoring(sorted(concerned | subjects_scored_by(with_formulas_of(metric.code))))
    elif changed & SCORE_FIELDS:
        mark_for_rescoring(sorted(subjects_scored_by([metric.code])))
    return metric


@transaction.atomic
def delete_metric(metric: MetricDefinition, *, by: User | None, reason: str = "") -> None:
    """Delete a metric that nothing was measured by and nothing is made of."""
    lock_out_measurements()
    _lock_formulas()
    stored(metric)
    if kept := _why_kept(metric):
        raise ValidationError(
            gettext("%(metric)s can't be deleted: %(why)s") % {"metric": metric, "why": kept},
            code="used",
        )
    delete_recorded(metric, by=by, reason=reason)


@transaction.atomic
def save_override(override: CurveOverride, *, by: User | None, reason: str = "") -> CurveOverride:
    """Give a subject a curve of its own from a month on."""
    before = stored(override)
    changed = save_recorded(override, before=before, by=by, reason=reason)
    if changed & OVERRIDE_COUNTS_BY:
        _mark_pairs(row for row in (before, override) if row)
    return override


@transaction.atomic
def delete_override(override: CurveOverride, *, by: User | None, reason: str = "") -> None:
    """Let the metric's own curve, or an earlier override, hold again."""
    _mark_pairs([override])
    delete_recorded(override, by=by, reason=reason)


@transaction.atomic
def save_exemption(exemption: Exemption, *, by: User | None, reason: str = "") -> Exemption:
    """Say that a metric does not apply to a subject for some months, and why."""
    before = stored(exemption)
    changed = save_recorded(exemption, before=before, by=by, reason=reason)
    if changed & EXEMPTION_COUNTS_BY:
        _mark_pairs(row for row in (before, exemption) if row)
    return exemption


@transaction.atomic
def delete_exemption(exemption: Exemption, *, by: User | None, reason: str = "") -> None:
    """Expect the metric of the subject again."""
    _mark_pairs([exemption])
    delete_recorded(exemption, by=by, reason=reason)


def _lock_formulas() -> None:
    """Two people who each name the other's metric in a formula must not make a circle."""
    list(MetricDefinition.objects.select_for_update(no_key=True).order_by("pk").values_list("pk"))


def _why_kept(metric: MetricDefinition) -> str:
    if measured := Measurement.objects.filter(metric=metric).count():
        return ngettext(
            '%(number)s value of it is recorded. Set its "active until" instead.',
            '%(number)s values of it are recorded. Set its "active until" instead.',
            measured,
        ) % {"number": measured}
    if MeasurementChange.objects.filter(metric=metric).exists():
        return gettext(
            "values of it were recorded and deleted again, which stays on record."
            ' Set its "active until" instead.'
        )
    lines = ScorecardLine.objects.filter(metric=metric)
    if scorecards := sorted(lines.values_list("scorecard__code", flat=True)):
        return ngettext(
            "it stands on scorecard %(codes)s. Take it off there first.",
            "it stands on scorecards %(codes)s. Take it off there first.",
            len(scorecards),
        ) % {"codes": ", ".join(scorecards)}
    if formulas := sorted(with_formulas_of(metric.code) - {metric.code}):
        return ngettext(
            "it is part of the formula %(codes)s. Change that first.",
            "it is part of the formulas %(codes)s. Change that first.",
            len(formulas),
        ) % {"codes": ", ".join(formulas)}
    return ""


def _mark_pairs(pairs: Iterable[CurveOverride | Exemption]) -> None:
    """What is agreed about a subject concerns it from the agreement's own month on."""
    first_months: dict[int, Month] = {}
    for pair in pairs:
        month = Month(max(pair.from_month, FIRST_MONTH))
        first_months[pair.subject_id] = min(month, first_months.get(pair.subject_id, month))
    for subject_id, month in first_months.items():
        mark_for_rescoring([subject_id], month)
