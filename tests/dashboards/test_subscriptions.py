"""Subscriptions: who is sent what when, each moment once, and never what they may not see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.mail.backends.locmem import EmailBackend
from django.db import IntegrityError, transaction
from django.test import Client
from pytest_django import Settings

from dashboards.models import Pack, PackKind, Rest, Rhythm, Subscription, SubscriptionMail
from dashboards.operations import subscriptions as operations
from dashboards.operations.subscriptions import (
    Wish,
    change_subscription,
    resume_subscription,
    send_subscriptions,
    stop_subscription,
    stop_token,
    subscribe,
    write_due_mails,
)
from dashboards.operations.views import save_view
from dashboards.packs.writing import PackNotWritten
from dashboards.presentation.numbers import MINUS
from dashboards.selectors import digests
from dashboards.tasks import send_subscriptions_task
from metrics.choices import MailState
from metrics.models import MonthClosing
from metrics.operations.mailing import claim_mail
from pmo_portal.roles import Role
from projects.models import Organisation, Project
from projects.months import Month
from tests.conftest import make_person
from tests.dashboards.reading import (
    FEBRUARY,
    MARCH,
    ClientOf,
    assert_costs_no_more,
    keep_score,
    measured,
    plain,
    read,
)
from tests.factories import (
    CustomerFactory,
    MonthClosingFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    SavedViewFactory,
    ScorecardFactory,
    SegmentFactory,
    ServiceFactory,
    SubscriptionFactory,
)

pytestmark = pytest.mark.django_db

Clock = time_machine.Traveller


@pytest.fixture(autouse=True)
def clock(settings: Settings) -> Iterator[Clock]:
    """Friday, 10 April 2026, in the morning."""
    settings.PORTAL_URL = "https://pmo.example.com"
    with time_machine.travel("2026-04-10T06:00:00Z", tick=False) as traveller:
        yield traveller


@pytest.fixture
def organisation(clock: Clock) -> Organisation:
    """62.5 after 60, amber; one project red, one fallen from green."""
    organisation = OrganisationFactory(name="Meridian")
    for kind in ("organisation", "segment", "project"):
        ScorecardFactory(subject_kind=kind, is_default=True)
    keep_score(organisation, 60.0, FEBRUARY)
    keep_score(organisation, 62.5, coverage=0.8, financial=None)
    measured(ProjectFactory(name="Kiosk"))
    keep_score(Project.objects.get(name="Kiosk"), 30.0, longevity=-1)
    return organisation


def person(name: str = "ada", email: str | None = None, role: Role = Role.EXECUTIVE) -> User:
    person = make_person(name, role)
    person.first_name = name.capitalize()
    person.email = f"{name}@example.com" if email is None else email
    person.save()
    return person


def wish(**fields: Any) -> Wish:
    """Every Monday at seven in Berlin: on 13 April, 05:00 UTC, next."""
    weekly: dict[str, Any] = {
        "subject": None,
        "view": None,
        "rhythm": Rhythm.WEEKLY,
        "weekday": 0,
        "hour": 7,
        "time_zone": "Europe/Berlin",
    }
    return Wish(**(weekly | fields))


def tick() -> list[Any]:
    """What the scheduler does each minute, and what went out by it."""
    mail.outbox.clear()
    send_subscriptions_task()
    return list(mail.outbox)


def move_to(clock: Clock, moment: str) -> None:
    clock.move_to(datetime.fromisoformat(moment).replace(tzinfo=UTC))


def test_it_is_sent_at_its_moment_and_once(organisation: Organisation, clock: Clock) -> None:
    subscribe(person(), wish(subject=organisation))
    sent = []
    for moment in ("2026-04-13 04:59", "2026-04-13 05:00", "2026-04-13 05:01", "2026-04-20 05:00"):
        move_to(clock, moment)
        sent.append(len(tick()))
    assert sent == [0, 1, 0, 1]


def test_moments_that_were_missed_are_made_up_for_once(
    organisation: Organisation, clock: Clock
) -> None:
    subscribe(person(), wish(subject=organisation))
    move_to(clock, "2026-05-06 12:00")
    assert [len(tick()), len(tick())] == [1, 0]
    assert Subscription.objects.get().next_at == datetime(2026, 5, 11, 5, tzinfo=UTC)


def test_the_mail_says_the_message(organisation: Organisation, clock: Clock) -> None:
    subscribe(person(), wish(subject=organisation))
    move_to(clock, "2026-04-13 05:00")
    [message] = tick()
    assert message.subject == "Meridian, Mar 2026: overall 62.5, amber, +2.5 since Feb 2026"
    assert message.to == ["ada@example.com"]
    told = message.body.splitlines()
    for line in (
        "Hello Ada,",
        "80% of what is expected is known; possible is 50.0 to 70.0.",
        "* Overall: 62.5, amber, 80% known",
        "* Tactical: 62.5, amber, 80% known",
        "* Value creation: 62.5, amber, 80% known",
        "* Longevity: 62.5, amber, 80% known",
        "* Financial: unknown, insufficient, 80% known",
        "1 subject needs a decision: 1 red",
        "* Kiosk (project): red",
        "  Overall 30.0, Tactical 30.0, Value creation 30.0, Longevity unknown, Financial 30.0",
        "Open the pack: https://pmo.example.com/packs/?month=2026-03&subject=ORG",
        "You subscribed to “Meridian”, every Monday at 07:00 (Europe/Berlin).",
    ):
        assert line in told, message.body
    [(html, kind)] = message.alternatives
    assert kind == "text/html"
    assert "overall 62.5, amber, +2.5 since Feb 2026" in html


def test_three_decisions_are_told_and_the_rest_counted(
    organisation: Organisation, clock: Clock
) -> None:
    for number in range(4):
        keep_score(ProjectFactory(name=f"Project {number}"), 20.0 + number)
    subscribe(person(), wish(subject=organisation))
    move_to(clock, "2026-04-13 05:00")
    [message] = tick()
    assert "5 subjects need a decision: 5 red" in message.body
    assert message.body.count("(project): red") == 3
    assert "  and 2 more\n" in message.body


def test_names_are_text_in_mark_up_and_one_line_in_the_subject(
    organisation: Organisation, clock: Clock
) -> None:
    Organisation.objects.update(name="A <b>bold</b>\nBcc: all@example.com & co")
    subscribe(person(), wish(subject=Organisation.objects.get()))
    move_to(clock, "2026-04-13 05:00")
    [message] = tick()
    assert message.subject.startswith("A <b>bold</b> Bcc: all@example.com & co, Mar 2026")
    assert "A <b>bold</b>" in message.body
    assert "<b>" not in message.alternatives[0][0]


@pytest.mark.parametrize(
    ("factory", "list_page"),
    [
        (ProjectFactory, "/projects/"),
        (CustomerFactory, "/customers/"),
        (SegmentFactory, "/segments/"),
    ],
)
def test_a_view_of_a_subject_tells_of_that_subject(
    organisation: Organisation, clock: Clock, factory: Callable[..., Any], list_page: str
) -> None:
    one = factory(name="Watched")
    keep_score(one, 70.0, FEBRUARY)
    keep_score(one, 45.0)
    ada = person()
    page = f"{list_page}{one.code}/"
    view = save_view(ada, name="My eye on it", address=page, keeps_month=False)
    subscribe(ada, wish(view=view))
    move_to(clock, "2026-04-13 05:00")
    [message] = tick()
    assert message.subject == (
        f"My eye on it. Watched, Mar 2026: overall 45.0, red, {MINUS}25.0 since Feb 2026"
    )
    assert f"Open the view: https://pmo.example.com{page}" in message.body
    assert "decision" in message.body


def sent_view(address: str, clock: Clock, name: str = "Mine", **fields: Any) -> Any:
    """The mail of a subscribed view, and of nothing else."""
    ada = person()
    view = save_view(ada, name=name, address=address, keeps_month="month=" in address)
    subscribe(ada, wish(view=view, **fields))
    move_to(clock, "2026-04-13 05:00")
    [message] = tick()
    return message


def test_a_view_of_a_list_tells_the_top_of_that_list_as_it_is_filtered_and_sorted(
    organisation: Organisation, clock: Clock
) -> None:
    for name, before, score in (("Ferry", 48.0, 40.0), ("Pier", 45.0, 45.0), ("Quay", 80.0, 80.0)):
        project = ProjectFactory(name=name)
        keep_score(project, before, FEBRUARY)
        keep_score(project, score, coverage=0.9, financial=None)
    address = "/projects/?band=red&sort=-overall"

    message = sent_view(address, clock, "What is red")

    assert message.subject == "What is red. Mar 2026: 3 projects, first Pier with 45.0, red"
    told = message.body.split("Open the view")[0].splitlines()
    assert told[2:] == [
        "March 2026: 3 projects, first Pier with 45.0, red.",
        "Filtered by Overall band: Red. In this order: overall, falling.",
        "The month is not closed; these scores may still change.",
        "",
        "1. Pier: 45.0, red, 90% known, 0.0 since Feb 2026",
        "   Tactical 45.0, Value creation 45.0, Longevity 45.0, Financial unknown",
        f"2. Ferry: 40.0, red, 90% known, {MINUS}8.0 since Feb 2026",
        "   Tactical 40.0, Value creation 40.0, Longevity 40.0, Financial unknown",
        "3. Kiosk: 30.0, red, 100% known",
        "   Tactical 30.0, Value creation 30.0, Longevity unknown, Financial 30.0",
        "",
    ]
    [(html, _kind)] = message.alternatives
    words = plain(html)
    assert f"Ferry 40.0 Red 90% known {MINUS}8.0 since Feb 2026 40.0 40.0 40.0 unknown" in words
    assert "Quay" not in words
    assert "Meridian" not in words


def test_a_portfolio_whose_projects_are_filtered_is_told_as_that_list(
    organisation: Organisation, clock: Clock
) -> None:
    portfolio = PortfolioFactory(name="Harbour")
    within = PortfolioFactory(parent=portfolio)
    for name, above in (("Ferry", portfolio), ("Pier", within), ("Elsewhere", PortfolioFactory())):
        keep_score(ProjectFactory(name=name, portfolio=above), 40.0)
    keep_score(ProjectFactory(name="Quay", portfolio=within), 80.0)
    page = f"/portfolios/{portfolio.code}/"

    with_below = sent_view(f"{page}?band=red", clock)

    assert "Filtered by Portfolio: Harbour; Overall band: Red." in with_below.body
    assert "March 2026: 2 projects, first " in with_below.body
    assert all(name in with_below.body for name in ("Ferry", "Pier"))
    assert not any(name in with_below.body for name in ("Quay", "Elsewhere"))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?band=red&holds=own", "Portfolio: Harbour; Only its own projects; Overall band: Red."),
        ("?sort=-overall", ""),
        ("", ""),
    ],
)
def test_a_portfolios_mail_filters_as_its_page_does_or_tells_it_whole(
    query: str, words: str, organisation: Organisation, clock: Clock
) -> None:
    portfolio = PortfolioFactory(name="Harbour")
    keep_score(portfolio, 45.0)
    for name, above in (("Ferry", portfolio), ("Pier", PortfolioFactory(parent=portfolio))):
        keep_score(ProjectFactory(name=name, portfolio=above), 40.0)

    message = sent_view(f"/portfolios/{portfolio.code}/{query}", clock)

    if words:
        assert f"Filtered by {words}" in message.body
        assert "March 2026: 1 project, first Ferry" in message.body
    else:
        assert "Filtered by" not in message.body
        assert "Harbour, Mar 2026: overall 45.0" in message.subject


def test_a_long_list_is_told_by_its_first_lines_and_the_rest_counted(
    organisation: Organisation, clock: Clock
) -> None:
    for number in range(12):
        keep_score(ProjectFactory(name=f"P{number}"), 50.0 + number)

    message = sent_view("/projects/", clock)

    assert "10. P8: 58.0, amber" in message.body
    assert "P9" not in message.body
    assert "and 3 more" in message.body.splitlines()
    assert "Nothing is filtered. In this order: overall, rising." in message.body


def test_an_empty_list_says_that_nothing_fits(organisation: Organisation, clock: Clock) -> None:
    message = sent_view("/projects/?stage=closed", clock)

    assert message.subject == "Mine. Mar 2026: 0 projects"
    assert "Nothing fits at present." in message.body


def test_a_view_of_customers_tells_their_risk(organisation: Organisation, clock: Clock) -> None:
    for name, score in (("Acme", 40.0), ("Bolt", 90.0)):
        keep_score(CustomerFactory(name=name), score)

    body = sent_view("/customers/?risk=at_risk", clock).body.splitlines()

    place = body.index("1. Acme: 40.0, red, 100% known")
    assert body[place + 1].startswith("   At risk: red")
    assert not any("Bolt" in line for line in body)


@pytest.mark.parametrize(
    ("factory", "address"),
    [
        (SegmentFactory, "/segments/"),
        (PortfolioFactory, "/portfolios/"),
        (ServiceFactory, "/services/?q=watched"),
    ],
)
def test_every_list_is_told_as_a_list(
    organisation: Organisation, clock: Clock, factory: Callable[..., Any], address: str
) -> None:
    keep_score(factory(name="Watched"), 66.0)

    assert "Watched: 66.0, amber, 100% known" in sent_view(address, clock).body


def test_a_list_keeps_to_its_month_and_to_what_it_is_compared_with(
    organisation: Organisation, clock: Clock
) -> None:
    ferry = ProjectFactory(name="Ferry")
    for month, score in (("2025-02", 70.0), ("2026-01", 50.0), ("2026-02", 60.0)):
        keep_score(ferry, score, Month.parse(month))
    address = "/projects/?month=2026-02&against=last-year"

    message = sent_view(address, clock)

    assert f"1. Ferry: 60.0, amber, 100% known, {MINUS}10.0 since Feb 2025" in message.body
    assert f"https://pmo.example.com{address}" in message.body


def test_a_view_of_a_subject_is_compared_with_what_it_keeps_to(
    organisation: Organisation, clock: Clock
) -> None:
    keep_score(organisation, 70.0, Month.parse("2025-03"))

    message = sent_view("/summary/?against=last-year", clock)

    assert f"overall 62.5, amber, {MINUS}7.5 since Mar 2025" in message.subject


@pytest.mark.parametrize("query", ["?month=soon", "?against=soon"])
def test_a_view_that_names_no_month_rests(
    organisation: Organisation, clock: Clock, query: str
) -> None:
    ada = person()
    view = SavedViewFactory(user=ada, address=f"/projects/{query}")
    subscription = subscribe(ada, wish(view=view))
    move_to(clock, "2026-04-13 05:00")

    assert tick() == []
    subscription.refresh_from_db()
    assert subscription.rests == Rest.NO_PAGE


@pytest.mark.parametrize("size", [1, 4])
def test_writing_a_list_costs_as_many_queries_for_each_mail(
    organisation: Organisation, clock: Clock, size: int, django_assert_max_num_queries: Any
) -> None:
    for number in range(size):
        keep_score(ProjectFactory(), 50.0)
        ada = person(f"ada{number}")
        view = save_view(ada, name="List", address="/projects/", keeps_month=False)
        subscribe(ada, wish(view=view))
    move_to(clock, "2026-04-13 05:00")
    with django_assert_max_num_queries(5 + 25 * size):
        assert write_due_mails() == size


def test_before_anything_is_measured_nothing_is_sent_and_the_moment_passes(clock: Clock) -> None:
    subscribe(person(), wish(subject=OrganisationFactory()))
    move_to(clock, "2026-04-13 05:00")
    assert tick() == []
    assert Subscription.objects.get().next_at == datetime(2026, 4, 20, 5, tzinfo=UTC)


# When a month is closed.


def on_closing(hour: int = 7) -> dict[str, Any]:
    return {"rhythm": Rhythm.CLOSING, "weekday": None, "hour": hour, "time_zone": "UTC"}


def test_a_closing_is_told_at_the_hour_that_follows_it_and_once(
    organisation: Organisation, clock: Clock
) -> None:
    subscribe(person(), wish(subject=organisation, **on_closing()))
    assert tick() == []
    closing = MonthClosingFactory(month=MARCH, closed_at=datetime(2026, 4, 11, 9, tzinfo=UTC))
    sent = []
    for moment in ("2026-04-11 09:00", "2026-04-12 06:59", "2026-04-12 07:00", "2026-04-13 07:00"):
        move_to(clock, moment)
        sent.append(len(tick()))
    assert sent == [0, 0, 1, 0]
    assert SubscriptionMail.objects.get().closing == closing


def test_what_was_closed_before_is_not_told(organisation: Organisation, clock: Clock) -> None:
    MonthClosingFactory(month=FEBRUARY, closed_at=datetime(2026, 4, 9, tzinfo=UTC))
    subscribe(person(), wish(subject=organisation, **on_closing()))
    move_to(clock, "2026-04-20 12:00")
    assert tick() == []


def test_of_several_months_closed_at_once_the_latest_is_told(
    organisation: Organisation, clock: Clock
) -> None:
    subscribe(person(), wish(subject=organisation, **on_closing()))
    for month in (FEBRUARY, MARCH):
        MonthClosingFactory(month=month, closed_at=datetime(2026, 4, 11, tzinfo=UTC))
    move_to(clock, "2026-04-11 07:00")
    assert [message.subject.partition(":")[0] for message in tick()] == ["Meridian, Mar 2026"]
    assert tick() == []


def test_a_month_that_is_closed_again_is_told_again_and_a_reopened_one_is_not(
    organisation: Organisation, clock: Clock
) -> None:
    subscribe(person(), wish(subject=organisation, **on_closing()))
    MonthClosingFactory(
        month=MARCH,
        closed_at=datetime(2026, 4, 11, tzinfo=UTC),
        reopened_at=datetime(2026, 4, 11, 1, tzinfo=UTC),
        reopen_reason="A value was wrong.",
    )
    move_to(clock, "2026-04-11 07:00")
    assert tick() == []
    MonthClosingFactory(month=MARCH, closed_at=datetime(2026, 4, 11, 8, tzinfo=UTC))
    move_to(clock, "2026-04-12 07:00")
    assert len(tick()) == 1


# Files.


def files_of(message: Any) -> list[str | None]:
    """The names of what is attached, as a mail program sees it."""
    parsed = message_from_bytes(message.message().as_bytes(), policy=policy.default)
    return [part.get_filename() for part in parsed.iter_attachments()]


@pytest.fixture
def quick_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        operations, "pack_now", lambda subject, month, kind: f"{kind} of {month}".encode()
    )


@pytest.mark.usefixtures("quick_packs")
@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({}, []),
        ({"with_pdf": True}, ["pack-ORG-2026-03-open.pdf"]),
        (
            {"with_pdf": True, "with_pptx": True},
            ["pack-ORG-2026-03-open.pdf", "pack-ORG-2026-03-open.pptx"],
        ),
    ],
)
def test_the_files_that_were_asked_for_are_attached(
    organisation: Organisation, clock: Clock, wanted: dict[str, bool], names: list[str]
) -> None:
    subscribe(person(), wish(subject=organisation, **wanted))
    move_to(clock, "2026-04-13 05:00")
    [message] = tick()
    assert files_of(message) == names


def test_of_a_closed_month_the_kept_pack_is_attached_byte_for_byte(
    organisation: Organisation, clock: Clock
) -> None:
    subscribe(person(), wish(subject=organisation, with_pptx=True, **on_closing()))
    MonthClosingFactory(month=MARCH, closed_at=datetime(2026, 4, 11, tzinfo=UTC))
    move_to(clock, "2026-04-11 07:00")
    [message] = tick()
    kept = Pack.objects.get(kind=PackKind.PPTX)
    [(name, content, _type)] = message.attachments
    assert (name, content) == ("pack-ORG-2026-03.pptx", bytes(kept.content))


def test_a_file_that_can_not_be_made_is_told_and_the_mail_still_comes(
    organisation: Organisation, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> bytes:
        raise PackNotWritten("A library is missing.")

    monkeypatch.setattr(operations, "pack_now", refuse)
    subscribe(person(), wish(subject=organisation, with_pdf=True))
    move_to(clock, "2026-04-13 05:00")
    [message] = tick()
    assert message.body.startswith("PDF could not be attached. A library is missing.\n\nHello Ada")
    assert files_of(message) == []


# Who may not be sent it.


def lose_role(user: User) -> None:
    user.groups.clear()


def leave(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def lose_address(user: User) -> None:
    User.objects.filter(pk=user.pk).update(email="")


LOSSES = [(lose_role, Rest.NO_ROLE), (leave, Rest.INACTIVE), (lose_address, Rest.NO_ADDRESS)]


@pytest.mark.parametrize(("loss", "why"), LOSSES)
def test_who_may_not_see_it_any_more_is_sent_nothing_and_told_why(
    organisation: Organisation, clock: Clock, loss: Callable[[User], None], why: Rest
) -> None:
    ada = person()
    subscribe(ada, wish(subject=organisation))
    loss(ada)
    move_to(clock, "2026-04-13 05:00")
    assert tick() == []
    assert Subscription.objects.get().rests == why
    assert not SubscriptionMail.objects.exists()


@pytest.mark.parametrize(("loss", "why"), LOSSES)
def test_it_is_checked_again_when_it_is_sent(
    organisation: Organisation, clock: Clock, loss: Callable[[User], None], why: Rest
) -> None:
    ada = person()
    subscribe(ada, wish(subject=organisation))
    move_to(clock, "2026-04-13 05:00")
    assert write_due_mails() == 1
    loss(ada)
    assert send_subscriptions() == 0
    row = SubscriptionMail.objects.get()
    assert (row.state, row.error) == (MailState.FAILED, str(why.label))
    assert Subscription.objects.get().rests == why


@pytest.mark.parametrize("address", ["/no/such/page/", "/entry/", "/projects/GONE/"])
def test_a_view_that_leads_nowhere_rests(
    organisation: Organisation, clock: Clock, address: str
) -> None:
    ada = person()
    view = SavedViewFactory(user=ada, address=address)
    SubscriptionFactory(user=ada, subject=None, view=view)
    assert tick() == []
    assert Subscription.objects.get().rests == Rest.NO_PAGE


def test_what_was_stopped_between_writing_and_sending_is_not_sent(
    organisation: Organisation, clock: Clock
) -> None:
    subscription = subscribe(person(), wish(subject=organisation))
    move_to(clock, "2026-04-13 05:00")
    write_due_mails()
    stop_subscription(subscription)
    assert send_subscriptions() == 0
    assert SubscriptionMail.objects.get().state == MailState.FAILED


def test_one_that_can_not_be_told_keeps_nothing_from_the_others(
    organisation: Organisation, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = digests.digest_of

    def digest_of(subject: Any, *given: Any) -> Any:
        if subject.code == "BROKEN":
            raise ArithmeticError
        return quick(subject, *given)

    monkeypatch.setattr(operations, "digest_of", digest_of)
    subscribe(person(), wish(subject=SegmentFactory(code="BROKEN")))
    subscribe(person("bea"), wish(subject=organisation))
    move_to(clock, "2026-04-13 05:00")
    assert [message.to for message in tick()] == [["bea@example.com"]]


# Once, also after a crash.


def test_a_mail_is_written_before_it_is_sent_and_only_once(
    organisation: Organisation, clock: Clock
) -> None:
    subscribe(person(), wish(subject=organisation))
    move_to(clock, "2026-04-13 05:00")
    assert [write_due_mails(), write_due_mails()] == [1, 0]
    assert mail.outbox == []
    assert SubscriptionMail.objects.get().due_at == datetime(2026, 4, 13, 5, tzinfo=UTC)


def test_of_two_workers_that_saw_the_same_moment_one_writes(
    organisation: Organisation, clock: Clock
) -> None:
    subscribe(person(), wish(subject=organisation))
    move_to(clock, "2026-04-13 05:00")
    now = datetime(2026, 4, 13, 5, tzinfo=UTC)
    [first] = operations._due_by_calendar(now)
    [second] = operations._due_by_calendar(now)
    assert [operations._write(first), operations._write(second)] == [True, False]
    assert SubscriptionMail.objects.count() == 1


def test_a_claim_whose_worker_died_is_taken_again_with_the_same_message_id(
    organisation: Organisation, clock: Clock, settings: Settings
) -> None:
    subscribe(person(), wish(subject=organisation))
    move_to(clock, "2026-04-13 05:00")
    write_due_mails()
    dead = claim_mail(SubscriptionMail.objects.all(), SubscriptionMail.objects.get().pk)
    assert dead is not None
    assert send_subscriptions() == 0
    clock.shift(timedelta(seconds=settings.REMINDER_STALE_SECONDS))
    assert send_subscriptions() == 1
    assert mail.outbox[0].extra_headers["Message-ID"] == dead.message_id
    assert SubscriptionMail.objects.get().attempt == 2


class Refusing(EmailBackend):
    def send_messages(self, messages: Any) -> int:
        raise ConnectionRefusedError("nobody there")


def test_a_mail_that_can_not_be_sent_is_tried_again_later(
    organisation: Organisation, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(person(), wish(subject=organisation))
    move_to(clock, "2026-04-13 05:00")
    monkeypatch.setattr(mail.EmailMessage, "get_connection", lambda *_: Refusing())
    assert tick() == []
    monkeypatch.undo()
    row = SubscriptionMail.objects.get()
    assert (row.state, row.error) == (MailState.DUE, "ConnectionRefusedError: nobody there")
    assert tick() == []
    clock.shift(timedelta(minutes=2))
    assert len(tick()) == 1


# What a subscription obeys.


def test_what_can_not_be_sent_is_refused_with_the_field_and_the_reason() -> None:
    ada, organisation = person(), OrganisationFactory()
    view = SavedViewFactory(user=ada)
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, "what"),
        ({"subject": organisation, "view": view}, "what"),
        ({"subject": ProjectFactory()}, "what"),
        ({"view": SavedViewFactory()}, "what"),
        ({"view": view, "with_pdf": True}, "what"),
        ({"subject": organisation, "rhythm": "daily", "weekday": None}, "rhythm"),
        ({"subject": organisation, "weekday": None}, "weekday"),
        ({"subject": organisation, "weekday": 7}, "weekday"),
        ({"subject": organisation, "rhythm": Rhythm.MONTHLY, "weekday": None}, "day"),
        ({"subject": organisation, "rhythm": Rhythm.MONTHLY, "weekday": None, "day": 32}, "day"),
        ({"subject": organisation, "rhythm": Rhythm.MONTHLY, "day": 5}, "weekday"),
        ({"subject": organisation, "hour": 24}, "hour"),
        ({"subject": organisation, "time_zone": "Mars/Base"}, "time_zone"),
        ({"subject": organisation, "time_zone": "../../etc/passwd"}, "time_zone"),
    ]
    refused = []
    for fields, _ in cases:
        with pytest.raises(ValidationError) as refusal:
            subscribe(ada, wish(**fields))
        refused.append([*refusal.value.error_dict])
    assert refused == [[field] for _, field in cases]


def test_who_has_no_address_can_not_subscribe() -> None:
    with pytest.raises(ValidationError, match="no e-mail address"):
        subscribe(person(email=""), wish(subject=OrganisationFactory()))


def test_there_is_a_limit_for_each_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "MOST_SUBSCRIPTIONS", 1)
    ada, organisation = person(), OrganisationFactory()
    subscribe(ada, wish(subject=organisation))
    with pytest.raises(ValidationError, match="You have 1 subscriptions"):
        subscribe(ada, wish(subject=organisation))


@pytest.mark.parametrize(
    "fields",
    [
        {"subject": None},
        {"weekday": None},
        {"rhythm": Rhythm.MONTHLY, "weekday": None, "day": None},
        {"weekday": 7},
        {"day": 3},
        {"hour": 24},
        {"rests": "tired"},
        {"rhythm": "daily"},
        {"rhythm": Rhythm.MONTHLY, "weekday": None, "day": 0},
        {"rhythm": Rhythm.MONTHLY, "weekday": None, "day": 32},
    ],
)
def test_the_database_refuses_what_no_subscription_is(fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        SubscriptionFactory(**fields)


def test_a_change_begins_with_the_next_moment(organisation: Organisation, clock: Clock) -> None:
    subscription = subscribe(person(), wish(subject=organisation))
    monthly = wish(subject=organisation, rhythm=Rhythm.MONTHLY, weekday=None, day=31)
    change_subscription(subscription, monthly)
    assert Subscription.objects.get().next_at == datetime(2026, 4, 30, 5, tzinfo=UTC)


def test_what_rests_goes_on_with_the_next_moment_when_it_is_let(
    organisation: Organisation, clock: Clock
) -> None:
    subscription = subscribe(person(), wish(subject=organisation))
    stop_subscription(subscription)
    move_to(clock, "2026-04-14 12:00")
    assert tick() == []
    resume_subscription(Subscription.objects.get())
    assert tick() == []
    move_to(clock, "2026-04-20 05:00")
    assert len(tick()) == 1


def test_what_rests_for_a_reason_that_is_still_there_goes_on_resting() -> None:
    ada = person(email="")
    subscription = SubscriptionFactory(user=ada, rests=Rest.NO_ADDRESS)
    with pytest.raises(ValidationError, match="no e-mail address"):
        resume_subscription(subscription)


# Stopping it by the link.


@pytest.fixture
def stranger() -> Client:
    """Somebody's mail program: no session, and forms are checked as in earnest."""
    return Client(enforce_csrf_checks=True)


