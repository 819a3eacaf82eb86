"""How a file wants to be read: guessed from what is in it, and with the reason."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from django.utils.translation import gettext, gettext_lazy, ngettext

from metrics.importing.cells import DateCell, NumberCell
from metrics.importing.files import FileKind, Received
from metrics.importing.numbers import NumberReader
from metrics.importing.periods import PeriodReader
from metrics.importing.plans import DateOrder, Reading
from metrics.importing.tables import DELIMITERS, ENCODINGS, Row, first_rows, open_table

SAMPLE_BYTES = 256 * 1024
SAMPLE_ROWS = 200
LOOKED_AT_FOR_HEADER = 20
TURNED_BY = 0.15
LONG_TEXT = 60

DUE_SHEET = "Due values"

_NUMBER_LIKE = re.compile(r"[0-9][0-9.,]*[0-9]|[0-9]")
_DATE_LIKE = re.compile(r"([0-9]{1,2})[/.\-]([0-9]{1,2})[/.\-]([0-9]{4}|[0-9]{2})(?:[ T].*)?")


@dataclass(frozen=True, slots=True)
class ReadingGuess:
    """How to read a file, why, and what nobody can know but the person."""

    reading: Reading
    reasons: dict[str, str] = field(default_factory=dict)
    """Field of the reading -> a sentence."""
    unsure: frozenset[str] = frozenset()
    """Fields that are to be chosen by the person."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One guessed field."""

    value: str
    reason: str
    is_sure: bool = True


def guess_reading(content: bytes, received: Received, given: Reading | None = None) -> ReadingGuess:
    """Everything, or what is left to guess where a person chose sheet, encoding and delimiter."""
    reasons: dict[str, str] = {}
    reading = given or Reading()
    if received.kind == FileKind.XLSX:
        if given is None:
            reading = replace(reading, sheet=_likely_sheet(content, received))
    else:
        encoding = guess_encoding(content)
        delimiter = guess_delimiter(content, encoding.value)
        if given is None:
            reading = replace(reading, encoding=encoding.value, delimiter=delimiter.value)
        # A reason stands as long as what it speaks for was left as it is.
        if reading.encoding == encoding.value:
            reasons["encoding"] = encoding.reason
            if reading.delimiter == delimiter.value:
                reasons["delimiter"] = delimiter.reason
    upright = replace(reading, is_turned=False)
    rows = first_rows(open_table(content, upright), SAMPLE_ROWS)
    if given is None:
        turned = guess_turned(rows)
        reasons["is_turned"] = turned.reason
        reading = replace(reading, is_turned=bool(turned.value))
    if reading.is_turned:
        rows = first_rows(open_table(content, reading), SAMPLE_ROWS)
    header = guess_header_row(rows)
    reasons["header_row"] = header.reason
    texts = [text for row in rows for text in row.cells if text]
    sign, order = guess_decimal_sign(texts), guess_date_order(texts)
    reasons |= {"decimal_sign": sign.reason, "date_order": order.reason}
    unsure = {"decimal_sign": sign, "date_order": order}
    return ReadingGuess(
        replace(
            reading,
            header_row=int(header.value),
            decimal_sign=sign.value,
            date_order=DateOrder(order.value),
        ),
        {name: reason for name, reason in reasons.items() if reason},
        frozenset(name for name, answer in unsure.items() if not answer.is_sure),
    )


def _likely_sheet(content: bytes, received: Received) -> str:
    """The due list's own sheet, else the first visible one that has a table."""
    names = [sheet.name for sheet in received.sheets if not sheet.is_hidden]
    if DUE_SHEET in names:
        return DUE_SHEET
    for name in names[:10]:
        rows = first_rows(open_table(content, Reading(sheet=name)), LOOKED_AT_FOR_HEADER)
        if sum(1 for row in rows if sum(map(bool, row.cells)) > 1) > 1:
            return name
    return names[0] if names else received.sheets[0].name


