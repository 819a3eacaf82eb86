"""Every page in a browser: light, dark, and on a phone; nothing is wrong with any of them.

The dark look is taken at the page that stands there, by the same change of the system's theme that
people have in the evening: loading each page once more would find what the light look has found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import get_resolver, resolve
from playwright.sync_api import ConsoleMessage, Page, expect

from examples.demo.company import ORGANISATION
from tests.browser.conftest import (
    CHARTS_ARE_DONE,
    CHECKED_BATCH,
    CLOSED_MONTH,
    MONTH,
    REOPENED_MONTH,
    STORED_BATCH,
    Site,
    Visit,
    settled,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

DESK, PHONE, NARROW_PHONE = 1440, 390, 360
HEAVIEST_FIRST_LOAD = 600_000
HEAVIEST_LATER_LOAD = 100_000
HEAVY_PAGES = [
    "/summary/",
    "/portfolios/PF-SERVE/",
    "/projects/",
    "/projects/PRJ-BILLBOT/",
    "/segments/SEG-SMB/",
    "/metrics/fix_days/",
    f"/explain/PRJ-BILLBOT/{MONTH}/",
    "/entry/",
    "/entry/grid/?metric=fix_days",
    "/help/",
]

SAVED = "/entry/saved/TOKEN/"
STOP = "/subscriptions/stop/TOKEN/"
OVERRIDE = "/metrics/handoffs/overrides/8/"
EXEMPTION = "/metrics/fix_days/exemptions/1/"
NO_SUCH_PAGE = "/no/such/page/"
PAGES = [
    "/summary/",
    f"/summary/?month={CLOSED_MONTH}",
    "/summary/?month=2020-01",
    "/portfolios/",
    "/portfolios/PF-GROW/",
    "/portfolios/PF-BACK/",
    "/portfolios/PF-GROW/?holds=own",
    "/compare/portfolios/?a=PF-GROW",
    "/compare/portfolios/?a=PF-GROW&b=PF-BACK",
    "/compare/segments/?a=SEG-SMB",
    "/projects/",
    "/projects/?q=nothing+is+called+so",
    "/projects/PRJ-BILLBOT/",
    "/projects/PRJ-VIDEO/",
    "/segments/",
    "/segments/SEG-SMB/",
    "/customers/",
    "/customers/?risk=unknown&q=nothing+is+called+so",
    "/customers/C-ENT-01/",
    "/services/",
    "/services/SRV-MAIL/",
    "/help/",
    f"/explain/{ORGANISATION}/{MONTH}/",
    f"/explain/PRJ-BILLBOT/{MONTH}/?against=2025-10",
    f"/explain/{ORGANISATION}/{MONTH}/"
    "?open=tactical-segments/SEG-SMB/projects/PRJ-CHAT/own/fix_days",
    f"/explain/PF-BACK/{MONTH}/",
    f"/explain/PRJ-BILLBOT/{MONTH}/adoption/{MONTH}/",
    "/summary/?against=last-year",
    f"/projects/?month={MONTH}&against=2026-01",
    f"/customers/?month={MONTH}&against=2020-01",
    "/entry/",
    "/entry/?state=answered&metric=nps",
    "/entry/?scope=PF-SERVE&state=overdue",
    "/entry/value/",
    f"/entry/value/?metric=adoption&subject=PRJ-BILLBOT&period={MONTH}",
    f"/entry/history/adoption/PRJ-BILLBOT/{MONTH}/",
    f"/entry/history/adoption/PRJ-BILLBOT/{MONTH}/restore/?event=before-1",
    f"/entry/no-value/?row=adoption/PRJ-VIDEO/{MONTH}",
    f"/entry/no-value/take-back/?row=adoption/PRJ-VIDEO/{MONTH}",
    f"/entry/does-not-apply/?metric=adoption&subject=PRJ-VIDEO&from_month={MONTH}",
    f"/entry/does-not-apply/?row=adoption/PRJ-VIDEO/{MONTH}&row=adoption/PRJ-CHAT/{MONTH}",
    "/approvals/",
    "/approvals/proposals/",
    SAVED,
    "/entry/grid/",
    "/entry/grid/?metric=adoption",
    "/entry/grid/?subject=PRJ-BILLBOT&periods=6",
    "/entry/imports/new/",
    "/entry/imports/1/mapping/",
    "/events/",
    "/events/?of=SEG-SMB",
    "/events/1/edit/",
    "/events/1/delete/",
    "/subjects/PRJ-BILLBOT/events/new/",
    "/subjects/",
    "/subjects/?kind=portfolio",
    "/subjects/new/project/",
    "/subjects/PRJ-BILLBOT/edit/",
    "/subjects/SEG-SMB/edit/",
    "/subjects/PRJ-BILLBOT/delete/",
    "/subjects/SEG-SMB/links/new/service/",
    "/subjects/PRJ-BILLBOT/links/SEG-SMB/",
    "/subjects/SRV-MAIL/links/SEG-SMB/delete/",
    "/assignments/",
    "/assignments/?by=person",
    "/assignments/new/",
    "/scorecards/",
    "/scorecards/SC-PROJECT/",
    "/scorecards/SC-PROJECT/edit/",
    "/scorecards/SC-PROJECT/delete/",
    "/new/scorecard/",
    "/metrics/",
    "/metrics/?q=nothing+is+called+so",
    "/metrics/fix_days/",
    "/metrics/profit_margin/",
    "/metrics/fix_days/history/",
    "/metrics/fix_days/quality/",
    "/metrics/fix_days/?subject=PRJ-BILLBOT&subject=chat",
    "/new/metric/",
    "/metrics/cost_ratio/edit/",
    "/metrics/fix_days/delete/",
    "/catalogue/",
    "/metrics/handoffs/overrides/new/",
    OVERRIDE,
    f"{OVERRIDE}delete/",
    "/metrics/fix_days/exemptions/new/",
    EXEMPTION,
    f"{EXEMPTION}delete/",
    "/entry/imports/",
    f"/entry/imports/{CHECKED_BATCH}/",
    f"/entry/imports/{STORED_BATCH}/?rows=new",
    f"/entry/imports/{STORED_BATCH}/undo/",
    "/runs/",
    "/search/?q=a",
    "/packs/",
    f"/packs/?month={CLOSED_MONTH}",
    "/packs/?month=2026-10&subject=SEG-SMB",
    "/months/",
    f"/months/{REOPENED_MONTH}/",
    f"/months/{MONTH}/close/",
    f"/months/{MONTH}/missing/",
    f"/months/{CLOSED_MONTH}/reopen/",
    "/views/",
    "/views/new/?address=/projects/%3Fsort%3D-score%26month%3D2026-09",
    "/views/1/edit/",
    "/subscriptions/",
    "/subscriptions/new/",
    "/subscriptions/1/edit/",
    STOP,
    "/account/",
    "/account/password/",
    "/account/password/forgotten/",
    "/account/password/forgotten/sent/",
    "/account/password/new/1-no-key/",
    "/account/second-factor/",
    "/account/sessions/",
    "/account/tokens/",
    "/audit/",
    "/audit/?happening=refused&q=nothing+is+called+so",
    "/status/",
    NO_SUCH_PAGE,
]
"""What administrators see, who see all there is."""

PARTS = 6
"""Of the walk, so that none of its tests takes long, however busy the machine is."""

REFUSED_PAGE = "/entry/"
SIGN_IN_PAGE = "/sign-in/"

OF_SECOND_FACTORS = {
    "account_reauthenticate",
    "mfa_activate_totp",
    "mfa_authenticate",
    "mfa_deactivate_totp",
    "mfa_generate_recovery_codes",
    "mfa_reauthenticate",
    "mfa_view_recovery_codes",
}
"""They ask for a person's own password and phone: tests/browser/test_accounts.py looks at them."""

