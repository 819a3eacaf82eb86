"""How every row with a history is written: checked as a whole, under the name of who did it."""

from __future__ import annotations

from collections import Counter
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models.deletion import ProtectedError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from projects.naming import in_words

Row = TypeVar("Row", bound=models.Model)


def seen(row: Row) -> Row | None:
    """The row as the database has it now; None for a new one."""
    return _found(row, type(row)._default_manager.all())


def stored(row: Row) -> Row | None:
    """The row as the database has it, locked until the transaction ends; None for a new one."""
    return _found(row, type(row)._default_manager.select_for_update(no_key=True))


def hold(row: models.Model) -> None:
    """Lock a row that was seen without; refused if it is no longer what was seen."""
    now = stored(row)
    if changed := changed_fields(now, row):
        raise ValidationError(
            _(
                "Somebody else just changed %(row)s (%(changed)s). Look at it again before you"
                " change it."
            )
            % {"row": row, "changed": ", ".join(sorted(changed))},
            code="overtaken",
        )


def save_recorded(
    row: models.Model, *, before: models.Model | None, by: User | None, reason: str = ""
) -> frozenset[str]:
    """Check and save a row; the names of the fields that changed, all of them for a new row.

    A row that is as it was is not written, so that its history tells changes only.
    """
    row.full_clean()
    changed = changed_fields(before, row)
    if not changed:
        return changed
    _sign(row, by, reason)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        # What somebody else saved between check and save is seen by now, and told.
        row.full_clean()
        raise
    return changed


def delete_recorded(row: models.Model, *, by: User | None, reason: str = "") -> None:
    """Delete a row; what depends on it and can't go with it is a ValidationError that says so."""
    _sign(row, by, reason)
    try:
        row.delete()
    except ProtectedError as error:
        raise ValidationError(
            ngettext(
                "%(row)s can't be deleted: there is %(rows)s of it. Delete or move these first.",
                "%(row)s can't be deleted: there are %(rows)s of it. Delete or move these first.",
                len(error.protected_objects),
            )
            % {"row": row, "rows": _counted(error.protected_objects)},
            code="protected",
        ) from None


def changed_fields(before: models.Model | None, after: models.Model) -> frozenset[str]:
    """The names of the fields in which two states of a row differ."""
    return frozenset(
        field.name
        for field in after._meta.concrete_fields
        if before is None or getattr(before, field.attname) != getattr(after, field.attname)
    )


def _found(row: Row, rows: models.QuerySet[Row]) -> Row | None:
    # Rows are locked without their key: who stores a value for a subject only asks that the key
    # stays, and would otherwise wait here and be waited for elsewhere.
    if row.pk is None:
        return None
    found = rows.filter(pk=row.pk).first()
    if found is None and not row._state.adding:
        raise ValidationError(_("%(row)s was deleted meanwhile.") % {"row": row}, code="gone")
    return found


def _sign(row: Any, by: User | None, reason: str) -> None:
    # Read by the history's own signal handlers when the row is saved or deleted.
    row._history_user = by
    row._change_reason = reason


def _counted(rows: set[models.Model]) -> str:
    """`2 projects and 1 portfolio`"""
    counts = Counter(type(row)._meta for row in rows)
    named = [
        f"{number} {in_words(options.verbose_name if number == 1 else options.verbose_name_plural)}"
        for options, number in counts.items()
    ]
    return _(" and ").join(sorted(named))
