"""Row filters that pages, operations and commands share."""

from __future__ import annotations

from typing import Self, TypeVar

from django.db import connection, models
from django.db.models import F, Q
from django.db.models.expressions import Combinable
from django.db.models.functions import Collate

from projects.months import Month
from projects.visibility import narrowed_to_sight

Row_co = TypeVar("Row_co", bound=models.Model, covariant=True)


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


class SeenManager(models.Manager[Row_co]):
    """Reads no more than the person sees for whom is read; `subject` says whose the rows are."""

    def __init__(self, subject: str = "subject") -> None:
        super().__init__()
        self._subject = subject

    def get_queryset(self) -> models.QuerySet[Row_co]:
        return narrowed_to_sight(super().get_queryset(), self.model, self._subject)


class SeenSubjects(SeenManager[Row_co]):
    """Subjects of any kind that the person sees; the filters are those of `SubjectQuerySet`."""

    _queryset_class = SubjectQuerySet

    def of_kind(self, kind: str) -> SubjectQuerySet:
        return SubjectQuerySet.of_kind(self.get_queryset(), kind)  # type: ignore[arg-type]

    def active_in(self, month: Month) -> SubjectQuerySet:
        return SubjectQuerySet.active_in(self.get_queryset(), month)  # type: ignore[arg-type]


def by_code_point(field: str) -> Combinable:
    """Order text by code point, as SQLite does by itself and PostgreSQL under collation C."""
    return Collate(F(field), "C") if connection.vendor == "postgresql" else F(field)
