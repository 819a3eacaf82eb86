"""The explanation of a red value stands beside it on the project's scorecard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from dashboards.selectors.scorecards import ScorecardLine, filled_scorecard
from metrics.choices import Category
from metrics.models import Scorecard
from projects.models import Project
from projects.months import Month
from tests.dashboards.reading import MARCH, TODAY, ClientOf, assert_costs_no_more, read
from tests.factories import (
    MeasurementFactory,
    OrganisationFactory,
    ProjectFactory,
    ScorecardFactory,
    ScorecardLineFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_april() -> Iterator[None]:
    with time_machine.travel(TODAY, tick=False):
        yield


@pytest.fixture
def reader(executive: User, client_of: ClientOf) -> Client:
    return client_of(executive)


@pytest.fixture
def project() -> Project:
    OrganisationFactory()
    ScorecardFactory(code="card", is_default=True)
    return ProjectFactory(code="P")


def measured(project: Project, code: str, value: float, note: str, **fields: Any) -> None:
    metric = {f"metric__{name}": told for name, told in fields.items() if name != "period"}
    line = ScorecardLineFactory(
        scorecard=project_card(), metric__code=code, metric__category=Category.TACTICAL, **metric
    )
    MeasurementFactory(
        metric=line.metric,
        subject=project,
        value=value,
        note=note,
        period=fields.get("period", "2026-03"),
    )


def project_card() -> Scorecard:
    return Scorecard.objects.get(code="card")


def lines(project: Project, month: Month = MARCH) -> dict[str, ScorecardLine]:
    scorecard = filled_scorecard(project, month)
    return {line.part.metric.code: line for section in scorecard.sections for line in section.lines}


def test_the_note_of_a_red_value_alone_is_its_explanation(project: Project) -> None:
    measured(project, "red", 10.0, "A strike.")
    measured(project, "silent", 10.0, "")
    measured(project, "amber", 60.0, "By survey.")
    measured(project, "old", 10.0, "Of February.", period="2026-02", grace_months=3)
    told = {code: line.why_red for code, line in lines(project).items()}
    assert told == {"red": "A strike.", "silent": "", "amber": "", "old": "Of February."}


def test_it_is_that_of_the_value_in_force_and_of_days_the_latest_of_the_month(
    project: Project,
) -> None:
    measured(project, "monthly", 10.0, "Now.")
    measured(project, "daily", 10.0, "On the 9th.", period="2026-03-09", cadence="day")
    by_code = lines(project)
    monthly, daily = by_code["monthly"].part.metric, by_code["daily"].part.metric
    MeasurementFactory(metric=monthly, subject=project, value=9.0, note="Then.", period="2026-02")
    for period, note in (("2026-03-10", "On the 10th."), ("2026-03-11", "")):
        MeasurementFactory(metric=daily, subject=project, value=9.0, note=note, period=period)
    told = {code: line.why_red for code, line in lines(project).items()}
    assert told == {"monthly": "Now.", "daily": "On the 10th."}
    assert by_code["monthly"].has_history
    assert not by_code["daily"].has_history


def test_it_is_read_beside_the_value_which_leads_to_its_history(
    project: Project, reader: Client
) -> None:
    measured(project, "red", 10.0, "A strike.")
    page = read(reader, "/projects/P/?month=2026-03", part="scorecard")
    assert "10 2026-03 “A strike.”" in page.words
    assert "/entry/history/red/P/2026-03/" in page.links()


def test_it_costs_one_query(project: Project, reader: Client) -> None:
    measured(project, "red", 10.0, "A strike.")
    numbers = iter(range(100))

    def grow() -> None:
        for _ in range(4):
            measured(project, f"red_{next(numbers)}", 10.0, "A strike.")

    assert_costs_no_more(reader, "/projects/P/?month=2026-03", grow, part="scorecard")
