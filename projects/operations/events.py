"""Events of subjects. They explain scores and count in none, so nothing is rescored for them."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from projects.models import Event
from projects.operations.recording import delete_recorded, save_recorded, stored
from projects.operations.versions import not_overtaken, refuse_if_overtaken


@transaction.atomic
def save_event(
    event: Event, *, seen: int | None = None, by: User | None, reason: str = ""
) -> Event:
    """Note what happened to a subject, or change the note, unless somebody just did."""
    with not_overtaken(event, seen):
        save_recorded(event, before=stored(event), by=by, reason=reason)
    return event


@transaction.atomic
def delete_event(
    event: Event, *, seen: int | None = None, by: User | None, reason: str = ""
) -> None:
    """Take a note away; its history stays."""
    stored(event)
    if seen is not None:
        refuse_if_overtaken(event, seen)
    delete_recorded(event, by=by, reason=reason)
