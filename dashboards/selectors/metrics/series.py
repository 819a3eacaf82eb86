"""The values of one metric over time, of a few subjects that somebody chose."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.db.models import Case, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _

from dashboards.figures import Chart, SubjectValues, ValuePoint, ValueSeries, value_series_chart
from dashboards.selectors.events import marks_of_all
from dashboards.selectors.metrics.values import ValueNow, ValuesNow, only_needed_by
from dashboards.selectors.search import fits
from metrics.choices import Cadence
from metrics.ledger import Ledger, read_measurements
from metrics.models import Measurement, MetricDefinition
from metrics.periods import Period, next_period, period_holding
from metrics.scoring.computed import all_series
from projects.models import Subject
from projects.months import FIRST_MONTH, Month

MOST_SUBJECTS = 6

OPENED_WITH = 3
"""So many subjects are shown while nobody was chosen."""

NEAR_MATCHES = 8

MOST_LOOKED_AT = 500

MONTHS_SHOWN = {
    Cadence.DAY: 3,
    Cadence.WEEK: 12,
    Cadence.MONTH: 36,
    Cadence.QUARTER: 60,
    Cadence.YEAR: 240,
}
"""How far back the line of a metric goes."""

SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Choice:
    """A subject, with the address that shows it too or no longer."""

    code: str
    name: str
    query: str


@dataclass(frozen=True, slots=True)
class SeriesPart:
    """The lines of the chosen subjects, and what else can be chosen."""

    chart: Chart | None
    chosen: tuple[Choice, ...]
    near: tuple[Choice, ...]
    unknown: tuple[str, ...]
    """What was asked for and is no code or name of a subject that has the metric."""
    is_opened: bool
    """Nobody was chosen: it opens with some of its own accord."""
    decimals: int

    @property
    def is_full(self) -> bool:
        return len(self.chosen) >= MOST_SUBJECTS

    @property
    def codes(self) -> tuple[str, ...]:
        """What an address keeps; nothing of what was opened of its own accord."""
        return () if self.is_opened else tuple(choice.code for choice in self.chosen)


def value_series_of(
    metric: MetricDefinition,
    ledger: Ledger,
    values: ValuesNow | None,
    wanted: Sequence[str],
    *,
    decimals: int,
    until: Month,
    kept: Mapping[str, str],
) -> SeriesPart:
    """The series up to a month, the running one included where it is asked for.

    `kept` is what addresses carry besides the subjects.
    """
    texts = list(dict.fromkeys(text.strip() for text in wanted if text.strip()))
    is_opened = not texts
    if is_opened:
        texts = _lowest(metric, values)
    found, near, unknown = _find(metric, texts, values)
    chosen = found[:MOST_SUBJECTS]
    codes = [] if is_opened else [code for _key, code, _name in chosen]

    def query(*subjects: str) -> str:
        return urlencode([*kept.items(), *(("subject", code) for code in subjects)])

    return SeriesPart(
        _chart(metric, ledger, chosen, decimals, until),
        tuple(
            Choice(code, name, query(*(other for other in codes if other != code)))
            for _key, code, name in chosen
        ),
        tuple(Choice(code, name, query(*codes, code)) for _key, code, name in near),
        tuple(unknown),
        is_opened,
        decimals,
    )


Row = tuple[int, str, str]
"""A subject's key, code and name."""


def _lowest(metric: MetricDefinition, values: ValuesNow | None) -> list[str]:
    """Those that come out lowest are looked at first; without a curve the first by name."""

    def order(value: ValueNow) -> tuple[float, str]:
        score, _band = value.judged(metric.curve)
        return 0.0 if score is None else score, value.name

    return (
        [value.code for value in sorted(values.values, key=order)[:OPENED_WITH]] if values else []
    )