def guess_encoding(content: bytes) -> Answer:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Answer("utf-16", gettext("The file begins with the mark of UTF-16."))
    if content.startswith(b"\xef\xbb\xbf"):
        return Answer("utf-8", gettext("The file begins with the mark of UTF-8."))
    beginning = content[:SAMPLE_BYTES]
    if beginning.count(0) > len(beginning) * 0.3:
        return Answer("utf-16", gettext("Every other byte is zero, as in UTF-16."))
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        sign = content[error.start : error.start + 1].decode("cp1252", "replace")
        return Answer(
            "cp1252",
            gettext(
                "The file is not UTF-8; the first byte that shows it is %(sign)s in %(encoding)s."
            )
            % {"sign": sign, "encoding": ENCODINGS["cp1252"]},
        )
    if beginning.isascii() and content.isascii():
        return Answer(
            "utf-8", gettext("All letters are plain, so that every encoding reads the same.")
        )
    return Answer("utf-8", gettext("All of the file is valid UTF-8."))


def guess_delimiter(content: bytes, encoding: str) -> Answer:
    """The sign that cuts the first rows into the same number of cells, and most of them."""
    codec = {"utf-8": "utf-8-sig"}.get(encoding, encoding)
    text = content[:SAMPLE_BYTES].decode(codec, "replace")
    best: tuple[float, int, str] = (0.0, 0, ",")
    for delimiter in DELIMITERS:
        widths = _widths(text, delimiter)
        if not widths:
            continue
        width, number = Counter(widths).most_common(1)[0]
        if width > 1:
            best = max(best, (number / len(widths), width, delimiter))
    share, width, delimiter = best
    if not width:
        return Answer(",", gettext("There is one column only."))
    return Answer(
        delimiter,
        gettext("With a %(delimiter)s, %(share)s of the first rows have %(width)s cells.")
        % {"delimiter": DELIMITERS[delimiter], "share": f"{share:.0%}", "width": width},
    )


def _widths(text: str, delimiter: str) -> list[int]:
    """Cells per row, the last row left out: it may be cut off."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    widths = []
    try:
        for cells in reader:
            if cells:
                widths.append(len(cells))
            if len(widths) > SAMPLE_ROWS:
                break
    except csv.Error:
        return []
    return widths[:-1] if len(widths) > 2 else widths


def guess_header_row(rows: Sequence[Row]) -> Answer:
    """The first row that is nearly as full as the others: titles above have a cell or two."""
    filled = [sum(map(bool, row.cells)) for row in rows]
    full = [number for number in filled if number > 1]
    typical = Counter(full).most_common(1)[0][0] if full else 1
    for row, number in zip(rows[:LOOKED_AT_FOR_HEADER], filled, strict=False):
        if number >= max(min(typical, 2), 0.6 * typical):
            above = sum(1 for other in rows if other.line < row.line and any(other.cells))
            if not above:
                return Answer(str(row.line), "")
            return Answer(
                str(row.line),
                ngettext(
                    "%(number)s row stands above it that is not as full as the table.",
                    "%(number)s rows stand above it that are not as full as the table.",
                    above,
                )
                % {"number": above},
            )
    return Answer("1", "")


def guess_turned(rows: Sequence[Row]) -> Answer:
    """On its side, what is alike stands beside each other and not below."""
    cells = [list(row.cells) for row in rows if any(row.cells)]
    width = max(map(len, cells), default=0)
    if len(cells) < 3 or width < 3:
        return Answer("", "")
    labels = [row[0] for row in cells if row]
    named = sum(1 for label in labels if label and _kind(label) in ("text", "long"))
    if named < 0.6 * len(labels):
        return Answer("", "")
    across = _alike(row[1:] for row in cells)
    columns = ([row[at] if at < len(row) else "" for row in cells[1:]] for at in range(width))
    down = _alike(columns)
    if across < down + TURNED_BY:
        return Answer("", "")
    return Answer("turned", gettext("The cells of a row are alike, and those of a column are not."))


def _alike(lines: Iterable[Sequence[str]]) -> float:
    """How far the cells of each line are of one kind, on average."""
    shares = []
    for line in lines:
        kinds = [_kind(text) for text in line if text]
        if len(kinds) >= 2:
            shares.append(Counter(kinds).most_common(1)[0][1] / len(kinds))
    return sum(shares) / len(shares) if shares else 0.0


_NUMBERS = {sign: NumberReader(sign) for sign in ".,"}
_PERIODS = {order: PeriodReader(order) for order in (DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST)}


def is_number(text: str, decimal_sign: str = "") -> bool:
    """A number in one of the writings, whatever its unit."""
    if isinstance(text, NumberCell):
        return True
    if isinstance(text, DateCell) or not any(sign.isdigit() for sign in text):
        return False
    bare = text.strip(" £€$%m\u00a0").removesuffix("bn")
    for sign in decimal_sign or ".,":
        read, problem = _NUMBERS[sign].written(bare)
        if not problem and _is_plain_number(read):
            return True
    return False


def _is_plain_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def is_date_or_period(text: str) -> bool:
    return isinstance(text, DateCell) or any(reader.is_period(text) for reader in _PERIODS.values())


def _kind(text: str) -> str:
    if is_date_or_period(text):
        return "period"
    if is_number(text):
        return "number"
    return "long" if len(text) > LONG_TEXT else "text"


def guess_decimal_sign(texts: Iterable[str]) -> Answer:
    """Certain where a number can be written one way only; asked where 1,234 may be either."""
    point, comma, either = "", "", ""
    for text in texts:
        if type(text) is not str or not any(sign in text for sign in ".,"):
            continue
        if len(text) > LONG_TEXT or is_date_or_period(text):
            continue
        numbers = _NUMBER_LIKE.findall(text)
        if len(numbers) != 1:
            continue
        sign = _decimal_sign_of(numbers[0])
        if sign == ".":
            point = point or numbers[0]
        elif sign == ",":
            comma = comma or numbers[0]
        elif sign is None and not either:
            either = numbers[0]
    if point and comma:
        return Answer(
            ".",
            gettext("Both are there: %(point)s has a decimal point, %(comma)s a decimal comma.")
            % {"point": point, "comma": comma},
            False,
        )
    if point:
        return Answer(".", gettext("%(point)s can have no other sign.") % {"point": point})
    if comma:
        return Answer(",", gettext("%(comma)s can have no other sign.") % {"comma": comma})
    if either:
        return Answer(
            ".",
            gettext("%(either)s may be thousands, or a number with three decimals.")
            % {"either": either},
            False,
        )
    return Answer(".", "")


def _decimal_sign_of(number: str) -> str | None:
    """The sign that a number's decimals must have; blank for whole ones, None where both fit."""
    points, commas = number.count("."), number.count(",")
    if points and commas:
        last = max(".,", key=number.rfind)
        return last if number.count(last) == 1 else ""
    if not points and not commas:
        return ""
    sign, times = (".", points) if points else (",", commas)
    if times > 1:
        parts = number.split(sign)
        grouped = all(len(part) == 3 for part in parts[1:]) and len(parts[0]) <= 3
        return ("," if sign == "." else ".") if grouped else ""
    before, after = number.split(sign)
    if len(after) != 3 or len(before) > 3 or before.startswith("0"):
        return sign
    return None


