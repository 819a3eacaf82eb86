"""Score months in words, and the months that a page offers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from projects.months import MONTHS_PER_YEAR, Month


def day_label(day: date) -> str:
    """`9 Mar`, where the year is told beside it or nobody would doubt it."""
    return formats.date_format(day, pgettext("date format: day and month", "j M"))


def whole_day(day: date) -> str:
    """The day with its year, as short as the language writes it."""
    return formats.date_format(day, "SHORT_DATE_FORMAT")


def day_time_label(at: datetime) -> str:
    """`9 Mar, 14:05`."""
    return formats.date_format(at, pgettext("date format: day, month and time", "j M, H:i"))


def day_exact_time(at: datetime) -> str:
    """`9 Mar, 14:05:30`, where seconds matter."""
    return formats.date_format(at, pgettext("date format: day to the second", "j M, H:i:s"))


def exact_time(at: datetime) -> str:
    """`9 Mar 2026, 14:05:30`."""
    return formats.date_format(at, pgettext("date format: to the second", "j M Y, H:i:s"))


def weekday_time(at: datetime) -> str:
    """`Mon 9 Mar 2026, 14:05`."""
    return formats.date_format(at, pgettext("date format: weekday and time", "D j M Y, H:i"))


def month_label(month: Month | None) -> str:
    """`Mar 2026`."""
    return "" if month is None else month_of_day(month.first_day)


def month_of_day(day: date) -> str:
    return formats.date_format(day, pgettext("date format: month and year", "M Y"))


def month_name(month: Month | None) -> str:
    """`March 2026`, for headings and sentences."""
    return "" if month is None else formats.date_format(month.first_day, "YEAR_MONTH_FORMAT")


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
        return _("%(month)s (unfinished)") % {"month": name} if self.is_unfinished else name


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


@dataclass(frozen=True)
class ComparisonChoice:
    value: str
    """As it stands in an address; blank is nothing there."""
    label: str
    is_chosen: bool


@dataclass(frozen=True)
class ComparisonPicker:
    """What a month can be compared with: the month before, the same one last year, any earlier."""

    usual: tuple[ComparisonChoice, ...]
    others: tuple[ComparisonChoice, ...]
    """The latest first."""
    parameter: str = "against"

    def __bool__(self) -> bool:
        return len(self.usual) + len(self.others) > 1

    @classmethod
    def of(
        cls, months: Sequence[Month], *, month: Month, chosen: str, last_year: str
    ) -> ComparisonPicker:
        """Months in any order; `chosen` as in the address, `last_year` what stands for that."""
        earlier = sorted((other for other in {*months} if other < month), reverse=True)
        year_before = month.plus(-MONTHS_PER_YEAR)
        usual, others = [], [str(other) for other in earlier[1:]]
        told = _("Month before")
        if earlier:
            told = _("%(month)s, month before") % {"month": month_label(earlier[0])}
        usual.append(ComparisonChoice("", told, not chosen))
        if chosen == last_year or (earlier and earlier[-1] <= year_before):
            name = month_label(year_before)
            told = _("%(month)s, last year") % {"month": name}
            usual.append(ComparisonChoice(last_year, told, chosen == last_year))
        if chosen not in ("", last_year, *others):
            others = sorted([*others, chosen], reverse=True)
        return cls(
            tuple(usual),
            tuple(
                ComparisonChoice(value, month_label(Month.parse(value)), value == chosen)
                for value in others
            ),
        )
