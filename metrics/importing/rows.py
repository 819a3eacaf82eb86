"""From a file to single values in the portal's own writing, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics.batches.neutral import restored
from metrics.importing.headers import is_due_list
from metrics.importing.matching import Matcher
from metrics.importing.names import MetricName, Names
from metrics.importing.numbers import NumberReader
from metrics.importing.periods import PeriodReader
from metrics.importing.plans import GivenRow, Mapping, Reading, Shape
from metrics.importing.tables import HeadedRows, Row, Table, open_table
from projects.choices import kind_word
from projects.validation import quoted

Pick = Callable[[Sequence[str]], str]
Progress = Callable[[int, int], None]
"""Told which line is being read, and about how many there are."""

ROWS_PER_STEP = 1_000

_NUL = gettext_lazy("There is a character that is no text (NUL); leave it out.")


def given_rows(
    content: bytes,
    name: str,
    reading: Reading,
    mapping: Mapping,
    names: Names,
    progress: Progress = lambda line, lines: None,
) -> Iterator[GivenRow]:
    """Every value that the mapping finds in the file; FileProblem where the file ends badly.

    Blank cells of wide tables and of the due list are passed by; in a long table a row without a
    value is a row that somebody forgot, and the rules refuse it.
    """
    table = open_table(content, reading)
    giving = Giving(table, reading, mapping, names)
    height = table.height
    for number, row in enumerate(giving.values()):
        if number % ROWS_PER_STEP == 0:
            progress(giving.line, height)
        yield row


class Resolver:
    """Which metric and subject a file's texts mean: as chosen by a person, else as is certain."""

    def __init__(self, mapping: Mapping, names: Names) -> None:
        self._mapping = mapping
        self._metrics = {metric.code: metric for metric in names.metrics}
        self._metric_matcher = Matcher((metric.code, metric.name) for metric in names.metrics)
        self._kinds = {subject.code: subject.kind for subject in names.subjects}
        self._subject_matchers = {
            kind: Matcher((row.code, row.name) for row in names.subjects if row.kind == kind)
            for kind in set(self._kinds.values())
        }
        self._everybody = Matcher((row.code, row.name) for row in names.subjects)
        self._found_metrics: dict[str, str] = {}
        self._found_subjects: dict[tuple[str, str], str] = {}

    def metric_code(self, text: str) -> str:
        """The code, or the text itself where nothing is certain; blank to leave the row out."""
        found = self._found_metrics.get(text)
        if found is None:
            plain = restored(text.strip())
            chosen = self._mapping.metric_names.get(plain)
            found = self._metric_matcher.certain(plain) or plain if chosen is None else chosen
            self._found_metrics[text] = found
        return found

    def metric(self, code: str) -> MetricName | None:
        return self._metrics.get(code)

    def subject_code(self, text: str, kind: str = "") -> str:
        """As `metric_code`; names are looked for among subjects of the metric's kind."""
        found = self._found_subjects.get((kind, text))
        if found is None:
            plain = restored(text.strip())
            chosen = self._mapping.subject_names.get(plain)
            found = self._certain_subject(plain, kind) if chosen is None else chosen
            self._found_subjects[kind, text] = found
        return found

    def is_code(self, text: str) -> str:
        """What a text is the code of, if it is one."""
        if text in self._metrics:
            return "metric"
        return "subject" if text in self._kinds else ""

    def subjects_of(self, kind: str) -> Matcher:
        return self._subject_matchers.get(kind, self._everybody)

    @property
    def metrics(self) -> Matcher:
        return self._metric_matcher

    def _certain_subject(self, text: str, kind: str) -> str:
        if text in self._kinds:
            return text
        return self.subjects_of(kind).certain(text) or text


