"""Score months: which are closed, how they were scored, and what was reported of a reopened one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.core.paginator import Page, Paginator
from django.db.models import Count, F, FilteredRelation, Q

from dashboards.selectors.entry import DueValue, due_values, read_desk
from dashboards.selectors.months import current_month
from dashboards.selectors.scores import LABELS, Mark, marks_of
from metrics.choices import Band
from metrics.closed_months import ClosedMonths
from metrics.due import DueState
from metrics.entry_rights import Claims
from metrics.models import (
    SCORE_COLUMNS,
    MetricDefinition,
    MonthClosing,
    ReportedScore,
    RescoreNeed,
    Score,
)
from projects.choices import SubjectKind
from projects.models import Organisation
from projects.months import Month, month_range

MONTHS_PER_PAGE = 24

MOST_DIFFERENCES = 20

SAME = 1e-6

ANSWERED = (DueState.ANSWERED, DueState.PROPOSED)


@dataclass(frozen=True, slots=True)
class MonthRow:
    """One month: its state, how many were scored, and the organisation's score."""

    month: Month
    is_closed: bool
    closing: MonthClosing | None
    """The latest closing by name: in force, or ended with its reason."""
    scored: int
    insufficient: int
    overall: Mark
    is_running: bool
    is_over: bool

    @property
    def can_be_closed(self) -> bool:
        return self.is_over and not self.is_closed

    @property
    def was_reopened(self) -> bool:
        return not self.is_closed and self.closing is not None


@dataclass(frozen=True, slots=True)
class MonthsPage:
    rows: tuple[MonthRow, ...]
    page: Page
    organisation: str


@dataclass(frozen=True, slots=True)
class _Facts:
    closed: ClosedMonths
    closings: dict[Month, list[MonthClosing]]
    running: Month


def _facts() -> _Facts:
    closings: dict[Month, list[MonthClosing]] = {}
    rows = MonthClosing.objects.select_related("closed_by", "reopened_by")
    for row in rows.order_by("-month", "-closed_at", "-pk"):
        closings.setdefault(row.month, []).append(row)
    return _Facts(ClosedMonths.read(), closings, current_month())


def months_page(number: str | None) -> MonthsPage:
    """Every month that has scores or was ever closed, the latest first."""
    facts = _facts()
    counts = {
        month: (scored, insufficient)
        for month, scored, insufficient in Score.objects.order_by("month")
        .values_list("month")
        .annotate(scored=Count("pk"), insufficient=_insufficient())
    }
    offered = sorted({*counts, *facts.closings}, reverse=True)
    page = Paginator(offered, MONTHS_PER_PAGE).get_page(number)
    organisation = Organisation.objects.first()
    overall = {
        row.month: marks_of(row)[0]
        for row in Score.objects.filter(
            subject=organisation.pk if organisation else None, month__in=list(page)
        )
    }
    return MonthsPage(
        rows=tuple(
            _row(facts, month, counts.get(month, (0, 0)), overall.get(month)) for month in page
        ),
        page=page,
        organisation=organisation.code if organisation else "",
    )


def _insufficient() -> Count:
    return Count("pk", filter=Q(overall_band=Band.INSUFFICIENT))


def _row(facts: _Facts, month: Month, counts: tuple[int, int], overall: Mark | None) -> MonthRow:
    return MonthRow(
        month=month,
        is_closed=month in facts.closed,
        closing=next(iter(facts.closings.get(month, [])), None),
        scored=counts[0],
        insufficient=counts[1],
        overall=overall or marks_of(None)[0],
        is_running=month == facts.running,
        is_over=month < facts.running,
    )


@dataclass(frozen=True, slots=True)
class Restated:
    """One of the organisation's scores as it was reported and as it stands now."""

    label: str
    reported: Mark
    now: Mark

    @property
    def change(self) -> float | None:
        if self.reported.score is None or self.now.score is None:
            return None
        return self.now.score - self.reported.score


@dataclass(frozen=True, slots=True)
class Report:
    """What was reported by one closing of a month that was reopened later."""

    closing: MonthClosing
    organisation: tuple[Restated, ...]
    """Empty if the organisation had no score then."""
    differences: tuple[Difference, ...]
    """Against what stands now, the largest first."""
    difference_count: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A subject whose overall score is not what was reported."""

    code: str
    name: str
    kind: str
    reported: float | None
    reported_band: Band
    now: float | None
    band: Band | None

    @property
    def change(self) -> float | None:
        return None if self.reported is None or self.now is None else self.now - self.reported


@dataclass(frozen=True, slots=True)
class MonthPage:
    """One month with all that was ever done to it."""

    row: MonthRow
    closings: tuple[MonthClosing, ...]
    reports: tuple[Report, ...]
    organisation: str
    waiting: int


def month_page(month: Month) -> MonthPage:
    """The month's history, and what was reported beside what stands now."""
    facts = _facts()
    organisation = Organisation.objects.first()
    stored = Score.objects.filter(month=month)
    now = stored.filter(subject=organisation.pk if organisation else None).first()
    counts = stored.aggregate(scored=Count("pk"), insufficient=_insufficient())
    reports = _reports(month, organisation, now)
    return MonthPage(
        row=_row(
            facts,
            month,
            (counts["scored"], counts["insufficient"]),
            marks_of(now)[0],
        ),
        closings=tuple(facts.closings.get(month, ())),
        reports=reports,
        organisation=organisation.code if organisation else "",
        waiting=_waiting(month),
    )


