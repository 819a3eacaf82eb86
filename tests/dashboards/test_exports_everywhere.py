"""Every table and every chart can be taken away: walked, not listed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import models
from django.db.models.functions import Concat, Left
from django.test import Client
from django.urls import resolve, reverse
from lxml import html as markup

from dashboards.exports.table import EXACT_TO
from dashboards.views.links import PAGES as SUBJECT_PAGES
from metrics.choices import Category
from metrics.models import Score
from projects.choices import SubjectKind
from projects.models import Subject
from projects.months import Month
from tests.dashboards.downloads import fetched, links_of, read_csv
from tests.dashboards.reading import ClientOf
from tests.dashboards.walking import MONTH, page_at, reading_pages, settle_the_worked_example
from tests.factories import EventFactory
from tests.test_doors import ADMINISTRATOR, PAGES, House, Visitor, build_house

IN_ONE_FILE = {"explain": "export=contributions.csv"}
"""Pages whose tables are all parts of one, which has a file: a category's alone would mislead."""

FORM = (
    "what is typed into it is nothing yet; what is stored has its file on the page it is shown on"
)
PREVIEW = "what a change would do if it were saved, which nothing keeps"
OWN = "a person's own settings, each line a form"

NO_FILE_OF = {
    "entry_grid": FORM,
    "entry_value": FORM,
    "metric_new": FORM,
    "metric_edit": FORM,
    "scorecard_new": FORM,
    "scorecard_edit": FORM,
    "override_new": FORM,
    "override_edit": FORM,
    "subject_edit": f"its links are {FORM}",
    "import_mapping": f"the columns of a file: {FORM}",
    "entry_saved": "how a value just saved moves the scores; those have their files a page further",
    "scorecard_delete": PREVIEW,
    "metric_delete": PREVIEW,
    "subject_delete": PREVIEW,
    "link_delete": PREVIEW,
    "override_delete": PREVIEW,
    "exemption_delete": PREVIEW,
    "due_line": "a part of what is due, which has its file",
    "saved_view_list": OWN,
    "subscription_list": OWN,
    "kept_mail_list": "mails that are kept instead of sent, on a developer's own machine",
}
"""Pages with a table that has no file of its own, and why."""


@pytest.fixture
def house(db: None) -> House:
    return build_house()


@pytest.mark.walk
def test_every_table_and_chart_that_readers_see_can_be_taken_away(
    db: None, executive: User, client_of: ClientOf
) -> None:
    settle_the_worked_example(by=executive)
    client, lacking = client_of(executive), []
    for address in dict.fromkeys(reading_pages()):
        lacking += [(address, table) for table in tables_without_a_file(address, client)]
    assert not lacking, "\n".join(f"{address} {name}" for address, name in lacking)


@pytest.mark.walk
def test_every_table_of_the_desk_and_of_keeping_can_be_taken_away(house: House) -> None:
    visitor, lacking = Visitor(ADMINISTRATOR), []
    for address in pages_of(house, visitor):
        lacking += [(address, table) for table in tables_without_a_file(address, visitor.client)]
    assert not lacking, "\n".join(f"{address} {name}" for address, name in lacking)


def test_each_exception_is_a_page() -> None:
    assert NO_FILE_OF.keys() <= PAGES.keys()


def pages_of(house: House, visitor: Visitor) -> Iterator[str]:
    """Every page that shows itself to an administrator."""
    token = visitor.save_a_value()
    for name, door in PAGES.items():
        if door.answer_to(ADMINISTRATOR) == 200 and name not in ("due_download", "kept_mail_file"):
            yield house.address(name, door, token)


def tables_without_a_file(address: str, client: Client) -> list[str]:
    page, name = page_at(client, address), resolve(address.partition("?")[0]).url_name or ""
    if not page.strip() or name in NO_FILE_OF or IN_ONE_FILE.get(name, "none") in page:
        return []
    tree = markup.document_fromstring(page)
    links = ".//a[contains(@href, 'export=')]"
    found = []
    for table in tree.xpath("//table[not(ancestor::figure)]"):
        panels = table.xpath("ancestor::*[contains(concat(' ', @class, ' '), ' panel ')]")
        if not any(panel.xpath(links) for panel in panels):
            found.append(table.getparent().get("aria-label") or "a table")
    return found


