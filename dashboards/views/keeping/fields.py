"""Form fields that are made of the models' own, and read what people type as people type it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboards.forms import decimal_sign
from metrics.validation.numbers import number_text
from projects.fields import MonthField
from projects.models.money import CurrencyField
from projects.validation import quoted

TEXT_ROWS = 3


class ReadsNumbers(forms.Field):
    """Says what was read, and with which decimal sign a number is written."""

    def prepare_value(self, value: Any) -> Any:
        """As few decimals as it needs."""
        if isinstance(value, float | Decimal):
            return plain_number(value).replace(".", decimal_sign())
        return value

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except ValidationError:
            sign = decimal_sign()
            raise ValidationError(
                _("%(read)s is not a number; write it like 1234%(sign)s5.")
                % {"read": quoted(str(value)), "sign": sign},
                code="invalid",
            ) from None


class DecimalInput(ReadsNumbers, forms.DecimalField):
    """An amount."""


class FloatInput(ReadsNumbers, forms.FloatField):
    """A weight or a share."""


class IntegerInput(ReadsNumbers, forms.IntegerField):
    """A count."""


def plain_number(value: float | Decimal) -> str:
    """`1`, `0.5`, `1200000`"""
    if isinstance(value, float):
        return number_text(value)
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


NUMBER_INPUT = {"inputmode": "decimal", "autocomplete": "off"}


def form_field(field: models.Field, **given: Any) -> Any:
    """A model's field as a form asks for it: label, help and validators are the model's own."""
    if isinstance(field, models.DecimalField | models.FloatField):
        kind = DecimalInput if isinstance(field, models.DecimalField) else FloatInput
        widget = forms.TextInput(attrs=NUMBER_INPUT)
        return field.formfield(**given | {"form_class": kind, "localize": True, "widget": widget})
    if isinstance(field, MonthField):
        return field.formfield(**given)
    if isinstance(field, models.PositiveIntegerField):
        widget = forms.TextInput(attrs=NUMBER_INPUT | {"inputmode": "numeric"})
        return field.formfield(**given | {"form_class": IntegerInput, "widget": widget})
    if isinstance(field, CurrencyField):
        given["max_length"] = None  # its own sentence tells of the three letters
    if isinstance(field, models.DateField):
        given["widget"] = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    if isinstance(field, models.TextField):
        given["widget"] = forms.Textarea(attrs={"rows": TEXT_ROWS})
    found = field.formfield(**given)
    if field.choices and field.blank and isinstance(found, forms.ChoiceField):
        found.choices = [("", gettext_lazy("Not told")), *field.flatchoices]
    return found


class KeepingForm(forms.ModelForm):
    """Shows what an operation refused, beside the field that it is about."""

    refusals_at: dict[str, str] = {}
    """The field beside which a sentence stands that is told by its code alone."""

    def add_refusal(self, refusal: ValidationError) -> None:
        refusals_into(self, refusal, self.refusals_at)

    def bound(self, *names: str) -> list[forms.BoundField]:
        """Those of the fields that this form has."""
        return [self[name] for name in names if name in self.fields]


def refusals_into(
    form: forms.BaseForm, refusal: ValidationError, at: Mapping[str, str] | None = None
) -> None:
    """Each sentence beside the field that it is about; `at` says it for some codes."""
    told: dict[str, list[ValidationError]]
    if hasattr(refusal, "error_dict"):
        told = refusal.error_dict
    else:
        told = {NON_FIELD_ERRORS: refusal.error_list}
    for name, errors in told.items():
        for error in errors:
            field = (at or {}).get(str(error.code), name)
            form.add_error(field if field in form.fields else None, error)
