"""Scorecards of subjects, and metrics of people."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from metrics.models import MetricAssignment, ScorecardAssignment
from metrics.operations import assignments
from metrics.operations.assignments import (
    assign_scorecard,
    delete_metric_assignment,
    delete_scorecard_assignment,
    save_metric_assignment,
    save_scorecard_assignment,
)
from tests.factories import (
    MetricAssignmentFactory,
    MetricFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    ScorecardAssignmentFactory,
    ScorecardFactory,
)
from tests.tables import table, told, waiting

pytestmark = pytest.mark.django_db


def test_a_subject_is_given_a_scorecard_of_its_own(pmo_lead: User) -> None:
    project, card = ProjectFactory(code="P"), ScorecardFactory(code="card")
    assignment = assign_scorecard(project, scorecard=card, by=pmo_lead)
    assert table(ScorecardAssignment, "subject__code", "scorecard__code") == [("P", "card")]
    assert assignment is not None
    assert assignment.history.get().history_user == pmo_lead
    assert waiting() == {"P"}


def test_a_subject_is_given_another_scorecard(pmo_lead: User) -> None:
    old = ScorecardAssignmentFactory(subject=ProjectFactory(code="P"))
    assign_scorecard(old.subject, scorecard=ScorecardFactory(code="new"), by=pmo_lead)
    assert table(ScorecardAssignment, "subject__code", "scorecard__code") == [("P", "new")]
    assert waiting() == {"P"}


def test_a_subject_falls_back_on_the_default_of_its_kind(pmo_lead: User) -> None:
    old = ScorecardAssignmentFactory(subject=ProjectFactory(code="P"))
    assert assign_scorecard(old.subject, scorecard=None, by=pmo_lead) is None
    assert not ScorecardAssignment.objects.exists()
    assert ScorecardAssignment.history.get(history_type="-").history_user == pmo_lead
    assert waiting() == {"P"}


def test_the_same_scorecard_again_changes_nothing(pmo_lead: User) -> None:
    old = ScorecardAssignmentFactory()
    assign_scorecard(old.subject, scorecard=old.scorecard, by=pmo_lead)
    assert old.history.count() == 1
    assert waiting() == set()


def test_no_scorecard_instead_of_none_changes_nothing(pmo_lead: User) -> None:
    assign_scorecard(ProjectFactory(), scorecard=None, by=pmo_lead)
    assert waiting() == set()


def test_a_scorecard_of_another_kind_is_refused(pmo_lead: User) -> None:
    project, card = ProjectFactory(), ScorecardFactory(subject_kind="segment")
    with pytest.raises(ValidationError) as refusal:
        assign_scorecard(project, scorecard=card, by=pmo_lead)
    assert set(refusal.value.message_dict) == {"scorecard"}
    assert not ScorecardAssignment.objects.exists()
    assert waiting() == set()


def test_an_assignment_whose_scores_can_not_fall_due_is_not_made(
    pmo_lead: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("nothing can be marked")

    old = ScorecardAssignmentFactory()
    new = ScorecardAssignment(subject=ProjectFactory(), scorecard=old.scorecard)
    before = table(ScorecardAssignment, "subject", "scorecard")
    monkeypatch.setattr(assignments, "mark_for_rescoring", fail)
    with pytest.raises(RuntimeError):
        save_scorecard_assignment(new, by=pmo_lead)
    with pytest.raises(RuntimeError):
        delete_scorecard_assignment(old, by=pmo_lead)
    assert table(ScorecardAssignment, "subject", "scorecard") == before


def test_a_metric_is_assigned_and_no_score_moves(pmo_lead: User, analyst: User) -> None:
    assignment = MetricAssignment(
        metric=MetricFactory(code="m"), user=analyst, scope=PortfolioFactory(code="F")
    )
    save_metric_assignment(assignment, by=pmo_lead)
    assert table(MetricAssignment, "metric__code", "user__username", "scope__code") == [
        ("m", "analyst", "F")
    ]
    assert assignment.history.get().history_user == pmo_lead
    assert waiting() == set()


def test_a_metric_is_no_longer_assigned(pmo_lead: User) -> None:
    delete_metric_assignment(MetricAssignmentFactory(), by=pmo_lead)
    assert not MetricAssignment.objects.exists()
    assert MetricAssignment.history.get(history_type="-").history_user == pmo_lead


def test_a_metric_is_assigned_to_a_person_once_per_scope(pmo_lead: User) -> None:
    old = MetricAssignmentFactory()
    again = MetricAssignment(metric=old.metric, user=old.user, scope=old.scope)
    with pytest.raises(ValidationError) as refusal:
        save_metric_assignment(again, by=pmo_lead)
    assert told(refusal)
    assert MetricAssignment.objects.count() == 1


def test_a_metric_is_assigned_for_what_holds_others(pmo_lead: User, analyst: User) -> None:
    OrganisationFactory()
    narrow = MetricAssignment(metric=MetricFactory(), user=analyst, scope=ProjectFactory())
    with pytest.raises(ValidationError) as refusal:
        save_metric_assignment(narrow, by=pmo_lead)
    assert set(refusal.value.message_dict) == {"scope"}
    assert not MetricAssignment.objects.exists()
