"""Numbers as people write them, to the portal's plain writing; never from one number to another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from django.utils.translation import gettext as _

from metrics.batches.neutral import restored
from metrics.importing.cells import DateCell, NumberCell, WrongCell
from metrics.validation.numbers import NumberError, number_text, read_number
from projects.validation import quoted

_PLAIN = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?").fullmatch
_SPACES = re.compile(r"[\s\u00a0\u2000-\u200a\u202f\u205f]+")
_MINUS = re.compile(r"[\u2212\u2010\u2011\u2012\u2013]")
_IN_BRACKETS = re.compile(r"\((.+)\)")
_DIGITS = re.compile(r"[0-9][0-9.,' ]*(?:[eE][+-]?[0-9]+)?|[.,][0-9]+")

CURRENCIES = {
    "£": "GBP",
    "gbp": "GBP",
    "€": "EUR",
    "eur": "EUR",
    "$": "USD",
    "us$": "USD",
    "usd": "USD",
    "¥": "JPY",
    "jpy": "JPY",
    "chf": "CHF",
    "fr.": "CHF",
    "sek": "SEK",
    "nok": "NOK",
    "dkk": "DKK",
    "pln": "PLN",
    "cad": "CAD",
    "aud": "AUD",
}
_CURRENCY_SIGNS = "£€$¥"
SCALES = {
    "k": 3,
    "thousand": 3,
    "thousands": 3,
    "tsd": 3,
    "tsd.": 3,
    "m": 6,
    "mn": 6,
    "mm": 6,
    "mio": 6,
    "mio.": 6,
    "million": 6,
    "millions": 6,
    "bn": 9,
    "mrd": 9,
    "mrd.": 9,
    "billion": 9,
    "billions": 9,
}
PERCENTS = frozenset({"%", "percent", "per cent", "pct", "percentage"})
RATES = frozenset({"rate", "0-1", "0–1", "rate 0-1", "rate (0-1)", "share 0-1", "fraction"})  # noqa: RUF001


@dataclass(frozen=True, slots=True)
class Unit:
    """A metric's unit, as far as numbers with signs can be weighed against it."""

    text: str
    currency: str = ""
    scale: int = 0
    """Zeros: 6 for millions."""

    @property
    def is_percent(self) -> bool:
        return self.text.casefold() in PERCENTS

    @property
    def is_rate(self) -> bool:
        return self.text.casefold() in RATES

    def names(self, words: str) -> bool:
        """Whether the words after a number are just this unit: `12.5 days`, `1 day`."""
        wanted, given = self.text.casefold(), words.casefold()
        return bool(wanted) and given in (wanted, wanted.removesuffix("s"), f"{wanted}s")


@lru_cache(maxsize=1024)
def unit_of(text: str) -> Unit:
    words = text.strip()
    currency, scale, other = _money_words(words)
    return Unit(words, currency, scale) if currency and not other else Unit(words)


@lru_cache(maxsize=1024)
def stated_in(head: str) -> Unit:
    """The money that a column's head speaks of: "Budget (£m)", "Cost in £ million"."""
    for part in re.findall(r"[£€$¥]\s*[A-Za-z]*|\b[A-Z]{3}\b\s*[A-Za-z]*", head):
        unit = unit_of(part)
        if unit.currency:
            return unit
        first = part.split()[0]
        if first.casefold() in CURRENCIES:
            return unit_of(first)
        if first[0] in _CURRENCY_SIGNS:
            return unit_of(first[0])
    return Unit("")


