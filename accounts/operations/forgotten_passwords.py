"""A mail by which somebody sets a new password.

It is written and sent by a worker, which is also who looks whether there is such an account:
nothing about the answer to the form, its time included, depends on it. The link is made there too,
so that it travels in the mail alone.
"""

from __future__ import annotations

import logging

from allauth.account.app_settings import PASSWORD_RESET_TOKEN_GENERATOR
from allauth.account.utils import user_pk_to_url_str
from celery import current_app
from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from accounts.audit import record
from accounts.choices import Happening
from accounts.letters import letter_to
from accounts.people import people_to_write_to

logger = logging.getLogger(__name__)


class NobodyToSend(Exception):
    """No worker can be told to send the mail."""


def ask_for_mail(address: str) -> None:
    """Let a worker write to whoever has this address, if anybody has."""
    try:
        current_app.send_task(
            "accounts.tasks.send_password_mails_task",
            args=[address],
            expires=settings.PASSWORD_RESET_TIMEOUT,
            retry=False,
            ignore_result=True,
        )
    except (OperationalError, OSError) as error:
        logger.error("No mail for a forgotten password could be asked for: %s", error)
        raise NobodyToSend from error


def send_password_mails(address: str) -> int:
    """One for each account with this address; how many."""
    people = people_to_write_to(address)
    for person in people:
        password_mail(person).send()
        record(Happening.RESET_ASKED, about=person)
    return len(people)


def password_mail(person: User) -> EmailMessage:
    with translation.override(settings.LANGUAGE_CODE):
        return letter_to(
            person,
            "accounts/password_mail.txt",
            subject=_("Set a new password for the PMO portal"),
            link=link_for(person),
            minutes=settings.PASSWORD_RESET_TIMEOUT // 60,
        )


def link_for(person: User) -> str:
    """It works once, until the password, the address or the last sign-in is another."""
    key = PASSWORD_RESET_TOKEN_GENERATOR().make_token(person)
    place = reverse("account_reset_password_from_key", args=[user_pk_to_url_str(person), key])
    return settings.PORTAL_URL + place
