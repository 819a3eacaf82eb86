"""The admin pages of people and roles: an administrator gives roles, and no more than that."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from pmo_portal.roles import Role, roles_of
from tests.admin_pages import page, submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def keyholder(client_of: Callable[[User], Client], administrator: User) -> Client:
    return client_of(administrator)


@pytest.fixture
def boss(client_of: Callable[[User], Client]) -> Client:
    return client_of(User.objects.create_superuser("boss"))


def test_an_administrator_gives_roles(keyholder: Client, outsider: User) -> None:
    role = Group.objects.get(name=Role.ANALYST)
    assert submit(keyholder, outsider, groups=[role.pk]).status_code == 302
    assert roles_of(outsider) == [Role.ANALYST]


def test_an_administrator_makes_an_account(keyholder: Client) -> None:
    password = "a long and secret sentence"
    answer = submit(keyholder, User, username="newcomer", password1=password, password2=password)
    assert answer.status_code == 302
    assert User.objects.get(username="newcomer").check_password(password)


@pytest.mark.parametrize("field", ["is_superuser", "is_staff", "user_permissions"])
def test_an_administrator_makes_no_superuser(
    field: str, keyholder: Client, administrator: User
) -> None:
    shown = keyholder.get(page(administrator, "change")).content.decode()
    assert f'name="{field}"' not in shown
    submit(keyholder, administrator, is_superuser="on", is_staff="on", user_permissions=["1"])
    administrator.refresh_from_db()
    assert not administrator.is_superuser
    assert not administrator.is_staff
    assert not administrator.user_permissions.exists()


def test_an_administrator_does_not_touch_a_superuser(keyholder: Client) -> None:
    boss = User.objects.create_superuser("boss", password="the old one")
    password = reverse("admin:auth_user_password_change", args=[boss.pk])
    for url in (page(boss, "change"), page(boss, "delete"), password):
        sent = {"post": "yes", "username": "x", "password1": "new one", "password2": "new one"}
        assert keyholder.post(url, sent).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": boss.pk, "post": "yes"}
    keyholder.post(page(User, "changelist"), chosen)
    boss.refresh_from_db()
    assert boss.check_password("the old one")


def test_a_superuser_makes_superusers(boss: Client, outsider: User) -> None:
    assert submit(boss, outsider, is_superuser="on").status_code == 302
    outsider.refresh_from_db()
    assert outsider.is_superuser


def test_roles_are_looked_up_and_not_changed(keyholder: Client, boss: Client) -> None:
    role = Group.objects.get(name=Role.ANALYST)
    for client in (keyholder, boss):
        assert client.get(page(Group, "changelist")).status_code == 200
        assert client.get(page(role, "change")).status_code == 200
        assert client.post(page(role, "change"), {"name": "Boss"}).status_code == 403
        assert client.get(page(role, "delete")).status_code == 403
        assert client.get(page(Group, "add")).status_code == 403


def test_a_longer_list_of_people_takes_no_more_queries(keyholder: Client) -> None:
    url = page(User, "changelist")
    keyholder.get(url)
    counts = []
    for size in (1, 5, 9):
        for number in range(size):
            person = User.objects.create_user(f"person{size}-{number}")
            person.groups.set(Group.objects.all())
        with CaptureQueriesContext(connection) as queries:
            assert keyholder.get(url).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] == counts[2]
