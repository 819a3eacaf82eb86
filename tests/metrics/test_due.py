"""What is expected of whom and has not come: which periods, whose they are, what was said."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import time_machine
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries

from metrics.choices import Cadence, DraftState, ProposalState
from metrics.due import DueList, DueState, Whose, due_list, read_expectations
from metrics.entry_rights import Claims, EntryRights, held_by
from metrics.operations.measurements import may_enter
from projects.choices import SubjectKind
from projects.models import Subject
from projects.months import Month
from tests.factories import (
    A_MOMENT,
    CustomerFactory,
    DraftMeasurementFactory,
    EngagementFactory,
    ExemptionFactory,
    ExemptionProposalFactory,
    MeasurementFactory,
    MetricAssignmentFactory,
    MetricFactory,
    MonthClosingFactory,
    NoValueFactory,
    OfferFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    ScorecardAssignmentFactory,
    ScorecardLineFactory,
    SegmentFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_april() -> Iterator[None]:
    """Friday, 10 April 2026."""
    with time_machine.travel("2026-04-10T09:00:00Z", tick=False):
        yield


def due_of(person: User) -> DueList:
    return due_list(read_expectations(), EntryRights.of(person))


def asked_of(person: User) -> list[tuple[str, str, str]]:
    return [(value.metric.code, value.subject.code, value.label) for value in due_of(person).values]


def labels(person: User) -> list[str]:
    return [label for _, _, label in asked_of(person)]


@pytest.mark.parametrize(
    ("cadence", "expected"),
    [
        (Cadence.DAY, ["2026-04-09", "2026-04-07", "2026-04-08"]),
        (Cadence.WEEK, ["2026-W14", "2026-W12", "2026-W13"]),
        (Cadence.MONTH, ["2026-03", "2026-01", "2026-02"]),
        (Cadence.QUARTER, ["2026-Q1", "2025-Q4"]),
        (Cadence.YEAR, ["2025", "2024"]),
    ],
)
def test_the_latest_period_that_has_ended_is_due_and_then_older_gaps(
    analyst: User, cadence: Cadence, expected: list[str]
) -> None:
    ProjectFactory()
    MetricFactory(cadence=cadence)
    assert labels(analyst) == expected


def test_no_value_is_asked_for_at_a_weekend(analyst: User) -> None:
    ProjectFactory()
    MetricFactory(cadence=Cadence.DAY)
    with time_machine.travel("2026-04-13T09:00:00Z", tick=False):  # a Monday
        assert labels(analyst) == ["2026-04-10", "2026-04-08", "2026-04-09"]


def test_periods_follow_the_fiscal_year(analyst: User) -> None:
    OrganisationFactory(fiscal_year_starts_in=4)
    ProjectFactory()
    MetricFactory(cadence=Cadence.YEAR)
    assert labels(analyst) == ["2025", "2024"]  # the year 2025 ended in March 2026
    value = due_of(analyst).values[0]
    assert value.due_on.isoformat() == "2026-04-10"
    assert not value.is_overdue


def test_a_value_that_has_come_is_not_due_and_counts_as_progress(analyst: User) -> None:
    project, other, metric = ProjectFactory(), ProjectFactory(), MetricFactory()
    for period in ("2026-01", "2026-02"):
        MeasurementFactory(metric=metric, subject=project, period=period)
        MeasurementFactory(metric=metric, subject=other, period=period)
    MeasurementFactory(metric=metric, subject=other, period="2026-03")
    [march] = due_of(analyst).periods
    assert (march.asked.label, march.given, march.expected) == ("2026-03", 1, 2)
    assert [value.subject.code for value in march.missing] == [project.code]


@pytest.mark.parametrize(
    ("due_days", "days_late", "days_left"), [(5, 5, 0), (9, 1, 0), (10, 0, 0), (30, 0, 20)]
)
def test_overdue_is_what_is_later_than_its_due_day(
    analyst: User, due_days: int, days_late: int, days_left: int
) -> None:
    ProjectFactory()
    MetricFactory(due_days=due_days)
    first = due_of(analyst).values[0]
    assert (first.label, first.days_late) == ("2026-03", days_late)
    assert first.asked.days_left == days_left


def test_what_is_not_expected_is_not_due(analyst: User) -> None:
    project, metric = ProjectFactory(code="P"), MetricFactory(code="open")
    MetricFactory(code="computed", formula="open + open")
    MetricFactory(code="ended", active_until=Month.parse("2025-12"))
    MetricFactory(code="to_come", active_from=Month.parse("2026-04"))
    MetricFactory(code="of_others", subject_kind=SubjectKind.SEGMENT)
    february = Month.parse("2026-02")
    ExemptionFactory(metric=metric, subject=project, from_month=february, until_month=february)
    assert asked_of(analyst) == [("open", "P", "2026-03"), ("open", "P", "2026-01")]


def test_a_subject_is_asked_only_within_its_span(analyst: User) -> None:
    MetricFactory()
    ProjectFactory(code="NEW", active_from=Month.parse("2026-03"))
    ProjectFactory(code="OLD", active_until=Month.parse("2026-01"))
    OrganisationFactory(active_from=Month.parse("2026-01"))
    assert {(code, label) for _, code, label in asked_of(analyst)} == {
        ("NEW", "2026-03"),
        ("OLD", "2026-01"),
    }


def test_an_engagement_is_asked_within_the_span_of_its_project(analyst: User) -> None:
    EngagementFactory(project__active_from=Month.parse("2026-03"))
    MetricFactory(subject_kind=SubjectKind.ENGAGEMENT)
    assert labels(analyst) == ["2026-03"]


def test_a_metric_on_scorecards_is_asked_of_those_they_judge(analyst: User) -> None:
    judged, other = ProjectFactory(code="JUDGED"), ProjectFactory(code="OTHER")
    for_all = ScorecardLineFactory(scorecard__is_default=True, metric__code="for_all")
    special = ScorecardLineFactory(metric__code="special")
    ScorecardAssignmentFactory(subject=judged, scorecard=special.scorecard)
    MetricFactory(code="an_input", curve=None)
    formula = MetricFactory(code="made", formula="an_input * 2")
    ScorecardLineFactory(scorecard=for_all.scorecard, metric=formula)
    asked = {(metric, subject) for metric, subject, _ in asked_of(analyst)}
    assert asked == {("special", "JUDGED"), ("for_all", "OTHER"), ("an_input", "OTHER")}
    assert other


def test_each_value_says_whose_it_is(analyst: User, administrator: User) -> None:
    administrator.is_superuser = True
    administrator.save()
    mine, theirs = PortfolioFactory(), PortfolioFactory()
    ProjectFactory(code="MINE", portfolio=PortfolioFactory(parent=mine))
    ProjectFactory(code="THEIRS", portfolio=theirs)
    ProjectFactory(code="NOBODYS", portfolio=PortfolioFactory())
    metric = MetricFactory()
    MetricAssignmentFactory(metric=metric, scope=mine, user=analyst)
    owner = MetricAssignmentFactory(metric=metric, scope=theirs).user

    def whose(person: User) -> set[tuple[str, str]]:
        return {
            (value.subject.code, period.whose)
            for period in due_of(person).periods
            for value in period.missing
        }

    assert whose(analyst) == {("MINE", Whose.MINE), ("NOBODYS", Whose.NOBODYS)}
    assert whose(administrator) == {
        ("MINE", Whose.OTHERS),
        ("THEIRS", Whose.OTHERS),
        ("NOBODYS", Whose.NOBODYS),
    }
    everybody = due_list(read_expectations(), EntryRights.of_everybody(Claims.read()))
    assert {(value.subject.code, *value.owners) for value in everybody.values} == {
        ("MINE", analyst.pk),
        ("THEIRS", owner.pk),
        ("NOBODYS",),
    }


def test_scopes_reach_as_far_as_they_do_when_a_value_is_saved(analyst: User) -> None:
    segment = SegmentFactory()
    scopes = [segment, PortfolioFactory()]
    project = ProjectFactory(portfolio=scopes[1])
    EngagementFactory(project=project, segment=segment)
    EngagementFactory(segment=segment)
    CustomerFactory(segment=segment)
    OfferFactory(segment=segment)
    CustomerFactory()
    for kind in SubjectKind.values:
        for scope in scopes:
            MetricAssignmentFactory(metric=MetricFactory(subject_kind=kind), scope=scope)
    rights, expected = EntryRights.of(analyst), read_expectations()
    for metric in expected.metrics.values():
        for subject in expected.subjects[metric.subject_kind]:
            asked_at_saving = may_enter(analyst, metric, Subject.objects.get(pk=subject.pk))
            assert rights.may_enter(metric.pk, subject.pk) == asked_at_saving


def test_the_metric_that_waits_longest_comes_first_and_older_gaps_last(analyst: User) -> None:
    ProjectFactory(code="P")
    MetricFactory(code="monthly", name="B")
    MetricFactory(code="yearly", name="C", cadence=Cadence.YEAR)
    MetricFactory(code="quickly", name="A", cadence=Cadence.WEEK)
    due = due_of(analyst)
    assert [(value.metric.code, value.label) for value in due.values] == [
        ("yearly", "2025"),
        ("monthly", "2026-03"),
        ("quickly", "2026-W14"),
        ("yearly", "2024"),
        ("monthly", "2026-01"),
        ("monthly", "2026-02"),
        ("quickly", "2026-W12"),
        ("quickly", "2026-W13"),
    ]
    assert [value.is_older for value in due.values] == [False] * 3 + [True] * 5
    assert {group.metric.code: group.total for group in due.groups} == {
        "yearly": 2,
        "monthly": 3,
        "quickly": 3,
    }


def test_a_value_of_a_closed_month_is_known_as_such(analyst: User) -> None:
    ProjectFactory()
    MetricFactory()
    MonthClosingFactory(month=Month.parse("2026-02"))
    closed = {value.label: value.is_closed for value in due_of(analyst).values}
    assert closed == {"2026-01": True, "2026-02": True, "2026-03": False}


def test_it_can_be_limited_to_what_a_portfolio_holds(analyst: User) -> None:
    inside = ProjectFactory(code="IN")
    ProjectFactory(code="OUT")
    MetricFactory()
    rights = EntryRights.of(analyst)
    held = held_by(inside.portfolio_id, SubjectKind.PORTFOLIO)
    due = due_list(read_expectations(), rights, within=held)
    assert {value.subject.code for value in due.values} == {"IN"}
    assert {period.expected for period in due.periods} == {1}


MakeAnswer = Callable[..., object]

WAITING = {"state": DraftState.WAITING}
REJECTED = {"state": DraftState.REJECTED, "answer": "Which survey?", "decided_at": A_MOMENT}
REFUSED = {"state": ProposalState.REFUSED, "answer": "It does.", "decided_at": A_MOMENT}


@pytest.mark.parametrize(
    ("make", "fields", "state", "is_to_do"),
    [
        (DraftMeasurementFactory, WAITING, DueState.WAITING, False),
        (DraftMeasurementFactory, REJECTED, DueState.REJECTED, True),
        (DraftMeasurementFactory, {"state": DraftState.WITHDRAWN}, DueState.OPEN, True),
        (NoValueFactory, {}, DueState.ANSWERED, False),
        (ExemptionProposalFactory, {}, DueState.PROPOSED, False),
        (ExemptionProposalFactory, REFUSED, DueState.REFUSED, True),
        (
            ExemptionProposalFactory,
            {"from_month": Month.parse("2026-04")},
            DueState.OPEN,
            True,
        ),
    ],
)
def test_what_was_said_instead_of_a_value_decides_whether_it_is_still_to_do(
    analyst: User, make: MakeAnswer, fields: dict[str, object], state: DueState, is_to_do: bool
) -> None:
    project = ProjectFactory(active_from=Month.parse("2026-03"))
    metric = MetricFactory()
    make(metric=metric, subject=project, **fields)
    [value] = due_of(analyst).missing
    assert (value.state, value.is_to_do) == (state, is_to_do)
    assert due_of(analyst).total == is_to_do


def test_a_draft_that_waits_counts_more_than_what_was_said_before(analyst: User) -> None:
    project = ProjectFactory(active_from=Month.parse("2026-03"))
    at = {"metric": MetricFactory(), "subject": project}
    DraftMeasurementFactory(**at, **REJECTED)
    NoValueFactory(**at)
    DraftMeasurementFactory(**at, value=7)
    [value] = due_of(analyst).missing
    assert value.state == DueState.WAITING
    assert value.answer is not None
    assert value.answer.value == 7


def test_the_reason_of_a_rejection_is_told_with_who_gave_it(analyst: User, pmo_lead: User) -> None:
    project = ProjectFactory(active_from=Month.parse("2026-03"))
    DraftMeasurementFactory(
        metric=MetricFactory(), subject=project, decided_by=pmo_lead, value=12.5, **REJECTED
    )
    [value] = due_of(analyst).values
    answer = value.answer
    assert answer is not None
    assert (answer.by, answer.reason, answer.value) == (pmo_lead, "Which survey?", 12.5)


@pytest.mark.parametrize("size", [1, 5, 20])
def test_the_number_of_queries_does_not_follow_the_rows(
    size: int, analyst: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    segment, portfolio = SegmentFactory(), PortfolioFactory()
    for _ in range(size):
        project = ProjectFactory(portfolio=portfolio)
        EngagementFactory(project=project, segment=segment)
        metric = MetricFactory()
        MetricAssignmentFactory(metric=metric, scope=segment)
        MetricAssignmentFactory(metric=metric, scope=PortfolioFactory(), user=UserFactory())
        NoValueFactory(metric=metric, subject=project, said_by=UserFactory())
        DraftMeasurementFactory(
            metric=metric, subject=project, period="2026-02", entered_by=UserFactory()
        )
        ExemptionProposalFactory(metric=metric, subject=project, proposed_by=analyst)
    analyst.get_all_permissions()
    with django_assert_num_queries(14):
        due = due_of(analyst)
        assert all(str(value.answer) for value in due.missing)
