"""One verdict for each row of a file: the same code for the check and for the import itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
from django.utils.translation import gettext, gettext_lazy, pgettext

from metrics.batches.basis import Basis
from metrics.batches.fitting import Fitting
from metrics.batches.progress import Step, Steps, silent_steps
from metrics.batches.rows import JudgedRow
from metrics.batches.shifts import shifted
from metrics.batches.stored import Looked, StoredSeries, place_of, stored_notes
from metrics.choices import DraftState, Verdict, period_word
from metrics.importing.plans import GivenRow, Shape
from metrics.judging import Judge
from metrics.models import DraftMeasurement
from metrics.operations.drafts import DraftRow
from metrics.operations.drafts import Key as DraftKey
from metrics.periods import next_period, period_holding
from metrics.scoring.columns import Booleans, Floats, Integers
from metrics.unusual import FEWEST_FOR_SLIPS, unusual
from metrics.validation.measurements import closed_month, why_red
from metrics.validation.numbers import number_text
from metrics.workspace.staging import StagedRow
from projects.months import Month
from projects.validation import listed

WAITS = gettext_lazy("It waits for approval.")
NOTE_ONLY = gettext_lazy("Only its note changes.")
WITHDRAWS = gettext_lazy(
    "It is recorded already; %(value)s, which waits for approval instead, is withdrawn."
)
LATE = gettext_lazy(
    "%(month)s is closed: the value is marked as late and counts in open months only."
)

EARLY_MONTHS = 12
ROWS_PER_STEP = 1_000
LINES_NAMED = 4


Waiting = dict[tuple[int, int], tuple[float, str]]
"""By subject and first day: value and note that wait for approval."""


@dataclass(frozen=True, slots=True)
class Storable:
    """Rows that can be stored: as measurements, or as drafts where their metric needs approval."""

    measurements: list[StagedRow]
    drafts: list[DraftRow]
    withdrawn: list[DraftKey]
    """Where another value waits for approval, while what the row says is recorded already."""
    left_over: list[DraftKey]
    """Where one still waits from when the metric needed approval; the measurement replaces it."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdicts in the order of the file, and the rows behind those that can be stored."""

    rows: dict[Verdict, list[JudgedRow]]
    accepted: Storable
    questioned: Storable

    @property
    def counts(self) -> dict[str, int]:
        return {verdict.value: len(rows) for verdict, rows in self.rows.items()}


def judge(rows: Iterable[GivenRow], basis: Basis, steps: Steps | None = None) -> Judgement:
    """Judge each row by itself, then by what is stored and by what else is in the file."""
    fitting = Fitting(basis)
    fitting.take_in(rows)
    return _Beside(basis, fitting, steps or silent_steps()).judgement()


