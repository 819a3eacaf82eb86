"""Where does a page or a file show a financial score without the other three categories?

It judges what people get: the page as it is sent, and the file as it is downloaded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from lxml import html as markup

from metrics.choices import Category
from tests.dashboards.downloads import Table

FINANCIAL = str(Category.FINANCIAL.label)
OTHERS = frozenset(str(category.label) for category in Category) - {FINANCIAL}

BLOCKS = frozenset({"table", "figure"})
BLOCK_CLASSES = frozenset({"panel", "scoreboard"})
PARTS = frozenset({"section", "article", "ul"})
"""What is looked at as one thing, if nothing larger is there: the others have to stand in it."""

NO_CONTENT = frozenset({"script", "style", "nav", "select", "footer", "head"})

SAYS_SCORES = re.compile(r"\b(band|score|before|reported)\b", re.IGNORECASE)
"""The headings by which a file tells that its rows hold scores."""


def alone_on_page(page: str) -> list[str]:
    """The blocks that name the financial category and not all of the others, in their words."""
    tree = markup.document_fromstring(page)
    found = [
        _words(block)
        for block in _blocks_with_financial(tree)
        if _lacks(_words(block)) and not _is_one_of_four(block)
    ]
    charts = tree.xpath("//script[@type='application/json'][contains(@id, '-figure')]")
    return found + [name for chart in charts for name in _alone_in_figure(json.loads(chart.text))]


def _blocks_with_financial(tree: Any) -> Iterator[Any]:
    for element in tree.iter():
        if not isinstance(element.tag, str) or any(
            above.tag in NO_CONTENT for above in _lineage(element)
        ):
            continue
        texts = [element.text, *(child.tail for child in element)]
        if any(_begins_with_financial(text) for text in texts) and not _is_a_metric_s(element):
            yield _block_of(element)


def _begins_with_financial(text: str | None) -> bool:
    """As a label: `Financial`, `Financial: 72.4`, `Financial 72.4`; not a word in a sentence."""
    return re.match(rf"\s*{FINANCIAL}\b(?!\s+[a-z])", text or "") is not None


def _is_a_metric_s(element: Any) -> bool:
    """Whether it says of a metric that it is a financial one: that is no score of a category."""
    for above in _lineage(element):
        if above.tag == "dd":
            term = above.getprevious()
            while term is not None and term.tag != "dt":
                term = term.getprevious()
            return term is not None and _words(term) == "Category"
        if above.tag == "td":
            row = above.getparent()
            heads = above.xpath("ancestor::table[1]/thead/tr[last()]/th")
            place = row.index(above)
            return place < len(heads) and _words(heads[place]) == "Category"
    return False


def _lineage(element: Any) -> Iterator[Any]:
    yield element
    yield from element.iterancestors()


def _block_of(element: Any) -> Any:
    for above in _lineage(element):
        classes = set((above.get("class") or "").split())
        # A tile is a panel, and shows one score: its scoreboard is what counts.
        if "score-tile" not in classes and (above.tag in BLOCKS or BLOCK_CLASSES & classes):
            return above
    return next((above for above in _lineage(element) if above.tag in PARTS), element)


def _is_one_of_four(block: Any) -> bool:
    """Whether it lies in a panel about one category, beside those about the others."""
    for above in _lineage(block):
        if "panel" in (above.get("class") or "").split() and above.getparent() is not None:
            beside = [_words(head) for head in above.getparent().xpath("./*//h2")]
            if all(any(head.startswith(name) for head in beside) for name in (FINANCIAL, *OTHERS)):
                return True
    return False


def _words(element: Any) -> str:
    return " ".join(" ".join(element.itertext()).split())


def _lacks(words: str) -> bool:
    return not all(re.search(rf"\b{other}\b", words) for other in OTHERS)


def _alone_in_figure(figure: dict[str, Any]) -> list[str]:
    """A line of financial scores needs those of the others.

    The steps of a bridge are points and no scores; the table below it names all four.
    """
    names = {str(trace.get("name", "")).split(" (")[0] for trace in figure.get("data", [])}
    return ["a chart"] if FINANCIAL in names and not names >= OTHERS else []


def alone_in_file(table: Table) -> list[str]:
    """The columns of a file, headings and cells, that are financial without the others."""
    found = []
    headings = {heading.strip() for heading in table.heading}
    if FINANCIAL in headings and not headings >= OTHERS:
        found.append("headings")
    if any(SAYS_SCORES.search(heading) for heading in table.heading):
        for heading in table.heading:
            cells = {str(cell) for cell in table.column(heading)}
            if FINANCIAL in cells and not cells >= OTHERS:
                found.append(heading)
    return found
