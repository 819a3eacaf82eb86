"""Score months in words, and the months that a page offers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from projects.months import Month

NAMES = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def month_label(month: Month | None) -> str:
    """`Mar 2026`."""
    return "" if month is None else f"{NAMES[month.number - 1][:3]} {month.year}"


def month_name(month: Month | None) -> str:
    """`March 2026`, for headings and sentences."""
    return "" if month is None else f"{NAMES[month.number - 1]} {month.year}"


def months_text(number: int) -> str:
    return f"{number} month" if number == 1 else f"{number} months"


@dataclass(frozen=True)
class MonthChoice:
    month: Month
    is_chosen: bool
    is_unfinished: bool

    @property
    def value(self) -> str:
        """As it stands in an address."""
        return str(self.month)

    @property
    def label(self) -> str:
        name = month_label(self.month)
        return f"{name} (unfinished)" if self.is_unfinished else name


@dataclass(frozen=True)
class MonthPicker:
    """The chosen month among those offered, the latest first."""

    choices: tuple[MonthChoice, ...]
    chosen: Month
    previous: Month | None
    next: Month | None
    is_unfinished: bool
    parameter: str = "month"

    @classmethod
    def of(
        cls,
        months: Sequence[Month],
        *,
        chosen: Month,
        running: Month | None = None,
        parameter: str = "month",
    ) -> MonthPicker:
        """Months in any order; `running` is the current month, whose values are still coming in."""
        offered = sorted({*months, chosen})
        place = offered.index(chosen)
        return cls(
            choices=tuple(
                MonthChoice(month, is_chosen=month == chosen, is_unfinished=month == running)
                for month in reversed(offered)
            ),
            chosen=chosen,
            previous=offered[place - 1] if place else None,
            next=offered[place + 1] if place + 1 < len(offered) else None,
            is_unfinished=chosen == running,
            parameter=parameter,
        )