def test_the_headers_of_a_mail_name_the_link_that_stops_it(
    organisation: Organisation, clock: Clock, stranger: Client
) -> None:
    subscribe(person(), wish(subject=organisation))
    move_to(clock, "2026-04-13 05:00")
    [message] = tick()
    headers = message.extra_headers
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = headers["List-Unsubscribe"].strip("<>")
    assert link in message.body
    path = link.removeprefix("https://pmo.example.com")
    answer = stranger.post(path, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert Subscription.objects.get().rests == Rest.UNSUBSCRIBED
    move_to(clock, "2026-04-20 05:00")
    assert tick() == []


def test_looking_at_the_link_stops_nothing_and_gives_nothing_away(stranger: Client) -> None:
    ada = person()
    subscription = SubscriptionFactory(user=ada, subject__name="Secret plans")
    address = f"/subscriptions/stop/{stop_token(subscription)}/"
    for answer in (stranger.get(address), stranger.head(address)):
        page = answer.content.decode()
        assert answer.status_code == 200
        assert not [word for word in ("ada", "Ada", "Secret") if word in page]
        assert "no-store" in answer["Cache-Control"]
    assert Subscription.objects.get().rests == ""


def test_a_link_that_was_made_up_or_meant_for_another_stops_nothing(stranger: Client) -> None:
    subscription = SubscriptionFactory(user=person())
    token = stop_token(subscription)
    for wrong in ("x", token[:-1], f"A{token}", f"{subscription.pk}"):
        address = f"/subscriptions/stop/{wrong}/"
        assert (stranger.get(address).status_code, stranger.post(address).status_code) == (404, 404)
    assert Subscription.objects.get().rests == ""


def test_a_link_may_be_followed_twice_and_after_the_subscription_is_gone(stranger: Client) -> None:
    subscription = SubscriptionFactory(user=person())
    address = f"/subscriptions/stop/{stop_token(subscription)}/"
    pages = [plain(stranger.post(address).content.decode()) for _ in range(2)]
    subscription.delete()
    pages.append(plain(stranger.post(address).content.decode()))
    assert len(set(pages)) == 1


# The pages.


@pytest.fixture
def ada() -> User:
    return person()


@pytest.fixture
def client(ada: User, client_of: ClientOf) -> Client:
    return client_of(ada)


FORM = {
    "what": "pack-ORG",
    "with_pdf": "on",
    "rhythm": "weekly",
    "weekday": "2",
    "day": "5",
    "hour": "8",
    "time_zone": "America/New_York",
}


def test_the_form_makes_a_subscription_and_leaves_out_the_day_it_has_no_use_for(
    client: Client, ada: User, organisation: Organisation
) -> None:
    answer = client.post("/subscriptions/new/", FORM)
    assert answer["Location"] == "/subscriptions/"
    row = Subscription.objects.get(user=ada)
    assert (row.subject.code if row.subject else "", row.weekday, row.day) == ("ORG", 2, None)
    assert (row.with_pdf, row.with_pptx) == (True, False)
    assert row.next_at == datetime(2026, 4, 15, 12, tzinfo=UTC)


def test_the_form_takes_a_view_without_files(client: Client, ada: User) -> None:
    view = SavedViewFactory(user=ada)
    client.post("/subscriptions/new/", FORM | {"what": f"view-{view.pk}"})
    row = Subscription.objects.get()
    assert (row.view, row.with_pdf) == (view, False)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"what": "pack-NOBODY"}, "what"),
        ({"rhythm": "weekly", "weekday": ""}, "weekday"),
        ({"rhythm": "monthly", "day": ""}, "day"),
        ({"rhythm": "monthly", "day": "32"}, "day"),
        ({"hour": "24"}, "hour"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
    ],
)
def test_the_form_says_what_would_fit(
    client: Client, organisation: Organisation, given: dict[str, str], field: str
) -> None:
    answer = client.post("/subscriptions/new/", FORM | given)
    assert answer.status_code == 422
    assert [*answer.context["form"].errors] == [field]
    assert not Subscription.objects.exists()


