"""The pack as a PDF on A4: pages from templates, charts as SVG, the data attached.

WeasyPrint needs Pango; it is loaded only where a PDF is made (see `packs.writing`), so that the
portal starts without it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from weasyprint import HTML, Attachment
from weasyprint.text.fonts import FontConfiguration

from dashboards.packs import blocks, pages, wording
from dashboards.packs.content import PackContent, SubjectLine, canonical, data_hash
from dashboards.packs.drawing import (
    band_mark,
    bridge_svg,
    counts_svg,
    known_svg,
    moves_svg,
    range_svg,
    trend_svg,
)
from dashboards.presentation.bands import heat_step, style_of
from dashboards.presentation.numbers import change_text, percent_text, score_text
from dashboards.presentation.palette import LIGHT
from metrics.choices import Category

_CHARTS: dict[type, Callable[[Any], SafeString]] = {
    blocks.BridgeChart: bridge_svg,
    blocks.TrendChart: trend_svg,
    blocks.MovesChart: moves_svg,
    blocks.KnownChart: known_svg,
    blocks.CountsChart: counts_svg,
}


def write(content: PackContent) -> bytes:
    """The file's bytes."""
    data = content.as_data()
    fonts = FontConfiguration()
    document = HTML(string=markup(content, data_hash(data)), url_fetcher=_fetch_nothing)
    written: bytes = document.write_pdf(
        font_config=fonts,
        pdf_tags=True,
        presentational_hints=True,
        attachments=[
            Attachment(
                string=canonical(data),
                name="pack.json",
                description=_("The pack's data; its SHA-256 is printed on the first page."),
            )
        ],
    )
    return written


def _fetch_nothing(url: str, *_: Any, **__: Any) -> Any:
    """A pack is made of what it is given; it asks nobody for anything."""
    raise ValueError(f"A pack fetches nothing, and not {url}.")


def markup(content: PackContent, sha256: str) -> str:
    """The pack as HTML for print."""
    card = content.scorecard
    return render_to_string(
        "packs/pack.html",
        {
            "content": content,
            "sha256": sha256,
            "language": get_language() or "en",
            "colours": LIGHT,
            "kind": wording.kind_label(content.kind),
            "month": wording.month_of(content),
            "state": wording.state_words(content),
            "strip": wording.scores_in_words(content.score),
            "message": wording.overview_title(content),
            "card": card,
            "pages": [
                (page, [_rendered(block) for block in page.blocks])
                for page in pages.pages_of(content)
            ],
        },
    )


def _rendered(block: blocks.Block) -> str:
    chart = _CHARTS.get(type(block))
    if chart is not None:
        return chart(block)
    match block:
        case blocks.Overview():
            return render_to_string("packs/_overview.html", _overview(block))
        case blocks.ScoreTable():
            return render_to_string("packs/_scores.html", _scores(block))
        case blocks.Table():
            whole = sum(column.width for column in block.columns)
            columns = [(column, round(column.width / whole * 100, 2)) for column in block.columns]
            rows = [list(zip(block.columns, row, strict=True)) for row in block.rows]
            return render_to_string(
                "packs/_table.html", {"table": block, "columns": columns, "rows": rows}
            )
        case blocks.Terms():
            return render_to_string("packs/_terms.html", {"terms": block})
    return render_to_string("packs/_note.html", {"note": block})


def _overview(block: blocks.Overview) -> dict[str, Any]:
    line = block.line
    return {
        "score": score_text(line.overall.score),
        "mark": band_mark(line.overall.band, 13),
        "word": style_of(line.overall.band).word,
        "band": style_of(line.overall.band).code,
        "change": change_text(line.change),
        "has_change": line.change is not None,
        "before": block.before,
        "coverage": percent_text(line.overall.coverage) if line.overall.is_measured else "",
        "low": score_text(line.overall.low),
        "high": score_text(line.overall.high),
        "balance": block.balance,
        "range": range_svg(line.overall, block.limits),
        "categories": [
            {
                "name": wording.category_label(category),
                "score": score_text(mark.score),
                "mark": band_mark(mark.band),
                "word": style_of(mark.band).word,
                "coverage": percent_text(mark.coverage) if mark.is_measured else "",
                "range": range_svg(mark, block.limits, 160),
            }
            for category, mark in zip(Category.values, line.categories, strict=True)
        ],
    }


def _scores(block: blocks.ScoreTable) -> dict[str, Any]:
    return {
        "table": block,
        "heads": wording.measure_labels(),
        "rows": [
            {
                "name": line.name,
                "kind": wording.kind_label(line.kind) if block.with_kind else "",
                "cells": _cells(line),
                "remarks": block.remarks_of(place),
            }
            for place, line in enumerate(block.rows)
        ],
    }


def _cells(line: SubjectLine) -> list[dict[str, Any]]:
    return [
        {
            "ground": heat_step(mark.score, mark.band),
            "mark": band_mark(mark.band, 8),
            "score": score_text(mark.score) if mark.is_measured else "",
        }
        for mark in line.marks
    ]
