"""Everything that the page about mapping shows: how a file reads, and what that would give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from django.contrib.auth.models import User
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from dashboards.presentation.counts import METRICS, PERIODS, SUBJECTS, VALUES, count_text
from metrics.importing.cells import NumberCell, WrongCell
from metrics.importing.columns import (
    Column,
    MappingGuess,
    guess_for_shape,
    guess_mapping,
    sample_columns,
)
from metrics.importing.files import Received
from metrics.importing.guessing import ReadingGuess, guess_reading, is_number
from metrics.importing.headers import period_columns, recognised, refitted, signature
from metrics.importing.matching import Matcher, Near
from metrics.importing.names import Names
from metrics.importing.plans import Mapping, Reading, Shape
from metrics.importing.surveys import Survey, survey
from metrics.importing.tables import HeadedRows, Table, open_table
from metrics.models import SavedMapping
from projects.visibility import current_sight

SHOWN_ROWS = 20
SHOWN_COLUMNS = 40
SHOWN_LETTERS = 60
TIMES = "\N{MULTIPLICATION SIGN}"
MOST_ACROSS = 80
HOLDS_NUMBERS_FROM = 0.5
"""Columns that a metric or subject can be chosen for, one by one."""

ROLES = {
    "metric_column": _("Metric"),
    "subject_column": _("Of whom"),
    "period_column": _("Period"),
    "value_column": _("Value"),
    "note_column": _("Note"),
}


@dataclass(frozen=True, slots=True)
class ShownCell:
    text: str
    is_number: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ShownRow:
    line: int
    cells: tuple[ShownCell, ...]


@dataclass(frozen=True, slots=True)
class ShownColumn:
    head: str
    role: str


@dataclass(frozen=True, slots=True)
class ShownTable:
    """The first rows, and which column means what."""

    columns: tuple[ShownColumn, ...]
    rows: tuple[ShownRow, ...]
    more_columns: int


@dataclass(frozen=True, slots=True)
class AcrossColumn:
    """A column of a wide table, and the metric or subject that it holds values of."""

    place: int
    head: str
    code: str
    near: tuple[Near, ...] = ()
    """Metrics that may be meant, where none is chosen yet."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """How a file is read and mapped at present, and where that comes from."""

    reading: Reading
    mapping: Mapping
    reading_reasons: dict[str, str]
    mapping_reasons: dict[str, str]
    unsure: frozenset[str]
    header: tuple[str, ...]
    saved: SavedMapping | None = None
    is_recognised: bool = False


@dataclass(frozen=True, slots=True)
class MappedFile:
    """What the choices make of the file."""

    chosen: Chosen
    table: ShownTable
    survey: Survey
    across: tuple[AcrossColumn, ...]
    more_across: int
    summary: str

    @property
    def asks_about_money(self) -> bool:
        asked = any("single" in row.problem for row in self.survey.problems)
        return asked or self.chosen.mapping.money_in_unit


def first_choice(content: bytes, received: Received, names: Names, by: User) -> Chosen:
    """As this person mapped a file with this header before, else as the file itself suggests."""
    guess = guess_reading(content, received)
    columns = _columns(content, guess.reading)
    header = tuple(column.head for column in columns)
    mine = SavedMapping.objects.filter(owner=by, signature=signature(header))
    if since := current_sight().since:  # it says which subjects were meant by which names
        mine = mine.filter(used_at__gte=since)
    saved = mine.first()
    if saved is not None and recognised(header) is None:
        return _as_before(saved, guess, header)
    mapping = guess_mapping(columns, guess.reading, names)
    return _chosen(guess, mapping, header)


def _as_before(saved: SavedMapping, guess: ReadingGuess, header: tuple[str, ...]) -> Chosen:
    before = Reading.of_plain(saved.reading)
    reading = replace(guess.reading, decimal_sign=before.decimal_sign, date_order=before.date_order)
    mapping = refitted(Mapping.of_plain(saved.mapping), header)
    return Chosen(reading, mapping, guess.reasons, {}, frozenset(), header, saved=saved)


def _chosen(guess: ReadingGuess, mapping: MappingGuess, header: tuple[str, ...]) -> Chosen:
    return Chosen(
        guess.reading,
        mapping.mapping,
        guess.reasons,
        mapping.reasons,
        guess.unsure,
        header,
        is_recognised=mapping.is_recognised,
    )


def read_anew(content: bytes, received: Received, names: Names, reading: Reading) -> Chosen:
    """After a person chose another sheet, encoding, delimiter, or to turn the table."""
    guess = guess_reading(content, received, reading)
    columns = _columns(content, guess.reading)
    mapping = guess_mapping(columns, guess.reading, names)
    return _chosen(guess, mapping, tuple(column.head for column in columns))


def headed_anew(content: bytes, names: Names, guess: ReadingGuess) -> Chosen:
    """After a person chose another row of column heads."""
    columns = _columns(content, guess.reading)
    mapping = guess_mapping(columns, guess.reading, names)
    return _chosen(guess, mapping, tuple(column.head for column in columns))


def shaped_anew(content: bytes, names: Names, guess: ReadingGuess, shape: Shape) -> Chosen:
    """After a person chose how the values lie."""
    columns = _columns(content, guess.reading)
    mapping = guess_for_shape(columns, guess.reading, names, shape)
    return _chosen(guess, mapping, tuple(column.head for column in columns))


def why_kept(content: bytes, names: Names, guess: ReadingGuess, mapping: Mapping) -> dict[str, str]:
    """The reasons of proposals that a person left as they were."""
    proposed = guess_for_shape(
        _columns(content, guess.reading), guess.reading, names, mapping.shape
    )
    theirs, ours = mapping.as_plain(), proposed.mapping.as_plain()
    return {
        name: reason
        for name, reason in proposed.reasons.items()
        if theirs.get(name) == ours.get(name)
    }


def header_of(content: bytes, reading: Reading) -> tuple[str, ...]:
    return tuple(HeadedRows(open_table(content, reading), reading.header_row).header)


def periods_across(header: Sequence[str]) -> dict[int, str]:
    return period_columns(header)


def _columns(content: bytes, reading: Reading) -> list[Column]:
    return sample_columns(HeadedRows(open_table(content, reading), reading.header_row))


def mapped_file(content: bytes, chosen: Chosen, names: Names) -> MappedFile:
    """One pass over the whole file; FileProblem where it can't be read to its end."""
    table = open_table(content, chosen.reading)
    found = survey(table, chosen.reading, chosen.mapping, names)
    across = _across(chosen, _columns(content, chosen.reading), names)
    return MappedFile(
        chosen,
        shown_table(table, chosen, names),
        found,
        across[:MOST_ACROSS],
        max(0, len(across) - MOST_ACROSS),
        summary(found, chosen.mapping),
    )