@pytest.mark.walk
def test_every_chart_has_its_pictures_its_table_and_the_same_table_as_files(
    db: None, executive: User, client_of: ClientOf
) -> None:
    settle_the_worked_example(by=executive)
    client, slugs = client_of(executive), set()
    for address in charted_pages():
        page = page_at(client, address)
        if "data-chart" not in page:
            continue
        tree = markup.document_fromstring(page)
        for figure in tree.xpath("//*[@data-chart]/ancestor::figure"):
            slugs.add(figure.get("id"))
            told = f"{address}#{figure.get('id')}"
            saves = figure.xpath(".//button/@data-chart-save")
            assert saves == ["png", "svg"], told
            shown = figure.xpath(".//details//table//tbody/tr")
            assert shown, told
            links = figure.xpath(".//a[contains(@href, 'export=')]/@href")
            endings = [parse_qs(urlsplit(link).query)["export"][0][-4:] for link in links]
            assert endings == [".csv", "xlsx"], told
            table = read_csv(fetched(client, links[0]))
            assert len(table.rows) == len(shown), told
        assert len(tree.xpath("//*[@data-chart]")) == len(
            tree.xpath("//figure[.//*[@data-chart]]")
        ), f"a chart outside a figure: {address}"
    assert slugs >= {
        "overall-trend",
        "category-trends",
        "band-distribution",
        "comparison",
        "series",
        "arrivals-fix_days",
        "case-curve",
    }


def charted_pages() -> list[str]:
    """The pages that readers see, and the parts that come after some of them."""
    return list(dict.fromkeys([*reading_pages(), "/metrics/fix_days/quality/"]))


FREE = {
    "answer",
    "first_name",
    "name",
    "note",
    "owner_role",
    "question",
    "reason",
    "text",
    "title",
    "value_proposition",
}
"""Fields that people write into as they like."""


@pytest.mark.walk
def test_files_hold_nothing_that_a_spreadsheet_computes_and_say_what_they_are_of(
    house: House,
) -> None:
    EventFactory(subject__code="HAPPENED", title="Merger", text="With Northline.")
    make_all_free_text_begin_like_a_formula()
    visitor, files, neutralised, of_a_month = Visitor(ADMINISTRATOR), set(), 0, 0
    for address in [*pages_of(house, visitor), *pages_of_a_month()]:
        for link in links_of(page_at(visitor.client, address)):
            asked = parse_qs(urlsplit(link).query)
            file = (resolve(urlsplit(link).path).url_name, asked["export"][0], "month" in asked)
            if file in files or not asked["export"][0].endswith(".csv"):
                continue
            files.add(file)
            answer = visitor.client.get(link)
            table = read_csv(answer.content)
            for cell in (cell for row in [table.heading, *table.rows] for cell in row):
                assert not computes(cell), (link, cell)
                neutralised += cell.startswith("'=")
            name = re.search(r'filename="([a-z0-9_-]+)\.csv"', answer["Content-Disposition"])
            assert name is not None, (link, answer["Content-Disposition"])
            if "month" in asked:
                of_a_month += 1
                assert asked["month"][0] in name[1], (link, name[1])
    assert len(files) > 70
    assert neutralised > 500
    assert of_a_month > 20


def pages_of_a_month() -> Iterator[str]:
    """The page of one subject of each kind, and some others, at a month that is asked for."""
    for kind, page in SUBJECT_PAGES.items():
        subject = Subject.objects.filter(kind=kind).order_by("code")[0]
        yield f"{reverse(page, args=[subject.code])}?month={MONTH}"
    for page in ("summary", "compare_portfolios", "customer_list", "help"):
        yield f"{reverse(page)}?month={MONTH}"


def make_all_free_text_begin_like_a_formula() -> None:
    for model in apps.get_models():
        if model._meta.app_label not in ("projects", "metrics") and model is not User:
            continue
        for field in model._meta.concrete_fields:
            if field.name not in FREE or field.model is not model or field.choices:
                continue
            assert isinstance(field, models.CharField | models.TextField)
            kept = (field.max_length or 100) - 1
            model._default_manager.exclude(**{field.name: ""}).update(
                **{
                    field.name: Concat(
                        models.Value("="), Left(field.name, kept), output_field=models.TextField()
                    )
                }
            )


def computes(cell: str) -> bool:
    """A number may begin with a minus sign."""
    is_number = re.fullmatch(r"-?\d+(\.\d+)?", cell) is not None
    return cell[:1] in ("=", "+", "-", "@", "\t", "\r") and not is_number


@pytest.mark.parametrize("kind", [kind for kind in SubjectKind if kind != SubjectKind.ENGAGEMENT])
def test_every_page_of_a_subject_gives_its_events_away(
    kind: SubjectKind, db: None, executive: User, client_of: ClientOf
) -> None:
    settle_the_worked_example(by=executive)
    subject = Score.objects.filter(subject__kind=kind).earliest("subject__code").subject
    for day in range(1, 13):
        EventFactory(subject=subject, day=Month.parse(MONTH).first_day.replace(day=day))
    name = "summary" if kind == SubjectKind.ORGANISATION else f"{kind.value}_detail"
    args = [] if kind == SubjectKind.ORGANISATION else [subject.code]

    address = f"{reverse(name, args=args)}?month={MONTH}&export=events.csv"
    table = read_csv(fetched(client_of(executive), address))

    assert table.column("Day") == [f"{MONTH}-{day:02}" for day in range(12, 0, -1)]
    if kind != SubjectKind.ORGANISATION:
        assert set(table.column("Mark on the charts")) == {"1"}


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
