"""The organisation: the one subject that everything else belongs to."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from projects.choices import SubjectKind
from projects.models.subjects import Subject, subject_link
from projects.validation import Between

DEFAULT_ORGANISATION_CODE = "ORG"


class Organisation(Subject):
    """Who runs this portal; its fiscal year gives quarters and years their months."""

    KIND = SubjectKind.ORGANISATION

    subject_ptr = subject_link()
    fiscal_year_starts_in = models.PositiveSmallIntegerField(
        _("fiscal year starts in month"),
        default=1,
        validators=[Between(1, 12)],
    )

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="fiscal_year_starts_in_a_month",
                condition=Q(fiscal_year_starts_in__gte=1, fiscal_year_starts_in__lte=12),
            )
        ]
