"""No form and no operation takes a field that it does not name."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.forms import BaseModelForm
from django.urls import reverse
from django.utils import timezone
from rest_framework.serializers import ModelSerializer

from api.fields import Shape
from api.models import PersonalToken
from dashboards.models import SavedView
from metrics.models import Measurement
from pmo_portal.roles import Role
from tests.api.test_doors import DOORS, asked, browser_of, person_called
from tests.conftest import PASSWORD, make_person
from tests.dashboards.reading import ClientOf
from tests.test_architecture import ROOMS
from tests.test_doors import (
    ADMINISTRATOR,
    TAKES_NONE,
    Visitor,
    all_doors,
    build_house,
    undone,
)

pytestmark = pytest.mark.django_db

NEVER = frozenset(
    {
        "id",
        "pk",
        "password",
        "is_staff",
        "is_superuser",
        "is_active",
        "user_permissions",
        "groups",
        "last_login",
        "entered_by",
        "by",
        "state",
        "digest",
    }
)
SURPLUS: dict[str, Any] = {
    "id": 1,
    "pk": 1,
    "entered_by": 1,
    "by": 1,
    "is_superuser": True,
    "is_staff": True,
    "groups": [1],
    "created_at": "2020-01-01T00:00:00Z",
    "door": "command",
    "_state": "x",
    "__class__": "x",
}


def model_forms() -> Iterator[type[BaseModelForm]]:
    waiting: list[type[BaseModelForm]] = [BaseModelForm]
    while waiting:
        form = waiting.pop()
        waiting += form.__subclasses__()
        if form.__module__.split(".")[0] in ROOMS and getattr(form, "_meta", None):
            yield form


def test_every_form_of_a_model_names_its_fields() -> None:
    """The admin site makes forms of its own, by what each of its pages names."""
    found = 0
    for form in model_forms():
        options = form._meta
        if options.model is None or ".admin" in form.__module__:
            continue
        found += 1
        assert options.fields, form
        assert options.fields != "__all__", form
        assert not options.exclude, form
        assert not set(options.fields) & NEVER, form
    assert found > 5


def test_no_shape_of_the_api_is_made_from_a_model() -> None:
    """Whatever a model is given one day, the API takes what a shape names."""
    ours = [
        kind for kind in ModelSerializer.__subclasses__() if kind.__module__.split(".")[0] in ROOMS
    ]
    assert ours == []
    assert len(Shape.__subclasses__()) > 10


WRITES = {
    key: door
    for key, door in DOORS.items()
    if isinstance(door.body, dict) and key != "post batches"
}


def test_every_operation_refuses_what_it_does_not_name(keys: dict[str, Any]) -> None:
    client = browser_of(person_called(ADMINISTRATOR))
    assert len(WRITES) > 10
    answers = {}
    for key, door in WRITES.items():
        for surplus in SURPLUS:
            for body in bodies_with(door.body, surplus):
                told = asked(client, key, dataclasses.replace(door, body=body), keys)
                if told != 400:
                    answers[f"{key} {body}"] = told
    assert answers == {}


def bodies_with(body: dict[str, Any], surplus: str) -> Iterator[dict[str, Any]]:
    """The body with one field more, at its top and in each list of rows."""
    yield {**body, surplus: SURPLUS[surplus]}
    for name, inner in body.items():
        if isinstance(inner, list) and inner and isinstance(inner[0], dict):
            yield {**body, name: [{**inner[0], surplus: SURPLUS[surplus]}, *inner[1:]]}


def test_an_operation_without_a_body_takes_none_of_it(keys: dict[str, Any]) -> None:
    client, changed = browser_of(person_called(ADMINISTRATOR)), []
    before = people()
    for key, door in DOORS.items():
        if door.body is None and not key.startswith("get"):
            asked(client, key, dataclasses.replace(door, body=SURPLUS), keys)
            if people() != before:
                changed.append(key)
    assert changed == []


def people() -> list[tuple[Any, ...]]:
    """Everything by which somebody may more than before."""
    rows: list[tuple[Any, ...]] = list(
        User.objects.order_by("pk").values_list(
            "pk", "username", "is_staff", "is_superuser", "is_active", "password"
        )
    )
    rows += User.groups.through.objects.order_by("pk").values_list()
    rows += User.user_permissions.through.objects.order_by("pk").values_list()
    return rows


def test_no_form_of_a_page_gives_anybody_more_rights() -> None:
    house, visitor = build_house(), Visitor(ADMINISTRATOR)
    target = make_person("target")
    make_person("analyst")
    role = str(Group.objects.get(name=Role.ADMINISTRATOR.value).pk)
    raised = {
        "is_superuser": "on",
        "is_staff": "on",
        "groups": role,
        "roles": role,
        "user": str(target.pk),
        "pk": str(target.pk),
        "id": str(target.pk),
        "user_permissions": "1",
        "password": "!",
        "username": "target",
    }
    before, changed = people(), {}
    for key, door in all_doors().items():
        if door.post in (None, TAKES_NONE) or key.startswith("admin:") or "/" in key:
            continue
        if key in ("password_change", "sign_in"):
            continue  # by their own fields they change a password, or sign in
        address = house.address(key, door, "no-token")
        with undone():
            visitor.client.post(address, {**raised, **door.sends})
            if people() != before:
                changed[address] = people()
    assert changed == {}


def test_what_a_person_makes_is_theirs_whoever_they_name(
    client_of: ClientOf, analyst: User, executive: User
) -> None:
    client = client_of(analyst)
    named = {"user": executive.pk, "owner": executive.pk, "entered_by": executive.pk}
    client.post("/views/new/", {"address": "/projects/", "name": "Mine", **named})
    day = timezone.localdate().isoformat()
    client.post("/account/tokens/", {"name": "x", "scopes": "read", "last_day": day, **named})
    assert SavedView.objects.get().user == analyst
    assert PersonalToken.objects.get().user == analyst


@pytest.mark.usefixtures("company")
def test_a_value_is_entered_by_whoever_entered_it() -> None:
    analyst, other = person_called("analyst"), make_person("other", Role.ANALYST)
    client = browser_of(analyst)
    client.post(
        "/entry/value/",
        {
            "metric": "fix_days",
            "subject": "PRJ-ONBOARD",
            "other_period": "2026-06-08",
            "value": "9",
            "entered_by": other.pk,
            "by": other.pk,
            "door": "command",
        },
    )
    found = Measurement.objects.filter(metric__code="fix_days", entered_by__isnull=False)
    assert set(found.values_list("entered_by__username", flat=True)) <= {"analyst"}


def test_an_administrator_makes_nobody_a_superuser(
    client_of: ClientOf, administrator: User, outsider: User
) -> None:
    client = client_of(administrator)
    raised = {"is_superuser": "on", "is_staff": "on", "user_permissions": "1", "is_active": "on"}
    dates = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    for person in (outsider, administrator):
        page = reverse("admin:auth_user_change", args=[person.pk])
        groups = list(person.groups.values_list("pk", flat=True))
        form = {"username": person.username, "groups": groups, **raised, **dates}
        assert client.post(page, form).status_code == 302
    passwords = {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    client.post(reverse("admin:auth_user_add"), {"username": "newcomer", **passwords, **raised})
    assert User.objects.filter(username="newcomer").exists()
    assert not User.objects.filter(is_superuser=True).exists()
    assert not User.objects.filter(is_staff=True).exists()
    assert not User.user_permissions.through.objects.exists()


def test_nobody_but_a_superuser_reaches_a_superuser(
    client_of: ClientOf, administrator: User
) -> None:
    boss = User.objects.create_superuser("boss", password=PASSWORD)
    client, new = client_of(administrator), "an entirely different staple"
    for name, form in {
        "change": {"username": "taken"},
        "delete": {"post": "yes"},
        "password_change": {"password1": new, "password2": new},
    }.items():
        page = "admin:auth_user_" + name
        assert client.post(reverse(page, args=[boss.pk]), form).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": boss.pk, "post": "yes"}
    client.post(reverse("admin:auth_user_changelist"), chosen)
    boss.refresh_from_db()
    assert boss.check_password(PASSWORD)
    assert boss.username == "boss"


def test_ones_account_page_changes_ones_clock_and_nothing_else(
    client_of: ClientOf, outsider: User
) -> None:
    before = people()
    role = Group.objects.get(name=Role.ADMINISTRATOR.value).pk
    client_of(outsider).post(
        "/account/",
        {"time_zone": "Europe/Berlin", "groups": role, "is_superuser": "on", "username": "boss"},
    )
    assert people() == before
