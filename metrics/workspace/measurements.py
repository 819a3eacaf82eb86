"""Measurements of a workspace: streamed through checks into a staging table, then stored.

Nothing is kept per row in Python, so that memory does not grow with the number of rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User

from metrics.bulk import is_postgresql
from metrics.validation.measurements import MeasurementRules, Problem, closed_month
from metrics.workspace.layout import (
    MEASUREMENT_COLUMNS,
    MEASUREMENTS_ORDER,
    REQUIRED_MEASUREMENT_COLUMNS,
)
from metrics.workspace.problems import Problems
from metrics.workspace.reading import CsvFile, Header, Progress
from metrics.workspace.staging import (
    Signature,
    StagedRow,
    apply_changes,
    changes_in_closed_months,
    duplicates,
    fill_staging_table,
    find_changes,
    insert_new,
    newest_measurement,
    touched_months,
)

# Text that Python and both databases read as the same number: no sign, no exponent, not too long.
_is_plain = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,20})?").fullmatch

_NUL = "There is a character that is no text (NUL); leave it out."

Texts = tuple[str, str, str, str]
"""Metric, subject, period and value as the file has them."""

Fit = tuple[str, int, int, int, int]
"""First day, month, whether that is closed, first and last month that the period touches."""


@dataclass(frozen=True, slots=True)
class Unjudged:
    """Codes whose own rows are wrong or could not be read: what hangs on them is passed by."""

    metrics: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()
    unknown_metrics: bool = False
    unknown_subjects: bool = False

    def holds(self, metric: str, subject: str) -> bool:
        return metric in self.metrics or subject in self.subjects

    def excuses(self, problem: Problem) -> bool:
        return problem.code == "unknown" and (
            (problem.column == "metric" and self.unknown_metrics)
            or (problem.column == "subject" and self.unknown_subjects)
        )


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of the staged rows, and the first month that was touched of each subject."""

    created: int
    changed: int
    same: int
    touched: dict[int, int]


class MeasurementLoad:
    """One file of measurements on its way into the database."""

    def __init__(
        self,
        path: Path,
        *,
        rules: MeasurementRules,
        unjudged: Unjudged,
        problems: Problems,
        progress: Progress,
    ) -> None:
        self.rules = rules
        self.unjudged = unjudged
        self.problems = problems
        self.progress = progress
        self.staged = 0
        self.file = CsvFile(
            path,
            MEASUREMENTS_ORDER,
            columns=MEASUREMENT_COLUMNS,
            required=REQUIRED_MEASUREMENT_COLUMNS,
            problems=problems,
        )
        self._fits: dict[str, dict[str, Fit]] = {cadence: {} for cadence in rules.fitting}

    def stage(self) -> None:
        """Check each row by itself, and stage those that are well."""
        fill_staging_table(self._rows(str if is_postgresql() else float))

    def _rows(self, convert: Callable[[str], Any]) -> Iterator[StagedRow]:
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
        pick: Callable[[Sequence[str]], Any] | None = None
        for line, cells in self.file.rows(self.progress):
            if pick is None:
                pick = _picker(self.file.header)
                if pick is None:
                    return
            metric_code, subject_code, period_text, value, note = pick(cells)
            try:
                metric, kind, fits = metrics[metric_code]
                subject, its_kind, first, last = subjects[subject_code]
                start, month, is_closed, period_first, period_last = fits[period_text]
                fits_well = (
                    its_kind == kind
                    and period_last >= first
                    and period_first <= last
                    and _is_plain(value)
                )
            except KeyError:
                fits_well = None
            if not fits_well:
                found = self._look_closer(line, (metric_code, subject_code, period_text, value))
                if found is None:
                    continue
                metric, subject, (start, month, is_closed, _, _), value = found
            if note and "\0" in note:
                self.problems.add(self.file.place(line, "note"), _NUL)
                continue
            self.staged += 1
            yield line, metric, subject, start, month, is_closed, convert(value), note

    def _look_closer(self, line: int, texts: Texts) -> tuple[int, int, Fit, str] | None:
        """Either what is wrong is told, or a text that is new here fits after all."""
        metric_code, subject_code, period_text, value_text = texts
        if self.unjudged.holds(metric_code, subject_code):
            return None
        is_well = True
        blank = {
            column for column, text in zip(MEASUREMENT_COLUMNS, texts, strict=False) if not text
        }
        for column in blank:
            is_well = False
            self.problems.add(self.file.place(line, column), "This is blank; every row needs it.")
        for problem in self.rules.problems(*texts):
            is_well = False
            if problem.column not in blank and not self.unjudged.excuses(problem):
                self.problems.add(self.file.place(line, problem.column), problem.sentence)
        if not is_well:
            return None
        metric = self.rules.metrics[metric_code]
        period = self.rules.fitting_period(metric.cadence, period_text)
        fit = self._fits[metric.cadence][period_text] = (
            period.period.start.isoformat(),
            period.month,
            int(period.is_closed),
            period.first,
            period.last,
        )
        value = repr(self.rules.read_value(value_text))
        return metric.key, self.rules.subjects[subject_code].key, fit, value

    def check_staged(self) -> None:
        """What no row shows by itself: the same period twice, and changes in closed months."""
        self._tell_duplicates()
        find_changes()
        self._tell_changes_in_closed_months()

    def _tell_duplicates(self) -> None:
        told, total = duplicates(self.problems.most)
        for line, first in told:
            self.problems.add(
                self.file.place(line, "period"),
                f"The same metric, subject and period as in line {first}; one of the two is"
                " needed.",
            )
        self.problems.add_uncounted(total - len(told))

    def _tell_changes_in_closed_months(self) -> None:
        told, total = changes_in_closed_months(self.problems.most)
        for line, month, before, after in told:
            self.problems.add(self.file.place(line, "value"), closed_month(month, before, after))
        self.problems.add_uncounted(total - len(told))

    def store(self, *, by: User | None, now: datetime) -> Stored:
        """Put the staged rows where they belong; what comes to light then goes to the problems."""
        newest = newest_measurement()
        signature = Signature(by, now)
        created = insert_new(signature)
        changed = 0
        if created < self.staged:
            # Some rows were there before, or are there twice.
            self.check_staged()
            if self.problems:
                return Stored(0, 0, 0, {})
            changed = apply_changes(signature)
        touched = touched_months(None if created == self.staged else newest)
        return Stored(created, changed, self.staged - created - changed, touched)


def _picker(header: Header | None) -> Callable[[Sequence[str]], Any] | None:
    """Takes metric, subject, period, value and note out of a row; None if a column is missing."""
    positions = header.positions if header else {}
    if any(column not in positions for column in REQUIRED_MEASUREMENT_COLUMNS):
        return None
    if "note" in positions:
        return itemgetter(*(positions[column] for column in MEASUREMENT_COLUMNS))
    pick = itemgetter(*(positions[column] for column in REQUIRED_MEASUREMENT_COLUMNS))
    return lambda cells: (*pick(cells), None)
