"""Money as a decimal amount in a named currency; amounts of two currencies are never added."""

from __future__ import annotations

from typing import Any

from django.core.validators import MaxLengthValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from projects.validation import validate_amount

CURRENCY_PATTERN = r"\A[A-Z]{3}\Z"


class AmountField(models.DecimalField):
    """An amount of money with up to four decimals; blank = unknown."""

    default_validators = [validate_amount]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.update(max_digits=22, decimal_places=4, null=True, blank=True)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        for fixed in ("max_digits", "decimal_places", "null", "blank"):
            kwargs.pop(fixed, None)
        return name, path, args, kwargs


class CurrencyField(models.CharField):
    """An ISO 4217 code such as EUR."""

    default_validators = [
        RegexValidator(
            r"\A[A-Z]{3}\Z",
            _('"%(value)s" is no currency; it is three capital letters, such as EUR.'),
        )
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.update(max_length=3, blank=True)
        super().__init__(*args, **kwargs)
        # The sentence about three letters is enough; one about the length tells no more.
        self.validators[:] = [
            each for each in self.validators if not isinstance(each, MaxLengthValidator)
        ]

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        for fixed in ("max_length", "blank"):
            kwargs.pop(fixed, None)
        return name, path, args, kwargs


def currency_with(table: str) -> models.CheckConstraint:
    """Three capital letters, or blank where nobody knows."""
    return models.CheckConstraint(
        name=f"{table}_currency",
        condition=Q(currency="") | Q(currency__regex=CURRENCY_PATTERN),
    )
