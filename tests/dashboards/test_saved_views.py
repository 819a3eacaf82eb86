"""Saved views: pages of this portal alone, a person's own, in the order they like."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import get_resolver

from dashboards.models import SavedView, Subscription
from dashboards.operations import views as operations
from dashboards.operations.views import delete_view, move_view, rename_view, save_view
from dashboards.saved_pages import PAGE_NAMES, read_page
from pmo_portal.roles import Role
from tests.conftest import make_person
from tests.dashboards.reading import ClientOf, assert_costs_no_more
from tests.factories import ProjectFactory, SavedViewFactory, SubscriptionFactory

pytestmark = pytest.mark.django_db


def saved(user: User, name: str = "Mine", address: str = "/projects/?sort=score") -> SavedView:
    return save_view(user, name=name, address=address, keeps_month=True)


def names_of(user: User) -> list[str]:
    return list(SavedView.objects.filter(user=user).values_list("name", flat=True))


def test_every_page_that_can_be_saved_is_there() -> None:
    there = {name for name in get_resolver().reverse_dict if isinstance(name, str)}
    assert PAGE_NAMES.keys() - there == set()


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("", "elsewhere"),
        ("projects/", "elsewhere"),
        ("https://evil.example/projects/", "elsewhere"),
        ("//evil.example/projects/", "elsewhere"),
        ("/\\evil.example/projects/", "elsewhere"),
        ("javascript:alert(1)", "elsewhere"),
        ("/no/such/page/", "no_page"),
        ("/projects", "no_page"),
        ("/%2F/evil.example/", "no_page"),
        ("/projects/%0d%0aLocation:x/", "no_page"),
        ("/sign-out/", "no_view"),
        ("/admin/", "no_view"),
        ("/account/", "no_view"),
        ("/runs/request/", "no_view"),
        ("/views/", "no_view"),
        ("/entry/", "not_yours"),
        ("/projects/?q=" + "a" * 2000, "too_long"),
    ],
)
def test_only_pages_of_this_portal_that_the_person_may_open_are_saved(
    executive: User, address: str, code: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        saved(executive, address=address)
    assert refusal.value.code == code
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("/summary/", "/summary/"),
        ("/projects/?band=red&sort=-score", "/projects/?band=red&sort=-score"),
        ("/projects/?q=a b&q=ü", "/projects/?q=a+b&q=%C3%BC"),
        ("/projects/?next=https://evil.example/", "/projects/?next=https%3A%2F%2Fevil.example%2F"),
        ("/projects/#top", "/projects/"),
        ("/explain/ORG/2026-03/?against=2026-01", "/explain/ORG/2026-03/?against=2026-01"),
    ],
)
def test_what_is_saved_is_path_and_query_written_anew(
    executive: User, address: str, kept: str
) -> None:
    assert saved(executive, address=address).address == kept


@pytest.mark.parametrize(
    ("keeps_month", "kept"),
    [(True, "/projects/?month=2026-03&band=red"), (False, "/projects/?band=red")],
)
def test_the_month_is_kept_or_left_to_be_the_latest(
    executive: User, keeps_month: bool, kept: str
) -> None:
    address = "/projects/?month=2026-03&band=red"
    view = save_view(executive, name="Red", address=address, keeps_month=keeps_month)
    assert view.address == kept


def test_the_same_page_again_takes_the_new_name(executive: User) -> None:
    saved(executive, "Old")
    saved(executive, "New")
    assert names_of(executive) == ["New"]


def test_there_is_a_limit_for_each_person(
    executive: User, analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "MOST_VIEWS", 2)
    for address in ("/summary/", "/projects/"):
        saved(executive, address=address)
    with pytest.raises(ValidationError, match="You have 2 saved views"):
        saved(executive, address="/segments/")
    saved(executive, "Another name", "/projects/")
    saved(analyst, address="/segments/")


@pytest.mark.parametrize("name", ["", "   ", "a" * 101])
def test_a_name_is_neither_blank_nor_endless(executive: User, name: str) -> None:
    with pytest.raises(ValidationError):
        saved(executive, name)
    with pytest.raises(ValidationError):
        rename_view(SavedViewFactory(user=executive), name=name)


def test_the_database_refuses_a_view_twice(executive: User) -> None:
    saved(executive)
    with pytest.raises(IntegrityError), transaction.atomic():
        SavedView.objects.create(user=executive, name="Again", address="/projects/?sort=score")


@pytest.mark.parametrize(
    ("moved", "up", "order"),
    [
        ("B", True, ["B", "A", "C"]),
        ("B", False, ["A", "C", "B"]),
        ("A", True, ["A", "B", "C"]),
        ("C", False, ["A", "B", "C"]),
    ],
)
def test_a_view_changes_places_with_its_neighbour(
    executive: User, moved: str, up: bool, order: list[str]
) -> None:
    for name, address in (("A", "/summary/"), ("B", "/projects/"), ("C", "/segments/")):
        saved(executive, name, address)
    move_view(SavedView.objects.get(name=moved), up=up)
    assert names_of(executive) == order


def test_equal_places_are_put_in_order_by_moving(executive: User) -> None:
    for name in "ABC":
        SavedViewFactory(user=executive, name=name, address=f"/projects/?q={name}", place=0)
    move_view(SavedView.objects.get(name="C"), up=True)
    assert names_of(executive) == ["A", "C", "B"]


def test_with_a_view_end_its_subscriptions(executive: User) -> None:
    view = saved(executive)
    SubscriptionFactory(user=executive, subject=None, view=view)
    delete_view(view)
    assert not Subscription.objects.exists()


@pytest.fixture
def client(executive: User, client_of: ClientOf) -> Client:
    return client_of(executive)


def test_a_page_offers_to_be_saved_as_it_stands(client: Client) -> None:
    ProjectFactory()
    answer = client.get("/projects/?sort=name&q=x").content.decode()
    assert 'href="/views/new/?address=%2Fprojects%2F%3Fsort%3Dname%26q%3Dx"' in answer
    assert "data-save-view" not in client.get("/views/").content.decode()
    assert "data-save-view" not in client.get("/account/").content.decode()


def test_saving_asks_for_a_name_and_whether_the_month_is_kept(
    client: Client, executive: User
) -> None:
    project = ProjectFactory(name="Billing robot")
    address = f"/projects/{project.code}/?month=2026-03"
    form = client.get("/views/new/", {"address": address})
    assert form.context["form"].initial["name"] == "Billing robot"
    assert "Always March 2026" in form.content.decode()
    answer = client.post("/views/new/", {"address": address, "name": "Robot", "month": "this"})
    view = SavedView.objects.get(user=executive)
    assert answer["Location"] == f"/views/{view.pk}/"
    assert (view.name, view.address) == ("Robot", address)


def test_a_page_without_a_month_is_not_asked_about_it(client: Client) -> None:
    form = client.get("/views/new/", {"address": "/projects/", "name": "Given by the heading"})
    assert "month" not in form.context["form"].fields
    assert form.context["form"].initial["name"] == "Given by the heading"


def test_a_form_that_says_too_little_comes_back_with_the_reason(client: Client) -> None:
    answer = client.post("/views/new/", {"address": "/projects/", "name": " "})
    assert answer.status_code == 422
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("address", ["//evil.example/", "/admin/", "/entry/"])
def test_an_address_that_can_not_be_saved_is_refused_with_a_reason(
    client: Client, address: str
) -> None:
    for answer in (
        client.get("/views/new/", {"address": address}),
        client.post("/views/new/", {"address": address, "name": "x"}),
    ):
        assert answer.status_code == 422
        assert answer.context["refusal"]


def test_opening_leads_to_the_page(client: Client, executive: User) -> None:
    view = saved(executive)
    assert client.get(f"/views/{view.pk}/")["Location"] == "/projects/?sort=score"


@pytest.mark.parametrize("address", ["//evil.example/", "/entry/", "/no/such/page/", "/sign-out/"])
def test_opening_checks_the_address_again(client: Client, executive: User, address: str) -> None:
    view = SavedViewFactory(user=executive, address=address)
    answer = client.get(f"/views/{view.pk}/")
    assert answer.status_code == 404
    assert "leads to a page that you may not open" in answer.content.decode()


def test_who_lost_the_role_that_opens_a_page_can_not_open_the_view() -> None:
    person = make_person("ada", Role.ANALYST)
    view = saved(person, address="/entry/")
    person.groups.clear()
    with pytest.raises(ValidationError):
        read_page(view.address, User.objects.get(pk=person.pk))


def test_what_is_somebody_elses_is_not_there(client: Client, analyst: User) -> None:
    view = saved(analyst)
    place = f"/views/{view.pk}/"
    assert client.get(place).status_code == 404
    assert client.get(f"{place}edit/").status_code == 404
    for what in ("edit", "delete", "move"):
        assert client.post(f"{place}{what}/", {"name": "Taken", "up": ""}).status_code == 404
    assert names_of(analyst) == ["Mine"]
    assert "Mine" not in client.get("/views/").content.decode()


def test_renaming_moving_and_deleting_come_back_to_the_list(
    client: Client, executive: User
) -> None:
    first, second = saved(executive, "First"), saved(executive, "Second", "/summary/")
    answers = [
        client.post(f"/views/{first.pk}/edit/", {"name": "Renamed"}),
        client.post(f"/views/{second.pk}/move/", {"up": ""}),
    ]
    assert names_of(executive) == ["Second", "Renamed"]
    answers.append(client.post(f"/views/{second.pk}/delete/"))
    assert names_of(executive) == ["Renamed"]
    assert {answer["Location"] for answer in answers} == {"/views/"}


def test_the_search_field_is_told_the_views_that_lead_somewhere(
    client: Client, executive: User, analyst: User
) -> None:
    view = saved(executive)
    SavedViewFactory(user=executive, name="Gone", address="/no/such/page/")
    saved(analyst, "Another's")
    answer = client.get("/views/menu/")
    assert answer.json() == {"views": [{"name": "Mine", "url": f"/views/{view.pk}/"}]}
    assert "no-store" in answer["Cache-Control"]


def test_a_name_is_shown_as_text(client: Client, executive: User) -> None:
    saved(executive, "<b>Bold</b>")
    assert "&lt;b&gt;Bold&lt;/b&gt;" in client.get("/views/").content.decode()


def test_the_list_costs_no_more_with_more_views(client: Client, executive: User) -> None:
    def grow() -> None:
        number = SavedView.objects.count()
        SavedViewFactory(user=executive, address=f"/projects/?q={number}")

    assert_costs_no_more(client, "/views/", grow)
