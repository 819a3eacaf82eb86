"""Mails about what is due: one a person and day, written first, and sent by whoever claims it.

What a mail tells is stored with it in one transaction, before anything is sent; so nothing is told
twice and nothing is lost between the two.
"""

from __future__ import annotations

from datetime import date, timedelta

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from metrics.choices import MailState, ReminderKind
from metrics.models import Reminder
from metrics.operations.locks import lock_out_reminders
from metrics.operations.mailing import NotToBeSent, claim_mail, new_message_id, send_waiting
from metrics.reminders import Letter, letters_of

TOLD_FOR = timedelta(days=3 * 366)
"""No period is asked for so long; what was told before need not be remembered."""


def write_reminders(*, today: date | None = None) -> int:
    """Write the day's mails, and what each tells, without sending any; how many are new.

    Harmless to repeat: a person has one mail of each kind a day.
    """
    day = today or timezone.localdate()
    with transaction.atomic():
        # Two who write at once would each tell what the other has not told yet.
        lock_out_reminders()
        written = set(Reminder.objects.filter(day=day).values_list("user_id", "kind"))
        letters = letters_of(day, told=_told(day))
        new = [letter for letter in letters if (letter.user.pk, letter.kind) not in written]
        Reminder.objects.bulk_create([_row(letter, day) for letter in new])
    return len(new)


def _told(day: date) -> dict[tuple[int, ReminderKind], set[tuple[str, ...]]]:
    """What each person was told; a mail that never went out has told nothing."""
    told: dict[tuple[int, ReminderKind], set[tuple[str, ...]]] = {}
    rows = Reminder.objects.filter(day__gte=day - TOLD_FOR).exclude(state=MailState.FAILED)
    for user, kind, about in rows.order_by().values_list("user_id", "kind", "told").iterator():
        known = told.setdefault((user, ReminderKind(kind)), set())
        known.update(tuple(item) for item in about)
    return told


def _row(letter: Letter, day: date) -> Reminder:
    return Reminder(
        user=letter.user,
        kind=letter.kind,
        day=day,
        subject=letter.subject,
        body=letter.body,
        told=[list(item) for item in letter.told],
        message_id=new_message_id(day),
    )


def send_reminders() -> int:
    """Send all mails that wait, one after the other; how many went out."""
    return send_waiting(_reminders(), _message)


def claim(key: int) -> Reminder | None:
    """Make a mail that waits this worker's to send; None if another was faster."""
    return claim_mail(_reminders(), key)


def _reminders() -> QuerySet[Reminder]:
    return Reminder.objects.select_related("user")


def _message(reminder: Reminder) -> EmailMessage:
    if not (reminder.user.is_active and reminder.user.email):
        raise NotToBeSent("The person is inactive or has no address by now.")
    return EmailMessage(
        subject=reminder.subject,
        body=reminder.body,
        to=[reminder.user.email],
        headers={"Message-ID": reminder.message_id, "Auto-Submitted": "auto-generated"},
    )
