"""A wide workbook with three wrong cells: imported, mended, sent again, and all of it undone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from playwright.sync_api import Page, expect

from tests.browser.test_main_flow import Portal, portal, sign_in

__all__ = ["portal"]

pytestmark = [pytest.mark.browser, pytest.mark.worker, pytest.mark.timeout(300)]

PERIODS = ["2026-07", "2026-08", "2026-09"]
HEADER = ["Metric", "Project", *PERIODS]
TABLE = [
    HEADER,
    ["staffing_fit", "PRJ-ONBOARD", 81, 82, "eighty"],
    ["staffing_fit", "PRJ-CHAT", 71.5, "n/a", 73],
    ["adoption", "PRJ-ONBOARD", 55, 56, 57],
    ["adoption", "PRJ-CHAT", "4O", 42, 43],
]
WIDTH = len(HEADER)
MENDED = {"eighty": 83, "n/a": 72, "4O": 40}


def workbook(folder: Path) -> Path:
    book = Workbook()
    assert book.active is not None
    for row in TABLE:
        book.active.append(row)
    path = folder / "autumn.xlsx"
    book.save(path)
    return path


def dumped(portal: Portal, folder: Path) -> dict[str, bytes]:
    """The portal's database as a workspace's files, byte for byte."""
    [database] = portal.var.glob("*.sqlite3")
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{database}",
        "VAR_DIR": str(portal.var),
    }
    command = [sys.executable, "manage.py", "dump_workspace", str(folder)]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def send(page: Page, portal: Portal, path: Path) -> None:
    page.goto(f"{portal.address}/entry/imports/")
    page.get_by_role("link", name="Import a file").first.click()
    page.get_by_label("Choose a file").set_input_files(path)
    page.get_by_role("button", name="Send and look at it").click()


def mend(path: Path) -> None:
    """What is refused is put right where it stands; the reasons stay beside it."""
    book = load_workbook(path)
    sheet = book["Refused rows"]
    found = 0
    for row in sheet.iter_rows(min_row=2):
        for cell in row[:WIDTH]:
            if cell.value in MENDED:
                cell.value = MENDED[cell.value]
                found += 1
    assert found == len(MENDED)
    book.save(path)


def undo(page: Page) -> None:
    page.get_by_role("link", name="Undo this import").click()
    expect(page.get_by_role("heading", name="What will happen")).to_be_visible()
    page.get_by_role("button", name="Undo this import").click()
    expect(page.get_by_text("undid this import")).to_be_visible()
    expect(page.get_by_text("Everything is as it was before.")).to_be_visible()


def test_wrong_cells_are_mended_and_sent_again_and_everything_is_undone(
    portal: Portal, page: Page, tmp_path: Path
) -> None:
    before = dumped(portal, tmp_path / "before")
    sign_in(page, portal, "analyst")
    send(page, portal, workbook(tmp_path))
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text("Checked. Nothing is stored yet.")).to_be_visible()
    rows = page.get_by_role("region", name="Rows")
    expect(rows.get_by_role("rowheader")).to_have_text(["E2", "D3", "C5"])
    expect(page.get_by_role("radio", name="All rows or none")).to_be_disabled()
    page.get_by_role("button", name="Import 9 values").click()
    expect(page.get_by_text("9 values imported; 3 rows stayed out.")).to_be_visible()
    first = page.url
    with page.expect_download() as download:
        page.get_by_role("link", name="Rows to mend as XLSX").click()
    mended = tmp_path / download.value.suggested_filename
    download.value.save_as(mended)
    mend(mended)

    send(page, portal, mended)
    expect(page.get_by_text("Checked. Nothing is stored yet.")).to_be_visible()
    expect(page.get_by_text("; mends import")).to_be_visible()
    page.get_by_role("button", name="Import 3 values").click()
    expect(page.get_by_text("3 values imported.")).to_be_visible()
    assert dumped(portal, tmp_path / "between") != before

    undo(page)
    page.goto(first)
    undo(page)
    assert dumped(portal, tmp_path / "after") == before
