"""Saving and deleting subjects of every kind."""

from __future__ import annotations

from typing import TypeVar

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from projects.choices import SubjectKind
from projects.codes import NAME_LENGTH, engagement_code
from projects.models import SUBJECT_MODELS, Engagement, Portfolio, Project, Segment, Subject
from projects.operations.reach import reach_of
from projects.operations.recording import delete_recorded, hold, save_recorded, seen
from projects.signals import subject_deleting, subject_saving, subjects_changed

SomeSubject = TypeVar("SomeSubject", bound=Subject)

COUNTING_FIELDS = frozenset(
    {
        "active_from",
        "active_until",
        "fiscal_year_starts_in",
        "parent",
        "portfolio",
        "project",
        "segment",
        "share",
        "weight",
    }
)
"""What decides which scores a subject flows into and how much; all else is text."""

SHOWN_IN_ENGAGEMENTS = frozenset({"code", "name"})


@transaction.atomic
def save_subject(subject: SomeSubject, *, by: User | None, reason: str = "") -> SomeSubject:
    """Create or change a subject of any kind; its engagements keep its code and name in theirs."""
    before = seen(subject)
    subject.kind = subject.KIND
    if isinstance(subject, Engagement):
        _settle(subject, before)
    # A receiver may lock a whole table, which everybody does before locking single rows.
    subject_saving.send(sender=type(subject), subject=subject, before=before)
    _lock_tree(subject)
    if before:
        hold(before)
    reached = reach_of(before) if before else set()
    changed = save_recorded(subject, before=before, by=by, reason=reason)
    if before and changed & SHOWN_IN_ENGAGEMENTS:
        _rename_engagements(subject, by=by)
    if changed & COUNTING_FIELDS:
        subjects_changed.send(sender=type(subject), subject_ids=reached | reach_of(subject))
    return subject


@transaction.atomic
def delete_subject(subject: Subject, *, by: User | None, reason: str = "") -> None:
    """Delete a subject, with its links; refused while anything else stands on it."""
    subject = as_its_kind(subject)
    if subject.kind == SubjectKind.ORGANISATION:
        raise ValidationError(
            _(
                "%(subject)s can't be deleted: everything belongs to it. Give it another code"
                " and name."
            )
            % {"subject": subject},
            code="organisation",
        )
    engagements = list(subject.engagements.all()) if isinstance(subject, Project) else []
    gone = [subject, *engagements]
    subject_deleting.send(sender=type(subject), subjects=gone)
    for row in gone:
        hold(row)
    reached = reach_of(subject)
    going = {row.pk for row in gone}
    for row in reversed(gone):
        delete_recorded(row, by=by, reason=reason)
    subjects_changed.send(sender=type(subject), subject_ids=reached - going)


def as_its_kind(subject: Subject) -> Subject:
    """The subject as a row of its own kind's table."""
    model = SUBJECT_MODELS[subject.kind or subject.KIND]
    found = model.objects.filter(pk=subject.pk).first()
    if found is None:
        raise ValidationError(
            _("%(subject)s was deleted meanwhile.") % {"subject": subject}, code="gone"
        )
    return found


def engagement_name(project: Project, segment: Segment) -> str:
    name = f"{project.name} for {segment.name}"
    return name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 1]}…"


def _lock_tree(subject: Subject) -> None:
    """Two people who each move a portfolio below the other's must not make a circle."""
    if isinstance(subject, Portfolio):
        list(Portfolio.objects.select_for_update(no_key=True).order_by("pk").values_list("pk"))


def _settle(engagement: Engagement, before: Subject | None) -> None:
    """An engagement is called after its two ends, which stay what they are."""
    ends = (engagement.project_id, engagement.segment_id)
    if isinstance(before, Engagement) and ends != (before.project_id, before.segment_id):
        raise ValidationError(
            _(
                "%(before)s stays between its project and its segment. Remove this link and"
                " make another."
            )
            % {"before": before.code},
            code="ends",
        )
    if None not in ends:
        engagement.code = engagement_code(engagement.project.code, engagement.segment.code)
        engagement.name = engagement_name(engagement.project, engagement.segment)


def _rename_engagements(subject: Subject, *, by: User | None) -> None:
    if isinstance(subject, Project | Segment):
        for engagement in subject.engagements.select_related("project", "segment"):
            save_subject(engagement, by=by, reason=f"{subject.code} was renamed")
