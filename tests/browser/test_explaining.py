"""Step by step down to a measurement, with the keyboard; a formula's drawing; values over time."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import CHARTS_ARE_DONE, MONTH, Visit

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

COMPANY = "HARBOURLIGHT"


def test_the_tree_opens_by_keyboard_and_its_address_shows_the_same(visit: Visit) -> None:
    page = visit("executive")
    page.goto(f"/explain/{COMPANY}/{MONTH}/")
    segments = page.get_by_role("region", name="Segments of Tactical")
    step = segments.get_by_role("link", name="What Small businesses is made of").first
    step.focus()
    page.keyboard.press("Enter")
    inner = page.get_by_role("region", name="Projects of Small businesses, Tactical")
    expect(inner).to_be_visible()
    expect(step).to_be_focused()
    expect(step).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Tab")
    expect(segments.get_by_role("link", name="Small businesses", exact=True)).to_be_focused()

    inner.get_by_role("link", name=re.compile("^What .* is made of$")).first.press("Enter")
    metrics = page.get_by_role("region", name=re.compile("^Own metrics of .*, Tactical$"))
    expect(metrics).to_be_visible()
    values = metrics.locator("summary").first
    values.press("Enter")
    expect(metrics.get_by_role("columnheader", name="Came through")).to_be_visible()
    address = page.url
    assert address.count("open=") == 3

    other = visit("pmo_lead")
    other.goto(address)
    shown = other.get_by_role("region", name=re.compile("^Own metrics of .*, Tactical$"))
    expect(shown.get_by_role("columnheader", name="Came through")).to_be_visible()

    step.press("Enter")
    expect(inner).to_be_hidden()
    expect(step).to_be_focused()
    assert "open=" not in page.url


def test_steps_in_two_places_stand_in_one_address(visit: Visit) -> None:
    page = visit("executive")
    page.goto(f"/explain/{COMPANY}/{MONTH}/")
    for category in ("Tactical", "Value creation"):
        region = page.get_by_role("region", name=f"Segments of {category}")
        region.get_by_role("link", name="What Small businesses is made of").first.press("Enter")
        expect(
            page.get_by_role("region", name=f"Projects of Small businesses, {category}")
        ).to_be_visible()
    assert page.url.count("SEG-SMB") == 2
    page.reload()
    for category in ("Tactical", "Value creation"):
        expect(
            page.get_by_role("region", name=f"Projects of Small businesses, {category}")
        ).to_be_visible()
    with page.expect_navigation():
        page.get_by_label("Compare with").select_option(index=3)
    assert page.url.count("SEG-SMB") == 2


def test_a_formulas_drawing_is_walked_by_keyboard(visit: Visit) -> None:
    page = visit("executive")
    page.goto("/metrics/profit_margin/")
    drawing = page.locator("svg.formula-graph")
    expect(drawing.locator("a")).to_have_count(4)
    drawing.locator("a").first.focus()
    page.keyboard.press("Enter")
    expect(page).not_to_have_url(re.compile("profit_margin"))


def test_choosing_a_subject_draws_its_line_and_going_back_takes_it_away(visit: Visit) -> None:
    page = visit("executive")
    page.goto("/metrics/adoption/?subject=PRJ-BILLBOT")
    page.get_by_label("Show another subject, by code or name").fill("PRJ-CHAT")
    page.keyboard.press("Enter")
    lines = page.locator("#series-part .scatterlayer .trace")
    expect(lines).to_have_count(2)
    expect(page).to_have_url(re.compile("subject=PRJ-BILLBOT&subject=PRJ-CHAT"))
    page.go_back()
    expect(lines).to_have_count(1)


def test_how_complete_a_metric_is_comes_by_itself(visit: Visit) -> None:
    page = visit("executive")
    page.goto("/metrics/adoption/")
    expect(page.get_by_role("heading", name="Who owes what is missing")).to_be_visible()
    page.wait_for_function(CHARTS_ARE_DONE)
    assert page.locator("[data-chart-state=failed]").count() == 0