class _Beside:
    """The fitting rows beside what is stored and beside each other."""

    def __init__(self, basis: Basis, fitting: Fitting, steps: Steps) -> None:
        self.basis = basis
        self.fitting = fitting
        self.steps = steps
        self.judged = 0
        """Rows of the metrics that are through."""
        self.rows = fitting.rows
        self.fits = fitting.fits
        self.metrics: Integers = np.array(fitting.metrics, dtype=np.int64)
        self.subjects: Integers = np.array(fitting.subjects, dtype=np.int64)
        self.values: Floats = np.array(fitting.values, dtype=np.float64)
        self.ordinals: Integers = np.array([fit.ordinal for fit in fitting.fits], dtype=np.int64)
        self.months: Integers = np.array([fit.month for fit in fitting.fits], dtype=np.int64)
        self.places = place_of(self.subjects, self.ordinals)
        count = len(self.rows)
        self.before: Floats = np.full(count, np.nan)
        self.is_stored: Booleans = np.zeros(count, dtype=bool)
        self.is_same: Booleans = np.zeros(count, dtype=bool)
        self.notes: dict[int, str] = {}
        """By the number of a row: the note that is stored, where there is one."""
        self.problems: dict[int, tuple[str, str]] = {}
        """By the number of a row: the column and the sentence that refuse it."""
        self.questions: dict[int, list[str]] = defaultdict(list)
        self.withdraws: dict[int, float] = {}
        """By the number of a row that is stored already: another value, waiting for approval."""
        self.is_awaited: set[int] = set()
        """Rows in whose place another value waits, and that say something new themselves."""
        self._series: dict[int, StoredSeries] = {}
        """By metric: what is stored of the file's periods."""

    def judgement(self) -> Judgement:
        self.steps.begin(Step.COMPARING, len(self.rows))
        self._refuse_duplicates()
        for metric in np.unique(self.metrics):
            numbers = np.flatnonzero(self.metrics == metric)
            self._judge_metric(int(metric), numbers)
            self.judged += len(numbers)
            self.steps.reach(self.judged)
        self._question_early_periods()
        self._question_slipped_columns()
        return self._verdicts()

    def _refuse_duplicates(self) -> None:
        order = np.lexsort((self.places, self.metrics))
        metrics, places = self.metrics[order], self.places[order]
        repeats = (metrics[1:] == metrics[:-1]) & (places[1:] == places[:-1])
        groups: list[list[int]] = []
        latest = -2
        for position in np.flatnonzero(repeats).tolist():
            if position != latest + 1:
                groups.append([int(order[position])])
            groups[-1].append(int(order[position + 1]))
            latest = position
        for group in groups:
            for number in group:
                others = sorted(other for other in group if other != number)
                named = [_named(self.rows[other]) for other in others[:LINES_NAMED]]
                if len(others) > LINES_NAMED:
                    more = len(others) - LINES_NAMED
                    named.append(
                        pgettext("lines beside those named", "%(number)s more") % {"number": more}
                    )
                self.problems[number] = (
                    "period",
                    gettext(
                        "The same metric, subject and period as in %(named)s; only one of"
                        " them is needed."
                    )
                    % {"named": listed(named)},
                )

    def _judge_metric(self, metric: int, numbers: Integers) -> None:
        """What the stored values of the metric say about its rows."""
        span = int(self.months[numbers].min()), int(self.months[numbers].max())
        cadence = self.basis.metrics[metric].cadence
        series = StoredSeries.read(metric, cadence, np.unique(self.subjects[numbers]), span)
        own = series.look_at(self.places[numbers])
        self.before[numbers], self.is_stored[numbers] = own.values, own.found
        self._find_same(metric, numbers, span)
        self._refuse_closed(numbers)
        self._refuse_unexplained(metric, numbers)
        self._question_unusual(series, numbers)
        self._question_slipped_periods(metric, series, numbers)
        self._series[metric] = series.restricted_to(np.unique(self.ordinals[numbers]))

    def _find_same(self, metric: int, numbers: Integers, span: tuple[int, int]) -> None:
        self.is_same[numbers] = self.values[numbers] == self.before[numbers]
        telling = [number for number in numbers.tolist() if self.rows[number].note is not None]
        waiting = _waiting_of(metric)
        if telling or waiting or metric in self.basis.asks_or_approves:
            notes = stored_notes(metric, span)
            for number in numbers[self.is_stored[numbers]].tolist():
                place = int(self.subjects[number]), int(self.ordinals[number])
                self.notes[number] = notes.get(place, "")
        for number in telling:
            if self.is_same[number]:
                self.is_same[number] = self.rows[number].note == self.notes[number]
        if waiting:
            self._look_at_waiting(waiting, numbers)

    def _look_at_waiting(self, waiting: Waiting, numbers: Integers) -> None:
        """As for the form, what stands is what waits for approval, and only then what is stored."""
        for number in numbers.tolist():
            draft = waiting.get((int(self.subjects[number]), int(self.ordinals[number])))
            if draft is None:
                continue
            if draft == (float(self.values[number]), self._note(number)):
                self.is_same[number] = True
            elif self.is_same[number]:
                self.is_same[number] = False
                self.withdraws[number] = draft[0]
            else:
                self.is_awaited.add(number)

    def _note(self, number: int) -> str:
        """The note that the value will have: a file that tells none leaves it as it is."""
        note = self.rows[number].note
        return self.notes.get(number, "") if note is None else note

    def _refuse(self, number: int, column: str, sentence: str) -> None:
        self.problems.setdefault(number, (column, sentence))

    def _fresh(self, numbers: Integers) -> Integers:
        """Those that would be stored, as far as is known by now."""
        fresh = numbers[~self.is_same[numbers]]
        return fresh[[number not in self.problems for number in fresh.tolist()]]

    def _refuse_closed(self, numbers: Integers) -> None:
        for number in numbers[self.is_stored[numbers] & ~self.is_same[numbers]].tolist():
            fit = self.fits[number]
            if fit.is_closed and number not in self.withdraws:
                before, after = float(self.before[number]), float(self.values[number])
                self._refuse(number, "value", closed_month(fit.month, before, after))

    def _refuse_unexplained(self, metric: int, numbers: Integers) -> None:
        if metric not in self.basis.asks_why_red:
            return
        silent = [n for n in self._fresh(numbers).tolist() if not self._note(n).strip()]
        subjects, months, values = (
            self.subjects[silent],
            self.months[silent],
            self.values[silent],
        )
        judge = Judge.read([metric], np.unique(subjects).tolist())
        metrics = np.full(len(silent), metric)
        scores = judge.scores(metrics, subjects, months, values)
        asked = judge.ask_why(metrics, subjects, months, values)
        for place in np.flatnonzero(asked).tolist():
            self._refuse(silent[place], "note", why_red(float(scores[place])))

    def _question_unusual(self, series: StoredSeries, numbers: Integers) -> None:
        """Beside the stored values of its series; where they are few, beside the file's too."""
        in_file = StoredSeries.of_file(self.places[numbers], self.values[numbers])
        fresh = self._fresh(numbers)
        places = self.places[fresh]
        looks = zip(
            fresh.tolist(),
            places.tolist(),
            series.windows(places).tolist(),
            in_file.windows(places).tolist(),
            strict=True,
        )
        for looked, (number, place, window, window_in_file) in enumerate(looks):
            if looked % ROWS_PER_STEP == 0:
                self.steps.reach(self.judged + looked)
            past = series.past(place, window)
            if len(past) < FEWEST_FOR_SLIPS:
                past += in_file.past(place, window_in_file)
            question = unusual(float(self.values[number]), past)
            if question is not None:
                self.questions[number].append(question.sentence)

    def _question_early_periods(self) -> None:
        earliest = self.basis.earliest
        if earliest is None:
            return
        for number in np.flatnonzero(self.months < earliest - EARLY_MONTHS).tolist():
            self.questions[number].append(
                gettext(
                    "%(period)s lies more than %(months)s months before the earliest value"
                    " there is (%(earliest)s). Is the period right?"
                )
                % {
                    "period": self.fits[number].label,
                    "months": EARLY_MONTHS,
                    "earliest": Month(earliest),
                }
            )

    def _question_slipped_periods(
        self, metric: int, series: StoredSeries, numbers: Integers
    ) -> None:
        """Values that are stored one period earlier or later: of all periods, or of single ones."""
        facts, label = self.basis.metrics[metric], self.basis.rules.label
        starts_in = self.basis.rules.fiscal_year_starts_in
        ordinals, place = np.unique(self.ordinals[numbers], return_inverse=True)
        periods = {self.fits[number].ordinal: self.fits[number].period for number in numbers}
        own = Looked(self.before[numbers], self.is_stored[numbers])
        for words in ("earlier", "later"):
            neighbours = [
                next_period(periods[ordinal])
                if words == "later"
                else period_holding(date.fromordinal(max(ordinal - 1, 1)), facts.cadence, starts_in)
                for ordinal in ordinals.tolist()
            ]
            starts = np.array([period.start.toordinal() for period in neighbours])
            next_door = series.look_at(place_of(self.subjects[numbers], starts[place]))
            slipped, proofs = shifted(self.values[numbers], own, next_door)
            if proofs:
                if words == "earlier":
                    sentence = gettext(
                        "%(proofs)s of %(number)s values of %(metric)s are what is stored one"
                        " %(period)s earlier. Has the table slipped by one %(period)s,"
                        " or are the values right?"
                    )
                else:
                    sentence = gettext(
                        "%(proofs)s of %(number)s values of %(metric)s are what is stored one"
                        " %(period)s later. Has the table slipped by one %(period)s,"
                        " or are the values right?"
                    )
                self._ask(
                    numbers[slipped],
                    sentence
                    % {
                        "proofs": proofs,
                        "number": len(numbers),
                        "metric": facts.code,
                        "period": period_word(facts.cadence),
                    },
                )
                continue
            for column, ordinal in enumerate(ordinals.tolist()):
                of_period = place == column
                slipped, proofs = shifted(
                    self.values[numbers[of_period]],
                    own.where(of_period),
                    next_door.where(of_period),
                )
                if proofs:
                    self._ask(
                        numbers[of_period][slipped],
                        gettext(
                            "%(proofs)s of %(number)s values of %(metric)s for %(period)s are"
                            " what is stored for %(neighbour)s. Has the column slipped, or"
                            " are the values right?"
                        )
                        % {
                            "proofs": proofs,
                            "number": np.count_nonzero(of_period),
                            "metric": facts.code,
                            "period": label(periods[ordinal]),
                            "neighbour": label(neighbours[column]),
                        },
                    )

    def _question_slipped_columns(self) -> None:
        """In wide tables of metrics or subjects: values that are stored for the next column."""
        shape, across = self.basis.mapping.shape, self.basis.mapping.across
        codes = [code for _, code in sorted(across.items())]
        if shape == Shape.WIDE_METRICS:
            keys = {code: facts.key for code, facts in self.basis.rules.metrics.items()}
            column = self.metrics
        elif shape == Shape.WIDE_SUBJECTS:
            keys = {code: facts.key for code, facts in self.basis.rules.subjects.items()}
            column = self.subjects
        else:
            return
        for place, code in enumerate(codes):
            numbers = np.flatnonzero(column == keys.get(code, -1))
            for other in (place - 1, place + 1):
                if not len(numbers) or not 0 <= other < len(codes) or codes[other] not in keys:
                    continue
                own = Looked(self.before[numbers], self.is_stored[numbers])
                next_door = self._next_door(numbers, shape, keys[codes[other]])
                slipped, proofs = shifted(self.values[numbers], own, next_door)
                if proofs:
                    self._ask(
                        numbers[slipped],
                        gettext(
                            "%(proofs)s of %(count)s values of %(code)s are what is stored"
                            " for %(codes)s, the column beside it. Has the column slipped, or"
                            " are the values right?"
                        )
                        % {
                            "proofs": proofs,
                            "count": len(numbers),
                            "code": code,
                            "codes": codes[other],
                        },
                    )

    def _next_door(self, numbers: Integers, shape: Shape, neighbour: int) -> Looked:
        """What is stored for the metric or the subject of the next column."""
        values, found = np.full(len(numbers), np.nan), np.zeros(len(numbers), dtype=bool)
        others = (
            np.full(len(numbers), neighbour)
            if shape == Shape.WIDE_METRICS
            else self.metrics[numbers]
        )
        subjects = (
            self.subjects[numbers]
            if shape == Shape.WIDE_METRICS
            else np.full(len(numbers), neighbour)
        )
        for metric in np.unique(others).tolist():
            if metric in self._series:
                of_metric = others == metric
                looked = self._series[metric].look_at(
                    place_of(subjects[of_metric], self.ordinals[numbers][of_metric])
                )
                values[of_metric], found[of_metric] = looked.values, looked.found
        return Looked(values, found)

    def _ask(self, numbers: Integers, question: str) -> None:
        for number in numbers.tolist():
            self.questions[number].append(question)

    def _verdicts(self) -> Judgement:
        refused = list(self.fitting.refused)
        rows: dict[Verdict, list[JudgedRow]] = {
            verdict: [] for verdict in Verdict if verdict != Verdict.LEFT
        }
        accepted, questioned = (Storable([], [], [], []) for _ in range(2))
        numbers_in_file = self.fitting.numbers
        is_stored, is_same = self.is_stored.tolist(), self.is_same.tolist()
        before, values = self.before.tolist(), self.values.tolist()
        for number, given in enumerate(self.rows):
            stored = before[number] if is_stored[number] else None
            column, sentence = self.problems.get(number, ("", ""))
            verdict = Verdict.SAME
            if sentence:
                verdict = Verdict.REFUSED
            elif not is_same[number]:
                verdict = Verdict.CHANGED if is_stored[number] else Verdict.NEW
                sentence = self._remark(number, stored)
                storable = accepted
                if asked := self.questions.get(number):
                    verdict, storable = Verdict.QUESTIONED, questioned
                    column, sentence = "value", " ".join(asked)
                self._prepare(number, storable)
            judged = JudgedRow(
                given.line,
                given.cell,
                given.metric,
                given.subject,
                self.fits[number].label,
                given.value,
                values[number],
                stored,
                given.note,
                column,
                sentence,
            )
            if verdict == Verdict.REFUSED:
                refused.append((numbers_in_file[number], judged))
            else:
                rows[verdict].append(judged)
        refused.sort(key=lambda numbered: numbered[0])
        rows[Verdict.REFUSED] = [judged for _, judged in refused]
        return Judgement(rows, accepted, questioned)

    def _remark(self, number: int, stored: float | None) -> str:
        """What is to be known about a row that is well."""
        if number in self.withdraws:
            return WITHDRAWS % {"value": number_text(self.withdraws[number])}
        fit = self.fits[number]
        remarks = []
        if fit.is_closed:
            remarks.append(LATE % {"month": Month(fit.month)})
        if stored is not None and stored == self.values[number]:
            remarks.append(str(NOTE_ONLY))
        if int(self.metrics[number]) in self.basis.needs_approval:
            remarks.append(str(WAITS))
        return " ".join(remarks)

    def _prepare(self, number: int, storable: Storable) -> None:
        fit, given = self.fits[number], self.rows[number]
        metric, subject = self.fitting.metrics[number], self.fitting.subjects[number]
        value = self.fitting.values[number]
        if number in self.withdraws:
            storable.withdrawn.append((metric, subject, fit.period.start))
        elif metric in self.basis.needs_approval:
            storable.drafts.append(
                DraftRow(metric, subject, fit.period.start, fit.month, value, self._note(number))
            )
        else:
            if number in self.is_awaited:
                storable.left_over.append((metric, subject, fit.period.start))
            storable.measurements.append(
                (
                    given.line,
                    metric,
                    subject,
                    fit.start,
                    fit.month,
                    int(fit.is_closed),
                    value,
                    given.note,
                )
            )


def _waiting_of(metric: int) -> Waiting:
    drafts = DraftMeasurement.objects.filter(metric=metric, state=DraftState.WAITING)
    return {
        (subject, start.toordinal()): (value, note)
        for subject, start, value, note in drafts.order_by().values_list(
            "subject_id", "period_start", "value", "note"
        )
    }


def _named(row: GivenRow) -> str:
    """Where a row stands, as another one refers to it."""
    return row.cell if row.cell.startswith("line") else f"{row.cell} (line {row.line})"
