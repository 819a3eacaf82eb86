"""Looks for what contradicts what, in everything that is stored: read only, and never repairing.

No door lets such a state in; a database that was restored by hand, a disk that lost a page or a
fault in the portal may. Each finding says what to do.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from metrics.bulk import Columns, among, read_columns
from metrics.choices import RunState
from metrics.closed_months import ClosedMonths
from metrics.horizon import scheduled_months
from metrics.ledger import Ledger, read_ledger, read_measurements, score_columns
from metrics.models import (
    SCORE_COLUMNS,
    CurveOverride,
    Exemption,
    Measurement,
    MetricDefinition,
    RescoreNeed,
    Score,
    Scorecard,
    ScorecardLine,
    ScoreRun,
)
from metrics.periods import period_holding
from metrics.scoring.engine import score
from metrics.validation.dependence import (
    fiscal_year_starts_in,
    metric_facts,
    outside,
    stored_subjects,
)
from metrics.validation.formulas import formula_errors
from projects.choices import SubjectKind
from projects.models import Subject
from projects.months import Month

EXACTLY = 1e-6
"""How far a stored score may be from the computed one (the tolerance of SCORING.md)."""

LONG_ENOUGH = timedelta(minutes=10)
"""A change that waits longer than this is not just about to be scored."""

MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """A contradiction in a sentence, and what to do about it."""

    what: str
    advice: str

    def __str__(self) -> str:
        return f"{self.what}\n    {self.advice}"


def contradictions(*, months: int = 3, chance: random.Random | None = None) -> Iterator[Finding]:
    """Everything that contradicts something; of the scores, so many open months are computed.

    Scores are computed only from definitions and subjects in which nothing was found.
    """
    unsound = [*_subjects_without_their_facts(), *_definitions_that_break_rules()]
    yield from unsound
    yield from _values_that_fit_nothing()
    yield from _values_in_other_months()
    yield from _work_that_nobody_does()
    if not unsound:
        yield from _values_outside_spans()
        yield from _scores_that_differ(months, chance or random.Random())  # nosec B311  # a sample


def _subjects_without_their_facts() -> Iterator[Finding]:
    for kind in SubjectKind:
        link = f"as_{kind.value}__isnull"
        lost = Subject.objects.filter(kind=kind, **{link: True})
        doubled = Subject.objects.exclude(kind=kind).filter(**{link: False})
        for subjects, says in ((lost, "has no facts of one"), (doubled, "is kept as one too")):
            for code in subjects.order_by("code").values_list("code", flat=True)[:MOST_NAMED]:
                yield Finding(
                    f"{code}: its kind and its facts differ; as {kind.label.lower()} it {says}.",
                    "Restore the subject's rows from a backup; until then pages about it fail.",
                )


def _definitions_that_break_rules() -> Iterator[Finding]:
    for model in (MetricDefinition, Scorecard, ScorecardLine, CurveOverride, Exemption):
        for row in model._default_manager.order_by("pk"):
            try:
                row.full_clean(validate_unique=False, validate_constraints=False)
            except ValidationError as error:
                yield Finding(
                    f"{model._meta.verbose_name} {row}: {' '.join(error.messages)}",
                    "Open its editor and save it with what fits.",
                )
    for code, errors in formula_errors(metric_facts(MetricDefinition.objects.all())).items():
        yield Finding(
            f"Metric {code}: {' '.join(errors)}", f"Mend its formula at /metrics/{code}/."
        )


def _values_that_fit_nothing() -> Iterator[Finding]:
    wrong = Measurement.objects.order_by().exclude(subject__kind=F("metric__subject_kind"))
    computed = Measurement.objects.order_by().exclude(metric__formula="")
    for rows, why in (
        (wrong, "are of another kind of subject than it measures"),
        (computed, "were recorded although it is computed by a formula"),
    ):
        counted = rows.values_list("metric__code").annotate(Count("pk")).order_by("metric__code")
        for code, count in counted[:MOST_NAMED]:
            yield Finding(
                f"Metric {code}: {count} values {why}.",
                "They count in no score. Delete them, or restore the definition from its history.",
            )


def _values_outside_spans() -> Iterator[Finding]:
    for subject, sentence in outside(stored_subjects().values(), fiscal_year_starts_in()):
        yield Finding(
            f"{subject.code}: {sentence}",
            f"Widen its span at /subjects/{subject.code}/edit/, or delete such values.",
        )


def _values_in_other_months() -> Iterator[Finding]:
    starts_in = fiscal_year_starts_in()
    held = Measurement.objects.order_by().values_list("metric__cadence", "period_start", "month")
    for cadence, start, month in held.distinct():
        period = period_holding(start, cadence, starts_in)
        if period.start != start or period.month != month:
            yield Finding(
                f"Values of the {cadence} that begins on {start} are counted in {Month(month)}; "
                f"that {cadence} begins on {period.start} and belongs to {period.month}.",
                "Was the fiscal year changed by hand? Set it back, or restore from a backup.",
            )


def _work_that_nobody_does() -> Iterator[Finding]:
    now = timezone.now()
    advice = "See whether a worker and the scheduler live (/readyz), and read the worker's log."
    waiting = RescoreNeed.objects.filter(created_at__lt=now - LONG_ENOUGH)
    if (count := waiting.count()) and not ScoreRun.objects.filter(state=RunState.RUNNING).exists():
        yield Finding(
            f"{count} changes wait to be scored, the oldest since "
            f"{waiting.earliest('created_at').created_at:%Y-%m-%d %H:%M} UTC, and no run goes on.",
            advice,
        )
    silent = now - max(timedelta(seconds=2 * settings.SCORE_RUN_STALE_SECONDS), LONG_ENOUGH)
    stuck = Q(state=RunState.RUNNING, heartbeat_at__lt=silent) | Q(
        state=RunState.DUE, created_at__lt=silent
    )
    for run in ScoreRun.objects.filter(stuck)[:MOST_NAMED]:
        yield Finding(f"Run {run.pk} is {run.get_state_display().lower()}, but stands.", advice)


def _scores_that_differ(most: int, chance: random.Random) -> Iterator[Finding]:
    """The latest open month, and others by chance, computed anew and compared."""
    if RescoreNeed.objects.exists() or _runs_under_way().exists():
        return  # what is stored is about to change, rightly
    ledger = read_ledger()
    scheduled = scheduled_months(ledger, Month.of(timezone.localdate()))
    months = ClosedMonths.read().open_among(scheduled)
    sample = [*months[-1:], *chance.sample(months[:-1], min(most - 1, len(months[:-1])))]
    for month in sorted(sample):
        differing = _differing(ledger, month)
        if not differing or _runs_under_way().exists():
            continue
        named = Subject.objects.filter(pk__in=differing[:MOST_NAMED]).order_by("code")
        codes = ", ".join(named.values_list("code", flat=True))
        yield Finding(
            f"{month}: what is stored differs from what the values make for {len(differing)} "
            f"subjects, such as {codes}.",
            f"Run `manage.py score --month {month}`; if it comes again, tell the makers.",
        )


def _runs_under_way() -> QuerySet[ScoreRun]:
    return ScoreRun.objects.filter(state__in=[RunState.DUE, RunState.RUNNING])


def _differing(ledger: Ledger, month: Month) -> list[int]:
    """The keys of subjects whose stored row of a month is not the computed one."""
    months = np.array([int(month)])
    scored = score(ledger.definitions, read_measurements(ledger, month, month), months)
    computed = _rows(score_columns(ledger, scored))
    condition, parameters = among("month", months)
    kinds = {"subject_id": "i", "month": "i"} | dict.fromkeys(SCORE_COLUMNS, "n")
    stored = _rows(
        read_columns(
            kinds,
            f"SELECT {', '.join(kinds)} FROM {Score._meta.db_table} WHERE {condition}",  # nosec B608
            parameters,
        )
    )
    return sorted(
        key
        for key in computed.keys() | stored.keys()
        if key not in computed
        or key not in stored
        or not np.allclose(computed[key], stored[key], rtol=0, atol=EXACTLY, equal_nan=True)
    )


def _rows(columns: Columns) -> dict[int, np.ndarray]:
    """Each subject's numbers; no band is -1 in one source and nothing in the other."""
    numbers = np.column_stack([columns[name].astype(np.float64) for name in SCORE_COLUMNS])
    bands = [name.endswith("_band") for name in SCORE_COLUMNS]
    numbers[:, bands] = np.nan_to_num(numbers[:, bands], nan=-1)
    return dict(zip(columns["subject_id"].tolist(), numbers, strict=True))
