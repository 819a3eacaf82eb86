"""Choosing a file and saying what its columns mean, with a mouse."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

WIDE = "Project;Jan 2026;Feb 2026\nPRJ-BILLBOT;1,5;2\nPRJ-CHAT;3;\n"


def test_a_file_that_is_too_large_is_told_of_before_it_is_sent(
    visit: Visit, tmp_path: Path
) -> None:
    large = tmp_path / "large.csv"
    large.write_bytes(b"a,b\n" * (9 * 1024 * 1024))
    page = visit("administrator")
    page.goto("/entry/imports/new/")
    page.set_input_files("input[type=file]", large)
    told = page.locator("[data-drop-name]")
    expect(told).to_have_text(
        "large.csv has 36 MB and the largest that is taken 32 MB; send it in parts."
    )
    page.get_by_role("button", name="Send and look at it").click()
    expect(page).to_have_url("/entry/imports/new/")


def test_what_is_chosen_shows_at_once_what_it_gives(visit: Visit, tmp_path: Path) -> None:
    file = tmp_path / "wide.csv"
    file.write_text(WIDE, encoding="utf-8")
    page = visit("administrator")
    page.goto("/entry/imports/new/")
    page.set_input_files("input[type=file]", file)
    page.get_by_role("button", name="Send and look at it").click()
    summary = page.locator(".mapping__summary")
    expect(summary).to_contain_text("2 rows \N{MULTIPLICATION SIGN} 2 periods: 3 values")
    page.get_by_label("Metric of all values").select_option("adoption")
    settled(page)
    expect(summary).to_contain_text("3 values of 1 metric, 2 subjects, 2 periods; 1 cell is blank.")
    page.get_by_label("Cells are separated by").select_option(",")
    settled(page)
    expect(page.locator(".mapping__table thead")).to_contain_text("PRJ-BILLBOT;1")
    page.get_by_label("Cells are separated by").select_option(";")
    settled(page)
    page.get_by_label("Metric of all values").select_option("adoption")
    settled(page)
    page.get_by_role("button", name="Check").click()
    expect(page.locator("h1")).not_to_have_text("What the columns mean")
