"""Pages that people come back to, with everything they had chosen there."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

LONGEST_ADDRESS = 2000


class SavedView(models.Model):
    """A person's own name for an address of the portal."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views")
    name = models.CharField(_("name"), max_length=100)
    address = models.CharField(
        _("address"),
        max_length=LONGEST_ADDRESS,
        help_text=_("Path and query; without `month` it shows the latest month."),
    )
    place = models.PositiveIntegerField(_("place"), default=0)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        ordering = ["place", "pk"]
        constraints = [
            models.UniqueConstraint(name="a_view_is_saved_once", fields=["user", "address"]),
            models.CheckConstraint(name="saved_view_name_not_blank", condition=~models.Q(name="")),
            models.CheckConstraint(
                name="saved_view_address_is_a_path", condition=models.Q(address__startswith="/")
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("saved_view_open", args=[self.pk])
