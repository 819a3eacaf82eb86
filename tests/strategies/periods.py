"""Labels for days of every cadence, and whether a measurement may stand there."""

from datetime import date, timedelta

from tests.oracle.periods import (
    Period,
    first_day_of,
    month_number,
    month_of,
    read_period,
)
from tests.oracle.subjects import Span, overlaps

FIRST_MONTH = month_number("2023-01")
LAST_MONTH = month_number("2025-06")
MONTHS = LAST_MONTH - FIRST_MONTH + 1


def label_of(day: date, cadence: str, starts_in: int) -> str:
    """The period of a cadence that a day lies in; a week as a label or as one of its days."""
    if cadence == "day":
        return day.isoformat()
    if cadence == "week":
        year, week, weekday = day.isocalendar()
        return f"{year:04d}-W{week:02d}" if weekday > 4 else day.isoformat()
    if cadence == "month":
        return f"{day.year:04d}-{day.month:02d}"
    year, month_of_year = divmod(month_of(day) - (starts_in - 1), 12)
    if cadence == "quarter":
        return f"{year:04d}-Q{month_of_year // 3 + 1}"
    return f"{year:04d}"


def day_in(month: int, cadence: str, step: int, stride: int) -> date:
    """The day that lies `step` strides of a cadence after the start of a month."""
    if cadence == "day":
        return first_day_of(month) + timedelta(days=13 * step * stride)
    if cadence == "week":
        return first_day_of(month) + timedelta(days=12 * step * stride)
    months = {"month": 1, "quarter": 3, "year": 12}[cadence]
    return first_day_of(month + months * step * stride)


def fits(period: Period, span: Span) -> bool:
    """A measurement may stand here: known within the window, overlapping its subject's span."""
    return overlaps(period, span) and FIRST_MONTH - 1 <= period.month <= LAST_MONTH


def fitting_label(day: date, cadence: str, starts_in: int, span: Span) -> str | None:
    label = label_of(day, cadence, starts_in)
    return label if fits(read_period(label, cadence, starts_in), span) else None
