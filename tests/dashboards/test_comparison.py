"""What a page's changes are counted from: the month before, the same month last year, any other."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import BytesIO, StringIO
from itertools import count

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from openpyxl import load_workbook

from dashboards.presentation.months import ComparisonPicker
from dashboards.presentation.numbers import MINUS
from dashboards.selectors.months import LAST_YEAR
from metrics.choices import Band
from projects.choices import SubjectKind
from projects.models import Customer, Organisation, Project
from projects.months import Month
from tests.dashboards.reading import (
    FEBRUARY,
    MARCH,
    TODAY,
    ClientOf,
    assert_costs_no_more,
    keep_score,
    measured,
    read,
)
from tests.factories import (
    CustomerFactory,
    EngagementFactory,
    MeasurementFactory,
    OfferFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    ScorecardFactory,
    SegmentFactory,
    ServiceFactory,
)

JANUARY = Month.parse("2026-01")
YEAR_BEFORE = Month.parse("2025-03")


@pytest.fixture(autouse=True)
def in_april() -> Iterator[None]:
    with time_machine.travel(TODAY, tick=False):
        yield


@pytest.fixture
def organisation(db: None) -> Organisation:
    """60 a year ago, 70 in January and February, 64 in March."""
    organisation = OrganisationFactory()
    measured(organisation)
    ScorecardFactory(subject_kind=SubjectKind.ORGANISATION, is_default=True)
    keep_score(organisation, 60.0, YEAR_BEFORE)
    keep_score(organisation, 70.0, JANUARY, tactical=82.0)
    keep_score(organisation, 70.0, FEBRUARY)
    keep_score(organisation, 64.0)
    return organisation


@pytest.fixture
def reader(organisation: Organisation, executive: User, client_of: ClientOf) -> Client:
    return client_of(executive)


@pytest.fixture
def ferry(organisation: Organisation) -> Project:
    """Green a year ago, amber ever since."""
    ferry = ProjectFactory(code="FERRY", name="Ferry")
    for month, score in ((YEAR_BEFORE, 80.0), (JANUARY, 52.0), (FEBRUARY, 55.0), (MARCH, 61.5)):
        keep_score(ferry, score, month)
    return ferry


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", f"down {MINUS}6.0 since Feb 2026"),
        ("?against=2026-01", f"down {MINUS}6.0 since Jan 2026"),
        ("?against=last-year", "up +4.0 since Mar 2025"),
    ],
)
def test_a_tile_says_how_far_the_score_is_from_the_chosen_month(
    reader: Client, query: str, told: str
) -> None:
    assert f"Overall score 64.0 Amber {told}" in read(reader, f"/summary/{query}").words


def test_the_bridge_leads_exactly_from_any_earlier_month(reader: Client) -> None:
    bridge = read(reader, "/summary/?against=2026-01").context["bridge"]

    points = [row[1] for row in bridge.table.rows]
    assert bridge.title == "What changed since January 2026"
    assert bridge.table.rows[0][0] == "Jan 2026"
    # From four categories at 82 and 70, and a score of 70, to 64: the parts lead there.
    assert points[1:5] == pytest.approx([-4.5, -1.5, -1.5, -1.5])
    assert sum(points[1:6]) == pytest.approx(64.0 - 70.0) == points[6]


def test_moves_and_decisions_follow_the_comparison(reader: Client, ferry: Project) -> None:
    MeasurementFactory(
        subject=ferry, metric__subject_kind=ferry.kind, period=str(MARCH), month=MARCH
    )

    usual, yearly = read(reader, "/summary/"), read(reader, "/summary/?against=last-year")

    assert [move.name for move in usual.context["moves"].rises] == ["Ferry"]
    assert usual.context["cases"] == []
    assert "Red, fallen a band since February 2026" in usual.words
    assert [move.name for move in yearly.context["moves"].falls] == ["Ferry"]
    [group] = yearly.context["cases"]
    assert (group.counts, group.first[0].band_before) == ("1 fallen", Band.GREEN)
    assert "was green in Mar 2025" in yearly.words


def test_a_column_of_changes_is_counted_sorted_and_headed_by_the_comparison(
    reader: Client, ferry: Project
) -> None:
    other = ProjectFactory(name="Other")
    keep_score(other, 60.0, YEAR_BEFORE)
    keep_score(other, 61.0, FEBRUARY)
    keep_score(other, 61.0)

    page = read(reader, "/projects/?against=last-year&sort=change")

    assert "Change since Mar 2025" in page.words
    assert f"down {MINUS}18.5" in page.row("Ferry")
    assert [row.scores.name for row in page.context["projects"]] == ["Ferry", "Other"]
    usual = read(reader, "/projects/?sort=change")
    assert [row.scores.name for row in usual.context["projects"]] == ["Other", "Ferry"]


def test_a_month_without_scores_makes_every_change_unknown_and_never_zero(
    reader: Client, ferry: Project
) -> None:
    page = read(reader, "/projects/?against=2025-06")

    assert "Nothing is scored in June 2025: every change since then is unknown." in page.words
    assert "Change since Jun 2025" in page.words
    assert page.context["projects"][0].scores.change is None
    assert "change unknown" in page.row("Ferry")
    summary = read(reader, "/summary/?against=2025-06")
    assert summary.context["bridge"] is None
    assert "No score in Jun 2025 to compare with" in summary.words


def test_a_comparison_with_a_month_that_is_not_earlier_is_the_usual_one_and_says_so(
    reader: Client,
) -> None:
    page = read(reader, "/summary/?month=2026-02&against=2026-03")

    assert "March 2026 is not before February 2026" in page.words
    assert "unchanged 0.0 since Jan 2026" in page.words
    assert [choice.value for choice in page.context["comparison"].usual if choice.is_chosen] == [""]


def test_the_picker_offers_the_month_before_last_year_and_every_other_month() -> None:
    months = [YEAR_BEFORE, JANUARY, FEBRUARY, MARCH]

    picker = ComparisonPicker.of(months, month=MARCH, chosen="2026-01", last_year=LAST_YEAR)

    assert [(choice.value, choice.label) for choice in picker.usual] == [
        ("", "Feb 2026, month before"),
        (LAST_YEAR, "Mar 2025, last year"),
    ]
    assert [(choice.value, choice.is_chosen) for choice in picker.others] == [
        ("2026-01", True),
        ("2025-03", False),
    ]


def test_a_month_with_nothing_before_it_has_nothing_to_choose() -> None:
    assert not ComparisonPicker.of([MARCH], month=MARCH, chosen="", last_year=LAST_YEAR)


def test_last_year_is_not_offered_before_there_was_one() -> None:
    picker = ComparisonPicker.of(
        [JANUARY, FEBRUARY, MARCH], month=MARCH, chosen="", last_year=LAST_YEAR
    )

    assert [choice.value for choice in picker.usual] == [""]


def test_a_comparison_that_is_no_month_is_refused(reader: Client) -> None:
    assert reader.get("/summary/?against=soon").status_code == 400


def test_links_sorts_pagers_and_the_month_picker_keep_the_comparison(
    reader: Client, ferry: Project
) -> None:
    for number in range(51):
        keep_score(ProjectFactory(code=f"P{number}"), 70.0)

    links = read(reader, "/projects/?month=2026-03&against=last-year").links()

    assert "/projects/FERRY/?month=2026-03&against=last-year" in links
    assert "/explain/FERRY/2026-03/?against=2025-03#overall" in links
    kept = [link for link in links if link.startswith("?")]
    assert any("sort=change" in link for link in kept)
    assert any("page=2" in link for link in kept)
    assert any("month=2026-02" in link for link in kept)
    assert all("against=last-year" in link for link in kept)


def test_the_fragment_of_a_list_follows_the_comparison(reader: Client, ferry: Project) -> None:
    part = read(reader, "/projects/?against=last-year", part="projects")

    assert "Change since Mar 2025" in part.words
    assert f"down {MINUS}18.5" in part.row("Ferry")


def test_an_export_follows_the_comparison_and_says_so(reader: Client, ferry: Project) -> None:
    address = "/projects/?against=last-year&export=projects"
    response = reader.get(f"{address}.csv")
    [row] = csv.DictReader(StringIO(response.content.decode("utf-8-sig")))
    book = load_workbook(BytesIO(reader.get(f"{address}.xlsx").content))

    assert float(row["Change of overall"]) == -18.5
    assert "projects-2026-03-since-2025-03.csv" in response["Content-Disposition"]
    told = [[cell.value for cell in line[:2]] for sheet in book for line in sheet.iter_rows()]
    assert ["Changes since", "March 2025"] in told


def test_who_is_at_risk_does_not_depend_on_the_comparison(reader: Client) -> None:
    customer: Customer = CustomerFactory(code="ACME", name="Acme")
    for month, score in ((YEAR_BEFORE, 99.0), (FEBRUARY, 80.0), (MARCH, 79.0)):
        keep_score(customer, score, month)

    page = read(reader, "/customers/?against=last-year&sort=change")

    assert "No sign of risk green" in page.row("Acme")
    assert f"down {MINUS}20.0" in page.row("Acme")
    assert "Here that month is February 2026." in page.words
    one = read(reader, "/customers/ACME/?against=last-year")
    assert "No sign of risk" in one.words
    assert f"down {MINUS}20.0 since Mar 2025" in one.words


ADDRESSES = (
    "/summary/",
    "/portfolios/",
    "/portfolios/PF/",
    "/projects/",
    "/projects/FERRY/",
    "/segments/",
    "/segments/SEG/",
    "/customers/",
    "/customers/CUS/",
    "/services/",
    "/services/SRV/",
)


@pytest.fixture
def one_of_each(ferry: Project) -> None:
    segment = SegmentFactory(code="SEG")
    service = ServiceFactory(code="SRV")
    OfferFactory(segment=segment, service=service)
    everything = [
        PortfolioFactory(code="PF"),
        segment,
        service,
        CustomerFactory(code="CUS", segment=segment),
        EngagementFactory(project=ferry, segment=segment),
    ]
    for subject in everything:
        keep_score(subject, 50.0, YEAR_BEFORE)
        keep_score(subject, 62.5)


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_page_offers_the_choice_and_tells_it_where_a_change_stands(
    reader: Client, one_of_each: None, address: str
) -> None:
    page = read(reader, f"{address}?month=2026-03&against=last-year")

    assert 'name="against"' in page.html
    assert "Mar 2025, last year" in page.words
    assert "since Mar 2025" in page.words
    assert "+12.5" in page.words or f"{MINUS}18.5" in page.words
    assert "since Feb 2026" not in page.words


@pytest.mark.parametrize("address", ADDRESSES)
def test_links_to_other_pages_of_the_month_keep_the_comparison(
    reader: Client, one_of_each: None, address: str
) -> None:
    links = read(reader, f"{address}?month=2026-03&against=last-year").links()

    about_the_month = [
        link for link in links if "month=2026-03" in link and "/compare/" not in link
    ]
    assert about_the_month
    assert [link for link in about_the_month if "against=last-year" not in link] == []


@pytest.mark.parametrize("address", ["/summary/", "/projects/", "/customers/", "/segments/"])
def test_a_comparison_costs_no_more_queries_with_more_rows(
    reader: Client, one_of_each: None, address: str
) -> None:
    sizes = count(1)

    def grow() -> None:
        for _ in range(next(sizes) * 2):
            for subject in (ProjectFactory(), CustomerFactory(), SegmentFactory()):
                keep_score(subject, 40.0, YEAR_BEFORE)
                keep_score(subject, 55.0)

    assert_costs_no_more(reader, f"{address}?month=2026-03&against=last-year", grow)
