"""A number in an address opens nothing of somebody else's: asked by another of the same role.

Every address with something in it stands in one of the tables; a new one without an entry fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from api.models import PersonalToken
from api.urls import urlpatterns as api_patterns
from dashboards.models import SavedView, Subscription
from metrics.choices import BatchState, Door
from metrics.importing import plans
from metrics.models import DraftMeasurement, ExemptionProposal, ImportBatch, Measurement
from metrics.operations.entering import enter_value
from metrics.periods import parse_period
from pmo_portal.roles import Role
from tests import factories
from tests.conftest import make_person

pytestmark = pytest.mark.django_db

HOUSE = "the house's: whoever has the role may see or keep all of it"
OF_A_MAIL = "a signed link, which is its own key"
KEYHOLDERS = "administrators see all of it"

OPEN: dict[str, str] = {
    **dict.fromkeys(
        (
            "portfolio_detail",
            "project_detail",
            "segment_detail",
            "customer_detail",
            "service_detail",
            "explain",
            "explain_values",
            "pack_open",
            "pack_keep",
            "pack_kept",
            "pack_data",
            "measurement_history",
            "scorecard_detail",
            "scorecard_edit",
            "scorecard_delete",
            "metric_detail",
            "metric_history",
            "metric_quality",
            "metric_edit",
            "metric_delete",
            "override_new",
            "override_edit",
            "override_delete",
            "exemption_new",
            "exemption_edit",
            "exemption_delete",
            "event_new",
            "event_edit",
            "event_delete",
            "subject_new",
            "subject_edit",
            "subject_delete",
            "link_new",
            "link_edit",
            "link_delete",
            "month_detail",
            "month_close",
            "month_missing",
            "month_reopen",
        ),
        HOUSE,
    ),
    "subscription_stop": OF_A_MAIL,
    "account_reset_password_from_key": OF_A_MAIL,
    "kept_mail": KEYHOLDERS,
    "kept_mail_file": KEYHOLDERS,
    # Who may enter what is decided by metric and subject: tests/metrics/test_entry_rights.py.
    "measurement_restore": "refused unless the metric is theirs there",
    "entry_saved": "tests/test_doors.py: what a value did is told to whom saved it alone",
}

OPEN_API: dict[str, str] = dict.fromkeys(
    (
        "subject",
        "subject_scorecard",
        "metric",
        "override",
        "exemption",
        "scorecard",
        "assignment",
        "measurement",
        "explanation",
        "month",
        "month_close",
        "month_reopen",
        "run",
        "engagement",
        "offer",
        "event",
        "measurement_history",
        "proposal_grant",
        "proposal_refuse",
    ),
    HOUSE,
)


@dataclass(frozen=True)
class Own:
    """Something of a person's: how it comes to be, and by which ways it is asked for."""

    made: Callable[[User], Any]
    ways: tuple[str, ...] = ("get",)
    welcome: tuple[int, ...] = (200, 302)
    refusals: tuple[int, ...] = (404,)
    role: Role = Role.ANALYST
    sends: str = ""


def a_draft(owner: User) -> DraftMeasurement:
    draft: DraftMeasurement = factories.DraftMeasurementFactory(entered_by=owner)
    factories.MetricAssignmentFactory(metric=draft.metric, user=owner)
    return draft


def a_proposal(owner: User) -> ExemptionProposal:
    proposal: ExemptionProposal = factories.ExemptionProposalFactory(proposed_by=owner)
    factories.MetricAssignmentFactory(metric=proposal.metric, user=owner)
    return proposal


def a_batch(owner: User) -> ImportBatch:
    batch: ImportBatch = factories.ImportBatchFactory(
        created_by=owner,
        file__content=b"metric,subject,period,value\n",
        state=BatchState.DONE,
        reading=plans.Reading().as_plain(),
        mapping=plans.Mapping(value_column=3).as_plain(),
    )
    return batch


def a_view(owner: User) -> SavedView:
    view: SavedView = factories.SavedViewFactory(
        user=owner, address=f"/projects/?q={SavedView.objects.count()}"
    )
    return view


