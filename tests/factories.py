"""Rows with sensible defaults; a test spells out only the fields it is about.

Factories write past the operations: they set the stage, and mark nothing for rescoring.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib.auth.models import User
from django.db import models
from factory.declarations import LazyAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory

from api.models import PersonalToken
from dashboards.models import Pack, PackKind, Rhythm, SavedView, Subscription
from metrics.choices import (
    Band,
    Cadence,
    Category,
    Door,
    OverallRule,
    ReminderKind,
    RunScope,
    RunTrigger,
)
from metrics.models import (
    CurveOverride,
    DraftMeasurement,
    Exemption,
    ExemptionProposal,
    ImportBatch,
    ImportFile,
    Measurement,
    MeasurementChange,
    MetricAssignment,
    MetricDefinition,
    MonthClosing,
    NoValue,
    Reminder,
    ReportedScore,
    RescoreNeed,
    Score,
    Scorecard,
    ScorecardAssignment,
    ScorecardLine,
    ScoreRun,
)
from metrics.periods import parse_period
from projects.choices import Audience, ProjectStage, SubjectKind
from projects.codes import engagement_code
from projects.models import (
    Customer,
    Engagement,
    Event,
    Offer,
    Organisation,
    Portfolio,
    PortfolioLimit,
    Project,
    Segment,
    Service,
)
from projects.months import Month

Row = TypeVar("Row", bound=models.Model)

LINEAR = [[0.0, 0.0], [100.0, 100.0]]
"""A curve that gives every value from 0 to 100 as its own score."""

A_MOMENT = datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
A_MONTH = Month.parse("2026-03")


class RowFactory(DjangoModelFactory[Row]):
    """Calling a factory gives a stored row of its model."""

    class Meta:
        abstract = True

    if TYPE_CHECKING:

        def __new__(cls, **fields: Any) -> Row: ...  # type: ignore[misc]  # as the metaclass does


def numbered(prefix: str) -> Any:
    """`P1001`, `P1002`: low numbers are left to tests that write their codes themselves."""
    return Sequence(lambda number: f"{prefix}{1001 + number}")  # type: ignore[no-untyped-call]


def told_by(rule: Callable[[Any], Any]) -> Any:
    """A field that follows from the row's other fields."""
    return LazyAttribute(rule)  # type: ignore[no-untyped-call]


def another(factory: type[DjangoModelFactory[Any]]) -> Any:
    return SubFactory(factory)  # type: ignore[no-untyped-call]


class UserFactory(RowFactory[User]):
    class Meta:
        model = User

    username = numbered("person")


class OrganisationFactory(RowFactory[Organisation]):
    class Meta:
        model = Organisation
        django_get_or_create = ("code",)

    code = "ORG"
    name = "The organisation"


class PortfolioFactory(RowFactory[Portfolio]):
    class Meta:
        model = Portfolio

    code = numbered("PF")
    name = told_by(lambda row: f"Portfolio {row.code}")


class PortfolioLimitFactory(RowFactory[PortfolioLimit]):
    class Meta:
        model = PortfolioLimit

    user = another(UserFactory)
    portfolio = another(PortfolioFactory)


class ProjectFactory(RowFactory[Project]):
    class Meta:
        model = Project

    code = numbered("P")
    name = told_by(lambda row: f"Project {row.code}")
    portfolio = another(PortfolioFactory)
    stage = ProjectStage.DELIVERY


class SegmentFactory(RowFactory[Segment]):
    class Meta:
        model = Segment

    code = numbered("S")
    name = told_by(lambda row: f"Segment {row.code}")
    audience = Audience.EXTERNAL


class CustomerFactory(RowFactory[Customer]):
    class Meta:
        model = Customer

    code = numbered("C")
    name = told_by(lambda row: f"Customer {row.code}")
    segment = another(SegmentFactory)


class ServiceFactory(RowFactory[Service]):
    class Meta:
        model = Service

    code = numbered("SV")
    name = told_by(lambda row: f"Service {row.code}")


