"""How complete and how late a metric's values are, and who owes what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from django.contrib.auth.models import User

from dashboards.figures.completeness import MonthArrivals, days_text
from dashboards.selectors.metrics.quality import QualityPage, quality_of
from metrics.choices import Cadence, Door
from metrics.models import MetricDefinition
from projects.models import Project
from projects.months import Month
from tests.dashboards.reading import MARCH, TODAY, ClientOf, assert_costs_no_more, read
from tests.factories import (
    DraftMeasurementFactory,
    ExemptionFactory,
    MeasurementChangeFactory,
    MeasurementFactory,
    MetricAssignmentFactory,
    MetricFactory,
    NoValueFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
)

pytestmark = pytest.mark.django_db

QUALITY = "/metrics/defects/quality/"


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(TODAY, tick=False):
        yield


@pytest.fixture
def defects() -> MetricDefinition:
    """Due ten days after each month; measured of whoever is there since January."""
    return MetricFactory(
        code="defects", name="Defects", due_days=10, active_from=Month.parse("2026-01")
    )


def entered(
    metric: MetricDefinition, project: Project, period: str, day: str, door: Door = Door.FORM
) -> None:
    at = datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)
    MeasurementFactory(
        metric=metric, subject=project, period=period, created_at=at, changed_at=at, door=door
    )


def quality(metric: MetricDefinition) -> QualityPage:
    page = quality_of(metric.code)
    assert page is not None
    return page


def months(metric: MetricDefinition) -> dict[str, MonthArrivals]:
    (source,) = quality(metric).sources
    return {str(month.month): month for month in source.arrivals.months if month.expected}


def test_each_expected_value_is_in_time_late_missing_or_not_due_yet(
    defects: MetricDefinition,
) -> None:
    quick, slow = ProjectFactory(), ProjectFactory()
    entered(defects, quick, "2026-01", "2026-02-07")
    entered(defects, slow, "2026-01", "2026-02-14")
    entered(defects, quick, "2026-02", "2026-03-10")
    assert months(defects) == {
        "2026-01": MonthArrivals(
            Month.parse("2026-01"), in_time=1, late=1, median_days=0.5, worst_days=4
        ),
        "2026-02": MonthArrivals(
            Month.parse("2026-02"), in_time=1, missing=1, median_days=0, worst_days=0
        ),
        "2026-03": MonthArrivals(MARCH, not_due=2),
    }


def test_what_was_loaded_after_it_was_due_is_neither_late_nor_in_time(
    defects: MetricDefinition,
) -> None:
    project = ProjectFactory()
    entered(defects, project, "2026-01", "2026-04-01", Door.WORKSPACE)
    entered(defects, project, "2026-02", "2026-04-01", Door.FORM)
    MeasurementChangeFactory(
        metric=defects,
        subject=project,
        period_start=Month.parse("2026-02").first_day,
        door_before=Door.WORKSPACE,
    )
    entered(defects, project, "2026-03", "2026-04-01", Door.WORKSPACE)
    found = months(defects)
    assert [found[month].undated for month in ("2026-01", "2026-02")] == [1, 1]
    assert [found[month].worst_days for month in ("2026-01", "2026-02")] == [None, None]
    assert (found["2026-03"].in_time, found["2026-03"].worst_days) == (1, -9)
    (source,) = quality(defects).sources
    assert source.undated_note == "2 loaded from files not counted"


def test_an_answer_in_place_of_a_value_is_not_missing(defects: MetricDefinition) -> None:
    none, waiting, silent = ProjectFactory(), ProjectFactory(), ProjectFactory()
    NoValueFactory(metric=defects, subject=none, period="2026-01")
    DraftMeasurementFactory(metric=defects, subject=waiting, period="2026-01")
    january = months(defects)["2026-01"]
    assert (january.answered, january.missing) == (2, 1)
    assert {row.code for row in quality(defects).lacking} == {
        row.code for row in (none, waiting, silent)
    }
    assert [row.missing for row in quality(defects).lacking] == [2, 1, 1]


def test_only_what_spans_and_exemptions_ask_is_expected(defects: MetricDefinition) -> None:
    ProjectFactory(active_until=Month.parse("2026-01"))
    ExemptionFactory(metric=defects, subject=ProjectFactory())
    assert {month: row.expected for month, row in months(defects).items()} == {"2026-01": 1}


@pytest.mark.parametrize(
    ("cadence", "expected"),
    [(Cadence.DAY, 22), (Cadence.WEEK, 5), (Cadence.MONTH, 1), (Cadence.QUARTER, 1)],
)
def test_a_month_expects_the_periods_that_end_in_it(cadence: Cadence, expected: int) -> None:
    metric = MetricFactory(code="defects", cadence=cadence)
    ProjectFactory()
    assert months(metric)["2026-03"].expected == expected


def test_a_year_is_expected_in_the_month_that_it_ends_in() -> None:
    metric = MetricFactory(code="defects", cadence=Cadence.YEAR)
    ProjectFactory()
    assert {month: row.expected for month, row in months(metric).items()} == {"2025-12": 1}


def test_who_owes_a_value_is_named_and_what_nobody_owes_is_said_to_be_anybodys(
    defects: MetricDefinition, analyst: User, executive: User, client_of: ClientOf
) -> None:
    portfolio = PortfolioFactory()
    for _ in range(2):
        ProjectFactory(portfolio=portfolio)
    ProjectFactory()
    MetricAssignmentFactory(metric=defects, user=analyst, scope=portfolio)
    page = read(client_of(executive), QUALITY)
    assert page.row("analyst") == "analyst 4 2 2026-01"
    assert page.row("Nobody") == "Nobody: any analyst may enter them 2 1 2026-01"
    assert "Fill in what is missing" not in page.words
    assert "Fill in what is missing" in read(client_of(analyst), QUALITY).words


def test_the_worst_subjects_are_named_and_the_others_counted(
    defects: MetricDefinition, executive: User, client_of: ClientOf
) -> None:
    for number in range(12):
        ProjectFactory(name=f"Project {number}")
    page = read(client_of(executive), QUALITY)
    assert len(page.context["page"].lacking) == 10
    assert "and 2 others" in page.words


def test_the_chart_says_what_its_table_says(
    defects: MetricDefinition, executive: User, client_of: ClientOf
) -> None:
    project, other = ProjectFactory(), ProjectFactory()
    entered(defects, project, "2026-01", "2026-02-14")
    entered(defects, other, "2026-01", "2026-02-07")
    (source,) = quality(defects).sources
    assert source.chart.summary == (
        "Of 6 expected values 2 have come (33%), 1 of them late, 2 are missing and 2 are not due"
        " yet."
    )
    drawn = {trace.name: list(trace.y) for trace in source.chart.figure.data}
    assert drawn == {
        "In time": [1, 0, 0],
        "Late": [1, 0, 0],
        "Not due yet": [0, 0, 2],
        "Missing": [0, 2, 0],
    }
    page = read(client_of(executive), QUALITY)
    assert page.row("Jan 2026") == (
        "Jan 2026 2 1 1 0 0 0.5 days after the due day 4 days after the due day"
    )
    assert "Entered, as a rule 0.5 days after the due day" in page.words


def test_a_formula_is_as_complete_as_what_it_takes_in(
    defects: MetricDefinition, executive: User, client_of: ClientOf
) -> None:
    MetricFactory(code="hours", name="Hours", curve=None)
    MetricFactory(code="half", name="Half", formula="hours / 2", curve=None)
    MetricFactory(code="rate", name="Rate", formula="defects / half")
    project = ProjectFactory()
    entered(defects, project, "2026-01", "2026-02-01")
    page = read(client_of(executive), "/metrics/rate/quality/")
    assert page.row("Defects") == "Defects defects, monthly 3 33% 0 1"
    assert page.row("Hours").startswith("Hours hours, monthly 12 0%")


def test_it_looks_at_twelve_months_and_where_values_are_old_at_their_last_ones(
    executive: User, client_of: ClientOf
) -> None:
    metric = MetricFactory(code="defects")
    project = ProjectFactory()
    entered(metric, project, "2024-06", "2024-07-01")
    client = client_of(executive)
    by_itself = read(client, QUALITY).context["page"]
    assert (str(by_itself.first), str(by_itself.last)) == ("2023-07", "2024-06")
    asked = read(client, f"{QUALITY}?month=2024-08").context["page"]
    assert (str(asked.first), str(asked.last)) == ("2023-09", "2024-08")
    running = read(client, f"{QUALITY}?month=2026-04").context["page"]
    assert str(running.last) == "2026-03"
    links = read(client, "/metrics/defects/?month=2024-08").links()
    assert f"{QUALITY}?month=2024-08" in links


def test_where_nothing_was_expected_the_page_says_so(executive: User, client_of: ClientOf) -> None:
    MetricFactory(code="defects")
    assert "Nothing was expected" in read(client_of(executive), QUALITY).words
    assert client_of(executive).get("/metrics/none/quality/").status_code == 404


def test_it_is_a_part_of_the_metrics_page_and_a_page(
    defects: MetricDefinition, executive: User, client_of: ClientOf
) -> None:
    ProjectFactory()
    assert QUALITY in read(client_of(executive), "/metrics/defects/").links()
    part = read(client_of(executive), QUALITY, part="quality")
    assert "<html" not in part.html
    assert "Of whom most is missing" in part.words


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (None, "unknown"),
        (0, "on the due day"),
        (1, "1 day after the due day"),
        (-3, "3 days before the due day"),
        (2.5, "2.5 days after the due day"),
    ],
)
def test_lateness_is_told_from_the_due_day(days: float | None, words: str) -> None:
    assert days_text(days) == words


@pytest.mark.parametrize("part", ["", "quality"])
def test_it_costs_the_same_however_much_there_is(
    defects: MetricDefinition, executive: User, analyst: User, client_of: ClientOf, part: str
) -> None:
    OrganisationFactory()
    project = ProjectFactory()
    MetricAssignmentFactory(metric=defects, user=analyst, scope=project.portfolio)

    def grow() -> None:
        for _ in range(3):
            project = ProjectFactory()
            MetricAssignmentFactory(metric=defects, user=analyst, scope=project.portfolio)
            entered(defects, project, "2026-02", "2026-03-01")

    assert_costs_no_more(client_of(executive), QUALITY, grow, part=part)
