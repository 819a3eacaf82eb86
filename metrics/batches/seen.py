"""Which imports somebody may still look at: none that tell of what they no longer see."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet

from metrics.models import DraftMeasurement, ImportBatch, Measurement, MeasurementChange
from projects.visibility import current_sight


def batches_seen(rows: QuerySet[ImportBatch]) -> QuerySet[ImportBatch]:
    """To a limited person: what came in since the limit is as it is, and is about what they see.

    A report says of each row what stood there; it stays as it was written, whatever moves away.
    """
    sight = current_sight()
    if not sight.is_limited:
        return rows
    rows = rows.filter(created_at__gte=sight.since)
    for model in (Measurement, MeasurementChange, DraftMeasurement):
        of_it = model._base_manager.filter(batch=OuterRef("pk"))
        rows = rows.exclude(Exists(of_it.exclude(sight.subjects("subject"))))
    return rows
