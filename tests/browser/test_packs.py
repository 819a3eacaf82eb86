"""Monthly packs in a browser: chosen, made, downloaded, and opened again."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import CLOSED_MONTH, MONTH, Visit
from tests.dashboards.packs.stage import pdf_words, slide_words, slides_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def download(page: Page, link: str) -> bytes:
    """What the first such link brings."""
    with page.expect_download() as coming:
        page.locator(link).first.click()
    return Path(coming.value.path()).read_bytes()


def test_the_files_of_an_open_month_say_what_the_summary_shows(visit: Visit) -> None:
    page = visit("executive")
    page.goto(f"/summary/?month={MONTH}")
    score = page.locator(".score-hero__score").inner_text()
    page.goto(f"/packs/?month={MONTH}")
    words = pdf_words(download(page, "text=PDF as it stands now"))
    assert "Not closed, may still change" in words
    slides = slides_of(download(page, "text=PowerPoint as it stands now"))
    told = " ".join(slide_words(slide) for slide in slides)
    assert score in words
    assert score in told


def test_a_pack_is_chosen_by_month_and_subject(visit: Visit) -> None:
    page = visit("executive")
    page.goto("/packs/")
    page.get_by_label("Pack of").select_option("SEG-SMB")
    expect(page.get_by_role("heading", level=2).first).to_contain_text("Small businesses")
    assert "subject=SEG-SMB" in page.url
    page.go_back()
    expect(page.get_by_role("heading", level=2).first).not_to_contain_text("Small businesses")


def test_a_closed_month_is_made_and_handed_out_with_its_hash(visit: Visit) -> None:
    page = visit("executive")
    page.goto(f"/packs/?month={CLOSED_MONTH}&subject=PF-GROW")
    page.get_by_role("button", name="Make and keep the pack").click()
    expect(page.get_by_text("is made and kept")).to_be_visible(timeout=60_000)
    written = download(page, "a.pack-file")
    assert hashlib.sha256(written).hexdigest() in page.content()
    assert written == download(page, "a.pack-file")
