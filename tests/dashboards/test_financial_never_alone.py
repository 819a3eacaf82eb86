"""Financial numbers never stand alone: on no page and in no file that a reader can get."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import resolve

from dashboards.exports.table import ExportTable, category_name, score
from metrics.choices import Category
from tests.dashboards.downloads import Table, fetched, links_of, read_csv, read_workbook
from tests.dashboards.never_alone import FINANCIAL, OTHERS, alone_in_file, alone_on_page
from tests.dashboards.walking import (
    WITHOUT,
    page_at,
    parts_of,
    reading_pages,
    settle_the_worked_example,
    unmeasured,
)


@pytest.fixture(params=WITHOUT)
def company(request: pytest.FixtureRequest, db: None, executive: User) -> Client:
    """An executive of the worked example; in two of its shapes categories are measured nowhere."""
    settle_the_worked_example(by=executive)
    unmeasured(WITHOUT[request.param])
    client = Client()
    client.force_login(executive)
    return client


@pytest.mark.walk
def test_no_page_and_no_part_of_one_shows_a_financial_score_alone(company: Client) -> None:
    seen = 0
    for address in dict.fromkeys(reading_pages()):
        page = page_at(company, address)
        seen += FINANCIAL in page
        assert not page or alone_on_page(page) == [], address
        for part in parts_of(page):
            path, target = part.split()
            headers = {"HX-Request": "true", "HX-Target": target}
            fragment = company.get(path.replace("&amp;", "&"), headers=headers).content.decode()
            if fragment.strip():
                assert alone_on_page(f"<body>{fragment}</body>") == [], part
    assert seen > 20, "the walk has to come by financial scores to mean anything"


@pytest.mark.walk
def test_no_file_holds_a_financial_score_alone(company: Client) -> None:
    seen = set()
    for address in dict.fromkeys(reading_pages()):
        page = resolve(address.partition("?")[0]).url_name
        for link in links_of(page_at(company, address)):
            name = link.partition("export=")[2]
            if (page, name) in seen:
                continue
            seen.add((page, name))
            content = fetched(company, link)
            table = read_csv(content) if link.endswith("csv") else read_workbook(content)[0]
            assert alone_in_file(table) == [], (address, link)
    assert {("project_list", "projects.csv"), ("segment_detail", "customers.xlsx")} <= seen


@pytest.mark.parametrize(
    "page",
    [
        "<table><thead><tr><th>Project</th><th>Financial</th></tr></thead></table>",
        "<table><tr><th scope='row'>Financial</th><td>72.4</td></tr></table>",
        "<article class='panel score-tile'><h3>Financial</h3><p>72.4</p></article>",
        "<div class='panel'><h2>Scores</h2><h3>Financial</h3><p>72.4</p></div>",
        "<section><ul><li>Financial: 72.4</li><li>Tactical: 50.0</li></ul></section>",
        '<script id="trend-figure" type="application/json">'
        '{"data": [{"name": "Financial", "y": [72.4]}]}</script>',
    ],
)
def test_the_walk_finds_a_page_with_a_financial_score_alone(page: str) -> None:
    assert alone_on_page(f"<html><body>{page}</body></html>")


def test_the_walk_finds_a_column_that_a_real_page_has_lost(company: Client) -> None:
    page = company.get("/projects/").content.decode()
    assert alone_on_page(page) == []

    lost = re.sub(r"Longevity", "", page)

    assert alone_on_page(lost)


def test_the_walk_finds_a_file_with_a_financial_score_alone() -> None:
    assert alone_in_file(Table(["Project", "Financial", "Tactical"], [])) == ["headings"]
    assert alone_in_file(Table(["Part", "Score"], [["Financial", "72.4"]])) == ["Part"]
    complete = [[name, ""] for name in (FINANCIAL, *OTHERS)]
    assert alone_in_file(Table(["Part", "Score"], complete)) == []


Build = Callable[[], ExportTable]


@pytest.mark.parametrize(
    "build",
    [
        lambda: ExportTable("alone", (score("Financial", Category.FINANCIAL),), []),
        lambda: ExportTable(
            "alone",
            (category_name("Category"), score("Score")),
            [(str(Category.FINANCIAL.label), 72.4)],
        ),
    ],
)
def test_a_table_with_a_financial_score_alone_can_t_be_made(build: Build) -> None:
    with pytest.raises(ValueError, match="financial"):
        build()