class EngagementFactory(RowFactory[Engagement]):
    class Meta:
        model = Engagement

    project = another(ProjectFactory)
    segment = another(SegmentFactory)
    code = told_by(lambda row: engagement_code(row.project.code, row.segment.code))
    name = told_by(lambda row: f"{row.project.name} for {row.segment.name}")


class OfferFactory(RowFactory[Offer]):
    class Meta:
        model = Offer

    service = another(ServiceFactory)
    segment = another(SegmentFactory)


class EventFactory(RowFactory[Event]):
    class Meta:
        model = Event

    subject = another(ProjectFactory)
    day = date(2026, 3, 10)
    title = numbered("Event ")


class MetricFactory(RowFactory[MetricDefinition]):
    """A monthly tactical metric of projects, whose values are their own scores."""

    class Meta:
        model = MetricDefinition

    code = numbered("m")
    name = told_by(lambda row: f"Metric {row.code}")
    category = Category.TACTICAL
    subject_kind = SubjectKind.PROJECT
    cadence = Cadence.MONTH
    curve = LINEAR


class CurveOverrideFactory(RowFactory[CurveOverride]):
    class Meta:
        model = CurveOverride

    metric = another(MetricFactory)
    subject = another(ProjectFactory)
    from_month = A_MONTH
    curve = [[0.0, 100.0], [100.0, 0.0]]


class ExemptionFactory(RowFactory[Exemption]):
    class Meta:
        model = Exemption

    metric = another(MetricFactory)
    subject = another(ProjectFactory)
    reason = "It has no customers yet."


class MetricAssignmentFactory(RowFactory[MetricAssignment]):
    class Meta:
        model = MetricAssignment

    metric = another(MetricFactory)
    user = another(UserFactory)
    scope = another(OrganisationFactory)


class ScorecardFactory(RowFactory[Scorecard]):
    """Own lines only, the arithmetic mean, and content with whatever evidence there is."""

    class Meta:
        model = Scorecard

    code = numbered("card")
    name = told_by(lambda row: f"Scorecard {row.code}")
    subject_kind = SubjectKind.PROJECT
    is_default = False
    overall = OverallRule.ARITHMETIC
    min_coverage = 0.0
    min_categories = 1
    amber_from = 50.0
    green_from = 75.0


class ScorecardLineFactory(RowFactory[ScorecardLine]):
    class Meta:
        model = ScorecardLine

    scorecard = another(ScorecardFactory)
    metric = another(MetricFactory)


class ScorecardAssignmentFactory(RowFactory[ScorecardAssignment]):
    class Meta:
        model = ScorecardAssignment

    subject = another(ProjectFactory)
    scorecard = another(ScorecardFactory)


def _period_fields(row: Any) -> Any:
    organisation = Organisation.objects.first()
    starts_in = organisation.fiscal_year_starts_in if organisation else 1
    return parse_period(row.period, row.metric.cadence, starts_in)


class MeasurementFactory(RowFactory[Measurement]):
    """`period` as it is written for the metric's cadence."""

    class Meta:
        model = Measurement

    class Params:
        period = "2026-03"

    metric = another(MetricFactory)
    subject = another(ProjectFactory)
    period_start = told_by(lambda row: _period_fields(row).start)
    month = told_by(lambda row: _period_fields(row).month)
    value = 50.0
    door = Door.FORM
    created_at = A_MOMENT
    changed_at = A_MOMENT


class MeasurementChangeFactory(RowFactory[MeasurementChange]):
    class Meta:
        model = MeasurementChange

    metric = another(MetricFactory)
    subject = another(ProjectFactory)
    period_start = A_MONTH.first_day
    value_before = 50.0
    value_after = 60.0
    door = Door.FORM
    changed_at = A_MOMENT


class DraftMeasurementFactory(RowFactory[DraftMeasurement]):
    """A value that waits for approval; `period` as it is written for the metric's cadence."""

    class Meta:
        model = DraftMeasurement

    class Params:
        period = "2026-03"

    metric = another(MetricFactory)
    subject = another(ProjectFactory)
    period_start = told_by(lambda row: _period_fields(row).start)
    month = told_by(lambda row: _period_fields(row).month)
    value = 50.0
    door = Door.FORM
    entered_at = A_MOMENT


