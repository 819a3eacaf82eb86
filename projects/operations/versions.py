"""Two people who edit the same row: the second one is told, and nothing is overwritten unseen.

A row's version is its latest record in the history. An editor shows it with the form and hands it
back; whoever saves on another version than the latest is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from projects.naming import in_words


def version_of(row: models.Model | None) -> int:
    """The number of the row's last recorded state; 0 while nothing is recorded of it."""
    latest = _records(row).first() if row is not None and row.pk is not None else None
    return 0 if latest is None else int(latest.history_id)


def refuse_if_overtaken(row: models.Model, seen: int) -> None:
    """ValidationError, code "overtaken", if somebody changed the row since that version."""
    latest = _records(row).first()
    if latest is not None and latest.history_id != seen:
        raise ValidationError(overtaken_words(latest), code="overtaken")


@contextmanager
def not_overtaken(row: models.Model, seen: int | None) -> Iterator[None]:
    """Around the saving of a row: refused, and taken back, if it has changed since `seen`.

    None asks nothing. Looked at before the rules speak, so that a person hears of the other change
    first, and once more after the saving, when the row is locked and nobody can come in between.
    """
    if seen is None or row.pk is None:
        yield
        return
    with transaction.atomic():
        refuse_if_overtaken(row, seen)
        yield
        newer = list(_records(row).filter(history_id__gt=seen)[:2])
        if len(newer) > 1:
            # The newest one is the row as it was just saved here.
            raise ValidationError(overtaken_words(newer[1]), code="overtaken")


def overtaken_words(record: Any) -> str:
    """Who was faster, and that nothing is lost; of a record of the history."""
    who = person_words(record.history_user)
    when = timezone.localtime(record.history_date)
    if record.history_type == "-":
        sentence = _(
            "%(who)s deleted %(row)s on %(day)s at %(time)s, after you had opened it."
            " Nothing of yours is saved: look at what stands there now, then save again."
        )
    else:
        sentence = _(
            "%(who)s changed %(row)s on %(day)s at %(time)s, after you had opened it."
            " Nothing of yours is saved: look at what stands there now, then save again."
        )
    return sentence % {
        "who": who,
        "row": _words(record),
        "day": date_format(when, pgettext("date format", "j F Y")),
        "time": date_format(when, "H:i"),
    }


def person_words(user: Any) -> str:
    return _("Somebody") if user is None else user.get_full_name() or user.get_username()


def _words(record: Any) -> str:
    try:
        return str(record.instance)
    except ObjectDoesNotExist:  # what it was about is deleted with it
        return _("this %(row)s") % {"row": in_words(record.instance._meta.verbose_name)}


def _records(row: models.Model) -> Any:
    """The newest first, also of a row that is deleted by now."""
    key = row._meta.pk
    assert key is not None
    history: Any = type(row).history  # type: ignore[attr-defined]
    records = history.filter(**{key.attname: row.pk})
    return records.select_related("history_user").order_by("-history_id")