def test_the_form_offers_nobody_elses_views(client: Client) -> None:
    theirs = SavedViewFactory(name="Somebody else's")
    assert "Somebody else" not in client.get("/subscriptions/new/").content.decode()
    answer = client.post("/subscriptions/new/", FORM | {"what": f"view-{theirs.pk}"})
    assert answer.status_code == 422


def test_the_form_opens_with_what_it_was_asked_for(client: Client, ada: User) -> None:
    SubscriptionFactory(user=ada, time_zone="Asia/Kolkata")
    SegmentFactory(code="ENT")
    form = client.get("/subscriptions/new/?pack=ENT").context["form"]
    assert (form["what"].value(), form["time_zone"].value()) == ("pack-ENT", "Asia/Kolkata")


def test_changing_keeps_what_was_chosen_and_takes_what_is_new(
    client: Client, ada: User, organisation: Organisation
) -> None:
    row = SubscriptionFactory(user=ada, with_pptx=True)
    page = client.get(f"/subscriptions/{row.pk}/edit/").context["form"]
    assert (page["what"].value(), page["with_pptx"].value()) == ("pack-ORG", True)
    client.post(f"/subscriptions/{row.pk}/edit/", FORM | {"rhythm": "closing"})
    row.refresh_from_db()
    assert (row.rhythm, row.weekday, row.next_at) == (Rhythm.CLOSING, None, None)


