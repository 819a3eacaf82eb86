"""One person per role, one password that can be told again, and nobody's own choice undone."""

import csv
import re
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from examples.demo.build import build_demo
from examples.demo.company import ORGANISATION
from metrics.models import MetricAssignment
from pmo_portal.demo_users import (
    ASSIGNED_IN_DEMO,
    assign_demo_metrics,
    demo_users,
    make_demo_users,
)
from pmo_portal.roles import Role, roles_of
from tests.factories import MetricFactory, OrganisationFactory, PortfolioFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def note(tmp_path: Path) -> Path:
    return tmp_path / "portal.demo-users.txt"


def test_each_role_has_a_person(note: Path) -> None:
    make_demo_users(note)
    people = {person.username: roles_of(person) for person in User.objects.all()}
    assert people == {
        "executive": [Role.EXECUTIVE],
        "pmo_lead": [Role.PMO_LEAD],
        "analyst": [Role.ANALYST],
        "administrator": [Role.ADMINISTRATOR],
    }
    assert [person.username for person in User.objects.filter(is_superuser=True)] == [
        "administrator"
    ]


def test_each_has_an_address_to_which_mails_can_be_sent(note: Path) -> None:
    make_demo_users(note)
    assert {person.email for person in User.objects.all()} == {
        f"{name}@example.com" for name in ("executive", "pmo_lead", "analyst", "administrator")
    }


def test_the_password_is_long_random_and_readable_by_its_owner_alone(note: Path) -> None:
    make_demo_users(note)
    users = demo_users(note)
    assert users is not None
    assert re.fullmatch(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}", users.password)
    assert note.stat().st_mode & 0o777 == 0o600
    assert users.with_password == ["executive", "pmo_lead", "analyst", "administrator"]
    other = note.with_name("other.txt")
    make_demo_users(other)
    assert other.read_text() != note.read_text()


def test_making_them_again_changes_nothing(note: Path) -> None:
    make_demo_users(note)
    before = note.read_text(), list(User.objects.order_by("pk").values())
    make_demo_users(note)
    assert (note.read_text(), list(User.objects.order_by("pk").values())) == before


def test_a_database_begun_anew_has_the_password_of_the_note(note: Path) -> None:
    make_demo_users(note)
    User.objects.all().delete()
    make_demo_users(note)
    users = demo_users(note)
    assert users is not None
    assert len(users.with_password) == 4


def test_who_has_another_password_or_is_gone_is_told(note: Path) -> None:
    make_demo_users(note)
    analyst = User.objects.get(username="analyst")
    analyst.set_password("my own choice of words")
    analyst.save()
    User.objects.get(username="executive").delete()
    users = demo_users(note)
    assert users is not None
    assert users.with_password == ["pmo_lead", "administrator"]
    assert users.with_another == ["analyst"]


def test_without_a_note_there_are_no_demo_users(note: Path) -> None:
    assert demo_users(note) is None


def test_the_demo_gives_the_analyst_metrics_of_a_portfolio_and_of_everybody(note: Path) -> None:
    make_demo_users(note)
    portfolio, everybody = PortfolioFactory(code="PF-SERVE"), OrganisationFactory(code=ORGANISATION)
    for _, metrics in ASSIGNED_IN_DEMO:
        for code in metrics:
            MetricFactory(code=code)
    for _ in range(2):  # harmless to repeat
        assign_demo_metrics()
    assigned = MetricAssignment.objects.values_list("metric__code", "user__username", "scope")
    assert set(assigned) == {
        ("fix_days", "analyst", portfolio.pk),
        ("right_people", "analyst", portfolio.pk),
        ("feedback_loops", "analyst", portfolio.pk),
        ("nps", "analyst", everybody.pk),
        ("customers_success", "analyst", everybody.pk),
    }
    assert len(assigned) == 5


def test_what_is_assigned_in_the_demo_exists_there(tmp_path: Path) -> None:
    build_demo(tmp_path, "2026-03")
    codes = {row["code"] for row in rows_of(tmp_path / "metrics.csv")}
    assert codes >= {code for _, metrics in ASSIGNED_IN_DEMO for code in metrics}
    scopes = rows_of(tmp_path / "portfolios.csv") + rows_of(tmp_path / "organisation.csv")
    assert {row["code"] for row in scopes} >= {code for code, _ in ASSIGNED_IN_DEMO}


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_without_an_analyst_nothing_is_assigned() -> None:
    assign_demo_metrics()
    assert not MetricAssignment.objects.exists()
