"""Periods as people write them, to the writing of a metric's cadence; never day for month."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext

from metrics.batches.neutral import restored
from metrics.choices import Cadence
from metrics.importing.cells import NumberCell, WrongCell
from metrics.importing.plans import DateOrder
from metrics.periods import (
    MONTHS_IN,
    WRITTEN_LIKE,
    PeriodError,
    parse_period,
    period_holding,
)
from projects.validation import quoted

MONTH_NAMES = {
    1: "january januar janvier gennaio enero",
    2: "february februar fevrier febbraio febrero",
    3: "march marz maerz mars marzo",
    4: "april avril aprile abril",
    5: "may mai maggio mayo",
    6: "june juni juin giugno junio",
    7: "july juli juillet luglio julio",
    8: "august aout agosto",
    9: "september septembre settembre septiembre",
    10: "october oktober octobre ottobre octubre",
    11: "november novembre noviembre",
    12: "december dezember decembre dicembre diciembre",
}
_SHORT = {
    "jan": 1, "janv": 1, "gen": 1, "ene": 1, "feb": 2, "fev": 2, "fevr": 2, "mar": 3, "mrz": 3,
    "apr": 4, "avr": 4, "abr": 4, "mag": 5, "jun": 6, "giu": 6, "jul": 7, "juil": 7, "lug": 7,
    "aug": 8, "ago": 8, "sep": 9, "sept": 9, "set": 9, "oct": 10, "okt": 10, "ott": 10, "nov": 11,
    "dec": 12, "dez": 12, "dic": 12,
}  # fmt: skip
MONTHS = {word: number for number, words in MONTH_NAMES.items() for word in words.split()} | _SHORT

FIRST_SERIAL, LAST_SERIAL = 20_000, 80_000
"""Spreadsheets count days; these are those from 1954 to 2119."""
_SERIAL_ZERO = date(1899, 12, 30)

_WORD = r"([a-z]{3,10})\.?"
_YEAR = r"((?:19|20|21)[0-9]{2})"
_SHORT_YEAR = r"'?([0-9]{2})"
_TIME = re.compile(r"[ t][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?: ?(?:z|utc|am|pm))?$")


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text.replace("WORD", _WORD).replace("YEAR", _YEAR).replace("YY", _SHORT_YEAR))


_WORD_YEAR = _pattern(r"WORD[ \-/,]*YEAR")
_WORD_YY = _pattern(r"WORD[ \-/]*YY")
_YEAR_WORD = _pattern(r"YEAR[ \-/]*WORD")
_DAY_WORD_YEAR = _pattern(r"([0-9]{1,2})(?:st|nd|rd|th|\.)?[ \-/]*WORD[ \-/,]*YEAR")
_DAY_WORD_YY = _pattern(r"([0-9]{1,2})[ \-/]*WORD[ \-/]*YY")
_WORD_DAY_YEAR = _pattern(r"WORD[ \-]*([0-9]{1,2})(?:st|nd|rd|th)?,? +YEAR")
_YEAR_MONTH_DAY = re.compile(r"([0-9]{4})[\-/.]([0-9]{1,2})[\-/.]([0-9]{1,2})")
_COMPACT_DAY = _pattern(r"YEAR([0-9]{2})([0-9]{2})")
_THREE = re.compile(r"([0-9]{1,2})[\-/.]([0-9]{1,2})[\-/.]([0-9]{4}|[0-9]{2})")
_YEAR_MONTH = _pattern(r"YEAR[\-/. ]?(?:m)?([0-9]{1,2})")
_MONTH_YEAR = _pattern(r"(?:m)?([0-9]{1,2})[\-/. ]YEAR")
_QUARTER_YEAR = _pattern(r"q([1-4])[ \-/]*(?:fy ?)?YEAR")
_YEAR_QUARTER = _pattern(r"(?:fy ?)?YEAR[ \-/]*q([1-4])")
_QUARTER_YY = _pattern(r"(?:q([1-4])[ \-/]*|([1-4])q[ \-/]?)YY")
_QUARTER_SPAN = _pattern(r"q([1-4])[ \-/]*(?:fy ?)?YEAR[\-/]((?:[0-9]{2}){1,2})")
_SPAN_QUARTER = _pattern(r"(?:fy ?)?YEAR[\-/]((?:[0-9]{2}){1,2})[ \-/]*q([1-4])")
_MONTH_SPAN = _pattern(r"WORD ?(?:-|to) ?WORD[ ,]*YEAR")
_SPAN = _pattern(r"(?:fy ?)?YEAR ?[\-/] ?((?:[0-9]{2}){1,2})")
_FISCAL = _pattern(r"fy ?YEAR")
_FISCAL_YY = _pattern(r"fy ?YY")
_WEEK = _pattern(r"YEAR[ \-]*(?:w|wk|week|kw)[ \-]*([0-9]{1,2})")
_WEEK_YEAR = _pattern(r"(?:w|wk|week|kw) ?([0-9]{1,2})[ \-/,]*YEAR")
_DASHES = re.compile(r"[\u2010-\u2015\u2212]")


@dataclass(frozen=True, slots=True)
class Understood:
    """What a text says: how much time, where it begins, and whether fiscal years count it."""

    cadence: Cadence
    year: int = 0
    part: int = 0
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Unclear:
    """Why a text that looks like a period is none for sure."""

    sentence: str


class PeriodReader:
    """Reads periods with the order of dates of their file; each text once."""

    def __init__(self, date_order: DateOrder, fiscal_year_starts_in: int = 1) -> None:
        self.date_order = date_order
        self.starts_in = fiscal_year_starts_in
        self._known: dict[str, dict[str, tuple[str, str]]] = {value: {} for value in Cadence.values}

    def written(self, text: str, cadence: str) -> tuple[str, str]:
        """The period as the cadence writes it and no problem, or the text and the problem.

        Texts that are nothing like a period come back without a problem: the rules of measurements
        refuse them in their own words.
        """
        if type(text) is WrongCell:
            return text, text.problem
        known = self._known[cadence]
        found = known.get(text)
        if found is None:
            found = self._written(text, Cadence(cadence))
            if len(known) < 10_000:
                known[str(text)] = found
        return found

    def _written(self, text: str, cadence: Cadence) -> tuple[str, str]:
        plain = restored(text.strip())
        try:
            parse_period(plain, cadence, self.starts_in)
        except PeriodError:
            pass
        else:
            return plain, ""
        if cadence == Cadence.YEAR and self._is_span_or_month(plain):
            return text, self._span_or_month(plain)
        found = self.understood(plain)
        if isinstance(found, Unclear):
            return text, found.sentence
        label = None if found is None else self._label(found, cadence)
        if label is not None:
            return label, ""
        if found is None and _is_number(text):
            return text, (
                gettext(
                    "%(text)s is a number where a period belongs, %(written_like)s; are the"
                    " cells of this row shifted?"
                )
                % {"text": quoted(text), "written_like": WRITTEN_LIKE[cadence]}
            )
        return text, ""

    def is_period(self, text: str) -> bool:
        """Whether a column's head or a cell is a period, of whatever cadence."""
        plain = text.strip()
        if not plain or not any(sign.isdigit() for sign in plain):
            return False
        return self.understood(plain) is not None

    def understood(self, text: str) -> Understood | Unclear | None:
        plain = _plain(text)
        serial = _serial(plain)
        if serial is not None:
            return Unclear(
                gettext(
                    "%(text)s is how spreadsheets store the day %(serial)s; format the column"
                    " as a date there, or write the period out."
                )
                % {"text": quoted(text), "serial": serial}
            )
        if plain.isdecimal() and len(plain) == 4 and 1900 <= int(plain) <= 2199:
            return Understood(Cadence.YEAR, int(plain))
        for read in (_of_quarter, _of_words, _of_week):
            found = read(plain, self)
            if found is not None:
                return found
        return self._of_digits(plain, text)

    def _of_digits(self, plain: str, text: str) -> Understood | Unclear | None:
        if match := _YEAR_MONTH_DAY.fullmatch(plain) or _COMPACT_DAY.fullmatch(plain):
            return _day(int(match[1]), int(match[2]), int(match[3]))
        if match := _THREE.fullmatch(plain):
            return self._of_three(match, text)
        if match := _YEAR_MONTH.fullmatch(plain):
            found = _month(int(match[1]), int(match[2]))
            return found or self._of_span(plain)
        if match := _MONTH_YEAR.fullmatch(plain):
            return _month(int(match[2]), int(match[1]))
        return self._of_span(plain)

    def _of_three(self, match: re.Match[str], text: str) -> Understood | Unclear | None:
        first, second, third = match.groups()
        if self.date_order == DateOrder.YEAR_FIRST:
            if len(third) == 4:
                return Unclear(
                    gettext(
                        "%(text)s does not begin with its year, and the file was read year first."
                    )
                    % {"text": quoted(text)}
                )
            return _day(_full_year(first), int(second), int(third))
        is_day_first = self.date_order == DateOrder.DAY_FIRST
        day, month = (first, second) if is_day_first else (second, first)
        found = _day(_full_year(third), int(month), int(day))
        if found is None and _day(_full_year(third), int(day), int(month)) is not None:
            if is_day_first:
                sentence = gettext(
                    "%(text)s is a date only with the month first, and the file was read with"
                    " the day first."
                )
            else:
                sentence = gettext(
                    "%(text)s is a date only with the day first, and the file was read with"
                    " the month first."
                )
            return Unclear(sentence % {"text": quoted(text)})
        return found

    def _of_span(self, plain: str) -> Understood | Unclear | None:
        """Fiscal years: FY2025, FY2025/26, 2025/26."""
        if match := _SPAN.fullmatch(plain):
            return self._fiscal_year(int(match[1]), match[2], plain)
        match = _FISCAL.fullmatch(plain) or _FISCAL_YY.fullmatch(plain)
        if match is None:
            return None
        year = _full_year(match[1])
        if self.starts_in == 1:
            return Understood(Cadence.YEAR, year)
        return Unclear(
            gettext(
                "%(text)s may be the fiscal year that begins in %(year)s or the one that ends"
                " in it; write %(year)s/%(year_before)s or %(year_again)s/%(year_after)s."
            )
            % {
                "text": quoted(plain.upper()),
                "year": year,
                "year_before": f"{(year + 1) % 100:02}",
                "year_again": year - 1,
                "year_after": f"{year % 100:02}",
            }
        )

    def _fiscal_year(self, year: int, end: str, plain: str) -> Understood | Unclear | None:
        if int(end) not in (year + 1, (year + 1) % 100):
            return None
        if self.starts_in == 1:
            return Unclear(
                gettext(
                    "%(upper)s spans two calendar years, and this organisation's fiscal year"
                    " is the calendar year."
                )
                % {"upper": quoted(plain.upper())}
            )
        return Understood(Cadence.YEAR, year)

    def _is_span_or_month(self, plain: str) -> bool:
        match = _SPAN.fullmatch(_plain(plain))
        return (
            match is not None
            and len(match[2]) == 2
            and not _plain(plain).startswith("fy")
            and 1 <= int(match[2]) <= 12
            and int(match[2]) == (int(match[1]) + 1) % 100
        )

    def _span_or_month(self, plain: str) -> str:
        return gettext(
            "%(text)s may be a month or a fiscal year; write the year alone (%(year)s),"
            " or the month as a word."
        ) % {"text": quoted(plain), "year": _plain(plain)[:4]}

    def fiscal(self, year: int, end: str, quarter: int, plain: str) -> Understood | Unclear | None:
        found = self._fiscal_year(year, end, plain)
        if isinstance(found, Understood):
            return Understood(Cadence.QUARTER, found.year, quarter)
        return found

    def _label(self, found: Understood, cadence: Cadence) -> str | None:
        """In the cadence's own writing; None where one does not lie in the other."""
        label: str | None = None
        match found.cadence:
            case Cadence.YEAR:
                label = f"{found.year:04}"
            case Cadence.QUARTER:
                label = f"{found.year:04}-Q{found.part}"
            case Cadence.WEEK:
                label = f"{found.year:04}-W{found.part:02}"
        if label is not None:
            return label if found.cadence == cadence else None
        if found.day is None:
            return None
        if found.cadence == Cadence.MONTH and cadence not in MONTHS_IN:
            return None
        return period_holding(found.day, cadence, self.starts_in).label(self.starts_in)


