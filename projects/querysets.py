"""Row filters that pages, operations and commands share."""

from __future__ import annotations

from typing import Self

from django.db import connection, models
from django.db.models import F, Q
from django.db.models.expressions import Combinable
from django.db.models.functions import Collate

from projects.months import Month


class SubjectQuerySet(models.QuerySet):
    """Subjects of any kind."""

    def of_kind(self, kind: str) -> Self:
        return self.filter(kind=kind)

    def active_in(self, month: Month) -> Self:
        """Those whose own span holds the month; the organisation's span is not asked here."""
        return self.filter(
            Q(active_from=None) | Q(active_from__lte=month),
            Q(active_until=None) | Q(active_until__gte=month),
        )


def by_code_point(field: str) -> Combinable:
    """Order text by code point, as SQLite does by itself and PostgreSQL under collation C."""
    return Collate(F(field), "C") if connection.vendor == "postgresql" else F(field)
