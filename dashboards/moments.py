"""When something falls due that comes every week or month, at an hour in somebody's time zone.

Days and hours are those on the wall there. An hour that is left out when clocks go forward begins
when they do; one that comes twice when they go back counts the first time.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

AREAS = (
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
)


@cache
def time_zones() -> tuple[str, ...]:
    """The names that people choose from: UTC, and places by area."""
    places = {name for name in available_timezones() if name.partition("/")[0] in AREAS}
    return ("UTC", *sorted(places))


def moment_on(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """When that hour begins there on that day, in UTC."""
    return datetime.combine(day, time(hour), zone).astimezone(UTC)


def next_of_week(weekday: int, hour: int, zone: ZoneInfo, *, after: datetime) -> datetime:
    return _first(lambda day: day.weekday() == weekday, hour, zone, after)


def next_of_month(number: int, hour: int, zone: ZoneInfo, *, after: datetime) -> datetime:
    """On the last day of months that are too short."""

    def is_the_day(day: date) -> bool:
        return day.day == min(number, monthrange(day.year, day.month)[1])

    return _first(is_the_day, hour, zone, after)


def next_hour(hour: int, zone: ZoneInfo, *, after: datetime) -> datetime:
    """The first moment at or past `after` when it is that hour there."""
    return _first(lambda _: True, hour, zone, after - timedelta(microseconds=1))


def _first(fits: Callable[[date], bool], hour: int, zone: ZoneInfo, after: datetime) -> datetime:
    day = after.astimezone(zone).date()
    while not (fits(day) and moment_on(day, hour, zone) > after):
        day += timedelta(days=1)
    return moment_on(day, hour, zone)
