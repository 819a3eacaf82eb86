"""Months as whole numbers, and the periods of each cadence."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count

FIRST_MONTH = "2024-05"  # never moves: every series is walked from here, so history stays as it was
HOLIDAYS = {(1, 1), (5, 1), (12, 25), (12, 26)}
STEPS = {"month": 1, "quarter": 3, "year": 12}


def month_number(month: str) -> int:
    year, month_of_year = month.split("-")
    return int(year) * 12 + int(month_of_year) - 1


def month_label(number: int) -> str:
    return f"{number // 12}-{number % 12 + 1:02}"


def first_day(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


def last_day(number: int) -> date:
    return first_day(number + 1) - timedelta(days=1)


def periods(cadence: str) -> Iterator[tuple[str, int]]:
    """Every period of a cadence from the first month on, each with its month; there is no end."""
    first = month_number(FIRST_MONTH)
    if cadence == "day":
        yield from _working_days(first)
    elif cadence == "week":
        yield from _weeks(first)
    else:
        step = STEPS[cadence]
        for number in count(first):
            if (number + 1) % step == 0:
                yield _label(cadence, number), number


def _working_days(first: int) -> Iterator[tuple[str, int]]:
    for offset in count():
        day = first_day(first) + timedelta(days=offset)
        if day.weekday() < 5 and (day.month, day.day) not in HOLIDAYS:
            yield day.isoformat(), _month_of(day)


def _weeks(first: int) -> Iterator[tuple[str, int]]:
    """A week belongs to the month of its Monday."""
    monday = first_day(first) + timedelta(days=-first_day(first).weekday() % 7)
    for offset in count():
        day = monday + timedelta(weeks=offset)
        year, week, _ = day.isocalendar()
        yield f"{year}-W{week:02}", _month_of(day)


def _month_of(day: date) -> int:
    return day.year * 12 + day.month - 1


def _label(cadence: str, number: int) -> str:
    if cadence == "year":
        return str(number // 12)
    if cadence == "quarter":
        return f"{number // 12}-Q{number % 12 // 3 + 1}"
    return month_label(number)
