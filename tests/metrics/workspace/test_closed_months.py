"""What a load may still say about months that are closed (SCORING section 7)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import time_machine

from metrics.models import Measurement, MeasurementChange, MonthClosing, RescoreNeed
from metrics.workspace import load_workspace
from projects.months import Month
from tests.factories import MonthClosingFactory
from tests.metrics.workspace.conftest import Refusal, Write
from tests.tables import table, waiting_from

pytestmark = pytest.mark.django_db

HEAD = "metric,subject,period,value,note\n"
MARCH, APRIL = Month.parse("2026-03"), Month.parse("2026-04")


@pytest.fixture
def closed(small: Write) -> None:
    """The small workspace, loaded; March 2026 and all before it closed."""
    load_workspace(small())
    RescoreNeed.objects.all().delete()
    MonthClosingFactory(month=MARCH)


@pytest.mark.usefixtures("closed")
def test_a_change_in_a_closed_month_is_refused_and_names_the_month(
    write: Write, refusal: Refusal
) -> None:
    errors = refusal(
        write(
            {
                "measurements": f"{HEAD}adoption,CHAT,2026-03,13,\neffort,CHAT,2026-W11,7.5,\n"
                "adoption,CHAT,2026-04,21,\nnps,ACME,2025-Q4,-20,corrected\n"
            }
        )
    )

    assert errors == [
        "measurements.csv:2: value: 2026-03 is closed and its value stays 12 (13 was to replace"
        " it); a PMO lead can reopen the month.",
        "measurements.csv:3: value: 2026-03 is closed and its value stays 7 (7.5 was to replace"
        " it); a PMO lead can reopen the month.",
        "measurements.csv:5: value: 2026-03 is closed and its value stays -20 (only its note was"
        " to change); a PMO lead can reopen the month.",
    ]
    assert Measurement.objects.get(month=APRIL).value == 19.5
    assert not MeasurementChange.objects.exists()


@pytest.mark.usefixtures("closed")
def test_writing_what_is_already_there_is_no_change(small: Write) -> None:
    report = load_workspace(small())

    assert (report.created, report.changed) == (0, 0)


@pytest.mark.usefixtures("closed")
def test_a_first_value_of_a_closed_month_is_accepted_and_marked_late(write: Write) -> None:
    with time_machine.travel(datetime(2026, 11, 16, tzinfo=UTC)):
        load_workspace(
            write(
                {
                    "measurements": f"{HEAD}adoption,BOOK,2026-03,1,\nadoption,BOOK,2026-04,2,\n"
                    "cost,BOOK,2024,5,\n"
                }
            )
        )

    assert table(
        Measurement.objects.filter(subject__code="BOOK"), "metric__code", "month", "is_late"
    ) == [
        ("adoption", MARCH, True),
        ("adoption", APRIL, False),
        ("cost", Month.parse("2025-03"), True),
        ("cost", MARCH, False),
    ]
    assert waiting_from() == {("BOOK", "2025-03")}


@pytest.mark.usefixtures("closed")
def test_a_reopened_month_takes_changes_again(write: Write) -> None:
    MonthClosing.objects.update(reopened_at=datetime(2026, 11, 1, tzinfo=UTC), reopen_reason="Typo")
    load_workspace(write({"measurements": f"{HEAD}adoption,CHAT,2026-03,13,\n"}))

    assert Measurement.objects.get(metric__code="adoption", month=MARCH).value == 13


@pytest.mark.usefixtures("closed")
def test_months_before_a_reopened_one_stay_closed(write: Write, refusal: Refusal) -> None:
    load_workspace(write({"measurements": f"{HEAD}adoption,BOOK,2026-02,1,\n"}))
    MonthClosing.objects.update(reopened_at=datetime(2026, 11, 1, tzinfo=UTC), reopen_reason="Typo")

    assert refusal(write({"measurements": f"{HEAD}adoption,BOOK,2026-02,2,\n"}))[0].startswith(
        "measurements.csv:2: value: 2026-02 is closed and its value stays 1 (2 was to replace it)"
    )


@pytest.mark.usefixtures("closed")
def test_changes_in_closed_months_are_told_with_what_else_is_wrong(
    write: Write, refusal: Refusal
) -> None:
    errors = refusal(
        write(
            {
                "segments": "code,name\nBAD CODE,x\n",
                "measurements": f"{HEAD}adoption,CHAT,2026-03,13,\nadoption,CHAT,2026-04,x,\n",
            }
        )
    )

    assert [error.split(": ")[0] for error in errors] == [
        "segments.csv:2",
        "measurements.csv:2",
        "measurements.csv:3",
    ]
