"""What is said instead of a value: there is none, or the metric does not apply."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from metrics.bulk import is_postgresql
from metrics.choices import Door, ProposalState
from metrics.models import (
    Exemption,
    ExemptionProposal,
    FormerNoValue,
    Measurement,
    MetricDefinition,
    NoValue,
)
from metrics.operations.answers import (
    Place,
    grant_proposal,
    propose_exemption,
    propose_exemptions,
    refuse_proposal,
    say_no_value,
    say_no_values,
    take_back_no_value,
    take_back_no_values,
    take_back_proposal,
)
from metrics.operations.entering import enter_value
from metrics.operations.measurements import Outcome
from metrics.periods import Period, parse_period
from projects.models import Project
from projects.months import BEGINNING, Month
from tests.constraints import assert_refused
from tests.factories import (
    DraftMeasurementFactory,
    ExemptionFactory,
    ExemptionProposalFactory,
    MeasurementFactory,
    MetricFactory,
    MonthClosingFactory,
    NoValueFactory,
    ProjectFactory,
    SegmentFactory,
)
from tests.tables import table, told, waiting_from

NOW = datetime(2026, 4, 15, 12, 0, tzinfo=UTC)
LATER = datetime(2026, 4, 16, 9, 30, tzinfo=UTC)
PERIOD = parse_period("2026-03", "month")
MARCH, APRIL = Month.parse("2026-03"), Month.parse("2026-04")
TOO_EARLY, TOO_LATE = Month(11), Month(120_000)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mid_april() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def metric() -> MetricDefinition:
    return MetricFactory(code="nps")


@pytest.fixture
def project() -> Project:
    return ProjectFactory(code="P")


def said() -> list[Any]:
    return table(NoValue, "period_start", "month", "reason", "said_by__username", "said_at")


def say(
    metric: MetricDefinition,
    subject: Any,
    by: User,
    reason: str = "No survey.",
    period: Period = PERIOD,
) -> NoValue:
    return say_no_value(metric=metric, subject=subject, period=period, reason=reason, by=by)


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("no_value_has_a_reason", {"reason": ""}),
        ("no_value_in_a_month", {"month": TOO_EARLY}),
        ("no_value_in_a_month", {"month": TOO_LATE}),
        ("metrics_novalue.said_at", {"said_at": None}),
    ],
)
def test_what_cannot_be_said(rule: str, fields: dict[str, Any]) -> None:
    pair = {"metric": MetricFactory(), "subject": ProjectFactory()}
    assert_refused(rule, lambda: NoValueFactory(**pair, **fields))


def test_it_is_said_once_of_a_period() -> None:
    row = NoValueFactory()
    assert_refused(
        "one_no_value_per_period", lambda: NoValueFactory(metric=row.metric, subject=row.subject)
    )


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("proposal_state_known", {"state": "lost"}),
        ("proposal_has_a_reason", {"reason": ""}),
        ("proposal_from_a_month", {"from_month": TOO_EARLY}),
        ("proposal_until_a_month", {"until_month": TOO_LATE}),
        ("proposal_span_in_order", {"from_month": APRIL, "until_month": MARCH}),
        ("metrics_exemptionproposal.proposed_at", {"proposed_at": None}),
    ],
)
def test_what_no_proposal_can_be(rule: str, fields: dict[str, Any]) -> None:
    pair = {"metric": MetricFactory(), "subject": ProjectFactory()}
    assert_refused(rule, lambda: ExemptionProposalFactory(**pair, **fields))


def test_one_proposal_about_a_pair_waits() -> None:
    row = ExemptionProposalFactory()
    same: dict[str, Any] = {"metric": row.metric, "subject": row.subject}
    ExemptionProposalFactory(**same, state=ProposalState.REFUSED)
    assert_refused("one_waiting_proposal", lambda: ExemptionProposalFactory(**same))


def test_no_value_is_kept_with_its_reason_and_moves_no_score(
    metric: MetricDefinition, project: Project, analyst: User
) -> None:
    say(metric, project, analyst, " No survey. ")
    assert said() == [(PERIOD.start, MARCH, "No survey.", "analyst", NOW)]
    assert waiting_from() == set()


def test_said_again_the_new_reason_holds(
    metric: MetricDefinition, project: Project, analyst: User, pmo_lead: User
) -> None:
    say(metric, project, pmo_lead)
    say(metric, project, analyst, "Moved to April.")
    assert said() == [(PERIOD.start, MARCH, "Moved to April.", "analyst", NOW)]


def test_it_is_said_of_a_closed_month_too(
    metric: MetricDefinition, project: Project, analyst: User
) -> None:
    MonthClosingFactory()
    say(metric, project, analyst)
    assert len(said()) == 1


@pytest.mark.parametrize("reason", ["", " \n"])
def test_a_reason_is_needed(
    reason: str, metric: MetricDefinition, project: Project, analyst: User
) -> None:
    with pytest.raises(ValidationError) as refusal:
        say(metric, project, analyst, reason)
    assert refusal.value.message_dict == {
        "reason": ["Say why there is no value; the reason is kept."]
    }


def test_it_is_not_said_of_a_value_that_is_there_or_waits(
    metric: MetricDefinition, project: Project, analyst: User
) -> None:
    MeasurementFactory(metric=metric, subject=project, value=40.0, entered_by=analyst)
    with pytest.raises(ValidationError) as refusal:
        say(metric, project, analyst)
    assert told(refusal) == ["There is a value, 40, given by analyst."]
    DraftMeasurementFactory(metric=metric, subject=project, period="2026-02", value=41.0)
    with pytest.raises(ValidationError) as refusal:
        say(metric, project, analyst, period=parse_period("2026-02", "month"))
    assert told(refusal) == [
        "A value waits for approval, 41, given by somebody; take it back first."
    ]
    assert said() == []


def test_it_is_said_only_of_what_could_have_a_value(analyst: User) -> None:
    project = ProjectFactory(code="P", active_from=APRIL)
    cases = [
        (MetricFactory(code="m"), SegmentFactory(code="S"), PERIOD),
        (MetricFactory(code="f", formula="m + m"), project, parse_period("2026-04", "month")),
        (MetricFactory(code="n"), project, PERIOD),
        (MetricFactory(code="o"), project, parse_period("2026-05", "month")),
    ]
    refused = []
    for metric, subject, period in cases:
        with pytest.raises(ValidationError) as refusal:
            say(metric, subject, analyst, period=period)
        refused += told(refusal)
    assert refused == [
        "m is measured of each project, and S is a segment.",
        "f is computed by its formula and takes no values; give values of its inputs.",
        "2026-03 lies outside the span of P, measured from 2026-04.",
        "2026-05 has not begun; the latest month that has is 2026-04.",
    ]


def test_a_value_that_comes_after_all_counts_and_what_was_said_stays(
    metric: MetricDefinition, project: Project, analyst: User
) -> None:
    say(metric, project, analyst)
    entered = enter_value(
        metric=metric, subject=project, period=PERIOD, value=1.0, by=analyst, door=Door.FORM
    )
    assert entered.outcome == Outcome.CREATED
    assert len(said()) == Measurement.objects.count() == 1


def test_what_was_said_can_be_taken_back(
    metric: MetricDefinition, project: Project, analyst: User
) -> None:
    say(metric, project, analyst)
    place: dict[str, Any] = {"metric": metric, "subject": project, "period": PERIOD}
    assert take_back_no_value(**place, by=analyst, why="It came.") is not None
    assert said() == []
    assert take_back_no_value(**place, by=analyst, why="It came.") is None


FORMER = (
    "period_start",
    "reason",
    "said_by__username",
    "said_at",
    "is_replaced",
    "ended_by__username",
    "ended_at",
    "why",
)


def test_what_was_taken_back_stays_on_record_with_who_when_and_why(
    metric: MetricDefinition, project: Project, analyst: User, administrator: User
) -> None:
    say(metric, project, analyst)
    with time_machine.travel(LATER, tick=False):
        take_back_no_value(
            metric=metric, subject=project, period=PERIOD, by=administrator, why=" It came. "
        )
    assert table(FormerNoValue, *FORMER) == [
        (
            PERIOD.start,
            "No survey.",
            "analyst",
            NOW,
            False,
            "administrator",
            LATER,
            "It came.",
        )
    ]


def test_said_again_for_another_reason_the_old_one_stays_on_record(
    metric: MetricDefinition, project: Project, analyst: User, administrator: User
) -> None:
    say(metric, project, analyst)
    with time_machine.travel(LATER, tick=False):
        say(metric, project, analyst)  # the same again is nothing new
        say(metric, project, administrator, reason="It got lost.")
    assert said() == [(PERIOD.start, MARCH, "It got lost.", "administrator", LATER)]
    assert table(FormerNoValue, *FORMER) == [
        (PERIOD.start, "No survey.", "analyst", NOW, True, "administrator", LATER, "")
    ]


def test_taking_back_needs_a_reason(
    metric: MetricDefinition, project: Project, analyst: User
) -> None:
    say(metric, project, analyst)
    with pytest.raises(ValidationError) as refusal:
        take_back_no_value(metric=metric, subject=project, period=PERIOD, by=analyst, why=" ")
    assert refusal.value.message_dict == {
        "why": ["Say why the value is expected again; the reason is kept."]
    }
    assert (len(said()), FormerNoValue.objects.count()) == (1, 0)


@pytest.mark.parametrize("size", [1, 3, 9])
def test_many_are_answered_in_as_many_queries_as_one(
    size: int, metric: MetricDefinition, analyst: User, administrator: User
) -> None:
    places = []
    for row in [ProjectFactory() for _ in range(size)]:
        places.append(Place(metric, row, PERIOD))
        NoValueFactory(metric=metric, subject=row, said_by=administrator)
        refused = ProjectFactory()
        MeasurementFactory(metric=metric, subject=refused, entered_by=administrator)
        places.append(Place(metric, refused, PERIOD))
    with CaptureQueriesContext(connection) as queries:
        answers = say_no_values(places, reason="No survey.", by=analyst)
        assert len([row.sentence for row in answers.refused]) == len(answers.done) == size
        take_back_no_values(places, by=analyst, why="It came.")
    locks = 3 if is_postgresql() else 0
    assert len(queries) == 18 + locks


def test_one_cannot_be_stored_then_none_is(
    metric: MetricDefinition, project: Project, analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise OSError("the disk is full")

    say(metric, project, analyst)
    monkeypatch.setattr(type(NoValue.objects), "bulk_create", fail)
    with pytest.raises(OSError, match="full"):
        say(metric, project, analyst, reason="It got lost.")
    assert [row[2] for row in said()] == ["No survey."]


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("taken_back_with_a_reason", {"is_replaced": False, "why": ""}),
        ("metrics_formernovalue.ended_at", {"is_replaced": True, "ended_at": None}),
    ],
)
def test_what_no_former_answer_can_be(rule: str, fields: dict[str, Any]) -> None:
    said_before: dict[str, Any] = {
        "metric": MetricFactory(),
        "subject": ProjectFactory(),
        "period_start": PERIOD.start,
        "reason": "No survey.",
        "said_at": NOW,
        "ended_at": NOW,
    }
    assert_refused(rule, lambda: FormerNoValue.objects.create(**{**said_before, **fields}))


def test_of_several_those_of_which_it_can_not_be_said_are_named(
    metric: MetricDefinition, project: Project, analyst: User
) -> None:
    other = ProjectFactory()
    MeasurementFactory(metric=metric, subject=project, value=40.0)
    places = [Place(metric, project, PERIOD), Place(metric, other, PERIOD)]
    answers = say_no_values(places, reason="No survey.", by=analyst)
    assert [row.subject_id for row in answers.done] == [other.pk]
    assert [(row.place, row.sentence) for row in answers.refused] == [
        (places[0], "There is a value, 40, given by somebody.")
    ]
    with pytest.raises(ValidationError):
        say_no_values(places, reason=" ", by=analyst)


def propose(metric: MetricDefinition, subject: Any, by: User, **given: Any) -> ExemptionProposal:
    return propose_exemption(
        metric=metric, subject=subject, by=by, **{"reason": "No customers.", **given}
    )


def test_a_proposal_changes_nothing_until_it_is_granted(
    metric: MetricDefinition, project: Project, analyst: User
) -> None:
    propose(metric, project, analyst, until_month=APRIL)
    columns = "from_month", "until_month", "reason", "proposed_by__username", "state"
    assert table(ExemptionProposal, *columns) == [
        (BEGINNING, APRIL, "No customers.", "analyst", "waiting")
    ]
    assert not Exemption.objects.exists()
    assert waiting_from() == set()


def test_proposed_again_the_new_months_hold(
    metric: MetricDefinition, project: Project, analyst: User
) -> None:
    propose(metric, project, analyst)
    propose(metric, project, analyst, from_month=MARCH, reason="Not yet.")
    columns = "from_month", "reason", "state"
    assert table(ExemptionProposal, *columns) == [(MARCH, "Not yet.", "waiting")]


def test_everything_that_is_wrong_with_a_proposal_is_said_at_once(
    metric: MetricDefinition, analyst: User
) -> None:
    segment = SegmentFactory(code="S")
    with pytest.raises(ValidationError) as refusal:
        propose(metric, segment, analyst, from_month=APRIL, until_month=MARCH, reason=" ")
    assert refusal.value.message_dict == {
        "reason": ["Say why it does not apply; the reason is kept."],
        "subject": ["nps is measured of each project, and S is a segment."],
        "until_month": [
            "It ends in 2026-03, before it begins in 2026-04; end it in 2026-04 or later."
        ],
    }


@pytest.mark.parametrize(
    ("stands", "proposed", "words"),
    [
        ((BEGINNING, None), (None, None), "in any month"),
        ((MARCH, None), (APRIL, APRIL), "from 2026-03 on"),
        ((BEGINNING, MARCH), (MARCH, None), "until 2026-03"),
        ((MARCH, APRIL), (APRIL, None), "from 2026-03 until 2026-04"),
    ],
)
def test_what_is_exempt_already_is_not_proposed(
    stands: Any,
    proposed: Any,
    words: str,
    metric: MetricDefinition,
    project: Project,
    analyst: User,
) -> None:
    ExemptionFactory(metric=metric, subject=project, from_month=stands[0], until_month=stands[1])
    with pytest.raises(ValidationError) as refusal:
        propose(metric, project, analyst, from_month=proposed[0], until_month=proposed[1])
    assert refusal.value.message_dict == {
        "from_month": [f"nps does not apply to P already {words}; choose other months."]
    }


def test_a_granted_proposal_is_an_exemption_on_record(
    metric: MetricDefinition, project: Project, analyst: User, pmo_lead: User
) -> None:
    proposal = propose(metric, project, analyst, from_month=MARCH, until_month=APRIL)
    exemption = grant_proposal(proposal, by=pmo_lead, answer=" Right. ")
    assert table(Exemption, "metric__code", "subject__code", "from_month", "until_month") == [
        ("nps", "P", MARCH, APRIL)
    ]
    assert exemption.reason == "No customers."
    record = exemption.history.get()
    assert (record.history_user, record.history_change_reason) == (
        pmo_lead,
        "Proposed by analyst.",
    )
    columns = "state", "decided_by__username", "decided_at", "answer", "exemption"
    assert table(ExemptionProposal, *columns) == [
        ("granted", "pmo_lead", NOW, "Right.", exemption.pk)
    ]
    assert waiting_from() == {("P", "2026-03")}


def test_a_refused_proposal_is_answered(
    metric: MetricDefinition, project: Project, analyst: User, pmo_lead: User
) -> None:
    proposal = propose(metric, project, analyst)
    with pytest.raises(ValidationError) as refusal:
        refuse_proposal(proposal, by=pmo_lead, answer=" ")
    assert refusal.value.message_dict == {
        "answer": ["Say why it is refused; the analyst reads it."]
    }
    refuse_proposal(proposal, by=pmo_lead, answer="It has some.")
    columns = "state", "decided_by__username", "answer", "exemption"
    assert table(ExemptionProposal, *columns) == [("refused", "pmo_lead", "It has some.", None)]
    assert not Exemption.objects.exists()


def test_what_is_decided_is_decided(
    metric: MetricDefinition, project: Project, analyst: User, pmo_lead: User
) -> None:
    proposal = propose(metric, project, analyst)
    refuse_proposal(proposal, by=pmo_lead, answer="It has some.")
    acts: list[Callable[[], object]] = [
        lambda: grant_proposal(proposal, by=pmo_lead),
        lambda: refuse_proposal(proposal, by=pmo_lead, answer="no"),
        lambda: take_back_proposal(proposal, by=analyst),
    ]
    for act in acts:
        with pytest.raises(ValidationError) as refusal:
            act()
        assert told(refusal) == ["pmo_lead refused it meanwhile."]


def test_what_waits_can_be_taken_back_and_then_not_be_decided(
    metric: MetricDefinition, project: Project, analyst: User, pmo_lead: User
) -> None:
    proposal = propose(metric, project, analyst)
    seen = ExemptionProposal.objects.get()
    take_back_proposal(proposal, by=analyst)
    columns = "state", "reason", "proposed_by__username", "decided_by__username", "decided_at"
    assert table(ExemptionProposal, *columns) == [
        ("withdrawn", "No customers.", "analyst", "analyst", NOW)
    ]
    with pytest.raises(ValidationError) as refusal:
        grant_proposal(seen, by=pmo_lead)
    assert told(refusal) == ["analyst took back it meanwhile."]


def test_only_who_proposed_takes_it_back(
    metric: MetricDefinition, project: Project, analyst: User, administrator: User
) -> None:
    proposal = propose(metric, project, analyst)
    with pytest.raises(ValidationError) as refusal:
        take_back_proposal(proposal, by=administrator)
    assert told(refusal) == ["It was proposed by analyst, who alone can take it back."]
    ExemptionProposal.objects.update(proposed_by=None)  # who proposed it has left
    take_back_proposal(proposal, by=administrator)
    assert table(ExemptionProposal, "state") == [("withdrawn",)]


def test_a_proposal_of_somebody_else_that_waits_is_named_and_not_replaced(
    metric: MetricDefinition, project: Project, analyst: User, administrator: User
) -> None:
    propose(metric, project, administrator, from_month=MARCH)
    with pytest.raises(ValidationError) as refusal:
        propose(metric, project, analyst, reason="Not yet.")
    assert told(refusal) == [
        "administrator proposed on 2026-04-15 that it does not apply from 2026-03 on:"
        " “No customers.” That waits for a PMO lead, and only who proposed it can change it or"
        " take it back."
    ]
    columns = "from_month", "reason", "proposed_by__username", "state"
    assert table(ExemptionProposal, *columns) == [
        (MARCH, "No customers.", "administrator", "waiting")
    ]
    ExemptionProposal.objects.update(proposed_by=None)  # who proposed it has left
    propose(metric, project, analyst, reason="Not yet.")
    assert table(ExemptionProposal, *columns) == [(BEGINNING, "Not yet.", "analyst", "waiting")]


def test_after_a_decision_anybody_may_propose_anew(
    metric: MetricDefinition, project: Project, analyst: User, administrator: User, pmo_lead: User
) -> None:
    refuse_proposal(propose(metric, project, administrator), by=pmo_lead, answer="It has some.")
    propose(metric, project, analyst, reason="Not yet.")
    assert table(ExemptionProposal, "proposed_by__username", "state") == [
        ("administrator", "refused"),
        ("analyst", "waiting"),
    ]


def test_of_several_those_that_can_not_be_proposed_are_named_and_the_others_are(
    metric: MetricDefinition, project: Project, analyst: User, administrator: User
) -> None:
    free, exempt = ProjectFactory(code="FREE"), ProjectFactory(code="EX")
    propose(metric, project, administrator)
    ExemptionFactory(metric=metric, subject=exempt)
    pairs: list[Any] = [(metric, row) for row in (project, free, exempt, SegmentFactory(code="S"))]
    proposals = propose_exemptions(pairs, reason="Not yet.", by=analyst)
    assert [row.subject_id for row in proposals.done] == [free.pk]
    assert [(row.subject.code, row.sentence) for row in proposals.refused] == [
        (
            "P",
            "administrator proposed on 2026-04-15 that it does not apply in any month:"
            " “No customers.” That waits for a PMO lead, and only who proposed it can change it or"
            " take it back.",
        ),
        ("EX", "nps does not apply to EX already in any month; choose other months."),
        ("S", "nps is measured of each project, and S is a segment."),
    ]
    assert table(ExemptionProposal, "subject__code", "reason", "proposed_by__username") == [
        ("FREE", "Not yet.", "analyst"),
        ("P", "No customers.", "administrator"),
    ]


def test_what_is_wrong_with_the_answer_itself_is_told_once_for_all(
    metric: MetricDefinition, project: Project, analyst: User
) -> None:
    pairs: list[Any] = [(metric, project), (metric, ProjectFactory())]
    with pytest.raises(ValidationError) as refusal:
        propose_exemptions(pairs, reason=" ", by=analyst, from_month=APRIL, until_month=MARCH)
    assert set(refusal.value.message_dict) == {"reason", "until_month"}
    assert not ExemptionProposal.objects.exists()


def test_what_was_exempted_otherwise_meanwhile_is_not_granted_twice(
    metric: MetricDefinition, project: Project, analyst: User, pmo_lead: User
) -> None:
    proposal = propose(metric, project, analyst)
    ExemptionFactory(metric=metric, subject=project, from_month=MARCH)
    with pytest.raises(ValidationError) as refusal:
        grant_proposal(proposal, by=pmo_lead)
    assert told(refusal) == [
        "nps does not apply to P already from 2026-03 on; choose other months."
    ]
    assert ExemptionProposal.objects.get().state == ProposalState.WAITING
