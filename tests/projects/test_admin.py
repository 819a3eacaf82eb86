"""The admin pages of subjects and links: they write through the operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from projects.models import Engagement, Offer, Organisation, Portfolio, Project, Subject
from projects.months import Month
from tests.admin_pages import errors_of, fields_of, messages_of, page, submit
from tests.factories import (
    CustomerFactory,
    EngagementFactory,
    MeasurementFactory,
    OfferFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    ScoreFactory,
    SegmentFactory,
    ServiceFactory,
)
from tests.tables import table, waiting

pytestmark = pytest.mark.django_db

KINDS: list[Any] = [
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    SegmentFactory,
    CustomerFactory,
    ServiceFactory,
    EngagementFactory,
]
KEPT: list[Any] = [*KINDS, OfferFactory]


@pytest.fixture
def lead(client_of: Callable[[User], Client], pmo_lead: User) -> Client:
    return client_of(pmo_lead)


@pytest.mark.parametrize("factory", KEPT)
def test_a_pmo_lead_keeps_subjects_and_links(factory: Any, lead: Client) -> None:
    row = factory()
    for url in (
        page(type(row), "changelist"),
        page(row, "change"),
        page(row, "history"),
    ):
        assert lead.get(url).status_code == 200
    is_only_one = factory is OrganisationFactory
    assert lead.get(page(type(row), "add")).status_code == (403 if is_only_one else 200)
    assert lead.get(page(row, "delete")).status_code == (403 if is_only_one else 200)


@pytest.mark.parametrize("factory", KEPT)
@pytest.mark.parametrize("person", ["executive", "analyst", "outsider"])
def test_nobody_else_gets_in(
    factory: Any,
    person: str,
    client_of: Callable[[User], Client],
    request: pytest.FixtureRequest,
) -> None:
    row = factory()
    client = client_of(request.getfixturevalue(person))
    for url in (page(type(row), "changelist"), page(row, "change")):
        assert client.get(url, follow=True).status_code == 403


@pytest.mark.parametrize("factory", KEPT)
def test_saving_what_is_there_changes_nothing(factory: Any, lead: Client) -> None:
    row = factory()
    assert submit(lead, row).status_code == 302
    assert row.history.count() == 1
    assert waiting() == set()


def test_a_first_organisation_can_be_made(lead: Client) -> None:
    submit(lead, Organisation, code="ACME", name="Acme", fiscal_year_starts_in="4")
    assert table(Organisation, "code", "name", "fiscal_year_starts_in") == [("ACME", "Acme", 4)]


def test_a_project_is_made_with_its_segments(lead: Client, pmo_lead: User) -> None:
    portfolio, segment = PortfolioFactory(code="F"), SegmentFactory(code="S", name="Schools")
    answer = submit(
        lead,
        Project,
        **{
            "code": "P",
            "name": "Apollo",
            "portfolio": portfolio.pk,
            "active_from": "2026-02",
            "budget": "1000",
            "currency": "EUR",
            "engagements-TOTAL_FORMS": 1,
            "engagements-0-segment": segment.pk,
            "engagements-0-share": "0.5",
        },
    )
    assert answer.status_code == 302
    assert table(Project, "code", "portfolio__code", "active_from", "budget", "currency") == [
        ("P", "F", Month.parse("2026-02"), 1000, "EUR")
    ]
    assert table(Engagement, "code", "name", "share") == [("P@S", "Apollo for Schools", 0.5)]
    assert Engagement.objects.get().history.get().history_user == pmo_lead
    assert waiting() == {"P", "F", "P@S", "S"}


def test_a_share_changes_and_a_link_goes(lead: Client) -> None:
    project = ProjectFactory(code="P")
    for code in ("S", "T"):
        EngagementFactory(project=project, segment=SegmentFactory(code=code))
    submit(lead, project, **{"engagements-0-share": "0.25", "engagements-1-DELETE": "on"})
    assert table(Engagement, "code", "share") == [("P@S", 0.25)]


def test_a_link_that_is_there_stays_between_its_ends(lead: Client) -> None:
    link = EngagementFactory(project__code="P", segment__code="S")
    other = SegmentFactory(code="T")
    submit(lead, link.project, **{"engagements-0-segment": other.pk})
    assert table(Engagement, "code", "segment__code") == [("P@S", "S")]
    shown = lead.get(page(link.project, "change")).content.decode()
    assert "Segment S (S)" in shown


def test_a_project_that_moves_concerns_both_portfolios(lead: Client) -> None:
    project = ProjectFactory(code="P", portfolio=PortfolioFactory(code="OLD"))
    submit(lead, project, portfolio=PortfolioFactory(code="NEW").pk)
    assert waiting() == {"P", "OLD", "NEW"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"active_from": "2026"}, '"2026" is not a month; write it like 2026-03.'),
        ({"active_from": "2026-13"}, '"2026-13" is not a month; write it like 2026-03.'),
        ({"code": "a b"}, "letters, digits, _, - and . only"),
        ({"code": "TAKEN"}, "already exists"),
        ({"weight": "-1"}, "-1 is no weight"),
        ({"currency": "eur"}, "three capital letters"),
        ({"active_from": "2026-04"}, "2026-03"),  # there is a value of March
    ],
)
def test_what_does_not_fit_is_told_on_the_form(
    changes: dict[str, str], sentence: str, lead: Client
) -> None:
    PortfolioFactory(code="TAKEN")
    project = ProjectFactory(code="P")
    MeasurementFactory(subject=project)
    answer = submit(lead, project, **changes)
    assert answer.status_code == 200
    assert any(sentence in told for told in errors_of(answer)), errors_of(answer)
    assert table(Project, "code", "weight", "active_from", "currency") == [("P", 1.0, None, "")]
    assert waiting() == set()
    assert not LogEntry.objects.exists()


def test_a_circle_of_portfolios_is_told_on_the_form(lead: Client) -> None:
    top = PortfolioFactory(code="TOP")
    below = PortfolioFactory(code="SUB", parent=top)
    answer = submit(lead, top, parent=below.pk)
    assert any("The portfolios go in a circle" in told for told in errors_of(answer))


def test_a_page_is_saved_wholly_or_not_at_all(lead: Client) -> None:
    """The project could be saved, the link that is to go with it has values."""
    link = EngagementFactory()
    MeasurementFactory(metric__subject_kind="engagement", subject=link)
    answer = submit(lead, link.project, name="Another name", **{"engagements-0-DELETE": "on"})
    assert answer.status_code == 200
    assert any("can't be deleted: 1 value of it is recorded" in e for e in errors_of(answer))
    assert answer.context["adminform"].form["name"].value() == "Another name"
    link.project.refresh_from_db()
    assert link.project.name != "Another name"
    assert Engagement.objects.exists()
    assert waiting() == set()
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: MeasurementFactory().subject, 'Set its "measured until" instead'),
        (lambda: ProjectFactory().portfolio, "there is 1 project of it"),
        (lambda: CustomerFactory().segment, "there is 1 customer of it"),
    ],
)
def test_what_can_not_be_deleted_is_told_before_anybody_confirms(
    make: Callable[[], Subject], sentence: str, lead: Client
) -> None:
    subject = make()
    chosen = {"action": "delete_selected", "_selected_action": subject.pk}
    for answer in (
        lead.get(page(subject, "delete"), follow=True),
        lead.post(page(subject, "delete"), {"post": "yes"}, follow=True),
        lead.post(page(type(subject), "changelist"), chosen, follow=True),
        lead.post(page(type(subject), "changelist"), {"post": "yes", **chosen}, follow=True),
    ):
        assert answer.status_code == 200
        assert len(messages_of(answer)) == 1
        assert sentence in messages_of(answer)[0]
    assert Subject.objects.filter(pk=subject.pk).exists()
    assert waiting() == set()
    assert not LogEntry.objects.exists()


def test_a_project_goes_with_its_links_and_scores(lead: Client, pmo_lead: User) -> None:
    link = EngagementFactory(project__code="P", project__portfolio__code="F", segment__code="S")
    ScoreFactory(subject=link.project)
    asked = lead.get(page(link.project, "delete"))
    assert dict(asked.context["model_count"]) == {"projects": 1, "engagements": 1, "scores": 1}
    assert lead.post(page(link.project, "delete"), {"post": "yes"}).status_code == 302
    assert not Project.objects.exists()
    assert waiting() == {"F", "S"}
    assert Engagement.history.get(history_type="-").history_user == pmo_lead


def test_services_are_offered_on_both_pages(lead: Client) -> None:
    service, segment = ServiceFactory(code="V"), SegmentFactory(code="S")
    other = SegmentFactory(code="T")
    submit(
        lead,
        service,
        **{"offers-TOTAL_FORMS": 1, "offers-0-segment": segment.pk, "offers-0-weight": "2"},
    )
    submit(
        lead,
        other,
        **{"offers-TOTAL_FORMS": 1, "offers-0-service": service.pk, "offers-0-weight": "3"},
    )
    assert table(Offer, "service__code", "segment__code", "weight") == [
        ("V", "S", 2.0),
        ("V", "T", 3.0),
    ]
    assert waiting() == {"S", "T"}


def test_a_segment_leads_to_the_projects_that_serve_it(lead: Client) -> None:
    link = EngagementFactory()
    EngagementFactory()
    url = f"{page(Engagement, 'changelist')}?segment={link.segment.pk}"
    assert f'<a href="{url}">1</a>' in lead.get(page(link.segment, "change")).content.decode()
    answer = lead.get(url)
    assert answer.status_code == 200
    assert [row.code for row in answer.context["cl"].result_list] == [link.code]


def test_any_subject_leads_to_its_own_page(lead: Client) -> None:
    project = ProjectFactory(code="P")
    shown = lead.get(page(Subject, "changelist")).content.decode()
    assert f'<a href="{page(project, "change")}">P</a>' in shown
    answer = lead.get(reverse("admin:projects_subject_change", args=[project.pk]))
    assert answer["Location"] == page(project, "change")
    assert lead.get(page(Subject, "add")).status_code == 403


def test_a_subject_that_nobody_has_is_not_found(lead: Client) -> None:
    answer = lead.get(reverse("admin:projects_subject_change", args=[4711]), follow=True)
    assert "4711" in messages_of(answer)[0]
    assert answer.redirect_chain == [(reverse("admin:index"), 302)]


@pytest.mark.parametrize("term", ["APOLLO", "apollo", "P-1"])
def test_subjects_are_found_by_code_and_name(term: str, lead: Client) -> None:
    ProjectFactory(code="P-1", name="Apollo")
    ProjectFactory(code="Q-1", name="Gemini")
    for model in (Project, Subject):
        found = lead.get(page(model, "changelist"), {"q": term}).context["cl"].result_list
        assert [row.code for row in found] == ["P-1"]


def test_projects_are_filtered(lead: Client) -> None:
    project = ProjectFactory(code="P", stage="closed")
    ProjectFactory(code="Q")
    url = page(Project, "changelist")
    for query in (
        {"stage__exact": "closed"},
        {"portfolio__subject_ptr__exact": project.portfolio.pk},
    ):
        assert [row.code for row in lead.get(url, query).context["cl"].result_list] == ["P"]


@pytest.mark.parametrize("factory", [*KINDS[1:], OfferFactory])
def test_a_longer_list_takes_no_more_queries(factory: Any, lead: Client) -> None:
    urls = [page(factory._meta.model, "changelist"), page(Subject, "changelist")]
    for url in urls:
        lead.get(url)  # what is read once per process
    counts = []
    for size in (1, 5, 9):
        for _ in range(size):
            parent = {"parent": PortfolioFactory()} if factory is PortfolioFactory else {}
            factory(**parent)
        with CaptureQueriesContext(connection) as queries:
            for url in urls:
                assert lead.get(url).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] == counts[2]


@pytest.mark.parametrize(
    ("factory", "link", "end"),
    [
        (ProjectFactory, EngagementFactory, "project"),
        (SegmentFactory, OfferFactory, "segment"),
        (ServiceFactory, OfferFactory, "service"),
    ],
)
def test_more_links_take_no_more_queries(factory: Any, link: Any, end: str, lead: Client) -> None:
    subject = factory()
    lead.get(page(subject, "change"))
    counts = []
    for size in (1, 4, 8):
        for _ in range(size):
            link(**{end: subject})
        with CaptureQueriesContext(connection) as queries:
            assert lead.get(page(subject, "change")).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] == counts[2]


def test_months_are_shown_and_edited_as_they_are_written(lead: Client) -> None:
    project = ProjectFactory(active_from=Month.parse("2026-02"))
    assert '<td class="field-active_from">2026-02</td>' in (
        lead.get(page(Project, "changelist")).content.decode()
    )
    assert fields_of(lead.get(page(project, "change")))["active_from"] == "2026-02"
    submit(lead, project, active_from="2026-03")
    shown = lead.get(page(project, "history")).content.decode()
    assert "2026-02" in shown
    assert "2026-03" in shown


def test_portfolios_are_told_by_their_codes_in_order(lead: Client) -> None:
    for code in ("B", "A", "C"):
        PortfolioFactory(code=code)
    found = lead.get(page(Portfolio, "changelist")).context["cl"].result_list
    assert [row.code for row in found] == ["A", "B", "C"]