def test_the_list_tells_when_in_its_own_time_zone_and_why_it_rests(
    client: Client, ada: User, clock: Clock
) -> None:
    SubscriptionFactory(
        user=ada,
        time_zone="Asia/Kolkata",
        subject=OrganisationFactory(name="Meridian"),
        next_at=datetime(2026, 4, 13, 1, 30, tzinfo=UTC),
    )
    SubscriptionFactory(user=ada, subject=SegmentFactory(name="Entity"), rests=Rest.NO_ROLE)
    page = read(client, "/subscriptions/")
    assert "Mon 13 Apr 2026, 07:00" in page.row("Meridian")
    assert "Rests. You had no role that reads results" in page.row("Entity")


def test_a_subscription_is_stopped_resumed_and_deleted_from_the_list(
    client: Client, ada: User
) -> None:
    row = SubscriptionFactory(user=ada)
    client.post(f"/subscriptions/{row.pk}/rest/")
    row.refresh_from_db()
    assert row.rests == Rest.STOPPED
    client.post(f"/subscriptions/{row.pk}/rest/", {"resume": ""})
    row.refresh_from_db()
    assert row.rests == ""
    client.post(f"/subscriptions/{row.pk}/delete/")
    assert not Subscription.objects.exists()


def test_what_is_somebody_elses_is_not_there(client: Client, organisation: Organisation) -> None:
    row = SubscriptionFactory(subject=SegmentFactory(name="Theirs alone"))
    assert client.get(f"/subscriptions/{row.pk}/edit/").status_code == 404
    for what in ("edit", "rest", "delete"):
        assert client.post(f"/subscriptions/{row.pk}/{what}/", FORM).status_code == 404
    row.refresh_from_db()
    assert (row.weekday, row.rests) == (0, "")
    assert "Theirs alone" not in read(client, "/subscriptions/").words


