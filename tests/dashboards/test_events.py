"""Events: on whose pages and charts they are told, and the forms with which they are kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import count
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from dashboards.figures import Chart
from dashboards.selectors.events import SubjectEvents
from projects.choices import SubjectKind
from projects.models import Event, Organisation, Subject
from projects.operations.events import save_event
from projects.operations.versions import version_of
from tests.dashboards.reading import (
    FEBRUARY,
    MARCH,
    TODAY,
    ClientOf,
    ReadPage,
    assert_costs_no_more,
    keep_score,
    measured,
    read,
)
from tests.factories import (
    CustomerFactory,
    EngagementFactory,
    EventFactory,
    OfferFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    ScorecardFactory,
    SegmentFactory,
    ServiceFactory,
)
from tests.tables import table

PARTS = {SubjectKind.ORGANISATION: "events"}
"""Where the events come after the page."""


@pytest.fixture(autouse=True)
def in_april() -> Iterator[None]:
    with time_machine.travel(TODAY, tick=False):
        yield


@pytest.fixture
def organisation(db: None) -> Organisation:
    organisation = OrganisationFactory(name="Ferry Services")
    measured(organisation)
    return organisation


@pytest.fixture
def reader(organisation: Organisation, executive: User, client_of: ClientOf) -> Client:
    return client_of(executive)


@pytest.fixture
def keeper(organisation: Organisation, pmo_lead: User, client_of: ClientOf) -> Client:
    return client_of(pmo_lead)


def address_of(subject: Subject) -> str:
    kind = SubjectKind(subject.kind)
    if kind == SubjectKind.ORGANISATION:
        return reverse("summary")
    return reverse(f"{kind.value}_detail", args=[subject.code])


def page_of(client: Client, subject: Subject, query: str = "") -> ReadPage:
    """The page, or the part of it, on which the subject's events are told."""
    part = PARTS.get(SubjectKind(subject.kind), "")
    page = read(client, address_of(subject) + query, part=part)
    assert page.response.status_code == 200
    return page


def told(page: ReadPage) -> list[str]:
    events: SubjectEvents = page.context["events"]
    return [row.title for row in events.rows]


def company() -> dict[str, Any]:
    """A portfolio in a portfolio with a project, which serves a segment with customer and service;
    beside it one of each that has nothing to do with them."""
    company = next(iter(Organisation.objects.all()))
    top = PortfolioFactory(code="TOP")
    below = PortfolioFactory(code="BELOW", parent=top)
    project = ProjectFactory(code="PROJECT", portfolio=below)
    segment = SegmentFactory(code="SEGMENT")
    customer = CustomerFactory(code="CUSTOMER", segment=segment)
    service = ServiceFactory(code="SERVICE")
    EngagementFactory(project=project, segment=segment)
    OfferFactory(service=service, segment=segment)
    return {
        "organisation": company,
        "top": top,
        "below": below,
        "project": project,
        "segment": segment,
        "customer": customer,
        "service": service,
        "other portfolio": PortfolioFactory(code="OTHER-PF"),
        "other segment": SegmentFactory(code="OTHER-SEG"),
    }


ABOVE = {
    "organisation": {"organisation"},
    "top": {"top", "organisation"},
    "below": {"below", "top", "organisation"},
    "project": {"project", "below", "top", "segment", "organisation"},
    "segment": {"segment", "organisation"},
    "customer": {"customer", "segment", "organisation"},
    "service": {"service", "segment", "organisation"},
}
"""Whose pages tell an event of whom."""


@pytest.mark.parametrize("whose", ABOVE)
def test_an_event_is_told_on_its_subjects_page_and_on_those_above(
    whose: str, reader: Client
) -> None:
    subjects = company()
    EventFactory(subject=subjects[whose], title="Merger")
    on = {name for name, subject in subjects.items() if "Merger" in page_of(reader, subject).words}
    assert on == ABOVE[whose]


def test_an_event_of_another_subject_names_it_and_leads_to_it(reader: Client) -> None:
    subjects = company()
    EventFactory(subject=subjects["project"], title="Pilot", text="With 200 customers.")
    own = page_of(reader, subjects["project"])
    above = page_of(reader, subjects["segment"])
    assert "Mark 1 10 Mar 2026 Pilot With 200 customers." in own.words
    assert "Mark 1 10 Mar 2026 Pilot Project PROJECT With 200 customers." in above.words
    assert "/projects/PROJECT/?month=2026-03" in above.links()


