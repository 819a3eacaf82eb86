"""Scorecards, their lines and who uses them: what falls due, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from metrics.models import Scorecard, ScorecardLine
from metrics.operations import scorecards
from metrics.operations.scorecards import delete_line, delete_scorecard, save_line, save_scorecard
from tests.factories import (
    MetricFactory,
    ProjectFactory,
    ScorecardAssignmentFactory,
    ScorecardFactory,
    ScorecardLineFactory,
    SegmentFactory,
)
from tests.tables import table, told, waiting, waiting_from

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> None:
    """P1 and P3 fall back on the default card of projects, P2 has another."""
    ProjectFactory(code="P1")
    ProjectFactory(code="P3")
    SegmentFactory(code="S")
    ScorecardFactory(code="default", is_default=True)
    own = ScorecardFactory(code="own")
    ScorecardFactory(code="idle")
    ScorecardAssignmentFactory(subject=ProjectFactory(code="P2"), scorecard=own)
    ScorecardLineFactory(scorecard=own, metric=MetricFactory(code="m"), weight=2.0)


def card(code: str) -> Scorecard:
    return Scorecard.objects.get(code=code)


@pytest.mark.parametrize(
    ("code", "field", "value", "expected"),
    [
        ("default", "weight_financial", 0.0, {"P1", "P3"}),
        ("default", "share_engagements", 1.0, {"P1", "P3"}),
        ("default", "overall", "geometric", {"P1", "P3"}),
        ("default", "min_coverage", 0.5, {"P1", "P3"}),
        ("default", "min_categories", 2, {"P1", "P3"}),
        ("default", "amber_from", 40.0, {"P1", "P3"}),
        ("default", "is_default", False, {"P1", "P3"}),
        ("default", "name", "Another name", set()),
        ("default", "code", "another", set()),
        ("own", "green_from", 90.0, {"P2"}),
        ("idle", "green_from", 90.0, set()),
    ],
)
@pytest.mark.usefixtures("house")
def test_what_falls_due_when_a_scorecard_changes(
    code: str, field: str, value: Any, expected: set[str], pmo_lead: User
) -> None:
    scorecard = card(code)
    setattr(scorecard, field, value)
    save_scorecard(scorecard, by=pmo_lead)
    scorecard.refresh_from_db()
    assert getattr(scorecard, field) == value
    assert scorecard.history.first().history_user == pmo_lead
    assert waiting() == expected
    assert {month for _, month in waiting_from()} <= {"0001-01"}


@pytest.mark.usefixtures("house")
def test_a_first_default_concerns_all_of_its_kind(pmo_lead: User) -> None:
    scorecard = ScorecardFactory.build(code="new", subject_kind="segment", is_default=True)
    save_scorecard(scorecard, by=pmo_lead)
    assert waiting() == {"S"}


@pytest.mark.parametrize(
    ("code", "changes", "field"),
    [
        ("own", {"is_default": True}, "is_default"),
        ("own", {"code": "a b"}, "code"),
        ("own", {"amber_from": 80.0}, "amber_from"),
        ("own", {"min_coverage": 1.5}, "min_coverage"),
        ("own", {"min_categories": 5}, "min_categories"),
        ("own", {"share_own": -1.0}, "share_own"),
        ("own", {"subject_kind": "segment"}, "subject_kind"),
        (
            "own",
            dict.fromkeys(
                (
                    "weight_tactical",
                    "weight_value_creation",
                    "weight_longevity",
                    "weight_financial",
                ),
                0.0,
            ),
            "weight_tactical",
        ),
    ],
)
@pytest.mark.usefixtures("house")
def test_a_scorecard_that_does_not_fit_is_refused(
    code: str, changes: dict[str, Any], field: str, pmo_lead: User
) -> None:
    scorecard = card(code)
    for name, value in changes.items():
        setattr(scorecard, name, value)
    before = Scorecard.objects.values().get(pk=scorecard.pk)
    with pytest.raises(ValidationError) as refusal:
        save_scorecard(scorecard, by=pmo_lead)
    assert field in refusal.value.message_dict
    assert Scorecard.objects.values().get(pk=scorecard.pk) == before
    assert waiting() == set()


@pytest.mark.usefixtures("house")
def test_deleting_a_default_concerns_those_who_fell_back_on_it(pmo_lead: User) -> None:
    scorecard = card("default")
    ScorecardLineFactory(scorecard=scorecard, metric=MetricFactory(code="n"))
    delete_scorecard(scorecard, by=pmo_lead)
    assert set(Scorecard.objects.values_list("code", flat=True)) == {"own", "idle"}
    assert table(ScorecardLine, "scorecard__code", "metric__code") == [("own", "m")]
    assert Scorecard.history.get(history_type="-").history_user == pmo_lead
    assert ScorecardLine.history.get(history_type="-").history_user == pmo_lead
    assert waiting() == {"P1", "P3"}


@pytest.mark.usefixtures("house")
def test_a_scorecard_that_subjects_have_as_their_own_is_not_deleted(pmo_lead: User) -> None:
    with pytest.raises(ValidationError) as refusal:
        delete_scorecard(card("own"), by=pmo_lead)
    assert told(refusal) == [
        "Scorecard own (own) can't be deleted: 1 subject has it as its own."
        " Give it another one first."
    ]
    ScorecardAssignmentFactory(scorecard=card("own"))
    with pytest.raises(ValidationError) as refusal:
        delete_scorecard(card("own"), by=pmo_lead)
    assert "2 subjects have it as their own. Give them another one first." in told(refusal)[0]
    assert table(ScorecardLine, "scorecard__code", "metric__code") == [("own", "m")]


@pytest.mark.usefixtures("house")
def test_a_line_concerns_those_who_use_the_scorecard(pmo_lead: User) -> None:
    line = ScorecardLine(scorecard=card("default"), metric=MetricFactory(code="n"), weight=3.0)
    save_line(line, by=pmo_lead)
    columns = ("scorecard__code", "metric__code", "weight")
    assert table(ScorecardLine, *columns) == [("default", "n", 3.0), ("own", "m", 2.0)]
    assert waiting() == {"P1", "P3"}
    assert line.history.get().history_user == pmo_lead


@pytest.mark.usefixtures("house")
def test_a_line_with_another_weight_concerns_those_who_use_the_scorecard(pmo_lead: User) -> None:
    line = ScorecardLine.objects.get()
    line.weight = 0.5
    save_line(line, by=pmo_lead)
    assert table(ScorecardLine, "weight") == [(0.5,)]
    assert waiting() == {"P2"}


@pytest.mark.usefixtures("house")
def test_a_line_that_stays_as_it_is_concerns_nobody(pmo_lead: User) -> None:
    line = ScorecardLine.objects.get()
    save_line(line, by=pmo_lead)
    assert line.history.count() == 1
    assert waiting() == set()


@pytest.mark.usefixtures("house")
def test_a_line_that_goes_concerns_those_who_use_the_scorecard(pmo_lead: User) -> None:
    delete_line(ScorecardLine.objects.get(), by=pmo_lead)
    assert not ScorecardLine.objects.exists()
    assert waiting() == {"P2"}


@pytest.mark.parametrize(
    ("metric", "weight", "field"),
    [
        ({"subject_kind": "segment"}, 1.0, "metric"),
        ({"curve": None}, 1.0, "metric"),
        ({}, -1.0, "weight"),
    ],
)
@pytest.mark.usefixtures("house")
def test_a_line_that_does_not_fit_is_refused(
    metric: dict[str, Any], weight: float, field: str, pmo_lead: User
) -> None:
    line = ScorecardLine(scorecard=card("idle"), metric=MetricFactory(**metric), weight=weight)
    with pytest.raises(ValidationError) as refusal:
        save_line(line, by=pmo_lead)
    assert field in refusal.value.message_dict
    assert ScorecardLine.objects.count() == 1


@pytest.mark.usefixtures("house")
def test_a_scorecard_whose_scores_can_not_fall_due_is_not_stored(
    pmo_lead: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("nothing can be marked")

    scorecard, line = card("default"), ScorecardLine.objects.get()
    monkeypatch.setattr(scorecards, "mark_for_rescoring", fail)
    scorecard.green_from, line.weight = 99.0, 9.0
    for change in (
        lambda: save_scorecard(scorecard, by=pmo_lead),
        lambda: save_line(line, by=pmo_lead),
        lambda: delete_line(line, by=pmo_lead),
        lambda: delete_scorecard(card("idle"), by=pmo_lead),
    ):
        with pytest.raises(RuntimeError):
            change()
    assert table(Scorecard, "code", "green_from") == [
        ("default", 75.0),
        ("idle", 75.0),
        ("own", 75.0),
    ]
    assert table(ScorecardLine, "weight") == [(2.0,)]