def _money_words(text: str) -> tuple[str, int, str]:
    """Currency, zeros and what else there is in words such as `GBP million` and `£m`."""
    currency, scale, other = "", 0, []
    for sign in _CURRENCY_SIGNS:
        text = text.replace(sign, f" {sign} ").replace(f"US {sign}", "usd")
    for word in text.casefold().split():
        if word in CURRENCIES and not currency:
            currency = CURRENCIES[word]
        elif word in SCALES and not scale:
            scale = SCALES[word]
        else:
            other.append(word)
    return currency, scale, " ".join(other)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a text is no value of its metric."""

    sentence: str


class NumberReader:
    """Reads values with the decimal sign of their file."""

    def __init__(self, decimal_sign: str, *, money_in_unit: bool = False) -> None:
        self.decimal_sign = decimal_sign
        self.money_in_unit = money_in_unit
        self.is_plain_sign = decimal_sign == "."

    def written(self, text: str, unit: str = "", head: str = "") -> tuple[str, str]:
        """The number as the portal writes it and no problem, or the text and the problem.

        A text that is no number at all comes back without a problem where the rules of measurements
        will refuse it in their own words.
        """
        kind = type(text)
        if kind is str:
            if self.is_plain_sign and _PLAIN(text):
                return text, ""
            return self._understood(text, unit, head, self.decimal_sign)
        if isinstance(text, DateCell):
            return text, a_date(text)
        if isinstance(text, WrongCell):
            return text, text.problem
        if isinstance(text, NumberCell):
            return self._understood(text, unit, head, ".")
        return text, ""

    def _understood(self, text: str, unit: str, head: str, sign: str) -> tuple[str, str]:
        text = restored(text)
        try:
            found = _parsed(text, sign)
        except NumberError:
            found = None
        if found is None:
            return text, self._why_not(text)
        number, words = found
        if words:
            measured_in = unit_of(unit)
            told = measured_in if self.money_in_unit else stated_in(head)
            scaled = _scaled(number, words, measured_in, told, text)
            if isinstance(scaled, Refusal):
                return text, scaled.sentence or self._why_not(text)
            number = scaled
        return _decimal_text(number), ""

    def _why_not(self, text: str) -> str:
        """A sentence where the portal's own reading would take the text for something else."""
        if _looks_like_date(text):
            return a_date(text)
        try:
            read_number(text)
        except NumberError:
            return ""
        return _(
            "%(text)s is no number with the decimal sign %(sign)s that the file was read"
            " with; choose the other sign, or mend the cell."
        ) % {"text": quoted(text), "sign": quoted(self.decimal_sign)}


def a_date(text: str) -> str:
    return _(
        "%(text)s is a date or time where a number belongs: a spreadsheet may have turned"
        " what was typed (1.90, 3/4) into it. Type the number again, in a cell formatted"
        " as a number."
    ) % {"text": quoted(text)}


_MONTH_WORD = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DATE = re.compile(
    rf"(?:{_MONTH_WORD}[-/ ]\d{{1,4}}|\d{{1,2}}[-/ .]{_MONTH_WORD}(?:[-/ ]\d{{2,4}})?"
    r"|\d{4}-\d{2}-\d{2}.*|\d{1,2}[/.]\d{1,2}[/.]\d{2,4}|\d{1,2}/\d{1,2}|\d{1,2}:\d{2}(?::\d{2})?)",
    re.IGNORECASE,
)


def _looks_like_date(text: str) -> bool:
    return bool(_DATE.fullmatch(text.strip()))


def _parsed(text: str, sign: str) -> tuple[Decimal, str] | None:
    """Number and the words around it; None where it is not certain what the number is."""
    text = _MINUS.sub("-", _SPACES.sub(" ", text)).strip()
    bracketed = _IN_BRACKETS.fullmatch(text)
    if bracketed:
        text = bracketed[1].strip()
    match = _DIGITS.search(text)
    if match is None:
        return None
    before, after = text[: match.start()].strip(), text[match.end() :].strip()
    digits = match[0].strip()
    is_negative = bool(bracketed)
    if before[-1:] in ("-", "+") or before[:1] in ("-", "+"):
        at_end = before[-1:] in ("-", "+")
        mark = before[-1] if at_end else before[0]
        before = (before[:-1] if at_end else before[1:]).strip()
        if is_negative:
            return None
        is_negative = mark == "-"
    elif after == "-" and not is_negative:
        is_negative, after = True, ""
    words = f"{before} {after}".strip()
    if any(letter.isdigit() or letter in "+-()[]/" for letter in words):
        return None
    number = _digits_read(digits, sign)
    return None if number is None else (-number if is_negative else number, words)


