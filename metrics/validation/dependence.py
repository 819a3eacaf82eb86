"""What stands on measurements and subjects as they are stored: asked before something changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date

from django.core.exceptions import ValidationError
from django.db.models import Max, Min
from django.utils import timezone
from django.utils.translation import gettext

from metrics.choices import Cadence
from metrics.closed_months import ClosedMonths
from metrics.models import Measurement, MetricDefinition
from metrics.periods import Period, period_holding
from metrics.validation.facts import MetricFacts, SubjectFacts
from metrics.validation.measurements import MeasurementRules, overlaps, span_text
from projects.choices import SubjectKind
from projects.models import Engagement, Organisation, Subject
from projects.months import BEGINNING, LAST_MONTH

FISCAL_CADENCES = (Cadence.QUARTER, Cadence.YEAR)
SUBJECTS_AT_ONCE = 5_000


def metric_facts(metrics: Iterable[MetricDefinition]) -> dict[str, MetricFacts]:
    return {metric.code: metric.facts for metric in metrics}


def stored_subjects(subject_ids: Collection[int] | None = None) -> dict[str, SubjectFacts]:
    """Subjects by code, with the span in which each is measured."""
    rows = Subject.objects.all()
    projects = Engagement.objects.all()
    if subject_ids is not None:
        rows = rows.filter(pk__in=subject_ids)
        projects = projects.filter(pk__in=subject_ids)
    span_of_project = {
        engagement: (first, last)
        for engagement, first, last in projects.values_list(
            "pk", "project__active_from", "project__active_until"
        )
    }
    bound = Organisation.objects.values_list("active_from", "active_until").first() or (None, None)
    return {
        code: subject_facts(code, kind, span_of_project.get(key, (first, last)), bound, key)
        for key, code, kind, first, last in rows.values_list(
            "pk", "code", "kind", "active_from", "active_until"
        )
    }


def subject_facts(
    code: str,
    kind: str,
    own: tuple[int | None, int | None],
    organisation: tuple[int | None, int | None],
    key: int = 0,
) -> SubjectFacts:
    """A subject within its own span (an engagement's: its project's) and the organisation's."""
    (first, last), (earliest, latest) = own, organisation
    return SubjectFacts(
        code,
        kind,
        max(first or BEGINNING, earliest or BEGINNING),
        min(last or LAST_MONTH, latest or LAST_MONTH),
        key,
    )


def stored_rules(
    *,
    metrics: Collection[MetricDefinition] | None = None,
    subjects: Collection[Subject] | None = None,
    today: date | None = None,
    decimal_sign: str = ".",
) -> MeasurementRules:
    """The rules as the database has them; for a form, of just the metrics and subjects at hand."""
    return MeasurementRules(
        metrics=metric_facts(MetricDefinition.objects.all() if metrics is None else metrics),
        subjects=stored_subjects(None if subjects is None else [row.pk for row in subjects]),
        closed=ClosedMonths.read(),
        today=today or timezone.localdate(),
        fiscal_year_starts_in=fiscal_year_starts_in(),
        decimal_sign=decimal_sign,
    )


def fiscal_year_starts_in() -> int:
    return Organisation.objects.values_list("fiscal_year_starts_in", flat=True).first() or 1


def refuse_new_fiscal_year(before: int, after: int) -> None:
    """Quarters and years that have values keep their months."""
    if before == after:
        return
    if Measurement.objects.filter(metric__cadence__in=FISCAL_CADENCES).exists():
        raise ValidationError(
            gettext(
                "There are values of quarters or years, so the fiscal year goes on starting"
                " in month %(before)s; it can change to %(after)s only before the first such"
                " value."
            )
            % {"before": before, "after": after},
            code="fiscal_year",
        )


def outside(
    subjects: Iterable[SubjectFacts], fiscal_year_starts_in: int
) -> Iterator[tuple[SubjectFacts, str]]:
    """Subjects with a stored value outside their span, and the sentence that tells of it."""
    asked = sorted(subjects, key=lambda subject: subject.code)
    extremes = _extremes([subject.key for subject in asked], fiscal_year_starts_in)
    for subject in asked:
        left_out = [period for period in extremes[subject.key] if not overlaps(subject, period)]
        if left_out:
            yield subject, _left_out(subject, left_out[0].label(fiscal_year_starts_in))


def _extremes(keys: Sequence[int], fiscal_year_starts_in: int) -> dict[int, list[Period]]:
    """The first and the last period of each cadence that a subject has values of.

    Periods of one cadence end in the order in which they begin, so these two speak for all.
    """
    found: dict[int, list[Period]] = defaultdict(list)
    for start in range(0, len(keys), SUBJECTS_AT_ONCE):
        rows = (
            Measurement.objects.filter(subject__in=keys[start : start + SUBJECTS_AT_ONCE])
            .order_by()
            .values_list("subject", "metric__cadence")
            .annotate(Min("period_start"), Max("period_start"))
        )
        for key, cadence, *days in rows:
            found[key] += [period_holding(day, cadence, fiscal_year_starts_in) for day in days]
    for periods in found.values():
        periods.sort(key=lambda period: (period.start, period.cadence))
    return found


def _left_out(subject: SubjectFacts, label: str) -> str:
    said = {"period": label, "subject": subject.code, "span": span_text(subject)}
    if subject.first > subject.last:
        return (
            gettext(
                "A value of %(period)s does not fit: %(subject)s is never measured, because its"
                " span lies outside the organisation's; delete such values first, or keep their"
                " periods in the span."
            )
            % said
        )
    return (
        gettext(
            "A value of %(period)s lies outside the span of %(subject)s, measured %(span)s;"
            " delete such values first, or keep their periods in the span."
        )
        % said
    )


def refuse_change_of_subject(subject: Subject, before: Subject | None) -> None:
    """What measurements stand on stays: a fiscal year, and a span that holds them.

    Asked before the change is stored; `before` is the subject as it is stored, None if it is new.
    """
    if before is None:
        return
    starts_in = fiscal_year_starts_in()
    if isinstance(subject, Organisation) and isinstance(before, Organisation):
        try:
            refuse_new_fiscal_year(before.fiscal_year_starts_in, subject.fiscal_year_starts_in)
        except ValidationError as error:
            raise ValidationError({"fiscal_year_starts_in": error}) from None
    if (subject.active_from, subject.active_until) == (before.active_from, before.active_until):
        return
    for _, sentence in outside(_as_it_will_be(subject), starts_in):
        raise ValidationError(sentence, code="span")


def _as_it_will_be(subject: Subject) -> list[SubjectFacts]:
    """Everybody whose span this subject's is part of, within the span that it is to have."""
    span = (subject.active_from, subject.active_until)
    if subject.kind == SubjectKind.ORGANISATION:
        projects = dict(Engagement.objects.values_list("pk", "project_id"))
        own = {key: (first, last) for key, first, last in _spans()} | {subject.pk: span}
        return [
            subject_facts(code, kind, own[projects.get(key, key)], span, key)
            for key, code, kind in Subject.objects.values_list("pk", "code", "kind")
        ]
    bound = Organisation.objects.values_list("active_from", "active_until").first() or (None, None)
    engagements = Engagement.objects.filter(project=subject.pk).values_list("pk", "code")
    return [
        subject_facts(subject.code, subject.kind, span, bound, subject.pk),
        *(
            subject_facts(code, SubjectKind.ENGAGEMENT, span, bound, key)
            for key, code in engagements
        ),
    ]


def _spans() -> Iterator[tuple[int, int | None, int | None]]:
    yield from Subject.objects.values_list("pk", "active_from", "active_until")
