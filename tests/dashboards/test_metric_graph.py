"""A formula as a small drawing, the values over time, and what a metric decides."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import time_machine
from django.contrib.auth.models import User
from django.utils import timezone

from dashboards.figures import CurvePlace, MetricCurve, metric_curve_chart
from dashboards.presentation.bands import BandLimits
from dashboards.presentation.formula_graph import formula_graph
from dashboards.selectors.metrics.series import SeriesPart
from metrics.choices import Band, Cadence
from metrics.models import MonthWeights
from tests.dashboards.reading import (
    FEBRUARY,
    MARCH,
    TODAY,
    ClientOf,
    ReadPage,
    assert_costs_no_more,
    keep_score,
    read,
)
from tests.factories import (
    EventFactory,
    MeasurementFactory,
    MetricFactory,
    OrganisationFactory,
    ProjectFactory,
)

pytestmark = pytest.mark.django_db

TAKES_IN = {"margin": ["costs", "overhead"], "costs": ["goods", "revenue"], "bonus": ["margin"]}
NAMES = {
    "margin": "Margin",
    "costs": "Costs of what was sold in per cent of the revenue of the year",
    "overhead": "Overhead",
    "goods": "Goods",
    "revenue": "Revenue",
    "bonus": "Bonus",
    "other": "Other",
}


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(TODAY, tick=False):
        yield


def test_nested_formulas_stand_in_levels_inputs_left_and_users_right() -> None:
    graph = formula_graph("margin", NAMES, TAKES_IN)
    assert graph
    assert {node.code: node.level for node in graph.nodes} == {
        "goods": -2,
        "revenue": -2,
        "costs": -1,
        "overhead": -1,
        "margin": 0,
        "bonus": 1,
    }
    places = {node.code: node.x for node in graph.nodes}
    assert places["goods"] < places["costs"] < places["margin"] < places["bonus"]
    assert len(graph.edges) == 5
    assert max(node.x for node in graph.nodes) < graph.width
    assert max(node.y for node in graph.nodes) < graph.height


def test_an_input_over_two_ways_stands_as_far_off_as_the_longer_one() -> None:
    graph = formula_graph("c", {name: name for name in "abc"}, {"b": ["a"], "c": ["a", "b"]})
    assert graph
    assert {node.code: node.level for node in graph.nodes} == {"a": -2, "b": -1, "c": 0}


def test_a_long_name_is_cut_in_the_drawing_only() -> None:
    graph = formula_graph("margin", NAMES, TAKES_IN)
    assert graph
    costs = next(node for node in graph.nodes if node.code == "costs")
    assert len(costs.lines) == 2
    assert costs.lines[1].endswith("\N{HORIZONTAL ELLIPSIS}")
    assert costs.name == NAMES["costs"]


def test_a_metric_without_formulas_has_no_drawing(executive: User, client_of: ClientOf) -> None:
    assert formula_graph("other", NAMES, TAKES_IN) is None
    MetricFactory(code="other")
    assert '<svg class="formula-graph"' not in read(client_of(executive), "/metrics/other/").html


def test_every_node_is_a_link_and_the_lists_say_the_same(
    executive: User, client_of: ClientOf
) -> None:
    for code in ("goods", "revenue", "overhead"):
        MetricFactory(code=code, name=NAMES[code], curve=None)
    MetricFactory(code="costs", name="Costs", formula="goods / revenue")
    MetricFactory(code="margin", name="Margin", formula="100 - costs - overhead")
    MetricFactory(code="bonus", name="Bonus", formula="margin * 2")
    page = read(client_of(executive), "/metrics/margin/")
    drawing = re.search(r'<svg class="formula-graph".*?</svg>', page.html, re.DOTALL)
    assert drawing
    links = {f"/metrics/{code}/" for code in ("goods", "revenue", "overhead", "costs", "bonus")}
    assert set(re.findall(r'href="([^"]+)"', drawing[0])) == links
    assert (
        "Computed from Costs costs Goods goods Revenue revenue Overhead overhead"
        " Part of the formula of Bonus bonus"
    ) in page.words


def series_of(page: ReadPage) -> SeriesPart:
    found: SeriesPart = page.context["series"]
    return found


def lines_of(page: ReadPage) -> dict[str, list[float | None]]:
    chart = series_of(page).chart
    assert chart
    return {trace.name: list(trace.y) for trace in chart.figure.data}


@pytest.fixture
def three_projects(executive: User) -> None:
    metric = MetricFactory(code="defects", name="Defects", unit="pieces")
    for number, name in enumerate(["Apollo", "Borealis", "Boreas"]):
        project = ProjectFactory(code=f"P-{name.upper()}", name=name)
        for month, value in (("2026-01", 10.0), ("2026-03", 30.0)):
            MeasurementFactory(metric=metric, subject=project, period=month, value=value + number)


def test_the_series_of_the_subjects_in_the_address_are_drawn_with_their_gaps(
    three_projects: None, executive: User, client_of: ClientOf
) -> None:
    page = read(client_of(executive), "/metrics/defects/?subject=P-APOLLO&subject=P-BOREAS")
    assert lines_of(page) == {"Apollo": [10.0, None, 30.0], "Boreas": [12.0, None, 32.0]}
    assert "/metrics/defects/?subject=P-BOREAS#series" in page.links()


def test_while_nobody_is_chosen_the_lowest_are_shown_and_said_to_be(
    three_projects: None, executive: User, client_of: ClientOf
) -> None:
    MeasurementFactory(
        metric__code="other", subject=ProjectFactory(name="Zephyr"), period="2026-03"
    )
    page = read(client_of(executive), "/metrics/defects/")
    assert list(lines_of(page)) == ["Apollo", "Borealis", "Boreas"]
    assert "these are the ones that come out lowest now" in page.words


@pytest.mark.parametrize(
    ("text", "drawn", "near"),
    [
        ("P-APOLLO", ["Apollo"], []),
        ("apollo", ["Apollo"], []),
        ("Boreas", ["Boreas"], []),
        ("polo", [], []),
        ("bore", [], ["Borealis", "Boreas"]),
        ("nobody", [], []),
        ("  ", ["Apollo", "Borealis", "Boreas"], []),
    ],
)
def test_what_is_no_code_is_searched_for(
    three_projects: None,
    executive: User,
    client_of: ClientOf,
    text: str,
    drawn: list[str],
    near: list[str],
) -> None:
    page = read(client_of(executive), f"/metrics/defects/?subject={text}")
    series = series_of(page)
    assert [choice.name for choice in series.chosen] == drawn
    assert [choice.name for choice in series.near] == near
    assert ("is not exactly one subject" in page.words) == (not drawn)


def test_a_subject_of_another_kind_is_none_of_this_metric(
    three_projects: None, executive: User, client_of: ClientOf
) -> None:
    OrganisationFactory(code="WHOLE")
    assert series_of(read(client_of(executive), "/metrics/defects/?subject=WHOLE")).unknown == (
        "WHOLE",
    )


def test_six_subjects_are_drawn_apart_and_no_more(executive: User, client_of: ClientOf) -> None:
    metric = MetricFactory(code="defects")
    codes = [f"P-{number}" for number in range(8)]
    for code in codes:
        MeasurementFactory(metric=metric, subject=ProjectFactory(code=code, name=code))
    query = "&".join(f"subject={code}" for code in codes)
    page = read(client_of(executive), f"/metrics/defects/?{query}")
    chart = series_of(page).chart
    assert chart
    looks = {
        (trace.line.color, trace.line.dash, trace.marker.symbol) for trace in chart.figure.data
    }
    assert len(chart.figure.data) == len(looks) == 6
    assert "Six subjects are as many as can be told apart" in page.words


def test_a_formulas_series_is_computed(executive: User, client_of: ClientOf) -> None:
    first, second = MetricFactory(code="a", curve=None), MetricFactory(code="b", curve=None)
    MetricFactory(code="ratio", formula="a / b")
    project = ProjectFactory(code="P", name="Apollo")
    for month, value in (("2026-02", 8.0), ("2026-03", 6.0)):
        MeasurementFactory(metric=first, subject=project, period=month, value=value)
        MeasurementFactory(metric=second, subject=project, period=month, value=2.0)
    page = read(client_of(executive), "/metrics/ratio/?subject=P")
    assert lines_of(page) == {"Apollo": [4.0, 3.0]}


def test_a_choice_fetches_its_part_and_keeps_the_month(
    three_projects: None, executive: User, client_of: ClientOf
) -> None:
    address = "/metrics/defects/?month=2026-02&subject=bore&subject=P-APOLLO"
    part = read(client_of(executive), address, part="series-part")
    assert "<html" not in part.html
    assert (
        "/metrics/defects/?month=2026-02&subject=P-APOLLO&subject=P-BOREAS#series" in part.links()
    )


@pytest.mark.parametrize(
    "address",
    [
        "/metrics/ratio/",
        "/metrics/ratio/?subject=P-1&subject=pro",
        "/metrics/ratio/?subject=only",
        "/metrics/judged/?subject=only",
        "/metrics/judged/?subject=only&month=2026-02",
    ],
)
def test_the_page_costs_the_same_however_much_there_is(
    executive: User, client_of: ClientOf, address: str
) -> None:
    OrganisationFactory()
    first, second = (MetricFactory(code=code, curve=None) for code in ("a", "b"))
    MetricFactory(code="ratio", formula="a / b")
    one = ProjectFactory(code="P-1", name="The only one")
    keep_score(one, 50.0)
    judged = MetricFactory(code="judged")
    for metric in (first, second, judged):
        MeasurementFactory(metric=metric, subject=one)
    EventFactory(subject=one)

    def grow() -> None:
        for _ in range(3):
            project = ProjectFactory()
            MeasurementFactory(metric=first, subject=project)
            MeasurementFactory(metric=second, subject=project)
            keep_score(project, 60.0)

    assert_costs_no_more(client_of(executive), address, grow)


def test_a_metric_says_what_it_decides_in_the_chosen_month(
    executive: User, client_of: ClientOf
) -> None:
    MetricFactory(code="light")
    MeasurementFactory(metric=MetricFactory(code="heavy"), subject=ProjectFactory())
    MetricFactory(code="idle")
    keep_score(ProjectFactory(), 50.0, FEBRUARY)
    keep_score(ProjectFactory(), 50.0, MARCH)
    row = {"name": "", "category": "tactical", "perspective": ""}
    MonthWeights.objects.create(
        month=MARCH,
        weights=[
            {"metric": "heavy", "weight": 0.875, **row},
            {"metric": "light", "weight": 0.125, **row},
        ],
        weighed_at=timezone.now(),
    )
    client = client_of(executive)
    words = read(client, "/metrics/light/").words
    assert "Decides in Mar 2026 12.5% of the organisation" in words
    assert "overall score number 2 of 2 metrics" in words
    words = read(client, "/metrics/idle/").words
    assert "Decides in Mar 2026 nothing of the organisation" in words
    words = read(client, "/metrics/light/?month=2026-02").words
    assert re.search("Decides in Feb 2026 .{0,4}unknown the month has not been weighed", words)


def test_the_curve_shows_the_values_in_force_in_the_chosen_month(
    executive: User, client_of: ClientOf
) -> None:
    metric = MetricFactory(code="defects")
    project = ProjectFactory(name="Apollo")
    MeasurementFactory(metric=metric, subject=project, period="2026-02", value=20)
    MeasurementFactory(metric=metric, subject=project, period="2026-03", value=80)
    page = read(client_of(executive), "/metrics/defects/?month=2026-02")
    assert page.context["page"].curve.table.rows == [("Apollo", 20.0, 20.0, "Red")]
    assert "with the values in force in Feb 2026" in page.words


def curve_of(places: list[CurvePlace]) -> MetricCurve:
    return MetricCurve("Defects", [(0, 0), (100, 100)], places, limits=BandLimits())


def test_hundreds_of_values_are_small_and_counted_in_a_second_row() -> None:
    few = metric_curve_chart(curve_of([CurvePlace("a", 50, 50, Band.AMBER)])).figure
    assert not any(trace.type == "bar" for trace in few.data)
    places = [CurvePlace(f"{n}", n % 100, n % 100, Band.AMBER) for n in range(600)]
    many = metric_curve_chart(curve_of(places)).figure
    bars = [trace for trace in many.data if trace.type == "bar"]
    assert sum(sum(bar.y) for bar in bars) == 600
    marks = {
        trace.name: trace.marker.size
        for trace in many.data
        if trace.type == "scatter" and trace.mode == "markers"
    }
    assert marks == {"Amber": 8}


def test_the_bands_lie_behind_the_curve() -> None:
    figure = metric_curve_chart(curve_of([])).figure
    grounds = [(shape.y0, shape.y1) for shape in figure.layout.shapes if shape.type == "rect"]
    assert grounds == [(-2, 50), (50, 75), (75, 102)]


def test_a_value_far_off_is_marked_at_the_edge_and_told() -> None:
    chart = metric_curve_chart(curve_of([CurvePlace("Far", 1e6, 100, Band.GREEN)]))
    _low, high = chart.figure.layout.xaxis.range
    assert high == 400
    (mark,) = (trace for trace in chart.figure.data if trace.mode == "markers")
    assert list(mark.x) == [400]
    assert "1 value beyond what is drawn: marked at the edge." in chart.summary


def test_a_weekly_series_ends_with_the_running_week_unfinished(
    executive: User, client_of: ClientOf
) -> None:
    metric = MetricFactory(code="defects", cadence=Cadence.WEEK)
    project = ProjectFactory(code="P")
    for week in ("2026-W13", "2026-W15"):
        MeasurementFactory(metric=metric, subject=project, period=week)
    chart = series_of(read(client_of(executive), "/metrics/defects/?subject=P")).chart
    assert chart
    (line,) = chart.figure.data
    assert list(line.y) == [50.0, None, 50.0]
    assert line.marker.color[-1] == "var(--surface)"