def _digits_read(digits: str, sign: str) -> Decimal | None:
    """Digits with their decimal sign and well-formed groups of three."""
    mantissa, exponent, power = digits.partition("e" if "e" in digits else "E")
    whole, point, decimals = mantissa.partition(sign)
    if not decimals.isdecimal() and decimals:
        return None
    for separator in (" ", "'", "," if sign == "." else "."):
        if separator in whole:
            first, *groups = whole.split(separator)
            fits = 1 <= len(first) <= 3 and all(len(group) == 3 for group in groups)
            if not fits or not first.isdecimal() or not all(map(str.isdecimal, groups)):
                return None
            # 0,123 is no thousands.
            if first.startswith("0"):
                return None
            whole = first + "".join(groups)
            break
    if not (whole.isdecimal() or (not whole and decimals)):
        return None
    try:
        number = Decimal(f"{whole}{point and '.'}{decimals}{exponent}{power}")
    except InvalidOperation:
        return None
    read_number(number_text(float(number)))
    return number


def _scaled(number: Decimal, words: str, unit: Unit, head: Unit, text: str) -> Decimal | Refusal:
    """The number in the metric's unit, where the words leave no doubt."""
    if unit.names(words):
        return number
    if words.casefold() in PERCENTS:
        if unit.is_percent:
            return number
        if unit.is_rate:
            return number / 100
        return Refusal(_percentage_words(unit) % {"text": quoted(text), "unit": unit.text})
    currency, scale, other = _money_words(words)
    if other:
        return Refusal("")
    if not unit.currency:
        return Refusal(
            _words_of_other_unit(unit, is_currency=bool(currency))
            % {"text": quoted(text), "unit": unit.text}
        )
    if currency not in ("", unit.currency):
        return Refusal(
            _(
                "%(text)s is in %(currency)s and the metric is in %(unit)s; amounts are not"
                " changed from one currency to another."
            )
            % {"text": quoted(text), "currency": currency, "unit": unit.text}
        )
    if scale:
        return number.scaleb(scale - unit.scale)
    if not unit.scale or (head.currency == unit.currency and head.scale == unit.scale):
        return number
    return Refusal(
        _(
            "%(text)s: is this in %(unit)s, or in single %(currency)s? Write the number alone"
            " for %(unit)s, or with its abbreviation (1.90m)."
        )
        % {"text": quoted(text), "unit": unit.text, "currency": unit.currency}
    )


def _percentage_words(unit: Unit) -> str:
    if unit.text:
        return _(
            "%(text)s is a percentage and the metric is in %(unit)s; write the number in the"
            " metric's unit, without a sign."
        )
    return _(
        "%(text)s is a percentage and the metric has no unit; write the number in the metric's"
        " unit, without a sign."
    )


def _words_of_other_unit(unit: Unit, *, is_currency: bool) -> str:
    if is_currency and unit.text:
        return _(
            "%(text)s has a currency and the metric is in %(unit)s; write the number in the"
            " metric's unit, without a sign."
        )
    if is_currency:
        return _(
            "%(text)s has a currency and the metric has no unit; write the number in the metric's"
            " unit, without a sign."
        )
    if unit.text:
        return _(
            "%(text)s has an abbreviation and the metric is in %(unit)s; write the number in the"
            " metric's unit, without a sign."
        )
    return _(
        "%(text)s has an abbreviation and the metric has no unit; write the number in the"
        " metric's unit, without a sign."
    )


def _decimal_text(number: Decimal) -> str:
    return number_text(float(number))
