"""Roles are kept as the table says, and each leads to its page."""

from collections.abc import Callable

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse

from pmo_portal.roles import PERMISSIONS_OF, Role, home_for, keep_roles, roles_of
from projects.models import PortfolioLimit
from tests.conftest import make_person

pytestmark = pytest.mark.django_db


def permissions_of(group: Group) -> set[str]:
    return {
        f"{app}.{codename}"
        for app, codename in group.permissions.values_list("content_type__app_label", "codename")
    }


@pytest.mark.parametrize("role", Role)
def test_after_migrating_a_role_may_what_the_table_says(role: Role) -> None:
    assert permissions_of(Group.objects.get(name=role.value)) == set(PERMISSIONS_OF[role])


def test_keeping_roles_again_undoes_what_was_changed_elsewhere() -> None:
    executives = Group.objects.get(name=Role.EXECUTIVE.value)
    executives.permissions.set(Permission.objects.filter(codename="delete_user"))
    keep_roles()
    assert permissions_of(executives) == {"metrics.read_dashboards", "metrics.read_organisation"}
    assert Group.objects.count() == len(Role)


def test_every_role_may_read() -> None:
    assert all("metrics.read_dashboards" in wanted for wanted in PERMISSIONS_OF.values())


@pytest.mark.parametrize(
    ("permission", "holders"),
    [
        ("metrics.enter_measurements", {Role.ANALYST, Role.ADMINISTRATOR}),
        ("metrics.keep_definitions", {Role.PMO_LEAD, Role.ADMINISTRATOR}),
        ("metrics.close_months", {Role.PMO_LEAD, Role.ADMINISTRATOR}),
        ("auth.change_user", {Role.ADMINISTRATOR}),
        ("projects.change_portfoliolimit", {Role.ADMINISTRATOR}),
        ("metrics.read_organisation", set(Role)),
        ("django_celery_beat.change_periodictask", {Role.ADMINISTRATOR}),
        ("dashboards.delete_subscription", {Role.ADMINISTRATOR}),
        ("dashboards.change_subscription", set()),
        ("metrics.change_measurement", set()),
        ("metrics.delete_measurement", set()),
        ("metrics.change_score", set()),
        ("metrics.change_monthclosing", set()),
        ("metrics.change_scorerun", set()),
    ],
)
def test_who_may(permission: str, holders: set[Role]) -> None:
    assert {role for role, wanted in PERMISSIONS_OF.items() if permission in wanted} == holders


def test_a_pmo_lead_keeps_every_kind_of_subject_and_link() -> None:
    kept = PERMISSIONS_OF[Role.PMO_LEAD]
    models = [
        model._meta.model_name
        for model in apps.get_app_config("projects").get_models()
        if not hasattr(model, "history_object") and model is not PortfolioLimit
    ]
    assert models
    assert [name for name in models if f"projects.change_{name}" not in kept] == []


def test_a_superuser_is_an_administrator() -> None:
    boss = User.objects.create_superuser("boss")
    assert roles_of(boss) == [Role.ADMINISTRATOR]
    assert home_for(boss) == "admin:index"


def test_somebody_who_was_deactivated_has_no_role(executive: User) -> None:
    executive.is_active = False
    assert roles_of(executive) == []


@pytest.mark.parametrize(
    ("roles", "landing"),
    [
        ([], "/account/"),
        ([Role.EXECUTIVE], "/summary/"),
        ([Role.PMO_LEAD], "/portfolios/"),
        ([Role.ANALYST], "/entry/"),
        ([Role.ADMINISTRATOR], "/admin/"),
        ([Role.ANALYST, Role.ADMINISTRATOR], "/entry/"),
        ([Role.ANALYST, Role.EXECUTIVE], "/summary/"),
        ([Role.EXECUTIVE, Role.PMO_LEAD, Role.ANALYST], "/portfolios/"),
    ],
)
def test_sign_in_leads_to_the_page_of_the_role(
    client_of: Callable[[User], Client], roles: list[Role], landing: str
) -> None:
    client = client_of(make_person("somebody", *roles))
    answer = client.get(reverse("home"))
    assert (answer.status_code, answer["Location"]) == (302, landing)
