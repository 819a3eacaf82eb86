"""What is said of each row of a file, and that nothing is stored by saying it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from django.contrib.auth.models import User

from metrics.choices import BatchState, Cadence, Verdict
from metrics.importing.plans import Mapping, Shape
from metrics.models import Measurement, MetricDefinition
from projects.models import Project
from projects.months import Month
from tests.factories import (
    DraftMeasurementFactory,
    MeasurementFactory,
    MetricAssignmentFactory,
    MetricFactory,
    MonthClosingFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    ScorecardFactory,
    SegmentFactory,
    UserFactory,
)
from tests.importing import HEADER, WITH_NOTES, checked, report, table_of, told_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel("2026-07-15 12:00Z", tick=False):
        yield


@pytest.fixture
def stage() -> None:
    """Two projects with two monthly metrics."""
    OrganisationFactory()
    portfolio = PortfolioFactory(code="PF")
    for code in ("P1", "P2"):
        ProjectFactory(code=code, portfolio=portfolio)
    MetricFactory(code="speed")
    MetricFactory(code="cost")


def give(metric: str, subject: str, period: str, value: float, **fields: object) -> Measurement:
    return MeasurementFactory(
        metric=MetricDefinition.objects.get(code=metric),
        subject=Project.objects.get(code=subject),
        period=period,
        value=value,
        **fields,
    )


def test_rows_are_new_changed_or_same(stage: None, analyst: User) -> None:
    give("speed", "P1", "2026-01", 10.0)
    give("speed", "P1", "2026-02", 11.0)
    before = list(Measurement.objects.values_list())
    batch = checked(
        table_of("speed,P1,2026-01,10", "speed,P1,2026-02,12", "speed,P1,2026-03,13.5"), analyst
    )
    assert batch.state == BatchState.CHECKED
    assert {
        verdict: [(row.line, row.subject, row.period, row.value, row.before) for row in rows]
        for verdict, rows in report(batch).items()
    } == {
        Verdict.NEW: [(4, "P1", "2026-03", 13.5, None)],
        Verdict.CHANGED: [(3, "P1", "2026-02", 12.0, 11.0)],
        Verdict.SAME: [(2, "P1", "2026-01", 10.0, 10.0)],
    }
    assert (batch.counts["new"], batch.counts["changed"], batch.counts["same"]) == (1, 1, 1)
    assert (batch.done, batch.total) == (3, 3)
    assert list(Measurement.objects.values_list()) == before


REFUSALS = [
    (
        "spede,P1,2026-01,1",
        "metric",
        '"spede" is no metric; did you mean speed?',
    ),
    ("speed,P3,2026-01,1", "subject", '"P3" is no project; there are NEW, P1 and P2.'),
    ("speed,S1,2026-01,1", "subject", "speed is measured of each project, and S1 is a segment."),
    (
        "ratio,P1,2026-01,1",
        "metric",
        "ratio is computed by its formula and takes no values; give values of its inputs.",
    ),
    ("speed,P1,2026-Q1,1", "period", '"2026-Q1" is not a month such as 2026-03.'),
    (
        "speed,P1,2026-08,1",
        "period",
        "2026-08 has not begun; the latest month that has is 2026-07.",
    ),
    (
        "speed,NEW,2026-01,1",
        "period",
        "2026-01 lies outside the span of NEW, measured from 2026-05.",
    ),
    (
        "speed,P1,2026-01,abc",
        "value",
        '"abc" is not a number; write it like 1234.5 or 1e-05.',
    ),
    (
        "speed,P1,2026-01,1e999",
        "value",
        '"1e999" is too large; the largest number is about 1.8e308.',
    ),
    ("speed,P1,2026-01,", "value", "This is blank; every row needs it."),
    (",P1,2026-01,1", "metric", "This is blank; every row needs it."),
    ("theirs,P1,2026-01,1", "metric", "These values are somebody else's to enter."),
    (
        "speed,P1,2026-02,7",
        "value",
        "2026-02 is closed and its value stays 5 (7 was to replace it); a PMO lead can reopen the"
        " month.",
    ),
    (
        "grave,P1,2026-05,3",
        "note",
        "The value scores 3.0, which is red. Say in a sentence why, as its note.",
    ),
]


@pytest.fixture
def trouble(stage: None) -> None:
    """Everything that a row can stumble over."""
    SegmentFactory(code="S1")
    ProjectFactory(code="NEW", active_from=Month.parse("2026-05"))
    MetricFactory(code="ratio", formula="speed / cost")
    MetricFactory(code="grave", asks_why_red=True)
    ScorecardFactory(is_default=True)
    MetricAssignmentFactory(metric=MetricFactory(code="theirs"), user=UserFactory())
    MonthClosingFactory(month=Month.parse("2026-02"))
    give("speed", "P1", "2026-02", 5.0)


@pytest.mark.parametrize(
    ("row", "column", "sentence"), REFUSALS, ids=[row for row, _, _ in REFUSALS]
)
def test_what_is_refused_says_why(
    trouble: None, analyst: User, row: str, column: str, sentence: str
) -> None:
    batch = checked(table_of(row), analyst)
    [judged] = report(batch)[Verdict.REFUSED]
    assert (judged.line, judged.cell) == (2, "line 2, column Value")
    assert (judged.column, judged.sentence) == (column, sentence)
    assert report(batch).keys() == {Verdict.REFUSED}


def test_everything_that_is_wrong_with_a_row_is_told(stage: None, analyst: User) -> None:
    batch = checked(table_of("speed,P1,2026-99,abc"), analyst)
    assert told_of(batch) == {
        Verdict.REFUSED: [
            (
                2,
                '"2026-99" is not a month such as 2026-03. "abc" is not a number; write it like'
                " 1234.5 or 1e-05.",
            )
        ]
    }


def test_a_period_that_is_given_twice_is_refused_in_both_lines(stage: None, analyst: User) -> None:
    batch = checked(
        table_of("speed,P1,2026-01,1", "speed,P2,2026-01,2", "speed,P1,2026-01,1"), analyst
    )
    assert told_of(batch) == {
        Verdict.NEW: [(3, "")],
        Verdict.REFUSED: [
            (
                2,
                "The same metric, subject and period as in line 4, column Value; only one of them"
                " is needed.",
            ),
            (
                4,
                "The same metric, subject and period as in line 2, column Value; only one of them"
                " is needed.",
            ),
        ],
    }


def test_two_ways_of_writing_a_period_are_one_period(stage: None, analyst: User) -> None:
    MetricFactory(code="weekly", cadence=Cadence.WEEK)
    batch = checked(table_of("weekly,P1,2026-W11,1", "weekly,P1,2026-03-11,1"), analyst)
    assert [line for line, _ in told_of(batch)[Verdict.REFUSED]] == [2, 3]


def test_refused_rows_stand_in_the_order_of_the_file(stage: None, analyst: User) -> None:
    rows = ["speed,P1,2026-01,1", "speed,P1,2026-02,x", "speed,P1,2026-01,2", "speed,P9,2026-01,1"]
    assert [row.line for row in report(checked(table_of(*rows), analyst))[Verdict.REFUSED]] == [
        2,
        3,
        4,
        5,
    ]


def test_a_first_value_of_a_closed_month_is_new_and_late(stage: None, analyst: User) -> None:
    MonthClosingFactory(month=Month.parse("2026-02"))
    give("speed", "P1", "2026-01", 5.0)
    batch = checked(table_of("speed,P1,2026-01,5", "speed,P1,2026-02,6"), analyst)
    assert told_of(batch) == {
        Verdict.NEW: [
            (3, "2026-02 is closed: the value is marked as late and counts in open months only.")
        ],
        Verdict.SAME: [(2, "")],
    }


def test_a_note_is_changed_only_by_a_file_that_tells_notes(stage: None, analyst: User) -> None:
    give("speed", "P1", "2026-01", 5.0, note="Counted.")
    assert told_of(checked(table_of("speed,P1,2026-01,5"), analyst)) == {Verdict.SAME: [(2, "")]}
    header = f"{HEADER},Note"
    with_note = table_of("speed,P1,2026-01,5,Guessed.", header=header)
    assert told_of(checked(with_note, analyst, WITH_NOTES)) == {
        Verdict.CHANGED: [(2, "Only its note changes.")]
    }
    same_note = table_of("speed,P1,2026-01,5,Counted.", header=header)
    assert told_of(checked(same_note, analyst, WITH_NOTES)) == {Verdict.SAME: [(2, "")]}


def test_a_red_value_with_its_reason_is_taken(trouble: None, analyst: User) -> None:
    header = f"{HEADER},Note"
    row = table_of("grave,P1,2026-05,3,The supplier is late.", header=header)
    assert told_of(checked(row, analyst, WITH_NOTES)) == {Verdict.NEW: [(2, "")]}


def test_values_that_need_approval_say_so(stage: None, analyst: User) -> None:
    delicate = MetricFactory(code="delicate", needs_approval=True)
    project = Project.objects.get(code="P1")
    DraftMeasurementFactory(metric=delicate, subject=project, period="2026-03", value=4.0)
    MeasurementFactory(metric=delicate, subject=project, period="2026-01", value=1.0)
    rows = [f"delicate,P1,2026-0{month},{month}" for month in (1, 2, 3)]
    batch = checked(table_of(*rows, "delicate,P2,2026-01,7"), analyst)
    assert told_of(batch) == {
        Verdict.NEW: [
            (3, "It waits for approval."),
            (4, "It waits for approval."),
            (5, "It waits for approval."),
        ],
        Verdict.SAME: [(2, "")],
    }
    waiting_already = checked(table_of("delicate,P1,2026-03,4"), analyst)
    assert told_of(waiting_already) == {Verdict.SAME: [(2, "")]}


@pytest.mark.parametrize(
    ("value", "question"),
    [
        ("110", "About 10 times the usual 10.5. Is 110 right?"),
        ("1100", "About 100 times the usual 10.5. Is 1100 right?"),
        ("-11", "-11 is below zero; all values so far are above it (usual 10.5). Is -11 right?"),
    ],
)
def test_values_far_from_their_past_are_questioned(
    stage: None, analyst: User, value: str, question: str
) -> None:
    for month in range(1, 7):
        give("speed", "P1", f"2026-0{month}", 10.0 + month % 2)
    batch = checked(table_of(f"speed,P1,2026-07,{value}", "speed,P1,2026-06,10.5"), analyst)
    assert told_of(batch) == {
        Verdict.CHANGED: [(3, "")],
        Verdict.QUESTIONED: [(2, question)],
    }


def test_without_stored_values_a_series_is_compared_with_the_file_itself(
    stage: None, analyst: User
) -> None:
    rows = [f"speed,P1,2026-0{month},{10 + month % 2}" for month in range(1, 6)]
    batch = checked(table_of(*rows, "speed,P1,2026-06,1050"), analyst)
    assert told_of(batch)[Verdict.QUESTIONED] == [
        (7, "About 100 times the usual 11. Is 1050 right?")
    ]


def test_a_period_long_before_all_others_is_asked_about(stage: None, analyst: User) -> None:
    give("cost", "P2", "2026-01", 5.0)
    batch = checked(table_of("speed,P1,2025-01,1", "speed,P1,2024-12,1"), analyst)
    assert told_of(batch) == {
        Verdict.NEW: [(2, "")],
        Verdict.QUESTIONED: [
            (
                3,
                "2024-12 lies more than 12 months before the earliest value there is (2026-01)."
                " Is the period right?",
            )
        ],
    }


WIDE = Mapping(
    Shape.WIDE_PERIODS,
    metric_column=0,
    subject_column=1,
    across={2: "2026-03", 3: "2026-04", 4: "2026-05"},
)
WIDE_HEADER = "Metric,Subject,2026-03,2026-04,2026-05"


@pytest.fixture
def five_projects(stage: None) -> None:
    """Each with values from January to April that are like no other's."""
    portfolio = PortfolioFactory()
    for number in range(3, 6):
        ProjectFactory(code=f"P{number}", portfolio=portfolio)
    for number in range(1, 6):
        for month in range(1, 5):
            give("speed", f"P{number}", f"2026-0{month}", 40.0 + 5 * number + month)