def test_a_project_that_serves_many_segments_tells_its_event_once_on_each(reader: Client) -> None:
    portfolio = PortfolioFactory()
    project = ProjectFactory(portfolio=portfolio)
    links = [EngagementFactory(project=project) for _ in range(3)]
    EventFactory(subject=project, title="Pilot")
    pages = [portfolio, *(link.segment for link in links)]
    assert [told(page_of(reader, subject)) for subject in pages] == [["Pilot"]] * 4


def test_the_latest_ten_of_twelve_months_are_listed_and_the_others_counted(reader: Client) -> None:
    project = ProjectFactory()
    EventFactory(subject=project, day=date(2025, 3, 31), title="Too long ago")
    EventFactory(subject=project, day=date(2025, 4, 1), title="The first day")
    for day in range(1, 13):
        EventFactory(subject=project, day=date(2026, 3, day), title=f"On {day} March")
    page = page_of(reader, project)
    assert told(page) == [f"On {day} March" for day in range(12, 2, -1)]
    assert "3 more" in page.words
    everything = read(reader, f"/events/?of={project.code}")
    assert f"/events/?of={project.code}" in page.links()
    assert all(title in everything.words for title in ("Too long ago", "The first day"))


def test_what_came_after_the_month_is_counted_and_led_to(reader: Client) -> None:
    project = ProjectFactory()
    EventFactory(subject=project, day=date(2026, 4, 2), title="In April")
    EventFactory(subject=project, day=date(2026, 9, 2), title="Planned")
    page = page_of(reader, project)
    assert told(page) == []
    assert "2 after March 2026" in page.words
    later = f"{address_of(project)}?month=2026-04"
    assert f"{later}#events" in page.links()
    assert told(read(reader, later)) == ["Planned", "In April"]


def test_without_events_the_page_says_so(reader: Client) -> None:
    assert "None was noted." in page_of(reader, ProjectFactory()).words


CHARTS = {
    "portfolio": ("overall_trend", "bands"),
    "project": ("overall_trend", "category_trends"),
    "segment": ("overall_trend", "category_trends"),
    "customer": ("overall_trend", "category_trends"),
    "service": ("overall_trend", "category_trends"),
}


@pytest.mark.parametrize("kind", CHARTS)
def test_every_chart_over_time_draws_the_events_and_tells_them(kind: str, reader: Client) -> None:
    portfolio = PortfolioFactory()
    project = ProjectFactory(portfolio=portfolio)
    subjects = {
        "portfolio": portfolio,
        "project": project,
        "segment": SegmentFactory(),
        "customer": CustomerFactory(),
        "service": ServiceFactory(),
    }
    for month in (FEBRUARY, MARCH):
        keep_score(project, 60.0, month)
    EventFactory(subject=subjects[kind], title="Merger", text="With Northline.")
    page = page_of(reader, subjects[kind])
    for name in CHARTS[kind]:
        chart: Chart = page.context[name]
        assert [mark.text for mark in chart.figure.layout.annotations if mark.name == "event"] == [
            "1"
        ]
        assert chart.summary.endswith("Events: (1) Merger, 10 Mar 2026.")
        assert chart.table.rows[-1][-1] == "2026-03-10 Merger"


def test_the_summary_asks_for_its_events_after_the_page(
    organisation: Organisation, reader: Client
) -> None:
    keep_score(organisation, 60.0)
    EventFactory(subject=organisation, title="Merger")
    page = read(reader, "/summary/")
    assert "Merger" not in page.words
    assert 'hx-get="/summary/?month=2026-03"' in page.html
    part = page_of(reader, organisation)
    assert told(part) == ["Merger"]
    assert "Mark" not in part.words
    assert part.response["Vary"].count("HX-Target") == 1


GROWN = count()


def grow(subjects: dict[str, Any]) -> None:
    """More of everything, and an event of each."""
    for _ in range(3):
        project = ProjectFactory(portfolio=subjects["below"])
        EngagementFactory(project=project, segment=subjects["segment"])
        customer = CustomerFactory(segment=subjects["segment"])
        service = OfferFactory(segment=subjects["segment"]).service
        for subject in (project, customer, service, *subjects.values()):
            EventFactory(subject=subject, day=date(2026, 3, next(GROWN) % 31 + 1))


@pytest.mark.parametrize(
    "whose", ["organisation", "top", "project", "segment", "customer", "service"]
)
def test_more_events_cost_no_more_queries(whose: str, reader: Client) -> None:
    subjects = company()
    for kind in SubjectKind.values:
        ScorecardFactory(subject_kind=kind, is_default=True)
    for subject in subjects.values():
        keep_score(subject, 60.0)
    grow(subjects)
    assert_costs_no_more(
        reader,
        address_of(subjects[whose]),
        lambda: grow(subjects),
        part=PARTS.get(SubjectKind(subjects[whose].kind), ""),
    )


