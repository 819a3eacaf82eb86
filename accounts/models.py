"""The audit log: who signed in, who was refused, and who changed what others may."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.choices import Happening
from accounts.sealing import REFUSAL

NAME_LENGTH = 150
BROWSER_LENGTH = 200
PATH_LENGTH = 300
METHOD_LENGTH = 10
REQUEST_LENGTH = 64
DETAIL_LENGTH = 1_000


class LogIsKept(TypeError):
    """Somebody's code tried to change what the audit log says."""

    def __init__(self) -> None:
        super().__init__(REFUSAL)


class AuditQuerySet(models.QuerySet["AuditEvent"]):
    """Reads and adds; the database refuses the rest as well (accounts.sealing)."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise LogIsKept

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise LogIsKept

    def delete(self) -> NoReturn:
        raise LogIsKept


class AuditEvent(models.Model):
    """One thing that happened; people stand here by key and name, and outlast their accounts."""

    at = models.DateTimeField(_("when"), default=timezone.now)
    happening = models.CharField(_("what"), max_length=30, choices=Happening)
    person_key = models.BigIntegerField(null=True)
    person = models.CharField(_("who"), max_length=NAME_LENGTH, blank=True)
    about_key = models.BigIntegerField(null=True)
    about = models.CharField(
        _("about whom"),
        max_length=NAME_LENGTH,
        blank=True,
        help_text=_("If it is somebody else, or if nobody was signed in."),
    )
    address = models.GenericIPAddressField(_("address"), null=True)
    browser = models.CharField(_("browser"), max_length=BROWSER_LENGTH, blank=True)
    method = models.CharField(_("method"), max_length=METHOD_LENGTH, blank=True)
    path = models.CharField(_("path"), max_length=PATH_LENGTH, blank=True)
    request_id = models.CharField(_("request"), max_length=REQUEST_LENGTH, blank=True)
    detail = models.CharField(_("more"), max_length=DETAIL_LENGTH, blank=True)

    objects = AuditQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        default_permissions = ("view",)
        verbose_name = _("event of the audit log")
        verbose_name_plural = _("audit log")
        indexes = [
            models.Index(fields=["at", "id"], name="audit_at"),
            models.Index(fields=["happening", "at"], name="audit_happening"),
            models.Index(fields=["person", "at"], name="audit_person"),
            models.Index(fields=["about", "at"], name="audit_about"),
            models.Index(fields=["address", "at"], name="audit_address"),
            models.Index(fields=["person_key", "at"], name="audit_person_key"),
        ]

    def __str__(self) -> str:
        return f"{self.get_happening_display()}: {self.person or self.about or self.address}"

    def save(
        self,
        *,
        force_insert: Any = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        if not self._state.adding or force_update or update_fields:
            raise LogIsKept
        super().save(force_insert=True, using=using)

    def delete(self, using: str | None = None, keep_parents: bool = False) -> NoReturn:
        raise LogIsKept
