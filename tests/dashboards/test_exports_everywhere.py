"""Every table and every chart that readers see can be taken away: walked, not listed."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.urls import resolve
from lxml import html as markup

from dashboards.exports.table import EXACT_TO
from metrics.choices import Category
from metrics.models import Score
from projects.months import Month
from tests.dashboards.downloads import fetched, read_csv
from tests.dashboards.reading import ClientOf
from tests.dashboards.walking import MONTH, page_at, reading_pages, settle_the_worked_example

IN_ONE_FILE = {"explain": "export=contributions.csv"}
"""Pages whose tables are all parts of one, which has a file: a category's alone would mislead."""

NO_FILE_OF = {
    "Scorecards and their limits": "it is the list of scorecards, which has its file",
    "compare_portfolios": "it sets side by side what the pages of its two sides have files of",
    "compare_segments": "it sets side by side what the pages of its two sides have files of",
}
"""Tables, by their name or their page, without a file of their own, and why."""


def test_every_table_and_chart_that_readers_see_can_be_taken_away(
    db: None, executive: User, client_of: ClientOf
) -> None:
    settle_the_worked_example(by=executive)
    client, lacking = client_of(executive), []
    for address in dict.fromkeys(reading_pages()):
        page, name = page_at(client, address), resolve(address.partition("?")[0]).url_name or ""
        if not page or name in NO_FILE_OF or IN_ONE_FILE.get(name, "none") in page:
            continue
        lacking += [(address, table) for table in without_a_file(page)]
    assert not lacking, "\n".join(f"{address} {name}" for address, name in lacking)


def without_a_file(page: str) -> list[str]:
    """The charts and tables of a page that have no link to a file in their panel."""
    tree = markup.document_fromstring(page)
    links = ".//a[contains(@href, 'export=')]"
    found = [
        str(chart.get("id")) for chart in tree.xpath("//figure") if len(chart.xpath(links)) != 2
    ]
    for table in tree.xpath("//table[contains(@class, 'data-table')][not(ancestor::figure)]"):
        panels = table.xpath("ancestor::*[contains(concat(' ', @class, ' '), ' panel ')]")
        if not any(panel.xpath(links) for panel in panels):
            found.append(table.getparent().get("aria-label") or "a table")
    return [name for name in found if name not in NO_FILE_OF]


def test_an_explanation_leaves_with_all_its_parts_and_adds_up(
    db: None, executive: User, client_of: ClientOf
) -> None:
    settle_the_worked_example(by=executive)
    client = client_of(executive)
    address = f"/explain/ORG/{MONTH}/"
    stored = Score.objects.get(subject__code="ORG", month=Month.parse(MONTH))

    parts = read_csv(fetched(client, f"{address}?export=contributions.csv"))
    changes = read_csv(fetched(client, f"{address}?export=changes.csv"))

    levels = parts.column("Level")
    scores = dict(zip(parts.column("Name"), parts.column("Score"), strict=True))
    assert levels.count("category") == len(Category)
    for category in Category:
        measure = stored.category(category)
        told = scores[str(category.label)]
        assert told == ("" if measure is None or measure.score is None else rounded(measure.score))
    added = [
        float(points)
        for level, points in zip(
            changes.column("Level"), changes.column("Points of its level"), strict=True
        )
        if level in ("category", "balance") and points
    ]
    assert sum(added) == pytest.approx(float(changes.column("Points of its level")[0]), abs=1e-5)


def rounded(score: float) -> str:
    return f"{round(score, EXACT_TO):.15g}"


def test_the_metrics_of_a_file_are_those_of_the_page(
    db: None, executive: User, client_of: ClientOf
) -> None:
    settle_the_worked_example(by=executive)
    client = client_of(executive)

    table = read_csv(fetched(client, "/metrics/?category=financial&export=metrics.csv"))

    page = client.get("/metrics/?category=financial")
    assert table.column("Metric code") == [row.metric.code for row in page.context["metrics"]]
    assert set(table.column("Category")) == {"Financial"}
