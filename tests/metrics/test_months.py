"""Closing and reopening months (SCORING section 7)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from metrics.choices import Band, Door, RunState
from metrics.closed_months import ClosedMonths
from metrics.models import (
    SCORE_COLUMNS,
    MetricDefinition,
    MonthClosing,
    ReportedScore,
    RescoreNeed,
    Score,
    ScoreRun,
)
from metrics.operations import months
from metrics.operations.definitions import save_metric
from metrics.operations.measurements import record_measurement
from metrics.operations.months import close_month, reopen_month
from metrics.operations.rescoring import mark_for_rescoring
from metrics.operations.runs import answer_all_needs
from metrics.periods import parse_period
from projects.models import Project
from projects.months import Month, month_range
from projects.operations.subjects import save_subject
from tests.factories import (
    EngagementFactory,
    MeasurementFactory,
    MetricFactory,
    MonthClosingFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    RescoreNeedFactory,
    ScorecardFactory,
    ScorecardLineFactory,
    ScoreFactory,
    ScoreRunFactory,
)
from tests.tables import table, told, waiting_from

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mid_june() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def project() -> Project:
    """A project in a portfolio, with values for January to May that are their own scores."""
    OrganisationFactory()
    project = ProjectFactory(code="P", portfolio=PortfolioFactory(code="F"))
    metric = MetricFactory(code="m")
    ScorecardLineFactory(
        scorecard=ScorecardFactory(code="projects", is_default=True), metric=metric
    )
    ScorecardFactory(
        code="portfolios",
        subject_kind="portfolio",
        is_default=True,
        share_own=0.0,
        share_projects=1.0,
    )
    for number, month in enumerate(month_range(month_of("2026-01"), month_of("2026-05"))):
        MeasurementFactory(
            metric=metric, subject=project, period=str(month), value=40.0 + 10 * number
        )
    mark_for_rescoring([project.pk])
    return project


def month_of(text: str) -> Month:
    return Month.parse(text)


def record(value: float, period: str = "2026-03") -> None:
    record_measurement(
        metric=MetricDefinition.objects.get(code="m"),
        subject=Project.objects.get(code="P"),
        period=parse_period(period, "month"),
        value=value,
        by=None,
        door=Door.FORM,
    )


def closings() -> list[tuple[str, bool]]:
    return [
        (str(month), reopened_at is None)
        for month, reopened_at in MonthClosing.objects.order_by("month", "pk").values_list(
            "month", "reopened_at"
        )
    ]


def scores() -> dict[tuple[str, str], float]:
    return {
        (code, str(month)): score
        for code, month, score in Score.objects.values_list(
            "subject__code", "month", "overall_score"
        )
    }


def test_closing_a_month_closes_every_open_month_before_it(
    project: Project, pmo_lead: User
) -> None:
    closed = close_month(month_of("2026-03"), by=pmo_lead)
    assert closed == month_range(month_of("2026-01"), month_of("2026-03"))
    columns = "month closed_at closed_by__username reopened_at reopened_by reopen_reason"
    assert table(MonthClosing, *columns.split()) == [
        (month, NOW, "pmo_lead", None, None, "") for month in closed
    ]


def test_closing_a_month_first_answers_what_waits(project: Project, pmo_lead: User) -> None:
    close_month(month_of("2026-02"), by=pmo_lead)
    assert not RescoreNeed.objects.exists()
    expected = {
        (code, f"2026-0{number}"): 30.0 + 10 * number
        for code in ("P", "F")
        for number in range(1, 6)
    }
    assert scores() == pytest.approx(expected)


def test_closing_a_later_month_closes_what_is_open_in_between(
    project: Project, pmo_lead: User
) -> None:
    close_month(month_of("2026-01"), by=pmo_lead)
    reopen_month(month_of("2026-01"), reason="a wrong count", by=pmo_lead)
    close_month(month_of("2026-02"), by=pmo_lead)
    assert close_month(month_of("2026-05"), by=pmo_lead) == month_range(
        month_of("2026-03"), month_of("2026-05")
    )
    assert closings() == [
        ("2026-01", False),
        ("2026-01", True),
        ("2026-02", True),
        ("2026-03", True),
        ("2026-04", True),
        ("2026-05", True),
    ]


def test_a_month_without_scores_is_closed_like_any_other(pmo_lead: User) -> None:
    assert close_month(month_of("2026-05"), by=pmo_lead) == [month_of("2026-05")]
    assert month_of("2019-12") in ClosedMonths.read()  # closed with it, though nobody named it


@pytest.mark.parametrize(
    ("month", "sentence"),
    [
        ("2026-06", "2026-06 is not over yet; the latest month that can be closed is 2026-05."),
        ("2026-07", "2026-07 has not begun; the latest month that can be closed is 2026-05."),
        ("2026-03", "2026-03 is closed already."),
        ("2025-12", "2025-12 is closed already."),
    ],
)
def test_which_months_can_not_be_closed(month: str, sentence: str, pmo_lead: User) -> None:
    MonthClosingFactory(month=month_of("2026-03"))
    with pytest.raises(ValidationError) as refusal:
        close_month(month_of(month), by=pmo_lead)
    assert told(refusal) == [sentence]
    assert closings() == [("2026-03", True)]


def test_no_month_is_closed_while_changes_wait(
    pmo_lead: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A value comes in every time that what waits was just answered."""
    monkeypatch.setattr(
        months, "answer_all_needs", lambda **_: RescoreNeedFactory(first_month=month_of("2026-04"))
    )
    with pytest.raises(ValidationError) as refusal:
        close_month(month_of("2026-05"), by=pmo_lead)
    assert told(refusal) == [
        "2026-05 can't be closed while changes wait to be scored (3 now); try again in a moment."
    ]
    assert closings() == []