def _plain(text: str) -> str:
    """Lower case, without accents, times and doubled spaces."""
    folded = unicodedata.normalize("NFKD", text.strip().casefold())
    letters = "".join(sign for sign in folded if not unicodedata.combining(sign))
    return _TIME.sub("", " ".join(_DASHES.sub("-", letters).split()))


def _serial(plain: str) -> date | None:
    """The day that a spreadsheet's number stands for."""
    whole, _, part = plain.partition(".")
    if len(whole) != 5 or not whole.isdecimal() or (part and not part.isdecimal()):
        return None
    number = int(whole)
    if FIRST_SERIAL <= number <= LAST_SERIAL:
        return _SERIAL_ZERO + timedelta(days=number)
    return None


def _of_words(plain: str, _: PeriodReader) -> Understood | None:
    """March 2026, 31 Mar 2026, Mar 31, 2026, Mar-26."""
    for pattern, day, word, year in (
        (_DAY_WORD_YEAR, 1, 2, 3),
        (_WORD_DAY_YEAR, 2, 1, 3),
        (_DAY_WORD_YY, 1, 2, 3),
    ):
        match = pattern.fullmatch(plain)
        if match and match[word] in MONTHS:
            return _day(_full_year(match[year]), MONTHS[match[word]], int(match[day]))
    for pattern, word, year in ((_WORD_YEAR, 1, 2), (_WORD_YY, 1, 2), (_YEAR_WORD, 2, 1)):
        match = pattern.fullmatch(plain)
        if match and match[word] in MONTHS:
            return _month(_full_year(match[year]), MONTHS[match[word]])
    return None


