"""What a measurement obeys, the same for one value in a form and for millions in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from metrics.choices import Cadence, period_word
from metrics.models import Measurement, MetricDefinition
from metrics.periods import Period, PeriodError, parse_period, period_holding
from metrics.validation.definitions import wrong_kind
from metrics.validation.facts import MetricFacts, SubjectFacts
from metrics.validation.numbers import NumberError, number_text, read_number
from projects.choices import kind_word
from projects.models import Subject
from projects.months import BEGINNING, LAST_MONTH, Month
from projects.validation import unknown

Sentence = Callable[[], str]
"""Made only when somebody reads it: looking for near matches takes time."""


class Closed(Protocol):
    """Says which months are closed."""

    def __contains__(self, month: int, /) -> bool: ...


@dataclass(frozen=True, slots=True)
class FittingPeriod:
    """A period that has begun, with the months that the rules ask about."""

    period: Period
    month: int
    first: int
    last: int
    is_closed: bool


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one column: `metric`, `subject`, `period` or `value`."""

    column: str
    code: str
    sentence: Sentence

    def __str__(self) -> str:
        return self.sentence()

    def as_error(self) -> ValidationError:
        return ValidationError(self.sentence(), code=self.code)


class MeasurementRules:
    """Built once from the definitions, then asked about any number of values."""

    def __init__(
        self,
        *,
        metrics: Mapping[str, MetricFacts],
        subjects: Mapping[str, SubjectFacts],
        closed: Closed = frozenset(),
        today: date,
        fiscal_year_starts_in: int = 1,
        decimal_sign: str = ".",
    ) -> None:
        self.metrics = metrics
        self.subjects = subjects
        self.closed = closed
        self.today = today
        self.fiscal_year_starts_in = fiscal_year_starts_in
        self.decimal_sign = decimal_sign
        # Texts that are known to fit: there are few periods, whatever the number of rows.
        self.fitting: dict[str, dict[str, FittingPeriod]] = {
            cadence: {} for cadence in Cadence.values
        }

    def fitting_period(self, cadence: str, text: str) -> FittingPeriod:
        """The period that a text stands for; ValidationError for none, or for one to come."""
        known = self.fitting[cadence].get(text)
        if known is None:
            known = self._fitted(self.read_period(cadence, text))
            self.fitting[cadence][text] = known
        return known

    def read_period(self, cadence: str, text: str) -> Period:
        try:
            return parse_period(text, cadence, self.fiscal_year_starts_in)
        except PeriodError as error:
            raise ValidationError(str(error), code="period") from None

    def read_value(self, text: str) -> float:
        try:
            return read_number(text, self.decimal_sign)
        except NumberError as error:
            raise ValidationError(str(error), code="number") from None

    def _fitted(self, period: Period) -> FittingPeriod:
        self.refuse_before_it_begins(period)
        return FittingPeriod(
            period,
            int(period.month),
            int(period.first_month),
            int(period.last_month_touched),
            period.month in self.closed,
        )

    def problems(
        self, metric_code: str, subject_code: str, period_text: str, value_text: str
    ) -> Iterator[Problem]:
        """Everything that is wrong with one value as a file or a form has it."""
        metric, subject = self.metrics.get(metric_code), self.subjects.get(subject_code)
        if metric is None:
            yield Problem(
                "metric", "unknown", lambda: unknown(_("metric"), metric_code, self.metrics)
            )
        elif metric.formula:
            yield _computed(metric)
        if subject is None:
            yield Problem("subject", "unknown", lambda: self._unknown(subject_code, metric))
        elif metric is not None and subject.kind != metric.subject_kind:
            yield _wrong_kind(metric, subject)
        if metric is not None:
            yield from self._period_problems(metric, subject, period_text)
        try:
            self.read_value(value_text)
        except ValidationError as error:
            yield _of_error("value", error)

    def _period_problems(
        self, metric: MetricFacts, subject: SubjectFacts | None, text: str
    ) -> Iterator[Problem]:
        try:
            fitting = self.fitting_period(metric.cadence, text)
        except ValidationError as error:
            yield _of_error("period", error)
            return
        if subject is not None and not overlaps(subject, fitting.period):
            yield Problem(
                "period", "span", lambda: outside_span(subject, self.label(fitting.period))
            )

    def _unknown(self, subject_code: str, metric: MetricFacts | None) -> str:
        """With near matches among those that the metric is measured of."""
        if metric is None:
            return unknown(_("subject"), subject_code, self.subjects)
        kind = metric.subject_kind
        fitting = [code for code, subject in self.subjects.items() if subject.kind == kind]
        return unknown(kind_word(kind), subject_code, fitting)

    def refuse_before_it_begins(self, period: Period) -> None:
        if period.start > self.today:
            raise ValidationError(self._to_come(period), code="future")

    def _to_come(self, period: Period) -> str:
        begun = period_holding(self.today, period.cadence, self.fiscal_year_starts_in)
        return _("%(period)s has not begun; the latest %(cadence)s that has is %(latest)s.") % {
            "period": self.label(period),
            "cadence": period_word(period.cadence),
            "latest": self.label(begun),
        }

    def label(self, period: Period) -> str:
        return period.label(self.fiscal_year_starts_in)

    def refuse_change(
        self, period: Period, before: tuple[float, str], after: tuple[float, str] | None
    ) -> None:
        """A value whose month is closed stays; writing what is already there is no change.

        Value and note go together; None after = the value is deleted.
        """
        if period.month in self.closed and before != after:
            raise ValidationError(
                closed_month(period.month, before[0], None if after is None else after[0]),
                code="closed",
            )

    def is_late(self, period: Period) -> bool:
        """A first value of a month that is closed already: accepted, marked, counts later on."""
        return period.month in self.closed