NO_PAGES = {
    "account_login",
    "session_end",
    "session_end_others",
    "saved_view_delete",
    "saved_view_menu",
    "saved_view_move",
    "saved_view_open",
    "subscription_delete",
    "subscription_rest",
    # Not there in production: tests/pmo_portal/test_kept_mails.py looks at them.
    "kept_mail",
    "kept_mail_file",
    "kept_mail_list",
    "assignment_remove",
    "home",
    "sign_out",
    "due_download",
    "due_line",
    "due_sent",
    "entry_form",
    "entry_preview",
    "entry_grid_cell",
    "entry_grid_cells",
    "entry_grid_changes",
    "exemption_take_back",
    "draft_withdraw",
    "run_request",
    "score_status",
    "import_file",
    "import_refused",
    "pack_open",
    "pack_keep",
    "pack_kept",
    "pack_data",
    "token_end",
}
"""They send on, take forms, or answer parts of a page."""

OPEN_ALL = """
() => {
  const closed = [...document.querySelectorAll("details:not([open])")];
  closed.forEach((details) => { details.open = true; });
  return closed.length;
}
"""

DRAWN_SHAPES = """
(chart) => [...chart.querySelectorAll(".trace path")].filter((shape) => {
  const { width, height } = shape.getBoundingClientRect();
  return width > 0 || height > 0;
}).length
"""

