"""Entering values: what is due, the form for one value, and what a saved value did."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.utils import translation

from dashboards.selectors.entry import month_of_effect
from metrics.choices import Cadence, Door, ProposalState, RunTrigger
from metrics.models import (
    ExemptionProposal,
    Measurement,
    MeasurementChange,
    MetricDefinition,
)
from metrics.operations.months import close_month
from metrics.operations.runs import answer_all_needs, score_now
from metrics.periods import parse_period
from metrics.workspace import load_workspace
from projects.models import Project
from projects.months import Month
from tests.dashboards.reading import TODAY, ClientOf, ReadPage, assert_costs_no_more, plain, read
from tests.factories import (
    CurveOverrideFactory,
    CustomerFactory,
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

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(autouse=True)
def in_april() -> Iterator[None]:
    """Friday, 10 April 2026."""
    with time_machine.travel(TODAY, tick=False):
        yield


@pytest.fixture
def desk(analyst: User, client_of: ClientOf) -> Client:
    return client_of(analyst)


def test_only_those_who_enter_values_get_in(
    executive: User, pmo_lead: User, analyst: User, outsider: User, client_of: ClientOf
) -> None:
    ProjectFactory()
    MetricFactory()
    for address in ("/entry/value/", "/entry/preview/"):
        assert client_of(analyst).get(address).status_code == 200
        for person in (executive, pmo_lead, outsider):
            assert client_of(person).get(address).status_code == 403
            assert client_of(person).post("/entry/value/", {}).status_code == 403
            assert client_of(person).post("/entry/form/", {}).status_code == 403
        assert Client().get(address).status_code == 302


def test_an_empty_portal_says_what_to_create_first(desk: Client) -> None:
    assert "Nothing to show yet" in read(desk, "/entry/value/").words


def filled(**fields: str) -> str:
    return "/entry/value/?" + "&".join(f"{name}={value}" for name, value in fields.items())


def test_choosing_a_metric_shows_what_it_means_and_whose_values_it_takes(desk: Client) -> None:
    ProjectFactory(code="P")
    SegmentFactory(code="S")
    MetricFactory(code="m", unit="days", question="How long?", description="Working days.")
    page = read(desk, filled(metric="m"), part="entry-form")
    assert "<html" not in page.html
    assert "How long?" in page.words
    assert "monthly, of projects, in days" in page.words
    assert "0 scores 0, 100 scores 100" in page.words
    assert 'value="P"' in page.html
    assert 'value="S"' not in page.html


def test_the_form_opens_with_the_latest_period_and_tells_the_value_before(desk: Client) -> None:
    project, metric = ProjectFactory(code="P"), MetricFactory(code="m", unit="days")
    MeasurementFactory(metric=metric, subject=project, period="2026-02", value=62)
    page = read(desk, filled(metric="m", subject="P"))
    assert '<option value="2026-03" selected>' in page.html
    assert "Before Value Score 2026-02 62 days 62.0" in page.words


def test_a_recorded_value_stands_in_the_form_to_be_corrected(desk: Client) -> None:
    project, metric = ProjectFactory(code="P"), MetricFactory(code="m")
    MeasurementFactory(metric=metric, subject=project, value=41.5, note="By hand.")
    MeasurementFactory(metric=metric, subject=project, period="2026-02", value=40)
    page = read(desk, filled(metric="m", subject="P", period="2026-03"))
    assert value_of(page, "value") == "41.5"
    assert "By hand." in page.html
    typed = {"metric": "m", "subject": "P", "period": "2026-02", "note": "By hand."}
    untouched = {**typed, "value": "41.5", "recorded_value": "41.5", "recorded_note": "By hand."}
    moved_on = post_form(desk, untouched)
    assert value_of(moved_on, "value") == "40"
    assert "By hand." not in moved_on.html
    changed = post_form(desk, {**untouched, "value": "43"})
    assert value_of(changed, "value") == "43"


def post_form(client: Client, fields: dict[str, str]) -> ReadPage:
    response = client.post("/entry/form/", fields)
    html = response.content.decode()
    return ReadPage(response, html, plain(html), 0)


def value_of(page: ReadPage, field: str) -> str:
    return str(page.context["form"][field].value())


def test_an_old_period_is_offered_as_a_typed_one(desk: Client) -> None:
    ProjectFactory(code="P")
    MetricFactory(code="m")
    page = read(desk, filled(metric="m", subject="P", period="2024-01"))
    assert value_of(page, "other_period") == "2024-01"
    assert value_of(page, "period") == ""


def test_many_subjects_are_typed_and_not_chosen_from_a_list(desk: Client) -> None:
    ProjectFactory.create_batch(151)
    ProjectFactory(code="LAST", name="The last one")
    MetricFactory(code="m")
    page = read(desk, filled(metric="m", subject="LAST"), part="entry-form")
    assert '<datalist id="subject-choices">' in page.html
    assert page.html.count("<option") > 150
    assert "The last one" in page.words


def test_the_typed_value_is_scored_on_its_curve_before_it_is_saved(desk: Client) -> None:
    project, metric = ProjectFactory(code="P"), MetricFactory(code="m", unit="days")
    ScorecardLineFactory(metric=metric, scorecard__is_default=True, scorecard__amber_from=20.0)
    MeasurementFactory(metric=metric, subject=project, period="2026-02", value=30)
    address = "/entry/preview/?metric=m&subject=P&period=2026-03&value="
    assert "Scores 42.5 Amber (amber) up +12.5 since 2026-02" in read(desk, f"{address}42.5").words
    assert '"abc" is not a number' in read(desk, f"{address}abc").words
    assert "shows here while you type" in read(desk, address).words
    CurveOverrideFactory(metric=metric, subject=project, from_month=Month.parse("2026-03"))
    assert "Scores 57.5" in read(desk, f"{address}42.5").words
    assert not Measurement.objects.filter(month=Month.parse("2026-03")).exists()


def test_the_preview_tells_of_a_metric_without_a_curve_and_of_folding(desk: Client) -> None:
    ProjectFactory(code="P")
    MetricFactory(code="plain", curve=None)
    MetricFactory(code="weekly", cadence=Cadence.WEEK, time_aggregation="mean")
    address = "/entry/preview/?subject=P&value=5&metric="
    assert "has no curve" in read(desk, f"{address}plain").words
    assert "by itself; the month takes the mean" in read(desk, f"{address}weekly").words


def send(client: Client, **fields: str) -> Any:
    """A value given by somebody who has the form for it before them."""
    chosen = {"metric": "m", "subject": "P", "period": "2026-03", **fields}
    if "seen" not in chosen:
        chosen["seen"] = seen_on(client, chosen)
    return client.post("/entry/value/", {"value": "50", **chosen})


def seen_on(client: Client, chosen: dict[str, str]) -> str:
    """What the form for this value brings back of what it shows; none, if it is not shown."""
    response = client.post("/entry/form/", chosen)
    return str(response.context["seen"]) if response.status_code == 200 else ""


@pytest.fixture
def project(db: None) -> Project:
    """With one metric on its scorecard."""
    project: Project = ProjectFactory(code="P", name="Faster claims")
    ScorecardLineFactory(
        scorecard__is_default=True, metric__code="m", metric__name="Cost", metric__unit="days"
    )
    return project


def test_a_saved_value_is_recorded_as_mine_and_came_through_the_form(
    project: Project, desk: Client, analyst: User
) -> None:
    response = send(desk, value="12.5", note="Counted.")
    assert response.status_code == 302
    [row] = Measurement.objects.all()
    assert (row.value, row.note, row.month, row.entered_by, row.door) == (
        12.5,
        "Counted.",
        Month.parse("2026-03"),
        analyst,
        Door.FORM,
    )
    page = read(desk, response.headers["Location"])
    assert "Saved: 12.5 days." in page.words
    assert "Scores are being updated" in page.words


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"metric": ""}, "metric", "Choose what was measured."),
        ({"subject": ""}, "subject", "Choose whom the value is about."),
        ({"period": ""}, "period", "Choose the period"),
        ({"value": ""}, "value", "Type the value"),
        ({"metric": "mm"}, "metric", '"mm" is no metric; did you mean m?'),
        ({"subject": "PP"}, "subject", "did you mean P?"),
        ({"subject": "S"}, "subject", "segment"),
        ({"value": "3,5"}, "value", '"3,5" is not a number; write it like 1234.5 or 1e-05.'),
        ({"value": "NaN"}, "value", '"NaN" is not a number'),
        ({"value": "1e999"}, "value", "too large"),
        ({"period": "2026-W11"}, "period", '"2026-W11" is not a month such as 2026-03.'),
        ({"period": "", "other_period": "March"}, "other_period", "is not a month"),
        ({"period": "2026-05"}, "period", "2026-05 has not begun; the latest month that has"),
        ({"period": "2025-01"}, "period", "outside the span of P, measured from 2025-06"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_stays(
    project: Project, desk: Client, fields: dict[str, str], field: str, sentence: str
) -> None:
    SegmentFactory(code="S")
    Project.objects.update(active_from=Month.parse("2025-06"))
    response = send(desk, note="Please keep this.", **fields)
    assert response.status_code == 422
    form = response.context["form"]
    assert sentence in " ".join(form.errors[field])
    assert form["note"].value() == "Please keep this."
    assert form["value"].value() == fields.get("value", "50")
    assert plain(response.content.decode()).count(sentence) == 1
    assert not Measurement.objects.exists()


def test_everything_that_is_wrong_is_said_at_once(project: Project, desk: Client) -> None:
    response = send(desk, subject="nobody", period="soon", value="many")
    assert set(response.context["form"].errors) == {"subject", "period", "value"}
    assert 'aria-invalid="true"' in response.content.decode()


def test_the_decimal_sign_is_the_readers_own(project: Project, desk: Client) -> None:
    with translation.override("de"):
        assert send(desk, value="3,5").status_code == 302
        assert Measurement.objects.get().value == 3.5
        refused = send(desk, value="3.5")
        assert refused.status_code == 422
        assert "write it like 1234,5" in refused.context["form"].errors["value"][0]
        page = read(desk, filled(metric="m", subject="P", period="2026-03"))
        assert value_of(page, "value") == "3,5"


def test_somebody_elses_metric_is_refused_and_the_refusal_is_logged(
    project: Project, desk: Client, caplog: pytest.LogCaptureFixture
) -> None:
    metric = MetricDefinition.objects.get()
    MetricAssignmentFactory(metric=metric, scope=OrganisationFactory(), user=UserFactory())
    with caplog.at_level(logging.WARNING):
        assert send(desk).status_code == 403
    assert "Refused: POST /entry/value/ to analyst" in caplog.text
    assert desk.get(filled(metric="m")).status_code == 403
    assert desk.get(filled(metric="m", subject="P")).status_code == 403
    assert desk.get("/entry/preview/?metric=m&subject=P&value=1").status_code == 403
    assert desk.post("/entry/form/", {"metric": "m", "subject": "P"}).status_code == 403
    assert "Cost" not in read(desk, "/entry/value/").words
    assert not Measurement.objects.exists()


def test_a_change_in_a_closed_month_is_refused(project: Project, desk: Client) -> None:
    MeasurementFactory(metric=MetricDefinition.objects.get(), subject=project, value=40)
    MonthClosingFactory(month=Month.parse("2026-03"))
    response = send(desk, value="41")
    assert response.status_code == 422
    assert (
        "2026-03 is closed and its value stays 40" in response.context["form"].errors["period"][0]
    )
    assert "A PMO lead can reopen the month" in plain(response.content.decode())


def test_a_period_long_before_all_others_is_asked_about_first(
    project: Project, desk: Client
) -> None:
    MeasurementFactory(metric=MetricDefinition.objects.get(), subject=project, period="2026-02")
    early = {"period": "", "other_period": "2025-01"}
    asked = send(desk, **early)
    assert asked.status_code == 422
    assert "more than 12 months before" in asked.context["form"].errors["other_period"][0]
    assert 'name="is_early"' in asked.content.decode()
    assert send(desk, **early, is_early="on").status_code == 302
    assert send(desk, period="", other_period="2025-02").status_code == 302  # no longer early


def test_a_value_that_was_there_already_changes_nothing(project: Project, desk: Client) -> None:
    send(desk)
    answer_all_needs()
    page = read(desk, send(desk).headers["Location"])
    assert "Nothing was changed: 50 days was recorded already" in page.words
    assert "/explain/P/2026-03/" in page.links()
    assert not MeasurementChange.objects.exists()


def test_a_note_alone_changes_no_score(project: Project, desk: Client) -> None:
    send(desk)
    answer_all_needs()
    page = read(desk, send(desk, note="Counted twice.").headers["Location"])
    assert "The note is saved. The value stays 50 days" in page.words


def test_after_a_correction_old_and_new_scores_stand_side_by_side_with_the_reason(
    analyst: User, client_of: ClientOf
) -> None:
    with time_machine.travel("2026-07-10T09:00:00Z", tick=False):
        desk = client_of(analyst)
        load_workspace(EXAMPLES / "worked")
        score_now(trigger=RunTrigger.LOAD)
        response = send(
            desk, metric="cost_ratio", subject="PRJ-ONBOARD", period="2026-06", value="0.98"
        )
        token = response.headers["Location"]
        waiting = read(desk, token)
        assert "Saved: 1.07 ratio became 0.98 ratio." in waiting.words
        assert waiting.context["is_waiting"]
        answer_all_needs()
        page = read(desk, token, part="outcome")
    assert "<html" not in page.html
    assert "The scores of June 2026 have followed" in page.words
    assert (
        "Cost against budget 1.07 ratio \N{RIGHTWARDS ARROW} 0.98 ratio: its score went from 62.0"
        " to 94.0, adding +32.0 points to financial." in page.words
    )
    effects = page.context["effects"]
    assert [row.subject.code for row in effects.rows] == [
        "PRJ-ONBOARD",
        "CHANNELS",
        "DIGITAL",
        "ENT",
        "SMB",
        "ORG",
    ]
    for row in effects.rows:
        moved = {movement.measure: movement.change for movement in row.movements}
        if moved["financial"] is not None:
            assert moved["financial"] > 0
        assert not moved["tactical"]
    assert "/explain/ORG/2026-06/" in page.links()


def test_a_value_behind_a_formula_tells_what_it_did_through_it(
    analyst: User, client_of: ClientOf
) -> None:
    with time_machine.travel("2026-06-10T09:00:00Z", tick=False):
        desk = client_of(analyst)
        load_workspace(EXAMPLES / "worked")
        score_now(trigger=RunTrigger.LOAD)
        response = send(
            desk, metric="minutes_per_case", subject="SRV-MAIL", period="2026-05", value="7"
        )
        answer_all_needs()
        page = read(desk, response.headers["Location"])
    assert "Minutes per case 7.9 min \N{RIGHTWARDS ARROW} 7.0 min" in page.words
    assert "Cost per case (made with Minutes per case) 9.48 EUR" in page.words


def test_a_value_that_no_scorecard_takes_in_says_so(project: Project, desk: Client) -> None:
    MetricFactory(code="extra", name="Extra")
    send(desk)
    answer_all_needs()
    response = send(desk, metric="extra")
    answer_all_needs()
    page = read(desk, response.headers["Location"])
    assert "No line of the scorecard of Faster claims takes in Extra" in page.words
    assert "The scores of March 2026 stay as they are" in page.words


def test_when_no_worker_answers_it_is_said_and_where_to_look(
    project: Project, desk: Client
) -> None:
    with time_machine.travel(TODAY, tick=False) as clock:
        address = send(desk).headers["Location"]
        clock.shift(timedelta(seconds=19))
        assert "No worker" not in read(desk, address).words
        clock.shift(timedelta(seconds=2))
        page = read(desk, address, part="outcome")
    assert "No worker has brought the scores up to date yet" in page.words
    assert "/runs/" in page.links()
    assert f'hx-get="{address}"' in page.html


def test_a_late_value_says_that_it_counts_in_open_months_only(
    project: Project, desk: Client
) -> None:
    metric = MetricDefinition.objects.get()
    MeasurementFactory(metric=metric, subject=ProjectFactory(), period="2026-03")
    score_now(trigger=RunTrigger.COMMAND)
    close_month(Month.parse("2026-03"), by=None)
    page = read(desk, send(desk).headers["Location"])
    assert "counts in open months only" in page.words
    answer_all_needs()
    assert (
        "This value counts in no open month" in read(desk, page.response.request["PATH_INFO"]).words
    )


@pytest.mark.parametrize(
    ("period", "closed", "later", "grace", "expected"),
    [
        ("2026-03", None, None, 0, "2026-03"),
        ("2026-02", None, None, 0, "2026-02"),
        ("2026-02", None, None, 2, "2026-03"),  # still in force where pages open
        ("2026-02", None, "2026-03", 2, "2026-02"),  # until a later value takes its place
        ("2026-04", None, None, 0, "2026-04"),  # the running month
        ("2026-02", "2026-02", None, 1, "2026-03"),
        ("2026-02", "2026-02", None, 0, None),
    ],
)
def test_the_month_in_which_people_look_for_the_effect(
    project: Project,
    period: str,
    closed: str | None,
    later: str | None,
    grace: int,
    expected: str | None,
) -> None:
    metric = MetricDefinition.objects.get()
    metric.grace_months = grace
    MeasurementFactory(metric=MetricFactory(code="other"), subject=project, period="2026-03")
    if later:
        MeasurementFactory(metric=metric, subject=project, period=later)
    if closed:
        MonthClosingFactory(month=Month.parse(closed))
    month = month_of_effect(metric, project, parse_period(period, "month"))
    assert month == (Month.parse(expected) if expected else None)


def test_what_was_saved_is_told_to_nobody_else(
    project: Project, desk: Client, administrator: User, client_of: ClientOf
) -> None:
    address = send(desk).headers["Location"]
    assert client_of(administrator).get(address).status_code == 404
    assert desk.get("/entry/saved/nothing/").status_code == 404


def test_the_next_value_that_is_due_is_one_step_away(project: Project, desk: Client) -> None:
    ProjectFactory(code="Q", name="Another")
    page = read(desk, send(desk).headers["Location"])
    assert "/entry/value/?metric=m&subject=Q&period=2026-03" in page.links()
    assert "(5 of this metric still due)" in page.words


def test_a_note_on_a_value_of_the_running_month_leads_to_that_months_explanation(
    project: Project, desk: Client
) -> None:
    send(desk, period="2026-04")
    answer_all_needs()
    page = read(desk, send(desk, period="2026-04", note="Early.").headers["Location"])
    assert "/explain/P/2026-04/" in page.links()


def test_costs_as_many_queries_for_many_subjects_as_for_few(analyst: User, desk: Client) -> None:
    segment, portfolio = SegmentFactory(), PortfolioFactory()
    first = ProjectFactory(portfolio=portfolio)
    cadences = [MetricFactory(code=f"of_a_{cadence}", cadence=cadence) for cadence in Cadence]
    chosen = MetricFactory(code="chosen")
    MeasurementFactory(metric=chosen, subject=first)
    MetricAssignmentFactory(metric=chosen, scope=portfolio, user=analyst)
    scorecard = ScorecardFactory(is_default=True)

    def grow() -> None:
        for scope in (segment, portfolio, SegmentFactory()):
            MetricAssignmentFactory(metric=chosen, scope=scope)
            MetricAssignmentFactory(metric=MetricFactory(), scope=scope, user=analyst)
        for _ in range(4):
            project = ProjectFactory(portfolio=portfolio)
            EngagementFactory(project=project, segment=segment)
            for metric in cadences:
                ExemptionFactory(metric=metric, subject=project)
            CurveOverrideFactory(metric=chosen, subject=project)
            ScorecardLineFactory(scorecard=scorecard)
        CustomerFactory(segment=segment)

    assert_costs_no_more(desk, filled(metric="chosen", subject=first.code, period="2026-03"), grow)


# Conflicts, explanations, approval, and what is said instead


def given_meanwhile(value: float, by: User, **fields: Any) -> Measurement:
    return MeasurementFactory(
        metric=MetricDefinition.objects.get(code="m"),
        subject=Project.objects.get(code="P"),
        value=value,
        entered_by=by,
        **fields,
    )


CHOSEN = {"metric": "m", "subject": "P", "period": "2026-03"}


def test_what_somebody_else_gave_meanwhile_is_shown_beside_mine_to_choose(
    project: Project, desk: Client, pmo_lead: User
) -> None:
    seen = seen_on(desk, CHOSEN)
    given_meanwhile(70.0, pmo_lead, note="by phone")
    answer = send(desk, value="60", seen=seen)
    assert answer.status_code == 422
    page = ReadPage(answer, answer.content.decode(), plain(answer.content.decode()), 0)
    for words in (
        "Meanwhile pmo_lead gave 70 (2026-04-01 09:30). Look again before you save.",
        "There now 70 days 70.0 Amber “by phone”",
        "Yours 60 60.0 Amber",
        "Save mine instead",
    ):
        assert words.replace(" Amber", "") in page.words.replace(" Amber", "")
    assert f"/entry/value/?{'&'.join(f'{k}={v}' for k, v in CHOSEN.items())}" in page.links()
    assert Measurement.objects.get().value == 70.0
    # Having seen it, one may replace it.
    assert send(desk, value="60", seen=answer.context["seen"]).status_code == 302
    assert Measurement.objects.get().value == 60.0


def test_a_value_that_was_deleted_meanwhile_is_not_silently_brought_back(
    project: Project, desk: Client, pmo_lead: User
) -> None:
    row = given_meanwhile(70.0, pmo_lead)
    seen = seen_on(desk, CHOSEN)
    row.delete()
    answer = send(desk, value="60", seen=seen)
    assert answer.status_code == 422
    assert "There now nothing any more" in plain(answer.content.decode())


def test_what_was_seen_of_another_value_says_nothing_of_this_one(
    project: Project, desk: Client, pmo_lead: User
) -> None:
    """Without scripts, the period can be changed without the form's coming anew."""
    given_meanwhile(70.0, pmo_lead)
    seen = seen_on(desk, {**CHOSEN, "period": "2026-02"})
    assert send(desk, value="60", seen=seen).status_code == 422
    assert send(desk, value="60", seen="nonsense").status_code == 422
    assert Measurement.objects.get().value == 70.0