def test_the_list_of_all_events_is_paged_and_costs_no_more_with_more(reader: Client) -> None:
    subjects = company()
    grow(subjects)
    assert_costs_no_more(reader, "/events/", lambda: grow(subjects))
    assert_costs_no_more(reader, "/events/?of=TOP", lambda: grow(subjects))
    page = read(reader, "/events/?page=2")
    assert page.context["events"].number == 2


def test_the_list_can_be_taken_away_as_a_whole(reader: Client) -> None:
    subjects = company()
    for _ in range(59):
        EventFactory(subject=subjects["project"])
    EventFactory(subject=subjects["project"], day=date(2024, 1, 1), title="=HYPERLINK()")
    answer = reader.get("/events/?of=SEGMENT&page=2&export=events.csv")
    rows = answer.content.decode("utf-8-sig").splitlines()
    assert rows[0] == "Day,Event,More about it,Subject code,Subject"
    assert len(rows) == 61
    assert rows[-1] == "2024-01-01,'=HYPERLINK(),,PROJECT,Project PROJECT"


def test_a_chart_taken_away_as_a_table_has_its_events(reader: Client) -> None:
    project = ProjectFactory()
    keep_score(project, 60.0)
    EventFactory(subject=project, title="Merger")
    answer = reader.get(f"{address_of(project)}?export=overall-trend.csv")
    (*_, last) = answer.content.decode("utf-8-sig").splitlines()
    assert last.startswith("2026-03,60")
    assert last.endswith(",2026-03-10 Merger")


def test_an_empty_list_says_what_an_event_is(reader: Client) -> None:
    assert "An event explains a turn of a line" in read(reader, "/events/").words


def test_a_subject_is_found_by_what_somebody_types(reader: Client) -> None:
    ProjectFactory(code="FERRY", name="Ferry")
    ProjectFactory(code="FERRY-2", name="Second ferry")
    assert reader.get("/events/?q=ferry")["Location"] == "/events/?of=FERRY"
    assert reader.get("/events/?q=second")["Location"] == "/events/?of=FERRY-2"
    page = read(reader, "/events/?q=fer")
    assert [link for link in page.links() if "?of=FERRY" in link] == [
        "?of=FERRY",
        "?of=FERRY-2",
    ]
    assert "Nothing is called anything like it." in read(reader, "/events/?q=zzz").words
    options = read(reader, "/search/?q=ferry", part="subject-options")
    assert 'value="FERRY"' in options.html
    assert options.html.index('value="FERRY"') < options.html.index('value="FERRY-2"')


def test_nobody_is_no_subject(reader: Client) -> None:
    assert read(reader, "/events/?of=NOBODY").response.status_code == 404


# Keeping


def sent(**fields: str) -> dict[str, str]:
    return {"title": "Merger", "day": "2026-03-04", "text": "", **fields}


def test_a_lead_notes_an_event_and_is_back_where_they_came_from(
    keeper: Client, pmo_lead: User
) -> None:
    project = ProjectFactory(code="P")
    page = page_of(keeper, project, "?month=2026-02")
    form = f"/subjects/P/events/new/?next={'%2F'.join(['', 'projects', 'P', ''])}"
    assert any(link.startswith("/subjects/P/events/new/?next=") for link in page.links())
    assert read(keeper, form).response.context["form"]["day"].value() == date(2026, 4, 10)
    answer = keeper.post(
        "/subjects/P/events/new/", sent(next="/projects/P/?month=2026-02", text="With Northline.")
    )
    assert (answer.status_code, answer["Location"]) == (302, "/projects/P/?month=2026-02")
    assert table(Event, "subject__code", "day", "title", "text") == [
        ("P", date(2026, 3, 4), "Merger", "With Northline.")
    ]
    assert Event.objects.get().history.get().history_user == pmo_lead
    assert "Merger (2026-03-04) is noted." in read(keeper, answer["Location"]).words


@pytest.mark.parametrize("elsewhere", ["https://elsewhere.test/", "//elsewhere.test/", "", "x:y"])
@pytest.mark.parametrize("door", ["new", "edit", "delete"])
def test_the_way_back_leads_to_no_other_site(
    elsewhere: str, door: str, organisation: Organisation, keeper: Client
) -> None:
    event = EventFactory(subject__code="P")
    address = {
        "new": "/subjects/P/events/new/",
        "edit": f"/events/{event.pk}/edit/",
        "delete": f"/events/{event.pk}/delete/",
    }[door]
    page = read(keeper, f"{address}?next={elsewhere}")
    assert page.context["back"] == "/projects/P/"
    answer = keeper.post(address, sent(next=elsewhere))
    assert (answer.status_code, answer["Location"]) == (302, "/projects/P/")