def shown_table(table: Table, chosen: Chosen, names: Names) -> ShownTable:
    rows = HeadedRows(table, chosen.reading.header_row)
    roles = _roles(chosen.mapping, names)
    columns = tuple(
        ShownColumn(_short(head), roles.get(place, ""))
        for place, head in enumerate(rows.header[:SHOWN_COLUMNS])
    )
    width = len(columns)
    shown = tuple(
        ShownRow(
            row.line,
            tuple(_cell(text) for text in [*row.cells[:width], *[""] * (width - len(row.cells))]),
        )
        for row in islice(rows, SHOWN_ROWS)
    )
    return ShownTable(columns, shown, max(0, len(rows.header) - SHOWN_COLUMNS))


def _cell(text: str) -> ShownCell:
    problem = text.problem if isinstance(text, WrongCell) else ""
    return ShownCell(_short(text), isinstance(text, NumberCell), problem)


def _short(text: str) -> str:
    line = " ".join(text[: 4 * SHOWN_LETTERS].split())
    return line if len(line) <= SHOWN_LETTERS else f"{line[: SHOWN_LETTERS - 1]}…"


def _roles(mapping: Mapping, names: Names) -> dict[int, str]:
    """What a column means, in words."""
    plain = mapping.as_plain()
    roles = {plain[name]: str(word) for name, word in ROLES.items() if plain[name] is not None}
    called = {row.code: row.name for row in names.metrics} | {
        row.code: row.name for row in names.subjects
    }
    for place, text in mapping.across.items():
        is_period = mapping.shape == Shape.WIDE_PERIODS
        name = text if is_period else called.get(text, text)
        roles[place] = gettext("Values of %(name)s") % {"name": name}
    return roles


def _across(chosen: Chosen, columns: Sequence[Column], names: Names) -> tuple[AcrossColumn, ...]:
    """The columns that a metric or subject can be chosen for, those with numbers first."""
    mapping = chosen.mapping
    if mapping.shape not in (Shape.WIDE_METRICS, Shape.WIDE_SUBJECTS):
        return ()
    taken = {
        mapping.metric_column,
        mapping.subject_column,
        mapping.period_column,
        mapping.note_column,
    }
    free = [column for column in columns if column.head and column.place not in taken]
    free.sort(key=lambda column: column.share(is_number) < HOLDS_NUMBERS_FROM)
    metrics = Matcher((row.code, row.name) for row in names.metrics)
    is_of_metrics = mapping.shape == Shape.WIDE_METRICS
    return tuple(
        AcrossColumn(
            column.place,
            _short(column.head),
            mapping.across.get(column.place, ""),
            tuple(metrics.near_label(column.head)) if is_of_metrics else (),
        )
        for column in free[: MOST_ACROSS + 1]
    ) + tuple(AcrossColumn(column.place, "", "") for column in free[MOST_ACROSS + 1 :])


def summary(found: Survey, mapping: Mapping) -> str:
    """`40 rows, 12 periods each: 468 values of 1 metric, 40 subjects, 12 periods.`"""
    rows = count_text(found.rows, _ROWS)
    if not found.values and not found.left_out:
        return gettext("%(rows)s, and no value yet: say which columns hold them.") % {"rows": rows}
    told = gettext("%(values)s of %(metrics)s, %(subjects)s, %(periods)s") % {
        "values": count_text(found.values, VALUES),
        "metrics": count_text(found.metrics, METRICS),
        "subjects": count_text(found.subjects, SUBJECTS),
        "periods": count_text(found.periods, PERIODS),
    }
    parts = [f"{rows}: {told}"]
    if mapping.shape != Shape.LONG:
        words = {
            Shape.WIDE_PERIODS: PERIODS,
            Shape.WIDE_METRICS: METRICS,
            Shape.WIDE_SUBJECTS: SUBJECTS,
        }[mapping.shape]
        parts = [f"{rows} {TIMES} {count_text(len(mapping.across), words)}: {told}"]
        blank = found.rows * len(mapping.across) - found.values - found.left_out
        if blank > 0:
            parts.append(count_text(blank, _BLANK_CELLS))
    if found.left_out:
        parts.append(count_text(found.left_out, _LEFT_OUT))
    return f"{'; '.join(parts)}."


_ROWS = ngettext_lazy("%(number)s row", "%(number)s rows", "number")
_BLANK_CELLS = ngettext_lazy("%(number)s cell is blank", "%(number)s cells are blank", "number")
_LEFT_OUT = ngettext_lazy("%(number)s left out", "%(number)s left out", "number")
