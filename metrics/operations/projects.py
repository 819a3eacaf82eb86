"""The end of a project: measuring stops, or goes on for what the project was done for.

And what becomes of that when the project is opened again: the metrics of its delivery are expected
once more, or their absence would lower nobody's coverage. The months in between stay as agreed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext

from metrics.choices import Category
from metrics.models import Exemption, MetricDefinition, Scorecard
from metrics.operations.definitions import delete_exemption, save_exemption
from projects.choices import ENDED_STAGES, ProjectStage, SubjectKind
from projects.models import Project, Subject
from projects.months import FIRST_MONTH, Month
from projects.operations.subjects import save_subject
from projects.validation import listed_with_or


@dataclass(frozen=True, slots=True)
class ProjectEnd:
    """What comes after a project's last month of delivery."""

    last_month: Month
    goes_on: bool
    """Measured on for its benefits; else measuring ends with the last month."""
    exempt: tuple[MetricDefinition, ...] = ()
    """The delivery metrics that no longer apply where measuring goes on."""


@transaction.atomic
def close_project(
    project: Project, *, end: ProjectEnd, by: User | None, reason: str = ""
) -> Project:
    """Save a project as closed or cancelled, and with it what is measured of it from then on."""
    if project.stage not in ENDED_STAGES:
        raise ValidationError(
            {
                "stage": gettext(
                    "A project that ends is %(ended)s; %(project)s is to be %(stage)s."
                )
                % {
                    "ended": listed_with_or([_stage_word(stage) for stage in ENDED_STAGES]),
                    "project": project.code,
                    "stage": _stage_word(project.stage) or gettext("without a stage"),
                }
            }
        )
    if not end.goes_on:
        project.active_until = end.last_month
    save_subject(project, by=by, reason=reason)
    if end.goes_on:
        for exemption in _exemptions(project, end):
            save_exemption(exemption, by=by, reason=reason)
    return project


@transaction.atomic
def reopen_project(
    project: Project, *, from_month: Month, by: User | None, reason: str = ""
) -> Project:
    """Save a project as open again; what its closing took away is expected from that month on."""
    if project.stage in ENDED_STAGES:
        raise ValidationError(
            {
                "stage": gettext("A project that is opened again is not %(stage)s.")
                % {"stage": _stage_word(project.stage)}
            },
            code="stage",
        )
    save_subject(project, by=by, reason=reason)
    for exemption in exemptions_of_closing(project):
        if exemption.from_month < from_month:
            exemption.until_month = from_month.plus(-1)
            save_exemption(exemption, by=by, reason=reason)
        else:
            delete_exemption(exemption, by=by, reason=reason)
    return project


def exemptions_of_closing(project: Project) -> list[Exemption]:
    """Those that closing the project made and that are open; one that was reworded is agreed."""
    rows = (
        Exemption.objects.filter(
            Q(subject=project.pk) | Q(subject__as_engagement__project=project.pk),
            until_month=None,
        )
        .select_related("metric", "subject")
        .order_by("metric__name", "subject__code")
    )
    return [row for row in rows if row.reason in _reasons(Month(row.from_month))]


def delivery_metrics(project: Project) -> list[MetricDefinition]:
    """The tactical metrics that are expected of a project and of its work for segments."""
    kinds = [SubjectKind.PROJECT, SubjectKind.ENGAGEMENT]
    subjects = Subject.objects.filter(Q(pk=project.pk) | Q(as_engagement__project=project.pk))
    own = subjects.exclude(scorecard_assignment=None)
    by_default = subjects.filter(scorecard_assignment=None).values("kind")
    cards = Scorecard.objects.filter(
        Q(assignments__subject__in=own.values("pk"))
        | Q(is_default=True, subject_kind__in=by_default)
    )
    metrics = MetricDefinition.objects.filter(
        category=Category.TACTICAL, subject_kind__in=kinds, lines__scorecard__in=cards.values("pk")
    )
    return list(metrics.distinct().order_by("-subject_kind", "name", "code"))


def _exemptions(project: Project, end: ProjectEnd) -> Iterator[Exemption]:
    """From the month after the last one, for good; what has been agreed already stays as it is."""
    first = end.last_month.plus(1)
    reason = _reason(project.stage, end.last_month)
    engagements = list(project.engagements.all())
    for metric in end.exempt:
        subjects = [project] if metric.subject_kind == SubjectKind.PROJECT else engagements
        agreed = set(
            Exemption.objects.filter(
                metric=metric, subject__in=subjects, from_month__lte=first, until_month=None
            ).values_list("subject_id", flat=True)
        )
        begun = {
            row.subject_id: row
            for row in Exemption.objects.filter(
                metric=metric, subject__in=subjects, from_month=first
            )
        }
        for subject in subjects:
            if subject.pk not in agreed:
                exemption = begun.get(subject.pk) or Exemption(metric=metric, from_month=first)
                exemption.subject_id = subject.pk
                exemption.until_month = None
                exemption.reason = reason
                yield exemption


def _stage_word(stage: str) -> str:
    return str(ProjectStage(stage).label).lower() if stage else ""


def _reason(stage: str, last_month: Month) -> str:
    # Stored, and looked for again by what it says: in one language, whoever writes it.
    return f"The project is {stage} since {last_month} and measured on for its benefits."


def _reasons(first_month: Month) -> list[str]:
    """What closing says of exemptions from this month on."""
    if first_month <= FIRST_MONTH:
        return []
    return [_reason(stage, first_month.plus(-1)) for stage in ENDED_STAGES]
