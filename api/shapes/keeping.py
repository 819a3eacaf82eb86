"""Subjects, links and events as they are made and changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from api.fields import (
    Amount,
    ByKind,
    Code,
    Day,
    MonthText,
    OneOf,
    Patterned,
    Shape,
    Text,
    WholeNumber,
    YesNo,
    changes_of,
)
from api.paging import Paged
from api.shapes.definitions import LONG, NONE, VERSION, Reason
from api.shapes.scorecards import weight
from api.shapes.subjects import SHAPES
from metrics.choices import Category
from projects.choices import Audience, ProjectStage, SubjectKind
from projects.models.customers import MOST_CUSTOMERS
from projects.models.events import TEXT_LENGTH, TITLE_LENGTH

STOP, GO_ON = "stop", "go_on"


def of_kind(kind: SubjectKind) -> OneOf:
    return OneOf([(kind.value, kind.label)])


def long_text() -> Text:
    return Text(max_length=LONG, allow_blank=True, required=False)


def short_text() -> Text:
    return Text(max_length=255, allow_blank=True, required=False)


def currency() -> Text:
    return Text(
        max_length=3, allow_blank=True, required=False, help_text="Three capital letters, or blank."
    )


def amount() -> Amount:
    return Amount(allow_null=True, required=False, help_text="A decimal, as text; null = unknown.")


def day() -> Day:
    return Day(allow_null=True, required=False)


class _NewSubject(Shape):
    """What is told of every new subject."""

    code = Code()
    name = Text(max_length=255)
    active_from = MonthText(
        allow_null=True,
        required=False,
        help_text="Measured from. Not told: the running month; null, on purpose: since ever.",
    )
    active_until = MonthText(allow_null=True, required=False, help_text="null = open.")
    scorecard = Code(
        allow_null=True, required=False, help_text="Its own; null = its kind's default."
    )
    reason = long_text()
    tell_coverage = YesNo(
        default=True,
        help_text="Tell what it does to the coverage of what it counts in, which takes a moment.",
    )


class NewOrganisation(_NewSubject):
    kind = of_kind(SubjectKind.ORGANISATION)
    fiscal_year_starts_in = WholeNumber(min_value=1, max_value=12, required=False)


class NewPortfolio(_NewSubject):
    kind = of_kind(SubjectKind.PORTFOLIO)
    parent = Code(  # type: ignore[assignment]  # a field
        allow_null=True, required=False, help_text="The portfolio that it lies in."
    )
    description = long_text()


class NewProject(_NewSubject):
    kind = of_kind(SubjectKind.PROJECT)
    portfolio = Code()
    stage = OneOf([NONE, *ProjectStage.choices], allow_blank=True, required=False)
    description = long_text()
    customer_experience = long_text()
    relationship_effect = long_text()
    revenue_effect = long_text()
    sponsor = short_text()
    lead = short_text()
    start_on = day()
    end_on = day()
    baseline_end_on = day()
    budget = amount()
    forecast_cost = amount()
    actual_cost = amount()
    currency = currency()
    weight = weight(required=False)


class NewSegment(_NewSubject):
    kind = of_kind(SubjectKind.SEGMENT)
    audience = OneOf([NONE, *Audience.choices], allow_blank=True, required=False)
    description = long_text()
    value_proposition = long_text()
    customer_count = WholeNumber(
        min_value=0, max_value=MOST_CUSTOMERS, allow_null=True, required=False
    )
    annual_revenue = amount()
    currency = currency()
    weight = weight(required=False)


class NewCustomer(_NewSubject):
    kind = of_kind(SubjectKind.CUSTOMER)
    segment = Code()
    since = day()
    renewal_on = day()
    annual_revenue = amount()
    currency = currency()
    weight = weight(required=False)


class NewService(_NewSubject):
    kind = of_kind(SubjectKind.SERVICE)
    description = long_text()
    value_proposition = long_text()
    owner = short_text()


NEW_SUBJECTS: Mapping[str, type[_NewSubject]] = {
    SubjectKind.ORGANISATION: NewOrganisation,
    SubjectKind.PORTFOLIO: NewPortfolio,
    SubjectKind.PROJECT: NewProject,
    SubjectKind.SEGMENT: NewSegment,
    SubjectKind.CUSTOMER: NewCustomer,
    SubjectKind.SERVICE: NewService,
}
"""The kinds that are kept by hand; engagements are made by linking (EngagementInput)."""

NEW_SUBJECT = ByKind("NewSubject", {str(kind): shape for kind, shape in NEW_SUBJECTS.items()})


class EndInput(Shape):
    """How measuring goes on when a project is closed or cancelled."""

    measuring = OneOf(
        [(STOP, "Stop"), (GO_ON, "Go on")],
        help_text=(
            "`stop`: after its last month it counts for nothing. `go_on`: what customers gain is"
            " still measured, how it was delivered is not."
        ),
    )
    last_month = MonthText(help_text="The last month of its delivery.")
    exempt = serializers.ListField(
        child=Code(),
        required=False,
        max_length=500,
        help_text=(
            "The delivery metrics that no longer apply where measuring goes on. Not told: all"
            " of them."
        ),
    )


ABOUT_CHANGES = ("reason", "tell_coverage", "version", "end")
"""Fields that are about the change, and not about the subject."""


OF_ALL_KINDS = "The fields of all kinds; which of them a subject has, its kind says."


def _change_of_subjects() -> type[Shape]:
    """The address names the subject, and its kind stays what it is."""
    fields: dict[str, Any] = {"__doc__": OF_ALL_KINDS}
    for shape in NEW_SUBJECTS.values():
        fields |= changes_of(shape, but=("kind",))._declared_fields
    fields["version"] = SubjectVersionText(required=False, help_text=VERSION)
    fields["end"] = EndInput(
        required=False, help_text="Asked for when `stage` becomes closed or cancelled."
    )
    return type("SubjectChange", (Shape,), fields)


class SubjectVersionText(Patterned):
    """The versions of a subject and of its own scorecard: `12.3`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(r"^[0-9]{1,18}\.[0-9]{1,18}$", trim_whitespace=False, **kwargs)


