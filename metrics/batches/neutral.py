"""Texts that a spreadsheet would take for formulas: told apart on the way out, and back again."""

from __future__ import annotations

import re

# The wide forms are those of Chinese and Japanese keyboards, which spreadsheets take alike.
_IS_DANGEROUS = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]").match
_IS_NUMBER = re.compile(r"[+-][0-9.,]+(?:[eE][+-]?[0-9]+)?").fullmatch
# Neither a sheet of a workbook nor a person can read them; the last two are no characters at all.
_UNREADABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def readable(text: str) -> str:
    """The text without what no workbook can hold."""
    return _UNREADABLE.sub("", text)


def in_a_sheet(text: str) -> str:
    """As it may stand in a cell of a workbook: to be read, and never to be computed."""
    return neutralised(readable(text))


def neutralised(text: str) -> str:
    """The text with an apostrophe before it, if a spreadsheet would compute it; numbers stay."""
    return f"'{text}" if _IS_DANGEROUS(text) and not _IS_NUMBER(text) else text


def restored(text: str) -> str:
    """What was neutralised, as it was before."""
    return text[1:] if text.startswith("'") and _IS_DANGEROUS(text) else text
