"""From levels to values: every series is walked from the first month, whatever month is asked for.

What happens in a period depends on the names of metric and subject and on the periods before it,
never on the last month asked for: a later build adds rows and changes none.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from examples.demo.chance import Chance
from examples.demo.measures import Measure
from examples.demo.periods import month_number, periods
from examples.demo.scorecards import stretch_of
from examples.demo.stories import NOTES, SEASON, is_ordinary, is_silent, level

SUBJECT_CHARACTER = 0.08  # how far subjects differ in everything they do
MEASURE_CHARACTER = 0.06  # how far a measure of one subject differs from its others
MEMORY = 0.7  # how much of a deviation lasts into the next period


@dataclass(frozen=True)
class Span:
    """Months, both included, in which a measure of a subject is expected."""

    first: int
    last: int

    def __contains__(self, month: int) -> bool:
        return self.first <= month <= self.last


@dataclass(frozen=True)
class Value:
    measure: str
    subject: str
    period: str
    month: int
    text: str
    note: str


def values(measure: Measure, subject: str, span: Span, until: int) -> Iterator[Value]:
    """What was reported of a subject, up to a month."""
    character = _character(measure, subject)
    chance = Chance(measure.code, subject)
    deviation = 0.0
    for period, month in periods(measure.cadence):
        if month > until:
            return
        deviation = MEMORY * deviation + measure.wobble * chance.bell()
        is_missing = chance.even() < measure.gap
        happens = chance.even() < measure.chance_of_event
        note = NOTES.get((measure.code, subject, period), "")
        if month not in span or is_silent(subject, month) or not happens:
            continue
        if is_missing and not note:
            continue
        stands_at = level(measure.code, subject, month) + character + deviation
        if measure.is_seasonal:
            stands_at += SEASON[month % 12]
        text = _reported(measure, subject, stands_at)
        yield Value(measure.code, subject, period, month, text, note)


def span_of(measure: Measure, first: str, last: str) -> Span:
    starts = [month_number(month) for month in (first, measure.active_from) if month]
    return Span(max(starts, default=0), month_number(last) if last else 12 * 9999)


def _character(measure: Measure, subject: str) -> float:
    """Subjects of a story differ by measure only, so that the story stays recognisable."""
    own = MEASURE_CHARACTER * Chance("character", measure.code, subject).bell()
    if not is_ordinary(measure.code, subject):
        return own / 2
    return own + SUBJECT_CHARACTER * Chance("character", subject).bell()


def _reported(measure: Measure, subject: str, stands_at: float) -> str:
    stands_at = min(max(stands_at, 0.0), 1.0)
    value = measure.poor + (measure.good - measure.poor) * stands_at
    rounded = round(value * stretch_of(measure.code, subject), measure.decimals)
    return f"{rounded + 0.0:.{measure.decimals}f}"  # + 0.0: no "-0"