_ONLY = {
    DateOrder.DAY_FIRST: gettext_lazy("%(example)s can only begin with its day."),
    DateOrder.MONTH_FIRST: gettext_lazy("%(example)s can only begin with its month."),
    DateOrder.YEAR_FIRST: gettext_lazy("%(example)s can only begin with its year."),
}


def guess_date_order(texts: Iterable[str]) -> Answer:
    """Certain once a part is beyond 12; asked where every date can be read both ways."""
    day, month, year, either = "", "", "", ""
    for text in texts:
        if type(text) is not str or len(text) > 30:
            continue
        match = _DATE_LIKE.fullmatch(text.strip())
        if match is None:
            continue
        first, second, third = int(match[1]), int(match[2]), match[3]
        if first > 31 and len(third) == 2:
            year = year or text
        elif first > 12:
            day = day or text
        elif second > 12:
            month = month or text
        else:
            either = either or text
    found = [
        (DateOrder.DAY_FIRST, day, gettext("%(example)s begins with its day")),
        (DateOrder.MONTH_FIRST, month, gettext("%(example)s begins with its month")),
        (DateOrder.YEAR_FIRST, year, gettext("%(example)s begins with its year")),
    ]
    sure = [
        (order, words % {"example": example}, example) for order, example, words in found if example
    ]
    if len(sure) == 1:
        order, _words, example = sure[0]
        return Answer(order, _ONLY[order] % {"example": example})
    if sure:
        told = gettext(" and ").join(words for _, words, _ in sure)
        return Answer(sure[0][0], gettext("Both are there: %(told)s.") % {"told": told}, False)
    if either:
        return Answer(
            DateOrder.DAY_FIRST,
            gettext("%(either)s can be read with day or month first.") % {"either": either},
            False,
        )
    return Answer(DateOrder.DAY_FIRST, "")
