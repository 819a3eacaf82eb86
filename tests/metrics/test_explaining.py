"""Explanations from the database: computed lines above stored children, and their JSON."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from metrics.choices import RunTrigger
from metrics.explaining import as_json, explain
from metrics.models import Score
from metrics.operations.runs import score_now
from metrics.workspace import load_workspace
from projects.models import Subject
from projects.months import Month

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
JUNE, MAY, MARCH = (Month.parse(f"2026-0{month}") for month in (6, 5, 3))

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def scored() -> None:
    load_workspace(EXAMPLES / "worked")
    score_now(trigger=RunTrigger.LOAD)


def subject(code: str) -> Subject:
    return Subject.objects.get(code=code)


def tree(code: str, month: Month = JUNE, **options: Any) -> dict[str, Any]:
    return as_json(explain(subject(code), month, **options))


def part(node: dict[str, Any], *names: str) -> dict[str, Any]:
    for name in names:
        node = next(child for child in node["parts"] if child["name"] == name)
    return node


@pytest.mark.parametrize("depth", [0, 1, 5])
@pytest.mark.parametrize("code", ["ORG", "ENT", "DIGITAL", "PRJ-ONBOARD", "SRV-MAIL", "C-ACME"])
def test_an_explanation_tells_the_stored_score(code: str, depth: int) -> None:
    told = tree(code, depth=depth)
    stored = Score.objects.get(subject__code=code, month=JUNE)
    assert told["score"] == pytest.approx(stored.overall_score, abs=1e-9)
    assert told["coverage"] == pytest.approx(stored.overall_coverage, abs=1e-9)
    assert (told["low"], told["high"]) == pytest.approx((stored.overall_low, stored.overall_high))


@pytest.mark.parametrize("depth", [0, 1, 5])
def test_points_add_up_at_every_level_that_is_opened(depth: int) -> None:
    def check(node: dict[str, Any]) -> None:
        points = [child["points"] for child in node["parts"] if child["points"] is not None]
        if node["score"] is not None and points:
            assert sum(points) == pytest.approx(node["score"], abs=1e-9)
        for child in node["parts"]:
            check(child)

    check(tree("ORG", depth=depth))


def test_depth_opens_children_so_many_levels_down() -> None:
    path = ("tactical", "segments", "ENT")
    assert part(tree("ORG", depth=0), *path)["parts"] == []
    assert part(tree("ORG", depth=1), *path, "projects", "PRJ-ONBOARD")["parts"] == []
    opened = part(tree("ORG", depth=2), *path, "projects", "PRJ-ONBOARD", "own")
    assert {line["name"] for line in opened["parts"]} == {"fix_days", "staffing_fit"}


def test_a_metric_tells_its_value_period_freshness_and_curve() -> None:
    line = part(tree("PRJ-ONBOARD"), "tactical", "own", "fix_days")
    assert (line["value"], line["period"], line["freshness"]) == (2.0, "2026-06", 1.0)
    assert line["curve"] == [[1, 100], [5, 75], [10, 50], [30, 0]]
    assert line["score"] == 93.75


def test_an_overridden_curve_is_the_one_that_is_told() -> None:
    line = part(tree("PRJ-CHAT"), "value_creation", "own", "adoption")
    assert line["curve"] == [[0, 0], [30, 50], [60, 100]]


def test_a_formula_tells_its_inputs() -> None:
    line = part(tree("SRV-MAIL", MARCH), "financial", "own", "cost_per_case")
    inputs = {part["name"]: part["value"] for part in line["inputs"]}
    assert line["value"] == inputs["minutes_per_case"] * inputs["cost_per_minute"]


def test_a_change_is_taken_apart_and_adds_up() -> None:
    told = tree("PRJ-ONBOARD", JUNE, against=MARCH)
    changes = [child["change"]["points"] for child in (*told["parts"], *told["gone"])]
    assert sum(changes) == pytest.approx(told["change"]["points"], abs=1e-9)
    assert told["change"]["points"] == told["change"]["now"] - told["change"]["before"]


def test_without_a_score_in_a_month_only_the_reason_is_told() -> None:
    told = tree("PRJ-CHAT", JUNE, against=Month.parse("2025-10"))
    assert "change" not in told
    assert told["reason"] == "There are no scores in 2025-10, so there is no change to tell."


def test_what_is_not_opened_is_not_asked_for() -> None:
    counts = []
    for code in ("C-ACME", "ORG"):
        with CaptureQueriesContext(connection) as queries:
            explain(subject(code), JUNE, against=MAY)
        counts.append(len(queries))
    assert max(counts) <= 12


def test_the_command_prints_json() -> None:
    out = StringIO()
    call_command("explain", "ORG", "2026-06", "--against", "2026-05", "--depth", "2", stdout=out)
    told = json.loads(out.getvalue())
    assert (told["kind"], told["subject"], told["month"]) == ("overall", "ORG", "2026-06")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("NOBODY", "2026-06"), 'There is no subject with the code "NOBODY".'),
        (("PRJ-CHAT", "2025-10"), "PRJ-CHAT has no scores in 2025-10."),
        (("ORG", "June"), '"June" is not a month'),
    ],
)
def test_the_command_says_what_is_wrong(arguments: tuple[str, str], message: str) -> None:
    with pytest.raises(CommandError, match=message.replace("(", r"\(")):
        call_command("explain", *arguments)
