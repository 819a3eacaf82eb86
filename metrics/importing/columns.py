"""What the columns of a table mean: proposed from heads and cells, with the reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext, ngettext

from metrics.importing.guessing import is_date_or_period, is_number
from metrics.importing.headers import period_columns, recognised
from metrics.importing.matching import Matcher
from metrics.importing.names import Names
from metrics.importing.plans import Mapping, Reading, Shape
from metrics.importing.rows import Resolver
from metrics.importing.tables import HeadedRows

SAMPLE = 200
FROM = 0.5
"""The share of cells that must fit before a column is proposed for them."""

_HEADS = {
    "metric": "metric kpi measure indicator",
    "subject": "subject project customer segment service portfolio programme program engagement"
    " name code id",
    "period": "period month date quarter year week day",
    "value": "value actual amount result score reading",
    "note": "note notes comment comments remark remarks",
}
_NO_PERIOD = {
    "start",
    "end",
    "begin",
    "begins",
    "ends",
    "due",
    "baseline",
    "birth",
    "from",
    "until",
}


@dataclass(frozen=True, slots=True)
class MappingGuess:
    """What a mapping may be, and why."""

    mapping: Mapping
    reasons: dict[str, str] = field(default_factory=dict)
    """Field of the mapping -> a sentence."""
    is_recognised: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column as far as guessing looks at it."""

    place: int
    head: str
    cells: tuple[str, ...]

    def share(self, fits: Callable[[str], bool]) -> float:
        return sum(map(fits, self.cells)) / len(self.cells) if self.cells else 0.0

    def is_called(self, what: str) -> bool:
        return bool(self.words & set(_HEADS[what].split()))

    @property
    def words(self) -> set[str]:
        return set(
            re.sub(r"([a-z])([A-Z])", r"\1 \2", self.head).casefold().replace("_", " ").split()
        )


def sample_columns(rows: HeadedRows) -> list[Column]:
    """The columns with the cells of the first rows, blanks left out."""
    cells: list[list[str]] = [[] for _ in rows.header]
    for number, row in enumerate(rows):
        if number >= SAMPLE:
            break
        for column, text in zip(cells, row.cells, strict=False):
            if text.strip():
                column.append(text)
    return [
        Column(place, head, tuple(texts))
        for place, (head, texts) in enumerate(zip(rows.header, cells, strict=True))
    ]


def guess_mapping(columns: Sequence[Column], reading: Reading, names: Names) -> MappingGuess:
    """The whole mapping of a file that nobody has mapped yet."""
    header = [column.head for column in columns]
    known = recognised(header)
    if known is not None:
        return MappingGuess(known, {}, is_recognised=True)
    return _Guessing(columns, reading, names).mapping()


def guess_for_shape(
    columns: Sequence[Column], reading: Reading, names: Names, shape: Shape
) -> MappingGuess:
    """The columns, where a person has said how the values lie."""
    return _Guessing(columns, reading, names).mapping(shape)


