"""The pack as slides: real titles, native tables and charts that can be edited.

What does not fit on a slide goes on on the next one under the same title. Heights are estimated
from the number of letters, generously, because only PowerPoint knows how it will break lines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from math import ceil
from typing import Any

from django.utils.translation import gettext as _
from pptx.enum.text import MSO_ANCHOR

from dashboards.packs import blocks, pages, wording
from dashboards.packs.content import PackContent, data_hash
from dashboards.packs.slide_charts import (
    draw_bridge,
    draw_categories,
    draw_counts,
    draw_known,
    draw_moves,
    draw_trend,
)
from dashboards.packs.slide_parts import (
    INNER,
    LINE,
    SIDE,
    Box,
    blank_file,
    cut,
    ink_of,
    lines_of,
    set_style,
    write_number,
    write_text,
)
from dashboards.packs.slide_tables import (
    MORE,
    SIZES,
    Grid,
    draw_grid,
    grid_of,
    grid_of_categories,
    grid_of_scores,
    rows_that_fit,
)
from dashboards.presentation.numbers import change_text, percent_text, score_text

FLOOR = 6.86
"""Where the body of a slide ends; all in inches."""
TITLE_LETTERS = 70
"""More than these are set smaller."""
TITLE_EM = 0.5
"""Of what stands alone on its line there is no need to be as careful as with cells."""
GAP = 0.16
LEAST_CHART = 1.6
GOOD_CHART = 2.9
"""Where a chart is as high as this, the rest of the slide is the tables'."""


def write(content: PackContent) -> bytes:
    """The file's bytes."""
    written = BytesIO()
    _Deck.of(content).written().save(written)
    return written.getvalue()


