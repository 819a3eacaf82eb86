"""What the portal knows of its own running, whichever of its processes found it out."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from metrics.models.causes import request_id_field


class Tally(models.Model):
    """A running total, or the latest figure of something; `metrics.tallies` keeps them.

    Web servers and workers come and go, and none of them sees what the others did; so what is to
    be counted once for all stands here.
    """

    name = models.CharField(_("name"), max_length=64)
    labels = models.CharField(
        _("labels"), max_length=200, blank=True, help_text=_("JSON, its keys in order.")
    )
    value = models.FloatField(_("value"), default=0)

    class Meta:
        ordering = ["name", "labels"]
        verbose_name_plural = "tallies"
        constraints = [
            models.UniqueConstraint(name="one_tally_of_a_name", fields=["name", "labels"])
        ]

    def __str__(self) -> str:
        return f"{self.name}{self.labels} {self.value:g}"


class FailedTask(models.Model):
    """A background task that ended with an error and is not tried again by itself."""

    task = models.CharField(_("task"), max_length=200)
    task_id = models.CharField(_("task ID"), max_length=64, blank=True)
    worker = models.CharField(_("worker"), max_length=200, blank=True)
    error = models.TextField(_("error"))
    at = models.DateTimeField(_("at"), db_index=True)
    request_id = request_id_field()

    class Meta:
        ordering = ["-at"]
        permissions = [("see_status", "Can see how the portal is running")]

    def __str__(self) -> str:
        return f"{self.task}: {self.error}"
