"""What the database itself refuses of subjects and links."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db import models

from projects.models import Organisation, Portfolio, Project, Subject
from projects.months import Month
from tests.constraints import assert_refused
from tests.factories import (
    CustomerFactory,
    EngagementFactory,
    OfferFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    SegmentFactory,
    ServiceFactory,
)

pytestmark = pytest.mark.django_db

MARCH, APRIL = Month.parse("2026-03"), Month.parse("2026-04")
NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize("code", ["", " ", "a b", "P@S", "ä", "a/b", "x" * 65, "=1+1"])
def test_a_code_has_letters_digits_and_few_signs(code: str) -> None:
    assert_refused("subject_code_form", lambda: ServiceFactory(code=code, name="A name"))


@pytest.mark.parametrize("code", ["P", "P@", "@S", "P@S@T", "P @S"])
def test_an_engagements_code_has_two_ends(code: str) -> None:
    project, segment = ProjectFactory(), SegmentFactory()
    assert_refused(
        "subject_code_form",
        lambda: EngagementFactory(project=project, segment=segment, code=code),
    )


def test_an_engagements_code_is_as_long_as_two_codes() -> None:
    link = EngagementFactory(project__code="P" * 64, segment__code="S" * 64)
    assert len(link.code) == 129


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("subject_name_not_blank", {"name": ""}),
        ("subject_kind_known", {"kind": "planet"}),
        ("subject_span_in_order", {"active_from": APRIL, "active_until": MARCH}),
        ("subject_span_is_months", {"active_from": Month(11)}),
        ("subject_span_is_months", {"active_until": Month(120_000)}),
        ("project_weight", {"weight": -1.0}),
        ("project_weight", {"weight": INFINITY}),
        ("project_stage_known", {"stage": "dreamt of"}),
        ("project_currency", {"currency": "eur"}),
        ("project_currency", {"currency": "€"}),
        ("projects_project.portfolio_id", {"portfolio": None}),
    ],
)
def test_what_no_project_can_be(rule: str, fields: dict[str, Any]) -> None:
    portfolio = {"portfolio": PortfolioFactory()}
    assert_refused(rule, lambda: ProjectFactory(**portfolio | fields))
    assert not Subject.objects.filter(kind="project").exists()


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("segment_weight", {"weight": -0.5}),
        ("segment_audience_known", {"audience": "martian"}),
        ("segment_currency", {"currency": "EURO"[:2]}),
    ],
)
def test_what_no_segment_can_be(rule: str, fields: dict[str, Any]) -> None:
    assert_refused(rule, lambda: SegmentFactory(**fields))


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("customer_weight", {"weight": INFINITY}),
        ("customer_currency", {"currency": "E1R"}),
        ("projects_customer.segment_id", {"segment": None}),
    ],
)
def test_what_no_customer_can_be(rule: str, fields: dict[str, Any]) -> None:
    segment = {"segment": SegmentFactory()}
    assert_refused(rule, lambda: CustomerFactory(**segment | fields))


@pytest.mark.parametrize("weight", [-1.0, INFINITY])
def test_what_no_offer_can_weigh(weight: float) -> None:
    ends = {"service": ServiceFactory(), "segment": SegmentFactory()}
    assert_refused("offer_weight", lambda: OfferFactory(weight=weight, **ends))
    assert_refused("offer_currency", lambda: OfferFactory(currency="x", **ends))


def test_a_weight_is_a_number() -> None:
    portfolio = PortfolioFactory()
    assert_refused(
        ("project_weight", "projects_project.weight"),  # SQLite makes NULL of it
        lambda: ProjectFactory(portfolio=portfolio, weight=NAN),
    )


@pytest.mark.parametrize("month", [0, 13])
def test_a_fiscal_year_starts_in_a_month(month: int) -> None:
    assert_refused(
        "fiscal_year_starts_in_a_month", lambda: OrganisationFactory(fiscal_year_starts_in=month)
    )


def test_there_is_one_organisation() -> None:
    OrganisationFactory(code="ORG")
    assert_refused("one_organisation", lambda: OrganisationFactory(code="ORG2"))
    assert Organisation.objects.count() == 1


def test_a_code_is_unique_across_all_kinds() -> None:
    PortfolioFactory(code="X")
    assert_refused("projects_subject.code", lambda: SegmentFactory(code="X"))


def test_a_portfolio_is_not_its_own_parent() -> None:
    portfolio = PortfolioFactory()
    assert_refused(
        "portfolio_not_its_own_parent",
        lambda: Portfolio.objects.filter(pk=portfolio.pk).update(parent=portfolio),
    )


def test_a_project_and_a_segment_are_linked_once() -> None:
    link = EngagementFactory()
    assert_refused(
        "one_engagement_per_project_and_segment",
        lambda: EngagementFactory(project=link.project, segment=link.segment, code="other@code"),
    )


@pytest.mark.parametrize("share", [-0.1, INFINITY])
def test_what_no_share_can_be(share: float) -> None:
    ends = {"project": ProjectFactory(), "segment": SegmentFactory()}
    assert_refused("engagement_share", lambda: EngagementFactory(share=share, **ends))


@pytest.mark.parametrize("field", ["active_from", "active_until"])
def test_an_engagement_has_no_span_of_its_own(field: str) -> None:
    ends = {"project": ProjectFactory(), "segment": SegmentFactory()}
    assert_refused(
        "engagement_has_the_span_of_its_project",
        lambda: EngagementFactory(**{field: MARCH}, **ends),
    )


def test_a_service_is_offered_to_a_segment_once() -> None:
    offer = OfferFactory()
    assert_refused(
        "one_offer_per_service_and_segment",
        lambda: OfferFactory(service=offer.service, segment=offer.segment),
    )


def test_a_link_leads_somewhere() -> None:
    project = ProjectFactory()
    assert_refused(
        "portfolio_id", lambda: Project.objects.filter(pk=project.pk).update(portfolio=999_999)
    )


@pytest.mark.parametrize("app", ["projects", "metrics"])
def test_every_foreign_key_is_held_by_the_database(app: str) -> None:
    keys = [
        field
        for model in apps.get_app_config(app).get_models()
        for field in model._meta.local_fields
        if isinstance(field, models.ForeignKey) and not hasattr(model, "history_type")
    ]
    assert keys
    assert all(key.db_constraint for key in keys)  # type: ignore[attr-defined]
