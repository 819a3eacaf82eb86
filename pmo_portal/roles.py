"""Roles and what they may: decided here and nowhere else. A role is kept as a group of Django's."""

import logging
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.db import models, transaction

from projects.visibility import sight_of

logger = logging.getLogger(__name__)


class Role(models.TextChoices):
    EXECUTIVE = "Executive"
    PMO_LEAD = "PMO lead"
    ANALYST = "Analyst"
    ADMINISTRATOR = "Administrator"


def may_keep(app: str, *models: str) -> frozenset[str]:
    """Everything the admin site can do with these models."""
    actions = ("view", "add", "change", "delete")
    return frozenset(f"{app}.{action}_{model}" for model in models for action in actions)


def may_view(app: str, *models: str) -> frozenset[str]:
    return frozenset(f"{app}.view_{model}" for model in models)


def may_end(app: str, *models: str) -> frozenset[str]:
    """Look at what belongs to others, and delete it."""
    actions = ("view", "delete")
    return frozenset(f"{app}.{action}_{model}" for model in models for action in actions)


READER = frozenset({"metrics.read_dashboards", "metrics.read_organisation"})
ENTERER = READER | {"metrics.enter_measurements"}
KEEPER = (
    READER
    | {
        "metrics.keep_definitions",
        "metrics.close_months",
        "metrics.approve_measurements",
        "metrics.undo_imports",
    }
    | may_keep(
        "projects",
        "subject",
        "organisation",
        "portfolio",
        "project",
        "segment",
        "customer",
        "service",
        "engagement",
        "offer",
        "event",
    )
    | may_keep(
        "metrics",
        "metricdefinition",
        "curveoverride",
        "exemption",
        "scorecard",
        "scorecardline",
        "scorecardassignment",
        "metricassignment",
    )
    | may_view(
        "metrics",
        "measurement",
        "measurementchange",
        "score",
        "reportedscore",
        "monthclosing",
        "scorerun",
        "rescoreneed",
        "reminder",
    )
)
KEYHOLDER = (
    may_keep("auth", "user", "group")
    | may_keep(
        "django_celery_beat",
        "periodictask",
        "intervalschedule",
        "crontabschedule",
        "clockedschedule",
        "solarschedule",
    )
    | may_keep("projects", "portfoliolimit")
    | may_end("dashboards", "savedview", "subscription")
    | frozenset({"api.view_personaltoken", "api.change_personaltoken"})
    | may_view("accounts", "auditevent")
    | frozenset({"metrics.see_status"})
)

PERMISSIONS_OF: dict[Role, frozenset[str]] = {
    Role.EXECUTIVE: READER,
    Role.PMO_LEAD: KEEPER,
    Role.ANALYST: ENTERER,
    Role.ADMINISTRATOR: KEEPER | ENTERER | KEYHOLDER,
}

WITHIN_LIMITS = frozenset({"metrics.read_dashboards", "metrics.enter_measurements"})
"""What is left of any role to a person who is limited to portfolios (projects.visibility)."""

# With several roles a person lands where most waits for them: what a PMO lead steers, then what an
# executive reads, then what an analyst owes.
HOME_OF: dict[Role, str] = {
    Role.PMO_LEAD: "portfolio_list",
    Role.EXECUTIVE: "summary",
    Role.ANALYST: "entry",
    Role.ADMINISTRATOR: "admin:index",
}
HOME_WITHOUT_ROLE = "account"
HOME_WITHIN_LIMITS = "portfolio_list"
"""Instead of homes that are about the whole."""
CLOSED_HOMES = ("summary", "admin:index")


def roles_of(user: AbstractBaseUser | AnonymousUser) -> list[Role]:
    """The roles of a person in the order of the table; a superuser is an administrator."""
    if not user.is_active or not isinstance(user, models.Model):
        return []
    names = set(Group.objects.filter(user=user.pk).values_list("name", flat=True))
    if getattr(user, "is_superuser", False):
        names.add(Role.ADMINISTRATOR.value)
    return [role for role in Role if role.value in names]


def home_for(user: AbstractBaseUser | AnonymousUser) -> str:
    """The name of the page that sign-in leads to."""
    held = roles_of(user)
    home = next((home for role, home in HOME_OF.items() if role in held), HOME_WITHOUT_ROLE)
    return HOME_WITHIN_LIMITS if home in CLOSED_HOMES and sight_of(user).is_limited else home


@transaction.atomic
def keep_roles(*, using: str = "default", **_: Any) -> None:
    """Make the groups what the table says; after every migration, and harmless to repeat."""
    permissions = {
        f"{app}.{codename}": pk
        for pk, app, codename in Permission.objects.using(using).values_list(
            "pk", "content_type__app_label", "codename"
        )
    }
    for role, wanted in PERMISSIONS_OF.items():
        group, _created = Group.objects.using(using).get_or_create(name=role.value)
        group.permissions.set(permissions[name] for name in wanted if name in permissions)
        if absent := wanted - permissions.keys():
            logger.warning(
                "The role %s lacks permissions that do not exist: %s", role.value, sorted(absent)
            )
