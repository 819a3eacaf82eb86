"""Rules that span rows, asked of the database and the folder together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError

from metrics.models import Measurement
from metrics.scoring.formulas import FormulaError, inputs_of
from metrics.validation.definitions import check_default, check_scorecard_of, dependence_errors
from metrics.validation.dependence import outside, refuse_new_fiscal_year, subject_facts
from metrics.validation.facts import MetricFacts, SubjectFacts
from metrics.validation.formulas import formula_errors, read_formula
from metrics.workspace.entries import Entry, rules_broken
from metrics.workspace.merging import ENGAGEMENTS, ORGANISATIONS, Merged
from projects.validation import check_tree, circle_from

_HELD_BY_MEASUREMENTS = {"cadence", "subject_kind", "formula"}


class Checks:
    """All rules that need more than one row; what is wrong goes to the merged view's problems."""

    def __init__(self, merged: Merged, spans_before: dict[int, SubjectFacts]) -> None:
        self.merged = merged
        self.problems = merged.problems
        self.spans_before = spans_before

    def run(self) -> None:
        self._check_tree()
        self._check_formulas()
        self._check_what_the_folder_leaves()
        self._check_scorecards_of_subjects()
        self._check_defaults()
        self._check_what_measurements_need()
        self._check_fiscal_year()
        self._check_spans()

    def _check_tree(self) -> None:
        entries = self.merged.entries["portfolios"]
        parents = {
            code: entry.links["parent"].instance.code if "parent" in entry.links else None
            for (code,), entry in entries.items()
        }
        told: set[str] = set()
        for entry in self.merged.loaded.get("portfolios", ()):
            code = entry.instance.code
            if code not in told:
                told.update(circle_from(code, parents))
                with self._told_at(entry, "parent"):
                    check_tree(code, parents)

    def _check_formulas(self) -> None:
        metrics = self.merged.entries["metrics"]
        if "metrics" in self.merged.incomplete:
            return
        facts = _understood({code: entry for (code,), entry in metrics.items()})
        for code, sentences in formula_errors(facts).items():
            entry = metrics[code,]
            # Where only an input changed, its row is the one to blame.
            inputs = [metrics[name,] for name in sorted(_names(facts[code])) if (name,) in metrics]
            blamed = next((metric for metric in (entry, *inputs) if metric.line), entry)
            for sentence in sentences:
                told = sentence if blamed is entry else f"The formula of {code}: {sentence}"
                self.problems.add(blamed.place("formula"), told)

    def _check_what_the_folder_leaves(self) -> None:
        """Rows that the folder lacks may stop to fit when what they link is changed by it."""
        for entry in self.merged.all("curve_overrides", "exemptions", "scorecard_lines"):
            changed = [end for end in entry.links.values() if end.line and end.is_changed]
            if entry.line or not changed or any(end.is_broken for end in changed):
                continue
            for sentences in rules_broken(entry).values():
                self.problems.add(changed[0].place(), sentences[0])

    def _check_scorecards_of_subjects(self) -> None:
        for subject in self.merged.subjects.values():
            scorecard = subject.scorecard
            if scorecard is None or scorecard.is_broken:
                continue
            blamed = subject if subject.line else scorecard
            if blamed.line:
                with self._told_at(blamed, "scorecard" if blamed is subject else "subject_kind"):
                    check_scorecard_of(
                        subject.instance.code,
                        subject.instance.KIND,
                        scorecard.instance.code,
                        scorecard.instance.subject_kind,
                    )

    def _check_defaults(self) -> None:
        of_kind: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.merged.all("scorecards"):
            if entry.instance.is_default and not entry.is_broken:
                of_kind[entry.instance.subject_kind].append(entry)
        for kind, entries in of_kind.items():
            first, *others = sorted(entries, key=lambda entry: entry.line)
            for entry in others:
                with self._told_at(entry, "default"):
                    check_default(entry.instance.code, kind, first.instance.code)

    def _check_what_measurements_need(self) -> None:
        for entry in self.merged.all("metrics"):
            if entry.is_broken or not entry.before.keys() & _HELD_BY_MEASUREMENTS:
                continue
            if Measurement.objects.filter(metric=entry.instance).exists():
                errors = dependence_errors(_facts_before(entry), entry.instance.facts)
                for column, sentence in errors.items():
                    self.problems.add(entry.place(column), sentence)

    def _check_fiscal_year(self) -> None:
        column = "fiscal_year_starts_in"
        for entry in self.merged.all(ORGANISATIONS.name):
            if column in entry.before:
                with self._told_at(entry, column):
                    refuse_new_fiscal_year(entry.before[column], fiscal_year_of(self.merged))

    def _check_spans(self) -> None:
        """A span that is made shorter still holds the values that are there."""
        by_key = {entry.instance.pk: entry for entry in self.merged.subjects.values()}
        shorter = [
            subject
            for subject in merged_subjects(self.merged)
            if (was := self.spans_before.get(subject.key))
            and (subject.first > was.first or subject.last < was.last)
        ]
        for subject, sentence in outside(shorter, fiscal_year_of(self.merged)):
            self.problems.add(_span_owner(by_key[subject.key], self.merged).place(), sentence)

    @contextmanager
    def _told_at(self, entry: Entry, column: str) -> Iterator[None]:
        """What is refused within is told at this row and column."""
        try:
            yield
        except ValidationError as error:
            self.problems.add(entry.place(column), error.messages[0])


