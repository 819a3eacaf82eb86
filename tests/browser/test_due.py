"""The due list as an analyst uses it: unfolding a line, choosing several values, filtering."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture
def page(visit: Visit) -> Page:
    page = visit("analyst")
    page.goto("/entry/")
    return page


def test_a_line_unfolds_by_keyboard_and_all_its_values_are_chosen_at_once(page: Page) -> None:
    line = page.locator(".due-line").first
    line.locator("summary").focus()
    page.keyboard.press("Enter")
    boxes = line.locator("tbody input[type=checkbox]")
    expect(boxes.first).to_be_visible()
    count = boxes.count()
    assert count > 1
    line.get_by_label("Choose all that are shown").check()
    expect(line.locator("tbody input[type=checkbox]:checked")).to_have_count(count)
    enter = line.get_by_role("link", name=re.compile("^Enter")).first
    enter.click()
    expect(page).to_have_url(re.compile(r"/entry/value/\?metric=\w+&subject=[^&]+&period="))


def test_a_filter_stands_in_the_address_and_holds_for_what_is_unfolded(page: Page) -> None:
    page.get_by_label("Show").select_option("Overdue")
    page.wait_for_url(re.compile(r"state=overdue"))
    page.get_by_label("Portfolio or segment").select_option("PF-SERVE")
    page.wait_for_url(re.compile(r"scope=PF-SERVE"))
    line = page.locator(".due-line").first
    told = line.locator(".due-line__count").inner_text()
    line.locator("summary").click()
    expect(line.locator("tbody tr")).to_have_count(int(told.split()[0]))
    settled(page)
    page.reload()
    expect(page.get_by_label("Show")).to_have_value("overdue")
    expect(page.get_by_label("Portfolio or segment")).to_have_value("PF-SERVE")
