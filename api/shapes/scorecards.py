"""Scorecards with their lines, and whose numbers are whose to enter."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from api.fields import Code, Number, OneOf, Shape, Text, WholeNumber, YesNo
from api.paging import Paged
from metrics.choices import OverallRule
from projects.choices import SubjectKind

LARGEST = 1e300


def weight(**kwargs: Any) -> Number:
    return Number(min_value=0, max_value=LARGEST, **kwargs)


class LineFields(Shape):
    metric = Code()
    weight = weight()


class ScorecardQuery(Paged):
    subject_kind = OneOf(SubjectKind.choices, required=False)


class ScorecardFields(Shape):
    """Lines, weights of categories, shares of groups, limits."""

    code = Code()
    name = Text(max_length=255)
    subject_kind = OneOf(SubjectKind.choices)
    is_default = YesNo(default=False)
    weight_tactical = weight(default=1.0)
    weight_value_creation = weight(default=1.0)
    weight_longevity = weight(default=1.0)
    weight_financial = weight(default=1.0)
    overall = OneOf(OverallRule.choices)
    min_coverage = Number(min_value=0, max_value=1)
    min_categories = WholeNumber(min_value=1, max_value=4)
    amber_from = Number(min_value=0, max_value=100)
    green_from = Number(min_value=0, max_value=100)
    share_own = weight(default=1.0)
    share_engagements = weight(default=0.0)
    share_projects = weight(default=0.0)
    share_services = weight(default=0.0)
    share_customers = weight(default=0.0)
    share_segments = weight(default=0.0)
    lines = serializers.ListField(child=LineFields(), required=False, max_length=1000)


class ScorecardInput(ScorecardFields):
    reason = Text(max_length=10_000, allow_blank=True, required=False)
    version = Text(
        required=False, max_length=64, help_text="As it was read; 409 if it was changed since."
    )


class ScorecardShape(ScorecardFields):
    version = serializers.CharField(read_only=True)


class ScorecardOf(Shape):
    scorecard = Code()


class AssignmentQuery(Paged):
    metric = Code(required=False)
    user = Text(required=False, max_length=150)


class AssignmentInput(Shape):
    """These metrics are this person's to enter, as far as the scope reaches."""

    metrics = serializers.ListField(child=Code(), min_length=1, max_length=500)
    user = Text(max_length=150, help_text="The user name.")
    scope = Code(help_text="The organisation, a portfolio or a segment.")


class AssignmentShape(serializers.Serializer):
    id = serializers.IntegerField()
    metric = serializers.CharField()
    user = serializers.CharField()
    scope = serializers.CharField()


class Assigned(serializers.Serializer):
    assignments = AssignmentShape(many=True)
