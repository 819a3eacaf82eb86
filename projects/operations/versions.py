"""What somebody saw before they changed it: nothing is overwritten that they did not see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone


def version_of(row: models.Model) -> int:
    """The number of the row's last recorded state; 0 while nothing is recorded of it."""
    if row.pk is None:
        return 0
    newest: int | None = _records(row).aggregate(newest=models.Max("history_id"))["newest"]
    return newest or 0


@contextmanager
def not_overtaken(row: models.Model, seen: int | None) -> Iterator[None]:
    """Around the saving of a row: refused if somebody else has changed it since `seen`.

    None asks nothing. Looked at before the rules speak, so that a person hears of the other change
    first, and once more after the saving, when the row is locked and nobody can come in between.
    """
    if seen is None or row.pk is None:
        yield
        return
    _refuse_more_than(0, row, seen)
    yield
    _refuse_more_than(1, row, seen)


def _refuse_more_than(own: int, row: models.Model, seen: int) -> None:
    later = list(_records(row).filter(history_id__gt=seen).order_by("history_id")[: own + 1])
    if len(later) > own:
        raise ValidationError(_told(later[0]), code="overtaken")


def _told(record: Any) -> str:
    who = str(record.history_user or "Somebody")
    when = timezone.localtime(record.history_date)
    return (
        f"{who} changed {record.instance} on {when.day} {when:%B %Y} at {when:%H:%M}, after you had"
        " opened it. Nothing of yours is saved yet: look at what stands there now, and save again."
    )


def _records(row: models.Model) -> Any:
    return row.history  # type: ignore[attr-defined]  # of every model that is saved by operations
