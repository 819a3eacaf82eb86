"""Effective weights of the metrics, computed by workers and kept for pages (SCORING section 8)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from metrics.choices import RunState
from metrics.closed_months import ClosedMonths
from metrics.ledger import Ledger, read_ledger, read_measurements
from metrics.models import MonthWeights, Score, ScoreRun, SubjectWeight
from metrics.scoring.weights import Weighed, weigh
from projects.choices import SubjectKind
from projects.months import Month
from projects.visibility import seeing_everything

LATEST_MONTHS = 3
"""So many months are kept up to date all day: the running one and those that pages open with."""


class MetricWeight(TypedDict):
    """One metric's part of the organisation's overall score; all parts of a month make 1."""

    metric: str
    name: str
    category: str
    perspective: str
    weight: float


@seeing_everything()
def weigh_latest_months() -> list[Month]:
    """Bring the latest open months up to date; which ones were behind."""
    return _weigh(_behind(_open_months()[-LATEST_MONTHS:]))


@seeing_everything()
def weigh_open_months(*, until: Month | None = None) -> list[Month]:
    """Bring all open months up to date, or those up to one; which ones were behind.

    A closed month keeps its weights: what it was closed with is not there any more.
    """
    months = _open_months()
    return _weigh(_behind(month for month in months if until is None or month <= until))


def _open_months() -> list[Month]:
    scored = Score.objects.order_by("month").values_list("month", flat=True).distinct()
    return ClosedMonths.read().open_among(scored)


def _behind(months: Iterable[Month]) -> list[Month]:
    """Those that a run has looked at since they were weighed."""
    weighed = dict(MonthWeights.objects.values_list("month", "run"))
    return [
        month
        for month in months
        if month not in weighed or (_runs_over(month) or 0) > (weighed[month] or 0)
    ]


def _runs_over(month: Month) -> int | None:
    """The latest run that ended well and looked at this month."""
    latest: int | None = (
        _ended_runs()
        .filter(first_month__lte=month, last_month__gte=month)
        .aggregate(latest=Max("pk"))["latest"]
    )
    return latest


def _ended_runs() -> QuerySet[ScoreRun]:
    return ScoreRun.objects.filter(state=RunState.DONE)


def _weigh(months: Iterable[Month]) -> list[Month]:
    months = list(months)
    if not months:
        return []
    # Read before anything else: what a later run changes is weighed again.
    run = _ended_runs().aggregate(latest=Max("pk"))["latest"]
    ledger = read_ledger()
    for month in months:
        weighed = _weighed(ledger, month)
        with transaction.atomic():
            kept, _ = MonthWeights.objects.update_or_create(
                month=month,
                defaults={
                    "run_id": run,
                    "weights": _of_metrics(ledger, weighed),
                    "weighed_at": timezone.now(),
                },
            )
            kept.subjects.all().delete()
            SubjectWeight.objects.bulk_create(_of_subjects(ledger, weighed, kept), batch_size=2000)
    return months


def _weighed(ledger: Ledger, month: Month) -> Weighed | None:
    kinds = ledger.definitions.kind.tolist()
    if SubjectKind.ORGANISATION not in kinds:
        return None
    return weigh(
        ledger.definitions,
        read_measurements(ledger, month, month),
        month,
        kinds.index(SubjectKind.ORGANISATION),
    )


def _of_metrics(ledger: Ledger, weighed: Weighed | None) -> list[MetricWeight]:
    if weighed is None:
        return []
    rows = []
    for number in weighed.of_metrics.nonzero()[0].tolist():
        metric = ledger.metric_rows[int(ledger.metric_ids[number])]
        rows.append(
            MetricWeight(
                metric=metric.code,
                name=metric.name,
                category=metric.category,
                perspective=metric.perspective,
                weight=float(weighed.of_metrics[number]),
            )
        )
    return sorted(rows, key=lambda row: (-row["weight"], row["metric"]))


def _of_subjects(
    ledger: Ledger, weighed: Weighed | None, kept: MonthWeights
) -> list[SubjectWeight]:
    if weighed is None:
        return []
    is_engagement = ledger.definitions.kind == SubjectKind.ENGAGEMENT
    counting = (weighed.of_subjects > 0) & ~is_engagement  # no page asks for engagements
    return [
        SubjectWeight(
            month=kept,
            subject_id=int(ledger.subject_ids[number]),
            weight=float(weighed.of_subjects[number]),
            below_green=float(weighed.below_green[number]),
        )
        for number in counting.nonzero()[0].tolist()
    ]
