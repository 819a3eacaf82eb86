"""Events: what happened to a subject on a day, for whoever later asks why a line turned there."""

from __future__ import annotations

from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from projects.choices import SubjectKind
from projects.models.subjects import Subject
from projects.querysets import SeenManager
from projects.validation import FieldErrors, linked

TITLE_LENGTH = 80
TEXT_LENGTH = 1_000

FIRST_DAY = date(1950, 1, 1)
DAYS_AHEAD = 5 * 366
"""What is planned is noted too, but hardly further ahead than this."""


def validate_title(title: str) -> None:
    if not title.strip():
        raise ValidationError(_("Say in a few words what happened."), code="title")


def validate_day(day: date) -> None:
    """A day that somebody can have meant, and not a slip of the year."""
    latest = timezone.localdate() + timedelta(days=DAYS_AHEAD)
    if not FIRST_DAY <= day <= latest:
        raise ValidationError(
            _("%(day)s is out of range; an event is from %(first)s to %(latest)s.")
            % {
                "day": day.isoformat(),
                "first": FIRST_DAY.isoformat(),
                "latest": latest.isoformat(),
            },
            code="day",
        )


class Event(models.Model):
    """A dated note on a subject. It explains scores and counts in none."""

    subject = models.ForeignKey(
        Subject, models.CASCADE, related_name="events", verbose_name=_("subject")
    )
    day = models.DateField(_("day"), validators=[validate_day])
    title = models.CharField(_("title"), max_length=TITLE_LENGTH, validators=[validate_title])
    text = models.TextField(
        _("text"), blank=True, max_length=TEXT_LENGTH, validators=[MaxLengthValidator(TEXT_LENGTH)]
    )

    objects = SeenManager()

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-day", "-pk"]
        indexes = [models.Index(fields=["day"], name="event_day")]
        constraints = [
            models.UniqueConstraint(
                name="one_event_of_a_title_per_day",
                fields=["subject", "day", "title"],
                violation_error_code="event_noted",
                violation_error_message=_("This event is noted already."),
            ),
            models.CheckConstraint(name="event_title_not_blank", condition=~Q(title="")),
            models.CheckConstraint(name="event_day_in_range", condition=Q(day__gte=FIRST_DAY)),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.day.isoformat()})"

    def clean(self) -> None:
        super().clean()
        errors = FieldErrors()
        with errors.of("subject"):
            self._check_subject()
        errors.raise_any()

    def _check_subject(self) -> None:
        """An engagement has no page and no line of its own on which anybody would see it."""
        subject = linked(self, "subject")
        if subject is not None and subject.kind == SubjectKind.ENGAGEMENT:
            raise ValidationError(
                _("Note it with the project or with the segment, not with the work between them."),
                code="kind",
            )
