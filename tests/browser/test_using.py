"""What people do with pages: themes, months and filters, the keyboard, the phone, pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import CHARTS_ARE_DONE, CLOSED_MONTH, Visit, gone_back, settled
from tests.installation import eventually

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

SOON = 5_000

INKS = """
() => [...new Set(
  [...document.querySelectorAll("[data-chart] .trace path, [data-chart] text")].flatMap((shape) => {
    const { fill, stroke } = getComputedStyle(shape);
    return [fill, stroke];
  }))].sort().join(" ")
"""
# How many elements are in other colours half a second after a change of theme than in its first
# frame; -1 where that frame was as before.
COLOURS_STILL_CHANGING = """
() => new Promise((done) => {
  const elements = [...document.querySelectorAll("main *:not(svg *)")];
  const colours = () => elements.map((element) => {
    const { backgroundColor, color } = getComputedStyle(element);
    return `${color} ${backgroundColor}`;
  });
  const light = colours();
  window.portalTheme.choose("dark");
  requestAnimationFrame(() => {
    const first = colours();
    const isDark = first.some((colour, place) => colour !== light[place]);
    setTimeout(() => {
      const last = colours();
      const isLate = (element, place) => element.isConnected && first[place] !== last[place];
      done(isDark ? elements.filter(isLate).length : -1);
    }, 500);
  });
})
"""
GROUND = "() => getComputedStyle(document.body).backgroundColor"

HOW_IT_LOOKS_WITH_FOCUS = """
() => {
  const element = document.activeElement;
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
  const { top, right, bottom, left } = element.getBoundingClientRect();
  const [x, y] = [(Math.max(left, 0) + Math.min(right, innerWidth)) / 2,
                  (Math.max(top, 0) + Math.min(bottom, innerHeight)) / 2];
  const hit = document.elementFromPoint(x, y);
  return {
    what: `${element.tagName} ${element.ariaLabel ?? element.innerText}`.slice(0, 60),
    isMarked: (outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || boxShadow !== "none",
    isInSight: hit !== null && (element.contains(hit) || hit.contains(element)),
    isInMain: element.closest("main") !== null,
  };
}
"""


def inks(page: Page) -> tuple[str, str]:
    """The page's ground, and all colours in its charts."""
    return page.evaluate(GROUND), page.evaluate(INKS)


def test_the_theme_switch_redraws_charts_and_is_remembered(visit: Visit) -> None:
    page = visit("executive", color_scheme="light")
    page.goto("/projects/PRJ-BILLBOT/")
    page.wait_for_function(CHARTS_ARE_DONE)
    light = inks(page)
    switch = page.get_by_role("button", name="Theme")
    expect(switch).to_have_accessible_name(re.compile("as the system"))
    switch.click()
    expect(switch).to_have_accessible_name(re.compile("Theme: light"))
    assert inks(page) == light
    switch.click()
    expect(switch).to_have_accessible_name(re.compile("Theme: dark"))
    eventually(lambda: not set(inks(page)) & set(light), patience=10)
    dark = inks(page)

    page.reload()
    page.wait_for_function(CHARTS_ARE_DONE)
    eventually(lambda: inks(page) == dark, patience=10)
    switch.click()
    expect(switch).to_have_accessible_name(re.compile("as the system"))
    eventually(lambda: inks(page) == light, patience=10)
    page.emulate_media(color_scheme="dark")
    eventually(lambda: inks(page) == dark, patience=10)


def test_with_reduced_motion_a_new_theme_is_everywhere_at_once(visit: Visit) -> None:
    page = visit("executive", color_scheme="light", reduced_motion="reduce")
    page.goto("/projects/PRJ-BILLBOT/")
    page.wait_for_function(CHARTS_ARE_DONE)
    expect(page.locator("[data-chart]")).not_to_have_count(0)
    assert page.evaluate(COLOURS_STILL_CHANGING) == 0


def test_a_saved_picture_is_light_and_tells_what_it_shows(visit: Visit) -> None:
    page = visit("executive", color_scheme="dark")
    page.goto("/projects/PRJ-BILLBOT/")
    page.wait_for_function(CHARTS_ARE_DONE)
    save = page.get_by_role("button", name=re.compile("^Save .* as SVG$")).first
    with page.expect_download() as download:
        save.click()
    picture = download.value.path().read_text()
    title = page.get_by_role("figure").first.get_by_role("heading").inner_text()
    assert "var(--" not in picture
    assert title in picture
    assert "fill: rgb(255, 255, 255)" in picture  # its ground
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile("^Save .* as PNG$")).first.click()
    assert download.value.path().read_bytes().startswith(b"\x89PNG")


