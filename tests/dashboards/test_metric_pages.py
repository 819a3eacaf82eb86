"""The pages of metrics: what each number means, and how much of it has come."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from django.contrib.auth.models import User

from dashboards.urls import urlpatterns
from metrics.choices import Cadence, Category
from metrics.models import MetricDefinition, Scorecard
from metrics.workspace import dump_workspace, load_workspace
from projects.months import Month
from tests.dashboards.reading import TODAY, ClientOf, assert_costs_no_more, read
from tests.factories import (
    CurveOverrideFactory,
    ExemptionFactory,
    MeasurementFactory,
    MetricAssignmentFactory,
    MetricFactory,
    OrganisationFactory,
    ProjectFactory,
    ScorecardFactory,
    ScorecardLineFactory,
)

pytestmark = pytest.mark.django_db

LIST = "/metrics/"
ADDRESSES_WITHOUT_A_CODE = [
    str(each.pattern) for each in urlpatterns if "<" not in str(each.pattern)
]


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(TODAY, tick=False):
        yield


def scored_metric(**fields: object) -> MetricDefinition:
    """On the default scorecard of projects."""
    metric = MetricFactory(**fields)
    card = ScorecardFactory(is_default=True, name="Delivery")
    ScorecardLineFactory(scorecard=card, metric=metric, weight=2.0)
    return metric


def test_the_list_tells_of_each_metric_what_one_asks_first(
    executive: User, analyst: User, client_of: ClientOf
) -> None:
    metric = scored_metric(
        code="defects",
        name="Defects",
        unit="pieces",
        question="Does it work?",
        owner_role="Test manager",
        dimension="quality",
        perspective="customer",
    )
    MetricAssignmentFactory(metric=metric, user=analyst, scope=OrganisationFactory())
    for value in (1, 2, None):
        project = ProjectFactory()
        if value is not None:
            MeasurementFactory(metric=metric, subject=project, value=value)
    page = read(client_of(executive), LIST)
    assert page.row("Defects") == (
        "Defects defects, in pieces Does it work? Tactical Quality, Customer Project Monthly"
        " Test manager Delivery analyst 67% 2 of 3 for 2026-03"
    )


def test_what_is_expected_follows_scorecards_spans_and_exemptions(
    executive: User, client_of: ClientOf
) -> None:
    metric = scored_metric(name="Defects")
    there, missing, exempt = ProjectFactory(), ProjectFactory(), ProjectFactory()
    ProjectFactory(active_until=Month.parse("2026-02"))
    ExemptionFactory(metric=metric, subject=exempt)
    MeasurementFactory(metric=metric, subject=there)
    MeasurementFactory(metric=metric, subject=missing, period="2026-02")
    MeasurementFactory(metric=metric, subject=exempt)
    assert "50% 1 of 2 for 2026-03" in read(client_of(executive), LIST).row("Defects")


def test_a_formula_is_complete_where_all_that_it_takes_in_has_come(
    executive: User, client_of: ClientOf
) -> None:
    first, second = MetricFactory(code="a", curve=None), MetricFactory(code="b", curve=None)
    scored_metric(name="Ratio", formula="a / b")
    whole, half = ProjectFactory(), ProjectFactory()
    MeasurementFactory(metric=first, subject=whole)
    MeasurementFactory(metric=second, subject=whole)
    MeasurementFactory(metric=first, subject=half)
    row = read(client_of(executive), LIST).row("Ratio")
    assert "computed 50% 1 of 2 for 2026-03" in row


def test_what_nobody_needs_is_expected_of_everybody_and_without_subjects_of_nobody(
    executive: User, client_of: ClientOf
) -> None:
    MetricFactory(name="Loose")
    MetricFactory(name="Empty", subject_kind="segment")
    ProjectFactory()
    page = read(client_of(executive), LIST)
    assert "none any analyst 0% 0 of 1 for 2026-03" in page.row("Loose")
    assert "unknown none expected for 2026-03" in page.row("Empty")


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ["Alpha", "Beta", "Gamma"]),
        ("?sort=-name", ["Gamma", "Beta", "Alpha"]),
        ("?sort=cadence", ["Beta", "Gamma", "Alpha"]),
        ("?sort=nonsense", ["Alpha", "Beta", "Gamma"]),
        ("?q=BET", ["Beta"]),
        ("?q=stay+home", ["Gamma"]),
        ("?category=financial", ["Beta"]),
        ("?kind=segment", ["Gamma"]),
        ("?cadence=quarter", ["Alpha"]),
        ("?standing=computed", ["Beta"]),
        ("?standing=scored", []),
        ("?category=nonsense", ["Alpha", "Beta", "Gamma"]),
    ],
)
def test_the_list_is_filtered_and_sorted_by_the_address(
    executive: User, client_of: ClientOf, query: str, shown: list[str]
) -> None:
    MetricFactory(code="alpha", name="Alpha", cadence=Cadence.QUARTER)
    MetricFactory(code="beta", name="Beta", category=Category.FINANCIAL, formula="gone")
    MetricFactory(
        code="gamma", name="Gamma", subject_kind="segment", question="Do you stay at home?"
    )
    MetricDefinition.objects.filter(code="beta").update(formula="alpha_2")
    MetricDefinition.objects.filter(code="alpha").update(code="alpha_2")
    page = read(client_of(executive), LIST + query)
    assert [row.metric.name for row in page.context["metrics"]] == shown


def test_without_metrics_a_keeper_is_led_to_the_catalogue_and_others_are_told_who_begins(
    pmo_lead: User, executive: User, client_of: ClientOf
) -> None:
    page = read(client_of(pmo_lead), LIST)
    assert "There is no metric yet" in page.words
    assert "/catalogue/" in page.links()
    page = read(client_of(executive), LIST)
    assert "A PMO lead or an administrator defines what is measured." in page.words
    assert "/catalogue/" not in page.links()


def test_a_metric_tells_its_definition_in_words(executive: User, client_of: ClientOf) -> None:
    metric = scored_metric(
        code="defects",
        name="Defects",
        question="Does it work?",
        description="Counted on Fridays.",
        unit="pieces",
        cadence=Cadence.WEEK,
        time_aggregation="mean",
        due_days=5,
        grace_months=2,
        dimension="quality",
        perspective="customer",
        curve=[[0, 100], [10, 0]],
        asks_why_red=True,
        needs_approval=True,
        active_from=Month.parse("2025-01"),
    )
    page = read(client_of(executive), f"/metrics/{metric.code}/")
    assert (
        "Counted on Fridays. Measured of each project, weekly, in pieces. It belongs to tactical"
        " and is about quality, from the customer's side. Of the weeks of one month their mean"
        " counts. A value is due 5 days after the week has ended. When the next value does not"
        " come, the last one still counts for 2 months, fading. Lower is better: 0 pieces or less"
        " scores 100, 10 pieces or more scores 0. It is expected from January 2025 on. A value"
        " counts once somebody else has approved it. A value that comes out red needs a sentence"
        " of explanation."
    ) in page.words


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"curve": [[0, 0], [5, 100]]}, "Higher is better: 0 or less scores 0, 5 or more"),
        ({"curve": [[0, 0], [5, 90], [7, 90], [9, 10]]}, "Best at 5 to 7, which scores 90;"),
        ({"curve": [[0, 0], [5, 90], [9, 10]]}, "Best at 5, which scores 90; less and more are"),
        ({"curve": None}, "It has no curve: its values are shown and computed with, not scored."),
        ({"due_days": 0}, "A value is due on the last day of its month."),
        ({"grace_months": 0}, "the last one stops counting at once."),
        ({"formula": "input_ * 2"}, "Computed of each project, monthly."),
        ({"subject_kind": "organisation"}, "Measured of the organisation, monthly."),
        (
            {"active_from": Month.parse("2025-01"), "active_until": Month.parse("2025-06")},
            "It is expected from January 2025 until June 2025.",
        ),
        ({"active_until": Month.parse("2025-06")}, "It is expected until June 2025."),
    ],
)
def test_the_words_follow_the_definition(
    executive: User, client_of: ClientOf, fields: dict[str, object], sentence: str
) -> None:
    MetricFactory(code="input_")
    metric = MetricFactory(**fields)
    assert sentence in read(client_of(executive), f"/metrics/{metric.code}/").words


def test_everybodys_value_in_force_stands_on_the_curve(
    executive: User, client_of: ClientOf
) -> None:
    metric = scored_metric(grace_months=1)
    values = {"Green": 80, "Amber": 60, "Red": 20}
    for name, value in values.items():
        MeasurementFactory(metric=metric, subject=ProjectFactory(name=name), value=value)
    fading, gone, exempt = (ProjectFactory(name=name) for name in ("Fading", "Gone", "Exempt"))
    MeasurementFactory(metric=metric, subject=fading, period="2026-02", value=90)
    MeasurementFactory(metric=metric, subject=gone, period="2026-01", value=90)
    MeasurementFactory(metric=metric, subject=exempt, value=90)
    ExemptionFactory(metric=metric, subject=exempt)
    page = read(client_of(executive), f"/metrics/{metric.code}/")
    table = page.context["page"].curve.table
    assert [row[0] for row in table.rows] == ["Red", "Amber", "Green", "Fading"]
    assert [row[3] for row in table.rows] == ["Red", "Amber", "Green", "Green"]
    assert "Of 4 subjects with a value: 2 green, 1 amber and 1 red." in page.words


def test_a_subject_with_a_curve_of_its_own_is_judged_by_it(
    executive: User, client_of: ClientOf
) -> None:
    metric = scored_metric()
    project = ProjectFactory(name="Apollo")
    MeasurementFactory(metric=metric, subject=project, value=20)
    CurveOverrideFactory(metric=metric, subject=project)
    page = read(client_of(executive), f"/metrics/{metric.code}/")
    assert page.context["page"].curve.table.rows == [
        ("Apollo", 20.0, 80.0, "Green", "a curve of its own")
    ]
    assert "Judged by a curve of its own: Apollo." in page.words
    assert "1 of these subjects has a curve of its own" in page.words
    assert f"Apollo {project.code} Mar 2026" in page.words


def test_a_formula_links_its_inputs_and_an_input_its_formulas(
    executive: User, client_of: ClientOf
) -> None:
    MetricFactory(code="a", name="Alpha", curve=None)
    MetricFactory(code="b", name="Beta", curve=None)
    MetricFactory(code="ratio", name="Ratio", formula="a / b")
    page = read(client_of(executive), "/metrics/ratio/")
    assert {"/metrics/a/", "/metrics/b/"} <= set(page.links())
    assert "Formula a / b" in page.words
    page = read(client_of(executive), "/metrics/a/")
    assert "/metrics/ratio/" in page.links()
    assert "Part of the formula of Ratio" in page.words


def test_only_a_keeper_is_offered_to_change_anything(
    executive: User, pmo_lead: User, client_of: ClientOf
) -> None:
    metric = MetricFactory(code="defects")
    override = CurveOverrideFactory(metric=metric)
    exemption = ExemptionFactory(metric=metric)
    offered = {
        "/metrics/defects/edit/",
        "/metrics/defects/delete/",
        "/metrics/defects/overrides/new/",
        f"/metrics/defects/overrides/{override.pk}/",
        f"/metrics/defects/overrides/{override.pk}/delete/",
        "/metrics/defects/exemptions/new/",
        f"/metrics/defects/exemptions/{exemption.pk}/",
        f"/metrics/defects/exemptions/{exemption.pk}/?end=1",
        f"/metrics/defects/exemptions/{exemption.pk}/delete/",
    }
    assert offered <= set(read(client_of(pmo_lead), "/metrics/defects/").links())
    assert offered.isdisjoint(read(client_of(executive), "/metrics/defects/").links())


def test_the_history_is_a_part_of_the_page_and_a_page(executive: User, client_of: ClientOf) -> None:
    metric = MetricFactory(code="defects")
    ExemptionFactory(metric=metric)
    page = read(client_of(executive), "/metrics/defects/")
    assert "/metrics/defects/history/" in page.links()
    part = read(client_of(executive), "/metrics/defects/history/", part="history")
    assert "<html" not in part.html
    whole = read(client_of(executive), "/metrics/defects/history/")
    for read_page in (part, whole):
        assert "Exemption added" in read_page.words
        assert "1 to 2 of 2 changes" in read_page.words


def test_an_unknown_metric_has_no_page(executive: User, client_of: ClientOf) -> None:
    client = client_of(executive)
    for address in ("/metrics/none/", "/metrics/none/history/"):
        assert client.get(address).status_code == 404


def grow() -> None:
    card = ScorecardFactory()
    for number in range(3):
        metric = MetricFactory(cadence=[Cadence.MONTH, Cadence.WEEK, Cadence.QUARTER][number])
        ScorecardLineFactory(scorecard=card, metric=metric)
        MetricAssignmentFactory(metric=metric)
    grow_metric()


def grow_metric() -> None:
    metric = MetricDefinition.objects.get(code="ratio")
    MetricAssignmentFactory(metric=metric)
    ScorecardLineFactory(metric=metric, scorecard=ScorecardFactory())
    for _ in range(3):
        project = ProjectFactory()
        for code in ("a", "b"):
            MeasurementFactory(metric=MetricDefinition.objects.get(code=code), subject=project)
        CurveOverrideFactory(metric=metric, subject=project)
        ExemptionFactory(metric=metric, subject=ProjectFactory())


@pytest.mark.parametrize(
    ("address", "part"),
    [
        (LIST, ""),
        (LIST, "metrics"),
        ("/metrics/ratio/", ""),
        ("/metrics/ratio/history/", ""),
        ("/metrics/ratio/history/", "history"),
    ],
)
def test_the_pages_cost_the_same_however_much_there_is(
    executive: User, client_of: ClientOf, address: str, part: str
) -> None:
    for code in ("a", "b"):
        MetricFactory(code=code, curve=None)
    MetricFactory(code="ratio", formula="a / b")
    OrganisationFactory()
    assert_costs_no_more(client_of(executive), address, grow, part=part)


@pytest.mark.parametrize("code", ["new", "catalogue", "edit", "history"])
def test_a_metric_and_a_scorecard_have_their_pages_whatever_their_code(
    executive: User, pmo_lead: User, client_of: ClientOf, code: str, tmp_path: Path
) -> None:
    scored_metric(code=code, name="A metric of any name")
    ScorecardFactory(code=code, name="A scorecard of any name")
    OrganisationFactory()
    dump_workspace(tmp_path)
    Scorecard.objects.all().delete()
    MetricDefinition.objects.all().delete()
    load_workspace(tmp_path)
    reader, lead = client_of(executive), client_of(pmo_lead)
    for part in ("", "history/", "edit/", "delete/", "overrides/new/", "exemptions/new/"):
        client = reader if part in ("", "history/") else lead
        page = client.get(f"/metrics/{code}/{part}")
        assert page.context["metric"].name == "A metric of any name"
    assert "A scorecard of any name" in read(reader, f"/scorecards/{code}/").words
    for part in ("edit/", "delete/"):
        assert "A scorecard of any name" in read(lead, f"/scorecards/{code}/{part}").words


@pytest.mark.parametrize("address", ADDRESSES_WITHOUT_A_CODE)
def test_no_page_stands_where_a_code_may_stand(address: str) -> None:
    assert [str(each.pattern) for each in urlpatterns if each.resolve(address)] == [address]