def test_what_comes_in_while_scores_are_brought_up_to_date_is_answered_too(
    project: Project, pmo_lead: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = [99.0]

    def answer(**given: Any) -> None:
        answer_all_needs(**given)
        if late:
            record(late.pop())

    monkeypatch.setattr(months, "answer_all_needs", answer)
    close_month(month_of("2026-05"), by=pmo_lead)
    assert scores()["P", "2026-03"] == 99.0
    assert not RescoreNeed.objects.exists()


def test_a_change_of_later_months_does_not_hold_up_the_closing(
    pmo_lead: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(months, "answer_all_needs", lambda **_: None)
    RescoreNeedFactory(first_month=month_of("2026-05"))
    assert close_month(month_of("2026-04"), by=pmo_lead) == [month_of("2026-04")]


def test_no_month_is_closed_while_a_run_is_going_on(
    pmo_lead: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(months, "answer_all_needs", lambda **_: None)
    run = ScoreRunFactory(state=RunState.RUNNING)
    with pytest.raises(ValidationError) as refusal:
        close_month(month_of("2026-05"), by=pmo_lead)
    assert told(refusal) == [
        f"2026-05 can't be closed while scoring run {run.pk} is going on;"
        " try again when it is done."
    ]
    assert closings() == []


def test_a_run_that_is_due_is_carried_out_before_the_month_is_closed(pmo_lead: User) -> None:
    run = ScoreRunFactory(state=RunState.DUE)
    close_month(month_of("2026-05"), by=pmo_lead)
    run.refresh_from_db()
    assert run.state == RunState.DONE


def test_a_run_that_does_not_end_in_time_is_told(project: Project, pmo_lead: User) -> None:
    ScoreRunFactory(state=RunState.RUNNING, heartbeat_at=NOW)
    with pytest.raises(ValidationError) as refusal:
        close_month(month_of("2026-05"), by=pmo_lead, patience=0.0)
    assert "did not end in time" in told(refusal)[0]
    assert closings() == []


def test_a_month_that_no_run_has_come_to_is_scored_before_it_is_closed(
    project: Project, pmo_lead: User
) -> None:
    RescoreNeed.objects.all().delete()
    close_month(month_of("2026-03"), by=pmo_lead)
    assert {month for _, month in scores()} == {"2026-01", "2026-02", "2026-03"}


def test_scores_of_a_closed_month_never_move(project: Project, pmo_lead: User) -> None:
    close_month(month_of("2026-03"), by=pmo_lead)
    frozen = list(Score.objects.filter(month__lte=month_of("2026-03")).values())
    metric = MetricDefinition.objects.get(code="m")
    metric.curve = [[0.0, 100.0], [100.0, 0.0]]
    save_metric(metric, by=pmo_lead)
    project.weight = 5.0
    save_subject(project, by=pmo_lead)
    record(1.0, "2025-12")  # a first value of a closed month
    answer_all_needs()
    assert list(Score.objects.filter(month__lte=month_of("2026-03")).values()) == frozen
    assert scores()["P", "2026-04"] == 30.0  # the open months follow
    assert scores()["F", "2026-05"] == 20.0


def test_reopening_keeps_the_scores_as_they_were_reported(project: Project, pmo_lead: User) -> None:
    close_month(month_of("2026-03"), by=pmo_lead)
    reported = list(
        Score.objects.filter(month=month_of("2026-03"))
        .order_by("subject")
        .values("subject", *SCORE_COLUMNS)
    )
    closing = reopen_month(month_of("2026-03"), reason=" A wrong count. ", by=pmo_lead)
    columns = "month reopened_at reopened_by__username reopen_reason"
    assert table(MonthClosing.objects.filter(pk=closing.pk), *columns.split()) == [
        (month_of("2026-03"), NOW, "pmo_lead", "A wrong count.")
    ]
    kept = ReportedScore.objects.order_by("subject").values("subject", *SCORE_COLUMNS)
    assert list(kept) == reported
    assert set(ReportedScore.objects.values_list("closing", flat=True)) == {closing.pk}


def test_a_reopened_month_is_restated_and_the_others_stay(project: Project, pmo_lead: User) -> None:
    close_month(month_of("2026-04"), by=pmo_lead)
    reopen_month(month_of("2026-03"), reason="a wrong count", by=pmo_lead)
    record(10.0, "2026-03")
    answer_all_needs()
    assert scores()["P", "2026-03"] == 10.0
    assert scores()["P", "2026-04"] == 70.0
    assert table(ReportedScore, "subject__code", "overall_score") == [("F", 60.0), ("P", 60.0)]


def test_late_values_count_once_their_month_is_reopened(project: Project, pmo_lead: User) -> None:
    close_month(month_of("2026-02"), by=pmo_lead)
    other = ProjectFactory(code="Q", portfolio=project.portfolio)
    MeasurementFactory(
        metric=MetricDefinition.objects.get(code="m"),
        subject=other,
        period="2026-02",
        value=0.0,
        is_late=True,
    )
    reopen_month(month_of("2026-02"), reason="late numbers", by=pmo_lead)
    answer_all_needs()
    assert scores()["Q", "2026-02"] == 0.0
    assert scores()["F", "2026-02"] == 25.0


def test_reopening_concerns_everybody_with_scores_or_measured_then(
    project: Project, pmo_lead: User
) -> None:
    EngagementFactory(project=project, segment__code="S")
    ProjectFactory(code="LATER", portfolio=project.portfolio, active_from=month_of("2026-04"))
    gone = ProjectFactory(
        code="GONE", portfolio=project.portfolio, active_until=month_of("2026-02")
    )
    close_month(month_of("2026-03"), by=pmo_lead)
    ScoreFactory(subject=gone, month=month_of("2026-03"))
    reopen_month(month_of("2026-03"), reason="a wrong count", by=pmo_lead)
    assert waiting_from() == {(code, "2026-03") for code in ("ORG", "F", "P", "P@S", "S", "GONE")}


def test_a_month_is_closed_and_reopened_again_and_again(project: Project, pmo_lead: User) -> None:
    for value, reason in ((11.0, "first"), (12.0, "second")):
        close_month(month_of("2026-03"), by=pmo_lead)
        reopen_month(month_of("2026-03"), reason=reason, by=pmo_lead)
        record(value, "2026-03")
    answer_all_needs()
    columns = ("closing__reopen_reason", "subject__code", "overall_score")
    assert table(ReportedScore, *columns) == [
        ("first", "F", 60.0),
        ("first", "P", 60.0),
        ("second", "F", 11.0),
        ("second", "P", 11.0),
    ]
    assert scores()["P", "2026-03"] == 12.0


@pytest.mark.parametrize(
    ("month", "reason", "sentence"),
    [
        ("2026-03", "", "Say why 2026-03 is reopened."),
        ("2026-03", "  ", "Say why 2026-03 is reopened."),
        ("2026-04", "why not", "2026-04 is open; only a closed month is reopened."),
        (
            "2019-01",
            "why not",
            "No value is recorded up to 2019-01, so there is nothing to reopen.",
        ),
    ],
)
def test_what_can_not_be_reopened(
    month: str, reason: str, sentence: str, pmo_lead: User, project: Project
) -> None:
    MonthClosingFactory(month=month_of("2026-03"))
    RescoreNeed.objects.all().delete()
    with pytest.raises(ValidationError) as refusal:
        reopen_month(month_of(month), reason=reason, by=pmo_lead)
    assert told(refusal) == [sentence]
    assert closings() == [("2026-03", True)]
    assert waiting_from() == set()
    assert not ReportedScore.objects.exists()


def test_a_month_that_was_closed_without_a_name_is_reopened_alone(
    project: Project, pmo_lead: User
) -> None:
    MonthClosingFactory(month=month_of("2026-04"))
    reopen_month(month_of("2026-02"), reason="late numbers", by=pmo_lead)
    assert closings() == [("2026-02", False), ("2026-03", True), ("2026-04", True)]
    closed, asked = ClosedMonths.read(), month_range(month_of("2025-12"), month_of("2026-05"))
    assert closed.open_among(asked) == [month_of("2026-02"), month_of("2026-05")]


def test_a_month_is_reopened_wholly_or_not_at_all(
    project: Project, pmo_lead: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    close_month(month_of("2026-03"), by=pmo_lead)

    def fail(*_: Any) -> None:
        raise RuntimeError("nothing can be marked")

    monkeypatch.setattr(months, "mark_for_rescoring", fail)
    with pytest.raises(RuntimeError):
        reopen_month(month_of("2026-03"), reason="a wrong count", by=pmo_lead)
    assert ("2026-03", True) in closings()
    assert not ReportedScore.objects.exists()


def test_insufficient_scores_are_kept_as_they_were_reported(pmo_lead: User) -> None:
    MeasurementFactory()
    blank = {f"tactical_{part}": None for part in ("score", "coverage", "band")}
    ScoreFactory(
        overall_score=None,
        overall_band=Band.INSUFFICIENT,
        overall_coverage=0.0,
        overall_low=0.0,
        overall_high=100.0,
        balance=None,
        **blank,
    )
    MonthClosingFactory()
    reopen_month(month_of("2026-03"), reason="late numbers", by=pmo_lead)
    columns = ("tactical_score", "overall_score", "overall_high", "overall_band", "balance")
    assert table(ReportedScore, *columns) == [(None, None, 100.0, Band.INSUFFICIENT, None)]


def run(command: str, *arguments: str) -> str:
    out = io.StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.usefixtures("project")
def test_the_commands_close_and_reopen() -> None:
    assert run("close_month", "2026-02") == "Closed 2026-01 and 2026-02.\n"
    assert run("reopen_month", "2026-02", "--reason", "a wrong count") == (
        "Reopened 2026-02; 2 scores are kept as reported.\n"
    )
    assert closings() == [("2026-01", True), ("2026-02", False)]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["close_month", "2026-06"], "2026-06 is not over yet"),
        (["close_month", "June"], '"June" is not a month; write it like 2026-03.'),
        (["reopen_month", "2026-03", "--reason", "x"], "2026-03 is open"),
        (["reopen_month", "2026-03"], "--reason"),
    ],
)
def test_the_commands_tell_what_they_refuse(arguments: list[str], sentence: str) -> None:
    with pytest.raises(CommandError) as refusal:
        run(*arguments)
    assert sentence in str(refusal.value)
    assert not ScoreRun.objects.exists()
