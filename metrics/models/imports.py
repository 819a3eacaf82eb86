"""Imports: the file as it came, how it was read, what became of every row, and the undoing."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from metrics.choices import BatchMode, BatchState, Verdict
from metrics.models.causes import request_id_field


class ImportFile(models.Model):
    """A file as somebody sent it. It is kept in the database, where every worker finds it."""

    name = models.CharField(_("name"), max_length=255)
    size = models.PositiveBigIntegerField(_("size"), help_text=_("Bytes."))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    content = models.BinaryField(_("content"))

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name


class ImportBatch(models.Model):
    """One import: a file, how it is read and mapped, how far it is, and what came of it.

    `attempt` is the fence, as for scoring runs: who claims the batch raises it, and a worker whose
    attempt is no longer the batch's own writes nothing more.
    """

    file = models.ForeignKey(ImportFile, models.PROTECT, related_name="batches")
    mends = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="mended_by",
        help_text=_("The batch whose refused rows are sent again."),
    )
    state = models.CharField(_("state"), max_length=9, choices=BatchState, default=BatchState.NEW)
    mode = models.CharField(
        _("mode"), max_length=8, choices=BatchMode, default=BatchMode.ALL_OR_NOTHING
    )
    reading = models.JSONField(_("reading"), default=dict, blank=True)
    mapping = models.JSONField(_("mapping"), default=dict, blank=True)
    is_confirmed = models.BooleanField(
        _("unusual values confirmed"), default=False, help_text=_("Questioned rows are taken too.")
    )
    counts = models.JSONField(
        _("counts"), default=dict, blank=True, help_text=_("Rows per verdict.")
    )
    done = models.PositiveIntegerField(_("rows done"), default=0)
    total = models.PositiveIntegerField(_("rows in all"), default=0)
    attempt = models.PositiveIntegerField(_("attempt"), default=0)
    tries = models.PositiveIntegerField(
        _("tries"), default=0, help_text=_("Attempts at what was asked for last.")
    )
    error = models.TextField(_("error"), blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    heartbeat_at = models.DateTimeField(_("last sign of life at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    stored_at = models.DateTimeField(_("stored at"), null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    undone_at = models.DateTimeField(_("undone at"), null=True, blank=True)
    request_id = request_id_field()

    class Meta:
        ordering = ["-id"]
        permissions = [("undo_imports", "Can undo anybody's imports")]
        constraints = [
            models.CheckConstraint(
                name="batch_state_known", condition=Q(state__in=BatchState.values)
            ),
            models.CheckConstraint(name="batch_mode_known", condition=Q(mode__in=BatchMode.values)),
            models.CheckConstraint(
                name="batch_progress_in_total", condition=Q(done__lte=F("total"))
            ),
        ]

    def __str__(self) -> str:
        return gettext("Import %(pk)s (%(state)s)") % {
            "pk": self.pk,
            "state": self.get_state_display(),
        }


class BatchRows(models.Model):
    """All rows of a batch with one verdict: one JSON array a line, compressed."""

    batch = models.ForeignKey(ImportBatch, models.CASCADE, related_name="rows")
    verdict = models.CharField(_("verdict"), max_length=10, choices=Verdict)
    number = models.PositiveIntegerField(_("rows"))
    content = models.BinaryField(_("content"))

    class Meta:
        ordering = ["batch", "verdict"]
        constraints = [
            models.UniqueConstraint(
                name="one_block_of_rows_per_verdict", fields=["batch", "verdict"]
            ),
            models.CheckConstraint(name="verdict_known", condition=Q(verdict__in=Verdict.values)),
        ]

    def __str__(self) -> str:
        return gettext("%(number)s rows %(verdict)s of batch %(batch_id)s") % {
            "number": self.number,
            "verdict": self.verdict,
            "batch_id": self.batch_id,
        }


class SavedMapping(models.Model):
    """How a person read and mapped files with this header, offered for the next one like it."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="import_mappings"
    )
    signature = models.CharField(
        _("signature"), max_length=64, help_text=_("SHA-256 of what the header says.")
    )
    name = models.CharField(_("name"), max_length=255, help_text=_("The file it was made for."))
    reading = models.JSONField(_("reading"))
    mapping = models.JSONField(_("mapping"))
    times_used = models.PositiveIntegerField(_("times used"), default=1)
    used_at = models.DateTimeField(_("used at"))

    class Meta:
        ordering = ["-used_at"]
        constraints = [
            models.UniqueConstraint(
                name="one_mapping_per_person_and_header", fields=["owner", "signature"]
            )
        ]

    def __str__(self) -> str:
        return gettext("%(name)s of %(owner)s") % {"name": self.name, "owner": self.owner}