def test_a_table_that_slipped_by_one_period_is_questioned_in_one_sentence(
    five_projects: None, analyst: User
) -> None:
    """What belongs to February stands under March, and so on."""
    rows = [
        f"speed,P{number},{42 + 5 * number},{43 + 5 * number},{44 + 5 * number}"
        for number in range(1, 6)
    ]
    batch = checked(table_of(*rows, header=WIDE_HEADER), analyst, WIDE)
    sentence = (
        "10 of 15 values of speed are what is stored one month earlier. Has the table slipped by"
        " one month, or are the values right?"
    )
    assert batch.counts["questioned"] == 15
    assert {sentence for _, sentence in told_of(batch)[Verdict.QUESTIONED]} == {sentence}


def test_a_column_that_slipped_is_questioned_by_itself(five_projects: None, analyst: User) -> None:
    rows = [
        f"speed,P{number},{43 + 5 * number},{43 + 5 * number},{45 + 5 * number}"
        for number in range(1, 6)
    ]
    batch = checked(table_of(*rows, header=WIDE_HEADER), analyst, WIDE)
    assert batch.counts["new"] == 5
    assert batch.counts["same"] == 5
    assert {row.period for row in report(batch)[Verdict.QUESTIONED]} == {"2026-04"}
    assert {sentence for _, sentence in told_of(batch)[Verdict.QUESTIONED]} == {
        "5 of 5 values of speed for 2026-04 are what is stored for 2026-03. Has the column"
        " slipped, or are the values right?"
    }