@pytest.fixture
def asking(project: Project) -> MetricDefinition:
    MetricDefinition.objects.filter(code="m").update(asks_why_red=True)
    return MetricDefinition.objects.get(code="m")


def test_the_preview_of_a_red_value_asks_for_the_note_and_marks_it(
    asking: MetricDefinition, desk: Client
) -> None:
    address = "/entry/preview/?metric=m&subject=P&period=2026-03&value="
    red = read(desk, f"{address}10", part="preview")
    assert "Red: say in a sentence why, as the note." in red.words
    assert "(needed: say why it is red)" in red.words
    assert 'hx-swap-oob="true"' in red.html
    better = read(desk, f"{address}90", part="preview")
    assert "(optional)" in better.words
    assert "sentence why" not in better.words


def test_a_red_value_without_a_note_is_refused_beside_the_note(
    asking: MetricDefinition, desk: Client
) -> None:
    answer = send(desk, value="10")
    assert answer.status_code == 422
    assert answer.context["form"].errors == {
        "note": ["The value scores 10.0, which is red. Say in a sentence why, as its note."]
    }
    assert send(desk, value="10", note="A strike.").status_code == 302


def test_a_value_that_needs_approval_is_sent_and_moves_no_score(
    project: Project, desk: Client
) -> None:
    MetricDefinition.objects.filter(code="m").update(needs_approval=True)
    form = read(desk, filled(**CHOSEN))
    assert "Send for approval" in form.words
    answer = send(desk, value="60")
    page = read(desk, answer["Location"])
    assert "Sent for approval: 60 days." in page.words
    assert "No score moves before that." in page.words
    assert not Measurement.objects.exists()
    again = read(desk, filled(**CHOSEN))
    assert "60 days by analyst, 10 Apr 2026, 09:00, waits for approval." in again.words
    assert again.context["form"]["value"].value() == "60"


