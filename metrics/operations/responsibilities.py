"""Giving people metrics to enter, several at once, and taking them away again."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from metrics.models import MetricAssignment, MetricDefinition
from metrics.operations.assignments import delete_metric_assignment, save_metric_assignment
from projects.choices import SubjectKind
from projects.models import Subject

SCOPE_KINDS = (SubjectKind.ORGANISATION, SubjectKind.PORTFOLIO, SubjectKind.SEGMENT)


@transaction.atomic
def assign_metrics(
    metrics: Iterable[MetricDefinition],
    *,
    user: User,
    scope: Subject,
    by: User | None,
    reason: str = "",
) -> list[MetricAssignment]:
    """Make these metrics a person's to enter in a scope; the new assignments.

    Harmless to repeat: what the person has in this very scope already stays as it is.
    """
    asked = list(metrics)
    for metric in asked:
        if metric.is_computed:
            raise ValidationError(
                {
                    "metrics": _("%(metric)s is computed by a formula, so nobody enters it.")
                    % {"metric": metric}
                }
            )
    held = set(
        MetricAssignment.objects.filter(user=user, scope=scope.pk).values_list("metric", flat=True)
    )
    return [
        save_metric_assignment(
            MetricAssignment(metric=metric, user=user, scope_id=scope.pk), by=by, reason=reason
        )
        for metric in asked
        if metric.pk not in held
    ]


@transaction.atomic
def take_metrics_away(assignment_ids: Iterable[int], *, by: User | None, reason: str = "") -> int:
    """Remove assignments; how many there still were."""
    rows = list(
        MetricAssignment.objects.select_for_update(of=("self",))
        .select_related("metric", "user", "scope")
        .filter(pk__in=list(assignment_ids))
        .order_by("pk")
    )
    for row in rows:
        delete_metric_assignment(row, by=by, reason=reason)
    return len(rows)
