"""The history of one value, and putting an old one back as a new change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from dashboards.selectors.entry.history import MeasurementHistory, history_of
from metrics.choices import Door, DraftState
from metrics.models import DraftMeasurement, Measurement, MeasurementChange, MetricDefinition
from metrics.operations.answers import say_no_value, take_back_no_value
from metrics.operations.drafts import approve_draft, reject_draft
from metrics.operations.entering import enter_value
from metrics.operations.measurements import delete_measurement, record_measurement
from metrics.periods import parse_period
from projects.models import Project
from tests.dashboards.reading import TODAY, ClientOf, assert_costs_no_more, plain, read
from tests.factories import (
    CurveOverrideFactory,
    DraftMeasurementFactory,
    ImportBatchFactory,
    MeasurementChangeFactory,
    MeasurementFactory,
    MetricAssignmentFactory,
    MetricFactory,
    MonthClosingFactory,
    NoValueFactory,
    ProjectFactory,
    ScorecardFactory,
    UserFactory,
)
from tests.tables import table

pytestmark = pytest.mark.django_db

PERIOD = parse_period("2026-03", "month")
ADDRESS = "/entry/history/m/P/2026-03/"
NOW = datetime(2026, 4, 10, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_april() -> Iterator[Any]:
    """Friday, 10 April 2026."""
    with time_machine.travel(TODAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def desk(analyst: User, client_of: ClientOf) -> Client:
    return client_of(analyst)


@pytest.fixture
def metric() -> MetricDefinition:
    ScorecardFactory(is_default=True)
    return MetricFactory(code="m", name="Adoption", unit="%")


@pytest.fixture
def project() -> Project:
    return ProjectFactory(code="P", name="Ferry")


def later(traveller: Any) -> None:
    """So that what follows comes after what was."""
    traveller.shift(timedelta(minutes=1))


def history(metric: MetricDefinition, project: Project) -> MeasurementHistory:
    return history_of(metric, project, PERIOD, 1)


def told(metric: MetricDefinition, project: Project) -> list[tuple[Any, ...]]:
    """The latest first: what, value, value before, who, door."""
    return [
        (
            event.kind.value,
            event.value,
            event.before,
            event.by.username if event.by else None,
            event.door,
        )
        for event in history(metric, project).events
    ]


def enter(metric: MetricDefinition, project: Project, value: float, by: User, **given: Any) -> None:
    place: dict[str, Any] = {"metric": metric, "subject": project, "period": PERIOD}
    enter_value(**place, value=value, by=by, **{"door": Door.FORM, **given})


def test_every_change_is_told_with_who_what_and_how(
    metric: MetricDefinition, project: Project, analyst: User, pmo_lead: User, in_april: Any
) -> None:
    enter(metric, project, 40.0, analyst, note="guess")
    later(in_april)
    enter(metric, project, 42.0, pmo_lead, door=Door.GRID, note="guess")
    later(in_april)
    enter(metric, project, 42.0, analyst, note="counted")
    later(in_april)
    delete_measurement(Measurement.objects.get(), by=pmo_lead, door=Door.GRID)
    later(in_april)
    enter(metric, project, 43.0, analyst)
    assert told(metric, project) == [
        ("recorded", 43.0, None, "analyst", Door.FORM),
        ("deleted", None, 42.0, "pmo_lead", Door.GRID),
        ("note", 42.0, 42.0, "analyst", Door.FORM),
        ("corrected", 42.0, 40.0, "pmo_lead", Door.GRID),
        ("recorded", 40.0, None, "analyst", Door.FORM),
    ]
    events = history(metric, project).events
    assert [event.at for event in events] == [NOW + timedelta(minutes=4 - n) for n in range(5)]
    assert [event.note for event in events] == ["", "", "counted", "guess", "guess"]
    assert [event.judged.score for event in events] == [43.0, None, 42.0, 42.0, 40.0]
    assert [event.is_now for event in events] == [True, False, False, False, False]
    assert [event.can_be_restored for event in events] == [False, False, True, True, True]


def test_a_value_that_was_never_changed_is_told_by_itself(
    metric: MetricDefinition, project: Project
) -> None:
    batch = ImportBatchFactory(file__name="march.csv")
    MeasurementFactory(
        metric=metric, subject=project, value=1.0, door=Door.IMPORT, batch=batch, is_late=True
    )
    assert told(metric, project) == [("recorded", 1.0, None, None, Door.IMPORT)]
    [event] = history(metric, project).events
    assert (event.batch, event.is_late, event.is_now) == (batch, True, True)


def test_a_change_of_before_such_things_were_kept_is_told_last(
    metric: MetricDefinition, project: Project
) -> None:
    MeasurementFactory(metric=metric, subject=project, value=2.0)
    MeasurementChangeFactory(metric=metric, subject=project, value_before=1.0, value_after=2.0)
    assert told(metric, project) == [
        ("corrected", 2.0, 1.0, None, Door.FORM),
        ("recorded", 1.0, None, None, None),
    ]
    assert [event.at is None for event in history(metric, project).events] == [False, True]


def test_drafts_decisions_and_no_value_stand_among_the_changes(
    metric: MetricDefinition, project: Project, analyst: User, pmo_lead: User, in_april: Any
) -> None:
    say_no_value(metric=metric, subject=project, period=PERIOD, reason="No survey.", by=analyst)
    metric.needs_approval = True
    metric.save()
    for value in (1.0, 2.0, 3.0):
        later(in_april)
        enter(metric, project, value, analyst)
    later(in_april)
    reject_draft(DraftMeasurement.objects.get(value=3.0), by=pmo_lead, reason="Count again.")
    later(in_april)
    enter(metric, project, 4.0, analyst)
    later(in_april)
    approve_draft(DraftMeasurement.objects.get(value=4.0), by=pmo_lead)
    assert told(metric, project) == [
        ("recorded", 4.0, None, "analyst", Door.FORM),
        ("decision", None, 4.0, "pmo_lead", None),
        ("draft", 4.0, None, "analyst", Door.FORM),
        ("decision", None, 3.0, "pmo_lead", None),
        ("draft", 3.0, None, "analyst", Door.FORM),
        ("decision", None, 2.0, "analyst", None),
        ("draft", 2.0, None, "analyst", Door.FORM),
        ("decision", None, 1.0, "analyst", None),
        ("draft", 1.0, None, "analyst", Door.FORM),
        ("no value", None, None, "analyst", None),
    ]
    decisions = [event for event in history(metric, project).events if event.kind == "decision"]
    assert [(event.draft.state, event.note) for event in decisions if event.draft] == [
        ("approved", ""),
        ("rejected", "Count again."),
        ("withdrawn", ""),
        ("withdrawn", ""),
    ]


def test_what_was_said_to_have_no_value_and_taken_back_stays_in_the_history(
    metric: MetricDefinition,
    project: Project,
    analyst: User,
    administrator: User,
    desk: Client,
    in_april: Any,
) -> None:
    place: dict[str, Any] = {"metric": metric, "subject": project, "period": PERIOD}
    say_no_value(**place, reason="No survey.", by=analyst)
    later(in_april)
    say_no_value(**place, reason="It got lost.", by=administrator)
    later(in_april)
    take_back_no_value(**place, by=analyst, why="It was found.")
    later(in_april)
    enter(metric, project, 4.0, analyst)
    assert [
        (e.kind.value, e.by and e.by.username, e.note) for e in history(metric, project).events
    ] == [
        ("recorded", "analyst", ""),
        ("taken back", "analyst", "It was found."),
        ("no value", "administrator", "It got lost."),
        ("no value", "analyst", "No survey."),
    ]
    words = read(desk, ADDRESS).words
    assert "analyst “No value” taken back expected again It was found." in words
    assert "administrator Said to have no value It got lost." in words


def test_the_page_says_it_in_words(
    metric: MetricDefinition, project: Project, executive: User, client_of: ClientOf
) -> None:
    MeasurementFactory(metric=metric, subject=project, value=42.0, note="counted")
    MeasurementChangeFactory(metric=metric, subject=project, value_before=40.0, value_after=42.0)
    NoValueFactory(metric=metric, subject=project)
    DraftMeasurementFactory(
        metric=metric, subject=project, value=41.0, state=DraftState.REJECTED, answer="No."
    )
    page = read(client_of(executive), ADDRESS)
    for words in (
        "Adoption, 2026-03",
        "Corrected stands there now 42% from 40%",
        "Sent for approval rejected 41%",
        "Said to have no value The survey was not sent.",
        "not known no person Recorded 40%",
    ):
        assert words in page.words
    assert "Put back" not in page.words  # who reads only, restores nothing
    assert "Correct " not in page.words


def test_a_period_of_which_nothing_was_said_says_so(
    metric: MetricDefinition, project: Project, desk: Client
) -> None:
    page = read(desk, ADDRESS)
    assert "Nothing was ever said of this period" in page.words
    assert "/entry/value/?metric=m&subject=P&period=2026-03" in page.links()


@pytest.mark.parametrize(
    "address",
    [
        "/entry/history/m/P/2026-W11/",
        "/entry/history/m/X/2026-03/",
        "/entry/history/x/P/2026-03/",
    ],
)
def test_what_is_no_place_has_no_history(
    address: str, metric: MetricDefinition, project: Project, desk: Client
) -> None:
    assert desk.get(address).status_code == 404


@pytest.mark.parametrize(
    ("cadence", "period"),
    [
        ("day", "2026-03-09"),
        ("week", "2026-W11"),
        ("month", "2026-03"),
        ("quarter", "2026-Q1"),
        ("year", "2025"),
    ],
)
def test_periods_of_every_cadence_have_an_address(
    cadence: str, period: str, project: Project, desk: Client
) -> None:
    row = MeasurementFactory(
        metric__cadence=cadence, metric__code="of_it", subject=project, period=period
    )
    page = read(desk, f"/entry/history/of_it/P/{period}/")
    assert page.context["history"].now == row


def test_outsiders_see_no_history(
    metric: MetricDefinition, project: Project, outsider: User, client_of: ClientOf
) -> None:
    assert client_of(outsider).get(ADDRESS).status_code == 403


def test_it_costs_as_many_queries_however_often_the_value_was_changed(
    metric: MetricDefinition, project: Project, desk: Client
) -> None:
    MeasurementFactory(metric=metric, subject=project, entered_by=UserFactory())
    CurveOverrideFactory(metric=metric, subject=project)
    NoValueFactory(metric=metric, subject=project)

    def grow() -> None:
        for _ in range(4):
            MeasurementChangeFactory(
                metric=metric,
                subject=project,
                changed_by=UserFactory(),
                entered_by_before=UserFactory(),
                batch=ImportBatchFactory(),
                batch_before=ImportBatchFactory(),
            )
            DraftMeasurementFactory(
                metric=metric,
                subject=project,
                state=DraftState.REJECTED,
                answer="no",
                entered_by=UserFactory(),
                decided_by=UserFactory(),
                decided_at=NOW,
            )

    assert_costs_no_more(desk, ADDRESS, grow)


def restore_link(client: Client, value: str) -> str:
    """Where the page offers to put a value back."""
    page = read(client, ADDRESS)
    [event] = [
        event
        for event in page.context["history"].events
        if event.can_be_restored and f"{event.value:g}" == value
    ]
    link = f"{ADDRESS}restore/?event={event.key}"
    assert link in page.links()
    return link


def put_back(client: Client, link: str, **fields: str) -> Any:
    asked = client.get(link)
    assert asked.status_code == 200
    return client.post(link, {"seen": asked.context["seen"], "note": "", **fields}, follow=True)


def test_an_old_value_is_put_back_as_a_new_change(
    metric: MetricDefinition, project: Project, analyst: User, pmo_lead: User, desk: Client
) -> None:
    enter(metric, project, 40.0, pmo_lead, note="counted")
    enter(metric, project, 42.0, pmo_lead)
    link = restore_link(desk, "40")
    asked = read(desk, link)
    assert "There now 42%" in asked.words
    assert asked.context["form"]["note"].value() == "counted"
    answer = put_back(desk, link, note="counted, after all")
    words = plain(answer.content.decode())
    assert "40% is put back, as a new change. The scores follow." in words
    columns = "value", "note", "door", "entered_by__username"
    assert table(Measurement, *columns) == [(40.0, "counted, after all", "restore", "analyst")]
    columns = "value_before", "value_after", "door", "changed_by__username"
    assert table(MeasurementChange, *columns) == [
        (40.0, 42.0, "form", "pmo_lead"),
        (42.0, 40.0, "restore", "analyst"),
    ]


def test_a_deleted_value_is_put_back(
    metric: MetricDefinition, project: Project, analyst: User, desk: Client
) -> None:
    enter(metric, project, 40.0, analyst)
    delete_measurement(Measurement.objects.get(), by=analyst, door=Door.GRID)
    put_back(desk, restore_link(desk, "40"))
    assert table(Measurement, "value", "door") == [(40.0, "restore")]


def test_nothing_is_put_back_over_what_the_person_did_not_see(
    metric: MetricDefinition, project: Project, analyst: User, pmo_lead: User, desk: Client
) -> None:
    enter(metric, project, 40.0, analyst)
    enter(metric, project, 42.0, analyst)
    link = restore_link(desk, "40")
    seen = desk.get(link).context["seen"]
    enter(metric, project, 43.0, pmo_lead)
    answer = desk.post(link, {"seen": seen, "note": ""})
    assert answer.status_code == 422
    words = plain(answer.content.decode())
    assert "Meanwhile pmo_lead gave 43 (2026-04-10 09:00). Look again before you save." in words
    assert "There now 43%" in words
    assert table(Measurement, "value") == [(43.0,)]
    # Having seen it, they may.
    desk.post(link, {"seen": answer.context["seen"], "note": ""})
    assert table(Measurement, "value") == [(40.0,)]


def test_a_restored_value_obeys_what_every_value_obeys(
    metric: MetricDefinition, project: Project, analyst: User, desk: Client
) -> None:
    enter(metric, project, 40.0, analyst)
    enter(metric, project, 42.0, analyst)
    link = restore_link(desk, "40")
    metric.asks_why_red = metric.needs_approval = True
    metric.save()
    answer = put_back(desk, link)
    assert answer.status_code == 422
    assert "The value scores 40.0, which is red." in plain(answer.content.decode())
    answer = put_back(desk, link, note="The survey was right.")
    assert "40% waits for approval" in plain(answer.content.decode())
    assert table(Measurement, "value") == [(42.0,)]
    columns = "value", "note", "door", "state"
    assert table(DraftMeasurement, *columns) == [
        (40.0, "The survey was right.", "restore", "waiting")
    ]


def test_in_a_closed_month_nothing_is_put_back_or_corrected(
    metric: MetricDefinition, project: Project, analyst: User, desk: Client
) -> None:
    enter(metric, project, 40.0, analyst)
    enter(metric, project, 42.0, analyst)
    link = restore_link(desk, "40")
    assert " Correct " in read(desk, ADDRESS).words
    MonthClosingFactory()
    page = read(desk, ADDRESS)
    assert "Put back" not in page.words
    assert " Correct " not in page.words
    answer = put_back(desk, link)
    assert answer.status_code == 422
    assert "2026-03 is closed and its value stays 42" in plain(answer.content.decode())


def test_only_those_whose_value_it_is_put_it_back(
    metric: MetricDefinition,
    project: Project,
    analyst: User,
    pmo_lead: User,
    desk: Client,
    client_of: ClientOf,
) -> None:
    enter(metric, project, 40.0, analyst)
    enter(metric, project, 42.0, analyst)
    link = restore_link(desk, "40")
    assert client_of(pmo_lead).post(link, {}).status_code == 403
    MetricAssignmentFactory(metric=metric)
    assert "Put back" not in read(desk, ADDRESS).words
    assert desk.get(link).status_code == desk.post(link, {}).status_code == 403
    assert table(Measurement, "value") == [(42.0,)]


def test_what_is_no_old_value_is_not_put_back(
    metric: MetricDefinition, project: Project, desk: Client
) -> None:
    record_measurement(
        metric=metric, subject=project, period=PERIOD, value=1.0, by=None, door=Door.FORM
    )
    for event in ("", "now", "after-0", "draft-1"):
        assert desk.post(f"{ADDRESS}restore/?event={event}", {}).status_code == 404