class _Guessing:
    def __init__(self, columns: Sequence[Column], reading: Reading, names: Names) -> None:
        self.columns = columns
        self.reading = reading
        self.resolver = Resolver(Mapping(), names)
        self.metric_codes = {metric.code for metric in names.metrics}
        self.subject_codes = {subject.code for subject in names.subjects}
        self.reasons: dict[str, str] = {}
        self.taken: set[int] = set()

    def mapping(self, shape: Shape | None = None) -> MappingGuess:
        periods = self._period_heads()
        metrics = self._heads_in(self.resolver.metrics)
        subjects = self._heads_in(self.resolver.subjects_of(""))
        chosen = shape or self._shape(periods, metrics, subjects)
        across = {
            Shape.LONG: {},
            Shape.WIDE_PERIODS: periods,
            Shape.WIDE_METRICS: metrics,
            Shape.WIDE_SUBJECTS: subjects,
        }[chosen]
        self.taken |= set(across)
        metric = subject = period = value = None
        if chosen != Shape.WIDE_METRICS:
            metric = self._metric_column()
        if chosen != Shape.WIDE_SUBJECTS:
            subject = self._subject_column()
        if chosen != Shape.WIDE_PERIODS:
            period = self._period_column()
        if chosen == Shape.LONG:
            value = self._value_column()
        note = self._note_column()
        mapping = Mapping(chosen, metric, subject, period, value, note, across=across)
        return MappingGuess(mapping, self.reasons)

    def _shape(
        self, periods: dict[int, str], metrics: dict[int, str], subjects: dict[int, str]
    ) -> Shape:
        wide = {
            Shape.WIDE_PERIODS: periods,
            Shape.WIDE_METRICS: metrics,
            Shape.WIDE_SUBJECTS: subjects,
        }
        shape = max(wide, key=lambda shape: len(wide[shape]))
        found = wide[shape]
        if len(found) >= 2 or (found and not self._has_value_head()):
            self.reasons["shape"] = _heads_words(shape, len(found)) % {
                "number": len(found),
                "all": len(self.columns),
                "heads": _some(self.columns[place].head for place in found),
            }
            return shape
        numbers = [c for c in self.columns if c.share(self._is_value) >= 0.8]
        has_metric = any(c.share(self._is_metric) >= FROM for c in self.columns)
        if len(numbers) >= 2 and not has_metric and not self._has_value_head():
            self.reasons["shape"] = ngettext(
                "%(number)s column holds numbers.",
                "%(number)s columns hold numbers.",
                len(numbers),
            ) % {"number": len(numbers)}
            return Shape.WIDE_METRICS
        return Shape.LONG

    def _has_value_head(self) -> bool:
        return any(c.is_called("value") and c.share(self._is_value) >= FROM for c in self.columns)

    def _period_heads(self) -> dict[int, str]:
        return period_columns([column.head for column in self.columns])

    def _heads_in(self, matcher: Matcher) -> dict[int, str]:
        """Columns whose head names one of them, by code, name, or all but its spelling."""
        found = {}
        for column in self.columns:
            code = matcher.certain(column.head) or matcher.likeliest(_without_unit(column.head))
            if code:
                found[column.place] = code
        return found

    def _metric_column(self) -> int | None:
        return self._best(
            "metric_column",
            "metric",
            gettext("%(share)s of its cells are codes or names of metrics."),
            self._is_metric,
        )

    def _subject_column(self) -> int | None:
        found = self._best(
            "subject_column",
            "subject",
            gettext("%(share)s of its cells are codes or names of subjects."),
            self._is_subject,
            least=0.2,
        )
        if found is not None:
            return found
        # Nobody is known by these names yet; the head says what they are.
        for column in self._free():
            if column.is_called("subject") and column.share(is_number) < FROM:
                self.reasons["subject_column"] = gettext('Its head is "%(head)s".') % {
                    "head": column.head
                }
                self.taken.add(column.place)
                return column.place
        return None

    def _period_column(self) -> int | None:
        return self._best(
            "period_column",
            "period",
            gettext("%(share)s of its cells are periods or dates."),
            is_date_or_period,
            0.7,
        )

    def _value_column(self) -> int | None:
        return self._best(
            "value_column", "value", gettext("%(share)s of its cells are numbers."), self._is_value
        )

    def _note_column(self) -> int | None:
        for column in self._free():
            if column.is_called("note") and column.share(is_number) < FROM:
                self.taken.add(column.place)
                return column.place
        return None

    def _best(
        self,
        name: str,
        what: str,
        words: str,
        fits: Callable[[str], bool],
        least: float = FROM,
    ) -> int | None:
        """The column with the largest share of cells that fit; a head that says so counts more."""
        best: tuple[float, int] | None = None
        for column in self._free():
            if what == "period" and column.words & _NO_PERIOD:
                continue
            share = column.share(fits)
            if share >= least:
                weight = share + (0.5 if column.is_called(what) else 0.0)
                best = max(best or (weight, -column.place), (weight, -column.place))
        if best is None:
            return None
        place = -best[1]
        share = self.columns[place].share(fits)
        self.reasons[name] = words % {"share": f"{share:.0%}"}
        self.taken.add(place)
        return place

    def _free(self) -> Iterator[Column]:
        return (column for column in self.columns if column.place not in self.taken)

    def _is_metric(self, text: str) -> bool:
        return self.resolver.metric_code(text) in self.metric_codes

    def _is_subject(self, text: str) -> bool:
        return self.resolver.subject_code(text) in self.subject_codes

    def _is_value(self, text: str) -> bool:
        return is_number(text, self.reading.decimal_sign)


def _without_unit(head: str) -> str:
    """`Adoption (%)` is the metric Adoption.

    Blanks are cut off apart: looked for before the bracket, a head of blanks alone takes long.
    """
    return re.sub(r"[\[(][^\[\]()]*[\])]$", "", head.rstrip()).rstrip()


def _heads_words(shape: Shape, number: int) -> str:
    match shape:
        case Shape.WIDE_PERIODS:
            return ngettext(
                "%(number)s of %(all)s column heads are period: %(heads)s.",
                "%(number)s of %(all)s column heads are periods: %(heads)s.",
                number,
            )
        case Shape.WIDE_METRICS:
            return ngettext(
                "%(number)s of %(all)s column heads are metric: %(heads)s.",
                "%(number)s of %(all)s column heads are metrics: %(heads)s.",
                number,
            )
    return ngettext(
        "%(number)s of %(all)s column heads are subject: %(heads)s.",
        "%(number)s of %(all)s column heads are subjects: %(heads)s.",
        number,
    )


def _some(words: Iterator[str], most: int = 4) -> str:
    told = [" ".join(word.split()) for word in words]
    if len(told) <= most:
        return ", ".join(told)
    return f"{', '.join(told[: most - 1])} … {told[-1]}"
