"""Calendar months as numbers: what scores, spans and closed months are counted in."""

from __future__ import annotations

import re
from datetime import date, timedelta

MONTHS_PER_YEAR = 12
_MONTH_TEXT = re.compile(r"([0-9]{4})-([0-9]{2})")


class Month(int):
    """A calendar month as the number of months since January of year 0."""

    __slots__ = ()

    @classmethod
    def of(cls, day: date) -> Month:
        """The month a day lies in."""
        return cls(day.year * MONTHS_PER_YEAR + day.month - 1)

    @classmethod
    def parse(cls, text: str) -> Month:
        """Read `2026-03`; ValueError says what would fit."""
        match = _MONTH_TEXT.fullmatch(text)
        if not match or not 1 <= int(match[2]) <= MONTHS_PER_YEAR or int(match[1]) == 0:
            raise ValueError(f'"{text}" is not a month; write it like 2026-03.')
        return cls(int(match[1]) * MONTHS_PER_YEAR + int(match[2]) - 1)

    @property
    def year(self) -> int:
        return int(self) // MONTHS_PER_YEAR

    @property
    def number(self) -> int:
        """1 for January to 12 for December."""
        return int(self) % MONTHS_PER_YEAR + 1

    @property
    def first_day(self) -> date:
        return date(self.year, self.number, 1)

    @property
    def last_day(self) -> date:
        if self == LAST_MONTH:
            return date.max
        return self.plus(1).first_day - timedelta(days=1)

    def plus(self, months: int) -> Month:
        return Month(int(self) + months)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    def __repr__(self) -> str:
        return f"Month({str(self)!r})"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)


FIRST_MONTH = Month(MONTHS_PER_YEAR)
"""January of year 1, the earliest that a date can hold."""

LAST_MONTH = Month.of(date.max)

BEGINNING = Month(0)
"""Stands for "from the beginning" where a month is part of an identity and can't be null."""


def month_range(first: int, last: int) -> list[Month]:
    """Every month from the first to the last, both included."""
    return [Month(number) for number in range(first, last + 1)]
