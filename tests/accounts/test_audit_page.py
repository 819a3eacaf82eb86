"""The page of the audit log: for administrators, with filters in its address, page by page."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.choices import Happening
from accounts.models import AuditEvent
from accounts.sealing import unsealed
from accounts.selectors import PER_PAGE
from tests.dashboards.downloads import fetched, read_csv, read_workbook
from tests.dashboards.reading import ClientOf, read

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def client(administrator: User, client_of: ClientOf) -> Client:
    """An administrator, and nothing in the log."""
    signed_in = client_of(administrator)
    with unsealed(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM accounts_auditevent")
    return signed_in


def event(happening: Happening = Happening.SIGNED_IN, **fields: object) -> AuditEvent:
    return AuditEvent.objects.create(happening=happening, **{"at": NOON, **fields})


def paths(client: Client, query: str = "") -> list[str]:
    """Of the events shown; each test tells its events apart by path."""
    answer = client.get(f"/audit/{query}")
    assert answer.status_code == 200
    return re.findall(r"/of/(\w+)/", answer.content.decode())


def test_only_administrators_read_it_and_are_led_to_it(
    executive: User,
    pmo_lead: User,
    analyst: User,
    outsider: User,
    client: Client,
    client_of: ClientOf,
) -> None:
    for person in (executive, pmo_lead, analyst, outsider):
        assert client_of(person).get("/audit/").status_code == 403
        assert 'href="/audit/"' not in client_of(person).get("/account/").content.decode()
    assert Client().get("/audit/")["Location"] == "/sign-in/?next=/audit/"
    assert 'href="/audit/"' in client.get("/account/").content.decode()


def test_an_event_is_told_with_who_what_where_and_from_where(client: Client) -> None:
    event(
        Happening.ROLES_CHANGED,
        person="boss",
        about="newcomer",
        detail="+ Analyst",
        address="2001:db8::7",
        browser="Firefox",
        method="POST",
        path="/admin/auth/user/7/change/",
        request_id="0c1d-22",
    )
    words = read(client, "/audit/").words
    for word in (
        *("Roles changed", "boss", "newcomer", "+ Analyst", "2001:db8::7", "Firefox", "POST"),
        *("/admin/auth/user/7/change/", "0c1d-22"),
    ):
        assert word in words


def test_what_is_written_there_by_strangers_is_text(client: Client) -> None:
    event(path="/<script>alert(1)</script>/", browser="<img src=x>", detail="<b>")
    page = client.get("/audit/").content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;b&gt;" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["d", "c", "b", "a"]),
        ("?happening=refused", ["c", "b"]),
        ("?happening=nonsense", ["d", "c", "b", "a"]),
        ("?person=ann", ["d", "c", "a"]),
        ("?person=an", []),
        ("?address=192.0.2.7", ["b"]),
        ("?address=nonsense", ["d", "c", "b", "a"]),
        ("?q=firefox", ["b"]),
        ("?q=100%25", ["d"]),
        ("?q=OF/C", ["c"]),
        ("?first_day=2026-03-02", ["d", "c"]),
        ("?last_day=2026-03-01", ["b", "a"]),
        ("?first_day=2026-03-02&last_day=2026-03-02", ["c"]),
        ("?last_day=9999-12-31&first_day=x", ["d", "c", "b", "a"]),
        ("?happening=refused&person=ann", ["c"]),
    ],
)
def test_filters_stand_in_the_address(client: Client, query: str, found: list[str]) -> None:
    day = timedelta(days=1)
    event(person="ann", path="/of/a/")
    event(Happening.REFUSED, address="192.0.2.7", browser="Firefox", path="/of/b/")
    event(Happening.REFUSED, about="ann", at=NOON + day, path="/of/c/")
    event(person="ann", at=NOON + 2 * day, detail="100%", path="/of/d/")
    assert paths(client, query) == found


def test_pages_go_on_where_the_last_one_ended_also_at_one_moment(client: Client) -> None:
    count = 2 * PER_PAGE + 3
    for number in range(count):
        event(path=f"/of/{number}/", happening=Happening.REFUSED)
    seen, query, pages = [], "?happening=refused", 0
    while query:
        seen += paths(client, query)
        pages += 1
        page = client.get(f"/audit/{query}").content.decode()
        link = re.search(r'href="([^"]*)"\s+rel="next"', page)
        query = "?" + urlsplit(link[1].replace("&amp;", "&")).query if link else ""
        assert not query or parse_qs(query[1:])["happening"] == ["refused"]
    assert pages == 3
    assert seen == [str(number) for number in reversed(range(count))]
    for odd in ("?page=x", "?page=-1", "?page=99999999999999999999", "?page=999999"):
        assert len(paths(client, odd)) == PER_PAGE


def test_nothing_fits(client: Client) -> None:
    assert "Nothing fits" in read(client, "/audit/?q=nothing+is+called+so").words


def test_a_part_of_the_page_comes_alone(client: Client) -> None:
    event(path="/of/a/")
    answer = client.get("/audit/", headers={"HX-Request": "true", "HX-Target": "audit-log"})
    assert "/of/a/" in answer.content.decode()
    assert "<html" not in answer.content.decode()


def test_all_pages_that_fit_are_taken_away_and_nothing_in_them_is_a_formula(
    client: Client,
) -> None:
    for number in range(PER_PAGE + 2):
        event(Happening.REFUSED, path=f"/of/{number}/", browser='=HYPERLINK("http://evil")')
    event(path="/of/another/")
    table = read_csv(fetched(client, "/audit/?happening=refused&export=audit-log.csv"))
    assert len(table.rows) == PER_PAGE + 2
    assert set(table.column("Browser")) == {'\'=HYPERLINK("http://evil")'}
    book, about = read_workbook(fetched(client, "/audit/?export=audit-log.xlsx"))
    assert len(book.rows) == PER_PAGE + 3
    assert about["Filters"] == "none"


def test_ten_times_the_events_need_no_more_queries(client: Client) -> None:
    client.get("/audit/")  # the first page of a session writes that somebody is here
    counts = []
    client.get("/audit/")  # a session's first page notes that somebody is here
    for number in (PER_PAGE, 10 * PER_PAGE):
        for _ in range(number):
            event(Happening.REFUSED, person="ann", about="bob", address="192.0.2.7")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get("/audit/?happening=refused&person=ann")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 20
