"""A first load: what comes into an empty database."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import time_machine

from metrics.choices import Door
from metrics.models import (
    CurveOverride,
    Exemption,
    Measurement,
    MeasurementChange,
    MetricDefinition,
    RescoreNeed,
    Scorecard,
    ScorecardAssignment,
    ScorecardLine,
)
from metrics.workspace import load_workspace
from projects.models import Engagement, Offer, Organisation, Portfolio, Project, Segment, Subject
from projects.months import BEGINNING, FIRST_MONTH, Month
from tests.factories import UserFactory
from tests.metrics.workspace.conftest import SMALL, Refusal, Write
from tests.tables import table, waiting, waiting_from

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 15, 12, tzinfo=UTC)


def month(text: str) -> Month:
    return Month.parse(text)


def test_subjects_of_every_kind_come_in_with_their_own_rows(small: Write) -> None:
    load_workspace(small())

    assert table(Subject, "code", "kind", "name", "active_from", "active_until") == [
        ("ACME", "customer", "Acme", None, None),
        ("BOOK", "project", "New ledger", None, None),
        ("CHAT", "project", "Chat channel", month("2026-02"), month("2026-08")),
        ("CHAT@ENT", "engagement", "Chat channel for Enterprises", None, None),
        ("ENT", "segment", "Enterprises", None, None),
        ("MAIL", "service", "Mail handling", None, None),
        ("ORG", "organisation", "Northwind", None, None),
        ("SMB", "segment", "Small business", None, None),
        ("SUB", "portfolio", "Some", None, None),
        ("TOP", "portfolio", "All", None, None),
    ]
    assert table(Organisation, "code", "fiscal_year_starts_in") == [("ORG", 4)]
    assert table(Portfolio, "code", "parent__code") == [("SUB", "TOP"), ("TOP", None)]
    assert table(Segment, "code", "weight") == [("ENT", 3.0), ("SMB", 1.0)]
    assert table(Project, "code", "portfolio__code", "stage", "weight") == [
        ("BOOK", "TOP", "closed", 1.0),
        ("CHAT", "SUB", "delivery", 1.0),
    ]
    assert table(Engagement, "code", "project__code", "segment__code", "share") == [
        ("CHAT@ENT", "CHAT", "ENT", 0.6)
    ]
    assert table(Offer, "service__code", "segment__code", "weight", "annual_cost", "currency") == [
        ("MAIL", "ENT", 2.0, Decimal("1800.5"), "EUR")
    ]
    assert table(ScorecardAssignment, "subject__code", "scorecard__code") == [("BOOK", "OTHER")]


def test_definitions_come_in_with_their_defaults(small: Write) -> None:
    load_workspace(small())

    assert table(
        MetricDefinition, "code", "cadence", "time_aggregation", "due_days", "grace_months", "curve"
    ) == [
        ("adoption", "month", "last", 10, 0, [[0, 0], [100, 100]]),
        ("cost", "year", "last", 10, 0, [[0, 100], [9, 0]]),
        ("effort", "week", "last", 10, 0, None),
        ("joy", "day", "last", 10, 0, [[0, 0], [10, 100]]),
        ("nps", "quarter", "last", 10, 0, [[-100, 0], [100, 100]]),
        ("output", "month", "last", 10, 0, None),
    ]
    assert table(Scorecard, "code", "is_default", "share_own", "share_projects") == [
        ("CARD", True, 1.0, 0.0),
        ("CUS", True, 1.0, 0.0),
        ("OTHER", False, 1.0, 0.0),
    ]
    assert table(ScorecardLine, "scorecard__code", "metric__code", "weight") == [
        ("CARD", "adoption", 3.0),
        ("CARD", "cost", 1.0),
        ("CUS", "nps", 1.0),
    ]
    assert table(CurveOverride, "metric__code", "subject__code", "from_month", "curve") == [
        ("adoption", "CHAT", month("2026-03"), [[0, 0], [50, 100]])
    ]
    assert table(Exemption, "metric__code", "subject__code", "from_month", "until_month") == [
        ("cost", "BOOK", BEGINNING, month("2026-05"))
    ]


def test_measurements_come_in_with_the_month_that_they_count_from(small: Write) -> None:
    load_workspace(small())

    assert table(
        Measurement, "metric__code", "subject__code", "period_start", "month", "value", "note"
    ) == [
        ("adoption", "CHAT", date(2026, 3, 1), month("2026-03"), 12.0, ""),
        ("adoption", "CHAT", date(2026, 4, 1), month("2026-04"), 19.5, "as told, roughly"),
        # The fiscal year starts in April.
        ("cost", "BOOK", date(2025, 4, 1), month("2026-03"), 3.0, ""),
        ("effort", "CHAT", date(2026, 3, 16), month("2026-03"), 8.0, ""),
        ("effort", "CHAT", date(2026, 3, 9), month("2026-03"), 7.0, ""),
        ("joy", "CHAT@ENT", date(2026, 3, 9), month("2026-03"), 1e-05, ""),
        ("nps", "ACME", date(2026, 1, 1), month("2026-03"), -20.0, ""),
    ]
    assert set(Measurement.objects.values_list("door", "is_late", "created_at", "changed_at")) == {
        (Door.WORKSPACE, False, NOW, NOW)
    }
    assert not MeasurementChange.objects.exists()


def test_every_subject_waits_once_to_be_scored_from_the_first_month(small: Write) -> None:
    report = load_workspace(small())

    assert waiting_from() == {(code, str(FIRST_MONTH)) for code in waiting()}
    assert waiting() == set(Subject.objects.values_list("code", flat=True))
    assert RescoreNeed.objects.count() == Subject.objects.count() == report.subjects_to_score == 10


def test_the_report_tells_of_each_file(small: Write) -> None:
    report = load_workspace(small())

    assert [(file.file, file.created, file.changed, file.same) for file in report.files] == [
        ("organisation.csv", 1, 0, 0),
        ("portfolios.csv", 2, 0, 0),
        ("segments.csv", 2, 0, 0),
        ("customers.csv", 1, 0, 0),
        ("services.csv", 1, 0, 0),
        ("service_segments.csv", 1, 0, 0),
        ("projects.csv", 2, 0, 0),
        ("project_segments.csv", 1, 0, 0),
        ("metrics.csv", 6, 0, 0),
        ("curve_overrides.csv", 1, 0, 0),
        ("exemptions.csv", 1, 0, 0),
        ("scorecards.csv", 3, 0, 0),
        ("scorecard_lines.csv", 3, 0, 0),
        ("measurements.csv", 7, 0, 0),
    ]
    assert (report.created, report.changed, report.same) == (32, 0, 0)
    assert str(report["measurements.csv"]) == (
        "measurements.csv: 7 created, 0 changed, 0 left as they were"
    )
    assert str(report).splitlines()[0].split() == ["created", "changed", "left"]
    assert str(report).splitlines()[-1] == "10 subjects wait to be scored anew."


def test_every_definition_and_subject_gets_a_history_row(small: Write) -> None:
    person = UserFactory(username="loader")
    load_workspace(small(), by=person)

    for model in (Organisation, Portfolio, Project, Segment, Engagement, Offer, MetricDefinition):
        assert set(
            model.history.values_list(
                "history_type", "history_user__username", "history_date", "history_change_reason"
            )
        ) == {("+", "loader", NOW, "Workspace folder")}
        assert model.history.count() == model._default_manager.count()
    assert Project.history.get(code="CHAT").instance == Project.objects.get(code="CHAT")
    assert set(Measurement.objects.values_list("entered_by__username", flat=True)) == {"loader"}


def test_a_check_reports_the_same_and_writes_nothing(small: Write) -> None:
    folder = small()
    checked = load_workspace(folder, check=True)

    assert not Subject.objects.exists()
    assert not Measurement.objects.exists()
    assert not MetricDefinition.history.exists()
    assert not RescoreNeed.objects.exists()
    assert checked.is_check
    assert str(checked).splitlines()[-1] == "Checked only: nothing was written."
    assert checked.files == load_workspace(folder).files


def test_a_folder_without_an_organisation_gets_the_default_one(small: Write) -> None:
    load_workspace(small({"organisation": None}))

    assert table(Organisation, "code", "name", "fiscal_year_starts_in") == [
        ("ORG", "Organisation", 1)
    ]
    assert "ORG" in waiting()


def test_an_organisation_file_without_a_row_is_as_good_as_none(small: Write) -> None:
    load_workspace(small({"organisation": "code,name\n"}))

    assert table(Organisation, "code", "name") == [("ORG", "Organisation")]


def test_rows_may_name_what_stands_further_down(small: Write) -> None:
    load_workspace(
        small(
            {
                "portfolios": "code,name,parent\nSUB,Some,TOP\nTOP,All,\n",
                "metrics": "".join(
                    [
                        *SMALL["metrics"].splitlines(keepends=True)[:1],
                        *reversed(SMALL["metrics"].splitlines(keepends=True)[1:]),
                    ]
                ),
            }
        )
    )

    assert Portfolio.objects.get(code="SUB").parent == Portfolio.objects.get(code="TOP")
    assert MetricDefinition.objects.count() == 6


def test_columns_may_stand_in_any_order(write: Write) -> None:
    load_workspace(
        write(
            {
                "portfolios": "name,code\nAll,TOP\n",
                "projects": "portfolio,weight,name,code\nTOP,3,Chat,CHAT\n",
                "metrics": "cadence,subject_kind,category,name,code\n"
                "month,project,tactical,Effort,effort\n",
                "measurements": "note,value,period,subject,metric\nx,3,2026-03,CHAT,effort\n",
            }
        )
    )

    assert table(Project, "code", "name", "portfolio__code", "weight") == [
        ("CHAT", "Chat", "TOP", 3.0)
    ]
    assert table(Measurement, "metric__code", "value", "note") == [("effort", 3.0, "x")]


def test_a_byte_order_mark_and_windows_line_ends_are_passed_by(small: Write) -> None:
    load_workspace(
        small(
            {
                name: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()
                for name, text in SMALL.items()
            }
        )
    )

    assert Organisation.objects.get().code == "ORG"
    assert Measurement.objects.get(month=month("2026-04")).note == "as told, roughly"
    assert Measurement.objects.count() == 7


def test_text_of_several_lines_and_any_script_comes_in_as_it_is(small: Write) -> None:
    text = "Zwei\r\nZeilen\t統合 =1+1 \\N"
    load_workspace(
        small(
            {
                "services": f'code,name,description\nMAIL,Ünï,"{text}"\n',
                "+measurements": f'adoption,BOOK,2026-03,1,"{text}"\n',
            }
        )
    )

    assert table(Subject.objects.filter(code="MAIL"), "name", "as_service__description") == [
        ("Ünï", text)
    ]
    assert Measurement.objects.get(subject__code="BOOK", metric__code="adoption").note == text


def test_a_readme_and_blank_lines_are_passed_by(small: Write) -> None:
    report = load_workspace(
        small(
            {"README.md": "About", "README.de.txt": "\xe9", "services": "code,name\n\nMAIL,M\n\n"}
        )
    )

    assert report["services.csv"].created == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1.0),
        ("+1.50", 1.5),
        ("-3", -3.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e-05", 1e-05),
        ("1E3", 1000.0),
        ("-0", 0.0),
        ("0.1", 0.1),
        ("123456789012345.678901234567890", 123456789012345.67),
        ("9007199254740993", 9007199254740992.0),
        ("1.7976931348623157e308", 1.7976931348623157e308),
        ("5e-324", 5e-324),
        ("1e-400", 0.0),
        ("0000012", 12.0),
    ],
)
def test_numbers_are_read_to_the_last_digit(small: Write, text: str, value: float) -> None:
    load_workspace(small({"+measurements": f"adoption,BOOK,2026-03,{text},\n"}))

    stored = Measurement.objects.get(subject__code="BOOK", metric__code="adoption").value
    assert (stored, str(stored)) == (value, str(value))


def test_money_has_up_to_four_decimals(small: Write) -> None:
    load_workspace(
        small(
            {
                "service_segments": "service,segment,annual_cost,benchmark_cost,currency\n"
                "MAIL,ENT,1e5,0.0001,\nMAIL,SMB,-12345678901.2345,,EUR\n"
            }
        )
    )

    assert table(Offer, "segment__code", "annual_cost", "benchmark_cost", "currency") == [
        ("ENT", Decimal(100_000), Decimal("0.0001"), ""),
        ("SMB", Decimal("-12345678901.2345"), None, "EUR"),
    ]


def test_a_period_that_has_begun_is_accepted_before_it_ends(small: Write) -> None:
    load_workspace(
        small(
            {
                "+measurements": "adoption,BOOK,2026-11,1,\ncost,BOOK,2026,1,\n"
                "nps,ACME,2026-Q3,1,\neffort,BOOK,2026-W46,1,\n"
            }
        )
    )

    assert Measurement.objects.count() == 11


def test_a_period_that_overlaps_its_subjects_span_is_accepted(small: Write) -> None:
    """CHAT is measured from February to August."""
    load_workspace(
        small(
            {
                "+measurements": "cost,CHAT,2025,1,\ncost,CHAT,2026,1,\n"
                # Its Monday is in January, its Sunday in February.
                "effort,CHAT,2026-01-26,1,\neffort,CHAT,2026-08-31,1,\n"
                "joy,CHAT@ENT,2026-02-01,1,\njoy,CHAT@ENT,2026-08-31,1,\n"
            }
        )
    )

    assert Measurement.objects.count() == 13


def test_the_organisations_span_bounds_everybodys(small: Write, refusal: Refusal) -> None:
    folder = small(
        {
            "organisation": "code,name,fiscal_year_starts_in,active_from\nORG,x,4,2026-03\n",
            "+measurements": "adoption,BOOK,2026-02,1,\njoy,CHAT@ENT,2026-02-28,1,\n",
        }
    )

    assert refusal(folder) == [
        "measurements.csv:9: period: 2026-02 lies outside the span of BOOK, measured from 2026-03.",
        "measurements.csv:10: period: 2026-02-28 lies outside the span of CHAT@ENT, measured from"
        " 2026-03 to 2026-08.",
    ]


def test_what_is_today_is_asked_of_the_clock(small: Write) -> None:
    folder = small({"+measurements": "adoption,BOOK,2026-12,1,\n"})
    with time_machine.travel(datetime(2026, 12, 1, tzinfo=UTC)):
        load_workspace(folder)

    assert Measurement.objects.filter(month=month("2026-12")).exists()


def test_progress_is_told_in_bytes_up_to_the_end(small: Write) -> None:
    rows = "".join(
        f"joy,CHAT@ENT,2026-{month_}-{day:02},{value},\n"
        for value, (month_, day) in enumerate(
            (f"{m:02}", d) for m in range(4, 9) for d in range(1, 31)
        )
    )
    folder = small({"+measurements": rows})
    told: list[tuple[int, int]] = []
    load_workspace(folder, progress=lambda done, total: told.append((done, total)))

    size = (folder / "measurements.csv").stat().st_size
    assert told[-1] == (size, size)
    assert told == sorted(told)


def test_the_worked_example_loads(project_root: Path) -> None:
    report = load_workspace(project_root / "examples" / "worked")

    assert (report.created, report.changed, report.same) == (147, 0, 0)
    assert report["measurements.csv"].created == 80
