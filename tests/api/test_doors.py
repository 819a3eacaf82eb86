"""Every operation of the API, tried by every role, by nobody, and by tokens of each scope.

An operation without an entry fails: whoever adds one says here who may use it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, reverse

from api.models import KeptAnswer, PersonalToken
from api.scopes import Scope
from api.urls import urlpatterns
from metrics.catalogue import CATALOGUE
from metrics.choices import BatchState
from metrics.importing import plans
from metrics.models import MetricDefinition, RescoreNeed
from pmo_portal.roles import Role
from projects.models import Project, Segment, Subject
from tests import factories
from tests.api.conftest import Program
from tests.conftest import make_person

pytestmark = pytest.mark.django_db

People = frozenset[str]
EXECUTIVE, PMO_LEAD, ANALYST, ADMINISTRATOR = (role.name.lower() for role in Role)
OUTSIDER = "outsider"
READERS = People({EXECUTIVE, PMO_LEAD, ANALYST, ADMINISTRATOR})
ENTERERS = People({ANALYST, ADMINISTRATOR})
KEEPERS = People({PMO_LEAD, ADMINISTRATOR})
IMPORTERS = ENTERERS | KEEPERS
PROPOSERS = ENTERERS | KEEPERS
APPROVERS = KEEPERS
SIGNED_IN = READERS | {OUTSIDER}

METHODS = ("get", "post", "put", "patch", "delete")
VALUE = {"value": 9, "confirm_unusual": True}
PLACE = ("fix_days", "PRJ-ONBOARD", "2026-06-08")
PLACE_TOLD = {"metric": PLACE[0], "subject": PLACE[1], "period": PLACE[2]}
LINK, OFFER = ("PRJ-ONBOARD", "ENT"), ("SRV-MAIL", "ENT")


@dataclass(frozen=True)
class Door:
    """Who may use an operation, with which scope, and what they are answered."""

    who: People
    scope: Scope | None
    answer: int = 200
    args: tuple[Any, ...] = ()
    body: Any = None
    query: str = ""
    answers: Mapping[str, int] = field(default_factory=dict)
    """People who are answered otherwise, though they may."""


READ, WRITE, MANAGE = Scope.READ, Scope.WRITE, Scope.MANAGE

DOORS: dict[str, Door] = {
    "get schema": Door(READERS, READ),
    "get me": Door(SIGNED_IN, None),
    "get subjects": Door(READERS, READ),
    "get subject": Door(READERS, READ, args=("PRJ-ONBOARD",)),
    "post subjects": Door(
        KEEPERS, MANAGE, 201, body={"kind": "service", "code": "SRV-NEW", "name": "New"}
    ),
    "patch subject": Door(KEEPERS, MANAGE, args=("PRJ-ONBOARD",), body={"name": "Onboard"}),
    "delete subject": Door(KEEPERS, MANAGE, 422, args=("PRJ-ONBOARD",)),
    "get engagements": Door(READERS, READ),
    "get engagement": Door(READERS, READ, args=LINK),
    "put engagement": Door(KEEPERS, MANAGE, args=LINK, body={"share": 0.5}),
    "delete engagement": Door(KEEPERS, MANAGE, 204, args=("PRJ-IDEA", "ENT")),
    "get offers": Door(READERS, READ),
    "get offer": Door(READERS, READ, args=OFFER),
    "put offer": Door(KEEPERS, MANAGE, args=OFFER, body={"weight": 2}),
    "delete offer": Door(KEEPERS, MANAGE, 204, args=OFFER),
    "get events": Door(READERS, READ),
    "post events": Door(
        KEEPERS,
        MANAGE,
        201,
        body={"subject": "PRJ-ONBOARD", "day": "2026-03-02", "title": "Begun"},
    ),
    "get event": Door(READERS, READ, args=("EVENT",)),
    "patch event": Door(KEEPERS, MANAGE, args=("EVENT",), body={"title": "Merged"}),
    "delete event": Door(KEEPERS, MANAGE, 204, args=("EVENT",)),
    "get catalogue": Door(READERS, READ),
    "post catalogue": Door(KEEPERS, MANAGE, 201, body={"codes": [next(iter(CATALOGUE))]}),
    "get subject_scorecard": Door(READERS, READ, args=("PRJ-ONBOARD",)),
    "put subject_scorecard": Door(
        KEEPERS, MANAGE, args=("PRJ-ONBOARD",), body={"scorecard": "SC-PRJ"}
    ),
    "delete subject_scorecard": Door(KEEPERS, MANAGE, 204, args=("PRJ-ONBOARD",)),
    "get metrics": Door(READERS, READ),
    "post metrics": Door(
        KEEPERS,
        MANAGE,
        201,
        body={
            "code": "new_metric",
            "name": "New",
            "category": "tactical",
            "subject_kind": "project",
            "cadence": "month",
        },
    ),
    "get metric": Door(READERS, READ, args=("fix_days",)),
    "patch metric": Door(KEEPERS, MANAGE, args=("fix_days",), body={"unit": "days"}),
    "delete metric": Door(KEEPERS, MANAGE, 409, args=("fix_days",)),
    "get overrides": Door(READERS, READ),
    "post overrides": Door(
        KEEPERS,
        MANAGE,
        201,
        body={
            "metric": "fix_days",
            "subject": "PRJ-ONBOARD",
            "from_month": "2026-01",
            "curve": [[0, 100], [50, 0]],
        },
    ),
    "get override": Door(READERS, READ, args=("OVERRIDE",)),
    "patch override": Door(
        KEEPERS, MANAGE, args=("OVERRIDE",), body={"curve": [[0, 100], [60, 0]]}
    ),
    "delete override": Door(KEEPERS, MANAGE, 204, args=("OVERRIDE",)),
    "get exemptions": Door(READERS, READ),
    "post exemptions": Door(
        KEEPERS,
        MANAGE,
        201,
        body={"metric": "fix_days", "subject": "PRJ-ONBOARD", "reason": "No defects."},
    ),
    "get exemption": Door(READERS, READ, args=("EXEMPTION",)),
    "patch exemption": Door(KEEPERS, MANAGE, args=("EXEMPTION",), body={"reason": "Another."}),
    "delete exemption": Door(KEEPERS, MANAGE, 204, args=("EXEMPTION",)),
    "get scorecards": Door(READERS, READ),
    "post scorecards": Door(
        KEEPERS,
        MANAGE,
        201,
        body={
            "code": "SC-NEW",
            "name": "New",
            "subject_kind": "project",
            "overall": "geometric",
            "min_coverage": 0.5,
            "min_categories": 2,
            "amber_from": 50,
            "green_from": 75,
            "lines": [{"metric": "fix_days", "weight": 1}],
        },
    ),
    "get scorecard": Door(READERS, READ, args=("SC-PRJ",)),
    "patch scorecard": Door(KEEPERS, MANAGE, args=("SC-PRJ",), body={"name": "Projects"}),
    "delete scorecard": Door(KEEPERS, MANAGE, 204, args=("SC-UNUSED",)),
    "get assignments": Door(KEEPERS, READ),
    "post assignments": Door(
        KEEPERS,
        MANAGE,
        201,
        body={"metrics": ["fix_days"], "user": "somebody", "scope": "ORG"},
    ),
    "delete assignment": Door(KEEPERS, MANAGE, 204, args=("ASSIGNMENT",)),
    "get measurements": Door(READERS, READ),
    "post measurements": Door(
        ENTERERS,
        WRITE,
        body={
            "measurements": [
                {"metric": PLACE[0], "subject": PLACE[1], "period": PLACE[2], "value": 9}
            ]
        },
    ),
    "get measurement": Door(READERS, READ, args=PLACE),
    "put measurement": Door(ENTERERS, WRITE, args=PLACE, body=VALUE),
    "delete measurement": Door(
        ENTERERS, WRITE, 204, args=("fix_days", "PRJ-ONBOARD", "2026-06-01")
    ),
    "get measurement_history": Door(READERS, READ, args=PLACE),
    "get due": Door(ENTERERS, READ),
    "get no_values": Door(READERS, READ),
    "post no_values": Door(
        ENTERERS, WRITE, body={"places": [PLACE_TOLD], "reason": "Nothing was counted."}
    ),
    "post no_value_take_back": Door(
        ENTERERS, WRITE, body={"places": [PLACE_TOLD], "why": "It was counted."}
    ),
    "get proposals": Door(PROPOSERS, READ),
    "post proposals": Door(
        ENTERERS,
        WRITE,
        body={"pairs": [{"metric": PLACE[0], "subject": "PRJ-CHAT"}], "reason": "No defects."},
    ),
    # Somebody else's is not there for those who don't decide about it.
    "get proposal": Door(PROPOSERS, READ, args=("PROPOSAL",), answers={ANALYST: 404}),
    "post proposal_take_back": Door(ENTERERS, WRITE, args=("PROPOSAL",), answers={ANALYST: 404}),
    "post proposal_grant": Door(KEEPERS, MANAGE, args=("PROPOSAL",), body={}),
    "post proposal_refuse": Door(KEEPERS, MANAGE, args=("PROPOSAL",), body={"answer": "No."}),
    "get drafts": Door(APPROVERS | ENTERERS, READ),
    "get draft": Door(APPROVERS | ENTERERS, READ, args=("DRAFT",), answers={ANALYST: 404}),
    "post drafts_approve": Door(APPROVERS, MANAGE, body={"drafts": [1]}),
    "post drafts_reject": Door(APPROVERS, MANAGE, body={"drafts": [1], "reason": "No."}),
    "post draft_withdraw": Door(ENTERERS, WRITE, 422, args=("DRAFT",), answers={ANALYST: 404}),
    "get batches": Door(IMPORTERS, READ),
    "post batches": Door(ENTERERS, WRITE, 400, body={}),  # tests/api/test_batches.py sends a file
    # Somebody else's is not there for those who may not undo it.
    "get batch": Door(IMPORTERS, READ, args=("BATCH",), answers={ANALYST: 404}),
    "get batch_rows": Door(
        IMPORTERS, READ, args=("BATCH",), query="verdict=new", answers={ANALYST: 404}
    ),
    "post batch_store": Door(
        ENTERERS, WRITE, 403, args=("BATCH",), body={"mode": "all"}, answers={ANALYST: 404}
    ),
    "post batch_undo": Door(IMPORTERS, WRITE, 202, args=("BATCH",), answers={ANALYST: 404}),
    "get scores": Door(READERS, READ),
    "get explanation": Door(READERS, READ, args=("ORG", "2026-05")),
    "get months": Door(READERS, READ),
    "get month": Door(READERS, READ, args=("2026-05",)),
    "post month_close": Door(KEEPERS, MANAGE, args=("2026-01",)),
    "post month_reopen": Door(
        KEEPERS, MANAGE, 409, args=("2026-05",), body={"reason": "It is open."}
    ),
    "get runs": Door(READERS, READ),
    "post runs": Door(KEEPERS, MANAGE, 202),
    "get run": Door(READERS, READ, args=("RUN",)),
}

OTHERS = {"docs", "nowhere"}
"""A page, which tests/test_doors.py opens, and every address that leads nowhere."""


@pytest.fixture
def keys(company: None) -> dict[str, Any]:
    """A row behind each operation that is about one."""
    factories.UserFactory(username="somebody")
    factories.ScorecardFactory(code="SC-UNUSED")
    factories.EngagementFactory(
        project=Project.objects.get(code="PRJ-IDEA"), segment=Segment.objects.get(code="ENT")
    )
    RescoreNeed.objects.all().delete()
    own = {
        "metric": MetricDefinition.objects.get(code="fix_days"),
        "subject": Subject.objects.get(code="PRJ-ONBOARD"),
    }
    batch = factories.ImportBatchFactory(
        state=BatchState.DONE,
        reading=plans.Reading().as_plain(),
        mapping=plans.Mapping(value_column=3).as_plain(),
    )
    rows = {
        "OVERRIDE": factories.CurveOverrideFactory(**own),
        "EXEMPTION": factories.ExemptionFactory(**own, from_month=24400, until_month=24401),
        "EVENT": factories.EventFactory(),
        "PROPOSAL": factories.ExemptionProposalFactory(
            metric=own["metric"], subject=Subject.objects.get(code="PRJ-IDEA")
        ),
        "DRAFT": factories.DraftMeasurementFactory(**own, period="2026-03-09"),
        "ASSIGNMENT": factories.MetricAssignmentFactory(metric__code="other", user__username="x"),
        "BATCH": batch,
        "RUN": factories.ScoreRunFactory(state="done"),
    }
    return {name: row.pk for name, row in rows.items()}


def operations() -> Iterator[str]:
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        if pattern.name not in OTHERS:
            view: Any = pattern.callback.view_class  # type: ignore[attr-defined]
            yield from (f"{method} {pattern.name}" for method in METHODS if hasattr(view, method))


def asked(client: Client, key: str, door: Door, keys: Mapping[str, Any]) -> int:
    method, name = key.split()
    address = reverse(f"api:{name}", args=[keys.get(arg, arg) for arg in door.args])
    with undone():
        answer = client.generic(
            method.upper(),
            f"{address}?{door.query}" if door.query else address,
            b"" if door.body is None else json.dumps(door.body),
            content_type="multipart/form-data; boundary=x"
            if key == "post batches"
            else "application/json",
        )
        return int(answer.status_code)


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is written within is taken back."""
    point = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(point)


