"""Weights and shares: how much a member counts among its siblings."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from projects.fields import LARGEST_FLOAT


def validate_weight(value: float) -> None:
    if not 0 <= value <= LARGEST_FLOAT:
        raise ValidationError(
            _("%(value)s is no weight; it is a finite number of 0 or more.")
            % {"value": f"{value:g}"},
            code="weight",
        )


class WeightField(models.FloatField):
    """A finite number of 0 or more; 0 counts for nothing."""

    default_validators = [validate_weight]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("default", 1.0)
        super().__init__(*args, **kwargs)