def _find(
    metric: MetricDefinition, texts: Sequence[str], values: ValuesNow | None
) -> tuple[list[Row], list[Row], list[str]]:
    """The subjects that are meant, others that may be, and what means nobody; in one query.

    Codes of subjects with a value in force are known without it. What is no code is a name or a
    part of one; where it fits one subject only, that one is meant.
    """
    known = {row.code: (row.pk, row.code, row.name) for row in values.values} if values else {}
    if known.keys() >= set(texts):
        return [known[text] for text in texts], [], []
    fitting = Q(code__in=texts)
    for text in texts[:MOST_SUBJECTS]:
        fitting |= fits(text)
    rows = list(
        Subject.objects.filter(fitting, kind=metric.subject_kind)
        .order_by(Case(When(code__in=texts, then=Value(0)), default=Value(1)), "name", "code")
        .values_list("pk", "code", "name")[:MOST_LOOKED_AT]
    )
    by_code = {row[1]: row for row in rows}
    found: list[Row] = []
    near: list[Row] = []
    unknown: list[str] = []
    for text in texts:
        if text in by_code:
            found.append(by_code[text])
            continue
        words = text.casefold().split()
        like = [
            row for row in rows if all(word in f"{row[1]} {row[2]}".casefold() for word in words)
        ]
        same = [row for row in like if text.casefold() in (row[1].casefold(), row[2].casefold())]
        if len(meant := same or like) == 1:
            found.append(meant[0])
        else:
            unknown.append(text)
            near += like
    found = list(dict.fromkeys(found))
    near = [row for row in dict.fromkeys(near) if row not in found]
    return found, near[:NEAR_MATCHES], unknown


def _chart(
    metric: MetricDefinition, ledger: Ledger, chosen: Sequence[Row], decimals: int, until: Month
) -> Chart | None:
    if not chosen:
        return None
    back = MONTHS_SHOWN[Cadence(metric.cadence)]
    first = Month(max(int(until) + 1 - back, int(FIRST_MONTH)))
    starts_in = ledger.fiscal_year_starts_in
    read = _computed if metric.is_computed else _entered
    values = read(metric, ledger, [key for key, _code, _name in chosen], first, until)
    starts = [start for of_subject in values.values() for start in of_subject]
    if not starts:
        return None
    periods = list(_periods(metric, min(starts), max(starts), starts_in))
    today = timezone.localdate()
    subjects = [
        SubjectValues(
            name,
            [
                ValuePoint(
                    period.label(starts_in),
                    period.start,
                    values[key].get(period.start),
                    is_unfinished=period.end >= today,
                    ends_on=period.end,
                )
                for period in periods
                if period.start in values[key] or _is_asked(metric, period)
            ],
        )
        for key, _code, name in chosen
    ]
    events = marks_of_all([row[0] for row in chosen], metric.subject_kind, periods[0].start)
    return value_series_chart(
        ValueSeries(metric.name, subjects, metric.unit, decimals, events),
        slug="series",
        title=_("Values over time"),
    )


def _is_asked(metric: MetricDefinition, period: Period) -> bool:
    """A Saturday without a value is no gap."""
    return metric.cadence != Cadence.DAY or period.start.weekday() < SATURDAY


def _periods(metric: MetricDefinition, first: date, last: date, starts_in: int) -> Iterator[Period]:
    period = period_holding(first, metric.cadence, starts_in)
    while period.start <= last:
        yield period
        period = next_period(period)


Values = Mapping[int, Mapping[date, float]]
"""Per subject the value of each period, by its first day."""


def _entered(
    metric: MetricDefinition, ledger: Ledger, subjects: Sequence[int], first: Month, last: Month
) -> Values:
    found: dict[int, dict[date, float]] = defaultdict(dict)
    rows = Measurement.objects.filter(
        metric=metric, subject__in=subjects, month__range=(first, last)
    ).order_by("period_start")
    for subject, start, value in rows.values_list("subject_id", "period_start", "value"):
        found[subject][start] = value
    return found


def _computed(
    metric: MetricDefinition, ledger: Ledger, subjects: Sequence[int], first: Month, last: Month
) -> Values:
    """What the engine computes of the metric's inputs."""
    needed = only_needed_by([metric.code], ledger)
    definitions = needed.definitions
    number = next(
        place for place, other in enumerate(definitions.metrics) if other.code == metric.code
    )
    measurements = read_measurements(needed, first, last, needed.subject_numbers(subjects))
    series = all_series(definitions, measurements).get(number)
    found: dict[int, dict[date, float]] = defaultdict(dict)
    if series is None:
        return found
    for subject, month, value in zip(series.subject, series.month, series.value, strict=True):
        if month >= first:
            period = period_holding(
                Month(int(month)).first_day, metric.cadence, ledger.fiscal_year_starts_in
            )
            found[int(needed.subject_ids[subject])][period.start] = float(value)
    return found