class NoValueFactory(RowFactory[NoValue]):
    class Meta:
        model = NoValue

    class Params:
        period = "2026-03"

    metric = another(MetricFactory)
    subject = another(ProjectFactory)
    period_start = told_by(lambda row: _period_fields(row).start)
    month = told_by(lambda row: _period_fields(row).month)
    reason = "The survey was not sent."
    said_at = A_MOMENT


class ExemptionProposalFactory(RowFactory[ExemptionProposal]):
    class Meta:
        model = ExemptionProposal

    metric = another(MetricFactory)
    subject = another(ProjectFactory)
    reason = "It has no customers yet."
    proposed_at = A_MOMENT


class ImportFileFactory(RowFactory[ImportFile]):
    class Meta:
        model = ImportFile

    name = numbered("values")
    size = 0
    sha256 = "0" * 64
    content = b""


class ImportBatchFactory(RowFactory[ImportBatch]):
    class Meta:
        model = ImportBatch

    file = another(ImportFileFactory)


class ScoreFactory(RowFactory[Score]):
    """A green tactical score that is the overall score as well."""

    class Meta:
        model = Score

    subject = another(ProjectFactory)
    month = A_MONTH
    tactical_score = 80.0
    tactical_coverage = 1.0
    tactical_band = Band.GREEN
    overall_score = 80.0
    overall_coverage = 1.0
    overall_band = Band.GREEN
    overall_low = 80.0
    overall_high = 80.0
    balance = 1.0


class MonthClosingFactory(RowFactory[MonthClosing]):
    class Meta:
        model = MonthClosing

    month = A_MONTH
    closed_at = A_MOMENT


class ReportedScoreFactory(RowFactory[ReportedScore]):
    class Meta:
        model = ReportedScore

    closing = another(MonthClosingFactory)
    subject = another(ProjectFactory)
    overall_score = 80.0
    overall_coverage = 1.0
    overall_band = Band.GREEN
    overall_low = 80.0
    overall_high = 80.0


class ScoreRunFactory(RowFactory[ScoreRun]):
    class Meta:
        model = ScoreRun

    scope = RunScope.FULL
    trigger = RunTrigger.SCHEDULE


class RescoreNeedFactory(RowFactory[RescoreNeed]):
    class Meta:
        model = RescoreNeed

    subject = another(ProjectFactory)
    first_month = A_MONTH


class ReminderFactory(RowFactory[Reminder]):
    class Meta:
        model = Reminder

    user = another(UserFactory)
    kind = ReminderKind.DUE
    day = A_MONTH.last_day
    subject = "1 value is overdue"
    message_id = numbered("message")


class PersonalTokenFactory(RowFactory[PersonalToken]):
    """A token that nobody knows the words of."""

    class Meta:
        model = PersonalToken

    user = another(UserFactory)
    name = numbered("Program ")
    start = "pmo_"
    digest = numbered("digest")
    scopes = ["read"]
    created_at = A_MOMENT
    expires_at = A_MOMENT + timedelta(days=90)


class PackFactory(RowFactory[Pack]):
    """A kept file with next to nothing in it."""

    class Meta:
        model = Pack

    closing = another(MonthClosingFactory)
    subject = another(OrganisationFactory)
    kind = PackKind.PDF
    content = b"%PDF-"
    size = 5
    data = told_by(lambda row: {"code": row.subject.code, "month": str(row.closing.month)})


class SavedViewFactory(RowFactory[SavedView]):
    class Meta:
        model = SavedView

    user = another(UserFactory)
    name = numbered("View ")
    address = "/projects/?sort=-score"


class SubscriptionFactory(RowFactory[Subscription]):
    """The organisation's pack, every Monday at seven."""

    class Meta:
        model = Subscription

    user = another(UserFactory)
    subject = another(OrganisationFactory)
    rhythm = Rhythm.WEEKLY
    weekday = told_by(lambda row: 0 if row.rhythm == Rhythm.WEEKLY else None)
    hour = 7
    time_zone = "UTC"
    next_at = told_by(lambda row: None if row.rhythm == Rhythm.CLOSING else A_MOMENT)
    told_until = A_MOMENT
