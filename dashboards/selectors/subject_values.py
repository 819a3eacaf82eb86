"""What was entered lately for one subject."""

from __future__ import annotations

from django.db.models import QuerySet, Subquery
from django.db.models.functions import Coalesce

from dashboards.selectors.projects import VALUES_SHOWN, EnteredValue
from metrics.choices import Cadence, Door
from metrics.models import Measurement
from metrics.periods import Period
from projects.models import Organisation, Subject


def values_of_subject(subject: Subject, *, most: int = VALUES_SHOWN) -> list[EnteredValue]:
    """The latest first, in one query."""
    starts_in = Organisation.objects.values("fiscal_year_starts_in")[:1]
    rows: QuerySet = (
        Measurement.objects.filter(subject=subject.pk)
        .select_related("metric", "entered_by")
        .annotate(starts_in=Coalesce(Subquery(starts_in), 1))
        .order_by("-changed_at", "-period_start", "-pk")
    )
    return [_entered(row, subject, row.starts_in) for row in rows[:most]]


def _entered(row: Measurement, subject: Subject, starts_in: int) -> EnteredValue:
    by = row.entered_by
    return EnteredValue(
        metric=row.metric,
        subject_code=subject.code,
        segment="",
        period=Period(Cadence(row.metric.cadence), row.period_start).label(starts_in),
        period_start=row.period_start,
        value=row.value,
        note=row.note,
        door=str(Door(row.door).label),
        by=(by.get_full_name() or by.get_username()) if by else "",
        at=row.changed_at,
        is_corrected=row.changed_at > row.created_at,
        is_late=row.is_late,
    )
