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