def test_what_can_be_said_instead_of_a_value_stands_beside_the_form(
    project: Project, desk: Client, analyst: User, pmo_lead: User
) -> None:
    page = read(desk, filled(**CHOSEN))
    assert "Say that 2026-03 has no value" in page.words
    assert "Propose that it does not apply" in page.words
    metric = MetricDefinition.objects.get(code="m")
    NoValueFactory(metric=metric, subject=project, said_by=analyst)
    ExemptionProposalFactory(metric=metric, subject=project, proposed_by=analyst)
    page = read(desk, filled(**CHOSEN))
    assert "said to have no value by analyst, 1 Apr 2026: “The survey was not sent.”" in page.words
    assert "analyst said that it does not apply: “It has no customers yet.”" in page.words
    ExemptionProposal.objects.update(
        state=ProposalState.REFUSED, decided_by=pmo_lead, answer="It has."
    )
    page = read(desk, filled(**CHOSEN))
    assert "refused by pmo_lead: “It has.”" in page.words
    ExemptionFactory(metric=metric, subject=project, reason="Its customers are internal.")
    page = read(desk, filled(**CHOSEN))
    assert "“Its customers are internal.” A value is kept, and not scored." in page.words


def test_a_value_after_no_value_says_that_it_counts(project: Project, desk: Client) -> None:
    NoValueFactory(metric=MetricDefinition.objects.get(code="m"), subject=project)
    page = read(desk, send(desk, value="60")["Location"])
    assert "This period was said to have no value. The value counts now" in page.words


