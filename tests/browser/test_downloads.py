"""What people take away: the files a browser saves, opened and held against the page."""

from __future__ import annotations

import struct
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from playwright.sync_api import Page, expect

from dashboards.presentation.numbers import UNKNOWN
from tests.browser.conftest import CHARTS_ARE_DONE, MONTH, Visit
from tests.dashboards.downloads import read_csv, read_workbook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PNG = b"\x89PNG\r\n\x1a\n"
SVG = "{http://www.w3.org/2000/svg}"
PROJECT = "PRJ-BILLBOT"


def saved_by(page: Page, role: str, name: str, folder: Path) -> Path:
    """The file that a click on something brings, under the name that is suggested for it."""
    with page.expect_download() as coming:
        page.get_by_role(role, name=name, exact=True).click()  # type: ignore[arg-type]
    path = folder / coming.value.suggested_filename
    coming.value.save_as(path)
    return path


def test_a_filtered_table_is_saved_as_csv_and_as_a_workbook(visit: Visit, tmp_path: Path) -> None:
    page = visit("executive")
    page.goto(f"/projects/?month={MONTH}&band=amber&sort=-overall")
    rows = page.locator("table.heat-table tbody tr")
    shown = [
        (
            rows.nth(place).locator(".cell-note").first.inner_text(),
            rows.nth(place).locator(".heat__score").first.inner_text(),
        )
        for place in range(rows.count())
    ]
    assert shown

    as_csv = saved_by(page, "link", "Projects as CSV", tmp_path)
    as_workbook = saved_by(page, "link", "Projects as Excel", tmp_path)

    assert as_csv.name == f"projects-{MONTH}.csv"
    table = read_csv(as_csv.read_bytes())
    told = zip(table.column("Project code"), table.column("Overall"), strict=True)
    assert [(code, f"{float(score):.1f}") for code, score in told] == shown
    sheet, about = read_workbook(as_workbook.read_bytes())
    told = zip(sheet.column("Project code"), sheet.column("Overall"), strict=True)
    assert [(code, f"{score:.1f}") for code, score in told] == shown
    assert about["Filters"] == "Overall band: Amber"
    assert about["Address"] == page.url


def test_files_are_reached_and_fetched_by_keyboard(visit: Visit) -> None:
    page = visit("executive")
    page.goto(f"/segments/?month={MONTH}")
    link = page.get_by_role("link", name="Segments as CSV", exact=True)
    link.focus()
    expect(link).to_be_focused()
    with page.expect_download() as coming:
        page.keyboard.press("Enter")
    assert coming.value.suggested_filename == f"segments-{MONTH}.csv"


def test_the_data_of_a_chart_are_saved_as_its_table_shows_them(
    visit: Visit, tmp_path: Path
) -> None:
    page = visit("executive")
    page.goto(f"/projects/{PROJECT}/?month={MONTH}")
    figure = page.locator("#category-trends")
    title = figure.locator(".chart__title").inner_text()
    figure.locator("summary").click()
    shown = figure.locator("tbody tr").last.locator("th, td").all_inner_texts()

    table = read_csv(saved_by(page, "link", f"Data of “{title}” as CSV", tmp_path).read_bytes())

    last = table.rows[-1]
    assert last[0] == MONTH
    numbers = [f"{float(cell):.1f}" if cell else "unknown" for cell in last[1:5]]
    assert numbers == [text.removeprefix(UNKNOWN).strip() for text in shown[1:5]]


def test_a_chart_is_saved_as_a_light_picture_with_title_and_month(
    visit: Visit, tmp_path: Path
) -> None:
    page = visit("executive", color_scheme="dark")
    page.goto(f"/projects/{PROJECT}/?month={MONTH}")
    page.wait_for_function(CHARTS_ARE_DONE)
    title = page.locator("#overall-trend .chart__title").inner_text()

    as_svg = saved_by(page, "button", f"Save “{title}” as SVG", tmp_path)
    as_png = saved_by(page, "button", f"Save “{title}” as PNG", tmp_path)

    tree = ET.parse(as_svg)
    words = [" ".join("".join(text.itertext()).split()) for text in tree.iter(f"{SVG}text")]
    heading = page.locator("h1").inner_text()
    assert f"{title}{heading}, October 2026" in words
    grounds = [rect.get("style", "") for rect in tree.iter(f"{SVG}rect")]
    assert any("fill: rgb(255, 255, 255)" in style for style in grounds), "the ground is light"
    picture = as_png.read_bytes()
    assert picture.startswith(PNG)
    width, height = struct.unpack(">II", picture[16:24])
    # Twice as fine as on the screen.
    assert width >= 960
    assert height >= 500


CHARTED = {
    "summary": f"/summary/?month={MONTH}",
    "portfolio": f"/portfolios/PF-SERVE/?month={MONTH}",
    "segment": f"/segments/SEG-SMB/?month={MONTH}",
    "service": f"/services/SRV-DESK/?month={MONTH}",
    "metric": f"/metrics/adoption/?subject={PROJECT}",
    "comparison": f"/compare/portfolios/?month={MONTH}&month_b=2026-06",
    "explanation": f"/explain/{PROJECT}/{MONTH}/",
    "help": "/help/",
}


@pytest.mark.parametrize("page_of", CHARTED)
def test_every_chart_of_a_page_leaves_as_both_kinds_of_picture(
    page_of: str, visit: Visit, tmp_path: Path
) -> None:
    page = visit("executive")
    page.goto(CHARTED[page_of])
    page.wait_for_function(CHARTS_ARE_DONE)
    titles = page.locator("figure.chart .chart__title").all_inner_texts()
    assert titles
    for title in titles:
        as_svg = saved_by(page, "button", f"Save “{title}” as SVG", tmp_path)
        words = [" ".join(text.itertext()) for text in ET.parse(as_svg).iter(f"{SVG}text")]
        assert any(title in text for text in words), (title, words)
        as_png = saved_by(page, "button", f"Save “{title}” as PNG", tmp_path)
        assert as_png.read_bytes().startswith(PNG)
        assert as_png.stem == as_svg.stem


def test_tables_that_stand_side_by_side_leave_one_by_one(visit: Visit, tmp_path: Path) -> None:
    page = visit("executive")
    page.goto(f"/compare/portfolios/?month={MONTH}&month_b=2026-06")
    bands = page.get_by_role("region", name="Projects by band").get_by_role("row")
    shown = [bands.nth(place).locator("td").first.inner_text() for place in range(1, 5)]

    path = saved_by(page, "link", "Projects by band as Excel", tmp_path)

    assert path.name.endswith(f"-bands-{MONTH}.xlsx")
    table, about = read_workbook(path.read_bytes())
    assert [str(row[1]) for row in table.rows] == [text.split()[0] for text in shown]
    assert about["Address"] == page.url


def test_events_and_histories_leave_as_they_are_listed(visit: Visit, tmp_path: Path) -> None:
    page = visit("executive")
    page.goto(f"/projects/{PROJECT}/?month={MONTH}")
    listed = page.get_by_role("region", name="Events", exact=True).locator("strong")
    shown = listed.all_inner_texts()
    path = saved_by(page, "link", "Events as CSV", tmp_path)
    assert path.name.endswith(f"-events-{MONTH}.csv")
    assert shown
    assert read_csv(path.read_bytes()).column("Event") == shown

    page.goto("/metrics/adoption/")
    history = page.locator("#history")
    latest = history.locator(".history__head strong").first.inner_text()
    table = read_csv(saved_by(page, "link", "All changes as CSV", tmp_path).read_bytes())
    assert table.column("What")[0] == latest
