"""Model fields that know the domain: months and finite numbers."""

from __future__ import annotations

import sys
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from projects.months import FIRST_MONTH, LAST_MONTH, Month

LARGEST_FLOAT = sys.float_info.max


def month_of(text: str) -> Month:
    """Read `2026-03` as a person gave it; ValidationError says what would fit."""
    try:
        return Month.parse(text)
    except ValueError:
        raise ValidationError(
            gettext('"%(text)s" is not a month; write it like 2026-03.') % {"text": text},
            code="invalid",
        ) from None


class MonthFormField(forms.CharField):
    """Reads and shows a month as `2026-03`."""

    def __init__(self, **kwargs: Any) -> None:
        attributes = {"placeholder": _("YYYY-MM"), "size": 8, "maxlength": 7}
        kwargs.setdefault("widget", forms.TextInput(attrs=attributes))
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        return str(Month(value)) if isinstance(value, int) else value

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        return month_of(text)


class MonthField(models.IntegerField):
    """A calendar month, stored as its number so that database and engine count alike."""

    description = _("Calendar month")

    _pyi_private_set_type: int | str
    _pyi_private_get_type: Month

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        if isinstance(kwargs.get("default"), int):
            kwargs["default"] = int(kwargs["default"])
        return name, path, args, kwargs

    def from_db_value(self, value: int | None, expression: Any, connection: Any) -> Month | None:
        return None if value is None else Month(value)

    def to_python(self, value: Any) -> Any:
        if value is None or isinstance(value, Month):
            return value
        if isinstance(value, int):
            return Month(value)
        return month_of(str(value))

    def get_prep_value(self, value: Any) -> int | None:
        if isinstance(value, str):
            value = Month.parse(value)
        return None if value is None else int(value)

    def value_to_string(self, obj: models.Model) -> str:
        value: Any = self.value_from_object(obj)
        return "" if value is None else str(Month(value))

    def formfield(self, **kwargs: Any) -> Any:
        return models.Field.formfield(self, **{"form_class": MonthFormField, **kwargs})


def month_in_range(field: str) -> models.Q:
    """A check that a month is one a date can hold; null passes."""
    return models.Q((f"{field}__gte", int(FIRST_MONTH)), (f"{field}__lte", int(LAST_MONTH)))


def finite(field: str) -> models.Q:
    """A check that a float is a number: neither NaN nor infinite; null passes."""
    return models.Q((f"{field}__gte", -LARGEST_FLOAT), (f"{field}__lte", LARGEST_FLOAT))


def not_negative(field: str) -> models.Q:
    """A check for weights, shares and money: finite and at least 0; null passes."""
    return models.Q((f"{field}__gte", 0), (f"{field}__lte", LARGEST_FLOAT))
