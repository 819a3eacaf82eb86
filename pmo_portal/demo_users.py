"""One person per role, to try the portal out; never in production."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth.models import Group, User
from django.db import transaction

from examples.demo.company import ORGANISATION
from metrics.models import MetricDefinition
from metrics.operations.responsibilities import assign_metrics
from pmo_portal.roles import Role
from projects.models import Subject

ROLE_OF = {
    "executive": Role.EXECUTIVE,
    "pmo_lead": Role.PMO_LEAD,
    "analyst": Role.ANALYST,
    "administrator": Role.ADMINISTRATOR,
}
ASSIGNED_IN_DEMO = (
    # What projects report to the PMO, of one portfolio; what customers say, of everybody.
    ("PF-SERVE", ["fix_days", "right_people", "feedback_loops"]),
    (ORGANISATION, ["nps", "customers_success"]),
)
"""Whose numbers the demo's analyst enters: the scope, and metrics in it."""

EASY_TO_TELL_APART = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class DemoUsers:
    """Who can sign in with the password, and who has taken another one since."""

    password: str
    with_password: list[str]
    with_another: list[str]


@transaction.atomic
def make_demo_users(note: Path) -> None:
    """Make whoever is missing; the one password of all is kept in the note."""
    password = read_password(note) or keep_password(note)
    for name, role in ROLE_OF.items():
        person, is_new = User.objects.get_or_create(username=name)
        if is_new:
            person.set_password(password)
            person.email = f"{name}@example.com"
            person.is_staff = person.is_superuser = role is Role.ADMINISTRATOR
            person.save()
            person.groups.add(Group.objects.get(name=role.value))


def assign_demo_metrics() -> None:
    """Give the analyst of the demo company some metrics; the others are nobody's."""
    analyst = User.objects.filter(username="analyst").first()
    if analyst is None:
        return
    for code, metrics in ASSIGNED_IN_DEMO:
        assign_metrics(
            MetricDefinition.objects.filter(code__in=metrics).order_by("code"),
            user=analyst,
            scope=Subject.objects.get(code=code),
            by=None,
            reason="Assigned for the demo.",
        )


def demo_users(note: Path) -> DemoUsers | None:
    """What the note is still good for; None where there is none."""
    password = read_password(note)
    if password is None:
        return None
    people = {
        person.username: person.check_password(password)
        for person in User.objects.filter(username__in=ROLE_OF, is_active=True)
    }
    return DemoUsers(
        password,
        with_password=[name for name in ROLE_OF if people.get(name)],
        with_another=[name for name in ROLE_OF if people.get(name) is False],
    )


def read_password(note: Path) -> str | None:
    return note.read_text().split()[-1] if note.exists() else None


def keep_password(note: Path) -> str:
    """A new password, written where only its owner can read it."""
    password = "-".join(
        "".join(secrets.choice(EASY_TO_TELL_APART) for _ in range(4)) for _ in range(3)
    )
    names = ", ".join(ROLE_OF)
    with os.fdopen(os.open(note, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"The demo users ({names}) sign in with this password:\n{password}\n")
    return password
