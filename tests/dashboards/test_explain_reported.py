"""What a closing reported is explained by what stood at it, whatever came after."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client

from dashboards.selectors.explain import ExplainPage
from metrics.choices import Door, RunState, RunTrigger
from metrics.models import (
    SCORE_COLUMNS,
    MeasurementChange,
    MetricDefinition,
    ReportedScore,
    Score,
    Scorecard,
    ScorecardLine,
)
from metrics.operations.definitions import save_metric
from metrics.operations.measurements import delete_measurement, record_measurement
from metrics.operations.months import close_month, reopen_month
from metrics.operations.runs import answer_all_needs, score_now
from metrics.operations.scorecards import save_line, save_scorecard
from metrics.periods import parse_period
from metrics.workspace import load_workspace
from projects.models import Engagement, Offer, Project, Subject
from projects.months import Month
from projects.operations.links import delete_offer
from projects.operations.subjects import delete_subject, save_subject
from tests.dashboards.reading import MOST_QUERIES, ClientOf, ReadPage, assert_costs_no_more, read
from tests.factories import (
    MeasurementFactory,
    ProjectFactory,
    ReportedScoreFactory,
    RescoreNeedFactory,
    ScoreRunFactory,
)

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
MAY, JUNE, JULY = (Month.parse(f"2026-{number:02}") for number in (5, 6, 7))
CLOSED, REOPENED, CHANGED, AGAIN, LATER = (
    f"2026-07-{day:02}T09:00:00Z" for day in (10, 11, 12, 13, 14)
)
EVERY_KIND = ["ORG", "DIGITAL", "PRJ-ONBOARD", "ENT", "C-ACME", "SRV-MAIL", "PRJ-ONBOARD@ENT"]


@pytest.fixture
def june_reported(db: None, pmo_lead: User) -> Iterator[Any]:
    """June was closed on the 10th and reopened on the 11th; it is the 12th."""
    with time_machine.travel("2026-07-09T09:00:00Z", tick=False) as clock:
        load_workspace(EXAMPLES / "worked")
        score_now(trigger=RunTrigger.LOAD)
        clock.move_to(CLOSED)
        close_month(JUNE, by=pmo_lead)
        clock.move_to(REOPENED)
        reopen_month(JUNE, reason="Costs were wrong.", by=pmo_lead)
        answer_all_needs()
        clock.move_to(CHANGED)
        yield clock


@pytest.fixture
def reader(executive: User, client_of: ClientOf) -> Client:
    return client_of(executive)


def explained(client: Client, code: str, query: str = "?closing=1", month: Month = JUNE) -> Any:
    return read(client, f"/explain/{code}/{month}/{query}")


def page_of(page: ReadPage) -> ExplainPage:
    found: ExplainPage = page.context["page"]
    return found


def trees(client: Client) -> dict[str, Any]:
    """All parts of the report, of every subject that was reported."""
    return {
        code: page_of(explained(client, code)).categories
        for code in ReportedScore.objects.values_list("subject__code", flat=True)
    }


def correct_a_value() -> None:
    record("cost_ratio", "PRJ-ONBOARD", 0.95)


def delete_a_value() -> None:
    metric = MetricDefinition.objects.get(code="cost_ratio")
    row = metric.measurements.filter(subject__code="PRJ-ONBOARD").latest("period_start")
    delete_measurement(row, by=None, door=Door.FORM)


def bring_a_late_value() -> None:
    record("staffing_fit", "PRJ-CHAT", 12.0)


def change_curves_and_names() -> None:
    for metric in MetricDefinition.objects.exclude(curve=None):
        metric.curve = [[point[0], 100 - point[1]] for point in metric.curve or []]
        metric.name = f"Reworded {metric.name}"
        save_metric(metric, by=None)


def change_weights() -> None:
    for project in Project.objects.all():
        project.weight += len(project.code)
        save_subject(project, by=None)
    line = ScorecardLine.objects.order_by("pk").first()
    assert line
    line.weight += 7
    save_line(line, by=None)


def change_scorecards() -> None:
    for card in Scorecard.objects.all():
        card.weight_tactical, card.overall, card.green_from = 7.0, "weakest", 99.0
        save_scorecard(card, by=None)


def end_links() -> None:
    for engagement in Engagement.objects.all():
        engagement.share = 0.0
        save_subject(engagement, by=None)
    for offer in Offer.objects.all():
        delete_offer(offer, by=None)


def record(metric: str, subject: str, value: float, period: str = "2026-06") -> None:
    definition = MetricDefinition.objects.get(code=metric)
    record_measurement(
        metric=definition,
        subject=Subject.objects.get(code=subject),
        period=parse_period(period, definition.cadence),
        value=value,
        by=None,
        door=Door.FORM,
    )


CHANGES = [
    correct_a_value,
    delete_a_value,
    bring_a_late_value,
    change_curves_and_names,
    change_weights,
    change_scorecards,
    end_links,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_was_reported_keeps_its_explanation_whatever_changes_after(
    june_reported: Any, reader: Client, change: Callable[[], None]
) -> None:
    before = trees(reader)
    change()
    answer_all_needs()
    columns = ("subject", *SCORE_COLUMNS)
    restated = set(Score.objects.filter(month=JUNE).values_list(*columns))
    assert restated != set(ReportedScore.objects.values_list(*columns))
    assert trees(reader) == before


@pytest.mark.parametrize("code", EVERY_KIND)
def test_the_parts_of_a_report_add_up_to_what_was_reported(
    june_reported: Any, reader: Client, code: str
) -> None:
    for change in CHANGES[2:]:
        change()
    answer_all_needs()
    page = page_of(explained(reader, code))
    reported = ReportedScore.objects.get(subject__code=code)
    assert page.says_the_same
    assert page.differences == ()
    assert page.stored
    assert page.stored.overall_score == reported.overall_score
    assert page.computed == pytest.approx(reported.overall_score, abs=1e-9)
    for part in page.categories:
        measure = reported.category(part.category)
        assert part.score == pytest.approx(measure.score if measure else None, abs=1e-9)


def test_a_month_closed_again_has_both_its_reports_explained(
    june_reported: Any, reader: Client, pmo_lead: User
) -> None:
    correct_a_value()
    change_curves_and_names()
    june_reported.move_to(AGAIN)
    close_month(JUNE, by=pmo_lead)
    june_reported.move_to(LATER)
    in_force = page_of(explained(reader, "ORG", "?closing=2"))
    assert in_force.reported is None
    assert in_force.is_closed
    reopen_month(JUNE, reason="Once more.", by=pmo_lead)
    change_weights()
    change_scorecards()
    answer_all_needs()
    for number in (1, 2):
        rows = ReportedScore.objects.filter(closing__month=JUNE).order_by("closing__closed_at")
        reported = [row.overall_score for row in rows.filter(subject__code="ORG")]
        page = page_of(explained(reader, "ORG", f"?closing={number}"))
        assert page.computed == pytest.approx(reported[number - 1], abs=1e-9)
        assert page.says_the_same
    assert reported[0] != pytest.approx(reported[1], abs=0.1)
    assert "Reworded " not in explained(reader, "PRJ-ONBOARD").words
    assert "Reworded " in explained(reader, "PRJ-ONBOARD", "?closing=2").words


def test_the_report_is_told_beside_what_stands_now(june_reported: Any, reader: Client) -> None:
    correct_a_value()
    answer_all_needs()
    page = explained(reader, "ORG")
    reported = ReportedScore.objects.get(subject__code="ORG").overall_score or 0
    now = Score.objects.get(subject__code="ORG", month=JUNE).overall_score or 0
    story = page_of(page).story
    assert story
    assert (story.before, story.now) == pytest.approx((reported, now), abs=1e-9)
    assert sum(move.points for move in story.moves) == pytest.approx(now - reported, abs=1e-9)
    assert "June 2026 as it was reported: closed on 10 Jul 2026, 09:00 by pmo_lead" in page.words
    assert "reopened on 11 Jul 2026, 09:00 by pmo_lead (“Costs were wrong.”)" in page.words
    assert "What moved since it was reported" in page.words
    assert f"Now {now:.1f}" in page.words
    project = explained(reader, "PRJ-ONBOARD")
    [cause] = [each for each in page_of(project).story.causes if each.key == "values"]  # type: ignore[union-attr]
    assert cause.points > 0
    assert "values" in project.row("Cost")


def test_a_report_can_be_compared_with_another_month(june_reported: Any, reader: Client) -> None:
    page = explained(reader, "ORG", "?closing=1&against=2026-05")
    reported = ReportedScore.objects.get(subject__code="ORG").overall_score or 0
    may = Score.objects.get(subject__code="ORG", month=MAY).overall_score or 0
    story = page_of(page).story
    assert story
    assert story.points == pytest.approx(reported - may, abs=1e-9)
    assert "What moved since May 2026" in page.words


def test_the_children_of_a_report_lead_to_their_own_reports(
    june_reported: Any, reader: Client
) -> None:
    links = explained(reader, "ORG").links()
    assert "/explain/PRJ-ONBOARD/2026-06/?closing=1&against=2026-06" in links
    assert "/explain/ORG/2026-06/" in links
    assert "/months/2026-06/" in links


def test_the_month_leads_to_the_explanation_of_each_of_its_reports(
    june_reported: Any, reader: Client, pmo_lead: User
) -> None:
    correct_a_value()
    june_reported.move_to(AGAIN)
    close_month(JUNE, by=pmo_lead)
    june_reported.move_to(LATER)
    reopen_month(JUNE, reason="Once more.", by=pmo_lead)
    page = read(reader, "/months/2026-06/")
    assert [report.number for report in page.context["page"].reports] == [2, 1]
    links = page.links()
    for number in (1, 2):
        for address in ("", "#financial"):
            assert f"/explain/ORG/2026-06/?closing={number}{address}" in links
    assert "/explain/PRJ-ONBOARD/2026-06/?closing=1" in links
    assert "/explain/PRJ-ONBOARD/2026-06/" in links


def test_a_subject_that_was_reported_can_not_be_deleted(june_reported: Any) -> None:
    for subject in Subject.objects.filter(reported_scores__isnull=False).exclude(code="ORG"):
        with pytest.raises(ValidationError):
            delete_subject(subject, by=None)


def test_a_subject_deleted_since_the_closing_leaves_the_report_as_it_was(
    june_reported: Any, reader: Client
) -> None:
    spare = ProjectFactory(code="SPARE", portfolio=Project.objects.earliest("pk").portfolio)
    answer_all_needs()
    june_reported.move_to(AGAIN)
    before = trees(reader)
    Score.objects.filter(subject=spare).delete()
    delete_subject(spare, by=None)
    answer_all_needs()
    assert trees(reader) == before


def test_where_the_record_does_not_reach_back_the_difference_is_told(
    june_reported: Any, reader: Client
) -> None:
    curve = MetricDefinition.history.filter(code="cost_ratio")
    curve.update(curve=[[0, 0], [1, 50]])
    MeasurementChange.objects.all().delete()
    page = explained(reader, "PRJ-ONBOARD")
    found = page_of(page)
    assert not found.says_the_same
    [overall] = [each for each in found.differences if each.label == "Overall"]
    assert overall.stored == ReportedScore.objects.get(subject__code="PRJ-ONBOARD").overall_score
    assert overall.computed == found.computed
    assert "What stood at the closing is not on record completely" in page.words
    assert (
        f"Overall: reported as {overall.stored:.1f}, the parts add up to {overall.computed:.1f},"
        f" a difference of {overall.difference_text}." in page.words
    )
    assert "It is explained by" not in page.words


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (Project, "What was on record of Onboarding in a day then was not kept."),
        (Scorecard, "The scorecard that Onboarding in a day had then was not kept."),
        (MetricDefinition, "The metrics that there were then were not kept."),
    ],
)
def test_what_was_not_kept_is_named(
    june_reported: Any, reader: Client, model: Any, sentence: str
) -> None:
    Subject.objects.filter(code="PRJ-ONBOARD").update(name="Onboarding in a day")
    model.history.all().delete()
    page = explained(reader, "PRJ-ONBOARD")
    assert sentence in page.words
    reported = ReportedScore.objects.get(subject__code="PRJ-ONBOARD").overall_score or 0
    assert f"{reported:.1f}" in page.words  # what was reported is shown nevertheless


def test_a_small_difference_is_told_with_as_many_decimals_as_it_takes(
    june_reported: Any, reader: Client
) -> None:
    row = ReportedScore.objects.get(subject__code="PRJ-ONBOARD")
    exact = row.overall_score or 0
    ReportedScore.objects.filter(pk=row.pk).update(overall_score=exact + 5e-7)
    assert page_of(explained(reader, "PRJ-ONBOARD")).says_the_same
    ReportedScore.objects.filter(pk=row.pk).update(overall_score=exact + 2e-5)
    page = explained(reader, "PRJ-ONBOARD")
    assert not page_of(page).says_the_same
    assert "a difference of \N{MINUS SIGN}0.00002." in page.words


def test_the_values_behind_a_report_say_that_they_are_todays_record(
    june_reported: Any, reader: Client
) -> None:
    correct_a_value()
    address = "/explain/PRJ-ONBOARD/2026-06/cost_ratio/2026-06/?closing=1"
    assert address in explained(reader, "PRJ-ONBOARD").links()
    words = read(reader, address).words
    assert "The score was reported with what stood here on 10 Jul 2026, 09:00" in words
    assert "Corrections" in words
    assert reader.get(address.replace("=1", "=2")).status_code == 404


def test_nobody_is_led_to_enter_values_into_a_report(
    june_reported: Any, analyst: User, client_of: ClientOf
) -> None:
    MeasurementFactory._meta.model.objects.filter(
        metric__code="cost_ratio", subject__code="PRJ-ONBOARD"
    ).update(created_at="2026-07-12T09:00:00Z")
    page = explained(client_of(analyst), "PRJ-ONBOARD")
    assert "No value was in force when the month was closed." in page.words
    assert not any(link.startswith("/entry/value/") for link in page.links())


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?closing=2", 404),
        ("?closing=0", 400),
        ("?closing=-1", 400),
        ("?closing=one", 400),
        ("?closing=99999999999999", 400),
        ("?closing=", 200),
    ],
)
def test_a_closing_that_there_is_not(
    june_reported: Any, reader: Client, query: str, status: int
) -> None:
    assert reader.get(f"/explain/ORG/2026-06/{query}").status_code == status


def test_a_group_of_a_report_is_fetched_from_the_report(june_reported: Any, reader: Client) -> None:
    page = read(
        reader,
        "/explain/ORG/2026-06/?closing=1&all=financial-projects",
        part="financial-projects",
    )
    assert "?closing=1&against=2026-06" in " ".join(page.links())
    assert "<html" not in page.html


@pytest.mark.parametrize("against", ["", "&against=2026-07", "&against=2026-05"])
def test_a_report_costs_no_more_queries_than_allowed(
    june_reported: Any, reader: Client, against: str
) -> None:
    change_curves_and_names()
    correct_a_value()
    record("staffing_fit", "PRJ-CHAT", 90.0, "2026-07")
    answer_all_needs()
    ScoreRunFactory(state=RunState.RUNNING)
    RescoreNeedFactory(subject=Subject.objects.get(code="ORG"))
    for code in EVERY_KIND:
        page = explained(reader, code, f"?closing=1{against}")
        assert page.queries <= MOST_QUERIES, (code, page.queries)


def test_costs_as_many_queries_for_many_reported_projects_as_for_few(
    june_reported: Any, reader: Client
) -> None:
    closing = ReportedScore.objects.earliest("pk").closing
    portfolio = Project.objects.earliest("pk").portfolio

    def grow() -> None:
        for _ in range(3):
            project = ProjectFactory(portfolio=portfolio)
            ReportedScoreFactory(closing=closing, subject=project)
        answer_all_needs()

    assert_costs_no_more(reader, "/explain/ORG/2026-06/?closing=1", grow)