def names_in(page: Page, region: str) -> list[str]:
    return page.get_by_role("region", name=region).get_by_role("rowheader").all_inner_texts()


def test_month_filters_and_order_are_in_the_address(visit: Visit) -> None:
    page = visit("pmo_lead")
    page.goto("/projects/")
    everything = names_in(page, "Projects")
    page.get_by_label("Month", exact=True).select_option(CLOSED_MONTH)
    page.wait_for_url(f"**/projects/?month={CLOSED_MONTH}")
    expect(page.get_by_text("Month closed")).to_be_visible()
    page.get_by_label("Name or code", exact=True).press_sequentially("bil")
    page.wait_for_url("**q=bil*")
    settled(page)
    assert set(names_in(page, "Projects")) < set(everything)
    page.get_by_label("Overall band").select_option("red")
    page.wait_for_url("**band=red*")
    settled(page)
    page.get_by_role("columnheader", name="Financial").get_by_role("link").click()
    page.wait_for_url("**sort=*")
    settled(page)
    for part in (f"month={CLOSED_MONTH}", "q=bil", "band=red", "sort=financial"):
        assert part in page.url
    chosen = names_in(page, "Projects")

    another = visit("executive")
    another.goto(page.url)
    assert names_in(another, "Projects") == chosen
    expect(another.get_by_label("Name or code", exact=True)).to_have_value("bil")

    gone_back(page)
    page.wait_for_url(lambda address: "sort=" not in address)
    expect(page.get_by_label("Overall band")).to_have_value("red")
    page.get_by_role("link", name="Clear").click()
    page.wait_for_url(f"**/projects/?month={CLOSED_MONTH}")


def test_customers_are_narrowed_down_and_going_back_undoes_it(visit: Visit) -> None:
    page = visit("pmo_lead")
    page.goto("/customers/")
    count = page.get_by_role("search", name="Filters").get_by_role("status")
    everybody, of_all = names_in(page, "Customers"), count.inner_text()
    page.get_by_label("Segment", exact=True).select_option("SEG-SMB")
    page.wait_for_url("**segment=SEG-SMB*")
    settled(page)
    small, of_small = names_in(page, "Customers"), count.inner_text()
    assert all(name.endswith("Small businesses") for name in small)
    assert of_small != of_all
    group = page.get_by_role("list", name="Customers by risk").get_by_role("link").first
    told = group.locator(".risk-group__count").inner_text()
    group.click()
    page.wait_for_url("**risk=*")
    settled(page)
    assert "segment=SEG-SMB" in page.url
    assert count.inner_text().split()[0] == told

    another = visit("executive")
    another.goto(page.url)
    assert names_in(another, "Customers") == names_in(page, "Customers")

    gone_back(page)
    page.wait_for_url(lambda address: "risk=" not in address)
    assert (names_in(page, "Customers"), count.inner_text()) == (small, of_small)
    expect(page.get_by_label("Segment", exact=True)).to_have_value("SEG-SMB")
    gone_back(page)
    page.wait_for_url(lambda address: "segment=" not in address)
    assert (names_in(page, "Customers"), count.inner_text()) == (everybody, of_all)


def test_the_month_goes_on_and_back_by_one(visit: Visit) -> None:
    page = visit("executive")
    page.goto(f"/summary/?month={CLOSED_MONTH}")
    page.get_by_role("link", name="on to").click()
    page.wait_for_url("**month=2026-06")
    page.get_by_role("link", name="back to").click()
    page.wait_for_url(f"**month={CLOSED_MONTH}")
    expect(page.get_by_label("Month", exact=True)).to_have_value(CLOSED_MONTH)


