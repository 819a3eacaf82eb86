"""One cell: from its text to the value of a model's field, and back to the same text."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from metrics.validation.curves import curve_text, read_curve
from metrics.validation.numbers import NumberError, number_text, read_number
from projects.fields import MonthField
from projects.models.money import AmountField
from projects.months import BEGINNING, Month
from projects.validation import listed_with_or, quoted

Reader = Callable[[str], Any]
Writer = Callable[[Any], str]

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class CellError(ValueError):
    """A text that is no value of its column; the message says what would fit."""


def reader_of(field: models.Field) -> Reader:
    """Reads a cell that is not blank, by the field's own rules; CellError says what is wrong."""
    parse = _parser_of(field)
    validators = field.validators

    def read(text: str) -> Any:
        try:
            value = parse(text)
            for validate in validators:
                validate(value)
        except ValidationError as error:
            raise CellError(error.messages[0]) from None
        except ValueError as error:
            raise CellError(str(error)) from None
        return value

    return read


def writer_of(field: models.Field) -> Writer:
    """Writes what the field holds; nothing at all is a blank cell."""
    form = _form_of(field)
    return lambda value: "" if value is None else form(value)


def blank_value(field: models.Field) -> Any:
    """What a blank cell stands for: nothing, or the field's default."""
    if field.has_default():
        return field.get_default()
    return None if field.null else ""


def _parser_of(field: models.Field) -> Reader:
    if field.choices:
        return _choice_reader(str(field.verbose_name), [value for value, _ in field.flatchoices])
    match field:
        case MonthField():
            return Month.parse
        case models.DateField():
            return _read_day
        case AmountField():
            return _read_amount
        case models.FloatField():
            return read_number
        case models.IntegerField():
            return _read_whole_number
        case models.BooleanField():
            return _read_yes_or_no
        case models.JSONField():
            return read_curve
    return str


def _form_of(field: models.Field) -> Writer:
    match field:
        case MonthField():
            return lambda month: "" if month == BEGINNING else str(Month(month))
        case models.DateField():
            return date.isoformat
        case AmountField():
            return _amount_text
        case models.FloatField():
            return number_text
        case models.BooleanField():
            return lambda value: "true" if value else "false"
        case models.JSONField():
            return curve_text
    return str


def _choice_reader(what: str, choices: list[str]) -> Reader:
    known = frozenset(choices)

    def read(text: str) -> str:
        if text not in known:
            raise CellError(f"{quoted(text)} does not fit; it is {listed_with_or(choices)}.")
        return text

    return read


def _read_day(text: str) -> date:
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise CellError(f"{quoted(text)} is not a day; write it like 2026-03-09.")


def _read_amount(text: str) -> Decimal:
    read_number(text)
    amount = Decimal(text)
    return amount or Decimal(0)  # there is one zero


def _read_whole_number(text: str) -> int:
    try:
        number = read_number(text)
    except NumberError:
        number = 0.5
    if not number.is_integer():
        raise CellError(f"{quoted(text)} is not a whole number; write it like 12.")
    return int(number)


def _read_yes_or_no(text: str) -> bool:
    if text not in ("true", "false"):
        raise CellError(f"{quoted(text)} is neither true nor false.")
    return text == "true"


def _amount_text(amount: Decimal) -> str:
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
