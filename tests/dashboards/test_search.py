"""Search: what has every word in its name or code, the best fit first."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.dashboards.reading import ClientOf, Reader, ReadPage, assert_costs_no_more, read
from tests.factories import (
    CustomerFactory,
    EngagementFactory,
    MetricFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    ScorecardFactory,
    SegmentFactory,
    ServiceFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def search(executive: User, client_of: ClientOf) -> Reader:
    client = client_of(executive)

    def search(text: str, part: str = "", month: str = "") -> ReadPage:
        address = f"/search/?q={text}" + (f"&month={month}" if month else "")
        return read(client, address, part=part)

    return search


def names(page: ReadPage) -> list[str]:
    return [hit.found.name for hit in page.context["hits"]]


def test_every_kind_with_a_page_is_found_and_leads_to_it(search: Reader) -> None:
    OrganisationFactory(code="X-ORG", name="Xenon")
    project = ProjectFactory(
        code="X-P", name="Xenon P", portfolio=PortfolioFactory(code="X-F", name="Xenon F")
    )
    segment = SegmentFactory(code="X-S", name="Xenon S")
    EngagementFactory(project=project, segment=segment)
    CustomerFactory(code="X-C", name="Xenon C", segment=segment)
    ServiceFactory(code="X-V", name="Xenon V")
    MetricFactory(code="x_m", name="Xenon M")
    ScorecardFactory(code="X-K", name="Xenon K")

    page = search("xenon")

    assert {hit.found.name: hit.url for hit in page.context["hits"]} == {
        "Xenon": "/summary/",
        "Xenon F": "/portfolios/X-F/",
        "Xenon P": "/projects/X-P/",
        "Xenon S": "/segments/X-S/",
        "Xenon C": "/customers/X-C/",
        "Xenon V": "/services/X-V/",
        "Xenon M": "/metrics/x_m/",
        "Xenon K": "/scorecards/X-K/",
    }


def test_the_month_that_is_looked_at_is_kept(search: Reader) -> None:
    SegmentFactory(code="S", name="Xenon")

    assert search("xenon", month="2026-02").context["hits"][0].url == "/segments/S/?month=2026-02"


def test_the_very_code_comes_first_then_beginnings_then_words_then_the_rest(
    search: Reader,
) -> None:
    for code, name in (
        ("A", "The unported"),
        ("B", "A port of call"),
        ("PORTSIDE", "Quay"),
        ("C", "Portable"),
        ("PORT", "Zebra"),
    ):
        SegmentFactory(code=code, name=name)

    assert names(search("port")) == ["Zebra", "Portable", "Quay", "A port of call", "The unported"]


def test_every_word_must_occur_in_name_or_code(search: Reader) -> None:
    SegmentFactory(code="EU-1", name="Small businesses")
    SegmentFactory(code="US-1", name="Small businesses overseas")

    assert names(search("small eu-")) == ["Small businesses"]
    assert names(search("small none")) == []


@pytest.mark.parametrize("text", ["", "%20%20", "%25", "_", "\\"])
def test_nothing_to_look_for_and_wild_cards_find_nothing(search: Reader, text: str) -> None:
    SegmentFactory(code="S", name="Xenon")

    assert names(search(text)) == []


def test_the_list_below_the_field_shows_the_best_and_leads_to_all(search: Reader) -> None:
    for place in range(11):
        SegmentFactory(code=f"S{place}", name=f"Xenon {place}")

    page = search("xenon", part="search-list", month="2026-02")

    assert len(page.context["hits"]) == 8
    assert "dashboards/search.html" not in page.templates
    assert "All 11 that fit" in page.words
    assert "/search/?q=xenon&month=2026-02" in page.links()


def test_what_is_found_is_shown_as_text(search: Reader) -> None:
    SegmentFactory(code="S", name="<b>bold</b>")

    assert "<b>bold</b>" not in search("bold", part="search-list").html
    assert "<script>" not in search("%3Cscript%3E").html.partition("<main")[2]


def test_a_search_costs_no_more_queries_with_more_rows(
    executive: User, client_of: ClientOf
) -> None:
    def grow() -> None:
        for _ in range(40):
            SegmentFactory(name="Xenon and so on")
            MetricFactory(name="Xenon as well")

    grow()  # beyond what a page shows, so that everything is counted at each size
    grow()
    assert_costs_no_more(client_of(executive), "/search/?q=xenon", grow)


def test_people_without_the_dashboards_have_no_field(
    outsider: User, executive: User, client_of: ClientOf, client: Client
) -> None:
    assert read(client_of(outsider), "/search/?q=x").response.status_code == 403
    assert 'id="search-field"' not in read(client_of(outsider), "/account/").html
    assert 'id="search-field"' in read(client_of(executive), "/account/").html
    assert read(client, "/search/?q=x").response.status_code == 302