def test_who_has_no_address_is_told_so(client_of: ClientOf, executive: User) -> None:
    assert "no e-mail address yet" in read(client_of(executive), "/subscriptions/").words


@pytest.mark.parametrize("address", ["/subscriptions/", "/subscriptions/new/"])
def test_the_pages_cost_no_more_with_more_rows(client: Client, ada: User, address: str) -> None:
    def grow() -> None:
        number = Subscription.objects.count()
        view = SavedViewFactory(user=ada, address=f"/projects/?q={number}")
        SubscriptionFactory(user=ada, subject=None, view=view)
        SubscriptionFactory(user=ada, subject=SegmentFactory())

    assert_costs_no_more(client, address, grow)


@pytest.mark.parametrize("size", [1, 4])
def test_writing_costs_as_many_queries_for_each_mail(
    organisation: Organisation, clock: Clock, size: int, django_assert_max_num_queries: Any
) -> None:
    for number in range(size):
        subscribe(person(f"ada{number}"), wish(subject=organisation))
    move_to(clock, "2026-04-13 05:00")
    with django_assert_max_num_queries(5 + 70 * size):
        assert write_due_mails() == size


def test_closings_are_read_once_for_all_who_wait(
    organisation: Organisation, clock: Clock, django_assert_num_queries: Any
) -> None:
    for number in range(5):
        subscribe(person(f"ada{number}"), wish(subject=organisation, **on_closing()))
    with django_assert_num_queries(3):
        write_due_mails()
    assert not MonthClosing.objects.exists()


def test_the_menu_and_the_account_lead_there(client: Client) -> None:
    assert read(client, "/account/").links().count("/subscriptions/") == 2


def test_the_pack_page_offers_to_subscribe_to_the_pack_it_shows(
    client: Client, organisation: Organisation
) -> None:
    links = read(client, "/packs/?subject=ORG&month=2026-03").links()
    assert "/subscriptions/new/?pack=ORG" in links
