"""Prepared for translation: every word that a template shows goes through gettext."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted(
    path
    for folder in ("templates", "pmo_portal/templates")
    for pattern in ("*.html", "*.txt")
    for path in (ROOT / folder).rglob(pattern)
)

WITHOUT_WORDS = {
    ROOT / "templates" / "500.html": "shown when nothing else works, gettext included",
    ROOT / "templates" / "packs" / "_style.html": "a style sheet",
}

IN_A_TAG = r"(?:\{%.*?%\}|\{\{.*?\}\}|\"(?:\{%.*?%\}|\{\{.*?\}\}|[^\"])*\"|'[^']*'|[^<>\"'])*"
NOT_SHOWN = re.compile(
    r"\{#.*?#\}"
    r"|\{%\s*comment\b.*?%\}.*?\{%\s*endcomment\s*%\}"
    r"|\{%\s*blocktranslate\b.*?%\}.*?\{%\s*endblocktranslate\s*%\}"
    r"|<!--.*?-->"
    r"|<(script|style|code|kbd)\b.*?</\1>",
    re.DOTALL,
)
TAG = re.compile(rf"<!?/?(?:[A-Za-z]|\{{\{{.*?\}}\}}){IN_A_TAG}>", re.DOTALL)
READ_OUT = re.compile(
    r"\s(?:aria-label|placeholder|title|alt)=\"((?:\{%.*?%\}|\{\{.*?\}\}|[^\"])*)\"", re.DOTALL
)
HANDED_ON = re.compile(r"\{%\s*include\b.*?%\}", re.DOTALL)
PLAIN_ARGUMENT = re.compile(r"\b(?:title|text|label|action|advice|note)=\"([^\"]*)\"")
WORDS_OF_A_TAG = re.compile(
    r"\{%\s*(?:sort_header\s+|share_bar\s+|(?:pager|export_links|icon|month_picker)\s+\S+\s+)"
    r"[\"']([^\"']*)[\"']"
    r"|\{%\s*firstof\b[^%]*?\s[\"'](?!h2)([^\"']*)[\"']\s*%\}"
    r"|\|default(?:_if_none)?:\"([^\"]*)\""
)
DJANGO = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|&#?\w+;", re.DOTALL)
WORD = re.compile(r"[A-Za-z]{2,}")


def plain_words(source: str) -> list[str]:
    """Texts between tags, and those of attributes that are read out, that gettext never sees."""
    source = NOT_SHOWN.sub(" ", source)
    texts = TAG.sub("\0", source)
    shown = DJANGO.sub("\0", texts).split("\0")
    for tag in TAG.findall(source):
        shown += [DJANGO.sub("", value) for value in READ_OUT.findall(tag)]
    for include in HANDED_ON.findall(source):
        shown += PLAIN_ARGUMENT.findall(include)
    shown += ["".join(words) for words in WORDS_OF_A_TAG.findall(source)]
    return [" ".join(text.split()) for text in shown if WORD.search(text)]


@pytest.mark.parametrize(
    "source",
    [
        "<p>Shown</p>",
        "<p>{{ number }} shown</p>",
        '<a aria-label="Shown" href="/">{% translate "x" %}</a>',
        '{% include "components/empty.html" with title="Shown" %}',
        "{% block title %}Shown{% endblock title %}",
        '{% sort_header "Shown" "key" sort %}',
        '{% export_links "key" "Shown" %}',
        '{% pager page "shown" %}',
        '{% firstof name "shown" %}',
        '{{ name|default:"shown" }}',
    ],
)
def test_words_that_gettext_never_sees_are_found(source: str) -> None:
    assert len(plain_words(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        '<p title="{% translate \'Told\' %}">{% translate "Told" %} &nbsp; {{ number }}</p>',
        "{% blocktranslate with n=number %}{{ n }} <b>told</b>{% endblocktranslate %}",
        "{# Not shown #}{% comment %}Neither{% endcomment %}",
        '{% include "components/empty.html" with title=_("Told") kind="info" %}',
        '{% sort_header _("Told") "key" sort %}{% firstof name _("told") %}{% icon "list" %}',
    ],
)
def test_words_that_gettext_sees_are_passed_by(source: str) -> None:
    assert plain_words(source) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_word_of_a_template_goes_through_gettext(path: Path) -> None:
    assert path in WITHOUT_WORDS or plain_words(path.read_text()) == []


ENGLISH_PLURAL = re.compile(r"\|pluralize|\bplural(?:_\d+)?=")


@pytest.mark.parametrize(
    "source",
    [
        "{{ number }} value{{ number|pluralize }}",
        "{% blocktranslate with plural=endings %}{{ n }} value{{ plural }}{% endblocktranslate %}",
    ],
)
def test_endings_that_only_english_has_are_found(source: str) -> None:
    assert ENGLISH_PLURAL.search(source)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_words_are_declined_by_gettext_alone(path: Path) -> None:
    """Use `{% blocktranslate count n=... %}one{% plural %}many{% endblocktranslate %}`."""
    assert ENGLISH_PLURAL.findall(path.read_text()) == []


SCRIPTS = sorted((ROOT / "static" / "js").rglob("*.js"))
FILLED_IN = re.compile(r"\$\{[^{}]*\}")
OF_SCRIPTS = re.compile(
    r"//[^\n]*|\"((?:[^\"\\\n]|\\.)*)\"|'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`"
)
SENTENCE = re.compile(r"[A-Z][a-z]+[ .?:…]|[a-z]{2,} (?:[a-z]{2,} )+[a-z]{2,}[.?]")
NO_WORDS = re.compile(r"^[\"']?use strict|^can't |^[.#\[<]|[\[<>=]")
"""Selectors, markup, directives: strings for machines."""


def words_in_script(source: str) -> list[str]:
    """Texts in a script that somebody would read; they belong into the page, as data-* or JSON."""
    without = ""
    while source != without:
        source, without = FILLED_IN.sub("…", source), source
    texts = ["".join(parts) for parts in OF_SCRIPTS.findall(source)]
    return [text for text in texts if SENTENCE.search(text) and not NO_WORDS.search(text)]


@pytest.mark.parametrize(
    "source", ['say("Nothing was pasted.")', "say(`Delete ${number} values?`)", "tell('Try again')"]
)
def test_words_in_a_script_are_found(source: str) -> None:
    assert len(words_in_script(source)) == 1


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_show_no_words_of_their_own(path: Path) -> None:
    assert words_in_script(path.read_text()) == []
