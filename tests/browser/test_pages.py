"""Every page in a browser: light, dark, and on a phone; nothing is wrong with any of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import get_resolver, resolve
from playwright.sync_api import ConsoleMessage, Page, Request, expect

from examples.demo.company import ORGANISATION
from tests.browser.conftest import CLOSED_MONTH, MONTH, REOPENED_MONTH, Site, Visit

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PHONE, NARROW_PHONE, DESK = 390, 360, 1440
HEAVIEST_FIRST_LOAD = 600_000

SAVED = "what became of a saved value"
PAGES = [
    "/summary/",
    f"/summary/?month={CLOSED_MONTH}",
    "/summary/?month=2020-01",
    "/portfolios/",
    "/portfolios/PF-GROW/",
    "/portfolios/PF-BACK/",
    "/projects/",
    "/projects/?q=nothing+is+called+so",
    "/projects/PRJ-BILLBOT/",
    "/projects/PRJ-VIDEO/",
    "/segments/",
    "/segments/SEG-SMB/",
    f"/explain/{ORGANISATION}/{MONTH}/",
    f"/explain/PRJ-BILLBOT/{MONTH}/?against=2025-10",
    f"/explain/PF-BACK/{MONTH}/",
    f"/explain/PRJ-BILLBOT/{MONTH}/adoption/{MONTH}/",
    "/entry/",
    f"/entry/?metric=adoption&subject=PRJ-BILLBOT&period={MONTH}",
    SAVED,
    "/runs/",
    "/months/",
    f"/months/{REOPENED_MONTH}/",
    f"/months/{MONTH}/close/",
    f"/months/{CLOSED_MONTH}/reopen/",
    "/account/",
    "/account/password/",
    "/no/such/page/",
]
"""What an administrator sees, who sees all there is."""

NO_PAGES = {"home", "sign_out", "entry_form", "entry_preview", "run_request", "score_status"}
"""They send on, take forms, or answer parts of a page."""

LOOK_OUT = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`Forbidden by ${event.effectiveDirective}: ${event.blockedURI}`));
"""

CHARTS_ARE_DONE = """
() => [...document.querySelectorAll("[data-chart]")].every(
  (chart) => ["drawn", "failed"].includes(chart.dataset.chartState))
"""

SHAPES = """
(chart) => [...chart.querySelectorAll(".plot path, .plot rect")].filter((shape) => {
  const { width, height } = shape.getBoundingClientRect();
  return width > 0 || height > 0;
}).length
"""

WIDTH = "document.documentElement.scrollWidth"


class Watch:
    """What a window complains about."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.axe = Axe()
        self.complaints: list[str] = []
        page.add_init_script(LOOK_OUT)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(f"error in a script: {error}"))

    def _hear(self, message: ConsoleMessage) -> None:
        # That a page is not to be had is no error of that page.
        is_about_itself = message.location.get("url") == self.page.url
        if message.type == "error" and not (is_about_itself and "the server responded" in message.text):
            self.complaints.append(f"console: {message.text}")

    def problems_of(self, address: str, status: int = 200) -> Iterator[str]:
        """Open a page and look at everything in it."""
        self.complaints.clear()
        answer = self.page.goto(address)
        assert answer is not None
        self.page.wait_for_function(CHARTS_ARE_DONE)
        if answer.status != status:
            yield f"answered {answer.status}"
        yield from self._charts()
        yield from self._width()
        for violation in self.axe.run(self.page).response["violations"]:
            for node in violation["nodes"]:
                yield f"axe: {violation['id']}: {node['target']} {node['html'][:150]}"
        yield from self.complaints

    def _charts(self) -> Iterator[str]:
        for chart in self.page.locator("[data-chart]").all():
            name = chart.get_attribute("data-chart")
            if not chart.evaluate(SHAPES):
                yield f"{name} is empty"
            if not chart.locator("xpath=ancestor::figure").locator("tbody tr").count():
                yield f"{name} has no data table"
            expect(chart).to_have_role("img")
            expect(chart).to_have_accessible_name(re.compile(r"\w.{20,}"))

    def _width(self) -> Iterator[str]:
        size = self.page.viewport_size
        assert size is not None
        widths = [size["width"], NARROW_PHONE] if size["width"] == PHONE else [size["width"]]
        for width in widths:
            self.page.set_viewport_size({**size, "width": width})
            if (needed := self.page.evaluate(WIDTH)) > width:
                yield f"needs {needed} px of {width}"
        self.page.set_viewport_size(size)


def names_of_pages() -> set[str]:
    """The names of the portal's own addresses, without the admin site's."""
    return {name for name in get_resolver().reverse_dict if isinstance(name, str)} - NO_PAGES


def test_every_page_is_looked_at(site: Site) -> None:
    addresses = [site.saved if page == SAVED else page for page in [*PAGES, "/sign-in/"]]
    paths = [address.partition("?")[0] for address in addresses if "no/such" not in address]
    assert {resolve(path).url_name for path in paths} == names_of_pages()


@pytest.mark.parametrize(("theme", "width"), [("light", DESK), ("dark", DESK), ("light", PHONE)])
def test_nothing_is_wrong_with_any_page(site: Site, visit: Visit, theme: str, width: int) -> None:
    wrong: dict[str, list[str]] = {}

    def look(person: str, pages: list[str]) -> None:
        watch = Watch(visit(person, width=width, color_scheme=theme))
        for page in pages:
            address = site.saved if page == SAVED else page
            status = {"/no/such/page/": 404, "/months/2026-10/close/": 200}.get(page, 200)
            if person == "executive":
                status = 403
            if problems := list(watch.problems_of(address, status)):
                wrong[page] = problems

    look("administrator", PAGES)
    look("executive", ["/entry/"])
    look("", ["/sign-in/"])
    assert not wrong, "\n".join(
        f"{page}: {problem}" for page, found in wrong.items() for problem in found
    )


def test_the_first_load_is_light_and_comes_from_here_alone(site: Site, visit: Visit) -> None:
    page = visit("executive")
    addresses: list[str] = []

    def note(request: Request) -> None:
        addresses.append(request.url)

    page.on("request", note)
    page.goto("/summary/")
    page.wait_for_function(CHARTS_ARE_DONE)
    sizes = page.evaluate(
        """[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
        .map((entry) => entry.transferSize)"""
    )
    assert min(sizes) > 0
    assert sum(sizes) < HEAVIEST_FIRST_LOAD
    own = (site.address + "/", "data:", "blob:")
    assert [address for address in addresses if not address.startswith(own)] == []
