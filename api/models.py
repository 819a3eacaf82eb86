"""Personal tokens, and the answers that are kept for requests which come again."""

from __future__ import annotations

from datetime import date, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

NAME_LENGTH = 80
KEY_LENGTH = 200
DIGEST_LENGTH = 64
SHOWN_LENGTH = 12


class PersonalToken(models.Model):
    """By which a program acts for a person: as far as the person may, and its scopes reach.

    Only the digest is kept. The token is 256 random bits, so that nothing is gained by salting it
    or by making the digest slow.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="personal_tokens"
    )
    name = models.CharField(_("name"), max_length=NAME_LENGTH)
    start = models.CharField(
        _("begins with"), max_length=SHOWN_LENGTH, help_text=_("To tell it from others.")
    )
    digest = models.CharField(_("digest"), max_length=DIGEST_LENGTH, unique=True, editable=False)
    scopes = models.JSONField(_("scopes"))
    created_at = models.DateTimeField(_("made at"), default=timezone.now)
    expires_at = models.DateTimeField(_("ends at"))
    used_at = models.DateTimeField(_("last used at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("personal token")
        verbose_name_plural = _("personal tokens")
        constraints = [
            models.CheckConstraint(name="token_has_a_name", condition=~Q(name="")),
            models.CheckConstraint(
                name="token_ends_after_it_begins", condition=Q(expires_at__gt=F("created_at"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.start}…)"

    @property
    def last_day(self) -> date:
        return timezone.localdate(self.expires_at - timedelta(seconds=1))

    @property
    def is_in_force(self) -> bool:
        return self.ended_at is None and self.expires_at > timezone.now()


class KeptAnswer(models.Model):
    """What was answered to a request that came with an Idempotency-Key."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(_("key"), max_length=KEY_LENGTH)
    fingerprint = models.CharField(
        _("fingerprint"), max_length=DIGEST_LENGTH, help_text=_("SHA-256 of what was asked.")
    )
    status = models.PositiveSmallIntegerField(_("status"))
    content = models.JSONField(_("content"), null=True)
    created_at = models.DateTimeField(_("kept since"), default=timezone.now)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(name="one_answer_per_person_and_key", fields=["user", "key"])
        ]
        indexes = [models.Index(fields=["created_at"], name="kept_answer_since")]

    def __str__(self) -> str:
        return f"{self.status} for {self.key}"
