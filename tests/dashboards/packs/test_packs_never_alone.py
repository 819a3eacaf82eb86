"""Financial numbers never stand alone: on no sheet and on no slide of any pack."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pptx.util import Inches

from dashboards.packs import wording
from metrics.models import MonthClosing
from metrics.operations.months import close_month
from projects.choices import SubjectKind
from projects.models import Subject
from projects.months import Month
from tests.dashboards.never_alone import FINANCIAL, OTHERS
from tests.dashboards.packs.stage import charts_of, pdf_pages, slide_words, slides_of
from tests.dashboards.walking import (
    EARLIER,
    MONTH,
    WITHOUT,
    settle_the_worked_example,
    unmeasured,
)

UNKNOWN = "unknown"


@pytest.fixture(params=WITHOUT)
def company(request: pytest.FixtureRequest, db: None, executive: User) -> Client:
    """An executive of the worked example; in two of its shapes categories are measured nowhere."""
    settle_the_worked_example(by=executive)
    unmeasured(WITHOUT[request.param])
    client = Client()
    client.force_login(executive)
    return client


def some_pack_subjects() -> Iterator[Subject]:
    """One of each kind that there can be a pack of."""
    for kind in (SubjectKind.ORGANISATION, SubjectKind.PORTFOLIO, SubjectKind.SEGMENT):
        yield Subject.objects.filter(kind=kind).order_by("code")[:1].get()


def alone_in_words(words: str) -> list[str]:
    """The other categories that a sheet or slide with financial ones does not tell.

    Each has to stand there with its score, or with the word that it is unknown.
    """
    if FINANCIAL not in words:
        return []
    return [
        other
        for other in sorted(OTHERS)
        if not re.search(rf"{other} (\S \d+\.\d|{UNKNOWN})", words)
    ]


def alone_on_slide(slide: Any) -> list[str]:
    """What is alone in the words of the whole slide, in one of its tables, or in a chart."""
    found = alone_in_words(slide_words(slide))
    for shape in slide.shapes:
        if getattr(shape, "has_table", False) and shape.has_table:
            head = {cell.text for cell in shape.table.rows[0].cells}
            first = {row.cells[0].text for row in shape.table.rows}
            found += [
                "a table" for names in (head, first) if FINANCIAL in names and not names >= OTHERS
            ]
    for chart in charts_of(slide):
        names = {series.name for plot in chart.plots for series in plot.series}
        steps = {str(name) for plot in chart.plots for name in plot.categories}
        if FINANCIAL in names and not names >= OTHERS:
            found.append("a chart")
        # The steps of a bridge are points and no scores; the footer tells all four.
        if FINANCIAL in steps and not steps >= OTHERS and len(names) == 1:
            found.append("the columns of a chart")
    return found


@pytest.mark.walk
def test_no_sheet_and_no_slide_of_any_pack_shows_a_financial_score_alone(company: Client) -> None:
    seen = 0
    for subject in some_pack_subjects():
        address = f"/packs/{subject.code}/{MONTH}"
        for number, words in enumerate(pdf_pages(company.get(f"{address}/pdf/").content), start=1):
            seen += FINANCIAL in words
            assert alone_in_words(words) == [], (subject.code, "sheet", number)
        for number, slide in enumerate(slides_of(company.get(f"{address}/pptx/").content), start=1):
            assert alone_on_slide(slide) == [], (subject.code, "slide", number)
    assert seen > 10, "the walk has to come by financial scores to mean anything"


@pytest.mark.walk
def test_no_kept_file_shows_a_financial_score_alone(
    db: None, executive: User, client: Client
) -> None:
    settle_the_worked_example(by=executive)
    close_month(Month.parse(EARLIER), by=None)
    closing = MonthClosing.objects.in_force().get(month=Month.parse(EARLIER))
    client.force_login(executive)
    subject = next(some_pack_subjects())
    client.post(f"/packs/closing/{closing.pk}/{subject.code}/")
    files = {pack.kind: client.get(pack.get_absolute_url()).content for pack in closing.packs.all()}
    assert [words for words in pdf_pages(files["pdf"]) if alone_in_words(words)] == []
    assert [slide for slide in slides_of(files["pptx"]) if alone_on_slide(slide)] == []


def test_the_walk_finds_a_sheet_that_lost_the_other_three(
    db: None, executive: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle_the_worked_example(by=executive)
    client.force_login(executive)
    code = next(some_pack_subjects()).code
    monkeypatch.setattr(wording, "scores_in_words", lambda line: "")

    sheets = pdf_pages(client.get(f"/packs/{code}/{MONTH}/pdf/").content)

    assert any(alone_in_words(words) for words in sheets)


def test_the_walk_finds_a_table_and_a_chart_without_the_other_three(
    db: None, executive: User, client: Client
) -> None:
    settle_the_worked_example(by=executive)
    client.force_login(executive)
    code = next(some_pack_subjects()).code
    slides = slides_of(client.get(f"/packs/{code}/{MONTH}/pptx/").content)
    slide = slides[1]
    assert alone_on_slide(slide) == []
    place = (Inches(1), Inches(1), Inches(3), Inches(1))
    table = slide.shapes.add_table(2, 2, *place).table
    table.cell(1, 0).text = FINANCIAL
    assert alone_on_slide(slide) == ["a table"]