def a_subscription(owner: User) -> Subscription:
    subscription: Subscription = factories.SubscriptionFactory(user=owner)
    return subscription


def a_session(owner: User) -> UserSession:
    """Where somebody is signed in, in another browser than the one that asks."""
    other = Client()
    other.force_login(owner)
    key = other.cookies["sessionid"].value
    session: UserSession = UserSession.objects.create(
        user=owner, session_key=key, ip="192.0.2.1", user_agent=""
    )
    return session


def a_token(owner: User) -> PersonalToken:
    token: PersonalToken = factories.PersonalTokenFactory(
        user=owner, expires_at=timezone.now() + timedelta(days=1)
    )
    return token


OWNED: dict[str, Own] = {
    "token_end": Own(a_token, ("post",)),
    "session_end": Own(a_session, ("post",)),
    "draft_withdraw": Own(a_draft, ("post",)),
    "exemption_take_back": Own(a_proposal, ("post",), refusals=(302, 403, 404)),
    "saved_view_open": Own(a_view),
    "saved_view_edit": Own(a_view, ("get", "post"), welcome=(200, 302, 422)),
    "saved_view_delete": Own(a_view, ("post",)),
    "saved_view_move": Own(a_view, ("post",), welcome=(200, 302, 422)),
    "subscription_edit": Own(a_subscription, ("get", "post"), welcome=(200, 302, 422)),
    "subscription_delete": Own(a_subscription, ("post",)),
    "subscription_rest": Own(a_subscription, ("post",), welcome=(200, 302, 422)),
    "import_mapping": Own(a_batch, ("get", "post"), welcome=(200, 302, 422), refusals=(403, 404)),
    "import_batch": Own(a_batch, ("get", "post"), welcome=(200, 302, 422), refusals=(403, 404)),
    "import_refused": Own(a_batch, refusals=(403, 404)),
    "import_file": Own(a_batch, refusals=(403, 404)),
    "import_undo": Own(a_batch, ("get", "post"), welcome=(200, 302, 422), refusals=(403, 404)),
}
OWNED_API: dict[str, Own] = {
    "batch": Own(a_batch),
    "batch_rows": Own(a_batch, sends="verdict=new"),
    "batch_store": Own(a_batch, ("post",), welcome=(202, 409, 422)),
    "batch_undo": Own(a_batch, ("post",), welcome=(202, 409, 422)),
    "draft": Own(a_draft),
    "draft_withdraw": Own(a_draft, ("post",)),
    "proposal": Own(a_proposal, refusals=(403, 404)),
    "proposal_take_back": Own(a_proposal, ("post",), refusals=(403, 404)),
}


