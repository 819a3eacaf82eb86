"""Links between projects and segments, and services offered to segments."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from projects.models import Engagement, Offer, Subject
from projects.operations.links import delete_offer, link_project, save_offer, unlink_project
from tests.factories import (
    EngagementFactory,
    OfferFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    SegmentFactory,
    ServiceFactory,
)
from tests.tables import table, told, waiting

pytestmark = pytest.mark.django_db


def test_linking_a_project_makes_its_engagement(pmo_lead: User) -> None:
    OrganisationFactory()
    project = ProjectFactory(code="P", name="Apollo", portfolio=PortfolioFactory(code="F"))
    segment = SegmentFactory(code="S", name="Schools")
    link_project(project, segment=segment, share=0.4, by=pmo_lead)
    assert table(Engagement, "code", "name", "kind", "share") == [
        ("P@S", "Apollo for Schools", "engagement", 0.4)
    ]
    assert waiting() == {"P", "P@S", "S", "F", "ORG"}
    assert Engagement.objects.get().history.get().history_user == pmo_lead


def test_linking_again_changes_the_share(pmo_lead: User) -> None:
    link = EngagementFactory(share=1.0)
    link_project(link.project, segment=link.segment, share=0.25, by=pmo_lead)
    assert table(Engagement, "code", "share") == [(link.code, 0.25)]


def test_linking_again_as_it_is_changes_nothing(pmo_lead: User) -> None:
    link = EngagementFactory(share=0.5)
    link_project(link.project, segment=link.segment, share=0.5, by=pmo_lead)
    assert link.history.count() == 1
    assert waiting() == set()


@pytest.mark.parametrize("share", [-0.1, float("nan"), float("inf")])
def test_a_share_is_a_weight(share: float, pmo_lead: User) -> None:
    project, segment = ProjectFactory(), SegmentFactory()
    with pytest.raises(ValidationError) as refusal:
        link_project(project, segment=segment, share=share, by=pmo_lead)
    assert f"{share} is no weight; it is a finite number of 0 or more." in told(refusal)
    assert not Engagement.objects.exists()


def test_unlinking_takes_the_engagement_away(pmo_lead: User) -> None:
    OrganisationFactory()
    link = EngagementFactory()
    unlink_project(link.project, segment=link.segment, by=pmo_lead)
    assert not Subject.objects.filter(kind="engagement").exists()
    assert waiting() == {"ORG", link.project.code, link.project.portfolio.code, link.segment.code}


def test_unlinking_what_is_not_linked_is_refused(pmo_lead: User) -> None:
    project, segment = ProjectFactory(code="P"), SegmentFactory(code="S")
    with pytest.raises(ValidationError) as refusal:
        unlink_project(project, segment=segment, by=pmo_lead)
    assert told(refusal) == ["P is not linked to S."]


def test_an_offer_is_told_to_its_segment(pmo_lead: User) -> None:
    OrganisationFactory()
    offer = Offer(service=ServiceFactory(), segment=SegmentFactory(code="S"), weight=2)
    save_offer(offer, by=pmo_lead)
    assert table(Offer, "segment__code", "weight") == [("S", 2.0)]
    assert waiting() == {"S", "ORG"}


def test_an_offer_that_moves_concerns_both_segments(pmo_lead: User) -> None:
    offer = OfferFactory(segment=SegmentFactory(code="S"))
    offer.segment = SegmentFactory(code="T")
    save_offer(offer, by=pmo_lead)
    assert waiting() == {"S", "T"}


def test_what_an_offer_costs_moves_no_score(pmo_lead: User) -> None:
    offer = OfferFactory()
    offer.annual_cost, offer.currency = 1200, "EUR"
    save_offer(offer, by=pmo_lead)
    assert waiting() == set()
    assert offer.history.first().history_user == pmo_lead


def test_a_service_is_offered_to_a_segment_once(pmo_lead: User) -> None:
    offer = OfferFactory()
    with pytest.raises(ValidationError) as refusal:
        save_offer(Offer(service=offer.service, segment=offer.segment), by=pmo_lead)
    assert told(refusal) == ["This service is already offered to this segment."]


def test_an_offer_that_ends_concerns_its_segment(pmo_lead: User) -> None:
    offer = OfferFactory(segment=SegmentFactory(code="S"))
    delete_offer(offer, by=pmo_lead)
    assert not Offer.objects.exists()
    assert waiting() == {"S"}
