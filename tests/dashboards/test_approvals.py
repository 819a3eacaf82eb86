"""The two queues, the small forms beside the due list, and what one sent oneself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from dashboards.selectors.entry.approvals import approval_page, returned_to, sent_by
from metrics.choices import Door, DraftState, ProposalState
from metrics.models import (
    DraftMeasurement,
    Exemption,
    ExemptionProposal,
    FormerNoValue,
    Measurement,
    MetricDefinition,
    NoValue,
)
from pmo_portal.roles import Role
from projects.choices import SubjectKind
from projects.models import Project
from projects.months import Month
from tests.conftest import make_person
from tests.dashboards.reading import TODAY, ClientOf, ReadPage, assert_costs_no_more, plain, read
from tests.factories import (
    A_MOMENT,
    CurveOverrideFactory,
    DraftMeasurementFactory,
    ExemptionProposalFactory,
    ImportBatchFactory,
    MeasurementFactory,
    MetricAssignmentFactory,
    MetricFactory,
    MonthClosingFactory,
    NoValueFactory,
    ProjectFactory,
    ScorecardFactory,
    UserFactory,
)
from tests.tables import table

pytestmark = pytest.mark.django_db

QUEUE, PROPOSALS = "/approvals/", "/approvals/proposals/"


@pytest.fixture(autouse=True)
def in_april() -> Iterator[None]:
    """Friday, 10 April 2026."""
    with time_machine.travel(TODAY, tick=False):
        yield


@pytest.fixture
def lead(pmo_lead: User, client_of: ClientOf) -> Client:
    return client_of(pmo_lead)


@pytest.fixture
def desk(analyst: User, client_of: ClientOf) -> Client:
    return client_of(analyst)


@pytest.fixture
def metric() -> MetricDefinition:
    return MetricFactory(code="m", name="Adoption", unit="%", needs_approval=True)


@pytest.fixture
def project() -> Project:
    return ProjectFactory(code="P", name="Ferry")


@pytest.fixture
def draft(metric: MetricDefinition, project: Project, analyst: User) -> DraftMeasurement:
    ScorecardFactory(is_default=True)
    return DraftMeasurementFactory(
        metric=metric, subject=project, value=42.0, note="survey", entered_by=analyst
    )


def sent(client: Client, address: str, fields: Any) -> ReadPage:
    """What one reads after sending a form."""
    response = client.post(address, fields, follow=True)
    html = response.content.decode()
    return ReadPage(response, html, plain(html), 0)


def box_of(draft: DraftMeasurement, html: str) -> str:
    """The checkbox by which a draft is chosen."""
    [box] = re.findall(rf'<input[^>]*id="draft-{draft.pk}"[^>]*>', html)
    return str(box)


def test_a_waiting_value_stands_beside_what_is_there_and_what_it_would_score(
    draft: DraftMeasurement, lead: Client
) -> None:
    MeasurementFactory(metric=draft.metric, subject=draft.subject, period="2026-01", value=70.0)
    page = read(lead, QUEUE)
    for words in ("Adoption Ferry, 2026-03 42%", "70% 2026-01 survey analyst"):
        assert words in page.words
    [row] = page.context["page"].object_list
    assert (row.judged.score, row.change, row.existing) == (42.0, -28.0, None)
    assert (row.previous.value, row.previous_period) == (70.0, "2026-01")
    assert not row.is_own
    assert "/entry/history/m/P/2026-03/" in page.links()


def test_a_correction_is_compared_with_what_it_replaces(
    draft: DraftMeasurement, pmo_lead: User
) -> None:
    MeasurementFactory(metric=draft.metric, subject=draft.subject, period="2026-02", value=70.0)
    MeasurementFactory(metric=draft.metric, subject=draft.subject, value=40.0)
    CurveOverrideFactory(metric=draft.metric, subject=draft.subject, from_month=draft.month)
    [row] = approval_page(pmo_lead).object_list
    assert row.existing is not None
    assert (row.existing.value, row.change) == (40.0, -2.0)  # on its own, falling curve
    assert not row.was_overtaken
    Measurement.objects.filter(value=40.0).update(changed_at=A_MOMENT + timedelta(hours=1))
    [row] = approval_page(pmo_lead).object_list
    assert row.was_overtaken


def test_the_queue_is_filtered_by_metric_and_person(draft: DraftMeasurement, lead: Client) -> None:
    other = UserFactory(username="other")
    DraftMeasurementFactory(metric__code="n", entered_by=other)
    DraftMeasurementFactory(metric=draft.metric, entered_by=other)
    DraftMeasurementFactory(metric=draft.metric, state=DraftState.WITHDRAWN, entered_by=other)
    cases = {"": 3, "?metric=m": 2, "?person=other": 2, "?metric=m&person=analyst": 1}
    for query, count in cases.items():
        assert len(read(lead, f"{QUEUE}{query}").context["page"].object_list) == count
    assert len(read(lead, f"{QUEUE}?metric=unknown").context["page"].object_list) == 3


def test_many_are_approved_in_one_go_and_those_that_became_impossible_are_named(
    draft: DraftMeasurement, lead: Client, analyst: User
) -> None:
    good = DraftMeasurementFactory(metric=draft.metric, entered_by=analyst, value=50.0)
    closed = DraftMeasurementFactory(
        metric=draft.metric,
        subject=ProjectFactory(name="Bridge"),
        period="2026-02",
        entered_by=analyst,
    )
    MeasurementFactory(metric=draft.metric, subject=closed.subject, period="2026-02", value=1.0)
    MonthClosingFactory(month=Month.parse("2026-02"))
    keys = [draft.pk, good.pk, closed.pk]
    page = sent(lead, QUEUE, {"draft": keys, "action": "approve"})
    assert "2 values are approved; their scores follow." in page.words
    assert "Adoption, Bridge: 2026-02 is closed and its value stays 1" in page.words
    assert table(Measurement, "value", "entered_by__username") == [
        (1.0, None),
        (42.0, "analyst"),
        (50.0, "analyst"),
    ]
    assert table(DraftMeasurement, "value", "state") == [
        (42.0, "approved"),
        (50.0, "approved"),
        (50.0, "waiting"),
    ]


def test_a_value_is_sent_back_with_a_reason_that_reaches_the_analyst(
    draft: DraftMeasurement, lead: Client, desk: Client, analyst: User
) -> None:
    blank = lead.post(QUEUE, {"draft": draft.pk, "action": "reject", "reason": " "})
    assert blank.status_code == 422
    assert "Say why; the analyst reads it." in plain(blank.content.decode())
    assert "checked" in box_of(draft, blank.content.decode())
    page = sent(lead, QUEUE, {"draft": draft.pk, "action": "reject", "reason": "Count again."})
    assert "1 value is sent back with the reason." in page.words
    [row] = returned_to(analyst, [], 1).rejected
    assert (row.draft.answer, row.period) == ("Count again.", "2026-03")
    form = read(desk, "/entry/value/?metric=m&subject=P&period=2026-03")
    assert "42% was sent back by pmo_lead, 10 Apr 2026: “Count again.”" in form.words
    assert form.context["form"]["value"].value() == "42"  # to be corrected


def test_nobody_can_choose_their_own(metric: MetricDefinition, client_of: ClientOf) -> None:
    both = make_person("both", Role.PMO_LEAD, Role.ANALYST)
    draft = DraftMeasurementFactory(metric=metric, entered_by=both)
    page = read(client_of(both), QUEUE)
    assert "yours: somebody else decides" in page.words
    assert "disabled" in box_of(draft, page.html)
    told = sent(client_of(both), QUEUE, {"draft": draft.pk, "action": "approve"})
    assert "You gave this value yourself; somebody else decides about it." in told.words
    assert not Measurement.objects.exists()


def test_nonsense_is_answered_and_changes_nothing(draft: DraftMeasurement, lead: Client) -> None:
    assert "Choose at least one value first." in sent(lead, QUEUE, {"action": "approve"}).words
    for fields in ({"draft": draft.pk, "action": "eat"}, {"draft": "x", "action": "approve"}):
        assert lead.post(QUEUE, fields).status_code == 400
    assert lead.post(QUEUE, {"draft": 0, "action": "approve"}).status_code == 302
    assert DraftMeasurement.objects.get().state == DraftState.WAITING


def test_only_those_who_may_decide_see_the_queues(
    draft: DraftMeasurement,
    executive: User,
    analyst: User,
    outsider: User,
    administrator: User,
    client_of: ClientOf,
) -> None:
    for address in (QUEUE, PROPOSALS):
        for person in (executive, analyst, outsider):
            assert client_of(person).get(address).status_code == 403
            assert client_of(person).post(address, {"draft": draft.pk}).status_code == 403
        assert client_of(administrator).get(address).status_code == 200
    assert DraftMeasurement.objects.get().state == DraftState.WAITING


def test_an_empty_queue_says_so(lead: Client) -> None:
    assert "Nothing waits for approval" in read(lead, QUEUE).words
    assert "Nothing waits for a decision" in read(lead, PROPOSALS).words


def test_the_queue_costs_no_query_per_row(draft: DraftMeasurement, lead: Client) -> None:
    def grow() -> None:
        for _ in range(4):
            row = DraftMeasurementFactory(
                entered_by=UserFactory(), batch=ImportBatchFactory(), door=Door.IMPORT
            )
            for period in ("2026-02", "2026-03"):
                MeasurementFactory(metric=row.metric, subject=row.subject, period=period)
            CurveOverrideFactory(metric=row.metric, subject=row.subject)

    assert_costs_no_more(lead, QUEUE, grow)


def test_a_proposal_is_granted_or_refused_with_an_answer(
    metric: MetricDefinition, lead: Client, analyst: User
) -> None:
    first, second = (
        ExemptionProposalFactory(
            metric=metric,
            subject=ProjectFactory(name=name),
            proposed_by=analyst,
            from_month=Month.parse("2026-02"),
        )
        for name in ("Ferry", "Bridge")
    )
    MeasurementFactory(metric=metric, subject=first.subject, value=12.0)
    page = read(lead, PROPOSALS)
    assert "Adoption does not apply to Ferry from Feb 2026 on" in page.words
    assert "Its latest value is 12% of 2026-03." in page.words
    assert "No value of it was ever recorded." in page.words
    blank = lead.post(PROPOSALS, {"proposal": second.pk, "action": "refuse", "answer": ""})
    assert blank.status_code == 422
    assert "Say why it is refused; the analyst reads it." in plain(blank.content.decode())
    told = sent(lead, PROPOSALS, {"proposal": first.pk, "action": "grant", "answer": ""})
    assert "Granted: Adoption does not apply to Ferry." in told.words
    told = sent(lead, PROPOSALS, {"proposal": second.pk, "action": "refuse", "answer": "It does."})
    assert "Refused: Adoption is expected of Bridge as before." in told.words
    assert table(Exemption, "subject__name", "from_month") == [("Ferry", Month.parse("2026-02"))]
    assert [row.proposal for row in sent_by(analyst).proposals] == [first]
    assert lead.post(PROPOSALS, {"proposal": first.pk, "action": "eat"}).status_code == 400
    assert lead.post(PROPOSALS, {"action": "grant"}).status_code == 404


def test_the_proposals_cost_no_query_per_row(lead: Client) -> None:
    def grow() -> None:
        for state in ProposalState.values:
            row = ExemptionProposalFactory(
                state=state,
                proposed_by=UserFactory(),
                decided_by=UserFactory(),
                decided_at=A_MOMENT,
            )
            MeasurementFactory(metric=row.metric, subject=row.subject)

    assert_costs_no_more(lead, PROPOSALS, grow)


def rows(*subjects: Project) -> list[str]:
    return [f"m/{subject.code}/2026-03" for subject in subjects]


def test_no_value_is_said_of_several_at_once_after_the_reason_was_asked(
    metric: MetricDefinition, project: Project, desk: Client
) -> None:
    other, full = ProjectFactory(), ProjectFactory(name="Bridge")
    MeasurementFactory(metric=metric, subject=full, value=1.0)
    chosen = rows(project, other, full)
    asked = read(desk, "/entry/no-value/?" + "&".join(f"row={row}" for row in chosen))
    assert "3 values will be asked for no longer." in asked.words
    blank = desk.post("/entry/no-value/", {"row": chosen, "reason": ""})
    assert blank.status_code == 422
    told = sent(
        desk, "/entry/no-value/", {"row": chosen, "reason": "No survey.", "next": "/entry/"}
    )
    assert "Kept with the reason: 2 periods have no value." in told.words
    assert "Adoption, Bridge: There is a value, 1, given by somebody." in told.words
    assert table(NoValue, "subject__code", "reason", "said_by__username") == [
        ("P", "No survey.", "analyst"),
        (other.code, "No survey.", "analyst"),
    ]
    told = sent(desk, "/entry/no-value/take-back/", {"row": chosen, "why": "They came."})
    assert "Taken back: 2 values are expected again." in told.words
    assert not NoValue.objects.exists()
    assert table(FormerNoValue, "subject__code", "ended_by__username", "why") == [
        ("P", "analyst", "They came."),
        (other.code, "analyst", "They came."),
    ]


def test_why_a_value_is_expected_again_is_asked_first(
    metric: MetricDefinition, project: Project, desk: Client
) -> None:
    NoValueFactory(metric=metric, subject=project)
    address = "/entry/no-value/take-back/"
    page = read(desk, f"{address}?row=m/P/2026-03")
    assert "1 value that was said not to exist will be asked for again." in page.words
    blank = desk.post(address, {"row": "m/P/2026-03", "why": ""})
    assert blank.status_code == 422
    assert "Say why the value is expected again; the reason is kept." in plain(
        blank.content.decode()
    )
    assert NoValue.objects.exists()


def test_it_is_proposed_of_several_rows_in_one_go_with_one_reason(
    metric: MetricDefinition, project: Project, desk: Client, administrator: User
) -> None:
    free, also = ProjectFactory(code="FREE"), ProjectFactory(code="ALSO")
    ExemptionProposalFactory(metric=metric, subject=project, proposed_by=administrator)
    address, chosen = "/entry/does-not-apply/", rows(project, free, also)
    asked = desk.post(address, {"row": chosen, "reason": "No customers.", "step": "ask"})
    words = plain(asked.content.decode())
    assert asked.status_code == 200
    assert "3 proposals with one reason." in words
    assert asked.context["form"]["reason"].value() == "No customers."
    assert ExemptionProposal.objects.count() == 1
    wrong = desk.post(address, {"row": chosen, "reason": ""})
    assert wrong.status_code == 422
    told = sent(desk, address, {"row": chosen, "reason": "No customers.", "next": "/entry/"})
    assert "Proposed: 2 do not apply. A PMO lead decides about each." in told.words
    assert "Adoption, Ferry: administrator proposed on 2026-04-01" in told.words
    assert table(ExemptionProposal, "subject__code", "reason", "proposed_by__username") == [
        ("ALSO", "No customers.", "analyst"),
        ("FREE", "No customers.", "analyst"),
        ("P", "It has no customers yet.", "administrator"),
    ]
    nothing = sent(desk, address, {"step": "ask", "reason": "x"})
    assert "Choose at least one value first." in nothing.words


def test_the_proposal_of_somebody_else_is_told_beside_the_form(
    metric: MetricDefinition, project: Project, desk: Client, administrator: User
) -> None:
    ExemptionProposalFactory(metric=metric, subject=project, proposed_by=administrator)
    refused = desk.post(
        "/entry/does-not-apply/", {"metric": "m", "subject": "P", "reason": "Not yet."}
    )
    assert refused.status_code == 422
    assert "administrator proposed on 2026-04-01 that it does not apply in any month" in plain(
        refused.content.decode()
    )
    assert table(ExemptionProposal, "reason") == [("It has no customers yet.",)]


@pytest.mark.parametrize(
    ("row", "status"),
    [("m", 400), ("m/P/2026-W11", 400), ("x/P/2026-03", 404), ("m/X/2026-03", 404)],
)
def test_a_place_that_is_none_is_no_page(
    row: str, status: int, metric: MetricDefinition, project: Project, desk: Client
) -> None:
    assert desk.get("/entry/no-value/", {"row": row}).status_code == status
    assert desk.post("/entry/no-value/take-back/", {"row": row}).status_code == status


def test_with_nothing_chosen_one_is_told_to_choose(desk: Client) -> None:
    assert "Choose at least one value first." in sent(desk, "/entry/no-value/", {}).words


def test_what_is_somebody_elses_to_answer_is_refused(
    metric: MetricDefinition, project: Project, desk: Client
) -> None:
    MetricAssignmentFactory(metric=metric)
    proposal = ExemptionProposalFactory(metric=metric, subject=project)
    NoValueFactory(metric=metric, subject=project)
    pair = {"metric": "m", "subject": "P", "reason": "x"}
    answers = [
        desk.get("/entry/no-value/", {"row": "m/P/2026-03"}),
        desk.post("/entry/no-value/", {"row": "m/P/2026-03", "reason": "x"}),
        desk.post("/entry/no-value/take-back/", {"row": "m/P/2026-03"}),
        desk.get("/entry/does-not-apply/", pair),
        desk.post("/entry/does-not-apply/", pair),
        desk.post(f"/entry/does-not-apply/{proposal.pk}/take-back/"),
    ]
    assert [answer.status_code for answer in answers] == [403] * len(answers)
    assert table(ExemptionProposal, "reason") == [("It has no customers yet.",)]
    assert table(NoValue, "reason") == [("The survey was not sent.",)]


def test_that_a_metric_does_not_apply_is_proposed_and_taken_back(
    metric: MetricDefinition, project: Project, desk: Client
) -> None:
    address = "/entry/does-not-apply/"
    assert "Adoption of Ferry (P)." in read(desk, f"{address}?metric=m&subject=P").words
    fields = {"metric": "m", "subject": "P", "reason": "No customers.", "from_month": "2026-03"}
    wrong = desk.post(address, {**fields, "until_month": "2026-01"})
    assert wrong.status_code == 422
    assert "It ends in 2026-01, before it begins in 2026-03" in plain(wrong.content.decode())
    told = sent(desk, address, fields)
    assert "Proposed: Adoption does not apply to Ferry. A PMO lead decides." in told.words
    proposal = ExemptionProposal.objects.get()
    assert (str(proposal.from_month), proposal.until_month) == ("2026-03", None)
    told = sent(desk, f"{address}{proposal.pk}/take-back/", {})
    assert "Taken back: the values are expected as before." in told.words
    assert table(ExemptionProposal, "state") == [("withdrawn",)]
    assert "Taken back" not in read(desk, "/entry/value/?metric=m&subject=P&period=2026-03").words


def test_one_takes_back_ones_own_draft_alone(
    draft: DraftMeasurement, desk: Client, administrator: User, client_of: ClientOf
) -> None:
    address = f"/entry/drafts/{draft.pk}/withdraw/"
    assert client_of(administrator).post(address).status_code == 404
    assert "Taken back: the value no longer waits" in sent(desk, address, {}).words
    assert "It waits no longer: analyst withdrew or replaced it" in sent(desk, address, {}).words
    assert DraftMeasurement.objects.get().state == DraftState.WITHDRAWN


@pytest.mark.parametrize(
    ("back", "place"),
    [
        ("/entry/?page=2", "/entry/?page=2"),
        ("https://elsewhere.example/", "/entry/"),
        ("//elsewhere.example/", "/entry/"),
        ("", "/entry/"),
    ],
)
def test_one_is_led_back_to_where_one_came_from_and_never_elsewhere(
    back: str, place: str, draft: DraftMeasurement, desk: Client
) -> None:
    answer = desk.post(f"/entry/drafts/{draft.pk}/withdraw/", {"next": back})
    assert answer.headers["Location"] == place


def test_a_rejection_is_shown_until_something_came_after_it(
    metric: MetricDefinition, analyst: User
) -> None:
    now = timezone.now()

    def rejected(**fields: Any) -> DraftMeasurement:
        at: datetime = fields.pop("at", now)
        return DraftMeasurementFactory(
            metric=metric,
            entered_by=analyst,
            entered_at=at - timedelta(hours=1),
            state=DraftState.REJECTED,
            decided_at=at,
            answer="no",
            **fields,
        )

    def place(row: DraftMeasurement) -> dict[str, Any]:
        return {"metric": row.metric, "subject": row.subject}

    shown = rejected()
    MeasurementFactory(**place(shown), value=1.0)  # from before
    rejected(at=now - timedelta(days=31))
    recorded, sent_again, answered = rejected(), rejected(), rejected()
    MeasurementFactory(**place(recorded), changed_at=now)
    waiting = DraftMeasurementFactory(**place(sent_again), entered_by=analyst, entered_at=now)
    NoValueFactory(**place(answered), said_at=now)
    DraftMeasurementFactory(metric=metric, entered_by=UserFactory())
    assert [row.draft for row in returned_to(analyst, [], 1).rejected] == [shown]
    assert [row.draft for row in sent_by(analyst).waiting] == [waiting]
    assert returned_to(analyst, [], 1).count == 1
    assert sent_by(UserFactory()).is_empty
    assert returned_to(UserFactory(), [], 1).count == 0


def test_a_refused_proposal_of_mine_is_shown_as_long_as_values_of_it_are_due(
    analyst: User, desk: Client
) -> None:
    metric = MetricFactory(name="Adoption")
    project = ProjectFactory(name="Ferry", active_from=Month.parse("2026-02"))
    fields = {"state": ProposalState.REFUSED, "answer": "It does.", "decided_at": A_MOMENT}
    ExemptionProposalFactory(metric=metric, subject=project, proposed_by=analyst, **fields)
    other = ProjectFactory(active_from=Month.parse("2026-03"))
    ExemptionProposalFactory(metric=metric, subject=other, proposed_by=UserFactory(), **fields)
    told = "Expected after all : Adoption of Ferry, 2 values; you said that it does not apply"
    assert told in read(desk, "/entry/").words
    assert read(desk, "/entry/").words.count("you said that it does not apply") == 1
    MeasurementFactory(metric=metric, subject=project, period="2026-02")
    MeasurementFactory(metric=metric, subject=project, period="2026-03")
    assert "you said that it does not apply" not in read(desk, "/entry/").words


def test_the_approvals_stand_in_the_menu_of_those_who_approve(lead: Client, desk: Client) -> None:
    ProjectFactory()
    MetricFactory(subject_kind=SubjectKind.PROJECT)
    assert QUEUE in read(lead, "/months/").links()
    assert QUEUE not in read(desk, "/months/").links()
