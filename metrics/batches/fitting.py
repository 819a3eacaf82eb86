"""The rows of a file one by one: those that are well by themselves, and what is wrong with others.

Rows that fit go through look-ups alone; only what does not fit is looked at closely, by the rules
of `metrics.validation` with the sentences that every door has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from django.utils.translation import gettext_lazy

from metrics.batches.basis import Basis
from metrics.batches.rows import JudgedRow
from metrics.importing.plans import GivenRow
from metrics.periods import Period
from metrics.validation.facts import MetricFacts

# Text that float() reads as the number it is: no exponent, not too long.
_is_plain = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,20})?").fullmatch

BLANK = gettext_lazy("This is blank; every row needs it.")
NUL = gettext_lazy("There is a character that is no text (NUL); leave it out.")
SOMEBODY_ELSES = gettext_lazy("These values are somebody else's to enter.")


class Fit(NamedTuple):
    """A period that fits its metric, and what the rules ask about it."""

    period: Period
    ordinal: int
    month: int
    is_closed: bool
    first: int
    last: int
    label: str
    start: str


class Fitting:
    """The rows that are well by themselves, as columns beside the rows; and those that are not."""

    def __init__(self, basis: Basis) -> None:
        self.basis = basis
        self.rules = basis.rules
        self.rows: list[GivenRow] = []
        self.numbers: list[int] = []
        """Which rows of the file they are, so that refused ones can be put among them."""
        self.fits: list[Fit] = []
        self.metrics: list[int] = []
        self.subjects: list[int] = []
        self.values: list[float] = []
        self.refused: list[tuple[int, JudgedRow]] = []
        self._fits: dict[str, dict[str, Fit]] = {cadence: {} for cadence in self.rules.fitting}
        self._may_enter: dict[tuple[int, int], bool] = {}

    def take_in(self, rows: Iterable[GivenRow]) -> None:
        """The hot loop: look-ups for all that fits, a closer look at all that does not."""
        metrics = {
            code: (metric.key, metric.subject_kind, self._fits[metric.cadence])
            for code, metric in self.rules.metrics.items()
            if not metric.formula
        }
        subjects = {
            code: (subject.key, subject.kind, subject.first, subject.last)
            for code, subject in self.rules.subjects.items()
        }
        may_enter = self._may_enter
        for number, row in enumerate(rows, start=1):
            try:
                metric, kind, fits = metrics[row.metric]
                subject, its_kind, first, last = subjects[row.subject]
                fit = fits[row.period]
                fits_well = (
                    its_kind == kind
                    and fit.last >= first
                    and fit.first <= last
                    and may_enter[metric, subject]
                    and _is_plain(row.value) is not None
                    and not row.problem
                    and (not row.note or "\0" not in row.note)
                )
            except KeyError:
                fits_well = False
            if fits_well:
                value = float(row.value) + 0.0  # there is one zero
            else:
                found = self._look_closer(number, row)
                if found is None:
                    continue
                metric, subject, fit, value = found
            self.rows.append(row)
            self.numbers.append(number)
            self.fits.append(fit)
            self.metrics.append(metric)
            self.subjects.append(subject)
            self.values.append(value)

    def _look_closer(self, number: int, row: GivenRow) -> tuple[int, int, Fit, float] | None:
        """Either what is wrong is told, or a text that is new here fits after all."""
        told = list(self._problems(row))
        if told:
            sentence = " ".join(dict.fromkeys(sentence for _, sentence in told))
            judged = JudgedRow(
                row.line,
                row.cell,
                row.metric,
                row.subject,
                row.period,
                row.value,
                None,
                None,
                row.note,
                told[0][0],
                sentence,
            )
            self.refused.append((number, judged))
            return None
        metric, subject = self.rules.metrics[row.metric], self.rules.subjects[row.subject]
        fit = self._fit(metric, row.period)
        return metric.key, subject.key, fit, self.rules.read_value(row.value)

    def _problems(self, row: GivenRow) -> Iterator[tuple[str, str]]:
        if row.problem:
            yield row.problem_column, row.problem
        texts = {
            "metric": row.metric,
            "subject": row.subject,
            "period": row.period,
            "value": row.value,
        }
        told = {row.problem_column} if row.problem else set()
        for column, text in texts.items():
            if not text.strip() and column not in told:
                told.add(column)
                yield column, str(BLANK)
        for problem in self.rules.problems(*texts.values()):
            if problem.column not in told:
                yield problem.column, problem.sentence()
        if row.note and "\0" in row.note:
            yield "note", str(NUL)
        metric, subject = self.rules.metrics.get(row.metric), self.rules.subjects.get(row.subject)
        if metric is not None and subject is not None and not self._is_theirs(metric, subject.key):
            yield "metric", str(SOMEBODY_ELSES)

    def _is_theirs(self, metric: MetricFacts, subject: int) -> bool:
        pair = metric.key, subject
        if pair not in self._may_enter:
            self._may_enter[pair] = self.basis.rights.may_enter(*pair)
        return self._may_enter[pair]

    def _fit(self, metric: MetricFacts, text: str) -> Fit:
        fitting = self.rules.fitting_period(metric.cadence, text)
        fit = self._fits[metric.cadence][text] = Fit(
            fitting.period,
            fitting.period.start.toordinal(),
            fitting.month,
            fitting.is_closed,
            fitting.first,
            fitting.last,
            self.rules.label(fitting.period),
            fitting.period.start.isoformat(),
        )
        return fit
