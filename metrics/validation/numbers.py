"""Numbers as people and files write them."""

from __future__ import annotations

import math
import re

from django.utils.translation import gettext as _

from projects.validation import quoted

# float() also takes NaN, infinity, 1_000 and other alphabets' digits.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_LOCAL = {".": ("1234.5", "1e-05"), ",": ("1234,5", "1e-05")}


class NumberError(ValueError):
    """A text that is no finite number; the message says what would fit."""


def read_number(text: str, decimal_sign: str = ".") -> float:
    """Read a finite decimal number, an exponent allowed; the decimal sign is the person's own."""
    plain = text if decimal_sign == "." else _with_point(text, decimal_sign)
    if not _NUMBER.fullmatch(plain):
        plain_example, small_example = _LOCAL.get(decimal_sign, _LOCAL["."])
        raise NumberError(
            _("%(text)s is not a number; write it like %(plain_example)s or %(small_example)s.")
            % {"text": quoted(text), "plain_example": plain_example, "small_example": small_example}
        )
    number = float(plain)
    if not math.isfinite(number):
        raise NumberError(
            _("%(text)s is too large; the largest number is about 1.8e308.")
            % {"text": quoted(text)}
        )
    return number + 0.0  # there is one zero: -0 is 0


def _with_point(text: str, decimal_sign: str) -> str:
    return "" if "." in text else text.replace(decimal_sign, ".")


def number_text(number: float) -> str:
    """The shortest text that reads back as the same number: `1`, `0.6`, `1e-05`."""
    text = repr(float(number))
    return text.removesuffix(".0")
