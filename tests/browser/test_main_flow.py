"""The main job, end to end, in the real portal: a value in, the scores of everybody after it."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.conftest import settled
from tests.installation import Process, eventually
from tests.services import free_port

pytestmark = [pytest.mark.browser, pytest.mark.worker, pytest.mark.timeout(300)]

MOST_TABS = 150


@dataclass(frozen=True)
class Portal:
    """`manage.py portal`, running: web server, worker and scheduler."""

    process: Process
    var: Path
    address: str

    @property
    def password(self) -> str:
        found = re.search(r"Sign in with the password (\S+) as", self.process.log.read_text())
        assert found, self.process.log.read_text()
        return found[1]

    def end(self) -> int:
        """As Ctrl-C does."""
        self.process.process.send_signal(signal.SIGINT)
        return self.process.process.wait(timeout=20)

    def processes(self) -> list[str]:
        """Whatever still runs with this portal's folder in its environment."""
        mark = f"VAR_DIR={self.var}\0".encode()
        found = []
        for environ in Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark in environ.read_bytes():
                    found.append((environ.parent / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue  # it ended meanwhile
        return found


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    """The real thing on the worked example, with a database of its own."""
    var, port = tmp_path / "var", free_port()
    command = [sys.executable, "manage.py", "portal", "--workspace", "examples/worked"]
    process = Process(
        [*command, "--port", str(port)],
        {"PATH": os.environ["PATH"], "VAR_DIR": str(var)},
        tmp_path / "terminal",
    )
    try:
        eventually(lambda: "Ctrl-C ends it" in process.log.read_text())
        yield Portal(process, var, f"http://127.0.0.1:{port}")
    except BaseException:
        print(process.log.read_text())  # noqa: T201  # pytest shows it beside the failure
        raise
    finally:
        process.kill()


def sign_in(page: Page, portal: Portal, person: str) -> None:
    page.goto(f"{portal.address}/")
    page.get_by_label("User name").fill(person)
    page.get_by_label("Password").fill(portal.password)
    page.get_by_role("button", name="Sign in").click()


def tab_to(page: Page, place: Locator) -> None:
    """Go on with the Tab key until the place has the focus."""
    expect(place).to_be_visible()
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if place.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"{MOST_TABS} times Tab did not lead to {place}")


@contextmanager
def form_fetched(page: Page) -> Iterator[None]:
    """Wait until the form has come anew, as somebody does who looks at it."""
    with page.expect_response("**/entry/form/"):
        yield
    settled(page)


def enter_a_value(page: Page) -> None:
    """By keyboard alone: 28 days to fix a defect, for one week of one project."""
    form = page.get_by_role("region", name="One value")
    tab_to(page, form.get_by_label("Metric", exact=True))
    with form_fetched(page):
        page.keyboard.type("Days to fix")
    tab_to(page, form.get_by_label("Of whom"))
    with form_fetched(page):
        page.keyboard.type("Faster onboarding")
    # Of the latest weeks one is chosen; an older one is typed.
    tab_to(page, form.locator("summary", has_text="Another period"))
    page.keyboard.press("Enter")
    older = form.get_by_role("group").filter(has_text="Another period")
    tab_to(page, older.get_by_role("textbox"))
    page.keyboard.type("2026-06-08")
    with form_fetched(page):
        page.keyboard.press("Tab")
    value = form.get_by_label("Value", exact=True)
    expect(value).to_be_focused()
    page.keyboard.type("28")
    expect(form).to_contain_text(re.compile(r"Scores\s+5\.0"))  # before it is saved
    tab_to(page, form.get_by_role("button", name="Save"))
    page.keyboard.press("Enter")
    # So long a time was never needed before, and the form asks whether it is right.
    yes = form.get_by_label("Yes, the value is right")
    expect(yes).to_be_visible()
    tab_to(page, yes)
    page.keyboard.press("Space")
    tab_to(page, form.get_by_role("button", name="Save"))
    page.keyboard.press("Enter")


def overall_of(row: Locator) -> str:
    """The overall score that a row of the outcome tells, after a change that it tells too."""
    cell = row.get_by_role("cell").first
    expect(cell).to_have_text(re.compile(r"[^\w\s]\d+\.\d\s+from\s+\d+\.\d"))
    found = re.search(r"\d+\.\d", cell.inner_text())
    assert found
    return found[0]


def test_a_value_reaches_everybody_above_it_and_can_be_traced_back(
    portal: Portal, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context().new_page()
    sign_in(page, portal, "analyst")
    expect(page).to_have_url(f"{portal.address}/entry/")
    page.goto(f"{portal.address}/entry/value/")
    enter_a_value(page)

    expect(page).to_have_url(re.compile("/entry/saved/"))
    expect(page.get_by_text("Saved: 28 days")).to_be_visible()
    outcome = page.get_by_role("region", name="Scores before and after")
    expect(page.get_by_text("Scores are being updated").or_(outcome).first).to_be_visible()
    expect(outcome).to_be_visible()  # without loading the page again
    expect(page.get_by_text(re.compile(r"Days to fix a defect .* its score went"))).to_be_visible()
    names = outcome.get_by_role("rowheader").get_by_role("link").all_inner_texts()
    assert names == [
        "Faster onboarding",
        "Customer channels",
        "Digital services",
        "Enterprise accounts",
        "Small business",
        "Northwind Services",
    ]
    moved = {
        name: overall_of(outcome.get_by_role("row", name=name))
        for name in names
        if name != "Small business"  # too little is known of it for an overall score
    }

    page = new_context().new_page()
    sign_in(page, portal, "executive")
    expect(page).to_have_url(f"{portal.address}/summary/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Northwind Services")
    overall = page.get_by_role("article").filter(has=page.get_by_role("heading", name="Overall"))
    expect(overall).to_contain_text(moved["Northwind Services"])

    page.get_by_role("link", name="Why this score").click()
    for name in ("Enterprise accounts", "Faster onboarding"):
        tactical = page.get_by_role("region", name="Tactical", exact=True)
        tactical.get_by_role("link", name=name, exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(name)
        overall = page.get_by_role("article").filter(
            has=page.get_by_role("heading", name="Overall")
        )
        expect(overall).to_contain_text(moved[name])
    page.locator("summary", has_text="Days to fix a defect").click()
    values = page.get_by_label(re.compile("^Values of Days to fix a defect"))
    value = values.get_by_role("row").filter(has_text="28 days")
    expect(value).to_contain_text("analyst")
    expect(value).to_contain_text("2026-W24")

    assert portal.end() == 0
    assert portal.processes() == []
