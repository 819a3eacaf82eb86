"""What only a browser shows of comparisons and clocks: pickers beside HTMX, the browser's zone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect
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
def page(live_server: LiveServer, new_context: Callable[..., BrowserContext]) -> Page:
    """The worked example, scored, and an executive who has signed in in Tokyo."""
    load_workspace(WORKED)
    score_now(trigger=RunTrigger.COMMAND)
    make_person("executive", Role.EXECUTIVE)
    page = new_context(base_url=live_server.url, timezone_id="Asia/Tokyo").new_page()
    page.goto("/")
    page.get_by_label("User name").fill("executive")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("main h1")).to_be_visible()
    return page


def test_month_and_comparison_keep_the_filters_that_were_chosen_meanwhile(page: Page) -> None:
    page.goto("/projects/?month=2026-06")
    page.get_by_label("Measured").select_option("all")
    page.wait_for_url("**/projects/?**span=all**")

    page.get_by_label("Compared with").select_option("2026-02")
    page.wait_for_url("**against=2026-02**")
    assert "span=all" in page.url
    expect(page.get_by_role("columnheader", name="Change since Feb 2026")).to_be_visible()

    page.get_by_role("link", name="Month: back to").click()
    page.wait_for_url("**month=2026-05**")
    assert "span=all" in page.url
    assert "against=2026-02" in page.url

    page.go_back()
    page.get_by_label("Compared with").select_option("")
    page.wait_for_url(lambda url: "against" not in url)


def test_times_are_those_of_the_browser_and_it_is_offered_again(page: Page) -> None:
    page.goto("/account/")
    zone = page.get_by_label("Time zone")
    expect(zone).to_have_value("Asia/Tokyo")
    offer = page.get_by_role("button", name="Take this browser's: Asia/Tokyo")
    expect(offer).to_be_hidden()

    zone.select_option("UTC")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Times are shown as in UTC.")).to_be_visible()

    offer.click()
    expect(zone).to_have_value("Asia/Tokyo")
    expect(offer).to_be_hidden()
