"""Periods: the day, week, month, quarter or year that a value belongs to (SCORING section 2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext, gettext_lazy

from metrics.choices import Cadence
from projects.months import MONTHS_PER_YEAR, Month

MONTHS_IN = {Cadence.MONTH: 1, Cadence.QUARTER: 3, Cadence.YEAR: 12}

WRITTEN_LIKE = {
    Cadence.DAY: gettext_lazy("a day such as 2026-03-09"),
    Cadence.WEEK: gettext_lazy("a week such as 2026-W11, or any day of it such as 2026-03-09"),
    Cadence.MONTH: gettext_lazy("a month such as 2026-03"),
    Cadence.QUARTER: gettext_lazy("a quarter such as 2026-Q1"),
    Cadence.YEAR: gettext_lazy("a year such as 2026"),
}

_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_WEEK = re.compile(r"([0-9]{4})-W([0-9]{2})")
_QUARTER = re.compile(r"([0-9]{4})-Q([1-4])")
_YEAR = re.compile(r"[0-9]{4}")


class PeriodError(ValueError):
    """A text that is no period of the cadence; the message says what would fit."""


@dataclass(frozen=True, slots=True)
class Period:
    """A period of one cadence; quarters and years follow the organisation's fiscal year."""

    cadence: Cadence
    start: date

    @property
    def end(self) -> date:
        """Its last day."""
        if self.cadence == Cadence.DAY:
            return self.start
        if self.cadence == Cadence.WEEK:
            return self.start + timedelta(days=min(6, (date.max - self.start).days))
        return self.month.last_day

    @property
    def month(self) -> Month:
        """Its last month; for a day or a week the month that its first day lies in."""
        return Month.of(self.start).plus(MONTHS_IN.get(self.cadence, 1) - 1)

    @property
    def first_month(self) -> Month:
        return Month.of(self.start)

    @property
    def last_month_touched(self) -> Month:
        """The month of its last day: for a week maybe one after its month."""
        return Month.of(self.end)

    def due_on(self, due_days: int) -> date:
        """The day by which its value is expected."""
        return self.end + timedelta(days=min(due_days, (date.max - self.end).days))

    def label(self, fiscal_year_starts_in: int = 1) -> str:
        """As it is written in a workspace: `2026-03-09`, `2026-W11`, `2026-03`, `2026-Q1`."""
        if self.cadence == Cadence.DAY:
            return self.start.isoformat()
        if self.cadence == Cadence.WEEK:
            year, week, _ = self.start.isocalendar()
            return f"{year:04}-W{week:02}"
        if self.cadence == Cadence.MONTH:
            return str(Month.of(self.start))
        since_fiscal_year = int(Month.of(self.start)) - (fiscal_year_starts_in - 1)
        year, months = divmod(since_fiscal_year, MONTHS_PER_YEAR)
        return f"{year:04}-Q{months // 3 + 1}" if self.cadence == Cadence.QUARTER else f"{year:04}"


def period_holding(day: date, cadence: str, fiscal_year_starts_in: int = 1) -> Period:
    """The period of the cadence that a day lies in."""
    if cadence == Cadence.DAY:
        return Period(Cadence.DAY, day)
    if cadence == Cadence.WEEK:
        return Period(Cadence.WEEK, day - timedelta(days=min(day.weekday(), day.toordinal() - 1)))
    months = MONTHS_IN[Cadence(cadence)]
    month = Month.of(day)
    into_period = (int(month) - (fiscal_year_starts_in - 1)) % months
    return Period(Cadence(cadence), month.plus(-into_period).first_day)


def next_period(period: Period) -> Period:
    """The period that follows."""
    following = period.end + timedelta(days=1)
    return Period(period.cadence, following)


def parse_period(text: str, cadence: str, fiscal_year_starts_in: int = 1) -> Period:
    """Read a period as it is written for its cadence; PeriodError says what would fit."""
    try:
        return _parsed(text, Cadence(cadence), fiscal_year_starts_in)
    except (ValueError, OverflowError):
        expected = WRITTEN_LIKE[Cadence(cadence)]
        raise PeriodError(
            gettext('"%(text)s" is not %(expected)s.') % {"text": text, "expected": expected}
        ) from None


def _parsed(text: str, cadence: Cadence, fiscal_year_starts_in: int) -> Period:
    if cadence in (Cadence.DAY, Cadence.WEEK) and (match := _DAY.fullmatch(text)):
        return period_holding(date(int(match[1]), int(match[2]), int(match[3])), cadence)
    if cadence == Cadence.WEEK and (match := _WEEK.fullmatch(text)):
        return Period(cadence, date.fromisocalendar(int(match[1]), int(match[2]), 1))
    if cadence == Cadence.MONTH:
        return Period(cadence, Month.parse(text).first_day)
    if cadence == Cadence.QUARTER and (match := _QUARTER.fullmatch(text)):
        return _of_fiscal_year(cadence, int(match[1]), int(match[2]), fiscal_year_starts_in)
    if cadence == Cadence.YEAR and _YEAR.fullmatch(text):
        return _of_fiscal_year(cadence, int(text), 1, fiscal_year_starts_in)
    raise ValueError(text)


def _of_fiscal_year(cadence: Cadence, year: int, quarter: int, starts_in: int) -> Period:
    first = Month(year * MONTHS_PER_YEAR + starts_in - 1 + 3 * (quarter - 1))
    period = Period(cadence, first.first_day)
    period.month.last_day  # noqa: B018  # a year that runs past the last date is no period
    return period
