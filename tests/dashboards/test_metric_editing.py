"""Editing metrics: over the effect to what is saved, and who is told of a conflict."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from metrics.models import MetricDefinition, RescoreNeed
from projects.operations.versions import version_of
from tests.dashboards.reading import TODAY, ClientOf, plain
from tests.factories import (
    MeasurementFactory,
    MetricFactory,
    OrganisationFactory,
    ProjectFactory,
    ScorecardFactory,
    ScorecardLineFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(TODAY, tick=False):
        yield


@pytest.fixture
def lead(pmo_lead: User, client_of: ClientOf) -> Client:
    return client_of(pmo_lead)


def sent(metric: MetricDefinition | None = None, **changed: Any) -> dict[str, Any]:
    """The form as a browser would send it, with some of its fields changed."""
    row = metric or MetricDefinition(
        name="Defects", code="defects", category="tactical", subject_kind="project", cadence="month"
    )
    data: dict[str, Any] = {
        name: getattr(row, name)
        for name in (
            *("name", "code", "question", "description", "source", "owner_role", "subject_kind"),
            *("category", "dimension", "perspective", "timing", "unit", "cadence"),
            *("time_aggregation", "due_days", "grace_months", "formula"),
        )
    }
    for name in ("asks_why_red", "needs_approval"):
        if getattr(row, name):
            data[name] = "on"
    for name in ("decimals", "active_from", "active_until"):
        value = getattr(row, name)
        data[name] = "" if value is None else str(value)
    data["curve_value"] = [f"{value:g}" for value, _ in row.curve or ()]
    data["curve_score"] = [f"{score:g}" for _, score in row.curve or ()]
    data["seen"] = version_of(metric)
    return data | {"step": "check"} | changed


def hidden(html: str) -> dict[str, list[str]]:
    """What the step before saving hands on."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', html):
        found.setdefault(name, []).append(value)
    return found


def scored() -> MetricDefinition:
    """On a scorecard, with a value of one project in March 2026."""
    OrganisationFactory()
    metric = MetricFactory(code="defects", name="Defects", unit="pieces")
    card = ScorecardFactory(is_default=True)
    ScorecardLineFactory(scorecard=card, metric=metric)
    MeasurementFactory(metric=metric, subject=ProjectFactory(name="Apollo"), value=80)
    return metric


def test_a_new_metric_is_created_with_all_that_the_form_says(lead: Client, pmo_lead: User) -> None:
    answer = lead.post(
        "/new/metric/",
        sent(
            question="Does it work?",
            dimension="quality",
            perspective="customer",
            timing="leading",
            unit="pieces",
            decimals="1",
            due_days="5",
            grace_months="2",
            active_from="2025-01",
            asks_why_red="on",
            needs_approval="on",
            curve_value=["10", "", "0"],
            curve_score=["0", "", "100"],
        ),
    )
    assert answer["Location"] == "/metrics/defects/"
    metric = MetricDefinition.objects.get()
    assert (metric.name, metric.question, metric.unit) == ("Defects", "Does it work?", "pieces")
    assert (metric.dimension, metric.perspective, metric.timing) == (
        "quality",
        "customer",
        "leading",
    )
    assert (metric.decimals, metric.due_days, metric.grace_months) == (1, 5, 2)
    assert (metric.asks_why_red, metric.needs_approval) == (True, True)
    assert (str(metric.active_from), metric.active_until) == ("2025-01", None)
    assert metric.curve == [[0.0, 100.0], [10.0, 0.0]]
    assert metric.history.get().history_user == pmo_lead


def test_a_metric_without_points_has_no_curve(lead: Client) -> None:
    lead.post("/new/metric/", sent())
    assert MetricDefinition.objects.get().curve is None


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"name": ""}, "This field is required."),
        ({"code": "two words"}, "“two words” is no metric code; it has letters, digits and _ only"),
        ({"code": "taken"}, "Metric with this Code already exists."),
        ({"active_from": "2026-05", "active_until": "2026-04"}, "It ends in 2026-04, before it"),
        ({"active_from": "May"}, '"May" is not a month; write it like 2026-03.'),
        ({"due_days": "-1"}, "Ensure this value is greater than or equal to 0."),
        ({"formula": "taken * * 2"}, "The formula can't be read near character 9: invalid syntax."),
        ({"formula": "take"}, '"take" is no metric; did you mean taken?'),
        ({"formula": "taken", "cadence": "week"}, "A formula's cadence is month, quarter or year"),
        ({"formula": "defects"}, "The formulas go in a circle: defects -> defects."),
        (
            {"curve_value": ["1", "1"], "curve_score": ["0", "100"]},
            "Point 2: the value 1 is not above 1, the value of point 1.",
        ),
        (
            {"curve_value": ["1"], "curve_score": ["0"]},
            "A curve has two or more points; this one has 1.",
        ),
    ],
)
def test_what_the_rules_refuse_is_told_beside_its_field_and_nothing_is_saved(
    lead: Client, changed: dict[str, Any], sentence: str
) -> None:
    MetricFactory(code="taken")
    answer = lead.post("/new/metric/", sent(**changed))
    assert answer.status_code == 422
    told = plain(answer.content.decode()).replace("“", '"').replace("”", '"')
    assert sentence.replace("“", '"').replace("”", '"') in told
    assert MetricDefinition.objects.count() == 1


