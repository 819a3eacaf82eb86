"""Every address of the portal, tried by every role and by nobody, against the tables below.

An address without an entry fails: whoever adds a page says here who may open it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from allauth.usersessions.models import UserSession
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

from accounts.models import AuditEvent
from dashboards.operations.subscriptions import stop_token
from metrics.choices import BatchState, RunTrigger
from metrics.importing import plans
from metrics.models import Measurement, MonthClosing
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
IMPORTERS = ENTERERS | KEEPERS
"""They send files, or undo what others sent."""
SIGNED_IN = READERS | {OUTSIDER}
EVERYBODY = SIGNED_IN | {NOBODY}
NO_ONE = People()

Answer = int | str
"""A status, or the address that a redirect leads to."""
SIGN_IN = "sign in first"
CONFIRM = "/account/confirm/"
REFUSED = 403
TAKES_NONE = 405
"""The answer to a form where none is taken, and to a look where only a form is."""

MONTH, CLOSED_MONTH = "2026-05", "2026-01"
VALUE = {"metric": "fix_days", "subject": "PRJ-ONBOARD", "other_period": "2026-06-08", "value": "9"}
UNTOUCHED_PORTFOLIO = {"code": "DIGITAL", "name": "Digital services", "since_ever": "on"}
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
    refusal: Answer | None = None
    """What the others are answered, if it is neither sign-in nor 403."""
    row: str = ""
    """The model that a row is taken from; its key is the first argument."""

    def answer_to(self, person: str) -> Answer:
        return self.leads.get(person) or self._answer(person, self.get)

    def answer_to_form_of(self, person: str) -> Answer:
        assert self.post is not None
        return self._answer(person, self.post)

    def _answer(self, person: str, welcome: Answer) -> Answer:
        if person not in self.who and self.refusal is not None:
            return self.refusal
        if person in self.who or welcome == TAKES_NONE:
            return welcome
        return SIGN_IN if person == NOBODY else REFUSED


PAGES: dict[str, Door] = {
    "home": Door(
        SIGNED_IN,
        get="/account/",
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
    "account": Door(SIGNED_IN, post=422),
    "token_list": Door(READERS, post=422),
    # Of somebody else's nobody learns that it is there.
    "token_end": Door(READERS, get=TAKES_NONE, args=("TOKEN_OF_SOMEBODY",), post=404),
    "audit_log": Door(KEYHOLDERS),
    "api:docs": Door(READERS),
    "password_change": Door(
        SIGNED_IN,
        post="/account/",
        sends={"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    ),
    "account_reset_password": Door(
        EVERYBODY,
        post="/account/password/forgotten/sent/",
        sends={"email": "somebody@example.com"},
    ),
    "account_reset_password_done": Door(EVERYBODY),
    # No key opens it twice, and this one never: tests/accounts/test_forgotten_passwords.py.
    "account_reset_password_from_key": Door(EVERYBODY, args=("1", "no-key"), post=200),
    # The library looks for sign-in under this name.
    "account_login": Door(
        EVERYBODY,
        get="/",
        post="/",
        sends={"username": ANALYST, "password": PASSWORD},
        leads={NOBODY: 200},
    ),
    # Who is signed in needs no second step; who has not taken the first one begins with that.
    "mfa_authenticate": Door(SIGNED_IN, get="/", post="/", refusal="/sign-in/"),
    "account_reauthenticate": Door(SIGNED_IN, post="/", sends={"password": PASSWORD}),
    # Of those who have no second factor it asks the password.
    "mfa_reauthenticate": Door(SIGNED_IN, get=CONFIRM, post=CONFIRM),
    "mfa_index": Door(SIGNED_IN, post=None),
    "mfa_activate_totp": Door(
        SIGNED_IN,
        get=f"{CONFIRM}?next=%2Faccount%2Fsecond-factor%2Fset-up%2F",
        post=f"{CONFIRM}?next=%2Faccount%2Fsecond-factor%2Fset-up%2F",
    ),
    # There is none to be removed, and there are no codes.
    "mfa_deactivate_totp": Door(SIGNED_IN, get=404, post=404),
    "mfa_view_recovery_codes": Door(SIGNED_IN, get=404, post=None),
    "mfa_generate_recovery_codes": Door(
        SIGNED_IN,
        get=f"{CONFIRM}?next=%2Faccount%2Fsecond-factor%2Fcodes%2Fnew%2F",
        post=f"{CONFIRM}?next=%2Faccount%2Fsecond-factor%2Fcodes%2Fnew%2F",
    ),
    "session_list": Door(SIGNED_IN),
    # Of somebody else's nobody learns that it is there.
    "session_end": Door(SIGNED_IN, get=TAKES_NONE, args=("SESSION",), post=404),
    "session_end_others": Door(SIGNED_IN, get=TAKES_NONE, post="/account/sessions/"),
    "summary": Door(READERS),
    "portfolio_list": Door(READERS),
    "compare_portfolios": Door(READERS),
    "compare_segments": Door(READERS),
    "portfolio_detail": Door(READERS, args=("DIGITAL",)),
    "project_list": Door(READERS),
    "project_detail": Door(READERS, args=("PRJ-ONBOARD",)),
    "segment_list": Door(READERS),
    "segment_detail": Door(READERS, args=("ENT",)),
    "customer_list": Door(READERS),
    "customer_detail": Door(READERS, args=("C-ACME",)),
    "service_list": Door(READERS),
    "service_detail": Door(READERS, args=("SRV-MAIL",)),
    "help": Door(READERS),
    "pack_list": Door(READERS),
    "pack_open": Door(READERS, args=("ORG", MONTH, "pptx")),
    "pack_keep": Door(
        READERS,
        get=TAKES_NONE,
        row="metrics.monthclosing",
        args=("ORG",),
        post=f"/packs/?month={CLOSED_MONTH}&subject=ORG",
    ),
    "pack_kept": Door(READERS, row="dashboards.pack"),
    "pack_data": Door(READERS, row="dashboards.pack"),
    "explain": Door(READERS, args=("ORG", MONTH)),
    "explain_values": Door(READERS, args=("PRJ-ONBOARD", MONTH, "fix_days", MONTH)),
    "score_status": Door(READERS),
    "search": Door(READERS),
    "entry": Door(ENTERERS),
    "due_line": Door(ENTERERS, query="metric=fix_days"),
    "due_sent": Door(ENTERERS, get="/entry/"),
    "due_download": Door(ENTERERS),
    "entry_value": Door(ENTERERS, post="/entry/saved/…/", sends=VALUE),
    "entry_form": Door(ENTERERS, get=TAKES_NONE, post=200, sends=VALUE),
    "entry_preview": Door(ENTERERS, query="metric=fix_days&subject=PRJ-ONBOARD&value=9"),
    "entry_saved": Door(ENTERERS, args=("TOKEN",)),
    "measurement_history": Door(READERS, args=("fix_days", "PRJ-ONBOARD", "2026-06-08")),
    "measurement_restore": Door(
        ENTERERS,
        args=("fix_days", "PRJ-ONBOARD", "2026-06-01"),
        query="event=OLD_VALUE",
        post=422,  # it does not say what was seen there
    ),
    "no_value_say": Door(
        ENTERERS,
        query="row=fix_days/PRJ-ONBOARD/2026-06-15",
        post="/entry/",
        sends={"row": "fix_days/PRJ-ONBOARD/2026-06-15", "reason": "No survey."},
    ),
    "no_value_take_back": Door(
        ENTERERS,
        query="row=fix_days/PRJ-ONBOARD/2026-06-15",
        post="/entry/",
        sends={"row": "fix_days/PRJ-ONBOARD/2026-06-15", "why": "It came."},
    ),
    "exemption_propose": Door(
        ENTERERS,
        query="metric=fix_days&subject=PRJ-ONBOARD",
        post="/entry/",
        sends={"metric": "fix_days", "subject": "PRJ-ONBOARD", "reason": "No defects."},
    ),
    "exemption_take_back": Door(ENTERERS, get=TAKES_NONE, args=("PROPOSAL",), post="/entry/"),
    # Nobody here gave the value that waits, and others do not learn of it.
    "draft_withdraw": Door(ENTERERS, get=TAKES_NONE, args=("DRAFT",), post=404),
    # With nothing chosen there is nothing to decide.
    "approval_list": Door(KEEPERS, post="/approvals/", sends={"action": "approve"}),
    "proposal_list": Door(KEEPERS, post=404, sends={"action": "grant"}),
    "entry_grid": Door(ENTERERS, query="metric=fix_days"),
    "entry_grid_cell": Door(
        ENTERERS, query="metric=fix_days&subject=PRJ-ONBOARD&period=2026-06-08"
    ),
    "entry_grid_cells": Door(ENTERERS, get=TAKES_NONE, post=400),
    "entry_grid_changes": Door(
        ENTERERS,
        get=204,
        query="metric=fix_days&from=2026-06-08&until=2026-06-08&since=2099-01-01T00:00:00Z",
    ),
    "scorecard_list": Door(READERS),
    "scorecard_detail": Door(READERS, args=("SC-PRJ",)),
    "scorecard_new": Door(KEEPERS, post=422, query="kind=project", sends={"name": ""}),
    "scorecard_edit": Door(KEEPERS, args=("SC-PRJ",), post=422, sends={"name": ""}),
    "scorecard_delete": Door(KEEPERS, args=("SC-PRJ",), post=200),
    "metric_list": Door(READERS),
    "metric_detail": Door(READERS, args=("fix_days",)),
    "metric_history": Door(READERS, args=("fix_days",)),
    "metric_quality": Door(READERS, args=("fix_days",)),
    "metric_new": Door(KEEPERS, post=422, sends={"name": "Defects"}),
    "metric_edit": Door(KEEPERS, args=("fix_days",), post=422, sends={"name": ""}),
    "metric_delete": Door(KEEPERS, args=("fix_days",), post=422, sends={"why": "It is measured."}),
    "metric_catalogue": Door(KEEPERS, post=200, sends={"code": "nps"}),
    "override_new": Door(KEEPERS, args=("fix_days",), post=422, sends={"subject": ""}),
    "override_edit": Door(
        KEEPERS, args=("OF_OVERRIDE", "OVERRIDE"), post=422, sends={"subject": ""}
    ),
    "override_delete": Door(
        KEEPERS, args=("OF_OVERRIDE", "OVERRIDE"), post=422, sends={"step": "save"}
    ),
    "exemption_new": Door(KEEPERS, args=("fix_days",), post=422, sends={"subject": ""}),
    "exemption_edit": Door(
        KEEPERS, args=("OF_EXEMPTION", "EXEMPTION"), post=422, sends={"subject": ""}
    ),
    "exemption_delete": Door(
        KEEPERS, args=("OF_EXEMPTION", "EXEMPTION"), post=422, sends={"step": "save"}
    ),
    "event_list": Door(READERS, query="of=DIGITAL"),
    "event_new": Door(
        KEEPERS,
        args=("DIGITAL",),
        post="/portfolios/DIGITAL/",
        sends={"title": "Merger", "day": "2026-05-04"},
    ),
    "event_edit": Door(
        KEEPERS,
        row="projects.event",
        post="/portfolios/",
        sends={"title": "Merger", "day": "2026-05-04", "next": "/portfolios/"},
    ),
    # To another site it does not lead.
    "event_delete": Door(
        KEEPERS, row="projects.event", post="/projects/EVENT/", sends={"next": "//elsewhere.test/"}
    ),
    "subject_list": Door(KEEPERS),
    "subject_new": Door(KEEPERS, args=("project",), post=422),
    "subject_edit": Door(
        KEEPERS, args=("DIGITAL",), post="/subjects/DIGITAL/edit/", sends=UNTOUCHED_PORTFOLIO
    ),
    "subject_delete": Door(KEEPERS, args=("DIGITAL",), post=422),
    "link_new": Door(KEEPERS, args=("PRJ-ONBOARD", "segment"), post=422),
    "link_edit": Door(KEEPERS, args=("PRJ-ONBOARD", "ENT"), post=422),
    "link_delete": Door(KEEPERS, args=("PRJ-ONBOARD", "ENT"), post=422),
    "assignment_list": Door(KEEPERS),
    "assignment_new": Door(KEEPERS, post=422),
    "assignment_remove": Door(KEEPERS, get=TAKES_NONE, post="/assignments/"),
    "import_list": Door(IMPORTERS),
    "import_upload": Door(ENTERERS, post=422),
    # A file is mapped by who sent it, and by nobody else.
    "import_mapping": Door(NO_ONE, row="metrics.importbatch", post=200),
    # Somebody else's; whose it is may do more, as tests/dashboards/test_imports.py shows.
    "import_batch": Door(KEEPERS, row="metrics.importbatch", post=REFUSED),
    "import_refused": Door(KEEPERS, row="metrics.importbatch"),
    "import_file": Door(KEEPERS, row="metrics.importbatch"),
    "import_undo": Door(KEEPERS, row="metrics.importbatch", post="/entry/imports/…/"),
    "month_list": Door(READERS),
    "month_detail": Door(READERS, args=(MONTH,)),
    "month_close": Door(KEEPERS, args=(MONTH,), post="/months/"),
    "month_missing": Door(KEEPERS, args=(MONTH,)),
    "month_reopen": Door(
        KEEPERS,
        args=(CLOSED_MONTH,),
        post=f"/months/{CLOSED_MONTH}/",
        sends={"reason": "A value was wrong."},
    ),
    "run_list": Door(READERS),
    "saved_view_list": Door(READERS),
    "saved_view_menu": Door(READERS),
    "saved_view_new": Door(
        READERS,
        query="address=/projects/",
        post="/views/…/",
        sends={"address": "/projects/", "name": "Projects"},
    ),
    # Of somebody else's nobody learns that they are there.
    "saved_view_open": Door(READERS, get=404, args=("VIEW",)),
    "saved_view_edit": Door(READERS, get=404, args=("VIEW",), post=404),
    "saved_view_delete": Door(READERS, get=TAKES_NONE, args=("VIEW",), post=404),
    "saved_view_move": Door(READERS, get=TAKES_NONE, args=("VIEW",), post=404),
    "subscription_list": Door(READERS),
    "subscription_new": Door(READERS, post=422),
    "subscription_edit": Door(READERS, get=404, args=("SUBSCRIPTION",), post=404),
    "subscription_delete": Door(READERS, get=TAKES_NONE, args=("SUBSCRIPTION",), post=404),
    "subscription_rest": Door(READERS, get=TAKES_NONE, args=("SUBSCRIPTION",), post=404),
    # The link is its own key, also for its form: tests/dashboards/test_subscriptions.py.
    "subscription_stop": Door(EVERYBODY, args=("STOP",), post=None),
    # Only where mails are kept instead of sent: tests/pmo_portal/test_kept_mails.py.
    "kept_mail_list": Door(KEYHOLDERS, get=404),
    "kept_mail": Door(KEYHOLDERS, get=404, args=("mail",)),
    "kept_mail_file": Door(KEYHOLDERS, get=404, args=("mail", "0")),
    "status": Door(KEYHOLDERS),
    "run_request": Door(KEEPERS, get=TAKES_NONE, post="/runs/"),
}

ADMIN_PAGES: dict[str, Door] = {
    "admin:index": Door(KEEPERS, post=None),
    "admin:app_list": Door(KEEPERS, args=("metrics",), post=None),
    # Strangers are sent on to the portal's own page; who is signed in comes here when refused.
    "admin:login": Door(NO_ONE, post=None),
    "admin:logout": Door(KEEPERS, get=TAKES_NONE, post="/sign-in/", refusal="/admin/"),
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
    "projects.event": BY_KEEPERS,
    "projects.subject": LOOKED_AT,
    "projects.portfoliolimit": BY_KEYHOLDERS,
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
    "metrics.reminder": LOOKED_AT,
    # They are ended there by an action; what they say stays.
    "api.personaltoken": Kept(view=KEYHOLDERS),
    "auth.user": BY_KEYHOLDERS,
    "auth.group": Kept(view=KEYHOLDERS),
    "dashboards.savedview": Kept(view=KEYHOLDERS, delete=KEYHOLDERS),
    "dashboards.subscription": Kept(view=KEYHOLDERS, delete=KEYHOLDERS),
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
    # Whoever may change none of them is led out of their list.
    after = folder if kept.change is not NO_ONE else "/admin/"
    yield start + "delete", Door(kept.delete, row=label, post=after, sends={"post": "yes"})
    # An address of old; it leads to the page, which then asks who it is.
    yield (
        f"{folder[1:]}<path:object_id>/",
        Door(KEEPERS, get=f"{folder}…/change/", row=label, post=None),
    )


ADMIN_ROWS: dict[str, Door] = {
    # Each subject is kept on the page of its own kind.
    "admin:projects_subject_change": Door(
        KEEPERS, get="/admin/projects/project/…/change/", row="projects.subject", post=None
    ),
    "admin:auth_user_password_change": Door(KEYHOLDERS, row="auth.user", post=200),
}


def all_doors() -> dict[str, Door]:
    doors = PAGES | ADMIN_PAGES
    for label, kept in ADMIN_MODELS.items():
        doors.update(doors_of(label, kept))
        if hasattr(apps.get_model(label), "history"):
            app, name = label.split(".")
            # What a row was like before, and the form that makes it so again.
            doors[f"admin:{app}_{name}_simple_history"] = Door(
                kept.view, row=label, args=("VERSION",), post=200
            )
    return doors | ADMIN_ROWS


def addresses_of(
    patterns: list[URLPattern | URLResolver], space: str = "", folder: str = ""
) -> Iterator[str]:
    """The name of every address with its namespace; without a name, the pattern itself.

    Of the API only its page: its operations are tried in tests/api/test_doors.py.
    """
    for pattern in patterns:
        place = folder + str(pattern.pattern)
        if isinstance(pattern, URLResolver) and pattern.namespace == "api":
            yield "api:docs"
        elif isinstance(pattern, URLResolver):
            inside = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from addresses_of(pattern.url_patterns, inside, place)
        else:
            yield f"{space}{pattern.name}" if pattern.name else place


NEW_ROWS: dict[str, Callable[[], models.Model]] = {
    "projects.portfolio": factories.PortfolioFactory,
    "projects.project": factories.ProjectFactory,
    "projects.segment": factories.SegmentFactory,
    "projects.customer": factories.CustomerFactory,
    "projects.service": factories.ServiceFactory,
    "projects.engagement": factories.EngagementFactory,
    "projects.offer": factories.OfferFactory,
    "projects.event": partial(factories.EventFactory, subject__code="EVENT"),
    "projects.subject": factories.ProjectFactory,
    "projects.portfoliolimit": factories.PortfolioLimitFactory,
    "metrics.metricdefinition": factories.MetricFactory,
    "metrics.curveoverride": factories.CurveOverrideFactory,
    "metrics.exemption": factories.ExemptionFactory,
    "metrics.scorecard": factories.ScorecardFactory,
    "metrics.scorecardline": factories.ScorecardLineFactory,
    "metrics.scorecardassignment": factories.ScorecardAssignmentFactory,
    "metrics.metricassignment": factories.MetricAssignmentFactory,
    "metrics.measurementchange": factories.MeasurementChangeFactory,
    "metrics.reportedscore": lambda: factories.ReportedScoreFactory(
        closing=MonthClosing.objects.get(month=Month.parse(CLOSED_MONTH))
    ),
    "metrics.rescoreneed": factories.RescoreNeedFactory,
    "metrics.reminder": factories.ReminderFactory,
    "dashboards.savedview": factories.SavedViewFactory,
    "dashboards.subscription": factories.SubscriptionFactory,
    "api.personaltoken": factories.PersonalTokenFactory,
    "auth.user": factories.UserFactory,
    "django_celery_beat.periodictask": lambda: PeriodicTask.objects.create(
        name="a task", task="a.task", interval=IntervalSchedule.objects.create(every=1)
    ),
    "django_celery_beat.intervalschedule": partial(IntervalSchedule.objects.create, every=2),
    "django_celery_beat.crontabschedule": partial(CrontabSchedule.objects.create, minute="1"),
    "django_celery_beat.clockedschedule": partial(
        ClockedSchedule.objects.create, clocked_time=timezone.now()
    ),
    "django_celery_beat.solarschedule": partial(
        SolarSchedule.objects.create, event="sunset", latitude=51, longitude=0
    ),
}
"""Rows that nothing hangs on, so that they can be deleted; of other models any row will do."""


@dataclass(frozen=True)
class House:
    """The worked example, scored, with one month closed and a row of every model."""

    rows: Mapping[str, Any]

    def address(self, key: str, door: Door, token: str) -> str:
        words = {
            "TOKEN": token,
            "TYPE": str(ContentType.objects.get_for_model(Project).pk),
            "PROJECT": str(self.rows["projects.project"].pk),
            "TOKEN_OF_SOMEBODY": str(self.rows["api.personaltoken"].pk),
            "OVERRIDE": str(self.rows["metrics.curveoverride"].pk),
            "OF_OVERRIDE": self.rows["metrics.curveoverride"].metric.code,
            "EXEMPTION": str(self.rows["metrics.exemption"].pk),
            "PROPOSAL": str(self.rows["metrics.exemptionproposal"].pk),
            "DRAFT": str(self.rows["metrics.draftmeasurement"].pk),
            "VIEW": str(self.rows["dashboards.savedview"].pk),
            "SUBSCRIPTION": str(self.rows["dashboards.subscription"].pk),
            "SESSION": str(self.rows["session"].pk),
            "STOP": stop_token(self.rows["dashboards.subscription"]),
            "OF_EXEMPTION": self.rows["metrics.exemption"].metric.code,
        }
        args = [words.get(arg, arg) for arg in door.args]
        if door.row:
            row = self.rows[door.row]
            if "VERSION" in args:
                args = [str(row.history.latest().pk)]
            args.insert(0, str(row.pk))
        if "/" in key:  # it has no name
            return "/" + (args[0] if door.args else key.replace("<path:object_id>", args[0]))
        query = door.query.replace("OLD_VALUE", f"before-{self.rows['corrected'].pk}")
        return reverse(key, args=args) + (f"?{query}" if query else "")


@pytest.fixture
def house() -> House:
    return build_house()


def build_house(workspace: Path = ROOT / "examples" / "worked") -> House:
    load_workspace(workspace)
    score_now(trigger=RunTrigger.COMMAND)
    close_month(Month.parse(CLOSED_MONTH), by=None)
    rows = {}
    for label in ADMIN_MODELS:
        new = NEW_ROWS.get(label)
        rows[label] = new() if new else apps.get_model(label)._default_manager.first()
    rows["metrics.draftmeasurement"] = factories.DraftMeasurementFactory()
    rows["session"] = UserSession.objects.create(
        user=factories.UserFactory(), ip="127.0.0.1", session_key="of-somebody"
    )
    rows["dashboards.savedview"] = factories.SavedViewFactory()
    rows["dashboards.subscription"] = factories.SubscriptionFactory()
    rows["metrics.exemptionproposal"] = factories.ExemptionProposalFactory()
    corrected = Measurement.objects.get(metric__code="fix_days", period_start=date(2026, 6, 1))
    rows["corrected"] = factories.MeasurementChangeFactory(
        metric=corrected.metric, subject=corrected.subject, period_start=corrected.period_start
    )
    rows["metrics.importbatch"] = factories.ImportBatchFactory(
        file__content=b"metric,subject,period,value\n",
        state=BatchState.DONE,
        reading=plans.Reading().as_plain(),
        mapping=plans.Mapping(value_column=3).as_plain(),
    )
    rows["dashboards.pack"] = factories.PackFactory(
        closing__month=Month.parse("2024-01"), subject=rows["projects.organisation"]
    )
    assert [label for label, row in rows.items() if row is None] == []
    return House(rows)


class Visitor:
    """Somebody at the doors."""

    def __init__(self, person: str) -> None:
        self.client = Client()
        self._session = ""
        if person != NOBODY:
            roles = [role for role in Role if role.name.lower() == person]
            self.client.force_login(make_person(person, *roles))
            self._session = self.client.cookies[settings.SESSION_COOKIE_NAME].value

    def looks(self, address: str) -> Answer:
        return self._answered(self.client.get, address, address)

    def sends(self, address: str, form: Mapping[str, str]) -> Answer:
        return self._answered(partial(self.client.post, data=form), address, address)

    def save_a_value(self) -> str:
        """Its token; of people who may not, one that is nobody's."""
        answer = self.client.post(reverse("entry_value"), VALUE)
        return answer["Location"].split("/")[3] if answer.status_code == 302 else "no-token"

    def _answered(self, ask: Callable[[str], Any], address: str, wanted: str) -> Answer:
        self.client.cookies[settings.SESSION_COOKIE_NAME] = self._session
        answer = ask(address)
        if answer.status_code not in (301, 302):
            return int(answer.status_code)
        place = str(answer["Location"])
        if place.startswith(reverse("admin:login") + "?"):
            # So does the admin site refuse: by a page that lets nobody in either.
            return self._answered(self.client.get, place, wanted)
        if place.startswith(reverse("sign_in") + "?"):
            back = reverse("admin:index") if wanted == reverse("admin:login") else wanted
            assert place == f"{reverse('sign_in')}?next={quote(back)}"
            return SIGN_IN
        return without_keys(place)


