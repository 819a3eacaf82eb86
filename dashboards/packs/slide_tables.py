"""Native tables on slides, with letters as large as there is room for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _
from lxml import etree
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.util import Inches, Pt

from dashboards.packs import blocks, wording
from dashboards.packs.content import SubjectLine
from dashboards.packs.slide_parts import LINE, Box, lines_of, rgb
from dashboards.presentation.bands import heat_step
from dashboards.presentation.numbers import UNKNOWN, percent_text, score_text
from metrics.choices import Category

PADDING = 0.075
SIZES = (14.0, 13.0, 12.0, 11.0, 10.0, 9.0)
MORE = 0.3
"""Room for "and 5 more" below a table."""

NO_STYLE = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"
"""PowerPoint's own name for a table without any style."""


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    is_number: bool = False
    is_strong: bool = False
    fill: str = ""
    """The palette's name of its ground."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table ready to be drawn: a head and rows of cells."""

    widths: tuple[float, ...]
    head: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    more: str
    size: float = 10
    """Of its letters, in points; at least this, and more where there is room."""

    def sized(self, width: float, room: float) -> Grid:
        """With the largest letters that let all of it stand on the slide."""
        for size in SIZES:
            larger = replace(self, size=size)
            fits = larger.height(width) <= room and not larger.breaks_words(width)
            if size > self.size and fits:
                return larger
        return self

    def breaks_words(self, width: float) -> bool:
        """Whether a word of the head is wider than its column."""
        whole = sum(self.widths)
        return any(
            lines_of(word, part / whole * width - 0.14, self.size) > 1
            for cell, part in zip(self.head, self.widths, strict=True)
            for word in cell.text.split()
        )

    def height(self, width: float) -> float:
        """Of the whole table."""
        rows = sum(self.height_of(row, width) for row in (self.head, *self.rows))
        return rows + (MORE if self.more else 0)

    def height_of(self, row: Sequence[Cell], width: float) -> float:
        """As high as its highest cell."""
        whole = sum(self.widths)
        lines = [
            lines_of(cell.text, part / whole * width - 0.14, self.size)
            for cell, part in zip(row, self.widths, strict=True)
        ]
        return max(lines) * self.size * LINE / 72 + 2 * PADDING


def rows_that_fit(grid: Grid, rows: Sequence[Sequence[Cell]], width: float, room: float) -> int:
    """How many of the rows fit into so much height."""
    for number, row in enumerate(rows):
        room -= grid.height_of(row, width)
        if room < 0:
            return number
    return len(rows)


def grid_of(block: blocks.Block) -> Grid | None:
    match block:
        case blocks.ScoreTable():
            return grid_of_scores(block)
        case blocks.Table():
            return _grid_of_table(block)
        case blocks.Terms():
            return _grid_of_terms(block)
    return None


def grid_of_scores(block: blocks.ScoreTable) -> Grid:
    head = [Cell(block.head), *(Cell(label, True) for label in wording.measure_labels())]
    head += [Cell(label, True) for label in block.remark_heads]
    rows = []
    for place, line in enumerate(block.rows):
        name = f"{line.name} ({wording.kind_label(line.kind)})" if block.with_kind else line.name
        remarks = (Cell(remark, True) for remark in block.remarks_of(place))
        rows.append((Cell(name, is_strong=True), *_score_cells(line), *remarks))
    widths = (3.6, *([1.0] * 5), *([1.15] * len(block.remark_heads)))
    return Grid(widths, tuple(head), tuple(rows), block.more, 10)


def _score_cells(line: SubjectLine) -> Iterator[Cell]:
    for mark in line.marks:
        step = heat_step(mark.score, mark.band)
        yield Cell(wording.marked(mark), True, fill=f"heat-{step}" if step else "")


def _grid_of_table(block: blocks.Table) -> Grid:
    rows = tuple(
        tuple(
            Cell(text, column.is_number, is_strong=place == 0)
            for place, (column, text) in enumerate(zip(block.columns, row, strict=True))
        )
        for row in block.brief or block.rows
    )
    return Grid(
        tuple(column.width for column in block.columns),
        tuple(Cell(column.label, column.is_number) for column in block.columns),
        rows,
        block.more,
        8.5 if len(block.columns) > 9 else 9,
    )


