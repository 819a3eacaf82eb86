"""A blank deck, places on its slides, and text on them."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

from lxml import etree
from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.util import Inches, Pt

from dashboards.presentation.bands import style_of
from dashboards.presentation.palette import LIGHT

WIDTH, HEIGHT = 13.333, 7.5
SIDE = 0.6
INNER = WIDTH - 2 * SIDE
"""All in inches."""

EM = 0.52
"""The width of a letter against its size, on the safe side."""
LINE = 1.24
"""The height of a line against the size of its letters."""


def rgb(name: str) -> RGBColor:
    """A colour of the light palette."""
    return RGBColor.from_string(LIGHT[name].removeprefix("#").upper())


@dataclass(frozen=True, slots=True)
class Box:
    """A place on a slide, in inches."""

    left: float
    top: float
    width: float
    height: float

    @property
    def emu(self) -> tuple[int, int, int, int]:
        return Inches(self.left), Inches(self.top), Inches(self.width), Inches(self.height)


def lines_of(text: str, width: float, size: float, em: float = EM) -> int:
    """How many lines a text takes at most."""
    letters = max(int(width * 72 / (size * em)), 1)
    return sum(max(ceil(len(part) * 1.06 / letters), 1) for part in text.split("\n"))


def blank_file() -> Any:
    """A wide presentation with one layout: a title and room below it."""
    file = Presentation()
    file.slide_width, file.slide_height = Inches(WIDTH), Inches(HEIGHT)
    layouts = file.slide_layouts
    kept = layouts.get_by_name("Title Only") or layouts[5]
    for layout in list(layouts):
        if layout is not kept:
            layouts.remove(layout)
    for holder in (file.slide_master, kept):
        for shape in list(holder.placeholders):
            if shape.placeholder_format.idx == 0:
                shape.left, shape.top, shape.width, shape.height = Box(SIDE, 0.62, INNER, 1).emu
            else:
                shape._element.getparent().remove(shape._element)
    return file


def cut(words: str, most: int) -> str:
    return words if len(words) <= most else f"{words[: most - 1].rstrip()}…"


def ink_of(band: int | None) -> str:
    code = style_of(band).code
    return f"{code}-ink" if f"{code}-ink" in LIGHT else "muted"


def write_text(
    slide: Any, box: Box, text: str, *, size: float, bold: bool = False, ink: str = "ink"
) -> None:
    shape = slide.shapes.add_textbox(*box.emu)
    frame = shape.text_frame
    frame.text = text
    set_style(frame, size=size, bold=bold, ink=ink)


def set_style(
    frame: Any,
    *,
    size: float,
    bold: bool = False,
    ink: str = "ink",
    anchor: Any = MSO_ANCHOR.TOP,
    align: Any = PP_ALIGN.LEFT,
) -> None:
    frame.word_wrap = True
    frame.vertical_anchor = anchor
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    for paragraph in frame.paragraphs:
        paragraph.alignment = align
        for run in paragraph.runs:
            run.font.size = Pt(size)
            run.font.bold = bold
            run.font.color.rgb = rgb(ink)


def write_number(slide: Any) -> None:
    """The slide's own number, which stays right when slides are moved."""
    shape = slide.shapes.add_textbox(*Box(WIDTH - SIDE - 0.7, 7.0, 0.7, 0.3).emu)
    frame = shape.text_frame
    frame.text = ""
    set_style(frame, size=8, align=PP_ALIGN.RIGHT)
    paragraph = frame.paragraphs[0]._p
    field = etree.SubElement(paragraph, qn("a:fld"))
    field.set("id", "{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}")
    field.set("type", "slidenum")
    etree.SubElement(field, qn("a:rPr")).set("sz", "800")
    etree.SubElement(field, qn("a:t")).text = "0"
