"""Files of single pages: they hold what the page shows, in full, and as values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from dashboards.presentation.glossary import TERMS
from metrics.batches.rows import JudgedRow, keep_rows
from metrics.choices import BatchState, Category, Verdict
from metrics.models import MeasurementChange, MetricDefinition, Scorecard
from tests.dashboards.downloads import Table, fetched, read_csv, read_workbook
from tests.dashboards.reading import (
    FEBRUARY,
    MARCH,
    TODAY,
    ClientOf,
    keep_score,
    measured,
    read,
)
from tests.dashboards.walking import MONTH, settle_the_worked_example
from tests.factories import (
    CustomerFactory,
    DraftMeasurementFactory,
    EventFactory,
    ExemptionProposalFactory,
    ImportBatchFactory,
    MeasurementFactory,
    MetricAssignmentFactory,
    MetricFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    ScorecardFactory,
    ScorecardLineFactory,
)

AFTERWARDS = "2026-08-10T09:00:00Z"
"""When the worked example has happened."""


@pytest.fixture(autouse=True)
def in_april() -> Iterator[None]:
    with time_machine.travel(TODAY, tick=False):
        yield


@pytest.fixture
def reader(executive: User, client_of: ClientOf) -> Client:
    measured(OrganisationFactory())
    return client_of(executive)


@pytest.fixture
def keeper(pmo_lead: User, client_of: ClientOf) -> Client:
    measured(OrganisationFactory())
    return client_of(pmo_lead)


def csv_of(client: Client, address: str, name: str) -> Table:
    joint = "&" if "?" in address else "?"
    return read_csv(fetched(client, f"{address}{joint}export={name}.csv"))


def expected(*metrics: MetricDefinition) -> None:
    """Of every subject of their kind."""
    card = ScorecardFactory(subject_kind=metrics[0].subject_kind, is_default=True)
    for metric in metrics:
        ScorecardLineFactory(scorecard=card, metric=metric)


# Comparing


def two_portfolios() -> str:
    one, other = PortfolioFactory(code="ONE", name="One"), PortfolioFactory(code="TWO", name="Two")
    below = PortfolioFactory(code="BELOW", name="Below", parent=one)
    for code, score, before, budget in (("A", 80.0, 60.0, 100), ("B", 40.0, 40.0, 50)):
        project = ProjectFactory(
            code=code, portfolio=below, budget=Decimal(budget), currency="GBP", forecast_cost=None
        )
        keep_score(project, score)
        keep_score(project, before, FEBRUARY)
    project = ProjectFactory(
        code="C", portfolio=other, budget=Decimal(70), currency="EUR", forecast_cost=Decimal(77)
    )
    keep_score(project, 30.0)
    for portfolio in (one, below, other):
        keep_score(portfolio, 60.0)
        keep_score(portfolio, 50.0, FEBRUARY)
    return "/compare/portfolios/?month=2026-03&a=ONE"


def test_compared_bands_leave_as_numbers_and_shares_of_both_sides(reader: Client) -> None:
    table = csv_of(reader, f"{two_portfolios()}&b=TWO", "bands")
    assert table.heading[1:] == [
        "Projects, One",
        "Share of projects, One",
        "Projects, Two",
        "Share of projects, Two",
        "Difference in percentage points",
    ]
    assert table.row("Green")["Projects, One"] == "1"
    assert table.row("Red") == {
        "Band": "Red",
        "Projects, One": "1",
        "Share of projects, One": "0.5",
        "Projects, Two": "1",
        "Share of projects, Two": "1",
        "Difference in percentage points": "-50",
    }


def test_moves_between_bands_leave_as_a_table_of_both_months(reader: Client) -> None:
    table = csv_of(reader, f"{two_portfolios()}&month_b=2026-02", "band-moves")
    assert table.row("Amber")["Green in Mar 2026"] == "1"
    assert table.row("Red")["Red in Mar 2026"] == "1"


def test_compared_money_leaves_by_side_and_currency_with_blanks_for_what_is_not_told(
    reader: Client,
) -> None:
    table = csv_of(reader, f"{two_portfolios()}&b=TWO", "money")
    told = zip(*(table.column(name) for name in ("Of", "Currency", "Budget")), strict=True)
    assert list(told) == [("One, Mar 2026", "GBP", "150"), ("Two, Mar 2026", "EUR", "70")]
    assert table.column("Forecast over budget") == ["", "7"]


def test_the_portfolios_of_both_sides_leave_with_all_five_scores(reader: Client) -> None:
    table = csv_of(reader, f"{two_portfolios()}&month_b=2026-02", "portfolios")
    row = table.row("BELOW")
    assert {str(category.label) for category in Category} <= row.keys()
    assert (row["Overall"], row["Overall on the other side"]) == ("60", "50")
    assert row["Difference of overall"] == "10"


# Metrics


def test_how_complete_a_metric_is_leaves_with_everybody_who_lacks_values(
    reader: Client, analyst: User
) -> None:
    metric = MetricFactory(code="defects", name="Defects")
    expected(metric)
    for _ in range(12):
        ProjectFactory(active_from=FEBRUARY)
    MetricAssignmentFactory(metric=metric, user=analyst)
    page = read(reader, "/metrics/defects/quality/")
    assert "and 2 others" in page.words

    lacking = csv_of(reader, "/metrics/defects/quality/", "lacking")
    owed = csv_of(reader, "/metrics/defects/quality/", "owed")
    complete = csv_of(reader, "/metrics/defects/quality/", "completeness")

    assert len(lacking.rows) == 12
    assert set(lacking.column("Missing")) == {"1"}
    assert owed.rows == [[analyst.get_username(), "12", "12", "2026-02"]]
    (row,) = complete.rows
    told = dict(zip(complete.heading, row, strict=True))
    assert (told["Expected"], told["Have come"], told["Complete"]) == ("24", "0", "0")
    assert (told["Missing"], told["Not due yet"]) == ("12", "12")
    assert told["Median days after the due day"] == ""


def test_the_series_of_a_metric_draws_the_events_of_its_subjects_and_those_below(
    reader: Client,
) -> None:
    portfolio = PortfolioFactory(code="ABOVE", name="Above")
    other = PortfolioFactory(code="OTHER", name="Other")
    project = ProjectFactory(name="Pilot project", portfolio=portfolio)
    metric = MetricFactory(code="morale", subject_kind=portfolio.kind)
    for subject in (portfolio, other):
        for month in (FEBRUARY, MARCH):
            MeasurementFactory(metric=metric, subject=subject, period=str(month), month=month)
    EventFactory(subject=project, title="Pilot", day=date(2026, 2, 9))
    EventFactory(subject=other, title="Merger", day=date(2026, 3, 1))
    EventFactory(subject=CustomerFactory(), title="Elsewhere", day=date(2026, 2, 9))

    def drawn(*codes: str) -> list[str]:
        chosen = "".join(f"&subject={code}" for code in codes)
        table = csv_of(reader, f"/metrics/morale/?month=2026-03{chosen}", "series")
        return table.column("Events") if "Events" in table.heading else []

    assert drawn("ABOVE") == ["2026-02-09 Pilot (Pilot project)", ""]
    # An event that is its only subject's own needs no name.
    assert drawn("OTHER") == ["", "2026-03-01 Merger"]
    assert (
        drawn("ABOVE", "OTHER")
        == ["2026-02-09 Pilot (Pilot project)", "2026-03-01 Merger (Other)"] * 2
    )


# Histories


def test_the_history_of_a_definition_leaves_field_by_field_and_on_all_pages(
    reader: Client, pmo_lead: User
) -> None:
    metric: Any = MetricFactory(code="defects", name="Defects 0")
    for number in range(1, 13):
        metric.name = f"Defects {number}"
        metric._history_user = pmo_lead
        metric._change_reason = "=Renamed"
        metric.save()
    table = csv_of(reader, "/metrics/defects/history/?page=2", "changes")
    names = [row for row in table.rows if row[4] == "Name"]
    assert names[0][1:] == [
        pmo_lead.get_username(),
        "Changed",
        "'=Renamed",
        "Name",
        "Defects 11",
        "Defects 12",
    ]
    assert len(names) == 13
    link = 'href="/metrics/defects/history/?export=changes.csv"'
    assert link in read(reader, "/metrics/defects/history/", part="history").html


def test_the_history_of_a_value_leaves_with_every_correction(
    reader: Client, pmo_lead: User
) -> None:
    value = MeasurementFactory(
        metric__code="defects", subject__code="P", value=5, note="Recounted.", period="2026-03"
    )
    MeasurementChange.objects.create(
        metric=value.metric,
        subject=value.subject,
        period_start=value.period_start,
        value_before=9,
        value_after=5,
        note_before="",
        note_after="Recounted.",
        changed_by=pmo_lead,
        changed_at=value.changed_at,
        door="form",
    )
    table, about = read_workbook(
        fetched(reader, "/entry/history/defects/P/2026-03/?export=history.xlsx")
    )
    row = table.row("Corrected")
    assert (row["Value"], row["Before"], row["Note"]) == (5, 9, "Recounted.")
    assert row["Stands there now"] == "yes"
    assert table.row("Recorded")["Value"] == 9
    assert about["Address"].endswith("/entry/history/defects/P/2026-03/")


# Help


def test_the_worked_case_the_limits_and_the_glossary_leave(
    db: None, executive: User, client_of: ClientOf
) -> None:
    with time_machine.travel(AFTERWARDS, tick=False):
        settle_the_worked_example(by=executive)
        client = client_of(executive)
        page = client.get(f"/help/?month={MONTH}")
        case = page.context["case"]

        steps = csv_of(client, f"/help/?month={MONTH}", "case")
        limits = csv_of(client, "/help/", "limits")
        glossary = csv_of(client, "/help/", "glossary")

        assert steps.column("Step").count("category") == len(Category)
        overall = steps.row("overall")
        assert float(overall["Score"]) == pytest.approx(case.stored.overall_score, abs=1e-5)
        categories = [row for row in steps.rows if row[2] in ("category", "balance")]
        points = [float(row[-1]) for row in categories if row[-1]]
        assert sum(points) == pytest.approx(case.stored.overall_score, abs=1e-4)
        assert sorted(limits.column("Scorecard code")) == sorted(
            Scorecard.objects.values_list("code", flat=True)
        )
        assert glossary.column("Meaning") == [str(term.meaning) for term in page.context["terms"]]
        assert len(glossary.rows) == len(TERMS)


# The desk, and what PMO leads keep


def test_kept_subjects_leave_with_the_filter_and_with_what_they_lack(keeper: Client) -> None:
    for number in range(60):
        ProjectFactory(code=f"P-{number}", name=f"Project {number}", stage="")
    ProjectFactory(code="OTHER", name="Another one")
    table = csv_of(keeper, "/subjects/?kind=project&q=project&page=2", "subjects")
    assert len(table.rows) == 60
    assert "OTHER" not in table.column("Subject code")
    page = keeper.get("/subjects/?kind=project&q=project")
    told = ["; ".join(str(lack.word) for lack in row.lacks) for row in page.context["subjects"]]
    assert table.column("Missing")[:50] == told


@pytest.mark.parametrize("by", ["metric", "person"])
def test_who_enters_what_leaves_line_by_line(by: str, keeper: Client, analyst: User) -> None:
    metric = MetricFactory(code="defects")
    MetricFactory(code="nobodys")
    MetricAssignmentFactory(metric=metric, user=analyst)
    table = csv_of(keeper, f"/assignments/?by={by}&q=defects", "assignments")
    (row,) = table.rows
    told = dict(zip(table.heading, row, strict=True))
    assert (told["Metric code"], told["Person"]) == ("defects", analyst.get_username())
    assert told["May enter values"] == "yes"
    everything = csv_of(keeper, "/assignments/", "assignments")
    assert everything.row("nobodys")["Person"] == ""


def test_what_waits_for_approval_leaves_with_what_it_would_replace(
    keeper: Client, analyst: User
) -> None:
    project = ProjectFactory(code="P")
    draft = DraftMeasurementFactory(
        metric__code="defects", subject=project, value=7, note="-late", entered_by=analyst
    )
    DraftMeasurementFactory(subject=project)
    table = csv_of(keeper, "/approvals/?metric=defects", "approvals")
    (row,) = table.rows
    told = dict(zip(table.heading, row, strict=True))
    assert (told["Metric code"], told["Subject code"]) == ("defects", "P")
    assert (float(told["Value"]), told["Note"]) == (draft.value, "'-late")
    assert (told["Recorded now"], told["Given by"]) == ("", analyst.get_username())


def test_proposals_leave_waiting_and_decided_apart(keeper: Client) -> None:
    ExemptionProposalFactory(metric__code="defects", reason="No defects here.")
    waiting = csv_of(keeper, "/approvals/proposals/", "proposals")
    decided = csv_of(keeper, "/approvals/proposals/", "decided")
    assert waiting.column("Reason") == ["No defects here."]
    assert decided.rows == []


def test_what_is_missing_before_closing_leaves_on_all_pages_and_with_the_filter(
    keeper: Client, analyst: User
) -> None:
    one, other = MetricFactory(code="one"), MetricFactory(code="other")
    expected(one, other)
    for _ in range(60):
        ProjectFactory(active_from=MARCH)
    MetricAssignmentFactory(metric=one, user=analyst)
    address = "/months/2026-03/missing/?metric=one&page=2"
    values = csv_of(keeper, address, "missing")
    assert len(values.rows) == 60
    assert set(values.column("Metric code")) == {"one"}
    assert set(values.column("From whom")) == {analyst.get_username()}
    metrics = csv_of(keeper, "/months/2026-03/close/", "missing-by-metric")
    assert dict(zip(metrics.column("Metric code"), metrics.column("Missing"), strict=True)) == {
        "one": "60",
        "other": "60",
    }


def test_a_search_leaves_with_everything_that_fits(reader: Client) -> None:
    for number in range(60):
        ProjectFactory(name=f"Ferry {number}")
    assert len(csv_of(reader, "/search/?q=ferry", "found").rows) == 60


def test_the_rows_of_an_import_leave_verdict_by_verdict(keeper: Client) -> None:
    batch = ImportBatchFactory(state=BatchState.DONE)
    refused = [
        JudgedRow(n, f"C{n}", "defects", "P", "2026-03", "=1+1", None, None, None, "", "No number.")
        for n in range(2, 62)
    ]
    new = [JudgedRow(1, "C1", "defects", "P", "2026-03", "7", 7.0, None, None, "", "")]
    keep_rows(batch, {Verdict.NEW: new, Verdict.REFUSED: refused})
    batch.counts = {Verdict.NEW.value: 1, Verdict.REFUSED.value: 60}
    batch.save()
    address = f"/entry/imports/{batch.pk}/"
    table = csv_of(keeper, f"{address}?rows=refused&page=2", "rows")
    assert len(table.rows) == 60
    assert set(table.column("Value as it stands in the file")) == {"'=1+1"}
    assert set(table.column("Value")) == {""}
    assert csv_of(keeper, f"{address}?rows=new", "rows").column("Value") == ["7"]
    listed = csv_of(keeper, "/entry/imports/", "imports")
    assert (listed.column("New"), listed.column("Refused")) == (["1"], ["60"])
