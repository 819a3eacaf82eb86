"""Links between subjects: projects that serve segments, services that are offered to them."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from projects.models import Engagement, Offer, Project, Segment
from projects.operations.reach import organisation_ids
from projects.operations.recording import delete_recorded, save_recorded, stored
from projects.operations.subjects import delete_subject, save_subject
from projects.signals import subjects_changed

OFFER_COUNTS_BY = frozenset({"service", "segment", "weight"})


@transaction.atomic
def link_project(
    project: Project, *, segment: Segment, share: float = 1.0, by: User | None
) -> Engagement:
    """Say that a project serves a segment, and with which share; harmless to repeat."""
    found = Engagement.objects.filter(project=project, segment=segment).first()
    engagement = found or Engagement(project=project, segment=segment)
    engagement.share = share
    return save_subject(engagement, by=by)


@transaction.atomic
def unlink_project(project: Project, *, segment: Segment, by: User | None) -> None:
    """Take the link away, and the engagement with it."""
    engagement = Engagement.objects.filter(project=project, segment=segment).first()
    if engagement is None:
        raise ValidationError(
            _("%(project)s is not linked to %(segment)s.")
            % {"project": project.code, "segment": segment.code},
            code="unlinked",
        )
    delete_subject(engagement, by=by)


@transaction.atomic
def save_offer(offer: Offer, *, by: User | None, reason: str = "") -> Offer:
    """Offer a service to a segment, or change on what terms."""
    before = stored(offer)
    changed = save_recorded(offer, before=before, by=by, reason=reason)
    if changed & OFFER_COUNTS_BY:
        segments = {row.segment_id for row in (before, offer) if row}
        subjects_changed.send(sender=Offer, subject_ids=segments | organisation_ids())
    return offer


@transaction.atomic
def delete_offer(offer: Offer, *, by: User | None, reason: str = "") -> None:
    """Stop offering a service to a segment."""
    segment = offer.segment_id
    delete_recorded(offer, by=by, reason=reason)
    subjects_changed.send(sender=Offer, subject_ids={segment} | organisation_ids())
