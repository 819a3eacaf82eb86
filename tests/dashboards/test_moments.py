"""When something falls due: on the clocks of a person's own time zone, through both changes."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from dashboards.moments import next_hour, next_of_month, next_of_week, time_zones

BERLIN, NEW_YORK, KOLKATA = (
    ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Asia/Kolkata")
)
MONDAY, SUNDAY = 0, 6


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "hour", "after", "moment"),
    [
        (BERLIN, 7, "2026-01-01 00:00", "2026-01-05 06:00"),
        (BERLIN, 7, "2026-01-05 05:59", "2026-01-05 06:00"),
        (BERLIN, 7, "2026-01-05 06:00", "2026-01-12 06:00"),
        # Monday has begun there, but not in UTC; and the other way round.
        (KOLKATA, 0, "2026-01-04 12:00", "2026-01-04 18:30"),
        (NEW_YORK, 23, "2026-01-06 00:00", "2026-01-06 04:00"),
        # The week in which the clocks change: the same hour on the wall.
        (BERLIN, 7, "2026-03-23 06:00", "2026-03-30 05:00"),
        (BERLIN, 7, "2026-10-19 05:00", "2026-10-26 06:00"),
    ],
)
def test_a_week_later_it_is_the_same_hour_there(
    zone: ZoneInfo, hour: int, after: str, moment: str
) -> None:
    assert next_of_week(MONDAY, hour, zone, after=at(after)) == at(moment)


@pytest.mark.parametrize(
    ("zone", "hour", "after", "moment"),
    [
        # On 29 March 2026 clocks in Berlin go from 02:00 to 03:00: what is due at two is due then.
        (BERLIN, 2, "2026-03-22 01:00", "2026-03-29 01:00"),
        (BERLIN, 2, "2026-03-29 01:00", "2026-04-05 00:00"),
        # On 25 October they go from 03:00 to 02:00: the first of both, and once.
        (BERLIN, 2, "2026-10-18 00:00", "2026-10-25 00:00"),
        (BERLIN, 2, "2026-10-25 00:00", "2026-11-01 01:00"),
        (BERLIN, 2, "2026-10-25 01:00", "2026-11-01 01:00"),
        # On 8 March and 1 November in New York.
        (NEW_YORK, 2, "2026-03-02 00:00", "2026-03-08 07:00"),
        (NEW_YORK, 1, "2026-10-26 00:00", "2026-11-01 05:00"),
        (NEW_YORK, 1, "2026-11-01 05:00", "2026-11-08 06:00"),
    ],
)
def test_an_hour_that_is_left_out_or_comes_twice_falls_due_once(
    zone: ZoneInfo, hour: int, after: str, moment: str
) -> None:
    assert next_of_week(SUNDAY, hour, zone, after=at(after)) == at(moment)


@pytest.mark.parametrize(
    ("day", "after", "moment"),
    [
        (5, "2026-01-01 00:00", "2026-01-05 07:00"),
        (5, "2026-01-05 07:00", "2026-02-05 07:00"),
        (31, "2026-01-31 07:00", "2026-02-28 07:00"),
        (30, "2024-02-01 00:00", "2024-02-29 07:00"),
        (31, "2026-04-01 00:00", "2026-04-30 07:00"),
        (31, "2026-12-31 08:00", "2027-01-31 07:00"),
    ],
)
def test_a_month_that_is_too_short_ends_with_the_day(day: int, after: str, moment: str) -> None:
    assert next_of_month(day, 7, ZoneInfo("UTC"), after=at(after)) == at(moment)


@pytest.mark.parametrize(
    ("after", "moment"),
    [
        ("2026-01-05 05:30", "2026-01-05 06:00"),
        ("2026-01-05 06:00", "2026-01-05 06:00"),
        ("2026-01-05 06:01", "2026-01-06 06:00"),
    ],
)
def test_the_next_hour_may_be_now(after: str, moment: str) -> None:
    assert next_hour(7, BERLIN, after=at(after)) == at(moment)


def test_people_choose_among_places_and_utc() -> None:
    zones = time_zones()
    assert zones[0] == "UTC"
    assert {"Europe/Berlin", "Asia/Kolkata", "America/Argentina/Buenos_Aires"} <= set(zones)
    assert not {"localtime", "Etc/GMT+5", "EST5EDT", "posix/UTC"} & set(zones)
