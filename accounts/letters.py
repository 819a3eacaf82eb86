"""Mails about somebody's account, as the portal writes them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import timezone

from metrics.operations.mailing import new_message_id


def letter_to(person: User, template: str, *, subject: str, **context: Any) -> EmailMessage:
    """In the language that is in force; its links lead to PORTAL_URL, whoever asked for it how."""
    context |= {
        "name": person.get_full_name() or person.get_username(),
        "user_name": person.get_username(),
        "portal": settings.PORTAL_URL,
    }
    return EmailMessage(
        subject=subject,
        body=render_to_string(template, context),
        to=[person.email],
        headers={
            "Message-ID": new_message_id(timezone.localdate()),
            "Auto-Submitted": "auto-generated",
        },
    )
