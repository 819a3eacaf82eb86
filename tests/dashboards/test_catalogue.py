"""The page of ready-made metrics."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from metrics.catalogue import CATALOGUE
from metrics.models import MetricDefinition
from tests.dashboards.reading import ClientOf, assert_costs_no_more, plain, read
from tests.factories import MetricFactory

pytestmark = pytest.mark.django_db

PAGE = "/catalogue/"


@pytest.fixture
def lead(pmo_lead: User, client_of: ClientOf) -> Client:
    return client_of(pmo_lead)


def shown(client: Client, query: str = "") -> list[str]:
    categories = read(client, PAGE + query).context["categories"]
    return [row.entry.code for category in categories for row in category.entries]


def test_everything_is_shown_by_category_with_its_question_and_curve(lead: Client) -> None:
    page = read(lead, PAGE)
    assert [category.label for category in page.context["categories"]] == [
        "Tactical",
        "Value creation",
        "Longevity",
        "Financial",
    ]
    assert sorted(shown(lead)) == sorted(CATALOGUE)
    assert "Would I recommend you?" in page.words
    assert page.html.count('class="curve-plot__line"') == sum(
        bool(e.curve) for e in CATALOGUE.values()
    )
    assert "34 ready-made metrics" in page.words


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("?q=recommend", ["nps"]),
        ("?category=longevity&kind=service", ["certified_people"]),
        ("?kind=organisation&perspective=employee", ["employee_tenure"]),
        ("?q=nothing+like+it", []),
    ],
)
def test_it_is_filtered_by_the_address(lead: Client, query: str, codes: list[str]) -> None:
    assert shown(lead, query) == codes


def test_what_is_ticked_is_copied_and_the_way_goes_on_to_the_scorecards(lead: Client) -> None:
    MetricFactory(code="nps")
    answer = lead.post(PAGE, {"code": ["nps", "cost_per_case"]})
    assert answer.status_code == 200
    codes = set(MetricDefinition.objects.values_list("code", flat=True))
    assert codes == {"nps", "nps_2", "cost_per_case", "cost_per_minute", "minutes_per_case"}
    words = plain(answer.content.decode())
    assert "4 metrics copied" in words
    assert "Cost per minute cost_per_minute, service; came along, a formula needs it" in words
    assert 'href="/metrics/nps_2/"' in answer.content.decode()


def test_what_is_there_already_is_told_before_it_is_copied_again(lead: Client) -> None:
    MetricFactory(code="nps")
    assert (
        "You have a metric called nps already; another copy gets a number."
        in read(lead, PAGE).words
    )


def test_nothing_ticked_is_told_and_an_unknown_code_too(lead: Client) -> None:
    for codes, sentence in (
        ([], "Choose at least one metric to copy."),
        (["npss", "adoption"], '"npss" is no ready-made metric; did you mean nps?'),
    ):
        answer = lead.post(PAGE, {"code": codes})
        assert answer.status_code == 422
        assert sentence in plain(answer.content.decode())
    assert not MetricDefinition.objects.exists()


def test_what_was_ticked_stays_ticked_when_something_is_refused(lead: Client) -> None:
    html = lead.post(PAGE, {"code": ["npss", "adoption"]}).content.decode()
    assert 'value="adoption" checked' in html
    assert html.count(" checked") == 1


def test_a_filter_hides_nothing_that_was_not_asked_about(lead: Client) -> None:
    html = lead.get(PAGE + "?q=recommend").content.decode()
    assert f'action="{PAGE}?q=recommend"' in html


def test_only_who_keeps_definitions_copies_them(
    executive: User, analyst: User, client_of: ClientOf
) -> None:
    for person in (executive, analyst):
        assert client_of(person).get(PAGE).status_code == 403
        assert client_of(person).post(PAGE, {"code": "nps"}).status_code == 403
    assert not MetricDefinition.objects.exists()


def test_the_page_costs_the_same_however_many_metrics_there_are(lead: Client) -> None:
    assert_costs_no_more(lead, PAGE, MetricFactory)


def test_an_empty_portal_leads_a_keeper_to_the_catalogue(lead: Client) -> None:
    page = read(lead, "/summary/")
    assert PAGE in page.links()
