"""Amounts of money: always with their currency, never added across currencies."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from dashboards.presentation.numbers import (
    NO_BREAK_SPACE,
    UNKNOWN,
    Number,
    grouped,
    percent_sign,
)

SYMBOLS = {"EUR": "€", "GBP": "£", "INR": "₹", "JPY": "¥", "USD": "$"}

# Amounts of a thousand and more are told in whole units; below, cents can matter.
WHOLE_FROM = 1000

# From which amount on, in which unit, with how many decimals. An amount that the step below would
# round up to a full one belongs to this step: £999,960 is £1.0m, not £1,000k.
SHORT_STEPS = (
    (999_950_000, 1_000_000_000, "bn", 1),
    (999_500, 1_000_000, "m", 1),
    (1_000, 1_000, "k", 0),
)


def money_text(amount: Number | None, currency: str = "") -> str:
    """`£1,234,567`; a currency without a sign of its own by its code: `CHF 1,234,567`."""
    if amount is None:
        return UNKNOWN
    whole = _size(amount) >= WHOLE_FROM or amount == int(amount)
    return _with_currency(grouped(amount, 0 if whole else 2), currency)


def money_short(amount: Number | None, currency: str = "") -> str:
    """`£1.2m`, for tiles and axes."""
    if amount is None:
        return UNKNOWN
    for least, unit, suffix, decimals in SHORT_STEPS:
        if _size(amount) >= least:
            return _with_currency(f"{grouped(amount / unit, decimals)}{suffix}", currency)
    return money_text(amount, currency)


def _size(amount: Number) -> Number:
    return amount if amount >= 0 else -amount


def _with_currency(number: str, currency: str) -> str:
    sign, digits = (number[0], number[1:]) if number[:1] in "+\N{MINUS SIGN}" else ("", number)
    if not currency:
        return number
    symbol = SYMBOLS.get(currency, f"{currency}{NO_BREAK_SPACE}")
    return f"{sign}{symbol}{digits}"


@dataclass(frozen=True)
class Variance:
    """How far an amount is from what was planned."""

    difference: Decimal | int
    percent: float | None
    word: str

    @property
    def is_over(self) -> bool:
        return self.difference > 0

    def text(self, currency: str = "") -> str:
        """`£0.3m (12%) over`, `on plan`."""
        if not self.difference:
            return self.word
        amount = money_short(_size(self.difference), currency)
        share = "" if self.percent is None else f" ({percent_sign(abs(self.percent))})"
        return f"{amount}{share} {self.word}"


def variance(amount: Decimal | int | None, planned: Decimal | int | None) -> Variance | None:
    """None if either is unknown."""
    if amount is None or planned is None:
        return None
    difference = amount - planned
    percent = float(difference) / float(planned) * 100 if planned else None
    if not difference:
        return Variance(difference, percent, _("on plan"))
    return Variance(difference, percent, _("over") if difference > 0 else _("under"))
