"""Months as counted numbers, and the periods of each cadence (SCORING.md, section 2)."""

from dataclasses import dataclass
from datetime import date, timedelta

SPAN_OF_CADENCE = {"day": 1, "week": 1, "month": 1, "quarter": 3, "year": 12}
# Day and week values are folded to months, so that a formula sees them as months.
FOLDED_CADENCE = {
    "day": "month",
    "week": "month",
    "month": "month",
    "quarter": "quarter",
    "year": "year",
}


@dataclass(frozen=True)
class Period:
    """One period of a cadence: its days, and the month from which its value counts."""

    label: str
    first_day: date
    last_day: date
    month: int


def month_number(label: str) -> int:
    """Months since year 0, so that months can be compared and counted."""
    year, month = label.split("-")
    return int(year) * 12 + int(month) - 1


def month_label(number: int) -> str:
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def month_of(day: date) -> int:
    return day.year * 12 + day.month - 1


def first_day_of(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def last_day_of(month: int) -> date:
    return first_day_of(month + 1) - timedelta(days=1)


def read_period(label: str, cadence: str, fiscal_year_starts_in: int) -> Period:
    if cadence == "day":
        day = date.fromisoformat(label)
        return Period(day.isoformat(), day, day, month_of(day))
    if cadence == "week":
        return week_of(_day_of_week_label(label))
    if cadence == "month":
        return _months(label, month_number(label), 1)
    year = int(label[:4])
    first_month = year * 12 + fiscal_year_starts_in - 1
    if cadence == "quarter":
        quarter = int(label[-1])
        return _months(label, first_month + 3 * (quarter - 1), 3)
    return _months(label, first_month, 12)


def week_of(day: date) -> Period:
    """The ISO week of a day; it belongs to the month that its Monday lies in."""
    monday = day - timedelta(days=day.weekday())
    year, week, _ = monday.isocalendar()
    return Period(f"{year:04d}-W{week:02d}", monday, monday + timedelta(days=6), month_of(monday))


def _day_of_week_label(label: str) -> date:
    if "W" in label:
        year, week = label.split("-W")
        return date.fromisocalendar(int(year), int(week), 1)
    return date.fromisoformat(label)


def _months(label: str, first_month: int, length: int) -> Period:
    last_month = first_month + length - 1
    return Period(label, first_day_of(first_month), last_day_of(last_month), last_month)
