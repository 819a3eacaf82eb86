"""Events of subjects: dated notes that explain scores and count in none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client

from projects.models import Event
from projects.models.events import TEXT_LENGTH, TITLE_LENGTH
from projects.operations.events import delete_event, save_event
from projects.operations.subjects import delete_subject
from projects.operations.versions import version_of
from tests.admin_pages import errors_of, page, submit
from tests.constraints import assert_refused
from tests.factories import EngagementFactory, EventFactory, OrganisationFactory, ProjectFactory
from tests.tables import table, told, waiting

pytestmark = pytest.mark.django_db

COLUMNS = ("subject__code", "day", "title", "text")
MARCH_4 = date(2026, 3, 4)


@pytest.fixture(autouse=True)
def in_april() -> Iterator[None]:
    with time_machine.travel("2026-04-10T09:00:00Z", tick=False):
        yield


def event(**fields: Any) -> Event:
    given: dict[str, Any] = {"day": MARCH_4, "title": "Merger", **fields}
    if "subject" not in given:
        given["subject"] = ProjectFactory(code="P")
    return Event(**given)


def test_an_event_is_kept_with_who_noted_it(pmo_lead: User) -> None:
    save_event(event(text="With Northline."), by=pmo_lead, reason="The board said so.")
    assert table(Event, *COLUMNS) == [("P", MARCH_4, "Merger", "With Northline.")]
    record = Event.objects.get().history.get()
    assert (record.history_user, record.history_change_reason) == (pmo_lead, "The board said so.")


def test_nothing_is_rescored_for_an_event(pmo_lead: User) -> None:
    OrganisationFactory()
    noted = save_event(event(), by=pmo_lead)
    noted.day = date(2026, 2, 1)
    save_event(noted, by=pmo_lead)
    delete_event(noted, by=pmo_lead)
    assert waiting() == set()


def test_every_change_and_the_end_stay_in_the_history(pmo_lead: User) -> None:
    noted = save_event(event(), by=pmo_lead)
    noted.title = "New pricing"
    save_event(noted, by=pmo_lead)
    key = noted.pk
    delete_event(noted, by=pmo_lead)
    assert not Event.objects.exists()
    records = Event.history.filter(id=key).order_by("history_id")
    assert list(records.values_list("history_type", "title", "history_user")) == [
        ("+", "Merger", pmo_lead.pk),
        ("~", "New pricing", pmo_lead.pk),
        ("-", "New pricing", pmo_lead.pk),
    ]


def test_saving_an_event_as_it_is_writes_nothing(pmo_lead: User) -> None:
    noted = save_event(event(), by=pmo_lead)
    save_event(noted, by=pmo_lead)
    assert noted.history.count() == 1


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"title": ""}, "title", "This field cannot be blank."),
        ({"title": "   "}, "title", "Say in a few words what happened."),
        (
            {"title": "x" * (TITLE_LENGTH + 1)},
            "title",
            "Ensure this value has at most 80 characters (it has 81).",
        ),
        (
            {"text": "x" * (TEXT_LENGTH + 1)},
            "text",
            "Ensure this value has at most 1000 characters (it has 1001).",
        ),
        ({"day": None}, "day", "This field cannot be null."),
        (
            {"day": date(206, 3, 4)},
            "day",
            "0206-03-04 is out of range; an event is from 1950-01-01 to 2031-04-14.",
        ),
        (
            {"day": date(2062, 3, 4)},
            "day",
            "2062-03-04 is out of range; an event is from 1950-01-01 to 2031-04-14.",
        ),
    ],
)
def test_what_no_event_can_be_is_told(
    fields: dict[str, Any], field: str, sentence: str, pmo_lead: User
) -> None:
    with pytest.raises(ValidationError) as refusal:
        save_event(event(**fields), by=pmo_lead)
    assert refusal.value.message_dict[field] == [sentence]
    assert not Event.objects.exists()


@pytest.mark.parametrize("day", [date(1950, 1, 1), date(2026, 4, 10), date(2031, 4, 14)])
def test_what_is_long_past_or_planned_can_be_noted(day: date, pmo_lead: User) -> None:
    save_event(event(day=day), by=pmo_lead)
    assert table(Event, "day") == [(day,)]


def test_the_same_event_is_noted_once(pmo_lead: User) -> None:
    noted = save_event(event(), by=pmo_lead)
    with pytest.raises(ValidationError) as refusal:
        save_event(event(subject=noted.subject), by=pmo_lead)
    assert told(refusal) == ["This event is noted already."]
    save_event(event(subject=ProjectFactory()), by=pmo_lead)
    assert Event.objects.count() == 2


def test_the_work_between_project_and_segment_has_no_events_of_its_own(pmo_lead: User) -> None:
    with pytest.raises(ValidationError) as refusal:
        save_event(event(subject=EngagementFactory()), by=pmo_lead)
    assert told(refusal) == [
        "Note it with the project or with the segment, not with the work between them."
    ]


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("event_title_not_blank", {"title": ""}),
        ("event_day_in_range", {"day": date(1949, 12, 31)}),
    ],
)
def test_the_database_itself_refuses(rule: str, fields: dict[str, Any]) -> None:
    project = ProjectFactory()
    assert_refused(rule, lambda: EventFactory(subject=project, **fields))


def test_what_somebody_changed_meanwhile_is_not_overwritten(
    pmo_lead: User, administrator: User
) -> None:
    noted = save_event(event(), by=pmo_lead)
    seen = version_of(noted)
    noted.text = "With Northline."
    save_event(noted, seen=seen, by=administrator)
    mine = Event.objects.get()
    mine.title = "Fusion"
    for write in (save_event, delete_event):
        with pytest.raises(ValidationError) as refusal:
            write(mine, seen=seen, by=pmo_lead)
        assert "administrator changed Merger (2026-03-04) on 10 April 2026" in told(refusal)[0]
    assert table(Event, "title", "text") == [("Merger", "With Northline.")]


def test_what_is_deleted_meanwhile_stays_deleted(pmo_lead: User) -> None:
    noted = save_event(event(), by=pmo_lead)
    stale = Event.objects.get()
    delete_event(noted, by=pmo_lead)
    for write in (save_event, delete_event):
        with pytest.raises(ValidationError) as refusal:
            write(stale, by=pmo_lead)
        assert told(refusal) == ["Merger (2026-03-04) was deleted meanwhile."]
    assert not Event.objects.exists()


def test_a_deleted_subject_takes_its_events_along(pmo_lead: User) -> None:
    gone, stays = ProjectFactory(), ProjectFactory(code="STAYS")
    for project in (gone, stays):
        save_event(event(subject=project), by=pmo_lead)
    delete_subject(gone, by=pmo_lead)
    assert table(Event, "subject__code") == [("STAYS",)]
    assert Event.history.filter(history_type="-").count() == 1


@pytest.fixture
def lead(client_of: Callable[[User], Client], pmo_lead: User) -> Client:
    return client_of(pmo_lead)


def test_a_pmo_lead_keeps_events_on_the_admin_site(lead: Client, pmo_lead: User) -> None:
    project = ProjectFactory(code="P")
    answer = submit(lead, Event, subject=project.pk, day="2026-03-04", title="Merger")
    assert answer.status_code == 302
    assert table(Event, *COLUMNS) == [("P", MARCH_4, "Merger", "")]
    noted = Event.objects.get()
    assert submit(lead, noted, text="With Northline.").status_code == 302
    assert list(noted.history.values_list("history_type", "history_user")) == [
        ("~", pmo_lead.pk),
        ("+", pmo_lead.pk),
    ]
    for kind in ("changelist", "history", "delete"):
        assert lead.get(page(Event if kind == "changelist" else noted, kind)).status_code == 200
    lead.post(page(noted, "delete"), {"post": "yes"})
    assert not Event.objects.exists()


def test_the_admin_site_refuses_in_the_same_words(lead: Client) -> None:
    project = ProjectFactory()
    answer = submit(lead, Event, subject=project.pk, day="1926-03-04", title="Merger")
    assert errors_of(answer) == [
        "1926-03-04 is out of range; an event is from 1950-01-01 to 2031-04-14."
    ]


@pytest.mark.parametrize("person", ["executive", "analyst", "outsider"])
def test_nobody_else_keeps_events_on_the_admin_site(
    person: str, client_of: Callable[[User], Client], request: pytest.FixtureRequest
) -> None:
    noted = EventFactory()
    client = client_of(request.getfixturevalue(person))
    for url in (page(Event, "changelist"), page(Event, "add"), page(noted, "change")):
        assert client.get(url, follow=True).status_code == 403
