"""Metrics, and what is agreed about them for single subjects."""

from __future__ import annotations

from rest_framework import serializers

from api.fields import (
    LARGEST_KEY,
    Code,
    CurvePoints,
    MonthText,
    OneOf,
    Shape,
    Text,
    WholeNumber,
    YesNo,
)
from api.paging import Paged
from metrics.choices import (
    Cadence,
    Category,
    Dimension,
    Perspective,
    TimeAggregation,
    Timing,
)
from projects.choices import SubjectKind

LONG = 10_000
NONE = ("", "unknown")
VERSION = "As it was read; 409 if somebody has changed it since."


class MetricQuery(Paged):
    category = OneOf(Category.choices, required=False)
    subject_kind = OneOf(SubjectKind.choices, required=False)
    search = Text(required=False, max_length=100)


class MetricFields(Shape):
    """What is measured, how often, and how a value becomes a score."""

    code = Code()
    name = Text(max_length=255)
    question = Text(max_length=LONG, allow_blank=True, default="")
    category = OneOf(Category.choices)
    dimension = OneOf([NONE, *Dimension.choices], default="", allow_blank=True)
    perspective = OneOf([NONE, *Perspective.choices], default="", allow_blank=True)
    subject_kind = OneOf(SubjectKind.choices)
    unit = Text(max_length=40, allow_blank=True, default="")
    decimals = WholeNumber(min_value=0, max_value=15, allow_null=True, default=None)
    cadence = OneOf(Cadence.choices)
    time_aggregation = OneOf(TimeAggregation.choices, default="last")
    due_days = WholeNumber(min_value=0, max_value=32_767, default=10)
    grace_months = WholeNumber(min_value=0, max_value=32_767, default=0)
    curve = CurvePoints(allow_null=True, default=None)
    formula = Text(max_length=500, allow_blank=True, default="")
    timing = OneOf([NONE, *Timing.choices], default="", allow_blank=True)
    asks_why_red = YesNo(default=False)
    needs_approval = YesNo(default=False)
    owner_role = Text(max_length=255, allow_blank=True, default="")
    description = Text(max_length=LONG, allow_blank=True, default="")
    source = Text(max_length=LONG, allow_blank=True, default="")  # type: ignore[assignment]  # a field
    active_from = MonthText(allow_null=True, default=None)
    active_until = MonthText(allow_null=True, default=None)


class Reason(Shape):
    """Why, as the history keeps it, and the version that was looked at."""

    reason = Text(max_length=LONG, allow_blank=True, required=False)
    version = WholeNumber(
        required=False,
        min_value=0,
        max_value=LARGEST_KEY,
        help_text=VERSION,
    )


class MetricInput(MetricFields, Reason):
    pass


class MetricShape(MetricFields):
    version = serializers.IntegerField(read_only=True)


class DeletionQuery(Shape):
    reason = Text(max_length=500, required=False, help_text="Why, as the history keeps it.")


class AgreementQuery(Paged):
    metric = Code(required=False)
    subject = Code(required=False)


class ExemptionFields(Shape):
    """A metric does not apply to a subject for a while."""

    metric = Code()
    subject = Code()
    from_month = MonthText(allow_null=True, default=None, help_text="null = from the beginning.")
    until_month = MonthText(allow_null=True, default=None, help_text="null = for good.")
    reason = Text(max_length=LONG)


class ExemptionShape(ExemptionFields):
    id = serializers.IntegerField(read_only=True)


class OverrideFields(Shape):
    """Another curve of a metric for one subject, from a month on."""

    metric = Code()
    subject = Code()
    from_month = MonthText()
    curve = CurvePoints()


class OverrideShape(OverrideFields):
    id = serializers.IntegerField(read_only=True)
