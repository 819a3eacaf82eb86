"""Packs of closed months: kept as they were handed out first, and never written again."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from metrics.models import MonthClosing
from projects.models import Subject
from projects.months import Month
from projects.querysets import SeenManager


class PackKind(models.TextChoices):
    """In which form a pack is written."""

    PDF = "pdf", _("PDF")
    PPTX = "pptx", _("PowerPoint")


MEDIA_TYPES = {
    PackKind.PDF: "application/pdf",
    PackKind.PPTX: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}


class Pack(models.Model):
    """One file of one closing: its bytes, their hash, and the data that it was written from.

    A month that is reopened and closed again has packs of both closings. Packs of open months are
    not kept.
    """

    closing = models.ForeignKey(
        MonthClosing, models.PROTECT, related_name="packs", verbose_name=_("closing")
    )
    subject = models.ForeignKey(
        Subject, models.PROTECT, related_name="packs", verbose_name=_("subject")
    )
    kind = models.CharField(_("kind"), max_length=4, choices=PackKind)
    content = models.BinaryField(_("content"))
    size = models.PositiveIntegerField(_("size"), help_text=_("Bytes."))
    sha256 = models.CharField(_("SHA-256"), max_length=64, help_text=_("Of the file."))
    data = models.JSONField(
        _("data"),
        help_text=_("All that it says, with the definitions of that time."),
    )
    data_sha256 = models.CharField(
        _("SHA-256 of the data"), max_length=64, help_text=_("Printed in the file itself.")
    )
    made_at = models.DateTimeField(_("made at"), auto_now_add=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = SeenManager()

    class Meta:
        ordering = ["-closing__month", "-closing", "subject", "kind"]
        constraints = [
            models.UniqueConstraint(
                name="one_pack_per_closing_subject_and_kind",
                fields=["closing", "subject", "kind"],
            ),
            models.CheckConstraint(
                name="pack_kind_known", condition=models.Q(kind__in=PackKind.values)
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(file_name)s of closing %(closing_id)s") % {
            "file_name": self.file_name,
            "closing_id": self.closing_id,
        }

    def get_absolute_url(self) -> str:
        return reverse("pack_kept", args=[self.pk])

    @property
    def month(self) -> Month:
        return self.closing.month

    @property
    def file_name(self) -> str:
        return file_name(str(self.data["code"]), str(self.data["month"]), self.kind)


def file_name(code: str, month: str, kind: str) -> str:
    """Codes have letters, digits, `_`, `-` and `.` only."""
    return f"pack-{code}-{month}.{kind}"