SubjectChange = _change_of_subjects()

VERSIONED = PolymorphicProxySerializer(
    "SubjectWithVersion",
    {
        str(kind): type(
            f"Versioned{shape.__name__}",
            (shape,),
            {"version": serializers.CharField(help_text=VERSION)},
        )
        for kind, shape in SHAPES.items()
    },
    "kind",
    many=False,
)


@extend_schema_field(VERSIONED)
class VersionedField(serializers.Field):
    """A subject of whichever kind, with its version."""


class CoverageShape(serializers.Serializer):
    """How much is known of what a subject counts in, without the change and with it."""

    subject = serializers.CharField()
    month = MonthText()
    before = serializers.FloatField(allow_null=True)
    after = serializers.FloatField(allow_null=True)


class KeptSubject(serializers.Serializer):
    """The subject as it stands, and what that does to the coverage of what it counts in."""

    subject = VersionedField()
    coverage = CoverageShape(many=True)


class LinkQuery(Paged):
    segment = Code(required=False)


class EngagementQuery(LinkQuery):
    project = Code(required=False)


class EngagementInput(Reason):
    """With which share a project serves a segment."""

    share = weight()


class EngagementLink(serializers.Serializer):
    """A project's work for a segment; `code` is the subject that it is."""

    code = serializers.CharField()
    project = serializers.CharField()
    segment = serializers.CharField()
    share = serializers.FloatField()
    version = serializers.IntegerField()


class OfferQuery(LinkQuery):
    service = Code(required=False)


class OfferInput(Reason):
    """On what terms a service is offered to a segment."""

    weight = weight()
    annual_cost = Amount(allow_null=True, default=None)
    benchmark_cost = Amount(
        allow_null=True, default=None, help_text="What the same would cost elsewhere."
    )
    currency = Text(max_length=3, allow_blank=True, default="")


class OfferShape(serializers.Serializer):
    service = serializers.CharField()
    segment = serializers.CharField()
    weight = serializers.FloatField()
    annual_cost = serializers.CharField(allow_null=True)
    benchmark_cost = serializers.CharField(allow_null=True)
    currency = serializers.CharField(allow_blank=True)
    version = serializers.IntegerField()


class EventQuery(Paged):
    subject = Code(required=False)
    first_day = Day(required=False)
    last_day = Day(required=False)


class EventFields(Shape):
    """What happened to a subject on a day. It explains scores and counts in none."""

    subject = Code()
    day = Day()
    title = Text(max_length=TITLE_LENGTH)
    text = Text(max_length=TEXT_LENGTH, allow_blank=True, default="")


class EventInput(EventFields, Reason):
    pass


class EventShape(EventFields):
    id = serializers.IntegerField(read_only=True)
    version = serializers.IntegerField(read_only=True)


class ReadyMadeShape(serializers.Serializer):
    """A metric to start from."""

    code = serializers.CharField()
    name = serializers.CharField()
    question = serializers.CharField(allow_blank=True)
    description = serializers.CharField()
    category = serializers.ChoiceField(Category.values)
    subject_kind = serializers.ChoiceField(SubjectKind.values)
    cadence = serializers.CharField()
    unit = serializers.CharField(allow_blank=True)
    formula = serializers.CharField(allow_blank=True)


class ReadyMadeList(serializers.Serializer):
    results = ReadyMadeShape(many=True)


class CopyInput(Shape):
    codes = serializers.ListField(child=Code(), min_length=1, max_length=500)
    reason = long_text()


class CopiedShape(serializers.Serializer):
    """The codes of the new metrics; of inputs that came along; of such as were there already."""

    metrics = serializers.ListField(child=serializers.CharField())
    along = serializers.ListField(child=serializers.CharField())
    reused = serializers.ListField(child=serializers.CharField())
