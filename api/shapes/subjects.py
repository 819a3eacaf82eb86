"""Subjects: what all kinds have, and what each has by itself."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from api.fields import Code, MonthText, OneOf, Text
from api.paging import Paged
from projects.choices import SubjectKind


class SubjectQuery(Paged):
    kind = OneOf(SubjectKind.choices, required=False)
    portfolio = Code(required=False, help_text="Projects that lie in this portfolio itself.")
    segment = Code(
        required=False, help_text="Projects, services, customers and engagements of this segment."
    )
    active_in = MonthText(required=False, help_text="Whose own span holds this month.")
    search = Text(required=False, max_length=100, help_text="What the code or the name has in it.")


class SegmentLink(serializers.Serializer):
    """A project's work for a segment; it is itself a subject, by the code `engagement`."""

    segment = serializers.CharField()
    engagement = serializers.CharField()
    share = serializers.FloatField()


class OfferLink(serializers.Serializer):
    """A service as it is offered to a segment; amounts are decimals, as text."""

    segment = serializers.CharField()
    weight = serializers.FloatField()
    annual_cost = serializers.CharField(allow_null=True)
    benchmark_cost = serializers.CharField(allow_null=True)
    currency = serializers.CharField(allow_blank=True)


class _Subject(serializers.Serializer):
    code = serializers.CharField()
    name = serializers.CharField()
    active_from = MonthText(allow_null=True, help_text="Measured from; null = always.")
    active_until = MonthText(allow_null=True)
    scorecard = serializers.CharField(
        allow_null=True, help_text="Its own scorecard; null = its kind's default."
    )


def of_kind(kind: SubjectKind) -> serializers.ChoiceField:
    return serializers.ChoiceField([kind.value])


def amount(**kwargs: Any) -> serializers.CharField:
    return serializers.CharField(
        allow_null=True, help_text="A decimal, as text; null = unknown.", **kwargs
    )


class OrganisationShape(_Subject):
    kind = of_kind(SubjectKind.ORGANISATION)
    fiscal_year_starts_in = serializers.IntegerField()


class PortfolioShape(_Subject):
    kind = of_kind(SubjectKind.PORTFOLIO)
    parent = serializers.CharField(allow_null=True)  # type: ignore[assignment]  # a field
    description = serializers.CharField(allow_blank=True)


class ProjectShape(_Subject):
    kind = of_kind(SubjectKind.PROJECT)
    portfolio = serializers.CharField()
    stage = serializers.CharField(allow_blank=True)
    description = serializers.CharField(allow_blank=True)
    customer_experience = serializers.CharField(allow_blank=True)
    relationship_effect = serializers.CharField(allow_blank=True)
    revenue_effect = serializers.CharField(allow_blank=True)
    sponsor = serializers.CharField(allow_blank=True)
    lead = serializers.CharField(allow_blank=True)
    start_on = serializers.DateField(allow_null=True)
    end_on = serializers.DateField(allow_null=True)
    baseline_end_on = serializers.DateField(allow_null=True)
    budget = amount()
    forecast_cost = amount()
    actual_cost = amount()
    currency = serializers.CharField(allow_blank=True)
    weight = serializers.FloatField()
    segments = SegmentLink(many=True)


class SegmentShape(_Subject):
    kind = of_kind(SubjectKind.SEGMENT)
    audience = serializers.CharField(allow_blank=True)
    description = serializers.CharField(allow_blank=True)
    value_proposition = serializers.CharField(allow_blank=True)
    customer_count = serializers.IntegerField(allow_null=True)
    annual_revenue = amount()
    currency = serializers.CharField(allow_blank=True)
    weight = serializers.FloatField()


class CustomerShape(_Subject):
    kind = of_kind(SubjectKind.CUSTOMER)
    segment = serializers.CharField()
    since = serializers.DateField(allow_null=True)
    renewal_on = serializers.DateField(allow_null=True)
    annual_revenue = amount()
    currency = serializers.CharField(allow_blank=True)
    weight = serializers.FloatField()


class ServiceShape(_Subject):
    kind = of_kind(SubjectKind.SERVICE)
    description = serializers.CharField(allow_blank=True)
    value_proposition = serializers.CharField(allow_blank=True)
    owner = serializers.CharField(allow_blank=True)
    segments = OfferLink(many=True)


class EngagementShape(_Subject):
    kind = of_kind(SubjectKind.ENGAGEMENT)
    project = serializers.CharField()
    segment = serializers.CharField()
    share = serializers.FloatField()


SHAPES: dict[str, type[_Subject]] = {
    SubjectKind.ORGANISATION: OrganisationShape,
    SubjectKind.PORTFOLIO: PortfolioShape,
    SubjectKind.PROJECT: ProjectShape,
    SubjectKind.SEGMENT: SegmentShape,
    SubjectKind.CUSTOMER: CustomerShape,
    SubjectKind.SERVICE: ServiceShape,
    SubjectKind.ENGAGEMENT: EngagementShape,
}

ANY_SUBJECT = PolymorphicProxySerializer(
    "Subject", {str(kind): shape for kind, shape in SHAPES.items()}, "kind", many=False
)


@extend_schema_field(ANY_SUBJECT)
class SubjectField(serializers.Field):
    """A subject of whichever kind."""


class ScorecardChoice(serializers.Serializer):
    """Which scorecard a subject uses."""

    subject = serializers.CharField()
    scorecard = serializers.CharField(allow_null=True)
