"""Texts that a spreadsheet would take for formulas: told apart on the way out, and back again."""

from __future__ import annotations

import re

_IS_DANGEROUS = re.compile(r"'*[=+\-@\t\r]").match
_IS_NUMBER = re.compile(r"[+-][0-9.,]+(?:[eE][+-]?[0-9]+)?").fullmatch


def neutralised(text: str) -> str:
    """The text with an apostrophe before it, if a spreadsheet would compute it; numbers stay."""
    return f"'{text}" if _IS_DANGEROUS(text) and not _IS_NUMBER(text) else text


def restored(text: str) -> str:
    """What was neutralised, as it was before."""
    return text[1:] if text.startswith("'") and _IS_DANGEROUS(text) else text
