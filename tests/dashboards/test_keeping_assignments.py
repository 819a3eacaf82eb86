"""Who enters what: seen at a glance, given several at once, taken away after a look."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from metrics.choices import Category
from metrics.models import MetricAssignment
from pmo_portal.roles import Role
from projects.choices import SubjectKind
from projects.models import Organisation
from tests.conftest import make_person
from tests.dashboards.keeping import errors_of
from tests.dashboards.reading import TODAY, ClientOf, ReadPage, assert_costs_no_more, plain, read
from tests.factories import (
    EngagementFactory,
    MetricAssignmentFactory,
    MetricFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    SegmentFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_april() -> Iterator[None]:
    with time_machine.travel(TODAY, tick=True):
        yield


@pytest.fixture
def lead(pmo_lead: User, client_of: ClientOf) -> Client:
    return client_of(pmo_lead)


@pytest.fixture
def organisation(db: None) -> Organisation:
    found: Organisation = OrganisationFactory(name="Ferry Services")
    return found


@pytest.fixture
def anna(db: None) -> User:
    return make_person("anna", Role.ANALYST)


@pytest.fixture
def ben(db: None) -> User:
    return make_person("ben", Role.ANALYST)


def metric_rows(page: ReadPage) -> dict[str, tuple[list[tuple[str, str, int]], int, int]]:
    """By metric: who, where and how many; how many are nobody's; how many several people's."""
    return {
        row.metric.code: (
            [(each.person, each.scope.code, each.reach) for each in row.assigned],
            row.unassigned,
            row.shared,
        )
        for row in page.context["rows"]
    }


def test_by_metric_gaps_and_overlaps_are_seen(
    organisation: Organisation, anna: User, ben: User, lead: Client
) -> None:
    top = PortfolioFactory(code="TOP", name="Growth")
    below = PortfolioFactory(code="BELOW", parent=top)
    inside = ProjectFactory(portfolio=below)
    ProjectFactory(portfolio=top)
    ProjectFactory()
    segment = SegmentFactory(code="S1")
    EngagementFactory(project=inside, segment=segment)
    everywhere, partly, shared, _free = (
        MetricFactory(code=code, name=code.title())
        for code in ("everywhere", "partly", "shared", "free")
    )
    MetricFactory(code="computed", formula="everywhere * 2")
    MetricAssignmentFactory(metric=everywhere, user=anna, scope=organisation)
    MetricAssignmentFactory(metric=partly, user=anna, scope=top)
    MetricAssignmentFactory(metric=shared, user=anna, scope=below)
    MetricAssignmentFactory(metric=shared, user=ben, scope=segment)
    page = read(lead, "/assignments/")
    assert metric_rows(page) == {
        "everywhere": ([("anna", "ORG", 3)], 0, 0),
        "free": ([], 3, 0),
        "partly": ([("anna", "TOP", 2)], 1, 0),
        "shared": ([("anna", "BELOW", 1), ("ben", "S1", 1)], 2, 1),
    }
    assert page.row("Free").removesuffix("s")[:-1].endswith("Assign Free nobody")
    assert "anna: Growth (2)" in page.row("Partly")
    assert "1 of 3 are nobody" in page.row("Partly")
    assert "1 entered by several: anna, ben" in page.row("Shared")
    who = page.context["who"]
    assert (who.gaps, who.partly, who.several, who.cannot) == (1, 2, 1, 0)
    for only, codes in {
        "nobody": ["free"],
        "partly": ["partly", "shared"],
        "several": ["shared"],
        "cannot": [],
        "nonsense": ["everywhere", "free", "partly", "shared"],
    }.items():
        assert list(metric_rows(read(lead, f"/assignments/?only={only}"))) == codes
    assert list(metric_rows(read(lead, "/assignments/?q=ben"))) == ["shared"]
    assert list(metric_rows(read(lead, "/assignments/?q=every"))) == ["everywhere"]


def test_the_same_person_twice_is_no_overlap(
    organisation: Organisation, anna: User, lead: Client
) -> None:
    project, metric = ProjectFactory(), MetricFactory(code="m")
    for scope in (organisation, project.portfolio):
        MetricAssignmentFactory(metric=metric, user=anna, scope=scope)
    assert metric_rows(read(lead, "/assignments/"))["m"][1:] == (0, 0)


def test_by_person_everybody_who_enters_is_listed(
    organisation: Organisation, anna: User, ben: User, executive: User, lead: Client
) -> None:
    portfolio = PortfolioFactory(name="Growth")
    for name in ("Delay", "Use"):
        MetricAssignmentFactory(metric__name=name, user=anna, scope=portfolio)
    MetricAssignmentFactory(metric__name="Cost", user=anna, scope=organisation)
    MetricAssignmentFactory(metric__name="Tenure", user=executive, scope=organisation)
    page = read(lead, "/assignments/?by=person")
    assert [(row.name, row.metrics, row.may_enter) for row in page.context["rows"]] == [
        ("executive", 1, False),
        ("anna", 3, True),
        ("ben", 0, True),
    ]
    assert "executive 1 metric has no role to enter values" in page.words
    assert "Nothing of their own; may enter what is assigned to nobody." in page.row("ben")
    anna_row = page.context["rows"][1]
    assert [
        (part.scope.name, [each.metric.name for each in part.assigned]) for part in anna_row.scopes
    ] == [("Ferry Services", ["Cost"]), ("Growth", ["Delay", "Use"])]
    assert page.context["who"].cannot == 1
    found = read(lead, "/assignments/?by=person&q=tenure")
    assert [row.name for row in found.context["rows"]] == ["executive"]


def test_several_metrics_are_given_at_once(
    organisation: Organisation, anna: User, lead: Client, pmo_lead: User
) -> None:
    portfolio = PortfolioFactory(code="PF", name="Growth")
    one, two = MetricFactory(code="one"), MetricFactory(code="two", category=Category.FINANCIAL)
    MetricFactory(code="computed", name="Computed", formula="one + 1")
    page = read(lead, f"/assignments/new/?person={anna.pk}&metric=one")
    assert "Computed" not in page.words
    form = page.context["form"]
    assert (form["user"].value(), form["metrics"].value()) == (str(anna.pk), ["one"])
    assert form["scope"].value() == "ORG"
    sends = {"user": anna.pk, "scope": "PF", "metrics": ["one", "two"]}
    answer = lead.post("/assignments/new/", sends, follow=True)
    assert "anna now enters 2 more metrics." in plain(answer.content.decode())
    rows = MetricAssignment.objects.order_by("metric__code")
    assert [(row.metric, row.user, row.scope_id) for row in rows] == [
        (one, anna, portfolio.pk),
        (two, anna, portfolio.pk),
    ]
    assert rows[0].history.get().history_user == pmo_lead
    MetricFactory(code="three")
    sends["metrics"] = ["one", "three"]
    answer = lead.post("/assignments/new/", sends, follow=True)
    words = plain(answer.content.decode())
    assert "anna now enters 1 more metric. 1 had been theirs already." in words


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"user": ""}, {"user": ["Choose who enters them."]}),
        (
            {"user": "EXECUTIVE"},
            {"user": ["Select a valid choice. That choice is not one of the available choices."]},
        ),
        (
            {"scope": "P1"},
            {"scope": ["Select a valid choice. That choice is not one of the available choices."]},
        ),
        ({"metrics": []}, {"metrics": ["Tick at least one metric."]}),
        (
            {"metrics": ["computed"]},
            {"metrics": ["Select a valid choice. computed is not one of the available choices."]},
        ),
    ],
)
def test_what_does_not_fit_is_told_beside_its_field(
    change: dict[str, Any],
    errors: dict[str, list[str]],
    organisation: Organisation,
    anna: User,
    executive: User,
    lead: Client,
) -> None:
    ProjectFactory(code="P1")
    MetricFactory(code="one")
    MetricFactory(code="computed", formula="one + 1")
    sends = {"user": str(anna.pk), "scope": "ORG", "metrics": ["one"]} | change
    if sends["user"] == "EXECUTIVE":
        sends["user"] = str(executive.pk)  # may read, and enter nothing
    answer = lead.post("/assignments/new/", sends)
    assert answer.status_code == 422
    assert errors_of(answer) == errors
    assert not MetricAssignment.objects.exists()


def test_removing_is_asked_once_and_says_what_it_leaves_behind(
    organisation: Organisation, anna: User, ben: User, lead: Client, pmo_lead: User
) -> None:
    alone = MetricAssignmentFactory(metric__name="Alone", user=anna, scope=organisation)
    both = MetricAssignmentFactory(metric__name="Both", user=anna, scope=organisation)
    MetricAssignmentFactory(metric=both.metric, user=ben, scope=organisation)
    sends = {"assignment": [alone.pk, both.pk], "back": "/assignments/?by=person"}
    asked = lead.post("/assignments/remove/", sends)
    words = plain(asked.content.decode())
    assert "Remove 2 assignments?" in words
    assert "Alone: anna, Ferry Services" in words
    assert "every analyst may enter it." in words.split("Alone is then nobody")[1]
    assert MetricAssignment.objects.count() == 3
    answer = lead.post("/assignments/remove/", sends | {"confirmed": "yes"}, follow=True)
    assert answer.redirect_chain == [("/assignments/?by=person", 302)]
    assert "2 assignments removed." in plain(answer.content.decode())
    assert MetricAssignment.objects.get().user == ben
    gone = MetricAssignment.history.filter(history_type="-")
    assert {row.history_user for row in gone} == {pmo_lead}


def test_nothing_ticked_removes_nothing_and_leads_back_here_only(
    organisation: Organisation, anna: User, lead: Client
) -> None:
    MetricAssignmentFactory(user=anna, scope=organisation)
    for back, place in (
        ("/assignments/?only=nobody", "/assignments/?only=nobody"),
        ("https://elsewhere.example/", "/assignments/"),
        ("//elsewhere.example/", "/assignments/"),
        ("", "/assignments/"),
    ):
        answer = lead.post("/assignments/remove/", {"back": back, "confirmed": "yes"})
        assert answer["Location"] == place
    assert MetricAssignment.objects.count() == 1


def test_only_those_who_keep_definitions_come_in(
    organisation: Organisation,
    anna: User,
    executive: User,
    outsider: User,
    administrator: User,
    client_of: ClientOf,
) -> None:
    row = MetricAssignmentFactory(user=anna, scope=organisation)
    for person in (anna, executive, outsider):
        client = client_of(person)
        assert client.get("/assignments/").status_code == 403
        assert client.get("/assignments/new/").status_code == 403
        sends = {"assignment": row.pk, "confirmed": "yes"}
        assert client.post("/assignments/remove/", sends).status_code == 403
    assert client_of(administrator).get("/assignments/").status_code == 200
    assert client_of(administrator).get("/assignments/remove/").status_code == 405
    assert MetricAssignment.objects.exists()


def test_an_empty_portal_has_nothing_to_assign(lead: Client) -> None:
    assert read(lead, "/assignments/").response.status_code == 200
    assert read(lead, "/assignments/?by=person").response.status_code == 200
    assert read(lead, "/assignments/new/").response.status_code == 200


@pytest.mark.parametrize("query", ["", "?by=person"])
def test_more_metrics_people_and_scopes_cost_no_more_queries(
    query: str, organisation: Organisation, lead: Client
) -> None:
    def grow() -> None:
        for _ in range(3):
            number = User.objects.count()
            person = make_person(f"person{number}", Role.ANALYST)
            link = EngagementFactory()
            for scope in (organisation, link.segment, link.project.portfolio):
                MetricAssignmentFactory(user=person, scope=scope)
            MetricAssignmentFactory(
                user=person, scope=link.segment, metric__subject_kind=SubjectKind.SEGMENT
            )

    assert_costs_no_more(lead, f"/assignments/{query}", grow)
    assert_costs_no_more(lead, "/assignments/new/", grow)
