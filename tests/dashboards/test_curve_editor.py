"""The curve editor: points, presets, the drawing, and what becomes of today's values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from dashboards.presentation.bands import BandLimits
from dashboards.presentation.curve_drawing import Place, curve_drawing
from dashboards.views.metrics.curve_form import CurveEditor, TypedCurve
from metrics.choices import Band
from metrics.curve_presets import PRESETS, answers_in, grades_for, points_of
from metrics.models import MetricDefinition
from tests.dashboards.reading import TODAY, ClientOf, plain
from tests.factories import (
    CurveOverrideFactory,
    MeasurementFactory,
    MetricFactory,
    ProjectFactory,
    ScorecardFactory,
    ScorecardLineFactory,
)

pytestmark = pytest.mark.django_db

EDIT = "/metrics/defects/edit/"


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(TODAY, tick=False):
        yield


@pytest.fixture
def lead(pmo_lead: User, client_of: ClientOf) -> Client:
    return client_of(pmo_lead)


@pytest.fixture
def metric() -> MetricDefinition:
    metric = MetricFactory(code="defects", name="Defects", unit="pieces")
    card = ScorecardFactory(is_default=True, name="Delivery", amber_from=55, green_from=85)
    ScorecardLineFactory(scorecard=card, metric=metric)
    for name, value in (("Good", 90), ("Middling", 60), ("Bad", 10)):
        MeasurementFactory(metric=metric, subject=ProjectFactory(name=name), value=value)
    return metric


def posted(points: list[tuple[str, str]], step: str = "draw", **more: Any) -> dict[str, Any]:
    return {
        "subject_kind": "project",
        "cadence": "month",
        "step": step,
        "curve_value": [value for value, _ in points],
        "curve_score": [score for _, score in points],
        **more,
    }


def part(client: Client, name: str, data: dict[str, Any], address: str = EDIT) -> Any:
    return client.post(address, data, headers={"HX-Request": "true", "HX-Target": name})


def editor_after(client: Client, data: dict[str, Any]) -> CurveEditor:
    editor: CurveEditor = part(client, "curve-editor", data).context["editor"]
    return editor


def table(editor: CurveEditor) -> list[tuple[str, str]]:
    return [(row.value, row.score) for row in editor.rows if not row.is_blank]


def test_it_opens_with_the_stored_points_and_todays_values(
    lead: Client, metric: MetricDefinition
) -> None:
    answer = lead.get(EDIT)
    editor = answer.context["editor"]
    assert table(editor) == [("0", "0"), ("100", "100")]
    assert len(editor.rows) == 3
    assert editor.bands == ((Band.GREEN, 1, 1), (Band.AMBER, 1, 1), (Band.RED, 1, 1))
    words = plain(answer.content.decode())
    assert "The 3 values in force in March 2026" in words
    assert "By the limits of Delivery, amber from 55 and green from 85" in words


def test_typing_redraws_and_counts_anew_and_saves_nothing(
    lead: Client, metric: MetricDefinition
) -> None:
    answer = part(lead, "curve-drawing", posted([("0", "100"), ("100", "0")]))
    words = plain(answer.content.decode())
    assert "Comes out With this curve As saved Green 1 1 Amber 0 1 Red 2 1" in words
    assert "<svg" in answer.content.decode()
    assert "<input" not in answer.content.decode()
    metric.refresh_from_db()
    assert metric.curve == [[0.0, 0.0], [100.0, 100.0]]


def test_a_half_typed_curve_says_what_is_missing_instead_of_a_drawing(
    lead: Client, metric: MetricDefinition
) -> None:
    answer = part(lead, "curve-drawing", posted([("0", ""), ("x", "50"), ("9", "100")]))
    words = plain(answer.content.decode())
    assert "Point 1: it has no score." in words
    assert 'Point 2: "x" is not a number; write it like 1234.5 or 1e-05.' in words
    assert "<svg" not in answer.content.decode()


def test_points_are_sorted_and_blank_rows_dropped(lead: Client, metric: MetricDefinition) -> None:
    editor = editor_after(lead, posted([("9", "100"), ("", ""), ("-2.50", "0"), ("3", "40")]))
    assert table(editor) == [("-2.5", "0"), ("3", "40"), ("9", "100")]


def test_each_wrong_point_is_told_by_the_validators_own_sentence(
    lead: Client, metric: MetricDefinition
) -> None:
    answer = part(
        lead, "curve-editor", posted([("1", "-5"), ("2", "50"), ("2", "60"), ("3", "101")])
    )
    editor = answer.context["editor"]
    assert [row.problem for row in editor.rows] == [
        "Point 1: the score -5 is not between 0 and 100.",
        "",
        "Point 3: the value 2 is not above 2, the value of point 2.",
        "Point 4: the score 101 is not between 0 and 100.",
    ]
    html = answer.content.decode()
    assert html.count('aria-describedby="point-3"') == 2
    assert 'id="point-3">Point 3' in html


def test_one_point_is_no_curve(lead: Client, metric: MetricDefinition) -> None:
    editor = editor_after(lead, posted([("1", "50")]))
    assert editor.typed.problem == "A curve has two or more points; this one has 1."


def test_a_point_is_added_where_typing_goes_on_and_another_removed(
    lead: Client, metric: MetricDefinition
) -> None:
    points = [("1", "0"), ("2", "50"), ("3", "100")]
    answer = part(lead, "curve-editor", posted(points, "add"))
    assert table(answer.context["editor"]) == points
    assert [row.is_new for row in answer.context["editor"].rows] == [False] * 3 + [True]
    assert answer.content.decode().count("autofocus") == 1
    editor = editor_after(lead, posted(points, "remove:2"))
    assert table(editor) == [("1", "0"), ("3", "100")]
    for nonsense in ("remove:9", "remove:x", "remove:", "preset:none"):
        assert table(editor_after(lead, posted(points, nonsense))) == points


def answers(preset: str, *values: str) -> dict[str, str]:
    names = [answer.name for answer in PRESETS[preset].answers]
    return {f"preset_{preset}_{name}": value for name, value in zip(names, values, strict=True)}


@pytest.mark.parametrize(
    ("preset", "values", "points"),
    [
        (
            "higher",
            ("10", "40", "70", "95"),
            [("10", "0"), ("40", "55"), ("70", "85"), ("95", "100")],
        ),
        (
            "lower",
            ("1", "5", "10", "20"),
            [("1", "100"), ("5", "85"), ("10", "55"), ("20", "0")],
        ),
        (
            "range",
            ("0", "2", "4", "6", "8", "10"),
            [("0", "0"), ("2", "55"), ("4", "100"), ("6", "100"), ("8", "55"), ("10", "0")],
        ),
    ],
)
def test_a_preset_turns_answers_into_points_by_the_limits_of_the_kinds_scorecard(
    lead: Client,
    metric: MetricDefinition,
    preset: str,
    values: tuple[str, ...],
    points: list[tuple[str, str]],
) -> None:
    editor = editor_after(lead, posted([], f"preset:{preset}", **answers(preset, *values)))
    assert table(editor) == points
    assert editor.drawing is not None


def test_with_usual_limits_the_grades_are_0_50_80_and_100() -> None:
    assert list(grades_for(50, 75).values()) == [0, 50, 80, 100]
    assert list(grades_for(60, 90).values()) == [0, 60, 90, 100]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (("40", "10", "70", "95"), "Higher is better: “Worst” must be below “Acceptable”."),
        (("10", "", "70", "95"), "“Acceptable” is blank; type its value."),
        (
            ("10", "x", "70", "95"),
            'Acceptable: "x" is not a number; write it like 1234.5 or 1e-05.',
        ),
    ],
)
def test_answers_that_make_no_curve_are_told_and_change_no_point(
    lead: Client, metric: MetricDefinition, values: tuple[str, ...], problem: str
) -> None:
    data = posted([("1", "0"), ("2", "100")], "preset:higher", **answers("higher", *values))
    answer = part(lead, "curve-editor", data)
    editor = answer.context["editor"]
    assert table(editor) == [("1", "0"), ("2", "100")]
    [told] = [shown for shown in editor.presets if shown.problem]
    assert (told.problem, told.is_open) == (problem, True)
    assert problem in plain(answer.content.decode())


def test_a_curve_that_looks_like_a_preset_fills_its_answers() -> None:
    assert answers_in([[1, 100], [5, 75], [10, 50], [20, 0]]) == (
        "lower",
        {"best": 1, "on_target": 5, "acceptable": 10, "worst": 20},
    )
    assert answers_in([[1, 0], [5, 100]]) == ("higher", {})
    assert answers_in([[1, 0], [5, 100], [9, 0]]) == ("range", {})
    preset = PRESETS["lower"]
    grades = grades_for(50, 75)
    made = points_of(preset, {"best": 1, "on_target": 5, "acceptable": 10, "worst": 20}, grades)
    assert made == [[1, 100], [5, 80], [10, 50], [20, 0]]


def test_without_scripts_the_same_buttons_answer_with_the_whole_page(
    lead: Client, metric: MetricDefinition
) -> None:
    answer = lead.post(EDIT, posted([("9", "100"), ("1", "0")], "draw", name="Half typed"))
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "<html" in html
    assert 'value="Half typed"' in html
    assert table(answer.context["editor"]) == [("1", "0"), ("9", "100")]
    assert "This field is required" not in html


def test_enter_draws_and_never_saves(lead: Client, metric: MetricDefinition) -> None:
    """The first button of a form is the one that Enter presses."""
    html = lead.get(EDIT).content.decode()
    form = html[html.index('<form class="stack"') :]
    first = form[form.index("<button") :]
    assert 'value="draw"' in first[: first.index(">")]


def test_a_subject_with_a_curve_of_its_own_stays_judged_by_it(
    lead: Client, metric: MetricDefinition
) -> None:
    project = ProjectFactory(name="Own")
    MeasurementFactory(metric=metric, subject=project, value=100)
    CurveOverrideFactory(metric=metric, subject=project)
    editor = editor_after(lead, posted([("0", "100"), ("1000", "100")]))
    assert {band: now for band, now, _ in editor.bands} == {
        Band.GREEN: 3,
        Band.AMBER: 0,
        Band.RED: 1,
    }


def test_the_drawing_says_the_same_in_words_and_keeps_old_and_new_apart() -> None:
    places = [Place("A", 5, 50, Band.AMBER), Place("B", 5, 50, Band.AMBER)]
    drawing = curve_drawing(
        [[0, 0], [10, 100]],
        before=[[0, 0], [5, 100]],
        places=places,
        limits=BandLimits(50, 75),
        unit="days",
    )
    assert (
        drawing.label.replace("\N{NO-BREAK SPACE}", " ")
        == "Curve: 0 days scores 0, 10 days scores 100"
    )
    assert len(drawing.line) == len(drawing.before) == 3
    [mark] = drawing.marks
    assert (
        mark.title.replace("\N{NO-BREAK SPACE}", " ")
        == "A: 5 days, score 50.0\nB: 5 days, score 50.0"
    )
    assert [tick.text for tick in drawing.scores] == ["0", "50", "75", "100"]
    assert [tick.text for tick in drawing.values] == ["0", "5", "10"]
    same = curve_drawing([[0, 0], [10, 100]], before=[[0.0, 0.0], [10.0, 100.0]])
    assert same.before == ()
    crowd = curve_drawing([[0, 0], [10, 100]], places=places * 3)
    assert crowd.marks[0].title == "6 subjects at about 5"


def test_numbers_of_any_size_are_drawn() -> None:
    for low, high in ((1e-9, 2e-9), (-1e12, 1e12), (98.2, 99.95), (0, 1)):
        drawing = curve_drawing([[low, 0], [high, 100]])
        assert 2 <= len(drawing.values) <= 11, (low, high)
        assert all(9 <= segment.x1 <= segment.x2 <= 98 for segment in drawing.line)


def test_what_is_typed_is_read_as_a_curve_or_told() -> None:
    assert TypedCurve.of([]).points is None
    assert TypedCurve.of([("", " ")]).problems == []
    assert TypedCurve.of([("1e3", "0"), ("5", "100")]).points == [[5.0, 100.0], [1000.0, 0.0]]
