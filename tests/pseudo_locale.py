"""A made-up language in which every translated text stands in brackets, and what stands outside.

Placeholders and tags stay outside the brackets too: what is filled in has to be data, or a text
that was translated by itself.
"""

from __future__ import annotations

import gettext
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Any
from zoneinfo import available_timezones

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import models
from django.utils import translation
from django.utils.translation import trans_real

PSEUDO = "xx"
OPEN, SHUT = "⟦⟧"

_CONTEXT = trans_real.CONTEXT_SEPARATOR
_KEPT = re.compile(
    r"(%(?:\(\w+\))?[-+ #0]*\d*(?:\.\d+)?[sdifgr]|%%|\{[^{}]*\}|</?[a-zA-Z][^>]*>|&\w+;|\s+$|^\s+)"
)
_LETTER = re.compile(r"[^\W\d_]")


class PseudoTranslations(gettext.NullTranslations):
    """Every text in brackets, but for its placeholders and tags."""

    def gettext(self, message: str) -> str:
        words = message.rpartition(_CONTEXT)[2]
        return "".join(_bracketed(part) for part in _KEPT.split(words))

    def ngettext(self, msgid1: str, msgid2: str, n: float) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


def _bracketed(part: str) -> str:
    return f"{OPEN}{part}{SHUT}" if _LETTER.search(part) and not _KEPT.fullmatch(part) else part


@contextmanager
def speaking_pseudo() -> Iterator[None]:
    """Answers are in the made-up language within."""
    catalogues = vars(trans_real)["_translations"]
    catalogues[PSEUDO] = PseudoTranslations()
    try:
        with translation.override(PSEUDO):
            yield
    finally:
        del catalogues[PSEUDO]


READ_OUT = {
    "abbr",
    "alt",
    "aria-description",
    "aria-label",
    "aria-roledescription",
    "aria-valuetext",
    "hx-confirm",
    "label",
    "placeholder",
    "title",
}
NOT_READ = {"code", "kbd", "samp", "script", "style"}
"""Codes, formulas and keys are the same in every language."""

FIGURE_WORDS = {"hovertemplate", "hovertext", "name", "text", "texttemplate", "ticktext", "title"}
NOT_SHOWN = {"template", "customdata", "marker", "line", "font"}


class _Words(HTMLParser):
    """The texts of a page that somebody sees or hears."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._within: list[str] = []
        self._script = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.texts += [value for name, value in given.items() if name in READ_OUT]
        if tag == "meta" and given.get("name") == "description":
            self.texts.append(given.get("content", ""))
        if tag == "input" and given.get("type") in ("button", "submit"):
            self.texts.append(given.get("value", ""))
        for name, value in given.items():
            if name.startswith("data-"):
                is_json = value.startswith('{"')
                self.texts += words_of_data(json.loads(value) if is_json else value)
        if tag in NOT_READ:
            self._within.append(tag)
            self._script = given.get("type", "") if tag == "script" else ""

    def handle_endtag(self, tag: str) -> None:
        if self._within and self._within[-1] == tag:
            self._within.pop()
        self._script = ""

    def handle_data(self, data: str) -> None:
        if self._script == "application/json":
            content = json.loads(data)
            is_figure = isinstance(content, dict) and {"data", "layout"} <= content.keys()
            self.texts += words_of_figure(content) if is_figure else words_of_data(content)
        elif not self._within:
            self.texts.append(data)


def texts_of_page(page: str) -> list[str]:
    """All that somebody sees or hears of a page, its charts included."""
    reader = _Words()
    reader.feed(page)
    return reader.texts


def words_of_figure(part: Any, key: str = "") -> Iterator[str]:
    """What Plotly writes on a chart: titles, names, hover texts, ticks."""
    if isinstance(part, str):
        if key in FIGURE_WORDS:
            yield re.sub(r"<[^>]*>|%\{[^}]*\}", " ", part)
    elif isinstance(part, list):
        for each in part:
            if not (isinstance(each, dict) and "xref" in each and "name" in each):
                yield from words_of_figure(each, key)
            else:
                yield from words_of_figure({**each, "name": None}, key)
    elif isinstance(part, dict):
        for name, each in part.items():
            if name not in NOT_SHOWN:
                yield from words_of_figure(each, name)


def words_of_data(part: Any) -> Iterator[str]:
    """Texts that a script may show: those of several words."""
    if isinstance(part, str):
        if " " in part and not part.startswith("<"):  # or else it is a shape
            yield part
    elif isinstance(part, list | dict):
        for each in part.values() if isinstance(part, dict) else part:
            yield from words_of_data(each)


THE_PORTALS_OWN = {ContentType, Permission, Session}
"""Rows that Django writes by itself; nothing of theirs is shown as it is stored."""


KNOWN_EVERYWHERE = {
    "PMO Portal",  # the product's name
    *(part.replace("_", " ") for zone in available_timezones() for part in zone.split("/", 1)),
    *available_timezones(),
    # What files are called by their makers.
    "CSV",
    "Excel",
    "PDF",
    "PNG",
    "PPTX",
    "SVG",
    "XLSX",
}


def stored_texts() -> set[str]:
    """What people or files have written, and names that the whole world uses."""
    found = set(KNOWN_EVERYWHERE)
    for model in apps.get_models():
        if model in THE_PORTALS_OWN:
            continue
        names = [
            field.attname
            for field in model._meta.concrete_fields
            if isinstance(field, models.CharField | models.TextField) and not field.choices
        ]
        for values in model._base_manager.values_list(*names) if names else ():
            found.update(str(value) for value in values if value)
    return found


class Data:
    """What may stand outside the brackets because it is no text of the portal's."""

    FILLED_IN_BY_SCRIPTS = r"\{\w+\}"
    PERIOD = r"\b(?:FY)?\d{4}(?:-?[WQHFY]?\d+)*\b"

    def __init__(self, *more: str) -> None:
        texts = {" ".join(text.split()) for text in (*stored_texts(), *more)}
        texts = {line for text in texts for line in (text, text.removesuffix("."))}
        longest_first = sorted((t for t in texts if _LETTER.search(t)), key=len, reverse=True)
        self._known = re.compile(
            "|".join(
                [
                    self.FILLED_IN_BY_SCRIPTS,
                    self.PERIOD,
                    *(rf"(?<!\w){re.escape(text)}(?!\w)" for text in longest_first),
                ]
            ),
            re.IGNORECASE,
        )

    def words_in(self, text: str) -> list[str]:
        """The words outside the brackets that are no data."""
        outside = re.sub(f"{OPEN}[^{OPEN}{SHUT}]*{SHUT}", " · ", " ".join(text.split()))
        rest = self._known.sub(" · ", outside)
        return [
            " ".join(part.split()) for part in rest.split("·") if re.search(r"[A-Za-z]{2}", part)
        ]


def untranslated(page: str, data: Data) -> list[str]:
    """Each text of a page that gettext has not seen, once."""
    found = [words for text in texts_of_page(page) for words in data.words_in(text)]
    return list(dict.fromkeys(found))