def without_keys(place: str) -> str:
    """An address with … for what differs from run to run."""
    return "/".join(
        "…" if part.isdigit() or before == "saved" else part
        for before, part in zip(["", *place.split("/")], place.split("/"), strict=False)
    )


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables but the sessions, and the log in which each refusal is kept."""
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values_list())
        for model in apps.get_models(include_auto_created=True)
        if model not in (Session, AuditEvent)
    }


def what_differs(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [label for label in before if before[label] != after[label]]


def in_lines(wrong: Mapping[str, Answer]) -> str:
    return "\n".join(f"{address}: {answer}" for address, answer in wrong.items())


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is written within is taken back."""
    point = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(point)


def test_every_address_has_an_entry_and_every_entry_an_address() -> None:
    addresses = set(addresses_of(get_resolver().url_patterns))
    assert addresses - all_doors().keys() == set(), "addresses without an entry"
    assert all_doors().keys() - addresses == set(), "entries without an address"


def test_every_model_of_the_admin_site_has_an_entry() -> None:
    assert {model._meta.label_lower for model in admin.site._registry} == ADMIN_MODELS.keys()


@pytest.mark.walk
@pytest.mark.parametrize("person", sorted(EVERYBODY))
def test_a_look_shows_each_role_what_is_theirs_and_changes_nothing(
    house: House, person: str
) -> None:
    visitor = Visitor(person)
    token = visitor.save_a_value()
    before = everything()
    wrong = {}
    for key, door in all_doors().items():
        address = house.address(key, door, token)
        answer = visitor.looks(address)
        if answer != door.answer_to(person):
            wrong[address] = f"{answer}, not {door.answer_to(person)}"
    assert not wrong, in_lines(wrong)
    assert what_differs(before, everything()) == []


