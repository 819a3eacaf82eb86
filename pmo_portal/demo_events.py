"""The events of the demo company; never in production."""

from datetime import date

from django.db import transaction

from examples.demo.events import EVENTS
from projects.models import Event, Subject
from projects.operations.events import save_event


@transaction.atomic
def note_demo_events() -> None:
    """Note what happened meanwhile, as far as it is not noted; harmless to repeat."""
    subjects = Subject.objects.in_bulk([event.code for event in EVENTS], field_name="code")
    for happened in EVENTS:
        row = Event(
            subject=subjects[happened.code],
            day=date.fromisoformat(happened.day),
            title=happened.title,
            text=happened.text,
        )
        if not Event.objects.filter(subject=row.subject, day=row.day, title=row.title).exists():
            save_event(row, by=None, reason="Noted for the demo.")