def test_by_keyboard_everything_is_reached_and_the_focus_is_seen(visit: Visit) -> None:
    page = visit("executive", reduced_motion="reduce")  # what comes into sight is there at once
    page.goto("/summary/")
    page.wait_for_function(CHARTS_ARE_DONE)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    stops = []
    for _ in range(40):
        page.keyboard.press("Tab")
        stops.append(page.evaluate(HOW_IT_LOOKS_WITH_FOCUS))
    assert [stop for stop in stops if not all((stop["isMarked"], stop["isInSight"]))] == []
    assert [stop for stop in stops if not stop["isInMain"]] == []


def test_on_a_phone_the_menu_leads_on(visit: Visit) -> None:
    page = visit("pmo_lead", width=390)
    page.goto("/summary/")
    menu = page.get_by_role("navigation", name="Main")
    expect(menu).to_be_hidden()
    page.get_by_role("button", name="Menu", exact=True).click()
    menu.get_by_role("link", name="Segments").click()
    page.wait_for_url("**/segments/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Segments")


def test_without_scripts_months_and_forms_work(visit: Visit) -> None:
    page = visit("analyst", java_script_enabled=False)
    page.goto("/projects/")
    month = page.get_by_label("Month", exact=True)
    month.select_option(CLOSED_MONTH)
    page.locator("form").filter(has=month).get_by_role("button", name="Go").click()
    page.wait_for_url(f"**/projects/?month={CLOSED_MONTH}")
    page.get_by_label("Name or code", exact=True).fill("bil")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**q=bil*")
    assert f"month={CLOSED_MONTH}" in page.url
    page.goto("/entry/value/")
    page.get_by_role("region", name="One value").get_by_label("Metric").select_option("adoption")
    page.get_by_role("button", name="Show what is known").click()
    expect(page.get_by_label("Of whom")).to_be_visible()


def test_a_metric_is_chosen_by_typing_its_name(visit: Visit) -> None:
    """Several begin alike; the form that comes anew meanwhile must not make it another one."""
    page = visit("analyst")
    page.goto("/entry/value/")
    metric = page.get_by_role("region", name="One value").get_by_label("Metric", exact=True)
    metric.focus()
    page.keyboard.type("Days to fix", delay=120)
    expect(page.get_by_label("Of whom")).to_be_visible()
    expect(metric).to_have_value("fix_days", timeout=SOON)


@contextmanager
def answered_afterwards(page: Page, pattern: str) -> Iterator[None]:
    """What is asked for comes only after all that is done within."""
    held: list[Route] = []
    page.route(pattern, lambda route: held.append(route))
    with page.expect_response(pattern):
        with page.expect_request(pattern):
            yield
        while not held:
            page.wait_for_timeout(10)
        for route in held:
            route.continue_()
    page.unroute(pattern)
    settled(page)


def test_a_form_that_comes_anew_leaves_the_focus_where_it_is(visit: Visit) -> None:
    """Whoever goes on by Tab before the answer has come is not thrown to the page's beginning."""
    page = visit("analyst")
    page.goto("/entry/value/")
    form = page.get_by_role("region", name="One value")
    form.get_by_label("Metric", exact=True).focus()
    with answered_afterwards(page, "**/entry/form/"):
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
    expect(form.get_by_label("Of whom")).to_be_focused(timeout=SOON)


def test_what_is_typed_while_the_form_comes_anew_stays(visit: Visit) -> None:
    page = visit("analyst")
    page.goto("/entry/value/?metric=adoption&subject=PRJ-BILLBOT")
    form = page.get_by_role("region", name="One value")
    with answered_afterwards(page, "**/entry/form/"):
        form.get_by_label("Period", exact=True).select_option(index=1)
        form.get_by_label("Value", exact=True).fill("63")
        form.get_by_label("Note").fill("As counted by hand.")
    expect(form.get_by_label("Value", exact=True)).to_have_value("63", timeout=SOON)
    expect(form.get_by_label("Note")).to_have_value("As counted by hand.", timeout=SOON)


def test_what_is_typed_while_a_list_comes_anew_stays(visit: Visit) -> None:
    page = visit("executive")
    page.goto("/projects/")
    search = page.get_by_label("Name or code", exact=True)
    search.focus()
    with answered_afterwards(page, "**/projects/?*q=bil*"):
        with page.expect_request("**q=bil*"):
            page.keyboard.type("bil")
        page.keyboard.type("l")
    expect(search).to_have_value("bill", timeout=SOON)
    page.wait_for_url("**q=bill*")