def overlaps(subject: SubjectFacts, period: Period) -> bool:
    return period.last_month_touched >= subject.first and period.first_month <= subject.last


def outside_span(subject: SubjectFacts, label: str) -> str:
    if subject.first > subject.last:
        return _(
            "%(label)s does not fit: %(subject)s is never measured, because its span lies"
            " outside the organisation's."
        ) % {"label": label, "subject": subject.code}
    return _("%(label)s lies outside the span of %(subject)s, measured %(span_text)s.") % {
        "label": label,
        "subject": subject.code,
        "span_text": span_text(subject),
    }


def span_text(subject: SubjectFacts) -> str:
    """`from 2026-02 to 2026-08`, either end left out where it is open."""
    said = {"first": Month(subject.first), "last": Month(subject.last)}
    if subject.first > BEGINNING and subject.last < LAST_MONTH:
        return _("from %(first)s to %(last)s") % said
    if subject.first > BEGINNING:
        return _("from %(first)s") % said
    return _("to %(last)s") % said if subject.last < LAST_MONTH else _("always")


def closed_month(month: int, before: float, after: float | None) -> str:
    if after == before:
        sentence = _(
            "%(month)s is closed and its value stays %(value)s (only its note was to change);"
            " a PMO lead can reopen the month."
        )
    elif after is None:
        sentence = _(
            "%(month)s is closed and its value stays %(value)s (it was to be deleted);"
            " a PMO lead can reopen the month."
        )
    else:
        sentence = _(
            "%(month)s is closed and its value stays %(value)s (%(after)s was to replace it);"
            " a PMO lead can reopen the month."
        )
    return sentence % {
        "month": Month(month),
        "value": number_text(before),
        "after": "" if after is None else number_text(after),
    }


def _computed(metric: MetricFacts) -> Problem:
    return Problem(
        "metric",
        "computed",
        lambda: (
            _(
                "%(metric)s is computed by its formula and takes no values; give values of"
                " its inputs."
            )
            % {"metric": metric.code}
        ),
    )


def _wrong_kind(metric: MetricFacts, subject: SubjectFacts) -> Problem:
    return Problem("subject", "kind", lambda: wrong_kind(metric, subject.code, subject.kind))


def _of_error(column: str, error: ValidationError) -> Problem:
    return Problem(column, error.code or "invalid", lambda: " ".join(error.messages))


def check_measurement(
    *,
    metric: MetricDefinition,
    subject: Subject,
    period: Period,
    value: float,
    note: str = "",
    existing: Measurement | None,
    rules: MeasurementRules,
) -> None:
    """One value of objects in hand; ValidationError by column, with the codes of `Problem`.

    The rules know the subject (with its span) and the metric: build them with
    `metrics.validation.dependence.stored_rules`.
    """
    period_label, value_as_text = rules.label(period), _as_read(value, rules)
    errors = {
        problem.column: problem.as_error()
        for problem in rules.problems(metric.code, subject.code, period_label, value_as_text)
    }
    if errors:
        raise ValidationError(errors)
    if existing is not None:
        try:
            rules.refuse_change(period, (existing.value, existing.note), (value, note))
        except ValidationError as error:
            raise ValidationError({"period": error}) from None


def refuse_unexplained(score: float, note: str) -> None:
    """A red value of a metric that asks for it comes with a sentence of explanation.

    Asked of people, in their forms, grids and files; history that is restored is not asked.
    Which values are concerned: `metrics.judging.Judge.asks_why`, and `ask_why` for columns.
    """
    if not note.strip():
        raise ValidationError(
            {"note": ValidationError(why_red(score), code="why_red")},
        )


def why_red(score: float) -> str:
    return _("The value scores %(score)s, which is red. Say in a sentence why, as its note.") % {
        "score": f"{score:.1f}"
    }


def _as_read(value: float, rules: MeasurementRules) -> str:
    return number_text(value).replace(".", rules.decimal_sign)
