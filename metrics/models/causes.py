"""Which request a row was written for: it ties a click to everything that came of it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


def request_id_field() -> models.CharField:
    return models.CharField(_("request"), max_length=64, blank=True, default="", editable=False)
