"""What a mapping finds in a file, counted before anything is checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from metrics.importing.matching import ALMOST_CERTAIN, Near
from metrics.importing.names import Names
from metrics.importing.plans import GivenRow, Mapping, Reading
from metrics.importing.rows import Giving, Resolver
from metrics.importing.tables import Table

MOST_UNKNOWN = 100
"""Names to choose for; where more are unknown the column is most likely another."""
MOST_PROBLEMS = 5
MOST_NEAR = 5


@dataclass(frozen=True, slots=True)
class UnknownName:
    """A name that nothing is certain to have, how often it is there, and what may be meant."""

    text: str
    rows: int
    near: tuple[Near, ...]
    likeliest: str


@dataclass(frozen=True, slots=True)
class Survey:
    """How much there is, and what a person should look at before it is checked."""

    rows: int
    values: int
    metrics: int
    subjects: int
    periods: int
    unknown_metrics: tuple[UnknownName, ...]
    unknown_subjects: tuple[UnknownName, ...]
    all_unknown_metrics: int
    all_unknown_subjects: int
    problems: tuple[GivenRow, ...]
    all_problems: int
    left_out: int
    formulas: int

    @property
    def has_unknown(self) -> bool:
        return bool(self.all_unknown_metrics or self.all_unknown_subjects)


def survey(table: Table, reading: Reading, mapping: Mapping, names: Names) -> Survey:
    """One pass over the whole file; FileProblem where it can't be read to its end."""
    counting = _Counting(mapping, names)
    # Without the choices, so that a name that somebody chose for stays there to choose again.
    unchosen = replace(mapping, metric_names={}, subject_names={})
    giving = Giving(table, reading, unchosen, names)
    for row in giving.values():
        counting.count(row)
    return counting.survey(giving.rows, table.formulas)


class _Counting:
    def __init__(self, mapping: Mapping, names: Names) -> None:
        self.mapping = mapping
        self.resolver = Resolver(mapping, names)
        self.kinds = {metric.code: metric.subject_kind for metric in names.metrics}
        self.codes = {subject.code for subject in names.subjects}
        self.unknown_metrics: Counter[str] = Counter()
        self.unknown_subjects: Counter[tuple[str, str]] = Counter()
        self.metrics: set[str] = set()
        self.subjects: set[str] = set()
        self.periods: set[str] = set()
        self.problems: list[GivenRow] = []
        self.values = self.all_problems = self.left_out = 0

    def count(self, row: GivenRow) -> None:
        metric, subject = row.metric, row.subject
        if metric not in self.kinds:
            self.unknown_metrics[metric] += 1
            metric = self.mapping.metric_names.get(metric, metric)
        if subject not in self.codes:
            self.unknown_subjects[subject, self.kinds.get(metric, "")] += 1
            subject = self.mapping.subject_names.get(subject, subject)
        if (not metric and row.metric) or (not subject and row.subject):
            self.left_out += 1
            return
        self.values += 1
        self.metrics.add(metric)
        self.subjects.add(subject)
        self.periods.add(row.period)
        if row.problem:
            self.all_problems += 1
            if len(self.problems) < MOST_PROBLEMS:
                self.problems.append(row)

    def survey(self, rows_read: int, formulas: int) -> Survey:
        metrics = {text: rows for text, rows in self.unknown_metrics.items() if text}
        kinds: dict[str, str] = {}
        subjects: Counter[str] = Counter()
        for (text, kind), rows in self.unknown_subjects.items():
            if text:
                subjects[text] += rows
                kinds.setdefault(text, kind)
        return Survey(
            rows=rows_read,
            values=self.values,
            metrics=len(self.metrics),
            subjects=len(self.subjects),
            periods=len(self.periods),
            unknown_metrics=tuple(
                _unknown(text, rows, self.resolver.metrics.near_label(text, MOST_NEAR))
                for text, rows in sorted(metrics.items())[:MOST_UNKNOWN]
            ),
            unknown_subjects=tuple(
                _unknown(text, rows, self.resolver.subjects_of(kinds[text]).near(text, MOST_NEAR))
                for text, rows in sorted(subjects.items())[:MOST_UNKNOWN]
            ),
            all_unknown_metrics=len(metrics),
            all_unknown_subjects=len(subjects),
            problems=tuple(self.problems),
            all_problems=self.all_problems,
            left_out=self.left_out,
            formulas=formulas,
        )


def _unknown(text: str, rows: int, near: Sequence[Near]) -> UnknownName:
    same = [name.code for name in near if name.score >= ALMOST_CERTAIN]
    return UnknownName(text, rows, tuple(near), same[0] if len(same) == 1 else "")
