"""Every address of the portal, tried by every role and by nobody, against the tables below.

An address without an entry fails: whoever adds a page says here who may open it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import models, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from pytest_django import Settings

from metrics.choices import RunTrigger
from metrics.operations.months import close_month
from metrics.operations.runs import score_now
from metrics.workspace import load_workspace
from pmo_portal import health
from pmo_portal.roles import Role
from projects.models import Project
from projects.months import Month
from tests import factories
from tests.conftest import PASSWORD, make_person

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parent.parent

People = frozenset[str]
EXECUTIVE, PMO_LEAD, ANALYST, ADMINISTRATOR = (role.name.lower() for role in Role)
OUTSIDER = "outsider"
NOBODY = "nobody"

READERS = People({EXECUTIVE, PMO_LEAD, ANALYST, ADMINISTRATOR})
ENTERERS = People({ANALYST, ADMINISTRATOR})
KEEPERS = People({PMO_LEAD, ADMINISTRATOR})
KEYHOLDERS = People({ADMINISTRATOR})
SIGNED_IN = READERS | {OUTSIDER}
EVERYBODY = SIGNED_IN | {NOBODY}
NO_ONE = People()

Answer = int | str
"""A status, or the address that a redirect leads to."""
SIGN_IN = "sign in first"
REFUSED = 403
TAKES_NONE = 405
"""The answer to a form where none is taken, and to a look where only a form is."""

MONTH, CLOSED_MONTH = "2026-05", "2026-01"
VALUE = {"metric": "fix_days", "subject": "PRJ-ONBOARD", "other_period": "2026-06-08", "value": "9"}
NEW_PASSWORD = "an entirely different staple"


@dataclass(frozen=True)
class Door:
    """Who may open an address and what they are answered; everybody else is refused."""

    who: People
    get: Answer = 200
    post: Answer | None = TAKES_NONE
    """None = a form makes no difference here, so none is tried."""
    args: tuple[str, ...] = ()
    query: str = ""
    sends: Mapping[str, str] = field(default_factory=dict)
    leads: Mapping[str, Answer] = field(default_factory=dict)
    """People who are answered differently when they look."""
    row: str = ""
    """The model that a row is taken from; its key is the first argument."""

    def answer_to(self, person: str) -> Answer:
        return self.leads.get(person) or self._answer(person, self.get)

    def answer_to_form_of(self, person: str) -> Answer:
        assert self.post is not None
        return self._answer(person, self.post)

    def _answer(self, person: str, welcome: Answer) -> Answer:
        if person in self.who or welcome == TAKES_NONE:
            return welcome
        return SIGN_IN if person == NOBODY else REFUSED


PAGES: dict[str, Door] = {
    "home": Door(
        SIGNED_IN,
        get="/account/",
        post=None,
        leads={
            EXECUTIVE: "/summary/",
            PMO_LEAD: "/portfolios/",
            ANALYST: "/entry/",
            ADMINISTRATOR: "/admin/",
        },
    ),
    "sign_in": Door(
        EVERYBODY,
        get="/",
        post="/",
        sends={"username": ANALYST, "password": PASSWORD},
        leads={NOBODY: 200},
    ),
    "sign_out": Door(EVERYBODY, get=TAKES_NONE, post="/sign-in/"),
    "account": Door(SIGNED_IN, post=None),
    "password_change": Door(
        SIGNED_IN,
        post="/account/",
        sends={
            "old_password": PASSWORD,
            "new_password1": NEW_PASSWORD,
            "new_password2": NEW_PASSWORD,
        },
    ),
    "summary": Door(READERS),
    "portfolio_list": Door(READERS),
    "portfolio_detail": Door(READERS, args=("DIGITAL",)),
    "project_list": Door(READERS),
    "project_detail": Door(READERS, args=("PRJ-ONBOARD",)),
    "segment_list": Door(READERS),
    "segment_detail": Door(READERS, args=("ENT",)),
    "explain": Door(READERS, args=("ORG", MONTH)),
    "explain_values": Door(READERS, args=("PRJ-ONBOARD", MONTH, "fix_days", MONTH)),
    "score_status": Door(READERS),
    "entry": Door(ENTERERS, post="/entry/saved/…/", sends=VALUE),
    "entry_form": Door(ENTERERS, get=TAKES_NONE, post=200, sends=VALUE),
    "entry_preview": Door(ENTERERS, query="metric=fix_days&subject=PRJ-ONBOARD&value=9"),
    "entry_saved": Door(ENTERERS, args=("TOKEN",)),
    "month_list": Door(READERS),
    "month_detail": Door(READERS, args=(MONTH,)),
    "month_close": Door(KEEPERS, args=(MONTH,), post="/months/"),
    "month_reopen": Door(
        KEEPERS,
        args=(CLOSED_MONTH,),
        post=f"/months/{CLOSED_MONTH}/",
        sends={"reason": "A value was wrong."},
    ),
    "run_list": Door(READERS),
    "run_request": Door(KEEPERS, get=TAKES_NONE, post="/runs/"),
}

ADMIN_PAGES: dict[str, Door] = {
    "admin:index": Door(KEEPERS, post=None),
    "admin:app_list": Door(KEEPERS, args=("metrics",), post=None),
    # Strangers are sent on to the portal's own page; who is signed in comes here when refused.
    "admin:login": Door(NO_ONE, post=None),
    "admin:logout": Door(KEEPERS, get=TAKES_NONE, post="/sign-in/"),
    "admin:password_change": Door(EVERYBODY, get="/account/password/", post=None),
    "admin:password_change_done": Door(KEEPERS, post=None),
    "admin:autocomplete": Door(
        KEEPERS, query="app_label=projects&model_name=project&field_name=portfolio", post=None
    ),
    "admin:jsi18n": Door(KEEPERS, post=None),
    # No row says that it has a page elsewhere.
    "admin:view_on_site": Door(KEEPERS, get=404, args=("TYPE", "PROJECT"), post=None),
    # Whatever is below /admin/ and has no name.
    "admin/(?P<url>.*)$": Door(KEEPERS, get=404, args=("admin/no/such/page/",), post=None),
    "admin/password_change/": Door(
        EVERYBODY, get="/account/password/", args=("admin/password_change/",), post=None
    ),
}


@dataclass(frozen=True)
class Kept:
    """Who may do what with a model on the admin site; who may not view it may do nothing."""

    view: People
    add: People = NO_ONE
    change: People = NO_ONE
    delete: People = NO_ONE


BY_KEEPERS = Kept(view=KEEPERS, add=KEEPERS, change=KEEPERS, delete=KEEPERS)
BY_KEYHOLDERS = Kept(view=KEYHOLDERS, add=KEYHOLDERS, change=KEYHOLDERS, delete=KEYHOLDERS)
LOOKED_AT = Kept(view=KEEPERS)

ADMIN_MODELS: dict[str, Kept] = {
    # There is one and no second one, and nobody deletes it.
    "projects.organisation": Kept(view=KEEPERS, change=KEEPERS),
    "projects.portfolio": BY_KEEPERS,
    "projects.project": BY_KEEPERS,
    "projects.segment": BY_KEEPERS,
    "projects.customer": BY_KEEPERS,
    "projects.service": BY_KEEPERS,
    "projects.engagement": BY_KEEPERS,
    "projects.offer": BY_KEEPERS,
    "projects.subject": LOOKED_AT,
    "metrics.metricdefinition": BY_KEEPERS,
    "metrics.curveoverride": BY_KEEPERS,
    "metrics.exemption": BY_KEEPERS,
    "metrics.scorecard": BY_KEEPERS,
    "metrics.scorecardline": BY_KEEPERS,
    "metrics.scorecardassignment": BY_KEEPERS,
    "metrics.metricassignment": BY_KEEPERS,
    "metrics.measurement": LOOKED_AT,
    "metrics.measurementchange": LOOKED_AT,
    "metrics.score": LOOKED_AT,
    "metrics.reportedscore": LOOKED_AT,
    "metrics.monthclosing": LOOKED_AT,
    "metrics.scorerun": LOOKED_AT,
    "metrics.rescoreneed": LOOKED_AT,
    "auth.user": BY_KEYHOLDERS,
    "auth.group": Kept(view=KEYHOLDERS),
    "django_celery_beat.periodictask": BY_KEYHOLDERS,
    "django_celery_beat.intervalschedule": BY_KEYHOLDERS,
    "django_celery_beat.crontabschedule": BY_KEYHOLDERS,
    "django_celery_beat.clockedschedule": BY_KEYHOLDERS,
    "django_celery_beat.solarschedule": BY_KEYHOLDERS,
}


def doors_of(label: str, kept: Kept) -> Iterator[tuple[str, Door]]:
    """The pages that the admin site has for a model."""
    app, name = label.split(".")
    start, folder = f"admin:{app}_{name}_", f"/admin/{app}/{name}/"
    yield start + "changelist", Door(kept.view, post=None)
    yield start + "add", Door(kept.add, post=200)
    yield start + "history", Door(kept.view, row=label, post=None)
    # Who may look and not change sees the page without a form, and is refused when sending one.
    yield start + "change", Door(kept.view, row=label, post=200 if kept.change else REFUSED)
    yield start + "delete", Door(kept.delete, row=label, post=folder, sends={"post": "yes"})
    # An address of old; it leads to the page, which then asks who it is.
    yield f"{folder[1:]}<path:object_id>/", Door(KEEPERS, get=f"{folder}…/change/", row=label)


HISTORY_OF_A_ROW = "simple_history"


def all_doors() -> dict[str, Door]:
    doors = PAGES | ADMIN_PAGES
    for label, kept in ADMIN_MODELS.items():
        doors.update(doors_of(label, kept))
    return doors