WIDTH = "() => document.documentElement.scrollWidth"

# What a table needs more than there is, its own box scrolls, and the first column stays; so does
# that of tables which stand in its rows (an opened explanation).
LOST_BY_SCROLLING = """
() => [...document.querySelectorAll("main table")].flatMap((table) => {
  if (!table.getClientRects().length) {
    return [];
  }
  const name = (table.ariaLabel ?? table.querySelector("th")?.innerText ?? "").trim().slice(0, 40);
  const scrolls = (box) => ["auto", "scroll"].includes(getComputedStyle(box).overflowX);
  let box = table.parentElement;
  while (box !== null && !scrolls(box)) {
    box = box.parentElement;
  }
  if (box === null) {
    const isCut = table.getBoundingClientRect().right > innerWidth + 1;
    return isCut ? [`the table “${name}” is cut off`] : [];
  }
  if (box.scrollWidth <= box.clientWidth + 1) {
    return [];
  }
  box.scrollLeft = box.scrollWidth;
  const edge = box.getBoundingClientRect().left + 1;
  const lost = [...table.querySelectorAll("tbody tr")].filter((row) =>
    row.cells.length > 1 && row.getClientRects().length
      && row.cells[0].getBoundingClientRect().right <= edge);
  box.scrollLeft = 0;
  return lost.length ? [`${lost.length} rows of the table “${name}” lose their first column`] : [];
})
"""

DRAWN_AGAIN = """
() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
"""

TRANSFERRED = """
() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .map((entry) => entry.transferSize)
"""

AXE = Axe()
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}