def test_what_was_typed_stays_when_something_is_refused(lead: Client) -> None:
    answer = lead.post(
        "/new/metric/",
        sent(code="1st", question="Why?", curve_value=["5", "x"], curve_score=["0", "100"]),
    )
    html = answer.content.decode()
    assert 'value="1st"' in html
    assert "Why?</textarea>" in html
    assert 'value="x"' in html


def test_a_change_shows_what_it_does_before_anything_is_saved(lead: Client) -> None:
    metric = scored()
    answer = lead.post(
        "/metrics/defects/edit/",
        sent(metric, curve_value=["0", "100"], curve_score=["100", "0"], unit="faults"),
    )
    assert answer.status_code == 200
    words = plain(answer.content.decode())
    assert "Unit before: pieces → after: faults" in words
    assert "Curve before: 0 scores 0, 100 scores 100 → after: 0 scores 100, 100 scores 0" in words
    effects = answer.context["effects"]
    [row] = [row for row in effects.main_rows if row.subject.name == "Apollo"]
    assert (row.overall.before.score, row.overall.after.score) == (80.0, 20.0)
    assert "Apollo" in words
    metric.refresh_from_db()
    assert (metric.unit, metric.curve) == ("pieces", [[0.0, 0.0], [100.0, 100.0]])
    assert not RescoreNeed.objects.exists()


def test_after_the_effect_was_seen_it_is_saved_with_the_reason(
    lead: Client, pmo_lead: User
) -> None:
    metric = scored()
    shown = lead.post(
        "/metrics/defects/edit/", sent(metric, curve_value=["0", "100"], curve_score=["100", "0"])
    )
    handed_on = hidden(shown.content.decode())
    handed_on |= {"step": ["save"], "why": ["Fewer are better."]}
    answer = lead.post("/metrics/defects/edit/", handed_on)
    assert answer["Location"] == "/metrics/defects/"
    metric.refresh_from_db()
    assert metric.curve == [[0.0, 100.0], [100.0, 0.0]]
    record = metric.history.latest()
    assert (record.history_user, record.history_change_reason) == (pmo_lead, "Fewer are better.")
    assert RescoreNeed.objects.exists()


def test_without_a_reason_nothing_is_saved(lead: Client) -> None:
    metric = scored()
    answer = lead.post("/metrics/defects/edit/", sent(metric, grace_months="3", step="save"))
    assert answer.status_code == 422
    assert "Say why; the reason is kept with the change." in plain(answer.content.decode())
    assert answer.context["effects"] is not None
    metric.refresh_from_db()
    assert metric.grace_months == 0


def test_back_to_editing_shows_the_form_as_it_was_left(lead: Client) -> None:
    metric = scored()
    answer = lead.post(
        "/metrics/defects/edit/",
        sent(metric, step="back", name="Faults", curve_value=["7", "9"], curve_score=["1", "2"]),
    )
    html = answer.content.decode()
    assert answer.status_code == 200
    assert 'value="Faults"' in html
    assert [f"{row.value}:{row.score}" for row in answer.context["editor"].rows][:2] == [
        "7:1",
        "9:2",
    ]


def test_words_alone_have_no_effect_to_show(lead: Client) -> None:
    metric = scored()
    answer = lead.post("/metrics/defects/edit/", sent(metric, name="Faults"))
    assert answer.context["effects"] is None
    assert "No score depends on what changes here." in plain(answer.content.decode())


def test_what_changes_nothing_is_not_saved(lead: Client) -> None:
    metric = scored()
    answer = lead.post("/metrics/defects/edit/", sent(metric), follow=True)
    assert "Nothing was changed, so nothing was saved." in plain(answer.content.decode())
    assert metric.history.count() == 1


def test_a_metric_on_a_scorecard_keeps_a_curve(lead: Client) -> None:
    metric = scored()
    answer = lead.post("/metrics/defects/edit/", sent(metric, curve_value=[], curve_score=[]))
    assert answer.status_code == 422
    assert "defects has no curve, so no score; a metric on a scorecard needs a curve." in plain(
        answer.content.decode()
    )


