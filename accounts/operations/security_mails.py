"""A mail to whom an account belongs, when something about its safety was changed."""

from __future__ import annotations

import logging

from celery import current_app
from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

CHANGES = {
    "password_changed": gettext_lazy("Your password was changed."),
    "password_reset": gettext_lazy("Your password was changed by the link in a mail."),
    "totp_activated": gettext_lazy("A second factor was set up: an app on a phone."),
    "totp_deactivated": gettext_lazy("Your second factor was removed."),
    "removed_by_administrator": gettext_lazy(
        "An administrator removed your second factor. Your password alone signs you in until you"
        " set up another one."
    ),
    "recovery_codes_generated": gettext_lazy("New recovery codes were made for your account."),
}


def tell_of_change(person: User, change: str) -> None:
    """Let a worker write it; where none can be told, the change stands all the same."""
    if not person.email:
        return
    try:
        current_app.send_task(
            "accounts.tasks.tell_of_change_task",
            args=[person.pk, change],
            retry=False,
            ignore_result=True,
        )
    except (OperationalError, OSError) as error:
        logger.error("%s is not told that %s: %s", person.get_username(), change, error)


def send_word_of_change(key: int, change: str) -> bool:
    """False if there is nobody to tell any more."""
    person = User.objects.filter(pk=key, is_active=True).exclude(email="").first()
    if person is None:
        return False
    with translation.override(settings.LANGUAGE_CODE):
        text = render_to_string(
            "accounts/security_mail.txt",
            {
                "name": person.get_full_name() or person.get_username(),
                "user_name": person.get_username(),
                "change": CHANGES[change],
                "portal": settings.PORTAL_URL,
            },
        )
        subject = _("Your account in the PMO portal")
        EmailMessage(subject=subject, body=text, to=[person.email]).send()
    return True
