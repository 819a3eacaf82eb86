"""Mails about what is due: who gets which, each once, also when workers die or race."""

from __future__ import annotations

import json
import smtplib
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from pytest_django import DjangoAssertNumQueries, Settings

from metrics.choices import DraftState, MailState, ReminderKind
from metrics.models import Reminder
from metrics.operations.mailing import conclude
from metrics.operations.reminders import claim, send_reminders, write_reminders
from metrics.reminders import letters_of
from metrics.tasks import remind_task, send_reminders_task
from pmo_portal.roles import Role
from projects.months import Month
from tests.conftest import make_person
from tests.factories import (
    A_MOMENT,
    DraftMeasurementFactory,
    ExemptionProposalFactory,
    MeasurementFactory,
    MetricAssignmentFactory,
    MetricFactory,
    NoValueFactory,
    OrganisationFactory,
    ProjectFactory,
)
from tests.installation import Installation, installed

pytestmark = pytest.mark.django_db

MARCH = Month.parse("2026-03")


@pytest.fixture(autouse=True)
def clock(settings: Settings) -> Iterator[time_machine.Traveller]:
    """Friday, 10 April 2026, in the morning."""
    settings.PORTAL_URL = "https://pmo.example.com"
    with time_machine.travel("2026-04-10T07:00:00Z", tick=False) as traveller:
        yield traveller


def owner(name: str = "ada", email: str | None = None) -> User:
    person = make_person(name, Role.ANALYST)
    person.email = f"{name}@example.com" if email is None else email
    person.save()
    return person


def lead(name: str = "lee") -> User:
    person = make_person(name, Role.PMO_LEAD)
    person.email = f"{name}@example.com"
    person.save()
    return person


def assigned(*people: User, due_days: int = 9, projects: int = 1, **fields: Any) -> Any:
    """A monthly metric of projects measured since March, so that March is all that is due."""
    metric = MetricFactory(due_days=due_days, **fields)
    for person in people:
        MetricAssignmentFactory(metric=metric, user=person, scope=OrganisationFactory())
    for _ in range(projects):
        ProjectFactory(active_from=MARCH)
    return metric


def remind() -> list[tuple[str, str]]:
    """The day's work; (to whom, subject) of what went out by it."""
    mail.outbox.clear()
    remind_task()
    return [(message.to[0], str(message.subject)) for message in mail.outbox]


@pytest.mark.parametrize(
    ("due_days", "subject"),
    [
        (5, "2 values are overdue"),
        (9, "2 values are overdue"),
        (10, "2 values fall due by 10 April"),
        (13, "2 values fall due by 13 April"),
        (14, None),
    ],
)
def test_what_is_overdue_or_falls_due_within_three_days_is_told(
    due_days: int, subject: str | None
) -> None:
    assigned(owner(), due_days=due_days, projects=2)
    assert remind() == ([("ada@example.com", subject)] if subject else [])


def test_a_person_gets_one_mail_with_everything_by_metric_and_period() -> None:
    ada = owner()
    late = assigned(ada, due_days=7, name="Days to fix")
    soon = assigned(ada, due_days=12, name="Success")
    assert remind() == [
        ("ada@example.com", "2 values are overdue, 2 fall due by 12 April"),
    ]
    [message] = mail.outbox
    assert (
        message.body
        == f"""Hello ada,

2 values are overdue, 2 fall due by 12 April.

Overdue

* Days to fix, 2026-03
  2 values, due 7 Apr 2026, 3 days ago
  https://pmo.example.com/entry/?metric={late.code}&period=2026-03

Soon due

* Success, 2026-03
  2 values, due 12 Apr 2026
  https://pmo.example.com/entry/?metric={soon.code}&period=2026-03

Everything that is due from you: https://pmo.example.com/entry/

--\x20
You get at most one such mail a day, and each thing is told once.
To stop them, ask an administrator to take these numbers or your address out.
"""
    )
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"


def test_on_the_same_day_nothing_is_told_again_and_on_the_next_only_what_is_new(
    clock: time_machine.Traveller,
) -> None:
    ada = owner()
    assigned(ada, due_days=9)
    assigned(ada, due_days=11)
    assert remind() == [("ada@example.com", "2 values are overdue, 2 fall due by 11 April")]
    assert remind() == []
    clock.shift(timedelta(days=1))
    assert remind() == []
    clock.shift(timedelta(days=1))  # the second metric is overdue since today
    assert remind() == [("ada@example.com", "2 values are overdue")]
    clock.shift(timedelta(days=1))
    assert remind() == []
    assert Reminder.objects.count() == 2


def test_what_has_come_or_was_answered_is_not_asked_for() -> None:
    ada = owner()
    given, no_value, waiting, proposed = (ProjectFactory(active_from=MARCH) for _ in range(4))
    metric = assigned(ada)
    MeasurementFactory(metric=metric, subject=given)
    NoValueFactory(metric=metric, subject=no_value)
    DraftMeasurementFactory(metric=metric, subject=waiting)
    ExemptionProposalFactory(metric=metric, subject=proposed)
    assert remind() == [("ada@example.com", "1 value is overdue")]


