"""Mails about what is due: one a person and day, each sent once."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from metrics.choices import MailState, ReminderKind
from metrics.models.mails import OutgoingMail


class Reminder(OutgoingMail):
    """One mail to one person, and what it told, so that nothing is told twice.

    It is written before it is sent, and sent by whoever claims it; a claim whose worker died is
    taken again, with the same Message-ID.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="metric_reminders"
    )
    kind = models.CharField(_("kind"), max_length=10, choices=ReminderKind)
    day = models.DateField(_("day"))
    told = models.JSONField(
        _("told"), default=list, help_text=_("What it was about: stage, metric and period each.")
    )

    class Meta:
        ordering = ["-day", "user"]
        constraints = [
            models.UniqueConstraint(
                name="one_reminder_a_person_and_day", fields=["user", "kind", "day"]
            ),
            models.CheckConstraint(
                name="reminder_state_known", condition=Q(state__in=MailState.values)
            ),
            models.CheckConstraint(
                name="reminder_kind_known", condition=Q(kind__in=ReminderKind.values)
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(kind)s to %(user)s on %(day)s") % {
            "kind": self.get_kind_display(),
            "user": self.user,
            "day": self.day,
        }
