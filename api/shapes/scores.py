"""Scores as they are told: all four categories in every row, whatever was asked for."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.fields import BandName, Code, MonthText, OneOf, Shape
from api.paging import Paged
from metrics.choices import Category
from metrics.models import Score
from metrics.models.scores import Measure
from projects.choices import SubjectKind

MEASURES = [*Category.choices, ("overall", "Overall")]


class ScoreQuery(Paged):
    subject = Code(required=False)
    kind = OneOf(SubjectKind.choices, required=False)
    first_month = MonthText(required=False)
    last_month = MonthText(required=False)
    measure = OneOf(
        MEASURES,
        required=False,
        help_text=(
            "Rows in which this measure has a score; `band` is then about it. The other measures"
            " are told all the same: a financial score never stands alone."
        ),
    )
    band = BandName(required=False, help_text="Of `measure`, or of the overall score.")


class MeasureShape(serializers.Serializer):
    """A score with its evidence. Unknown is null with the coverage there is, and never 0."""

    score = serializers.FloatField(allow_null=True)
    coverage = serializers.FloatField()
    low = serializers.FloatField(help_text="If the missing evidence stood at 0.")
    high = serializers.FloatField(help_text="If the missing evidence stood at 100.")
    band = BandName()
    is_measured = serializers.BooleanField(help_text="false: nothing is expected here.")


class CategoriesShape(serializers.Serializer):
    tactical = MeasureShape()
    value_creation = MeasureShape()
    longevity = MeasureShape()
    financial = MeasureShape()


class ScoreShape(serializers.Serializer):
    subject = serializers.CharField()
    kind = serializers.ChoiceField(SubjectKind.values)
    month = MonthText()
    overall = MeasureShape()
    balance = serializers.FloatField(allow_null=True)
    categories = CategoriesShape()


def told_score(score: Score) -> dict[str, Any]:
    overall = score.overall
    return {
        "subject": score.subject.code,
        "kind": score.subject.kind,
        "month": str(score.month),
        "overall": {
            "score": overall.score,
            "coverage": overall.coverage,
            "low": score.overall_low,
            "high": score.overall_high,
            "band": overall.band.name.lower(),
            "is_measured": True,
        },
        "balance": score.balance,
        "categories": {
            category: told_measure(score.category(category)) for category in Category.values
        },
    }


def told_measure(measure: Measure | None) -> dict[str, Any]:
    """A category of a stored row, with its possible range (SCORING section 8)."""
    if measure is None:
        return UNKNOWN
    low, high = 0.0, 100.0
    if measure.score is not None:
        low = measure.coverage * measure.score
        high = low + 100 * (1 - measure.coverage)
    return {
        "score": measure.score,
        "coverage": measure.coverage,
        "low": low,
        "high": high,
        "band": measure.band.name.lower(),
        "is_measured": True,
    }


UNKNOWN = {
    "score": None,
    "coverage": 0.0,
    "low": 0.0,
    "high": 100.0,
    "band": "insufficient",
    "is_measured": False,
}


class ExplanationQuery(Shape):
    against = MonthText(required=False, help_text="Tell what changed since this month.")
    depth = serializers.IntegerField(
        required=False, min_value=0, max_value=3, help_text="Levels of children that are opened."
    )


@extend_schema_field({"type": "array", "items": {"$ref": "#/components/schemas/ExplanationPart"}})
class Parts(serializers.Field):
    pass


class ChangeShape(serializers.Serializer):
    """What a part contributed to the change, in the points of the score above it."""

    before = serializers.FloatField(allow_null=True)
    now = serializers.FloatField(allow_null=True)
    points = serializers.FloatField()
    score_moved = serializers.FloatField()
    weight_moved = serializers.FloatField()
    came = serializers.FloatField()
    went = serializers.FloatField()
    by = serializers.DictField(
        child=serializers.FloatField(),
        help_text="The points by what moved it, such as `value`; `below`: parts not opened.",
    )


class GoneShape(serializers.Serializer):
    kind = serializers.CharField()
    name = serializers.CharField()
    change = ChangeShape()


@extend_schema_field({"type": "array", "items": {"$ref": "#/components/schemas/InputReading"}})
class Inputs(serializers.Field):
    pass


class InputReading(serializers.Serializer):
    """A metric that a formula takes in, as it stood."""

    name = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    period = serializers.CharField(allow_null=True)
    freshness = serializers.FloatField(allow_null=True)
    inputs = Inputs()


class ExplanationPart(serializers.Serializer):
    """A node: `overall`, `category`, `balance`, `group`, `subject` or `metric`."""

    kind = serializers.CharField()
    name = serializers.CharField()
    weight = serializers.FloatField(allow_null=True)
    coverage = serializers.FloatField(allow_null=True)
    score = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    points = serializers.FloatField(allow_null=True)
    band = serializers.CharField(required=False)
    value = serializers.FloatField(required=False, allow_null=True)
    period = serializers.CharField(required=False, allow_null=True)
    freshness = serializers.FloatField(required=False, allow_null=True)
    inputs = InputReading(many=True, required=False)
    curve = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField()),
        required=False,
        allow_null=True,
    )
    parts = Parts()
    change = ChangeShape(required=False)
    gone = GoneShape(many=True, required=False)


class ExplanationShape(serializers.Serializer):
    """A subject's overall score taken apart; `score` null with a reason if there is none."""

    subject = serializers.CharField()
    month = MonthText()
    against = MonthText(required=False)
    reason = serializers.CharField(required=False, allow_blank=True)
    kind = serializers.CharField()
    name = serializers.CharField()
    score = serializers.FloatField(allow_null=True)
    weight = serializers.FloatField(required=False, allow_null=True)
    coverage = serializers.FloatField(required=False, allow_null=True)
    low = serializers.FloatField(required=False, allow_null=True)
    high = serializers.FloatField(required=False, allow_null=True)
    points = serializers.FloatField(required=False, allow_null=True)
    band = serializers.CharField(required=False)
    parts = ExplanationPart(many=True)
    change = ChangeShape(required=False)
    gone = GoneShape(many=True, required=False)