def person_called(name: str) -> User:
    return make_person(name, *[role for role in Role if role.name.lower() == name])


def browser_of(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def program_of(person: User) -> Client:
    return Program(person).client


def test_every_operation_has_an_entry_and_every_entry_an_operation() -> None:
    assert set(operations()) == DOORS.keys()


def test_every_operation_says_what_it_needs() -> None:
    silent = []
    for pattern in urlpatterns:
        if pattern.name not in OTHERS:
            view: Any = pattern.callback.view_class  # type: ignore[attr-defined]
            silent += [
                f"{method} {pattern.name}"
                for method in METHODS
                if hasattr(view, method) and not hasattr(getattr(view, method), "need")
            ]
    assert silent == []


@pytest.mark.walk
@pytest.mark.parametrize("way", [browser_of, program_of], ids=["browser", "program"])
@pytest.mark.parametrize("name", sorted(SIGNED_IN))
def test_each_role_does_what_is_theirs(
    keys: dict[str, Any], name: str, way: Callable[[User], Client]
) -> None:
    client = way(person_called(name))
    wrong = {}
    for key, door in DOORS.items():
        wanted = door.answers.get(name, door.answer) if name in door.who else 403
        if (answer := asked(client, key, door, keys)) != wanted:
            wrong[key] = f"{answer}, not {wanted}"
    assert wrong == {}


def test_nobody_does_anything(keys: dict[str, Any]) -> None:
    answers = {asked(Client(), key, door, keys) for key, door in DOORS.items()}
    assert answers == {401}


@pytest.mark.parametrize("scope", list(Scope), ids=[scope.name.lower() for scope in Scope])
def test_a_token_does_what_its_scope_says(keys: dict[str, Any], scope: Scope) -> None:
    client = Program(person_called(ADMINISTRATOR), scope).client
    wrong = {}
    for key, door in DOORS.items():
        wanted = door.answer if door.scope in (None, scope) else 403
        if (answer := asked(client, key, door, keys)) != wanted:
            wrong[key] = f"{answer}, not {wanted}"
    assert wrong == {}


def test_what_is_refused_leaves_nothing(keys: dict[str, Any]) -> None:
    program = Program(person_called(EXECUTIVE))
    before = MetricDefinition.history.count(), KeptAnswer.objects.count()
    for key, door in DOORS.items():
        if key.split()[0] != "get":
            asked(program.client, key, door, keys)
    assert (MetricDefinition.history.count(), KeptAnswer.objects.count()) == before
    assert PersonalToken.objects.count() == 1


def test_what_writes_asks_a_browser_for_the_form_token(keys: dict[str, Any]) -> None:
    """Whoever lures somebody to another site can't write in their name."""
    client = browser_of(person_called(ADMINISTRATOR))
    client.handler.enforce_csrf_checks = True
    answers = {
        asked(client, key, door, keys) for key, door in DOORS.items() if not key.startswith("get")
    }
    assert answers == {403}
