"""Numbers as people read them. Unknown stays unknown: nothing here turns None into 0."""

from __future__ import annotations

from decimal import Decimal

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

MINUS = "\N{MINUS SIGN}"
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
UNKNOWN = "\N{EN DASH}"

Number = int | float | Decimal

SCORE_DECIMALS = 1


def grouped(value: Number, decimals: int = 0) -> str:
    """The one place that knows the reader's grouping and decimal sign."""
    size = f"{abs(value):.{decimals}f}"
    text = formats.number_format(size, decimals, force_grouping=True)
    # What rounds to nothing has no sign.
    return f"{MINUS}{text}" if value < 0 and not _is_zero(size) else text


def trimmed(value: Number) -> str:
    """With as many decimals as it has: `80`, `72.5`."""
    return f"{value:g}".replace("-", MINUS).replace(".", formats.get_format("DECIMAL_SEPARATOR"))


def signed(value: Number, decimals: int = 0) -> str:
    text = grouped(value, decimals)
    return f"+{text}" if value > 0 and not _is_zero(f"{value:.{decimals}f}") else text


def _is_zero(plain: str) -> bool:
    return not plain.strip("0.")


def separators() -> str:
    """The reader's decimal and grouping sign, as Plotly is told them."""
    signs = formats.get_format("DECIMAL_SEPARATOR"), formats.get_format("THOUSAND_SEPARATOR")
    return "".join(signs)


def score_text(score: float | None) -> str:
    return UNKNOWN if score is None else grouped(score, SCORE_DECIMALS)


def change_text(change: float | None) -> str:
    return UNKNOWN if change is None else signed(change, SCORE_DECIMALS)


def percent_text(rate: float | None, decimals: int = 0) -> str:
    """A rate of 0 to 1 in percent; what is not quite everything never reads 100 %."""
    if rate is None:
        return UNKNOWN
    percent = rate * 100
    if 0 < percent < 100 and decimals == 0:
        percent = min(max(percent, 1), 99)
    return percent_sign(percent, decimals)


def percent_sign(percent: Number, decimals: int = 0) -> str:
    """83 as `83%`: where the sign stands, and with which space, is the language's."""
    return pgettext("a number in percent", "%(number)s%%") % {"number": grouped(percent, decimals)}


def value_text(value: Number | None, unit: str = "", decimals: int = 0) -> str:
    """A metric's value with its unit: `12.5 days`, `83%`, and on a scale of 1-5 `2 (1-5)`."""
    if value is None:
        return UNKNOWN
    number = grouped(value, decimals)
    if not unit:
        return number
    if unit.startswith("%"):
        return f"{percent_sign(value, decimals)}{unit[1:]}"
    return f"{number}{NO_BREAK_SPACE}{f'({unit})' if unit[0].isdigit() else unit}"


def listed(names: list[str] | tuple[str, ...]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(names) < 2:
        return "".join(names)
    return _("%(words)s and %(last_word)s") % {
        "words": ", ".join(names[:-1]),
        "last_word": names[-1],
    }
