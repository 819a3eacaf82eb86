"""The subject: whatever can be measured, whichever kind it is."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length
from django.utils.translation import gettext_lazy as _

from projects.choices import SubjectKind
from projects.codes import (
    CODE_PATTERN,
    ENGAGEMENT_CODE_LENGTH,
    ENGAGEMENT_CODE_PATTERN,
    NAME_LENGTH,
    validate_code,
)
from projects.fields import MonthField, month_in_range
from projects.querysets import SeenSubjects
from projects.validation import FieldErrors, check_span, validate_name

models.CharField.register_lookup(Length)


class Subject(models.Model):
    """Anything that can be measured; its kind's table holds the rest of its facts."""

    KIND: ClassVar[str] = ""

    code = models.CharField(_("code"), max_length=ENGAGEMENT_CODE_LENGTH, unique=True)
    name = models.CharField(_("name"), max_length=NAME_LENGTH, validators=[validate_name])
    kind = models.CharField(_("kind"), max_length=12, choices=SubjectKind, editable=False)
    active_from = MonthField(
        _("measured from"), null=True, blank=True, help_text=_("First month; blank = always.")
    )
    active_until = MonthField(
        _("measured until"), null=True, blank=True, help_text=_("Last month; blank = open.")
    )

    objects = SeenSubjects("pk")

    class Meta:
        ordering = ["code"]
        indexes = [models.Index(fields=["kind", "code"], name="subject_kind_code")]
        constraints = [
            models.CheckConstraint(
                name="subject_code_form",
                condition=(
                    ~Q(kind=SubjectKind.ENGAGEMENT)
                    & Q(code__regex=CODE_PATTERN)
                    & Q(code__length__lte=64)
                )
                | (Q(kind=SubjectKind.ENGAGEMENT) & Q(code__regex=ENGAGEMENT_CODE_PATTERN)),
                violation_error_message=_("A code has letters, digits, _, - and . only."),
            ),
            models.CheckConstraint(name="subject_name_not_blank", condition=~Q(name="")),
            models.CheckConstraint(
                name="subject_kind_known", condition=Q(kind__in=SubjectKind.values)
            ),
            models.CheckConstraint(
                name="subject_span_in_order",
                condition=Q(active_until__gte=F("active_from")),
                violation_error_message=_("Measured until is before measured from."),
            ),
            models.CheckConstraint(
                name="subject_span_is_months",
                condition=month_in_range("active_from") & month_in_range("active_until"),
            ),
            models.CheckConstraint(
                name="engagement_has_the_span_of_its_project",
                condition=~Q(kind=SubjectKind.ENGAGEMENT) | Q(active_from=None, active_until=None),
            ),
            models.UniqueConstraint(
                name="one_organisation",
                fields=["kind"],
                condition=Q(kind=SubjectKind.ORGANISATION),
                violation_error_message=_("There is one organisation."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.kind = self.kind or self.KIND
        super().save(*args, **kwargs)

    def clean(self) -> None:
        super().clean()
        self.check_alone()

    def check_alone(self) -> None:
        """The rules that the row can answer for by itself."""
        errors = FieldErrors()
        # An engagement's code is made of two others and is never typed.
        if self.code and (self.kind or self.KIND) != SubjectKind.ENGAGEMENT:
            with errors.of("code"):
                validate_code(self.code)
        with errors.of("active_until"):
            check_span(self.active_from, self.active_until)
        errors.raise_any()


def subject_link() -> models.OneToOneField:
    """A kind's row shares the subject's key; from the subject it is reached as `as_project` etc."""
    return models.OneToOneField(
        Subject,
        models.CASCADE,
        parent_link=True,
        primary_key=True,
        related_name="as_%(class)s",
    )
