"""What a person changes on one page and means as one change: a subject with its scorecard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from django.contrib.auth.models import User
from django.db import transaction

from metrics.models import Scorecard, ScorecardAssignment
from metrics.operations.assignments import assign_scorecard
from metrics.operations.projects import ProjectEnd, close_project, reopen_project
from projects.models import Offer, Project, Subject
from projects.months import Month
from projects.operations.links import save_offer
from projects.operations.subjects import save_subject
from projects.operations.versions import not_overtaken, version_of

SomeSubject = TypeVar("SomeSubject", bound=Subject)


@dataclass(frozen=True, slots=True)
class SubjectVersion:
    """The states of a subject and of its own scorecard that somebody looked at."""

    subject: int
    scorecard: int

    @classmethod
    def of(cls, subject: Subject) -> SubjectVersion:
        return cls(version_of(subject), _scorecard_version(subject))


@transaction.atomic
def keep_subject(
    subject: SomeSubject,
    *,
    scorecard: Scorecard | None,
    seen: SubjectVersion | None = None,
    end: ProjectEnd | None = None,
    open_from: Month | None = None,
    by: User | None,
    reason: str = "",
) -> SomeSubject:
    """Save a subject and the scorecard it uses (None = its kind's default), both or neither.

    `seen`: what the person looked at; refused if it has changed since. `end`: how a project
    that ends goes on. `open_from`: since when one that is opened again is delivered.
    """
    with not_overtaken(subject, seen.subject if seen else None):
        if end is not None and isinstance(subject, Project):
            close_project(subject, end=end, by=by, reason=reason)
        elif open_from is not None and isinstance(subject, Project):
            reopen_project(subject, from_month=open_from, by=by, reason=reason)
        else:
            save_subject(subject, by=by, reason=reason)
    # A scorecard taken away leaves no row behind, but its history.
    given = ScorecardAssignment(subject_id=subject.pk)
    with not_overtaken(given, seen.scorecard if seen else None):
        assign_scorecard(subject, scorecard=scorecard, by=by, reason=reason)
    return subject


@transaction.atomic
def keep_offer(
    offer: Offer, *, seen: int | None = None, by: User | None, reason: str = ""
) -> Offer:
    """Save on what terms a service is offered, unless somebody else has changed them since."""
    with not_overtaken(offer, seen):
        return save_offer(offer, by=by, reason=reason)


def _scorecard_version(subject: Subject) -> int:
    return version_of(ScorecardAssignment(subject_id=subject.pk)) if subject.pk else 0
