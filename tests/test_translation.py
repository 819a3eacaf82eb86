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


A_TEXT = re.compile(
    r"\{%-?\s*translate\s+(?P<quote>[\"'])(?P<words>(?:(?!(?P=quote)).)*)(?P=quote)(?P<how>.*?)%\}"
    r"|\{%-?\s*blocktranslate\b(?P<head>.*?)%\}(?P<body>.*?)\{%\s*endblocktranslate",
    re.DOTALL,
)
PIECE = re.compile(
    r"[,;:.!?()\]”\u2019…\xd7=+/\u2013—-]"
    r"|(?:about|against|after|and|as|at|because|becomes?|became|before|below|but|by|for|from|has|if"
    r"|in|is|of|on|or|since|so|than|that|to|until|was|which|while|with|without)\b"
)
CONTEXT = re.compile(r"\bcontext\s+[\"']")
TOLD = re.compile(
    r"(?:\{#\s*Translators\b[^\n]*#\}|\{%\s*comment\s*%\}\s*Translators\b.*?\{%\s*endcomment\s*%\})\s*$",
    re.DOTALL,
)


def loose_pieces(source: str) -> list[str]:
    """Texts that continue a sentence begun elsewhere, and say nothing of it to a translator."""
    return [
        " ".join(words.split())
        for text in A_TEXT.finditer(source)
        if PIECE.match(words := (text["words"] or text["body"] or "").strip())
        and not CONTEXT.search(text["how"] or text["head"] or "")
        and not TOLD.search(source[: text.start()])
    ]


@pytest.mark.parametrize(
    "source",
    [
        '{% translate "Told" %}{% if who %}{% translate ", by" %} {{ who }}{% endif %}',
        "{% translate '(told)' %}",
        "{% blocktranslate with n=number %}in {{ n }}{% endblocktranslate %}",
        '{# Translators: of this one #}{% translate "Told" %} {% translate "and told" %}',
    ],
)
def test_pieces_of_a_sentence_are_found(source: str) -> None:
    assert len(loose_pieces(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        '{% translate "(told)" context "after a name" %}',
        '{% blocktranslate with n=m context "after a name" %}in {{ n }}{% endblocktranslate %}',
        '{# Translators: after a name. #}\n{% translate "and told" %}',
        '{% comment %}Translators: after a name.{% endcomment %}\n{% translate "and told" %}',
        '{% translate "“Told” again" %}{% translate "Inside" %}{% translate "told" %}',
        "{% blocktranslate %}<strong>{{ n }}</strong>, by {{ who }}{% endblocktranslate %}",
    ],
)
def test_whole_sentences_and_explained_pieces_are_passed_by(source: str) -> None:
    assert loose_pieces(source) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_of_a_template_is_a_loose_piece_of_a_sentence(path: Path) -> None:
    """A translator has to be free to order it: one text per case, or say what it stands beside."""
    assert loose_pieces(path.read_text()) == []


DAY_AS_WRITTEN = re.compile(r"\|date:([\"'])(?!c\1|Y-m|[A-Z_]+\1).+?\1")
"""A date for people in the order of one language; ISO dates are the same in every one."""


@pytest.mark.parametrize("source", ['{{ at|date:"j M" }}', "{{ at|date:'D j M Y, H:i' }}"])
def test_dates_in_the_order_of_english_are_found(source: str) -> None:
    assert DAY_AS_WRITTEN.search(source)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_language_orders_the_parts_of_a_date(path: Path) -> None:
    """Use `|date:"SHORT_DATE_FORMAT"`, or a filter of `{% load presentation %}` such as `day`."""
    assert not DAY_AS_WRITTEN.search(path.read_text())


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
