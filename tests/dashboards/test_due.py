"""What is due: whose it is, what is most urgent, one line unfolded, and the list as a workbook."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from io import BytesIO
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from metrics.choices import BatchState, Cadence, DraftState, ProposalState
from metrics.importing.headers import recognised
from metrics.models import ExemptionProposal, Measurement, MetricDefinition, NoValue
from projects.months import Month
from projects.operations.limits import limit_person
from tests.dashboards.reading import TODAY, ClientOf, ReadPage, assert_costs_no_more, read
from tests.factories import (
    A_MOMENT,
    CustomerFactory,
    DraftMeasurementFactory,
    EngagementFactory,
    ExemptionFactory,
    ExemptionProposalFactory,
    MeasurementFactory,
    MetricAssignmentFactory,
    MetricFactory,
    MonthClosingFactory,
    NoValueFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    ScorecardFactory,
    ScorecardLineFactory,
    SegmentFactory,
    UserFactory,
)
from tests.importing import checked, stored

MARCH = Month.parse("2026-03")


@pytest.fixture(autouse=True)
def in_april() -> Iterator[None]:
    """Friday, 10 April 2026."""
    with time_machine.travel(TODAY, tick=False):
        yield


@pytest.fixture
def desk(analyst: User, client_of: ClientOf) -> Client:
    return client_of(analyst)


def young(**fields: Any) -> Any:
    """A project measured since March, so that one monthly value of it is due."""
    return ProjectFactory(active_from=MARCH, **fields)


def lines(page: ReadPage) -> list[tuple[str, str, str, int]]:
    """(whose, metric, period, values), in the order in which they are shown."""
    return [
        (line.period.whose, line.period.metric.code, line.period.asked.label, len(line.values))
        for section in page.context["sections"]
        for line in (*section.current, *section.older)
    ]


def test_only_those_who_enter_values_get_in(
    executive: User, pmo_lead: User, analyst: User, outsider: User, client_of: ClientOf
) -> None:
    ProjectFactory()
    MetricFactory()
    for address in ("/entry/", "/entry/due/", "/entry/due.xlsx"):
        assert client_of(analyst).get(address).status_code == 200
        for person in (executive, pmo_lead, outsider):
            assert client_of(person).get(address).status_code == 403
        assert Client().get(address).status_code == 302


def test_an_empty_portal_says_what_to_create_first(desk: Client) -> None:
    assert "Nothing to show yet" in read(desk, "/entry/").words


def test_when_everything_has_come_the_page_says_so_calmly(desk: Client) -> None:
    MeasurementFactory(metric=MetricFactory(), subject=young())
    page = read(desk, "/entry/")
    assert "Nothing is due Everything that has come to its end has its value" in page.words
    assert "Nothing of yours is due." in page.words
    assert "/entry/due.xlsx" not in page.links()
    assert "/entry/value/" in page.links()


def test_what_is_mine_comes_before_what_is_nobodys_and_the_most_urgent_first(
    desk: Client, analyst: User
) -> None:
    young()
    young()
    for code, days in (("mine_late", 6), ("mine_later", 8), ("nobodys", 3), ("coming", 15)):
        metric = MetricFactory(code=code, name=code.replace("_", " "), due_days=days)
        if code.startswith("mine"):
            MetricAssignmentFactory(metric=metric, user=analyst, scope=OrganisationFactory())
    MetricAssignmentFactory(metric=MetricFactory(code="theirs"), scope=OrganisationFactory())
    page = read(desk, "/entry/")
    assert lines(page) == [
        ("mine", "mine_late", "2026-03", 2),
        ("mine", "mine_later", "2026-03", 2),
        ("nobody", "nobodys", "2026-03", 2),
        ("nobody", "coming", "2026-03", 2),
    ]
    assert "4 values of yours are to be given; 4 more are assigned to nobody" in page.words
    assert "Overdue 6 4 of them yours, up to 7 days" in page.words
    assert "Not overdue yet 2 2 within 7 days" in page.words
    assert "Most urgent of yours: mine late, 2026-03 , 2 values, 4 days overdue" in page.words
    assert "/entry/grid/?metric=mine_late" in page.links()
    assert "mine later 2026-03 2 days overdue 2 to give 0 of 2 given" in page.words
    assert "coming 2026-03 due 15 Apr, in 5 days" in page.words
    assert "theirs" not in page.words


def test_a_line_tells_how_much_of_it_has_come(desk: Client) -> None:
    metric = MetricFactory(name="Cost")
    for number in range(12):
        project = young()
        if number < 8:
            MeasurementFactory(metric=metric, subject=project)
    page = read(desk, "/entry/")
    assert "4 to give 8 of 12 given" in page.words
    assert 'max="12"' in page.html
    assert 'value="8"' in page.html


def test_an_assignment_to_a_portfolio_is_named(desk: Client, analyst: User) -> None:
    portfolio = PortfolioFactory(name="Serving customers")
    young(portfolio=portfolio)
    metric = MetricFactory(name="Cost")
    MetricAssignmentFactory(metric=metric, user=analyst, scope=portfolio)
    assert "Cost 2026-03 in Serving customers" in read(desk, "/entry/").words


def test_the_choice_of_everything_is_called_what_it_is(desk: Client, analyst: User) -> None:
    """Of nobody who is limited to portfolios it is the whole organisation."""
    MetricFactory()
    project = young(portfolio=PortfolioFactory(code="LEFT", name="Left"))
    young(portfolio=PortfolioFactory(code="RIGHT", name="Right"))
    choices = read(desk, "/entry/").context["form"].fields["scope"].choices
    assert choices == [
        ("", "The whole organisation"),
        ("Portfolios", [("LEFT", "Left"), ("RIGHT", "Right")]),
    ]
    limit_person(analyst, portfolios=[project.portfolio], by=None)
    choices = read(desk, "/entry/").context["form"].fields["scope"].choices
    assert choices == [("", "All that you see"), ("Portfolios", [("LEFT", "Left")])]


def test_older_gaps_come_apart_and_a_closed_month_is_marked(desk: Client) -> None:
    ProjectFactory()
    MetricFactory(code="m")
    MonthClosingFactory(month=Month.parse("2026-02"))
    page = read(desk, "/entry/")
    assert "Older gaps" in page.words
    assert page.words.count("month closed: counts late") == 2
    assert [label for _, _, label, _ in lines(page)] == ["2026-03", "2026-01", "2026-02"]


def test_an_administrator_sees_what_is_somebody_elses_apart(
    administrator: User, client_of: ClientOf
) -> None:
    administrator.is_superuser = True
    administrator.save()
    young()
    MetricAssignmentFactory(metric=MetricFactory(), scope=OrganisationFactory())
    page = read(client_of(administrator), "/entry/")
    assert [whose for whose, *_ in lines(page)] == ["others"]
    assert "1 is somebody else's" in page.words


@pytest.fixture
def mixed(db: None, analyst: User) -> None:
    """Two metrics, two portfolios; of "m" everything that can become of a value."""
    inside, outside = PortfolioFactory(code="IN"), PortfolioFactory(code="OUT")
    metric = MetricFactory(code="m", due_days=5)
    MetricFactory(code="n", due_days=20, cadence=Cadence.QUARTER)
    OrganisationFactory(active_from=MARCH)
    codes = ["OPEN", "NONE", "WAITS", "BACK", "NOT"]
    made = {code: ProjectFactory(code=code, name=code.title(), portfolio=inside) for code in codes}
    ProjectFactory(code="AWAY", portfolio=outside)
    NoValueFactory(metric=metric, subject=made["NONE"], said_by=analyst)
    DraftMeasurementFactory(metric=metric, subject=made["WAITS"], value=7, entered_by=analyst)
    DraftMeasurementFactory(
        metric=metric,
        subject=made["BACK"],
        value=8,
        state=DraftState.REJECTED,
        answer="Which survey?",
        decided_at=A_MOMENT,
    )
    ExemptionProposalFactory(metric=metric, subject=made["NOT"], proposed_by=analyst)


@pytest.mark.usefixtures("mixed")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [("m", "2026-03", 3), ("n", "2026-Q1", 6)]),
        ("metric=n", [("n", "2026-Q1", 6)]),
        ("period=2026-03", [("m", "2026-03", 3)]),
        ("scope=OUT", [("m", "2026-03", 1), ("n", "2026-Q1", 1)]),
        ("subject=OPEN", [("m", "2026-03", 1), ("n", "2026-Q1", 1)]),
        ("state=overdue", [("m", "2026-03", 3)]),
        ("state=coming", [("n", "2026-Q1", 6)]),
        ("state=returned", [("m", "2026-03", 1)]),
        ("state=elsewhere", [("m", "2026-03", 2)]),
        ("state=answered", [("m", "2026-03", 1)]),
        ("state=answered&scope=OUT", []),
        ("whose=mine", []),
        ("whose=nobody&metric=m", [("m", "2026-03", 3)]),
        (
            "metric=nothing&scope=NOWHERE&state=odd&whose=odd",
            [("m", "2026-03", 3), ("n", "2026-Q1", 6)],
        ),
    ],
)
def test_the_address_says_what_is_shown(
    desk: Client, query: str, expected: list[tuple[str, str, int]]
) -> None:
    page = read(desk, f"/entry/?{query}")
    assert [line[1:] for line in lines(page)] == expected


@pytest.mark.usefixtures("mixed")
def test_the_numbers_above_the_list_count_what_became_of_the_values(desk: Client) -> None:
    words = read(desk, "/entry/").words
    assert "Overdue 3" in words
    assert "Not overdue yet 6 0 within 7 days" in words
    assert "Came back to you 1" in words
    assert "Waiting for others 2" in words
    assert "No value, with a reason 1" in words


@pytest.mark.usefixtures("mixed")
@pytest.mark.parametrize(
    ("state", "row"),
    [
        ("", "Open OPEN Enter"),
        ("returned", "Back BACK Rejected: 8 “Which survey?” somebody who left, "),
        ("elsewhere", "Waits WAITS Waits for approval: 7 analyst, "),
        ("elsewhere", "Not NOT Said not to apply “It has no customers yet.” analyst, "),
        ("answered", "None NONE Said to have no value “The survey was not sent.” analyst, "),
    ],
)
def test_a_line_unfolded_shows_each_value_with_who_said_what_and_why(
    desk: Client, state: str, row: str
) -> None:
    page = read(desk, f"/entry/due/?metric=m&period=2026-03&state={state}", part="x")
    assert "<html" not in page.html
    assert row in page.words


@pytest.mark.usefixtures("mixed")
def test_a_line_is_shown_unfolded_without_a_script_too(desk: Client) -> None:
    page = read(desk, "/entry/?metric=m&period=2026-03&whose=nobody")
    assert "Open OPEN Enter" in page.words
    assert "/entry/value/?metric=m&subject=OPEN&period=2026-03" in page.links()
    assert 'value="m/OPEN/2026-03"' in page.html
    assert "Open OPEN" not in read(desk, "/entry/").words


def choose(client: Client, address: str, **fields: Any) -> None:
    answer = client.post(address, {"next": "/entry/?metric=m", **fields})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/entry/?metric=m")


@pytest.mark.usefixtures("mixed")
def test_what_was_chosen_and_answered_is_no_longer_due_and_can_be_taken_back(
    desk: Client,
) -> None:
    rows = ["m/OPEN/2026-03", "m/BACK/2026-03"]
    choose(desk, "/entry/no-value/", row=rows, reason="Nobody counted.")
    assert [line[1:] for line in lines(read(desk, "/entry/?metric=m"))] == [("m", "2026-03", 1)]
    answered = "/entry/?metric=m&period=2026-03&state=answered"
    assert read(desk, answered).words.count("“Nobody counted.”") == 2
    assert "Expect them again" in read(desk, answered).words
    choose(desk, "/entry/no-value/take-back/", row=rows, why="Somebody did.")
    assert NoValue.objects.count() == 1
    assert [line[1:] for line in lines(read(desk, "/entry/?metric=m"))] == [("m", "2026-03", 3)]


@pytest.mark.usefixtures("mixed")
def test_several_rows_are_said_not_to_apply_from_the_list_without_a_script(desk: Client) -> None:
    page = read(desk, "/entry/?metric=m&period=2026-03&whose=nobody")
    assert 'formaction="/entry/does-not-apply/"' in page.html
    chosen = ["m/OPEN/2026-03", "m/AWAY/2026-03"]
    assert all(f'value="{row}"' in page.html for row in chosen)
    asked = desk.post(
        "/entry/does-not-apply/",
        {"row": chosen, "reason": "No customers.", "step": "ask", "next": "/entry/?metric=m"},
    )
    form = asked.content.decode()
    assert all(f'name="row" value="{row}"' in form for row in chosen)
    assert ExemptionProposal.objects.count() == 1  # that of the stage; nothing is proposed yet
    choose(desk, "/entry/does-not-apply/", row=chosen, reason="No customers.")
    assert list(
        ExemptionProposal.objects.filter(reason="No customers.")
        .order_by("subject__code")
        .values_list("subject__code", "state")
    ) == [("AWAY", "waiting"), ("OPEN", "waiting")]


@pytest.mark.usefixtures("mixed")
def test_what_waits_can_be_withdrawn_from_the_list(desk: Client) -> None:
    page = read(desk, "/entry/?metric=m&period=2026-03&state=elsewhere")
    withdraw = [part.split('"')[0] for part in page.html.split('formaction="')[1:]]
    assert len(withdraw) == 2
    for address in withdraw:
        choose(desk, address)
    assert ExemptionProposal.objects.get().state == ProposalState.WITHDRAWN
    assert [line[3] for line in lines(read(desk, "/entry/?metric=m"))] == [5]


def test_what_somebody_else_sent_is_theirs_to_withdraw(desk: Client) -> None:
    DraftMeasurementFactory(
        metric=MetricFactory(code="m"), subject=young(), entered_by=UserFactory()
    )
    page = read(desk, "/entry/?metric=m&period=2026-03&state=elsewhere")
    assert "Waits for approval" in page.words
    assert "withdraw" not in page.html


def test_a_long_list_and_a_long_line_are_paged(desk: Client) -> None:
    for _ in range(41):
        young()
    for _ in range(31):
        MetricFactory(due_days=5)
    first = MetricDefinition.objects.order_by("name").first()
    assert first is not None
    assert "1 to 30 of 31 metrics and periods" in read(desk, "/entry/").words
    assert len(lines(read(desk, "/entry/?page=2"))) == 1
    line = f"/entry/due/?metric={first.code}&period=2026-03"
    assert "1 to 40 of 41 values" in read(desk, line, part="x").words
    assert "41 to 41 of 41 values" in read(desk, f"{line}&rows=2", part="x").words


def test_what_i_sent_is_fetched_after_the_list(desk: Client, analyst: User) -> None:
    DraftMeasurementFactory(
        metric=MetricFactory(name="Cost"), subject=young(), entered_by=analyst, value=3
    )
    assert 'hx-get="/entry/due/sent/"' in read(desk, "/entry/").html
    assert "Waiting for approval: Cost" in read(desk, "/entry/due/sent/", part="x").words
    assert desk.get("/entry/due/sent/").headers["Location"] == "/entry/"


def test_what_came_back_stands_at_the_head_of_the_page_with_the_reason(
    desk: Client, analyst: User, pmo_lead: User
) -> None:
    metric = MetricFactory(code="m", name="Cost")
    DraftMeasurementFactory(
        metric=metric,
        subject=young(code="BACK", name="Ferry"),
        value=8,
        entered_by=analyst,
        state=DraftState.REJECTED,
        decided_by=pmo_lead,
        decided_at=A_MOMENT,
        answer="Which survey?",
    )
    ExemptionProposalFactory(
        metric=metric,
        subject=young(name="Bridge"),
        proposed_by=analyst,
        state=ProposalState.REFUSED,
        decided_by=pmo_lead,
        decided_at=A_MOMENT,
        answer="It has some.",
    )
    words = read(desk, "/entry/").words
    assert "Rejected : Cost, Ferry, 2026-03 : 8 Which survey? pmo_lead, 1 Apr Correct" in words
    assert (
        "Expected after all : Cost of Bridge, 1 value; you said that it does not apply It has some."
        in words
    )
    assert words.index("Which survey?") < words.index("Overdue") < words.index("Nobody's")
    assert "Which survey?" not in read(desk, "/entry/?metric=m").words
    assert "Sent by you" not in read(desk, "/entry/due/sent/", part="x").words


def test_only_some_of_much_that_came_back_stand_at_the_head(desk: Client, analyst: User) -> None:
    metric = MetricFactory(code="m")
    for _ in range(9):
        DraftMeasurementFactory(
            metric=metric,
            subject=young(),
            entered_by=analyst,
            state=DraftState.REJECTED,
            decided_at=A_MOMENT,
            answer="Again, please.",
        )
    page = read(desk, "/entry/")
    assert page.words.count("Again, please.") == 8
    assert "And 1 more. Show all that came back" in page.words


HEADER = ["metric", "metric_name", "subject", "subject_name", "period", "due_on", "value", "note"]


def workbook_of(client: Client, query: str = "") -> CalamineWorkbook:
    answer = client.get(f"/entry/due.xlsx?{query}")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="due-2026-04-10.xlsx"'
    return CalamineWorkbook.from_filelike(BytesIO(answer.content))


@pytest.mark.usefixtures("mixed")
def test_the_list_downloads_as_a_workbook_with_a_row_per_value_to_give(desk: Client) -> None:
    book = workbook_of(desk, "metric=m")
    assert book.sheet_names == ["Due values", "How to fill this in"]
    rows = book.get_sheet_by_name("Due values").to_python()
    assert rows[0] == HEADER
    due_on = date(2026, 4, 5)
    assert [row[:6] for row in rows[1:]] == [
        ["m", "Metric m", "BACK", "Back", "2026-03", due_on],
        ["m", "Metric m", "OPEN", "Open", "2026-03", due_on],
        ["m", "Metric m", "AWAY", "Project AWAY", "2026-03", due_on],
    ]
    assert {cell for row in rows[1:] for cell in row[6:]} <= {""}
    words = " ".join(
        str(row[0]) for row in book.get_sheet_by_name("How to fill this in").to_python()
    )
    assert "Write each number into the column “value”" in words


@pytest.mark.usefixtures("mixed")
@pytest.mark.parametrize(
    ("query", "count"),
    [("", 9), ("scope=OUT", 2), ("state=overdue", 3), ("state=answered", 0), ("whose=mine", 0)],
)
def test_the_workbook_holds_what_the_page_shows(desk: Client, query: str, count: int) -> None:
    sheet = workbook_of(desk, query).get_sheet_by_name("Due values")
    assert len(sheet.to_python()) == count + 1


def test_names_that_a_spreadsheet_would_compute_are_neutralised(desk: Client) -> None:
    young(code="-P", name="=HYPERLINK(1)")
    young(code="Q", name="@SUM(1)")
    MetricFactory(code="m", name="+1+1")
    rows = workbook_of(desk).get_sheet_by_name("Due values").to_python()[1:]
    assert [row[1:4] for row in rows] == [
        ["'+1+1", "-P", "'=HYPERLINK(1)"],
        ["'+1+1", "Q", "'@SUM(1)"],
    ]
    written = load_workbook(BytesIO(desk.get("/entry/due.xlsx").content))["Due values"]
    assert {cell.data_type for row in written["A2:E3"] for cell in row} == {"s"}


def test_the_workbook_is_laid_out_to_be_filled_in(desk: Client) -> None:
    young()
    MetricFactory()
    sheet = load_workbook(BytesIO(desk.get("/entry/due.xlsx").content))["Due values"]
    assert sheet.freeze_panes == "A2"
    assert not sheet.protection.sheet
    [hint] = sheet.data_validations.dataValidation
    assert str(hint.sqref) == "G2"
    assert hint.showInputMessage
    assert hint.errorStyle == "warning"  # it forbids nothing, so pasting works
    grey = {cell.column_letter for cell in sheet[2] if cell.fill.fill_type == "solid"}
    assert grey == set("ABCDEF")
    assert sheet["E2"].number_format == "@"  # so that no spreadsheet makes a date of a period
    assert sheet.column_dimensions["B"].width > 20


@pytest.mark.parametrize(
    "address",
    [
        "/entry/",
        "/entry/?scope=S",
        "/entry/?metric=chosen&period=2026-03",
        "/entry/due/?metric=chosen",
    ],
)
def test_costs_as_many_queries_for_many_subjects_as_for_few(
    address: str, analyst: User, desk: Client
) -> None:
    segment, portfolio = SegmentFactory(code="S"), PortfolioFactory()
    cadences = [MetricFactory(code=f"of_a_{cadence}", cadence=cadence) for cadence in Cadence]
    chosen = MetricFactory(code="chosen")
    scorecard = ScorecardFactory(is_default=True)
    ScorecardLineFactory(scorecard=scorecard, metric=chosen)

    def grow() -> None:
        for scope in (segment, portfolio, SegmentFactory()):
            MetricAssignmentFactory(metric=chosen, scope=scope, user=UserFactory())
            MetricAssignmentFactory(metric=MetricFactory(), scope=scope, user=analyst)
        MetricAssignmentFactory(metric=chosen, scope=PortfolioFactory(), user=analyst)
        for _ in range(4):
            project = ProjectFactory(portfolio=portfolio)
            EngagementFactory(project=project, segment=segment)
            for metric in cadences:
                ExemptionFactory(metric=metric, subject=project)
            other = ProjectFactory()
            NoValueFactory(metric=chosen, subject=other, said_by=UserFactory())
            DraftMeasurementFactory(
                metric=chosen, subject=other, period="2026-02", entered_by=UserFactory()
            )
            ExemptionProposalFactory(metric=chosen, subject=project, proposed_by=UserFactory())
            DraftMeasurementFactory(
                metric=chosen,
                subject=project,
                entered_by=analyst,
                state=DraftState.REJECTED,
                decided_by=UserFactory(),
                decided_at=A_MOMENT,
                answer="Again, please.",
            )
            ScorecardLineFactory(scorecard=scorecard)
        CustomerFactory(segment=segment)

    assert_costs_no_more(desk, address, grow)


@pytest.mark.usefixtures("mixed")
def test_the_workbook_filled_in_comes_back_without_any_mapping(desk: Client, analyst: User) -> None:
    content = filled_in(desk.get("/entry/due.xlsx?metric=m").content, {"OPEN": 12.5, "AWAY": -3})
    mapping = recognised(HEADER)
    assert mapping is not None
    batch = stored(checked(content, analyst, mapping, name="due-2026-04-10.xlsx"))
    assert batch.state == BatchState.DONE
    assert list(
        Measurement.objects.order_by("subject__code").values_list(
            "metric__code", "subject__code", "month", "value", "note"
        )
    ) == [("m", "AWAY", MARCH, -3.0, "From AWAY."), ("m", "OPEN", MARCH, 12.5, "From OPEN.")]
    assert [line[1:] for line in lines(read(desk, "/entry/?metric=m"))] == [("m", "2026-03", 1)]


def filled_in(content: bytes, values: dict[str, float]) -> bytes:
    """The workbook as a spreadsheet saves it after somebody wrote into it."""
    book = load_workbook(BytesIO(content))
    for row in book["Due values"].iter_rows(min_row=2):
        subject = row[2].value
        if subject in values:
            row[6].value, row[7].value = values[subject], f"From {subject}."
    saved = BytesIO()
    book.save(saved)
    return saved.getvalue()
