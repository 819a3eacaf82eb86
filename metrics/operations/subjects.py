"""What measuring has to say when subjects change: scores fall due, and history is not lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext, ngettext

from metrics.closed_months import ClosedMonths
from metrics.models import Measurement, MeasurementChange, ReportedScore, Score
from metrics.operations.locks import lock_out_measurements
from metrics.operations.rescoring import mark_for_rescoring
from metrics.validation.dependence import refuse_change_of_subject
from projects.choices import SubjectKind
from projects.models import Subject
from projects.operations.recording import changed_fields

HELD_BY_MEASUREMENTS = frozenset({"active_from", "active_until", "fiscal_year_starts_in"})


def rescore_changed_subjects(*, subject_ids: Iterable[int], **_: Any) -> None:
    """Receives `subjects_changed`."""
    mark_for_rescoring(sorted(subject_ids))


def refuse_to_move_measurements(*, subject: Subject, before: Subject | None, **_: Any) -> None:
    """Receives `subject_saving`: every measurement stays in its month and in its subject's span."""
    if before is not None and changed_fields(before, subject) & HELD_BY_MEASUREMENTS:
        lock_out_measurements()
        refuse_change_of_subject(subject, before)


def refuse_to_lose_history(*, subjects: Sequence[Subject], **_: Any) -> None:
    """Receives `subject_deleting`: what was measured or reported of a subject stays."""
    lock_out_measurements()
    for subject in subjects:
        if kept := _kept_of(subject):
            raise ValidationError(
                gettext("%(subject)s can't be deleted: %(why)s. %(instead)s")
                % {"subject": subject, "why": kept, "instead": _instead_of_deleting(subject)},
                code="measured",
            )


def _kept_of(subject: Subject) -> str:
    if measured := Measurement.objects.filter(subject=subject).count():
        return ngettext(
            "%(number)s value of it is recorded", "%(number)s values of it are recorded", measured
        ) % {"number": measured}
    if MeasurementChange.objects.filter(subject=subject).exists():
        return gettext("values of it were recorded and deleted again, which stays on record")
    if ReportedScore.objects.filter(subject=subject).exists():
        return gettext("scores of it were reported")
    months = Score.objects.filter(subject=subject).values_list("month", flat=True)
    closed = ClosedMonths.read()
    if frozen := [month for month in months if month in closed]:
        return gettext("it has scores in closed months, the latest %(month)s") % {
            "month": max(frozen)
        }
    return ""


def _instead_of_deleting(subject: Subject) -> str:
    if subject.kind == SubjectKind.ENGAGEMENT:
        return gettext("Give the link a share of 0 instead, and it counts for nothing.")
    return gettext(
        'Set its "measured until" instead: after that month it counts for nothing,'
        " and what was reported stays."
    )
