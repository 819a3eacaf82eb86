"""What tests with a browser look at: the invented company, served as in production.

Its database is filled once for all of them; they look and change nothing.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from examples.demo.build import build_demo
from tests.installation import Installation, Process, eventually, installed
from tests.services import free_port

expect.set_options(timeout=20_000)  # processors are shared with other tests

MONTH = "2026-10"
CLOSED_MONTH, REOPENED_MONTH = "2026-05", "2026-06"
CHARTS_ARE_DONE = """
() => [...document.querySelectorAll("[data-chart]")].every(
  (chart) => ["drawn", "failed"].includes(chart.dataset.chartState))
"""
VALUE = {"metric": "adoption", "subject": "PRJ-BILLBOT", "period": MONTH, "value": "88"}
IMPORTED = b"""metric,subject,period,value
adoption,PRJ-BILLBOT,2026-09,61
adoption,PRJ-VIDEO,2026-09,58.5
adoption,PRJ-CHAT,2026-09,5900
adoption,PRJ-BILLBTO,2026-09,44
adoption,PRJ-ACCESS,2026-09,n/a
"""
CHECKED_BATCH, STORED_BATCH = 2, 3
WIDE_FILE = b"Project;Jan 2026;Feb 2026\nPRJ-BILLBOT;1,5;2\nBilbot;3;\n"
EVENTS = [
    ("PRJ-BILLBOT", "2026-03-04", "Pilot with 200 customers"),
    ("PRJ-BILLBOT", "2026-08-20", "Rolled out to everybody"),
    ("PRJ-BILLBOT", "2026-08-28", "Second language"),
    ("SEG-SMB", "2026-05-02", "New pricing"),
]


LOOK_OUT = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(
    `Forbidden by Content Security Policy: ${event.effectiveDirective} ${event.blockedURI}`));
"""


@pytest.fixture(scope="session")
def forbidden() -> Iterator[list[str]]:
    """What the content security policy forbade, in whichever window a test has opened."""
    heard: list[str] = []
    open_context = Browser.new_context

    def hear(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            heard.append(f"{message.page.url if message.page else ''}: {message.text}")

    def watched(browser: Browser, *args: Any, **options: Any) -> BrowserContext:
        context = open_context(browser, *args, **options)
        context.add_init_script(LOOK_OUT)
        context.on("console", hear)
        return context

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Browser, "new_context", watched)
        yield heard


@pytest.fixture(autouse=True)
def nothing_is_forbidden(forbidden: list[str]) -> Iterator[None]:
    """No page of any test with a browser does what the policy has to stop."""
    forbidden.clear()
    yield
    assert forbidden == []


@dataclass(frozen=True)
class Site:
    """The served company."""

    address: str
    saved: str
    """The page that tells what the administrator's value did."""
    stop: str
    """The page by which a subscription of the administrator's is stopped."""
    sessions: dict[str, str]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with installed(folder, f"sqlite:///{folder}/portal.sqlite3") as installation:
        installation.environment |= {
            "SECRET_KEY": secrets.token_urlsafe(64),
            "VAR_DIR": str(folder),
        }
        saved, stop, sessions = fill(installation)
        yield Site(serve_as_in_production(installation), saved, stop, sessions)


