"""Whose numbers are whose to enter (PRODUCT section 1)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import AnonymousUser, User
from pytest_django import DjangoAssertNumQueries

from metrics.entry_rights import EntryRights
from metrics.models import MetricDefinition
from metrics.operations.measurements import may_enter
from projects.models import Subject
from tests.factories import (
    CustomerFactory,
    EngagementFactory,
    MetricAssignmentFactory,
    MetricFactory,
    OfferFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    SegmentFactory,
    ServiceFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

EVERYBODY = {"ORG", "TOP", "SUB", "OTHER", "P", "Q", "P@S1", "S1", "S2", "C1", "C2", "V1", "V2"}


@pytest.fixture
def house() -> Callable[[str], Subject]:
    """Two projects, one of them for segment S1; each segment with a customer and a service."""
    OrganisationFactory()
    below = PortfolioFactory(code="SUB", parent=PortfolioFactory(code="TOP"))
    ProjectFactory(code="Q", portfolio=PortfolioFactory(code="OTHER"))
    segments = [SegmentFactory(code=f"S{number}") for number in (1, 2)]
    EngagementFactory(project=ProjectFactory(code="P", portfolio=below), segment=segments[0])
    for number, segment in enumerate(segments, start=1):
        CustomerFactory(code=f"C{number}", segment=segment)
        OfferFactory(service=ServiceFactory(code=f"V{number}"), segment=segment)
    return lambda code: Subject.objects.get(code=code)


@pytest.fixture
def metric() -> MetricDefinition:
    return MetricFactory()


def enterable(user: User, metric: MetricDefinition) -> set[str]:
    rights = EntryRights.of(user)
    return {
        subject.code for subject in Subject.objects.all() if rights.may_enter(metric.pk, subject.pk)
    }


@pytest.mark.parametrize(
    ("scope", "held"),
    [
        ("ORG", EVERYBODY),
        ("TOP", {"TOP", "SUB", "P", "P@S1"}),
        ("SUB", {"SUB", "P", "P@S1"}),
        ("OTHER", {"OTHER", "Q"}),
        ("S1", {"S1", "P", "P@S1", "C1", "V1"}),
        ("S2", {"S2", "C2", "V2"}),
    ],
)
def test_a_scope_holds_what_is_rolled_up_into_it(
    scope: str,
    held: set[str],
    house: Callable[[str], Subject],
    metric: MetricDefinition,
    analyst: User,
) -> None:
    owner = UserFactory()
    MetricAssignmentFactory(metric=metric, user=owner, scope=house(scope))
    assert enterable(analyst, metric) == EVERYBODY - held
    MetricAssignmentFactory(metric=metric, user=analyst, scope=house(scope))
    assert enterable(analyst, metric) == EVERYBODY


@pytest.mark.usefixtures("house")
def test_what_is_assigned_to_nobody_is_entered_by_any_analyst(
    metric: MetricDefinition, analyst: User
) -> None:
    MetricAssignmentFactory(scope=OrganisationFactory())  # of another metric
    assert enterable(analyst, metric) == EVERYBODY


@pytest.mark.usefixtures("house")
def test_who_does_not_enter_values_enters_none(
    metric: MetricDefinition, executive: User, pmo_lead: User, outsider: User
) -> None:
    for person in (executive, pmo_lead, outsider):
        MetricAssignmentFactory(metric=metric, user=person, scope=OrganisationFactory())
        assert enterable(person, metric) == set()
    subject = Subject.objects.get(code="P")
    assert not may_enter(AnonymousUser(), metric, subject)


@pytest.mark.usefixtures("house")
def test_a_superuser_enters_everything(metric: MetricDefinition) -> None:
    MetricAssignmentFactory(metric=metric, scope=OrganisationFactory())
    assert enterable(UserFactory(is_superuser=True), metric) == EVERYBODY


@pytest.mark.usefixtures("house")
def test_who_left_enters_nothing(metric: MetricDefinition) -> None:
    assert enterable(UserFactory(is_superuser=True, is_active=False), metric) == set()


def test_one_question_is_answered_like_many(
    house: Callable[[str], Subject], metric: MetricDefinition, analyst: User
) -> None:
    MetricAssignmentFactory(metric=metric, scope=house("TOP"))
    assert not may_enter(analyst, metric, house("P"))
    assert may_enter(analyst, metric, house("Q"))


@pytest.mark.parametrize("subjects", [1, 10, 40])
def test_the_number_of_subjects_does_not_move_the_number_of_queries(
    subjects: int,
    analyst: User,
    metric: MetricDefinition,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    portfolio = PortfolioFactory()
    projects = ProjectFactory.create_batch(subjects, portfolio=portfolio)
    MetricAssignmentFactory(metric=metric, scope=portfolio)
    analyst.get_all_permissions()  # read once per request, whatever is asked
    with django_assert_num_queries(3):
        rights = EntryRights.of(analyst)
        assert not any(rights.may_enter(metric.pk, project.pk) for project in projects)