def test_a_value_far_from_its_past_is_asked_about_before_it_is_saved(desk: Client) -> None:
    project, metric = ProjectFactory(code="P"), MetricFactory(code="m")
    for month, value in (("2025-11", 61), ("2025-12", 60), ("2026-01", 62), ("2026-02", 63)):
        MeasurementFactory(metric=metric, subject=project, period=month, value=value)
    typed = {"metric": "m", "subject": "P", "period": "2026-03", "value": "620"}

    asked = desk.post("/entry/value/", typed)

    assert asked.status_code == 422
    assert "10 times" in asked.content.decode()
    assert 'name="is_unusual"' in asked.content.decode()
    assert not Measurement.objects.filter(value__in=(620, 6.2)).exists()

    said = {"is_unusual": "on", "questioned": "620"}
    another = desk.post("/entry/value/", {**typed, **said, "value": "6.2"})
    assert another.status_code == 422  # the yes was said of 620
    assert "checked" not in another.content.decode().partition('name="is_unusual"')[2][:80]

    assert desk.post("/entry/value/", {**typed, **said}).status_code == 302
    assert Measurement.objects.filter(value=620).exists()


def test_a_value_that_is_recorded_already_is_not_asked_about_again(desk: Client) -> None:
    project, metric = ProjectFactory(code="P"), MetricFactory(code="m")
    for month, value in (("2025-11", 61), ("2025-12", 60), ("2026-01", 62), ("2026-03", 620)):
        MeasurementFactory(metric=metric, subject=project, period=month, value=value)
    typed = {"metric": "m", "subject": "P", "period": "2026-03", "value": "620", "note": "Checked."}

    assert desk.post("/entry/value/", typed).status_code == 302
