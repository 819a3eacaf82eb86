"""Mails that are written before they are sent, and sent by whoever claims them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from metrics.choices import MailState


class OutgoingMail(models.Model):
    """One mail and what became of it; `metrics.operations.mailing` sends it.

    A claim whose worker died is taken again, with the same Message-ID, by which mail programs know
    a letter that comes twice.
    """

    state = models.CharField(_("state"), max_length=7, choices=MailState, default=MailState.DUE)
    subject = models.CharField(_("subject"), max_length=255)
    body = models.TextField(_("text"))
    message_id = models.CharField(_("Message-ID"), max_length=255)
    attempt = models.PositiveIntegerField(_("attempt"), default=0)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    claimed_at = models.DateTimeField(_("claimed at"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        abstract = True
