"""Scores per subject and month, and the months whose scores no longer move."""

from __future__ import annotations

from typing import NamedTuple

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from metrics.choices import Band, Category
from metrics.querysets import MonthClosingQuerySet, SeenScores
from projects.fields import MonthField, month_in_range
from projects.models import Subject
from projects.months import Month
from projects.querysets import SeenManager


class Measure(NamedTuple):
    """A score with its evidence: what one category, or the overall, has to say."""

    score: float | None
    coverage: float
    band: Band


def _score() -> models.FloatField:
    return models.FloatField(null=True, editable=False)


def _band() -> models.PositiveSmallIntegerField:
    return models.PositiveSmallIntegerField(null=True, editable=False, choices=Band)


class ScoreColumns(models.Model):
    """The wide row of a subject and month: four categories, overall, balance.

    A category whose coverage is null is not measured; with a coverage and no score it is
    insufficient. Bands and the possible range stand in the row, because a closed month keeps the
    limits it was judged by.
    """

    tactical_score = _score()
    tactical_coverage = _score()
    tactical_band = _band()
    value_creation_score = _score()
    value_creation_coverage = _score()
    value_creation_band = _band()
    longevity_score = _score()
    longevity_coverage = _score()
    longevity_band = _band()
    financial_score = _score()
    financial_coverage = _score()
    financial_band = _band()
    overall_score = _score()
    overall_coverage = models.FloatField(editable=False)
    overall_band = models.PositiveSmallIntegerField(editable=False, choices=Band)
    overall_low = models.FloatField(editable=False)
    overall_high = models.FloatField(editable=False)
    balance = _score()

    class Meta:
        abstract = True

    def category(self, category: str) -> Measure | None:
        """The category's score, or None where it is not measured."""
        coverage = getattr(self, f"{category}_coverage")
        if coverage is None:
            return None
        return Measure(
            getattr(self, f"{category}_score"), coverage, Band(getattr(self, f"{category}_band"))
        )

    @property
    def overall(self) -> Measure:
        return Measure(self.overall_score, self.overall_coverage, Band(self.overall_band))


SCORE_COLUMNS = tuple(field.name for field in ScoreColumns._meta.local_fields)
"""The columns that hold what was computed, in the order of the table."""


def _score_needs_evidence(measure: str) -> Q:
    """A score stands between 0 and 100 and only beside its coverage and band."""
    score, coverage, band = (f"{measure}_{part}" for part in ("score", "coverage", "band"))
    insufficient = Q(
        (f"{score}__isnull", True),
        (f"{coverage}__isnull", False),
        (band, Band.INSUFFICIENT),
        (f"{band}__isnull", False),
    )
    scored = Q(
        (f"{score}__gte", 0),
        (f"{score}__lte", 100),
        (f"{coverage}__isnull", False),
        (f"{band}__gte", Band.RED),
        (f"{score}__isnull", False),
        (f"{band}__isnull", False),
    )
    absent = Q((f"{score}__isnull", True), (f"{coverage}__isnull", True), (f"{band}__isnull", True))
    return insufficient | scored | absent


class Score(ScoreColumns):
    """What a subject scored in a month, as it stands now."""

    subject = models.ForeignKey(Subject, models.CASCADE, related_name="scores")
    month = MonthField(_("month"))

    objects = SeenScores()

    class Meta:
        ordering = ["subject", "month"]
        constraints = [
            models.UniqueConstraint(
                name="one_score_per_subject_and_month", fields=["month", "subject"]
            ),
            *(
                models.CheckConstraint(
                    name=f"score_of_{measure}_has_evidence",
                    condition=_score_needs_evidence(measure),
                )
                for measure in (*Category.values, "overall")
            ),
            models.CheckConstraint(
                name="score_in_its_possible_range",
                condition=Q(overall_low__gte=0, overall_high__lte=100)
                & Q(overall_low__lte=F("overall_high")),
            ),
        ]
        indexes = [models.Index(fields=["subject", "month"], name="score_of_subject")]

    def __str__(self) -> str:
        return gettext("%(subject_id)s in %(month)s: %(overall_score)s") % {
            "subject_id": self.subject_id,
            "month": self.month,
            "overall_score": self.overall_score,
        }


class MonthClosing(models.Model):
    """A month that was closed, by whom, and - with the reason - reopened.

    Months before the first one ever closed are closed with it, whether a row names them or not.
    """

    month = MonthField(_("month"))
    closed_at = models.DateTimeField(_("closed at"), default=timezone.now)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reopened_at = models.DateTimeField(_("reopened at"), null=True, blank=True)
    reopened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reopen_reason = models.TextField(_("reason for reopening"), blank=True)

    objects = MonthClosingQuerySet.as_manager()

    class Meta:
        ordering = ["-month", "-closed_at"]
        permissions = [("close_months", "Can close and reopen months")]
        constraints = [
            models.UniqueConstraint(
                name="a_month_is_closed_once",
                fields=["month"],
                condition=Q(reopened_at=None),
            ),
            models.CheckConstraint(name="closing_of_a_month", condition=month_in_range("month")),
            models.CheckConstraint(
                name="reopened_with_a_reason",
                condition=Q(reopened_at=None, reopen_reason="")
                | (Q(reopened_at__isnull=False) & ~Q(reopen_reason="")),
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(month)s closed") % {"month": self.month}


class ReportedScore(ScoreColumns):
    """A score as it was reported, kept when its month was reopened."""

    closing = models.ForeignKey(MonthClosing, models.PROTECT, related_name="reported_scores")
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="reported_scores")

    objects = SeenManager()

    class Meta:
        ordering = ["closing", "subject"]
        constraints = [
            models.UniqueConstraint(
                name="one_reported_score_per_closing", fields=["closing", "subject"]
            )
        ]

    def __str__(self) -> str:
        return gettext("%(subject_id)s as reported: %(overall_score)s") % {
            "subject_id": self.subject_id,
            "overall_score": self.overall_score,
        }

    @property
    def month(self) -> Month:
        return self.closing.month
