"""Heat maps by keyboard alone: one stop for Tab, arrows from cell to cell; and without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def page(visit: Visit) -> Page:
    page = visit("executive")
    page.goto("/projects/")
    return page


def links_of(page: Page, row: int) -> Locator:
    return page.locator("table.heat-table tbody tr").nth(row).locator("a")


def test_arrows_go_from_cell_to_cell_and_stop_at_the_edges(page: Page) -> None:
    links_of(page, 0).nth(0).focus()

    page.keyboard.press("ArrowLeft")
    expect(links_of(page, 0).nth(0)).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(links_of(page, 0).nth(2)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(links_of(page, 1).nth(2)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(links_of(page, 0).nth(2)).to_be_focused()
    page.keyboard.press("End")
    expect(links_of(page, 0).last).to_be_focused()
    page.keyboard.press("Control+End")
    expect(page.locator("table.heat-table tbody a").last).to_be_focused()
    expect(page.locator("table.heat-table tbody a").last).to_be_in_viewport()
    page.keyboard.press("Control+Home")
    expect(links_of(page, 0).nth(0)).to_be_focused()


def test_a_cell_that_is_reached_lies_clear_of_the_fixed_header(page: Page) -> None:
    page.locator("table.heat-table tbody a").last.focus()
    for _ in range(45):
        page.keyboard.press("ArrowUp")

    cell = page.locator("table.heat-table tbody a:focus").bounding_box()
    heading = page.locator("table.heat-table thead th").first.bounding_box()
    assert cell is not None
    assert heading is not None
    assert cell["y"] >= heading["y"] + heading["height"] - 1


def test_only_one_link_of_a_table_is_a_stop_and_it_is_the_last_used(page: Page) -> None:
    stops = page.locator("table.heat-table tbody a[tabindex='0']")
    expect(stops).to_have_count(1)
    links_of(page, 0).nth(0).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")

    expect(stops).to_have_count(1)
    expect(page.locator(".heat-keys")).to_have_css("opacity", "1")
    page.keyboard.press("Shift+Tab")
    expect(page.locator("table.heat-table thead a").last).to_be_focused()
    page.keyboard.press("Tab")
    expect(links_of(page, 1).nth(1)).to_be_focused()


def test_enter_opens_the_explanation_of_a_cell(page: Page) -> None:
    links_of(page, 0).nth(0).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")

    page.wait_for_url(re.compile(r"/explain/[^/]+/[0-9-]+/#tactical$"))


def test_sorting_by_keyboard_stays_on_its_heading_and_the_new_rows_have_keys(page: Page) -> None:
    heading = page.get_by_role("columnheader", name="Financial")
    heading.get_by_role("link").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"sort=financial"))
    settled(page)

    expect(page.get_by_role("columnheader", name="Financial").get_by_role("link")).to_be_focused()
    expect(page.locator("table.heat-table tbody a[tabindex='0']")).to_have_count(1)
    links_of(page, 0).nth(0).focus()
    page.keyboard.press("ArrowDown")
    expect(links_of(page, 1).nth(0)).to_be_focused()


def test_without_scripts_every_cell_is_a_link_of_its_own(visit: Visit) -> None:
    page = visit("executive", java_script_enabled=False)
    page.goto("/portfolios/")

    expect(page.locator("table.heat-table tbody a[tabindex]")).to_have_count(0)
    assert page.locator("table.heat-table tbody .heat a").count() > 5