def with_something_in_it(patterns: list[Any], space: tuple[str, ...] = ()) -> Iterator[str]:
    """Names of addresses in which a part is told, but those of the admin site and of the API."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver) and pattern.namespace not in ("admin", "api"):
            yield from with_something_in_it(pattern.url_patterns)
        elif isinstance(pattern, URLPattern) and pattern.pattern.regex.groups:
            yield str(pattern.name)


def test_every_address_with_something_in_it_is_known() -> None:
    found = set(with_something_in_it(get_resolver().url_patterns))
    assert found == OPEN.keys() | OWNED.keys()
    assert not OPEN.keys() & OWNED.keys()


def test_every_operation_with_something_in_it_is_known() -> None:
    found = {str(p.name) for p in api_patterns if p.pattern.regex.groups} - {"nowhere"}
    assert found == OPEN_API.keys() | OWNED_API.keys()


def rows_of(row: Any) -> list[Any]:
    return list(type(row)._base_manager.values_list())


def asked(client: Client, way: str, name: str, row: Any, sends: str) -> Any:
    address = reverse(name, args=[row.pk]) + (f"?{sends}" if sends else "")
    if name.startswith("api:") and way == "post":
        body = b'{"mode": "all"}' if name.endswith("store") else b""
        return client.generic("POST", address, body, content_type="application/json")
    return getattr(client, way)(address)


CASES = [*OWNED.items(), *((f"api:{name}", own) for name, own in OWNED_API.items())]


@pytest.mark.parametrize(("name", "own"), CASES, ids=[name for name, _ in CASES])
def test_what_is_somebody_elses_is_closed_and_stays_as_it_is(name: str, own: Own) -> None:
    owner, other = make_person("owner", own.role), make_person("other", own.role)
    theirs, mine = Client(), Client()
    theirs.force_login(other)
    mine.force_login(owner)
    for way in own.ways:
        row = own.made(owner)
        before = rows_of(row)
        answer = asked(theirs, way, name, row, own.sends)
        assert answer.status_code in own.refusals, (way, answer.status_code)
        assert rows_of(row) == before
        # It is not closed to everybody: the owner is let in.
        assert asked(mine, way, name, row, own.sends).status_code in own.welcome


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("token_list", a_token),
        ("saved_view_list", a_view),
        ("subscription_list", a_subscription),
        ("import_list", a_batch),
    ],
)
def test_no_list_shows_what_is_somebody_elses(name: str, made: Callable[[User], Any]) -> None:
    owner, other = make_person("owner", Role.ANALYST), make_person("other", Role.ANALYST)
    row = made(owner)
    client = Client()
    pages = {}
    for person in (owner, other):
        client.force_login(person)
        pages[person.username] = client.get(reverse(name)).content.decode()
    number = re.compile(rf"/{row.pk}/")
    assert number.search(pages["owner"])
    assert not number.search(pages["other"])


def test_an_override_is_found_under_its_own_metric_alone() -> None:
    lead = make_person("lead", Role.PMO_LEAD)
    client = Client()
    client.force_login(lead)
    override, other = factories.CurveOverrideFactory(), factories.MetricFactory()
    exemption = factories.ExemptionFactory()
    for name, row in (("override", override), ("exemption", exemption)):
        for deed in ("edit", "delete"):
            wrong = reverse(f"{name}_{deed}", args=[other.code, row.pk])
            right = reverse(f"{name}_{deed}", args=[row.metric.code, row.pk])
            assert (client.get(wrong).status_code, client.get(right).status_code) == (404, 200)


def test_a_value_of_somebody_elses_metric_is_neither_given_nor_restored() -> None:
    """By form, grid, answers and API alike."""
    owner, other = make_person("owner", Role.ANALYST), make_person("other", Role.ANALYST)
    metric, project = factories.MetricFactory(code="theirs"), factories.ProjectFactory()
    factories.MetricAssignmentFactory(metric=metric, user=owner)
    factories.OrganisationFactory()
    enter_value(
        metric=metric,
        subject=project,
        by=owner,
        period=parse_period("2026-03", metric.cadence),
        value=5.0,
        note="",
        door=Door.FORM,
    )
    before = list(Measurement.objects.values_list())
    client = Client()
    client.force_login(other)
    place = {"metric": "theirs", "subject": project.code, "period": "2026-03", "value": "9"}
    row = f"theirs/{project.code}/2026-03"
    cells = '{"cells": [{"metric": "theirs", "subject": "%s", "period": "2026-03", "value": "9"}]}'
    answers = [
        client.post("/entry/value/", place),
        client.post("/entry/grid/cells/", cells % project.code, content_type="application/json"),
        client.post("/entry/no-value/", {"row": row, "reason": "none"}),
        client.post("/entry/does-not-apply/", {"row": row, "reason": "none"}),
        client.post(f"/entry/history/{row}/restore/", {"event": "before-1"}),
        client.put(
            f"/api/v1/measurements/{row}/",
            {"value": 9, "confirm_unusual": True},
            content_type="application/json",
        ),
        client.delete(f"/api/v1/measurements/{row}/"),
    ]
    assert list(Measurement.objects.values_list()) == before
    assert [answer.status_code for answer in answers if answer.status_code in (201, 204, 302)] == []
    client.force_login(owner)
    own = {"value": 9, "confirm_unusual": True}
    answer = client.put(f"/api/v1/measurements/{row}/", own, content_type="application/json")
    assert answer.status_code in (200, 201)
    assert Measurement.objects.get().value == 9.0
