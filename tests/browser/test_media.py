"""Pages for those who asked for no motion, and pages on paper."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.browser.conftest import CHARTS_ARE_DONE, MONTH, Visit

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

PAGES = [
    f"/summary/?month={MONTH}",
    f"/portfolios/PF-GROW/?month={MONTH}",
    f"/projects/PRJ-BILLBOT/?month={MONTH}",
    f"/customers/?month={MONTH}",
]

# Seconds: of what may move on the page, and of what is moving now.
LONGEST_MOTION = """
() => {
  const seconds = (text) => text.split(",").map(Number.parseFloat);
  const styles = [...document.querySelectorAll("*")].flatMap((element) =>
    [null, "::before", "::after"].map((part) => getComputedStyle(element, part)));
  const moving = document.getAnimations().map(
    (animation) => Number(animation.effect.getComputedTiming().duration) / 1000);
  return Math.max(...moving, ...styles.flatMap((style) =>
    [...seconds(style.transitionDuration), ...seconds(style.animationDuration)]));
}
"""
SCROLLS_SMOOTHLY = """
() => [...document.querySelectorAll("*")].some(
  (element) => getComputedStyle(element).scrollBehavior === "smooth")
"""
NOT_SEEN = 0.001

COLOURS = """
() => {
  const style = getComputedStyle(document.body);
  return [style.backgroundColor, style.color].map(
    (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map(Number));
}
"""


def texts_beside_the_paper(paper: PdfReader) -> list[str]:
    """What begins where the sheet has ended already."""
    found = []
    for sheet in paper.pages:
        width = float(sheet.mediabox.width)

        def look(
            text: str, page: list[float], line: list[float], *_: Any, width: float = width
        ) -> None:
            x = page[0] * line[4] + page[2] * line[5] + page[4]
            if text.strip() and not 0 <= x < width:
                found.append(text)

        sheet.extract_text(visitor_text=look)
    return found


def opened(visit: Visit, address: str, **options: str) -> Page:
    page = visit("executive", **options)
    page.goto(address)
    page.wait_for_function(CHARTS_ARE_DONE)
    return page


@pytest.mark.parametrize("address", PAGES)
def test_nothing_moves_for_whoever_asked_for_no_motion(visit: Visit, address: str) -> None:
    page = opened(visit, address, reduced_motion="no-preference")
    assert page.evaluate(LONGEST_MOTION) > NOT_SEEN, "otherwise something does"
    page.emulate_media(reduced_motion="reduce")
    page.reload()
    page.wait_for_function(CHARTS_ARE_DONE)
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("main").get_by_role("link").first.hover()
    assert page.evaluate(LONGEST_MOTION) <= NOT_SEEN
    assert not page.evaluate(SCROLLS_SMOOTHLY)


@pytest.mark.parametrize("address", PAGES)
def test_on_paper_a_page_is_light_and_complete_and_without_controls(
    visit: Visit, address: str
) -> None:
    page = opened(visit, address, color_scheme="dark")
    title = page.get_by_role("heading", level=1).inner_text()
    table = page.locator("main table:visible").last
    cells = [*table.get_by_role("columnheader").all(), *table.get_by_role("rowheader").all()]
    told = [cell.inner_text().split("\n")[0].strip() for cell in cells]
    assert any(told)
    page.emulate_media(media="print", color_scheme="dark")
    for control in (
        page.get_by_role("banner"),
        page.get_by_role("navigation", name="Main"),
        page.get_by_role("search", name="Filters"),
    ):
        expect(control.filter(visible=True)).to_have_count(0)
    ground, ink = page.evaluate(COLOURS)
    assert min(ground) == 255
    assert max(ink) < 100

    paper = PdfReader(BytesIO(page.pdf(format="A4")))
    text = " ".join(" ".join(sheet.extract_text() for sheet in paper.pages).split())
    assert " ".join(title.split()) in text
    assert [name for name in told if " ".join(name.split()) not in text] == []
    assert texts_beside_the_paper(paper) == []