@dataclass
class Look:
    """One way of looking at pages, and what is found wrong with them."""

    page: Page
    is_on_phone: bool = False
    found: dict[str, list[str]] = field(default_factory=dict)
    _said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self._said.append(f"script: {error}"))

    def _hear(self, message: ConsoleMessage) -> None:
        # That a page is not to be had is no error in that page.
        is_its_status = message.location.get("url") == self.page.url
        if message.type == "error" and not (is_its_status and "responded" in message.text):
            self._said.append(f"console: {message.text}")

    def at(self, address: str, *, status: int = 200) -> None:
        """Open a page and look at everything in it."""
        self._said.clear()
        answer = self.page.goto(address)
        assert answer is not None
        self.page.wait_for_function(CHARTS_ARE_DONE)
        problems = [] if answer.status == status else [f"answered {answer.status}"]
        problems += [*self._charts(), *self._width()]
        if not self.is_on_phone and self.page.evaluate(OPEN_ALL):
            self.page.wait_for_load_state("networkidle")  # some fetch what they show
        problems += self._accessibility()
        if not self.is_on_phone:
            problems += self._dark()
        problems += self._said
        if problems:
            self.found[address] = problems

    def _dark(self) -> Iterator[str]:
        """What differs in the dark; everything else was found in the light."""
        # Colours that fade into each other are not to be measured half-way.
        self.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        expect(self.page.locator("html")).to_have_attribute("data-bs-theme", "dark")
        self.page.evaluate(DRAWN_AGAIN)
        yield from (f"dark: {problem}" for problem in self._charts())
        yield from (f"dark: {problem}" for problem in self._accessibility(COLOURS))
        self.page.emulate_media(color_scheme="light", reduced_motion="no-preference")

    def _charts(self) -> Iterator[str]:
        for chart in self.page.locator("[data-chart]").all():
            name = chart.get_attribute("data-chart")
            if not chart.evaluate(DRAWN_SHAPES):
                yield f"{name} is empty"
            if not chart.locator("xpath=ancestor::figure").locator("tbody tr").count():
                yield f"{name} has no data table"
            expect(chart).to_have_role("img")
            expect(chart).to_have_accessible_name(re.compile(r"\w.{20,}"))

    def _width(self) -> Iterator[str]:
        size = self.page.viewport_size
        assert size is not None
        for width in (PHONE, NARROW_PHONE) if self.is_on_phone else (size["width"],):
            self.page.set_viewport_size({"width": width, "height": size["height"]})
            if (needed := self.page.evaluate(WIDTH)) > width:
                yield f"needs {needed} px of {width}"
        if self.is_on_phone:
            yield from self.page.evaluate(LOST_BY_SCROLLING)
        self.page.set_viewport_size(size)

    def _accessibility(self, only: Mapping[str, Any] | None = None) -> Iterator[str]:
        options = {"resultTypes": ["violations"], **(only or {})}
        for violation in AXE.run(self.page, options=options).response["violations"]:
            for node in violation["nodes"]:
                yield f"axe: {violation['id']}: {node['html'][:150]}"

    def problems(self) -> str:
        return "\n".join(
            f"{address}: {problem}" for address, found in self.found.items() for problem in found
        )


def names_of_pages() -> set[str]:
    """The names of the portal's own addresses, without the admin site's."""
    return (
        {name for name in get_resolver().reverse_dict if isinstance(name, str)}
        - NO_PAGES
        - OF_SECOND_FACTORS
    )


def test_every_page_is_looked_at() -> None:
    pages = {*PAGES, SIGN_IN_PAGE, REFUSED_PAGE} - {NO_SUCH_PAGE}
    assert {resolve(page.partition("?")[0]).url_name for page in pages} == names_of_pages()


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("width", [DESK, PHONE])
def test_nothing_is_wrong_with_any_page(site: Site, visit: Visit, width: int, part: int) -> None:
    def look(person: str = "") -> Look:
        return Look(visit(person, width=width, color_scheme="light"), is_on_phone=width == PHONE)

    administrator, executive, nobody = look("administrator"), look("executive"), look()
    for address in PAGES[part::PARTS]:
        page = {SAVED: site.saved, STOP: site.stop}.get(address, address)
        administrator.at(page, status=404 if address == NO_SUCH_PAGE else 200)
    if part == 0:
        executive.at(REFUSED_PAGE, status=403)
        nobody.at(SIGN_IN_PAGE)
    problems = [found for look in (administrator, executive, nobody) if (found := look.problems())]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("address", HEAVY_PAGES)
def test_the_first_load_is_light_and_comes_from_here_alone(
    site: Site, visit: Visit, address: str
) -> None:
    page = visit("administrator")
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    answer = page.goto(address)
    assert answer is not None
    assert answer.ok
    page.wait_for_function(CHARTS_ARE_DONE)
    settled(page)
    sizes = page.evaluate(TRANSFERRED)
    assert len(sizes) > 6  # style sheets, scripts
    assert sum(sizes) < HEAVIEST_FIRST_LOAD
    own = (f"{site.address}/", "data:", "blob:")
    assert [other for other in addresses if not other.startswith(own)] == []


def test_pages_after_the_first_one_are_lighter_still(site: Site, visit: Visit) -> None:
    page = visit("administrator")
    page.goto("/summary/")
    page.wait_for_function(CHARTS_ARE_DONE)
    sizes = {}
    for address in HEAVY_PAGES:
        page.goto(address)
        page.wait_for_function(CHARTS_ARE_DONE)
        settled(page)
        sizes[address] = sum(page.evaluate(TRANSFERRED))
    assert {address: size for address, size in sizes.items() if size >= HEAVIEST_LATER_LOAD} == {}
