"""Rules that subjects obey, whichever door they come through, and the words that tell of them.

Whatever is refused is refused by a ValidationError whose sentence says what was read and what would
fit. Nothing here asks the database: rules that span rows are given the facts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, TypeVar

from django.core.exceptions import NON_FIELD_ERRORS, ObjectDoesNotExist, ValidationError
from django.db import models
from django.utils.deconstruct import deconstructible
from django.utils.translation import gettext, ngettext

from projects.months import Month

Key = TypeVar("Key", int, str)

LONGEST_QUOTE = 60
LONGEST_LIST = 8
AMOUNT_DECIMALS = 4
# What a double holds exactly, since that is how SQLite keeps a decimal.
AMOUNT_DIGITS = 15


def printable(text: str) -> str:
    """The text on one line, what can't be seen written so that it can."""
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )


def quoted(text: str) -> str:
    """The text as a sentence repeats it: in quotes, and no longer than one can take in."""
    text = printable(text)
    return f'"{text}"' if len(text) <= LONGEST_QUOTE else f'"{text[: LONGEST_QUOTE - 1]}…"'


def listed(words: Sequence[str]) -> str:
    """`a, b and c`"""
    if len(words) < 2:
        return "".join(words)
    return gettext("%(words)s and %(last_word)s") % _split(words)


def listed_with_or(words: Sequence[str]) -> str:
    """`a, b or c`"""
    if len(words) < 2:
        return "".join(words)
    return gettext("%(words)s or %(last_word)s") % _split(words)


def _split(words: Sequence[str]) -> dict[str, str]:
    return {"words": ", ".join(words[:-1]), "last_word": words[-1]}


def near_matches(text: str, known: Iterable[str], most: int = 3) -> list[str]:
    """The known names that somebody who wrote `text` may have meant, the nearest first."""
    by_lower_case = {name.lower(): name for name in known}
    return [
        by_lower_case[name] for name in get_close_matches(text.lower(), by_lower_case, most, 0.6)
    ]


def unknown(what: str, text: str, known: Collection[str]) -> str:
    """The sentence about a name that nothing has: with near matches, or all if they are few."""
    said: dict[str, object] = {"text": quoted(text), "what": what, "number": len(known)}
    if near := near_matches(text, known):
        return gettext("%(text)s is no %(what)s; did you mean %(near)s?") % {
            **said,
            "near": listed_with_or(near),
        }
    if not known:
        return gettext("%(text)s is no %(what)s; there is none yet.") % said
    if len(known) <= LONGEST_LIST:
        return ngettext(
            "%(text)s is no %(what)s; there is %(known)s.",
            "%(text)s is no %(what)s; there are %(known)s.",
            len(known),
        ) % {**said, "known": listed(sorted(known))}
    return gettext("%(text)s is no %(what)s, and none of the %(number)s has a name like it.") % said


class FieldErrors:
    """Gathers what several rules say about one row, so that a person hears of all at once."""

    def __init__(self) -> None:
        self.by_field: dict[str, list[ValidationError]] = {}

    @contextmanager
    def of(self, field: str = NON_FIELD_ERRORS) -> Iterator[None]:
        try:
            yield
        except ValidationError as error:
            self.by_field.setdefault(field, []).extend(error.error_list)

    def raise_any(self) -> None:
        if self.by_field:
            raise ValidationError(self.by_field)


def linked(row: models.Model, name: str) -> Any:
    """The row that a foreign key points to; None while none is chosen."""
    try:
        return getattr(row, name)
    except ObjectDoesNotExist:
        return None


@deconstructible
@dataclass(unsafe_hash=True)
class Between:
    """A number from the least to the most, both included."""

    least: float
    most: float

    def __call__(self, number: float) -> None:
        if not self.least <= number <= self.most:
            raise ValidationError(
                gettext("%(number)s is out of range; it is from %(least)s to %(most)s.")
                % {"number": f"{number:g}", "least": f"{self.least:g}", "most": f"{self.most:g}"},
                code="range",
            )


def validate_name(text: str) -> None:
    if not text.strip():
        raise ValidationError(gettext("A name has at least one letter."), code="name")


def validate_amount(amount: Decimal) -> None:
    """Money that both databases hold to the last digit."""
    if not amount.is_finite():
        raise ValidationError(
            gettext("%(amount)s is no amount of money.") % {"amount": amount}, code="amount"
        )
    _, digits, exponent = amount.normalize().as_tuple()
    assert isinstance(exponent, int)  # of a finite number
    whole = max(len(digits) + exponent, 0)
    if -exponent > AMOUNT_DECIMALS or whole + max(-exponent, 0) > AMOUNT_DIGITS:
        raise ValidationError(
            gettext(
                "%(amount)s has too many digits; an amount has at most %(amount_decimals)s"
                " decimals and %(amount_digits)s digits in all."
            )
            % {
                "amount": amount,
                "amount_decimals": AMOUNT_DECIMALS,
                "amount_digits": AMOUNT_DIGITS,
            },
            code="amount",
        )


def check_span(first: int | None, last: int | None) -> None:
    """A span of months ends no earlier than it begins; None = open."""
    # What is no month at all is told by its own field.
    if isinstance(first, int) and isinstance(last, int) and last < first:
        raise ValidationError(
            gettext(
                "It ends in %(last)s, before it begins in %(first)s; end it in %(first)s or later."
            )
            % {"last": Month(last), "first": Month(first)},
            code="span",
        )


def circle_from(start: Key, parents: Mapping[Key, Key | None]) -> list[Key]:
    """The way from a portfolio up through its parents back to itself; empty if there is none."""
    way: list[Key] = [start]
    while (parent := parents.get(way[-1])) is not None:
        if parent == start:
            way.append(start)
            return way
        if parent in way:
            return []  # a circle further up, which those in it tell of
        way.append(parent)
    return []


def check_tree(
    start: Key, parents: Mapping[Key, Key | None], codes: Mapping[Key, str] | None = None
) -> None:
    """A portfolio lies in no portfolio that lies in it; `codes` names them where keys do not."""
    if circle := circle_from(start, parents):
        named = [str(key) if codes is None else codes[key] for key in circle]
        raise ValidationError(
            gettext(
                "The portfolios go in a circle: %(portfolios)s; one of them needs another"
                " parent or none."
            )
            % {"portfolios": gettext(" in ").join(named)},
            code="circle",
        )