def _grid_of_terms(block: blocks.Terms) -> Grid:
    rows = tuple((Cell(term, is_strong=True), Cell(text)) for term, text in block.rows)
    return Grid((2.2, 10), (Cell(_("Word")), Cell(_("Meaning"))), rows, "", 10)


def grid_of_categories(block: blocks.Overview) -> Grid:
    rows = []
    for category, mark in zip(Category.values, block.line.categories, strict=True):
        step = heat_step(mark.score, mark.band)
        rows.append(
            (
                Cell(wording.category_label(category), is_strong=True),
                Cell(score_text(mark.score), True, fill=f"heat-{step}" if step else ""),
                Cell(f"{wording.band_shape(mark.band)} {wording.band_word(mark.band)}"),
                Cell(percent_text(mark.coverage), True),
                Cell(
                    _("%(low)s to %(high)s")
                    % {"low": score_text(mark.low), "high": score_text(mark.high)}
                    if mark.is_measured
                    else UNKNOWN,
                    True,
                ),
            )
        )
    return Grid(
        (2.2, 1, 1.6, 1, 1.8),
        (
            Cell(_("Category")),
            Cell(_("Score"), True),
            Cell(_("Band")),
            Cell(_("Known"), True),
            Cell(_("Possible"), True),
        ),
        tuple(rows),
        "",
        12,
    )


def draw_grid(slide: Any, box: Box, grid: Grid, rows: Sequence[Sequence[Cell]]) -> float:
    """A native table; how high it is."""
    heights = [grid.height_of(row, box.width) for row in (grid.head, *rows)]
    place = Box(box.left, box.top, box.width, sum(heights))
    frame = slide.shapes.add_table(len(rows) + 1, len(grid.widths), *place.emu)
    table = frame.table
    table.horz_banding = False
    frame._element.graphic.graphicData.tbl.tblPr.find(qn("a:tableStyleId")).text = NO_STYLE
    whole = sum(grid.widths)
    for column, width in zip(table.columns, grid.widths, strict=True):
        column.width = Inches(width / whole * box.width)
    for row, height in zip(table.rows, heights, strict=True):
        row.height = Inches(height)
    for column, cell in enumerate(grid.head):
        _fill(table.cell(0, column), cell, grid.size, is_head=True)
    for number, row in enumerate(rows, start=1):
        for column, cell in enumerate(row):
            _fill(table.cell(number, column), cell, grid.size)
    return sum(heights)


def _fill(there: Any, cell: Cell, size: float, *, is_head: bool = False) -> None:
    frame = there.text_frame
    frame.text = cell.text
    there.margin_left = there.margin_right = Inches(0.07)
    there.margin_top = there.margin_bottom = Inches(PADDING / 2)
    there.vertical_anchor = MSO_ANCHOR.MIDDLE
    frame.word_wrap = True
    for paragraph in frame.paragraphs:
        paragraph.alignment = PP_ALIGN.RIGHT if cell.is_number else PP_ALIGN.LEFT
        for run in paragraph.runs:
            run.font.size = Pt(size)
            run.font.bold = is_head or cell.is_strong
            run.font.color.rgb = rgb("muted" if is_head else "ink")
    fill = "sunken" if is_head else cell.fill
    if fill:
        there.fill.solid()
        there.fill.fore_color.rgb = rgb(fill)
    else:
        there.fill.background()
    _underline(there)


def _underline(there: Any) -> None:
    """A hair line below, and a seam of the ground between neighbours."""
    properties = there._tc.get_or_add_tcPr()
    for edge, colour, width in (
        ("a:lnL", "surface", 12700),
        ("a:lnR", "surface", 12700),
        ("a:lnB", "line", 6350),
    ):
        line = etree.SubElement(properties, qn(edge))
        line.set("w", str(width))
        solid = etree.SubElement(line, qn("a:solidFill"))
        etree.SubElement(solid, qn("a:srgbClr")).set("val", str(rgb(colour)))
    # The schema wants the edges before the fill.
    for fill in [part for part in properties if part.tag in (qn("a:solidFill"), qn("a:noFill"))]:
        properties.remove(fill)
        properties.append(fill)
