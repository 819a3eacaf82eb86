"""Tables and charts as CSV and XLSX: the page's own rows, in full, as values and not as text."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from openpyxl import load_workbook

from dashboards.exports.charts import chart_table
from dashboards.exports.csv_file import as_csv
from dashboards.exports.subjects import projects_table
from dashboards.exports.table import (
    MOST_ROWS,
    About,
    ExportTable,
    currency,
    day,
    moment,
    money,
    month,
    number,
    points,
    rate,
    score,
    text,
)
from dashboards.exports.workbook import as_workbook
from dashboards.figures import (
    Bubble,
    ScoreTrend,
    TrendPoint,
    ValueAgainstCost,
    score_trend_chart,
    value_cost_bubbles_chart,
)
from dashboards.views import exports as exports_view
from metrics.choices import Band, Category
from projects.choices import ProjectStage
from tests.dashboards.downloads import (
    Table,
    fetched,
    links_of,
    read_by_another_library,
    read_csv,
    read_workbook,
)
from tests.dashboards.reading import (
    FEBRUARY,
    MARCH,
    MOST_QUERIES,
    TODAY,
    ClientOf,
    assert_costs_no_more,
    keep_score,
    measured,
    read,
)
from tests.factories import (
    CustomerFactory,
    EngagementFactory,
    MeasurementFactory,
    MetricFactory,
    MonthClosingFactory,
    OfferFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    ReportedScoreFactory,
    SegmentFactory,
    ServiceFactory,
)

ABOUT = About("Projects", [("Month", "March 2026")])

EVERYTHING = ExportTable(
    "everything",
    (
        text("Name"),
        number("Value", 2, "days"),
        number("Plain", None),
        score("Score"),
        points("Change"),
        rate("Coverage"),
        money("Budget"),
        currency(),
        day("Due"),
        moment("At"),
        month("Month"),
    ),
    [
        (
            'Said "yes", twice\r\nand more',
            12.5,
            0.1 + 0.2,
            72.4385912345,
            -0.00000001,
            0.834,
            Decimal("1200000.00"),
            "GBP",
            date(2026, 3, 31),
            datetime(2026, 3, 31, 22, 5, 7, tzinfo=UTC),
            MARCH,
        ),
        (None,) * 11,
    ],
)


@pytest.fixture(autouse=True)
def in_april() -> Iterator[None]:
    with time_machine.travel(TODAY, tick=False):
        yield


@pytest.fixture
def reader(executive: User, client_of: ClientOf) -> Client:
    measured(OrganisationFactory())
    return client_of(executive)


def csv_of(client: Client, address: str, name: str) -> Table:
    joint = "&" if "?" in address else "?"
    return read_csv(fetched(client, f"{address}{joint}export={name}.csv"))


def workbook_of(client: Client, address: str, name: str) -> tuple[Table, dict[str, str]]:
    joint = "&" if "?" in address else "?"
    return read_workbook(fetched(client, f"{address}{joint}export={name}.xlsx"))


# How a table is written


def test_csv_is_plain_utf_8_by_the_rfc_with_unknown_left_blank() -> None:
    written = as_csv(EVERYTHING)

    assert written.startswith(b"Name,Value (days),Plain,Score,Change,Coverage,Budget,Currency,")
    assert written.endswith(b"\r\n,,,,,,,,,,\r\n")
    table = read_csv(written)
    assert table.rows[0] == [
        'Said "yes", twice\r\nand more',
        "12.5",
        "0.3",
        "72.438591",
        "0",
        "0.834",
        "1200000",
        "GBP",
        "2026-03-31",
        "2026-03-31 22:05",
        "2026-03",
    ]


def test_a_workbook_has_real_numbers_and_days_with_formats() -> None:
    sheet = load_workbook(io.BytesIO(as_workbook(EVERYTHING, ABOUT))).worksheets[0]
    first = [(cell.value, cell.number_format) for cell in sheet[2]]
    days = [(str(value), number_format) for value, number_format in first[8:]]

    assert sheet.freeze_panes == "B2"
    assert first[1:8] == [
        (12.5, "#,##0.00"),
        (0.3, "General"),
        (72.438591, "0.0"),
        (0, "+0.0;-0.0;0.0"),
        (0.834, "0%"),
        (1200000, "#,##0"),
        ("GBP", "@"),
    ]
    assert days == [
        ("2026-03-31 00:00:00", "yyyy-mm-dd"),
        ("2026-03-31 22:05:07", "yyyy-mm-dd hh:mm"),
        ("2026-03-01 00:00:00", "mmm yyyy"),
    ]
    assert [cell.value for cell in sheet[3]] == [None] * 11


def test_a_second_library_reads_the_same_workbook() -> None:
    first = read_by_another_library(as_workbook(EVERYTHING, ABOUT))[1]

    assert first[1:8] == [12.5, 0.3, 72.438591, 0.0, 0.834, 1200000.0, "GBP"]
    assert first[8] == date(2026, 3, 31)


@pytest.mark.parametrize(
    "said", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", "\rx", "'=1"]
)
def test_a_text_that_a_spreadsheet_would_compute_is_neutralised(said: str) -> None:
    table = ExportTable("table", (text("Name"),), [(said,)])

    assert read_csv(as_csv(table)).rows[0] == [f"'{said}"]
    sheet = load_workbook(io.BytesIO(as_workbook(table, ABOUT))).worksheets[0]
    assert sheet["A2"].value == f"'{said}"
    assert sheet["A2"].data_type == "s"


def test_a_number_below_zero_stays_a_number() -> None:
    table = ExportTable("table", (points("Change"), number("Value", None)), [(-3.1, -4.0)])

    assert read_csv(as_csv(table)).rows[0] == ["-3.1", "-4"]
    assert read_by_another_library(as_workbook(table, ABOUT))[1] == [-3.1, -4.0]


def test_what_no_sheet_can_hold_is_left_out_of_a_text() -> None:
    table = ExportTable("table", (text("Name"), day("Due")), [("a\x00b\x1fc", date(1812, 6, 1))])
    sheet = load_workbook(io.BytesIO(as_workbook(table, ABOUT))).worksheets[0]

    assert [cell.value for cell in sheet[2]] == ["abc", "1812-06-01"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None, ""])
def test_what_is_no_number_is_blank_and_never_0(value: object) -> None:
    table = ExportTable("table", (score("Score"), rate("Coverage")), [(value, value)])

    assert read_csv(as_csv(table)).rows[0] == ["", ""]


def test_money_needs_its_currency_in_a_column() -> None:
    with pytest.raises(ValueError, match="money needs its currency"):
        ExportTable("table", (text("Name"), money("Budget")), [])


# The data behind a chart


def test_a_chart_gives_its_table_with_raw_values() -> None:
    trend = [
        TrendPoint(FEBRUARY, 61.25, Band.AMBER, 50.0, 80.0, 0.75),
        TrendPoint(MARCH, None, Band.INSUFFICIENT, 0.0, 100.0, 0.2),
    ]
    table = read_csv(as_csv(chart_table(score_trend_chart(ScoreTrend("Overall", trend)))))

    assert table.heading[:4] == ["Month", "Score", "Band", "Possible from"]
    assert table.rows[0][:6] == ["2026-02", "61.25", "Amber", "50", "80", "0.75"]
    assert table.rows[1][:3] == ["2026-03", "", "Insufficient"]


def test_amounts_of_a_chart_have_their_currency_beside_them() -> None:
    bubbles = [Bubble("Crm", Decimal(900), 80.0, Band.GREEN, None, "/projects/CRM/")]
    chart = value_cost_bubbles_chart(ValueAgainstCost("CHF", bubbles, None))

    assert read_csv(as_csv(chart_table(chart))).row("Crm") == {
        "Project": "Crm",
        "Budget": "900",
        "Currency": "CHF",
        "Value creation": "80",
        "Band": "Green",
        "Customers reached": "",
    }


# Pages


def test_the_projects_of_a_file_are_those_of_the_page_with_evidence(reader: Client) -> None:
    project = ProjectFactory(code="CRM", name="Customer desk", stage=ProjectStage.DELIVERY)
    keep_score(project, 40.0, FEBRUARY)
    keep_score(project, 62.5, coverage=0.8, longevity=None, financial=-1)

    row = csv_of(reader, "/projects/", "projects").row("CRM")

    assert row["Project"] == "Customer desk"
    assert (row["Overall"], row["Overall band"]) == ("62.5", "Amber")
    assert row["Overall coverage"] == "0.8"
    assert (row["Longevity"], row["Longevity band"]) == ("", "Insufficient")
    assert (row["Financial"], row["Financial band"], row["Financial coverage"]) == (
        "",
        "Not measured",
        "",
    )
    assert (row["Change of overall"], row["Stage"]) == ("22.5", "Delivery")
    assert "62.5" in read(reader, "/projects/").row("Customer desk")


def test_filters_and_order_hold_for_a_file_and_pages_do_not(reader: Client) -> None:
    for place in range(60):
        keep_score(ProjectFactory(name=f"Desk {place}"), float(place))
    keep_score(ProjectFactory(name="Other"), 99.0)

    page = read(reader, "/projects/?q=desk&sort=-overall&page=2")
    links = links_of(page.html)
    table = read_csv(fetched(reader, links[0]))

    assert links == [
        "/projects/?q=desk&sort=-overall&export=projects.csv",
        "/projects/?q=desk&sort=-overall&export=projects.xlsx",
    ]
    assert table.column("Overall") == [str(place) for place in reversed(range(60))]
    # The same with the page still in the address.
    assert csv_of(reader, "/projects/?q=desk&sort=-overall&page=2", "projects") == table


def test_a_workbook_says_where_it_comes_from(reader: Client) -> None:
    keep_score(ProjectFactory(), 50.0)

    _, about = workbook_of(reader, "/projects/?band=amber&sort=-change", "projects")

    assert about["Month"] == "March 2026"
    assert about["State"] == "open"
    assert about["Filters"] == "Overall band: Amber"
    assert about["Order"] == "change, falling"
    assert about["Address"] == "http://testserver/projects/?band=amber&sort=-change"
    assert about["Rows"] == "1"


@pytest.mark.parametrize(("wanted", "state"), [("2026-04", "unfinished"), ("2026-02", "closed")])
def test_a_workbook_says_that_its_month_is_unfinished_or_closed(
    reader: Client, wanted: str, state: str
) -> None:
    MonthClosingFactory(month=FEBRUARY)

    _, about = workbook_of(reader, f"/projects/?month={wanted}", "projects")

    assert about["State"].startswith(state)


def test_the_name_of_a_file_says_whose_table_of_which_month_it_is(reader: Client) -> None:
    project = ProjectFactory(name="Kunden & Café")
    response = reader.get(f"/projects/{project.code}/?export=values.csv")

    assert response["Content-Disposition"] == (
        'attachment; filename="kunden-cafe-values-2026-03.csv"'
    )
    assert response["Content-Type"] == "text/csv; charset=utf-8"


@pytest.mark.parametrize("wanted", ["nothing.csv", "projects", "projects.pdf", ".csv", "projects."])
def test_what_a_page_does_not_offer_is_not_found(reader: Client, wanted: str) -> None:
    assert reader.get(f"/projects/?export={wanted}").status_code == 404


def test_a_file_is_behind_the_same_door_as_its_page(client_of: ClientOf, outsider: User) -> None:
    assert client_of(outsider).get("/projects/?export=projects.csv").status_code == 403
    assert Client().get("/projects/?export=projects.csv").status_code == 302


def test_a_table_that_is_too_long_is_refused_and_never_cut(
    reader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports_view, "MOST_ROWS", 2)
    for _ in range(2):
        ProjectFactory()
    assert reader.get("/projects/?export=projects.csv").status_code == 200

    ProjectFactory()
    response = reader.get("/projects/?export=projects.csv")

    assert response.status_code == 422
    assert "more than 2 rows" in response.content.decode()


def test_a_file_of_5000_projects_is_complete() -> None:
    table = projects_table([])
    row = tuple("x" if column.kind.value == "text" else 1.5 for column in table.columns)
    many = ExportTable("projects", table.columns, [row] * 5000)

    assert len(read_csv(as_csv(many)).rows) == 5000 < MOST_ROWS
    assert len(read_by_another_library(as_workbook(many, ABOUT))) == 5001


def test_portfolios_bring_the_months_before_and_their_bands(reader: Client) -> None:
    top = PortfolioFactory(code="TOP", name="Top")
    low = PortfolioFactory(code="LOW", name="Low", parent=top)
    keep_score(low, 70.0)
    keep_score(low, 65.5, FEBRUARY)
    for score_of_one in (20.0, 90.0, None):
        keep_score(ProjectFactory(portfolio=low), score_of_one)
    ProjectFactory(portfolio=low)

    row = csv_of(reader, "/portfolios/", "portfolios").row("LOW")

    assert (row["Lies in"], row["Projects"], row["Projects without any score"]) == ("Top", "4", "1")
    assert (row["Projects green"], row["Projects red"], row["Projects insufficient"]) == (
        "1",
        "1",
        "1",
    )
    assert (row["Overall Feb 2026"], row["Overall Mar 2026"], row["Overall Jan 2026"]) == (
        "65.5",
        "70",
        "",
    )


def test_money_is_one_row_per_currency_and_never_added_across(reader: Client) -> None:
    portfolio = PortfolioFactory(code="PF")
    ProjectFactory(portfolio=portfolio, budget=100, forecast_cost=130, currency="GBP")
    ProjectFactory(portfolio=portfolio, budget=50, actual_cost=25, currency="GBP")
    ProjectFactory(portfolio=portfolio, budget=70, currency="EUR")

    for address in ("/portfolios/", "/portfolios/PF/"):
        table = csv_of(reader, address, "money")
        pounds, euros = table.row("GBP"), table.row("EUR")
        assert len(table.rows) == 2
        assert (pounds["Budget"], pounds["Forecast"], pounds["Forecast over budget"]) == (
            "150",
            "130",
            "30",
        )
        assert (pounds["Spent"], pounds["Spent of budget"]) == ("25", "0.5")
        assert (euros["Budget"], euros["Forecast"], euros["Spent"]) == ("70", "", "")


def test_a_segment_gives_all_who_serve_it_and_all_its_customers(reader: Client) -> None:
    segment = SegmentFactory(code="SEG")
    for place in range(30):
        link = EngagementFactory(segment=segment, share=place + 1)
        keep_score(link.project, float(place))
        keep_score(link, 90.0)
        keep_score(CustomerFactory(segment=segment, annual_revenue=5, currency="EUR"), 10.0)
    OfferFactory(
        segment=segment, service__code="SRV", annual_cost=900, benchmark_cost=1000, currency="CHF"
    )

    projects = csv_of(reader, "/segments/SEG/", "projects")
    assert projects.column("Overall") == [str(place) for place in range(30)]
    assert set(projects.column("For this segment")) == {"90"}
    customers = csv_of(reader, "/segments/SEG/", "customers")
    assert len(customers.rows) == 30
    assert set(customers.column("Currency")) == {"EUR"}
    service = csv_of(reader, "/segments/SEG/", "services").row("SRV")
    assert (service["Cost a year"], service["Benchmark"], service["Currency"]) == (
        "900",
        "1000",
        "CHF",
    )


def test_a_project_gives_its_scorecard_segments_and_all_its_values(reader: Client) -> None:
    project = ProjectFactory(code="CRM")
    link = EngagementFactory(project=project, share=2)
    keep_score(project, 50.0)
    keep_score(link, 33.0)
    metric = MetricFactory(name="=Defects", unit="%")
    for number_of in range(12):
        MeasurementFactory(
            metric=metric, subject=project, period=f"2025-{number_of + 1:02}", value=number_of
        )

    values = csv_of(reader, "/projects/CRM/", "values")
    assert len(values.rows) == 12  # the page shows ten
    assert set(values.column("Metric")) == {"'=Defects"}
    assert csv_of(reader, "/projects/CRM/", "segments").row(link.segment.code)["Overall"] == "33"
    assert csv_of(reader, "/projects/CRM/", "scorecard").heading[0] == "Category"
    assert csv_of(reader, "/projects/CRM/", "overall-trend").row("2026-03")["Score"] == "50"


def test_the_summary_gives_all_cases_and_not_only_the_first(reader: Client) -> None:
    for _ in range(9):
        keep_score(ProjectFactory(), 10.0)
    page = read(reader, "/summary/")

    table = csv_of(reader, "/summary/", "decisions")

    assert table.column("Overall") == ["10"] * 9
    assert table.column("Overall band") == ["Red"] * 9
    offered = {f"/summary/?export=decisions.{ending}" for ending in ("csv", "xlsx")}
    assert offered <= set(links_of(page.html))


def test_a_reopened_month_gives_all_differences(reader: Client) -> None:
    closing = MonthClosingFactory(
        month=MARCH, reopened_at=datetime(2026, 4, 5, tzinfo=UTC), reopen_reason="A late invoice."
    )
    for _ in range(25):
        project = ProjectFactory()
        keep_score(project, 60.0)
        ReportedScoreFactory(closing=closing, subject=project, overall_score=50.0)

    table = csv_of(reader, "/months/2026-03/", "differences-1")

    assert table.column("Difference") == ["10"] * 25
    months = csv_of(reader, "/months/", "months")
    assert months.row("2026-03")["Reason for reopening"] == "A late invoice."


# Cost


def grow() -> None:
    """More of everything that tables have rows for."""
    portfolio = PortfolioFactory()
    segment = SegmentFactory()
    for _ in range(3):
        link = EngagementFactory(project__portfolio=portfolio, segment=segment)
        keep_score(link.project, 40.0)
        keep_score(link, 40.0)
        keep_score(CustomerFactory(segment=segment), 30.0)
        keep_score(OfferFactory(segment=segment).service, 20.0)
    keep_score(segment, 50.0)
    keep_score(portfolio, 50.0)


@pytest.mark.parametrize(
    "address",
    [
        "/projects/?export=projects.csv",
        "/portfolios/?export=portfolios.csv",
        "/portfolios/?export=money.csv",
        "/segments/?export=segments.csv",
        "/summary/?export=decisions.csv",
        "/summary/?export=portfolios.csv",
        "/customers/?export=customers.csv",
        "/services/?export=services.csv",
        "/months/?export=months.csv",
        "/runs/?export=runs.csv",
        "/scorecards/?export=scorecards.csv",
        "/metrics/?export=metrics.csv",
    ],
)
def test_a_file_costs_no_more_queries_with_more_rows(reader: Client, address: str) -> None:
    assert_costs_no_more(reader, address, grow)


def test_a_segment_s_files_cost_no_more_queries_with_more_rows(reader: Client) -> None:
    segment = SegmentFactory(code="SEG")

    def grow_segment() -> None:
        for _ in range(20):
            link = EngagementFactory(segment=segment)
            keep_score(link.project, 40.0)
            keep_score(CustomerFactory(segment=segment), 30.0)
            OfferFactory(segment=segment, service=ServiceFactory())

    for name in ("projects", "customers", "services"):
        assert_costs_no_more(
            reader, f"/segments/SEG/?export={name}.csv", grow_segment, most=MOST_QUERIES + 2
        )


def test_a_category_is_measured_by_its_own_columns() -> None:
    headings = projects_table([]).headings

    for category in Category:
        assert {
            str(category.label),
            f"{category.label} band",
            f"{category.label} coverage",
        } <= set(headings)