@pytest.mark.walk
@pytest.mark.parametrize("person", sorted(EVERYBODY))
def test_a_form_is_taken_from_those_who_may_and_changes_nothing_otherwise(
    house: House, person: str
) -> None:
    visitor = Visitor(person)
    make_person_to_sign_in_as(ANALYST)
    before = everything()
    wrong = {}
    for key, door in all_doors().items():
        if door.post is None:
            continue
        address, wanted = house.address(key, door, "no-token"), door.answer_to_form_of(person)
        if wanted in (REFUSED, TAKES_NONE, SIGN_IN):
            answer = visitor.sends(address, door.sends)
        else:
            with undone():
                answer = visitor.sends(address, door.sends)
        if answer != wanted:
            wrong[address] = f"{answer}, not {wanted}"
    assert not wrong, in_lines(wrong)
    assert what_differs(before, everything()) == []


def make_person_to_sign_in_as(name: str) -> None:
    if not User.objects.filter(username=name).exists():
        make_person(name)


def test_no_form_is_taken_without_its_token(house: House) -> None:
    """Whoever lures somebody to another site can't send a form in their name."""
    visitor = Visitor(ADMINISTRATOR)
    visitor.client.handler.enforce_csrf_checks = True
    before = everything()
    taken = {}
    for key, door in all_doors().items():
        if door.post not in (None, TAKES_NONE):
            address = house.address(key, door, "no-token")
            if (answer := visitor.sends(address, door.sends)) != REFUSED:
                taken[address] = answer
    assert not taken, in_lines(taken)
    assert what_differs(before, everything()) == []


def test_what_a_value_did_is_told_to_whom_saved_it_alone(house: House) -> None:
    analyst, administrator = Visitor(ANALYST), Visitor(ADMINISTRATOR)
    address = reverse("entry_saved", args=[analyst.save_a_value()])
    assert (analyst.looks(address), administrator.looks(address)) == (200, 404)


def test_probes_and_static_files_are_open_to_everybody(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "CHECKS", {"database": health.check_database})
    settings.WHITENOISE_USE_FINDERS = True
    settings.WHITENOISE_AUTOREFRESH = True
    addresses = ["/healthz", "/readyz", "/static/css/tokens.css", "/static/no-such-file.css"]
    assert [client.get(address).status_code for address in addresses] == [200, 200, 200, 404]