def test_a_rejected_value_reaches_its_owner_with_the_reason() -> None:
    ada = owner()
    metric = assigned(ada, due_days=30, projects=0)
    project = ProjectFactory(name="Faster claims", active_from=MARCH)
    assert remind() == []
    DraftMeasurementFactory(
        metric=metric,
        subject=project,
        state=DraftState.REJECTED,
        answer="That is February's.",
        decided_at=A_MOMENT,
    )
    assert remind() == [("ada@example.com", "1 value was rejected")]
    assert "Faster claims: That is February's." in mail.outbox[0].body


@pytest.mark.parametrize(
    ("due_days", "later"),
    [(12, [("ada@example.com", "1 value is overdue")]), (5, [])],
    ids=["not overdue yet", "overdue already"],
)
def test_a_rejected_value_is_told_as_overdue_too_unless_it_was_so_when_it_came_back(
    clock: time_machine.Traveller, due_days: int, later: list[tuple[str, str]]
) -> None:
    DraftMeasurementFactory(
        metric=assigned(owner(), due_days=due_days, projects=0),
        subject=ProjectFactory(active_from=MARCH),
        state=DraftState.REJECTED,
        answer="Another month's.",
        decided_at=A_MOMENT,
    )
    assert remind() == [("ada@example.com", "1 value was rejected")]
    clock.shift(timedelta(days=3))
    assert remind() == later


def test_who_can_not_be_reached_is_passed_by_and_named_to_the_pmo_lead(
    settings: Settings,
) -> None:
    settings.ESCALATE_AFTER_DAYS = 2
    gone = owner("gone")
    gone.is_active = False
    gone.save()
    reader = make_person("reader", Role.EXECUTIVE)
    reader.email = "reader@example.com"
    reader.first_name, reader.last_name = "Rea", "Der"
    reader.save()
    lead()
    assigned(owner("ada"), owner("mute", email=""), gone, reader, due_days=7, name="Cost")
    assigned(due_days=6, projects=0, name="Nobody's")
    assert remind() == [
        ("ada@example.com", "1 value is overdue"),
        ("lee@example.com", "2 values are overdue by more than 2 days"),
    ]
    told = mail.outbox[1].body
    assert "* Nobody's, 2026-03\n  1 value, due 6 Apr 2026\n  Assigned to nobody: 1\n" in told
    assert "Assigned to ada: 1\n" in told
    assert "Assigned to mute (no e-mail address, so not reminded): 1\n" in told
    assert "Assigned to gone (inactive): 1\n" in told
    assert "Assigned to Rea Der (may not enter values): 1\n" in told


@pytest.mark.parametrize(("days_late", "is_told"), [(10, False), (11, True)])
def test_pmo_leads_are_told_once_what_is_overdue_by_more_than_ten_days(
    clock: time_machine.Traveller, days_late: int, is_told: bool
) -> None:
    lead()
    ExemptionProposalFactory(metric=assigned(projects=0), subject=ProjectFactory(active_from=MARCH))
    clock.shift(timedelta(days=days_late - 1))
    assert bool(remind()) == is_told
    if is_told:
        assert "1 said not to apply, for you to decide" in mail.outbox[0].body
    clock.shift(timedelta(hours=1))
    assert remind() == []


def test_nothing_new_is_no_mail() -> None:
    owner()
    lead()
    assert remind() == []
    assert not Reminder.objects.exists()


def test_dates_are_written_as_the_installation_writes_them(settings: Settings) -> None:
    settings.LANGUAGE_CODE = "de"
    assigned(owner(), due_days=12)
    assert remind() == [("ada@example.com", "1 value falls due by 12. April")]


class Refusing(EmailBackend):
    """A mail server that ends every conversation."""

    def send_messages(self, messages: Any) -> int:
        raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")


