"""The few fixed vocabularies of subjects, each with its labels and groups."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class SubjectKind(TextChoices):
    """Everything that can be measured, from the whole down to the single piece of work."""

    ORGANISATION = "organisation", _("Organisation")
    PORTFOLIO = "portfolio", _("Portfolio")
    PROJECT = "project", _("Project")
    SEGMENT = "segment", _("Segment")
    CUSTOMER = "customer", _("Customer")
    SERVICE = "service", _("Service")
    ENGAGEMENT = "engagement", _("Engagement")


KIND_WORDS = {
    SubjectKind.ORGANISATION: _("organisation"),
    SubjectKind.PORTFOLIO: _("portfolio"),
    SubjectKind.PROJECT: _("project"),
    SubjectKind.SEGMENT: _("segment"),
    SubjectKind.CUSTOMER: _("customer"),
    SubjectKind.SERVICE: _("service"),
    SubjectKind.ENGAGEMENT: _("engagement"),
}
"""Each kind as it stands inside a sentence."""


def kind_word(kind: str) -> str:
    """The kind inside a sentence; what is no kind stays as it was read."""
    return str(KIND_WORDS[SubjectKind(kind)]) if kind in KIND_WORDS else kind


class ProjectStage(TextChoices):
    PROPOSED = "proposed", _("Proposed")
    APPROVED = "approved", _("Approved")
    DELIVERY = "delivery", _("Delivery")
    CLOSED = "closed", _("Closed")
    CANCELLED = "cancelled", _("Cancelled")


OPEN_STAGES = (ProjectStage.PROPOSED, ProjectStage.APPROVED, ProjectStage.DELIVERY)
ENDED_STAGES = (ProjectStage.CLOSED, ProjectStage.CANCELLED)


class Audience(TextChoices):
    EXTERNAL = "external", _("External customers")
    INTERNAL = "internal", _("Internal customers")