def test_a_column_with_another_metrics_values_is_questioned(
    five_projects: None, analyst: User
) -> None:
    for number in range(1, 6):
        give("cost", f"P{number}", "2026-04", 60.0 - number)
    mapping = Mapping(
        Shape.WIDE_METRICS, subject_column=0, period_column=1, across={2: "speed", 3: "cost"}
    )
    rows = [f"P{number},2026-04,{60 - number},{60 - number}" for number in range(1, 6)]
    batch = checked(table_of(*rows, header="Subject,Period,Speed,Cost"), analyst, mapping)
    assert batch.counts["same"] == 5
    assert {sentence for _, sentence in told_of(batch)[Verdict.QUESTIONED]} == {
        "5 of 5 values of speed are what is stored for cost, the column beside it. Has the column"
        " slipped, or are the values right?"
    }


def test_a_new_month_like_the_last_one_is_no_slip(five_projects: None, analyst: User) -> None:
    rows = [f"speed,P{number},2026-05,{44 + 5 * number}" for number in range(1, 6)]
    assert checked(table_of(*rows), analyst).counts["new"] == 5


def test_checking_asks_no_more_with_more_rows(
    stage: None, analyst: User, django_assert_max_num_queries: object
) -> None:
    assert callable(django_assert_max_num_queries)
    for rows in (3, 30, 300):
        table = table_of(
            *(
                f"{metric},P1,{2001 + number // 12}-{1 + number % 12:02},{number}"
                for metric in ("speed", "cost")
                for number in range(rows)
            )
        )
        with django_assert_max_num_queries(45):
            checked(table, analyst)
