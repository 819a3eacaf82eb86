"""What is missing before a month is closed leads to pages that whoever closes it may open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import time_machine
from django.contrib.auth.models import User

from metrics.models import MetricDefinition
from pmo_portal.roles import Role
from projects.models import Organisation, Project
from projects.months import Month
from tests.conftest import make_person
from tests.dashboards.reading import (
    APRIL,
    FEBRUARY,
    MARCH,
    MOST_QUERIES,
    TODAY,
    ClientOf,
    keep_score,
    read,
)
from tests.factories import (
    DraftMeasurementFactory,
    ExemptionProposalFactory,
    MetricAssignmentFactory,
    MetricFactory,
    MonthClosingFactory,
    NoValueFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
)

JANUARY = Month.parse("2026-01")
CLOSE, MISSING = "/months/2026-03/close/", "/months/2026-03/missing/"


@pytest.fixture(autouse=True)
def in_april() -> Iterator[None]:
    with time_machine.travel(TODAY, tick=False):
        yield


@pytest.fixture
def projects(db: None) -> list[Project]:
    """Two projects of which two metrics are expected in March; February is closed."""
    OrganisationFactory(code="ORG", name="Ferry Services")
    portfolio = PortfolioFactory(name="Boats")
    MonthClosingFactory(month=FEBRUARY)
    MetricFactory(code="fix_days", name="Days to fix")
    MetricFactory(code="nps", name="Recommended", needs_approval=True)
    return [ProjectFactory(name=name, portfolio=portfolio) for name in ("Quay", "Rope")]


@pytest.fixture
def ana(projects: list[Project]) -> User:
    """Recommended is hers."""
    person = make_person("ana", Role.ANALYST)
    metric = MetricDefinition.objects.get(code="nps")
    MetricAssignmentFactory(metric=metric, scope=projects[0].portfolio, user=person)
    return person


@pytest.fixture
def answers(projects: list[Project], ana: User) -> None:
    """One value waits for approval, of one it is said that there is none, one is proposed."""
    nps = MetricDefinition.objects.get(code="nps")
    fix = MetricDefinition.objects.get(code="fix_days")
    DraftMeasurementFactory(metric=nps, subject=projects[0], period="2026-03", entered_by=ana)
    NoValueFactory(metric=nps, subject=projects[1], period="2026-03", reason="No survey")
    ExemptionProposalFactory(metric=fix, subject=projects[0], from_month=MARCH, proposed_by=ana)


def test_only_those_who_close_months_look_at_what_is_missing_before(
    projects: list[Project],
    executive: User,
    analyst: User,
    outsider: User,
    pmo_lead: User,
    administrator: User,
    client_of: ClientOf,
) -> None:
    for person in (executive, analyst, outsider):
        assert client_of(person).get(MISSING).status_code == 403
    for person in (pmo_lead, administrator):
        assert client_of(person).get(MISSING).status_code == 200


def test_every_link_of_what_is_missing_leads_somebody_who_closes_to_a_page_they_may_open(
    answers: None, pmo_lead: User, administrator: User, client_of: ClientOf
) -> None:
    for person in (pmo_lead, administrator):
        client = client_of(person)
        followed = set()
        for address in (CLOSE, MISSING):
            page = read(client, address)
            start, end = page.html.index('<section class="panel'), page.html.rindex("</section>")
            for link in replace(page, html=page.html[start:end]).links():
                target = f"{MISSING}{link}" if link.startswith("?") else link
                assert client.get(target).status_code == 200, (person.username, link)
                followed.add(target)
        assert f"{MISSING}?metric=nps" in followed
        assert f"{MISSING}?person=ana" in followed
        assert f"{MISSING}?nobody=1" in followed
        assert "/approvals/?metric=nps" in followed
        assert "/approvals/proposals/" in followed
        enters = [link for link in followed if link.startswith("/entry/value/")]
        assert bool(enters) == (person == administrator)


def test_a_metric_is_told_value_by_value(
    answers: None, projects: list[Project], pmo_lead: User, client_of: ClientOf
) -> None:
    page = read(client_of(pmo_lead), f"{MISSING}?metric=nps")
    assert page.row("Quay").endswith(
        "2026-03 : what is on record 10 Apr 2026 ana Waits for approval"
    )
    assert page.row("Rope").endswith("ana Said to have no value No survey")
    assert "1 to 2 of 2 values" in page.words
    assert "/metrics/nps/" in page.links()


def test_a_person_has_their_own_list_and_nobody_has_one_too(
    answers: None, pmo_lead: User, client_of: ClientOf
) -> None:
    client = client_of(pmo_lead)
    hers = read(client, f"{MISSING}?person=ana")
    assert "What is assigned to ana." in hers.words
    assert {row.due.metric.code for row in hers.context["page"].page} == {"nps"}
    nobodys = read(client, f"{MISSING}?nobody=1")
    assert {row.due.metric.code for row in nobodys.context["page"].page} == {"fix_days"}
    assert "/assignments/" in nobodys.links()
    both = read(client, MISSING).context["page"]
    assert both.total == 4


def test_the_counts_of_the_closing_page_are_those_of_the_lists_it_leads_to(
    answers: None, pmo_lead: User, client_of: ClientOf
) -> None:
    client = client_of(pmo_lead)
    missing = read(client, CLOSE).context["plan"].missing
    assert {line.metric.code: line.total for line in missing.metrics} == {"nps": 2, "fix_days": 2}
    assert [(each.person.name, each.total) for each in missing.people] == [("ana", 2)]
    assert missing.nobodys == 2
    for line in missing.metrics:
        page = read(client, f"{MISSING}?metric={line.metric.code}").context["page"]
        assert page.total == line.total
    for each in missing.people:
        page = read(client, f"{MISSING}?person={each.person.username}").context["page"]
        assert page.total == each.total
    assert read(client, f"{MISSING}?nobody=1").context["page"].total == missing.nobodys


@pytest.mark.parametrize("query", ["?metric=nothing", "?person=nobody", "?metric=nps&nobody=1"])
def test_a_filter_by_which_nothing_is_missing_says_so(
    ana: User, pmo_lead: User, client_of: ClientOf, query: str
) -> None:
    assert "Nothing is missing" in read(client_of(pmo_lead), f"{MISSING}{query}").words


def test_only_the_months_that_would_be_closed_are_looked_at(
    projects: list[Project], pmo_lead: User, client_of: ClientOf
) -> None:
    rows = read(client_of(pmo_lead), MISSING).context["page"].page
    assert {row.due.month for row in rows} == {MARCH}
    assert not read(client_of(pmo_lead), "/months/2026-02/missing/").context["page"].total


def test_without_any_subject_nothing_is_missing(
    db: None, pmo_lead: User, client_of: ClientOf
) -> None:
    for address in (CLOSE, MISSING):
        assert read(client_of(pmo_lead), address).response.status_code == 200


def test_the_score_told_before_closing_is_the_organisations_own(
    projects: list[Project], pmo_lead: User, client_of: ClientOf
) -> None:
    client = client_of(pmo_lead)
    keep_score(projects[0], 11.0, MARCH)
    assert read(client, CLOSE).context["plan"].overall.score is None
    keep_score(Organisation.objects.get(), 61.0, MARCH)
    keep_score(Organisation.objects.get(), 71.0, APRIL)
    assert read(client, CLOSE).context["plan"].overall.score == 61.0


@pytest.mark.parametrize("address", [CLOSE, MISSING, f"{MISSING}?metric=nps"])
def test_costs_no_more_queries_for_more_values_and_never_too_many(
    answers: None, projects: list[Project], pmo_lead: User, client_of: ClientOf, address: str
) -> None:
    client = client_of(pmo_lead)
    keep_score(Organisation.objects.get(), 61.0, MARCH)
    counts = []
    for number in range(3):
        for other in range(3):
            ProjectFactory(portfolio=projects[0].portfolio)
            person = make_person(f"bo{number}{other}", Role.ANALYST)
            metric = MetricFactory()
            MetricAssignmentFactory(metric=metric, scope=projects[0].portfolio, user=person)
        counts.append(read(client, address).queries)
    assert counts[0] == counts[1] == counts[2] <= MOST_QUERIES, counts
