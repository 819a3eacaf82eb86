"""The files: what the PDF and the slides show, read again from their bytes."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import replace
from functools import cache

import openpyxl
import pytest
import time_machine
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pypdf import PdfReader

from dashboards.packs import drawing, pages, wording
from dashboards.packs.blocks import Note, ScoreTable, TrendChart
from dashboards.packs.content import (
    Case,
    EventFacts,
    Events,
    MarkOnTrend,
    PackContent,
    RedValue,
    canonical,
    data_hash,
)
from dashboards.packs.reading import content_of
from dashboards.packs.writing import PackNotWritten, write_pack
from metrics.models import MonthClosing
from tests.dashboards.packs.stage import (
    AFTERWARDS,
    CATEGORIES,
    MARCH,
    charts_of,
    closed,
    measured_company,
    pdf_pages,
    pdf_words,
    slide_words,
    slides_of,
)

pytestmark = pytest.mark.django_db

HOSTILE = '=HYPERLINK("http://x") <script>alert(1)</script>'
LONG = "A name that goes on and on, as names of programmes do when ministries merge " * 3


def content(closing: MonthClosing | None = None, **names: str) -> PackContent:
    company = measured_company(**names)
    with time_machine.travel(AFTERWARDS, tick=False):
        return content_of(company.organisation, MARCH, closing)


# Contents never change, so that one company of each sort, read and written once, does for all.
@cache
def of_the_open_month() -> PackContent:
    return content()


@cache
def of_the_closed_month() -> PackContent:
    company = measured_company()
    return content_of(company.organisation, MARCH, closed())


@cache
def written_open(kind: str) -> bytes:
    return write_pack(of_the_open_month(), kind)


@cache
def written_closed(kind: str) -> bytes:
    return write_pack(of_the_closed_month(), kind)


@pytest.fixture
def open_month() -> PackContent:
    return of_the_open_month()


@pytest.fixture
def closed_month() -> PackContent:
    return of_the_closed_month()


def test_the_pdf_says_what_the_pack_says(open_month: PackContent) -> None:
    words = pdf_words(written_open("pdf"))
    for told in (
        "Ferry Services",
        "March 2026",
        "Overall is 64.0, amber: 11.0 less than in Feb 2026",
        "Overall fell 11.0 points to 64.0, mostly by Financial",
        "In twelve months Tactical rose most (+4.0), Financial fell most (\N{MINUS SIGN}50.0)",
        "A storm took the crane.",
        "Forecasts against budgets: €200k (20%) over",
        "All four categories weigh the same",
        "Project card",
        "Metric value_creation",
        "How to read this pack",
        "Not closed, may still change",
        data_hash(open_month.as_data()),
    ):
        assert told in words


def test_the_pdf_carries_its_data_with_the_printed_hash(closed_month: PackContent) -> None:
    written = written_closed("pdf")
    [attached] = PdfReader(io.BytesIO(written)).attachments["pack.json"]
    sha256 = hashlib.sha256(attached).hexdigest()
    assert attached == canonical(closed_month.as_data())
    assert sha256 in pdf_pages(written)[0]
    assert json.loads(attached)["score"]["overall"]["score"] == 64.0


def test_a_closed_month_says_that_it_does_not_change(closed_month: PackContent) -> None:
    words = pdf_words(written_closed("pdf"))
    assert "Closed on 10 Apr 2026; does not change any more" in words
    assert "may still change" not in words


def test_slides_have_real_titles_that_say_the_message(open_month: PackContent) -> None:
    slides = slides_of(written_open("pptx"))
    titles = [slide.shapes.title.text_frame.text for slide in slides]
    assert titles[:3] == [
        "Ferry Services",
        "Overall is 64.0, amber: 11.0 less than in Feb 2026",
        "Overall fell 11.0 points to 64.0, mostly by Financial",
    ]
    assert all(titles)
    told = {page.title for page in pages.pages_of(open_month)}
    assert told <= set(titles)


def test_the_bridge_is_a_native_chart_that_adds_up(open_month: PackContent) -> None:
    slide = slides_of(written_open("pptx"))[2]
    [chart] = charts_of(slide)
    _base, score, rise, fall, above = chart.plots[0].series
    ends = [value for value in score.values if value is not None]
    steps = sum(value for value in rise.values if value) - sum(v for v in fall.values if v)
    assert ends == [75.0, 64.0]
    assert ends[0] + steps == pytest.approx(ends[1], abs=1e-9)
    assert list(chart.plots[0].categories)[1:5] == CATEGORIES
    labels = [above.points[place].data_label.text_frame.text for place in range(7)]
    assert labels == ["75.0", "+1.0", "+0.5", "0.0", "\N{MINUS SIGN}12.5", "0.0", "64.0"]


def test_charts_hold_the_same_numbers_and_can_be_edited(open_month: PackContent) -> None:
    written = written_open("pptx")
    file = Presentation(io.BytesIO(written))
    trend = charts_of(file.slides[3])[0]
    assert [series.name for series in trend.plots[0].series] == CATEGORIES
    assert [series.values[-1] for series in trend.plots[0].series] == [74.0, 62.0, 80.0, 40.0]
    assert trend.plots[0].series[0].values[0] is None  # unknown is a gap and no zero
    sheet = openpyxl.load_workbook(io.BytesIO(trend.part.chart_workbook.xlsx_part.blob)).worksheets[
        0
    ]
    assert [cell.value for cell in sheet[1]][1:] == CATEGORIES
    changed = CategoryChartData()
    changed.categories = ["one"]
    changed.add_series("Tactical", [1.0])
    trend.replace_data(changed)
    file.save(io.BytesIO())


@pytest.fixture
def eventful(open_month: PackContent) -> PackContent:
    """Something in January, and two things in March."""
    rows = (
        EventFacts("2026-03-20", "project", "P", "New quay", "Crane repaired", "", 2),
        EventFacts("2026-03-02", "project", "P", "New quay", "Storm", "It took the crane.", 2),
        EventFacts("2026-01-05", "organisation", "ORG", "Ferry Services", "Merger", "", 1),
    )
    marks = (
        MarkOnTrend(1, "2026-01", 1, "2026-01-05", "Merger", ""),
        MarkOnTrend(2, "2026-03", 2, "2026-03-02", "Storm", "New quay"),
    )
    return replace(open_month, events=Events(rows, 3, marks))


def test_events_are_marked_on_the_trend_of_the_pdf(eventful: PackContent) -> None:
    trend = next(page for page in pages.pages_of(eventful) if page.key == "trend")
    [chart] = [block for block in trend.blocks if isinstance(block, TrendChart)]
    assert [(mark.place, mark.label) for mark in chart.marks] == [(9, "1"), (11, "2 ×2")]  # noqa: RUF001
    drawn = str(drawing.trend_svg(chart))
    assert ">1</text>" in drawn
    assert ">2 ×2</text>" in drawn  # noqa: RUF001
    assert drawn.count('stroke-dasharray="1.5 2.5"') == 2
    words = pdf_words(write_pack(eventful, "pdf"))
    assert "Events: (1) Merger, 5 Jan 2026; (2) Storm and 1 more, from 2 Mar 2026 on" in words
    assert "Meanwhile: Storm, 2 Mar 2026; Crane repaired, 20 Mar 2026" in words
    assert "It took the crane." in words


def test_events_are_marked_on_the_native_trend_of_the_slides(eventful: PackContent) -> None:
    slides = slides_of(write_pack(eventful, "pptx"))
    [chart] = charts_of(slides[3])
    *lines, events = chart.plots[0].series
    assert [series.name for series in lines] == CATEGORIES
    assert events.name == "Events"
    marked = {place for place, value in enumerate(events.values) if value is not None}
    assert marked == {9, 11}
    told = {place: events.points[place].data_label.text_frame.text for place in marked}
    assert told == {9: "1", 11: "2 ×2"}  # noqa: RUF001
    assert "(1) Merger, 5 Jan 2026" in slide_words(slides[3])
    assert "Meanwhile: Storm" in slide_words(slides[2])
    assert "It took the crane." in slide_words(slides[4])


def test_what_moved_without_a_new_value_has_a_page_of_its_own(open_month: PackContent) -> None:
    line = replace(open_month.score, name="Quiet harbour", before=70.0)
    moves = replace(open_month.moves, faded=(line,), without=1)
    told = replace(open_month, moves=moves)
    title = "1 moved without a new value: Quiet harbour (\N{MINUS SIGN}6.0)"
    assert title in pdf_words(write_pack(told, "pdf"))
    slides = slides_of(write_pack(told, "pptx"))
    assert title in {slide.shapes.title.text_frame.text for slide in slides}
    assert "without a new value:" not in pdf_words(written_open("pdf"))


def test_a_decision_says_what_it_costs_or_that_nobody_knows(open_month: PackContent) -> None:
    line = open_month.score
    cases = (Case(line, 11.0, 1.234), Case(line, 11.0, None))
    told = replace(open_month, decisions=replace(open_month.decisions, cases=cases, red=2))
    note, table = decision_blocks(told)
    assert table.remark_heads == ("Why", "Costs in points")
    assert [remarks[1] for remarks in table.remarks] == ["1.23", "\N{EN DASH}"]
    assert "costs most points" in note.text
    unweighed = replace(told.decisions, cases=cases[1:])
    note, _table = decision_blocks(replace(told, decisions=unweighed))
    assert "was not worked out for this month" in note.text


def decision_blocks(told: PackContent) -> tuple[Note, ScoreTable]:
    page = next(page for page in pages.pages_of(told) if page.key == "decisions")
    note, table = page.blocks
    assert isinstance(note, Note)
    assert isinstance(table, ScoreTable)
    return note, table


def test_definitions_weights_coverage_and_how_to_read_end_the_pack(
    open_month: PackContent,
) -> None:
    keys = [page.key for page in pages.pages_of(open_month)]
    assert keys[-6:-2] == ["coverage", "counts", "scorecard", "weights"]
    assert keys[-2].startswith("definitions-")
    assert keys[-1] == "reading"
    slides = slides_of(written_open("pptx"))
    assert "How to read this pack" in slide_words(slides[-1])
    assert "How to read this pack" in pdf_pages(written_open("pdf"))[-1]


def test_the_slides_carry_the_hash_of_the_data(closed_month: PackContent) -> None:
    file = Presentation(io.BytesIO(written_closed("pptx")))
    sha256 = data_hash(closed_month.as_data())
    assert file.core_properties.identifier == f"sha256:{sha256}"
    assert sha256 in slide_words(file.slides[0])


def test_hostile_names_stay_text_and_compute_nowhere() -> None:
    told = content(organisation=HOSTILE, segment=HOSTILE, project=HOSTILE)
    moved = replace(told.score, name=HOSTILE)
    told = replace(told, moves=replace(told.moves, rises=(moved,), risen=1))
    assert "<script>alert(1)</script>" in pdf_words(write_pack(told, "pdf"))
    books = [
        openpyxl.load_workbook(io.BytesIO(chart.part.chart_workbook.xlsx_part.blob))
        for slide in slides_of(write_pack(told, "pptx"))
        for chart in charts_of(slide)
    ]
    cells = [cell for book in books for row in book.worksheets[0] for cell in row]
    assert "f" not in {cell.data_type for cell in cells}
    texts = [cell.value for cell in cells if isinstance(cell.value, str)]
    assert any(text.startswith("'=HYPERLINK") for text in texts)
    assert not any(text.startswith("=") for text in texts)


def crowded(told: PackContent) -> PackContent:
    """Long names and explanations wherever there can be any."""
    line = replace(told.score, name=LONG[:255])
    heat = replace(told.heat_maps[0], rows=(line,) * 12, total=600)
    red = RedValue(
        "project",
        "P",
        LONG[:255],
        LONG[:255],
        "financial",
        1e9,
        "working days",
        3,
        "2026-03",
        1.0,
        LONG * 4,
    )
    event = EventFacts("2026-03-02", "project", "P", LONG[:255], LONG[:80], LONG * 4, 3)
    marks = tuple(
        MarkOnTrend(place + 1, month.month, 9, "2026-03-02", LONG[:80], LONG[:255])
        for place, month in enumerate(told.trend)
    )
    return replace(
        told,
        events=Events((event,) * 8, 44, marks),
        name=LONG[:255],
        organisation=LONG[:255],
        heat_maps=(heat,),
        moves=replace(
            told.moves,
            rises=(line,) * 4,
            falls=(line,) * 4,
            faded=(line,) * 4,
            risen=90,
            fallen=80,
            without=70,
        ),
        decisions=replace(told.decisions, cases=(Case(line, 30.0, 12.34),) * 10, red=500),
        red_values=replace(told.red_values, rows=(red,) * 10, total=99),
    )


def test_nothing_leaves_a_slide_however_long_the_names(open_month: PackContent) -> None:
    file = Presentation(io.BytesIO(write_pack(crowded(open_month), "pptx")))
    for number, slide in enumerate(file.slides, start=1):
        for shape in slide.shapes:
            assert shape.left >= 0, number
            assert shape.top >= 0, number
            assert shape.left + shape.width <= file.slide_width, (number, shape.name)
            assert shape.top + shape.height <= file.slide_height, (number, shape.name)
            if shape.has_table if hasattr(shape, "has_table") else False:
                height = sum(row.height for row in shape.table.rows)
                width = sum(column.width for column in shape.table.columns)
                assert shape.top + height <= file.slide_height, number
                assert shape.left + width <= file.slide_width + 10, number


def test_tables_and_charts_of_a_slide_do_not_cover_each_other(open_month: PackContent) -> None:
    for told in (open_month, crowded(open_month)):
        for number, slide in enumerate(slides_of(write_pack(told, "pptx")), start=1):
            boxes = [
                (shape.left, shape.top, shape.left + shape.width, shape.top + shape.height)
                for shape in slide.shapes
                if getattr(shape, "has_table", False) or getattr(shape, "has_chart", False)
            ]
            for place, one in enumerate(boxes):
                for other in boxes[place + 1 :]:
                    apart = (
                        one[2] <= other[0]
                        or other[2] <= one[0]
                        or one[3] <= other[1]
                        or other[3] <= one[1]
                    )
                    assert apart, number


def test_a_cut_list_says_how_many_more(open_month: PackContent) -> None:
    told = crowded(open_month)
    for words in (
        pdf_words(write_pack(told, "pdf")),
        " ".join(slide_words(slide) for slide in slides_of(write_pack(told, "pptx"))),
    ):
        assert "and 588 more" in words
        assert "and 89 more" in words


def test_a_machine_without_pango_says_what_is_missing(
    open_month: PackContent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_: str) -> None:
        raise OSError("cannot load library 'libpango-1.0-0'")

    monkeypatch.setattr("dashboards.packs.writing.import_string", missing)
    with pytest.raises(PackNotWritten, match=r"libpango-1\.0-0"):
        write_pack(open_month, "pdf")


def test_titles_without_two_scores_say_why(open_month: PackContent) -> None:
    no_bridge = replace(open_month, bridge=None)
    assert wording.bridge_title(no_bridge) == "February 2026 has no overall score to compare with"
    unknown = replace(
        open_month.score, overall=replace(open_month.score.overall, score=None, band=0)
    )
    title = wording.overview_title(replace(open_month, score=unknown))
    assert title == "There is no overall score: only 100% of what is expected is known"


def test_a_list_of_which_little_is_known_does_not_boast_that_none_is_red(
    open_month: PackContent,
) -> None:
    heat = replace(open_month.heat_maps[0], total=12, by_band=((2, 1), (0, 11)))
    assert wording.heat_title(heat).startswith("Only 1 of 12 segments has a score")
