"""The rules of definitions, asked of single rows and of rows among others in the database."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from metrics.models import (
    CurveOverride,
    Exemption,
    MetricDefinition,
    Scorecard,
    ScorecardAssignment,
    ScorecardLine,
)
from metrics.validation.definitions import validate_metric_code
from projects.months import Month
from tests.factories import (
    CurveOverrideFactory,
    ExemptionFactory,
    MeasurementFactory,
    MetricFactory,
    ProjectFactory,
    ScorecardAssignmentFactory,
    ScorecardFactory,
    ScorecardLineFactory,
    SegmentFactory,
)

MARCH, MAY = Month.parse("2026-03"), Month.parse("2026-05")


def errors_of(row: Any) -> dict[str, list[str]]:
    """What a row is refused for, by field; nothing if it is well."""
    try:
        row.full_clean()
    except ValidationError as error:
        return error.message_dict
    return {}


@pytest.mark.parametrize("code", ["nps", "_x", "A9", "minimum", "match", "x" * 64])
def test_a_metric_code_is_a_name(code: str) -> None:
    validate_metric_code(code)


@pytest.mark.parametrize("code", ["", "9a", "a-b", "a.b", "a b", "é", "x" * 65, "a\n"])
def test_anything_else_is_no_metric_code(code: str) -> None:
    with pytest.raises(ValidationError, match="is no metric code; it has letters, digits and _"):
        validate_metric_code(code)


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("min", "a function of formulas"),
        ("max", "a function of formulas"),
        ("abs", "a function of formulas"),
        ("class", "a reserved word"),
        ("None", "a reserved word"),
        ("lambda", "a reserved word"),
    ],
)
def test_words_that_formulas_cannot_take_for_names_are_no_metric_codes(
    code: str, what: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        validate_metric_code(code)

    assert refusal.value.messages == [
        f'"{code}" is {what} and no metric code; "{code}_" would fit.'
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"code": "a-b"}, "code", '"a-b" is no metric code'),
        ({"name": " "}, "name", "A name has at least one letter."),
        ({"curve": [[0, 0]]}, "curve", "A curve has two or more points; this one has 1."),
        ({"curve": []}, "curve", "A curve has two or more points; this one has 0."),
        ({"formula": "1 +"}, "formula", "The formula can't be read"),
        ({"formula": "nothing"}, "formula", '"nothing" is no metric; there is m.'),
        ({"formula": "m"}, "formula", "The formulas go in a circle: m -> m."),
        (
            {"formula": "m", "cadence": "day"},
            "cadence",
            "A formula's cadence is month, quarter or year, not day.",
        ),
        ({"decimals": 16}, "decimals", "16 is out of range; it is from 0 to 15."),
        ({"due_days": 40_000}, "due_days", "40000 is out of range; it is from 0 to 32767."),
        ({"grace_months": -1}, "grace_months", "-1 is out of range; it is from 0 to 32767."),
        ({"active_from": MAY, "active_until": MARCH}, "active_until", "It ends in 2026-03, before"),
    ],
)
def test_a_metric_tells_what_is_wrong_with_it(
    fields: dict[str, Any], field: str, sentence: str
) -> None:
    metric = MetricFactory.build(code="m")
    for name, value in fields.items():
        setattr(metric, name, value)

    assert any(text.startswith(sentence) for text in errors_of(metric)[field])


@pytest.mark.django_db
def test_a_metric_without_a_curve_is_well() -> None:
    assert errors_of(MetricFactory.build(curve=None)) == {}


@pytest.mark.django_db
def test_a_change_that_breaks_another_metrics_formula_is_refused() -> None:
    metric = MetricFactory(code="m")
    MetricFactory(code="f", formula="m * 2")

    metric.code = "other"
    assert errors_of(metric) == {
        "__all__": ['The formula of f: "m" is no metric; there are f and other.']
    }
    metric.code, metric.cadence = "m", "quarter"
    assert errors_of(metric)["__all__"] == [
        "The formula of f: No input comes by month, the cadence of f; at least one must."
    ]
    metric.cadence, metric.formula = "month", "f + 1"
    assert errors_of(metric) == {
        "formula": [
            "The formulas go in a circle: m -> f -> m.",
        ],
        "__all__": ["The formula of f: The formulas go in a circle: f -> m -> f."],
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        (
            "cadence",
            "week",
            "m has measurements, so its cadence stays month; make another metric for week.",
        ),
        (
            "subject_kind",
            "segment",
            "m has measurements, so its kind of subject stays project; make another metric for"
            " segment.",
        ),
        (
            "formula",
            "n",
            "m has measurements, so it takes no formula; make another metric for it.",
        ),
    ],
)
def test_what_measurements_stand_on_stays(field: str, value: str, sentence: str) -> None:
    metric = MetricFactory(code="m")
    MetricFactory(code="n")
    setattr(metric, field, value)
    assert errors_of(metric) == {}

    MeasurementFactory(metric=MetricDefinition.objects.get(code="m"))
    assert errors_of(metric)[field] == [sentence]


@pytest.mark.django_db
def test_what_scorecards_and_agreements_stand_on_stays() -> None:
    metric = MetricFactory(code="m")
    ScorecardLineFactory(metric=metric, scorecard=ScorecardFactory(code="CARD"))
    ExemptionFactory(metric=metric, subject=ProjectFactory(code="P").subject_ptr)

    metric.curve = None
    assert errors_of(metric) == {
        "curve": ["m has no curve, so no score; a metric on a scorecard needs a curve."]
    }
    metric.curve, metric.subject_kind = [[0, 0], [1, 1]], "segment"
    assert errors_of(metric) == {
        "subject_kind": [
            "m is measured of each segment, and CARD is for each project; a line's metric is of"
            " the scorecard's kind.",
            "m is measured of each segment, and P is a project.",
        ]
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"code": "a b"}, "code", '"a b" is no code'),
        ({"name": " "}, "name", "A name has at least one letter."),
        ({"weight_longevity": -1}, "weight_longevity", "-1 is no weight"),
        ({"share_segments": float("inf")}, "share_segments", "inf is no weight"),
        (
            {
                f"weight_{category}": 0
                for category in ("tactical", "value_creation", "longevity", "financial")
            },
            "weight_tactical",
            "A scorecard needs a category with a weight above 0.",
        ),
        ({"min_coverage": 1.1}, "min_coverage", "1.1 is out of range; it is from 0 to 1."),
        ({"min_categories": 0}, "min_categories", "0 is out of range; it is from 1 to 4."),
        ({"green_from": 100.5}, "green_from", "100.5 is out of range; it is from 0 to 100."),
        (
            {"amber_from": 80},
            "amber_from",
            "Amber begins at 80, above green at 75; it begins at green's limit or below.",
        ),
        ({"weight_tactical": None}, "weight_tactical", "This field cannot be null."),
        ({"amber_from": None}, "amber_from", "This field cannot be null."),
    ],
)
def test_a_scorecard_tells_what_is_wrong_with_it(
    fields: dict[str, Any], field: str, sentence: str
) -> None:
    scorecard = ScorecardFactory.build(**fields)

    assert any(text.startswith(sentence) for text in errors_of(scorecard)[field])


@pytest.mark.django_db
def test_there_is_one_default_scorecard_per_kind() -> None:
    ScorecardFactory(code="A", is_default=True)
    ScorecardFactory(code="S", is_default=True, subject_kind="segment")
    other = ScorecardFactory.build(code="B", is_default=True)

    assert errors_of(other)["is_default"] == [
        "A is the default scorecard of each project already; B can be one when A no longer is."
    ]
    assert errors_of(Scorecard.objects.get(code="A")) == {}


@pytest.mark.django_db
def test_a_scorecard_keeps_its_kind_while_lines_or_subjects_use_it() -> None:
    scorecard = ScorecardFactory(code="CARD")
    line = ScorecardLineFactory(scorecard=scorecard, metric=MetricFactory(code="m"))
    scorecard.subject_kind = "segment"
    assert errors_of(scorecard) == {
        "subject_kind": [
            "m is measured of each project, and CARD is for each segment; a line's metric is of"
            " the scorecard's kind."
        ]
    }

    line.delete()
    ScorecardAssignmentFactory(scorecard=scorecard, subject=ProjectFactory(code="P").subject_ptr)
    assert errors_of(scorecard) == {
        "subject_kind": [
            "CARD is for each segment, and P is a project; a subject's scorecard is of its own"
            " kind."
        ]
    }


@pytest.mark.django_db
def test_a_line_has_a_metric_of_the_scorecards_kind_with_a_curve() -> None:
    scorecard = ScorecardFactory(code="CARD")

    assert errors_of(
        ScorecardLine(scorecard=scorecard, metric=MetricFactory(code="s", subject_kind="segment"))
    ) == {
        "metric": [
            "s is measured of each segment, and CARD is for each project; a line's metric is of"
            " the scorecard's kind."
        ]
    }
    assert errors_of(
        ScorecardLine(scorecard=scorecard, metric=MetricFactory(code="c", curve=None))
    ) == {"metric": ["c has no curve, so no score; a metric on a scorecard needs a curve."]}
    assert errors_of(ScorecardLine(scorecard=scorecard, metric=MetricFactory())) == {}


@pytest.mark.django_db
def test_what_is_said_of_a_metric_and_a_subject_needs_a_subject_of_its_kind() -> None:
    metric, segment = MetricFactory(code="m"), SegmentFactory(code="ENT").subject_ptr
    sentence = "m is measured of each project, and ENT is a segment."

    override = CurveOverride(
        metric=metric, subject=segment, from_month=MARCH, curve=[[0, 0], [1, 1]]
    )
    assert errors_of(override) == {"subject": [sentence]}
    assert errors_of(Exemption(metric=metric, subject=segment, reason="x")) == {
        "subject": [sentence]
    }
    assert errors_of(
        ScorecardAssignment(subject=segment, scorecard=ScorecardFactory(code="CARD"))
    ) == {
        "scorecard": [
            "CARD is for each project, and ENT is a segment; a subject's scorecard is of its own"
            " kind."
        ]
    }


@pytest.mark.django_db
def test_an_exemption_ends_no_earlier_than_it_begins() -> None:
    exemption = ExemptionFactory()
    exemption.from_month, exemption.until_month = MAY, MARCH

    assert errors_of(exemption) == {
        "until_month": [
            "It ends in 2026-03, before it begins in 2026-05; end it in 2026-05 or later."
        ]
    }


@pytest.mark.django_db
def test_an_override_has_a_curve() -> None:
    override = CurveOverrideFactory()
    override.curve = [[0, 0], [0, 1]]

    assert errors_of(override) == {
        "curve": ["Point 2: the value 0 is not above 0, the value of point 1."]
    }


@pytest.mark.django_db
@pytest.mark.parametrize("model", [ScorecardLine, CurveOverride, Exemption, ScorecardAssignment])
def test_a_row_whose_ends_are_not_chosen_yet_is_told_so(model: Any) -> None:
    assert "This field cannot be null." in str(errors_of(model()))


@pytest.mark.django_db
def test_stored_rows_are_well() -> None:
    line, override = ScorecardLineFactory(), CurveOverrideFactory()
    for row in (line, override, line.scorecard, line.metric, *MetricDefinition.objects.all()):
        assert errors_of(row) == {}
