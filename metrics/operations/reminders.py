"""Mails about what is due: one a person and day, written first, and sent by whoever claims it.

What a mail tells is stored with it in one transaction, before anything is sent; so nothing is told
twice and nothing is lost between the two. A mail is claimed by changing its row. A claim whose
worker died is taken again after a while, with the same Message-ID, by which mail programs know a
letter that comes twice.
"""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta
from smtplib import SMTPException
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.crypto import get_random_string

from metrics.choices import MailState, ReminderKind
from metrics.models import Reminder
from metrics.operations.locks import lock_out_reminders
from metrics.reminders import Letter, letters_of

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 5
FIRST_PAUSE = timedelta(minutes=2)
"""Before a mail is tried again that could not be sent; twice as long each time."""

TOLD_FOR = timedelta(days=3 * 366)
"""No period is asked for so long; what was told before need not be remembered."""

NOT_SENT = (SMTPException, OSError, ValueError)
"""The mail server refused or is away; an address or a header is none (Django's own check)."""


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
        message_id=f"<{day:%Y%m%d}.{get_random_string(24)}@{urlsplit(settings.PORTAL_URL).hostname}>",
    )


def send_reminders() -> int:
    """Send all mails that wait, one after the other; how many went out."""
    sent = 0
    for key in _waiting().order_by("pk").values_list("pk", flat=True):
        reminder = claim(key)
        if reminder is not None:
            sent += _send(reminder)
    return sent


def _waiting(now: datetime | None = None) -> QuerySet[Reminder]:
    """What is to be sent, what is to be tried again by now, and what a dead worker left."""
    now = now or timezone.now()
    given_up = now - timedelta(seconds=settings.REMINDER_STALE_SECONDS)
    ready = Q(state=MailState.DUE, attempt=0) | Q(state=MailState.SENDING, claimed_at__lte=given_up)
    for attempt in range(1, MOST_ATTEMPTS):
        pause = FIRST_PAUSE * 2 ** (attempt - 1)
        ready |= Q(state=MailState.DUE, attempt=attempt, claimed_at__lte=now - pause)
    return Reminder.objects.filter(ready)


def claim(key: int) -> Reminder | None:
    """Make a mail that waits this worker's to send; None if another was faster."""
    now = timezone.now()
    claimed = _waiting(now).filter(pk=key)
    if not claimed.update(state=MailState.SENDING, attempt=F("attempt") + 1, claimed_at=now):
        return None
    return Reminder.objects.select_related("user").get(pk=key)


def _send(reminder: Reminder) -> bool:
    """Send a claimed mail and say so; a refusal is kept, and the mail tried again later."""
    if not (reminder.user.is_active and reminder.user.email):
        _conclude(reminder, MailState.FAILED, "The person is inactive or has no address by now.")
        return False
    try:
        _message(reminder).send()
    except NOT_SENT as error:
        words = f"{type(error).__name__}: {error}"[:2000]
        is_last = reminder.attempt >= MOST_ATTEMPTS
        _conclude(reminder, MailState.FAILED if is_last else MailState.DUE, words)
        logger.warning("A reminder to %s could not be sent: %s", reminder.user, words)
        return False
    _conclude(reminder, MailState.SENT)
    return True


def _message(reminder: Reminder) -> EmailMessage:
    return EmailMessage(
        subject=reminder.subject,
        body=reminder.body,
        to=[reminder.user.email],
        headers={"Message-ID": reminder.message_id, "Auto-Submitted": "auto-generated"},
    )


def _conclude(reminder: Reminder, state: MailState, error: str = "") -> None:
    """Say what became of the mail, if the claim still holds."""
    Reminder.objects.filter(
        pk=reminder.pk, attempt=reminder.attempt, state=MailState.SENDING
    ).update(state=state, error=error, sent_at=timezone.now() if state == MailState.SENT else None)
