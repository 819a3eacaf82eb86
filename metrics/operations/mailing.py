"""Sending mails that are stored: each by whoever claims it, and again if that one died.

A mail is claimed by changing its row. A claim whose worker did not come back is taken again after a
while, with the same Message-ID; what the mail server refused is tried again later, then given up.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date, datetime, timedelta
from smtplib import SMTPException
from typing import TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.crypto import get_random_string

from metrics.choices import MailState
from metrics.models.mails import OutgoingMail

logger = logging.getLogger(__name__)

Mail = TypeVar("Mail", bound=OutgoingMail)

MOST_ATTEMPTS = 5
FIRST_PAUSE = timedelta(minutes=2)
"""Before a mail is tried again that could not be sent; twice as long each time."""

NOT_SENT = (SMTPException, OSError, ValueError)
"""The mail server refused or is away; an address or a header is none (Django's own check)."""


class NotToBeSent(Exception):
    """Nobody is to get this mail any more; it says why."""


def new_message_id(day: date) -> str:
    host = urlsplit(settings.PORTAL_URL).hostname
    return f"<{day:%Y%m%d}.{get_random_string(24)}@{host}>"


def send_waiting(mails: QuerySet[Mail], message_of: Callable[[Mail], EmailMessage]) -> int:
    """Send all mails that wait, one after the other; how many went out."""
    sent = 0
    for key in _waiting(mails).order_by("pk").values_list("pk", flat=True):
        mail = claim_mail(mails, key)
        if mail is not None:
            sent += _send(mail, message_of)
    return sent


def _waiting(mails: QuerySet[Mail], now: datetime | None = None) -> QuerySet[Mail]:
    """What is to be sent, what is to be tried again by now, and what a dead worker left."""
    now = now or timezone.now()
    given_up = now - timedelta(seconds=settings.REMINDER_STALE_SECONDS)
    ready = Q(state=MailState.DUE, attempt=0) | Q(state=MailState.SENDING, claimed_at__lte=given_up)
    for attempt in range(1, MOST_ATTEMPTS):
        pause = FIRST_PAUSE * 2 ** (attempt - 1)
        ready |= Q(state=MailState.DUE, attempt=attempt, claimed_at__lte=now - pause)
    return mails.filter(ready)


def claim_mail(mails: QuerySet[Mail], key: int) -> Mail | None:
    """Make a mail that waits this worker's to send; None if another was faster."""
    now = timezone.now()
    claimed = _waiting(mails.model._default_manager.all(), now).filter(pk=key)
    if not claimed.update(state=MailState.SENDING, attempt=F("attempt") + 1, claimed_at=now):
        return None
    return mails.get(pk=key)


def _send(mail: OutgoingMail, message_of: Callable[..., EmailMessage]) -> bool:
    """Send a claimed mail and say so; a refusal is kept, and the mail tried again later."""
    try:
        message_of(mail).send()
    except NotToBeSent as reason:
        conclude(mail, MailState.FAILED, str(reason))
        return False
    except NOT_SENT as error:
        words = f"{type(error).__name__}: {error}"[:2000]
        is_last = mail.attempt >= MOST_ATTEMPTS
        conclude(mail, MailState.FAILED if is_last else MailState.DUE, words)
        logger.warning("A mail could not be sent (%s): %s", mail, words)
        return False
    conclude(mail, MailState.SENT)
    return True


def conclude(mail: OutgoingMail, state: MailState, error: str = "") -> None:
    """Say what became of the mail, if the claim still holds."""
    claimed = type(mail)._default_manager.filter(
        pk=mail.pk, attempt=mail.attempt, state=MailState.SENDING
    )
    claimed.update(
        state=state, error=error, sent_at=timezone.now() if state == MailState.SENT else None
    )
