"""What metrics and subjects are called, as far as reading a file needs it."""

from __future__ import annotations

from dataclasses import dataclass

from metrics.models import MetricDefinition
from metrics.validation.dependence import fiscal_year_starts_in
from projects.models import Subject


@dataclass(frozen=True, slots=True)
class MetricName:
    code: str
    name: str
    cadence: str
    subject_kind: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class SubjectName:
    code: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Names:
    metrics: tuple[MetricName, ...]
    subjects: tuple[SubjectName, ...]
    fiscal_year_starts_in: int = 1


def stored_names() -> Names:
    """As the database has them, in three queries."""
    return Names(
        tuple(
            MetricName(*row)
            for row in MetricDefinition.objects.order_by("code").values_list(
                "code", "name", "cadence", "subject_kind", "unit"
            )
        ),
        tuple(
            SubjectName(*row)
            for row in Subject.objects.order_by("code").values_list("code", "name", "kind")
        ),
        fiscal_year_starts_in(),
    )
