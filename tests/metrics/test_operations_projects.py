"""The end of a project, and what is changed as one on the pages for keeping."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from metrics.choices import Category
from metrics.entry_rights import held_by
from metrics.models import (
    Exemption,
    MetricAssignment,
    MetricDefinition,
    RescoreNeed,
    ScorecardAssignment,
)
from metrics.operations.keeping import SubjectVersion, keep_offer, keep_subject
from metrics.operations.projects import ProjectEnd, close_project, delivery_metrics, reopen_project
from metrics.operations.responsibilities import assign_metrics, take_metrics_away
from metrics.scopes import Scopes
from projects.choices import ProjectStage, SubjectKind
from projects.models import Offer, Project
from projects.months import Month
from projects.operations.links import save_offer
from projects.operations.subjects import save_subject
from projects.operations.versions import version_of
from tests.factories import (
    CustomerFactory,
    EngagementFactory,
    MeasurementFactory,
    MetricAssignmentFactory,
    MetricFactory,
    OfferFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    ScorecardAssignmentFactory,
    ScorecardFactory,
    ScorecardLineFactory,
    SegmentFactory,
    ServiceFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

MARCH, APRIL = Month.parse("2026-03"), Month.parse("2026-04")


class Expected:
    """A project with a segment, and what the default scorecards expect of both."""

    def __init__(self) -> None:
        OrganisationFactory()
        self.project = ProjectFactory(code="P1")
        self.engagement = EngagementFactory(project=self.project, segment=SegmentFactory(code="S1"))
        card = ScorecardFactory(is_default=True)
        self.delay = self._line(card, "delay", Category.TACTICAL)
        self.adoption = self._line(card, "adoption", Category.VALUE_CREATION)
        work = ScorecardFactory(is_default=True, subject_kind=SubjectKind.ENGAGEMENT)
        self.hand_offs = self._line(work, "hand_offs", Category.TACTICAL, SubjectKind.ENGAGEMENT)

    def _line(
        self, card: Any, code: str, category: str, kind: str = SubjectKind.PROJECT
    ) -> MetricDefinition:
        metric = MetricFactory(code=code, category=category, subject_kind=kind)
        ScorecardLineFactory(scorecard=card, metric=metric)
        return metric

    def closed(self, stage: str = ProjectStage.CLOSED) -> Project:
        """The project as a form would hand it over."""
        project = Project.objects.get(pk=self.project.pk)
        project.stage = stage
        return project


@pytest.fixture
def expected(db: None) -> Expected:
    return Expected()


def exemptions() -> list[tuple[str, str, str, Month | None]]:
    rows = Exemption.objects.order_by("metric__code", "subject__code")
    return [
        (row.metric.code, row.subject.code, str(row.from_month), row.until_month) for row in rows
    ]


def test_delivery_metrics_are_the_tactical_ones_of_the_project_and_its_engagements(
    expected: Expected,
) -> None:
    MetricFactory(category=Category.TACTICAL)  # on no scorecard
    assert delivery_metrics(expected.project) == [expected.delay, expected.hand_offs]


def test_delivery_metrics_are_those_of_the_projects_own_scorecard(expected: Expected) -> None:
    line = ScorecardLineFactory(scorecard=ScorecardFactory())
    ScorecardAssignmentFactory(subject=expected.project, scorecard=line.scorecard)
    assert delivery_metrics(expected.project) == [line.metric, expected.hand_offs]


def test_a_closed_project_whose_measuring_stops_is_measured_until_its_last_month(
    expected: Expected, pmo_lead: User
) -> None:
    project = expected.closed()
    close_project(
        project, end=ProjectEnd(MARCH, goes_on=False), by=pmo_lead, reason="All is delivered."
    )
    stored = Project.objects.get(code="P1")
    assert (stored.stage, stored.active_until) == (ProjectStage.CLOSED, MARCH)
    assert exemptions() == []
    record = stored.history.latest()
    assert (record.history_user, record.history_change_reason) == (pmo_lead, "All is delivered.")


def test_a_closed_project_that_goes_on_is_exempted_from_delivery_from_the_next_month(
    expected: Expected, pmo_lead: User
) -> None:
    end = ProjectEnd(MARCH, goes_on=True, exempt=(expected.delay, expected.hand_offs))
    close_project(expected.closed(), end=end, by=pmo_lead)
    stored = Project.objects.get(code="P1")
    assert (stored.stage, stored.active_until) == (ProjectStage.CLOSED, None)
    assert exemptions() == [
        ("delay", "P1", "2026-04", None),
        ("hand_offs", "P1@S1", "2026-04", None),
    ]
    assert set(Exemption.objects.values_list("reason", flat=True)) == {
        "The project is closed since 2026-03 and measured on for its benefits."
    }
    needs = RescoreNeed.objects.values_list("subject__code", "first_month")
    assert {("P1", APRIL), ("P1@S1", APRIL)} <= set(needs)


def test_closing_twice_exempts_once(expected: Expected) -> None:
    end = ProjectEnd(MARCH, goes_on=True, exempt=(expected.delay,))
    close_project(expected.closed(), end=end, by=None)
    close_project(expected.closed(ProjectStage.CANCELLED), end=end, by=None)
    assert exemptions() == [("delay", "P1", "2026-04", None)]


def test_an_exemption_for_a_while_becomes_one_for_good(expected: Expected) -> None:
    Exemption.objects.create(
        metric=expected.delay,
        subject=expected.project,
        from_month=APRIL,
        until_month=APRIL,
        reason="A pause.",
    )
    end = ProjectEnd(MARCH, goes_on=True, exempt=(expected.delay,))
    close_project(expected.closed(), end=end, by=None)
    assert exemptions() == [("delay", "P1", "2026-04", None)]


def test_a_project_that_ends_is_closed_or_cancelled(expected: Expected) -> None:
    for stage, word in ((ProjectStage.DELIVERY, "delivery"), ("", "without a stage")):
        with pytest.raises(ValidationError) as refused:
            close_project(expected.closed(stage), end=ProjectEnd(MARCH, goes_on=False), by=None)
        assert refused.value.message_dict == {
            "stage": [f"A project that ends is closed or cancelled; P1 is to be {word}."]
        }


def test_a_project_opened_again_is_expected_to_tell_of_its_delivery_from_then_on(
    expected: Expected, pmo_lead: User
) -> None:
    end = ProjectEnd(MARCH, goes_on=True, exempt=(expected.delay, expected.hand_offs))
    close_project(expected.closed(), end=end, by=pmo_lead)
    project = expected.closed(ProjectStage.DELIVERY)
    RescoreNeed.objects.all().delete()
    reopen_project(project, from_month=APRIL.plus(2), by=pmo_lead, reason="It goes on.")
    engagement = expected.engagement.code
    assert exemptions() == [
        ("delay", "P1", "2026-04", APRIL.plus(1)),
        ("hand_offs", engagement, "2026-04", APRIL.plus(1)),
    ]
    assert Project.objects.get(code="P1").stage == ProjectStage.DELIVERY
    assert RescoreNeed.objects.filter(subject=project).exists()


def test_a_project_opened_in_the_month_after_its_last_one_was_never_exempt(
    expected: Expected,
) -> None:
    end = ProjectEnd(MARCH, goes_on=True, exempt=(expected.delay,))
    close_project(expected.closed(ProjectStage.CANCELLED), end=end, by=None)
    reopen_project(expected.closed(ProjectStage.APPROVED), from_month=APRIL, by=None)
    assert exemptions() == []


def test_what_was_agreed_otherwise_stays_when_a_project_is_opened_again(expected: Expected) -> None:
    end = ProjectEnd(MARCH, goes_on=True, exempt=(expected.delay,))
    close_project(expected.closed(), end=end, by=None)
    Exemption.objects.update(reason="Nobody measures delays here.")
    reopen_project(expected.closed(ProjectStage.DELIVERY), from_month=APRIL, by=None)
    assert exemptions() == [("delay", "P1", "2026-04", None)]


@pytest.mark.parametrize("stage", ["closed", "cancelled"])
def test_a_project_that_ends_is_not_opened_again(expected: Expected, stage: str) -> None:
    with pytest.raises(ValidationError, match=rf"is not {stage}\."):
        reopen_project(expected.closed(stage), from_month=APRIL, by=None)


def test_measuring_does_not_stop_before_a_value(expected: Expected) -> None:
    MeasurementFactory(subject=expected.project, metric=expected.delay, period="2026-04")
    with pytest.raises(ValidationError) as refused:
        close_project(expected.closed(), end=ProjectEnd(MARCH, goes_on=False), by=None)
    assert "A value of 2026-04 lies outside the span of P1" in refused.value.messages[0]
    assert Project.objects.get(code="P1").stage == ProjectStage.DELIVERY


def test_a_subject_and_its_scorecard_are_saved_together_or_not_at_all(expected: Expected) -> None:
    project, card = expected.project, ScorecardFactory(subject_kind=SubjectKind.SEGMENT)
    project.weight = 4.0
    with pytest.raises(ValidationError, match="a subject's scorecard is of its own kind"):
        keep_subject(project, scorecard=card, by=None)
    assert Project.objects.get(pk=project.pk).weight == 1.0
    card = ScorecardFactory()
    keep_subject(project, scorecard=card, by=None)
    assert Project.objects.get(pk=project.pk).weight == 4.0
    assert ScorecardAssignment.objects.get().scorecard == card
    keep_subject(project, scorecard=None, by=None)
    assert not ScorecardAssignment.objects.exists()


def test_nothing_is_overwritten_that_was_not_seen(expected: Expected, pmo_lead: User) -> None:
    project = Project.objects.get(code="P1")
    seen = SubjectVersion.of(project)
    other = Project.objects.get(code="P1")
    other.sponsor = "Ines Okafor"
    save_subject(other, by=pmo_lead)
    project.weight = 5.0
    with pytest.raises(ValidationError) as refused:
        keep_subject(project, scorecard=None, seen=seen, by=None)
    [error] = refused.value.error_list
    assert error.code == "overtaken"
    assert error.messages[0].startswith(f"pmo_lead changed {other} on ")
    stored = Project.objects.get(code="P1")
    assert (stored.sponsor, stored.weight) == ("Ines Okafor", 1.0)
    keep_subject(project, scorecard=None, seen=SubjectVersion.of(project), by=None)
    assert Project.objects.get(code="P1").weight == 5.0


def test_a_scorecard_that_somebody_else_gave_is_not_overwritten(expected: Expected) -> None:
    seen = SubjectVersion.of(expected.project)
    keep_subject(expected.project, scorecard=ScorecardFactory(), by=None)
    with pytest.raises(ValidationError, match="after you had opened it"):
        keep_subject(expected.project, scorecard=None, seen=seen, by=None)
    # Taken away again, it is still another state than the one that was seen.
    keep_subject(expected.project, scorecard=None, by=None)
    with pytest.raises(ValidationError, match="after you had opened it"):
        keep_subject(expected.project, scorecard=None, seen=seen, by=None)


def test_saving_the_same_twice_overtakes_nobody(expected: Expected) -> None:
    seen = SubjectVersion.of(expected.project)
    keep_subject(expected.closed(ProjectStage.DELIVERY), scorecard=None, seen=seen, by=None)
    keep_subject(expected.closed(ProjectStage.DELIVERY), scorecard=None, seen=seen, by=None)
    assert SubjectVersion.of(expected.project) == seen


def test_an_offer_that_somebody_else_changed_is_not_overwritten(db: None) -> None:
    offer = OfferFactory()
    seen = version_of(offer)
    other = Offer.objects.get()
    other.weight = 2.0
    save_offer(other, by=None)
    offer.weight = 3.0
    with pytest.raises(ValidationError, match="after you had opened it"):
        keep_offer(offer, seen=seen, by=None)
    assert Offer.objects.get().weight == 2.0
    keep_offer(offer, seen=version_of(other), by=None)
    assert Offer.objects.get().weight == 3.0


def test_several_metrics_are_assigned_at_once_and_none_twice(db: None, pmo_lead: User) -> None:
    user, scope = UserFactory(), OrganisationFactory()
    one, two = MetricFactory(), MetricFactory()
    MetricAssignmentFactory(metric=one, user=user, scope=scope)
    new = assign_metrics([one, two], user=user, scope=scope, by=pmo_lead)
    assert [row.metric for row in new] == [two]
    assert assign_metrics([one, two], user=user, scope=scope, by=pmo_lead) == []
    assert set(MetricAssignment.objects.values_list("metric", flat=True)) == {one.pk, two.pk}
    assert MetricAssignment.history.latest().history_user == pmo_lead


def test_nobody_is_given_a_formula_and_nothing_of_the_lot_is_saved(db: None) -> None:
    entered = MetricFactory(code="entered")
    computed = MetricFactory(code="computed", name="Twice", formula="2 * entered")
    with pytest.raises(ValidationError) as refused:
        assign_metrics(
            [entered, computed], user=UserFactory(), scope=OrganisationFactory(), by=None
        )
    assert refused.value.message_dict == {
        "metrics": ["Twice (computed) is computed by a formula, so nobody enters it."]
    }
    assert not MetricAssignment.objects.exists()


def test_a_scope_is_the_organisation_a_portfolio_or_a_segment(db: None) -> None:
    with pytest.raises(ValidationError):
        assign_metrics([MetricFactory()], user=UserFactory(), scope=ProjectFactory(), by=None)
    assert not MetricAssignment.objects.exists()


def test_assignments_are_taken_away_and_stay_on_record(db: None, pmo_lead: User) -> None:
    rows = [MetricAssignmentFactory() for _ in range(3)]
    keys = [rows[0].pk, rows[1].pk, 10**6]
    assert take_metrics_away(keys, by=pmo_lead, reason="She left.") == 2
    assert list(MetricAssignment.objects.all()) == [rows[2]]
    gone = MetricAssignment.history.filter(history_type="-")
    assert {(row.history_user, row.history_change_reason) for row in gone} == {
        (pmo_lead, "She left.")
    }


def test_scopes_hold_what_entry_rights_say_they_hold(db: None) -> None:
    organisation, top = OrganisationFactory(), PortfolioFactory()
    below = PortfolioFactory(parent=top)
    project, elsewhere = ProjectFactory(portfolio=below), ProjectFactory()
    ended = ProjectFactory(portfolio=top, active_until=Month.parse("2020-01"))
    segment = SegmentFactory()
    for row in (project, elsewhere, ended):
        EngagementFactory(project=row, segment=segment)
    OfferFactory(segment=segment)
    CustomerFactory(segment=segment)
    ServiceFactory()
    empty = SegmentFactory()
    asked = (top, below, elsewhere.portfolio, segment, empty)
    scopes = Scopes.read(MARCH, [(scope.pk, scope.kind) for scope in asked])
    for scope in asked:
        assert scopes.held_by(scope.pk, scope.kind) == held_by(scope.pk, scope.kind), scope
    assert len(scopes.by_kind[SubjectKind.PROJECT]) == 2  # one has ended
    assert len(scopes.by_kind[SubjectKind.ENGAGEMENT]) == 2  # an engagement ends with its project
    everything = held_by(organisation.pk, organisation.kind)
    gone = {ended.pk, ended.engagements.get().pk}
    assert scopes.held_by(organisation.pk, organisation.kind) == everything - gone