def _of_quarter(plain: str, reader: PeriodReader) -> Understood | Unclear | None:
    if match := _QUARTER_YEAR.fullmatch(plain):
        return Understood(Cadence.QUARTER, int(match[2]), int(match[1]))
    if match := _YEAR_QUARTER.fullmatch(plain):
        return Understood(Cadence.QUARTER, int(match[1]), int(match[2]))
    if match := _QUARTER_YY.fullmatch(plain):
        return Understood(Cadence.QUARTER, _full_year(match[3]), int(match[1] or match[2]))
    if match := _QUARTER_SPAN.fullmatch(plain):
        return reader.fiscal(int(match[2]), match[3], int(match[1]), plain)
    if match := _SPAN_QUARTER.fullmatch(plain):
        return reader.fiscal(int(match[1]), match[2], int(match[3]), plain)
    if match := _MONTH_SPAN.fullmatch(plain):
        return _of_three_months(match[1], match[2], int(match[3]), reader)
    return None


def _of_three_months(
    first_word: str, last_word: str, year: int, reader: PeriodReader
) -> Understood | None:
    first, last = MONTHS.get(first_word, 0), MONTHS.get(last_word, 0)
    if not first or last != first + 2:
        return None
    quarter = period_holding(date(year, first, 1), Cadence.QUARTER, reader.starts_in)
    if quarter.start.month != first:
        return None
    label = quarter.label(reader.starts_in)
    return Understood(Cadence.QUARTER, int(label[:4]), int(label[-1]))


def _of_week(plain: str, _: PeriodReader) -> Understood | None:
    if match := _WEEK.fullmatch(plain):
        year, week = int(match[1]), int(match[2])
    elif match := _WEEK_YEAR.fullmatch(plain):
        year, week = int(match[2]), int(match[1])
    else:
        return None
    try:
        date.fromisocalendar(year, week, 1)
    except ValueError:
        return None
    return Understood(Cadence.WEEK, year, week)


def _full_year(text: str) -> int:
    year = int(text)
    if len(text) == 4:
        return year
    return 2000 + year if year < 80 else 1900 + year


def _day(year: int, month: int, day: int) -> Understood | None:
    try:
        return Understood(Cadence.DAY, day=date(year, month, day))
    except ValueError:
        return None


def _month(year: int, month: int) -> Understood | None:
    return Understood(Cadence.MONTH, day=date(year, month, 1)) if 1 <= month <= 12 else None


def _is_number(text: str) -> bool:
    if isinstance(text, NumberCell):
        return True
    plain = text.strip().lstrip("-").replace(",", "").replace(".", "")
    return plain.isdecimal() and text.isascii()
