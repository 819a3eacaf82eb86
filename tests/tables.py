"""What stands in the tables, in words a test can compare with."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from metrics.models import RescoreNeed


def table(rows: type[models.Model] | models.QuerySet[Any], *columns: str) -> list[tuple[Any, ...]]:
    """Every row, as tuples of these columns, sorted by their text."""
    found = rows if isinstance(rows, models.QuerySet) else rows._default_manager.all()
    return sorted(found.values_list(*columns), key=str)


def waiting() -> set[str]:
    """The codes of the subjects that wait to be scored anew."""
    return set(RescoreNeed.objects.values_list("subject__code", flat=True))


def waiting_from() -> set[tuple[str, str]]:
    """The same, each with the month from which on."""
    return {
        (code, str(month))
        for code, month in RescoreNeed.objects.values_list("subject__code", "first_month")
    }


def told(refusal: Any) -> list[str]:
    """The sentences of the ValidationError that `pytest.raises` caught."""
    error = refusal.value
    assert isinstance(error, ValidationError)
    return sorted(error.messages)
