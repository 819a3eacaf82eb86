"""What limited people are sent and what they keep: nothing of what they do not see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from pytest_django import Settings

from dashboards.models import Rest, SavedView, Subscription
from dashboards.operations.subscriptions import subscribe
from dashboards.operations.views import save_view
from dashboards.tasks import send_subscriptions_task
from metrics.choices import RunTrigger
from metrics.models import RescoreNeed
from metrics.operations.months import close_month
from metrics.operations.runs import score_now
from metrics.reminders import letters_of
from pmo_portal.roles import Role
from projects.models import Portfolio
from projects.months import Month
from projects.operations.limits import limit_person
from projects.operations.subjects import save_subject
from tests.conftest import make_person
from tests.dashboards.reading import MARCH, keep_score, measured
from tests.dashboards.test_subscriptions import wish
from tests.factories import (
    MeasurementFactory,
    MetricAssignmentFactory,
    MetricFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    ScorecardFactory,
    ScorecardLineFactory,
)

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]
Clock = time_machine.Traveller


@pytest.fixture(autouse=True)
def clock(settings: Settings) -> Iterator[Clock]:
    """Friday, 10 April 2026, in the morning."""
    settings.PORTAL_URL = "https://pmo.example.com"
    with time_machine.travel("2026-04-10T06:00:00Z", tick=False) as traveller:
        yield traveller


@pytest.fixture
def world(clock: Clock) -> dict[str, Any]:
    """Two portfolios with a project each; all have scores, and so has the organisation."""
    found: dict[str, Any] = {"organisation": OrganisationFactory(name="Meridian")}
    for kind in ("organisation", "portfolio", "project"):
        ScorecardFactory(subject_kind=kind, is_default=True)
    for name in ("Seen", "Hidden"):
        folio = PortfolioFactory(code=f"F-{name}", name=f"{name} folio")
        project = ProjectFactory(code=f"P-{name}", name=f"{name} work", portfolio=folio)
        measured(project)
        keep_score(project, 40.0)
        keep_score(folio, 45.0)
        found |= {f"{name} folio": folio, f"{name} work": project}
    keep_score(found["organisation"], 62.5)
    return found


def somebody(name: str = "ada", role: Role = Role.EXECUTIVE) -> User:
    person = make_person(name, role)
    person.email = f"{name}@example.com"
    person.save()
    return person


def limit(person: User, folio: Portfolio) -> User:
    limit_person(person, portfolios=[folio], by=None)
    return User.objects.get(pk=person.pk)


def sent(clock: Clock, moment: str = "2026-04-13 05:00") -> list[str]:
    """All that is in the mails of a moment."""
    clock.move_to(datetime.fromisoformat(moment).replace(tzinfo=UTC))
    mail.outbox.clear()
    send_subscriptions_task()
    return [message.message().as_string() for message in mail.outbox]


def told_in(texts: list[str]) -> str:
    return "\n".join(texts)


def test_a_list_that_is_sent_has_what_is_seen(world: dict[str, Any], clock: Clock) -> None:
    ada = limit(somebody(), world["Seen folio"])
    for address in ("/projects/", "/portfolios/", "/projects/P-Seen/", "/portfolios/F-Seen/"):
        view = save_view(ada, name=f"View {address}", address=address, keeps_month=False)
        subscribe(ada, wish(view=view))
    mails = sent(clock)
    assert len(mails) == 4
    assert "Seen work" in told_in(mails)
    assert "Hidden" not in told_in(mails)
    assert "Meridian" not in told_in(mails)


@pytest.mark.parametrize(
    "address", ["/metrics/", "/scorecards/", "/compare/portfolios/", "/entry/"]
)
def test_a_page_about_nobody_is_not_sent_with_the_organisations_scores(
    world: dict[str, Any], clock: Clock, address: str
) -> None:
    ada = somebody(role=Role.ANALYST)
    ada = limit(ada, world["Seen folio"])
    view = save_view(ada, name="View", address=address, keeps_month=False)
    subscribe(ada, wish(view=view))
    assert sent(clock) == []
    assert Subscription.objects.get().rests == Rest.LIMITED


def test_what_was_ordered_before_the_limit_rests(world: dict[str, Any], clock: Clock) -> None:
    ada = somebody()
    view = save_view(ada, name="Hidden work", address="/projects/P-Hidden/", keeps_month=False)
    for ordered in (
        wish(subject=world["organisation"], with_pdf=True),
        wish(subject=world["Hidden folio"]),
        wish(view=view),
    ):
        subscribe(ada, ordered)
    clock.move_to(datetime(2026, 4, 11, tzinfo=UTC))
    limit(ada, world["Seen folio"])
    assert sent(clock) == []
    assert {row.rests for row in Subscription.objects.all()} == {Rest.LIMITED}


def test_a_mail_that_was_written_before_the_limit_is_not_sent_after_it(
    world: dict[str, Any], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = somebody()
    for person in (ada, somebody("bea")):
        subscribe(person, wish(subject=world["organisation"]))
    monkeypatch.setattr("dashboards.tasks.send_subscriptions", lambda: 0)
    assert sent(clock) == []
    monkeypatch.undo()
    limit(ada, world["Seen folio"])
    (others,) = sent(clock, "2026-04-13 05:01")
    assert "bea@example.com" in others


def test_views_of_before_the_limit_are_not_shown(
    world: dict[str, Any], clock: Clock, client_of: ClientOf
) -> None:
    ada = somebody()
    old = save_view(ada, name="Hidden work", address="/projects/P-Hidden/", keeps_month=False)
    subscribe(ada, wish(view=old))
    subscribe(ada, wish(subject=world["Hidden folio"]))
    clock.move_to(datetime(2026, 4, 11, tzinfo=UTC))
    ada = limit(ada, world["Seen folio"])
    clock.move_to(datetime(2026, 4, 12, tzinfo=UTC))
    new = save_view(ada, name="Mine", address="/projects/P-Seen/", keeps_month=False)
    client = client_of(ada)
    for path in ("/views/", "/views/menu/", "/subscriptions/", "/subscriptions/new/"):
        answer = client.get(path)
        assert (answer.status_code, "Hidden" in answer.content.decode()) == (200, False), path
    assert "Mine" in client.get("/views/").content.decode()
    assert client.get(f"/views/{old.pk}/").status_code == 404
    assert client.get(f"/views/{new.pk}/").status_code == 302
    for subscription in Subscription.objects.all():
        assert client.get(f"/subscriptions/{subscription.pk}/edit/").status_code == 404


def test_a_view_of_what_moved_away_is_not_shown(
    world: dict[str, Any], clock: Clock, client_of: ClientOf
) -> None:
    ada = limit(somebody(), world["Seen folio"])
    save_view(ada, name="Seen work", address="/projects/P-Seen/", keeps_month=False)
    project = world["Seen work"]
    project.portfolio = world["Hidden folio"]
    save_subject(project, by=None)
    assert "Seen work" not in client_of(ada).get("/views/").content.decode()
    assert SavedView.objects.count() == 1


def test_no_pack_can_be_ordered_within_a_limit(
    world: dict[str, Any], clock: Clock, client_of: ClientOf
) -> None:
    client = client_of(limit(somebody(), world["Seen folio"]))
    form = {"what": "pack-F-Seen", "rhythm": "weekly", "weekday": "0", "hour": "7"}
    assert client.post("/subscriptions/new/", {**form, "time_zone": "UTC"}).status_code == 422
    assert not Subscription.objects.exists()


def test_a_reminder_tells_of_what_is_seen(world: dict[str, Any], settings: Settings) -> None:
    ada = limit(somebody(role=Role.ANALYST), world["Seen folio"])
    metric = MetricFactory(name="Speed", due_days=5, active_from=MARCH)
    MetricAssignmentFactory(metric=metric, user=ada, scope=world["organisation"])
    (letter,) = letters_of(date(2026, 4, 10), told={})
    assert "1 value is overdue" in letter.subject
    limit_person(ada, portfolios=[], by=None)
    (letter,) = letters_of(date(2026, 4, 10), told={})
    assert "2 values are overdue" in letter.subject


def test_a_limited_pmo_lead_is_not_told_what_others_owe(
    world: dict[str, Any], settings: Settings
) -> None:
    settings.ESCALATE_AFTER_DAYS = 1
    MetricFactory(name="Speed", due_days=5, active_from=MARCH)
    lead = somebody("lee", Role.PMO_LEAD)
    assert [letter.user for letter in letters_of(date(2026, 4, 10), told={})] == [lead]
    limit(lead, world["Seen folio"])
    assert letters_of(date(2026, 4, 10), told={}) == []


def test_a_closed_month_names_nothing_that_moved_away_since(
    client_of: ClientOf, clock: Clock
) -> None:
    """It is explained by what counted then; what the reader does not see now has no name in it."""
    OrganisationFactory(name="Meridian")
    metric = MetricFactory(code="speed")
    for kind in ("organisation", "portfolio", "project"):
        card = ScorecardFactory(subject_kind=kind, is_default=True, share_own=1, share_projects=1)
        if kind == "project":
            ScorecardLineFactory(scorecard=card, metric=metric)
    seen, hidden = PortfolioFactory(code="F-Seen"), PortfolioFactory(code="F-Hidden")
    moved = ProjectFactory(code="P-Moved", name="Moved work", portfolio=seen)
    stays = ProjectFactory(code="P-Stays", name="Staying work", portfolio=seen)
    for project in (moved, stays):
        MeasurementFactory(metric=metric, subject=project, period="2026-02")
    score_now(trigger=RunTrigger.COMMAND)
    close_month(Month.parse("2026-02"), by=None)
    clock.move_to(datetime(2026, 4, 11, tzinfo=UTC))
    moved.portfolio = hidden
    save_subject(moved, by=None)
    score_now(trigger=RunTrigger.COMMAND)
    assert not RescoreNeed.objects.exists()
    client = client_of(limit(somebody(), seen))
    shown = client.get("/explain/F-Seen/2026-02/?all=tactical")
    assert shown.status_code == 200
    assert "Staying work" in shown.content.decode()
    assert "Something you don&#x27;t see" in shown.content.decode()
    for path in ("?all=tactical", "?against=2026-03", "?export=contributions.csv"):
        answer = client.get(f"/explain/F-Seen/2026-02/{path}")
        assert "Moved" not in answer.content.decode(), path
