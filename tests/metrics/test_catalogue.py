"""The catalogue of ready-made metrics: one source with the demo, and copies of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from examples.demo.measures import MEASURES
from metrics.catalogue import CATALOGUE, ReadyMade, read_catalogue
from metrics.models import MetricDefinition
from metrics.operations.catalogue import REASON, copy_from_catalogue, free_code
from tests.factories import MetricFactory

pytestmark = pytest.mark.django_db

COPIED = (
    "name",
    "question",
    "description",
    "category",
    "dimension",
    "perspective",
    "subject_kind",
    "unit",
    "decimals",
    "cadence",
    "time_aggregation",
    "grace_months",
    "due_days",
    "timing",
    "owner_role",
    "source",
    "formula",
)


def test_the_demo_measures_by_the_whole_catalogue_and_nothing_else() -> None:
    assert {measure.code for measure in MEASURES} == CATALOGUE.keys()
    assert len(MEASURES) == len(CATALOGUE) == 34
    for measure in MEASURES:
        told = {name: getattr(measure, name) for name in ReadyMade.__slots__}
        assert told == {name: getattr(CATALOGUE[measure.code], name) for name in told}


def test_everything_in_it_can_be_copied_as_it_stands(pmo_lead: User) -> None:
    copied = copy_from_catalogue(CATALOGUE.keys(), by=pmo_lead)
    assert (len(copied.metrics), copied.along, copied.reused) == (34, (), ())
    for metric in MetricDefinition.objects.all():
        entry = CATALOGUE[metric.code]
        assert {name: getattr(metric, name) for name in COPIED} == {
            name: getattr(entry, name) for name in COPIED
        }
        assert metric.curve == ([list(point) for point in entry.curve] or None)
        record = metric.history.get()
        assert (record.history_user, record.history_change_reason) == (pmo_lead, REASON)


def test_a_code_that_is_taken_gets_a_number_and_the_other_metric_stays() -> None:
    mine = MetricFactory(code="nps", name="Mine")
    for expected in ("nps_2", "nps_3"):
        [metric] = copy_from_catalogue(["nps"], by=None).metrics
        assert (metric.code, metric.name) == (expected, "Net promoter score")
    mine.refresh_from_db()
    assert mine.name == "Mine"
    assert free_code("x", {"x", "x_2", "x_4"}) == "x_3"


def test_a_formula_brings_the_inputs_that_it_needs_and_inputs_come_first() -> None:
    copied = copy_from_catalogue(["profit_margin"], by=None)
    assert [metric.code for metric in copied.metrics] == [
        "cost_of_goods_sold",
        "revenue",
        "cogs_percent",
        "overhead_percent",
        "profit_margin",
    ]
    assert copied.along == ("cost_of_goods_sold", "revenue", "cogs_percent", "overhead_percent")


def test_a_formula_names_its_inputs_as_they_came_to_be_called() -> None:
    # It has the code, but is measured of projects, so that it can't serve.
    MetricFactory(code="cost_per_minute")
    copied = copy_from_catalogue(["cost_per_case"], by=None)
    assert {metric.code: metric.formula for metric in copied.metrics} == {
        "cost_per_minute_2": "",
        "minutes_per_case": "",
        "cost_per_case": "minutes_per_case * cost_per_minute_2",
    }


def test_an_input_that_is_there_already_is_used_and_not_copied_again() -> None:
    copy_from_catalogue(["minutes_per_case"], by=None)
    copied = copy_from_catalogue(["cost_per_case"], by=None)
    assert [metric.code for metric in copied.metrics] == ["cost_per_minute", "cost_per_case"]
    assert copied.reused == ("minutes_per_case",)


def test_a_copy_is_linked_to_nothing() -> None:
    [metric] = copy_from_catalogue(["nps"], by=None).metrics
    metric.name = "Would they tell a friend"
    metric.save()
    assert CATALOGUE["nps"].name == "Net promoter score"


@pytest.mark.parametrize(
    ("codes", "sentence"),
    [
        ([], "Choose at least one metric to copy."),
        (["nps", "npss"], '"npss" is no ready-made metric; did you mean nps?'),
    ],
)
def test_a_choice_that_makes_no_sense_copies_nothing(codes: list[str], sentence: str) -> None:
    with pytest.raises(ValidationError) as refused:
        copy_from_catalogue(codes, by=None)
    assert refused.value.messages == [sentence]
    assert not MetricDefinition.objects.exists()


def test_all_are_copied_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    spoiled = {**CATALOGUE, "bad": ReadyMade(**{**_fields("nps"), "code": "bad", "name": " "})}
    with pytest.raises(ValidationError) as refused:
        copy_from_catalogue(["adoption", "bad"], by=None, catalogue=spoiled)
    assert refused.value.message_dict == {"name": ["A name has at least one letter."]}
    assert not MetricDefinition.objects.exists()


def test_an_unknown_field_in_the_file_stops_the_reading(tmp_path: Path) -> None:
    file = tmp_path / "metrics.toml"
    file.write_text('[[metric]]\ncode = "x"\ncolour = "red"\n')
    with pytest.raises(TypeError, match="colour"):
        read_catalogue(file)


def _fields(code: str) -> dict[str, Any]:
    return {name: getattr(CATALOGUE[code], name) for name in ReadyMade.__slots__}