def test_a_mail_that_can_not_be_sent_is_tried_again_later_and_then_given_up(
    clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    assigned(owner())
    monkeypatch.setattr(mail.EmailMessage, "get_connection", lambda *_: Refusing())
    states = []
    remind_task()
    for minutes in (1, 1, 4, 8, 16):
        row = Reminder.objects.get()
        states.append((row.state, row.attempt))
        clock.shift(timedelta(minutes=minutes))
        send_reminders_task()
    monkeypatch.undo()
    assert states == [
        (MailState.DUE, 1),
        (MailState.DUE, 1),  # a minute later it is not tried yet
        (MailState.DUE, 2),
        (MailState.DUE, 3),
        (MailState.DUE, 4),
    ]
    row = Reminder.objects.get()
    assert (row.state, row.attempt) == (MailState.FAILED, 5)
    assert row.error == "SMTPServerDisconnected: Connection unexpectedly closed"
    assert send_reminders() == 0
    clock.shift(timedelta(days=1))
    # What a mail that never went out would have told is told by the next one.
    assert remind() == [("ada@example.com", "1 value is overdue")]


def test_a_mail_that_went_out_after_a_failure_has_the_same_message_id() -> None:
    assigned(owner())
    write_reminders()
    row = Reminder.objects.get()
    assert row.state == MailState.DUE
    Reminder.objects.update(attempt=1, claimed_at=A_MOMENT, error="SMTPException: busy")
    assert send_reminders() == 1
    sent = Reminder.objects.get()
    assert (sent.state, sent.attempt, sent.error) == (MailState.SENT, 2, "")
    assert mail.outbox[0].extra_headers["Message-ID"] == row.message_id


def test_a_bad_address_holds_up_nobody_else() -> None:
    assigned(owner("ada", email="ada@example.com\nBcc: all@example.com"), owner("bea"))
    assert remind() == [("bea@example.com", "1 value is overdue")]
    failed = Reminder.objects.get(user__username="ada")
    assert "newlines" in failed.error


def test_who_left_between_writing_and_sending_gets_nothing() -> None:
    ada = owner()
    assigned(ada)
    write_reminders()
    ada.is_active = False
    ada.save()
    assert send_reminders() == 0
    row = Reminder.objects.get()
    assert (row.state, row.error) == (
        MailState.FAILED,
        "The person is inactive or has no address by now.",
    )


def test_a_claim_whose_worker_died_is_taken_again_after_a_while(
    settings: Settings, clock: time_machine.Traveller
) -> None:
    settings.REMINDER_STALE_SECONDS = 600
    assigned(owner())
    write_reminders()
    dead = claim(Reminder.objects.get().pk)
    assert dead is not None
    assert send_reminders() == 0
    clock.shift(timedelta(seconds=599))
    assert send_reminders() == 0
    clock.shift(timedelta(seconds=1))
    assert send_reminders() == 1
    [message] = mail.outbox
    assert message.extra_headers["Message-ID"] == dead.message_id
    # The one that was taken for dead can say nothing about the mail any more.
    conclude(dead, MailState.FAILED, "too late")
    assert Reminder.objects.get().state == MailState.SENT


def test_a_mail_is_claimed_once() -> None:
    assigned(owner())
    write_reminders()
    key = Reminder.objects.get().pk
    assert claim(key) is not None
    assert claim(key) is None


def test_what_is_told_is_stored_before_anything_is_sent() -> None:
    ada = owner()
    metric = assigned(ada)
    assert write_reminders() == 1
    assert mail.outbox == []
    row = Reminder.objects.get()
    assert (row.user, row.kind, str(row.day)) == (ada, ReminderKind.DUE, "2026-04-10")
    assert row.told == [["overdue", metric.code, "2026-03"]]
    assert write_reminders() == 0


@pytest.mark.parametrize("size", [1, 4, 12])
def test_the_number_of_queries_does_not_follow_people_or_values(
    size: int, settings: Settings, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    settings.ESCALATE_AFTER_DAYS = 2
    for number in range(size):
        lead(f"lead{number}")
        assigned(owner(f"ada{number}"), due_days=5)
    with django_assert_num_queries(15):
        assert len(letters_of(date(2026, 4, 10), told={})) == 2 * size


RACE = """
import threading, time
from django.core import mail
from django.contrib.auth.models import Group
from django.db import connection, connections
from metrics import reminders as letters
from metrics.operations import reminders

metric = MetricDefinition.objects.create(code="m", name="Metric", category="tactical",
    subject_kind="project", cadence="month", due_days=0)
portfolio = Portfolio.objects.create(code="F", name="Portfolio")
scope = Organisation.objects.create(code="ORG", name="Organisation")
Project.objects.create(code="P", name="Project", portfolio=portfolio)
for number in range(8):
    person = User.objects.create_user(f"p{number}", email=f"p{number}@example.com")
    person.groups.add(Group.objects.get(name="Analyst"))
    MetricAssignment.objects.create(metric=metric, user=person, scope=scope)

def together(act, count=3):
    def alone():
        try:
            act()
        finally:
            connection.close()
    threads = [threading.Thread(target=alone) for _ in range(count)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()

quick = reminders.letters_of
def slow(*given, **named):
    found = quick(*given, **named)
    time.sleep(0.2)
    return found
reminders.letters_of = slow
sent = []
send = reminders.EmailMessage.send
def slow_send(message, *given):
    time.sleep(0.02)
    sent.append(message.to[0])
reminders.EmailMessage.send = slow_send
together(remind_task)
print(json.dumps([sorted(sent), Reminder.objects.count(),
    sorted(Reminder.objects.values_list("state", "attempt"))]))
"""


@pytest.fixture(params=["postgresql", "sqlite"])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    address = f"sqlite:///{tmp_path / 'portal.sqlite3'}"
    if request.param == "postgresql":
        address = request.getfixturevalue("postgres_url")
    with installed(tmp_path, address) as new:
        yield new


@pytest.mark.worker
def test_workers_at_once_write_and_send_each_mail_once(installation: Installation) -> None:
    told = installation.python("from django.contrib.auth.models import User\n" + RACE)
    sent, written, states = json.loads(told)
    assert sent == [f"p{number}@example.com" for number in range(8)]
    assert written == 8
    assert states == [["sent", 1]] * 8