@dataclass
class _Deck:
    content: PackContent
    file: Any
    strip: str
    foot: str
    slide: Any = None
    top: float = 0.0
    body: float = 0.0
    """Where the body of the slide begins."""

    @classmethod
    def of(cls, content: PackContent) -> _Deck:
        state = "" if content.is_closed else f" · {_('not closed')}"
        foot = f"{cut(content.name, 60)} · {wording.month_of(content)}{state}"
        return cls(content, blank_file(), wording.scores_in_words(content.score), foot)

    def written(self) -> Any:
        sha256 = data_hash(self.content.as_data())
        self._tell_properties(sha256)
        self._cover(sha256)
        for page in pages.pages_of(self.content):
            shown = page.blocks
            if all(isinstance(block, blocks.Note) for block in shown):
                # A slide with nothing but words would look like a mistake.
                shown = (*shown, pages.scores_of(self.content))
            self._page(replace(page, blocks=shown))
        return self.file

    def _tell_properties(self, sha256: str) -> None:
        told = self.file.core_properties
        told.title = f"{self.content.name}, {wording.month_of(self.content)}"
        told.subject = wording.overview_title(self.content)
        told.author = self.content.organisation
        told.last_modified_by = self.content.organisation
        told.keywords = f"{self.content.code}, {self.content.month}"
        told.identifier = f"sha256:{sha256}"
        told.comments = wording.state_words(self.content)
        told.created = told.modified = datetime.fromisoformat(self.content.as_of)

    def _cover(self, sha256: str) -> None:
        content = self.content
        self._begin("", content.name)
        slide = self.slide
        title = slide.shapes.title
        title.left, title.top, title.width, title.height = Box(SIDE, 1.9, INNER, 1.1).emu
        size = 36 if len(content.name) <= 45 else 26 if len(content.name) <= 90 else 20
        set_style(title.text_frame, size=size, bold=True, anchor=MSO_ANCHOR.BOTTOM)
        kind = f"{content.organisation} · {_('Monthly pack')} · {wording.kind_label(content.kind)}"
        write_text(slide, Box(SIDE, 1.2, INNER, 0.5), cut(kind, 150), size=14, ink="muted")
        write_text(
            slide, Box(SIDE, 3.05, INNER, 0.5), wording.month_of(content), size=20, ink="muted"
        )
        message = wording.overview_title(content)
        write_text(slide, Box(SIDE, 3.85, INNER, 0.6), message, size=20, bold=True, ink="accent")
        ink = "muted" if content.is_closed else "amber-ink"
        write_text(
            slide, Box(SIDE, 5.2, INNER, 0.4), wording.state_words(content), size=14, ink=ink
        )
        told = f"{_('Code')} {content.code}\n{_('SHA-256 of the data')} {sha256}"
        write_text(slide, Box(SIDE, 5.7, INNER, 0.6), told, size=10, ink="faint")

    def _begin(self, topic: str, title: str) -> None:
        self.slide = self.file.slides.add_slide(self.file.slide_layouts[0])
        shape = self.slide.shapes.title
        shape.text_frame.text = title
        shape.left, shape.top, shape.width, shape.height = Box(SIDE, 0.62, INNER, 1.0).emu
        size = 26 if len(title) <= TITLE_LETTERS else 21 if len(title) <= 130 else 16
        is_one_line = lines_of(title, INNER, size, em=TITLE_EM) == 1
        set_style(shape.text_frame, size=size, bold=True, anchor=MSO_ANCHOR.TOP)
        if topic:
            write_text(self.slide, Box(SIDE, 0.32, INNER, 0.34), topic, size=12, ink="faint")
        write_text(self.slide, Box(SIDE, 7.0, 4.3, 0.3), self.foot, size=8, ink="faint")
        write_text(self.slide, Box(SIDE + 4.4, 7.0, 6.9, 0.3), self.strip, size=8, ink="faint")
        write_number(self.slide)
        self.body = self.top = 1.3 if is_one_line else 1.72

    def _page(self, page: blocks.PackPage) -> None:
        self._begin(page.topic, page.title)
        if any(isinstance(block, blocks.MovesChart) for block in page.blocks):
            self._side_by_side(page)
            return
        for place, block in enumerate(page.blocks):
            grids = [grid for later in page.blocks[place:] if (grid := grid_of(later)) is not None]
            match block:
                case blocks.Note():
                    self._note(block)
                case blocks.Overview():
                    self._overview(block)
                case blocks.BridgeChart():
                    self._chart(draw_bridge, block, grids)
                case blocks.TrendChart():
                    self._chart(draw_trend, block, grids)
                case blocks.KnownChart():
                    self._chart(draw_known, block, grids)
                case blocks.CountsChart():
                    self._chart(draw_counts, block, grids)
                case _:
                    below = sum(grid.height(INNER) + GAP for grid in grids[1:])
                    self._grid(page, grids[0], below=below)

    def _side_by_side(self, page: blocks.PackPage) -> None:
        """What moved as a chart, and the scores beside it."""
        for block in page.blocks:
            match block:
                case blocks.Note():
                    self._note(block)
                case blocks.MovesChart():
                    height = min(FLOOR - self.top, 0.6 + 0.44 * len(block.rows))
                    draw_moves(self.slide, Box(SIDE, self.top, 4.3, height), block)
                case blocks.ScoreTable():
                    grid = grid_of_scores(block)
                    grid = replace(grid, widths=(2.7, *grid.widths[1:]), size=9)
                    self._grid(page, grid, left=SIDE + 4.4, width=INNER - 4.4)

    def _note(self, note: blocks.Note) -> None:
        height = lines_of(note.text, INNER, 13) * 13 * LINE / 72 + 0.1
        write_text(self.slide, Box(SIDE, self.top, INNER, height), note.text, size=13, ink="muted")
        self.top += height + GAP / 2

    def _chart(
        self, draw: Callable[[Any, Box, Any], None], block: Any, grids: Sequence[Grid]
    ) -> None:
        """As high as the tables below it leave room for, whose letters may be large if it is."""
        room = FLOOR - self.top - GAP
        heights = [
            sum(replace(grid, size=max(grid.size, size)).height(INNER) + GAP for grid in grids)
            for size in (*SIZES, 0)
        ]
        taken = next((each for each in heights if room - each >= GOOD_CHART), heights[-1])
        height = max(room - taken, LEAST_CHART)
        draw(self.slide, Box(SIDE, self.top, INNER, height), block)
        self.top += height + GAP

    def _overview(self, block: blocks.Overview) -> None:
        overall = block.line.overall
        left = Box(SIDE, self.top, 4.1, 1.25)
        write_text(self.slide, left, score_text(overall.score), size=66, bold=True)
        band = f"{wording.band_shape(overall.band)} {wording.band_word(overall.band)}"
        ink = ink_of(overall.band)
        write_text(
            self.slide, Box(SIDE, self.top + 1.3, 4.1, 0.4), band, size=18, bold=True, ink=ink
        )
        told = [
            _("Change since %(month)s: %(change)s")
            % {"month": block.before, "change": change_text(block.line.change)},
            _("Known: %(known)s") % {"known": percent_text(overall.coverage)},
            _("Possible: %(low)s to %(high)s")
            % {"low": score_text(overall.low), "high": score_text(overall.high)},
            _("Balance: %(balance)s") % {"balance": block.balance},
        ]
        facts = Box(SIDE, self.top + 1.8, 4.1, 1.3)
        write_text(self.slide, facts, "\n".join(told), size=13, ink="muted")
        width = INNER - 4.4
        draw_categories(self.slide, Box(SIDE + 4.4, self.top, width, 2.5), block)
        grid = grid_of_categories(block)
        draw_grid(self.slide, Box(SIDE + 4.4, self.top + 2.6, width, 0), grid, grid.rows)

    def _grid(
        self,
        page: blocks.PackPage,
        grid: Grid,
        *,
        left: float = SIDE,
        width: float = INNER,
        below: float = 0.0,
    ) -> None:
        """The table, over as many slides as it takes; `below` is the room that others want."""
        grid = grid.sized(width, FLOOR - self.top - below)
        rows = list(grid.rows)
        head = grid.height_of(grid.head, width)
        even = self._even_share(grid, width, head)
        while rows:
            room = min(FLOOR - self.top - head - (MORE if grid.more else 0), even)
            number = rows_that_fit(grid, rows, width, room)
            if not number:
                if self.top > self.body:
                    self._go_on(page)
                    continue
                number = 1
            told, rows = rows[:number], rows[number:]
            height = draw_grid(self.slide, Box(left, self.top, width, 0), grid, told)
            self.top += height + GAP
            if rows:
                self._go_on(page)
        if grid.more:
            write_text(
                self.slide,
                Box(left, self.top - GAP / 2, width, 0.28),
                grid.more,
                size=11,
                ink="muted",
            )
            self.top += 0.28

    def _even_share(self, grid: Grid, width: float, head: float) -> float:
        """So much on each slide that the last of several is not left with a single row."""
        heights = [grid.height_of(row, width) for row in grid.rows]
        room = FLOOR - self.body - head - MORE
        if sum(heights) <= FLOOR - self.top - head:
            return room + MORE
        return sum(heights) / ceil(sum(heights) / room) + max(heights) / 2

    def _go_on(self, page: blocks.PackPage) -> None:
        self._begin(_("%(topic)s (continued)") % {"topic": page.topic}, page.title)