class Giving:
    """One file on its way from rows to values."""

    def __init__(self, table: Table, reading: Reading, mapping: Mapping, names: Names) -> None:
        self.table = table
        self._rows = HeadedRows(table, reading.header_row)
        self.header = header = self._rows.header
        self.rows = 0
        """Rows of the table that have been read, blank ones left out."""
        self.line = 0
        """The line of the table that is being read."""
        self.mapping = mapping
        self.resolver = Resolver(mapping, names)
        self.numbers = NumberReader(reading.decimal_sign, money_in_unit=mapping.money_in_unit)
        self.periods = PeriodReader(reading.date_order, names.fiscal_year_starts_in)
        self.width = len(header)
        self.metric = _pick(mapping.metric_column, mapping.fixed_metric)
        self.subject = _pick(mapping.subject_column, mapping.fixed_subject)
        self.period = _pick(mapping.period_column, mapping.fixed_period)

    def values(self) -> Iterator[GivenRow]:
        return self._long() if self.mapping.shape == Shape.LONG else self._wide()

    def _long(self) -> Iterator[GivenRow]:
        value_column = self.mapping.value_column
        if value_column is None:
            return
        note = _pick(self.mapping.note_column, "")
        has_note = self.mapping.note_column is not None
        skips_blanks = is_due_list(self.header)
        for row in self._rows:
            self.rows += 1
            self.line = row.line
            cells, problem = self._fitted(row)
            value = cells[value_column]
            if skips_blanks and not value and not value.strip() and type(value) is str:
                continue
            given = self._given(
                row.line,
                value_column,
                self.metric(cells),
                self.subject(cells),
                self.period(cells),
                value,
                problem,
                note(cells) if has_note else None,
            )
            if given is not None:
                yield given

    def _wide(self) -> Iterator[GivenRow]:
        across = sorted(self.mapping.across.items())
        shape = self.mapping.shape
        told = _pick(self.mapping.note_column, "")
        for row in self._rows:
            self.rows += 1
            self.line = row.line
            cells, problem = self._fitted(row)
            metric, subject = self.metric(cells), self.subject(cells)
            period = self.period(cells)
            # One note for the row: blank, it says nothing, and the notes that there are stay.
            note = told(cells).strip() or None
            for column, text in across:
                value = cells[column] if column < len(cells) else ""
                if type(value) is str and not value.strip():
                    continue
                given = self._given(
                    row.line,
                    column,
                    text if shape == Shape.WIDE_METRICS else metric,
                    text if shape == Shape.WIDE_SUBJECTS else subject,
                    text if shape == Shape.WIDE_PERIODS else period,
                    value,
                    problem,
                    note,
                )
                if given is not None:
                    yield given

    def _fitted(self, row: Row) -> tuple[Sequence[str], str]:
        """The cells as wide as the header, and what is wrong if they were not."""
        cells, width = row.cells, self.width
        if len(cells) == width:
            return cells, ""
        if len(cells) < width:
            missing = width - len(cells)
            return [*cells, *[""] * missing], (
                _("The row has %(found)s cells and the header %(width)s; are its cells shifted?")
                % {"found": len(cells), "width": width}
            )
        if any(cells[width:]):
            return cells, (
                _(
                    "The row has %(found)s cells and the header %(width)s; is there a"
                    " separator in one of its cells that splits it?"
                )
                % {"found": len(cells), "width": width}
            )
        return cells, ""

    def _given(
        self,
        line: int,
        column: int,
        metric_text: str,
        subject_text: str,
        period_text: str,
        value_text: str,
        problem: str,
        note: str | None,
    ) -> GivenRow | None:
        """One value; None where its name is to be left out."""
        metric_code = self.resolver.metric_code(metric_text)
        if not metric_code and metric_text.strip():
            return None
        metric = self.resolver.metric(metric_code)
        kind, unit = (metric.subject_kind, metric.unit) if metric else ("", "")
        subject_code = self.resolver.subject_code(subject_text, kind)
        if not subject_code and subject_text.strip():
            return None
        head = self.header[column] if column < self.width else ""
        value, value_problem = self.numbers.written(value_text, unit, head)
        problem_column = "row" if problem else ""
        period = period_text
        if metric is not None:
            period, period_problem = self.periods.written(period_text, metric.cadence)
            if period_problem and not problem:
                problem_column, problem = "period", period_problem
        if not problem and (value_problem or value is value_text):
            problem = value_problem or self._shifted(value_text)
            problem_column = "value" if problem else ""
        if note:
            note = restored(note)
            if "\0" in note and not problem:
                problem_column, problem = "note", str(_NUL)
        file_line, cell = self.table.place(line, column, head)
        return GivenRow(
            file_line, cell, metric_code, subject_code, period, value, note, problem_column, problem
        )

    def _shifted(self, text: str) -> str:
        """Whether what stands in the value's column belongs to another one."""
        if not text or text.replace(".", "", 1).isdecimal():
            return ""
        plain = text.strip()
        what = self.resolver.is_code(plain)
        if not what and self.periods.is_period(plain):
            what = "period"
        if not what:
            return ""
        if what == "period":
            sentence = _(
                "%(text)s is a period where a number belongs; are the cells of this row shifted?"
            )
        else:
            sentence = _(
                "%(text)s is the code of a %(kind)s where a number belongs;"
                " are the cells of this row shifted?"
            )
        return sentence % {"text": quoted(plain), "kind": kind_word(what)}


def _pick(column: int | None, fixed: str) -> Pick:
    """Takes a text out of a row, or is the same for every row."""
    if column is None:
        return lambda cells: fixed
    return lambda cells: cells[column] if column < len(cells) else ""
