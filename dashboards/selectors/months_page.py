"""Score months: which are closed, how they were scored, and what was reported of a reopened one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, FilteredRelation, Q

from dashboards.selectors.missing import (
    Missing,
    MissingPage,
    StandingNow,
    missing_of,
    missing_page,
    standing_now,
)
from dashboards.selectors.months import current_month
from dashboards.selectors.scores import LABELS, OVERALL, Mark, marks_of
from metrics.choices import Band
from metrics.closed_months import ClosedMonths, numbered
from metrics.models import (
    SCORE_COLUMNS,
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


def months_page(number: str | None, *, per_page: int = MONTHS_PER_PAGE) -> MonthsPage:
    """Every month that has scores or was ever closed, the latest first."""
    facts = _facts()
    counts = {
        month: (scored, insufficient)
        for month, scored, insufficient in Score.objects.order_by("month")
        .values_list("month")
        .annotate(scored=Count("pk"), insufficient=_insufficient())
    }
    offered = sorted({*counts, *facts.closings}, reverse=True)
    page = Paginator(offered, per_page).get_page(number)
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
    anchor: str
    """Where its explanation stands on the page that explains; empty for the overall score."""
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

    number: int
    """Of the closing among those of its month; its explanation is asked for by it."""
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


def month_page(month: Month, *, most: int = MOST_DIFFERENCES) -> MonthPage:
    """The month's history, and what was reported beside what stands now."""
    facts = _facts()
    organisation = Organisation.objects.first()
    stored = Score.objects.filter(month=month)
    now = stored.filter(subject=organisation.pk if organisation else None).first()
    counts = stored.aggregate(scored=Count("pk"), insufficient=_insufficient())
    closings = facts.closings.get(month, [])
    reports = _reports(month, closings, organisation, now, most)
    return MonthPage(
        row=_row(
            facts,
            month,
            (counts["scored"], counts["insufficient"]),
            marks_of(now)[0],
        ),
        closings=tuple(closings),
        reports=reports,
        organisation=organisation.code if organisation else "",
        waiting=_waiting(month),
    )


def _reports(
    month: Month,
    closings: Sequence[MonthClosing],
    organisation: Organisation | None,
    now: Score | None,
    most: int,
) -> tuple[Report, ...]:
    """The latest first."""
    reported = {
        row.closing_id: row
        for row in ReportedScore.objects.filter(
            closing__month=month, subject=organisation.pk if organisation else None
        )
    }
    ended = [
        (closing.reopened_at, closing.pk, number, closing)
        for number, closing in numbered(closings).items()
        if closing.reopened_at is not None
    ]
    differing = _differing(month)
    return tuple(
        Report(
            number,
            row,
            _restated(reported.get(row.pk), now),
            tuple(differing[row.pk][:most]),
            len(differing[row.pk]),
        )
        for _, _, number, row in sorted(ended, reverse=True)
    )


def _restated(reported: ReportedScore | None, now: Score | None) -> tuple[Restated, ...]:
    if reported is None:
        return ()
    as_it_was = Score(**{column: getattr(reported, column) for column in SCORE_COLUMNS})
    before, after = _all_marks(as_it_was), _all_marks(now)
    return tuple(
        Restated(
            str(LABELS[mark.measure]), "" if mark.measure == OVERALL else mark.measure, mark, other
        )
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
        # Said without `exclude`, which would pass by a subject that any report of the month agrees
        # about.
        .filter(
            Q(overall_score__isnull=True, now__overall_score__isnull=False)
            | Q(overall_score__isnull=False, now__overall_score__isnull=True)
            | Q(now__overall_score__lt=F("overall_score") - SAME)
            | Q(now__overall_score__gt=F("overall_score") + SAME)
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
    now = standing_now(month)
    months = months_to_close(month, closed, now)
    return ClosingPlan(
        month=month,
        months=months,
        waiting=now.waiting,
        missing=missing_of(months, closed),
        overall=marks_of(now.score)[0],
    )


def months_to_close(month: Month, closed: ClosedMonths, now: StandingNow) -> tuple[Month, ...]:
    """All open months up to this one, from the first that was ever closed or has scores."""
    first = closed.first_named or now.first_scored or month
    return tuple(closed.open_among(month_range(min(first, month), month)))


def missing_before_closing(
    month: Month,
    *,
    metric: str = "",
    person: str = "",
    is_nobodys: bool = False,
    number: str | None = None,
) -> MissingPage:
    """What has not come of the months that would be closed together, one by one."""
    closed = ClosedMonths.read()
    months = months_to_close(month, closed, standing_now(month))
    return missing_page(
        month,
        months,
        closed,
        metric=metric,
        person=person,
        is_nobodys=is_nobodys,
        number=number,
    )
