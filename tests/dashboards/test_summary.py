"""The summary: where the organisation stands, what changed, what needs a decision."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from dashboards.exports import summary as exports
from dashboards.figures import Chart
from dashboards.selectors.moves import Moves
from metrics.choices import Category, OverallRule, RunState
from metrics.models import MonthWeights, Score, SubjectWeight
from projects.choices import SubjectKind
from projects.models import Organisation, Subject
from projects.months import Month
from tests.dashboards.reading import (
    APRIL,
    FEBRUARY,
    MARCH,
    TODAY,
    ClientOf,
    Reader,
    ReadPage,
    assert_costs_no_more,
    keep_score,
    measured,
    read,
)
from tests.factories import (
    CustomerFactory,
    EngagementFactory,
    MonthClosingFactory,
    OfferFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    RescoreNeedFactory,
    ScorecardAssignmentFactory,
    ScorecardFactory,
    ScoreRunFactory,
    SegmentFactory,
    ServiceFactory,
)


@pytest.fixture(autouse=True)
def in_april() -> Iterator[None]:
    with time_machine.travel(TODAY, tick=False):
        yield


@pytest.fixture
def organisation(db: None) -> Organisation:
    """Measured in March, with equal weights for all categories."""
    organisation = OrganisationFactory(name="Ferry Services")
    measured(organisation)
    ScorecardFactory(subject_kind=SubjectKind.ORGANISATION, is_default=True)
    return organisation


@pytest.fixture
def summary(organisation: Organisation, executive: User, client_of: ClientOf) -> Reader:
    """`summary("?month=2026-02")`, as an executive reads it."""
    client = client_of(executive)
    return lambda query="": read(client, f"/summary/{query}")


def test_shows_the_overall_score_with_all_that_keeps_it_honest(
    organisation: Organisation, summary: Reader
) -> None:
    keep_score(organisation, 60.0, FEBRUARY)
    keep_score(organisation, 64.0, coverage=0.75, balance=0.97)

    page = summary()

    assert "Ferry Services" in page.words
    assert "Overall score 64.0" in page.words
    assert "up +4.0 since Feb 2026" in page.words
    assert "75% known possible 48.0 to 73.0" in page.words
    assert "Balance of the four categories 97%" in page.words


def test_an_unknown_category_stands_beside_the_financial_one_and_says_so(
    organisation: Organisation, summary: Reader
) -> None:
    keep_score(organisation, 80.0, tactical=None, longevity=-1)

    tiles = {tile.name: tile for tile in summary().context["board"].categories}

    assert list(tiles) == [str(label) for label in Category.labels]
    assert tiles["Financial"].score == 80.0
    assert (tiles["Tactical"].score, tiles["Tactical"].high) == (None, 100.0)
    assert tiles["Longevity"].why_unknown == "Nothing is expected here"


def bridge_of(page: ReadPage) -> Chart:
    chart: Chart = page.context["bridge"]
    return chart


def test_the_bridge_leads_exactly_from_one_score_to_the_other(
    organisation: Organisation, summary: Reader
) -> None:
    keep_score(organisation, 62.0, FEBRUARY, tactical=40.0, value_creation=70.0, longevity=80.0)
    keep_score(organisation, 64.5, tactical=52.0, value_creation=66.0, longevity=80.0)

    rows = bridge_of(summary()).table.rows

    # Four equal weights: a quarter of each change; what is left is the balance's.
    assert [(row[0], row[1] and round(row[1], 6)) for row in rows] == [
        ("Feb 2026", None),
        ("Tactical", 3.0),
        ("Value creation", -1.0),
        ("Longevity", 0.0),
        ("Financial", 0.625),
        ("Balance", -0.125),
        ("Mar 2026", 2.5),
    ]


def test_the_bridge_weighs_the_categories_as_the_scorecard_does(
    executive: User, client_of: ClientOf
) -> None:
    organisation = OrganisationFactory()
    measured(organisation)
    ScorecardFactory(
        subject_kind=SubjectKind.ORGANISATION,
        is_default=True,
        overall=OverallRule.GEOMETRIC,
        weight_tactical=3,
        weight_value_creation=1,
        weight_longevity=0,
        weight_financial=0,
    )
    keep_score(organisation, 50.0, FEBRUARY)
    keep_score(organisation, 55.0, tactical=60.0, value_creation=50.0)

    rows = bridge_of(read(client_of(executive), "/summary/")).table.rows

    points = {row[0]: round(row[1], 6) for row in rows[1:-1]}
    assert points == {"Tactical": 7.5, "Value creation": 0.0, "Balance": -2.5}


def test_a_closed_months_bridge_weighs_by_the_own_scorecard_that_was_taken_away_since(
    organisation: Organisation, summary: Reader
) -> None:
    own = ScorecardFactory(
        subject_kind=SubjectKind.ORGANISATION,
        weight_tactical=1,
        weight_value_creation=0,
        weight_longevity=0,
        weight_financial=0,
    )
    assignment = ScorecardAssignmentFactory(subject=organisation, scorecard=own)
    keep_score(organisation, 50.0, FEBRUARY)
    keep_score(organisation, 60.0, tactical=60.0, value_creation=90.0)
    MonthClosingFactory(month=MARCH, closed_at=timezone.now())
    with time_machine.travel(timezone.now() + timedelta(days=1), tick=False):
        assignment.delete()

    rows = bridge_of(summary()).table.rows

    assert {row[0]: row[1] for row in rows[1:-1] if row[1]} == {"Tactical": 10.0}


def test_the_bridge_tells_a_category_that_came(organisation: Organisation, summary: Reader) -> None:
    keep_score(organisation, 60.0, FEBRUARY, value_creation=None)
    keep_score(organisation, 66.0, tactical=60.0, longevity=60.0, financial=60.0)

    chart = bridge_of(summary())

    assert "has a score again: 66.0" in {row[3] for row in chart.table.rows}


@pytest.mark.parametrize(
    ("before", "sentence"),
    [
        (None, "March 2026 is the first month with scores"),
        ("insufficient", "March 2026 or February 2026 has no overall score"),
    ],
)
def test_without_two_scores_there_is_no_bridge_but_a_reason(
    before: str | None, sentence: str, organisation: Organisation, summary: Reader
) -> None:
    keep_score(organisation, 60.0)
    if before:
        keep_score(organisation, None, FEBRUARY)

    page = summary()

    assert page.context["bridge"] is None
    assert sentence in page.words


def test_heat_maps_lead_from_every_number_to_its_reasons(
    organisation: Organisation, summary: Reader
) -> None:
    segment, portfolio = SegmentFactory(name="Commuters"), PortfolioFactory(name="Boats")
    keep_score(segment, 81.0, longevity=40.0)
    keep_score(portfolio, 55.0)

    page = summary()

    assert "Commuters External customers 81.0 Green" in page.row("Commuters")
    assert "40.0 Red" in page.row("Commuters")
    assert f"/explain/{segment.code}/2026-03/#longevity" in page.links()
    assert f"/explain/{portfolio.code}/2026-03/#overall" in page.links()
    assert f"/segments/{segment.code}/?month=2026-03" in page.links()


def test_of_many_portfolios_the_lowest_are_shown(
    organisation: Organisation, summary: Reader
) -> None:
    for place in range(15):
        keep_score(PortfolioFactory(name=f"Portfolio number {place}."), 90.0 - place)

    page = summary()

    shown = [node.scores.overall.score for node in page.context["portfolios"]]
    assert shown == [76.0 + place for place in range(12)]
    assert "All 15 portfolios" in page.words


def moved(subject: Subject, by: float, *, new_value: bool = True) -> None:
    """Give a subject scores of two months, and a new value in the second one if asked."""
    keep_score(subject, 60.0, FEBRUARY)
    keep_score(subject, 60.0 + by)
    if new_value:
        measured(subject)


def test_the_largest_moves_are_those_of_subjects_with_two_scores(
    organisation: Organisation, summary: Reader
) -> None:
    moves = {"up": 9.0, "further up": 12.0, "down": -7.0, "hardly": 0.04}
    for name, move in moves.items():
        moved(ProjectFactory(name=name), move)
    keep_score(ProjectFactory(name="new"), 99.0)
    keep_score(CustomerFactory(name="a customer"), 10.0)

    found = summary().context["moves"]

    assert [(move.name, round(move.change, 2)) for move in found.rises] == [
        ("further up", 12.0),
        ("up", 9.0),
    ]
    assert [move.name for move in found.falls] == ["down"]
    assert found.faded == ()


def test_what_moved_without_a_new_value_stands_apart(
    organisation: Organisation, summary: Reader
) -> None:
    moved(ProjectFactory(name="told anew"), -3.0)
    moved(ProjectFactory(name="faded"), -9.0, new_value=False)
    old = ProjectFactory(name="a value of the month before")
    moved(old, 5.0, new_value=False)
    measured(old, FEBRUARY)

    page = summary()
    found = page.context["moves"]

    assert [move.name for move in found.falls] == ["told anew"]
    assert [move.name for move in found.faded] == ["faded", "a value of the month before"]
    assert "Without a new value: faded, gone or joined" in page.words


def test_a_new_value_anywhere_below_is_behind_the_move(
    organisation: Organisation, summary: Reader
) -> None:
    above = PortfolioFactory(name="above")
    project = ProjectFactory(name="at work for a segment", portfolio=PortfolioFactory(parent=above))
    engagement = EngagementFactory(project=project, segment=SegmentFactory(name="served"))
    service = ServiceFactory()
    offered = OfferFactory(service=service, segment=SegmentFactory(name="offered")).segment
    customer = CustomerFactory(segment=SegmentFactory(name="of a customer"))
    quiet = [PortfolioFactory(name="quiet portfolio"), SegmentFactory(name="quiet segment")]
    for below in (engagement, service, customer):
        measured(below)
    renewed: list[Subject] = [above, project, engagement.segment, offered, customer.segment]
    for place, subject in enumerate([*renewed, *quiet]):
        moved(subject, -1.0 - place, new_value=False)

    found = summary().context["moves"]

    # The four largest of a sort are shown, so that the smallest of the renewed is not.
    assert {move.name for move in found.falls} == {subject.name for subject in renewed[1:]}
    assert [move.name for move in found.faded] == ["quiet segment", "quiet portfolio"]


def test_a_new_value_of_a_project_is_one_of_the_segments_that_it_serves(
    organisation: Organisation, summary: Reader
) -> None:
    project = ProjectFactory()
    served, other = SegmentFactory(name="served"), SegmentFactory(name="served by another")
    EngagementFactory(project=project, segment=served)
    EngagementFactory(segment=other)
    measured(project)
    for segment in (served, other):
        moved(segment, -5.0, new_value=False)

    found = summary().context["moves"]

    assert [move.name for move in found.falls] == ["served"]
    assert [move.name for move in found.faded] == ["served by another"]


def test_a_change_of_scores_is_a_word_of_its_own_for_translators(
    organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "pgettext", lambda context, words: f"{words} ({context})")
    tables = exports.moves_table(Moves()), exports.cases_table([])
    assert all(
        "Change (of a score)" in [column.label for column in table.columns] for table in tables
    )


def weighed(*metrics: tuple[str, str, float], month: Month = MARCH) -> MonthWeights:
    """Keep effective weights of metrics: category, perspective, weight."""
    rows = [
        {
            "metric": f"m{place}",
            "name": f"Metric {place}",
            "category": category,
            "perspective": perspective,
            "weight": weight,
        }
        for place, (category, perspective, weight) in enumerate(metrics)
    ]
    kept: MonthWeights = MonthWeights.objects.create(
        month=month, weights=rows, weighed_at=timezone.now()
    )
    return kept


def test_the_cost_meter_divides_what_decides_by_category_and_by_side(
    organisation: Organisation, summary: Reader
) -> None:
    keep_score(organisation, 60.0)
    weighed(
        ("financial", "business", 0.4), ("value_creation", "customer", 0.35), ("tactical", "", 0.25)
    )

    meter = summary().context["cost_meter"]

    assert meter.by_category == (
        ("Tactical", 0.25),
        ("Value creation", 0.35),
        ("Longevity", 0.0),
        ("Financial", 0.4),
    )
    assert meter.by_perspective == (
        ("Customer", 0.35),
        ("Employee", 0.0),
        ("Business", 0.4),
        ("Not said", 0.25),
    )
    assert meter.warnings == ()


@pytest.mark.parametrize(
    ("financial", "perspective", "told"),
    [
        (0.5, "customer", []),
        (0.51, "customer", ["Financial metrics hold 51%"]),
        (0.3, "business", ["Metrics that answer the business\u2019s own questions hold 100%"]),
    ],
)
def test_the_cost_meter_warns_when_one_side_holds_more_than_half(
    organisation: Organisation,
    summary: Reader,
    financial: float,
    perspective: str,
    told: list[str],
) -> None:
    keep_score(organisation, 60.0)
    weighed(
        ("financial", perspective, financial),
        ("longevity", perspective if perspective == "business" else "employee", 1 - financial),
    )

    page = summary()

    assert [words for words in told if words in page.words] == told
    assert len(page.context["cost_meter"].warnings) == len(told)


def test_a_month_that_was_never_weighed_says_so(
    organisation: Organisation, summary: Reader
) -> None:
    keep_score(organisation, 60.0)

    assert "What decided March 2026 was not kept" in summary().words


def test_decisions_are_ordered_by_the_points_that_they_cost_the_organisation(
    organisation: Organisation, summary: Reader
) -> None:
    ScorecardFactory(is_default=True)
    kept = weighed(("tactical", "customer", 1.0))
    for name, score, cost in (
        ("red but small", 10.0, 0.01),
        ("red and large", 40.0, 2.5),
        ("counts for nothing", 5.0, None),
        ("unknown", None, None),
    ):
        project = ProjectFactory(name=name)
        keep_score(project, score)
        if cost is not None:
            SubjectWeight.objects.create(month=kept, subject=project, weight=0.1, below_green=cost)

    page = summary()
    (projects,) = page.context["cases"]

    assert [case.name for case in projects.first] == [
        "red and large",
        "red but small",
        "counts for nothing",
        "unknown",
    ]
    assert page.row("red and large").endswith("35.0 2.50")


def test_needs_a_decision_what_is_red_fallen_or_insufficient(
    organisation: Organisation, summary: Reader
) -> None:
    fine, red, fallen, unknown = (
        ProjectFactory(name=name) for name in ("Fine", "Red one", "Fallen", "Unknown")
    )
    ScorecardFactory(is_default=True)
    for project, before, now in ((fine, 80.0, 80.0), (red, 40.0, 41.0), (fallen, 80.0, 70.0)):
        keep_score(project, before, FEBRUARY)
        keep_score(project, now)
    keep_score(unknown, None, coverage=0.2)

    page = summary()
    (projects,) = page.context["cases"]

    assert (projects.red, projects.fallen, projects.insufficient) == (1, 1, 1)
    assert [case.name for case in projects.first] == ["Red one", "Fallen", "Unknown"]
    assert "was green in Feb 2026" in page.row("Fallen Amber")
    assert page.row("Red one Red").endswith("41.0 Red , why up +1.0 100% 34.0 \u2013 unknown")
    assert "20%" in page.row("Unknown")


def test_where_a_month_was_not_weighed_weight_times_points_below_green_decides(
    organisation: Organisation, summary: Reader
) -> None:
    ScorecardFactory(is_default=True)
    for name, weight, score in (
        ("light and low", 1, 25.0),
        ("heavy and near", 8, 49.0),
        ("without weight", 0, 1.0),
        ("unknown, heavy", 9, None),
        ("unknown, light", 1, None),
    ):
        keep_score(ProjectFactory(name=name, weight=weight), score)

    (projects,) = summary().context["cases"]

    assert [case.name for case in projects.first] == [
        "heavy and near",
        "light and low",
        "without weight",
        "unknown, heavy",
        "unknown, light",
    ]


def test_a_customer_weighs_its_part_of_what_its_segment_weighs(
    organisation: Organisation, summary: Reader
) -> None:
    ScorecardFactory(subject_kind=SubjectKind.CUSTOMER, is_default=True)
    segment = SegmentFactory(weight=6)
    CustomerFactory(segment=segment, weight=9)
    keep_score(CustomerFactory(name="Ann's Bakery", segment=segment, weight=3), 40.0)

    (customers,) = summary().context["cases"]

    assert [(case.weight, case.below_green) for case in customers.first] == [(1.5, 35.0)]


def test_services_weigh_what_their_offers_weigh_and_portfolios_what_their_projects_do(
    organisation: Organisation, summary: Reader
) -> None:
    service, above = ServiceFactory(), PortfolioFactory()
    OfferFactory(service=service, weight=2)
    OfferFactory(service=service, weight=3)
    ProjectFactory(portfolio=PortfolioFactory(parent=above), weight=4)
    ProjectFactory(portfolio=above, weight=1)
    keep_score(service, 40.0)
    keep_score(above, 40.0)

    cases = summary().context["cases"]

    assert [(group.kind, group.first[0].weight) for group in cases] == [
        (SubjectKind.PORTFOLIO, 5.0),
        (SubjectKind.SERVICE, 5.0),
    ]


def test_amber_by_silence_says_which_silence(organisation: Organisation, summary: Reader) -> None:
    ScorecardFactory(is_default=True)
    project = ProjectFactory(name="Quiet")
    keep_score(project, 90.0, FEBRUARY)
    score = keep_score(project, 90.0, longevity=None)
    Score.objects.filter(pk=score.pk).update(overall_band=2)

    assert "a category has no score" in summary().row("Quiet")


def test_a_month_without_scores_does_not_say_that_nothing_needs_a_decision(
    organisation: Organisation, summary: Reader
) -> None:
    keep_score(organisation, 60.0)

    page = summary("?month=2031-01")

    assert "Nothing is scored in this month" in page.words
    assert "Nothing needs a decision" not in page.words


def test_the_running_month_is_told_to_be_unfinished(
    organisation: Organisation, summary: Reader
) -> None:
    keep_score(organisation, 60.0)
    keep_score(organisation, 58.0, APRIL)

    assert "April 2026 is still running" in summary("?month=2026-04").words
    assert "still running" not in summary().words


def test_a_closed_month_is_told_to_be_closed(organisation: Organisation, summary: Reader) -> None:
    keep_score(organisation, 60.0)
    MonthClosingFactory(month=MARCH)

    assert "Month closed" in summary().words


def test_waiting_changes_are_told_until_they_are_scored(
    organisation: Organisation, summary: Reader, executive: User, client_of: ClientOf
) -> None:
    need = RescoreNeedFactory(subject=organisation)
    assert "changes that the scores don't know yet" in summary().words

    run = ScoreRunFactory(state=RunState.RUNNING, done=3, total=30)
    polled = read(client_of(executive), "/score-status/", part="status")
    assert "Scores are being updated" in polled.words
    assert "3 of 30" in polled.words

    need.delete()
    run.delete()
    polled = read(
        client_of(executive),
        "/score-status/",
        part="status",
        **{"HX-Current-URL": "http://testserver/summary/?month=2026-02"},
    )
    assert "The scores are up to date now. Show them" in polled.words
    assert "/summary/?month=2026-02" in polled.links()
    assert "hx-get" not in polled.html


@pytest.mark.parametrize("address", ["/summary/", "/portfolios/", "/projects/", "/segments/"])
def test_an_empty_database_says_what_to_create_first(
    address: str, executive: User, client_of: ClientOf
) -> None:
    page = read(client_of(executive), address)

    assert page.response.status_code == 200
    assert "dashboards/nothing_yet.html" in page.templates


def test_a_workspace_without_segments_portfolios_or_customers_is_shown(
    organisation: Organisation, summary: Reader
) -> None:
    keep_score(organisation, 60.0)

    page = summary()

    assert "No segments yet" in page.words
    assert "No portfolio is measured in this month" in page.words
    assert "Nothing needs a decision" in page.words


def test_a_month_that_is_none_is_refused_with_a_sentence(summary: Reader) -> None:
    assert summary("?month=2026-13").response.status_code == 400


def test_the_first_month_of_all_is_shown(organisation: Organisation, summary: Reader) -> None:
    keep_score(organisation, 60.0, Month.parse("0001-01"))

    assert summary("?month=0001-01").response.status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "/summary/",
        "/portfolios/",
        "/portfolios/X/",
        "/projects/",
        "/projects/X/",
        "/segments/",
        "/segments/X/",
        "/score-status/",
    ],
)
def test_outsiders_are_refused_and_strangers_sign_in(
    address: str, outsider: User, client_of: ClientOf, client: Client
) -> None:
    assert read(client_of(outsider), address).response.status_code == 403
    assert read(client, address).response["Location"].startswith("/sign-in/")


def test_the_summary_costs_no_more_queries_with_more_rows(
    organisation: Organisation, executive: User, client_of: ClientOf
) -> None:
    ScorecardFactory(is_default=True)
    sizes = count(1)

    def grow() -> None:
        for _ in range(next(sizes) * 2):
            segment, project = SegmentFactory(), ProjectFactory()
            customer, service = CustomerFactory(segment=segment), ServiceFactory()
            OfferFactory(service=service, segment=segment)
            for subject in (segment, project, project.portfolio, customer, service):
                keep_score(subject, 80.0, FEBRUARY)
                keep_score(subject, 40.0)

    keep_score(organisation, 60.0, FEBRUARY)
    keep_score(organisation, 61.0)
    assert_costs_no_more(client_of(executive), "/summary/", grow)


def test_a_closed_month_costs_no_more_queries_than_others_may(
    organisation: Organisation, executive: User, client_of: ClientOf
) -> None:
    ScorecardFactory(is_default=True)
    keep_score(organisation, 60.0, FEBRUARY)
    keep_score(organisation, 61.0)
    for month in (FEBRUARY, MARCH):
        MonthClosingFactory(month=month, closed_at=timezone.now())
    assert_costs_no_more(client_of(executive), "/summary/", ProjectFactory)