def _reports(
    month: Month, organisation: Organisation | None, now: Score | None
) -> tuple[Report, ...]:
    """The latest first."""
    reported = {
        row.closing_id: row
        for row in ReportedScore.objects.filter(
            closing__month=month, subject=organisation.pk if organisation else None
        )
    }
    closings = (
        MonthClosing.objects.filter(month=month, reopened_at__isnull=False)
        .select_related("closed_by", "reopened_by")
        .order_by("-reopened_at", "-pk")
    )
    differing = _differing(month)
    return tuple(
        Report(
            row,
            _restated(reported.get(row.pk), now),
            tuple(differing[row.pk][:MOST_DIFFERENCES]),
            len(differing[row.pk]),
        )
        for row in closings
    )


def _restated(reported: ReportedScore | None, now: Score | None) -> tuple[Restated, ...]:
    if reported is None:
        return ()
    as_it_was = Score(**{column: getattr(reported, column) for column in SCORE_COLUMNS})
    before, after = _all_marks(as_it_was), _all_marks(now)
    return tuple(
        Restated(LABELS[mark.measure], mark, other)
        for mark, other in zip(before, after, strict=True)
    )


def _all_marks(row: Score | None) -> list[Mark]:
    overall, categories = marks_of(row)
    return [overall, *categories]


def _differing(month: Month) -> dict[int, list[Difference]]:
    """Of each closing that was ended, the largest differences first."""
    rows = (
        ReportedScore.objects.filter(closing__month=month)
        .annotate(
            now=FilteredRelation("subject__scores", condition=Q(subject__scores__month=month))
        )
        .values_list(
            "closing_id",
            "subject__code",
            "subject__name",
            "subject__kind",
            "overall_score",
            "overall_band",
            "now__overall_score",
            "now__overall_band",
        )
        .exclude(overall_score__isnull=True, now__overall_score__isnull=True)
        .exclude(now__overall_score__range=(F("overall_score") - SAME, F("overall_score") + SAME))
    )
    found: dict[int, list[Difference]] = defaultdict(list)
    for closing, code, name, kind, reported, reported_band, now, band in rows:
        found[closing].append(
            Difference(
                code,
                name,
                str(SubjectKind(kind).label),
                reported,
                Band(reported_band),
                now,
                None if band is None else Band(band),
            )
        )
    for differences in found.values():
        differences.sort(
            key=lambda row: (row.change is not None, -abs(row.change or 0.0), row.name)
        )
    return found


def _waiting(month: Month) -> int:
    """How many subjects changed and wait to be scored in this month."""
    needs = RescoreNeed.objects.filter(first_month__lte=month)
    return needs.values("subject").distinct().count()


@dataclass(frozen=True, slots=True)
class MissingMetric:
    """A metric with values that are expected in the months to be closed and have not come."""

    metric: MetricDefinition
    total: int
    answered: int
    """Of which somebody said that there is none, or proposed that it does not apply."""
    waiting: int
    """Of which a value waits for approval."""
    people: tuple[str, ...]
    """To whom they are assigned; empty = any analyst may give them."""


@dataclass(frozen=True, slots=True)
class MissingPerson:
    name: str
    total: int


@dataclass(frozen=True, slots=True)
class Missing:
    """What has not come, by metric and by person."""

    metrics: tuple[MissingMetric, ...]
    people: tuple[MissingPerson, ...]
    """A value that is assigned to several counts with each of them."""
    total: int

    @property
    def nobodys(self) -> int:
        return sum(line.total for line in self.metrics if not line.people)


@dataclass(frozen=True, slots=True)
class ClosingPlan:
    """What closing a month would do, and what has not come yet."""

    month: Month
    months: tuple[Month, ...]
    waiting: int
    missing: Missing
    overall: Mark

    @property
    def missing_total(self) -> int:
        return self.missing.total


def closing_plan(month: Month) -> ClosingPlan:
    """The months that would be closed together, and what still waits."""
    closed = ClosedMonths.read()
    first = closed.first_named
    if first is None:
        first = (
            Score.objects.filter(month__lte=month)
            .order_by("month")
            .values_list("month", flat=True)
            .first()
        )
    months = closed.open_among(month_range(min(first or month, month), month))
    organisation = Organisation.objects.values("pk")[:1]
    now = Score.objects.filter(month=month, subject__in=organisation).first()
    return ClosingPlan(
        month=month,
        months=tuple(months),
        waiting=_waiting(month),
        missing=_missing(months),
        overall=marks_of(now)[0],
    )


def _missing(months: Sequence[Month]) -> Missing:
    """Values of these months that are expected of anybody and have not come."""
    due = due_values(read_desk(None))
    values = [value for value in due.missing if value.month in months]
    claims = Claims.read()  # the desk of everybody looks past them
    owners = {
        (value.metric.pk, value.subject.pk): claims.owners(value.metric.pk, value.subject.pk)
        for value in values
    }
    keys = {owner for found in owners.values() for owner in found}
    names = {
        person.pk: person.get_full_name() or person.get_username()
        for person in User.objects.filter(pk__in=keys)
    }
    of_metric: dict[int, list[DueValue]] = {}
    of_person: Counter[str] = Counter()
    for value in values:
        of_metric.setdefault(value.metric.pk, []).append(value)
        of_person.update(names[owner] for owner in owners[value.metric.pk, value.subject.pk])
    lines = [
        MissingMetric(
            found[0].metric,
            len(found),
            sum(value.state in ANSWERED for value in found),
            sum(value.state == DueState.WAITING for value in found),
            tuple(
                sorted(
                    {
                        names[owner]
                        for each in found
                        for owner in owners[each.metric.pk, each.subject.pk]
                    }
                )
            ),
        )
        for found in of_metric.values()
    ]
    return Missing(
        tuple(sorted(lines, key=lambda line: (-line.total, line.metric.name))),
        tuple(MissingPerson(name, total) for name, total in of_person.most_common()),
        len(values),
    )