def test_from_an_event_of_the_organisation_one_is_back_at_the_summary(
    organisation: Organisation, keeper: Client
) -> None:
    answer = keeper.post(f"/subjects/{organisation.code}/events/new/", sent())
    assert answer["Location"] == "/summary/"


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"title": " "}, "title", "This field is required."),
        ({"day": "4.3.2026"}, "day", "Enter a valid date."),
        (
            {"day": "1926-03-04"},
            "day",
            "1926-03-04 is out of range; an event is from 1950-01-01 to 2031-04-14.",
        ),
        ({}, "title", "This event is noted already."),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    fields: dict[str, str], field: str, sentence: str, keeper: Client
) -> None:
    EventFactory(subject__code="P", day=date(2026, 3, 4), title="Merger")
    answer = keeper.post("/subjects/P/events/new/", sent(**fields))
    assert answer.status_code == 422
    assert dict(answer.context["form"].errors) == {field: [sentence]}
    assert Event.objects.count() == 1


def test_a_lead_changes_an_event(keeper: Client) -> None:
    event = EventFactory(title="Merger")
    page = read(keeper, f"/events/{event.pk}/edit/")
    answer = keeper.post(
        f"/events/{event.pk}/edit/", sent(title="Fusion", version=str(page.context["version"]))
    )
    assert answer.status_code == 302
    assert table(Event, "title", "day") == [("Fusion", date(2026, 3, 4))]
    assert "Title before: Merger" in read(keeper, f"/events/{event.pk}/edit/").words


def test_what_was_not_changed_is_not_saved(keeper: Client) -> None:
    event = EventFactory(title="Merger", day=date(2026, 3, 4))
    keeper.post(f"/events/{event.pk}/edit/", sent())
    assert event.history.count() == 1


def test_who_was_slower_is_told_and_may_save_again(
    keeper: Client, administrator: User, pmo_lead: User
) -> None:
    event = EventFactory(title="Merger")
    address = f"/events/{event.pk}/edit/"
    seen = str(version_of(event))
    event.text = "With Northline."
    save_event(event, by=administrator)
    answer = keeper.post(address, sent(title="Fusion", version=seen))
    words = answer.content.decode()
    assert answer.status_code == 422
    assert "administrator changed Merger (2026-03-10)" in words
    assert "Text is now “With Northline.”; you want “…”." in words
    assert table(Event, "title") == [("Merger",)]
    again = keeper.post(address, sent(title="Fusion", version=str(answer.context["version"])))
    assert again.status_code == 302
    assert table(Event, "title", "text") == [("Fusion", "")]


def test_deleting_asks_first(keeper: Client) -> None:
    event = EventFactory(title="Merger", subject__code="P")
    address = f"/events/{event.pk}/delete/"
    page = read(keeper, f"{address}?next=/projects/P/")
    assert "Delete “Merger”?" in page.words
    assert Event.objects.exists()
    answer = keeper.post(address, {"next": "/projects/P/", "version": str(page.context["version"])})
    assert answer["Location"] == "/projects/P/"
    assert not Event.objects.exists()


def test_what_somebody_changed_meanwhile_is_not_deleted(
    keeper: Client, administrator: User
) -> None:
    event = EventFactory(title="Merger")
    seen = str(version_of(event))
    event.text = "With Northline."
    save_event(event, by=administrator)
    answer = keeper.post(f"/events/{event.pk}/delete/", {"version": seen})
    assert answer.status_code == 422
    assert "administrator changed Merger" in answer.content.decode()
    assert Event.objects.exists()


def test_the_work_between_project_and_segment_has_no_form(keeper: Client) -> None:
    link = EngagementFactory()
    assert read(keeper, f"/subjects/{link.code}/events/new/").response.status_code == 404


def test_readers_are_offered_no_form(reader: Client) -> None:
    event = EventFactory(subject__code="P")
    links = page_of(reader, event.subject).links() + read(reader, "/events/").links()
    assert [link for link in links if "/events/new/" in link or "/edit/" in link] == []
    for address in ("/subjects/P/events/new/", f"/events/{event.pk}/edit/"):
        assert reader.post(address, sent()).status_code == 403


def test_words_of_an_event_are_words_and_no_markup(reader: Client) -> None:
    event = EventFactory(title="<b>Bold</b>", text="<script>alert(1)</script>")
    page = page_of(reader, event.subject)
    assert "<b>Bold" not in page.html
    assert "<script>alert" not in page.html
    (mark,) = page.context["overall_trend"].figure.layout.annotations
    assert mark.hovertext.startswith("<b>&lt;b&gt;Bold&lt;/b&gt;</b>")
