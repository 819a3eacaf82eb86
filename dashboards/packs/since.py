"""What a pack compares with: the month before, its rules, and who has had new values since.

The same rules as the pages' (`selectors.months`, `selectors.moves`, `selectors.summary`), but of
what stood at the pack's moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np
from django.db.models import Q

from dashboards.packs.standing import Scope, Standing
from metrics.models import Measurement, MonthClosing, Score, Scorecard, SubjectWeight
from metrics.scoring.weights import weigh
from projects.choices import SubjectKind
from projects.models import Customer, Organisation, Portfolio, Project, Subject
from projects.months import Month
from projects.operations.reach import with_all_above


def latest_scored_before(month: Month, at: datetime | None = None) -> Month:
    """The latest earlier month with scores, as pages compare it; else the one before."""
    scored = Score.objects.filter(month__lt=month).order_by("-month").values_list("month")
    found = [row[0] for row in scored[:1]]
    if at is not None:
        closings = MonthClosing.objects.filter(
            month__lt=month, closed_at__lte=at, reopened_at__gt=at
        )
        found += [row[0] for row in closings.order_by("-month").values_list("month")[:1]]
    return max(found, default=month.plus(-1))


def card_before(standing: Standing, subject: Subject, before: Month) -> Scorecard | None:
    """The scorecard by which the month before is weighed beside a pack's own month.

    A kept pack weighs it by what it was closed with; the pack of an open month by today's rules, as
    the pages do.
    """
    if standing.at is None:
        return standing.card_of(subject)
    closed_at = (
        MonthClosing.objects.filter(
            Q(reopened_at=None) | Q(reopened_at__gt=standing.at),
            month=before,
            closed_at__lte=standing.at,
        )
        .values_list("closed_at", flat=True)
        .first()
    )
    if closed_at is None or closed_at == standing.at:
        return standing.card_of(subject)
    return Standing(closed_at, before).card_of(subject)


def costs_of(standing: Standing) -> Mapping[int, float]:
    """Points by which subjects lower the organisation's overall score against green, by key.

    Of an open month what workers have kept, as on the pages; of a closed one worked out by what
    stood at the closing, because a month that was reopened since has been weighed again.
    """
    if standing.at is None:
        kept = SubjectWeight.objects.filter(month__month=standing.month).order_by()
        return dict(kept.values_list("subject", "below_green"))
    ledger = standing.ledger
    whole = [row.pk for row in standing.of_kind(Organisation)]
    numbers = ledger.subject_numbers(whole)
    if not len(numbers):
        return {}
    weighed = weigh(
        ledger.definitions, standing.all_measurements, int(standing.month), int(numbers[0])
    )
    return {
        int(ledger.subject_ids[number]): float(weighed.below_green[number])
        for number in weighed.of_subjects.nonzero()[0].tolist()
    }


def renewed_in(standing: Standing, scope: Scope, before: Month) -> frozenset[int]:
    """Who has a value that came into force since: of its own, or of anybody that it is made of."""
    fresh = _with_fresh_values(standing, before)
    projects = fresh | {link.project_id for link in standing.engagements if link.pk in fresh}
    segments = {link.segment_id for link in standing.engagements if link.project_id in projects}
    segments |= {offer.segment_id for offer in standing.offers if offer.service_id in fresh}
    segments |= {row.segment_id for row in standing.of_kind(Customer) if row.pk in fresh}
    portfolios = with_all_above(
        {row.portfolio_id for row in standing.of_kind(Project) if row.pk in projects},
        {row.pk: row.parent_id for row in standing.of_kind(Portfolio)},
    )
    by_kind: Mapping[str, set[int]] = {
        SubjectKind.PROJECT: projects,
        SubjectKind.PORTFOLIO: fresh | portfolios,
        SubjectKind.SEGMENT: fresh | segments,
    }
    return frozenset(
        row.pk for row in scope.of(*scope.members) if row.pk in by_kind.get(row.kind, fresh)
    )


def _with_fresh_values(standing: Standing, before: Month) -> set[int]:
    month = standing.month
    if standing.at is None:
        found = Measurement.objects.filter(month__gt=before, month__lte=month).order_by()
        return set(found.values_list("subject", flat=True).distinct())
    numbers = [
        rows.subject[(rows.month > int(before)) & (rows.month <= int(month))]
        for rows in standing.all_measurements.values()
    ]
    if not numbers:
        return set()
    return set(standing.ledger.subject_ids[np.unique(np.concatenate(numbers))].tolist())
