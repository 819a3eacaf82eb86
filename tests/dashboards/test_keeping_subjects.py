"""Subjects are kept in the portal: made, changed, ended and deleted, each effect shown first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.utils import translation

from metrics.choices import Category
from metrics.models import Exemption, MetricDefinition, RescoreNeed, ScorecardAssignment
from metrics.operations.projects import ProjectEnd, close_project
from projects.choices import ProjectStage, SubjectKind
from projects.models import (
    SUBJECT_MODELS,
    Customer,
    Organisation,
    Portfolio,
    Project,
    Segment,
    Subject,
)
from projects.months import Month
from projects.operations.subjects import save_subject
from tests.dashboards.keeping import (
    EFFECTS,
    END,
    SENT,
    carried,
    confirm,
    errors_of,
    form_as_shown,
    save,
    templates_of,
)
from tests.dashboards.reading import (
    APRIL,
    MARCH,
    MOST_QUERIES,
    TODAY,
    ClientOf,
    assert_costs_no_more,
    plain,
    read,
)
from tests.factories import (
    CustomerFactory,
    EngagementFactory,
    ExemptionFactory,
    MeasurementFactory,
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
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_april() -> Iterator[None]:
    with time_machine.travel(TODAY, tick=True):
        yield


@pytest.fixture
def lead(pmo_lead: User, client_of: ClientOf) -> Client:
    return client_of(pmo_lead)


def sent(kind: str) -> dict[str, Any]:
    """A new subject of the kind, in the place that it needs."""
    places: dict[str, Callable[[], dict[str, Any]]] = {
        SubjectKind.PROJECT: lambda: {"portfolio": PortfolioFactory(code="PF-1").pk},
        SubjectKind.CUSTOMER: lambda: {"segment": SegmentFactory(code="SEG-1").pk},
    }
    return SENT[kind] | (places[kind]() if kind in places else {})


KINDS = list(SENT)


@pytest.mark.parametrize("kind", KINDS)
def test_a_subject_of_each_kind_is_made_after_its_effect_was_shown(
    kind: str, lead: Client, pmo_lead: User
) -> None:
    address = f"/subjects/new/{kind}/"
    assert lead.get(address).status_code == 200
    sends = sent(kind)
    looked = lead.post(address, sends)
    assert EFFECTS in templates_of(looked)
    assert not Subject.objects.filter(code=sends["code"]).exists()
    answer = confirm(lead, address, looked, reason="")
    assert answer["Location"] == f"/subjects/{sends['code']}/edit/"
    subject = SUBJECT_MODELS[kind]._default_manager.get(code=sends["code"])
    assert (subject.name, subject.kind) == (sends["name"], kind)
    assert subject.active_from == (None if kind == SubjectKind.ORGANISATION else APRIL)
    history: Any = subject.history  # type: ignore[attr-defined]
    assert history.get().history_user == pmo_lead
    assert RescoreNeed.objects.filter(subject=subject).exists()
    assert read(lead, answer["Location"]).response.status_code == 200


def test_a_project_has_what_was_typed(lead: Client) -> None:
    save(lead, "/subjects/new/project/", sent(SubjectKind.PROJECT))
    project = Project.objects.get()
    assert (project.portfolio.code, project.weight) == ("PF-1", 2.0)
    assert (project.budget, project.currency) == (Decimal("120000.50"), "EUR")
    assert str(project.start_on) == "2026-01-15"
    assert project.forecast_cost is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_of_each_kind_is_changed_at_once(kind: str, lead: Client, pmo_lead: User) -> None:
    subject = save_as_stored(kind)
    address = f"/subjects/{subject.code}/edit/"
    answer = lead.post(address, form_as_shown(lead, address) | {"name": "Another name"})
    assert answer["Location"] == address
    assert Subject.objects.get(pk=subject.pk).name == "Another name"


@pytest.mark.parametrize("kind", KINDS)
def test_a_form_that_nobody_touched_changes_nothing(kind: str, lead: Client) -> None:
    subject = save_as_stored(kind)
    address = f"/subjects/{subject.code}/edit/"
    answer = lead.post(address, form_as_shown(lead, address), follow=True)
    assert "Nothing was changed, so nothing was saved." in plain(answer.content.decode())
    history: Any = subject.history  # type: ignore[attr-defined]
    assert history.count() == 1


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != SubjectKind.ORGANISATION])
def test_a_subject_of_each_kind_is_deleted_after_its_effect_was_shown(
    kind: str, lead: Client
) -> None:
    subject = save_as_stored(kind)
    address = f"/subjects/{subject.code}/delete/"
    assert EFFECTS in templates_of(lead.get(address))
    refused = lead.post(address, {"step": "save", "why": ""})
    assert refused.status_code == 422
    assert errors_of(refused) == {"why": ["Say why; the reason is kept with the change."]}
    answer = lead.post(address, {"step": "save", "why": "It was made twice."})
    assert answer["Location"] == f"/subjects/?kind={kind}"
    assert not Subject.objects.filter(pk=subject.pk).exists()
    record = type(subject).history.latest()  # type: ignore[attr-defined]
    assert (record.history_type, record.history_change_reason) == ("-", "It was made twice.")


def save_as_stored(kind: str) -> Subject:
    factories: dict[str, Any] = {
        SubjectKind.ORGANISATION: OrganisationFactory,
        SubjectKind.PORTFOLIO: PortfolioFactory,
        SubjectKind.PROJECT: ProjectFactory,
        SubjectKind.SEGMENT: SegmentFactory,
        SubjectKind.CUSTOMER: CustomerFactory,
        SubjectKind.SERVICE: ServiceFactory,
    }
    subject: Subject = factories[kind]()
    return subject


def test_only_those_who_keep_definitions_come_in(
    lead: Client,
    executive: User,
    analyst: User,
    administrator: User,
    outsider: User,
    client_of: ClientOf,
) -> None:
    project = ProjectFactory()
    pages = ["/subjects/", "/subjects/new/project/"]
    pages += [f"/subjects/{project.code}/{verb}/" for verb in ("edit", "delete")]
    for page in pages:
        assert lead.get(page).status_code == 200
        assert client_of(administrator).get(page).status_code == 200
        for person in (executive, analyst, outsider):
            assert client_of(person).get(page).status_code == 403
            sends = {"step": "save", "why": "I want to."}
            assert client_of(person).post(page, sends).status_code in (403, 405)
    assert Project.objects.exists()


def test_the_pages_of_a_subject_lead_to_its_form_for_those_who_may(
    lead: Client, analyst: User, client_of: ClientOf
) -> None:
    project = ProjectFactory()
    segment = SegmentFactory()
    MeasurementFactory(subject=project)
    for page, subject in (
        (f"/projects/{project.code}/", project),
        (f"/portfolios/{project.portfolio.code}/", project.portfolio),
        (f"/segments/{segment.code}/", segment),
    ):
        edit = f"/subjects/{subject.code}/edit/"
        assert edit in read(lead, page).links()
        assert edit not in read(client_of(analyst), page).links()


def test_a_new_subject_is_offered_the_current_month(lead: Client) -> None:
    assert form_as_shown(lead, "/subjects/new/segment/")["active_from"] == "2026-04"


def test_measured_from_is_left_blank_on_purpose_only(lead: Client) -> None:
    address = "/subjects/new/segment/"
    sends = SENT[SubjectKind.SEGMENT] | {"active_from": ""}
    refused = lead.post(address, sends)
    assert refused.status_code == 422
    assert errors_of(refused) == {
        "active_from": [
            "Say from which month on it is measured, such as 2026-04, or tick “Since ever”."
        ]
    }
    # The month that is offered gives way to what is ticked.
    save(lead, address, SENT[SubjectKind.SEGMENT] | {"since_ever": "on"})
    assert Segment.objects.get().active_from is None
    page = f"/subjects/{SENT[SubjectKind.SEGMENT]['code']}/edit/"
    assert form_as_shown(lead, page)["since_ever"] == "on"


def test_the_address_says_where_a_new_subject_lies(lead: Client) -> None:
    portfolio, segment = PortfolioFactory(code="PF-1"), SegmentFactory(code="SEG-1")
    for address, name, place in (
        ("/subjects/new/project/?portfolio=PF-1", "portfolio", portfolio),
        ("/subjects/new/portfolio/?parent=PF-1", "parent", portfolio),
        ("/subjects/new/customer/?segment=SEG-1", "segment", segment),
    ):
        assert form_as_shown(lead, address)[name] == str(place.pk)


def test_there_is_one_organisation(lead: Client) -> None:
    organisation = OrganisationFactory()
    assert lead.get("/subjects/new/organisation/")["Location"] == "/subjects/ORG/edit/"
    answer = lead.get("/subjects/ORG/delete/")
    assert "everything belongs to it" in plain(answer.content.decode())
    assert lead.post("/subjects/ORG/delete/", {"step": "save", "why": "No."}).status_code == 422
    assert Organisation.objects.get() == organisation


def test_kinds_that_nobody_makes_by_hand_have_no_form(lead: Client) -> None:
    for kind in ("engagement", "planet"):
        assert lead.get(f"/subjects/new/{kind}/").status_code == 404


def test_an_engagement_leads_to_its_link(lead: Client) -> None:
    EngagementFactory(project__code="P1", segment__code="S1")
    assert lead.get("/subjects/P1@S1/edit/")["Location"] == "/subjects/P1/links/S1/"
    assert lead.get("/subjects/P1@S1/delete/")["Location"] == "/subjects/P1/links/S1/delete/"


REFUSALS: list[tuple[dict[str, str], dict[str, list[str]]]] = [
    (
        {"code": "no code"},
        {
            "code": [
                '"no code" is no code; it has letters, digits, _, - and . only, at most 64'
                " characters."
            ]
        },
    ),
    ({"code": ""}, {"code": ["This field is required."]}),
    ({"code": "TAKEN"}, {"code": ["Subject with this Code already exists."]}),
    ({"name": " "}, {"name": ["This field is required."]}),
    ({"weight": "-1"}, {"weight": ["-1 is no weight; it is a finite number of 0 or more."]}),
    ({"weight": "a lot"}, {"weight": ['"a lot" is not a number; write it like 1234.5.']}),
    ({"budget": "1,200"}, {"budget": ['"1,200" is not a number; write it like 1234.5.']}),
    (
        {"currency": "euro"},
        {"currency": ['"euro" is no currency; it is three capital letters, such as EUR.']},
    ),
    ({"active_from": "April"}, {"active_from": ['"April" is not a month; write it like 2026-03.']}),
    (
        {"active_until": "2026-01"},
        {
            "active_until": [
                "It ends in 2026-01, before it begins in 2026-04; end it in 2026-04 or later."
            ]
        },
    ),
    ({"start_on": "31.12.2026"}, {"start_on": ["Enter a valid date."]}),
    (
        {"stage": "resting"},
        {"stage": ["Select a valid choice. resting is not one of the available choices."]},
    ),
]


@pytest.mark.parametrize(("change", "errors"), REFUSALS, ids=[next(iter(c)) for c, _ in REFUSALS])
def test_what_does_not_fit_is_told_beside_its_field(
    change: dict[str, str], errors: dict[str, list[str]], lead: Client
) -> None:
    PortfolioFactory(code="TAKEN")
    answer = lead.post("/subjects/new/project/", sent(SubjectKind.PROJECT) | change)
    assert answer.status_code == 422
    assert errors_of(answer) == errors
    assert not Project.objects.exists()


def test_portfolios_that_go_in_a_circle_are_told_beside_the_parent(lead: Client) -> None:
    top = PortfolioFactory(code="TOP")
    below = PortfolioFactory(code="BELOW", parent=top)
    address = "/subjects/TOP/edit/"
    answer = lead.post(address, form_as_shown(lead, address) | {"parent": str(below.pk)})
    assert answer.status_code == 422
    assert errors_of(answer) == {
        "parent": [
            "The portfolios go in a circle: TOP in BELOW in TOP; one of them needs another parent"
            " or none."
        ]
    }


def test_a_span_that_leaves_a_value_out_is_told_beside_the_month_that_was_changed(
    lead: Client,
) -> None:
    project = ProjectFactory(code="P1")
    MeasurementFactory(subject=project, period="2026-03")
    address = "/subjects/P1/edit/"
    shown = form_as_shown(lead, address)
    late = {name: value for name, value in shown.items() if name != "since_ever"}
    for change, field in (
        (late | {"active_from": "2026-04"}, "active_from"),
        (shown | {"active_until": "2026-02"}, "active_until"),
    ):
        answer = lead.post(address, change)
        assert answer.status_code == 422
        assert list(errors_of(answer)) == [field]
        assert "A value of 2026-03 lies outside the span of P1" in errors_of(answer)[field][0]


def test_a_weight_is_saved_after_its_effect_was_shown_and_the_reason_was_told(
    lead: Client, pmo_lead: User
) -> None:
    project = ProjectFactory(code="P1")
    address = "/subjects/P1/edit/"
    looked = lead.post(address, form_as_shown(lead, address) | {"weight": "3"})
    assert EFFECTS in templates_of(looked)
    [pending] = looked.context["change"].pending
    assert pending == ("weight", "Weight", "1", "3")
    assert looked.context["effects"].concerned == 2  # the project and its portfolio
    assert Project.objects.get().weight == 1.0
    assert not RescoreNeed.objects.exists()
    unsaid = confirm(lead, address, looked, reason=" ")
    assert unsaid.status_code == 422
    assert errors_of(unsaid) == {"why": ["Say why; the reason is kept with the change."]}
    assert confirm(lead, address, unsaid, reason="It matters more.").status_code == 302
    assert Project.objects.get().weight == 3.0
    record = project.history.latest()
    assert (record.history_user, record.history_change_reason) == (pmo_lead, "It matters more.")
    words = read(lead, address).words
    assert "It matters more." in words
    assert "Weight before: 1 → after: 3" in words


def test_back_to_editing_keeps_what_was_typed_and_saves_nothing(lead: Client) -> None:
    ProjectFactory(code="P1")
    address = "/subjects/P1/edit/"
    looked = lead.post(address, form_as_shown(lead, address) | {"weight": "3"})
    back = lead.post(address, {**carried(looked), "step": "back"})
    assert back.status_code == 200
    assert back.context["form"]["weight"].value() == "3"
    assert back.context["version"] == carried(looked)["version"][0]
    assert Project.objects.get().weight == 1.0


def test_what_a_new_subjects_parents_will_know_is_told(lead: Client) -> None:
    OrganisationFactory(name="The ferry company")
    metric = MetricFactory()
    ScorecardLineFactory(scorecard=ScorecardFactory(is_default=True), metric=metric)
    for kind in (SubjectKind.PORTFOLIO, SubjectKind.ORGANISATION):
        ScorecardFactory(
            subject_kind=kind,
            is_default=True,
            share_own=0.0,
            share_projects=1.0,
        )
    portfolio = PortfolioFactory(name="Growth")
    known = ProjectFactory(portfolio=portfolio)
    MeasurementFactory(metric=metric, subject=known, period="2026-03")
    MeasurementFactory(metric=metric, subject=known, period="2026-04", month=APRIL)
    sends = SENT[SubjectKind.PROJECT] | {"portfolio": portfolio.pk, "weight": "1"}
    looked = lead.post("/subjects/new/project/", sends)
    told = [(row.name, row.month, row.before, row.after) for row in looked.context["coverages"]]
    assert told[0] == ("Growth", "April 2026", 0.25, 0.125)
    assert "Growth 25.0% → becomes 12.5%" in plain(looked.content.decode())


def test_a_scorecard_of_its_own_is_given_and_taken_away(lead: Client) -> None:
    project = ProjectFactory(code="P1")
    ScorecardFactory(is_default=True, name="All projects")
    card = ScorecardFactory(name="Transitions")
    other = ScorecardFactory(subject_kind=SubjectKind.SEGMENT)
    address = "/subjects/P1/edit/"
    page = read(lead, address)
    assert "The default: All projects" in page.words
    assert other.name not in page.words
    save(lead, address, form_as_shown(lead, address) | {"scorecard": str(card.pk)})
    assert ScorecardAssignment.objects.get().scorecard == card
    assert "Scorecard added: Transitions" in read(lead, address).words
    save(lead, address, form_as_shown(lead, address) | {"scorecard": ""})
    assert not ScorecardAssignment.objects.exists()
    record = ScorecardAssignment.history.filter(subject=project).latest()
    assert (record.history_type, record.history_change_reason) == ("-", "It is agreed.")


@pytest.fixture
def ending(db: None) -> Project:
    """A project of which one tactical and one value metric are expected."""
    card = ScorecardFactory(is_default=True)
    for code, category in (("delay", Category.TACTICAL), ("use", Category.VALUE_CREATION)):
        metric = MetricFactory(code=code, name=code.title(), category=category)
        ScorecardLineFactory(scorecard=card, metric=metric)
    project: Project = ProjectFactory(code="P1", active_from=Month.parse("2026-01"))
    return project


def test_closing_asks_how_measuring_goes_on(ending: Project, lead: Client) -> None:
    address = "/subjects/P1/edit/"
    asked = lead.post(address, form_as_shown(lead, address) | {"stage": "closed"})
    assert END in templates_of(asked)
    words = plain(asked.content.decode())
    assert f"{ending.name} is to be closed" in words
    assert "Delay" in words
    assert "Use" not in words.split("Delivery metrics")[1]
    unanswered = lead.post(
        address, {**carried(asked), "end-last_month": "2026-04", "end-exempt": []}
    )
    assert unanswered.status_code == 422
    assert errors_of(unanswered) == {
        "measuring": ["Choose: stop measuring, or go on for its benefits."]
    }
    assert Project.objects.get().stage == ProjectStage.DELIVERY


def test_closing_stops_measuring_after_its_effect_was_shown(ending: Project, lead: Client) -> None:
    address = "/subjects/P1/edit/"
    asked = lead.post(address, form_as_shown(lead, address) | {"stage": "closed"})
    answers = {"end-measuring": "stop", "end-last_month": "2026-03"}
    looked = lead.post(address, carried(asked) | answers)
    assert EFFECTS in templates_of(looked)
    assert "it is measured until 2026-03" in plain(looked.content.decode())
    assert confirm(lead, address, looked).status_code == 302
    project = Project.objects.get()
    assert (project.stage, project.active_until) == (ProjectStage.CLOSED, MARCH)
    assert not Exemption.objects.exists()


def test_cancelling_may_go_on_without_the_ticked_metrics(ending: Project, lead: Client) -> None:
    address = "/subjects/P1/edit/"
    asked = lead.post(address, form_as_shown(lead, address) | {"stage": "cancelled"})
    [delay] = [metric.pk for metric in asked.context["form"].initial["exempt"]]
    answers = {"end-measuring": "go_on", "end-last_month": "2026-03", "end-exempt": str(delay)}
    looked = lead.post(address, carried(asked) | answers)
    assert "From 2026-04 on it is exempted from Delay" in plain(looked.content.decode())
    assert confirm(lead, address, looked).status_code == 302
    project = Project.objects.get()
    assert (project.stage, project.active_until) == (ProjectStage.CANCELLED, None)
    exemption = Exemption.objects.get()
    assert (exemption.metric.code, exemption.subject.code) == ("delay", "P1")
    assert (exemption.from_month, exemption.until_month) == (APRIL, None)


def test_opening_a_closed_project_again_shows_what_is_expected_again_and_ends_its_exemptions(
    ending: Project, lead: Client, pmo_lead: User
) -> None:
    ending.stage = ProjectStage.CLOSED
    delay, use = MetricDefinition.objects.order_by("code")
    close_project(ending, end=ProjectEnd(Month.parse("2026-02"), True, (delay,)), by=pmo_lead)
    ExemptionFactory(metric=use, subject=ending, from_month=MARCH, reason="It has no users.")
    address = "/subjects/P1/edit/"
    looked = lead.post(address, form_as_shown(lead, address) | {"stage": "delivery"})
    assert EFFECTS in templates_of(looked)
    words = plain(looked.content.decode())
    assert "From April 2026 on these are expected again: Delay (P1)." in words
    assert "Use (P1)" not in words
    assert Exemption.objects.filter(until_month=None).count() == 2
    assert confirm(lead, address, looked, reason="It goes on.").status_code == 302
    assert Project.objects.get().stage == ProjectStage.DELIVERY
    ended = Exemption.objects.get(metric=delay)
    assert (ended.from_month, ended.until_month) == (MARCH, MARCH)
    assert ended.history.latest().history_change_reason == "It goes on."
    assert Exemption.objects.get(metric=use).until_month is None


def test_opening_a_project_again_that_is_no_longer_measured_says_so(
    ending: Project, lead: Client
) -> None:
    Project.objects.update(stage=ProjectStage.CANCELLED, active_until=MARCH)
    address = "/subjects/P1/edit/"
    looked = lead.post(address, form_as_shown(lead, address) | {"stage": "approved"})
    assert "It is measured until March 2026 only." in plain(looked.content.decode())


def test_a_last_month_before_a_value_is_refused_where_it_was_asked(
    ending: Project, lead: Client
) -> None:
    MeasurementFactory(subject=ending, period="2026-03")
    address = "/subjects/P1/edit/"
    asked = lead.post(address, form_as_shown(lead, address) | {"stage": "closed"})
    answers = {"end-measuring": "stop", "end-last_month": "2026-02"}
    refused = lead.post(address, carried(asked) | answers)
    assert refused.status_code == 422
    assert END in templates_of(refused)
    assert "A value of 2026-03 lies outside" in errors_of(refused)["last_month"][0]


def test_a_closed_project_is_changed_without_being_asked_again(
    ending: Project, lead: Client
) -> None:
    Project.objects.update(stage=ProjectStage.CLOSED)
    address = "/subjects/P1/edit/"
    answer = lead.post(address, form_as_shown(lead, address) | {"stage": "cancelled"})
    assert answer.status_code == 302


def test_the_second_of_two_people_is_told_and_overwrites_nothing(
    lead: Client, administrator: User
) -> None:
    project = ProjectFactory(code="P1", sponsor="Ines", lead="Jo")
    address = "/subjects/P1/edit/"
    opened = form_as_shown(lead, address)
    other = Project.objects.get()
    other.sponsor, other.weight = "Mara", 2.0
    save_subject(other, by=administrator)
    answer = lead.post(address, opened | {"weight": "5", "lead": "Kim"})
    assert answer.status_code == 422
    words = plain(answer.content.decode())
    assert f"administrator changed {project.name} (P1) on 10 April 2026 at 09:00" in words
    assert "Weight is now “2”; you want “5”." in words
    assert "Sponsor is now “Mara”, which the form below has taken over." in words
    form = answer.context["form"]
    assert [form[name].value() for name in ("weight", "lead", "sponsor")] == ["5", "Kim", "Mara"]
    stored = Project.objects.get()
    assert (stored.sponsor, stored.lead, stored.weight) == ("Mara", "Jo", 2.0)
    # Whoever has read that may save all the same.
    again = {field.html_name: field.value() or "" for field in form if field.name != "since_ever"}
    again |= {"since_ever": "on", "version": answer.context["version"]}
    save(lead, address, again)
    stored = Project.objects.get()
    assert (stored.sponsor, stored.lead, stored.weight) == ("Mara", "Kim", 5.0)


def test_a_change_between_effect_and_saving_is_told_too(lead: Client, administrator: User) -> None:
    ProjectFactory(code="P1")
    address = "/subjects/P1/edit/"
    looked = lead.post(address, form_as_shown(lead, address) | {"weight": "5"})
    other = Project.objects.get()
    other.weight = 2.0
    save_subject(other, by=administrator)
    answer = confirm(lead, address, looked)
    assert answer.status_code == 422
    assert "Weight is now “2”; you want “5”." in plain(answer.content.decode())
    assert Project.objects.get().weight == 2.0


def test_a_subject_with_history_stays_and_the_way_out_is_offered(lead: Client) -> None:
    project = ProjectFactory(code="P1")
    MeasurementFactory(subject=project)
    answer = read(lead, "/subjects/P1/delete/")
    assert '1 value of it is recorded. Set its "measured until" instead' in answer.words
    assert "/subjects/P1/edit/#measuring" in answer.links()
    sends = {"step": "save", "why": "Away with it."}
    assert lead.post("/subjects/P1/delete/", sends).status_code == 422
    assert Project.objects.exists()


def test_what_stands_on_a_subject_is_named_before_it_can_go(lead: Client) -> None:
    ProjectFactory(portfolio__code="PF-1")
    words = read(lead, "/subjects/PF-1/delete/").words
    assert "there is 1 project of it. Delete or move these first." in words
    assert Portfolio.objects.exists()


def test_deleting_tells_what_goes_with_it(lead: Client) -> None:
    project = ProjectFactory(code="P1")
    EngagementFactory(project=project)
    ExemptionFactory(subject=project)
    words = read(lead, "/subjects/P1/delete/").words
    assert "With it go 1 engagement and 1 exemption." in words
    assert (
        "Nothing else goes with it."
        in read(lead, f"/subjects/{SegmentFactory().code}/delete/").words
    )


def rows_of(page: Any) -> list[tuple[str, tuple[str, ...]]]:
    return [
        (row.code, tuple(lack.key for lack in row.lacks))
        for row in page.context["subjects"].object_list
    ]


def test_the_list_says_what_is_missing_about_each(lead: Client) -> None:
    told = {
        "customer_experience": "More.",
        "relationship_effect": "Better.",
        "revenue_effect": "Yes.",
    }
    complete = ProjectFactory(code="A", active_from=APRIL, **told)
    EngagementFactory(project=complete)
    ScorecardAssignmentFactory(subject=complete)
    ProjectFactory(code="B")
    page = read(lead, "/subjects/")
    assert rows_of(page) == [
        ("A", ()),
        ("B", ("segment", "answers", "scorecard", "measured_from")),
    ]
    assert "no segment strategy not answered no scorecard no measured-from" in page.row("Project B")
    for lack in ("segment", "answers", "scorecard", "measured_from"):
        found = read(lead, f"/subjects/?kind=project&lacks={lack}")
        assert [code for code, _lacks in rows_of(found)] == ["B"]
    ScorecardFactory(is_default=True)
    assert rows_of(read(lead, "/subjects/"))[1][1] == ("segment", "answers", "measured_from")
    assert rows_of(read(lead, "/subjects/?lacks=scorecard")) == []


def test_each_kind_has_its_own_gaps(lead: Client) -> None:
    OrganisationFactory()
    top = PortfolioFactory(code="TOP", active_from=APRIL)
    PortfolioFactory(code="LEAF", parent=top, active_from=APRIL)
    promised = {"value_proposition": "Peace of mind.", "active_from": APRIL}
    served = SegmentFactory(code="SERVED", **promised)
    SegmentFactory(code="LONELY", active_from=APRIL)
    OfferFactory(segment=served, service=ServiceFactory(code="OFFERED", **promised))
    ServiceFactory(code="SHELVED", **promised)
    CustomerFactory(code="C", segment=served)
    for kind in KINDS:
        ScorecardFactory(is_default=kind != SubjectKind.CUSTOMER, subject_kind=kind)
    assert {kind: rows_of(read(lead, f"/subjects/?kind={kind}&sort=code")) for kind in KINDS} == {
        SubjectKind.ORGANISATION: [("ORG", ())],
        SubjectKind.PORTFOLIO: [("LEAF", ("projects",)), ("TOP", ())],
        SubjectKind.PROJECT: [],
        SubjectKind.SEGMENT: [("LONELY", ("served", "answers")), ("SERVED", ())],
        SubjectKind.CUSTOMER: [("C", ("scorecard", "measured_from"))],
        SubjectKind.SERVICE: [("OFFERED", ()), ("SHELVED", ("segment",))],
    }


def test_the_list_is_filtered_and_sorted_by_its_address(lead: Client) -> None:
    top = PortfolioFactory(code="TOP", name="Alpha")
    below = PortfolioFactory(code="BELOW", parent=top, name="Beta")
    one = ProjectFactory(code="ONE", name="Zebra", portfolio=below, weight=3.0)
    ProjectFactory(code="TWO", name="Ant", portfolio=top, active_until=MARCH, weight=1.0)
    ProjectFactory(code="THREE", name="Bee", active_from=MARCH, weight=2.0)
    EngagementFactory(project=one, segment__code="S1")
    for query, codes in {
        "": ["TWO", "THREE", "ONE"],
        "sort=-name": ["ONE", "THREE", "TWO"],
        "sort=-weight": ["ONE", "THREE", "TWO"],
        "sort=from": ["ONE", "TWO", "THREE"],
        "sort=until": ["TWO", "ONE", "THREE"],
        "sort=-until": ["ONE", "THREE", "TWO"],
        "sort=nonsense": ["TWO", "THREE", "ONE"],
        "portfolio=TOP": ["TWO", "ONE"],
        "portfolio=BELOW": ["ONE"],
        "segment=S1": ["ONE"],
        "span=now": ["THREE", "ONE"],
        "q=ze": ["ONE"],
        "q=nothing+such": [],
        "lacks=nonsense": ["TWO", "THREE", "ONE"],
    }.items():
        page = read(lead, f"/subjects/?{query}")
        assert [code for code, _lacks in rows_of(page)] == codes, query
    assert {code for code, _ in rows_of(read(lead, "/subjects/?sort=place"))[:1]} <= {"TWO", "ONE"}
    CustomerFactory(code="C", segment__code="S2")
    assert rows_of(read(lead, "/subjects/?kind=customer&segment=S2&sort=-place"))[0][0] == "C"
    assert rows_of(read(lead, "/subjects/?kind=customer&segment=S1")) == []
    assert [code for code, _ in rows_of(read(lead, "/subjects/?kind=portfolio&portfolio=TOP"))] == [
        "TOP",
        "BELOW",
    ]


def test_the_tabs_count_each_kind_and_offer_to_add_one(lead: Client) -> None:
    CustomerFactory()
    page = read(lead, "/subjects/?kind=customer")
    assert [(tab.kind.value, tab.count) for _label, tab in page.context["tabs"]] == [
        ("organisation", 0),
        ("portfolio", 0),
        ("project", 0),
        ("segment", 1),
        ("customer", 1),
        ("service", 0),
    ]
    assert "/subjects/new/customer/" in page.links()
    assert "/subjects/new/organisation/" in read(lead, "/subjects/?kind=organisation").links()
    OrganisationFactory()
    assert "/subjects/new/organisation/" not in read(lead, "/subjects/?kind=organisation").links()
    assert read(lead, "/subjects/?kind=planet").context["kind"] == SubjectKind.PROJECT


def test_filters_ask_for_the_table_alone(lead: Client) -> None:
    ProjectFactory()
    part = read(lead, "/subjects/?q=p", part="subjects")
    assert "<html" not in part.html
    assert "1 project" in part.words


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != SubjectKind.ORGANISATION])
def test_a_longer_list_costs_no_more_queries(kind: str, lead: Client) -> None:
    def grow() -> None:
        for _ in range(5):
            save_as_stored(kind)

    assert_costs_no_more(lead, f"/subjects/?kind={kind}", grow)


def test_a_subject_with_more_links_and_more_history_costs_no_more_queries(lead: Client) -> None:
    OrganisationFactory()
    project = ProjectFactory(code="P1")
    segment = SegmentFactory(code="S1")
    card = ScorecardFactory()
    ScorecardAssignmentFactory(subject=project, scorecard=card)

    def grow() -> None:
        for number in range(4):
            EngagementFactory(project=project)
            EngagementFactory(segment=segment)
            OfferFactory(segment=segment)
            CustomerFactory(segment=segment)
            project.portfolio = PortfolioFactory()
            project.weight = float(number)
            save_subject(project, by=None)

    for page in ("/subjects/P1/edit/", "/subjects/S1/edit/"):
        grow()  # until more is there than the page shows
        assert read(lead, page).queries <= MOST_QUERIES
        for _ in range(7):
            grow()
        assert_costs_no_more(lead, page, grow)


def test_a_portfolio_and_a_service_cost_no_more_with_more_in_them(lead: Client) -> None:
    portfolio, service = PortfolioFactory(code="PF"), ServiceFactory(code="SV")

    def grow() -> None:
        for _ in range(12):
            ProjectFactory(portfolio=portfolio)
            PortfolioFactory(parent=portfolio)
            OfferFactory(service=service)

    for _ in range(3):  # until more is there than the page shows
        grow()
    for page in ("/subjects/SV/edit/", "/subjects/PF/edit/"):
        assert_costs_no_more(lead, page, grow)


def test_a_customer_moves_to_another_segment(lead: Client) -> None:
    customer = CustomerFactory(code="C")
    other = SegmentFactory(code="S2")
    address = "/subjects/C/edit/"
    save(lead, address, form_as_shown(lead, address) | {"segment": str(other.pk)})
    assert Customer.objects.get().segment == other
    needs = set(RescoreNeed.objects.values_list("subject", flat=True))
    assert {customer.pk, customer.segment_id, other.pk} <= needs


def test_another_code_leads_to_the_new_address(lead: Client) -> None:
    EngagementFactory(project__code="OLD", segment__code="S1")
    address = "/subjects/OLD/edit/"
    answer = lead.post(address, form_as_shown(lead, address) | {"code": "NEW"})
    assert answer["Location"] == "/subjects/NEW/edit/"
    assert Subject.objects.filter(code="NEW@S1").exists()
    assert lead.get(address).status_code == 404


def test_a_subject_that_is_called_new_has_its_form(lead: Client) -> None:
    ProjectFactory(code="new")
    assert read(lead, "/subjects/new/edit/").context["subject"].code == "new"


def test_numbers_are_read_and_shown_with_the_persons_own_decimal_sign(lead: Client) -> None:
    ProjectFactory(code="P1", weight=1.5)
    address = "/subjects/P1/edit/"
    with translation.override("de"):
        assert form_as_shown(lead, address)["weight"] == "1,5"
        save(lead, address, form_as_shown(lead, address) | {"weight": "2,25", "budget": "1200,5"})
        refused = lead.post(address, form_as_shown(lead, address) | {"weight": "zwei"})
    assert errors_of(refused) == {"weight": ['"zwei" is not a number; write it like 1234,5.']}
    project = Project.objects.get()
    assert (project.weight, project.budget) == (2.25, Decimal("1200.5"))