def fill(installation: Installation) -> tuple[str, str, dict[str, str]]:
    """People of all roles, signed in; a value saved; months closed, one of them reopened."""
    demo = installation.folder / "demo"
    build_demo(demo, MONTH)
    told = installation.python(
        f"""
from pathlib import Path
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from dashboards.operations.subscriptions import Wish, stop_token, subscribe
from dashboards.operations.views import save_view
from metrics.operations.answers import propose_exemption
from metrics.operations.entering import enter_value
from metrics.importing.plans import Mapping, Reading, Shape
from metrics.operations.imports import (
    carry_out_batch, import_batch, map_batch, receive_file, take_next_batch)
from metrics.operations.months import close_month, reopen_month
from metrics.operations.runs import answer_all_needs
from projects.models import Event, Subject
from projects.operations.events import save_event
from metrics.workspace import load_workspace
from pmo_portal.roles import Role

load_workspace(Path({str(demo)!r}))
call_command("score", verbosity=0)

clients = {{}}
for role in Role:
    name = role.name.lower()
    person = User.objects.create(username=name, email=f"{{name}}@example.com")
    person.groups.add(Group.objects.get(name=role.value))
    clients[person.username] = Client(SERVER_NAME="127.0.0.1")
    clients[person.username].force_login(person)

value = {VALUE!r}
saved = clients["administrator"].post("/entry/value/", value)["Location"]
lead = User.objects.get(username="pmo_lead")
analyst = User.objects.get(username="analyst")
guarded = MetricDefinition.objects.get(code="cost_ratio")
MetricDefinition.objects.filter(pk=guarded.pk).update(needs_approval=True, asks_why_red=True)
for code in ("PRJ-BILLBOT", "PRJ-CHAT"):
    enter_value(metric=guarded, subject=Subject.objects.get(code=code), by=analyst,
        period=parse_period("{MONTH}", "month"), value=1.4, note="A second pilot.", door=Door.FORM)
propose_exemption(metric=guarded, subject=Subject.objects.get(code="PRJ-ACCESS"), by=analyst,
    reason="Its cost is borne by the customer.")
sent = SimpleUploadedFile("wide.csv", {WIDE_FILE!r})
assert clients["administrator"].post("/entry/imports/new/", {{"file": sent}}).status_code == 302
administrator = User.objects.get(username="administrator")
for number in ({CHECKED_BATCH}, {STORED_BATCH}):
    batch = receive_file(SimpleUploadedFile("autumn.csv", {IMPORTED!r}), by=administrator)
    assert batch.pk == number
    map_batch(batch, reading=Reading(), mapping=Mapping(Shape.LONG, 0, 1, 2, 3), by=administrator)
    carry_out_batch(take_next_batch())
batch.refresh_from_db()
import_batch(batch, mode="accepted", is_confirmed=False, by=administrator)
carry_out_batch(take_next_batch())
for code, day, title in {EVENTS!r}:
    subject = Subject.objects.get(code=code)
    save_event(Event(subject=subject, day=day, title=title, text="As agreed."), by=lead)
close_month(Month.parse("{REOPENED_MONTH}"), by=lead)
reopen_month(Month.parse("{REOPENED_MONTH}"), reason="A value was wrong.", by=lead)
answer_all_needs()

save_view(administrator, name="The lowest", address="/projects/?sort=score", keeps_month=False)
sent = subscribe(administrator, Wish(subject=Organisation.objects.get(), view=None,
    rhythm="weekly", weekday=0, hour=7, time_zone="Europe/Berlin", with_pdf=True))
stop = reverse("subscription_stop", args=[stop_token(sent)])

sessions = {{name: client.cookies["sessionid"].value for name, client in clients.items()}}
print(json.dumps([saved, stop, sessions]))
"""
    )
    saved, stop, sessions = json.loads(told.splitlines()[-1])
    return saved, stop, sessions


def serve_as_in_production(installation: Installation) -> str:
    """By gunicorn without DEBUG, its files compressed; plain HTTP is good enough on one machine."""
    port = free_port()
    installation.environment |= {
        "DEBUG": "false",
        "ALLOWED_HOSTS": "127.0.0.1",
        "CELERY_BROKER_URL": f"redis://127.0.0.1:{port}/0",  # nobody saves, nobody asks it
        "SECURE_SSL_REDIRECT": "false",
    }
    # Without those of the admin site, which take as long again.
    ignored = ["admin", "django_celery_*", "bootstrap-icons"]
    installation.manage("collectstatic", "--no-input", *[f"--ignore={name}" for name in ignored])
    web = [sys.executable, "-m", "gunicorn", "pmo_portal.wsgi", "--threads", "4"]
    web += ["--no-control-socket", "--bind", f"127.0.0.1:{port}"]
    log = installation.folder / "web.log"
    installation.processes.append(Process(web, installation.environment, log))
    address = f"http://127.0.0.1:{port}"
    eventually(lambda: answers(address))
    return address


def answers(address: str) -> bool:
    try:
        with urlopen(f"{address}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except URLError:
        return False


def settled(page: Page) -> None:
    """Wait until whatever HTMX fetched has taken its place."""
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)


def gone_back(page: Page) -> None:
    """Go back by one; the page of then is loaded anew, some time after its address is there."""
    with page.expect_event("load"):
        page.go_back()


Visit = Callable[..., Page]


@pytest.fixture
def visit(new_context: Callable[..., BrowserContext], site: Site) -> Visit:
    """Opens a window of its own in which somebody is signed in; without a name, nobody is."""

    def visit(person: str = "", *, width: int = 1440, **options: Any) -> Page:
        context = new_context(
            base_url=site.address, viewport={"width": width, "height": 900}, **options
        )
        if person:
            session = site.sessions[person]
            context.add_cookies([{"name": "sessionid", "value": session, "url": site.address}])
        return context.new_page()

    return visit
