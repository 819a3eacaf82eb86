"""Links are kept in the portal: which segments projects serve and services are offered to."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from dashboards.views.keeping.links import SUBJECTS_IN_A_LIST
from metrics.models import RescoreNeed, ScorecardAssignment
from projects.choices import SubjectKind
from projects.models import Engagement, Offer, Subject
from projects.operations.links import link_project, save_offer
from tests.dashboards.keeping import (
    EFFECTS,
    confirm,
    errors_of,
    form_as_shown,
    save,
    templates_of,
)
from tests.dashboards.reading import TODAY, ClientOf, assert_costs_no_more, plain, read
from tests.factories import (
    EngagementFactory,
    MeasurementFactory,
    OfferFactory,
    ProjectFactory,
    ScorecardFactory,
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


def test_a_project_is_linked_to_a_segment_and_its_engagement_follows(
    lead: Client, pmo_lead: User
) -> None:
    ProjectFactory(code="P1", name="New bills")
    SegmentFactory(code="S1", name="Small firms")
    address = "/subjects/P1/links/new/segment/"
    assert "Small firms (S1)" in read(lead, address).words
    answer = save(lead, address, {"other": "S1", "share": "0.6"}, reason="")
    assert answer["Location"] == "/subjects/P1/edit/#links"
    link = Engagement.objects.get()
    assert (link.code, link.name, link.share) == ("P1@S1", "New bills for Small firms", 0.6)
    assert link.history.get().history_user == pmo_lead
    needs = set(RescoreNeed.objects.values_list("subject__code", flat=True))
    assert {"P1", "S1", "P1@S1"} <= needs
    page = read(lead, "/subjects/P1/edit/")
    assert page.row("Small firms") == "Small firms S1 0.60"
    assert "Link added: Small firms" in page.words


def test_a_segment_is_linked_from_its_own_side(lead: Client) -> None:
    ProjectFactory(code="P1")
    ServiceFactory(code="V1")
    SegmentFactory(code="S1")
    save(lead, "/subjects/S1/links/new/project/", {"other": "P1", "share": "1"})
    terms = {"weight": "2", "annual_cost": "100", "benchmark_cost": "90.5", "currency": "EUR"}
    save(lead, "/subjects/S1/links/new/service/", {"other": "V1"} | terms)
    assert Engagement.objects.get().code == "P1@S1"
    offer = Offer.objects.get()
    assert (offer.service.code, offer.segment.code, offer.weight) == ("V1", "S1", 2.0)
    money = (offer.annual_cost, offer.benchmark_cost, offer.currency)
    assert money == (Decimal(100), Decimal("90.5"), "EUR")
    words = read(lead, "/subjects/S1/edit/").words
    assert "€100" in words


def test_a_service_is_offered_to_a_segment(lead: Client) -> None:
    ServiceFactory(code="V1")
    SegmentFactory(code="S1")
    save(lead, "/subjects/V1/links/new/segment/", {"other": "S1", "weight": "1"})
    assert Offer.objects.get().annual_cost is None


def test_what_is_linked_already_is_not_offered_again(lead: Client) -> None:
    EngagementFactory(project__code="P1", segment__code="S1")
    SegmentFactory(code="S2")
    form = read(lead, "/subjects/P1/links/new/segment/").context["form"]
    assert [code for code, _name in form.other_choices] == ["S2"]
    answer = lead.post("/subjects/P1/links/new/segment/", {"other": "S1", "share": "1"})
    assert answer.status_code == 422
    assert errors_of(answer) == {"other": ["This project is already linked to this segment."]}
    OfferFactory(service__code="V1", segment__code="S3")
    answer = lead.post("/subjects/V1/links/new/segment/", {"other": "S3", "weight": "1"})
    assert errors_of(answer) == {"other": ["This service is already offered to this segment."]}
    assert (Engagement.objects.count(), Offer.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("sends", "errors"),
    [
        ({"share": "1"}, {"other": ["Choose one."]}),
        (
            {"other": "SX", "share": "1"},
            {"other": ['"SX" is no segment; there is S1.']},
        ),
        ({"other": "P1", "share": "1"}, {"other": ['"P1" is no segment; there is S1.']}),
        (
            {"other": "S1", "share": "-2"},
            {"share": ["-2 is no weight; it is a finite number of 0 or more."]},
        ),
        (
            {"other": "S1", "share": "half"},
            {"share": ['"half" is not a number; write it like 1234.5.']},
        ),
        ({"other": "S1", "share": ""}, {"share": ["This field is required."]}),
    ],
)
def test_what_does_not_fit_is_told_beside_its_field(
    sends: dict[str, str], errors: dict[str, list[str]], lead: Client
) -> None:
    ProjectFactory(code="P1")
    SegmentFactory(code="S1")
    answer = lead.post("/subjects/P1/links/new/segment/", sends)
    assert answer.status_code == 422
    assert errors_of(answer) == errors
    assert not Engagement.objects.exists()


def test_only_some_kinds_are_linked_with_each_other(lead: Client) -> None:
    ProjectFactory(code="P1")
    SegmentFactory(code="S1")
    ServiceFactory(code="V1")
    for address in (
        "/subjects/P1/links/new/service/",
        "/subjects/P1/links/new/planet/",
        "/subjects/S1/links/new/customer/",
        "/subjects/P1/links/S1/",  # not linked
        "/subjects/P1/links/V1/",
        "/subjects/P1/links/S1/delete/",
    ):
        assert lead.get(address).status_code == 404, address


def test_a_share_is_saved_after_its_effect_was_shown(lead: Client, pmo_lead: User) -> None:
    link = EngagementFactory(project__code="P1", segment__code="S1")
    for address, share in (("/subjects/P1/links/S1/", 2.0), ("/subjects/S1/links/P1/", 3.0)):
        looked = lead.post(address, form_as_shown(lead, address) | {"share": f"{share:g}"})
        assert EFFECTS in templates_of(looked)
        assert confirm(lead, address, looked, reason="").status_code == 422
        answer = confirm(lead, address, looked)
        assert answer["Location"] == f"/subjects/{address.split('/')[2]}/edit/#links"
        assert Engagement.objects.get().share == share
    record = link.history.latest()
    assert (record.history_user, record.history_change_reason) == (pmo_lead, "It is agreed.")


def test_what_a_service_costs_is_saved_at_once_and_its_weight_after_a_look(lead: Client) -> None:
    OfferFactory(service__code="V1", segment__code="S1")
    address = "/subjects/V1/links/S1/"
    shown = form_as_shown(lead, address)
    answer = lead.post(address, shown | {"annual_cost": "1500", "currency": "GBP"})
    assert answer["Location"] == "/subjects/V1/edit/#links"
    assert Offer.objects.get().annual_cost == Decimal(1500)
    save(lead, address, form_as_shown(lead, address) | {"weight": "4"})
    assert Offer.objects.get().weight == 4.0
    answer = lead.post(address, form_as_shown(lead, address) | {"currency": "pounds"})
    assert errors_of(answer)["currency"] == [
        '"pounds" is no currency; it is three capital letters, such as EUR.'
    ]
    untouched = lead.post(address, form_as_shown(lead, address), follow=True)
    assert "Nothing was changed" in plain(untouched.content.decode())


def test_an_engagement_has_a_scorecard_of_its_own(lead: Client) -> None:
    link = EngagementFactory(project__code="P1", segment__code="S1")
    card = ScorecardFactory(subject_kind=SubjectKind.ENGAGEMENT)
    address = "/subjects/P1/links/S1/"
    save(lead, address, form_as_shown(lead, address) | {"scorecard": str(card.pk)})
    assert ScorecardAssignment.objects.get().subject_id == link.pk
    save(lead, address, form_as_shown(lead, address) | {"scorecard": ""})
    assert not ScorecardAssignment.objects.exists()


def test_the_second_of_two_people_is_told(lead: Client, administrator: User) -> None:
    link = EngagementFactory(project__code="P1", segment__code="S1")
    offer = OfferFactory(service__code="V1", segment__code="S2")
    pages = ("/subjects/P1/links/S1/", "/subjects/V1/links/S2/")
    opened = [form_as_shown(lead, page) for page in pages]
    link_project(link.project, segment=link.segment, share=0.5, by=administrator)
    offer.weight = 0.5
    save_offer(offer, by=administrator)
    for page, sends, field in zip(pages, opened, ("share", "weight"), strict=True):
        answer = lead.post(page, sends | {field: "3"})
        assert answer.status_code == 422
        words = plain(answer.content.decode())
        assert "administrator changed" in words
        assert f"{field.title()} is now “0.5”; you want “3”." in words
        again = {name: value for name, value in sends.items() if name != "version"}
        save(lead, page, again | {field: "3", "version": answer.context["version"]})
    assert Engagement.objects.get().share == Offer.objects.get().weight == 3.0


def test_a_link_is_taken_away_after_its_effect_was_shown(lead: Client) -> None:
    EngagementFactory(project__code="P1", segment__code="S1")
    OfferFactory(service__code="V1", segment__code="S2")
    for address in ("/subjects/P1/links/S1/delete/", "/subjects/S2/links/V1/delete/"):
        assert EFFECTS in templates_of(lead.get(address))
        assert lead.post(address, {"step": "save", "why": ""}).status_code == 422
        answer = lead.post(address, {"step": "save", "why": "It ended."})
        assert answer["Location"] == f"/subjects/{address.split('/')[2]}/edit/#links"
    assert (Engagement.objects.count(), Offer.objects.count()) == (0, 0)
    assert not Subject.objects.filter(kind=SubjectKind.ENGAGEMENT).exists()
    assert "Link removed" in read(lead, "/subjects/P1/edit/").words


def test_a_link_with_history_stays_and_a_share_of_0_is_offered(lead: Client) -> None:
    link = EngagementFactory(project__code="P1", segment__code="S1")
    MeasurementFactory(subject=link, metric__subject_kind=SubjectKind.ENGAGEMENT)
    page = read(lead, "/subjects/P1/links/S1/delete/")
    assert "Give the link a share of 0 instead, and it counts for nothing." in page.words
    assert "/subjects/P1/links/S1/" in page.links()
    sends = {"step": "save", "why": "Away."}
    assert lead.post("/subjects/P1/links/S1/delete/", sends).status_code == 422
    assert Engagement.objects.exists()
    save(
        lead,
        "/subjects/P1/links/S1/",
        form_as_shown(lead, "/subjects/P1/links/S1/") | {"share": "0"},
    )
    assert Engagement.objects.get().share == 0.0


def test_of_many_others_one_types_a_few_letters(lead: Client) -> None:
    ProjectFactory(code="P1")
    for number in range(SUBJECTS_IN_A_LIST + 1):
        SegmentFactory(code=f"S{number}")
    page = read(lead, "/subjects/P1/links/new/segment/")
    assert '<datalist id="others">' in page.html
    save(lead, "/subjects/P1/links/new/segment/", {"other": "S7", "share": "1"})
    assert Engagement.objects.get().segment.code == "S7"


def test_only_those_who_keep_definitions_link(
    executive: User, analyst: User, outsider: User, client_of: ClientOf
) -> None:
    EngagementFactory(project__code="P1", segment__code="S1")
    SegmentFactory(code="S2")
    for person in (executive, analyst, outsider):
        client = client_of(person)
        for page in ("new/segment/", "S1/", "S1/delete/"):
            assert client.get(f"/subjects/P1/links/{page}").status_code == 403
            sends = {"other": "S2", "share": "9", "step": "save", "why": "Mine."}
            assert client.post(f"/subjects/P1/links/{page}", sends).status_code == 403
    assert Engagement.objects.get().share == 1.0


def test_more_segments_and_more_history_cost_no_more_queries(lead: Client) -> None:
    link = EngagementFactory(project__code="P1", segment__code="S1")

    def grow() -> None:
        for number in range(4):
            SegmentFactory()
            link_project(link.project, segment=link.segment, share=number / 3, by=None)

    assert_costs_no_more(lead, "/subjects/P1/links/new/segment/", grow)
    assert_costs_no_more(lead, "/subjects/P1/links/S1/", grow)