def _understood(metrics: dict[str, Entry]) -> dict[str, MetricFacts]:
    """Metrics without those that are broken or hang on one: what is unclear is not judged."""
    broken = {code for code, entry in metrics.items() if entry.is_broken}
    facts = {code: metrics[code].instance.facts for code in metrics.keys() - broken}
    while hanging := {code for code, metric in facts.items() if _names(metric) & broken}:
        broken |= hanging
        facts = {code: metric for code, metric in facts.items() if code not in hanging}
    return facts


def _names(metric: MetricFacts) -> frozenset[str]:
    try:
        return inputs_of(read_formula(metric.formula)) if metric.formula else frozenset()
    except FormulaError:
        return frozenset()


def _facts_before(entry: Entry) -> MetricFacts:
    now = entry.instance.facts
    return MetricFacts(
        now.code,
        entry.before.get("subject_kind", now.subject_kind),
        entry.before.get("cadence", now.cadence),
        entry.before.get("formula", now.formula),
    )


def _span_owner(entry: Entry, merged: Merged) -> Entry:
    """The row that gives a subject its span: its own, its project's, or else the organisation's."""
    own = entry.links["project"] if entry.table is ENGAGEMENTS else entry
    organisation = merged.organisation()
    changes_span = own.before.keys() & {"active_from", "active_until"}
    return own if changes_span or organisation is None else organisation


def merged_subjects(merged: Merged) -> Iterator[SubjectFacts]:
    """All subjects with the span in which each will be measured; those that are new by key 0."""
    organisation = merged.organisation()
    bound = _span_of(organisation) if organisation else (None, None)
    for code, entry in merged.subjects.items():
        own = _span_of(entry.links["project"] if entry.table is ENGAGEMENTS else entry)
        yield subject_facts(code, entry.instance.KIND, own, bound, entry.instance.pk or 0)


def _span_of(entry: Entry) -> tuple[int | None, int | None]:
    """A span that could not be read holds everything, so that nothing is held against it."""
    if entry.is_broken:
        return (None, None)
    return entry.instance.active_from, entry.instance.active_until


def merged_metrics(merged: Merged) -> Iterator[MetricFacts]:
    """The metrics whose measurements can be judged."""
    for entry in merged.all("metrics"):
        if not entry.is_broken:
            yield entry.instance.facts


def fiscal_year_of(merged: Merged) -> int:
    organisation = merged.organisation()
    return organisation.instance.fiscal_year_starts_in if organisation else 1


def broken_codes(entries: Iterable[Entry]) -> frozenset[str]:
    return frozenset(entry.instance.code for entry in entries if entry.is_broken)
