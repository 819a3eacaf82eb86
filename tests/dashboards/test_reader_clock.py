"""On whose clocks times are shown: the reader's, and never what day it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO

import pytest
import time_machine
from django.contrib.auth.models import User
from django.template import engines
from django.test import Client, RequestFactory
from django.utils import timezone
from openpyxl import load_workbook

from dashboards.selectors.months import current_month
from metrics.models import Measurement
from projects.months import Month
from tests.conftest import PASSWORD
from tests.dashboards.reading import ClientOf, measured, plain
from tests.factories import OrganisationFactory, ProjectFactory, SubscriptionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def half_past_eleven() -> Iterator[None]:
    """In UTC, on the last day of March; in Auckland it is noon in April."""
    with time_machine.travel("2026-03-31T23:30:00Z", tick=False):
        yield


def sign_in(executive: User, zone: str) -> Client:
    client = Client()
    answer = client.post(
        "/sign-in/", {"username": executive.username, "password": PASSWORD, "time_zone": zone}
    )
    assert answer.status_code == 302
    return client


def last_sign_in(client: Client) -> str:
    words = plain(client.get("/account/").content.decode())
    return words.split("Last sign-in ")[1].split(" Your subscriptions")[0]


def test_times_are_those_of_the_browser_that_signed_in(executive: User) -> None:
    assert "23:30" in last_sign_in(sign_in(executive, ""))
    assert "01:30" in last_sign_in(sign_in(executive, "Europe/Berlin"))


@pytest.mark.parametrize("zone", ["Mars/Olympus", "Etc/UTC", "../../etc/passwd", "x" * 5000])
def test_what_is_no_time_zone_is_passed_over(executive: User, zone: str) -> None:
    client = sign_in(executive, zone)

    assert "time_zone" not in client.session
    assert "23:30" in last_sign_in(client)


def test_another_time_zone_can_be_chosen_and_a_wrong_one_is_refused(executive: User) -> None:
    client = sign_in(executive, "Europe/Berlin")

    assert client.post("/account/", {"time_zone": "Asia/Tokyo"}).status_code == 302
    assert "08:30" in last_sign_in(client)
    assert client.post("/account/", {"time_zone": "Mars/Olympus"}).status_code == 422
    assert client.session["time_zone"] == "Asia/Tokyo"


def test_the_form_opens_with_the_time_zone_in_force(executive: User) -> None:
    html = sign_in(executive, "Asia/Tokyo").get("/account/").content.decode()

    assert '<option value="Asia/Tokyo" selected>' in html


def test_what_day_it_is_stays_the_same_for_everybody(executive: User) -> None:
    measured(OrganisationFactory(), Month.parse("2026-03"))

    page = sign_in(executive, "Pacific/Auckland").get("/summary/?month=2026-03")

    assert page.context["month"].is_unfinished
    assert current_month() == Month.parse("2026-03")


def test_only_what_is_drawn_is_on_the_readers_clock(rf: RequestFactory) -> None:
    request = rf.get("/")
    request.session = {"time_zone": "Asia/Tokyo"}  # type: ignore[assignment]
    request.resolver_match = None
    template = engines["django"].from_string('{{ at|date:"H:i" }}')

    drawn = template.render({"at": datetime(2026, 3, 31, 23, 30, tzinfo=UTC)}, request)

    assert drawn == "08:30"
    assert timezone.get_current_timezone_name() == "UTC"


def test_the_admin_reads_times_on_the_clock_that_it_shows_them_on(admin_user: User) -> None:
    client = sign_in_as_admin(admin_user)

    html = client.get(f"/admin/auth/user/{admin_user.pk}/change/").content.decode()

    assert 'value="23:30:00"' in html


def sign_in_as_admin(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    session = client.session
    session["time_zone"] = "Asia/Tokyo"
    session.save()
    return client


def test_times_in_files_are_on_the_readers_clock(executive: User) -> None:
    project = ProjectFactory(code="FERRY")
    measured(project, Month.parse("2026-03"))
    Measurement.objects.update(changed_at=timezone.now())
    client = sign_in(executive, "Europe/Berlin")

    file = client.get("/projects/FERRY/?month=2026-03&export=values.xlsx")

    book = load_workbook(BytesIO(file.content))
    cells = [cell.value for sheet in book for row in sheet.iter_rows() for cell in row]
    assert "2026-04-01 01:30:00" in map(str, cells)
    assert "2026-04-01 01:30 CEST" in cells


def test_a_first_subscription_is_offered_the_readers_time_zone(executive: User) -> None:
    client = sign_in(executive, "Asia/Tokyo")

    form = client.get("/subscriptions/new/").context["form"]

    assert form["time_zone"].value() == "Asia/Tokyo"


def test_a_further_subscription_is_offered_the_time_zone_of_the_last_one(executive: User) -> None:
    SubscriptionFactory(user=executive, time_zone="America/Lima")
    client = sign_in(executive, "Asia/Tokyo")

    form = client.get("/subscriptions/new/").context["form"]

    assert form["time_zone"].value() == "America/Lima"


@pytest.mark.parametrize("address", ["/sign-in/", "/account/", "/subscriptions/new/"])
def test_pages_that_ask_for_it_read_it_from_the_browser(
    executive: User, client_of: ClientOf, address: str
) -> None:
    client = Client() if address == "/sign-in/" else client_of(executive)
    html = client.get(address).content.decode()

    assert "data-time-zone" in html
    assert "js/time_zone" in html