def test_the_second_of_two_people_is_told_and_overwrites_nothing(
    lead: Client, administrator: User, client_of: ClientOf
) -> None:
    metric = scored()
    mine = sent(metric, unit="mine", step="save", why="Mine.")
    client_of(administrator).post(
        "/metrics/defects/edit/", sent(metric, unit="theirs", step="save", why="Theirs.")
    )
    for step in ("check", "save"):
        answer = lead.post("/metrics/defects/edit/", mine | {"step": step})
        assert answer.status_code == 422
        assert (
            "administrator changed Defects (defects) on 10 April 2026 at 09:00, after you had"
            " opened it. Nothing of yours is saved: look at what stands there now, then save"
            " again."
        ) in plain(answer.content.decode())
        metric.refresh_from_db()
        assert metric.unit == "theirs"
    # Whoever was told may go on, knowing it.
    seen = hidden(answer.content.decode())["seen"][0]
    lead.post("/metrics/defects/edit/", mine | {"seen": seen})
    metric.refresh_from_db()
    assert metric.unit == "mine"


def test_a_deletion_asks_why_and_refuses_what_is_used(lead: Client) -> None:
    metric = scored()
    answer = lead.post("/metrics/defects/delete/", {"why": "Nobody looks at it."})
    assert answer.status_code == 422
    assert (
        'Defects (defects) can\'t be deleted: 1 value of it is recorded. Set its "active until"'
        " instead."
    ) in plain(answer.content.decode())
    unused = MetricFactory(code="unused")
    assert lead.post("/metrics/unused/delete/", {"why": ""}).status_code == 422
    assert lead.post("/metrics/unused/delete/", {"why": "Unused."})["Location"] == "/metrics/"
    assert list(MetricDefinition.objects.all()) == [metric]
    assert unused.history.model.objects.get(code="unused", history_type="-").history_change_reason


def tried(lead: Client, formula: str, address: str = "/new/metric/", **changed: Any) -> str:
    answer = lead.post(
        address,
        sent(code="ratio", name="Ratio", formula=formula, step="try", **changed),
        headers={"HX-Request": "true", "HX-Target": "formula-trial"},
    )
    assert answer.status_code == 200
    assert not MetricDefinition.objects.filter(code="ratio").exists()
    return plain(answer.content.decode())


def inputs() -> None:
    """Monthly cost and cases, a yearly budget; one project has all of it, another only cost."""
    cost, cases = (MetricFactory(code=code, name=code.title()) for code in ("cost", "cases"))
    budget = MetricFactory(code="budget", name="Budget", cadence="year")
    whole, half = ProjectFactory(name="Whole"), ProjectFactory(name="Half")
    for month, of_cost, of_cases in (("2026-03", 50, 2), ("2026-02", 30, 0)):
        MeasurementFactory(metric=cost, subject=whole, period=month, value=of_cost)
        MeasurementFactory(metric=cases, subject=whole, period=month, value=of_cases)
    MeasurementFactory(metric=cost, subject=half, value=10)
    MeasurementFactory(metric=budget, subject=whole, period="2025", value=100)


def test_a_formula_is_tried_on_what_is_recorded(lead: Client) -> None:
    inputs()
    words = tried(
        lead, "cost / cases", curve_value=["0", "50"], curve_score=["100", "0"], unit="EUR"
    )
    assert "1 of 2 get a value for 2026-03" in words
    assert "2026-03 2 50 25.0 EUR 50.0 Amber" in words or "2026-03 2 50 25 EUR 50.0 Amber" in words
    assert "A division by zero, or a step whose result is too large to be a number." in words
    assert "Cases has no value for 2026-03." in words
    assert "Cases has no value for 2026-01. Cost has no value for 2026-01." in words


def test_a_coarser_input_gives_its_value_in_force(lead: Client) -> None:
    inputs()
    words = tried(lead, "100 * cost / budget")
    assert "2026-03 100 50 50" in words
    assert "Budget has no value in force in March 2026." in words


@pytest.mark.parametrize(
    ("formula", "sentence"),
    [
        ("", "There is no formula to try: type one first."),
        ("cost / kases", '"kases" is no metric; did you mean cases?'),
        ("cost // cases", "Character 1: only numbers, metric codes, + - * /, unary minus"),
        ("cost % 2", '"%" at character 6 is not allowed'),
        ("(" * 30 + "cost" + ")" * 30 + " * -cost.real", "is not allowed"),
        ("budget", "No input comes by month, the cadence of ratio; at least one must."),
    ],
)
def test_a_formula_that_is_wrong_is_told_where_and_why(
    lead: Client, formula: str, sentence: str
) -> None:
    inputs()
    assert sentence in tried(lead, formula)


def test_a_saved_formula_is_tried_as_it_is_typed_and_stays_as_it_is(lead: Client) -> None:
    inputs()
    metric = MetricFactory(code="sum_", formula="cost + cases")
    answer = lead.post("/metrics/sum_/edit/", sent(metric, formula="cost - cases", step="try"))
    words = plain(answer.content.decode())
    assert "2026-03 2 50 48" in words
    metric.refresh_from_db()
    assert metric.formula == "cost + cases"


def test_before_the_first_value_there_is_nothing_to_try_on(lead: Client) -> None:
    MetricFactory(code="cost")
    assert "Nothing has been measured yet" in tried(lead, "cost * 2")
