"""Events on charts in a browser: marks are drawn, tell more when pointed at, go into pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import CHARTS_ARE_DONE, Visit

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

TIMES = "\N{MULTIPLICATION SIGN}"


def opened(visit: Visit, address: str, *, width: int = 1440) -> Page:
    page = visit("executive", width=width)
    page.goto(address)
    page.wait_for_function(CHARTS_ARE_DONE)
    return page


def marks(page: Page, chart: str) -> Locator:
    """The little boxes above the plot, without the names of the limits beside it."""
    boxes = page.locator(f"#{chart} .annotation")
    return boxes.filter(has_not_text="Green").filter(has_not_text="Amber")


def said(found: Locator) -> list[str]:
    return [" ".join(text.split()) for text in found.all_text_contents()]


@pytest.mark.parametrize("chart", ["overall-trend", "category-trends"])
def test_a_mark_stands_in_each_month_with_events(chart: str, visit: Visit) -> None:
    page = opened(visit, "/projects/PRJ-BILLBOT/")
    assert said(marks(page, chart)) == ["1", f"2 {TIMES}2"]
    lines = page.locator(f"#{chart} .shapelayer path[style*='dash']")
    assert lines.count() >= 2


def test_a_mark_tells_more_when_it_is_pointed_at(visit: Visit) -> None:
    page = opened(visit, "/projects/PRJ-BILLBOT/")
    label = page.locator("#overall-trend .hoverlayer")
    marks(page, "overall-trend").first.hover()
    expect(label).to_contain_text("Pilot with 200 customers")
    expect(label).to_contain_text("4 Mar 2026")
    expect(label).to_contain_text("As agreed.")
    marks(page, "overall-trend").last.hover()
    expect(label).to_contain_text("2 events, Aug 2026")
    expect(label).to_contain_text("28 Aug: Second language")


def test_the_list_beside_the_charts_has_the_numbers_of_their_marks(visit: Visit) -> None:
    page = opened(visit, "/segments/SEG-SMB/")
    assert said(marks(page, "overall-trend")) == ["1", "2", f"3 {TIMES}2"]
    listed = page.get_by_role("region", name="Events").get_by_role("listitem")
    assert [" ".join(text.split()[:5]) for text in said(listed)] == [
        "Mark 3 28 Aug 2026",
        "Mark 3 20 Aug 2026",
        "Mark 2 2 May 2026",
        "Mark 1 4 Mar 2026",
    ]


def test_the_data_table_and_the_text_of_a_chart_tell_the_events(visit: Visit) -> None:
    page = opened(visit, "/projects/PRJ-BILLBOT/")
    chart = page.locator("#overall-trend")
    expect(chart.locator(".chart__message")).to_contain_text("(1) Pilot with 200 customers")
    chart.get_by_text("Data table").click()
    expect(chart.get_by_role("row", name="Mar 2026")).to_contain_text(
        "2026-03-04 Pilot with 200 customers"
    )


def test_on_a_phone_a_mark_is_its_number_alone(visit: Visit) -> None:
    page = opened(visit, "/projects/PRJ-BILLBOT/", width=390)
    assert said(marks(page, "overall-trend")) == ["1", "2"]


def test_a_saved_picture_says_what_its_marks_stand_for(visit: Visit, tmp_path: Path) -> None:
    page = opened(visit, "/projects/PRJ-BILLBOT/")
    with page.expect_download() as download:
        page.locator("#overall-trend [data-chart-save=svg]").click()
    download.value.save_as(tmp_path / "chart.svg")
    picture = (tmp_path / "chart.svg").read_text(encoding="utf-8")
    assert "(1) Pilot with 200 customers, 4 Mar 2026" in picture
    assert "(2) 2 events, Aug 2026: 20 Aug: Rolled out to everybody; 28 Aug: Second" in picture


def test_the_summary_fetches_the_events_of_everybody(visit: Visit) -> None:
    page = opened(visit, "/summary/")
    listed = page.get_by_role("region", name="Events").get_by_role("listitem")
    expect(listed).to_have_count(4)
    expect(listed.first).to_contain_text("Second language")


def test_without_scripts_the_summary_leads_to_all_events(visit: Visit) -> None:
    page = visit("executive", java_script_enabled=False)
    page.goto("/summary/")
    page.get_by_role("link", name="To all events").click()
    expect(page.get_by_role("row", name="New pricing")).to_be_visible()


def test_the_series_of_a_metric_draws_the_events_of_who_is_chosen(visit: Visit) -> None:
    page = opened(visit, "/metrics/adoption/?subject=PRJ-BILLBOT")
    assert said(marks(page, "series")) == ["1", f"2 {TIMES}2"]
    page.get_by_label("Show another subject, by code or name").fill("PRJ-CHAT")
    page.get_by_role("button", name="Show").click()
    message = page.locator("#series .chart__message")
    expect(message).to_contain_text("(1) Pilot with 200 customers, 4 Mar 2026, Automatic billing")
