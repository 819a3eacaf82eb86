"""What measuring refuses when subjects change or go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from metrics.models import Score
from projects.models import Subject
from projects.months import Month
from projects.operations.subjects import delete_subject, save_subject
from tests.factories import (
    CurveOverrideFactory,
    EngagementFactory,
    ExemptionFactory,
    MeasurementChangeFactory,
    MeasurementFactory,
    MetricFactory,
    MonthClosingFactory,
    OrganisationFactory,
    ProjectFactory,
    ReportedScoreFactory,
    RescoreNeedFactory,
    ScorecardAssignmentFactory,
    ScoreFactory,
)
from tests.tables import told, waiting

pytestmark = pytest.mark.django_db

INSTEAD = (
    'Set its "measured until" instead: after that month it counts for nothing,'
    " and what was reported stays."
)


def with_a_frozen_score(subject: Subject) -> None:
    ScoreFactory(subject=subject, month=Month.parse("2026-02"))
    ScoreFactory(subject=subject, month=Month.parse("2026-04"))
    MonthClosingFactory(month=Month.parse("2026-03"))


@pytest.mark.parametrize(
    ("keep", "sentence"),
    [
        (lambda subject: MeasurementFactory(subject=subject), "1 value of it is recorded."),
        (
            lambda subject: [
                MeasurementFactory(subject=subject, period=month)
                for month in ("2026-01", "2026-02")
            ],
            "2 values of it are recorded.",
        ),
        (
            lambda subject: MeasurementChangeFactory(subject=subject, value_after=None),
            "values of it were recorded and deleted again, which stays on record.",
        ),
        (lambda subject: ReportedScoreFactory(subject=subject), "scores of it were reported."),
        (with_a_frozen_score, "it has scores in closed months, the latest 2026-02."),
    ],
)
def test_a_subject_with_a_past_is_not_deleted(
    keep: Callable[[Subject], Any], sentence: str, pmo_lead: User
) -> None:
    project = ProjectFactory(code="P")
    keep(project)
    with pytest.raises(ValidationError) as refusal:
        delete_subject(project, by=pmo_lead)
    assert told(refusal) == [f"Project P (P) can't be deleted: {sentence} {INSTEAD}"]
    assert Subject.objects.filter(code="P").exists()
    assert waiting() == set()


def test_a_project_is_not_deleted_over_the_past_of_its_engagement(pmo_lead: User) -> None:
    link = EngagementFactory(project__code="P", segment__code="S")
    MeasurementFactory(metric=MetricFactory(subject_kind="engagement"), subject=link)
    with pytest.raises(ValidationError) as refusal:
        delete_subject(link.project, by=pmo_lead)
    assert told(refusal) == [
        "Project P for Segment S (P@S) can't be deleted: 1 value of it is recorded."
        " Give the link a share of 0 instead, and it counts for nothing."
    ]


def test_a_subject_without_a_past_takes_along_what_was_agreed_for_it(pmo_lead: User) -> None:
    project = ProjectFactory(code="P")
    ScoreFactory(subject=project)
    ScorecardAssignmentFactory(subject=project)
    CurveOverrideFactory(subject=project)
    ExemptionFactory(subject=project)
    RescoreNeedFactory(subject=project)
    delete_subject(project, by=pmo_lead)
    assert not Subject.objects.filter(code="P").exists()
    assert not Score.objects.exists()


@pytest.mark.parametrize(
    ("changes", "is_refused"),
    [
        ({"active_until": "2026-02"}, True),
        ({"active_until": "2026-03"}, False),
        ({"active_from": "2026-04"}, True),
        ({"active_from": "2026-03"}, False),
        ({"weight": 2.0}, False),
    ],
)
@pytest.mark.parametrize("measured", ["project", "engagement"])
def test_a_span_holds_the_values_of_its_subject(
    measured: str, changes: dict[str, Any], is_refused: bool, pmo_lead: User
) -> None:
    link = EngagementFactory()
    subject = link if measured == "engagement" else link.project
    MeasurementFactory(metric=MetricFactory(subject_kind=measured), subject=subject)
    for field, value in changes.items():
        setattr(link.project, field, Month.parse(value) if isinstance(value, str) else value)
    if is_refused:
        with pytest.raises(ValidationError) as refusal:
            save_subject(link.project, by=pmo_lead)
        assert "2026-03" in told(refusal)[0]
        assert waiting() == set()
    else:
        save_subject(link.project, by=pmo_lead)
        assert link.project.code in waiting()


def test_the_span_of_the_organisation_holds_everybodys_values(pmo_lead: User) -> None:
    organisation = OrganisationFactory()
    MeasurementFactory()
    organisation.active_from = Month.parse("2026-04")
    with pytest.raises(ValidationError):
        save_subject(organisation, by=pmo_lead)
    organisation.active_from = Month.parse("2026-03")
    save_subject(organisation, by=pmo_lead)


@pytest.mark.parametrize(
    ("cadence", "period", "is_refused"),
    [
        ("day", "2026-03-09", False),
        ("month", "2026-03", False),
        ("quarter", "2026-Q1", True),
        ("year", "2026", True),
    ],
)
def test_the_fiscal_year_stays_while_quarters_or_years_have_values(
    cadence: str, period: str, is_refused: bool, pmo_lead: User
) -> None:
    organisation = OrganisationFactory()
    MeasurementFactory(metric=MetricFactory(cadence=cadence), period=period)
    organisation.fiscal_year_starts_in = 4
    if is_refused:
        with pytest.raises(ValidationError) as refusal:
            save_subject(organisation, by=pmo_lead)
        assert set(refusal.value.message_dict) == {"fiscal_year_starts_in"}
    else:
        save_subject(organisation, by=pmo_lead)
    organisation.refresh_from_db()
    assert organisation.fiscal_year_starts_in == (1 if is_refused else 4)
