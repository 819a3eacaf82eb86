"""Cells as texts that still know what they were in a spreadsheet."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from metrics.validation.numbers import number_text


class NumberCell(str):
    """A number of a spreadsheet, written with a point whatever the file's decimal sign."""

    __slots__ = ()


class DateCell(str):
    """A date or time of a spreadsheet, written 2026-03-09."""

    __slots__ = ()


class WrongCell(str):
    """A cell that has no value of its own: an error, or a formula without its result."""

    problem: str

    def __new__(cls, text: str, problem: str) -> WrongCell:
        cell = super().__new__(cls, text)
        cell.problem = problem
        return cell

    def __bool__(self) -> bool:
        """There is something in the cell, though it reads as nothing."""
        return True


def cell_text(value: Any) -> str:
    """What a spreadsheet's reader gives, as a text; plain texts stay what they are."""
    if type(value) is str:
        return value
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case float() | int():
            return NumberCell(number_text(value))
        case datetime():
            return DateCell(value.isoformat(sep=" "))
        case date() | time():
            return DateCell(value.isoformat())
        case timedelta():
            return DateCell(str(value))
    return str(value)


def percent_text(value: float) -> str:
    """0.12 in a cell that shows percents: what the person sees, `12%`."""
    percent = Decimal(repr(float(value))) * 100
    return NumberCell(f"{number_text(float(percent))}%")


def column_letters(column: int) -> str:
    """What a spreadsheet calls a column counted from 0: A, B, ..., Z, AA."""
    letters = ""
    column += 1
    while column:
        column, place = divmod(column - 1, 26)
        letters = chr(ord("A") + place) + letters
    return letters


def column_number(letters: str) -> int:
    """The place of a column, counted from 0."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
