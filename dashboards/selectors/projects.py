"""One project: its facts, whom it serves, and what was entered for it lately."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from dashboards.selectors.explain.parts import shown_decimals
from dashboards.selectors.months import ViewMonth
from dashboards.selectors.scores import SubjectScores, scores_of
from metrics.choices import Cadence, Door
from metrics.models import Measurement, MetricDefinition
from metrics.periods import Period
from projects.choices import SubjectKind
from projects.models import Engagement, Organisation, Project, Subject

VALUES_SHOWN = 10


@dataclass(frozen=True, slots=True)
class AgainstPlan:
    """Dates and spending against what was planned; None where either is unknown."""

    days_late: int | None
    spent_rate: float | None

    @property
    def days_early(self) -> int:
        return -(self.days_late or 0)


def against_plan(project: Project) -> AgainstPlan:
    late = rate = None
    if project.end_on is not None and project.baseline_end_on is not None:
        late = (project.end_on - project.baseline_end_on).days
    if project.actual_cost is not None and project.budget:
        rate = float(project.actual_cost / project.budget)
    return AgainstPlan(late, rate)


@dataclass(frozen=True, slots=True)
class ServedSegment:
    """A segment that the project serves, and how its work for that segment scores."""

    code: str
    name: str
    share: float
    share_rate: float | None
    """The share as a part of all shares of the project."""
    engagement: SubjectScores


def segments_served(project: Project, month: ViewMonth) -> list[ServedSegment]:
    """The largest share first."""
    links = list(
        Engagement.objects.filter(project=project)
        .select_related("segment")
        .order_by("-share", "segment__name", "code")
    )
    if not links:
        return []
    scores = {
        row.pk: row
        for row in scores_of(Engagement.objects.filter(project=project), month.month, month.before)
    }
    whole = sum(link.share for link in links)
    return [
        ServedSegment(
            link.segment.code,
            link.segment.name,
            link.share,
            link.share / whole if whole else None,
            scores[link.pk],
        )
        for link in links
    ]


@dataclass(frozen=True, slots=True)
class EnteredValue:
    """A measurement as it was last written, and by whom."""

    metric: MetricDefinition
    subject_code: str
    segment: str
    """The segment's name, where it was measured of the work for that segment."""
    period: str
    period_start: date
    value: float
    note: str
    door: str
    by: str
    """Empty where it came without a person: from a workspace, or of somebody who is gone."""
    at: datetime
    is_corrected: bool
    is_late: bool

    @property
    def decimals(self) -> int:
        return shown_decimals(self.metric.decimals, self.value)


def values_entered_lately(project: Project, *, most: int = VALUES_SHOWN) -> list[EnteredValue]:
    """The project's own and those of its engagements, the latest first."""
    organisation = Organisation.objects.only("fiscal_year_starts_in").first()
    starts_in = organisation.fiscal_year_starts_in if organisation else 1
    # One list of keys: with "or" between them the database would read every value there is.
    theirs = Engagement.objects.filter(project=project).order_by().values("pk")
    own = Subject.objects.filter(pk=project.pk).order_by().values("pk")
    rows = (
        Measurement.objects.filter(subject__in=own.union(theirs))
        .select_related("metric", "entered_by", "subject__as_engagement__segment")
        .order_by("-changed_at", "-period_start", "-pk")[:most]
    )
    return [
        EnteredValue(
            metric=row.metric,
            subject_code=row.subject.code,
            segment=row.subject.as_engagement.segment.name
            if row.subject.kind == SubjectKind.ENGAGEMENT
            else "",
            period=Period(Cadence(row.metric.cadence), row.period_start).label(starts_in),
            period_start=row.period_start,
            value=row.value,
            note=row.note,
            door=str(Door(row.door).label),
            by=(row.entered_by.get_full_name() or row.entered_by.get_username())
            if row.entered_by
            else "",
            at=row.changed_at,
            is_corrected=row.changed_at > row.created_at,
            is_late=row.is_late,
        )
        for row in rows
    ]
