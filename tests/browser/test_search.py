"""Search by keyboard alone, from any page; what was looked at last; and without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from metrics.choices import RunTrigger
from metrics.operations.runs import score_now
from metrics.workspace import load_workspace
from pmo_portal.roles import Role
from tests.conftest import PASSWORD, make_person

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
]

WORKED = Path(__file__).resolve().parents[2] / "examples" / "worked"


@pytest.fixture
def sign_in(
    live_server: LiveServer, new_context: Callable[..., BrowserContext]
) -> Callable[..., Page]:
    """The worked example, scored, and an executive who has signed in."""
    load_workspace(WORKED)
    score_now(trigger=RunTrigger.COMMAND)
    make_person("executive", Role.EXECUTIVE)

    def sign_in(**options: bool) -> Page:
        page = new_context(base_url=live_server.url, **options).new_page()
        page.goto("/")
        page.get_by_label("User name").fill("executive")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        return page

    return sign_in


def field(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Search by name or code")


def test_a_project_is_found_and_opened_by_keyboard(sign_in: Callable[..., Page]) -> None:
    page = sign_in()
    page.goto("/summary/?month=2026-05")
    page.keyboard.press("/")
    expect(field(page)).to_be_focused()
    page.keyboard.type("portfol")
    options = page.get_by_role("listbox", name="What fits").get_by_role("option")
    expect(options.first).to_be_visible()
    count = options.count()
    page.keyboard.press("ArrowUp")
    expect(options.nth(count - 1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    expect(field(page)).to_have_attribute(
        "aria-activedescendant", options.first.get_attribute("id") or ""
    )
    page.keyboard.press("Escape")
    expect(options.first).to_be_hidden()
    expect(field(page)).to_have_attribute("aria-expanded", "false")

    page.keyboard.press("Control+A")
    page.keyboard.type("CHANNELS")
    expect(options.first).to_contain_text("CHANNELS")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/portfolios/CHANNELS/\?month=2026-05$"))


def test_enter_without_a_choice_leads_to_everything_that_fits(
    sign_in: Callable[..., Page],
) -> None:
    page = sign_in()
    field(page).fill("channels")
    field(page).press("Enter")
    page.wait_for_url(re.compile(r"/search/\?q=channels$"))
    expect(page.get_by_role("table").get_by_role("link").first).to_be_visible()


def test_pages_looked_at_lately_are_offered_the_last_one_first(
    sign_in: Callable[..., Page],
) -> None:
    page = sign_in()
    page.goto("/portfolios/CHANNELS/")
    portfolio = page.get_by_role("heading", level=1).inner_text()
    page.goto("/summary/")
    page.goto("/segments/")
    page.get_by_role("table").get_by_role("rowheader").get_by_role("link").first.click()
    page.wait_for_url(re.compile(r"/segments/[^/]+/"))
    segment = page.get_by_role("heading", level=1).inner_text()
    page.goto("/summary/")
    page.keyboard.press("/")
    options = page.get_by_role("listbox").get_by_role("option")
    expect(options).to_have_text([segment, portfolio])


def test_a_slash_in_a_field_is_a_slash(sign_in: Callable[..., Page]) -> None:
    page = sign_in()
    page.goto("/projects/")
    text = page.get_by_role("searchbox").last
    text.click()
    page.keyboard.type("a/b")
    expect(text).to_have_value("a/b")


def test_without_scripts_the_field_leads_to_the_page(sign_in: Callable[..., Page]) -> None:
    page = sign_in(java_script_enabled=False)
    field(page).fill("channels")
    field(page).press("Enter")
    page.wait_for_url(re.compile(r"/search/\?q=channels$"))


def test_a_view_is_saved_as_it_stands_and_found_below_the_empty_field(
    sign_in: Callable[..., Page],
) -> None:
    page = sign_in()
    page.goto("/projects/?month=2026-05")
    with page.expect_request("**/projects/?**"):
        page.get_by_label("Overall band").select_option(label="Red")
    expect(page).to_have_url(re.compile("band="))
    page.get_by_role("link", name="Save this view").click()
    expect(page.get_by_role("textbox", name="Name", exact=True)).to_have_value("Projects")
    page.get_by_role("textbox", name="Name", exact=True).fill("What is red")
    page.get_by_label("Always the latest month").check()
    page.get_by_role("button", name="Save").click()
    expect(page).to_have_url(re.compile(r"/projects/\?.*band="))
    expect(page).not_to_have_url(re.compile("month="))

    page.goto("/help/")
    page.keyboard.press("/")
    options = page.get_by_role("listbox", name="What fits").get_by_role("option")
    expect(options).to_have_text(["What is red"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/projects/\?.*band="))
