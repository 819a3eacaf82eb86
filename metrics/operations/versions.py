"""Two people who edit the same definition: the second one is told, and nothing is overwritten.

A row's version is its latest entry in the history. An editor shows it with the form and hands it
back; whoever saves another version than the latest is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.formats import date_format

Saved = TypeVar("Saved")


def version_of(row: models.Model | None) -> int:
    """0 for a row that has no history yet."""
    latest = _history(row).first() if row is not None and row.pk is not None else None
    return 0 if latest is None else int(latest.history_id)


def refuse_if_overtaken(row: models.Model, seen: int) -> None:
    """ValidationError, code "overtaken", if somebody changed the row since that version."""
    latest = _history(row).first()
    if latest is not None and latest.history_id != seen:
        raise ValidationError(_sentence(row, latest), code="overtaken")


@transaction.atomic
def save_as_seen(row: models.Model, seen: int, save: Callable[[], Saved]) -> Saved:
    """Save, unless the row is no longer as it was seen; asked again once nobody else can save."""
    refuse_if_overtaken(row, seen)
    saved = save()
    # Whoever came in between had to be done before `save` got hold of the row.
    newer = list(_history(row).filter(history_id__gt=seen)[:2])
    if len(newer) > 1:
        raise ValidationError(_sentence(row, newer[1]), code="overtaken")
    return saved


def _history(row: models.Model) -> Any:
    key = row._meta.pk
    assert key is not None
    records: Any = type(row).history  # type: ignore[attr-defined]
    return records.filter(**{key.attname: row.pk}).order_by("-history_id")


def _sentence(row: models.Model, record: Any) -> str:
    who = record.history_user
    name = "Somebody" if who is None else who.get_full_name() or who.get_username()
    when = date_format(timezone.localtime(record.history_date), "j M Y, H:i")
    if record.history_type == "-":
        return f"{name} deleted {row} on {when}, while you were editing it."
    return f"{name} changed {row} on {when}, while you were editing it. Nothing of yours is saved."
