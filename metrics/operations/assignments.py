"""Who is scored by which scorecard, and whose numbers are whose to enter."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from metrics.models import MetricAssignment, Scorecard, ScorecardAssignment
from metrics.operations.rescoring import mark_for_rescoring
from projects.models import Subject
from projects.operations.recording import delete_recorded, save_recorded, stored


@transaction.atomic
def assign_scorecard(
    subject: Subject, *, scorecard: Scorecard | None, by: User | None, reason: str = ""
) -> ScorecardAssignment | None:
    """Let a subject use a scorecard of its own; with None its kind's default again."""
    found = ScorecardAssignment.objects.filter(subject=subject.pk).first()
    if scorecard is None:
        if found:
            delete_scorecard_assignment(found, by=by, reason=reason)
        return None
    assignment = found or ScorecardAssignment(subject_id=subject.pk)
    assignment.scorecard = scorecard
    return save_scorecard_assignment(assignment, by=by, reason=reason)


@transaction.atomic
def save_scorecard_assignment(
    assignment: ScorecardAssignment, *, by: User | None, reason: str = ""
) -> ScorecardAssignment:
    before = stored(assignment)
    if save_recorded(assignment, before=before, by=by, reason=reason):
        mark_for_rescoring([assignment.subject_id])
    return assignment


@transaction.atomic
def delete_scorecard_assignment(
    assignment: ScorecardAssignment, *, by: User | None, reason: str = ""
) -> None:
    subject_id = assignment.subject_id
    delete_recorded(assignment, by=by, reason=reason)
    mark_for_rescoring([subject_id])


@transaction.atomic
def save_metric_assignment(
    assignment: MetricAssignment, *, by: User | None, reason: str = ""
) -> MetricAssignment:
    """Say whose numbers a metric's are to enter; no score depends on it."""
    save_recorded(assignment, before=stored(assignment), by=by, reason=reason)
    return assignment


@transaction.atomic
def delete_metric_assignment(
    assignment: MetricAssignment, *, by: User | None, reason: str = ""
) -> None:
    delete_recorded(assignment, by=by, reason=reason)
